#include "markdown/block-text.h"

#include "markdown/block-widgets.h"

#include <string.h>

#define LINE      20
#define CODE_LINE 18
#define COLUMN    8
#define INDENT    26
#define LONG_LINE 2000

static void
on_text (GMarkupParseContext *context, const char *text, gsize length, gpointer out, GError **error)
{
  g_string_append_len (out, text, (gssize)length);
}

/* Links are a label's, which pango_parse_markup() does not know. */
static void
append_markup (GString *out, const char *markup)
{
  static const GMarkupParser parser = { .text = on_text };
  g_autoptr (GMarkupParseContext) context = g_markup_parse_context_new (&parser, 0, out, NULL);

  g_markup_parse_context_parse (context, "<markup>", -1, NULL);
  g_markup_parse_context_parse (context, markup, -1, NULL);
  g_markup_parse_context_parse (context, "</markup>\n", -1, NULL);
  g_string_append_c (out, '\n');
}

static void
append_text (GString *out, const RiposteBlock *block)
{
  if (block->markup)
    append_markup (out, block->markup);
  if (block->code)
    g_string_append_printf (out, "%s\n", block->code);
  for (guint i = 0; block->children && i < block->children->len; i++)
    append_text (out, block->children->pdata[i]);
}

char *
riposte_block_dup_text (const RiposteBlock *block)
{
  GString *out = g_string_new (NULL);

  append_text (out, block);
  return g_string_free (out, FALSE);
}

char *
riposte_break_lines (const char *text)
{
  GString *out;
  gsize longest = 0;

  for (const char *p = text; *p; p += *p == '\n')
    {
      gsize length = strcspn (p, "\n");

      longest = MAX (longest, length);
      p += length;
    }
  if (longest <= LONG_LINE)
    return NULL;
  out = g_string_sized_new (strlen (text));
  for (gsize n = 0; *text; n++)
    {
      const char *next = g_utf8_next_char (text);

      if (*text == '\n')
        n = 0;
      else if (n >= LONG_LINE)
        {
          g_string_append_c (out, '\n');
          n = 0;
        }
      g_string_append_len (out, text, next - text);
      text = next;
    }
  return g_string_free (out, FALSE);
}

/* As it wraps, tags left out. */
static int
count_lines (const char *markup, int width)
{
  int columns = MAX (10, width / COLUMN), n = 1, column = 0;
  gboolean tag = FALSE;

  for (const char *p = markup; *p; p++)
    {
      tag = *p == '<' || (tag && p[-1] != '>');
      if (tag || (*p & 0xc0) == 0x80)
        continue;
      if (*p == '\n' || ++column > columns)
        {
          n++;
          column = 0;
        }
    }
  return n;
}

static int
guess_code (const char *code)
{
  int n = 1;

  for (const char *p = code; *p && n < RIPOSTE_MAX_CODE_LINES; p++)
    n += *p == '\n';
  return n * CODE_LINE + 52;
}

int
riposte_block_guess_height (const RiposteBlock *block, int width)
{
  int height = 0,
      gap = block->kind == RIPOSTE_BLOCK_LIST && block->tight ? RIPOSTE_BLOCK_SPACING / 2 : RIPOSTE_BLOCK_SPACING;

  switch (block->kind)
    {
    case RIPOSTE_BLOCK_PARAGRAPH:
      return count_lines (block->markup, width) * LINE;
    case RIPOSTE_BLOCK_HEADING:
      return count_lines (block->markup, width) * LINE * 3 / 2;
    case RIPOSTE_BLOCK_CODE:
      return guess_code (block->code);
    case RIPOSTE_BLOCK_FORMULA:
      return 3 * LINE;
    case RIPOSTE_BLOCK_TABLE:
      return (int)block->children->len * (LINE + 13);
    case RIPOSTE_BLOCK_RULE:
      return 1;
    default:
      for (guint i = 0; block->children && i < block->children->len; i++)
        height += riposte_block_guess_height (block->children->pdata[i], width - INDENT) + gap;
      return MAX (LINE, height - gap);
    }
}
