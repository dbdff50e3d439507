#include "template-private.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "../printable.h"

#define MAX_CALLS     100
#define MAX_OUTPUT    (1 << 20)
#define MAX_SECONDS   0.1
#define RENDER_MEMORY (64 << 20)

struct _TplScope
{
  TplScope *parent;
  const char **names;
  TplValue **values;
  guint n, capacity;
};

typedef enum
{
  FLOW_ON,
  FLOW_BREAK,
  FLOW_CONTINUE,
} Flow;

struct _RpTemplate
{
  TplArena arena;
  TplNode *root;
};

static TplValue *eval (TplRun *run, const TplNode *node, TplScope *scope);
static Flow execute (TplRun *run, const TplNode *node, TplScope *scope);

/* ---- running ---- */

static gint64
cpu_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

TplValue *
tpl_fail (TplRun *run, const char *format, ...)
{
  va_list args;
  g_autofree char *message = NULL, *line = NULL;

  if (run->failed)
    return NULL;
  run->failed = TRUE;
  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  line = rp_printable (message, -1, 400);
  g_set_error_literal (run->error, RP_ERROR, RP_ERROR_TEMPLATE, line);
  return NULL;
}

gboolean
tpl_tick (TplRun *run)
{
  if (run->arena->full)
    tpl_fail (run, "The chat template takes too much memory");
  if ((++run->steps & 255) == 0 && cpu_time () > run->deadline)
    tpl_fail (run, "The chat template takes longer than %g s", MAX_SECONDS);
  return !run->failed;
}

static TplScope *
new_scope (TplRun *run, TplScope *parent)
{
  TplScope *scope = tpl_alloc (run->arena, sizeof *scope);

  scope->parent = parent;
  return scope;
}

void
tpl_define (TplRun *run, TplScope *scope, const char *name, TplValue *value)
{
  for (guint i = 0; i < scope->n; i++)
    if (strcmp (scope->names[i], name) == 0)
      {
        scope->values[i] = value;
        return;
      }
  if (scope->n == scope->capacity)
    {
      guint capacity = MAX (8, 2 * scope->capacity);
      const char **names = tpl_alloc (run->arena, capacity * sizeof *names);
      TplValue **values = tpl_alloc (run->arena, capacity * sizeof *values);

      if (scope->n)
        {
          memcpy (names, scope->names, scope->n * sizeof *names);
          memcpy (values, scope->values, scope->n * sizeof *values);
        }
      scope->names = names;
      scope->values = values;
      scope->capacity = capacity;
    }
  scope->names[scope->n] = name;
  scope->values[scope->n++] = value;
}

static TplValue *
look_up (const TplScope *scope, const char *name)
{
  for (; scope; scope = scope->parent)
    for (guint i = 0; i < scope->n; i++)
      if (strcmp (scope->names[i], name) == 0)
        return scope->values[i];
  return NULL;
}

static TplValue *
undefined (TplRun *run, const char *name)
{
  TplValue *value = tpl_new (run, TPL_UNDEFINED);

  value->text = name;
  value->length = strlen (name);
  return value;
}

static gboolean
write_text (TplRun *run, const char *text, gsize length)
{
  run->captured += length;
  if (run->captured > 4 * MAX_OUTPUT || run->out->len + length > MAX_OUTPUT)
    {
      tpl_fail (run, "The chat template writes more than a mebibyte");
      return FALSE;
    }
  g_string_append_len (run->out, text, length);
  return TRUE;
}

/* What a body writes, as a string. */
static TplValue *
capture (TplRun *run, const TplNode *body, TplScope *scope)
{
  GString *outer = run->out;
  g_autoptr (GString) inner = g_string_new (NULL);
  TplValue *text;

  run->out = inner;
  execute (run, body, scope);
  run->out = outer;
  text = tpl_string (run, inner->str, inner->len);
  return run->failed ? NULL : text;
}

/* ---- calls ---- */

TplValue *
tpl_arg (const TplArgs *args, guint position, const char *name)
{
  if (position < args->n_positional)
    return args->positional[position];
  for (guint i = 0; name && i < args->n_named; i++)
    if (strcmp (args->names[i], name) == 0)
      return args->named[i];
  return NULL;
}

