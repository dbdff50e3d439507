/* Attention of one layer: what is projected from x, how queries and keys are prepared, and the way back. */
#include "forward-private.h"

static void
rope (const RpPass *pass,
      guint i,
      RpView x,
      guint pos,
      guint n_tokens,
      guint n_heads,
      guint head_dim,
      guint stride,
      gboolean concurrent)
{
  const RpModel *model = pass->model;
  const RpRopeHparams *rope = &model->hparams.layers[i].rope;
  RpView factors = model->rope_factors;

  if (rope->n_rot == 0)
    return;
  if (!factors.buffer)
    factors = pass->cache->n_context > model->hparams.n_context_original ? model->rope_factors_long
                                                                         : model->rope_factors_short;
  rp_pass_op (pass, RP_OP_ROPE, concurrent)->rope = (RpOpRope){
    .kind = model->hparams.rope,
    .x = x,
    .freq_factors = rope->n_rot / 2 == model->n_rope_factors ? factors : (RpView){ 0 },
    .n_tokens = n_tokens,
    .n_heads = n_heads,
    .head_dim = head_dim,
    .n_rot = rope->n_rot,
    .stride = stride,
    .pos = pos,
    .freq_base = rope->freq_base,
    .freq_scale = rope->freq_scale,
    .ext_factor = rope->ext_factor,
    .magnitude = rope->magnitude,
    .corr_low = rope->corr_low,
    .corr_high = rope->corr_high,
  };
}

static void
store (const RpPass *pass, RpView x, RpBuffer *cache, guint n, gboolean concurrent)
{
  rp_pass_op (pass, RP_OP_STORE_KV, concurrent)->store_kv = (RpOpStoreKv){
    .x = x,
    .cache = rp_whole (cache),
    .type = pass->cache->type,
    .n_tokens = pass->n_tokens,
    .n = n,
    .pos = pass->pos,
  };
}

/* Of row stretches of n elements, n_rows of them. */
static void
copy (const RpPass *pass,
      RpView x,
      guint x_stride,
      RpView out,
      guint out_stride,
      guint n_rows,
      guint n,
      guint repeat,
      gboolean concurrent)
{
  rp_pass_op (pass, RP_OP_COPY, concurrent)->copy = (RpOpCopy){
    .x = x,
    .out = out,
    .n_rows = n_rows,
    .n = n,
    .repeat = repeat,
    .x_stride = x_stride,
    .out_stride = out_stride,
  };
}

static RpOpAttention *
attend (const RpPass *pass, guint i, RpSpan span, RpView q, RpBuffer *v)
{
  const RpHparams *hparams = &pass->model->hparams;
  const RpLayer *layer = &pass->model->layers[i];
  RpOp *op = rp_pass_op (pass, RP_OP_ATTENTION, FALSE);

  op->attention = (RpOpAttention){
    .q = q,
    .k = rp_whole (pass->cache->k[i]),
    .v = rp_whole (v),
    .sinks = layer->sinks,
    .out = rp_rows (pass->a->attention, span.first, (gsize)layer->n_heads * hparams->dim_v),
    .kv_type = pass->cache->type,
    .n_tokens = span.n,
    .pos = pass->pos + span.first,
    .n_heads = layer->n_heads,
    .n_kv_heads = layer->n_kv_heads,
    .dim_k = hparams->dim_k,
    .dim_v = hparams->dim_v,
    .window = hparams->layers[i].window,
    .scale = hparams->attention_scale,
    .softcap = hparams->attention_softcap,
  };
  return &op->attention;
}

/* ---- queries, keys and values ---- */

static void
norm_heads (const RpPass *pass, const RpLayer *layer, RpView q, RpSpan span)
{
  guint dim = pass->model->hparams.dim_k;

  if (!layer->k_norm.n)
    return;
  rp_pass_norm (pass, &layer->k_norm, rp_whole (pass->a->k), rp_whole (pass->a->k),
                pass->n_tokens * (layer->n_kv_heads * dim / layer->k_norm.n), FALSE);
  if (span.n)
    rp_pass_norm (pass, &layer->q_norm, q, q, span.n * (layer->n_heads * dim / layer->q_norm.n), TRUE);
}

