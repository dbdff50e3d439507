/* Feed-forwards: dense, or routed to experts with, where the file has them, some beside that all tokens take. */
#include "forward-private.h"

/* As rp_pass_linear(), but a dense feed-forward scales what its bias was added to. */
static void
linear_scaled_last (const RpPass *pass, const RpLinear *linear, RpView x, RpView out, guint n, gboolean concurrent)
{
  RpLinear plain = *linear, factor = *linear;

  plain.scale = factor.bias = (RpView){ 0 };
  rp_pass_linear (pass, &plain, x, out, n, concurrent);
  if (linear->scale.buffer)
    rp_pass_op (pass, RP_OP_SCALE, FALSE)->scale = (RpOpScale){
      .x = out,
      .factors = factor.scale,
      .n_rows = n,
      .n = linear->weight.n_out,
      .n_expert = 1,
    };
}

/* Of an expert for each token, or all n_used of it at once with ids. */
static void
experts (const RpPass *pass,
         const RpLinear *linear,
         RpView x,
         RpView out,
         RpSpan span,
         gboolean x_per_expert,
         gboolean concurrent)
{
  guint n_used = pass->model->hparams.n_expert_used;
  gboolean scaled = linear->scale.buffer != NULL;
  RpView ids = rp_rows (pass->a->ids, span.first, n_used);

  rp_pass_op (pass, RP_OP_MATMUL_EXPERTS, concurrent)->matmul_experts = (RpOpMatmulExperts){
    .weight = linear->weight,
    .x = x,
    .ids = ids,
    .bias = scaled ? (RpView){ 0 } : linear->bias,
    .out = out,
    .n_tokens = span.n,
    .n_used = n_used,
    .x_per_expert = x_per_expert,
  };
  if (scaled)
    rp_pass_op (pass, RP_OP_SCALE, FALSE)->scale = (RpOpScale){
      .x = out,
      .factors = linear->scale,
      .ids = ids,
      .bias = linear->bias,
      .n_rows = span.n * n_used,
      .n = linear->weight.n_out,
      .n_expert = linear->weight.n_expert,
    };
}

/* Gate and up, of n_rows rows, become the gated activations, in gate. */
static void
activate (const RpPass *pass, const RpFeedForward *ffn, RpView gate, RpView up, guint n_rows, gboolean concurrent)
{
  const RpArch *arch = pass->model->arch;
  gboolean gated = ffn->fused || ffn->gate.weight.data.buffer;

  rp_pass_op (pass, RP_OP_GLU, concurrent)->glu = (RpOpGlu){
    .activation = arch->activation,
    .gate = ffn->fused || !gated ? up : gate,
    .up = ffn->fused ? rp_after (up, ffn->n_ff)
          : gated    ? up
                     : (RpView){ 0 },
    .out = gate,
    .n_rows = n_rows,
    .n = ffn->n_ff,
    .stride = ffn->fused ? 2 * ffn->n_ff : ffn->n_ff,
    .limit = arch->ffn_limit,
  };
}

/* ---- what all tokens take ---- */

static void
gate_and_up (const RpPass *pass,
             const RpFeedForward *ffn,
             RpView h,
             RpView gate,
             RpView up,
             guint n,
             gboolean concurrent)
{
  if (ffn->gate.weight.data.buffer)
    linear_scaled_last (pass, &ffn->gate, h, gate, n, concurrent);
  linear_scaled_last (pass, &ffn->up, h, up, n, concurrent || ffn->gate.weight.data.buffer != NULL);
}

static void
dense (const RpPass *pass, const RpFeedForward *ffn, RpView h, RpSum *sum, RpSpan span)
{
  RpView gate = rp_rows (pass->a->gate, span.first, ffn->n_ff);
  RpView up = rp_rows (pass->a->up, span.first, ffn->fused ? 2 * ffn->n_ff : ffn->n_ff);

  gate_and_up (pass, ffn, h, gate, up, span.n, FALSE);
  activate (pass, ffn, gate, up, span.n, FALSE);
  rp_sum_linear (pass, sum, &ffn->down, gate, span.n, TRUE, FALSE);
}

/* ---- experts ---- */

void
rp_pass_router (const RpPass *pass, const RpLayer *layer, RpView input, RpSpan span)
{
  rp_pass_linear (pass, &layer->router, input, rp_rows (pass->a->router, span.first, pass->model->hparams.n_expert),
                  span.n, FALSE);
}

