/* From cmark's tree to blocks. */
#include "markdown/markdown-inline.h"
#include "markdown/markdown-split.h"
#include "markdown/markdown.h"
#include "plain-text.h"

#include <string.h>

#include <cmark-gfm-core-extensions.h>

/* Deeper quotes and lists are shown as their text: a window nests widgets only so far. */
#define MAX_DEPTH 10

static const char *const extensions[] = { "table", "strikethrough", "autolink", "tasklist" };

/* Of a parse. */
typedef struct
{
  GArray *formulas;
} Context;

static RiposteBlock *convert (const Context *context, cmark_node *node, guint depth);

static void
convert_children (const Context *context, RiposteBlock *block, cmark_node *node, guint depth)
{
  block->children = g_ptr_array_new_with_free_func ((GDestroyNotify)riposte_block_unref);
  for (cmark_node *child = cmark_node_first_child (node); child; child = cmark_node_next (child))
    {
      RiposteBlock *converted = convert (context, child, depth + 1);
      if (converted)
        g_ptr_array_add (block->children, converted);
    }
}

static RiposteBlock *
text_block (const Context *context, RiposteBlockKind kind, cmark_node *node)
{
  RiposteBlock *block = riposte_block_new (kind);

  block->markup = riposte_markdown_inline_markup (node, context->formulas, FALSE);
  return block;
}

/* Takes @markup; nothing of it that is blank. */
static void
add_paragraph (RiposteBlock *group, char *markup)
{
  RiposteBlock *block;

  g_strstrip (markup);
  if (!*markup)
    {
      g_free (markup);
      return;
    }
  block = riposte_block_new (RIPOSTE_BLOCK_PARAGRAPH);
  block->markup = markup;
  g_ptr_array_add (group->children, block);
}

/* A paragraph; or several, with formulas between them. */
static RiposteBlock *
paragraph_block (const Context *context, cmark_node *node)
{
  g_autofree char *markup = riposte_markdown_inline_markup (node, context->formulas, TRUE);
  RiposteBlock *group;
  const char *at = markup, *next;

  if (!strstr (markup, RIPOSTE_FORMULA_BEGIN))
    {
      group = riposte_block_new (RIPOSTE_BLOCK_PARAGRAPH);
      group->markup = g_steal_pointer (&markup);
      return group;
    }
  group = riposte_block_new (RIPOSTE_BLOCK_GROUP);
  group->children = g_ptr_array_new_with_free_func ((GDestroyNotify)riposte_block_unref);
  while ((next = strstr (at, RIPOSTE_FORMULA_BEGIN)))
    {
      const char *end = next + strlen (RIPOSTE_FORMULA_BEGIN);
      const RiposteFormula *formula = riposte_formulas_at (next, context->formulas, &end);

      add_paragraph (group, g_strndup (at, next - at));
      if (formula)
        {
          RiposteBlock *block = riposte_block_new (RIPOSTE_BLOCK_FORMULA);

          block->code = g_strdup (formula->tex);
          g_ptr_array_add (group->children, block);
        }
      at = end;
    }
  add_paragraph (group, g_strdup (at));
  return group;
}

static char *
without_last_newline (const char *text)
{
  gsize length = text ? strlen (text) : 0;

  if (length && text[length - 1] == '\n')
    length--;
  return g_strndup (text ? text : "", length);
}

static RiposteBlock *
code_block (const Context *context, cmark_node *node)
{
  RiposteBlock *block = riposte_block_new (RIPOSTE_BLOCK_CODE);
  const char *info = cmark_node_get_fence_info (node);
  g_autofree char *code = without_last_newline (cmark_node_get_literal (node));

  block->code = riposte_formulas_show (code, context->formulas);
  block->info = riposte_formulas_show (info ? info : "", context->formulas);
  return block;
}

