/* Expressions, the loosest operator last. */
#include "parser.h"

#include <errno.h>
#include <string.h>

static TplNode *parse_unary (TplParser *parser, gboolean with_filters);

static TplNode *
constant (TplParser *parser, TplValue *value)
{
  TplNode *node = tpl_node (parser, TPL_N_CONST);

  node->value = value;
  return node;
}

static TplNode *
parse_integer (TplParser *parser)
{
  const TplToken *token = parser->token++;
  GError *problem = NULL;
  TplValue *value;

  parser->constants.error = &problem;
  value = tpl_parse_int (&parser->constants, token->text, token->length, 0);
  g_clear_error (&problem);
  return value ? constant (parser, value) : tpl_parse_fail (parser, "a wrong number");
}

static TplNode *
parse_string (TplParser *parser)
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
parse_items (TplParser *parser, TplNodeType type, const char *close, gboolean *comma)
{
  TplNode *node = tpl_node (parser, type);

  *comma = FALSE;
  while (!parser->failed && !tpl_accept_operator (parser, close))
    {
      if (node->n_children && !tpl_expect_operator (parser, ","))
        return NULL;
      *comma |= node->n_children > 0;
      if (tpl_accept_operator (parser, close))
        break;
      tpl_add_child (parser, node, tpl_parse_expression (parser));
    }
  return node;
}

static TplNode *
parse_dict (TplParser *parser)
{
  TplNode *node = tpl_node (parser, TPL_N_DICT);

  while (!parser->failed && !tpl_accept_operator (parser, "}"))
    {
      if (node->n_children && !tpl_expect_operator (parser, ","))
        return NULL;
      if (tpl_accept_operator (parser, "}"))
        break;
      tpl_add_child (parser, node, tpl_parse_expression (parser));
      if (!tpl_expect_operator (parser, ":"))
        return NULL;
      tpl_add_child (parser, node, tpl_parse_expression (parser));
    }
  return node;
}

static TplNode *
parse_name (TplParser *parser)
{
  static const struct
  {
    const char *name;
    guint use;
  } noted[] = {
    { "caller", TPL_USES_CALLER },
    { "kwargs", TPL_USES_KWARGS },
    { "varargs", TPL_USES_VARARGS },
    { "loop", TPL_USES_LOOP },
  };
  const char *name = (parser->token++)->text;

  if (strcmp (name, "true") == 0 || strcmp (name, "True") == 0)
    return constant (parser, tpl_bool (&parser->constants, TRUE));
  if (strcmp (name, "false") == 0 || strcmp (name, "False") == 0)
    return constant (parser, tpl_bool (&parser->constants, FALSE));
  if (strcmp (name, "none") == 0 || strcmp (name, "None") == 0)
    return constant (parser, tpl_new (&parser->constants, TPL_NONE));
  for (gsize i = 0; i < G_N_ELEMENTS (noted); i++)
    if (strcmp (name, noted[i].name) == 0)
      parser->uses |= noted[i].use;
  return tpl_named_node (parser, TPL_N_NAME, name);
}

static TplNode *
parse_primary (TplParser *parser)
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
  if (tpl_accept_operator (parser, "("))
    {
      node = parse_items (parser, TPL_N_TUPLE, ")", &comma);
      return node && node->n_children == 1 && !comma ? node->children[0] : node;
    }
  if (tpl_accept_operator (parser, "["))
    return parse_items (parser, TPL_N_LIST, "]", &comma);
  if (tpl_accept_operator (parser, "{"))
    return parse_dict (parser);
  return tpl_parse_fail (parser, "expected an expression");
}

/* *list or **dict, where one stands. */
static TplNode *
parse_spread (TplParser *parser)
{
  gboolean keys = tpl_at_operator (parser, "**");
  TplNode *node;

  if (!keys && !tpl_at_operator (parser, "*"))
    return NULL;
  parser->token++;
  node = tpl_node (parser, keys ? TPL_N_SPREAD_KEYS : TPL_N_SPREAD);
  tpl_add_child (parser, node, tpl_parse_expression (parser));
  return node;
}

