#include "gguf.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "printable.h"
#include "riposte-engine.h"

#define MAX_KEY_LENGTH    65535 /* of the specification */
#define MAX_NAME_LENGTH   1024  /* of a tensor; files in use stay under 64 */
#define DEFAULT_ALIGNMENT 32

typedef struct
{
  char *key;
  RpGgufType type;
  RpGgufType element; /* of an array */
  guint64 length;     /* elements of an array, bytes of a string */
  const guint8 *data; /* of the value: past the length of a string, past type and length of an array */
  char *string;       /* NUL-terminated copy */
  const guint8 *raw;  /* from its type on */
  gsize raw_size;
} Entry;

struct _RpGguf
{
  GMappedFile *file;
  const guint8 *data;
  gsize size;
  guint version;
  GArray *entries; /* Entry */
  GArray *tensors; /* RpGgufTensor */
  GHashTable *entry_by_key;
  GHashTable *tensor_by_name;
};

/* What is left of the file; every read takes from its front after a check. */
typedef struct
{
  const guint8 *at;
  const guint8 *end;
} Cursor;

static const guint8 scalar_sizes[RP_N_GGUF_TYPES] = {
  [RP_GGUF_U8] = 1,  [RP_GGUF_I8] = 1,  [RP_GGUF_U16] = 2,  [RP_GGUF_I16] = 2, [RP_GGUF_U32] = 4, [RP_GGUF_I32] = 4,
  [RP_GGUF_F32] = 4, [RP_GGUF_U64] = 8, [RP_GGUF_BOOL] = 1, [RP_GGUF_I64] = 8, [RP_GGUF_F64] = 8,
};

static void
entry_clear (gpointer data)
{
  Entry *entry = data;

  g_free (entry->key);
  g_free (entry->string);
}

static void
tensor_clear (gpointer data)
{
  g_free ((char *)((RpGgufTensor *)data)->name);
}

static gboolean
truncated (GError **error)
{
  g_set_error_literal (error, RP_ERROR, RP_ERROR_FORMAT, "The file is truncated or damaged: it ends within its header");
  return FALSE;
}

static gboolean
take (Cursor *cursor, void *out, gsize size)
{
  if ((gsize)(cursor->end - cursor->at) < size)
    return FALSE;
  memcpy (out, cursor->at, size);
  cursor->at += size;
  return TRUE;
}

static gboolean
take_u32 (Cursor *cursor, guint32 *out)
{
  if (!take (cursor, out, 4))
    return FALSE;
  *out = GUINT32_FROM_LE (*out);
  return TRUE;
}

static gboolean
take_u64 (Cursor *cursor, guint64 *out)
{
  if (!take (cursor, out, 8))
    return FALSE;
  *out = GUINT64_FROM_LE (*out);
  return TRUE;
}

static gboolean
skip (Cursor *cursor, guint64 size)
{
  if ((guint64)(cursor->end - cursor->at) < size)
    return FALSE;
  cursor->at += size;
  return TRUE;
}

/* A key or a tensor name: at most max bytes, none of them NUL. */
static gboolean
take_name (Cursor *cursor, gsize max, char **out, GError **error)
{
  guint64 length;
  const guint8 *text;

  if (!take_u64 (cursor, &length))
    return truncated (error);
  text = cursor->at;
  if (length == 0 || length > max)
    {
      g_set_error (error, RP_ERROR, RP_ERROR_FORMAT, "The file is damaged: a name of %" G_GUINT64_FORMAT " bytes",
                   length);
      return FALSE;
    }
  if (!skip (cursor, length))
    return truncated (error);
  if (memchr (text, 0, length))
    {
      g_set_error_literal (error, RP_ERROR, RP_ERROR_FORMAT, "The file is damaged: a name with a NUL byte");
      return FALSE;
    }
  *out = g_strndup ((const char *)text, length);
  return TRUE;
}