static void
route (const RpPass *pass, const RpLayer *layer, RpSpan span)
{
  const RpHparams *hparams = &pass->model->hparams;
  guint n_used = hparams->n_expert_used;

  rp_pass_op (pass, RP_OP_ROUTE, FALSE)->route = (RpOpRoute){
    .gate = hparams->gate,
    .logits = rp_rows (pass->a->router, span.first, hparams->n_expert),
    .selection_bias = layer->selection_bias,
    .ids = rp_rows (pass->a->ids, span.first, n_used),
    .weights = rp_rows (pass->a->weights, span.first, n_used),
    .n_tokens = span.n,
    .n_expert = hparams->n_expert,
    .n_used = n_used,
    .n_groups = hparams->n_groups,
    .n_groups_used = hparams->n_groups_used,
    /* DeepSeek-V2 (softmax) goes by a group's best expert, V3 (sigmoid) by its best two. */
    .group_top = hparams->gate == RP_GATE_SIGMOID ? 2 : 1,
    .normalize = hparams->normalize_experts,
    .scale = hparams->expert_scale,
  };
}

static void
combine (const RpPass *pass, RpSum *sum, RpView y, RpView weights, guint n_used, RpSpan span)
{
  rp_pass_op (pass, RP_OP_COMBINE, FALSE)->combine = (RpOpCombine){
    .y = y,
    .weights = weights,
    .out = sum->out,
    .n_tokens = span.n,
    .n_used = n_used,
    .n = pass->model->hparams.n_embd,
    .accumulate = sum->started,
  };
  sum->started = TRUE;
}

/* The shared expert's products run beside the routed ones', so that it costs no barrier of its own. */
static void
routed (const RpPass *pass, const RpLayer *layer, RpView h, RpSum *sum, RpSpan span)
{
  const RpHparams *hparams = &pass->model->hparams;
  const RpActivations *a = pass->a;
  const RpFeedForward *ffn = &layer->experts, *shared = layer->shared.n_ff ? &layer->shared : NULL;
  guint n_used = hparams->n_expert_used;
  RpView gate = rp_rows (a->gate, span.first, (gsize)n_used * ffn->n_ff);
  RpView up = rp_rows (a->up, span.first, (gsize)n_used * ffn->n_ff * (ffn->fused ? 2 : 1));
  RpView down = rp_rows (a->down, span.first, (gsize)n_used * hparams->n_embd);
  RpView shared_gate = { 0 }, shared_up = { 0 }, share = rp_rows (a->share, span.first, 1);
  gboolean shares = layer->shared_gate.weight.data.buffer != NULL;

  if (!(pass->model->arch->flags & RP_ARCH_ROUTER_FIRST))
    rp_pass_router (pass, layer, h, span);
  if (shared)
    {
      shared_gate = rp_rows (a->shared_gate, span.first, shared->n_ff);
      shared_up = rp_rows (a->shared_up, span.first, shared->n_ff);
      gate_and_up (pass, shared, h, shared_gate, shared_up, span.n, TRUE);
      if (shares)
        rp_pass_linear (pass, &layer->shared_gate, h, share, span.n, TRUE);
    }
  route (pass, layer, span);
  if (shared)
    activate (pass, shared, shared_gate, shared_up, span.n, TRUE);
  if (shares)
    rp_pass_glu (pass, RP_ACT_SIGMOID, 0, share, (RpView){ 0 }, share, span.n, TRUE);
  if (ffn->gate.weight.data.buffer)
    experts (pass, &ffn->gate, h, gate, span, FALSE, FALSE);
  experts (pass, &ffn->up, h, up, span, FALSE, ffn->gate.weight.data.buffer != NULL);
  activate (pass, ffn, gate, up, span.n * n_used, FALSE);
  experts (pass, &ffn->down, gate, down, span, TRUE, FALSE);
  if (shared && !shares)
    rp_sum_linear (pass, sum, &shared->down, shared_gate, span.n, TRUE, TRUE);
  else if (shared)
    linear_scaled_last (pass, &shared->down, shared_gate, sum->spare, span.n, TRUE);
  combine (pass, sum, down, rp_rows (a->weights, span.first, n_used), n_used, span);
  if (shares)
    combine (pass, sum, sum->spare, share, 1, span);
}

void
rp_pass_feed_forward (const RpPass *pass, const RpLayer *layer, RpSpan span)
{
  const RpModel *model = pass->model;
  guint n_embd = model->hparams.n_embd;
  gboolean is_routed = layer->router.weight.data.buffer != NULL, is_dense = layer->dense.n_ff != 0;
  float factor
    = is_routed && (is_dense || layer->shared.n_ff) && model->arch->beside_scale ? model->arch->beside_scale : 1;
  RpView x = rp_rows (pass->a->x, span.first, n_embd), h = rp_rows (pass->a->h, span.first, n_embd);
  RpSum sum = rp_sum_begin (pass, span, &layer->ffn_post_norm, factor != 1);

  if (layer->ffn_norm.n)
    rp_pass_norm (pass, &layer->ffn_norm, x, h, span.n, FALSE);
  else if (!(model->arch->flags & RP_ARCH_PARALLEL))
    h = x;
  if (is_routed)
    routed (pass, layer, h, &sum, span);
  if (is_dense)
    dense (pass, &layer->dense, h, &sum, span);
  rp_sum_end (pass, &sum, span, &layer->ffn_post_norm, factor);
}
