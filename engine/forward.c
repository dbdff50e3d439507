#include "forward-private.h"

/* ---- operations ---- */

RpOp *
rp_pass_op (const RpPass *pass, RpOpKind kind, gboolean concurrent)
{
  RpOp op = { .kind = kind, .concurrent = concurrent };

  g_array_append_val (pass->ops, op);
  return &g_array_index (pass->ops, RpOp, pass->ops->len - 1);
}

void
rp_pass_norm (const RpPass *pass, const RpNormWeights *norm, RpView x, RpView out, guint n_rows, gboolean concurrent)
{
  rp_pass_op (pass, RP_OP_NORM, concurrent)->norm = (RpOpNorm){
    .kind = pass->model->hparams.norm,
    .x = x,
    .out = out,
    .weight = norm->weight,
    .bias = norm->bias,
    .n_rows = n_rows,
    .n = norm->n,
    .eps = pass->model->hparams.norm_eps,
  };
}

void
rp_pass_linear (const RpPass *pass, const RpLinear *linear, RpView x, RpView out, guint n_tokens, gboolean concurrent)
{
  gboolean scaled = linear->scale.buffer != NULL;

  rp_pass_op (pass, RP_OP_MATMUL, concurrent)->matmul = (RpOpMatmul){
    .weight = linear->weight,
    .x = x,
    .bias = scaled ? (RpView){ 0 } : linear->bias,
    .out = out,
    .n_tokens = n_tokens,
    .precise = linear == &pass->model->output,
  };
  if (scaled)
    rp_pass_op (pass, RP_OP_SCALE, FALSE)->scale = (RpOpScale){
      .x = out,
      .factors = linear->scale,
      .bias = linear->bias,
      .n_rows = n_tokens,
      .n = linear->weight.n_out,
      .n_expert = 1,
    };
}

void
rp_pass_multiply (const RpPass *pass, RpView x, gsize n, float factor)
{
  rp_pass_op (pass, RP_OP_ADD, FALSE)->add = (RpOpAdd){ .a = x, .out = x, .n = n, .scale = factor };
}

void
rp_pass_glu (const RpPass *pass,
             RpActivation activation,
             float limit,
             RpView gate,
             RpView up,
             RpView out,
             gsize n,
             gboolean concurrent)
{
  rp_pass_op (pass, RP_OP_GLU, concurrent)->glu = (RpOpGlu){
    .activation = activation,
    .gate = gate,
    .up = up,
    .out = out,
    .n_rows = 1,
    .n = n,
    .limit = limit,
  };
}

/* ---- sums ---- */

static RpView
x_of (const RpPass *pass, RpSpan span)
{
  return rp_rows (pass->a->x, span.first, pass->model->hparams.n_embd);
}

RpSum
rp_sum_begin (const RpPass *pass, RpSpan span, const RpNormWeights *post_norm, gboolean later)
{
  guint n_embd = pass->model->hparams.n_embd;
  RpView y = rp_rows (pass->a->y, span.first, n_embd);

  /* A second part of a sum in y is spared in h: by then nobody reads that any more. */
  if (later || post_norm->n || pass->model->hparams.residual_scale != 1)
    return (RpSum){ .out = y, .spare = rp_rows (pass->a->h, span.first, n_embd) };
  return (RpSum){ .out = x_of (pass, span), .spare = y, .started = TRUE };
}

void
rp_sum_linear (const RpPass *pass,
               RpSum *sum,
               const RpLinear *linear,
               RpView x,
               guint n_tokens,
               gboolean scaled_last,
               gboolean concurrent)
{
  RpLinear plain = *linear;
  gboolean apart = sum->started && linear->scale.buffer;
  RpView out = apart ? sum->spare : sum->out;

  if (scaled_last)
    plain.scale = (RpView){ 0 };
  rp_pass_linear (pass, &plain, x, out, n_tokens, concurrent);
  if (!apart && sum->started)
    g_array_index (pass->ops, RpOp, pass->ops->len - 1).matmul.accumulate = TRUE;
  if (scaled_last && linear->scale.buffer)
    rp_pass_op (pass, RP_OP_SCALE, FALSE)->scale = (RpOpScale){
      .x = out,
      .factors = linear->scale,
      .n_rows = n_tokens,
      .n = linear->weight.n_out,
      .n_expert = 1,
    };
  if (apart)
    rp_pass_op (pass, RP_OP_ADD, FALSE)->add = (RpOpAdd){
      .a = sum->out,
      .b = out,
      .out = sum->out,
      .n = (gsize)n_tokens * linear->weight.n_out,
      .scale = 1,
    };
  sum->started = TRUE;
}

void
rp_sum_end (const RpPass *pass, const RpSum *sum, RpSpan span, const RpNormWeights *post_norm, float factor)
{
  const RpHparams *hparams = &pass->model->hparams;
  gsize n = (gsize)span.n * hparams->n_embd;
  RpView x = x_of (pass, span);

  if (sum->out.buffer == x.buffer)
    return;
  if (post_norm->n)
    {
      if (factor != 1)
        rp_pass_multiply (pass, sum->out, n, factor);
      rp_pass_norm (pass, post_norm, sum->out, sum->out, span.n, FALSE);
      factor = 1;
    }
  factor *= hparams->residual_scale;
  if (factor != 1)
    rp_pass_multiply (pass, sum->out, n, factor);
  rp_pass_op (pass, RP_OP_ADD, FALSE)->add = (RpOpAdd){ .a = x, .b = sum->out, .out = x, .n = n, .scale = 1 };
}

/* ---- the pass ---- */

static void
add_layer (const RpPass *pass, guint i, RpSpan span)
{
  const RpLayer *layer = &pass->model->layers[i];

  if (span.n && layer->router.weight.data.buffer && pass->model->arch->flags & RP_ARCH_ROUTER_FIRST)
    rp_pass_router (pass, layer, x_of (pass, span), span);
  rp_pass_attention (pass, i, span);
  if (span.n)
    rp_pass_feed_forward (pass, layer, span);
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
  const RpPass pass = { ops, model, activations, cache, pos, n_tokens };
  guint n_layers = model->hparams.n_layers;

  rp_pass_op (&pass, RP_OP_EMBED, FALSE)->embed = (RpOpEmbed){
    .weight = model->token_embd,
    .tokens = rp_whole (activations->tokens),
    .out = rp_whole (activations->x),
    .n_tokens = n_tokens,
    .scale = model->hparams.embedding_scale,
  };
  for (guint i = 0; i < n_layers; i++)
    {
      guint n = i + 1 < n_layers ? n_tokens : n_last;

      add_layer (&pass, i, (RpSpan){ n_tokens - n, n });
    }
}

void
rp_forward_logits (GArray *ops, const RpModel *model, const RpActivations *activations, guint first, guint n)
{
  const RpPass pass = { .ops = ops, .model = model, .a = activations, .n_tokens = n };
  const RpHparams *hparams = &model->hparams;
  RpView logits = rp_whole (activations->logits);
  gsize n_logits = (gsize)n * model->n_vocab;

  rp_pass_norm (&pass, &model->output_norm, rp_rows (activations->x, first, hparams->n_embd), rp_whole (activations->h),
                n, FALSE);
  rp_pass_linear (&pass, &model->output, rp_whole (activations->h), logits, n, FALSE);
  if (hparams->logit_scale != 1)
    rp_pass_multiply (&pass, logits, n_logits, hparams->logit_scale);
  if (hparams->logit_softcap != 0)
    rp_pass_glu (&pass, RP_ACT_SOFTCAP, hparams->logit_softcap, logits, (RpView){ 0 }, logits, n_logits, FALSE);
}
