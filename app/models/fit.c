#include "models/fit.h"

#include <glib/gi18n.h>
#include <math.h>

#define DEFAULT_CONTEXT 32768 /* most tokens that the engine takes by itself, … */
#define CONTEXT_SHARE   4     /* … in this part of the memory */
#define LEAST_CONTEXT   512
#define SCRATCH         (256ull << 20) /* activations of a batch, tables, pipelines */

/* Of the bandwidth that one large matrix gets: an answer has small operations between the large ones, and reads keys and
 * values as the context fills. Experts are many smaller matrices. */
#define SLOWEST         0.6
#define FASTEST         1.0
#define SLOWEST_EXPERTS 0.4
#define FASTEST_EXPERTS 0.9

static guint
choose_context (const RiposteNeeds *needs, const RiposteMachine *machine, guint wanted)
{
  guint64 affordable = machine->memory_bytes / CONTEXT_SHARE / MAX (1, needs->context_bytes);
  guint trained = needs->n_context ? needs->n_context : DEFAULT_CONTEXT;

  if (wanted)
    return wanted;
  return MIN (MIN (trained, DEFAULT_CONTEXT), MAX (affordable, LEAST_CONTEXT));
}

static RiposteFitVerdict
judge (guint64 needed, const RiposteMachine *machine)
{
  if (!machine->memory_bytes)
    return RIPOSTE_FIT_UNKNOWN;
  if (needed > machine->memory_bytes)
    return RIPOSTE_FIT_NEVER;
  if (!machine->memory_free)
    return RIPOSTE_FIT_UNKNOWN;
  if (needed > machine->memory_free)
    return RIPOSTE_FIT_BUSY;
  return needed > machine->memory_free / 10 * 9 ? RIPOSTE_FIT_BARELY : RIPOSTE_FIT_WELL;
}

RiposteFit
riposte_fit_estimate (const RiposteNeeds *needs, const RiposteMachine *machine, guint n_context)
{
  RiposteFit fit = { .n_context = choose_context (needs, machine, n_context) };

  fit.needed = needs->file_bytes + (guint64)fit.n_context * needs->context_bytes + SCRATCH;
  fit.verdict = judge (fit.needed, machine);
  if (machine->bandwidth > 0 && needs->active_bytes && fit.verdict != RIPOSTE_FIT_NEVER)
    {
      double most = machine->bandwidth / needs->active_bytes;
      fit.slowest = most * (needs->has_experts ? SLOWEST_EXPERTS : SLOWEST);
      fit.fastest = most * (needs->has_experts ? FASTEST_EXPERTS : FASTEST);
    }
  return fit;
}

/* As exact as an estimate is: 0.4, 3, 18, 45, 120. */
static double
round_speed (double speed)
{
  double step = speed < 1 ? 0.1 : speed < 20 ? 1 : speed < 100 ? 5 : 10;

  return MAX (step, round (speed / step) * step);
}

static char *
describe_speed (const RiposteFit *fit)
{
  double slowest = round_speed (fit->slowest), fastest = round_speed (fit->fastest);

  if (fit->fastest <= 0)
    return NULL;
  if (slowest >= fastest)
    /* Translators: how fast a model would answer; numbers, "3" or "0.4" */
    return g_strdup_printf (_ ("about %.3g tokens a second"), fastest);
  return g_strdup_printf (_ ("about %.3g–%.3g tokens a second"), slowest, fastest);
}

static char *
describe_verdict (const RiposteFit *fit)
{
  g_autofree char *needed = g_format_size (fit->needed);

  switch (fit->verdict)
    {
    case RIPOSTE_FIT_WELL:
      return g_strdup (_ ("Fits"));
    case RIPOSTE_FIT_BARELY:
      return g_strdup_printf (_ ("Barely fits, with the %s of memory that it needs"), needed);
    case RIPOSTE_FIT_BUSY:
      return g_strdup_printf (_ ("Does not fit now: it needs %s of memory, and other programs use too much"), needed);
    case RIPOSTE_FIT_NEVER:
      return g_strdup_printf (_ ("Too large for this machine: it needs %s of memory"), needed);
    case RIPOSTE_FIT_UNKNOWN:
    default:
      return g_strdup_printf (_ ("Needs %s of memory"), needed);
    }
}

char *
riposte_fit_describe (const RiposteFit *fit)
{
  g_autofree char *verdict = describe_verdict (fit);
  g_autofree char *speed = describe_speed (fit);

  if (!speed || fit->verdict == RIPOSTE_FIT_BUSY || fit->verdict == RIPOSTE_FIT_NEVER)
    return g_steal_pointer (&verdict);
  /* Translators: whether a model fits, then how fast it would be: "Fits, about 12–18 tokens a second" */
  return g_strdup_printf (_ ("%s, %s"), verdict, speed);
}

char *
riposte_fit_describe_on (const RiposteNeeds *needs, const RiposteMachine *device, const RiposteMachine *processor)
{
  RiposteFit fit = riposte_fit_estimate (needs, device, 0);
  g_autofree char *words = NULL;

  if (!device->is_gpu || !processor || (fit.verdict != RIPOSTE_FIT_NEVER && fit.verdict != RIPOSTE_FIT_BUSY))
    return riposte_fit_describe (&fit);
  fit = riposte_fit_estimate (needs, processor, 0);
  words = riposte_fit_describe (&fit);
  /* Translators: whether a model fits the processor's memory: "Fits, about 2–3 tokens a second" */
  return g_strdup_printf (_ ("Too large for the graphics device. On the processor: %s"), words);
}