/* Arguments behind an opening parenthesis, which is taken already: positional children, then named ones. */
static void
parse_arguments (TplParser *parser, TplNode *call)
{
  TplNode *named = tpl_node (parser, TPL_N_LIST), *spread;
  gboolean first = TRUE, spread_seen = FALSE, keys_seen = FALSE;

  while (!parser->failed && !tpl_accept_operator (parser, ")"))
    {
      gboolean is_named;

      if (!first && !tpl_expect_operator (parser, ","))
        return;
      if (!first && tpl_accept_operator (parser, ")"))
        break;
      is_named = parser->token->type == TPL_T_NAME && parser->token[1].type == TPL_T_OPERATOR
                 && strcmp (parser->token[1].text, "=") == 0;
      first = FALSE;
      spread = parse_spread (parser);
      if (keys_seen || (spread_seen && !is_named && (!spread || spread->type == TPL_N_SPREAD))
          || (call->n_names && !is_named && !spread))
        {
          tpl_parse_fail (parser, "arguments in a wrong order");
          return;
        }
      spread_seen |= spread != NULL;
      keys_seen |= spread && spread->type == TPL_N_SPREAD_KEYS;
      if (is_named)
        {
          for (guint i = 0; i < call->n_names; i++)
            if (strcmp (call->names[i], parser->token->text) == 0)
              tpl_parse_fail (parser, "a keyword argument is repeated");
          tpl_add_name (parser, call, parser->token->text);
          parser->token += 2;
        }
      tpl_add_child (parser, is_named ? named : call, spread ? spread : tpl_parse_expression (parser));
    }
  for (guint i = 0; i < named->n_children; i++)
    tpl_add_child (parser, call, named->children[i]);
}

/* One part between the brackets: an index, or start:stop:step. */
static TplNode *
parse_subscripted (TplParser *parser, TplNode *object)
{
  TplNode *node = tpl_node (parser, TPL_N_INDEX), *parts[3] = { NULL };
  guint n = 0;

  while (!parser->failed && n < 3)
    {
      if (!tpl_at_operator (parser, ":") && !tpl_at_operator (parser, "]") && !tpl_at_operator (parser, ","))
        parts[n] = tpl_parse_expression (parser);
      if (n == 2 || !tpl_accept_operator (parser, ":"))
        break;
      n++;
    }
  if (n == 0 && !parts[0])
    return tpl_parse_fail (parser, "an index is missing");
  node->type = n ? TPL_N_SLICE : TPL_N_INDEX;
  tpl_add_child (parser, node, object);
  for (guint i = 0; i < (n ? 3 : 1); i++)
    tpl_add_child (parser, node, parts[i]);
  return node;
}

static TplNode *
parse_subscript (TplParser *parser, TplNode *object)
{
  TplNode *node = parse_subscripted (parser, object), *tuple;

  if (!parser->failed && node->type == TPL_N_INDEX && tpl_at_operator (parser, ","))
    {
      tuple = tpl_node (parser, TPL_N_TUPLE);
      tpl_add_child (parser, tuple, node->children[1]);
      while (!parser->failed && tpl_accept_operator (parser, ","))
        tpl_add_child (parser, tuple, tpl_parse_expression (parser));
      node->children[1] = tuple;
    }
  return tpl_expect_operator (parser, "]") ? node : NULL;
}

static TplNode *
parse_postfix (TplParser *parser, TplNode *node)
{
  for (;;)
    {
      TplNode *outer;

      if (parser->failed)
        return NULL;
      if (tpl_accept_operator (parser, "."))
        {
          if (parser->token->type == TPL_T_INT)
            {
              outer = tpl_node (parser, TPL_N_INDEX);
              tpl_add_child (parser, outer, node);
              tpl_add_child (parser, outer, parse_integer (parser));
            }
          else
            {
              outer = tpl_named_node (parser, TPL_N_ATTRIBUTE, tpl_expect_any_name (parser));
              tpl_add_child (parser, outer, node);
            }
        }
      else if (tpl_accept_operator (parser, "["))
        outer = parse_subscript (parser, node);
      else if (tpl_accept_operator (parser, "("))
        {
          outer = tpl_node (parser, TPL_N_CALL);
          tpl_add_child (parser, outer, node);
          parse_arguments (parser, outer);
        }
      else
        return node;
      node = outer;
    }
}

/* a.b.c, as the names of filters and tests may be written */
static const char *
parse_dotted (TplParser *parser)
{
  const char *name = tpl_expect_any_name (parser);

  while (tpl_at_operator (parser, ".") && parser->token[1].type == TPL_T_NAME)
    {
      char *longer = tpl_alloc (parser->arena, strlen (name) + parser->token[1].length + 2);
      g_snprintf (longer, strlen (name) + parser->token[1].length + 2, "%s.%s", name, parser->token[1].text);
      name = longer;
      parser->token += 2;
    }
  return name;
}

TplNode *
tpl_parse_filter (TplParser *parser, TplNode *value)
{
  TplNode *node = tpl_named_node (parser, TPL_N_FILTER, parse_dotted (parser));

  tpl_add_child (parser, node, value);
  if (tpl_accept_operator (parser, "("))
    parse_arguments (parser, node);
  return node;
}

