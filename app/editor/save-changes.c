#include "save-changes.h"

#include <glib/gi18n.h>

/* Pages to save, from the last; the boxes that say which. */
typedef struct
{
  GPtrArray *pages;
  GPtrArray *boxes; /* NULL where there is but one page */
} Changes;

static void
changes_free (Changes *changes)
{
  g_ptr_array_unref (changes->pages);
  g_clear_pointer (&changes->boxes, g_ptr_array_unref);
  g_free (changes);
}

static void save_next (GTask *task);

static void
on_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (!riposte_editor_page_save_finish (RIPOSTE_EDITOR_PAGE (source), result, &error))
    g_task_return_error (task, error);
  else
    save_next (g_steal_pointer (&task));
}

/* One after the other: each may ask something. */
static void
save_next (GTask *task)
{
  Changes *changes = g_task_get_task_data (task);

  if (changes->pages->len == 0)
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  g_autoptr (RiposteEditorPage) page = g_ptr_array_steal_index (changes->pages, changes->pages->len - 1);
  riposte_editor_page_save_async (page, FALSE, on_saved, task);
}

static void
on_response (AdwMessageDialog *dialog, const char *response, gpointer user_data)
{
  GTask *task = user_data;
  Changes *changes = g_task_get_task_data (task);

  if (g_str_equal (response, "cancel"))
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s", _ ("Not closed"));
      g_object_unref (task);
      return;
    }
  if (g_str_equal (response, "discard"))
    g_ptr_array_set_size (changes->pages, 0);
  for (guint i = changes->pages->len; changes->boxes && i-- > 0;)
    if (!gtk_check_button_get_active (g_ptr_array_index (changes->boxes, i)))
      g_ptr_array_remove_index (changes->pages, i);
  save_next (task);
}

static GtkWidget *
create_list (Changes *changes)
{
  GtkWidget *list = adw_preferences_group_new ();

  changes->boxes = g_ptr_array_new ();
  for (guint i = 0; i < changes->pages->len; i++)
    {
      RiposteDocument *document = riposte_editor_page_get_document (g_ptr_array_index (changes->pages, i));
      g_autofree char *title = riposte_document_dup_title (document);
      g_autofree char *escaped = g_markup_escape_text (title, -1);
      GtkWidget *row = adw_action_row_new (), *box = gtk_check_button_new ();

      gtk_check_button_set_active (GTK_CHECK_BUTTON (box), TRUE);
      gtk_widget_set_valign (box, GTK_ALIGN_CENTER);
      adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), escaped);
      adw_action_row_add_prefix (ADW_ACTION_ROW (row), box);
      adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), box);
      gtk_accessible_update_property (GTK_ACCESSIBLE (box), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
      if (riposte_document_get_file (document))
        {
          g_autoptr (GFile) folder = g_file_get_parent (riposte_document_get_file (document));
          g_autofree char *name = folder ? g_file_get_parse_name (folder) : NULL;
          g_autofree char *escaped_name = name ? g_markup_escape_text (name, -1) : NULL;
          adw_action_row_set_subtitle (ADW_ACTION_ROW (row), escaped_name ? escaped_name : "");
        }
      else
        adw_action_row_set_subtitle (ADW_ACTION_ROW (row), _ ("New file"));
      adw_preferences_group_add (ADW_PREFERENCES_GROUP (list), row);
      g_ptr_array_add (changes->boxes, box);
    }
  return list;
}

void
riposte_save_changes_async (GtkWindow *parent, GPtrArray *pages, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  Changes *changes = g_new0 (Changes, 1);

  g_return_if_fail (pages->len > 0);

  changes->pages = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < pages->len; i++)
    g_ptr_array_add (changes->pages, g_object_ref (g_ptr_array_index (pages, i)));
  g_task_set_source_tag (task, riposte_save_changes_async);
  g_task_set_task_data (task, changes, (GDestroyNotify)changes_free);

  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG (adw_message_dialog_new (parent, NULL, NULL));
  if (pages->len == 1)
    {
      RiposteDocument *document = riposte_editor_page_get_document (g_ptr_array_index (pages, 0));
      g_autofree char *title = riposte_document_dup_title (document);
      adw_message_dialog_format_heading (dialog, _ ("Save Changes to “%s”?"), title);
      adw_message_dialog_set_body (dialog, _ ("What is not saved is lost when the file is closed."));
    }
  else
    {
      adw_message_dialog_set_heading (dialog, _ ("Save Changes?"));
      adw_message_dialog_set_body (dialog, _ ("These files have changes that are lost unless they are saved."));
      adw_message_dialog_set_extra_child (dialog, create_list (changes));
    }
  adw_message_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "discard",
                                    pages->len == 1 ? _ ("_Discard") : _ ("_Discard All"), "save", _ ("_Save"), NULL);
  adw_message_dialog_set_response_appearance (dialog, "discard", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_response_appearance (dialog, "save", ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_default_response (dialog, "save");
  adw_message_dialog_set_close_response (dialog, "cancel");
  g_signal_connect (dialog, "response", G_CALLBACK (on_response), task);
  gtk_window_present (GTK_WINDOW (dialog));
}

gboolean
riposte_save_changes_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
