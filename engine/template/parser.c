#include "lexer.h"

#include <errno.h>
#include <string.h>

#define MAX_NESTING 150 /* of expressions and of blocks: the parser and the interpreter recurse */

typedef struct
{
  TplArena *arena;
  TplRun constants; /* only its arena is used */
  const TplToken *token;
  guint nesting;
  GError **error;
  gboolean failed;
} Parser;

static TplNode *parse_expression (Parser *parser);
static TplNode *parse_unary (Parser *parser, gboolean with_filters);
static TplNode *parse_body (Parser *parser, const char *const *ends);

/* ---- helpers ---- */

static TplNode *
fail (Parser *parser, const char *what)
{
  if (!parser->failed)
    g_set_error (parser->error, RP_ERROR, RP_ERROR_TEMPLATE, "The chat template is wrong at line %u: %s",
                 parser->token->line, what);
  parser->failed = TRUE;
  return NULL;
}

static TplNode *
new_node (Parser *parser, TplNodeType type)
{
  TplNode *node = tpl_alloc (parser->arena, sizeof *node);

  node->type = type;
  node->line = parser->token->line;
  return node;
}

/* Room grows in powers of two, so that n children take O(n). */
static void
push_pointer (Parser *parser, gconstpointer **list, guint *n, gconstpointer item)
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

static void
add_child (Parser *parser, TplNode *node, TplNode *child)
{
  push_pointer (parser, (gconstpointer **)&node->children, &node->n_children, child);
}

static void
add_name (Parser *parser, TplNode *node, const char *name)
{
  push_pointer (parser, (gconstpointer **)&node->names, &node->n_names, name);
}

static gboolean
is_operator (const Parser *parser, const char *text)
{
  return parser->token->type == TPL_T_OPERATOR && strcmp (parser->token->text, text) == 0;
}

static gboolean
is_name (const Parser *parser, const char *text)
{
  return parser->token->type == TPL_T_NAME && strcmp (parser->token->text, text) == 0;
}

static gboolean
accept_operator (Parser *parser, const char *text)
{
  if (!is_operator (parser, text))
    return FALSE;
  parser->token++;
  return TRUE;
}

static gboolean
accept_name (Parser *parser, const char *text)
{
  if (!is_name (parser, text))
    return FALSE;
  parser->token++;
  return TRUE;
}

static gboolean
expect_operator (Parser *parser, const char *text)
{
  g_autofree char *message = NULL;

  if (accept_operator (parser, text))
    return TRUE;
  message = g_strdup_printf ("expected “%s”", text);
  fail (parser, message);
  return FALSE;
}

static const char *
expect_any_name (Parser *parser)
{
  if (parser->token->type != TPL_T_NAME)
    {
      fail (parser, "expected a name");
      return "";
    }
  return (parser->token++)->text;
}

static gboolean
expect_tag_end (Parser *parser)
{
  if (parser->token->type != TPL_T_TAG_END)
    {
      fail (parser, "expected the end of a tag");
      return FALSE;
    }
  parser->token++;
  return TRUE;
}

static TplNode *
constant (Parser *parser, TplValue *value)
{
  TplNode *node = new_node (parser, TPL_N_CONST);

  node->value = value;
  return node;
}

static TplNode *
named (Parser *parser, TplNodeType type, const char *name)
{
  TplNode *node = new_node (parser, type);

  node->name = name;
  return node;
}

/* ---- expressions ---- */

static TplNode *
parse_integer (Parser *parser)
{
  const TplToken *token = parser->token++;
  TplValue *value;

  errno = 0;
  value = tpl_int (&parser->constants, g_ascii_strtoll (token->text, NULL, 10));
  if (errno == ERANGE)
    {
      value->type = TPL_INT;
      value->text = token->text;
      value->length = token->length;
      value->big = TRUE;
    }
  return constant (parser, value);
}

static TplNode *
parse_string (Parser *parser)
{
  g_autoptr (GString) text = g_string_new (NULL);

  while (parser->token->type == TPL_T_STRING)
    {
      g_string_append_len (text, parser->token->text, parser->token->length);
      parser->token++;
    }
  return constant (parser, tpl_string (&parser->constants, text->str, text->len));
}

/* Items up to close, which is taken. *comma tells whether one stood there. */
static TplNode *
parse_items (Parser *parser, TplNodeType type, const char *close, gboolean *comma)
{
  TplNode *node = new_node (parser, type);

  *comma = FALSE;
  while (!parser->failed && !accept_operator (parser, close))
    {
      if (node->n_children && !expect_operator (parser, ","))
        return NULL;
      *comma |= node->n_children > 0;
      if (accept_operator (parser, close))
        break;
      add_child (parser, node, parse_expression (parser));
    }
  return node;
}

