#include "forward.h"

typedef struct
{
  GArray *ops;
  const RpModel *model;
  const RpActivations *a;
  const RpKvCache *cache;
  guint pos, n_tokens;
} Pass;

/* ---- activations ---- */

gboolean
rp_activations_init (RpActivations *a, const RpModel *model, guint n_batch, guint n_outputs, GError **error)
{
  const RpHparams *hparams = &model->hparams;
  guint heads = 0, kv_heads = 0, n_ff = 0;
  guint n_used = MAX (1, hparams->n_expert_used);

  for (guint i = 0; i < hparams->n_layers; i++)
    {
      heads = MAX (heads, model->layers[i].n_heads);
      kv_heads = MAX (kv_heads, model->layers[i].n_kv_heads);
      n_ff = MAX (n_ff, model->layers[i].n_ff);
    }
  const struct
  {
    RpBuffer **buffer;
    gsize rows, row;
    RpBufferUse use;
  } table[] = {
    { &a->tokens, n_batch, 1, RP_BUFFER_DEVICE },
    { &a->x, n_batch, hparams->n_embd, RP_BUFFER_DEVICE },
    { &a->h, n_batch, hparams->n_embd, RP_BUFFER_DEVICE },
    { &a->q, n_batch, (gsize)heads * hparams->dim_k, RP_BUFFER_DEVICE },
    { &a->k, n_batch, (gsize)kv_heads * hparams->dim_k, RP_BUFFER_DEVICE },
    { &a->v, n_batch, (gsize)kv_heads * hparams->dim_v, RP_BUFFER_DEVICE },
    { &a->attention, n_batch, (gsize)heads * hparams->dim_v, RP_BUFFER_DEVICE },
    { &a->gate, n_batch, (gsize)n_used * n_ff, RP_BUFFER_DEVICE },
    { &a->up, n_batch, (gsize)n_used * n_ff, RP_BUFFER_DEVICE },
    { &a->down, n_batch, (gsize)n_used * hparams->n_embd, RP_BUFFER_DEVICE },
    { &a->router, n_batch, MAX (1, hparams->n_expert), RP_BUFFER_DEVICE },
    { &a->ids, n_batch, n_used, RP_BUFFER_DEVICE },
    { &a->weights, n_batch, n_used, RP_BUFFER_DEVICE },
    { &a->logits, n_outputs, model->n_vocab, RP_BUFFER_READ },
  };

  a->backend = model->backend;
  a->n_batch = n_batch;
  a->n_outputs = n_outputs;
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    {
      *table[i].buffer
        = rp_backend_buffer_new (a->backend, table[i].rows * table[i].row * sizeof (float), table[i].use, error);
      if (!*table[i].buffer)
        return FALSE;
    }
  return TRUE;
}

void
rp_activations_clear (RpActivations *a)
{
  RpBuffer **buffers[] = { &a->tokens, &a->x,  &a->h,    &a->q,      &a->k,   &a->v,       &a->attention,
                           &a->gate,   &a->up, &a->down, &a->router, &a->ids, &a->weights, &a->logits };

  for (gsize i = 0; i < G_N_ELEMENTS (buffers); i++)
    {
      rp_backend_buffer_free (a->backend, *buffers[i]);
      *buffers[i] = NULL;
    }
}

/* ---- operations ---- */

static RpView
whole (RpBuffer *buffer)
{
  return (RpView){ buffer, 0 };
}

/* From row first on, of rows of n floats. */
static RpView
rows (RpBuffer *buffer, gsize first, gsize n)
{
  return (RpView){ buffer, first * n * sizeof (float) };
}

static RpOp *
add_op (GArray *ops, RpOpKind kind)
{
  RpOp op = { .kind = kind };

  g_array_append_val (ops, op);
  return &g_array_index (ops, RpOp, ops->len - 1);
}

static void
add_norm (const Pass *pass, RpView x, RpView out, RpView weight, guint n_rows, guint n)
{
  add_op (pass->ops, RP_OP_NORM)->norm = (RpOpNorm){
    .kind = pass->model->arch->norm,
    .x = x,
    .out = out,
    .weight = weight,
    .n_rows = n_rows,
    .n = n,
    .eps = pass->model->hparams.norm_eps,
  };
}