/* A test without parentheses takes one simple argument, if one follows. */
static gboolean
argument_follows (const TplParser *parser)
{
  if (parser->token->type == TPL_T_NAME)
    return !tpl_at_name (parser, "else") && !tpl_at_name (parser, "or") && !tpl_at_name (parser, "and");
  return parser->token->type == TPL_T_STRING || parser->token->type == TPL_T_INT || parser->token->type == TPL_T_FLOAT
         || tpl_at_operator (parser, "[") || tpl_at_operator (parser, "{");
}

static TplNode *
parse_test (TplParser *parser, TplNode *value)
{
  gboolean negated = tpl_accept_name (parser, "not");
  TplNode *node = tpl_named_node (parser, TPL_N_TEST, parse_dotted (parser));

  node->flag = negated;
  tpl_add_child (parser, node, value);
  if (tpl_accept_operator (parser, "("))
    parse_arguments (parser, node);
  else if (tpl_at_name (parser, "is"))
    return tpl_parse_fail (parser, "tests cannot be chained with is");
  else if (argument_follows (parser))
    tpl_add_child (parser, node, parse_postfix (parser, parse_primary (parser)));
  return node;
}

TplNode *
tpl_parse_filters (TplParser *parser, TplNode *node)
{
  while (!parser->failed)
    if (tpl_accept_operator (parser, "|"))
      node = tpl_parse_filter (parser, node);
    else if (tpl_accept_name (parser, "is"))
      node = parse_test (parser, node);
    else if (tpl_accept_operator (parser, "("))
      {
        TplNode *call = tpl_node (parser, TPL_N_CALL);
        tpl_add_child (parser, call, node);
        parse_arguments (parser, call);
        node = call;
      }
    else
      return node;
  return NULL;
}

static TplNode *
binary (TplParser *parser, const char *name, TplNode *left, TplNode *right)
{
  TplNode *node = tpl_named_node (parser, TPL_N_BINARY, name);

  tpl_add_child (parser, node, left);
  tpl_add_child (parser, node, right);
  return node;
}

static TplNode *
parse_power (TplParser *parser)
{
  TplNode *left = parse_unary (parser, TRUE);

  while (!parser->failed && tpl_accept_operator (parser, "**"))
    left = binary (parser, "**", left, parse_unary (parser, TRUE));
  return left;
}

static TplNode *
parse_unary (TplParser *parser, gboolean with_filters)
{
  TplNode *node;
  const char *sign = tpl_at_operator (parser, "-") ? "-" : tpl_at_operator (parser, "+") ? "+" : NULL;

  if (!tpl_enter (parser))
    return NULL;
  if (sign)
    {
      parser->token++;
      node = tpl_named_node (parser, TPL_N_UNARY, sign);
      tpl_add_child (parser, node, parse_unary (parser, FALSE));
    }
  else
    node = parse_primary (parser);
  node = parse_postfix (parser, node);
  if (with_filters)
    node = tpl_parse_filters (parser, node);
  parser->nesting--;
  return node;
}

/* Left-associative levels, the tightest last. */
static TplNode *
parse_level (TplParser *parser, guint level)
{
  static const char *const levels[][5] = { { "+", "-" }, { "~" }, { "*", "/", "//", "%" } };
  TplNode *left;

  if (level == G_N_ELEMENTS (levels))
    return parse_power (parser);
  left = parse_level (parser, level + 1);
  for (guint i = 0; !parser->failed && levels[level][i];)
    if (tpl_accept_operator (parser, levels[level][i]))
      {
        left = binary (parser, levels[level][i], left, parse_level (parser, level + 1));
        i = 0;
      }
    else
      i++;
  return left;
}

static const char *
accept_comparison (TplParser *parser)
{
  static const char *const operators[] = { "==", "!=", "<=", ">=", "<", ">" };

  for (gsize i = 0; i < G_N_ELEMENTS (operators); i++)
    if (tpl_accept_operator (parser, operators[i]))
      return operators[i];
  if (tpl_accept_name (parser, "in"))
    return "in";
  if (tpl_at_name (parser, "not") && parser->token[1].type == TPL_T_NAME && strcmp (parser->token[1].text, "in") == 0)
    {
      parser->token += 2;
      return "not in";
    }
  return NULL;
}