static TplNode *
parse_dict (Parser *parser)
{
  TplNode *node = new_node (parser, TPL_N_DICT);

  while (!parser->failed && !accept_operator (parser, "}"))
    {
      if (node->n_children && !expect_operator (parser, ","))
        return NULL;
      if (accept_operator (parser, "}"))
        break;
      add_child (parser, node, parse_expression (parser));
      if (!expect_operator (parser, ":"))
        return NULL;
      add_child (parser, node, parse_expression (parser));
    }
  return node;
}

static TplNode *
parse_name (Parser *parser)
{
  const char *name = (parser->token++)->text;

  if (strcmp (name, "true") == 0 || strcmp (name, "True") == 0)
    return constant (parser, tpl_bool (&parser->constants, TRUE));
  if (strcmp (name, "false") == 0 || strcmp (name, "False") == 0)
    return constant (parser, tpl_bool (&parser->constants, FALSE));
  if (strcmp (name, "none") == 0 || strcmp (name, "None") == 0)
    return constant (parser, tpl_new (&parser->constants, TPL_NONE));
  return named (parser, TPL_N_NAME, name);
}

static TplNode *
parse_primary (Parser *parser)
{
  gboolean comma;
  TplNode *node;

  switch (parser->token->type)
    {
    case TPL_T_NAME:
      return parse_name (parser);
    case TPL_T_INT:
      return parse_integer (parser);
    case TPL_T_FLOAT:
      return constant (parser, tpl_float (&parser->constants, g_ascii_strtod ((parser->token++)->text, NULL)));
    case TPL_T_STRING:
      return parse_string (parser);
    default:
      break;
    }
  if (accept_operator (parser, "("))
    {
      node = parse_items (parser, TPL_N_TUPLE, ")", &comma);
      return node && node->n_children == 1 && !comma ? node->children[0] : node;
    }
  if (accept_operator (parser, "["))
    return parse_items (parser, TPL_N_LIST, "]", &comma);
  if (accept_operator (parser, "{"))
    return parse_dict (parser);
  return fail (parser, "expected an expression");
}

/* Arguments behind an opening parenthesis, which is taken already: positional children, then named ones. */
static void
parse_arguments (Parser *parser, TplNode *call)
{
  gboolean first = TRUE;

  while (!parser->failed && !accept_operator (parser, ")"))
    {
      if (!first && !expect_operator (parser, ","))
        return;
      first = FALSE;
      if (accept_operator (parser, ")"))
        return;
      if (is_operator (parser, "*") || is_operator (parser, "**"))
        {
          fail (parser, "argument lists are not taken apart here");
          return;
        }
      if (parser->token->type == TPL_T_NAME && parser->token[1].type == TPL_T_OPERATOR
          && strcmp (parser->token[1].text, "=") == 0)
        {
          add_name (parser, call, parser->token->text);
          parser->token += 2;
        }
      else if (call->n_names)
        {
          fail (parser, "a positional argument follows a named one");
          return;
        }
      add_child (parser, call, parse_expression (parser));
    }
}

static TplNode *
parse_subscript (Parser *parser, TplNode *object)
{
  TplNode *node = new_node (parser, TPL_N_INDEX);
  TplNode *parts[3] = { NULL, NULL, NULL };
  guint n = 0;
  gboolean slice = FALSE;

  while (!parser->failed && n < 3)
    {
      if (!is_operator (parser, ":") && !is_operator (parser, "]"))
        parts[n] = parse_expression (parser);
      if (!accept_operator (parser, ":"))
        break;
      slice = TRUE;
      n++;
    }
  if (!expect_operator (parser, "]"))
    return NULL;
  if (!slice && !parts[0])
    return fail (parser, "an index is missing");
  node->type = slice ? TPL_N_SLICE : TPL_N_INDEX;
  add_child (parser, node, object);
  for (guint i = 0; i < (slice ? 3 : 1); i++)
    add_child (parser, node, parts[i]);
  return node;
}

