/* for, its loop variable, and assignment to targets. */
#include "template-private.h"

#include <string.h>

gboolean
tpl_assign (TplRun *run, const TplNode *target, TplValue *value, TplScope *scope)
{
  const TplValue *items;
  TplValue *object;

  if (target->type == TPL_N_NAME)
    {
      tpl_define (run, scope, target->name, value);
      return TRUE;
    }
  if (target->type == TPL_N_ATTRIBUTE)
    {
      object = tpl_look_up (scope, target->children[0]->name);
      if (!object || object->type != TPL_NAMESPACE)
        tpl_fail (run, "cannot assign attribute on non-namespace object");
      else
        tpl_dict_set (run, object, tpl_string (run, target->name, -1), value);
      return !run->failed;
    }
  items = tpl_items (run, value);
  if (items && items->n != target->n_children)
    tpl_fail (run, "%" G_GSIZE_FORMAT " values for %u names", items->n, target->n_children);
  for (guint i = 0; i < target->n_children && !run->failed; i++)
    tpl_assign (run, target->children[i], items->items[i], scope);
  return !run->failed;
}

/* ---- loop.name ---- */

TPL_BUILTIN (loop_cycle)
{
  if (args->n_positional == 0)
    return tpl_fail (run, "no items for cycling given");
  return args->positional[self->loop->i % args->n_positional];
}

TPL_BUILTIN (loop_changed)
{
  TplValue *now = tpl_list (run, TPL_TUPLE);
  gboolean same;

  for (guint i = 0; i < args->n_positional; i++)
    tpl_append (run, now, args->positional[i]);
  same = self->loop->changed && tpl_equal (self->loop->changed, now);
  self->loop->changed = now;
  return tpl_bool (run, !same);
}

const TplBuiltin tpl_loop_methods[] = {
  { "cycle", loop_cycle, NULL, 0 },
  { "changed", loop_changed, NULL, 0 },
  { NULL },
};

TplValue *
tpl_loop_attribute (TplRun *run, TplValue *value, const char *name)
{
  const TplLoop *loop = value->loop;
  gint64 n = loop->items->n, i = loop->i;
  const struct
  {
    const char *name;
    gint64 value;
  } numbers[] = {
    { "index", i + 1 },       { "index0", i }, { "revindex", n - i },         { "revindex0", n - i - 1 },
    { "depth", loop->depth }, { "length", n }, { "depth0", loop->depth - 1 },
  };

  for (gsize row = 0; row < G_N_ELEMENTS (numbers); row++)
    if (strcmp (name, numbers[row].name) == 0)
      return tpl_int (run, numbers[row].value);
  if (strcmp (name, "first") == 0)
    return tpl_bool (run, i == 0);
  if (strcmp (name, "last") == 0)
    return tpl_bool (run, i + 1 == n);
  if (strcmp (name, "previtem") == 0)
    return i > 0 ? loop->items->items[i - 1] : tpl_undefined (run, "there is no previous item");
  if (strcmp (name, "nextitem") == 0)
    return i + 1 < n ? loop->items->items[i + 1] : tpl_undefined (run, "there is no next item");
  return NULL;
}

/* ---- running ---- */

static gboolean
passes (TplRun *run, const TplNode *node, TplValue *item, TplScope *scope, gboolean *result)
{
  TplScope *inner = tpl_scope_new (run, scope);
  TplValue *condition = NULL;

  if (tpl_assign (run, node->children[0], item, inner))
    condition = tpl_eval (run, node->children[2], inner);
  *result = condition && tpl_true (condition);
  return condition != NULL;
}

/* The items that a loop's condition leaves. */
static TplValue *
filter_items (TplRun *run, const TplNode *node, const TplValue *items, TplScope *scope)
{
  TplValue *kept = tpl_list (run, TPL_LIST);

  for (gsize i = 0; i < items->n; i++)
    {
      gboolean keep;

      if (!passes (run, node, items->items[i], scope, &keep))
        return NULL;
      if (keep)
        tpl_append (run, kept, items->items[i]);
    }
  return kept;
}

/* A loop whose body does not look at loop asks its condition as it goes, as Python's generators do. */
static TplFlow
run_loop (TplRun *run, const TplNode *node, TplValue *items, TplScope *scope, guint depth)
{
  gboolean lazy = node->children[2] && !(node->uses & TPL_USES_LOOP);
  TplValue *loop = NULL;
  gboolean finished = FALSE; /* one of its rounds, which is what Jinja goes by */

  if (node->children[2] && !lazy)
    items = filter_items (run, node, items, scope);
  if (items && (node->uses & TPL_USES_LOOP))
    {
      loop = tpl_new (run, TPL_LOOP);
      loop->loop = tpl_alloc (run->arena, sizeof *loop->loop);
      *loop->loop = (TplLoop){ .items = items, .depth = depth, .node = node, .scope = scope };
    }
  for (gsize i = 0; items && i < items->n && tpl_tick (run); i++)
    {
      TplScope *inner;
      TplFlow flow;
      gboolean keep = TRUE;

      if (lazy && !passes (run, node, items->items[i], scope, &keep))
        break;
      if (!keep)
        continue;
      inner = tpl_scope_new (run, scope);
      if (loop)
        {
          loop->loop->i = i;
          tpl_define (run, inner, "loop", loop);
        }
      if (!tpl_assign (run, node->children[0], items->items[i], inner))
        break;
      flow = tpl_execute (run, node->children[3], inner);
      finished |= flow == TPL_FLOW_ON;
      if (flow == TPL_FLOW_BREAK)
        break;
    }
  if (!finished && node->children[4] && !run->failed)
    return tpl_execute (run, node->children[4], tpl_scope_new (run, scope));
  return TPL_FLOW_ON;
}

TplFlow
tpl_execute_for (TplRun *run, const TplNode *node, TplScope *scope)
{
  TplValue *value = tpl_eval (run, node->children[1], scope);

  run->line = node->line;
  value = value ? tpl_items (run, value) : NULL;
  return value ? run_loop (run, node, value, scope, 1) : TPL_FLOW_ON;
}

/* loop(children), in a recursive loop: what the whole loop writes for them. */
TplValue *
tpl_call_loop (TplRun *run, TplValue *value, const TplArgs *args)
{
  const TplLoop *loop = value->loop;
  GString *outer = run->out;
  g_autoptr (GString) inner = g_string_new (NULL);
  TplValue *items;

  if (!loop->node->flag)
    return tpl_fail (run, "The loop must have the 'recursive' marker to be called recursively.");
  if (args->n_positional != 1 || args->n_named)
    return tpl_fail (run, "loop() takes one argument");
  items = tpl_items (run, args->positional[0]);
  if (!items)
    return NULL;
  run->out = inner;
  run_loop (run, loop->node, items, loop->scope, loop->depth + 1);
  run->out = outer;
  return run->failed ? NULL : tpl_string (run, inner->str, inner->len);
}
