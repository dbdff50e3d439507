/* From the disk into a document. */
#include "riposte-document-private.h"

#include "file-probe.h"

#include <string.h>

/* So many bytes go into the buffer at once: no frame waits long. */
#define PIECE (64 * 1024)

typedef struct
{
  RiposteFileProbe *probe;
  gsize length, done; /* of its text */
  int line, column;   /* of the caret, to be there again */
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
finish (RiposteDocument *self, const Load *load)
{
  gtk_text_buffer_end_user_action (GTK_TEXT_BUFFER (self));
  gtk_text_buffer_end_irreversible_action (GTK_TEXT_BUFFER (self));
  riposte_document_guess_language (self);
  riposte_document_guess_indentation (self);
  restore_caret (self, load->line, load->column);
  gtk_text_buffer_set_modified (GTK_TEXT_BUFFER (self), FALSE);
  riposte_document_set_busy (self, FALSE);
  riposte_document_set_disk_state (self, RIPOSTE_DISK_SAME);
  riposte_document_watch_disk (self);
  /* It may have changed since it was read. */
  riposte_document_look_at_disk (self);
}

/* Neither a letter nor a carriage return with its line feed is cut: GtkTextBuffer would make two lines of these. */
static gsize
find_piece (const char *text, gsize left)
{
  gsize n = MIN (left, PIECE);

  while (n < left && (((guchar)text[n] & 0xc0) == 0x80 || text[n - 1] == '\r'))
    n++;
  return n;
}

static gboolean
insert_piece (gpointer user_data)
{
  GTask *task = user_data;
  RiposteDocument *self = g_task_get_source_object (task);
  Load *load = g_task_get_task_data (task);
  const char *text = load->probe->text + load->done;
  gsize n = find_piece (text, load->length - load->done);
  GtkTextIter end;

  gtk_text_buffer_get_end_iter (GTK_TEXT_BUFFER (self), &end);
  gtk_text_buffer_insert (GTK_TEXT_BUFFER (self), &end, text, (int)n);
  load->done += n;
  if (load->done < load->length)
    {
      riposte_document_set_progress (self, (double)load->done / (double)load->length);
      return G_SOURCE_CONTINUE;
    }
  finish (self, load);
  g_task_return_boolean (task, TRUE);
  return G_SOURCE_REMOVE;
}

static void
on_probed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  RiposteDocument *self = g_task_get_source_object (task);
  Load *load = g_task_get_task_data (task);
  GError *error = NULL;
  RiposteFileProbe *probe = load->probe = riposte_file_probe_finish (result, &error);

  if (!probe)
    {
      riposte_document_fail_task (task, error);
      return;
    }
  load->length = strlen (probe->text);
  g_set_object (&self->real, probe->real);
  g_free (self->etag);
  self->etag = g_strdup (probe->etag);
  self->encoding = probe->encoding;
  self->newlines = probe->newlines;
  gtk_source_buffer_set_implicit_trailing_newline (GTK_SOURCE_BUFFER (self), probe->ends_in_newline);

  gtk_text_buffer_begin_irreversible_action (GTK_TEXT_BUFFER (self));
  gtk_text_buffer_begin_user_action (GTK_TEXT_BUFFER (self));
  gtk_text_buffer_set_text (GTK_TEXT_BUFFER (self), "", 0);
  g_autoptr (GSource) idle = g_idle_source_new ();
  g_task_attach_source (task, idle, insert_piece);
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
