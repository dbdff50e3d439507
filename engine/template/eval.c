/* Values of expressions. */
#include "template-private.h"

#include <string.h>

#define MAX_CALLS   TPL_MAX_DEPTH
#define MAX_NESTING 3000 /* of expressions and blocks being evaluated, over all calls */

/* ---- calls ---- */

/* The place of a name among a row's parameters; -1: none. */
static int
find_parameter (const char *parameters, const char *name)
{
  gsize length = strlen (name);

  if (*parameters == '/')
    return -1;
  for (int i = 0; *parameters; i++)
    {
      gsize end = strcspn (parameters, " ");

      if (end == length && memcmp (parameters, name, length) == 0)
        return i;
      parameters += end + (parameters[end] == ' ');
    }
  return -1;
}

static guint
count_parameters (const char *parameters)
{
  guint n = *parameters != '\0';

  for (; *parameters; parameters++)
    n += *parameters == ' ';
  return n;
}

TplValue *
tpl_apply (TplRun *run, const TplBuiltin *row, TplValue *self, const TplArgs *args)
{
  TplValue *values[8] = { NULL };
  const TplArgs bound = { .positional = values, .n_positional = G_N_ELEMENTS (values) };
  guint n;

  if (self && !tpl_tick_for (run, self))
    return NULL;
  if (!row->parameters)
    return row->function (run, self, args);
  n = count_parameters (row->parameters);
  if (args->n_positional > n)
    return tpl_fail (run, "%s() takes at most %u arguments (%u given)", row->name, n, args->n_positional);
  for (guint i = 0; i < args->n_positional; i++)
    values[i] = args->positional[i];
  for (guint i = 0; i < args->n_named; i++)
    {
      int place = find_parameter (row->parameters, args->names[i]);

      if (place < 0 || values[place])
        return tpl_fail (run, "%s() got %s keyword argument '%s'", row->name, place < 0 ? "an unexpected" : "twice the",
                         args->names[i]);
      values[place] = args->named[i];
    }
  for (guint i = 0; i < row->n_required; i++)
    if (!values[i])
      return tpl_fail (run, "%s() lacks an argument", row->name);
  return row->function (run, self, &bound);
}

TplValue *
tpl_call (TplRun *run, TplValue *callable, const TplArgs *args)
{
  TplValue *result = NULL;

  if (run->calls >= MAX_CALLS)
    return tpl_fail (run, "calls are nested more than %d deep", MAX_CALLS);
  run->calls++;
  switch (callable->type)
    {
    case TPL_UNDEFINED:
      tpl_undefined_read (run, callable);
      break;
    case TPL_FUNCTION:
    case TPL_METHOD:
      result = tpl_apply (run, callable->builtin, callable->object, args);
      break;
    case TPL_MACRO:
      result = tpl_call_macro (run, callable, args);
      break;
    case TPL_LOOP:
      result = tpl_call_loop (run, callable, args);
      break;
    case TPL_JOINER:
      result = callable->flag ? callable->object : tpl_string (run, "", 0);
      callable->flag = TRUE;
      break;
    default:
      tpl_fail (run, "'%s' object is not callable", tpl_type_name (callable));
    }
  run->calls--;
  return run->failed ? NULL : result;
}

/* Where *list and **dict stand among the arguments, which is before the named ones, their parts take the place. */
static gboolean
spread (TplRun *run, const TplNode *node, guint first, TplValue *const *values, TplArgs *args)
{
  TplValue *positional = tpl_list (run, TPL_LIST), *named = tpl_list (run, TPL_DICT);
  guint n_plain = node->n_children - node->n_names - first;

  for (guint i = 0; i < n_plain && !run->failed; i++)
    {
      TplNodeType type = node->children[first + i]->type;
      const TplValue *parts = type == TPL_N_SPREAD ? tpl_items (run, values[i]) : values[i];

      if (type == TPL_N_SPREAD)
        for (gsize k = 0; parts && k < parts->n; k++)
          tpl_append (run, positional, parts->items[k]);
      else if (type != TPL_N_SPREAD_KEYS)
        tpl_append (run, positional, values[i]);
      else if (parts->type != TPL_DICT)
        tpl_fail (run, "argument after ** must be a mapping, not %s", tpl_type_name (parts));
      else
        for (gsize k = 0; k < parts->n; k++)
          tpl_dict_set (run, named, parts->keys[k], parts->items[k]);
    }
  for (guint i = 0; i < node->n_names && !run->failed; i++)
    {
      if (tpl_dict_get_text (named, node->names[i]))
        tpl_fail (run, "got multiple values for keyword argument '%s'", node->names[i]);
      tpl_dict_set (run, named, tpl_string (run, node->names[i], -1), values[n_plain + i]);
    }
  *args = (TplArgs){ .positional = positional->items,
                     .n_positional = positional->n,
                     .names = tpl_alloc (run->arena, (named->n + 1) * sizeof *args->names),
                     .named = named->items,
                     .n_named = named->n };
  for (gsize i = 0; i < named->n; i++)
    {
      if (named->keys[i]->type != TPL_STRING)
        tpl_fail (run, "keywords must be strings");
      args->names[i] = named->keys[i]->text;
    }
  return !run->failed;
}

