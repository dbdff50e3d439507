/* From the disk into a document. */
#include "riposte-document-private.h"

#include "file-probe.h"

typedef struct
{
  RiposteFileProbe *probe;
  int line, column; /* of the caret, to be there again */
} Load;

static void
load_free (Load *load)
{
  g_clear_pointer (&load->probe, riposte_file_probe_free);
  g_free (load);
}

static void
restore_caret (RiposteDocument *self, int line, int column)
{
  GtkTextIter caret;

  gtk_text_buffer_get_iter_at_line (GTK_TEXT_BUFFER (self), &caret, line);
  for (int i = 0; i < column && !gtk_text_iter_ends_line (&caret); i++)
    gtk_text_iter_forward_char (&caret);
  gtk_text_buffer_place_cursor (GTK_TEXT_BUFFER (self), &caret);
}

static void
on_loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  RiposteDocument *self = g_task_get_source_object (task);
  Load *load = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  if (!gtk_source_file_loader_load_finish (GTK_SOURCE_FILE_LOADER (source), result, &error))
    {
      /* What could not be decoded now stands there as escapes, which must never be saved. */
      gtk_text_buffer_set_text (GTK_TEXT_BUFFER (self), "", 0);
      gtk_text_buffer_set_modified (GTK_TEXT_BUFFER (self), FALSE);
      riposte_document_fail_task (task, g_steal_pointer (&error));
      return;
    }
  g_free (self->etag);
  self->etag = g_strdup (load->probe->etag);
  riposte_document_guess_language (self);
  riposte_document_guess_indentation (self);
  restore_caret (self, load->line, load->column);
  gtk_text_buffer_set_modified (GTK_TEXT_BUFFER (self), FALSE);
  riposte_document_set_busy (self, FALSE);
  riposte_document_set_disk_state (self, RIPOSTE_DISK_SAME);
  riposte_document_watch_disk (self);
  /* It may have changed between the probe and the last byte. */
  riposte_document_look_at_disk (self);
  g_task_return_boolean (task, TRUE);
}

static void
on_probed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  RiposteDocument *self = g_task_get_source_object (task);
  Load *load = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  GError *error = NULL;

  load->probe = riposte_file_probe_finish (result, &error);
  if (!load->probe)
    {
      riposte_document_fail_task (task, error);
      return;
    }
  gtk_source_file_set_location (self->source_file, load->probe->real);
  gtk_source_buffer_set_implicit_trailing_newline (GTK_SOURCE_BUFFER (self), load->probe->ends_in_newline);

  g_autoptr (GtkSourceFileLoader) loader = gtk_source_file_loader_new (GTK_SOURCE_BUFFER (self), self->source_file);
  g_autoptr (GSList) candidates = g_slist_append (NULL, (gpointer)load->probe->encoding);
  gtk_source_file_loader_set_candidate_encodings (loader, candidates);
  gtk_source_file_loader_load_async (loader, G_PRIORITY_DEFAULT, cancellable, riposte_document_on_progress,
                                     g_object_ref (self), g_object_unref, on_loaded, g_steal_pointer (&task));
}

void
riposte_document_load_async (RiposteDocument *self,
                             GFile *file,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GtkTextIter caret;

  g_return_if_fail (RIPOSTE_IS_DOCUMENT (self));
  g_return_if_fail (file || self->file);
  g_return_if_fail (!self->busy);

  Load *load = g_new0 (Load, 1);
  gtk_text_buffer_get_iter_at_mark (GTK_TEXT_BUFFER (self), &caret,
                                    gtk_text_buffer_get_insert (GTK_TEXT_BUFFER (self)));
  load->line = gtk_text_iter_get_line (&caret);
  load->column = gtk_text_iter_get_line_offset (&caret);
  g_task_set_source_tag (task, riposte_document_load_async);
  g_task_set_task_data (task, load, (GDestroyNotify)load_free);
  if (file)
    riposte_document_set_file (self, file);
  riposte_document_set_busy (self, TRUE);
  riposte_file_probe_async (self->file, cancellable, on_probed, g_steal_pointer (&task));
}

gboolean
riposte_document_load_finish (RiposteDocument *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
