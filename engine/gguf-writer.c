#include "gguf-writer.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "riposte-engine.h"

#define VERSION 3

struct _RpGgufWriter
{
  char *path, *part; /* where it shall be, and where it is meanwhile */
  int fd;
  guint alignment;
  GByteArray *keys, *tensors;
  guint64 n_keys;
  GArray *sizes;  /* guint64: bytes of each tensor */
  guint64 offset; /* where the next tensor that is added goes */
  guint current;  /* the tensor that is being written, and what is written of it */
  guint64 written;
};

static gboolean
io_error (const RpGgufWriter *self, GError **error)
{
  int code = errno;
  g_autofree char *shown = g_filename_display_name (self->path);

  g_set_error (error, RP_ERROR, RP_ERROR_IO, "Cannot write “%s”: %s", shown, g_strerror (code));
  return FALSE;
}

RpGgufWriter *
rp_gguf_writer_new (const char *path, guint alignment, GError **error)
{
  g_autoptr (RpGgufWriter) self = g_new0 (RpGgufWriter, 1);

  self->path = g_strdup (path);
  self->alignment = alignment;
  self->keys = g_byte_array_new ();
  self->tensors = g_byte_array_new ();
  self->sizes = g_array_new (FALSE, FALSE, sizeof (guint64));
  self->fd = -1;
  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    {
      errno = EISDIR;
      io_error (self, error);
      return NULL;
    }
  for (guint i = 0; i < 100 && self->fd < 0; i++)
    {
      g_autofree char *part = g_strdup_printf ("%s.%08x.part", path, g_random_int ());
      self->fd = open (part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (self->fd >= 0)
        self->part = g_steal_pointer (&part);
      else if (errno != EEXIST)
        break;
    }
  if (self->fd < 0)
    {
      io_error (self, error);
      return NULL;
    }
  return g_steal_pointer (&self);
}

void
rp_gguf_writer_free (RpGgufWriter *self)
{
  if (!self)
    return;
  if (self->fd >= 0)
    close (self->fd);
  if (self->part)
    g_unlink (self->part);
  g_byte_array_unref (self->keys);
  g_byte_array_unref (self->tensors);
  g_array_unref (self->sizes);
  g_free (self->path);
  g_free (self->part);
  g_free (self);
}

/* ---- the header ---- */

static void
put_u32 (GByteArray *out, guint32 value)
{
  value = GUINT32_TO_LE (value);
  g_byte_array_append (out, (const guint8 *)&value, sizeof value);
}

static void
put_u64 (GByteArray *out, guint64 value)
{
  value = GUINT64_TO_LE (value);
  g_byte_array_append (out, (const guint8 *)&value, sizeof value);
}

static void
put_string (GByteArray *out, const char *text)
{
  put_u64 (out, strlen (text));
  g_byte_array_append (out, (const guint8 *)text, (guint)strlen (text));
}

static guint64
aligned (const RpGgufWriter *self, guint64 size)
{
  return (size + self->alignment - 1) / self->alignment * self->alignment;
}

void
rp_gguf_writer_put_u32 (RpGgufWriter *self, const char *key, guint32 value)
{
  put_string (self->keys, key);
  put_u32 (self->keys, RP_GGUF_U32);
  put_u32 (self->keys, value);
  self->n_keys++;
}

void
rp_gguf_writer_put_raw (RpGgufWriter *self, const char *key, const void *value, gsize size)
{
  put_string (self->keys, key);
  g_byte_array_append (self->keys, value, (guint)size);
  self->n_keys++;
}

void
rp_gguf_writer_add_tensor (RpGgufWriter *self, const char *name, RpDType type, guint n_dims, const guint64 *dims)
{
  guint64 size = rp_dtype_row_size (type, dims[0]);

  put_string (self->tensors, name);
  put_u32 (self->tensors, n_dims);
  for (guint d = 0; d < n_dims; d++)
    put_u64 (self->tensors, dims[d]);
  put_u32 (self->tensors, type);
  put_u64 (self->tensors, self->offset);
  for (guint d = 1; d < n_dims; d++)
    size *= dims[d];
  g_array_append_val (self->sizes, size);
  self->offset = aligned (self, self->offset + size);
}

/* ---- the data ---- */

static gboolean
write_all (RpGgufWriter *self, const void *data, gsize size, GError **error)
{
  const guint8 *at = data;

  while (size)
    {
      gssize n = write (self->fd, at, MIN (size, 1 << 30));
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return io_error (self, error);
      at += n;
      size -= (gsize)n;
    }
  return TRUE;
}

static gboolean
write_padding (RpGgufWriter *self, guint64 after, GError **error)
{
  static const guint8 zeros[4096];

  for (guint64 left = aligned (self, after) - after; left;)
    {
      gsize n = MIN (left, sizeof zeros);
      if (!write_all (self, zeros, n, error))
        return FALSE;
      left -= n;
    }
  return TRUE;
}

gboolean
rp_gguf_writer_begin (RpGgufWriter *self, GError **error)
{
  g_autoptr (GByteArray) header = g_byte_array_new ();

  g_byte_array_append (header, (const guint8 *)"GGUF", 4);
  put_u32 (header, VERSION);
  put_u64 (header, self->sizes->len);
  put_u64 (header, self->n_keys);
  g_byte_array_append (header, self->keys->data, self->keys->len);
  g_byte_array_append (header, self->tensors->data, self->tensors->len);
  if (fallocate (self->fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)(aligned (self, header->len) + self->offset)) != 0
      && (errno == ENOSPC || errno == EFBIG || errno == EDQUOT))
    return io_error (self, error);
  return write_all (self, header->data, header->len, error) && write_padding (self, header->len, error);
}

gboolean
rp_gguf_writer_write (RpGgufWriter *self, const void *data, gsize size, GError **error)
{
  const guint8 *at = data;

  while (size)
    {
      g_return_val_if_fail (self->current < self->sizes->len, FALSE);
      guint64 whole = g_array_index (self->sizes, guint64, self->current);
      gsize n = (gsize)MIN (size, whole - self->written);
      if (!write_all (self, at, n, error))
        return FALSE;
      at += n;
      size -= n;
      self->written += n;
      if (self->written < whole)
        continue;
      if (!write_padding (self, whole, error))
        return FALSE;
      self->current++;
      self->written = 0;
    }
  return TRUE;
}

gboolean
rp_gguf_writer_finish (RpGgufWriter *self, GError **error)
{
  int fd = self->fd;

  g_return_val_if_fail (self->current == self->sizes->len, FALSE);
  if (fsync (fd) != 0 && errno != EINVAL && errno != EROFS)
    return io_error (self, error);
  self->fd = -1;
  if (close (fd) != 0 || g_rename (self->part, self->path) != 0)
    return io_error (self, error);
  g_clear_pointer (&self->part, g_free);
  return TRUE;
}
