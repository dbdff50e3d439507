#include "sampler.h"

#include <math.h>
#include <stdlib.h>

typedef struct
{
  RpToken token;
  float logit;
  double p; /* not normalised: exp (logit - highest) */
} Candidate;

struct _RpSampler
{
  RpSamplerOptions options;
  guint n_vocab;
  guint64 state;
  Candidate *candidates; /* [n_vocab] */
  guint8 *penalised;     /* [n_vocab], all 0 between calls */
};

static gboolean
check (const RpSamplerOptions *o, GError **error)
{
  const struct
  {
    const char *name;
    double value, min, max;
  } rows[] = {
    { "temperature", o->temperature, 0, 10 },
    { "top-p", o->top_p, 0, 1 },
    { "min-p", o->min_p, 0, 1 },
    { "repeat penalty", o->repeat_penalty, 0.1, 10 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (!(rows[i].value >= rows[i].min && rows[i].value <= rows[i].max))
      {
        g_set_error (error, RP_ERROR, RP_ERROR_ARGUMENT, "The %s of %g is not within %g and %g", rows[i].name,
                     rows[i].value, rows[i].min, rows[i].max);
        return FALSE;
      }
  return TRUE;
}

RpSampler *
rp_sampler_new (const RpSamplerOptions *options, guint n_vocab, GError **error)
{
  RpSampler *self;

  if (!check (options, error))
    return NULL;
  self = g_new0 (RpSampler, 1);
  self->options = *options;
  self->n_vocab = n_vocab;
  self->state = options->seed;
  self->candidates = g_new (Candidate, n_vocab);
  self->penalised = g_new0 (guint8, n_vocab);
  return self;
}

void
rp_sampler_free (RpSampler *self)
{
  if (!self)
    return;
  g_free (self->candidates);
  g_free (self->penalised);
  g_free (self);
}

/* Uniform in [0, 1): SplitMix64 (Steele et al. 2014), the upper 53 bits. */
static double
draw (RpSampler *self)
{
  guint64 z = (self->state += 0x9e3779b97f4a7c15u);

  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  z ^= z >> 31;
  return (double)(z >> 11) * 0x1p-53;
}

static void
penalise (RpSampler *self, float *logits, const RpToken *history, gsize n_history)
{
  gsize n = MIN (n_history, self->options.repeat_last_n);
  const RpToken *last = history + (n_history - n);
  float penalty = self->options.repeat_penalty;

  if (penalty == 1)
    return;
  for (gsize i = 0; i < n; i++)
    {
      guint token = last[i];
      if (token >= self->n_vocab || self->penalised[token])
        continue;
      self->penalised[token] = 1;
      logits[token] = logits[token] > 0 ? logits[token] / penalty : logits[token] * penalty;
    }
  for (gsize i = 0; i < n; i++)
    if ((guint)last[i] < self->n_vocab)
      self->penalised[last[i]] = 0;
}

static RpToken
highest (const float *logits, guint n)
{
  RpToken best = 0;
  float value = -INFINITY;

  for (guint i = 0; i < n; i++)
    if (logits[i] > value)
      {
        value = logits[i];
        best = i;
      }
  return best;
}

/* Highest first; the lower id first at a tie, so that the order does not depend on the sort. */
static int
compare (const void *a, const void *b)
{
  const Candidate *x = a, *y = b;

  if (x->logit != y->logit)
    return x->logit > y->logit ? -1 : 1;
  return x->token - y->token;
}

/* All logits within margin of the highest, in the order of their ids. */
static guint
gather (RpSampler *self, const float *logits, float top, float margin)
{
  guint n = 0;

  for (guint i = 0; i < self->n_vocab; i++)
    if (logits[i] > -INFINITY && logits[i] >= top - margin)
      self->candidates[n++] = (Candidate){ i, logits[i], exp ((double)logits[i] - top) };
  return n;
}

/* The shortest prefix of the n sorted candidates that holds mass; n where they hold less. */
static guint
prefix_of_mass (const RpSampler *self, guint n, double mass)
{
  double sum = 0;

  for (guint i = 0; i < n; i++)
    {
      sum += self->candidates[i].p;
      if (sum >= mass)
        return i + 1;
    }
  return n;
}

static double
mass_of (const RpSampler *self, guint n)
{
  double sum = 0;

  for (guint i = 0; i < n; i++)
    sum += self->candidates[i].p;
  return sum;
}

/* The candidates that top-k and top-p leave, sorted. A vocabulary is large and most of it has no chance: only what is
 * within a margin of the highest logit is sorted, and the margin doubles until it holds enough. */
static guint
select_sorted (RpSampler *self, const float *logits, float top)
{
  const guint top_k = self->options.top_k;
  const double total = top_k ? 0 : mass_of (self, gather (self, logits, top, INFINITY));

  for (float margin = 8;; margin = margin > 1000 ? INFINITY : margin * 2)
    {
      guint n = gather (self, logits, top, margin);
      gboolean all = margin == INFINITY;

      if (top_k ? n < top_k && !all : mass_of (self, n) < self->options.top_p * total && !all)
        continue;
      qsort (self->candidates, n, sizeof *self->candidates, compare);
      if (top_k)
        n = MIN (n, top_k);
      return self->options.top_p < 1
               ? prefix_of_mass (self, n, self->options.top_p * (top_k ? mass_of (self, n) : total))
               : n;
    }
}

static guint
cut_min_p (RpSampler *self, guint n)
{
  guint kept = 0;

  for (guint i = 0; i < n; i++)
    if (self->candidates[i].p >= self->options.min_p)
      self->candidates[kept++] = self->candidates[i];
  return kept;
}

RpToken
rp_sampler_sample (RpSampler *self, float *logits, const RpToken *history, gsize n_history)
{
  RpToken best;
  double at;
  guint n;

  penalise (self, logits, history, n_history);
  best = highest (logits, self->n_vocab);
  if (self->options.temperature == 0 || self->options.top_k == 1 || !isfinite (logits[best]))
    return best;
  if (self->options.top_k || self->options.top_p < 1)
    n = select_sorted (self, logits, logits[best]);
  else
    n = gather (self, logits, logits[best], INFINITY);
  n = cut_min_p (self, n);
  for (guint i = 0; i < n; i++)
    self->candidates[i].p = exp (((double)self->candidates[i].logit - logits[best]) / self->options.temperature);
  at = draw (self) * mass_of (self, n);
  for (guint i = 0; i + 1 < n; i++)
    if ((at -= self->candidates[i].p) < 0)
      return self->candidates[i].token;
  return self->candidates[n - 1].token;
}