/* out = scale · (W x) + bias. */
static void
add_linear (const Pass *pass, const RpLinear *linear, RpView x, RpView out, guint n_tokens, gboolean concurrent)
{
  gboolean scaled = linear->scale.buffer != NULL;
  RpOp *op = add_op (pass->ops, RP_OP_MATMUL);

  op->concurrent = concurrent;
  op->matmul = (RpOpMatmul){
    .weight = linear->weight,
    .x = x,
    .bias = scaled ? (RpView){ 0 } : linear->bias,
    .out = out,
    .n_tokens = n_tokens,
    .precise = linear == &pass->model->output,
  };
  if (scaled)
    add_op (pass->ops, RP_OP_SCALE)->scale = (RpOpScale){
      .x = out,
      .factors = linear->scale,
      .bias = linear->bias,
      .n_rows = n_tokens,
      .n = linear->weight.n_out,
      .n_expert = 1,
    };
}

/* As above; but the feed-forward of a dense layer scales what its bias was added to: out = scale · (W x + bias). */
static void
add_linear_scaled_last (const Pass *pass,
                        const RpLinear *linear,
                        RpView x,
                        RpView out,
                        guint n_tokens,
                        gboolean concurrent)
{
  RpLinear plain = *linear, factor = *linear;

  plain.scale = factor.bias = (RpView){ 0 };
  add_linear (pass, &plain, x, out, n_tokens, concurrent);
  if (linear->scale.buffer)
    add_op (pass->ops, RP_OP_SCALE)->scale = (RpOpScale){
      .x = out,
      .factors = factor.scale,
      .n_rows = n_tokens,
      .n = linear->weight.n_out,
      .n_expert = 1,
    };
}

/* residual += what the linear gives; temporary is written where the product needs a factor first. */
static void
add_linear_residual (const Pass *pass,
                     const RpLinear *linear,
                     RpView x,
                     RpView residual,
                     RpView temporary,
                     guint n_tokens,
                     gboolean scaled_last)
{
  if (!linear->scale.buffer)
    {
      add_linear (pass, linear, x, residual, n_tokens, FALSE);
      g_array_index (pass->ops, RpOp, pass->ops->len - 1).matmul.accumulate = TRUE;
      return;
    }
  if (scaled_last)
    add_linear_scaled_last (pass, linear, x, temporary, n_tokens, FALSE);
  else
    add_linear (pass, linear, x, temporary, n_tokens, FALSE);
  add_op (pass->ops, RP_OP_ADD)->add = (RpOpAdd){
    .a = residual,
    .b = temporary,
    .out = residual,
    .n = (gsize)n_tokens * linear->weight.n_out,
    .scale = 1,
  };
}

static void
add_experts (const Pass *pass,
             const RpLinear *linear,
             RpView x,
             RpView out,
             guint first,
             guint n_tokens,
             gboolean x_per_expert,
             gboolean concurrent)
{
  guint n_used = pass->model->hparams.n_expert_used;
  gboolean scaled = linear->scale.buffer != NULL;
  RpView ids = rows (pass->a->ids, first, n_used);
  RpOp *op = add_op (pass->ops, RP_OP_MATMUL_EXPERTS);

  op->concurrent = concurrent;
  op->matmul_experts = (RpOpMatmulExperts){
    .weight = linear->weight,
    .x = x,
    .ids = ids,
    .bias = scaled ? (RpView){ 0 } : linear->bias,
    .out = out,
    .n_tokens = n_tokens,
    .n_used = n_used,
    .x_per_expert = x_per_expert,
  };
  if (scaled)
    add_op (pass->ops, RP_OP_SCALE)->scale = (RpOpScale){
      .x = out,
      .factors = linear->scale,
      .ids = ids,
      .bias = linear->bias,
      .n_rows = n_tokens * n_used,
      .n = linear->weight.n_out,
      .n_expert = linear->weight.n_expert,
    };
}

static void
add_rope (const Pass *pass, RpView x, guint pos, guint n_tokens, guint n_heads, gboolean concurrent)
{
  const RpHparams *hparams = &pass->model->hparams;
  RpOp *op = add_op (pass->ops, RP_OP_ROPE);

  op->concurrent = concurrent;
  op->rope = (RpOpRope){
    .kind = pass->model->arch->rope,
    .x = x,
    .freq_factors = pass->model->rope_factors,
    .n_tokens = n_tokens,
    .n_heads = n_heads,
    .head_dim = hparams->dim_k,
    .n_rot = hparams->rope.n_rot,
    .stride = n_heads * hparams->dim_k,
    .pos = pos,
    .freq_base = hparams->rope.freq_base,
    .freq_scale = hparams->rope.freq_scale,
    .ext_factor = hparams->rope.ext_factor,
    .magnitude = hparams->rope.magnitude,
    .corr_low = hparams->rope.corr_low,
    .corr_high = hparams->rope.corr_high,
  };
}

