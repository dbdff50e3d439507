/* The tensors of one layer. What is there says how the layer is built, where the architecture's row leaves it open. */
#include "binder.h"

typedef struct
{
  RpBinder *binder;
  RpLayer *layer;
  guint i;
  const RpHparams *hparams;
  char name[96];
} LayerBinder;

/* "blk.3.attn_q"; valid until the next one. */
static const char *
name_of (LayerBinder *b, const char *name, const char *suffix)
{
  g_snprintf (b->name, sizeof b->name, "blk.%u.%s%s", b->i, name, suffix);
  return b->name;
}

static gboolean
linear (LayerBinder *b, const char *name, guint n_in, guint n_out, guint n_expert, gboolean required, RpLinear *out)
{
  return rp_binder_linear (b->binder, name_of (b, name, ""), n_in, n_out, n_expert, required, out);
}

static gboolean
norm (LayerBinder *b, const char *name, guint n, RpNormWeights *out)
{
  return !name || rp_binder_norm (b->binder, name_of (b, name, ""), n, out);
}

/* ---- attention ---- */

/* Three matrices, or one above the other. */
static gboolean
bind_qkv (LayerBinder *b)
{
  RpLayer *layer = b->layer;
  guint n_embd = b->hparams->n_embd, n_q = layer->n_heads * b->hparams->dim_k;
  guint n_k = layer->n_kv_heads * b->hparams->dim_k, n_v = layer->n_kv_heads * b->hparams->dim_v;
  guint n_all = n_q + n_k + n_v;

  if (rp_binder_has (b->binder, "blk.%u.attn_qkv.weight", b->i))
    return rp_binder_linear_rows (b->binder, name_of (b, "attn_qkv", ""), n_embd, n_all, 0, n_q, &layer->q)
           && rp_binder_linear_rows (b->binder, b->name, n_embd, n_all, n_q, n_k, &layer->k)
           && rp_binder_linear_rows (b->binder, b->name, n_embd, n_all, n_q + n_k, n_v, &layer->v);
  return linear (b, "attn_q", n_embd, n_q, 1, TRUE, &layer->q) && linear (b, "attn_k", n_embd, n_k, 1, TRUE, &layer->k)
         && linear (b, "attn_v", n_embd, n_v, 1, TRUE, &layer->v);
}

/* A weight as long as a head, or as all of them. */
static gboolean
bind_qk_norm (LayerBinder *b, const char *name, guint n_heads, RpNormWeights *out)
{
  RpArchFlags flags = b->binder->model->arch->flags;
  const RpGgufTensor *tensor = rp_gguf_find_tensor (b->binder->model->gguf, name_of (b, name, ".weight"));
  gboolean whole = tensor && tensor->dims[0] == (guint64)n_heads * b->hparams->dim_k;

  if (!(flags & (RP_ARCH_QK_NORM | RP_ARCH_QK_NORM_MAYBE)) || (!tensor && flags & RP_ARCH_QK_NORM_MAYBE))
    return TRUE;
  return norm (b, name, whole ? n_heads * b->hparams->dim_k : b->hparams->dim_k, out);
}

static gboolean
bind_latent (LayerBinder *b)
{
  const RpLatentHparams *latent = &b->hparams->latent;
  RpLayer *layer = b->layer;
  RpLatent *to = &layer->latent;
  guint n_embd = b->hparams->n_embd, n_rot = b->hparams->layers[b->i].rope.n_rot, n_heads = layer->n_heads;
  guint n_q = n_heads * (latent->dim_plain + n_rot);

  if (latent->rank_q ? !(linear (b, "attn_q_a", n_embd, latent->rank_q, 1, TRUE, &to->q_a)
                         && norm (b, "attn_q_a_norm", latent->rank_q, &to->q_a_norm)
                         && linear (b, "attn_q_b", latent->rank_q, n_q, 1, TRUE, &layer->q))
                     : !linear (b, "attn_q", n_embd, n_q, 1, TRUE, &layer->q))
    return FALSE;
  if (!linear (b, "attn_kv_a_mqa", n_embd, latent->rank_kv + n_rot, 1, TRUE, &to->kv_a)
      || !norm (b, "attn_kv_a_norm", latent->rank_kv, &to->kv_a_norm))
    return FALSE;
  if (!latent->absorbed)
    return linear (b, "attn_kv_b", latent->rank_kv, n_heads * (latent->dim_plain + latent->dim_v), 1, TRUE, &to->kv_b);
  return rp_binder_weight (b->binder, name_of (b, "attn_k_b", ".weight"), latent->dim_plain, latent->rank_kv, n_heads,
                           TRUE, &to->k_b)
         && rp_binder_weight (b->binder, name_of (b, "attn_v_b", ".weight"), latent->rank_kv, latent->dim_v, n_heads,
                              TRUE, &to->v_b);
}

