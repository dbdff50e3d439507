/* The operations that are one loop over rows: each row, or a run of elements, is an item. */
#include "cpu.h"

#include <math.h>
#include <string.h>

#define ELEMENTS 2048 /* least elements of an item */

/* ---- embedding ---- */

static guint
embed_n_items (RpCpu *cpu, const RpOp *op, RpCpuPlan *plan, guint stage)
{
  return op->embed.n_tokens;
}

static void
embed_run (RpCpu *cpu, const RpOp *op, const RpCpuPlan *plan, guint stage, guint item, guint thread)
{
  const RpOpEmbed *o = &op->embed;
  gsize n = o->weight.n_in;
  gint32 token = ((const gint32 *)rp_cpu_at (o->tokens))[item];
  gsize row = CLAMP (token, 0, (gint64)o->weight.n_out - 1);
  float *out = (float *)rp_cpu_at (o->out) + item * n;

  rp_dtype_info (o->weight.type)
    ->dequantize ((const guint8 *)rp_cpu_at (o->weight.data) + row * rp_dtype_row_size (o->weight.type, n), out, n);
  if (o->scale != 1)
    cpu->kernels->scale (out, o->scale, NULL, n);
}

const RpCpuOperation rp_cpu_embed = { .n_stages = 1, .n_items = embed_n_items, .run = embed_run };

/* ---- norm ---- */

static guint
norm_n_items (RpCpu *cpu, const RpOp *op, RpCpuPlan *plan, guint stage)
{
  return rp_cpu_cut (cpu, op->norm.n_rows, 1, MAX (1, ELEMENTS / op->norm.n), plan);
}

static void
norm_run (RpCpu *cpu, const RpOp *op, const RpCpuPlan *plan, guint stage, guint item, guint thread)
{
  const RpOpNorm *o = &op->norm;
  gsize first = (gsize)item * plan->rows_a_item, end = MIN (first + plan->rows_a_item, o->n_rows);
  const float *x = rp_cpu_at (o->x), *weight = rp_cpu_at (o->weight), *bias = rp_cpu_at (o->bias);
  float *out = rp_cpu_at (o->out);

  for (gsize r = first; r < end; r++)
    if (o->kind == RP_NORM_RMS)
      cpu->kernels->norm_rms (x + r * o->n, weight, bias, out + r * o->n, o->n, o->eps);
    else
      cpu->kernels->norm_layer (x + r * o->n, weight, bias, out + r * o->n, o->n, o->eps);
}

const RpCpuOperation rp_cpu_norm = { .n_stages = 1, .n_items = norm_n_items, .run = norm_run };

/* ---- rotary embedding ---- */

#define ROPE_TOKENS 8 /* of an item of the table */

/* The cosines and sines of a run are made once: every layer turns by the same angles. */
static void
make_rotations (RpCpu *cpu, const RpOpRope *o, guint first, guint end)
{
  const float *factors = rp_cpu_at (o->freq_factors);
  guint half = o->n_rot / 2;

  for (guint i = 0; i < half; i++)
    {
      double along = (i - (double)o->corr_low) / fmax (0.001, (double)o->corr_high - o->corr_low);
      double ramp = o->ext_factor * (1 - CLAMP (along, 0, 1));
      double step = pow (o->freq_base, -2.0 * i / o->n_rot) / (factors ? factors[i] : 1);
      step = step * o->freq_scale * (1 - ramp) + step * ramp;
      for (guint t = first; t < end; t++)
        {
          double angle = ((double)o->pos + t) * step;
          cpu->rope_table[((gsize)t * half + i) * 2] = (float)(cos (angle) * o->magnitude);
          cpu->rope_table[((gsize)t * half + i) * 2 + 1] = (float)(sin (angle) * o->magnitude);
        }
    }
}

static gboolean
rope_shares (const RpCpu *cpu, const RpOp *op, const RpOp *other)
{
  return TRUE; /* a group has one table */
}

static guint
rope_n_items (RpCpu *cpu, const RpOp *op, RpCpuPlan *plan, guint stage)
{
  const RpOpRope *o = &op->rope;

  if (stage == 0)
    {
      RpRopeKey key = rp_cpu_rope_key (o);
      if (plan->made || (cpu->rope_valid && memcmp (&key, &cpu->rope_key, sizeof key) == 0))
        return 0;
      memcpy (&cpu->rope_key, &key, sizeof key);
      cpu->rope_valid = TRUE;
      return (o->n_tokens + ROPE_TOKENS - 1) / ROPE_TOKENS;
    }
  return rp_cpu_cut (cpu, o->n_tokens, 1, MAX (1, ELEMENTS / MAX (1, o->n_heads * o->n_rot)), plan);
}

