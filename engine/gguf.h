/* Reader of GGUF v2 and v3 files: a mapped file whose every length was checked before it was believed.
 *
 * Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Strings are copied NUL-terminated and may hold any
 * bytes; arrays are read in place. Immutable after loading, so any thread may read it.
 */
#pragma once

#include <glib.h>

#include "dtype.h"

G_BEGIN_DECLS

typedef struct _RpGguf RpGguf;

typedef enum
{
  RP_GGUF_U8,
  RP_GGUF_I8,
  RP_GGUF_U16,
  RP_GGUF_I16,
  RP_GGUF_U32,
  RP_GGUF_I32,
  RP_GGUF_F32,
  RP_GGUF_BOOL,
  RP_GGUF_STRING,
  RP_GGUF_ARRAY,
  RP_GGUF_U64,
  RP_GGUF_I64,
  RP_GGUF_F64,
  RP_N_GGUF_TYPES
} RpGgufType;

typedef struct
{
  const char *name;
  guint type; /* an RpDType, or a type that is not supported */
  guint n_dims;
  guint64 dims[4]; /* dims[0] is the fastest; 1 past n_dims */
  const void *data;
  gsize size; /* bytes; 0 for a type that is not supported */
} RpGgufTensor;

RpGguf *rp_gguf_open (const char *path, GError **error);
/* The same from memory, which stays the caller's and outlives the reader. */
RpGguf *rp_gguf_open_memory (const void *data, gsize size, GError **error);
void rp_gguf_free (RpGguf *gguf);

guint rp_gguf_get_version (const RpGguf *gguf);
gsize rp_gguf_get_n_keys (const RpGguf *gguf);
const char *rp_gguf_get_key (const RpGguf *gguf, gsize index, RpGgufType *type, RpGgufType *element, guint64 *length);
/* A key's value as it stands in the file: its type as u32, then what the type says. */
const void *rp_gguf_get_raw (const RpGguf *gguf, gsize index, gsize *size);
gboolean rp_gguf_has (const RpGguf *gguf, const char *key);

/* A missing key, or one of another type, leaves *value alone and returns FALSE. Integers of any width and sign
 * convert where the value fits; a float key may be F32 or F64. */
gboolean rp_gguf_get_uint (const RpGguf *gguf, const char *key, guint64 *value);
gboolean rp_gguf_get_int (const RpGguf *gguf, const char *key, gint64 *value);
gboolean rp_gguf_get_float (const RpGguf *gguf, const char *key, double *value);
gboolean rp_gguf_get_bool (const RpGguf *gguf, const char *key, gboolean *value);
/* NUL-terminated; owned by @gguf; NULL where missing. @length (nullable) in bytes. */
const char *rp_gguf_get_string (const RpGguf *gguf, const char *key, gsize *length);

/* The number of elements of an array key, 0 where missing. @element is its type. */
gsize rp_gguf_get_array_length (const RpGguf *gguf, const char *key, RpGgufType *element);
gboolean rp_gguf_get_array_int (const RpGguf *gguf, const char *key, gsize index, gint64 *value);
gboolean rp_gguf_get_array_float (const RpGguf *gguf, const char *key, gsize index, double *value);
/* Visits the strings of an array in order; text is not NUL-terminated. FALSE where the key is no array of strings. */
typedef void (*RpGgufStringFunc) (gsize index, const char *text, gsize length, gpointer user_data);
gboolean rp_gguf_foreach_string (const RpGguf *gguf, const char *key, RpGgufStringFunc func, gpointer user_data);

gsize rp_gguf_get_n_tensors (const RpGguf *gguf);
const RpGgufTensor *rp_gguf_get_tensor (const RpGguf *gguf, gsize index);
/* Lets go of this process's memory for a tensor's data, which may still be read: it comes from the file again. */
void rp_gguf_forget_pages (const RpGguf *gguf, const RpGgufTensor *tensor);
const RpGgufTensor *rp_gguf_find_tensor (const RpGguf *gguf, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RpGguf, rp_gguf_free)

G_END_DECLS
