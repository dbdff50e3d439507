/* Statements, and what both halves of the parser need. */
#include "parser.h"

#include <string.h>

static TplNode *parse_body (TplParser *parser, const char *const *ends);

/* ---- helpers ---- */

TplNode *
tpl_parse_fail (TplParser *parser, const char *what)
{
  if (!parser->failed)
    g_set_error (parser->error, RP_ERROR, RP_ERROR_TEMPLATE, "The chat template is wrong at line %u: %s",
                 parser->token->line, what);
  parser->failed = TRUE;
  return NULL;
}

gboolean
tpl_enter (TplParser *parser)
{
  if (!parser->failed && ++parser->nesting > TPL_MAX_PARSE)
    tpl_parse_fail (parser, "it is nested too deeply");
  return !parser->failed;
}

TplNode *
tpl_node (TplParser *parser, TplNodeType type)
{
  TplNode *node = tpl_alloc (parser->arena, sizeof *node);

  node->type = type;
  node->line = parser->token->line;
  return node;
}

void
tpl_push (TplParser *parser, gconstpointer **list, guint *n, gconstpointer item)
{
  if ((*n & (*n - 1)) == 0)
    {
      gconstpointer *larger = tpl_alloc (parser->arena, MAX (1, 2 * *n) * sizeof *larger);
      if (*n)
        memcpy (larger, *list, *n * sizeof *larger);
      *list = larger;
    }
  (*list)[(*n)++] = item;
}

void
tpl_add_child (TplParser *parser, TplNode *node, TplNode *child)
{
  tpl_push (parser, (gconstpointer **)&node->children, &node->n_children, child);
  if (child && child->height >= node->height)
    node->height = child->height + 1;
  if (node->height > TPL_MAX_TREE)
    tpl_parse_fail (parser, "it is nested too deeply");
}

void
tpl_add_name (TplParser *parser, TplNode *node, const char *name)
{
  tpl_push (parser, (gconstpointer **)&node->names, &node->n_names, name);
}

gboolean
tpl_at_operator (const TplParser *parser, const char *text)
{
  return parser->token->type == TPL_T_OPERATOR && strcmp (parser->token->text, text) == 0;
}

gboolean
tpl_at_name (const TplParser *parser, const char *text)
{
  return parser->token->type == TPL_T_NAME && strcmp (parser->token->text, text) == 0;
}

gboolean
tpl_accept_operator (TplParser *parser, const char *text)
{
  if (!tpl_at_operator (parser, text))
    return FALSE;
  parser->token++;
  return TRUE;
}

gboolean
tpl_accept_name (TplParser *parser, const char *text)
{
  if (!tpl_at_name (parser, text))
    return FALSE;
  parser->token++;
  return TRUE;
}

gboolean
tpl_expect_operator (TplParser *parser, const char *text)
{
  g_autofree char *message = NULL;

  if (tpl_accept_operator (parser, text))
    return TRUE;
  message = g_strdup_printf ("expected “%s”", text);
  tpl_parse_fail (parser, message);
  return FALSE;
}

const char *
tpl_expect_any_name (TplParser *parser)
{
  if (parser->token->type != TPL_T_NAME)
    {
      tpl_parse_fail (parser, "expected a name");
      return "";
    }
  return (parser->token++)->text;
}

static gboolean
expect_tag_end (TplParser *parser)
{
  if (parser->token->type != TPL_T_TAG_END)
    {
      tpl_parse_fail (parser, "expected the end of a tag");
      return FALSE;
    }
  parser->token++;
  return TRUE;
}

TplNode *
tpl_named_node (TplParser *parser, TplNodeType type, const char *name)
{
  TplNode *node = tpl_node (parser, type);

  node->name = name;
  return node;
}

/* ---- statements ---- */

/* A body up to one of ends; the tag of the end is taken up to, but not with, its name. */
static TplNode *
parse_until (TplParser *parser, const char *const *ends)
{
  TplNode *body;

  if (!expect_tag_end (parser) || !tpl_enter (parser))
    return NULL;
  body = parse_body (parser, ends);
  parser->nesting--;
  return body;
}

