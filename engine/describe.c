/* What a file says of itself, for choosing among models without loading one; and what a device is capable of. */
#include "kv-cache.h"
#include "model.h"
#include "printable.h"

#include <string.h>

#define MEASURED_IN   4096u  /* of the matrix that is read */
#define MEASURED_OUT  57344u /* with Q4_K, 132 MB: more than any cache holds */
#define MEASURED_TIME 150000 /* µs */
#define MEASURED_RUNS 64     /* at most */

/* ---- files ---- */

void
rp_model_info_clear (RpModelInfo *info)
{
  g_clear_pointer (&info->name, g_free);
  g_clear_pointer (&info->architecture, g_free);
  memset (info, 0, sizeof *info);
}

/* Of experts a token reads those that are chosen; of the embeddings one row, unless they are the output as well. */
static void
count_tensors (RpModelInfo *info, const RpGguf *gguf, const RpHparams *hparams)
{
  gboolean tied = !rp_gguf_find_tensor (gguf, "output.weight");

  for (gsize i = 0; i < rp_gguf_get_n_tensors (gguf); i++)
    {
      const RpGgufTensor *tensor = rp_gguf_get_tensor (gguf, i);
      guint64 n = tensor->dims[0] * tensor->dims[1] * tensor->dims[2] * tensor->dims[3];

      info->n_parameters += n;
      info->weight_bytes += tensor->size;
      if (strcmp (tensor->name, "token_embd.weight") == 0 && !tied)
        continue;
      if (hparams->n_expert && strstr (tensor->name, "_exps.") && tensor->dims[2] == hparams->n_expert)
        info->active_bytes += tensor->size / hparams->n_expert * hparams->n_expert_used;
      else
        info->active_bytes += tensor->size;
    }
}

