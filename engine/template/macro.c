#include "template-private.h"

#include <string.h>

TplValue *
tpl_macro (TplRun *run, const TplNode *node, TplScope *scope)
{
  TplValue *macro = tpl_new (run, TPL_MACRO);

  macro->macro = node;
  macro->scope = scope;
  return macro;
}

static const char *
shown_name (const TplNode *macro)
{
  return macro->name ? macro->name : "caller";
}

static int
find_parameter (const TplNode *macro, const char *name)
{
  for (guint i = 0; i < macro->n_names; i++)
    if (strcmp (macro->names[i], name) == 0)
      return i;
  return -1;
}

/* Keywords that name no parameter, or one that has its value by position. */
static gboolean
take_keywords (TplRun *run, const TplNode *macro, const TplArgs *args, TplScope *scope, TplValue **values)
{
  TplValue *rest = tpl_list (run, TPL_DICT), *caller = NULL;

  for (guint i = 0; i < args->n_named; i++)
    {
      int place = find_parameter (macro, args->names[i]);

      if (place >= (int)args->n_positional)
        values[place] = args->named[i];
      else if ((macro->uses & TPL_USES_CALLER) && strcmp (args->names[i], "caller") == 0)
        caller = args->named[i];
      else if (macro->uses & TPL_USES_KWARGS)
        tpl_dict_set (run, rest, tpl_string (run, args->names[i], -1), args->named[i]);
      else
        {
          tpl_fail (run, "macro '%s' takes no keyword argument '%s'", shown_name (macro), args->names[i]);
          return FALSE;
        }
    }
  if (macro->uses & TPL_USES_KWARGS)
    tpl_define (run, scope, "kwargs", rest);
  if ((macro->uses & TPL_USES_CALLER) && find_parameter (macro, "caller") < 0)
    tpl_define (run, scope, "caller", caller ? caller : tpl_undefined (run, "No caller defined"));
  return TRUE;
}

static gboolean
take_positional (TplRun *run, const TplNode *macro, const TplArgs *args, TplScope *scope, TplValue **values)
{
  TplValue *rest = tpl_list (run, TPL_TUPLE);

  for (guint i = 0; i < args->n_positional; i++)
    if (i < macro->n_names)
      values[i] = args->positional[i];
    else
      tpl_append (run, rest, args->positional[i]);
  if (macro->uses & TPL_USES_VARARGS)
    tpl_define (run, scope, "varargs", rest);
  else if (rest->n)
    {
      tpl_fail (run, "macro '%s' takes not more than %u argument(s)", shown_name (macro), macro->n_names);
      return FALSE;
    }
  return TRUE;
}

TplValue *
tpl_call_macro (TplRun *run, TplValue *callable, const TplArgs *args)
{
  const TplNode *macro = callable->macro;
  TplScope *scope = tpl_scope_new (run, callable->scope);
  TplValue **values = tpl_alloc (run->arena, MAX (1, macro->n_names) * sizeof *values);
  guint first_default = macro->n_names - macro->n_defaults;

  if (!take_positional (run, macro, args, scope, values) || !take_keywords (run, macro, args, scope, values))
    return NULL;
  for (guint i = 0; i < macro->n_names; i++)
    {
      if (!values[i] && i >= first_default)
        values[i] = tpl_eval (run, macro->defaults[i - first_default], scope);
      else if (!values[i])
        values[i] = tpl_undefined (run, "a parameter was not provided");
      if (!values[i])
        return NULL;
      tpl_define (run, scope, macro->names[i], values[i]);
    }
  return tpl_capture (run, macro->children[0], scope);
}