/* Children from first on: positional ones, then one a name. */
static gboolean
eval_args (TplRun *run, const TplNode *node, guint first, TplScope *scope, TplArgs *args)
{
  guint n = node->n_children - first;
  TplValue **values = tpl_alloc (run->arena, MAX (1, n) * sizeof *values);
  gboolean spreads = FALSE;

  for (guint i = 0; i < n; i++)
    {
      const TplNode *child = node->children[first + i];
      gboolean is_spread = child->type == TPL_N_SPREAD || child->type == TPL_N_SPREAD_KEYS;

      values[i] = tpl_eval (run, is_spread ? child->children[0] : child, scope);
      if (!values[i])
        return FALSE;
      spreads |= is_spread;
    }
  *args = (TplArgs){
    .positional = values,
    .n_positional = n - node->n_names,
    .names = node->names,
    .named = values + (n - node->n_names),
    .n_named = node->n_names,
  };
  return !spreads || spread (run, node, first, values, args);
}

/* caller: of a call block; it goes as one more keyword. */
static gboolean
add_caller (TplRun *run, TplArgs *args, TplValue *caller)
{
  const char **names = tpl_alloc (run->arena, (args->n_named + 1) * sizeof *names);
  TplValue **named = tpl_alloc (run->arena, (args->n_named + 1) * sizeof *named);

  for (guint i = 0; i < args->n_named; i++)
    {
      names[i] = args->names[i];
      named[i] = args->named[i];
    }
  names[args->n_named] = "caller";
  named[args->n_named++] = caller;
  args->names = names;
  args->named = named;
  return TRUE;
}

static TplValue *
eval_call (TplRun *run, const TplNode *node, TplScope *scope)
{
  const TplNode *call = node->type == TPL_N_CALL_BLOCK ? node->children[0] : node;
  TplValue *callable = tpl_eval (run, call->children[0], scope);
  TplArgs args;

  if (!callable || !eval_args (run, call, 1, scope, &args))
    return NULL;
  if (node != call)
    add_caller (run, &args, tpl_macro (run, node->children[1], scope));
  run->line = node->line;
  return tpl_call (run, callable, &args);
}

/* ---- expressions ---- */

static TplValue *
eval_items (TplRun *run, const TplNode *node, TplScope *scope)
{
  TplValue *list = tpl_list (run, node->type == TPL_N_TUPLE ? TPL_TUPLE : TPL_LIST);

  for (guint i = 0; i < node->n_children; i++)
    {
      TplValue *value = tpl_eval (run, node->children[i], scope);

      if (!value)
        return NULL;
      tpl_append (run, list, value);
    }
  return list;
}

static TplValue *
eval_dict (TplRun *run, const TplNode *node, TplScope *scope)
{
  TplValue *dict = tpl_list (run, TPL_DICT);

  for (guint i = 0; i < node->n_children; i += 2)
    {
      TplValue *key = tpl_eval (run, node->children[i], scope);
      TplValue *value = key ? tpl_eval (run, node->children[i + 1], scope) : NULL;

      if (!value)
        return NULL;
      if (!tpl_is_hashable (key))
        return tpl_fail (run, "unhashable type: '%s'", tpl_type_name (key));
      tpl_dict_set (run, dict, key, value);
    }
  return dict;
}

static TplValue *
eval_filter (TplRun *run, const TplNode *node, TplScope *scope)
{
  gboolean test = node->type == TPL_N_TEST;
  const TplBuiltin *row = test ? tpl_find_test (node->name) : tpl_find_filter (node->name);
  TplValue *value, *result;
  TplArgs args;

  run->line = node->line;
  if (!row)
    return tpl_fail (run, "No %s named '%s'.", test ? "test" : "filter", node->name);
  value = tpl_eval (run, node->children[0], scope);
  if (!value || !eval_args (run, node, 1, scope, &args))
    return NULL;
  run->line = node->line;
  result = tpl_apply (run, row, value, &args);
  if (run->failed || !result)
    return NULL;
  return test ? tpl_bool (run, tpl_true (result) != node->flag) : result;
}