static void
rope_run (RpCpu *cpu, const RpOp *op, const RpCpuPlan *plan, guint stage, guint item, guint thread)
{
  const RpOpRope *o = &op->rope;

  if (stage == 0)
    {
      make_rotations (cpu, o, item * ROPE_TOKENS, MIN ((item + 1) * ROPE_TOKENS, o->n_tokens));
      return;
    }
  guint first = item * plan->rows_a_item, end = MIN (first + plan->rows_a_item, o->n_tokens);
  for (gsize t = first; t < end; t++)
    for (guint h = 0; h < o->n_heads; h++)
      cpu->kernels->rope ((float *)rp_cpu_at (o->x) + t * o->stride + (gsize)h * o->head_dim,
                          cpu->rope_table + t * o->n_rot, o->n_rot, o->kind == RP_ROPE_NEOX);
}

const RpCpuOperation rp_cpu_rope = { .n_stages = 2, .shares = rope_shares, .n_items = rope_n_items, .run = rope_run };

/* ---- storing keys and values ---- */

static guint
store_kv_n_items (RpCpu *cpu, const RpOp *op, RpCpuPlan *plan, guint stage)
{
  return rp_cpu_cut (cpu, op->store_kv.n_tokens, 1, MAX (1, 4 * ELEMENTS / op->store_kv.n), plan);
}

static void
store_kv_run (RpCpu *cpu, const RpOp *op, const RpCpuPlan *plan, guint stage, guint item, guint thread)
{
  const RpOpStoreKv *o = &op->store_kv;
  gsize first = (gsize)item * plan->rows_a_item, n = MIN (plan->rows_a_item, o->n_tokens - first) * (gsize)o->n;
  const float *x = (const float *)rp_cpu_at (o->x) + first * o->n;
  guint8 *to = (guint8 *)rp_cpu_at (o->cache) + ((gsize)o->pos + first) * rp_dtype_row_size (o->type, o->n);

  if (o->type == RP_DTYPE_F16)
    cpu->kernels->to_half (x, (RpHalf *)to, n);
  else
    rp_dtype_info (o->type)->quantize (x, to, n);
}

const RpCpuOperation rp_cpu_store_kv = { .n_stages = 1, .n_items = store_kv_n_items, .run = store_kv_run };

/* ---- the router ---- */

static gsize
route_private_size (const RpCpu *cpu, const RpOp *op)
{
  return (2 * (gsize)op->route.n_expert + op->route.n_groups) * sizeof (float);
}

static guint
route_n_items (RpCpu *cpu, const RpOp *op, RpCpuPlan *plan, guint stage)
{
  return rp_cpu_cut (cpu, op->route.n_tokens, 1, 4, plan);
}

/* p: what becomes the weights; by: what is selected by */
static void
gate (const RpCpu *cpu, const RpOpRoute *o, const float *logits, float *p, float *by)
{
  const float *bias = rp_cpu_at (o->selection_bias);
  gboolean by_logits = o->gate == RP_GATE_SOFTMAX_SELECTED || o->gate == RP_GATE_SPARSE_MIXER;

  memcpy (p, logits, o->n_expert * sizeof *p);
  if (o->gate == RP_GATE_SIGMOID)
    for (guint e = 0; e < o->n_expert; e++)
      p[e] = 1 / (1 + expf (-p[e]));
  else
    cpu->kernels->softmax (p, o->n_expert);
  /* Softmax over the selected is softmax over all, divided by the sum of the selected: but selected by the logits
   * themselves, which stay apart where their exponentials do not. */
  for (guint e = 0; e < o->n_expert; e++)
    by[e] = (by_logits ? logits[e] : p[e]) + (bias ? bias[e] : 0);
}

/* by[] becomes -INFINITY outside the best groups. */
static void
keep_best_groups (const RpOpRoute *o, float *by, float *scores)
{
  guint size = o->n_expert / o->n_groups;

  for (guint g = 0; g < o->n_groups; g++)
    {
      float first = -INFINITY, second = -INFINITY;
      for (guint e = g * size; e < (g + 1) * size; e++)
        {
          second = fmaxf (second, fminf (first, by[e]));
          first = fmaxf (first, by[e]);
        }
      scores[g] = o->group_top == 2 && size > 1 ? first + second : first;
    }
  for (guint kept = 0; kept < o->n_groups_used; kept++)
    {
      gint best = -1;
      for (guint g = 0; g < o->n_groups; g++)
        if (scores[g] != INFINITY && (best < 0 || scores[g] > scores[best]))
          best = (gint)g;
      if (best >= 0)
        scores[best] = INFINITY; /* kept */
    }
  for (guint g = 0; g < o->n_groups; g++)
    for (guint e = g * size; e < (g + 1) * size && scores[g] != INFINITY; e++)
      by[e] = -INFINITY;
}