static void
add_store (const Pass *pass, RpView x, RpBuffer *cache, guint n, gboolean concurrent)
{
  RpOp *op = add_op (pass->ops, RP_OP_STORE_KV);

  op->concurrent = concurrent;
  op->store_kv = (RpOpStoreKv){
    .x = x,
    .cache = whole (cache),
    .type = pass->cache->type,
    .n_tokens = pass->n_tokens,
    .n = n,
    .pos = pass->pos,
  };
}

/* ---- a layer ---- */

/* Keys and values of all tokens; queries, and what comes after, of the last n_last. */
static void
add_attention (const Pass *pass, guint i, guint n_last)
{
  const RpModel *model = pass->model;
  const RpHparams *hparams = &model->hparams;
  const RpLayer *layer = &model->layers[i];
  const RpActivations *a = pass->a;
  guint first = pass->n_tokens - n_last;
  guint n_q = layer->n_heads * hparams->dim_k, n_k = layer->n_kv_heads * hparams->dim_k;
  guint n_attention = layer->n_heads * hparams->dim_v;
  RpView q = rows (a->q, first, n_q);

  add_norm (pass, whole (a->x), whole (a->h), layer->attention_norm, pass->n_tokens, hparams->n_embd);
  add_linear (pass, &layer->k, whole (a->h), whole (a->k), pass->n_tokens, FALSE);
  add_linear (pass, &layer->v, whole (a->h), whole (a->v), pass->n_tokens, !layer->k.scale.buffer);
  if (n_last)
    add_linear (pass, &layer->q, rows (a->h, first, hparams->n_embd), q, n_last,
                !layer->k.scale.buffer && !layer->v.scale.buffer);
  if (layer->k_norm.buffer)
    {
      add_norm (pass, whole (a->k), whole (a->k), layer->k_norm, pass->n_tokens * layer->n_kv_heads, hparams->dim_k);
      if (n_last)
        {
          add_norm (pass, q, q, layer->q_norm, n_last * layer->n_heads, hparams->dim_k);
          g_array_index (pass->ops, RpOp, pass->ops->len - 1).concurrent = TRUE;
        }
    }
  add_rope (pass, whole (a->k), pass->pos, pass->n_tokens, layer->n_kv_heads, FALSE);
  if (n_last)
    add_rope (pass, q, pass->pos + first, n_last, layer->n_heads, TRUE);
  add_store (pass, whole (a->k), pass->cache->k[i], n_k, FALSE);
  add_store (pass, whole (a->v), pass->cache->v[i], layer->n_kv_heads * hparams->dim_v, TRUE);
  if (n_last == 0)
    return;
  add_op (pass->ops, RP_OP_ATTENTION)->attention = (RpOpAttention){
    .q = q,
    .k = whole (pass->cache->k[i]),
    .v = whole (pass->cache->v[i]),
    .out = rows (a->attention, first, n_attention),
    .kv_type = pass->cache->type,
    .n_tokens = n_last,
    .pos = pass->pos + first,
    .n_heads = layer->n_heads,
    .n_kv_heads = layer->n_kv_heads,
    .dim_k = hparams->dim_k,
    .dim_v = hparams->dim_v,
    .scale = hparams->attention_scale,
  };
  add_linear_residual (pass, &layer->attention_out, rows (a->attention, first, n_attention),
                       rows (a->x, first, hparams->n_embd), rows (a->h, first, hparams->n_embd), n_last, FALSE);
}

static void
add_glu (const Pass *pass, RpView gate, RpView up, guint n_rows, guint n)
{
  add_op (pass->ops, RP_OP_GLU)->glu = (RpOpGlu){
    .activation = pass->model->arch->activation,
    .gate = gate,
    .up = up,
    .out = gate,
    .n_rows = n_rows,
    .n = n,
  };
}