/* HTML, and what stands too deep: its source, escaped. */
static RiposteBlock *
source_block (const Context *context, cmark_node *node)
{
  RiposteBlock *block = riposte_block_new (RIPOSTE_BLOCK_PARAGRAPH);
  g_autofree char *text = NULL, *source = NULL, *plain = NULL;

  if (cmark_node_get_type (node) == CMARK_NODE_HTML_BLOCK)
    text = without_last_newline (cmark_node_get_literal (node));
  else
    {
      char *rendered = cmark_render_plaintext (node, CMARK_OPT_DEFAULT, 0);
      text = without_last_newline (rendered);
      free (rendered);
    }
  source = riposte_formulas_show (text, context->formulas);
  plain = riposte_plain_text (source, -1); /* entities may have hidden something */
  block->markup = g_markup_escape_text (plain, -1);
  return block;
}

static RiposteBlock *
list_block (const Context *context, cmark_node *node, guint depth)
{
  RiposteBlock *block = riposte_block_new (RIPOSTE_BLOCK_LIST);
  gboolean ordered = cmark_node_get_list_type (node) == CMARK_ORDERED_LIST;
  int start = cmark_node_get_list_start (node);
  cmark_node *item = cmark_node_first_child (node);

  block->tight = cmark_node_get_list_tight (node);
  convert_children (context, block, node, depth);
  for (guint i = 0; i < block->children->len && item; i++, item = cmark_node_next (item))
    {
      RiposteBlock *child = block->children->pdata[i];

      child->number = ordered ? start + (int)i : -1;
      if (strcmp (cmark_node_get_type_string (item), "tasklist") == 0)
        child->number = cmark_gfm_extensions_get_tasklist_item_checked (item) ? -3 : -2;
    }
  return block;
}

static RiposteAlign
align_of (uint8_t letter)
{
  switch (letter)
    {
    case 'l':
      return RIPOSTE_ALIGN_START;
    case 'c':
      return RIPOSTE_ALIGN_CENTER;
    case 'r':
      return RIPOSTE_ALIGN_END;
    default:
      return RIPOSTE_ALIGN_NONE;
    }
}

static RiposteBlock *
table_block (const Context *context, cmark_node *node, guint depth)
{
  RiposteBlock *block = riposte_block_new (RIPOSTE_BLOCK_TABLE);
  guint n = cmark_gfm_extensions_get_table_columns (node);
  uint8_t *aligns = cmark_gfm_extensions_get_table_alignments (node);

  convert_children (context, block, node, depth);
  for (guint i = 0; i < block->children->len; i++)
    {
      GPtrArray *cells = ((RiposteBlock *)block->children->pdata[i])->children;

      for (guint j = 0; cells && aligns && j < MIN (n, cells->len); j++)
        ((RiposteBlock *)cells->pdata[j])->align = align_of (aligns[j]);
    }
  return block;
}

/* The nodes of extensions have no constants that are the same everywhere, but names. */
static RiposteBlock *
extension_block (const Context *context, cmark_node *node, guint depth)
{
  const char *name = cmark_node_get_type_string (node);
  RiposteBlock *block;

  if (strcmp (name, "table") == 0)
    return table_block (context, node, depth);
  if (strcmp (name, "table_cell") == 0)
    return text_block (context, RIPOSTE_BLOCK_CELL, node);
  if (strcmp (name, "table_header") != 0 && strcmp (name, "table_row") != 0)
    return NULL;
  block = riposte_block_new (RIPOSTE_BLOCK_ROW);
  convert_children (context, block, node, depth);
  return block;
}

