/* Filters of lists: order, groups, extremes, sums. */
#include "template-private.h"

#include <math.h>
#include <string.h>

#define FILTER TPL_BUILTIN

/* ---- iterators ---- */

static TplValue *
slice_of (TplRun *run, const TplValue *items, gsize start, gsize n)
{
  TplValue *list = tpl_list (run, TPL_LIST);

  for (gsize i = 0; i < n; i++)
    tpl_append (run, list, items->items[start + i]);
  return list;
}

FILTER (filter_list)
{
  const TplValue *items = tpl_items (run, self);

  return items ? slice_of (run, items, 0, items->n) : NULL;
}

FILTER (filter_first)
{
  TplIterator *iterator = self->type == TPL_ITERATOR ? self->iterator : NULL;
  gsize at = iterator ? iterator->at : 0;
  const TplValue *items = tpl_items (run, self);

  if (!items)
    return NULL;
  if (iterator)
    iterator->at = at + (items->n > 0); /* the rest can still be read */
  return items->n ? items->items[0] : tpl_undefined (run, "No first item, sequence was empty.");
}

static gboolean
is_reversible (const TplValue *value)
{
  return value->type != TPL_ITERATOR && value->type != TPL_LOOP && tpl_length (value) >= 0;
}

FILTER (filter_last)
{
  const TplValue *items;

  if (!is_reversible (self))
    return tpl_fail (run, "'%s' object is not reversible", tpl_type_name (self));
  items = tpl_items (run, self);
  if (!items)
    return NULL;
  return items->n ? items->items[items->n - 1] : tpl_undefined (run, "No last item, sequence was empty.");
}

FILTER (make_reversed)
{
  const TplValue *items = tpl_items (run, self);
  TplValue *list = tpl_list (run, TPL_LIST);

  for (gsize i = items ? items->n : 0; i > 0; i--)
    tpl_append (run, list, items->items[i - 1]);
  return items ? list : NULL;
}

FILTER (filter_reverse)
{
  TplValue *bounds[3] = { NULL, NULL, tpl_int (run, -1) };

  if (self->type == TPL_STRING)
    return tpl_slice (run, self, bounds);
  if (is_reversible (self))
    return tpl_iterator (run, "reversed object", make_reversed, self, NULL);
  return make_reversed (run, self, args);
}

FILTER (make_batches)
{
  const TplValue *items = tpl_items (run, self);
  gint64 size = tpl_int_arg (ARG (0), 0), n;
  TplValue *list = tpl_list (run, TPL_LIST), *row = NULL;

  if (!items || !tpl_is_integer (ARG (0)))
    return tpl_fail (run, "batch needs a number of items");
  if (size == 0 && items->n)
    tpl_append (run, list, tpl_list (run, TPL_LIST)); /* as Jinja happens to do */
  if (size <= 0)
    size = TPL_MAX_ITEMS;
  for (gsize i = 0; i < items->n; i += n)
    {
      n = MIN (size, (gint64)(items->n - i));
      tpl_append (run, list, row = slice_of (run, items, i, n));
    }
  while (row && ARG (1) && ARG (1)->type != TPL_NONE && (gint64)row->n < size && size < TPL_MAX_ITEMS && !run->failed)
    tpl_append (run, row, ARG (1));
  return list;
}

FILTER (filter_batch)
{
  TplArgs *copy = tpl_alloc (run->arena, sizeof *copy);

  *copy = (TplArgs){ .positional = tpl_alloc (run->arena, 2 * sizeof *copy->positional), .n_positional = 2 };
  memcpy (copy->positional, args->positional, 2 * sizeof *copy->positional);
  return tpl_iterator (run, "generator object", make_batches, self, copy);
}

/* So many columns of nearly equal length; the shorter ones are filled up. */
FILTER (make_slices)
{
  const TplValue *items = tpl_items (run, self);
  gint64 n = tpl_int_arg (ARG (0), 0), size, longer, at = 0;
  TplValue *list = tpl_list (run, TPL_LIST), *row;

  if (!items || n <= 0)
    return tpl_fail (run, "slice needs a number of slices");
  size = items->n / n;
  longer = items->n % n;
  for (gint64 i = 0; i < n && !run->failed; i++)
    {
      row = slice_of (run, items, at, size + (i < longer));
      at += row->n;
      if (ARG (1) && ARG (1)->type != TPL_NONE && i >= longer)
        tpl_append (run, row, ARG (1));
      tpl_append (run, list, row);
    }
  return list;
}

FILTER (filter_slice)
{
  TplValue *iterator = filter_batch (run, self, args);

  iterator->iterator->make = make_slices;
  return iterator;
}

FILTER (make_items)
{
  const TplBuiltin *items = tpl_find_row (tpl_dict_methods, "items");

  if (self->type == TPL_UNDEFINED)
    return tpl_list (run, TPL_LIST);
  if (self->type != TPL_DICT)
    return tpl_fail (run, "Can only get item pairs from a mapping.");
  return items->function (run, self, args);
}

FILTER (filter_items)
{
  return tpl_iterator (run, "generator object", make_items, self, NULL);
}

