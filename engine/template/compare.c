/* Truth, equality, order and membership of values, and what a loop sees of them. */
#include "template-private.h"

#include <math.h>
#include <string.h>

gboolean
tpl_true (const TplValue *value)
{
  switch (value->type)
    {
    case TPL_UNDEFINED:
    case TPL_NONE:
      return FALSE;
    case TPL_BOOL:
    case TPL_INT:
      return (value->type == TPL_INT && value->flag) || value->integer != 0;
    case TPL_FLOAT:
      return value->number != 0;
    default:
      return tpl_length (value) != 0;
    }
}

gint64
tpl_length (const TplValue *value)
{
  switch (value->type)
    {
    case TPL_UNDEFINED:
      return 0;
    case TPL_STRING:
      return tpl_n_chars (value);
    case TPL_LIST:
    case TPL_TUPLE:
    case TPL_DICT:
    case TPL_RANGE:
    case TPL_VIEW:
      return value->n;
    case TPL_LOOP:
      return value->loop->items->n;
    default:
      return -1;
    }
}

/* ---- equality ---- */

static gboolean equal (const TplValue *a, const TplValue *b, guint depth);

static gboolean
equal_numbers (const TplValue *a, const TplValue *b)
{
  if (a->type != TPL_FLOAT && b->type != TPL_FLOAT)
    return tpl_is_integer (a) && tpl_is_integer (b) ? a->integer == b->integer : tpl_big_compare (a, b) == 0;
  if (tpl_is_integer (a) || tpl_is_integer (b))
    return (a->type == TPL_FLOAT ? a->number : (long double)a->integer)
           == (b->type == TPL_FLOAT ? b->number : (long double)b->integer);
  return tpl_to_double (a) == tpl_to_double (b);
}

static gboolean
equal_dicts (const TplValue *a, const TplValue *b, guint depth)
{
  if (a->n != b->n)
    return FALSE;
  for (gsize i = 0; i < a->n; i++)
    {
      const TplValue *other = tpl_dict_get (b, a->keys[i]);
      if (!other || !equal (a->items[i], other, depth + 1))
        return FALSE;
    }
  return TRUE;
}

static gboolean
equal (const TplValue *a, const TplValue *b, guint depth)
{
  if (tpl_is_number (a) && tpl_is_number (b))
    return equal_numbers (a, b);
  if (a->type != b->type || depth > TPL_MAX_LEVELS)
    return FALSE;
  switch (a->type)
    {
    case TPL_UNDEFINED:
    case TPL_NONE:
      return TRUE;
    case TPL_STRING:
      return a->length == b->length && memcmp (a->text, b->text, a->length) == 0;
    case TPL_LIST:
    case TPL_TUPLE:
    case TPL_RANGE:
      if (a->n != b->n)
        return FALSE;
      for (gsize i = 0; i < a->n; i++)
        if (a->items[i] != b->items[i] && !equal (a->items[i], b->items[i], depth + 1))
          return FALSE;
      return TRUE;
    case TPL_DICT:
      return equal_dicts (a, b, depth);
    default:
      return a == b;
    }
}

gboolean
tpl_equal (const TplValue *a, const TplValue *b)
{
  return equal (a, b, 0);
}

/* Equal values have equal hashes: 1, 1.0 and true are one key. */
guint
tpl_hash (const TplValue *value)
{
  guint64 hash = 0xcbf29ce484222325u;

  switch (value->type)
    {
    case TPL_STRING:
      for (gsize i = 0; i < value->length; i++)
        hash = (hash ^ (guint8)value->text[i]) * 0x100000001b3u;
      return hash ^ hash >> 32;
    case TPL_BOOL:
    case TPL_INT:
    case TPL_FLOAT:
      {
        double number = tpl_to_double (value) + 0.0; /* no negative zero */

        memcpy (&hash, &number, sizeof hash);
        hash *= 0x9e3779b97f4a7c15u;
        return hash >> 32;
      }
    case TPL_TUPLE:
      for (gsize i = 0; i < value->n; i++)
        hash = (hash ^ tpl_hash (value->items[i])) * 0x100000001b3u;
      return hash;
    default:
      return value->type;
    }
}

gboolean
tpl_is_hashable (const TplValue *value)
{
  if (value->type == TPL_TUPLE)
    for (gsize i = 0; i < value->n; i++)
      if (!tpl_is_hashable (value->items[i]))
        return FALSE;
  if (value->type == TPL_VIEW)
    return strcmp (value->kind, "dict_values") == 0;
  return value->type != TPL_LIST && value->type != TPL_DICT;
}

/* ---- order ---- */

