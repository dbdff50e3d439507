/* The conversion of a file, some rows at a time: read as f32, encoded by all threads, written. */
#include "quantize.h"

#include <math.h>
#include <stdatomic.h>

#include "cpu/threads.h"
#include "gguf-writer.h"

#define PIECE                (1 << 19) /* elements, about: what a thread takes at a time, and the more of them the better they share */
#define QUANTIZATION_VERSION 2

/* Rows that the threads encode together. */
typedef struct
{
  const RpGgufTensor *tensor;
  RpDType type;
  guint64 first, n_rows; /* of the tensor */
  guint64 rows_a_piece;
  guint8 *out;
  float **scratch; /* [n_threads], of one row */
  atomic_ullong next;
  atomic_bool strange; /* a value is not finite */
} Batch;

typedef struct
{
  const RpQuantizeOptions *options;
  const RpGguf *gguf;
  RpGgufWriter *writer;
  RpPool *pool;
  guint64 done, total; /* elements, for the progress */
} Job;

static gboolean
encode_row (Batch *batch, guint64 row, float *values)
{
  const RpGgufTensor *tensor = batch->tensor;
  const RpDTypeInfo *info = rp_dtype_info (tensor->type);
  gsize n = tensor->dims[0];

  info->dequantize ((const guint8 *)tensor->data + (batch->first + row) * rp_dtype_row_size (tensor->type, n), values,
                    n);
  for (gsize i = 0; i < n; i++)
    if (!isfinite (values[i]))
      return FALSE;
  rp_quantize_row (batch->type, values, batch->out + row * rp_dtype_row_size (batch->type, n), n);
  return TRUE;
}

static void
encode_rows (gpointer data, guint thread)
{
  Batch *batch = data;

  for (;;)
    {
      guint64 row = atomic_fetch_add (&batch->next, batch->rows_a_piece);
      guint64 end = MIN (row + batch->rows_a_piece, batch->n_rows);
      if (row >= batch->n_rows)
        return;
      for (; row < end; row++)
        if (!encode_row (batch, row, batch->scratch[thread]))
          {
            batch->strange = TRUE;
            return;
          }
    }
}

static gboolean
tell (Job *job, guint64 elements, GError **error)
{
  const RpQuantizeOptions *options = job->options;

  job->done += elements;
  if ((options->cancel && rp_cancel_is_set (options->cancel))
      || (options->progress
          && !options->progress (job->total ? (double)job->done / (double)job->total : 1, options->progress_data)))
    {
      g_set_error_literal (error, RP_ERROR, RP_ERROR_CANCELLED, "Cancelled");
      return FALSE;
    }
  return TRUE;
}

static guint64
n_rows_of (const RpGgufTensor *tensor)
{
  return tensor->dims[1] * tensor->dims[2] * tensor->dims[3];
}

/* As it is, in pieces, so that a cancellation is heard. */
static gboolean
copy_tensor (Job *job, const RpGgufTensor *tensor, GError **error)
{
  const gsize piece = 32 << 20;

  for (gsize at = 0; at < tensor->size; at += piece)
    if (!rp_gguf_writer_write (job->writer, (const guint8 *)tensor->data + at, MIN (piece, tensor->size - at), error)
        || !tell (job, 0, error))
      return FALSE;
  return tell (job, tensor->dims[0] * n_rows_of (tensor), error);
}

static gboolean
out_of_memory (GError **error)
{
  g_set_error_literal (error, RP_ERROR, RP_ERROR_MEMORY, "Out of memory");
  return FALSE;
}

