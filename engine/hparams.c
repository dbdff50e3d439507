#include "hparams.h"

#include "hparams-reader.h"

#include <math.h>

/* ---- layers ---- */

static gboolean
read_heads (const RpHparamsReader *reader, RpHparams *hparams)
{
  for (guint i = 0; i < hparams->n_layers; i++)
    {
      RpLayerHparams *layer = &hparams->layers[i];
      guint n_ff = 0; /* what the tensors say counts, but a file that contradicts itself is damaged */

      if (!rp_hparams_read_layer (reader, "attention.head_count", hparams->n_layers, i, 1, RP_MAX_HEADS,
                                  &layer->n_heads))
        return FALSE;
      layer->n_kv_heads = layer->n_heads;
      if (!rp_hparams_read_layer (reader, "attention.head_count_kv", hparams->n_layers, i, 1, RP_MAX_HEADS,
                                  &layer->n_kv_heads)
          || !rp_hparams_read_layer (reader, "feed_forward_length", hparams->n_layers, i, 0, RP_MAX_WIDTH, &n_ff))
        return FALSE;
      if (layer->n_heads % layer->n_kv_heads)
        return rp_hparams_out_of_range (reader, "attention.head_count_kv");
    }
  return TRUE;
}

/* Which layers see only the last so many positions: as an array says, or a number (all but one layer of so many), or
 * the architecture's habit. */
static gboolean
read_windows (const RpHparamsReader *reader, RpHparams *hparams)
{
  const RpArch *arch = reader->arch;
  const char *name = "attention.sliding_window_pattern";
  guint window = 0, period = arch->window_period;
  gboolean array = rp_hparams_is_array (reader, name);

  if (!(arch->flags & RP_ARCH_WINDOW))
    return TRUE;
  if (!rp_hparams_read_uint (reader, "attention.sliding_window", 0, G_MAXUINT32, &window)
      || (!array && !rp_hparams_read_uint (reader, name, 0, RP_MAX_LAYERS, &period)))
    return FALSE;
  for (guint i = 0; i < hparams->n_layers; i++)
    {
      guint at = period ? i % period : 0;
      guint local = !period || (arch->window_global_first ? at != 0 : at + 1 != period);

      if (array && !rp_hparams_read_layer (reader, name, hparams->n_layers, i, 0, G_MAXINT32, &local))
        return FALSE;
      hparams->layers[i].window = local ? window : 0;
    }
  return TRUE;
}

/* ---- experts ---- */

static gboolean
read_gate (const RpHparamsReader *reader, RpHparams *hparams)
{
  static const RpGateKind kinds[] = { 0, RP_GATE_SOFTMAX, RP_GATE_SIGMOID, RP_GATE_SOFTMAX_SELECTED };
  RpNormalize normalize = reader->arch->normalize;
  guint kind = 0;

  hparams->gate = reader->arch->gate;
  hparams->normalize_experts = normalize == RP_NORMALIZE_ALWAYS || normalize == RP_NORMALIZE_UNLESS_KEY;
  if (!rp_hparams_read_uint (reader, "expert_gating_func", 0, G_N_ELEMENTS (kinds) - 1, &kind)
      || ((normalize == RP_NORMALIZE_BY_KEY || normalize == RP_NORMALIZE_UNLESS_KEY)
          && !rp_hparams_read_bool (reader, "expert_weights_norm", &hparams->normalize_experts)))
    return FALSE;
  if (kind && !(reader->arch->flags & RP_ARCH_GATE_FIXED))
    hparams->gate = kinds[kind];
  else if (!kind && reader->arch->flags & RP_ARCH_LATENT)
    {
      /* Files of DeepSeek-V2 and V3 may not say which they are; only the latter choose with a bias. */
      g_autofree char *bias = g_strdup_printf ("blk.%u.exp_probs_b.bias", hparams->n_layers - 1);
      hparams->gate = rp_gguf_find_tensor (reader->gguf, bias) ? RP_GATE_SIGMOID : hparams->gate;
    }
  return TRUE;
}

static gboolean
read_experts (const RpHparamsReader *reader, RpHparams *hparams)
{
  if (!rp_hparams_read_uint (reader, "expert_count", 0, RP_MAX_EXPERTS, &hparams->n_expert))
    return FALSE;
  if (hparams->n_expert == 0)
    return !(reader->arch->flags & RP_ARCH_EXPERTS) || rp_hparams_out_of_range (reader, "expert_count");
  if (!rp_hparams_read_uint (reader, "expert_used_count", 1, hparams->n_expert, &hparams->n_expert_used)
      || !rp_hparams_read_uint (reader, "expert_group_count", 0, hparams->n_expert, &hparams->n_groups)
      || !rp_hparams_read_float (reader, "expert_weights_scale", 0, 1e3, &hparams->expert_scale)
      || !read_gate (reader, hparams))
    return FALSE;
  if (hparams->expert_scale == 0)
    hparams->expert_scale = 1;
  if (hparams->n_groups <= 1)
    {
      hparams->n_groups = 0;
      return TRUE;
    }
  if (!rp_hparams_read_uint (reader, "expert_group_used_count", 1, hparams->n_groups, &hparams->n_groups_used))
    return FALSE;
  if (hparams->n_expert % hparams->n_groups
      || hparams->n_expert_used > hparams->n_expert / hparams->n_groups * hparams->n_groups_used)
    return rp_hparams_out_of_range (reader, "expert_group_count");
  return TRUE;
}

