#include "indentation.h"

#include <string.h>

enum
{
  MAX_LINES = 2000,
  MAX_WIDTH = 8,
};

static gsize
leading_blanks (const char *line)
{
  return strspn (line, " \t");
}

static gboolean
is_blank (const char *line, gsize length)
{
  return strspn (line, " \t\r\f\v") >= length;
}

/* The commonest step inwards; where none is, the least indentation. 0: no line is indented by spaces. */
static guint
common_step (const guint *steps, guint least)
{
  guint best = MIN (least, MAX_WIDTH);

  for (guint width = 2; width <= MAX_WIDTH; width++)
    if (steps[width] > steps[best])
      best = width;
  return best;
}

gboolean
riposte_indentation_guess (const char *text, RiposteIndentation *indentation)
{
  guint steps[MAX_WIDTH + 1] = { 0 };
  guint n_tabs = 0, n_spaces = 0, least = 0, previous = 0;
  const char *line = text;

  for (guint n = 0; *line && n < MAX_LINES; n++)
    {
      gsize length = strcspn (line, "\n"), blanks = leading_blanks (line);
      const char *next = line + length + (line[length] == '\n');
      /* The stars of a C comment are one column off any level. */
      if (!is_blank (line, length) && line[blanks] != '*')
        {
          if (memchr (line, '\t', blanks))
            n_tabs++;
          else
            {
              guint width = (guint)MIN (blanks, 1000);
              if (width > 1)
                n_spaces++;
              if (width > 1 && (least == 0 || width < least))
                least = width;
              if (width > previous + 1 && width - previous <= MAX_WIDTH)
                steps[width - previous]++;
              previous = width;
            }
        }
      line = next;
    }
  if (n_tabs + n_spaces == 0)
    return FALSE;

  indentation->tabs = n_tabs > n_spaces || (n_tabs > 0 && n_tabs * 4 > n_spaces);
  if (!indentation->tabs)
    indentation->width = common_step (steps, least);
  else if (n_spaces > n_tabs / 2)
    {
      /* GNU's way: levels of two, eight columns of them as a tab. */
      indentation->tab_width = 8;
      indentation->width = common_step (steps, least);
    }
  else
    indentation->width = indentation->tab_width;
  return TRUE;
}

RiposteIndentation
riposte_indentation_of_language (const char *language_id)
{
  static const struct
  {
    const char *id;
    RiposteIndentation indentation;
  } rows[] = {
    { "c", { FALSE, 8, 4 } },
    { "chdr", { FALSE, 8, 4 } },
    { "css", { FALSE, 4, 2 } },
    { "dart", { FALSE, 4, 2 } },
    { "go", { TRUE, 4, 4 } },
    { "html", { FALSE, 4, 2 } },
    { "js", { FALSE, 4, 2 } },
    { "json", { FALSE, 4, 2 } },
    { "jsx", { FALSE, 4, 2 } },
    { "lua", { FALSE, 4, 2 } },
    { "makefile", { TRUE, 8, 8 } },
    { "meson", { FALSE, 8, 2 } },
    { "ruby", { FALSE, 8, 2 } },
    { "scala", { FALSE, 4, 2 } },
    { "scss", { FALSE, 4, 2 } },
    { "typescript", { FALSE, 4, 2 } },
    { "typescript-jsx", { FALSE, 4, 2 } },
    { "xml", { FALSE, 8, 2 } },
    { "yaml", { FALSE, 8, 2 } },
  };

  for (gsize i = 0; language_id && i < G_N_ELEMENTS (rows); i++)
    if (strcmp (rows[i].id, language_id) == 0)
      return rows[i].indentation;
  return (RiposteIndentation){ .tabs = FALSE, .tab_width = 8, .width = 4 };
}

/* @lines without blank ones at either end and without carriage returns, and the blanks that all begin with. */
static GPtrArray *
split_lines (const char *code, gsize *common)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) parts = g_strsplit (code, "\n", -1);
  gsize n_parts = g_strv_length (parts), first = 0;
  const char *reference = NULL;

  while (first < n_parts && is_blank (parts[first], strlen (parts[first])))
    first++;
  while (n_parts > first && is_blank (parts[n_parts - 1], strlen (parts[n_parts - 1])))
    n_parts--;
  *common = 0;
  for (gsize i = first; i < n_parts; i++)
    {
      gsize length = strlen (parts[i]);
      if (length > 0 && parts[i][length - 1] == '\r')
        parts[i][length - 1] = '\0';
      if (!is_blank (parts[i], strlen (parts[i])))
        {
          gsize blanks = leading_blanks (parts[i]), same = 0;
          if (!reference)
            *common = blanks, reference = parts[i];
          while (same < MIN (blanks, *common) && parts[i][same] == reference[same])
            same++;
          *common = same;
        }
      g_ptr_array_add (lines, g_strdup (parts[i]));
    }
  return lines;
}

static void
append_level (GString *out,
              const char *blanks,
              gsize length,
              const RiposteIndentation *from,
              const RiposteIndentation *to)
{
  guint column = 0;

  if (!to || from->tabs == to->tabs)
    {
      g_string_append_len (out, blanks, length);
      return;
    }
  for (gsize i = 0; i < length; i++)
    column += blanks[i] == '\t' ? from->width - column % from->width : 1;
  guint levels = column / from->width, rest = column % from->width;
  if (to->tabs && to->width == to->tab_width)
    {
      for (guint i = 0; i < levels; i++)
        g_string_append_c (out, '\t');
      column = rest;
    }
  else
    column = levels * to->width + rest;
  for (guint i = 0; i < column; i++)
    g_string_append_c (out, ' ');
}

char *
riposte_indentation_fit (const char *code, const char *prefix, const RiposteIndentation *target)
{
  gsize common;
  g_autoptr (GPtrArray) lines = split_lines (code, &common);
  g_autoptr (GString) dedented = g_string_new (NULL);
  GString *out = g_string_new (NULL);
  RiposteIndentation own = { .tabs = FALSE, .tab_width = 8, .width = 4 };

  for (guint i = 0; i < lines->len; i++)
    {
      const char *line = g_ptr_array_index (lines, i);
      g_string_append (dedented, strlen (line) < common ? "" : line + common);
      g_string_append_c (dedented, '\n');
    }
  if (!riposte_indentation_guess (dedented->str, &own))
    target = NULL;
  /* a tab of the code is one of its levels */
  if (own.tabs)
    own.width = own.tab_width;
  for (guint i = 0; i < lines->len; i++)
    {
      const char *line = g_ptr_array_index (lines, i);
      if (i > 0)
        g_string_append_c (out, '\n');
      if (is_blank (line, strlen (line)))
        continue;
      gsize blanks = leading_blanks (line + common);
      if (i > 0)
        g_string_append (out, prefix);
      append_level (out, line + common, blanks, &own, target);
      g_string_append (out, line + common + blanks);
    }
  return g_string_free (out, FALSE);
}
