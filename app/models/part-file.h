/* The file that a download grows in, FILE.part, and what is known of its source, FILE.part.info.
 *
 * FILE itself comes to be in one step, riposte_part_file_finish(), after its content was found right and is on the disk:
 * a crash at any moment leaves FILE whole or absent. The calls wait for the disk, so they are for a thread of their own;
 * one process at a time holds a part. */
#pragma once

#include "models/download-error.h"

G_BEGIN_DECLS

/* What the server said of its file, so that a later try can ask for the rest of the same one. */
typedef struct
{
  char *url;
  char *validator; /* (nullable) a strong ETag, else a date, for If-Range */
  char *sha256;    /* (nullable) in lower case */
  guint64 size;    /* 0: unknown */
} RipostePartSource;

void riposte_part_source_clear (RipostePartSource *source);

typedef struct _RipostePartFile RipostePartFile;

/* Takes the part, or makes an empty one. RIPOSTE_DOWNLOAD_ERROR_EXISTS, …_BUSY, …_DISK */
RipostePartFile *riposte_part_file_open (const char *final_path, GError **error);
/* Keeps what is there for another time. */
void riposte_part_file_close (RipostePartFile *self);
/* Removes it, and closes. */
void riposte_part_file_discard (RipostePartFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RipostePartFile, riposte_part_file_close)

guint64 riposte_part_file_get_length (RipostePartFile *self);
const RipostePartSource *riposte_part_file_get_source (RipostePartFile *self);
/* Remembers it on the disk. */
gboolean riposte_part_file_set_source (RipostePartFile *self, const RipostePartSource *source, GError **error);

/* Reads what is there for the checksum; needed once after opening a part that is not empty. @progress (nullable) is
 * called with the bytes read so far. */
gboolean riposte_part_file_hash (RipostePartFile *self,
                                 void (*progress) (guint64 done, gpointer user_data),
                                 gpointer user_data,
                                 GCancellable *cancellable,
                                 GError **error);
/* Throws away what is there, to begin anew. */
gboolean riposte_part_file_restart (RipostePartFile *self, GError **error);
gboolean riposte_part_file_append (RipostePartFile *self, const void *data, gsize length, GError **error);
/* RIPOSTE_DOWNLOAD_ERROR_SPACE where the disk has no room for @more bytes, and a reserve for everybody else. */
gboolean riposte_part_file_check_space (RipostePartFile *self, guint64 more, GError **error);
/* Gives the file its name, if it is of the source's size (where known) and SHA-256 (where known), and a GGUF.
 * RIPOSTE_DOWNLOAD_ERROR_WRONG_FILE: it is not, and what was there is gone. */
gboolean riposte_part_file_finish (RipostePartFile *self, GError **error);

/* What is known of a part that nobody holds open here, for lists of what can go on. FALSE where there is none, or
 * nobody knows where it came from. */
gboolean riposte_part_file_peek (const char *final_path, RipostePartSource *source, guint64 *length);

#define RIPOSTE_PART_SUFFIX      ".part"
#define RIPOSTE_PART_INFO_SUFFIX ".part.info"

G_END_DECLS
