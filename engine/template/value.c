#include "template-private.h"

#include <string.h>

#define BLOCK_SIZE 16384
#define INDEXED    16 /* a dict of so many keys gets an index */

void
tpl_arena_init (TplArena *arena, gsize limit)
{
  *arena = (TplArena){ .blocks = g_ptr_array_new_with_free_func (g_free), .limit = limit };
}

void
tpl_arena_clear (TplArena *arena)
{
  g_clear_pointer (&arena->blocks, g_ptr_array_unref);
}

gpointer
tpl_alloc (TplArena *arena, gsize size)
{
  char *at;

  size = (MAX (size, 1) + 15) & ~(gsize)15;
  if (size > arena->left)
    {
      gsize block = MAX (size, BLOCK_SIZE);

      if (arena->total + block > arena->limit)
        arena->full = TRUE; /* what the render is doing still needs its memory */
      at = g_malloc0 (block);
      g_ptr_array_add (arena->blocks, at);
      arena->total += block;
      if (block > BLOCK_SIZE)
        return at;
      arena->at = at;
      arena->left = block;
    }
  at = arena->at;
  arena->at += size;
  arena->left -= size;
  return at;
}

/* ---- making ---- */

TplValue *
tpl_new (TplRun *run, TplType type)
{
  TplValue *value = tpl_alloc (run->arena, sizeof *value);

  value->type = type;
  return value;
}

TplValue *
tpl_undefined (TplRun *run, const char *why)
{
  TplValue *value = tpl_new (run, TPL_UNDEFINED);

  value->text = why;
  return value;
}

TplValue *
tpl_bool (TplRun *run, gboolean truth)
{
  TplValue *value = tpl_new (run, TPL_BOOL);

  value->integer = truth != 0;
  return value;
}

TplValue *
tpl_int (TplRun *run, gint64 integer)
{
  TplValue *value = tpl_new (run, TPL_INT);

  value->integer = integer;
  return value;
}

TplValue *
tpl_float (TplRun *run, double number)
{
  TplValue *value = tpl_new (run, TPL_FLOAT);

  value->number = number;
  return value;
}

TplValue *
tpl_string (TplRun *run, const char *text, gssize length)
{
  gsize n = length < 0 ? strlen (text) : (gsize)length;
  TplValue *value = tpl_new (run, TPL_STRING);
  char *copy = tpl_alloc (run->arena, n + 1);

  memcpy (copy, text, n);
  value->text = copy;
  value->length = n;
  return value;
}

TplValue *
tpl_take (TplRun *run, GString *text)
{
  TplValue *value = NULL;

  if (text->len > TPL_MAX_TEXT)
    tpl_fail (run, "a text of more than %d bytes", TPL_MAX_TEXT);
  else
    value = tpl_string (run, text->str, text->len);
  g_string_free (text, TRUE);
  return value;
}

TplValue *
tpl_iterator (TplRun *run, const char *kind, TplFunction make, TplValue *source, const TplArgs *args)
{
  TplValue *value = tpl_new (run, TPL_ITERATOR);

  value->iterator = tpl_alloc (run->arena, sizeof *value->iterator);
  *value->iterator = (TplIterator){ .kind = kind, .make = make, .source = source };
  if (args)
    value->iterator->args = *args;
  return value;
}

/* ---- lists and dicts ---- */

TplValue *
tpl_list (TplRun *run, TplType type)
{
  return tpl_new (run, type);
}

static void
grow (TplRun *run, TplValue *list, gboolean with_keys)
{
  gsize capacity = list->capacity ? 2 * (gsize)list->capacity : 4;
  TplValue **items = tpl_alloc (run->arena, capacity * sizeof *items), **keys;

  if (list->n)
    memcpy (items, list->items, list->n * sizeof *items);
  list->items = items;
  if (with_keys)
    {
      keys = tpl_alloc (run->arena, capacity * sizeof *keys);
      if (list->n)
        memcpy (keys, list->keys, list->n * sizeof *keys);
      list->keys = keys;
    }
  list->capacity = capacity;
}

/* A list may hold another many times, and that one a third: what looks at each of them would take forever. A namespace
 * is looked into only to print it. */
static gboolean
weigh (TplRun *run, TplValue *list, const TplValue *item)
{
  gsize weight = list->weight + 1 + (item->type == TPL_STRING ? item->length / 64 : item->weight);

  if (list->type == TPL_NAMESPACE)
    return TRUE;
  list->levels = MAX (list->levels, item->levels + 1);
  list->weight = MIN (weight, TPL_MAX_WEIGHT);
  if (weight > TPL_MAX_WEIGHT)
    tpl_fail (run, "a value is too large");
  if (list->levels > TPL_MAX_LEVELS)
    tpl_fail (run, "a value is nested too deeply");
  return !run->failed;
}

