/* Which type each tensor gets. The names and what they promise are llama.cpp's, so that a file of a name is what a user
 * of that name expects: the base type for most, more bits where errors hurt most, nothing for what is small. */
#include "quantize.h"

#include <stdlib.h>
#include <string.h>

struct _RpMixture
{
  const char *name;
  guint file_type;
  RpDType base;
  RpDType output;      /* output matrix, and the embedding where that is the output matrix, too */
  RpDType more;        /* values of attention and the last matrix of the feed-forward, in the layers of more_bits() */
  RpDType attn_output; /* with exactly eight experts: there attention is a small part of the file */
  RpDType experts;     /* matrices of experts */
};

static const RpMixture mixtures[] = {
  { "Q8_0", 7, RP_DTYPE_Q8_0, RP_DTYPE_Q8_0, RP_DTYPE_Q8_0, RP_DTYPE_Q8_0, RP_DTYPE_Q8_0 },
  { "Q6_K", 18, RP_DTYPE_Q6_K, RP_DTYPE_Q6_K, RP_DTYPE_Q6_K, RP_DTYPE_Q6_K, RP_DTYPE_Q6_K },
  { "Q5_K_M", 17, RP_DTYPE_Q5_K, RP_DTYPE_Q6_K, RP_DTYPE_Q6_K, RP_DTYPE_Q5_K, RP_DTYPE_Q5_K },
  { "Q4_K_M", 15, RP_DTYPE_Q4_K, RP_DTYPE_Q6_K, RP_DTYPE_Q6_K, RP_DTYPE_Q5_K, RP_DTYPE_Q4_K },
  { "Q4_0", 2, RP_DTYPE_Q4_0, RP_DTYPE_Q6_K, RP_DTYPE_Q4_0, RP_DTYPE_Q4_0, RP_DTYPE_Q4_0 },
  { "F32", 0, RP_DTYPE_F32, RP_DTYPE_F32, RP_DTYPE_F32, RP_DTYPE_F32, RP_DTYPE_F32 },
  { "MXFP4", 38, RP_DTYPE_Q8_0, RP_DTYPE_Q8_0, RP_DTYPE_Q8_0, RP_DTYPE_Q8_0, RP_DTYPE_MXFP4 },
};

const RpMixture *
rp_mixture_find (const char *name, GError **error)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (mixtures); i++)
    {
      if (g_ascii_strcasecmp (name, mixtures[i].name) == 0)
        return &mixtures[i];
      g_string_append_printf (names, "%s%s", i ? ", " : "", mixtures[i].name);
    }
  g_set_error (error, RP_ERROR, RP_ERROR_ARGUMENT, "There is no type “%s” to quantize to; there are %s", name,
               names->str);
  return NULL;
}

const char *
rp_mixture_get_name (const RpMixture *mixture)
{
  return mixture->name;
}

guint
rp_mixture_get_file_type (const RpMixture *mixture)
{
  return mixture->file_type;
}

/* ---- what a tensor is, by its name ---- */

typedef enum
{
  PART_OTHER,
  PART_OUTPUT,
  PART_EMBEDDING,
  PART_ATTN_V,
  PART_ATTN_K,
  PART_ATTN_OUTPUT,
  PART_FFN_DOWN,
} Part;

static const struct
{
  const char *in_name;
  gboolean whole;
  Part part;
} parts[] = {
  { "output.weight", TRUE, PART_OUTPUT },
  { "token_embd.weight", TRUE, PART_EMBEDDING },
  { "per_layer_token_embd.weight", TRUE, PART_EMBEDDING },
  { "attn_qkv.weight", FALSE, PART_ATTN_V },
  { "attn_kv_b.weight", FALSE, PART_ATTN_V },
  { "attn_v.weight", FALSE, PART_ATTN_V },
  { "attn_k.weight", FALSE, PART_ATTN_K },
  { "attn_output.weight", FALSE, PART_ATTN_OUTPUT },
  { "ffn_down", FALSE, PART_FFN_DOWN },
};

static Part
part_of (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    if (parts[i].whole ? strcmp (name, parts[i].in_name) == 0 : strstr (name, parts[i].in_name) != NULL)
      return parts[i].part;
  return PART_OTHER;
}

/* Matrices that are small and touchy: routers, positions, convolutions, mixing factors. */
static const char *const kept[] = {
  "_norm.weight",
  "ffn_gate_inp.weight",
  "ffn_gate_tid2eid.weight",
  "position_embd",
  "token_types.weight",
  "altup",
  "laurel",
  "per_layer_model_proj",
  "ssm_conv1d",
  "shortconv.conv.weight",
  "indexer.k_proj.weight",
  "indexer.q_proj.weight",
  "time_mix_first.weight",
  "time_mix_w0.weight",
  "time_mix_w1.weight",
  "time_mix_w2.weight",
  "time_mix_v0.weight",
  "time_mix_v1.weight",
  "time_mix_v2.weight",
  "time_mix_a0.weight",
  "time_mix_a1.weight",
  "time_mix_a2.weight",
  "time_mix_g1.weight",
  "time_mix_g2.weight",
  "time_mix_decay_w1.weight",
  "time_mix_decay_w2.weight",
  "time_mix_lerp_fused.weight",
  "attn_rel_b.weight",
};