static TplNode *
parse_postfix (Parser *parser, TplNode *node)
{
  for (;;)
    {
      TplNode *outer;

      if (parser->failed)
        return NULL;
      if (accept_operator (parser, "."))
        {
          if (parser->token->type == TPL_T_INT)
            {
              outer = new_node (parser, TPL_N_INDEX);
              add_child (parser, outer, node);
              add_child (parser, outer, parse_integer (parser));
            }
          else
            {
              outer = named (parser, TPL_N_ATTRIBUTE, expect_any_name (parser));
              add_child (parser, outer, node);
            }
        }
      else if (accept_operator (parser, "["))
        outer = parse_subscript (parser, node);
      else if (accept_operator (parser, "("))
        {
          outer = new_node (parser, TPL_N_CALL);
          add_child (parser, outer, node);
          parse_arguments (parser, outer);
        }
      else
        return node;
      node = outer;
    }
}

/* a.b.c, as the names of filters and tests may be written */
static const char *
parse_dotted (Parser *parser)
{
  const char *name = expect_any_name (parser);

  while (is_operator (parser, ".") && parser->token[1].type == TPL_T_NAME)
    {
      char *longer = tpl_alloc (parser->arena, strlen (name) + parser->token[1].length + 2);
      g_snprintf (longer, strlen (name) + parser->token[1].length + 2, "%s.%s", name, parser->token[1].text);
      name = longer;
      parser->token += 2;
    }
  return name;
}

static TplNode *
parse_filter (Parser *parser, TplNode *value)
{
  TplNode *node = named (parser, TPL_N_FILTER, parse_dotted (parser));

  add_child (parser, node, value);
  if (accept_operator (parser, "("))
    parse_arguments (parser, node);
  return node;
}

/* A test without parentheses takes one simple argument, if one follows. */
static gboolean
argument_follows (const Parser *parser)
{
  if (parser->token->type == TPL_T_NAME)
    return !is_name (parser, "else") && !is_name (parser, "or") && !is_name (parser, "and") && !is_name (parser, "is")
           && !is_name (parser, "if") && !is_name (parser, "in") && !is_name (parser, "not");
  return parser->token->type == TPL_T_STRING || parser->token->type == TPL_T_INT || parser->token->type == TPL_T_FLOAT
         || is_operator (parser, "[") || is_operator (parser, "{");
}

static TplNode *
parse_test (Parser *parser, TplNode *value)
{
  gboolean negated = accept_name (parser, "not");
  TplNode *node = named (parser, TPL_N_TEST, parse_dotted (parser));

  node->negated = negated;
  add_child (parser, node, value);
  if (accept_operator (parser, "("))
    parse_arguments (parser, node);
  else if (argument_follows (parser))
    add_child (parser, node, parse_postfix (parser, parse_primary (parser)));
  return node;
}

static TplNode *
parse_filters (Parser *parser, TplNode *node)
{
  while (!parser->failed)
    if (accept_operator (parser, "|"))
      node = parse_filter (parser, node);
    else if (accept_name (parser, "is"))
      node = parse_test (parser, node);
    else if (accept_operator (parser, "("))
      {
        TplNode *call = new_node (parser, TPL_N_CALL);
        add_child (parser, call, node);
        parse_arguments (parser, call);
        node = call;
      }
    else
      return node;
  return NULL;
}

static TplNode *
binary (Parser *parser, const char *name, TplNode *left, TplNode *right)
{
  TplNode *node = named (parser, TPL_N_BINARY, name);

  add_child (parser, node, left);
  add_child (parser, node, right);
  return node;
}

static TplNode *
parse_power (Parser *parser)
{
  TplNode *left = parse_unary (parser, TRUE);

  while (!parser->failed && accept_operator (parser, "**"))
    left = binary (parser, "**", left, parse_unary (parser, TRUE));
  return left;
}

static TplNode *
parse_unary (Parser *parser, gboolean with_filters)
{
  TplNode *node;
  const char *sign = is_operator (parser, "-") ? "-" : is_operator (parser, "+") ? "+" : NULL;

  if (++parser->nesting > MAX_NESTING)
    return fail (parser, "it is nested too deeply");
  if (sign)
    {
      parser->token++;
      node = named (parser, TPL_N_UNARY, sign);
      add_child (parser, node, parse_unary (parser, FALSE));
    }
  else
    node = parse_primary (parser);
  node = parse_postfix (parser, node);
  if (with_filters)
    node = parse_filters (parser, node);
  parser->nesting--;
  return node;
}