static gboolean
take_array (Cursor *cursor, Entry *entry, GError **error)
{
  guint32 element;

  if (!take_u32 (cursor, &element) || !take_u64 (cursor, &entry->length))
    return truncated (error);
  if (element >= RP_N_GGUF_TYPES || element == RP_GGUF_ARRAY)
    {
      g_autofree char *key = rp_printable (entry->key, -1, 64);
      g_set_error (error, RP_ERROR, RP_ERROR_FORMAT, "The file is damaged: key “%s” is an array of unknown type %u",
                   key, element);
      return FALSE;
    }
  entry->element = element;
  entry->data = cursor->at;
  if (element != RP_GGUF_STRING)
    {
      guint64 size;
      if (!g_uint64_checked_mul (&size, entry->length, scalar_sizes[element]) || !skip (cursor, size))
        return truncated (error);
      return TRUE;
    }
  for (guint64 i = 0; i < entry->length; i++)
    {
      guint64 length;
      if (!take_u64 (cursor, &length) || !skip (cursor, length))
        return truncated (error);
    }
  return TRUE;
}

static gboolean
take_value (Cursor *cursor, Entry *entry, GError **error)
{
  guint32 type;

  if (!take_u32 (cursor, &type))
    return truncated (error);
  if (type >= RP_N_GGUF_TYPES)
    {
      g_autofree char *key = rp_printable (entry->key, -1, 64);
      g_set_error (error, RP_ERROR, RP_ERROR_FORMAT, "The file is damaged: key “%s” has the unknown type %u", key,
                   type);
      return FALSE;
    }
  entry->type = type;
  if (type == RP_GGUF_ARRAY)
    return take_array (cursor, entry, error);
  if (type == RP_GGUF_STRING)
    {
      if (!take_u64 (cursor, &entry->length))
        return truncated (error);
      entry->data = cursor->at;
      if (!skip (cursor, entry->length))
        return truncated (error);
      entry->string = g_strndup ((const char *)entry->data, entry->length);
      return TRUE;
    }
  entry->data = cursor->at;
  return skip (cursor, scalar_sizes[type]) || truncated (error);
}

static gboolean
take_entry (Cursor *cursor, Entry *entry, GError **error)
{
  if (!take_name (cursor, MAX_KEY_LENGTH, &entry->key, error))
    return FALSE;
  entry->raw = cursor->at;
  if (!take_value (cursor, entry, error))
    return FALSE;
  entry->raw_size = (gsize)(cursor->at - entry->raw);
  return TRUE;
}

static gboolean
take_entries (RpGguf *self, Cursor *cursor, guint64 n, GError **error)
{
  for (guint64 i = 0; i < n; i++)
    {
      Entry entry = { 0 };
      gboolean ok = take_entry (cursor, &entry, error);

      g_array_append_val (self->entries, entry);
      if (!ok)
        return FALSE;
    }
  /* Only now: the array does not move any more. */
  for (guint i = 0; i < self->entries->len; i++)
    {
      Entry *entry = &g_array_index (self->entries, Entry, i);

      if (!g_hash_table_insert (self->entry_by_key, entry->key, entry))
        {
          g_autofree char *key = rp_printable (entry->key, -1, 64);
          g_set_error (error, RP_ERROR, RP_ERROR_FORMAT, "The file is damaged: key “%s” stands in it twice", key);
          return FALSE;
        }
    }
  return TRUE;
}

/* The size of a tensor's data; FALSE where its shape is impossible. */
static gboolean
tensor_size (RpGgufTensor *tensor)
{
  const RpDTypeInfo *info = rp_dtype_info (tensor->type);
  guint64 rows = 1, n, size;

  for (guint d = 0; d < 4; d++)
    if (tensor->dims[d] == 0)
      return FALSE;
  for (guint d = 1; d < 4; d++)
    if (!g_uint64_checked_mul (&rows, rows, tensor->dims[d]))
      return FALSE;
  if (!g_uint64_checked_mul (&n, rows, tensor->dims[0]) || n > G_MAXINT64)
    return FALSE;
  if (!info)
    return TRUE;
  if (tensor->dims[0] % info->block_elements)
    return FALSE;
  if (!g_uint64_checked_mul (&size, n / info->block_elements, info->block_bytes) || size > G_MAXSSIZE)
    return FALSE;
  tensor->size = size;
  return TRUE;
}