static TplValue *
call_macro (TplRun *run, TplValue *callable, const TplArgs *args)
{
  const TplNode *macro = callable->macro;
  TplScope *scope = new_scope (run, callable->scope);
  guint first_default = macro->n_names - macro->n_defaults;
  TplValue *varargs = tpl_list (run, TPL_TUPLE), *kwargs = tpl_list (run, TPL_DICT);

  for (guint i = 0; i < macro->n_names; i++)
    {
      TplValue *value = tpl_arg (args, i, macro->names[i]);

      if (!value)
        value = i >= first_default ? eval (run, macro->defaults[i - first_default], scope)
                                   : undefined (run, macro->names[i]);
      if (!value)
        return NULL;
      tpl_define (run, scope, macro->names[i], value);
    }
  for (guint i = macro->n_names; i < args->n_positional; i++)
    tpl_append (run, varargs, args->positional[i]);
  for (guint i = 0; i < args->n_named; i++)
    {
      gboolean known = FALSE;
      for (guint p = 0; p < macro->n_names; p++)
        known |= strcmp (macro->names[p], args->names[i]) == 0;
      if (!known)
        tpl_dict_set (run, kwargs, tpl_string (run, args->names[i], -1), args->named[i]);
    }
  tpl_define (run, scope, "varargs", varargs);
  tpl_define (run, scope, "kwargs", kwargs);
  if (args->caller)
    tpl_define (run, scope, "caller", args->caller);
  return capture (run, macro->children[0], scope);
}

TplValue *
tpl_call (TplRun *run, TplValue *callable, const TplArgs *args)
{
  TplValue *result;

  if (callable->type == TPL_UNDEFINED)
    return tpl_fail (run, "'%.*s' is undefined", (int)callable->length, callable->text ? callable->text : "");
  if (callable->type != TPL_FUNCTION && callable->type != TPL_METHOD && callable->type != TPL_MACRO)
    return tpl_fail (run, "'%s' object is not callable", tpl_type_name (callable));
  if (run->depth >= MAX_CALLS)
    return tpl_fail (run, "The chat template calls itself more than %d times", MAX_CALLS);
  run->depth++;
  result
    = callable->type == TPL_MACRO ? call_macro (run, callable, args) : callable->function (run, callable->object, args);
  run->depth--;
  return run->failed ? NULL : result;
}

/* Children from first on: positional ones, then one a name. */
static gboolean
eval_args (TplRun *run, const TplNode *node, guint first, TplScope *scope, TplArgs *args)
{
  guint n = node->n_children - first;
  TplValue **values = tpl_alloc (run->arena, MAX (1, n) * sizeof *values);

  for (guint i = 0; i < n; i++)
    {
      values[i] = eval (run, node->children[first + i], scope);
      if (!values[i])
        return FALSE;
    }
  *args = (TplArgs){
    .positional = values,
    .n_positional = n - node->n_names,
    .names = node->names,
    .named = values + (n - node->n_names),
    .n_named = node->n_names,
  };
  return TRUE;
}

static TplValue *
eval_call (TplRun *run, const TplNode *node, TplScope *scope, TplValue *caller)
{
  TplValue *callable = eval (run, node->children[0], scope);
  TplArgs args;

  if (!callable || !eval_args (run, node, 1, scope, &args))
    return NULL;
  args.caller = caller;
  run->line = node->line;
  return tpl_call (run, callable, &args);
}

/* ---- access ---- */

static TplValue *
method_of (TplRun *run, TplValue *object, const char *name)
{
  TplFunction function = tpl_find_method (object, name);
  TplValue *method;

  if (!function)
    return NULL;
  method = tpl_new (run, TPL_METHOD);
  method->function = function;
  method->object = object;
  method->name = name;
  return method;
}

static TplValue *
undefined_read (TplRun *run, const TplValue *object, const char *what)
{
  if (object->text && object->length)
    return tpl_fail (run, "'%.*s' is undefined", (int)object->length, object->text);
  return tpl_fail (run, "an undefined value is read: %s", what);
}

TplValue *
tpl_attribute (TplRun *run, TplValue *object, const char *name)
{
  TplValue *found;

  if (object->type == TPL_UNDEFINED)
    return undefined_read (run, object, name);
  found = object->type == TPL_NAMESPACE ? NULL : method_of (run, object, name);
  if (!found && tpl_is_dict (object))
    found = tpl_dict_get_text (object, name);
  if (found)
    return found;
  found = undefined (run, "");
  {
    g_autofree char *what = g_strdup_printf ("%s object' has no attribute '%s", tpl_type_name (object), name);
    TplValue *text = tpl_string (run, what, -1);
    found->text = text->text;
    found->length = text->length;
  }
  return found;
}

TplValue *
tpl_index (TplRun *run, TplValue *object, TplValue *index)
{
  gint64 i;
  TplValue *found;

  if (object->type == TPL_UNDEFINED)
    return undefined_read (run, object, "an index");
  if (tpl_is_dict (object))
    {
      found = tpl_dict_get (object, index);
      if (found)
        return found;
    }
  else if ((tpl_is_sequence (object) || object->type == TPL_STRING)
           && (index->type == TPL_INT || index->type == TPL_BOOL) && !index->big)
    {
      TplValue *items = tpl_items (run, object);

      i = index->integer < 0 ? index->integer + (gint64)items->n : index->integer;
      if (i >= 0 && i < (gint64)items->n)
        return items->items[i];
    }
  if (index->type == TPL_STRING && (found = method_of (run, object, index->text)))
    return found;
  return undefined (run, "");
}

