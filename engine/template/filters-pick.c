/* map, select, reject and their likes on an attribute. As in Jinja they give iterators, and what is wrong with their
 * arguments is found when those are read. */
#include "template-private.h"

#define FILTER TPL_BUILTIN

static TplArgs
without_first (const TplArgs *args, guint n)
{
  TplArgs rest = *args;

  rest.positional += n;
  rest.n_positional -= n;
  return rest;
}

static TplValue *
named (const TplArgs *args, const char *name)
{
  for (guint i = 0; i < args->n_named; i++)
    if (g_str_equal (args->names[i], name))
      return args->named[i];
  return NULL;
}

static TplValue *
map_attribute (TplRun *run, const TplValue *items, const TplArgs *args)
{
  TplValue *attribute = named (args, "attribute"), *fallback = named (args, "default"), *list, *item;

  if (args->n_named > 1 + (fallback != NULL))
    return tpl_fail (run, "map() got an unexpected keyword argument");
  list = tpl_list (run, TPL_LIST);
  for (gsize i = 0; i < items->n && tpl_tick (run); i++)
    {
      item = tpl_get_path (run, items->items[i], attribute);
      if (!item)
        return NULL;
      if (item->type == TPL_UNDEFINED && fallback && fallback->type != TPL_NONE)
        item = fallback;
      tpl_append (run, list, item);
    }
  return list;
}

FILTER (make_map)
{
  const TplValue *items;
  TplValue *list = tpl_list (run, TPL_LIST), *item;
  const TplBuiltin *row;
  TplArgs rest;

  if (!tpl_true (self))
    return list;
  if (!args->n_positional && !named (args, "attribute"))
    return tpl_fail (run, "map requires a filter argument");
  items = tpl_items (run, self);
  if (!items)
    return NULL;
  if (!args->n_positional)
    return map_attribute (run, items, args);
  rest = without_first (args, 1);
  row = tpl_is_text (ARG (0)) ? tpl_find_filter (ARG (0)->text) : NULL;
  for (gsize i = 0; i < items->n && tpl_tick (run); i++)
    {
      if (!row)
        return tpl_fail (run, "No filter named '%s'.", tpl_is_text (ARG (0)) ? ARG (0)->text : "");
      item = tpl_apply (run, row, items->items[i], &rest);
      if (!item)
        return NULL;
      tpl_append (run, list, item);
    }
  return list;
}

FILTER (filter_map)
{
  return tpl_iterator (run, "generator object", make_map, self, args);
}

/* Keeps what a test, or truth, says of an item or its attribute. */
static TplValue *
pick (TplRun *run, TplValue *self, const TplArgs *args, gboolean by_attribute, gboolean wanted)
{
  guint first = by_attribute ? 1 : 0;
  TplValue *list = tpl_list (run, TPL_LIST), *item, *name;
  const TplValue *items, *result;
  const TplBuiltin *test = NULL;
  TplArgs rest = { 0 };

  if (!tpl_true (self))
    return list;
  if (args->n_positional < first)
    return tpl_fail (run, "Missing parameter for attribute name");
  items = tpl_items (run, self);
  name = args->n_positional > first ? ARG (first) : NULL;
  if (name)
    rest = without_first (args, first + 1);
  for (gsize i = 0; items && i < items->n && tpl_tick (run); i++)
    {
      if (name && !test && !(test = tpl_is_text (name) ? tpl_find_test (name->text) : NULL))
        return tpl_fail (run, "No test named '%s'.", tpl_is_text (name) ? name->text : "");
      item = by_attribute ? tpl_get_path (run, items->items[i], ARG (0)) : items->items[i];
      result = item && test ? tpl_apply (run, test, item, &rest) : item;
      if (!result)
        return NULL;
      if (tpl_true (result) == wanted)
        tpl_append (run, list, items->items[i]);
    }
  return items ? list : NULL;
}

FILTER (make_select)
{
  return pick (run, self, args, FALSE, TRUE);
}

FILTER (make_reject)
{
  return pick (run, self, args, FALSE, FALSE);
}

FILTER (make_selectattr)
{
  return pick (run, self, args, TRUE, TRUE);
}

FILTER (make_rejectattr)
{
  return pick (run, self, args, TRUE, FALSE);
}

FILTER (filter_select)
{
  return tpl_iterator (run, "generator object", make_select, self, args);
}

FILTER (filter_reject)
{
  return tpl_iterator (run, "generator object", make_reject, self, args);
}

FILTER (filter_selectattr)
{
  return tpl_iterator (run, "generator object", make_selectattr, self, args);
}

FILTER (filter_rejectattr)
{
  return tpl_iterator (run, "generator object", make_rejectattr, self, args);
}

const TplBuiltin tpl_pick_filters[] = {
  { "map", filter_map, NULL, 0 },
  { "select", filter_select, NULL, 0 },
  { "reject", filter_reject, NULL, 0 },
  { "selectattr", filter_selectattr, NULL, 0 },
  { "rejectattr", filter_rejectattr, NULL, 0 },
  { NULL },
};