static void
clamp (const RpPass *pass, RpView x, gsize n, gboolean concurrent)
{
  float limit = pass->model->hparams.attention_clamp;

  if (limit != 0 && n)
    rp_pass_glu (pass, RP_ACT_CLAMP, limit, x, (RpView){ 0 }, x, n, concurrent);
}

/* The usual three products of h. */
static void
project (const RpPass *pass, guint i, RpView h, RpView q, RpSpan span)
{
  const RpHparams *hparams = &pass->model->hparams;
  const RpLayer *layer = &pass->model->layers[i];
  const RpActivations *a = pass->a;
  gboolean late = (pass->model->arch->flags & RP_ARCH_QK_NORM_LATE) != 0;
  guint n_q = layer->n_heads * hparams->dim_k, n_k = layer->n_kv_heads * hparams->dim_k;
  guint n_v = layer->n_kv_heads * hparams->dim_v;

  rp_pass_linear (pass, &layer->k, h, rp_whole (a->k), pass->n_tokens, FALSE);
  rp_pass_linear (pass, &layer->v, h, rp_whole (a->v), pass->n_tokens, TRUE);
  if (span.n)
    {
      RpView span_h = rp_after (h, (gsize)span.first * hparams->n_embd);

      rp_pass_linear (pass, &layer->q, span_h, q, span.n, TRUE);
      if (layer->attention_gate.weight.data.buffer)
        rp_pass_linear (pass, &layer->attention_gate, span_h,
                        rp_rows (a->attention_gate, span.first, layer->attention_gate.weight.n_out), span.n, TRUE);
    }
  clamp (pass, rp_whole (a->k), (gsize)pass->n_tokens * n_k, FALSE);
  clamp (pass, rp_whole (a->v), (gsize)pass->n_tokens * n_v, TRUE);
  clamp (pass, q, (gsize)span.n * n_q, TRUE);
  if (!late)
    norm_heads (pass, layer, q, span);
  rope (pass, i, rp_whole (a->k), pass->pos, pass->n_tokens, layer->n_kv_heads, hparams->dim_k, n_k, FALSE);
  if (span.n)
    rope (pass, i, q, pass->pos + span.first, span.n, layer->n_heads, hparams->dim_k, n_q, TRUE);
  if (late)
    norm_heads (pass, layer, q, span);
  store (pass, rp_whole (a->k), pass->cache->k[i], n_k, FALSE);
  store (pass, rp_whole (a->v), pass->cache->v[i], n_v, TRUE);
}

/* Multiplies what attention gave with gates made from h, one a head or one an element. */
static void
apply_gate (const RpPass *pass, const RpLayer *layer, RpView attention, RpSpan span)
{
  RpActivation activation = pass->model->arch->attention_gate;
  guint dim = pass->model->hparams.dim_v, n_gates = layer->attention_gate.weight.n_out;
  RpView gate = rp_rows (pass->a->attention_gate, span.first, n_gates);

  if (n_gates != layer->n_heads)
    {
      rp_pass_glu (pass, activation, 0, gate, attention, attention, (gsize)span.n * n_gates, FALSE);
      return;
    }
  rp_pass_glu (pass, activation, 0, gate, (RpView){ 0 }, gate, (gsize)span.n * n_gates, FALSE);
  rp_pass_op (pass, RP_OP_COMBINE, FALSE)->combine = (RpOpCombine){
    .y = attention,
    .weights = gate,
    .out = attention,
    .n_tokens = span.n * layer->n_heads,
    .n_used = 1,
    .n = dim,
  };
}

/* ---- latent attention ---- */