/* Python's slices: bounds are clamped, negative ones count from the end. */
static TplValue *
eval_slice (TplRun *run, const TplNode *node, TplScope *scope)
{
  TplValue *object = eval (run, node->children[0], scope), *items, *result;
  gint64 n, start, stop, step = 1, bounds[3] = { 0, 0, 1 };
  gboolean given[3] = { FALSE };

  if (!object)
    return NULL;
  for (guint i = 0; i < 3; i++)
    {
      TplValue *value = node->children[i + 1] ? eval (run, node->children[i + 1], scope) : NULL;

      if (run->failed)
        return NULL;
      if (!value || value->type == TPL_NONE)
        continue;
      if ((value->type != TPL_INT && value->type != TPL_BOOL) || value->big)
        return tpl_fail (run, "slice indices must be integers or None");
      given[i] = TRUE;
      bounds[i] = CLAMP (value->integer, -G_MAXINT32, G_MAXINT32);
    }
  if (object->type == TPL_UNDEFINED)
    return undefined_read (run, object, "a slice");
  if (!tpl_is_sequence (object) && object->type != TPL_STRING)
    return tpl_fail (run, "'%s' object is not subscriptable", tpl_type_name (object));
  items = tpl_items (run, object);
  n = items->n;
  step = given[2] ? bounds[2] : 1;
  if (step == 0)
    return tpl_fail (run, "slice step cannot be zero");
  start = given[0] ? bounds[0] + (bounds[0] < 0 ? n : 0) : step > 0 ? 0 : n - 1;
  stop = given[1] ? bounds[1] + (bounds[1] < 0 ? n : 0) : step > 0 ? n : -1;
  start = step > 0 ? CLAMP (start, 0, n) : CLAMP (start, -1, n - 1);
  stop = step > 0 ? CLAMP (stop, 0, n) : CLAMP (stop, -1, n - 1);
  result = tpl_list (run, object->type == TPL_TUPLE ? TPL_TUPLE : TPL_LIST);
  for (gint64 i = start; step > 0 ? i < stop : i > stop; i += step)
    tpl_append (run, result, items->items[i]);
  if (object->type == TPL_STRING)
    {
      g_autoptr (GString) text = g_string_new (NULL);
      for (gsize i = 0; i < result->n; i++)
        g_string_append_len (text, result->items[i]->text, result->items[i]->length);
      return tpl_string (run, text->str, text->len);
    }
  return result;
}

/* ---- operators ---- */

static TplValue *
unsupported (TplRun *run, const char *name, const TplValue *a, const TplValue *b)
{
  const TplValue *missing = a->type == TPL_UNDEFINED ? a : b->type == TPL_UNDEFINED ? b : NULL;

  if (missing)
    return undefined_read (run, missing, name);
  if (a->type == TPL_STRING && strcmp (name, "+") == 0)
    return tpl_fail (run, "can only concatenate str (not \"%s\") to str", tpl_type_name (b));
  return tpl_fail (run, "unsupported operand type(s) for %s: '%s' and '%s'", name, tpl_type_name (a),
                   tpl_type_name (b));
}

static TplValue *
repeat (TplRun *run, const TplValue *object, gint64 times)
{
  gsize length = object->type == TPL_STRING ? object->length : object->n;

  times = MAX (0, times);
  if (length && (guint64)times > MAX_OUTPUT / length)
    return tpl_fail (run, "The chat template makes too long a value");
  if (object->type == TPL_STRING)
    {
      g_autoptr (GString) text = g_string_new (NULL);
      for (gint64 i = 0; i < times && length; i++)
        g_string_append_len (text, object->text, length);
      return tpl_string (run, text->str, text->len);
    }
  {
    TplValue *list = tpl_list (run, object->type);
    for (gint64 i = 0; i < times && length; i++)
      for (gsize k = 0; k < length; k++)
        tpl_append (run, list, object->items[k]);
    return list;
  }
}

static TplValue *
concatenate (TplRun *run, const TplValue *a, const TplValue *b)
{
  TplValue *list;

  if (a->type == TPL_STRING)
    {
      TplValue *value = tpl_new (run, TPL_STRING);
      char *text;

      if (a->length + b->length > 4 * MAX_OUTPUT)
        return tpl_fail (run, "The chat template makes too long a value");
      text = tpl_alloc (run->arena, a->length + b->length + 1);
      memcpy (text, a->text, a->length);
      memcpy (text + a->length, b->text, b->length);
      value->text = text;
      value->length = a->length + b->length;
      return value;
    }
  list = tpl_list (run, a->type);
  for (gsize i = 0; i < a->n; i++)
    tpl_append (run, list, a->items[i]);
  for (gsize i = 0; i < b->n; i++)
    tpl_append (run, list, b->items[i]);
  return list;
}

