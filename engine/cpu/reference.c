/* Every operation in scalar C, one thread, nothing clever: what the fast back ends are compared with. */
#include "../backend.h"

#include <math.h>
#include <string.h>

struct _RpBuffer
{
  guint8 *data;
  gpointer owned; /* NULL for weights, which are read in place */
  gsize size;
};

static void *
at (RpView view)
{
  return view.buffer ? view.buffer->data + view.offset : NULL;
}

/* Row r of a matrix of weights, dequantized. */
static void
weight_row (const RpWeight *weight, gsize r, float *out)
{
  gsize row_size = rp_dtype_row_size (weight->type, weight->n_in);

  rp_dtype_info (weight->type)->dequantize ((const guint8 *)at (weight->data) + r * row_size, out, weight->n_in);
}

static double
dot (const float *a, const float *b, gsize n)
{
  double sum = 0;

  for (gsize i = 0; i < n; i++)
    sum += (double)a[i] * b[i];
  return sum;
}

static void
run_embed (const RpOp *op)
{
  const RpOpEmbed *o = &op->embed;
  const gint32 *tokens = at (o->tokens);
  float *out = at (o->out);

  for (gsize t = 0; t < o->n_tokens; t++)
    {
      float *row = out + t * o->weight.n_in;

      weight_row (&o->weight, tokens[t], row);
      for (gsize i = 0; i < o->weight.n_in; i++)
        row[i] *= o->scale;
    }
}

static void
run_norm (const RpOp *op)
{
  const RpOpNorm *o = &op->norm;
  const float *weight = at (o->weight), *bias = at (o->bias);

  for (gsize r = 0; r < o->n_rows; r++)
    {
      const float *x = (const float *)at (o->x) + r * o->n;
      float *out = (float *)at (o->out) + r * o->n;
      double mean = 0, squares = 0, scale;

      if (o->kind == RP_NORM_LAYER)
        for (gsize i = 0; i < o->n; i++)
          mean += x[i] / (double)o->n;
      for (gsize i = 0; i < o->n; i++)
        squares += (x[i] - mean) * (x[i] - mean);
      scale = 1 / sqrt (squares / o->n + o->eps);
      for (gsize i = 0; i < o->n; i++)
        out[i] = (x[i] - mean) * scale * (weight ? weight[i] : 1) + (bias ? bias[i] : 0);
    }
}

static void
run_matmul (const RpOp *op)
{
  const RpOpMatmul *o = &op->matmul;
  const float *x = at (o->x), *bias = at (o->bias);
  float *out = at (o->out);
  g_autofree float *row = g_new (float, o->weight.n_in);

  for (gsize r = 0; r < o->weight.n_out; r++)
    {
      weight_row (&o->weight, r, row);
      for (gsize t = 0; t < o->n_tokens; t++)
        {
          float *to = out + t * o->weight.n_out + r;
          double sum = dot (row, x + t * o->weight.n_in, o->weight.n_in) + (bias ? bias[r] : 0);
          *to = o->accumulate ? *to + sum : sum;
        }
    }
}

static void
run_matmul_experts (const RpOp *op)
{
  const RpOpMatmulExperts *o = &op->matmul_experts;
  const RpWeight *w = &o->weight;
  const gint32 *ids = at (o->ids);
  const float *bias = at (o->bias);
  g_autofree float *row = g_new (float, w->n_in);

  for (gsize pair = 0; pair < (gsize)o->n_tokens * o->n_used; pair++)
    {
      const float *x = (const float *)at (o->x) + (o->x_per_expert ? pair : pair / o->n_used) * w->n_in;
      float *out = (float *)at (o->out) + pair * w->n_out;
      gsize first = (gsize)ids[pair] * w->n_out;

      for (gsize r = 0; r < w->n_out; r++)
        {
          weight_row (w, first + r, row);
          out[r] = dot (row, x, w->n_in) + (bias ? bias[first + r] : 0);
        }
    }
}

