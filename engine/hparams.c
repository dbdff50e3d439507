#include "hparams.h"

#include <math.h>
#include <string.h>

#include "printable.h"

typedef struct
{
  const RpGguf *gguf;
  const char *arch;
  GError **error;
} Reader;

static char *
key_of (const Reader *reader, const char *name)
{
  return g_strdup_printf ("%s.%s", reader->arch, name);
}

static gboolean
out_of_range (const Reader *reader, const char *key)
{
  g_set_error (reader->error, RP_ERROR, RP_ERROR_FORMAT, "The file is damaged: “%s” is missing or out of range", key);
  return FALSE;
}

/* An integer of min … max; a missing key leaves *value, which must then be in range itself. */
static gboolean
read_uint (const Reader *reader, const char *name, guint64 min, guint64 max, guint *value)
{
  g_autofree char *key = key_of (reader, name);
  guint64 number = *value;

  if (rp_gguf_has (reader->gguf, key) && !rp_gguf_get_uint (reader->gguf, key, &number))
    return out_of_range (reader, key);
  if (number < min || number > max)
    return out_of_range (reader, key);
  *value = number;
  return TRUE;
}

/* A finite number of min … max; likewise. */
static gboolean
read_float (const Reader *reader, const char *name, double min, double max, float *value)
{
  g_autofree char *key = key_of (reader, name);
  double number = *value;

  if (rp_gguf_has (reader->gguf, key) && !rp_gguf_get_float (reader->gguf, key, &number))
    return out_of_range (reader, key);
  if (!(number >= min && number <= max))
    return out_of_range (reader, key);
  *value = number;
  return TRUE;
}

/* One number for all layers, or an array with one a layer. */
static gboolean
read_layer (const Reader *reader, const char *name, guint n_layers, guint layer, guint64 min, guint64 max, guint *value)
{
  g_autofree char *key = key_of (reader, name);
  gsize length = rp_gguf_get_array_length (reader->gguf, key, NULL);
  gint64 number;

  if (length == 0)
    return read_uint (reader, name, min, max, value);
  if (length < n_layers || !rp_gguf_get_array_int (reader->gguf, key, layer, &number) || number < (gint64)min
      || number > (gint64)max)
    return out_of_range (reader, key);
  *value = number;
  return TRUE;
}

static gboolean
read_layers (const Reader *reader, const RpArch *arch, RpHparams *hparams)
{
  hparams->layers = g_new0 (RpLayerHparams, hparams->n_layers);
  for (guint i = 0; i < hparams->n_layers; i++)
    {
      RpLayerHparams *layer = &hparams->layers[i];
      gboolean experts_only = hparams->n_expert != 0;

      if (!read_layer (reader, "attention.head_count", hparams->n_layers, i, 1, RP_MAX_HEADS, &layer->n_heads))
        return FALSE;
      layer->n_kv_heads = layer->n_heads;
      if (!read_layer (reader, "attention.head_count_kv", hparams->n_layers, i, 1, RP_MAX_HEADS, &layer->n_kv_heads)
          || !read_layer (reader, "feed_forward_length", hparams->n_layers, i, experts_only ? 0 : 1, RP_MAX_WIDTH,
                          &layer->n_ff))
        return FALSE;
      if (layer->n_heads % layer->n_kv_heads)
        return out_of_range (reader, "attention.head_count_kv");
    }
  return TRUE;
}

/* The pair at which a RoPE dimension turns beta times over the original context (Peng et al. 2023, section 3.2). */
static float
corr_dim (guint n_rot, guint n_context, float beta, float base)
{
  return n_rot * logf (n_context / (beta * 2 * (float)G_PI)) / (2 * logf (base));
}

static gboolean
read_yarn (const Reader *reader, RpHparams *hparams, float factor, float attention_factor)
{
  RpRopeHparams *rope = &hparams->rope;
  float ext_factor = -1, beta_fast = 32, beta_slow = 1;
  guint n_original = hparams->n_context;

  if (!read_float (reader, "rope.scaling.yarn_ext_factor", -1, 1e3, &ext_factor)
      || !read_float (reader, "rope.scaling.yarn_beta_fast", 1e-3, 1e6, &beta_fast)
      || !read_float (reader, "rope.scaling.yarn_beta_slow", 1e-3, 1e6, &beta_slow)
      || !read_uint (reader, "rope.scaling.original_context_length", 1, RP_MAX_CONTEXT, &n_original))
    return FALSE;
  rope->ext_factor = ext_factor < 0 ? 1 : ext_factor;
  rope->corr_low = MAX (0, floorf (corr_dim (rope->n_rot, n_original, beta_fast, rope->freq_base)));
  rope->corr_high = MIN (rope->n_rot - 1, ceilf (corr_dim (rope->n_rot, n_original, beta_slow, rope->freq_base)));
  rope->magnitude = attention_factor * (factor > 1 ? 1 + 0.1f * logf (factor) : 1);
  return TRUE;
}