void
tpl_append (TplRun *run, TplValue *list, TplValue *item)
{
  if (!weigh (run, list, item))
    return;
  if (list->n >= TPL_MAX_ITEMS)
    {
      tpl_fail (run, "a list of more than %d items", TPL_MAX_ITEMS);
      return;
    }
  if (list->n == list->capacity)
    grow (run, list, FALSE);
  list->items[list->n++] = item;
}

TplValue *
tpl_pair (TplRun *run, TplValue *a, TplValue *b)
{
  TplValue *pair = tpl_list (run, TPL_TUPLE);

  tpl_append (run, pair, a);
  tpl_append (run, pair, b);
  return pair;
}

/* The slots of an index are twice the capacity, a power of two. */
static guint *
find_slot (const TplValue *dict, const TplValue *key)
{
  guint mask = 2 * dict->capacity - 1, at = tpl_hash (key) & mask;

  while (dict->index[at] && !tpl_equal (dict->keys[dict->index[at] - 1], key))
    at = (at + 1) & mask;
  return &dict->index[at];
}

static gssize
find_key (const TplValue *dict, const TplValue *key)
{
  if (dict->type == TPL_DICT && dict->index)
    return (gssize)*find_slot (dict, key) - 1;
  for (gsize i = 0; i < dict->n; i++)
    if (tpl_equal (dict->keys[i], key))
      return i;
  return -1;
}

static void
make_index (TplRun *run, TplValue *dict)
{
  dict->index = tpl_alloc (run->arena, 2 * (gsize)dict->capacity * sizeof *dict->index);
  for (gsize i = 0; i < dict->n; i++)
    *find_slot (dict, dict->keys[i]) = i + 1;
}

void
tpl_dict_set (TplRun *run, TplValue *dict, TplValue *key, TplValue *value)
{
  gssize found = tpl_tick_for (run, key) ? find_key (dict, key) : -1;

  if (run->failed || !weigh (run, dict, key) || !weigh (run, dict, value))
    return;
  if (found >= 0)
    {
      dict->items[found] = value;
      return;
    }
  if (dict->n >= TPL_MAX_ITEMS)
    {
      tpl_fail (run, "a dict of more than %d keys", TPL_MAX_ITEMS);
      return;
    }
  if (dict->n == dict->capacity)
    {
      grow (run, dict, TRUE);
      dict->index = NULL;
    }
  dict->keys[dict->n] = key;
  dict->items[dict->n++] = value;
  if (dict->type != TPL_DICT || dict->n < INDEXED)
    return;
  if (dict->index)
    *find_slot (dict, key) = dict->n;
  else
    make_index (run, dict);
}

TplValue *
tpl_dict_get (const TplValue *dict, const TplValue *key)
{
  gssize found = find_key (dict, key);

  return found < 0 ? NULL : dict->items[found];
}

TplValue *
tpl_dict_get_text (const TplValue *dict, const char *key)
{
  const TplValue name = { .type = TPL_STRING, .text = key, .length = strlen (key) };

  return tpl_dict_get (dict, &name);
}

/* ---- kinds ---- */

gboolean
tpl_is_text (const TplValue *value)
{
  return value && value->type == TPL_STRING;
}

gboolean
tpl_is_integer (const TplValue *value)
{
  return value && (value->type == TPL_BOOL || (value->type == TPL_INT && !value->flag));
}

gboolean
tpl_is_number (const TplValue *value)
{
  return value->type == TPL_INT || value->type == TPL_FLOAT || value->type == TPL_BOOL;
}

gboolean
tpl_is_list (const TplValue *value)
{
  return value->type == TPL_LIST || value->type == TPL_TUPLE;
}

double
tpl_to_double (const TplValue *value)
{
  if (value->type == TPL_FLOAT)
    return value->number;
  return value->type == TPL_INT && value->flag ? tpl_big_to_double (value) : (double)value->integer;
}

gint64
tpl_int_arg (const TplValue *value, gint64 fallback)
{
  return tpl_is_integer (value) ? value->integer : fallback;
}

gboolean
tpl_bool_arg (const TplValue *value, gboolean fallback)
{
  return value ? tpl_true (value) : fallback;
}