static TplValue *
integer_arithmetic (TplRun *run, const char *name, gint64 a, gint64 b, const TplValue *x, const TplValue *y)
{
  gint64 result = 0;
  gboolean overflow = FALSE;

  if (strcmp (name, "+") == 0)
    overflow = __builtin_add_overflow (a, b, &result);
  else if (strcmp (name, "-") == 0)
    overflow = __builtin_sub_overflow (a, b, &result);
  else if (strcmp (name, "*") == 0)
    overflow = __builtin_mul_overflow (a, b, &result);
  else if (strcmp (name, "//") == 0 || strcmp (name, "%") == 0)
    {
      if (b == 0)
        return tpl_fail (run, "integer modulo by zero");
      if (b == -1)
        overflow = strcmp (name, "%") != 0 && __builtin_sub_overflow ((gint64)0, a, &result);
      else
        {
          gint64 quotient = a / b, rest = a % b;

          if (rest && (rest < 0) != (b < 0))
            {
              quotient--;
              rest += b;
            }
          result = strcmp (name, "%") == 0 ? rest : quotient;
        }
    }
  else if (strcmp (name, "**") == 0 && b >= 0)
    {
      result = 1;
      for (gint64 i = 0; i < b && !overflow; i++)
        {
          overflow = __builtin_mul_overflow (result, a, &result);
          if (a == 0 || a == 1 || (a == -1 && i + 2 < b && b - i > 4))
            i += (a == -1) ? (b - i - 2) / 2 * 2 : b; /* nothing more happens */
        }
    }
  else
    return unsupported (run, name, x, y);
  return overflow ? tpl_fail (run, "integers beyond 64 bits are not computed with") : tpl_int (run, result);
}

static TplValue *
float_arithmetic (TplRun *run, const char *name, double a, double b)
{
  if (b == 0 && (name[0] == '/' || name[0] == '%'))
    return tpl_fail (run, "division by zero");
  if (strcmp (name, "+") == 0)
    return tpl_float (run, a + b);
  if (strcmp (name, "-") == 0)
    return tpl_float (run, a - b);
  if (strcmp (name, "*") == 0)
    return tpl_float (run, a * b);
  if (strcmp (name, "/") == 0)
    return tpl_float (run, a / b);
  if (strcmp (name, "//") == 0)
    return tpl_float (run, floor (a / b));
  if (strcmp (name, "%") == 0)
    {
      double rest = fmod (a, b);
      return tpl_float (run, rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest);
    }
  return tpl_float (run, pow (a, b));
}

static TplValue *
eval_binary (TplRun *run, const TplNode *node, TplScope *scope)
{
  TplValue *a = eval (run, node->children[0], scope);
  TplValue *b = a ? eval (run, node->children[1], scope) : NULL;
  const char *name = node->name;

  if (!b)
    return NULL;
  if (strcmp (name, "~") == 0)
    return concatenate (run, tpl_to_string (run, a), tpl_to_string (run, b));
  if (tpl_is_number (a) && tpl_is_number (b))
    {
      if (a->big || b->big)
        return tpl_fail (run, "integers beyond 64 bits are not computed with");
      if (a->type == TPL_FLOAT || b->type == TPL_FLOAT || strcmp (name, "/") == 0
          || (strcmp (name, "**") == 0 && b->integer < 0))
        return float_arithmetic (run, name, tpl_to_double (a), tpl_to_double (b));
      return integer_arithmetic (run, name, a->integer, b->integer, a, b);
    }
  if (strcmp (name, "+") == 0 && a->type == b->type && (a->type == TPL_STRING || tpl_is_sequence (a)))
    return concatenate (run, a, b);
  if (strcmp (name, "*") == 0 && (b->type == TPL_INT || b->type == TPL_BOOL)
      && (a->type == TPL_STRING || tpl_is_sequence (a)))
    return repeat (run, a, b->integer);
  if (strcmp (name, "*") == 0 && (a->type == TPL_INT || a->type == TPL_BOOL)
      && (b->type == TPL_STRING || tpl_is_sequence (b)))
    return repeat (run, b, a->integer);
  if (strcmp (name, "%") == 0 && a->type == TPL_STRING)
    {
      TplArgs args
        = { .positional = b->type == TPL_TUPLE ? b->items : &b, .n_positional = b->type == TPL_TUPLE ? b->n : 1 };
      return tpl_find_filter ("format") (run, a, &args);
    }
  return unsupported (run, name, a, b);
}