static void
add_dense_ffn (const Pass *pass, const RpLayer *layer, guint first, guint n)
{
  const RpActivations *a = pass->a;
  guint n_embd = pass->model->hparams.n_embd;
  RpView h = rows (a->h, first, n_embd), gate = rows (a->gate, first, layer->n_ff),
         up = rows (a->up, first, layer->n_ff);

  add_linear_scaled_last (pass, &layer->gate, h, gate, n, FALSE);
  add_linear_scaled_last (pass, &layer->up, h, up, n, !layer->gate.scale.buffer);
  add_glu (pass, gate, up, n, layer->n_ff);
  add_linear_residual (pass, &layer->down, gate, rows (a->x, first, n_embd), h, n, TRUE);
}

static void
add_routed_ffn (const Pass *pass, const RpLayer *layer, guint first, guint n)
{
  const RpHparams *hparams = &pass->model->hparams;
  const RpActivations *a = pass->a;
  guint n_used = hparams->n_expert_used;
  RpView h = rows (a->h, first, hparams->n_embd), router = rows (a->router, first, hparams->n_expert);
  RpView gate = rows (a->gate, first, (gsize)n_used * layer->n_ff);
  RpView up = rows (a->up, first, (gsize)n_used * layer->n_ff);
  RpView down = rows (a->down, first, (gsize)n_used * hparams->n_embd);

  add_linear (pass, &layer->router, h, router, n, FALSE);
  add_op (pass->ops, RP_OP_ROUTE)->route = (RpOpRoute){
    .gate = pass->model->arch->gate,
    .logits = router,
    .ids = rows (a->ids, first, n_used),
    .weights = rows (a->weights, first, n_used),
    .n_tokens = n,
    .n_expert = hparams->n_expert,
    .n_used = n_used,
    .normalize = pass->model->arch->normalize_experts,
    .scale = hparams->expert_scale,
  };
  add_experts (pass, &layer->gate, h, gate, first, n, FALSE, FALSE);
  add_experts (pass, &layer->up, h, up, first, n, FALSE, !layer->gate.scale.buffer);
  add_glu (pass, gate, up, n * n_used, layer->n_ff);
  add_experts (pass, &layer->down, gate, down, first, n, TRUE, FALSE);
  add_op (pass->ops, RP_OP_COMBINE)->combine = (RpOpCombine){
    .y = down,
    .weights = rows (a->weights, first, n_used),
    .out = rows (a->x, first, hparams->n_embd),
    .n_tokens = n,
    .n_used = n_used,
    .n = hparams->n_embd,
    .accumulate = TRUE,
  };
}

static void
add_layer (const Pass *pass, guint i, guint n_last)
{
  const RpLayer *layer = &pass->model->layers[i];
  guint first = pass->n_tokens - n_last, n_embd = pass->model->hparams.n_embd;

  add_attention (pass, i, n_last);
  if (n_last == 0)
    return;
  add_norm (pass, rows (pass->a->x, first, n_embd), rows (pass->a->h, first, n_embd), layer->ffn_norm, n_last, n_embd);
  if (layer->router.weight.data.buffer)
    add_routed_ffn (pass, layer, first, n_last);
  else
    add_dense_ffn (pass, layer, first, n_last);
}

void
rp_forward_layers (GArray *ops,
                   const RpModel *model,
                   const RpActivations *activations,
                   const RpKvCache *cache,
                   guint pos,
                   guint n_tokens,
                   guint n_last)
{
  const Pass pass = { ops, model, activations, cache, pos, n_tokens };
  guint n_layers = model->hparams.n_layers;

  add_op (ops, RP_OP_EMBED)->embed = (RpOpEmbed){
    .weight = model->token_embd,
    .tokens = whole (activations->tokens),
    .out = whole (activations->x),
    .n_tokens = n_tokens,
    .scale = 1,
  };
  for (guint i = 0; i < n_layers; i++)
    add_layer (&pass, i, i + 1 < n_layers ? n_tokens : n_last);
}

void
rp_forward_logits (GArray *ops, const RpModel *model, const RpActivations *activations, guint first, guint n)
{
  const Pass pass = { .ops = ops, .model = model, .a = activations, .n_tokens = n };
  guint n_embd = model->hparams.n_embd;

  add_norm (&pass, rows (activations->x, first, n_embd), whole (activations->h), model->output_norm, n, n_embd);
  add_linear (&pass, &model->output, whole (activations->h), whole (activations->logits), n, FALSE);
}
