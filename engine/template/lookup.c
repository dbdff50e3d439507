/* x.name, x[index] and slices, with what the sandbox refuses. */
#include "template-private.h"

#include <string.h>

const TplBuiltin *
tpl_find_row (const TplBuiltin *table, const char *name)
{
  for (; table && table->name; table++)
    if (strcmp (table->name, name) == 0)
      return table;
  return NULL;
}

TplValue *
tpl_undefined_read (TplRun *run, const TplValue *value)
{
  return tpl_fail (run, "%s", value->text ? value->text : "an undefined value is read");
}

static TplValue *
missing (TplRun *run, const TplValue *object, const char *name)
{
  g_autofree char *why = g_strdup_printf ("'%s object' has no attribute '%s'", tpl_type_name (object), name);

  return tpl_undefined (run, tpl_string (run, why, -1)->text);
}

static TplValue *
refused (TplRun *run, const TplValue *object, const char *name)
{
  g_autofree char *why
    = g_strdup_printf ("access to attribute '%s' of '%s' object is unsafe.", name, tpl_type_name (object));

  return tpl_undefined (run, tpl_string (run, why, -1)->text);
}

/* The sandbox hides what changes a list or dict, and all that starts with an underscore. */
static gboolean
is_refused (const TplValue *object, const char *name)
{
  static const char *const lists[]
    = { "append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove", NULL };
  static const char *const dicts[] = { "clear", "pop", "popitem", "setdefault", "update", NULL };

  if (object->type == TPL_LIST)
    return g_strv_contains (lists, name);
  return object->type == TPL_DICT && g_strv_contains (dicts, name);
}

static const TplBuiltin *
find_method (const TplValue *object, const char *name)
{
  switch (object->type)
    {
    case TPL_STRING:
      return tpl_find_row (tpl_string_methods, name);
    case TPL_DICT:
      return tpl_find_row (tpl_dict_methods, name);
    case TPL_LIST:
      return strcmp (name, "copy") == 0 || strcmp (name, "index") == 0 || strcmp (name, "count") == 0
               ? tpl_find_row (tpl_list_methods, name)
               : NULL;
    case TPL_TUPLE:
    case TPL_RANGE:
      return strcmp (name, "copy") == 0 ? NULL : tpl_find_row (tpl_list_methods, name);
    case TPL_BOOL:
    case TPL_INT:
    case TPL_FLOAT:
      return tpl_find_row (tpl_number_methods, name);
    case TPL_CYCLER:
      return tpl_find_row (tpl_cycler_methods, name);
    case TPL_LOOP:
      return tpl_find_row (tpl_loop_methods, name);
    default:
      return NULL;
    }
}

static TplValue *
macro_attribute (TplRun *run, const TplNode *macro, const char *name)
{
  static const struct
  {
    const char *name;
    guint uses;
  } catches[] = {
    { "caller", TPL_USES_CALLER },
    { "catch_kwargs", TPL_USES_KWARGS },
    { "catch_varargs", TPL_USES_VARARGS },
  };
  TplValue *names;

  for (gsize i = 0; i < G_N_ELEMENTS (catches); i++)
    if (strcmp (name, catches[i].name) == 0)
      return tpl_bool (run, (macro->uses & catches[i].uses) != 0);
  if (strcmp (name, "name") == 0)
    return macro->name ? tpl_string (run, macro->name, -1) : tpl_new (run, TPL_NONE);
  if (strcmp (name, "arguments") != 0)
    return NULL;
  names = tpl_list (run, TPL_TUPLE);
  for (guint i = 0; i < macro->n_names; i++)
    tpl_append (run, names, tpl_string (run, macro->names[i], -1));
  return names;
}

/* Python's numbers are complex ones, and integers fractions. */
static TplValue *
number_attribute (TplRun *run, TplValue *number, const char *name)
{
  gboolean whole = number->type != TPL_FLOAT;

  if (strcmp (name, "real") == 0 || (whole && strcmp (name, "numerator") == 0))
    return tpl_unary (run, "+", number);
  if (strcmp (name, "imag") == 0)
    return whole ? tpl_int (run, 0) : tpl_float (run, 0);
  return whole && strcmp (name, "denominator") == 0 ? tpl_int (run, 1) : NULL;
}

