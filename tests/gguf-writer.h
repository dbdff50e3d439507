/* Writes small GGUF files into memory, for tests: right ones, and with the raw calls wrong ones. */
#pragma once

#include "gguf.h"

G_BEGIN_DECLS

typedef struct
{
  GByteArray *keys, *tensors, *data;
  guint64 n_keys, n_tensors;
  guint alignment;
} GgufWriter;

void gguf_writer_init (GgufWriter *writer);
void gguf_writer_clear (GgufWriter *writer);

void gguf_writer_uint (GgufWriter *writer, const char *key, guint32 value);
void gguf_writer_float (GgufWriter *writer, const char *key, float value);
void gguf_writer_bool (GgufWriter *writer, const char *key, gboolean value);
void gguf_writer_string (GgufWriter *writer, const char *key, const char *value);
void gguf_writer_strings (GgufWriter *writer, const char *key, const char *const *values, gsize n);
void gguf_writer_ints (GgufWriter *writer, const char *key, const gint32 *values, gsize n);
/* The bytes as they are to stand behind the type. */
void gguf_writer_raw (GgufWriter *writer, const char *key, RpGgufType type, const void *data, gsize size);
/* dims[0] is the fastest; size bytes of data. */
void gguf_writer_tensor (GgufWriter *writer,
                         const char *name,
                         RpDType type,
                         guint n_dims,
                         const guint64 *dims,
                         const void *data,
                         gsize size);
/* The file; the writer may be used on. */
GByteArray *gguf_writer_finish (const GgufWriter *writer, guint32 version);

G_END_DECLS