/* Left-associative levels, the tightest last. */
static TplNode *
parse_level (Parser *parser, guint level)
{
  static const char *const levels[][5] = { { "+", "-" }, { "~" }, { "*", "/", "//", "%" } };
  TplNode *left;

  if (level == G_N_ELEMENTS (levels))
    return parse_power (parser);
  left = parse_level (parser, level + 1);
  for (guint i = 0; !parser->failed && levels[level][i];)
    if (accept_operator (parser, levels[level][i]))
      {
        left = binary (parser, levels[level][i], left, parse_level (parser, level + 1));
        i = 0;
      }
    else
      i++;
  return left;
}

static const char *
accept_comparison (Parser *parser)
{
  static const char *const operators[] = { "==", "!=", "<=", ">=", "<", ">" };

  for (gsize i = 0; i < G_N_ELEMENTS (operators); i++)
    if (accept_operator (parser, operators[i]))
      return operators[i];
  if (accept_name (parser, "in"))
    return "in";
  if (is_name (parser, "not") && parser->token[1].type == TPL_T_NAME && strcmp (parser->token[1].text, "in") == 0)
    {
      parser->token += 2;
      return "not in";
    }
  return NULL;
}

static TplNode *
parse_compare (Parser *parser)
{
  TplNode *first = parse_level (parser, 0), *node = NULL;
  const char *operator;
  guint n = 0;

  while (!parser->failed && (operator= accept_comparison (parser)))
    {
      if (!node)
        {
          node = new_node (parser, TPL_N_COMPARE);
          add_child (parser, node, first);
        }
      push_pointer (parser, (gconstpointer **)&node->operators, &n, operator);
      add_child (parser, node, parse_level (parser, 0));
    }
  return node ? node : first;
}

static TplNode *
parse_not (Parser *parser)
{
  TplNode *node;

  if (!accept_name (parser, "not"))
    return parse_compare (parser);
  if (++parser->nesting > MAX_NESTING)
    return fail (parser, "it is nested too deeply");
  node = named (parser, TPL_N_UNARY, "not");
  add_child (parser, node, parse_not (parser));
  parser->nesting--;
  return node;
}

/* One node for a whole chain of and, or of or: it may be long. */
static TplNode *
parse_logic (Parser *parser, TplNodeType type)
{
  const char *word = type == TPL_N_AND ? "and" : "or";
  TplNode *first = type == TPL_N_AND ? parse_not (parser) : parse_logic (parser, TPL_N_AND), *node = NULL;

  while (!parser->failed && accept_name (parser, word))
    {
      if (!node)
        {
          node = new_node (parser, type);
          add_child (parser, node, first);
        }
      add_child (parser, node, type == TPL_N_AND ? parse_not (parser) : parse_logic (parser, TPL_N_AND));
    }
  return node ? node : first;
}

static TplNode *
parse_expression (Parser *parser)
{
  TplNode *value = parse_logic (parser, TPL_N_OR);

  while (!parser->failed && accept_name (parser, "if"))
    {
      TplNode *node = new_node (parser, TPL_N_CONDITION);

      add_child (parser, node, value);
      add_child (parser, node, parse_logic (parser, TPL_N_OR));
      if (++parser->nesting > MAX_NESTING)
        return fail (parser, "it is nested too deeply");
      add_child (parser, node, accept_name (parser, "else") ? parse_expression (parser) : NULL);
      parser->nesting--;
      value = node;
    }
  return value;
}

/* a, b, c without parentheses is a tuple. */
static TplNode *
parse_tuple (Parser *parser)
{
  TplNode *first = parse_expression (parser), *tuple;

  if (!is_operator (parser, ","))
    return first;
  tuple = new_node (parser, TPL_N_TUPLE);
  add_child (parser, tuple, first);
  while (!parser->failed && accept_operator (parser, ","))
    if (parser->token->type != TPL_T_TAG_END && parser->token->type != TPL_T_OUTPUT_END)
      add_child (parser, tuple, parse_expression (parser));
  return tuple;
}

/* ---- statements ---- */

static void
parse_targets (Parser *parser, TplNode *node)
{
  gboolean parenthesis = accept_operator (parser, "(");

  do
    add_name (parser, node, expect_any_name (parser));
  while (!parser->failed && accept_operator (parser, ",") && parser->token->type == TPL_T_NAME);
  if (parenthesis)
    expect_operator (parser, ")");
}

/* A body up to one of ends; the tag of the end is taken up to, but not with, its name. */
static TplNode *
parse_until (Parser *parser, const char *const *ends)
{
  TplNode *body;

  if (!expect_tag_end (parser))
    return NULL;
  if (++parser->nesting > MAX_NESTING)
    return fail (parser, "it is nested too deeply");
  body = parse_body (parser, ends);
  parser->nesting--;
  return body;
}

