/* Finds the tensors of a model in its file, checks their shapes, and hands them to the back end. */
#include "model.h"

#include <string.h>

typedef struct
{
  RpModel *model;
  const RpModelOptions *options;
  GHashTable *buffers; /* RpGgufTensor → RpBuffer: tied weights are uploaded once */
  guint64 bytes_done, bytes_total;
  GError **error;
} Binder;

static gboolean
report_progress (Binder *binder, gsize bytes)
{
  binder->bytes_done += bytes;
  if (!binder->options || !binder->options->progress)
    return TRUE;
  if (binder->options->progress (MIN (1.0, (double)binder->bytes_done / MAX (1, binder->bytes_total)),
                                 binder->options->progress_data))
    return TRUE;
  g_set_error_literal (binder->error, RP_ERROR, RP_ERROR_CANCELLED, "Loading the model was cancelled");
  return FALSE;
}

static RpBuffer *
buffer_for (Binder *binder, const RpGgufTensor *tensor)
{
  RpModel *model = binder->model;
  RpBuffer *buffer = g_hash_table_lookup (binder->buffers, tensor);

  if (buffer)
    return buffer;
  buffer = rp_backend_buffer_new_weights (model->backend, tensor->data, tensor->size, binder->error);
  if (!buffer)
    return NULL;
  g_ptr_array_add (model->buffers, buffer);
  g_hash_table_insert (binder->buffers, (gpointer)tensor, buffer);
  model->weight_bytes += tensor->size;
  return report_progress (binder, tensor->size) ? buffer : NULL;
}

/* The tensor of this name; *tensor is NULL where it is missing and not required. */
static gboolean
find (Binder *binder, const char *name, gboolean required, const RpGgufTensor **tensor)
{
  *tensor = rp_gguf_find_tensor (binder->model->gguf, name);
  if (*tensor || !required)
    return TRUE;
  g_set_error (binder->error, RP_ERROR, RP_ERROR_FORMAT, "The file is incomplete: tensor “%s” is missing", name);
  return FALSE;
}

static gboolean
wrong_shape (Binder *binder, const RpGgufTensor *tensor, guint64 d0, guint64 d1, guint64 d2)
{
  g_set_error (binder->error, RP_ERROR, RP_ERROR_FORMAT,
               "The file is inconsistent: tensor “%s” is %" G_GUINT64_FORMAT " × %" G_GUINT64_FORMAT
               " × %" G_GUINT64_FORMAT ", where %" G_GUINT64_FORMAT " × %" G_GUINT64_FORMAT " × %" G_GUINT64_FORMAT
               " is needed",
               tensor->name, tensor->dims[0], tensor->dims[1], tensor->dims[2], d0, d1, d2);
  return FALSE;
}

static gboolean
check_shape (Binder *binder, const RpGgufTensor *tensor, guint64 d0, guint64 d1, guint64 d2)
{
  if (tensor->dims[0] == d0 && tensor->dims[1] == d1 && tensor->dims[2] == d2 && tensor->dims[3] == 1)
    return TRUE;
  return wrong_shape (binder, tensor, d0, d1, d2);
}

/* Types that weights may have, for messages. */
static char *
list_types (void)
{
  GString *list = g_string_new (NULL);

  for (guint type = 0; type < RP_DTYPE_LAST; type++)
    if (rp_dtype_info (type))
      g_string_append_printf (list, "%s%s", list->len ? ", " : "", rp_dtype_info (type)->name);
  return g_string_free (list, FALSE);
}

static gboolean
bind_weight (Binder *binder,
             const char *name,
             guint n_in,
             guint n_out,
             guint n_expert,
             gboolean required,
             RpWeight *out)
{
  const RpGgufTensor *tensor;

  if (!find (binder, name, required, &tensor))
    return FALSE;
  if (!tensor)
    return TRUE;
  if (!rp_dtype_info (tensor->type))
    {
      g_autofree char *types = list_types ();
      const char *type = rp_dtype_name (tensor->type);
      g_set_error (binder->error, RP_ERROR, RP_ERROR_UNSUPPORTED,
                   "Tensor “%s” is of type %s, which is not supported; Riposte reads %s", name,
                   type ? type : "that no GGUF names", types);
      return FALSE;
    }
  if (!check_shape (binder, tensor, n_in, n_out, n_expert))
    return FALSE;
  binder->model->all_f32 &= tensor->type == RP_DTYPE_F32;
  binder->model->n_parameters += (guint64)n_in * n_out * n_expert;
  *out = (RpWeight){ .type = tensor->type, .n_in = n_in, .n_out = n_out, .n_expert = n_expert };
  out->data.buffer = buffer_for (binder, tensor);
  return out->data.buffer != NULL;
}

