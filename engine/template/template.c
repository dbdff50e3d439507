/* The public functions: parse once, render often, within limits. */
#include "template-private.h"

#include <string.h>
#include <time.h>

#include "../printable.h"

#define MAX_SECONDS     0.1
#define STEPS_UNWATCHED 256 /* until the clock is looked at again */
#define MAX_SOURCE      (4 << 20)
#define PARSE_MEMORY    (128 << 20)
#define RENDER_MEMORY   (64 << 20)

struct _RpTemplate
{
  TplArena arena;
  TplNode *root;
};

static gint64
cpu_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

TplValue *
tpl_raise (TplRun *run, const char *message)
{
  g_autofree char *line = run->failed ? NULL : rp_printable (message, -1, 4000);

  if (line)
    g_set_error_literal (run->error, RP_ERROR, RP_ERROR_TEMPLATE, line);
  run->failed = TRUE;
  return NULL;
}

TplValue *
tpl_fail (TplRun *run, const char *format, ...)
{
  va_list args;
  g_autofree char *what = NULL, *message = NULL;

  if (run->failed)
    return NULL;
  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  message = g_strdup_printf ("The chat template fails at line %u: %s", run->line, what);
  return tpl_raise (run, message);
}

static gboolean
spend (TplRun *run, guint n)
{
  if (run->arena->full)
    tpl_fail (run, "it takes too much memory");
  run->steps += n;
  if (run->steps >= STEPS_UNWATCHED)
    {
      run->steps = 0;
      if (run->deadline && cpu_time () > run->deadline)
        tpl_fail (run, "it takes longer than %g s", MAX_SECONDS);
    }
  return !run->failed;
}

gboolean
tpl_tick (TplRun *run)
{
  return spend (run, 1);
}

gboolean
tpl_tick_for (TplRun *run, const TplValue *value)
{
  return spend (run, 1 + (value->type == TPL_STRING ? value->length : 8 * value->weight) / 64);
}

static gboolean
parse (RpTemplate *self, const char *source, gsize length, GError **error)
{
  const char *problem = NULL;

  if (length > MAX_SOURCE)
    problem = "The chat template is too long";
  else if (!g_utf8_validate_len (source, length, NULL))
    problem = "The chat template is not in UTF-8";
  else
    {
      self->root = tpl_parse (&self->arena, source, length, error);
      if (!self->root)
        return FALSE;
      if (self->arena.full)
        problem = "The chat template takes too much memory";
    }
  if (problem)
    g_set_error_literal (error, RP_ERROR, RP_ERROR_TEMPLATE, problem);
  return !problem;
}

RpTemplate *
rp_template_new (const char *source, gssize length, GError **error)
{
  g_autoptr (RpTemplate) self = g_new0 (RpTemplate, 1);

  tpl_arena_init (&self->arena, PARSE_MEMORY);
  return parse (self, source, length < 0 ? strlen (source) : (gsize)length, error) ? g_steal_pointer (&self) : NULL;
}

void
rp_template_free (RpTemplate *self)
{
  if (!self)
    return;
  tpl_arena_clear (&self->arena);
  g_free (self);
}

/* What apply_chat_template() always passes. */
static void
define_defaults (TplRun *run, TplScope *scope)
{
  tpl_define (run, scope, "tools", tpl_new (run, TPL_NONE));
  tpl_define (run, scope, "documents", tpl_new (run, TPL_NONE));
  tpl_define (run, scope, "add_generation_prompt", tpl_bool (run, FALSE));
}

static void
define_globals (TplRun *run)
{
  run->globals = tpl_scope_new (run, NULL);
  for (const TplBuiltin *row = tpl_functions; row->name; row++)
    {
      TplValue *value = tpl_new (run, TPL_FUNCTION);

      value->builtin = row;
      tpl_define (run, run->globals, row->name, value);
    }
}

/* @marks: nullable */
static char *
render (const RpTemplate *self, TplRun *run, const char *variables, gsize length, TplMarks *marks, GError **error)
{
  TplValue *values = tpl_parse_json (run, variables, length, error);
  TplScope *scope;

  if (!values)
    return NULL;
  if (values->type != TPL_DICT)
    {
      g_set_error_literal (error, RP_ERROR, RP_ERROR_TEMPLATE, "The variables are no JSON object");
      return NULL;
    }
  if (marks && !tpl_put_marks (run, marks, values))
    return NULL;
  define_globals (run);
  scope = tpl_scope_new (run, run->globals);
  define_defaults (run, scope);
  for (gsize i = 0; i < values->n; i++)
    if (strcmp (values->keys[i]->text, "now") != 0)
      tpl_define (run, scope, values->keys[i]->text, values->items[i]);
  run->now = tpl_dict_get_text (values, "now");
  tpl_execute (run, self->root, scope);
  if (!run->failed && marks)
    tpl_take_marks (run, marks);
  return run->failed ? NULL : g_memdup2 (run->out->str, run->out->len + 1);
}

static char *
render_within_limits (const RpTemplate *self,
                      const char *variables,
                      gssize length,
                      TplMarks *marks,
                      gsize *out_length,
                      GError **error)
{
  TplArena arena;
  g_autoptr (GString) out = g_string_new (NULL);
  TplRun run
    = { .arena = &arena, .error = error, .out = out, .deadline = cpu_time () + (gint64)(MAX_SECONDS * G_USEC_PER_SEC) };
  char *text;

  tpl_arena_init (&arena, RENDER_MEMORY);
  text = render (self, &run, variables, length < 0 ? strlen (variables) : (gsize)length, marks, error);
  tpl_arena_clear (&arena);
  if (out_length)
    *out_length = out->len;
  return text;
}

char *
rp_template_render_json (const RpTemplate *self,
                         const char *variables,
                         gssize length,
                         gsize *out_length,
                         GError **error)
{
  return render_within_limits (self, variables, length, NULL, out_length, error);
}

char *
rp_template_render_prompt (const RpTemplate *self,
                           const char *variables,
                           gssize length,
                           const RpTemplatePrompt *prompt,
                           gsize *out_length,
                           GError **error)
{
  TplMarks marks = { .prompt = prompt };

  return render_within_limits (self, variables, length, &marks, out_length, error);
}