/* A body up to "end" and the tag's name, with that whole tag. */
static TplNode *
parse_whole_body (TplParser *parser, const char *end)
{
  const char *const ends[] = { end, NULL };
  TplNode *body = parse_until (parser, ends);

  if (!parser->failed)
    {
      parser->token++;
      if (parser->token->type == TPL_T_NAME && (strcmp (end, "endmacro") == 0 || strcmp (end, "endblock") == 0))
        parser->token++;
      expect_tag_end (parser);
    }
  return body;
}

static TplNode *
parse_if (TplParser *parser)
{
  static const char *const ends[] = { "elif", "else", "endif", NULL };
  TplNode *node = tpl_node (parser, TPL_N_IF);

  do
    {
      tpl_add_child (parser, node, tpl_parse_tuple (parser, FALSE));
      tpl_add_child (parser, node, parse_until (parser, ends));
    }
  while (!parser->failed && tpl_accept_name (parser, "elif"));
  if (!parser->failed && tpl_accept_name (parser, "else"))
    tpl_add_child (parser, node, parse_whole_body (parser, "endif"));
  else if (tpl_accept_name (parser, "endif"))
    expect_tag_end (parser);
  return node;
}

static TplNode *
parse_for (TplParser *parser)
{
  static const char *const ends[] = { "else", "endfor", NULL };
  TplNode *node = tpl_node (parser, TPL_N_FOR);
  guint uses;

  if (tpl_at_name (parser, "loop"))
    return tpl_parse_fail (parser, "loop cannot be the name of an item");
  tpl_add_child (parser, node, tpl_parse_target (parser, FALSE));
  if (!parser->failed && !tpl_accept_name (parser, "in"))
    return tpl_parse_fail (parser, "expected “in”");
  tpl_add_child (parser, node, tpl_parse_tuple (parser, FALSE));
  tpl_add_child (parser, node, tpl_accept_name (parser, "if") ? tpl_parse_expression (parser) : NULL);
  node->flag = tpl_accept_name (parser, "recursive");
  uses = parser->uses;
  parser->uses = 0;
  parser->loops++;
  tpl_add_child (parser, node, parse_until (parser, ends));
  parser->loops--;
  node->uses = parser->uses | (node->flag ? TPL_USES_LOOP : 0);
  parser->uses |= uses;
  if (!parser->failed && tpl_accept_name (parser, "else"))
    tpl_add_child (parser, node, parse_whole_body (parser, "endfor"));
  else
    {
      tpl_add_child (parser, node, NULL);
      if (tpl_accept_name (parser, "endfor"))
        expect_tag_end (parser);
    }
  return node;
}

static TplNode *
parse_set (TplParser *parser)
{
  TplNode *node = tpl_node (parser, TPL_N_SET);

  tpl_add_child (parser, node, tpl_parse_target (parser, TRUE));
  if (tpl_accept_operator (parser, "="))
    {
      tpl_add_child (parser, node, tpl_parse_tuple (parser, TRUE));
      expect_tag_end (parser);
      return node;
    }
  node->type = TPL_N_SET_BLOCK;
  tpl_add_child (parser, node, tpl_parse_filters (parser, tpl_node (parser, TPL_N_HOLE)));
  tpl_add_child (parser, node, parse_whole_body (parser, "endset"));
  return node;
}

/* (a, b = 1): the parameters of a macro or of a call block. */
static void
parse_parameters (TplParser *parser, TplNode *macro)
{
  while (!parser->failed && !tpl_accept_operator (parser, ")"))
    {
      if (macro->n_names && !tpl_expect_operator (parser, ","))
        return;
      tpl_add_name (parser, macro, tpl_expect_any_name (parser));
      if (tpl_accept_operator (parser, "="))
        tpl_push (parser, (gconstpointer **)&macro->defaults, &macro->n_defaults, tpl_parse_expression (parser));
      else if (macro->n_defaults)
        tpl_parse_fail (parser, "a parameter without a default follows one that has it");
    }
}

/* The body of a macro, with what it mentions. Neither loop nor break reach out of it. */
static void
parse_macro_body (TplParser *parser, TplNode *macro, const char *end)
{
  guint uses = parser->uses, loops = parser->loops;

  parser->uses = 0;
  parser->loops = 0;
  tpl_add_child (parser, macro, parse_whole_body (parser, end));
  macro->uses = parser->uses;
  parser->uses |= uses;
  parser->loops = loops;
}

