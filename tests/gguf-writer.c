#include "gguf-writer.h"

#include <string.h>

static void
put (GByteArray *out, const void *data, gsize size)
{
  g_byte_array_append (out, data, size);
}

static void
put_u32 (GByteArray *out, guint32 value)
{
  value = GUINT32_TO_LE (value);
  put (out, &value, 4);
}

static void
put_u64 (GByteArray *out, guint64 value)
{
  value = GUINT64_TO_LE (value);
  put (out, &value, 8);
}

static void
put_string (GByteArray *out, const char *text)
{
  put_u64 (out, strlen (text));
  put (out, text, strlen (text));
}

static void
put_key (GgufWriter *self, const char *key, RpGgufType type)
{
  put_string (self->keys, key);
  put_u32 (self->keys, type);
  self->n_keys++;
}

void
gguf_writer_init (GgufWriter *self)
{
  *self = (GgufWriter){
    .keys = g_byte_array_new (),
    .tensors = g_byte_array_new (),
    .data = g_byte_array_new (),
    .alignment = 32,
  };
}

void
gguf_writer_clear (GgufWriter *self)
{
  g_byte_array_unref (self->keys);
  g_byte_array_unref (self->tensors);
  g_byte_array_unref (self->data);
}

void
gguf_writer_uint (GgufWriter *self, const char *key, guint32 value)
{
  put_key (self, key, RP_GGUF_U32);
  put_u32 (self->keys, value);
}

void
gguf_writer_float (GgufWriter *self, const char *key, float value)
{
  guint32 bits;

  memcpy (&bits, &value, 4);
  put_key (self, key, RP_GGUF_F32);
  put_u32 (self->keys, bits);
}

void
gguf_writer_bool (GgufWriter *self, const char *key, gboolean value)
{
  guint8 byte = value;

  put_key (self, key, RP_GGUF_BOOL);
  put (self->keys, &byte, 1);
}

void
gguf_writer_string (GgufWriter *self, const char *key, const char *value)
{
  put_key (self, key, RP_GGUF_STRING);
  put_string (self->keys, value);
}

void
gguf_writer_strings (GgufWriter *self, const char *key, const char *const *values, gsize n)
{
  put_key (self, key, RP_GGUF_ARRAY);
  put_u32 (self->keys, RP_GGUF_STRING);
  put_u64 (self->keys, n);
  for (gsize i = 0; i < n; i++)
    put_string (self->keys, values[i]);
}

void
gguf_writer_ints (GgufWriter *self, const char *key, const gint32 *values, gsize n)
{
  put_key (self, key, RP_GGUF_ARRAY);
  put_u32 (self->keys, RP_GGUF_I32);
  put_u64 (self->keys, n);
  for (gsize i = 0; i < n; i++)
    put_u32 (self->keys, values[i]);
}

void
gguf_writer_raw (GgufWriter *self, const char *key, RpGgufType type, const void *data, gsize size)
{
  put_key (self, key, type);
  put (self->keys, data, size);
}

static void
pad (GByteArray *out, guint alignment)
{
  static const guint8 zeros[64];

  while (out->len % alignment)
    put (out, zeros, MIN (sizeof zeros, alignment - out->len % alignment));
}

void
gguf_writer_tensor (GgufWriter *self,
                    const char *name,
                    RpDType type,
                    guint n_dims,
                    const guint64 *dims,
                    const void *data,
                    gsize size)
{
  pad (self->data, self->alignment);
  put_string (self->tensors, name);
  put_u32 (self->tensors, n_dims);
  for (guint d = 0; d < n_dims; d++)
    put_u64 (self->tensors, dims[d]);
  put_u32 (self->tensors, type);
  put_u64 (self->tensors, self->data->len);
  put (self->data, data, size);
  self->n_tensors++;
}

GByteArray *
gguf_writer_finish (const GgufWriter *self, guint32 version)
{
  GByteArray *file = g_byte_array_new ();

  put (file, "GGUF", 4);
  put_u32 (file, version);
  put_u64 (file, self->n_tensors);
  put_u64 (file, self->n_keys);
  put (file, self->keys->data, self->keys->len);
  put (file, self->tensors->data, self->tensors->len);
  pad (file, self->alignment);
  put (file, self->data->data, self->data->len);
  return file;
}
