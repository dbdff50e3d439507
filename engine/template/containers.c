/* Methods of dicts, lists and numbers. */
#include "template-private.h"

#include <math.h>
#include <string.h>

/* ---- dicts ---- */

static TplValue *
view (TplRun *run, const TplValue *dict, const char *kind)
{
  TplValue *value = tpl_list (run, TPL_VIEW);

  value->kind = kind;
  value->n = dict->n;
  value->capacity = dict->n;
  value->weight = dict->weight;
  value->levels = dict->levels;
  return value;
}

TPL_BUILTIN (dict_items)
{
  TplValue *items = view (run, self, "dict_items");

  items->items = tpl_alloc (run->arena, MAX (1, self->n) * sizeof *items->items);
  for (gsize i = 0; i < self->n; i++)
    items->items[i] = tpl_pair (run, self->keys[i], self->items[i]);
  return items;
}

TPL_BUILTIN (dict_keys)
{
  TplValue *keys = view (run, self, "dict_keys");

  keys->items = self->keys;
  return keys;
}

TPL_BUILTIN (dict_values)
{
  TplValue *values = view (run, self, "dict_values");

  values->items = self->items;
  return values;
}

TPL_BUILTIN (dict_get)
{
  TplValue *found;

  if (!tpl_is_hashable (ARG (0)))
    return tpl_fail (run, "unhashable type: '%s'", tpl_type_name (ARG (0)));
  found = tpl_dict_get (self, ARG (0));
  return found ? found : ARG (1) ? ARG (1) : tpl_new (run, TPL_NONE);
}

TPL_BUILTIN (dict_copy)
{
  TplValue *copy = tpl_list (run, TPL_DICT);

  for (gsize i = 0; i < self->n; i++)
    tpl_dict_set (run, copy, self->keys[i], self->items[i]);
  return copy;
}

TPL_BUILTIN (dict_fromkeys)
{
  TplValue *dict = tpl_list (run, TPL_DICT), *value = ARG (1) ? ARG (1) : tpl_new (run, TPL_NONE);
  const TplValue *keys = tpl_items (run, ARG (0));

  for (gsize i = 0; keys && i < keys->n && !run->failed; i++)
    if (tpl_is_hashable (keys->items[i]))
      tpl_dict_set (run, dict, keys->items[i], value);
    else
      tpl_fail (run, "unhashable type: '%s'", tpl_type_name (keys->items[i]));
  return dict;
}

const TplBuiltin tpl_dict_methods[] = {
  { "items", dict_items, "", 0 },
  { "keys", dict_keys, "", 0 },
  { "values", dict_values, "", 0 },
  { "get", dict_get, "/key default", 1 },
  { "copy", dict_copy, "", 0 },
  { "fromkeys", dict_fromkeys, "/iterable value", 1 },
  { NULL },
};

/* ---- lists and tuples ---- */

TPL_BUILTIN (list_index)
{
  gint64 n = self->n, start = tpl_int_arg (ARG (1), 0), stop = tpl_int_arg (ARG (2), n);

  start = start < 0 ? MAX (0, start + n) : start;
  stop = stop < 0 ? stop + n : MIN (stop, n);
  for (gint64 i = start; i < stop; i++)
    if (tpl_equal (self->items[i], ARG (0)))
      return tpl_int (run, i);
  return tpl_fail (run, "the value is not in the list");
}

TPL_BUILTIN (list_count)
{
  gint64 n = 0;

  for (gsize i = 0; i < self->n; i++)
    n += tpl_equal (self->items[i], ARG (0));
  return tpl_int (run, n);
}

TPL_BUILTIN (list_copy)
{
  TplValue *copy = tpl_list (run, TPL_LIST);

  for (gsize i = 0; i < self->n; i++)
    tpl_append (run, copy, self->items[i]);
  return copy;
}

const TplBuiltin tpl_list_methods[] = {
  { "index", list_index, "/value start stop", 1 },
  { "count", list_count, "/value", 1 },
  { "copy", list_copy, "", 0 },
  { NULL },
};

/* ---- numbers ---- */

TPL_BUILTIN (number_is_integer)
{
  return tpl_bool (run, self->type != TPL_FLOAT || (isfinite (self->number) && floor (self->number) == self->number));
}

TPL_BUILTIN (number_bit_length)
{
  guint64 size = tpl_is_integer (self) ? (self->integer < 0 ? -(guint64)self->integer : (guint64)self->integer) : 0;
  gint64 n = 0;

  if (!tpl_is_integer (self))
    return tpl_fail (run, "bit_length() of a large integer");
  for (; size; size >>= 1)
    n++;
  return tpl_int (run, n);
}

const TplBuiltin tpl_number_methods[] = {
  { "is_integer", number_is_integer, "", 0 },
  { "bit_length", number_bit_length, "", 0 },
  { NULL },
};

/* ---- cyclers ---- */

TPL_BUILTIN (cycler_next)
{
  TplValue *item = self->items[self->at];

  self->at = (self->at + 1) % self->n;
  return item;
}

TPL_BUILTIN (cycler_reset)
{
  self->at = 0;
  return tpl_new (run, TPL_NONE);
}

const TplBuiltin tpl_cycler_methods[] = {
  { "next", cycler_next, "", 0 },
  { "reset", cycler_reset, "", 0 },
  { NULL },
};