static gboolean
bind_attention (LayerBinder *b)
{
  const RpArch *arch = b->binder->model->arch;
  RpLayer *layer = b->layer;
  gboolean latent = (arch->flags & RP_ARCH_LATENT) != 0;
  guint dim_v = latent ? b->hparams->latent.dim_v : b->hparams->dim_v, n_embd = b->hparams->n_embd;
  guint n_heads = layer->n_heads, n_gate;

  if (!norm (b, arch->norms->attention, n_embd, &layer->attention_norm)
      || !norm (b, arch->norms->attention_post, n_embd, &layer->attention_post_norm)
      || !(latent ? bind_latent (b) : bind_qkv (b)) || !bind_qk_norm (b, "attn_q_norm", n_heads, &layer->q_norm)
      || !bind_qk_norm (b, "attn_k_norm", layer->n_kv_heads, &layer->k_norm)
      || !rp_binder_vector (b->binder, name_of (b, "attn_sinks", ".weight"), n_heads, 1, FALSE, &layer->sinks)
      || !linear (b, "attn_output", n_heads * dim_v, n_embd, 1, TRUE, &layer->attention_out))
    return FALSE;
  if (!(arch->flags & RP_ARCH_ATTENTION_GATE))
    return TRUE;
  /* a gate for each head, or for each of its elements */
  n_gate = rp_binder_n_out (b->binder, name_of (b, "attn_gate", ".weight"));
  return linear (b, "attn_gate", n_embd, n_gate == n_heads ? n_heads : n_heads * dim_v, 1, TRUE,
                 &layer->attention_gate);
}

/* ---- feed-forward ---- */

/* @suffix: "" (dense), "_exps" or "_shexp" */
static gboolean
bind_ffn (LayerBinder *b, const char *suffix, guint n_expert, RpFeedForward *out)
{
  guint n_embd = b->hparams->n_embd;
  g_autofree char *both = g_strdup_printf ("ffn_gate_up%s", suffix), *gate = g_strdup_printf ("ffn_gate%s", suffix);
  g_autofree char *up = g_strdup_printf ("ffn_up%s", suffix), *down = g_strdup_printf ("ffn_down%s", suffix);
  guint n_both = rp_binder_n_out (b->binder, name_of (b, both, ".weight"));
  guint n_up = rp_binder_n_out (b->binder, name_of (b, up, ".weight"));
  gboolean above = n_expert == 1 && (b->binder->model->arch->flags & RP_ARCH_FFN_FUSED);

  out->fused = n_both != 0;
  out->n_ff = out->fused ? n_both / 2 : above ? n_up / 2 : n_up;
  if (out->n_ff == 0)
    out->n_ff = 1; /* a tensor is missing, or of no shape that fits: say which */
  if (out->fused ? !linear (b, both, n_embd, 2 * out->n_ff, n_expert, TRUE, &out->up)
      : above
        ? !(rp_binder_linear_rows (b->binder, name_of (b, up, ""), n_embd, 2 * out->n_ff, 0, out->n_ff, &out->gate)
            && rp_binder_linear_rows (b->binder, b->name, n_embd, 2 * out->n_ff, out->n_ff, out->n_ff, &out->up))
        : !(linear (b, up, n_embd, out->n_ff, n_expert, TRUE, &out->up)
            && linear (b, gate, n_embd, out->n_ff, n_expert, FALSE, &out->gate)))
    return FALSE;
  return linear (b, down, out->n_ff, n_embd, n_expert, TRUE, &out->down);
}

