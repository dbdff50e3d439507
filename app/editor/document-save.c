/* From a document to the disk. */
#include "riposte-document-private.h"

#include "file-probe.h"

#include <glib/gi18n.h>
#include <string.h>

typedef struct
{
  GFile *file;
  RiposteSaveFlags flags;
} Save;

static void
save_free (Save *save)
{
  g_object_unref (save->file);
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
  RiposteDocument *self = g_task_get_source_object (task);
  GError *error = NULL;

  if (!gtk_source_file_saver_save_finish (GTK_SOURCE_FILE_SAVER (source), result, &error))
    {
      /* What the converter says of a letter that the encoding lacks. */
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA))
        {
          error->domain = GTK_SOURCE_FILE_SAVER_ERROR;
          error->code = GTK_SOURCE_FILE_SAVER_ERROR_INVALID_CHARS;
        }
      riposte_document_fail_task (task, error);
      return;
    }
  /* Saved is saved: from here nothing fails, and nothing is cancelled. */
  g_file_query_info_async (gtk_source_file_get_location (self->source_file), G_FILE_ATTRIBUTE_ETAG_VALUE,
                           G_FILE_QUERY_INFO_NONE, G_PRIORITY_DEFAULT, NULL, on_saved_info, g_steal_pointer (&task));
}

static void
write_file (GTask *task, GFile *real)
{
  RiposteDocument *self = g_task_get_source_object (task);
  Save *save = g_task_get_task_data (task);
  GFile *own = gtk_source_file_get_location (self->source_file);
  GCancellable *cancellable = g_task_get_cancellable (task);
  g_autoptr (GtkSourceFileSaver) saver
    = own && g_file_equal (own, real)
        ? gtk_source_file_saver_new (GTK_SOURCE_BUFFER (self), self->source_file)
        : gtk_source_file_saver_new_with_target (GTK_SOURCE_BUFFER (self), self->source_file, real);

  if (save->flags & RIPOSTE_SAVE_OVERWRITE)
    gtk_source_file_saver_set_flags (saver, GTK_SOURCE_FILE_SAVER_FLAGS_IGNORE_MODIFICATION_TIME);
  if ((save->flags & RIPOSTE_SAVE_AS_UTF8) || !gtk_source_file_get_encoding (self->source_file))
    gtk_source_file_saver_set_encoding (saver, gtk_source_encoding_get_utf8 ());
  gtk_source_file_saver_save_async (saver, G_PRIORITY_DEFAULT, cancellable, riposte_document_on_progress,
                                    g_object_ref (self), g_object_unref, on_saved, task);
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
  write_file (g_steal_pointer (&task), G_FILE (source));
}

/* GtkSourceFileSaver would look at the whole seconds of the time of change alone. */
static void
on_resolved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  RiposteDocument *self = g_task_get_source_object (task);
  Save *save = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  GFile *own = gtk_source_file_get_location (self->source_file);
  GError *error = NULL;
  g_autoptr (GFile) real = riposte_file_resolve_finish (result, &error);

  if (!real)
    riposte_document_fail_task (task, error);
  else if (own && g_file_equal (own, real) && self->etag && !(save->flags & RIPOSTE_SAVE_OVERWRITE))
    g_file_query_info_async (real, G_FILE_ATTRIBUTE_ETAG_VALUE, G_FILE_QUERY_INFO_NONE, G_PRIORITY_DEFAULT, cancellable,
                             on_checked, g_steal_pointer (&task));
  else
    write_file (g_steal_pointer (&task), real);
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