static gboolean
is_quantized (const RpGgufTensor *tensor)
{
  if (!g_str_has_suffix (tensor->name, "weight") || tensor->dims[1] * tensor->dims[2] * tensor->dims[3] == 1)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
    if (strstr (tensor->name, kept[i]))
      return FALSE;
  return TRUE;
}

/* ---- the choice ---- */

typedef struct
{
  const RpMixture *mixture;
  guint64 n_layers, n_expert;
  guint n_values; /* tensors that are PART_ATTN_V */
  gboolean tied;
} Model;

/* The first and last eighth of the layers, and every third between. */
static gboolean
more_bits (guint64 layer, guint64 n)
{
  return layer < n / 8 || layer >= 7 * n / 8 || (layer - n / 8) % 3 == 2;
}

/* A tensor of layer "blk.N."; those of no layer come before all. */
static gint64
layer_of (const char *name)
{
  return g_str_has_prefix (name, "blk.") ? (gint64)g_ascii_strtoull (name + 4, NULL, 10) : -1;
}

static RpDType
fitting (RpDType type, guint64 n)
{
  static const RpDType second[RP_DTYPE_LAST]
    = { [RP_DTYPE_Q4_K] = RP_DTYPE_Q5_0, [RP_DTYPE_Q5_K] = RP_DTYPE_Q5_1, [RP_DTYPE_Q6_K] = RP_DTYPE_Q8_0 };

  if (n % rp_dtype_info (type)->block_elements && second[type])
    type = second[type];
  return n % rp_dtype_info (type)->block_elements ? RP_DTYPE_F16 : type;
}

/* @value, @down: how many tensors of these parts came before, in the order of layers. */
static RpDType
choose (const Model *model, const RpGgufTensor *tensor, guint value, guint down)
{
  const RpMixture *m = model->mixture;
  Part part = part_of (tensor->name);

  if (part == PART_OUTPUT || (model->tied && part == PART_EMBEDDING))
    return tensor->dims[0] % rp_dtype_info (m->base)->block_elements ? RP_DTYPE_Q8_0 : m->output;
  if (m->experts != m->base)
    return tensor->dims[2] > 1 ? m->experts : m->base;
  if (model->n_expert == 8 && (part == PART_ATTN_V || part == PART_ATTN_K))
    return RP_DTYPE_Q8_0;
  if (model->n_expert == 8 && part == PART_ATTN_OUTPUT)
    return m->attn_output;
  if (part == PART_ATTN_V)
    return more_bits (value, model->n_values) ? m->more : m->base;
  if (part == PART_FFN_DOWN)
    {
      /* Several matrices a layer, where there are experts. */
      guint64 layer = model->n_expert > 1 ? (guint64)MAX (layer_of (tensor->name), 0) : down;
      return more_bits (layer, model->n_layers) ? m->more : m->base;
    }
  return m->base;
}

typedef struct
{
  gint64 layer;
  const char *name;
  guint index;
} Place;

static int
compare_places (const void *a, const void *b)
{
  const Place *x = a, *y = b;

  return x->layer != y->layer ? (x->layer > y->layer) - (x->layer < y->layer) : strcmp (x->name, y->name);
}

RpDType *
rp_mixture_choose (const RpMixture *mixture, const RpGguf *gguf)
{
  guint n = (guint)rp_gguf_get_n_tensors (gguf), value = 0, down = 0;
  const char *architecture = rp_gguf_get_string (gguf, "general.architecture", NULL);
  g_autofree char *layers = g_strdup_printf ("%s.block_count", architecture ? architecture : "");
  g_autofree char *experts = g_strdup_printf ("%s.expert_count", architecture ? architecture : "");
  g_autofree Place *places = g_new (Place, MAX (n, 1));
  RpDType *types = g_new (RpDType, MAX (n, 1));
  Model model = { .mixture = mixture, .tied = TRUE };

  rp_gguf_get_uint (gguf, layers, &model.n_layers);
  rp_gguf_get_uint (gguf, experts, &model.n_expert);
  for (guint i = 0; i < n; i++)
    {
      const char *name = rp_gguf_get_tensor (gguf, i)->name;
      places[i] = (Place){ layer_of (name), name, i };
      model.n_values += part_of (name) == PART_ATTN_V;
      model.tied &= part_of (name) != PART_OUTPUT;
    }
  qsort (places, n, sizeof *places, compare_places);
  for (guint i = 0; i < n; i++)
    {
      const RpGgufTensor *tensor = rp_gguf_get_tensor (gguf, places[i].index);
      RpDType *type = &types[places[i].index];
      if (mixture->base == RP_DTYPE_F32)
        {
          *type = RP_DTYPE_F32; /* for exact arithmetic, everything */
          continue;
        }
      if (!is_quantized (tensor))
        {
          *type = tensor->type;
          continue;
        }
      *type = fitting (choose (&model, tensor, value, down), tensor->dims[0]);
      value += part_of (tensor->name) == PART_ATTN_V;
      down += part_of (tensor->name) == PART_FFN_DOWN;
    }
  return types;
}