/* What getattr() finds, without looking among the keys of a dict; NULL: nothing. */
static TplValue *
own_attribute (TplRun *run, TplValue *object, const char *name)
{
  const TplBuiltin *row;
  TplValue *value;

  if (is_refused (object, name))
    return refused (run, object, name);
  row = find_method (object, name);
  if (row)
    {
      value = tpl_new (run, TPL_METHOD);
      value->builtin = row;
      value->object = object;
      return value;
    }
  if (object->type == TPL_NAMESPACE)
    return tpl_dict_get_text (object, name);
  if (object->type == TPL_LOOP)
    return tpl_loop_attribute (run, object, name);
  if (object->type == TPL_CYCLER && strcmp (name, "current") == 0)
    return object->items[object->at];
  if (object->type == TPL_TUPLE && object->flag && (strcmp (name, "grouper") == 0 || strcmp (name, "list") == 0))
    return object->items[name[0] == 'l'];
  if (object->type == TPL_MACRO)
    return macro_attribute (run, object->macro, name);
  if (tpl_is_number (object))
    return number_attribute (run, object, name);
  return NULL;
}

/* Objects have attributes of Python's own, which the sandbox hides; no key hides behind these. */
static gboolean
is_dunder (const char *name)
{
  gsize length = strlen (name);

  return length > 4 && g_str_has_prefix (name, "__") && g_str_has_suffix (name, "__");
}

TplValue *
tpl_attribute (TplRun *run, TplValue *object, const char *name)
{
  TplValue *found;

  if (object->type == TPL_UNDEFINED)
    return tpl_undefined_read (run, object);
  found = own_attribute (run, object, name);
  if (!found && object->type == TPL_DICT)
    found = tpl_dict_get_text (object, name);
  if (found)
    return found;
  if (is_dunder (name))
    return refused (run, object, name);
  return missing (run, object, name);
}

static TplValue *
item_at (TplRun *run, TplValue *object, const TplValue *index)
{
  gint64 n = tpl_length (object), i;
  const char *at;

  if (!tpl_is_integer (index))
    return NULL;
  i = index->integer < 0 ? index->integer + n : index->integer;
  if (i < 0 || i >= n)
    return NULL;
  if (object->type != TPL_STRING)
    return object->items[i];
  at = g_utf8_offset_to_pointer (object->text, i);
  return tpl_string (run, at, g_utf8_next_char (at) - at);
}

TplValue *
tpl_index (TplRun *run, TplValue *object, TplValue *index)
{
  TplValue *found = NULL;

  if (!tpl_tick_for (run, index) || (object->type == TPL_STRING && !tpl_tick_for (run, object)))
    return NULL;
  if (object->type == TPL_UNDEFINED)
    return tpl_undefined_read (run, object);
  if (object->type == TPL_DICT && tpl_is_hashable (index))
    found = tpl_dict_get (object, index);
  else if (tpl_is_list (object) || object->type == TPL_RANGE || object->type == TPL_STRING)
    found = item_at (run, object, index);
  if (!found && index->type == TPL_STRING)
    found = own_attribute (run, object, index->text);
  if (found)
    return found;
  if (index->type == TPL_STRING)
    return missing (run, object, index->text);
  return tpl_undefined (run, "an element is read that is not there");
}

TplValue *
tpl_get_path (TplRun *run, TplValue *object, const TplValue *path)
{
  g_auto (GStrv) parts = NULL;

  if (!path || path->type == TPL_NONE)
    return object;
  if (path->type != TPL_STRING)
    return tpl_index (run, object, (TplValue *)path);
  parts = g_strsplit (path->text, ".", -1);
  if (!parts[0])
    return tpl_index (run, object, tpl_string (run, "", 0));
  for (guint i = 0; parts[i] && object; i++)
    {
      gboolean digits = *parts[i] && strspn (parts[i], "0123456789") == strlen (parts[i]);
      TplValue *part
        = digits ? tpl_big_parse (run, parts[i], strlen (parts[i]), FALSE) : tpl_string (run, parts[i], -1);

      object = part ? tpl_index (run, object, part) : NULL;
    }
  return object;
}