/* ---- attention and multipliers ---- */

static gboolean
read_latent (const RpHparamsReader *reader, RpHparams *hparams)
{
  RpLatentHparams *latent = &hparams->latent;
  guint dim_k = 0, dim_v = 0, n_rot = 0;

  if (!rp_hparams_read_uint (reader, "attention.q_lora_rank", 0, RP_MAX_WIDTH, &latent->rank_q)
      || !rp_hparams_read_uint (reader, "attention.kv_lora_rank", 1, RP_MAX_WIDTH, &latent->rank_kv)
      || !rp_hparams_read_uint (reader, "attention.key_length_mla", 0, RP_MAX_WIDTH, &dim_k)
      || !rp_hparams_read_uint (reader, "attention.value_length_mla", 0, RP_MAX_WIDTH, &dim_v)
      || !rp_hparams_read_uint (reader, "rope.dimension_count", 2, RP_MAX_WIDTH, &n_rot))
    return FALSE;
  latent->absorbed = dim_k && dim_v;
  if (!latent->absorbed)
    {
      dim_k = hparams->dim_k;
      dim_v = hparams->dim_v;
    }
  if (dim_k <= n_rot)
    return rp_hparams_out_of_range (reader, "attention.key_length");
  latent->dim_plain = dim_k - n_rot;
  latent->dim_v = dim_v;
  hparams->attention_scale = 1 / sqrtf (dim_k);
  if (latent->absorbed)
    hparams->dim_k = hparams->dim_v = latent->rank_kv + n_rot;
  for (guint i = 0; i < hparams->n_layers; i++)
    hparams->layers[i].n_kv_heads = latent->absorbed ? 1 : hparams->layers[i].n_heads;
  return TRUE;
}

/* Attention is made sharper the more positions there are to choose from (Meta 2025, Llama 4). Where the length of a step
 * is missing, it is the original context, which is read later. */
static gboolean
read_temperature (const RpHparamsReader *reader, RpHparams *hparams)
{
  return !(reader->arch->flags & RP_ARCH_TEMPERATURE)
         || (rp_hparams_read_float (reader, "attention.temperature_scale", 0, 1e3, &hparams->temperature)
             && rp_hparams_read_uint (reader, "attention.temperature_length", 0, G_MAXUINT,
                                      &hparams->temperature_length));
}

static gboolean
read_attention (const RpHparamsReader *reader, RpHparams *hparams)
{
  const RpArch *arch = reader->arch;

  hparams->dim_k = hparams->dim_v = hparams->n_embd / hparams->layers[0].n_heads;
  hparams->attention_softcap = arch->softcap;
  hparams->attention_scale = arch->attention_scale;
  if (!rp_hparams_read_uint (reader, "attention.key_length", 1, RP_MAX_WIDTH, &hparams->dim_k)
      || !rp_hparams_read_uint (reader, "attention.value_length", 1, RP_MAX_WIDTH, &hparams->dim_v))
    return FALSE;
  if (arch->flags & RP_ARCH_LATENT)
    return read_latent (reader, hparams);
  if (!rp_hparams_read_float (reader, arch->attention_scale ? "attention.output_scale" : "attention.scale", 0, 1e3,
                              &hparams->attention_scale)
      || !rp_hparams_read_float (reader, "attention.clamp_kqv", 0, 1e6, &hparams->attention_clamp)
      || !rp_hparams_read_float (reader, "attention.value_scale", 0, 1e6, &hparams->value_scale)
      || ((arch->flags & RP_ARCH_SOFTCAPS)
          && !rp_hparams_read_float (reader, "attn_logit_softcapping", 0, 1e6, &hparams->attention_softcap)))
    return FALSE;
  if (hparams->attention_scale == 0 && hparams->n_layers == arch->wide_layers)
    hparams->attention_scale = 1 / sqrtf ((float)hparams->n_embd / hparams->layers[0].n_heads);
  else if (hparams->attention_scale == 0)
    hparams->attention_scale = 1 / sqrtf (hparams->dim_k);
  return TRUE;
}