/* A vector of F32: a norm's weight, a bias. With rows not 1, a matrix of them. */
static gboolean
bind_vector (Binder *binder, const char *name, guint n, guint rows, gboolean required, RpView *out)
{
  const RpGgufTensor *tensor;

  if (!find (binder, name, required, &tensor))
    return FALSE;
  if (!tensor)
    return TRUE;
  if (tensor->type != RP_DTYPE_F32)
    {
      g_set_error (binder->error, RP_ERROR, RP_ERROR_UNSUPPORTED, "Tensor “%s” is not F32, as vectors have to be",
                   name);
      return FALSE;
    }
  if (!check_shape (binder, tensor, n, rows, 1))
    return FALSE;
  binder->model->n_parameters += (guint64)n * rows;
  out->buffer = buffer_for (binder, tensor);
  return out->buffer != NULL;
}

/* prefix.weight with, where the file has them, prefix.bias and prefix.scale. */
static gboolean
bind_linear (Binder *binder,
             const char *prefix,
             guint n_in,
             guint n_out,
             guint n_expert,
             gboolean required,
             RpLinear *out)
{
  g_autofree char *weight = g_strconcat (prefix, ".weight", NULL);
  g_autofree char *bias = g_strconcat (prefix, ".bias", NULL);
  g_autofree char *scale = g_strconcat (prefix, ".scale", NULL);

  return bind_weight (binder, weight, n_in, n_out, n_expert, required, &out->weight)
         && bind_vector (binder, bias, n_out, n_expert, FALSE, &out->bias)
         && bind_vector (binder, scale, n_expert, 1, FALSE, &out->scale);
}

static gboolean
bind_attention (Binder *binder, RpLayer *layer, guint i)
{
  const RpHparams *hparams = &binder->model->hparams;
  gboolean qk_norm = (binder->model->arch->flags & RP_ARCH_QK_NORM) != 0;
  struct
  {
    const char *name;
    guint n_in, n_out;
    RpLinear *linear;
  } rows[] = {
    { "attn_q", hparams->n_embd, layer->n_heads * hparams->dim_k, &layer->q },
    { "attn_k", hparams->n_embd, layer->n_kv_heads * hparams->dim_k, &layer->k },
    { "attn_v", hparams->n_embd, layer->n_kv_heads * hparams->dim_v, &layer->v },
    { "attn_output", layer->n_heads * hparams->dim_v, hparams->n_embd, &layer->attention_out },
  };

  for (gsize r = 0; r < G_N_ELEMENTS (rows); r++)
    {
      g_autofree char *prefix = g_strdup_printf ("blk.%u.%s", i, rows[r].name);
      if (!bind_linear (binder, prefix, rows[r].n_in, rows[r].n_out, 1, TRUE, rows[r].linear))
        return FALSE;
    }
  g_autofree char *norm = g_strdup_printf ("blk.%u.attn_norm.weight", i);
  g_autofree char *q_norm = g_strdup_printf ("blk.%u.attn_q_norm.weight", i);
  g_autofree char *k_norm = g_strdup_printf ("blk.%u.attn_k_norm.weight", i);
  return bind_vector (binder, norm, hparams->n_embd, 1, TRUE, &layer->attention_norm)
         && (!qk_norm
             || (bind_vector (binder, q_norm, hparams->dim_k, 1, TRUE, &layer->q_norm)
                 && bind_vector (binder, k_norm, hparams->dim_k, 1, TRUE, &layer->k_norm)));
}