static gboolean
read_rope (const Reader *reader, RpHparams *hparams)
{
  g_autofree char *type_key = key_of (reader, "rope.scaling.type");
  const char *type = rp_gguf_get_string (reader->gguf, type_key, NULL);
  RpRopeHparams *rope = &hparams->rope;
  float factor = 0, attention_factor = 1;

  *rope = (RpRopeHparams){ .freq_base = 10000, .freq_scale = 1, .magnitude = 1, .n_rot = hparams->dim_k };
  if (!read_uint (reader, "rope.dimension_count", 0, hparams->dim_k, &rope->n_rot)
      || !read_float (reader, "rope.freq_base", 1, 1e12, &rope->freq_base)
      || !read_float (reader, "rope.scale_linear", 0, 1e6, &factor) /* of old files */
      || !read_float (reader, "rope.scaling.factor", 0, 1e6, &factor)
      || !read_float (reader, "rope.scaling.attn_factor", 0, 1e3, &attention_factor))
    return FALSE;
  if (rope->n_rot % 2)
    return out_of_range (reader, "rope.dimension_count");
  if (rope->n_rot == 0)
    rope->n_rot = hparams->dim_k;
  if (attention_factor == 0)
    attention_factor = 1;
  if (factor == 0)
    factor = 1;
  rope->magnitude = attention_factor;
  if (!type || strcmp (type, "linear") == 0)
    rope->freq_scale = 1 / factor;
  else if (strcmp (type, "yarn") == 0)
    {
      rope->freq_scale = 1 / factor;
      return read_yarn (reader, hparams, factor, attention_factor);
    }
  else if (strcmp (type, "none") != 0)
    {
      g_autofree char *shown = rp_printable (type, -1, 64);
      g_set_error (reader->error, RP_ERROR, RP_ERROR_UNSUPPORTED,
                   "RoPE scaling “%s” is not supported; Riposte knows none, linear and yarn", shown);
      return FALSE;
    }
  return TRUE;
}

static gboolean
read_experts (const Reader *reader, const RpArch *arch, RpHparams *hparams)
{
  if (!read_uint (reader, "expert_count", 0, RP_MAX_EXPERTS, &hparams->n_expert))
    return FALSE;
  if (hparams->n_expert == 0)
    return !(arch->flags & RP_ARCH_EXPERTS) || out_of_range (reader, "expert_count");
  if (!read_uint (reader, "expert_used_count", 1, hparams->n_expert, &hparams->n_expert_used)
      || !read_uint (reader, "expert_feed_forward_length", 0, RP_MAX_WIDTH, &hparams->n_expert_ff)
      || !read_float (reader, "expert_weights_scale", 0, 1e3, &hparams->expert_scale))
    return FALSE;
  if (hparams->expert_scale == 0)
    hparams->expert_scale = 1;
  return TRUE;
}

gboolean
rp_hparams_read (RpHparams *hparams, const RpArch *arch, const RpGguf *gguf, GError **error)
{
  Reader reader = { gguf, arch->name, error };
  guint n_heads = 0;

  *hparams = (RpHparams){ 0 };
  if (!read_uint (&reader, "block_count", 1, RP_MAX_LAYERS, &hparams->n_layers)
      || !read_uint (&reader, "embedding_length", 1, RP_MAX_WIDTH, &hparams->n_embd)
      || !read_uint (&reader, "context_length", 1, G_MAXUINT, &hparams->n_context)
      || !read_experts (&reader, arch, hparams) || !read_layers (&reader, arch, hparams)
      || !read_float (&reader, "attention.layer_norm_rms_epsilon", 0, 1, &hparams->norm_eps))
    return FALSE;
  hparams->n_context = MIN (hparams->n_context, RP_MAX_CONTEXT); /* a claim: more than any session takes is no damage */
  n_heads = hparams->layers[0].n_heads;
  hparams->dim_k = hparams->dim_v = hparams->n_embd / n_heads;
  if (!read_uint (&reader, "attention.key_length", 1, RP_MAX_WIDTH, &hparams->dim_k)
      || !read_uint (&reader, "attention.value_length", 1, RP_MAX_WIDTH, &hparams->dim_v)
      || !read_float (&reader, "attention.scale", 0, 1e3, &hparams->attention_scale) || !read_rope (&reader, hparams))
    return FALSE;
  if (hparams->attention_scale == 0)
    hparams->attention_scale = 1 / sqrtf (hparams->dim_k);
  if (hparams->n_expert && hparams->n_expert_ff == 0)
    hparams->n_expert_ff = hparams->layers[0].n_ff; /* as Mixtral stores it */
  return TRUE;
}

void
rp_hparams_clear (RpHparams *hparams)
{
  g_clear_pointer (&hparams->layers, g_free);
}