/* Files that are no model of their own, in words that say what they are. */
static gboolean
check_whole (const RpGguf *gguf, const char *architecture, GError **error)
{
  const char *type = rp_gguf_get_string (gguf, "general.type", NULL);
  guint64 n_parts = 0;

  if (rp_gguf_get_uint (gguf, "split.count", &n_parts) && n_parts > 1)
    {
      g_set_error (error, RP_ERROR, RP_ERROR_UNSUPPORTED,
                   "The model is in %" G_GUINT64_FORMAT " parts; join them to one file first", n_parts);
      return FALSE;
    }
  if (g_strcmp0 (architecture, "clip") == 0 || g_strcmp0 (type, "mmproj") == 0)
    {
      g_set_error_literal (error, RP_ERROR, RP_ERROR_UNSUPPORTED,
                           "The file holds the part of a model that sees pictures, and no language model");
      return FALSE;
    }
  if (g_strcmp0 (type, "adapter") == 0)
    {
      g_set_error_literal (error, RP_ERROR, RP_ERROR_UNSUPPORTED,
                           "The file holds an adapter (LoRA) for a model, and no model");
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_types (const RpGguf *gguf, GError **error)
{
  for (gsize i = 0; i < rp_gguf_get_n_tensors (gguf); i++)
    {
      const RpGgufTensor *tensor = rp_gguf_get_tensor (gguf, i);
      const char *name = rp_dtype_name (tensor->type);

      if (rp_dtype_info (tensor->type))
        continue;
      g_set_error (error, RP_ERROR, RP_ERROR_UNSUPPORTED, "Its weights are of type %s, which is not supported",
                   name ? name : "that no GGUF names");
      return FALSE;
    }
  return TRUE;
}

static gboolean
describe (RpModelInfo *info, const RpGguf *gguf, const char *path, GError **error)
{
  const char *architecture = rp_gguf_get_string (gguf, "general.architecture", NULL);
  const char *name = rp_gguf_get_string (gguf, "general.name", NULL);
  g_autofree char *base = g_path_get_basename (path);
  const RpArch *arch = architecture ? rp_arch_find (architecture) : NULL;
  g_auto (RpHparams) hparams = { 0 };

  info->architecture = architecture ? rp_printable (architecture, -1, 64) : NULL;
  info->name = name && *name ? rp_printable (name, -1, 200) : g_filename_display_name (base);
  if (!check_whole (gguf, architecture, error))
    return FALSE;
  if (!architecture)
    {
      g_set_error_literal (error, RP_ERROR, RP_ERROR_FORMAT,
                           "The file names no architecture: it holds no language model");
      return FALSE;
    }
  if (!arch)
    {
      g_set_error (error, RP_ERROR, RP_ERROR_UNSUPPORTED, "The architecture “%s” is not supported", info->architecture);
      return FALSE;
    }
  if (!rp_hparams_read (&hparams, arch, gguf, error) || !check_types (gguf, error))
    return FALSE;
  info->n_context = hparams.n_context;
  info->n_expert = hparams.n_expert;
  info->n_expert_used = hparams.n_expert_used;
  info->context_bytes = rp_kv_cache_token_bytes (&hparams, RP_DTYPE_F16);
  info->has_chat_template = rp_gguf_has (gguf, "tokenizer.chat_template");
  count_tensors (info, gguf, &hparams);
  return TRUE;
}

gboolean
rp_model_describe (const char *path, RpModelInfo *info, GError **error)
{
  g_autoptr (RpGguf) gguf = NULL;

  g_return_val_if_fail (path && info, FALSE);
  memset (info, 0, sizeof *info);
  gguf = rp_gguf_open (path, error);
  return gguf && describe (info, gguf, path, error);
}

/* ---- devices ---- */

/* Weights that are there: pages that nobody wrote to are all the same one, and read from the cache. */
static gboolean
fill (RpBackend *backend, RpBuffer *buffer, gsize size, GError **error)
{
  gsize block = 1 << 20;
  g_autofree guint8 *data = g_malloc (block);

  memset (data, 0x11, block);
  for (gsize at = 0; at < size; at += block)
    if (!rp_backend_upload (backend, (RpView){ buffer, at }, data, MIN (block, size - at), error))
      return FALSE;
  return TRUE;
}

typedef struct
{
  RpBackend *backend;
  RpBuffer *weights, *x, *out;
} Measurement;

static gboolean
set_up (Measurement *self, gsize size, GError **error)
{
  g_autofree float *ones = g_new0 (float, MEASURED_IN);

  self->weights = rp_backend_buffer_new (self->backend, size, RP_BUFFER_DEVICE, error);
  self->x = self->weights ? rp_backend_buffer_new (self->backend, MEASURED_IN * 4, RP_BUFFER_DEVICE, error) : NULL;
  self->out = self->x ? rp_backend_buffer_new (self->backend, MEASURED_OUT * 4, RP_BUFFER_DEVICE, error) : NULL;
  return self->out && rp_backend_upload (self->backend, (RpView){ self->x, 0 }, ones, MEASURED_IN * 4, error)
         && fill (self->backend, self->weights, size, error);
}

/* The best of a few runs: what else the machine did meanwhile only makes one slower. */
static gboolean
time_runs (Measurement *self, gsize size, double *bytes_per_second, GError **error)
{
  const RpOp op = { .kind = RP_OP_MATMUL,
                    .matmul = { .weight = { .data = { self->weights, 0 },
                                            .type = RP_DTYPE_Q4_K,
                                            .n_in = MEASURED_IN,
                                            .n_out = MEASURED_OUT,
                                            .n_expert = 1 },
                                .x = { self->x, 0 },
                                .out = { self->out, 0 },
                                .n_tokens = 1 } };
  gint64 start = g_get_monotonic_time ();

  if (!rp_backend_prepare (self->backend, &op, 1, error))
    return FALSE;
  for (int i = 0; i < 2 || (i < MEASURED_RUNS && g_get_monotonic_time () - start < MEASURED_TIME); i++)
    {
      gint64 before = g_get_monotonic_time ();
      if (!rp_backend_run (self->backend, &op, 1, NULL, error))
        return FALSE;
      if (i > 0) /* the first one warms up */
        *bytes_per_second = MAX (*bytes_per_second, size * 1e6 / MAX (1, g_get_monotonic_time () - before));
    }
  return TRUE;
}

gboolean
rp_engine_measure (RpEngine *engine, const RpDeviceInfo *device, double *bytes_per_second, GError **error)
{
  Measurement self = { 0 };
  gsize size = MEASURED_OUT * rp_dtype_row_size (RP_DTYPE_Q4_K, MEASURED_IN);
  gboolean good;

  g_return_val_if_fail (engine && device && bytes_per_second, FALSE);
  *bytes_per_second = 0;
  self.backend = rp_engine_create_backend (engine, device, 0, error);
  if (!self.backend)
    return FALSE;
  good = set_up (&self, size, error) && time_runs (&self, size, bytes_per_second, error);
  rp_backend_buffer_free (self.backend, self.weights);
  rp_backend_buffer_free (self.backend, self.x);
  rp_backend_buffer_free (self.backend, self.out);
  rp_backend_free (self.backend);
  return good;
}