/* The share of expert best among those in by[] that come near it. */
static float
sparse_mixer_share (const RpOpRoute *o, const float *by, guint best)
{
  float sum = 0;

  for (guint e = 0; e < o->n_expert; e++)
    if (by[e] != -INFINITY && by[best] - by[e] <= 0.02f * fmaxf (fabsf (by[e]), by[best]))
      sum += expf (by[e] - by[best]);
  return 1 / sum;
}

static void
route_token (const RpCpu *cpu, const RpOpRoute *o, gsize t, float *scratch)
{
  const float *logits = (const float *)rp_cpu_at (o->logits) + t * o->n_expert;
  gint32 *ids = (gint32 *)rp_cpu_at (o->ids) + t * o->n_used;
  float *weights = (float *)rp_cpu_at (o->weights) + t * o->n_used;
  float *p = scratch, *by = scratch + o->n_expert, sum = 0, highest = 0;

  gate (cpu, o, logits, p, by);
  if (o->n_groups)
    keep_best_groups (o, by, by + o->n_expert);
  for (guint j = 0; j < o->n_used; j++)
    {
      guint best = 0;
      for (guint e = 1; e < o->n_expert; e++)
        if (by[e] > by[best])
          best = e;
      if (o->gate == RP_GATE_SPARSE_MIXER)
        p[best] = sparse_mixer_share (o, by, best);
      by[best] = -INFINITY;
      ids[j] = (gint32)best;
      highest = j == 0 ? logits[best] : fmaxf (highest, logits[best]);
    }
  for (guint j = 0; j < o->n_used; j++)
    {
      weights[j] = o->gate == RP_GATE_SOFTMAX_SELECTED ? expf (logits[ids[j]] - highest) : p[ids[j]];
      sum += weights[j];
    }
  if (o->gate != RP_GATE_SOFTMAX_SELECTED)
    sum = o->normalize ? fmaxf (sum, 6.103515625e-5f) : 1;
  for (guint j = 0; j < o->n_used; j++)
    weights[j] = weights[j] / sum * o->scale;
}

static void
route_run (RpCpu *cpu, const RpOp *op, const RpCpuPlan *plan, guint stage, guint item, guint thread)
{
  gsize first = (gsize)item * plan->rows_a_item, end = MIN (first + plan->rows_a_item, op->route.n_tokens);

  for (gsize t = first; t < end; t++)
    route_token (cpu, &op->route, t, (float *)rp_cpu_private (cpu, thread));
}

const RpCpuOperation rp_cpu_route
  = { .n_stages = 1, .private_size = route_private_size, .n_items = route_n_items, .run = route_run };

/* ---- gates and sums ---- */

static gboolean
glu_is_dense (const RpOpGlu *o)
{
  return o->stride == 0 || o->stride == o->n;
}

static guint
glu_n_items (RpCpu *cpu, const RpOp *op, RpCpuPlan *plan, guint stage)
{
  const RpOpGlu *o = &op->glu;

  return glu_is_dense (o) ? rp_cpu_cut (cpu, (gsize)o->n_rows * o->n, 16, ELEMENTS, plan)
                          : rp_cpu_cut (cpu, o->n_rows, 1, MAX (1, ELEMENTS / MAX (1, o->n)), plan);
}

static void
glu_run (RpCpu *cpu, const RpOp *op, const RpCpuPlan *plan, guint stage, guint item, guint thread)
{
  const RpOpGlu *o = &op->glu;
  gsize row = glu_is_dense (o) ? 1 : o->n, stride = glu_is_dense (o) ? 1 : o->stride; /* dense: one row of all */
  gsize first = (gsize)item * plan->rows_a_item, all = (gsize)o->n_rows * o->n / row;
  gsize n = MIN (plan->rows_a_item, all - first);
  const float *gate = (const float *)rp_cpu_at (o->gate) + first * stride;
  const float *up = o->up.buffer ? (const float *)rp_cpu_at (o->up) + first * stride : NULL;
  float *out = (float *)rp_cpu_at (o->out) + first * row;

  if (glu_is_dense (o))
    cpu->kernels->glu (o->activation, gate, up, o->limit, out, n);
  else
    for (gsize r = 0; r < n; r++)
      cpu->kernels->glu (o->activation, gate + r * stride, up ? up + r * stride : NULL, o->limit, out + r * row, row);
}