static TplNode *
parse_macro (TplParser *parser)
{
  TplNode *node = tpl_named_node (parser, TPL_N_MACRO, tpl_expect_any_name (parser));

  if (!tpl_expect_operator (parser, "("))
    return NULL;
  parse_parameters (parser, node);
  parse_macro_body (parser, node, "endmacro");
  return node;
}

static TplNode *
parse_call_block (TplParser *parser)
{
  TplNode *node = tpl_node (parser, TPL_N_CALL_BLOCK), *macro = tpl_node (parser, TPL_N_MACRO), *call;

  if (tpl_accept_operator (parser, "("))
    parse_parameters (parser, macro);
  call = tpl_parse_expression (parser);
  if (!parser->failed && call->type != TPL_N_CALL)
    return tpl_parse_fail (parser, "a call block needs a call");
  tpl_add_child (parser, node, call);
  parse_macro_body (parser, macro, "endcall");
  tpl_add_child (parser, node, macro);
  return node;
}

static TplNode *
parse_filter_block (TplParser *parser)
{
  TplNode *node = tpl_node (parser, TPL_N_FILTER_BLOCK);
  TplNode *chain = tpl_parse_filter (parser, tpl_node (parser, TPL_N_HOLE));

  tpl_add_child (parser, node, parser->failed ? NULL : tpl_parse_filters (parser, chain));
  tpl_add_child (parser, node, parse_whole_body (parser, "endfilter"));
  return node;
}

static TplNode *
parse_with (TplParser *parser)
{
  TplNode *node = tpl_node (parser, TPL_N_WITH);

  while (!parser->failed && parser->token->type != TPL_T_TAG_END)
    {
      if (node->n_children && !tpl_expect_operator (parser, ","))
        return NULL;
      tpl_add_child (parser, node, tpl_parse_target (parser, FALSE));
      if (!tpl_expect_operator (parser, "="))
        return NULL;
      tpl_add_child (parser, node, tpl_parse_expression (parser));
    }
  tpl_add_child (parser, node, parse_whole_body (parser, "endwith"));
  return node;
}

static TplNode *
parse_print (TplParser *parser)
{
  TplNode *node = tpl_node (parser, TPL_N_BLOCK), *output;

  do
    {
      output = tpl_node (parser, TPL_N_OUTPUT);
      tpl_add_child (parser, output, tpl_parse_expression (parser));
      tpl_add_child (parser, node, output);
    }
  while (!parser->failed && tpl_accept_operator (parser, ","));
  expect_tag_end (parser);
  return node;
}

/* {% generation %} marks the assistant's part for training; {% block %} a part that a child template may replace. Here
 * both print their body, which has variables of its own. */
static TplNode *
parse_generation (TplParser *parser)
{
  TplNode *node = tpl_node (parser, TPL_N_SCOPE);

  tpl_add_child (parser, node, parse_whole_body (parser, "endgeneration"));
  return node;
}

static TplNode *
parse_block (TplParser *parser)
{
  TplNode *node = tpl_node (parser, TPL_N_SCOPE);

  tpl_expect_any_name (parser);
  while (tpl_accept_name (parser, "scoped") || tpl_accept_name (parser, "required"))
    ;
  tpl_add_child (parser, node, parse_whole_body (parser, "endblock"));
  return node;
}

static TplNode *
parse_leave (TplParser *parser)
{
  TplNode *node = tpl_node (parser, strcmp (parser->token[-1].text, "break") == 0 ? TPL_N_BREAK : TPL_N_CONTINUE);

  if (parser->loops == 0)
    return tpl_parse_fail (parser, "break and continue stand in loops only");
  expect_tag_end (parser);
  return node;
}

/* What loads other templates is refused when it is reached, as there are none. */
static TplNode *
parse_refused (TplParser *parser)
{
  TplNode *node = tpl_named_node (parser, TPL_N_REFUSED, parser->token[-1].text);

  while (parser->token->type != TPL_T_TAG_END && parser->token->type != TPL_T_END)
    parser->token++;
  expect_tag_end (parser);
  return node;
}