static gboolean
bind_experts (LayerBinder *b)
{
  RpLayer *layer = b->layer;
  RpBinder *binder = b->binder;
  guint n_embd = b->hparams->n_embd, n_expert = b->hparams->n_expert;

  if (!linear (b, "ffn_gate_inp", n_embd, n_expert, 1, TRUE, &layer->router)
      || !rp_binder_vector (binder, name_of (b, "exp_probs_b", ".bias"), n_expert, 1, FALSE, &layer->selection_bias)
      || (!layer->selection_bias.buffer
          && !rp_binder_vector (binder, name_of (b, "exp_probs_b", ""), n_expert, 1, FALSE, &layer->selection_bias))
      || !bind_ffn (b, "_exps", n_expert, &layer->experts))
    return FALSE;
  if (!rp_binder_has (binder, "blk.%u.ffn_up_shexp.weight", b->i))
    return TRUE;
  if (!bind_ffn (b, "_shexp", 1, &layer->shared)
      || !linear (b, "ffn_gate_inp_shexp", n_embd, 1, 1, FALSE, &layer->shared_gate))
    return FALSE;
  return TRUE;
}

static gboolean
bind_feed_forward (LayerBinder *b)
{
  const RpArch *arch = b->binder->model->arch;
  RpLayer *layer = b->layer;
  guint n_embd = b->hparams->n_embd;
  gboolean routed = b->hparams->n_expert && rp_binder_has (b->binder, "blk.%u.ffn_gate_inp.weight", b->i);
  gboolean beside = arch->flags & RP_ARCH_DENSE_BESIDE && rp_binder_has (b->binder, "blk.%u.ffn_up.weight", b->i);

  if (!norm (b, arch->norms->ffn, n_embd, &layer->ffn_norm)
      || !norm (b, arch->norms->ffn_post, n_embd, &layer->ffn_post_norm) || (routed && !bind_experts (b)))
    return FALSE;
  if (routed && !beside)
    return TRUE;
  if (!bind_ffn (b, "", 1, &layer->dense))
    return FALSE;
  return TRUE;
}

/* Of the biases and .scale tensors, those that do not count. */
static void
leave_out (RpLayer *layer, RpArchFlags flags, RpFactors factors)
{
  const struct
  {
    RpFactors kind;
    RpLinear *linears[3];
  } table[] = {
    { RP_FACTORS_QKV, { &layer->q, &layer->k, &layer->v } },
    { RP_FACTORS_OUT, { &layer->attention_out } },
    { 0, { &layer->attention_gate } },
    { RP_FACTORS_DENSE, { &layer->dense.gate, &layer->dense.up, &layer->dense.down } },
    { RP_FACTORS_EXPERTS, { &layer->experts.gate, &layer->experts.up, &layer->experts.down } },
    { RP_FACTORS_SHARED, { &layer->shared.gate, &layer->shared.up, &layer->shared.down } },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (table[i].linears); j++)
      if (table[i].linears[j] && !(factors & table[i].kind))
        table[i].linears[j]->scale = (RpView){ 0 };
  if (flags & RP_ARCH_NO_QKV_BIAS)
    layer->q.bias = layer->k.bias = layer->v.bias = (RpView){ 0 };
  if (flags & RP_ARCH_NO_OUT_BIAS)
    layer->attention_out.bias = (RpView){ 0 };
}

gboolean
rp_bind_layer (RpBinder *binder, guint i)
{
  RpModel *model = binder->model;
  LayerBinder b = { .binder = binder, .layer = &model->layers[i], .i = i, .hparams = &model->hparams };

  b.layer->n_heads = model->hparams.layers[i].n_heads;
  b.layer->n_kv_heads = model->hparams.layers[i].n_kv_heads;
  if (!bind_attention (&b) || !bind_feed_forward (&b))
    return FALSE;
  leave_out (b.layer, model->arch->flags, model->arch->factors);
  return TRUE;
}
