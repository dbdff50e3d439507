/* A text of the editor and the file that it is kept in. Main thread; the disk is only touched asynchronously. */
#pragma once

#include "indentation.h"
#include "merge-code.h"

#include <gtksourceview/gtksource.h>

G_BEGIN_DECLS

/**
 * RiposteDiskState:
 * @RIPOSTE_DISK_SAME: the file is as it was loaded or saved, or there is none
 * @RIPOSTE_DISK_CHANGED: something else wrote it since
 * @RIPOSTE_DISK_DELETED: it is gone
 */
typedef enum
{
  RIPOSTE_DISK_SAME,
  RIPOSTE_DISK_CHANGED,
  RIPOSTE_DISK_DELETED,
} RiposteDiskState;

/**
 * RiposteSaveFlags:
 * @RIPOSTE_SAVE_OVERWRITE: even where the file was changed on disk since
 * @RIPOSTE_SAVE_AS_UTF8: instead of in the encoding that it was loaded from
 */
typedef enum
{
  RIPOSTE_SAVE_NONE = 0,
  RIPOSTE_SAVE_OVERWRITE = 1 << 0,
  RIPOSTE_SAVE_AS_UTF8 = 1 << 1,
} RiposteSaveFlags;

#define RIPOSTE_TYPE_DOCUMENT (riposte_document_get_type ())
G_DECLARE_FINAL_TYPE (RiposteDocument, riposte_document, RIPOSTE, DOCUMENT, GtkSourceBuffer)

/* @number tells untitled documents apart, from 1. */
RiposteDocument *riposte_document_new (guint number);

/* The file as it was named, not what a symbolic link leads to; NULL before a first save. */
GFile *riposte_document_get_file (RiposteDocument *self);
/* Whether @file leads to the same file as the document's. */
gboolean riposte_document_is_file (RiposteDocument *self, GFile *file);
guint riposte_document_get_number (RiposteDocument *self);
char *riposte_document_dup_title (RiposteDocument *self);
/* A name to save it by, with the ending of its language. */
char *riposte_document_dup_suggested_name (RiposteDocument *self);
gboolean riposte_document_get_busy (RiposteDocument *self);
RiposteDiskState riposte_document_get_disk_state (RiposteDocument *self);
/* Tells the content that was loaded or saved from others of the same file; NULL where nobody can. */
const char *riposte_document_get_etag (RiposteDocument *self);
/**
 * riposte_document_put_unsaved:
 * @etag: (nullable): of the file when @text was made of it
 *
 * @text takes the place of what is there as a change that was not saved, in one step to undo.
 */
void riposte_document_put_unsaved (RiposteDocument *self, const char *text, const char *etag);
/* NULL before a first load or save. */
const GtkSourceEncoding *riposte_document_get_encoding (RiposteDocument *self);
RiposteIndentation riposte_document_get_indentation (RiposteDocument *self);
/* Looks at the text again, where it said nothing before; "indentation-changed" is emitted. */
void riposte_document_update_indentation (RiposteDocument *self);
/* Untitled, unmodified and without a character: a page that opening a file may take. */
gboolean riposte_document_is_pristine (RiposteDocument *self);

/**
 * riposte_document_load_async:
 * @file: (nullable): what to load; NULL loads the document's own file again
 *
 * While it loads the document is "busy", and "progress" goes from 0 to 1. riposte_file_probe_async() says what is
 * loaded in which encoding, and what is refused.
 *
 * On failure of a first load the document is empty and still that of @file; on failure to load again, it is as before.
 */
void riposte_document_load_async (RiposteDocument *self,
                                  GFile *file,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
gboolean riposte_document_load_finish (RiposteDocument *self, GAsyncResult *result, GError **error);

/**
 * riposte_document_save_async:
 * @file: (nullable): where to; NULL saves to the document's own file
 *
 * The file is replaced at once when all is written. It keeps its encoding, its line ends, and a missing newline at its
 * end; all lines end as those that were loaded did. Where these ended in several ways, each keeps its own, and new ones
 * end in a line feed. Fails with GTK_SOURCE_FILE_SAVER_ERROR_EXTERNALLY_MODIFIED or GTK_SOURCE_FILE_SAVER_ERROR_INVALID_CHARS where a
 * flag would help; the file on disk is then as it was.
 */
void riposte_document_save_async (RiposteDocument *self,
                                  GFile *file,
                                  RiposteSaveFlags flags,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
gboolean riposte_document_save_finish (RiposteDocument *self, GAsyncResult *result, GError **error);

/**
 * riposte_document_insert_code:
 * @code: UTF-8, lines as they stand in a Markdown fence
 * @hint: (nullable): the fence's language
 *
 * Puts @code at the caret, instead of a selection, as one step to undo: indented as the caret's line is, on lines of
 * its own unless it is a part of a line. A document without a language takes that of @hint. The caret goes behind it.
 */
void riposte_document_insert_code (RiposteDocument *self, const char *code, const char *hint);
/* @merge is of the text as it is now. One step to undo; the caret goes behind the first edit. */
void riposte_document_apply_merge (RiposteDocument *self, const RiposteMerge *merge);

G_END_DECLS
