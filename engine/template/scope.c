/* Variables: a chain of scopes, the innermost first. */
#include "template-private.h"

#include <string.h>

struct _TplScope
{
  TplScope *parent;
  const char **names;
  TplValue **values;
  guint n, capacity;
};

TplScope *
tpl_scope_new (TplRun *run, TplScope *parent)
{
  TplScope *scope = tpl_alloc (run->arena, sizeof *scope);

  scope->parent = parent;
  return scope;
}

static void
grow (TplRun *run, TplScope *scope)
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
    grow (run, scope);
  scope->names[scope->n] = name;
  scope->values[scope->n++] = value;
}

TplValue *
tpl_look_up (const TplScope *scope, const char *name)
{
  for (; scope; scope = scope->parent)
    for (guint i = 0; i < scope->n; i++)
      if (strcmp (scope->names[i], name) == 0)
        return scope->values[i];
  return NULL;
}