/* ---- order ---- */

/* What to sort by: without case unless that counts. */
static TplValue *
fold (TplRun *run, TplValue *key, gboolean case_sensitive)
{
  return key && !case_sensitive && key->type == TPL_STRING ? tpl_lower (run, key) : key;
}

static TplValue *
key_of (TplRun *run, TplValue *item, const TplValue *attribute, gboolean case_sensitive)
{
  return fold (run, tpl_get_path (run, item, attribute), case_sensitive);
}

/* A stable merge sort of pairs of a key and an item, which only asks whether a later key is less, as Python does. */
static gboolean
merge_sort (TplRun *run, TplValue **pairs, TplValue **room, gsize n, gboolean reverse)
{
  gsize half = n / 2, left = 0, right = half;

  if (n < 2)
    return TRUE;
  if (!merge_sort (run, pairs, room, half, reverse) || !merge_sort (run, pairs + half, room, n - half, reverse))
    return FALSE;
  for (gsize i = 0; i < n; i++)
    {
      gboolean take_right = left == half;

      if (!take_right && right < n)
        {
          const TplValue *a = pairs[left]->items[0], *b = pairs[right]->items[0];

          if (!tpl_less (run, reverse ? a : b, reverse ? b : a, &take_right) || !tpl_tick (run))
            return FALSE;
        }
      room[i] = pairs[take_right ? right++ : left++];
    }
  memcpy (pairs, room, n * sizeof *pairs);
  return TRUE;
}

/* The items in the order of their keys; pairs of both where with_keys. */
static TplValue *
sort_pairs (TplRun *run, TplValue *pairs, gboolean reverse, gboolean with_keys)
{
  TplValue **room = tpl_alloc (run->arena, MAX (1, pairs->n) * sizeof *room);

  if (!merge_sort (run, pairs->items, room, pairs->n, reverse))
    return NULL;
  for (gsize i = 0; i < pairs->n && !with_keys; i++)
    pairs->items[i] = pairs->items[i]->items[1];
  return pairs;
}

FILTER (filter_sort)
{
  const TplValue *items = tpl_items (run, self);
  TplValue *pairs = tpl_list (run, TPL_LIST);
  gboolean case_sensitive = tpl_bool_arg (ARG (1), FALSE);
  g_auto (GStrv) paths = tpl_is_text (ARG (2)) ? g_strsplit (ARG (2)->text, ",", -1) : NULL;

  for (gsize i = 0; items && i < items->n; i++)
    {
      TplValue *key = tpl_list (run, TPL_LIST), *part;

      for (guint p = 0; paths ? paths[p] != NULL : p == 0; p++)
        {
          part = key_of (run, items->items[i], paths ? tpl_string (run, paths[p], -1) : ARG (2), case_sensitive);
          if (!part)
            return NULL;
          tpl_append (run, key, part);
        }
      tpl_append (run, pairs, tpl_pair (run, key, items->items[i]));
    }
  return items ? sort_pairs (run, pairs, tpl_bool_arg (ARG (0), FALSE), FALSE) : NULL;
}

FILTER (filter_dictsort)
{
  const char *by = !ARG (1) ? "key" : tpl_is_text (ARG (1)) ? ARG (1)->text : "?";
  gboolean by_value = strcmp (by, "value") == 0;
  TplValue *pairs = tpl_list (run, TPL_LIST);

  if (!by_value && strcmp (by, "key") != 0)
    return tpl_fail (run, "You can only sort by either \"key\" or \"value\"");
  if (self->type != TPL_DICT)
    return tpl_fail (run, "dictsort needs a dict, not %s", tpl_type_name (self));
  for (gsize i = 0; i < self->n; i++)
    {
      TplValue *key = fold (run, by_value ? self->items[i] : self->keys[i], tpl_bool_arg (ARG (0), FALSE));

      if (!key)
        return NULL;
      tpl_append (run, pairs, tpl_pair (run, key, tpl_pair (run, self->keys[i], self->items[i])));
    }
  return sort_pairs (run, pairs, tpl_bool_arg (ARG (2), FALSE), FALSE);
}

FILTER (filter_groupby)
{
  const TplValue *items = tpl_items (run, self);
  TplValue *pairs = tpl_list (run, TPL_LIST), *groups = tpl_list (run, TPL_LIST), *group = NULL, *last = NULL, *key;

  for (gsize i = 0; items && i < items->n; i++)
    {
      key = tpl_get_path (run, items->items[i], ARG (0));
      if (key && key->type == TPL_UNDEFINED && ARG (1) && ARG (1)->type != TPL_NONE)
        key = ARG (1);
      if (!key)
        return NULL;
      key = tpl_pair (run, fold (run, key, tpl_bool_arg (ARG (2), FALSE)), key);
      tpl_append (run, pairs, tpl_pair (run, key->items[0], tpl_pair (run, key->items[1], items->items[i])));
    }
  if (!items || !sort_pairs (run, pairs, FALSE, TRUE))
    return NULL;
  for (gsize i = 0; i < pairs->n; i++)
    {
      const TplValue *pair = pairs->items[i];

      if (!last || !tpl_equal (last, pair->items[0]))
        {
          group = tpl_pair (run, pair->items[1]->items[0], tpl_list (run, TPL_LIST));
          group->flag = TRUE; /* .grouper and .list */
          tpl_append (run, groups, group);
        }
      last = pair->items[0];
      tpl_append (run, group->items[1], pair->items[1]->items[1]);
    }
  return groups;
}