static void
run_rope (const RpOp *op)
{
  const RpOpRope *o = &op->rope;
  const float *factors = at (o->freq_factors);
  guint step = o->kind == RP_ROPE_NEOX ? o->n_rot / 2 : 1, stride = o->kind == RP_ROPE_NEOX ? 1 : 2;

  for (gsize t = 0; t < o->n_tokens; t++)
    for (gsize h = 0; h < o->n_heads; h++)
      for (gsize i = 0; i < o->n_rot / 2; i++)
        {
          float *pair = (float *)at (o->x) + t * o->stride + h * o->head_dim + i * stride;
          double theta = (o->pos + t) * pow (o->freq_base, -2.0 * i / o->n_rot) / (factors ? factors[i] : 1);
          double along = (i - o->corr_low) / fmax (0.001, o->corr_high - o->corr_low);
          double ramp = o->ext_factor * (1 - CLAMP (along, 0, 1));
          double angle = theta * o->freq_scale * (1 - ramp) + theta * ramp;
          double c = cos (angle) * o->magnitude, s = sin (angle) * o->magnitude;
          double a = pair[0], b = pair[step];

          pair[0] = a * c - b * s;
          pair[step] = a * s + b * c;
        }
}

static void
run_store_kv (const RpOp *op)
{
  const RpOpStoreKv *o = &op->store_kv;
  guint8 *cache = (guint8 *)at (o->cache) + o->pos * rp_dtype_row_size (o->type, o->n);

  rp_dtype_info (o->type)->quantize (at (o->x), cache, (gsize)o->n_tokens * o->n);
}

/* One query head at one position. scores: room for every position. */
static void
attend (const RpOpAttention *o, gsize t, gsize h, double *scores, float *row)
{
  const RpDTypeInfo *info = rp_dtype_info (o->kv_type);
  gsize group = h / (o->n_heads / o->n_kv_heads), position = o->pos + t;
  gsize first = o->window && position >= o->window ? position - o->window + 1 : 0;
  const float *q = (const float *)at (o->q) + (t * o->n_heads + h) * o->dim_k;
  float *out = (float *)at (o->out) + (t * o->n_heads + h) * o->dim_v;
  const float *sinks = at (o->sinks);
  gsize k_size = rp_dtype_row_size (o->kv_type, o->dim_k), v_size = rp_dtype_row_size (o->kv_type, o->dim_v);
  double highest = sinks ? sinks[h] : -INFINITY, total;

  for (gsize p = first; p <= position; p++)
    {
      info->dequantize ((guint8 *)at (o->k) + (p * o->n_kv_heads + group) * k_size, row, o->dim_k);
      scores[p] = o->scale * dot (q, row, o->dim_k);
      if (o->softcap != 0)
        scores[p] = o->softcap * tanh (scores[p] / o->softcap);
      highest = fmax (highest, scores[p]);
    }
  total = sinks ? exp (sinks[h] - highest) : 0;
  for (gsize p = first; p <= position; p++)
    total += scores[p] = exp (scores[p] - highest);
  memset (out, 0, o->dim_v * sizeof *out);
  for (gsize p = first; p <= position; p++)
    {
      info->dequantize ((guint8 *)at (o->v) + (p * o->n_kv_heads + group) * v_size, row, o->dim_v);
      for (gsize i = 0; i < o->dim_v; i++)
        out[i] += scores[p] / total * row[i];
    }
}

static void
run_attention (const RpOp *op)
{
  const RpOpAttention *o = &op->attention;
  g_autofree double *scores = g_new (double, (gsize)o->pos + o->n_tokens);
  g_autofree float *row = g_new (float, MAX (o->dim_k, o->dim_v));

  for (gsize t = 0; t < o->n_tokens; t++)
    for (gsize h = 0; h < o->n_heads; h++)
      attend (o, t, h, scores, row);
}

