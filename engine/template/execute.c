/* Statements. */
#include "template-private.h"

#define MAX_OUTPUT  (1 << 20)
#define MAX_NESTING 3000

static void
write_text (TplRun *run, const char *text, gsize length)
{
  run->captured += length;
  if (run->captured > 16 * MAX_OUTPUT || run->out->len + length > MAX_OUTPUT)
    tpl_fail (run, "it writes more than a mebibyte");
  else
    g_string_append_len (run->out, text, length);
}

static void
print (TplRun *run, TplValue *value)
{
  value = value ? tpl_to_string (run, value) : NULL;
  if (value)
    write_text (run, value->text, value->length);
}

TplValue *
tpl_capture (TplRun *run, const TplNode *body, TplScope *scope)
{
  GString *outer = run->out;
  g_autoptr (GString) inner = g_string_new (NULL);

  run->out = inner;
  tpl_execute (run, body, scope);
  run->out = outer;
  return run->failed ? NULL : tpl_string (run, inner->str, inner->len);
}

static TplFlow
execute_if (TplRun *run, const TplNode *node, TplScope *scope)
{
  guint i = 0;

  for (; i + 1 < node->n_children; i += 2)
    {
      TplValue *condition = tpl_eval (run, node->children[i], scope);

      if (!condition)
        return TPL_FLOW_ON;
      if (tpl_true (condition))
        return tpl_execute (run, node->children[i + 1], scope);
    }
  return i < node->n_children ? tpl_execute (run, node->children[i], scope) : TPL_FLOW_ON;
}

/* The captured text goes through a chain of filters whose innermost value is a hole. */
static TplValue *
filtered (TplRun *run, const TplNode *chain, const TplNode *body, TplScope *scope)
{
  TplScope *inner = tpl_scope_new (run, scope);
  TplValue *text = tpl_capture (run, body, tpl_scope_new (run, scope));

  if (!text)
    return NULL;
  tpl_define (run, inner, " hole", text);
  return tpl_eval (run, chain, inner);
}

/* What it writes has to be a text by then. */
static void
execute_filter_block (TplRun *run, const TplNode *node, TplScope *scope)
{
  TplValue *text = filtered (run, node->children[0], node->children[1], scope);

  if (text && text->type != TPL_STRING)
    tpl_fail (run, "expected str instance, %s found", tpl_type_name (text));
  else
    print (run, text);
}

static void
execute_set (TplRun *run, const TplNode *node, TplScope *scope)
{
  TplValue *value = node->type == TPL_N_SET ? tpl_eval (run, node->children[1], scope)
                                            : filtered (run, node->children[1], node->children[2], scope);

  run->line = node->line;
  if (value)
    tpl_assign (run, node->children[0], value, scope);
}

static TplFlow
execute_with (TplRun *run, const TplNode *node, TplScope *scope)
{
  TplScope *inner = tpl_scope_new (run, scope);

  for (guint i = 0; i + 1 < node->n_children; i += 2)
    {
      TplValue *value = tpl_eval (run, node->children[i + 1], scope);

      if (!value || !tpl_assign (run, node->children[i], value, inner))
        return TPL_FLOW_ON;
    }
  return tpl_execute (run, node->children[node->n_children - 1], inner);
}

static TplFlow
execute (TplRun *run, const TplNode *node, TplScope *scope)
{
  TplFlow flow;

  switch (node->type)
    {
    case TPL_N_TEXT:
      write_text (run, node->value->text, node->value->length);
      return TPL_FLOW_ON;
    case TPL_N_OUTPUT:
      print (run, tpl_eval (run, node->children[0], scope));
      return TPL_FLOW_ON;
    case TPL_N_BLOCK:
      for (guint i = 0; i < node->n_children && !run->failed; i++)
        if ((flow = tpl_execute (run, node->children[i], scope)) != TPL_FLOW_ON)
          return flow;
      return TPL_FLOW_ON;
    case TPL_N_SCOPE:
      return tpl_execute (run, node->children[0], tpl_scope_new (run, scope));
    case TPL_N_IF:
      return execute_if (run, node, scope);
    case TPL_N_FOR:
      return tpl_execute_for (run, node, scope);
    case TPL_N_SET:
    case TPL_N_SET_BLOCK:
      execute_set (run, node, scope);
      return TPL_FLOW_ON;
    case TPL_N_MACRO:
      tpl_define (run, scope, node->name, tpl_macro (run, node, scope));
      return TPL_FLOW_ON;
    case TPL_N_CALL_BLOCK:
      print (run, tpl_eval (run, node, scope));
      return TPL_FLOW_ON;
    case TPL_N_FILTER_BLOCK:
      execute_filter_block (run, node, scope);
      return TPL_FLOW_ON;
    case TPL_N_WITH:
      return execute_with (run, node, scope);
    case TPL_N_BREAK:
      return TPL_FLOW_BREAK;
    case TPL_N_CONTINUE:
      return TPL_FLOW_CONTINUE;
    default:
      run->line = node->line;
      tpl_fail (run, "the tag “%s” is not for chat templates", node->name ? node->name : "?");
      return TPL_FLOW_ON;
    }
}

TplFlow
tpl_execute (TplRun *run, const TplNode *node, TplScope *scope)
{
  TplFlow flow = TPL_FLOW_ON;

  if (++run->nesting > MAX_NESTING)
    tpl_fail (run, "it is nested too deeply");
  else if (tpl_tick (run))
    flow = execute (run, node, scope);
  run->nesting--;
  return flow;
}