static TplNode *
parse_compare (TplParser *parser)
{
  TplNode *first = parse_level (parser, 0), *node = NULL;
  const char *operator;
  guint n = 0;

  while (!parser->failed && (operator= accept_comparison (parser)))
    {
      if (!node)
        {
          node = tpl_node (parser, TPL_N_COMPARE);
          tpl_add_child (parser, node, first);
        }
      tpl_push (parser, (gconstpointer **)&node->operators, &n, operator);
      tpl_add_child (parser, node, parse_level (parser, 0));
    }
  return node ? node : first;
}

static TplNode *
parse_not (TplParser *parser)
{
  TplNode *node;

  if (!tpl_accept_name (parser, "not"))
    return parse_compare (parser);
  if (!tpl_enter (parser))
    return NULL;
  node = tpl_named_node (parser, TPL_N_UNARY, "not");
  tpl_add_child (parser, node, parse_not (parser));
  parser->nesting--;
  return node;
}

/* One node for a whole chain of and, or of or: it may be long. */
static TplNode *
parse_logic (TplParser *parser, TplNodeType type)
{
  const char *word = type == TPL_N_AND ? "and" : "or";
  TplNode *first = type == TPL_N_AND ? parse_not (parser) : parse_logic (parser, TPL_N_AND), *node = NULL;

  while (!parser->failed && tpl_accept_name (parser, word))
    {
      if (!node)
        {
          node = tpl_node (parser, type);
          tpl_add_child (parser, node, first);
        }
      tpl_add_child (parser, node, type == TPL_N_AND ? parse_not (parser) : parse_logic (parser, TPL_N_AND));
    }
  return node ? node : first;
}

TplNode *
tpl_parse_expression (TplParser *parser)
{
  TplNode *value = parse_logic (parser, TPL_N_OR);

  while (!parser->failed && tpl_accept_name (parser, "if"))
    {
      TplNode *node = tpl_node (parser, TPL_N_CONDITION);

      tpl_add_child (parser, node, value);
      tpl_add_child (parser, node, parse_logic (parser, TPL_N_OR));
      if (!tpl_enter (parser))
        return NULL;
      tpl_add_child (parser, node, tpl_accept_name (parser, "else") ? tpl_parse_expression (parser) : NULL);
      parser->nesting--;
      value = node;
    }
  return value;
}

TplNode *
tpl_parse_tuple (TplParser *parser, gboolean with_condition)
{
  TplNode *first = with_condition ? tpl_parse_expression (parser) : parse_logic (parser, TPL_N_OR), *tuple;

  if (!tpl_at_operator (parser, ","))
    return first;
  tuple = tpl_node (parser, TPL_N_TUPLE);
  tpl_add_child (parser, tuple, first);
  while (!parser->failed && tpl_accept_operator (parser, ","))
    if (parser->token->type != TPL_T_TAG_END && parser->token->type != TPL_T_OUTPUT_END
        && !tpl_at_name (parser, "recursive"))
      tpl_add_child (parser, tuple, with_condition ? tpl_parse_expression (parser) : parse_logic (parser, TPL_N_OR));
  return tuple;
}

static TplNode *
parse_one_target (TplParser *parser, gboolean with_namespace)
{
  TplNode *node, *outer;

  if (tpl_accept_operator (parser, "("))
    {
      if (!tpl_enter (parser))
        return NULL;
      node = tpl_parse_target (parser, with_namespace);
      parser->nesting--;
      return tpl_expect_operator (parser, ")") ? node : NULL;
    }
  if (parser->token->type == TPL_T_NAME)
    {
      guint uses = parser->uses;

      node = parse_name (parser);
      parser->uses = uses;
      if (node->type != TPL_N_NAME)
        return tpl_parse_fail (parser, "a constant cannot be assigned to");
    }
  else
    return tpl_parse_fail (parser, "expected a name");
  if (!with_namespace || !tpl_accept_operator (parser, "."))
    return node;
  outer = tpl_named_node (parser, TPL_N_ATTRIBUTE, tpl_expect_any_name (parser));
  tpl_add_child (parser, outer, node);
  return outer;
}

TplNode *
tpl_parse_target (TplParser *parser, gboolean with_namespace)
{
  TplNode *first = parse_one_target (parser, with_namespace), *tuple;

  if (parser->failed || !tpl_at_operator (parser, ","))
    return first;
  tuple = tpl_node (parser, TPL_N_TUPLE);
  tpl_add_child (parser, tuple, first);
  while (!parser->failed && tpl_accept_operator (parser, ","))
    if ((parser->token->type == TPL_T_NAME && !tpl_at_name (parser, "in")) || tpl_at_operator (parser, "("))
      tpl_add_child (parser, tuple, parse_one_target (parser, with_namespace));
  return tuple;
}