/* Leaves -INFINITY in by[] of all experts outside the best groups. */
static void
keep_best_groups (const RpOpRoute *o, double *by)
{
  gsize size = o->n_expert / o->n_groups;
  g_autofree double *scores = g_new (double, o->n_groups);

  for (gsize g = 0; g < o->n_groups; g++)
    {
      double first = -INFINITY, second = -INFINITY;

      for (gsize e = g * size; e < (g + 1) * size; e++)
        if (by[e] > first)
          {
            second = first;
            first = by[e];
          }
        else
          second = fmax (second, by[e]);
      scores[g] = o->group_top == 2 && size > 1 ? first + second : first;
    }
  for (gsize kept = 0; kept < o->n_groups_used; kept++)
    {
      gssize best = -1;

      for (gsize g = 0; g < o->n_groups; g++)
        if (scores[g] != INFINITY && (best < 0 || scores[g] > scores[best]))
          best = g;
      if (best >= 0)
        scores[best] = INFINITY; /* kept */
    }
  for (gsize g = 0; g < o->n_groups; g++)
    for (gsize e = g * size; e < (g + 1) * size && scores[g] != INFINITY; e++)
      by[e] = -INFINITY;
}

/* The share of expert best among those in by[] that come near it. */
static double
sparse_mixer_share (const RpOpRoute *o, const double *by, gsize best)
{
  double sum = 0;

  for (gsize e = 0; e < o->n_expert; e++)
    if (by[e] != -INFINITY && by[best] - by[e] <= 0.02 * fmax (fabs (by[e]), by[best]))
      sum += exp (by[e] - by[best]);
  return 1 / sum;
}

/* The router's view of one token: p, what is selected by, and the choice. */
static void
route (const RpOpRoute *o, const float *logits, gint32 *ids, float *weights, double *p, double *by)
{
  const float *bias = at (o->selection_bias);
  gboolean by_logits = o->gate == RP_GATE_SOFTMAX_SELECTED || o->gate == RP_GATE_SPARSE_MIXER;
  double highest = -INFINITY, sum = 0;

  for (gsize e = 0; e < o->n_expert; e++)
    highest = fmax (highest, logits[e]);
  for (gsize e = 0; e < o->n_expert; e++)
    sum += exp (logits[e] - highest);
  for (gsize e = 0; e < o->n_expert; e++)
    {
      p[e] = o->gate == RP_GATE_SOFTMAX   ? exp (logits[e] - highest) / sum
             : o->gate == RP_GATE_SIGMOID ? 1 / (1 + exp (-(double)logits[e]))
                                          : exp (logits[e] - highest);
      by[e] = (by_logits ? logits[e] : p[e]) + (bias ? bias[e] : 0);
    }
  if (o->n_groups)
    keep_best_groups (o, by);
  sum = 0;
  for (gsize j = 0; j < o->n_used; j++)
    {
      gsize best = 0;

      for (gsize e = 1; e < o->n_expert; e++)
        if (by[e] > by[best])
          best = e;
      if (o->gate == RP_GATE_SPARSE_MIXER)
        p[best] = sparse_mixer_share (o, by, best);
      by[best] = -INFINITY;
      ids[j] = best;
      sum += p[best];
    }
  if (o->gate != RP_GATE_SOFTMAX_SELECTED)
    sum = o->normalize ? fmax (sum, 6.103515625e-5) : 1;
  for (gsize j = 0; j < o->n_used; j++)
    weights[j] = p[ids[j]] / sum * o->scale;
}

static void
run_route (const RpOp *op)
{
  const RpOpRoute *o = &op->route;
  g_autofree double *p = g_new (double, o->n_expert);
  g_autofree double *by = g_new (double, o->n_expert);

  for (gsize t = 0; t < o->n_tokens; t++)
    route (o, (const float *)at (o->logits) + t * o->n_expert, (gint32 *)at (o->ids) + t * o->n_used,
           (float *)at (o->weights) + t * o->n_used, p, by);
}

