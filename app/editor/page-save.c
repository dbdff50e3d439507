/* Saving a page, with the questions that come up. */
#include "riposte-editor-page.h"

#include <glib/gi18n.h>

typedef struct
{
  GFile *file; /* NULL: the document's own */
  RiposteSaveFlags flags;
} Save;

static void
save_free (Save *save)
{
  g_clear_object (&save->file);
  g_free (save);
}

static void write_document (GTask *task);
static void choose_file (GTask *task);

static GtkWindow *
window_of (GTask *task)
{
  GtkRoot *root = gtk_widget_get_root (g_task_get_source_object (task));
  return GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL;
}

static void
return_cancelled (GTask *task)
{
  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s", _ ("Not saved"));
}

/* ---- what file ---- */

static void
on_file_chosen (GtkNativeDialog *dialog, int response, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Save *save = g_task_get_task_data (task);

  g_autoptr (GFile) file
    = response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog)) : NULL;
  g_object_unref (dialog);
  if (!file)
    {
      return_cancelled (task);
      return;
    }
  g_set_object (&save->file, file);
  write_document (g_steal_pointer (&task));
}

static void
choose_file (GTask *task)
{
  RiposteDocument *document = riposte_editor_page_get_document (g_task_get_source_object (task));
  g_autofree char *name = riposte_document_dup_suggested_name (document);
  GtkFileChooserNative *dialog = gtk_file_chooser_native_new (_ ("Save As"), window_of (task),
                                                              GTK_FILE_CHOOSER_ACTION_SAVE, _ ("_Save"), _ ("_Cancel"));

  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  if (riposte_document_get_file (document))
    gtk_file_chooser_set_file (GTK_FILE_CHOOSER (dialog), riposte_document_get_file (document), NULL);
  else
    gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (dialog), name);
  g_signal_connect (dialog, "response", G_CALLBACK (on_file_chosen), task);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

/* ---- what went wrong ---- */

/* What to ask after a failure; the answer "again" tries with a flag, "save-as" elsewhere. */
typedef struct
{
  const char *heading, *body, *again;
  RiposteSaveFlags flag;
} Question;

static Question
question_of (const GError *error)
{
  if (g_error_matches (error, GTK_SOURCE_FILE_SAVER_ERROR, GTK_SOURCE_FILE_SAVER_ERROR_EXTERNALLY_MODIFIED))
    return (Question){ _ ("“%s” Has Changed on Disk"),
                       _ ("Another program wrote it since it was opened here. Overwriting discards what that wrote."),
                       _ ("_Overwrite"), RIPOSTE_SAVE_OVERWRITE };
  if (g_error_matches (error, GTK_SOURCE_FILE_SAVER_ERROR, GTK_SOURCE_FILE_SAVER_ERROR_INVALID_CHARS))
    return (Question){ _ ("Save “%s” as UTF-8?"), _ ("The file's encoding does not have all characters of the text."),
                       _ ("_Save as UTF-8"), RIPOSTE_SAVE_AS_UTF8 };
  return (Question){ _ ("Could Not Save “%s”"), NULL, NULL, RIPOSTE_SAVE_NONE };
}

static void
on_answer (AdwMessageDialog *dialog, const char *response, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Save *save = g_task_get_task_data (task);

  if (g_str_equal (response, "again"))
    {
      save->flags |= GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (dialog), "flag"));
      write_document (g_steal_pointer (&task));
    }
  else if (g_str_equal (response, "save-as"))
    choose_file (g_steal_pointer (&task));
  else
    return_cancelled (task);
}

static void
ask (GTask *task, const GError *error)
{
  RiposteDocument *document = riposte_editor_page_get_document (g_task_get_source_object (task));
  Question question = question_of (error);
  g_autofree char *title = riposte_document_dup_title (document);
  g_autofree char *body = question.body ? g_strdup (question.body) : riposte_file_error_describe (error);
  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG (adw_message_dialog_new (window_of (task), NULL, body));

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  adw_message_dialog_format_heading (dialog, question.heading, title);
#pragma GCC diagnostic pop
  adw_message_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "save-as", _ ("Save _As…"), NULL);
  if (question.again)
    {
      adw_message_dialog_add_response (dialog, "again", question.again);
      adw_message_dialog_set_response_appearance (
        dialog, "again", question.flag == RIPOSTE_SAVE_OVERWRITE ? ADW_RESPONSE_DESTRUCTIVE : ADW_RESPONSE_SUGGESTED);
      g_object_set_data (G_OBJECT (dialog), "flag", GUINT_TO_POINTER (question.flag));
    }
  adw_message_dialog_set_default_response (dialog, "save-as");
  adw_message_dialog_set_close_response (dialog, "cancel");
  g_signal_connect (dialog, "response", G_CALLBACK (on_answer), task);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;

  if (riposte_document_save_finish (RIPOSTE_DOCUMENT (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return_cancelled (task);
  else
    ask (g_steal_pointer (&task), error);
}

static void
write_document (GTask *task)
{
  RiposteEditorPage *self = g_task_get_source_object (task);
  Save *save = g_task_get_task_data (task);

  /* It may be saving already: while a dialog was up, say. */
  if (!riposte_editor_page_is_ready (self))
    {
      return_cancelled (task);
      g_object_unref (task);
      return;
    }
  riposte_document_save_async (riposte_editor_page_get_document (self), save->file, save->flags, NULL, on_written,
                               task);
}

void
riposte_editor_page_save_async (RiposteEditorPage *self,
                                gboolean ask_name,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);

  g_return_if_fail (RIPOSTE_IS_EDITOR_PAGE (self));

  g_task_set_source_tag (task, riposte_editor_page_save_async);
  g_task_set_task_data (task, g_new0 (Save, 1), (GDestroyNotify)save_free);
  if (ask_name || !riposte_document_get_file (riposte_editor_page_get_document (self)))
    choose_file (task);
  else
    write_document (task);
}

gboolean
riposte_editor_page_save_finish (RiposteEditorPage *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
