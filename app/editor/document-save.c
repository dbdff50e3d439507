/* From a document to the disk. */
#include "riposte-document-private.h"

#include "file-probe.h"
#include "replace-file.h"

#include <glib/gi18n.h>
#include <string.h>

typedef struct
{
  GFile *file;
  GFile *real; /* where it leads */
  RiposteSaveFlags flags;
  const GtkSourceEncoding *encoding;
} Save;

static void
save_free (Save *save)
{
  g_object_unref (save->file);
  g_clear_object (&save->real);
  g_free (save);
}

static void
on_saved_info (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  RiposteDocument *self = g_task_get_source_object (task);
  Save *save = g_task_get_task_data (task);
  g_autoptr (GFileInfo) info = g_file_query_info_finish (G_FILE (source), result, NULL);

  g_free (self->etag);
  self->etag = info ? g_strdup (g_file_info_get_etag (info)) : NULL;
  self->encoding = save->encoding;
  g_set_object (&self->real, save->real);
  gboolean renamed = !self->file || !g_file_equal (self->file, save->file);
  riposte_document_set_file (self, save->file);
  if (renamed)
    riposte_document_guess_language (self);
  gtk_text_buffer_set_modified (GTK_TEXT_BUFFER (self), FALSE);
  riposte_document_set_busy (self, FALSE);
  riposte_document_set_disk_state (self, RIPOSTE_DISK_SAME);
  riposte_document_watch_disk (self);
  g_task_return_boolean (task, TRUE);
}

static void
on_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (!riposte_replace_file_finish (G_FILE (source), result, &error))
    {
      riposte_document_fail_task (task, error);
      return;
    }
  /* Saved is saved: from here nothing fails, and nothing is cancelled. */
  g_file_query_info_async (G_FILE (source), G_FILE_ATTRIBUTE_ETAG_VALUE, G_FILE_QUERY_INFO_NONE, G_PRIORITY_DEFAULT,
                           NULL, on_saved_info, g_steal_pointer (&task));
}

/* All of the text, as the file has it. */
static GBytes *
encode (RiposteDocument *self, const GtkSourceEncoding *encoding, GError **error)
{
  GtkTextBuffer *buffer = GTK_TEXT_BUFFER (self);
  gboolean ends = gtk_source_buffer_get_implicit_trailing_newline (GTK_SOURCE_BUFFER (self));
  GtkTextIter start, end;
  gsize length;

  gtk_text_buffer_get_bounds (buffer, &start, &end);
  g_autofree char *text = gtk_text_buffer_get_text (buffer, &start, &end, TRUE);
  GString *lines = riposte_newlines_from (text, self->newlines, ends && *text);
  if (encoding == gtk_source_encoding_get_utf8 ())
    return g_string_free_to_bytes (lines);
  g_autofree char *utf8 = g_string_free (lines, FALSE);
  char *bytes = g_convert (utf8, -1, gtk_source_encoding_get_charset (encoding), "UTF-8", NULL, &length, error);
  return bytes ? g_bytes_new_take (bytes, length) : NULL;
}

/* Not with GtkSourceFileSaver: it writes what it finds in memory behind a line that ends in U+2029. */
static void
write_file (GTask *task)
{
  RiposteDocument *self = g_task_get_source_object (task);
  Save *save = g_task_get_task_data (task);
  GError *error = NULL;

  save->encoding
    = save->flags & RIPOSTE_SAVE_AS_UTF8 || !self->encoding ? gtk_source_encoding_get_utf8 () : self->encoding;
  g_autoptr (GBytes) bytes = encode (self, save->encoding, &error);
  if (bytes)
    {
      riposte_replace_file_async (save->real, bytes, G_FILE_CREATE_NONE, on_saved, task);
      return;
    }
  /* a letter that the encoding lacks */
  if (error && g_error_matches (error, G_CONVERT_ERROR, G_CONVERT_ERROR_ILLEGAL_SEQUENCE))
    {
      error->domain = GTK_SOURCE_FILE_SAVER_ERROR;
      error->code = GTK_SOURCE_FILE_SAVER_ERROR_INVALID_CHARS;
    }
  riposte_document_fail_task (task, error);
  g_object_unref (task);
}

static void
on_checked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  RiposteDocument *self = g_task_get_source_object (task);
  g_autoptr (GFileInfo) info = g_file_query_info_finish (G_FILE (source), result, NULL);
  const char *etag = info ? g_file_info_get_etag (info) : NULL;

  if (etag && strcmp (etag, self->etag) != 0)
    {
      riposte_document_fail_task (task, g_error_new_literal (GTK_SOURCE_FILE_SAVER_ERROR,
                                                             GTK_SOURCE_FILE_SAVER_ERROR_EXTERNALLY_MODIFIED,
                                                             _ ("Another program changed the file.")));
      riposte_document_set_disk_state (self, RIPOSTE_DISK_CHANGED);
      return;
    }
  write_file (g_steal_pointer (&task));
}

static void
on_resolved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  RiposteDocument *self = g_task_get_source_object (task);
  Save *save = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  GError *error = NULL;

  save->real = riposte_file_resolve_finish (result, &error);
  if (!save->real)
    riposte_document_fail_task (task, error);
  else if (self->real && g_file_equal (self->real, save->real) && self->etag && !(save->flags & RIPOSTE_SAVE_OVERWRITE))
    g_file_query_info_async (save->real, G_FILE_ATTRIBUTE_ETAG_VALUE, G_FILE_QUERY_INFO_NONE, G_PRIORITY_DEFAULT,
                             cancellable, on_checked, g_steal_pointer (&task));
  else
    write_file (g_steal_pointer (&task));
}

void
riposte_document_save_async (RiposteDocument *self,
                             GFile *file,
                             RiposteSaveFlags flags,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_return_if_fail (RIPOSTE_IS_DOCUMENT (self));
  g_return_if_fail (file || self->file);
  g_return_if_fail (!self->busy);

  Save *save = g_new0 (Save, 1);
  save->file = g_object_ref (file ? file : self->file);
  save->flags = flags;
  g_task_set_source_tag (task, riposte_document_save_async);
  g_task_set_task_data (task, save, (GDestroyNotify)save_free);
  riposte_document_set_busy (self, TRUE);
  riposte_file_resolve_async (save->file, cancellable, on_resolved, g_steal_pointer (&task));
}

gboolean
riposte_document_save_finish (RiposteDocument *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
