/* The choice of experts, where it is clear which ones are to be chosen. */
#include "operations-random.h"

#include <math.h>
#include <string.h>

static gboolean
is_apart (double a, double b)
{
  return fabs (a - b) >= 1e-5 * fabs (b);
}

/* Leaves -INFINITY in by[] outside the best groups; FALSE where which these are is not clear. */
static gboolean
keep_groups (const RpOpRoute *o, double *by)
{
  guint size = o->n_expert / o->n_groups;
  g_autofree double *scores = g_new (double, o->n_groups);
  double least = INFINITY, most = -INFINITY; /* of those kept, and of the others */

  for (guint g = 0; g < o->n_groups; g++)
    {
      guint best = g * size;
      double second = -INFINITY;

      for (guint e = g * size; e < (g + 1) * size; e++)
        best = by[e] > by[best] ? e : best;
      for (guint e = g * size; e < (g + 1) * size; e++)
        second = e != best ? MAX (second, by[e]) : second;
      scores[g] = by[best] + (o->group_top == 2 && size > 1 ? second : 0);
    }
  for (guint g = 0; g < o->n_groups; g++)
    {
      guint better = 0;

      for (guint other = 0; other < o->n_groups; other++)
        better += scores[other] > scores[g];
      if (better < o->n_groups_used)
        least = MIN (least, scores[g]);
      else
        {
          most = MAX (most, scores[g]);
          for (guint e = g * size; e < (g + 1) * size; e++)
            by[e] = -INFINITY;
        }
    }
  return most == -INFINITY || is_apart (least, most);
}

/* No logit stands at the edge of what the sparse mixer counts in. */
static gboolean
is_clear_mix (const RpOpRoute *o, const double *by, guint best)
{
  for (guint e = 0; e < o->n_expert; e++)
    if (by[e] != -INFINITY && fabs (by[best] - by[e] - 0.02 * MAX (fabs (by[e]), by[best])) < 1e-5)
      return FALSE;
  return TRUE;
}

/* Are the best n_used + 1 so far apart that no rounding changes the choice? */
static gboolean
is_clear_choice (const RpOpRoute *o, const float *logits, const float *bias)
{
  g_autofree double *by = g_new (double, o->n_expert);
  double sum = 0, last = INFINITY;

  for (guint e = 0; e < o->n_expert; e++)
    sum += exp ((double)logits[e]);
  for (guint e = 0; e < o->n_expert; e++)
    by[e] = (o->gate == RP_GATE_SOFTMAX   ? exp ((double)logits[e]) / sum
             : o->gate == RP_GATE_SIGMOID ? 1 / (1 + exp (-(double)logits[e]))
                                          : (double)logits[e])
            + (bias ? (double)bias[e] : 0);
  if (o->n_groups && !keep_groups (o, by))
    return FALSE;
  for (guint j = 0; j <= o->n_used && j < o->n_expert; j++)
    {
      guint best = 0;

      for (guint e = 1; e < o->n_expert; e++)
        if (by[e] > by[best])
          best = e;
      if (by[best] == -INFINITY)
        break;
      if (!is_apart (last, by[best]) || (o->gate == RP_GATE_SPARSE_MIXER && !is_clear_mix (o, by, best)))
        return FALSE;
      last = by[best];
      by[best] = -INFINITY;
    }
  return TRUE;
}

void
make_route (OperationCase *c)
{
  guint n_tokens = random_token_count (), n_expert = PICK (1, 2, 3, 8, 16, 60, 64, 128, 160, 256);
  guint wanted = PICK (1, 2, 4, 6, 8, 8, 22), n_used = MIN (n_expert, wanted);
  RpOp *op = operation_case_add (c, RP_OP_ROUTE);
  RpOpRoute *route = &op->route;
  float *logits, *bias;

  *route = (RpOpRoute){
    .gate = random_between (RP_GATE_SOFTMAX, RP_GATE_SPARSE_MIXER),
    .logits = case_floats (c, OPERAND_INPUT, "logits", (gsize)n_tokens * n_expert, -4, 4),
    .selection_bias = case_maybe_floats (c, "selection_bias", n_expert, -0.5, 0.5),
    .ids = operation_case_operand (c, OPERAND_OUTPUT, OPERAND_I32, "ids", (gsize)n_tokens * n_used * 4),
    .weights = case_output (c, "weights", (gsize)n_tokens * n_used),
    .n_tokens = n_tokens,
    .n_expert = n_expert,
    .n_used = n_used,
    .normalize = g_test_rand_bit (),
    .scale = g_test_rand_bit () ? 1 : 2.5f,
  };
  if (n_expert % 8 == 0 && g_test_rand_bit ())
    {
      route->n_groups = PICK (1, 2, 4, 8);
      route->n_groups_used = random_between ((n_used * route->n_groups + n_expert - 1) / n_expert, route->n_groups);
      route->group_top = random_between (1, 2);
    }
  logits = (float *)operand_of (route->logits)->data;
  bias = route->selection_bias.buffer ? (float *)operand_of (route->selection_bias)->data : NULL;
  for (guint t = 0; t < n_tokens; t++)
    while (!is_clear_choice (route, logits + (gsize)t * n_expert, bias))
      for (guint e = 0; e < n_expert; e++)
        logits[(gsize)t * n_expert + e] = (float)g_test_rand_double_range (-4, 4);
  g_string_printf (
    c->what,
    "route: gate %d, n_tokens %u, n_expert %u, n_used %u, groups %u of %u by %u, normalize %d, scale %g, "
    "bias %d",
    route->gate, n_tokens, n_expert, n_used, route->n_groups_used, route->n_groups, route->group_top, route->normalize,
    route->scale, bias != NULL);
}