/* ---- slices ---- */

static gboolean
read_bound (TplRun *run, const TplValue *value, gint64 *bound, gboolean *given)
{
  *given = value && value->type != TPL_NONE;
  if (!*given)
    return TRUE;
  if (value->type == TPL_INT && value->flag)
    *bound = value->big.negative ? -G_MAXINT32 : G_MAXINT32;
  else if (tpl_is_integer (value))
    *bound = CLAMP (value->integer, -G_MAXINT32, G_MAXINT32);
  else
    {
      tpl_fail (run, "slice indices must be integers or None");
      return FALSE;
    }
  return TRUE;
}

static TplValue *
slice_text (TplRun *run, const TplValue *text, gint64 start, gint64 stop, gint64 step)
{
  const char *from = g_utf8_offset_to_pointer (text->text, MAX (0, start));
  GString *out;

  if (step > 0 ? start >= stop : start <= stop)
    return tpl_string (run, "", 0);
  if (step == 1)
    return tpl_string (run, from, g_utf8_offset_to_pointer (from, stop - start) - from);
  out = g_string_new (NULL);
  for (gint64 i = start; step > 0 ? i < stop : i > stop; i += step)
    {
      g_string_append_len (out, from, g_utf8_next_char (from) - from);
      if (step > 0 ? i + step < stop : i + step > stop)
        from = g_utf8_offset_to_pointer (from, step);
    }
  return tpl_take (run, out);
}

static TplValue *
slice_range (TplRun *run, const TplValue *range, gint64 start, gint64 stop, gint64 step, TplValue *result)
{
  const gint64 *whole = range->range;

  result->type = TPL_RANGE;
  result->range = tpl_alloc (run->arena, 3 * sizeof *result->range);
  result->range[0] = whole[0] + start * whole[2];
  result->range[1] = whole[0] + stop * whole[2];
  result->range[2] = whole[2] * step;
  return result;
}

/* Bounds are clamped, negative ones count from the end. */
TplValue *
tpl_slice (TplRun *run, TplValue *object, TplValue *const values[3])
{
  gint64 n = tpl_length (object), bounds[3] = { 0, 0, 1 }, start, stop, step;
  gboolean given[3];
  TplValue *result;

  if (object->type == TPL_UNDEFINED)
    return tpl_undefined_read (run, object);
  if (!tpl_is_list (object) && object->type != TPL_STRING && object->type != TPL_RANGE)
    return tpl_fail (run, "'%s' object is not subscriptable", tpl_type_name (object));
  for (guint i = 0; i < 3; i++)
    if (!read_bound (run, values[i], &bounds[i], &given[i]))
      return NULL;
  step = bounds[2];
  if (step == 0)
    return tpl_fail (run, "slice step cannot be zero");
  start = given[0] ? bounds[0] + (bounds[0] < 0 ? n : 0) : step > 0 ? 0 : n - 1;
  stop = given[1] ? bounds[1] + (bounds[1] < 0 ? n : 0) : step > 0 ? n : -1;
  start = step > 0 ? CLAMP (start, 0, n) : CLAMP (start, -1, n - 1);
  stop = step > 0 ? CLAMP (stop, 0, n) : CLAMP (stop, -1, n - 1);
  if (object->type == TPL_STRING)
    return slice_text (run, object, start, stop, step);
  result = tpl_list (run, object->type);
  for (gint64 i = start; step > 0 ? i < stop : i > stop; i += step)
    tpl_append (run, result, object->items[i]);
  return object->type == TPL_RANGE ? slice_range (run, object, start, stop, step, result) : result;
}