/* a->latent becomes [norm (c), rotated part of the key], a->latent_kv norm (c), and q the queries, rotated. */
static void
project_latent (const RpPass *pass, guint i, RpView h, RpView q, RpSpan span)
{
  const RpHparams *hparams = &pass->model->hparams;
  const RpLatentHparams *latent = &hparams->latent;
  const RpLayer *layer = &pass->model->layers[i];
  const RpActivations *a = pass->a;
  guint rank = latent->rank_kv, n_rot = hparams->layers[i].rope.n_rot, row = rank + n_rot;
  guint dim = latent->dim_plain + n_rot, n_q = layer->n_heads * dim;
  RpView span_h = rp_after (h, (gsize)span.first * hparams->n_embd), low = rp_rows (a->low, span.first, latent->rank_q);

  rp_pass_linear (pass, &layer->latent.kv_a, h, rp_whole (a->latent), pass->n_tokens, FALSE);
  if (span.n)
    rp_pass_linear (pass, latent->rank_q ? &layer->latent.q_a : &layer->q, span_h, latent->rank_q ? low : q, span.n,
                    TRUE);
  copy (pass, rp_whole (a->latent), row, rp_whole (a->latent_kv), rank, pass->n_tokens, rank, 1, FALSE);
  rope (pass, i, rp_after (rp_whole (a->latent), rank), pass->pos, pass->n_tokens, 1, n_rot, row, TRUE);
  if (span.n && latent->rank_q)
    rp_pass_norm (pass, &layer->latent.q_a_norm, low, low, span.n, TRUE);
  rp_pass_norm (pass, &layer->latent.kv_a_norm, rp_whole (a->latent_kv), rp_whole (a->latent_kv), pass->n_tokens,
                FALSE);
  if (span.n && latent->rank_q)
    rp_pass_linear (pass, &layer->q, low, q, span.n, TRUE);
  copy (pass, rp_whole (a->latent_kv), rank, rp_whole (a->latent), row, pass->n_tokens, rank, 1, FALSE);
  if (span.n)
    rope (pass, i, rp_after (q, latent->dim_plain), pass->pos + span.first, span.n, layer->n_heads, dim, n_q, TRUE);
}

/* A matrix a head. */
static void
each_head (const RpPass *pass, const RpLayer *layer, const RpWeight *weight, RpView x, RpView out, guint n)
{
  rp_pass_op (pass, RP_OP_MATMUL_EXPERTS, FALSE)->matmul_experts = (RpOpMatmulExperts){
    .weight = *weight,
    .x = x,
    .ids = rp_whole (pass->a->head_ids),
    .out = out,
    .n_tokens = n,
    .n_used = layer->n_heads,
    .x_per_expert = TRUE,
  };
}

/* All heads share one cached key, of which the value is a part: it is read as a value to its end, and the end of what
 * attention gives dropped. Returns the heads' outputs. */
static RpView
attend_absorbed (const RpPass *pass, guint i, RpView q, RpSpan span)
{
  const RpHparams *hparams = &pass->model->hparams;
  const RpLatentHparams *latent = &hparams->latent;
  const RpLayer *layer = &pass->model->layers[i];
  const RpActivations *a = pass->a;
  guint rank = latent->rank_kv, row = hparams->dim_k, n_rot = row - rank, dim = latent->dim_plain + n_rot;
  guint n_rows = span.n * layer->n_heads;
  RpView out;

  store (pass, rp_whole (a->latent), pass->cache->k[i], row, FALSE);
  if (span.n == 0)
    return (RpView){ 0 };
  copy (pass, q, dim, rp_whole (a->plain), latent->dim_plain, n_rows, latent->dim_plain, 1, TRUE);
  copy (pass, rp_after (q, latent->dim_plain), dim, rp_after (rp_whole (a->absorbed), rank), row, n_rows, n_rot, 1,
        TRUE);
  each_head (pass, layer, &layer->latent.k_b, rp_whole (a->plain), rp_whole (a->unfolded), span.n);
  copy (pass, rp_whole (a->unfolded), rank, rp_whole (a->absorbed), row, n_rows, rank, 1, FALSE);
  out = attend (pass, i, span, rp_whole (a->absorbed), pass->cache->k[i])->out;
  copy (pass, out, row, rp_whole (a->unfolded), rank, n_rows, rank, 1, FALSE);
  each_head (pass, layer, &layer->latent.v_b, rp_whole (a->unfolded), rp_whole (a->plain), span.n);
  return rp_whole (a->plain);
}