FILTER (make_unique)
{
  const TplValue *items = tpl_items (run, self);
  TplValue *seen = tpl_list (run, TPL_DICT), *key;

  for (gsize i = 0; items && i < items->n && tpl_tick (run); i++)
    {
      key = key_of (run, items->items[i], ARG (1), tpl_bool_arg (ARG (0), FALSE));
      if (!key)
        return NULL;
      if (!tpl_is_hashable (key))
        return tpl_fail (run, "unhashable type: '%s'", tpl_type_name (key));
      if (!tpl_dict_get (seen, key))
        tpl_dict_set (run, seen, key, items->items[i]);
    }
  seen->type = TPL_LIST;
  return items ? seen : NULL;
}

FILTER (filter_unique)
{
  TplValue *iterator = filter_batch (run, self, args);

  iterator->iterator->make = make_unique;
  return iterator;
}

static TplValue *
extreme (TplRun *run, TplValue *self, const TplArgs *args, gboolean most)
{
  const TplValue *items = tpl_items (run, self);
  TplValue *best = NULL, *best_key = NULL, *key;
  gboolean better;

  for (gsize i = 0; items && i < items->n; i++)
    {
      key = key_of (run, items->items[i], ARG (1), tpl_bool_arg (ARG (0), FALSE));
      better = !best;
      if (!key || (best && !tpl_less (run, most ? best_key : key, most ? key : best_key, &better)))
        return NULL;
      if (better)
        {
          best = items->items[i];
          best_key = key;
        }
    }
  return best || !items ? best : tpl_undefined (run, "No aggregated item, sequence was empty.");
}

FILTER (filter_max)
{
  return extreme (run, self, args, TRUE);
}

FILTER (filter_min)
{
  return extreme (run, self, args, FALSE);
}

/* ---- sums and joins ---- */

/* Floats are summed with a compensation (Neumaier 1974), as Python does since 3.12. */
FILTER (filter_sum)
{
  const TplValue *items = tpl_items (run, self);
  TplValue *sum = ARG (1) ? ARG (1) : tpl_int (run, 0), *item;
  double compensation = 0;

  if (sum->type == TPL_STRING)
    return tpl_fail (run, "sum() can't sum strings [use ''.join(seq) instead]");
  for (gsize i = 0; items && sum && i < items->n && tpl_tick (run); i++)
    {
      item = tpl_get_path (run, items->items[i], ARG (0));
      if (!item)
        return NULL;
      if (sum->type == TPL_FLOAT && tpl_is_number (item))
        {
          double a = sum->number, b = tpl_to_double (item), total = a + b;

          compensation += fabs (a) >= fabs (b) ? (a - total) + b : (b - total) + a;
          sum = tpl_float (run, total);
        }
      else
        sum = tpl_binary (run, "+", sum, item);
    }
  if (sum && sum->type == TPL_FLOAT && isfinite (compensation))
    sum->number += compensation;
  return items ? sum : NULL;
}

FILTER (filter_join)
{
  TplValue *separator = ARG (0) ? tpl_to_string (run, ARG (0)) : tpl_string (run, "", 0), *item;
  const TplValue *items = separator ? tpl_items (run, self) : NULL;
  GString *out;

  if (!items)
    return NULL;
  out = g_string_new (NULL);
  for (gsize i = 0; i < items->n && out->len <= TPL_MAX_TEXT && tpl_tick (run); i++)
    {
      item = tpl_get_path (run, items->items[i], ARG (1));
      if (i)
        g_string_append_len (out, separator->text, separator->length);
      if (item)
        tpl_append_str (run, out, item);
    }
  return tpl_take (run, out);
}

const TplBuiltin tpl_list_filters[] = {
  { "list", filter_list, "", 0 },
  { "first", filter_first, "", 0 },
  { "last", filter_last, "", 0 },
  { "reverse", filter_reverse, "", 0 },
  { "batch", filter_batch, "linecount fill_with", 1 },
  { "slice", filter_slice, "slices fill_with", 1 },
  { "items", filter_items, "", 0 },
  { "sort", filter_sort, "reverse case_sensitive attribute", 0 },
  { "dictsort", filter_dictsort, "case_sensitive by reverse", 0 },
  { "groupby", filter_groupby, "attribute default case_sensitive", 1 },
  { "unique", filter_unique, "case_sensitive attribute", 0 },
  { "max", filter_max, "case_sensitive attribute", 0 },
  { "min", filter_min, "case_sensitive attribute", 0 },
  { "sum", filter_sum, "attribute start", 0 },
  { "join", filter_join, "d attribute", 0 },
  { NULL },
};
