/* Mathematics within a line of text. */
#include "math/math-parse.h"

#include <string.h>

static gboolean write_node (GString *out, const RiposteMath *node);

static void
write_text (GString *out, const char *text, RiposteMathFont font)
{
  static const char *const tags[] = { "i", NULL, "b", "tt" };
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  if (tags[font])
    g_string_append_printf (out, "<%s>%s</%s>", tags[font], escaped, tags[font]);
  else
    g_string_append (out, escaped);
}

/* Whether it needs no brackets beside a slash or below a root. */
static gboolean
is_single (const RiposteMath *node)
{
  while (node->kind == RIPOSTE_MATH_ROW && node->children && node->children->len == 1)
    node = node->children->pdata[0];
  if (node->kind == RIPOSTE_MATH_ROW && node->children)
    {
      /* a number */
      for (guint i = 0; i < node->children->len; i++)
        {
          const RiposteMath *child = node->children->pdata[i];

          if (child->kind != RIPOSTE_MATH_SYMBOL || !(g_ascii_isdigit (child->text[0]) || child->text[0] == '.'))
            return FALSE;
        }
      return TRUE;
    }
  return node->kind == RIPOSTE_MATH_SYMBOL || node->kind == RIPOSTE_MATH_SCRIPTS || node->kind == RIPOSTE_MATH_FENCE
         || node->kind == RIPOSTE_MATH_TEXT || node->kind == RIPOSTE_MATH_ACCENT;
}

static gboolean
write_bracketed (GString *out, const RiposteMath *node)
{
  gboolean single = is_single (node), ok;

  g_string_append (out, single ? "" : "(");
  ok = write_node (out, node);
  g_string_append (out, single ? "" : ")");
  return ok;
}

static gboolean
write_scripts (GString *out, const RiposteMath *node)
{
  static const char *const tags[] = { NULL, "sub", "sup" };

  if (!write_node (out, node->children->pdata[0]))
    return FALSE;
  for (guint i = 1; i < 3; i++)
    {
      const RiposteMath *script = node->children->pdata[i];
      gboolean prime = script && script->kind == RIPOSTE_MATH_SYMBOL && g_str_has_prefix (script->text, "′");

      if (!script)
        continue;
      if (!prime)
        g_string_append_printf (out, "<%s>", tags[i]);
      if (!write_node (out, script))
        return FALSE;
      if (!prime)
        g_string_append_printf (out, "</%s>", tags[i]);
    }
  return TRUE;
}

/* As a combining character behind a single letter. */
static gboolean
write_accent (GString *out, const RiposteMath *node)
{
  static const struct
  {
    const char *text, *combining;
  } accents[]
    = { { "^", "\xcc\x82" }, { "~", "\xcc\x83" }, { "→", "\xe2\x83\x97" }, { "˙", "\xcc\x87" }, { "¨", "\xcc\x88" },
        { "ˇ", "\xcc\x8c" }, { "˘", "\xcc\x86" }, { "´", "\xcc\x81" },     { "`", "\xcc\x80" } };
  const RiposteMath *child = node->children->pdata[0];

  while (child->kind == RIPOSTE_MATH_ROW && child->children && child->children->len == 1)
    child = child->children->pdata[0];
  if (strcmp (node->text, "line") == 0)
    {
      gboolean ok;

      g_string_append (out, node->below ? "<u>" : "<span overline='single'>");
      ok = write_node (out, child);
      g_string_append (out, node->below ? "</u>" : "</span>");
      return ok;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (accents); i++)
    if (strcmp (accents[i].text, node->text) == 0 && child->kind == RIPOSTE_MATH_SYMBOL)
      {
        g_autofree char *text = g_strconcat (child->text, accents[i].combining, NULL);

        write_text (out, text, child->font);
        return TRUE;
      }
  return FALSE;
}

static gboolean
write_row (GString *out, const RiposteMath *row)
{
  for (guint i = 0; row->children && i < row->children->len; i++)
    {
      const RiposteMath *node = row->children->pdata[i];
      const RiposteMath *before = i ? row->children->pdata[i - 1] : NULL;
      /* a sign in front is no operation */
      gboolean binary = node->class == RIPOSTE_MATH_BINARY && before && before->class != RIPOSTE_MATH_BINARY
                        && before->class != RIPOSTE_MATH_RELATION && before->class != RIPOSTE_MATH_OPENING;
      gboolean spaced = binary || node->class == RIPOSTE_MATH_RELATION;
      gboolean name = node->class == RIPOSTE_MATH_OPERATOR && i + 1 < row->children->len
                      && ((RiposteMath *)row->children->pdata[i + 1])->class != RIPOSTE_MATH_OPENING;

      if (spaced && before)
        g_string_append (out, "\xc2\xa0");
      if (!write_node (out, node))
        return FALSE;
      if (spaced || name || node->class == RIPOSTE_MATH_PUNCTUATION)
        g_string_append (out, node->class == RIPOSTE_MATH_PUNCTUATION ? " " : "\xe2\x80\x89");
    }
  return TRUE;
}

static gboolean
write_node (GString *out, const RiposteMath *node)
{
  switch (node->kind)
    {
    case RIPOSTE_MATH_ROW:
      return write_row (out, node);
    case RIPOSTE_MATH_SYMBOL:
    case RIPOSTE_MATH_TEXT:
      write_text (out, node->text, node->font);
      return TRUE;
    case RIPOSTE_MATH_SPACE:
      if (node->width > 20)
        g_string_append_c (out, ' ');
      return TRUE;
    case RIPOSTE_MATH_FRACTION:
      if (!node->width || !write_bracketed (out, node->children->pdata[0]))
        return FALSE;
      g_string_append_c (out, '/');
      return write_bracketed (out, node->children->pdata[1]);
    case RIPOSTE_MATH_ROOT:
      if (node->children->len > 1)
        {
          g_string_append (out, "<sup>");
          if (!write_node (out, node->children->pdata[1]))
            return FALSE;
          g_string_append (out, "</sup>");
        }
      g_string_append (out, "√");
      return write_bracketed (out, node->children->pdata[0]);
    case RIPOSTE_MATH_SCRIPTS:
      return write_scripts (out, node);
    case RIPOSTE_MATH_ACCENT:
      return write_accent (out, node);
    case RIPOSTE_MATH_FENCE:
      write_text (out, node->text, RIPOSTE_MATH_UPRIGHT);
      if (!write_node (out, node->children->pdata[0]))
        return FALSE;
      write_text (out, node->close, RIPOSTE_MATH_UPRIGHT);
      return TRUE;
    case RIPOSTE_MATH_MATRIX:
    default:
      return FALSE;
    }
}

char *
riposte_math_to_markup (const RiposteMath *math)
{
  g_autoptr (GString) out = g_string_new (NULL);

  return write_node (out, math) ? g_string_free (g_steal_pointer (&out), FALSE) : NULL;
}