/* Keys and values of every head are made from what was compressed, and cached. */
static RpView
attend_unfolded (const RpPass *pass, guint i, RpView q, RpSpan span)
{
  const RpHparams *hparams = &pass->model->hparams;
  const RpLatentHparams *latent = &hparams->latent;
  const RpLayer *layer = &pass->model->layers[i];
  const RpActivations *a = pass->a;
  guint plain = latent->dim_plain, dim_k = hparams->dim_k, dim_v = hparams->dim_v, n_rot = dim_k - plain;
  guint n_rows = pass->n_tokens * layer->n_heads;

  rp_pass_linear (pass, &layer->latent.kv_b, rp_whole (a->latent_kv), rp_whole (a->unfolded), pass->n_tokens, TRUE);
  copy (pass, rp_whole (a->unfolded), plain + dim_v, rp_whole (a->k), dim_k, n_rows, plain, 1, FALSE);
  copy (pass, rp_after (rp_whole (a->latent), latent->rank_kv), latent->rank_kv + n_rot,
        rp_after (rp_whole (a->k), plain), dim_k, n_rows, n_rot, layer->n_heads, TRUE);
  copy (pass, rp_after (rp_whole (a->unfolded), plain), plain + dim_v, rp_whole (a->v), dim_v, n_rows, dim_v, 1, TRUE);
  store (pass, rp_whole (a->k), pass->cache->k[i], layer->n_heads * dim_k, FALSE);
  store (pass, rp_whole (a->v), pass->cache->v[i], layer->n_heads * dim_v, TRUE);
  return span.n ? attend (pass, i, span, q, pass->cache->v[i])->out : (RpView){ 0 };
}

/* One factor a position, times its queries. */
static void
apply_temperature (const RpPass *pass, RpView q, guint n_q, RpSpan span)
{
  RpView factors = { pass->cache->temperature, (pass->pos + span.first) * sizeof (float) };

  if (!factors.buffer || span.n == 0)
    return;
  rp_pass_op (pass, RP_OP_COMBINE, FALSE)->combine
    = (RpOpCombine){ .y = q, .weights = factors, .out = q, .n_tokens = span.n, .n_used = 1, .n = n_q };
}

void
rp_pass_attention (const RpPass *pass, guint i, RpSpan span)
{
  const RpModel *model = pass->model;
  const RpHparams *hparams = &model->hparams;
  const RpLayer *layer = &model->layers[i];
  const RpActivations *a = pass->a;
  gboolean latent = hparams->latent.rank_kv != 0;
  guint dim_q = latent ? hparams->latent.dim_plain + hparams->layers[i].rope.n_rot : hparams->dim_k;
  RpView h = rp_whole (a->x), q = rp_rows (a->q, span.first, (gsize)layer->n_heads * dim_q), out;
  RpSum sum;

  if (layer->attention_norm.n)
    {
      h = rp_whole (a->h);
      rp_pass_norm (pass, &layer->attention_norm, rp_whole (a->x), h, pass->n_tokens, FALSE);
    }
  if (latent)
    {
      project_latent (pass, i, h, q, span);
      apply_temperature (pass, q, layer->n_heads * dim_q, span);
      out = hparams->latent.absorbed ? attend_absorbed (pass, i, q, span) : attend_unfolded (pass, i, q, span);
    }
  else
    {
      project (pass, i, h, q, span);
      apply_temperature (pass, q, layer->n_heads * dim_q, span);
      out = span.n ? attend (pass, i, span, q, pass->cache->v[i])->out : (RpView){ 0 };
    }
  if (span.n == 0)
    return;
  if (hparams->value_scale != 0)
    rp_pass_multiply (pass, out, (gsize)span.n * layer->attention_out.weight.n_in, hparams->value_scale);
  if (layer->attention_gate.weight.data.buffer)
    apply_gate (pass, layer, out, span);
  sum = rp_sum_begin (pass, span, &layer->attention_post_norm, FALSE);
  rp_sum_linear (pass, &sum, &layer->attention_out, out, span.n, FALSE, FALSE);
  rp_sum_end (pass, &sum, span, &layer->attention_post_norm, 1);
}