static gboolean
take_tensor (Cursor *cursor, RpGgufTensor *tensor, guint64 *offset, GError **error)
{
  guint32 n_dims, type;

  if (!take_name (cursor, MAX_NAME_LENGTH, (char **)&tensor->name, error))
    return FALSE;
  if (!take_u32 (cursor, &n_dims))
    return truncated (error);
  if (n_dims < 1 || n_dims > 4)
    {
      g_set_error (error, RP_ERROR, RP_ERROR_FORMAT, "The file is damaged: a tensor of %u dimensions", n_dims);
      return FALSE;
    }
  tensor->n_dims = n_dims;
  for (guint d = 0; d < 4; d++)
    {
      tensor->dims[d] = 1;
      if (d < n_dims && !take_u64 (cursor, &tensor->dims[d]))
        return truncated (error);
    }
  if (!take_u32 (cursor, &type) || !take_u64 (cursor, offset))
    return truncated (error);
  tensor->type = type;
  if (!tensor_size (tensor))
    {
      g_autofree char *name = rp_printable (tensor->name, -1, 64);
      g_set_error (error, RP_ERROR, RP_ERROR_FORMAT, "The file is damaged: tensor “%s” has an impossible shape", name);
      return FALSE;
    }
  return TRUE;
}

/* Offsets count from the first aligned byte after the header. */
static gboolean
place_tensors (RpGguf *self, const Cursor *cursor, const guint64 *offsets, guint64 alignment, GError **error)
{
  guint64 start = cursor->at - self->data;

  start = (start + alignment - 1) / alignment * alignment;
  for (guint i = 0; i < self->tensors->len; i++)
    {
      RpGgufTensor *tensor = &g_array_index (self->tensors, RpGgufTensor, i);
      guint64 end;
      g_autofree char *name = rp_printable (tensor->name, -1, 64);

      if (offsets[i] % alignment)
        {
          g_set_error (error, RP_ERROR, RP_ERROR_FORMAT, "The file is damaged: tensor “%s” is not aligned", name);
          return FALSE;
        }
      if (!g_uint64_checked_add (&end, start, offsets[i]) || !g_uint64_checked_add (&end, end, tensor->size)
          || end > self->size)
        {
          g_set_error (error, RP_ERROR, RP_ERROR_FORMAT,
                       "The file is truncated: it has %" G_GSIZE_FORMAT " bytes, and tensor “%s” lies beyond its end",
                       self->size, name);
          return FALSE;
        }
      tensor->data = self->data + start + offsets[i];
      if (!g_hash_table_insert (self->tensor_by_name, (char *)tensor->name, tensor))
        {
          g_set_error (error, RP_ERROR, RP_ERROR_FORMAT, "The file is damaged: tensor “%s” stands in it twice", name);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
take_header (RpGguf *self, Cursor *cursor, guint64 *n_tensors, guint64 *n_keys, GError **error)
{
  guint32 version;

  if (self->size == 0)
    {
      g_set_error_literal (error, RP_ERROR, RP_ERROR_FORMAT, "The file is empty");
      return FALSE;
    }
  if (self->size < 4 || memcmp (self->data, "GGUF", 4) != 0)
    {
      g_set_error_literal (error, RP_ERROR, RP_ERROR_FORMAT, "This is not a GGUF model file");
      return FALSE;
    }
  cursor->at += 4;
  if (!take_u32 (cursor, &version))
    return truncated (error);
  if (version != 2 && version != 3)
    {
      g_set_error (error, RP_ERROR, RP_ERROR_UNSUPPORTED, "%s; Riposte reads versions 2 and 3",
                   GUINT32_SWAP_LE_BE (version) <= 3 ? "The file is a big-endian GGUF"
                                                     : "The file is of an unknown GGUF version");
      return FALSE;
    }
  self->version = version;
  return (take_u64 (cursor, n_tensors) && take_u64 (cursor, n_keys)) || truncated (error);
}

static gboolean
parse (RpGguf *self, GError **error)
{
  Cursor cursor = { self->data, self->data + self->size };
  guint64 n_tensors, n_keys, alignment = DEFAULT_ALIGNMENT;
  g_autofree guint64 *offsets = NULL;

  if (!take_header (self, &cursor, &n_tensors, &n_keys, error) || !take_entries (self, &cursor, n_keys, error))
    return FALSE;
  rp_gguf_get_uint (self, "general.alignment", &alignment);
  if (alignment == 0 || alignment > 1 << 20 || (alignment & (alignment - 1)))
    {
      g_set_error_literal (error, RP_ERROR, RP_ERROR_FORMAT, "The file is damaged: impossible alignment");
      return FALSE;
    }
  /* A tensor takes at least 32 bytes of header, so a lying count cannot make this large. */
  if (n_tensors > (guint64)(cursor.end - cursor.at) / 32 + 1)
    return truncated (error);
  offsets = g_try_new0 (guint64, MAX (n_tensors, 1));
  if (!offsets)
    {
      g_set_error_literal (error, RP_ERROR, RP_ERROR_MEMORY, "Out of memory");
      return FALSE;
    }
  for (guint64 i = 0; i < n_tensors; i++)
    {
      RpGgufTensor tensor = { 0 };
      gboolean ok = take_tensor (&cursor, &tensor, &offsets[i], error);

      g_array_append_val (self->tensors, tensor);
      if (!ok)
        return FALSE;
    }
  return place_tensors (self, &cursor, offsets, alignment, error);
}

static RpGguf *
gguf_new (GMappedFile *file, const void *data, gsize size, GError **error)
{
  g_autoptr (RpGguf) self = g_new0 (RpGguf, 1);

  self->file = file;
  self->data = data;
  self->size = size;
  self->entries = g_array_new (FALSE, TRUE, sizeof (Entry));
  g_array_set_clear_func (self->entries, entry_clear);
  self->tensors = g_array_new (FALSE, TRUE, sizeof (RpGgufTensor));
  g_array_set_clear_func (self->tensors, tensor_clear);
  self->entry_by_key = g_hash_table_new (g_str_hash, g_str_equal);
  self->tensor_by_name = g_hash_table_new (g_str_hash, g_str_equal);
  return parse (self, error) ? g_steal_pointer (&self) : NULL;
}

RpGguf *
rp_gguf_open (const char *path, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autofree char *shown = g_filename_display_name (path);
  GMappedFile *file = NULL;
  struct stat status;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

  if (fd < 0 || fstat (fd, &status) < 0)
    {
      g_set_error (error, RP_ERROR, RP_ERROR_IO, "Cannot open “%s”: %s", shown, g_strerror (errno));
      if (fd >= 0)
        close (fd);
      return NULL;
    }
  if (!S_ISREG (status.st_mode))
    {
      g_set_error (error, RP_ERROR, RP_ERROR_IO, "Cannot open “%s”: it is %s", shown,
                   S_ISDIR (status.st_mode) ? "a folder" : "not a regular file");
      close (fd);
      return NULL;
    }
  file = g_mapped_file_new_from_fd (fd, FALSE, &local);
  close (fd);
  if (!file)
    {
      g_set_error (error, RP_ERROR, RP_ERROR_IO, "Cannot map “%s”: %s", shown, local->message);
      return NULL;
    }
  RpGguf *self = gguf_new (file, g_mapped_file_get_contents (file), g_mapped_file_get_length (file), error);
  if (!self)
    g_prefix_error (error, "“%s”: ", shown);
  return self;
}

RpGguf *
rp_gguf_open_memory (const void *data, gsize size, GError **error)
{
  return gguf_new (NULL, data, size, error);
}

void
rp_gguf_free (RpGguf *self)
{
  if (!self)
    return;
  g_hash_table_unref (self->entry_by_key);
  g_hash_table_unref (self->tensor_by_name);
  g_array_unref (self->entries);
  g_array_unref (self->tensors);
  g_clear_pointer (&self->file, g_mapped_file_unref);
  g_free (self);
}

guint
rp_gguf_get_version (const RpGguf *self)
{
  return self->version;
}

gsize
rp_gguf_get_n_keys (const RpGguf *self)
{
  return self->entries->len;
}

const char *
rp_gguf_get_key (const RpGguf *self, gsize index, RpGgufType *type, RpGgufType *element, guint64 *length)
{
  g_return_val_if_fail (index < self->entries->len, NULL);
  const Entry *entry = &g_array_index (self->entries, Entry, index);

  if (type)
    *type = entry->type;
  if (element)
    *element = entry->element;
  if (length)
    *length = entry->length;
  return entry->key;
}

const void *
rp_gguf_get_raw (const RpGguf *self, gsize index, gsize *size)
{
  g_return_val_if_fail (index < self->entries->len, NULL);
  const Entry *entry = &g_array_index (self->entries, Entry, index);

  *size = entry->raw_size;
  return entry->raw;
}

gboolean
rp_gguf_has (const RpGguf *self, const char *key)
{
  return g_hash_table_contains (self->entry_by_key, key);
}

/* Any scalar as a sign and a magnitude. */
static gboolean
read_integer (RpGgufType type, const guint8 *data, gboolean *negative, guint64 *magnitude)
{
  guint64 bits = 0;
  guint size = scalar_sizes[type];
  gboolean is_signed = type == RP_GGUF_I8 || type == RP_GGUF_I16 || type == RP_GGUF_I32 || type == RP_GGUF_I64;

  if (size == 0 || type == RP_GGUF_F32 || type == RP_GGUF_F64 || type == RP_GGUF_BOOL)
    return FALSE;
  for (guint i = 0; i < size; i++)
    bits |= (guint64)data[i] << (8 * i);
  *negative = is_signed && data[size - 1] >> 7;
  if (*negative && size < 8)
    bits |= G_MAXUINT64 << (8 * size);
  *magnitude = *negative ? -bits : bits;
  return TRUE;
}

static gboolean
read_int64 (RpGgufType type, const guint8 *data, gint64 *value)
{
  gboolean negative;
  guint64 magnitude;

  if (!read_integer (type, data, &negative, &magnitude))
    return FALSE;
  if (magnitude > (guint64)G_MAXINT64 + (negative ? 1 : 0))
    return FALSE;
  *value = negative ? (gint64)-magnitude : (gint64)magnitude;
  return TRUE;
}

static gboolean
read_double (RpGgufType type, const guint8 *data, double *value)
{
  if (type == RP_GGUF_F32)
    {
      union
      {
        guint32 u;
        float f;
      } bits;
      memcpy (&bits.u, data, 4);
      bits.u = GUINT32_FROM_LE (bits.u);
      *value = bits.f;
      return TRUE;
    }
  if (type == RP_GGUF_F64)
    {
      union
      {
        guint64 u;
        double d;
      } bits;
      memcpy (&bits.u, data, 8);
      bits.u = GUINT64_FROM_LE (bits.u);
      *value = bits.d;
      return TRUE;
    }
  return FALSE;
}

gboolean
rp_gguf_get_uint (const RpGguf *self, const char *key, guint64 *value)
{
  const Entry *entry = g_hash_table_lookup (self->entry_by_key, key);
  gboolean negative;
  guint64 magnitude;

  if (!entry || !read_integer (entry->type, entry->data, &negative, &magnitude) || negative)
    return FALSE;
  *value = magnitude;
  return TRUE;
}

gboolean
rp_gguf_get_int (const RpGguf *self, const char *key, gint64 *value)
{
  const Entry *entry = g_hash_table_lookup (self->entry_by_key, key);

  return entry && read_int64 (entry->type, entry->data, value);
}

gboolean
rp_gguf_get_float (const RpGguf *self, const char *key, double *value)
{
  const Entry *entry = g_hash_table_lookup (self->entry_by_key, key);

  return entry && read_double (entry->type, entry->data, value);
}

gboolean
rp_gguf_get_bool (const RpGguf *self, const char *key, gboolean *value)
{
  const Entry *entry = g_hash_table_lookup (self->entry_by_key, key);

  if (!entry || entry->type != RP_GGUF_BOOL)
    return FALSE;
  *value = entry->data[0] != 0;
  return TRUE;
}

const char *
rp_gguf_get_string (const RpGguf *self, const char *key, gsize *length)
{
  const Entry *entry = g_hash_table_lookup (self->entry_by_key, key);

  if (!entry || entry->type != RP_GGUF_STRING)
    return NULL;
  if (length)
    *length = entry->length;
  return entry->string;
}

static const Entry *
find_array (const RpGguf *self, const char *key)
{
  const Entry *entry = g_hash_table_lookup (self->entry_by_key, key);

  return entry && entry->type == RP_GGUF_ARRAY ? entry : NULL;
}

gsize
rp_gguf_get_array_length (const RpGguf *self, const char *key, RpGgufType *element)
{
  const Entry *entry = find_array (self, key);

  if (entry && element)
    *element = entry->element;
  return entry ? entry->length : 0;
}

gboolean
rp_gguf_get_array_int (const RpGguf *self, const char *key, gsize index, gint64 *value)
{
  const Entry *entry = find_array (self, key);

  if (!entry || index >= entry->length)
    return FALSE;
  if (entry->element == RP_GGUF_BOOL)
    {
      *value = entry->data[index] != 0;
      return TRUE;
    }
  return read_int64 (entry->element, entry->data + index * scalar_sizes[entry->element], value);
}

gboolean
rp_gguf_get_array_float (const RpGguf *self, const char *key, gsize index, double *value)
{
  const Entry *entry = find_array (self, key);

  return entry && index < entry->length
         && read_double (entry->element, entry->data + index * scalar_sizes[entry->element], value);
}

gboolean
rp_gguf_foreach_string (const RpGguf *self, const char *key, RpGgufStringFunc func, gpointer user_data)
{
  const Entry *entry = find_array (self, key);
  const guint8 *at;

  if (!entry || entry->element != RP_GGUF_STRING)
    return FALSE;
  at = entry->data;
  for (guint64 i = 0; i < entry->length; i++)
    {
      guint64 length;

      memcpy (&length, at, 8);
      length = GUINT64_FROM_LE (length);
      func (i, (const char *)at + 8, length, user_data);
      at += 8 + length;
    }
  return TRUE;
}

gsize
rp_gguf_get_n_tensors (const RpGguf *self)
{
  return self->tensors->len;
}

void
rp_gguf_forget_pages (const RpGguf *self, const RpGgufTensor *tensor)
{
  guintptr page = (guintptr)sysconf (_SC_PAGESIZE), data = (guintptr)tensor->data;
  guintptr first = (data + page - 1) / page * page, end = (data + tensor->size) / page * page;

  if (self->file && first < end)
    madvise ((void *)first, end - first, MADV_DONTNEED);
}

const RpGgufTensor *
rp_gguf_get_tensor (const RpGguf *self, gsize index)
{
  g_return_val_if_fail (index < self->tensors->len, NULL);
  return &g_array_index (self->tensors, RpGgufTensor, index);
}

const RpGgufTensor *
rp_gguf_find_tensor (const RpGguf *self, const char *name)
{
  return g_hash_table_lookup (self->tensor_by_name, name);
}
