#include "binder.h"

#include <string.h>

static gboolean
report_progress (RpBinder *binder, gsize bytes)
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
buffer_for (RpBinder *binder, const RpGgufTensor *tensor)
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
  rp_gguf_forget_pages (model->gguf, tensor); /* where it was copied, once is enough */
  return report_progress (binder, tensor->size) ? buffer : NULL;
}

gboolean
rp_binder_has (const RpBinder *binder, const char *format, ...)
{
  g_autofree char *name = NULL;
  va_list arguments;

  va_start (arguments, format);
  name = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  return rp_gguf_find_tensor (binder->model->gguf, name) != NULL;
}

guint
rp_binder_n_out (const RpBinder *binder, const char *name)
{
  const RpGgufTensor *tensor = rp_gguf_find_tensor (binder->model->gguf, name);

  return tensor && tensor->dims[1] <= RP_MAX_WIDTH ? tensor->dims[1] : 0;
}

/* The tensor of this name; *tensor is NULL where it is missing and not required. */
static gboolean
find (RpBinder *binder, const char *name, gboolean required, const RpGgufTensor **tensor)
{
  *tensor = rp_gguf_find_tensor (binder->model->gguf, name);
  if (*tensor || !required)
    return TRUE;
  g_set_error (binder->error, RP_ERROR, RP_ERROR_FORMAT, "The file is incomplete: tensor “%s” is missing", name);
  return FALSE;
}

static gboolean
wrong_shape (RpBinder *binder, const RpGgufTensor *tensor, guint64 d0, guint64 d1, guint64 d2)
{
  g_set_error (binder->error, RP_ERROR, RP_ERROR_FORMAT,
               "The file is inconsistent: tensor “%s” is %" G_GUINT64_FORMAT " × %" G_GUINT64_FORMAT
               " × %" G_GUINT64_FORMAT ", where %" G_GUINT64_FORMAT " × %" G_GUINT64_FORMAT " × %" G_GUINT64_FORMAT
               " is needed",
               tensor->name, tensor->dims[0], tensor->dims[1], tensor->dims[2], d0, d1, d2);
  return FALSE;
}

static gboolean
check_shape (RpBinder *binder, const RpGgufTensor *tensor, guint64 d0, guint64 d1, guint64 d2)
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

gboolean
rp_binder_weight (RpBinder *binder,
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

gboolean
rp_binder_vector (RpBinder *binder, const char *name, guint n, guint rows, gboolean required, RpView *out)
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

gboolean
rp_binder_linear (RpBinder *binder,
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

  return rp_binder_weight (binder, weight, n_in, n_out, n_expert, required, &out->weight)
         && rp_binder_vector (binder, bias, n_out, n_expert, FALSE, &out->bias)
         && rp_binder_vector (binder, scale, n_expert, 1, FALSE, &out->scale);
}

gboolean
rp_binder_norm (RpBinder *binder, const char *prefix, guint n, RpNormWeights *out)
{
  g_autofree char *weight = g_strconcat (prefix, ".weight", NULL);
  g_autofree char *bias = g_strconcat (prefix, ".bias", NULL);

  out->n = n;
  if (binder->model->arch->flags & RP_ARCH_PLAIN_NORMS)
    return TRUE;
  return rp_binder_vector (binder, weight, n, 1, TRUE, &out->weight)
         && rp_binder_vector (binder, bias, n, 1, FALSE, &out->bias);
}

gboolean
rp_binder_linear_rows (RpBinder *binder,
                       const char *prefix,
                       guint n_in,
                       guint n_all,
                       guint first,
                       guint n_out,
                       RpLinear *out)
{
  if (!rp_binder_linear (binder, prefix, n_in, n_all, 1, TRUE, out))
    return FALSE;
  out->weight.n_out = n_out;
  out->weight.data.offset += first * rp_dtype_row_size (out->weight.type, n_in);
  if (out->bias.buffer)
    out->bias.offset += first * sizeof (float);
  binder->model->n_parameters -= (guint64)n_in * (n_all - n_out);
  if (out->weight.data.offset % 4 == 0)
    return TRUE;
  g_set_error (binder->error, RP_ERROR, RP_ERROR_UNSUPPORTED, "The parts of tensor “%s.weight” lie at odd places",
               prefix);
  return FALSE;
}

/* Of RoPE's frequencies: once, or as a copy a layer; as many as pairs are turned by layers that turn any. */
static gboolean
bind_rope_factors (RpBinder *binder)
{
  RpModel *model = binder->model;
  guint n = 0;

  for (guint i = 0; i < model->hparams.n_layers && n == 0; i++)
    n = model->hparams.layers[i].rope.n_rot / 2;
  model->n_rope_factors = n;
  if (n == 0)
    return TRUE;
  return rp_binder_vector (binder, "rope_freqs.weight", n, 1, FALSE, &model->rope_factors)
         && (model->rope_factors.buffer
             || rp_binder_vector (binder, "blk.0.rope_freqs.weight", n, 1, FALSE, &model->rope_factors))
         && rp_binder_vector (binder, "rope_factors_short.weight", n, 1, FALSE, &model->rope_factors_short)
         && rp_binder_vector (binder, "rope_factors_long.weight", n, 1, FALSE, &model->rope_factors_long);
}

static gboolean
bind_ends (RpBinder *binder)
{
  RpModel *model = binder->model;
  const RpGgufTensor *embedding;
  guint n_embd = model->hparams.n_embd;

  if (!find (binder, "token_embd.weight", TRUE, &embedding))
    return FALSE;
  if (embedding->dims[1] < 1 || embedding->dims[1] > 1 << 24)
    return wrong_shape (binder, embedding, n_embd, 1, 1);
  model->n_vocab = embedding->dims[1];
  if (!rp_binder_weight (binder, "token_embd.weight", n_embd, model->n_vocab, 1, TRUE, &model->token_embd)
      || !rp_binder_linear (binder, "output", n_embd, model->n_vocab, 1, FALSE, &model->output)
      || !rp_binder_norm (binder, "output_norm", n_embd, &model->output_norm))
    return FALSE;
  if (!model->output.weight.data.buffer)
    model->output.weight = model->token_embd;
  return bind_rope_factors (binder);
}

gboolean
rp_model_bind (RpModel *model, const RpModelOptions *options, GError **error)
{
  g_autoptr (GHashTable) buffers = g_hash_table_new (NULL, NULL);
  RpBinder binder = { .model = model, .options = options, .buffers = buffers, .error = error };

  for (gsize i = 0; i < rp_gguf_get_n_tensors (model->gguf); i++)
    binder.bytes_total += rp_gguf_get_tensor (model->gguf, i)->size;
  model->all_f32 = TRUE;
  model->layers = g_new0 (RpLayer, model->hparams.n_layers);
  if (!bind_ends (&binder))
    return FALSE;
  for (guint i = 0; i < model->hparams.n_layers; i++)
    if (!rp_bind_layer (&binder, i))
      return FALSE;
  binder.bytes_done = binder.bytes_total;
  return report_progress (&binder, 0);
}