static double
activate (const RpOpGlu *o, double x)
{
  switch (o->activation)
    {
    case RP_ACT_GELU: /* Hendrycks & Gimpel 2016, section 2 */
      return 0.5 * x * (1 + tanh (sqrt (2 / G_PI) * (x + 0.044715 * x * x * x)));
    case RP_ACT_GELU_ERF:
      return 0.5 * x * (1 + erf (x / sqrt (2)));
    case RP_ACT_RELU:
      return fmax (0, x);
    case RP_ACT_RELU_SQUARED:
      return fmax (0, x) * fmax (0, x);
    case RP_ACT_SIGMOID:
      return 1 / (1 + exp (-x));
    case RP_ACT_SOFTPLUS:
      return fmax (0, x) + log1p (exp (-fabs (x)));
    case RP_ACT_SWIGLU_1:
      return x / (1 + exp (-1.702 * x));
    case RP_ACT_CLAMP:
      return CLAMP (x, -o->limit, o->limit);
    case RP_ACT_SOFTCAP:
      return o->limit * tanh (x / o->limit);
    case RP_ACT_SILU:
    default:
      return x / (1 + exp (-x));
    }
}

static void
run_glu (const RpOp *op)
{
  const RpOpGlu *o = &op->glu;
  const float *gate = at (o->gate), *up = at (o->up);
  float *out = at (o->out);
  gsize stride = o->stride ? o->stride : o->n;
  gboolean limited = o->limit != 0 && o->activation < RP_ACT_CLAMP;

  for (gsize r = 0; r < o->n_rows; r++)
    for (gsize i = 0; i < o->n; i++)
      {
        double g = gate[r * stride + i], u = up ? up[r * stride + i] : 1;

        if (limited)
          {
            g = fmin (g, o->limit);
            u = up ? CLAMP (u, -o->limit, o->limit) : 1;
          }
        out[r * o->n + i] = activate (o, g) * (up && o->activation == RP_ACT_SWIGLU_1 ? u + 1 : u);
      }
}

static void
run_combine (const RpOp *op)
{
  const RpOpCombine *o = &op->combine;
  const float *y = at (o->y), *weights = at (o->weights);
  float *out = at (o->out);

  for (gsize t = 0; t < o->n_tokens; t++)
    for (gsize i = 0; i < o->n; i++)
      {
        double sum = o->accumulate ? out[t * o->n + i] : 0;

        for (gsize j = 0; j < o->n_used; j++)
          sum += (double)weights[t * o->n_used + j] * y[(t * o->n_used + j) * o->n + i];
        out[t * o->n + i] = sum;
      }
}

static void
run_add (const RpOp *op)
{
  const RpOpAdd *o = &op->add;
  const float *a = at (o->a), *b = at (o->b);
  float *out = at (o->out);

  for (gsize i = 0; i < o->n; i++)
    out[i] = o->scale * (a[i] + (b ? b[i] : 0));
}

static void
run_scale (const RpOp *op)
{
  const RpOpScale *o = &op->scale;
  const float *factors = at (o->factors), *bias = at (o->bias);
  const gint32 *ids = at (o->ids);

  for (gsize r = 0; r < o->n_rows; r++)
    {
      float *x = (float *)at (o->x) + r * o->n;
      gsize e = ids ? ids[r] : 0;

      for (gsize i = 0; i < o->n; i++)
        x[i] = factors[e] * x[i] + (bias ? bias[e * o->n + i] : 0);
    }
}

static void
run_copy (const RpOp *op)
{
  const RpOpCopy *o = &op->copy;
  const float *x = at (o->x);
  float *out = at (o->out);

  for (gsize r = 0; r < o->n_rows; r++)
    memcpy (out + r * o->out_stride, x + r / o->repeat * o->x_stride, o->n * sizeof *x);
}

