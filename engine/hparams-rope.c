/* Rotary position embedding of each layer: its scaling to longer contexts, and where it is left out. */
#include "hparams-reader.h"
#include "printable.h"

#include <math.h>
#include <string.h>

/* The pair at which a RoPE dimension turns beta times over the original context (Peng et al. 2023, section 3.2). */
static float
corr_dim (guint n_rot, guint n_context, float beta, float base)
{
  return n_rot * logf (n_context / (beta * 2 * (float)G_PI)) / (2 * logf (base));
}

/* How much cos and sin grow (Peng et al. 2023, section 3.4). Models with latent attention put a part of it into the
 * attention's scale instead: all of it in those that are known, where both have the same multiplier. */
static gboolean
read_magnitude (const RpHparamsReader *reader, RpHparams *hparams, RpRopeHparams *rope, float factor)
{
  float growth = factor > 1 ? logf (factor) : 0, multiplier = 0, given = 0, other = 0;

  if (!rp_hparams_read_float (reader, "rope.scaling.yarn_log_multiplier", 0, 1e3, &multiplier)
      || !rp_hparams_read_float (reader, "rope.scaling.yarn_attn_factor", 0, 1e3, &given)
      || !rp_hparams_read_float (reader, "rope.scaling.attn_factor", 0, 1e3, &other))
    return FALSE;
  if (reader->arch->flags & RP_ARCH_LATENT)
    {
      float scale = 1 + multiplier * growth;
      rope->magnitude *= multiplier == 0 ? 1 + 0.1f * growth : 1;
      hparams->attention_scale *= scale * scale;
    }
  else if (multiplier != 0)
    rope->magnitude *= (1 + 0.1f * growth) / (1 + 0.1f * multiplier * growth);
  else
    rope->magnitude *= 1 + 0.1f * growth;
  /* The model's own word, if it is one: in a file that has every key, 1 stands for a missing one. */
  if (given != 0 && (given != 1 || other == 0))
    rope->magnitude = given;
  return TRUE;
}

static gboolean
read_yarn (const RpHparamsReader *reader, RpHparams *hparams, RpRopeHparams *rope, float factor)
{
  float ext_factor = -1, beta_fast = reader->arch->yarn_beta_fast ? reader->arch->yarn_beta_fast : 32, beta_slow = 1;
  gboolean truncate = TRUE;

  if (!rp_hparams_read_float (reader, "rope.scaling.yarn_ext_factor", -1, 1e3, &ext_factor)
      || !rp_hparams_read_float (reader, "rope.scaling.yarn_beta_fast", 1e-3, 1e6, &beta_fast)
      || !rp_hparams_read_float (reader, "rope.scaling.yarn_beta_slow", 1e-3, 1e6, &beta_slow)
      || !rp_hparams_read_bool (reader, "rope.scaling.yarn_truncate", &truncate))
    return FALSE;
  rope->ext_factor = ext_factor < 0 ? 1 : ext_factor;
  rope->corr_low = corr_dim (rope->n_rot, hparams->n_context_original, beta_fast, rope->freq_base);
  rope->corr_high = corr_dim (rope->n_rot, hparams->n_context_original, beta_slow, rope->freq_base);
  if (truncate)
    {
      rope->corr_low = floorf (rope->corr_low);
      rope->corr_high = ceilf (rope->corr_high);
    }
  rope->corr_low = MAX (0, rope->corr_low);
  rope->corr_high = MIN (rope->n_rot - 1, rope->corr_high);
  return read_magnitude (reader, hparams, rope, factor);
}

static gboolean
read_scaling (const RpHparamsReader *reader, RpHparams *hparams, RpRopeHparams *rope)
{
  const char *type = rp_hparams_read_string (reader, "rope.scaling.type");
  float factor = 0, attention_factor = 1;

  hparams->n_context_original = hparams->n_context;
  if (!rp_hparams_read_float (reader, "rope.scale_linear", 0, 1e6, &factor) /* of old files */
      || !rp_hparams_read_float (reader, "rope.scaling.factor", 0, 1e6, &factor)
      || !rp_hparams_read_float (reader, "rope.scaling.attn_factor", 0, 1e3, &attention_factor)
      || !rp_hparams_read_uint (reader, "rope.scaling.original_context_length", 0, G_MAXUINT,
                                &hparams->n_context_original))
    return FALSE;
  if (hparams->n_context_original == 0)
    hparams->n_context_original = hparams->n_context;
  rope->magnitude = attention_factor == 0 ? 1 : attention_factor;
  factor = factor == 0 ? 1 : factor;
  if (!type || strcmp (type, "linear") == 0)
    rope->freq_scale = 1 / factor;
  else if (strcmp (type, "yarn") == 0)
    {
      rope->freq_scale = 1 / factor;
      return read_yarn (reader, hparams, rope, factor);
    }
  else if (strcmp (type, "none") != 0 && strcmp (type, "longrope") != 0) /* its factors are tensors */
    {
      g_autofree char *shown = rp_printable (type, -1, 64);
      g_set_error (reader->error, RP_ERROR, RP_ERROR_UNSUPPORTED,
                   "RoPE scaling “%s” is not supported; Riposte knows none, linear, yarn and longrope", shown);
      return FALSE;
    }
  return TRUE;
}