static TplValue *
eval_unary (TplRun *run, const TplNode *node, TplScope *scope)
{
  TplValue *value = eval (run, node->children[0], scope);

  if (!value)
    return NULL;
  if (node->name[0] == 'n')
    return tpl_bool (run, !tpl_true (value));
  if (value->type == TPL_FLOAT)
    return tpl_float (run, node->name[0] == '-' ? -value->number : value->number);
  if (tpl_is_number (value) && !value->big)
    return tpl_int (run, node->name[0] == '-' ? (gint64) - (guint64)value->integer : value->integer);
  if (value->type == TPL_UNDEFINED)
    return undefined_read (run, value, node->name);
  return tpl_fail (run, "bad operand type for unary %s: '%s'", node->name, tpl_type_name (value));
}

static gboolean
contains (TplRun *run, const TplValue *item, TplValue *container, gboolean *result)
{
  *result = FALSE;
  if (container->type == TPL_STRING)
    {
      if (item->type != TPL_STRING)
        {
          tpl_fail (run, "'in <string>' requires string as left operand, not %s", tpl_type_name (item));
          return FALSE;
        }
      *result = memmem (container->text, container->length, item->text, item->length) != NULL || item->length == 0;
      return TRUE;
    }
  if (tpl_is_dict (container))
    {
      *result = tpl_dict_get (container, item) != NULL;
      return TRUE;
    }
  container = tpl_items (run, container);
  for (gsize i = 0; i < container->n && !*result; i++)
    *result = tpl_equal (item, container->items[i]);
  return !run->failed;
}

static gboolean
compare (TplRun *run, const char *name, TplValue *a, TplValue *b, gboolean *result)
{
  gboolean less = FALSE;

  if (strcmp (name, "==") == 0 || strcmp (name, "!=") == 0)
    {
      *result = tpl_equal (a, b) == (name[0] == '=');
      return TRUE;
    }
  if (strcmp (name, "in") == 0 || strcmp (name, "not in") == 0)
    {
      if (!contains (run, a, b, result))
        return FALSE;
      *result ^= name[0] == 'n';
      return TRUE;
    }
  if (a->type == TPL_UNDEFINED || b->type == TPL_UNDEFINED)
    {
      undefined_read (run, a->type == TPL_UNDEFINED ? a : b, name);
      return FALSE;
    }
  if (name[0] == '<' ? !tpl_less (run, a, b, &less) : !tpl_less (run, b, a, &less))
    return FALSE;
  *result = less || (name[1] == '=' && tpl_equal (a, b));
  return TRUE;
}

static TplValue *
eval_compare (TplRun *run, const TplNode *node, TplScope *scope)
{
  TplValue *left = eval (run, node->children[0], scope);

  for (guint i = 1; left && i < node->n_children; i++)
    {
      TplValue *right = eval (run, node->children[i], scope);
      gboolean result;

      if (!right || !compare (run, node->operators[i - 1], left, right, &result))
        return NULL;
      if (!result)
        return tpl_bool (run, FALSE);
      left = right;
    }
  return left ? tpl_bool (run, TRUE) : NULL;
}

/* ---- expressions ---- */

static TplValue *
eval_items (TplRun *run, const TplNode *node, TplScope *scope)
{
  TplValue *list = tpl_list (run, node->type == TPL_N_TUPLE  ? TPL_TUPLE
                                  : node->type == TPL_N_LIST ? TPL_LIST
                                                             : TPL_DICT);

  for (guint i = 0; i < node->n_children; i++)
    {
      TplValue *value = eval (run, node->children[i], scope);

      if (!value)
        return NULL;
      if (node->type != TPL_N_DICT)
        tpl_append (run, list, value);
      else
        {
          TplValue *item = eval (run, node->children[++i], scope);
          if (!item)
            return NULL;
          tpl_dict_set (run, list, value, item);
        }
    }
  return list;
}

static TplValue *
eval_filter (TplRun *run, const TplNode *node, TplScope *scope, gboolean test)
{
  TplFunction function = test ? tpl_find_test (node->name) : tpl_find_filter (node->name);
  TplValue *value, *result;
  TplArgs args;

  if (!function)
    return tpl_fail (run, "No %s named '%s'.", test ? "test" : "filter", node->name);
  value = eval (run, node->children[0], scope);
  if (!value || !eval_args (run, node, 1, scope, &args))
    return NULL;
  run->line = node->line;
  result = function (run, value, &args);
  if (run->failed || !result)
    return NULL;
  return test ? tpl_bool (run, tpl_true (result) != node->negated) : result;
}