const RpCpuOperation rp_cpu_glu = { .n_stages = 1, .n_items = glu_n_items, .run = glu_run };

static guint
combine_n_items (RpCpu *cpu, const RpOp *op, RpCpuPlan *plan, guint stage)
{
  return rp_cpu_cut (cpu, op->combine.n_tokens, 1, MAX (1, ELEMENTS / op->combine.n), plan);
}

static void
combine_run (RpCpu *cpu, const RpOp *op, const RpCpuPlan *plan, guint stage, guint item, guint thread)
{
  const RpOpCombine *o = &op->combine;
  gsize first = (gsize)item * plan->rows_a_item, end = MIN (first + plan->rows_a_item, o->n_tokens);

  for (gsize t = first; t < end; t++)
    cpu->kernels->combine ((const float *)rp_cpu_at (o->y) + t * o->n_used * o->n,
                           (const float *)rp_cpu_at (o->weights) + t * o->n_used, o->n_used, o->n, o->accumulate,
                           (float *)rp_cpu_at (o->out) + t * o->n);
}

const RpCpuOperation rp_cpu_combine = { .n_stages = 1, .n_items = combine_n_items, .run = combine_run };

static guint
add_n_items (RpCpu *cpu, const RpOp *op, RpCpuPlan *plan, guint stage)
{
  return rp_cpu_cut (cpu, op->add.n, 16, 4 * ELEMENTS, plan);
}

static void
add_run (RpCpu *cpu, const RpOp *op, const RpCpuPlan *plan, guint stage, guint item, guint thread)
{
  const RpOpAdd *o = &op->add;
  gsize first = (gsize)item * plan->rows_a_item;
  const float *a = rp_cpu_at (o->a), *b = rp_cpu_at (o->b);

  cpu->kernels->add (a + first, b ? b + first : NULL, o->scale, (float *)rp_cpu_at (o->out) + first,
                     MIN (plan->rows_a_item, o->n - first));
}

const RpCpuOperation rp_cpu_add = { .n_stages = 1, .n_items = add_n_items, .run = add_run };

static guint
scale_n_items (RpCpu *cpu, const RpOp *op, RpCpuPlan *plan, guint stage)
{
  return rp_cpu_cut (cpu, op->scale.n_rows, 1, MAX (1, ELEMENTS / op->scale.n), plan);
}

static void
scale_run (RpCpu *cpu, const RpOp *op, const RpCpuPlan *plan, guint stage, guint item, guint thread)
{
  const RpOpScale *o = &op->scale;
  gsize first = (gsize)item * plan->rows_a_item, end = MIN (first + plan->rows_a_item, o->n_rows);
  const float *factors = rp_cpu_at (o->factors), *bias = rp_cpu_at (o->bias);
  const gint32 *ids = rp_cpu_at (o->ids);

  for (gsize r = first; r < end; r++)
    {
      gsize e = ids ? CLAMP (ids[r], 0, (gint64)o->n_expert - 1) : 0;
      cpu->kernels->scale ((float *)rp_cpu_at (o->x) + r * o->n, factors[e], bias ? bias + e * o->n : NULL, o->n);
    }
}

const RpCpuOperation rp_cpu_scale = { .n_stages = 1, .n_items = scale_n_items, .run = scale_run };

static guint
copy_n_items (RpCpu *cpu, const RpOp *op, RpCpuPlan *plan, guint stage)
{
  return rp_cpu_cut (cpu, op->copy.n_rows, 1, MAX (1, 4 * ELEMENTS / op->copy.n), plan);
}

static void
copy_run (RpCpu *cpu, const RpOp *op, const RpCpuPlan *plan, guint stage, guint item, guint thread)
{
  const RpOpCopy *o = &op->copy;
  gsize first = (gsize)item * plan->rows_a_item, end = MIN (first + plan->rows_a_item, o->n_rows);

  for (gsize r = first; r < end; r++)
    memcpy ((float *)rp_cpu_at (o->out) + r * o->out_stride,
            (const float *)rp_cpu_at (o->x) + r / o->repeat * o->x_stride, o->n * sizeof (float));
}

const RpCpuOperation rp_cpu_copy = { .n_stages = 1, .n_items = copy_n_items, .run = copy_run };