static gboolean
run_batches (Job *job, Batch *batch, guint64 rows_a_batch, GError **error)
{
  const RpGgufTensor *tensor = batch->tensor;
  guint64 n_rows = n_rows_of (tensor);

  for (; batch->first < n_rows; batch->first += rows_a_batch)
    {
      batch->n_rows = MIN (rows_a_batch, n_rows - batch->first);
      batch->next = 0;
      rp_pool_run (job->pool, encode_rows, batch);
      if (batch->strange)
        {
          g_set_error (error, RP_ERROR, RP_ERROR_FORMAT, "Tensor “%s” holds values that are not finite", tensor->name);
          return FALSE;
        }
      if (!rp_gguf_writer_write (job->writer, batch->out,
                                 batch->n_rows * rp_dtype_row_size (batch->type, tensor->dims[0]), error)
          || !tell (job, batch->n_rows * tensor->dims[0], error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
convert_tensor (Job *job, const RpGgufTensor *tensor, RpDType type, GError **error)
{
  guint n_threads = rp_pool_get_n_threads (job->pool);
  guint64 n = tensor->dims[0], rows = MAX (PIECE / n, 1), rows_a_batch = MIN (rows * n_threads, n_rows_of (tensor));
  g_autofree guint8 *out = g_try_malloc_n (rows_a_batch, rp_dtype_row_size (type, n));
  g_autofree float *values = g_try_malloc_n (n_threads, n * sizeof (float));
  g_autofree float **scratch = g_new (float *, n_threads);
  Batch batch = { .tensor = tensor, .type = type, .out = out, .scratch = scratch };

  if (!out || !values)
    return out_of_memory (error);
  for (guint t = 0; t < n_threads; t++)
    scratch[t] = values + t * n;
  batch.rows_a_piece = MAX (rows / 8, 1);
  return run_batches (job, &batch, rows_a_batch, error);
}

/* ---- the file ---- */

static gboolean
check_input (const RpGguf *gguf, GError **error)
{
  guint64 n_parts = 0;

  if (rp_gguf_get_uint (gguf, "split.count", &n_parts) && n_parts > 1)
    {
      g_set_error (error, RP_ERROR, RP_ERROR_UNSUPPORTED,
                   "The model is in %" G_GUINT64_FORMAT " parts; join them to one file first", n_parts);
      return FALSE;
    }
  for (gsize i = 0; i < rp_gguf_get_n_tensors (gguf); i++)
    {
      const RpGgufTensor *tensor = rp_gguf_get_tensor (gguf, i);
      const char *name = rp_dtype_name (tensor->type);
      if (rp_dtype_info (tensor->type))
        continue;
      g_set_error (error, RP_ERROR, RP_ERROR_UNSUPPORTED, "Tensor “%s” is of type %s, which is not supported",
                   tensor->name, name ? name : "unknown");
      return FALSE;
    }
  return TRUE;
}

static void
put_header (RpGgufWriter *writer, const RpGguf *gguf, const RpMixture *mixture, const RpDType *types)
{
  static const char *const replaced[]
    = { "general.file_type", "general.quantization_version", "split.no", "split.count", "split.tensors.count", NULL };

  for (gsize i = 0; i < rp_gguf_get_n_keys (gguf); i++)
    {
      const char *key = rp_gguf_get_key (gguf, i, NULL, NULL, NULL);
      gsize size;
      const void *value = rp_gguf_get_raw (gguf, i, &size);
      if (!g_strv_contains (replaced, key))
        rp_gguf_writer_put_raw (writer, key, value, size);
    }
  rp_gguf_writer_put_u32 (writer, "general.quantization_version", QUANTIZATION_VERSION);
  rp_gguf_writer_put_u32 (writer, "general.file_type", rp_mixture_get_file_type (mixture));
  for (gsize i = 0; i < rp_gguf_get_n_tensors (gguf); i++)
    {
      const RpGgufTensor *tensor = rp_gguf_get_tensor (gguf, i);
      rp_gguf_writer_add_tensor (writer, tensor->name, types[i], tensor->n_dims, tensor->dims);
    }
}

static void
count (RpQuantizeStats *stats, const RpGgufTensor *tensor, RpDType type)
{
  stats->bytes_in += tensor->size;
  stats->bytes_out += n_rows_of (tensor) * rp_dtype_row_size (type, tensor->dims[0]);
  stats->n_tensors++;
  if (type == tensor->type)
    return;
  stats->n_quantized++;
  stats->n_requantized += type != RP_DTYPE_F32 && rp_dtype_info (tensor->type)->block_elements > 1;
}

static gboolean
write_tensors (Job *job, const RpDType *types, RpQuantizeStats *stats, GError **error)
{
  gsize n = rp_gguf_get_n_tensors (job->gguf);

  for (gsize i = 0; i < n; i++)
    job->total += rp_gguf_get_tensor (job->gguf, i)->dims[0] * n_rows_of (rp_gguf_get_tensor (job->gguf, i));
  for (gsize i = 0; i < n; i++)
    {
      const RpGgufTensor *tensor = rp_gguf_get_tensor (job->gguf, i);
      if (!(types[i] == tensor->type ? copy_tensor (job, tensor, error)
                                     : convert_tensor (job, tensor, types[i], error)))
        return FALSE;
      if (stats)
        count (stats, tensor, types[i]);
    }
  return TRUE;
}

gboolean
rp_quantize_file (const char *in,
                  const char *out,
                  const RpMixture *mixture,
                  const RpQuantizeOptions *options,
                  RpQuantizeStats *stats,
                  GError **error)
{
  static const RpQuantizeOptions defaults = { 0 };
  g_autoptr (RpGguf) gguf = rp_gguf_open (in, error);
  g_autofree RpDType *types = NULL;
  guint64 alignment = 32;

  if (!gguf || !check_input (gguf, error))
    return FALSE;
  types = rp_mixture_choose (mixture, gguf);
  rp_gguf_get_uint (gguf, "general.alignment", &alignment);
  options = options ? options : &defaults;
  if (stats)
    *stats = (RpQuantizeStats){ 0 };

  g_autoptr (RpPool) pool = rp_pool_new (options->n_threads ? options->n_threads : rp_pool_default_n_threads (), error);
  if (!pool)
    return FALSE;
  g_autoptr (RpGgufWriter) writer = rp_gguf_writer_new (out, (guint)alignment, error);
  if (!writer)
    return FALSE;
  Job job = { .options = options, .gguf = gguf, .writer = writer, .pool = pool };
  put_header (writer, gguf, mixture, types);
  return rp_gguf_writer_begin (writer, error) && write_tensors (&job, types, stats, error)
         && rp_gguf_writer_finish (writer, error);
}