static TplValue *
eval_logic (TplRun *run, const TplNode *node, TplScope *scope)
{
  TplValue *value = NULL;

  for (guint i = 0; i < node->n_children; i++)
    {
      value = eval (run, node->children[i], scope);
      if (!value || tpl_true (value) == (node->type == TPL_N_OR))
        return value;
    }
  return value;
}

static TplValue *
eval_condition (TplRun *run, const TplNode *node, TplScope *scope)
{
  TplValue *condition = eval (run, node->children[1], scope);

  if (!condition)
    return NULL;
  if (tpl_true (condition))
    return eval (run, node->children[0], scope);
  return node->children[2] ? eval (run, node->children[2], scope) : undefined (run, "");
}

static TplValue *
eval (TplRun *run, const TplNode *node, TplScope *scope)
{
  TplValue *value, *index;

  if (!tpl_tick (run))
    return NULL;
  switch (node->type)
    {
    case TPL_N_CONST:
      return node->value;
    case TPL_N_NAME:
      value = look_up (scope, node->name);
      return value ? value : undefined (run, node->name);
    case TPL_N_LIST:
    case TPL_N_TUPLE:
    case TPL_N_DICT:
      return eval_items (run, node, scope);
    case TPL_N_ATTRIBUTE:
      value = eval (run, node->children[0], scope);
      return value ? tpl_attribute (run, value, node->name) : NULL;
    case TPL_N_INDEX:
      value = eval (run, node->children[0], scope);
      index = value ? eval (run, node->children[1], scope) : NULL;
      return index ? tpl_index (run, value, index) : NULL;
    case TPL_N_SLICE:
      return eval_slice (run, node, scope);
    case TPL_N_CALL:
      return eval_call (run, node, scope, NULL);
    case TPL_N_FILTER:
    case TPL_N_TEST:
      return eval_filter (run, node, scope, node->type == TPL_N_TEST);
    case TPL_N_UNARY:
      return eval_unary (run, node, scope);
    case TPL_N_BINARY:
      return eval_binary (run, node, scope);
    case TPL_N_COMPARE:
      return eval_compare (run, node, scope);
    case TPL_N_AND:
    case TPL_N_OR:
      return eval_logic (run, node, scope);
    case TPL_N_CONDITION:
      return eval_condition (run, node, scope);
    case TPL_N_HOLE:
      return look_up (scope, " hole");
    default:
      return tpl_fail (run, "a statement stands where a value is needed");
    }
}

/* ---- statements ---- */

static gboolean
assign_targets (TplRun *run, const TplNode *node, TplValue *value, TplScope *scope)
{
  if (node->n_names == 1)
    {
      tpl_define (run, scope, node->names[0], value);
      return TRUE;
    }
  value = tpl_items (run, value);
  if (run->failed)
    return FALSE;
  if (value->n != node->n_names)
    {
      tpl_fail (run, "%" G_GSIZE_FORMAT " values for %u names", value->n, node->n_names);
      return FALSE;
    }
  for (guint i = 0; i < node->n_names; i++)
    tpl_define (run, scope, node->names[i], value->items[i]);
  return TRUE;
}

static TplValue *
loop_cycle (TplRun *run, TplValue *self, const TplArgs *args)
{
  const TplValue *index = tpl_dict_get_text (self, "index0");

  if (args->n_positional == 0)
    return tpl_fail (run, "no items for cycling given");
  return args->positional[index->integer % args->n_positional];
}

static TplValue *
loop_changed (TplRun *run, TplValue *self, const TplArgs *args)
{
  TplValue *now = tpl_list (run, TPL_TUPLE), *before = tpl_dict_get_text (self, " changed");
  gboolean same;

  for (guint i = 0; i < args->n_positional; i++)
    tpl_append (run, now, args->positional[i]);
  same = before->n && tpl_equal (before->items[0], now);
  before->n = 0;
  tpl_append (run, before, now);
  return tpl_bool (run, !same);
}

static void
set_loop (TplRun *run, TplValue *loop, const TplValue *items, gsize i)
{
  const struct
  {
    const char *name;
    TplValue *value;
  } rows[] = {
    { "index", tpl_int (run, i + 1) },
    { "index0", tpl_int (run, i) },
    { "revindex", tpl_int (run, items->n - i) },
    { "revindex0", tpl_int (run, items->n - i - 1) },
    { "first", tpl_bool (run, i == 0) },
    { "last", tpl_bool (run, i + 1 == items->n) },
    { "length", tpl_int (run, items->n) },
    { "previtem", i ? items->items[i - 1] : undefined (run, "there is no previous item") },
    { "nextitem", i + 1 < items->n ? items->items[i + 1] : undefined (run, "there is no next item") },
  };

  for (gsize r = 0; r < G_N_ELEMENTS (rows); r++)
    tpl_dict_set (run, loop, tpl_string (run, rows[r].name, -1), rows[r].value);
}