static gboolean
bind_feed_forward (Binder *binder, RpLayer *layer, guint i)
{
  const RpHparams *hparams = &binder->model->hparams;
  gboolean routed = hparams->n_expert != 0;
  guint n_expert = routed ? hparams->n_expert : 1;
  guint n_ff = routed ? hparams->n_expert_ff : layer->n_ff;
  const char *suffix = routed ? "_exps" : "";
  g_autofree char *gate = g_strdup_printf ("blk.%u.ffn_gate%s", i, suffix);
  g_autofree char *up = g_strdup_printf ("blk.%u.ffn_up%s", i, suffix);
  g_autofree char *down = g_strdup_printf ("blk.%u.ffn_down%s", i, suffix);
  g_autofree char *router = g_strdup_printf ("blk.%u.ffn_gate_inp", i);
  g_autofree char *norm = g_strdup_printf ("blk.%u.ffn_norm.weight", i);

  layer->n_ff = n_ff;
  if (!(bind_vector (binder, norm, hparams->n_embd, 1, TRUE, &layer->ffn_norm)
        && (!routed || bind_linear (binder, router, hparams->n_embd, n_expert, 1, TRUE, &layer->router))
        && bind_linear (binder, gate, hparams->n_embd, n_ff, n_expert, TRUE, &layer->gate)
        && bind_linear (binder, up, hparams->n_embd, n_ff, n_expert, TRUE, &layer->up)
        && bind_linear (binder, down, n_ff, hparams->n_embd, n_expert, TRUE, &layer->down)))
    return FALSE;
  if (!routed && !(binder->model->arch->flags & RP_ARCH_FFN_FACTORS))
    layer->gate.scale = layer->up.scale = layer->down.scale = (RpView){ 0 };
  return TRUE;
}

/* Files keep RoPE's frequency factors once, or as a copy a layer. */
static gboolean
bind_rope_factors (Binder *binder)
{
  RpModel *model = binder->model;

  return bind_vector (binder, "rope_freqs.weight", model->hparams.rope.n_rot / 2, 1, FALSE, &model->rope_factors)
         && (model->rope_factors.buffer
             || bind_vector (binder, "blk.0.rope_freqs.weight", model->hparams.rope.n_rot / 2, 1, FALSE,
                             &model->rope_factors));
}

static gboolean
bind_ends (Binder *binder)
{
  RpModel *model = binder->model;
  const RpGgufTensor *embedding;
  guint n_embd = model->hparams.n_embd;

  if (!find (binder, "token_embd.weight", TRUE, &embedding))
    return FALSE;
  if (embedding->dims[1] < 1 || embedding->dims[1] > 1 << 24)
    return wrong_shape (binder, embedding, n_embd, 1, 1);
  model->n_vocab = embedding->dims[1];
  if (!bind_weight (binder, "token_embd.weight", n_embd, model->n_vocab, 1, TRUE, &model->token_embd)
      || !bind_linear (binder, "output", n_embd, model->n_vocab, 1, FALSE, &model->output)
      || !bind_vector (binder, "output_norm.weight", n_embd, 1, TRUE, &model->output_norm))
    return FALSE;
  if (!model->output.weight.data.buffer)
    model->output.weight = model->token_embd;
  return bind_rope_factors (binder);
}

gboolean
rp_model_bind (RpModel *model, const RpModelOptions *options, GError **error)
{
  g_autoptr (GHashTable) buffers = g_hash_table_new (NULL, NULL);
  Binder binder = { .model = model, .options = options, .buffers = buffers, .error = error };

  for (gsize i = 0; i < rp_gguf_get_n_tensors (model->gguf); i++)
    binder.bytes_total += rp_gguf_get_tensor (model->gguf, i)->size;
  model->all_f32 = TRUE;
  model->layers = g_new0 (RpLayer, model->hparams.n_layers);
  if (!bind_ends (&binder))
    return FALSE;
  for (guint i = 0; i < model->hparams.n_layers; i++)
    {
      RpLayer *layer = &model->layers[i];

      layer->n_heads = model->hparams.layers[i].n_heads;
      layer->n_kv_heads = model->hparams.layers[i].n_kv_heads;
      layer->n_ff = model->hparams.layers[i].n_ff;
      if (!bind_attention (&binder, layer, i) || !bind_feed_forward (&binder, layer, i))
        return FALSE;
    }
  binder.bytes_done = binder.bytes_total;
  return report_progress (&binder, 0);
}