/* Of the layers with a window. */
static gboolean
read_local (const RpHparamsReader *reader, const RpHparams *hparams, const RpRopeHparams *rope, RpRopeHparams *local)
{
  float base = reader->arch->local_freq_base ? reader->arch->local_freq_base : rope->freq_base;

  *local = *rope;
  local->freq_base = base;
  if (!rp_hparams_read_uint (reader, "rope.dimension_count_swa", 0, hparams->dim_k, &local->n_rot)
      || !rp_hparams_read_float (reader, "rope.freq_base_swa", 1, 1e12, &local->freq_base))
    return FALSE;
  if (local->n_rot % 2 || local->n_rot == 0)
    return rp_hparams_out_of_range (reader, "rope.dimension_count_swa");
  if (reader->arch->flags & RP_ARCH_LOCAL_UNSCALED)
    {
      local->freq_scale = local->magnitude = 1;
      local->ext_factor = 0;
    }
  return TRUE;
}

static gboolean
turns (const RpArch *arch, const RpHparams *hparams, guint i, gboolean windows, guint n_leading)
{
  switch (arch->rope_layers)
    {
    case RP_ROPE_LOCAL:
      return !windows || hparams->layers[i].window != 0;
    case RP_ROPE_LOCAL_AND_LEADING:
      return !windows || hparams->layers[i].window != 0 || i < n_leading;
    case RP_ROPE_NOT_FOURTH:
      return i % 4 != 3;
    case RP_ROPE_ALL:
    default:
      return TRUE;
    }
}

/* Parts of the pairs turn by other positions than the text's where there is more than text, which there is not here. All
 * that matters is where a pair stands. */
static gboolean
read_kind (const RpHparamsReader *reader, RpHparams *hparams)
{
  const char *name = "rope.dimension_sections";

  hparams->rope = reader->arch->rope;
  if (reader->arch->flags & RP_ARCH_SECTIONS && rp_hparams_is_array (reader, name))
    {
      guint first = 0;

      if (!rp_hparams_read_layer (reader, name, 1, 0, 0, RP_MAX_WIDTH, &first))
        return FALSE;
      hparams->rope = first ? RP_ROPE_NEOX : hparams->rope;
    }
  return TRUE;
}

gboolean
rp_hparams_read_rope (const RpHparamsReader *reader, RpHparams *hparams)
{
  RpRopeHparams rope = { .freq_base = 10000, .freq_scale = 1, .magnitude = 1, .n_rot = hparams->dim_k }, local;
  gboolean windows = FALSE, switched_on = TRUE;
  guint n_leading = 0;

  if (!read_kind (reader, hparams)
      || !rp_hparams_read_uint (reader, "rope.dimension_count", 0, hparams->dim_k, &rope.n_rot)
      || !rp_hparams_read_float (reader, "rope.freq_base", 1, 1e12, &rope.freq_base)
      || !rp_hparams_read_uint (reader, "leading_dense_block_count", 0, RP_MAX_LAYERS, &n_leading)
      || (reader->arch->flags & RP_ARCH_ROPE_SWITCH
          && !rp_hparams_read_bool (reader, "rope.scaling.finetuned", &switched_on)))
    return FALSE;
  if (rope.n_rot == 0)
    rope.n_rot = hparams->dim_k;
  if (rope.n_rot % 2)
    return rp_hparams_out_of_range (reader, "rope.dimension_count");
  if (!read_scaling (reader, hparams, &rope))
    return FALSE;
  if (hparams->temperature == 0)
    hparams->temperature_length = 0;
  else if (hparams->temperature_length == 0)
    hparams->temperature_length = hparams->n_context_original;
  for (guint i = 0; i < hparams->n_layers; i++)
    windows |= hparams->layers[i].window != 0;
  if (windows && !read_local (reader, hparams, &rope, &local))
    return FALSE;
  for (guint i = 0; i < hparams->n_layers; i++)
    {
      RpLayerHparams *layer = &hparams->layers[i];

      layer->rope = layer->window ? local : rope;
      if (!switched_on || !turns (reader->arch, hparams, i, windows, n_leading))
        layer->rope.n_rot = 0;
    }
  return TRUE;
}