/* A multiplier: 0 stands for a missing one, as in a file that has every key. */
static gboolean
read_multiplier (const RpHparamsReader *reader, const char *name, float missing, float *value)
{
  *value = 0;
  if (!rp_hparams_read_float (reader, name, 0, 1e6, value))
    return FALSE;
  *value = *value == 0 ? missing : *value;
  return TRUE;
}

static gboolean
read_multipliers (const RpHparamsReader *reader, RpHparams *hparams)
{
  const RpArch *arch = reader->arch;
  float embedding = arch->flags & RP_ARCH_EMBEDDING_ROOT ? sqrtf (hparams->n_embd)
                    : arch->embedding_scale              ? arch->embedding_scale
                                                         : 1;
  float residual = 1, logit = arch->logit_scale ? arch->logit_scale : 1;

  if (arch->flags & RP_ARCH_DEPTH_SCALED) /* Hu et al. 2024, MiniCPM */
    {
      residual = 1.4f / sqrtf (hparams->n_layers);
      logit = hparams->n_embd / 256.0f;
    }
  if (!read_multiplier (reader, "embedding_scale", embedding, &hparams->embedding_scale)
      || !read_multiplier (reader, "residual_scale", residual, &hparams->residual_scale)
      || !read_multiplier (reader, "logit_scale", logit, &hparams->logit_scale)
      || ((arch->flags & RP_ARCH_SOFTCAPS)
          && !rp_hparams_read_float (reader, "final_logit_softcapping", 0, 1e6, &hparams->logit_softcap)))
    return FALSE;
  if (arch->flags & RP_ARCH_LOGITS_DIVIDED)
    hparams->logit_scale = 1 / hparams->logit_scale;
  return TRUE;
}

static gboolean
read_norm (const RpHparamsReader *reader, RpHparams *hparams)
{
  float rms_eps = 0, layer_eps = 0;

  if (!rp_hparams_read_float (reader, "attention.layer_norm_rms_epsilon", 0, 1, &rms_eps)
      || !rp_hparams_read_float (reader, "attention.layer_norm_epsilon", 0, 1, &layer_eps))
    return FALSE;
  hparams->norm = reader->arch->norm;
  if (reader->arch->flags & RP_ARCH_NORM_BY_KEY)
    hparams->norm = rms_eps == 0 ? RP_NORM_LAYER : RP_NORM_RMS;
  hparams->norm_eps = hparams->norm == RP_NORM_RMS || layer_eps == 0 ? rms_eps : layer_eps;
  return TRUE;
}

/* The layers of a file count those that only guess tokens further ahead, which may be missing from it; they are not
 * run. */
static void
leave_out_prediction (const RpHparamsReader *reader, RpHparams *hparams, guint n_predict)
{
  g_autofree char *guess = g_strdup_printf ("blk.%u.nextn.eh_proj.weight", hparams->n_layers - 1);
  g_autofree char *layer = g_strdup_printf ("blk.%u.attn_output.weight", hparams->n_layers - 1);

  if (n_predict < hparams->n_layers
      && (rp_gguf_find_tensor (reader->gguf, guess) || !rp_gguf_find_tensor (reader->gguf, layer)))
    hparams->n_layers -= n_predict;
}

gboolean
rp_hparams_read (RpHparams *hparams, const RpArch *arch, const RpGguf *gguf, GError **error)
{
  RpHparamsReader reader = { gguf, arch, error };
  guint n_predict = 0;

  *hparams = (RpHparams){ 0 };
  if (!rp_hparams_read_uint (&reader, "block_count", 1, RP_MAX_LAYERS, &hparams->n_layers)
      || !rp_hparams_read_uint (&reader, "nextn_predict_layers", 0, RP_MAX_LAYERS, &n_predict)
      || !rp_hparams_read_uint (&reader, "embedding_length", 1, RP_MAX_WIDTH, &hparams->n_embd)
      || !rp_hparams_read_uint (&reader, "context_length", 1, G_MAXUINT, &hparams->n_context))
    return FALSE;
  hparams->n_context = MIN (hparams->n_context, RP_MAX_CONTEXT); /* a claim: more than any session takes is no damage */
  if (n_predict)
    leave_out_prediction (&reader, hparams, n_predict);
  hparams->layers = g_new0 (RpLayerHparams, hparams->n_layers);
  return read_heads (&reader, hparams) && read_windows (&reader, hparams) && read_experts (&reader, hparams)
         && read_norm (&reader, hparams) && read_attention (&reader, hparams) && read_temperature (&reader, hparams)
         && read_multipliers (&reader, hparams) && rp_hparams_read_rope (&reader, hparams);
}

void
rp_hparams_clear (RpHparams *hparams)
{
  g_clear_pointer (&hparams->layers, g_free);
}