static void
set_loop_method (TplRun *run, TplValue *loop, const char *name, TplFunction function)
{
  TplValue *method = tpl_new (run, TPL_METHOD);

  method->function = function;
  method->object = loop;
  tpl_dict_set (run, loop, tpl_string (run, name, -1), method);
}

/* The items that a loop's condition leaves; a dict gives its keys. */
static TplValue *
loop_items (TplRun *run, const TplNode *node, TplScope *scope)
{
  TplValue *value = eval (run, node->children[0], scope), *items, *kept;

  items = value ? tpl_items (run, value) : NULL;
  if (!items || run->failed || !node->children[1])
    return run->failed ? NULL : items;
  kept = tpl_list (run, TPL_LIST);
  for (gsize i = 0; i < items->n; i++)
    {
      TplScope *inner = new_scope (run, scope);
      TplValue *condition = NULL;

      if (assign_targets (run, node, items->items[i], inner))
        condition = eval (run, node->children[1], inner);
      if (!condition)
        return NULL;
      if (tpl_true (condition))
        tpl_append (run, kept, items->items[i]);
    }
  return kept;
}

static Flow
execute_for (TplRun *run, const TplNode *node, TplScope *scope)
{
  TplValue *items = loop_items (run, node, scope), *loop;

  if (!items)
    return FLOW_ON;
  if (node->negated)
    {
      tpl_fail (run, "recursive loops are not supported");
      return FLOW_ON;
    }
  if (items->n == 0)
    return node->children[3] ? execute (run, node->children[3], new_scope (run, scope)) : FLOW_ON;
  loop = tpl_list (run, TPL_NAMESPACE);
  set_loop_method (run, loop, "cycle", loop_cycle);
  set_loop_method (run, loop, "changed", loop_changed);
  tpl_dict_set (run, loop, tpl_string (run, " changed", -1), tpl_list (run, TPL_LIST));
  tpl_dict_set (run, loop, tpl_string (run, "depth", -1), tpl_int (run, 1));
  tpl_dict_set (run, loop, tpl_string (run, "depth0", -1), tpl_int (run, 0));
  for (gsize i = 0; i < items->n && !run->failed; i++)
    {
      TplScope *inner = new_scope (run, scope);

      set_loop (run, loop, items, i);
      tpl_define (run, inner, "loop", loop);
      if (!assign_targets (run, node, items->items[i], inner) || execute (run, node->children[2], inner) == FLOW_BREAK)
        break;
    }
  return FLOW_ON;
}

static Flow
execute_if (TplRun *run, const TplNode *node, TplScope *scope)
{
  guint i = 0;

  for (; i + 1 < node->n_children; i += 2)
    {
      TplValue *condition = eval (run, node->children[i], scope);

      if (!condition)
        return FLOW_ON;
      if (tpl_true (condition))
        return execute (run, node->children[i + 1], scope);
    }
  return i < node->n_children ? execute (run, node->children[i], scope) : FLOW_ON;
}

/* The captured text goes through a chain of filters whose innermost value is a hole. */
static TplValue *
filtered (TplRun *run, const TplNode *chain, TplValue *text, TplScope *scope)
{
  TplScope *inner = new_scope (run, scope);

  tpl_define (run, inner, " hole", text);
  return eval (run, chain, inner);
}

static void
execute_set (TplRun *run, const TplNode *node, TplScope *scope)
{
  TplValue *value, *object;

  if (node->type == TPL_N_SET)
    value = eval (run, node->children[0], scope);
  else
    {
      value = capture (run, node->children[1], new_scope (run, scope));
      value = value ? filtered (run, node->children[0], value, scope) : NULL;
    }
  if (!value)
    return;
  if (!node->attribute)
    {
      assign_targets (run, node, value, scope);
      return;
    }
  object = look_up (scope, node->name);
  if (!object || object->type != TPL_NAMESPACE)
    tpl_fail (run, "cannot assign attribute on non-namespace object");
  else
    tpl_dict_set (run, object, tpl_string (run, node->attribute, -1), value);
}

static TplValue *
new_macro (TplRun *run, const TplNode *node, TplScope *scope)
{
  TplValue *macro = tpl_new (run, TPL_MACRO);

  macro->macro = node;
  macro->scope = scope;
  return macro;
}

static void
execute_with (TplRun *run, const TplNode *node, TplScope *scope)
{
  TplScope *inner = new_scope (run, scope);

  for (guint i = 0; i < node->n_names; i++)
    {
      TplValue *value = eval (run, node->children[i], scope);
      if (!value)
        return;
      tpl_define (run, inner, node->names[i], value);
    }
  execute (run, node->children[node->n_names], inner);
}