static TplNode *
parse_statement (TplParser *parser)
{
  static const struct
  {
    const char *name;
    TplNode *(*parse) (TplParser *parser);
  } table[] = {
    { "if", parse_if },           { "for", parse_for },
    { "set", parse_set },         { "macro", parse_macro },
    { "call", parse_call_block }, { "filter", parse_filter_block },
    { "with", parse_with },       { "generation", parse_generation },
    { "break", parse_leave },     { "continue", parse_leave },
    { "print", parse_print },     { "block", parse_block },
    { "include", parse_refused }, { "import", parse_refused },
    { "from", parse_refused },    { "extends", parse_refused },
  };
  g_autofree char *message = NULL;
  const char *name = tpl_expect_any_name (parser);

  for (gsize i = 0; i < G_N_ELEMENTS (table) && !parser->failed; i++)
    if (strcmp (name, table[i].name) == 0)
      return table[i].parse (parser);
  message = g_strdup_printf ("the tag “%.40s” is not known here", name);
  return tpl_parse_fail (parser, message);
}

static gboolean
at_end (const TplParser *parser, const char *const *ends)
{
  for (; ends && *ends; ends++)
    if (tpl_at_name (parser, *ends))
      return TRUE;
  return FALSE;
}

static TplNode *
parse_text (TplParser *parser)
{
  TplNode *node = tpl_node (parser, TPL_N_TEXT);

  node->value = tpl_string (&parser->constants, parser->token->text, parser->token->length);
  parser->token++;
  return node;
}

static TplNode *
parse_output (TplParser *parser)
{
  TplNode *node = tpl_node (parser, TPL_N_OUTPUT);

  parser->token++;
  tpl_add_child (parser, node, tpl_parse_tuple (parser, TRUE));
  if (!parser->failed && parser->token->type != TPL_T_OUTPUT_END)
    return tpl_parse_fail (parser, "expected “}}”");
  if (!parser->failed)
    parser->token++;
  return node;
}

static TplNode *
parse_body (TplParser *parser, const char *const *ends)
{
  TplNode *body = tpl_node (parser, TPL_N_BLOCK);

  while (!parser->failed)
    switch (parser->token->type)
      {
      case TPL_T_TEXT:
        tpl_add_child (parser, body, parse_text (parser));
        break;
      case TPL_T_OUTPUT_BEGIN:
        tpl_add_child (parser, body, parse_output (parser));
        break;
      case TPL_T_TAG_BEGIN:
        parser->token++;
        if (at_end (parser, ends))
          return body;
        tpl_add_child (parser, body, parse_statement (parser));
        break;
      default:
        return ends ? tpl_parse_fail (parser, "a block has no end") : body;
      }
  return NULL;
}

/* ---- names of filters and tests ---- */

/* As in Jinja, an unknown name is wrong at once, but within an if statement or expression only when it is reached. */
static gboolean
check_names (TplParser *parser, const TplNode *node, gboolean soft)
{
  gboolean own_frame = node->type == TPL_N_FOR || node->type == TPL_N_MACRO || node->type == TPL_N_CALL_BLOCK
                       || node->type == TPL_N_FILTER_BLOCK || node->type == TPL_N_SET_BLOCK || node->type == TPL_N_WITH
                       || node->type == TPL_N_SCOPE;
  gboolean filter = node->type == TPL_N_FILTER;

  if (!soft && (filter || node->type == TPL_N_TEST)
      && !(filter ? tpl_is_filter_name (node->name) : tpl_find_test (node->name) != NULL))
    {
      g_set_error (parser->error, RP_ERROR, RP_ERROR_TEMPLATE,
                   "The chat template is wrong at line %u: No %s named '%s'.", node->line, filter ? "filter" : "test",
                   node->name);
      return FALSE;
    }
  if (node->type == TPL_N_IF || node->type == TPL_N_CONDITION)
    soft = TRUE;
  for (guint i = 0; i < node->n_children + node->n_defaults; i++)
    {
      const TplNode *child = i < node->n_children ? node->children[i] : node->defaults[i - node->n_children];
      gboolean outside = node->type == TPL_N_FOR && i == 1; /* what is iterated over */

      if (child && !check_names (parser, child, soft && (!own_frame || outside)))
        return FALSE;
    }
  return TRUE;
}

TplNode *
tpl_parse (TplArena *arena, const char *source, gsize length, GError **error)
{
  g_autoptr (GArray) tokens = tpl_lex (arena, source, length, error);
  TplParser parser = { .arena = arena, .constants = { .arena = arena }, .error = error };
  TplNode *root;

  if (!tokens)
    return NULL;
  parser.token = (const TplToken *)tokens->data;
  root = parse_body (&parser, NULL);
  return !parser.failed && check_names (&parser, root, FALSE) ? root : NULL;
}
