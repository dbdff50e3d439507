/* Writer of GGUF v3 files: keys and the list of tensors first, then the tensors' data in the same order, streamed. The
 * file is written beside its place, and takes it when it is whole. */
#pragma once

#include "gguf.h"

G_BEGIN_DECLS

typedef struct _RpGgufWriter RpGgufWriter;

/* RP_ERROR_IO where nothing can be written beside @path. @alignment: a power of two. */
RpGgufWriter *rp_gguf_writer_new (const char *path, guint alignment, GError **error);
/* Removes what was written, unless it was finished. NULL is fine. */
void rp_gguf_writer_free (RpGgufWriter *writer);

void rp_gguf_writer_put_u32 (RpGgufWriter *writer, const char *key, guint32 value);
/* As rp_gguf_get_raw() gives it. */
void rp_gguf_writer_put_raw (RpGgufWriter *writer, const char *key, const void *value, gsize size);
/* dims[0] is the fastest, and a multiple of the type's block. */
void
rp_gguf_writer_add_tensor (RpGgufWriter *writer, const char *name, RpDType type, guint n_dims, const guint64 *dims);

/* After all keys and tensors. Asks the file system for the whole size, so that a full disk is known now. */
gboolean rp_gguf_writer_begin (RpGgufWriter *writer, GError **error);
/* The data of all tensors, one after the other, in pieces of any size; what lies between two is written by itself. */
gboolean rp_gguf_writer_write (RpGgufWriter *writer, const void *data, gsize size, GError **error);
/* When all data is written: puts the file in its place, over one that may be there. */
gboolean rp_gguf_writer_finish (RpGgufWriter *writer, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RpGgufWriter, rp_gguf_writer_free)

G_END_DECLS