static RiposteBlock *
convert (const Context *context, cmark_node *node, guint depth)
{
  RiposteBlock *block;

  switch (cmark_node_get_type (node))
    {
    case CMARK_NODE_PARAGRAPH:
      return paragraph_block (context, node);
    case CMARK_NODE_HEADING:
      block = text_block (context, RIPOSTE_BLOCK_HEADING, node);
      block->level = cmark_node_get_heading_level (node);
      return block;
    case CMARK_NODE_CODE_BLOCK:
      return code_block (context, node);
    case CMARK_NODE_HTML_BLOCK:
    case CMARK_NODE_CUSTOM_BLOCK:
      return source_block (context, node);
    case CMARK_NODE_LIST:
      return depth > MAX_DEPTH ? source_block (context, node) : list_block (context, node, depth);
    case CMARK_NODE_ITEM:
      block = riposte_block_new (RIPOSTE_BLOCK_ITEM);
      convert_children (context, block, node, depth);
      return block;
    case CMARK_NODE_BLOCK_QUOTE:
      if (depth > MAX_DEPTH)
        return source_block (context, node);
      block = riposte_block_new (RIPOSTE_BLOCK_QUOTE);
      convert_children (context, block, node, depth);
      return block;
    case CMARK_NODE_THEMATIC_BREAK:
      return riposte_block_new (RIPOSTE_BLOCK_RULE);
    default:
      return extension_block (context, node, depth);
    }
}

static cmark_parser *
parser_new (void)
{
  static gsize registered;
  cmark_parser *parser;

  if (g_once_init_enter (&registered))
    {
      cmark_gfm_core_extensions_ensure_registered ();
      g_once_init_leave (&registered, 1);
    }
  parser = cmark_parser_new (CMARK_OPT_DEFAULT);
  for (gsize i = 0; i < G_N_ELEMENTS (extensions); i++)
    cmark_parser_attach_syntax_extension (parser, cmark_find_syntax_extension (extensions[i]));
  return parser;
}

/* The lines that @node was read from. */
static char *
dup_source (const Context *context, const char *hidden, cmark_node *node)
{
  int line = 1, first = cmark_node_get_start_line (node), last = cmark_node_get_end_line (node);
  const char *start = hidden, *end;
  g_autofree char *lines = NULL;

  for (; line < first && strchr (start, '\n'); line++)
    start = strchr (start, '\n') + 1;
  for (end = start; line < last && strchr (end, '\n'); line++)
    end = strchr (end, '\n') + 1;
  lines = g_strndup (start, end + strcspn (end, "\n") - start);
  return riposte_formulas_show (lines, context->formulas);
}

static void
add_block (GPtrArray *blocks, const Context *context, const char *hidden, cmark_node *node)
{
  RiposteBlock *block = convert (context, node, 0);
  g_autofree char *source = block && riposte_block_is_large (block) ? dup_source (context, hidden, node) : NULL;

  if (block)
    g_ptr_array_extend_and_steal (blocks, riposte_block_split (block, source));
}

/* From 0. Where a table stands right behind a paragraph, cmark-gfm has the paragraph's first line as the table's, and none
 * for the paragraph. */
static guint
line_of (cmark_node *node)
{
  cmark_node *next = cmark_node_next (node);
  int line = cmark_node_get_start_line (node);

  return MAX (1, line || !next ? line : cmark_node_get_start_line (next)) - 1;
}

/* While a parser of cmark works, what it keeps for all of them is that one's own. */
static GMutex parsing;

GPtrArray *
riposte_markdown_parse (const char *text, gsize length, GArray **lines)
{
  GPtrArray *blocks = g_ptr_array_new_with_free_func ((GDestroyNotify)riposte_block_unref);
  Context context;
  g_autofree char *hidden = riposte_formulas_hide (text, length, &context.formulas);
  cmark_parser *parser;
  cmark_node *document;

  g_mutex_lock (&parsing);
  parser = parser_new ();
  cmark_parser_feed (parser, hidden, strlen (hidden));
  document = cmark_parser_finish (parser);
  if (lines)
    *lines = g_array_new (FALSE, FALSE, sizeof (guint));
  for (cmark_node *node = cmark_node_first_child (document); node; node = cmark_node_next (node))
    {
      guint line = line_of (node);

      add_block (blocks, &context, hidden, node);
      while (lines && (*lines)->len < blocks->len)
        g_array_append_val (*lines, line);
    }
  cmark_node_free (document);
  cmark_parser_free (parser);
  g_mutex_unlock (&parsing);
  g_array_unref (context.formulas);
  return blocks;
}