static void
print (TplRun *run, const TplValue *value)
{
  g_autoptr (GString) text = NULL;

  if (!value)
    return;
  if (value->type == TPL_STRING)
    {
      write_text (run, value->text, value->length);
      return;
    }
  text = g_string_new (NULL);
  tpl_append_str (run, text, value);
  if (!run->failed)
    write_text (run, text->str, text->len);
}

static Flow
execute (TplRun *run, const TplNode *node, TplScope *scope)
{
  TplValue *value;
  Flow flow;

  if (!tpl_tick (run))
    return FLOW_ON;
  switch (node->type)
    {
    case TPL_N_TEXT:
      write_text (run, node->value->text, node->value->length);
      return FLOW_ON;
    case TPL_N_OUTPUT:
      print (run, eval (run, node->children[0], scope));
      return FLOW_ON;
    case TPL_N_BLOCK:
      for (guint i = 0; i < node->n_children && !run->failed; i++)
        if ((flow = execute (run, node->children[i], scope)) != FLOW_ON)
          return flow;
      return FLOW_ON;
    case TPL_N_IF:
      return execute_if (run, node, scope);
    case TPL_N_FOR:
      return execute_for (run, node, scope);
    case TPL_N_SET:
    case TPL_N_SET_BLOCK:
      execute_set (run, node, scope);
      return FLOW_ON;
    case TPL_N_MACRO:
      tpl_define (run, scope, node->name, new_macro (run, node, scope));
      return FLOW_ON;
    case TPL_N_CALL_BLOCK:
      print (run, eval_call (run, node->children[0], scope, new_macro (run, node->children[1], scope)));
      return FLOW_ON;
    case TPL_N_FILTER_BLOCK:
      value = capture (run, node->children[1], new_scope (run, scope));
      print (run, value ? filtered (run, node->children[0], value, scope) : NULL);
      return FLOW_ON;
    case TPL_N_WITH:
      execute_with (run, node, scope);
      return FLOW_ON;
    case TPL_N_BREAK:
      return FLOW_BREAK;
    case TPL_N_CONTINUE:
      return FLOW_CONTINUE;
    default:
      print (run, eval (run, node, scope));
      return FLOW_ON;
    }
}

/* ---- the public functions ---- */

RpTemplate *
rp_template_new (const char *source, gssize length, GError **error)
{
  g_autoptr (RpTemplate) self = g_new0 (RpTemplate, 1);
  gsize n = length < 0 ? strlen (source) : (gsize)length;

  tpl_arena_init (&self->arena, RENDER_MEMORY);
  if (n > 8 << 20 || !g_utf8_validate_len (source, n, NULL))
    {
      g_set_error_literal (error, RP_ERROR, RP_ERROR_TEMPLATE, "The chat template is no text, or too long a one");
      return NULL;
    }
  self->root = tpl_parse (&self->arena, source, n, error);
  if (self->root && self->arena.full)
    {
      g_set_error_literal (error, RP_ERROR, RP_ERROR_TEMPLATE, "The chat template takes too much memory");
      return NULL;
    }
  return self->root ? g_steal_pointer (&self) : NULL;
}

void
rp_template_free (RpTemplate *self)
{
  if (!self)
    return;
  tpl_arena_clear (&self->arena);
  g_free (self);
}

static char *
render (const RpTemplate *self, TplRun *run, const char *variables, gsize length, GError **error)
{
  TplValue *values = tpl_parse_json (run, variables, length, error);
  TplScope *scope;

  if (!values)
    return NULL;
  if (values->type != TPL_DICT)
    {
      g_set_error_literal (error, RP_ERROR, RP_ERROR_TEMPLATE, "The variables are no JSON object");
      return NULL;
    }
  run->globals = new_scope (run, NULL);
  tpl_define_globals (run);
  scope = new_scope (run, run->globals);
  for (gsize i = 0; i < values->n; i++)
    tpl_define (run, scope, values->keys[i]->text, values->items[i]);
  run->now = tpl_dict_get_text (values, "now");
  execute (run, self->root, scope);
  return run->failed ? NULL : g_strndup (run->out->str, run->out->len);
}

char *
rp_template_render_json (const RpTemplate *self, const char *variables, gssize length, GError **error)
{
  TplArena arena;
  g_autoptr (GString) out = g_string_new (NULL);
  TplRun run
    = { .arena = &arena, .error = error, .out = out, .deadline = cpu_time () + (gint64)(MAX_SECONDS * G_USEC_PER_SEC) };
  char *text;

  tpl_arena_init (&arena, RENDER_MEMORY);
  text = render (self, &run, variables, length < 0 ? strlen (variables) : (gsize)length, error);
  tpl_arena_clear (&arena);
  return text;
}