static TplNode *
parse_if (Parser *parser)
{
  static const char *const ends[] = { "elif", "else", "endif", NULL };
  static const char *const last[] = { "endif", NULL };
  TplNode *node = new_node (parser, TPL_N_IF);

  do
    {
      add_child (parser, node, parse_tuple (parser));
      add_child (parser, node, parse_until (parser, ends));
    }
  while (!parser->failed && accept_name (parser, "elif"));
  if (!parser->failed && accept_name (parser, "else"))
    add_child (parser, node, parse_until (parser, last));
  accept_name (parser, "endif");
  expect_tag_end (parser);
  return node;
}

static TplNode *
parse_for (Parser *parser)
{
  static const char *const ends[] = { "else", "endfor", NULL };
  static const char *const last[] = { "endfor", NULL };
  TplNode *node = new_node (parser, TPL_N_FOR);

  parse_targets (parser, node);
  if (!accept_name (parser, "in"))
    return fail (parser, "expected “in”");
  add_child (parser, node, parse_logic (parser, TPL_N_OR));
  add_child (parser, node, accept_name (parser, "if") ? parse_expression (parser) : NULL);
  node->negated = accept_name (parser, "recursive");
  add_child (parser, node, parse_until (parser, ends));
  add_child (parser, node, !parser->failed && accept_name (parser, "else") ? parse_until (parser, last) : NULL);
  accept_name (parser, "endfor");
  expect_tag_end (parser);
  return node;
}

static TplNode *
parse_set (Parser *parser)
{
  static const char *const ends[] = { "endset", NULL };
  TplNode *node = new_node (parser, TPL_N_SET);

  if (parser->token->type == TPL_T_NAME && parser->token[1].type == TPL_T_OPERATOR
      && strcmp (parser->token[1].text, ".") == 0)
    {
      node->name = parser->token->text;
      parser->token += 2;
      node->attribute = expect_any_name (parser);
    }
  else
    parse_targets (parser, node);
  if (accept_operator (parser, "="))
    {
      add_child (parser, node, parse_tuple (parser));
      expect_tag_end (parser);
      return node;
    }
  node->type = TPL_N_SET_BLOCK;
  {
    TplNode *filters = new_node (parser, TPL_N_HOLE);

    filters = parse_filters (parser, filters);
    add_child (parser, node, filters);
  }
  add_child (parser, node, parse_until (parser, ends));
  accept_name (parser, "endset");
  expect_tag_end (parser);
  return node;
}

/* (a, b = 1): the parameters of a macro or of a call block. */
static void
parse_parameters (Parser *parser, TplNode *macro)
{
  while (!parser->failed && !accept_operator (parser, ")"))
    {
      if (macro->n_names && !expect_operator (parser, ","))
        return;
      if (accept_operator (parser, ")"))
        return;
      add_name (parser, macro, expect_any_name (parser));
      if (accept_operator (parser, "="))
        push_pointer (parser, (gconstpointer **)&macro->defaults, &macro->n_defaults, parse_expression (parser));
      else if (macro->n_defaults)
        fail (parser, "a parameter without a default follows one that has it");
    }
}

static TplNode *
parse_macro (Parser *parser)
{
  static const char *const ends[] = { "endmacro", NULL };
  TplNode *node = named (parser, TPL_N_MACRO, expect_any_name (parser));

  if (!expect_operator (parser, "("))
    return NULL;
  parse_parameters (parser, node);
  add_child (parser, node, parse_until (parser, ends));
  accept_name (parser, "endmacro");
  if (parser->token->type == TPL_T_NAME)
    parser->token++;
  expect_tag_end (parser);
  return node;
}

static TplNode *
parse_call_block (Parser *parser)
{
  static const char *const ends[] = { "endcall", NULL };
  TplNode *node = new_node (parser, TPL_N_CALL_BLOCK), *macro = named (parser, TPL_N_MACRO, "caller");

  if (accept_operator (parser, "("))
    parse_parameters (parser, macro);
  add_child (parser, node, parse_expression (parser));
  add_child (parser, node, macro);
  add_child (parser, macro, parse_until (parser, ends));
  accept_name (parser, "endcall");
  expect_tag_end (parser);
  if (!parser->failed && node->children[0]->type != TPL_N_CALL)
    return fail (parser, "a call block needs a call");
  return node;
}