static TplValue *
eval_compare (TplRun *run, const TplNode *node, TplScope *scope)
{
  TplValue *left = tpl_eval (run, node->children[0], scope);

  for (guint i = 1; left && i < node->n_children; i++)
    {
      TplValue *right = tpl_eval (run, node->children[i], scope);
      gboolean result;

      run->line = node->line;
      if (!right || !tpl_compare (run, node->operators[i - 1], left, right, &result))
        return NULL;
      if (!result)
        return tpl_bool (run, FALSE);
      left = right;
    }
  return left ? tpl_bool (run, TRUE) : NULL;
}

static TplValue *
eval_logic (TplRun *run, const TplNode *node, TplScope *scope)
{
  TplValue *value = NULL;

  for (guint i = 0; i < node->n_children; i++)
    {
      value = tpl_eval (run, node->children[i], scope);
      if (!value || tpl_true (value) == (node->type == TPL_N_OR))
        return value;
    }
  return value;
}

static TplValue *
eval_condition (TplRun *run, const TplNode *node, TplScope *scope)
{
  TplValue *condition = tpl_eval (run, node->children[1], scope);

  if (!condition)
    return NULL;
  if (tpl_true (condition))
    return tpl_eval (run, node->children[0], scope);
  if (node->children[2])
    return tpl_eval (run, node->children[2], scope);
  return tpl_undefined (run, "the inline if-expression evaluated to false and no else section was defined.");
}

static TplValue *
eval_slice (TplRun *run, const TplNode *node, TplScope *scope)
{
  TplValue *object = tpl_eval (run, node->children[0], scope), *bounds[3] = { NULL };

  for (guint i = 0; object && i < 3; i++)
    if (node->children[i + 1] && !(bounds[i] = tpl_eval (run, node->children[i + 1], scope)))
      return NULL;
  run->line = node->line;
  return object ? tpl_slice (run, object, bounds) : NULL;
}

static TplValue *
eval_name (TplRun *run, const TplNode *node, TplScope *scope)
{
  TplValue *value = tpl_look_up (scope, node->name);
  g_autofree char *why = NULL;

  if (value)
    return value;
  why = g_strdup_printf ("'%s' is undefined", node->name);
  return tpl_undefined (run, tpl_string (run, why, -1)->text);
}

/* The nodes with one or two plain operands. */
static TplValue *
eval_operands (TplRun *run, const TplNode *node, TplScope *scope)
{
  TplValue *a = tpl_eval (run, node->children[0], scope), *b = NULL;

  if (a && node->n_children > 1)
    b = tpl_eval (run, node->children[1], scope);
  if (run->failed)
    return NULL;
  run->line = node->line;
  switch (node->type)
    {
    case TPL_N_ATTRIBUTE:
      return tpl_attribute (run, a, node->name);
    case TPL_N_INDEX:
      return tpl_index (run, a, b);
    case TPL_N_UNARY:
      return tpl_unary (run, node->name, a);
    default:
      return tpl_binary (run, node->name, a, b);
    }
}

static TplValue *
eval (TplRun *run, const TplNode *node, TplScope *scope)
{
  switch (node->type)
    {
    case TPL_N_CONST:
      return node->value;
    case TPL_N_NAME:
      return eval_name (run, node, scope);
    case TPL_N_LIST:
    case TPL_N_TUPLE:
      return eval_items (run, node, scope);
    case TPL_N_DICT:
      return eval_dict (run, node, scope);
    case TPL_N_ATTRIBUTE:
    case TPL_N_INDEX:
    case TPL_N_UNARY:
    case TPL_N_BINARY:
      return eval_operands (run, node, scope);
    case TPL_N_SLICE:
      return eval_slice (run, node, scope);
    case TPL_N_CALL:
    case TPL_N_CALL_BLOCK:
      return eval_call (run, node, scope);
    case TPL_N_FILTER:
    case TPL_N_TEST:
      return eval_filter (run, node, scope);
    case TPL_N_COMPARE:
      return eval_compare (run, node, scope);
    case TPL_N_AND:
    case TPL_N_OR:
      return eval_logic (run, node, scope);
    case TPL_N_CONDITION:
      return eval_condition (run, node, scope);
    case TPL_N_HOLE:
      return tpl_look_up (scope, " hole");
    default:
      return tpl_fail (run, "a statement stands where a value is needed");
    }
}

TplValue *
tpl_eval (TplRun *run, const TplNode *node, TplScope *scope)
{
  TplValue *value = NULL;

  if (++run->nesting > MAX_NESTING)
    tpl_fail (run, "it is nested too deeply");
  else if (tpl_tick (run))
    value = eval (run, node, scope);
  run->nesting--;
  return run->failed ? NULL : value;
}