static void (*const table[RP_N_OPS]) (const RpOp *op) = {
  [RP_OP_EMBED] = run_embed,
  [RP_OP_NORM] = run_norm,
  [RP_OP_MATMUL] = run_matmul,
  [RP_OP_MATMUL_EXPERTS] = run_matmul_experts,
  [RP_OP_ROPE] = run_rope,
  [RP_OP_STORE_KV] = run_store_kv,
  [RP_OP_ATTENTION] = run_attention,
  [RP_OP_ROUTE] = run_route,
  [RP_OP_GLU] = run_glu,
  [RP_OP_COMBINE] = run_combine,
  [RP_OP_ADD] = run_add,
  [RP_OP_SCALE] = run_scale,
  [RP_OP_COPY] = run_copy,
};

/* ---- the back end ---- */

static void
reference_free (RpBackend *backend)
{
  g_free (backend);
}

static RpBuffer *
reference_buffer_new (RpBackend *backend, gsize size, RpBufferUse use, GError **error)
{
  gpointer data = g_try_malloc0 (MAX (size, 1));
  RpBuffer *buffer;

  if (!data)
    {
      g_set_error (error, RP_ERROR, RP_ERROR_MEMORY, "Out of memory: %" G_GSIZE_FORMAT " bytes", size);
      return NULL;
    }
  buffer = g_new (RpBuffer, 1);
  *buffer = (RpBuffer){ data, data, size };
  return buffer;
}

static RpBuffer *
reference_buffer_new_weights (RpBackend *backend, const void *data, gsize size, GError **error)
{
  RpBuffer *buffer = g_new (RpBuffer, 1);

  *buffer = (RpBuffer){ (guint8 *)data, NULL, size };
  return buffer;
}

static void
reference_buffer_free (RpBackend *backend, RpBuffer *buffer)
{
  g_free (buffer->owned);
  g_free (buffer);
}

static gboolean
check_range (RpView view, gsize size, GError **error)
{
  if (view.offset <= view.buffer->size && size <= view.buffer->size - view.offset)
    return TRUE;
  g_set_error_literal (error, RP_ERROR, RP_ERROR_ARGUMENT, "A copy does not fit the buffer");
  return FALSE;
}

static gboolean
reference_upload (RpBackend *backend, RpView to, const void *data, gsize size, GError **error)
{
  if (!check_range (to, size, error))
    return FALSE;
  memcpy (at (to), data, size);
  return TRUE;
}

static gboolean
reference_download (RpBackend *backend, RpView from, void *data, gsize size, GError **error)
{
  if (!check_range (from, size, error))
    return FALSE;
  memcpy (data, at (from), size);
  return TRUE;
}

static gsize
buffer_size (const RpBuffer *buffer)
{
  return buffer->size;
}

static gboolean
reference_prepare (RpBackend *backend, const RpOp *ops, gsize n_ops, GError **error)
{
  return rp_ops_check (ops, n_ops, buffer_size, error);
}

static gboolean
reference_run (RpBackend *backend, const RpOp *ops, gsize n_ops, const RpCancel *cancel, GError **error)
{
  if (!rp_ops_check (ops, n_ops, buffer_size, error))
    return FALSE;
  for (gsize i = 0; i < n_ops; i++)
    {
      if (rp_cancel_is_set (cancel))
        {
          g_set_error_literal (error, RP_ERROR, RP_ERROR_CANCELLED, "Cancelled");
          return FALSE;
        }
      table[ops[i].kind](&ops[i]);
    }
  return TRUE;
}

RpBackend *
rp_reference_backend_new (void)
{
  static const RpBackendClass klass = {
    .free = reference_free,
    .buffer_new = reference_buffer_new,
    .buffer_new_weights = reference_buffer_new_weights,
    .buffer_free = reference_buffer_free,
    .upload = reference_upload,
    .download = reference_download,
    .prepare = reference_prepare,
    .run = reference_run,
  };
  RpBackend *backend = g_new (RpBackend, 1);

  backend->klass = &klass;
  return backend;
}