static TplNode *
parse_filter_block (Parser *parser)
{
  static const char *const ends[] = { "endfilter", NULL };
  TplNode *node = new_node (parser, TPL_N_FILTER_BLOCK);
  TplNode *chain = parse_filter (parser, new_node (parser, TPL_N_HOLE));

  add_child (parser, node, parse_filters (parser, chain));
  add_child (parser, node, parse_until (parser, ends));
  accept_name (parser, "endfilter");
  expect_tag_end (parser);
  return node;
}

static TplNode *
parse_with (Parser *parser)
{
  static const char *const ends[] = { "endwith", NULL };
  TplNode *node = new_node (parser, TPL_N_WITH);

  while (!parser->failed && parser->token->type == TPL_T_NAME)
    {
      add_name (parser, node, expect_any_name (parser));
      if (!expect_operator (parser, "="))
        return NULL;
      add_child (parser, node, parse_expression (parser));
      if (!accept_operator (parser, ","))
        break;
    }
  add_child (parser, node, parse_until (parser, ends));
  accept_name (parser, "endwith");
  expect_tag_end (parser);
  return node;
}

/* {% generation %} marks the assistant's part for training; it prints its body. */
static TplNode *
parse_generation (Parser *parser)
{
  static const char *const ends[] = { "endgeneration", NULL };
  TplNode *node = parse_until (parser, ends);

  accept_name (parser, "endgeneration");
  expect_tag_end (parser);
  return node;
}

static TplNode *
parse_leave (Parser *parser)
{
  TplNode *node = new_node (parser, strcmp (parser->token[-1].text, "break") == 0 ? TPL_N_BREAK : TPL_N_CONTINUE);

  expect_tag_end (parser);
  return node;
}

static TplNode *
parse_statement (Parser *parser)
{
  static const struct
  {
    const char *name;
    TplNode *(*parse) (Parser *parser);
  } table[] = {
    { "if", parse_if },           { "for", parse_for },
    { "set", parse_set },         { "macro", parse_macro },
    { "call", parse_call_block }, { "filter", parse_filter_block },
    { "with", parse_with },       { "generation", parse_generation },
    { "break", parse_leave },     { "continue", parse_leave },
  };
  g_autofree char *message = NULL;
  const char *name = expect_any_name (parser);

  for (gsize i = 0; i < G_N_ELEMENTS (table) && !parser->failed; i++)
    if (strcmp (name, table[i].name) == 0)
      return table[i].parse (parser);
  message = g_strdup_printf ("the tag “%.40s” is not known here", name);
  return fail (parser, message);
}

static gboolean
at_end (const Parser *parser, const char *const *ends)
{
  for (; ends && *ends; ends++)
    if (parser->token[1].type == TPL_T_NAME && strcmp (parser->token[1].text, *ends) == 0)
      return TRUE;
  return FALSE;
}

static TplNode *
parse_body (Parser *parser, const char *const *ends)
{
  TplNode *body = new_node (parser, TPL_N_BLOCK), *node;

  while (!parser->failed)
    switch (parser->token->type)
      {
      case TPL_T_TEXT:
        node = new_node (parser, TPL_N_TEXT);
        node->value = tpl_string (&parser->constants, parser->token->text, parser->token->length);
        parser->token++;
        add_child (parser, body, node);
        break;
      case TPL_T_OUTPUT_BEGIN:
        parser->token++;
        node = new_node (parser, TPL_N_OUTPUT);
        add_child (parser, node, parse_tuple (parser));
        if (!parser->failed && parser->token->type != TPL_T_OUTPUT_END)
          return fail (parser, "expected “}}”");
        if (!parser->failed)
          parser->token++;
        add_child (parser, body, node);
        break;
      case TPL_T_TAG_BEGIN:
        if (at_end (parser, ends))
          {
            parser->token++;
            return body;
          }
        parser->token++;
        add_child (parser, body, parse_statement (parser));
        break;
      default:
        return ends ? fail (parser, "a block has no end") : body;
      }
  return NULL;
}

TplNode *
tpl_parse (TplArena *arena, const char *source, gsize length, GError **error)
{
  g_autoptr (GArray) tokens = tpl_lex (arena, source, length, error);
  Parser parser = { .arena = arena, .constants = { .arena = arena }, .error = error };
  TplNode *root;

  if (!tokens)
    return NULL;
  parser.token = (const TplToken *)tokens->data;
  root = parse_body (&parser, NULL);
  return parser.failed ? NULL : root;
}