static gboolean
less_numbers (const TplValue *a, const TplValue *b)
{
  if (a->type != TPL_FLOAT && b->type != TPL_FLOAT)
    return tpl_is_integer (a) && tpl_is_integer (b) ? a->integer < b->integer : tpl_big_compare (a, b) < 0;
  if (tpl_is_integer (a) || tpl_is_integer (b))
    return (a->type == TPL_FLOAT ? a->number : (long double)a->integer)
           < (b->type == TPL_FLOAT ? b->number : (long double)b->integer);
  return tpl_to_double (a) < tpl_to_double (b);
}

gboolean
tpl_less (TplRun *run, const TplValue *a, const TplValue *b, gboolean *result)
{
  *result = FALSE;
  if (!tpl_tick_for (run, a))
    return FALSE;
  if (tpl_is_number (a) && tpl_is_number (b))
    {
      *result = less_numbers (a, b);
      return TRUE;
    }
  if (a->type == TPL_STRING && b->type == TPL_STRING)
    {
      int order = memcmp (a->text, b->text, MIN (a->length, b->length)); /* UTF-8 orders as its code points do */
      *result = order < 0 || (order == 0 && a->length < b->length);
      return TRUE;
    }
  if (tpl_is_list (a) && a->type == b->type)
    {
      for (gsize i = 0; i < MIN (a->n, b->n); i++)
        if (!tpl_equal (a->items[i], b->items[i]))
          {
            return tpl_less (run, a->items[i], b->items[i], result);
          }
      *result = a->n < b->n;
      return TRUE;
    }
  if (a->type == TPL_UNDEFINED || b->type == TPL_UNDEFINED)
    tpl_undefined_read (run, a->type == TPL_UNDEFINED ? a : b);
  else
    tpl_fail (run, "'<' not supported between instances of '%s' and '%s'", tpl_type_name (a), tpl_type_name (b));
  return FALSE;
}

/* ---- membership and iteration ---- */

gboolean
tpl_contains (TplRun *run, TplValue *container, const TplValue *item, gboolean *result)
{
  const TplValue *items;

  *result = FALSE;
  if (!tpl_tick_for (run, container))
    return FALSE;
  if (container->type == TPL_STRING)
    {
      if (item->type != TPL_STRING)
        {
          tpl_fail (run, "'in <string>' requires string as left operand, not %s", tpl_type_name (item));
          return FALSE;
        }
      *result = memmem (container->text, container->length, item->text, item->length) != NULL;
      return TRUE;
    }
  if (container->type == TPL_DICT || (container->type == TPL_VIEW && strcmp (container->kind, "dict_keys") == 0))
    {
      if (!tpl_is_hashable (item))
        {
          tpl_fail (run, "unhashable type: '%s'", tpl_type_name (item));
          return FALSE;
        }
    }
  if (container->type == TPL_DICT)
    {
      *result = tpl_dict_get (container, item) != NULL;
      return TRUE;
    }
  items = tpl_items (run, container);
  for (gsize i = 0; items && i < items->n && !*result; i++)
    *result = items->items[i] == item || tpl_equal (items->items[i], item);
  return items != NULL;
}

gboolean
tpl_is_iterable (const TplValue *value)
{
  return tpl_length (value) >= 0 || value->type == TPL_ITERATOR;
}

static TplValue *
rest_of_iterator (TplRun *run, TplIterator *iterator)
{
  TplValue *rest;

  if (!iterator->items)
    iterator->items = iterator->make (run, iterator->source, &iterator->args);
  if (!iterator->items || run->failed)
    return NULL;
  rest = tpl_list (run, TPL_LIST);
  rest->items = iterator->items->items + iterator->at;
  rest->weight = iterator->items->weight;
  rest->levels = iterator->items->levels;
  rest->n = rest->capacity = iterator->items->n - iterator->at;
  iterator->at = iterator->items->n;
  return rest;
}

TplValue *
tpl_items (TplRun *run, TplValue *value)
{
  TplValue *list;

  switch (value->type)
    {
    case TPL_LIST:
    case TPL_TUPLE:
    case TPL_RANGE:
    case TPL_VIEW:
      return value;
    case TPL_UNDEFINED:
      return tpl_list (run, TPL_LIST);
    case TPL_ITERATOR:
      return rest_of_iterator (run, value->iterator);
    case TPL_DICT:
      list = tpl_list (run, TPL_LIST);
      list->items = value->keys;
      list->weight = value->weight;
      list->levels = value->levels;
      list->n = list->capacity = value->n;
      return list;
    case TPL_STRING:
      list = tpl_list (run, TPL_LIST);
      for (const char *at = value->text; at < value->text + value->length && tpl_tick (run); at = g_utf8_next_char (at))
        tpl_append (run, list, tpl_string (run, at, g_utf8_next_char (at) - at));
      return run->failed ? NULL : list;
    default:
      return tpl_fail (run, "'%s' object is not iterable", tpl_type_name (value));
    }
}
