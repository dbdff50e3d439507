#include "editor-pane.h"

static void
pane_set_up (Pane *pane, gconstpointer data)
{
  fixture_set_up (&pane->files, NULL);
  pane->window = adw_window_new ();
  pane->editor = RIPOSTE_EDITOR (riposte_editor_new ());
  adw_window_set_content (ADW_WINDOW (pane->window), GTK_WIDGET (pane->editor));
  gtk_window_set_default_size (GTK_WINDOW (pane->window), 1000, 700);
  gtk_window_present (GTK_WINDOW (pane->window));
}

static gboolean
is_null (gpointer data)
{
  return *(gpointer *)data == NULL;
}

/* Nothing keeps the pane alive. */
static void
pane_tear_down (Pane *pane, gconstpointer data)
{
  gpointer editor = pane->editor;

  g_object_add_weak_pointer (editor, &editor);
  gtk_window_destroy (GTK_WINDOW (pane->window));
  wait_until (is_null, &editor);
  fixture_tear_down (&pane->files, NULL);
}

static gboolean
is_settled (gpointer data)
{
  RiposteEditor *editor = data;
  RiposteEditorPage *page = riposte_editor_get_page (editor);

  return page && (riposte_editor_page_is_ready (page) || riposte_editor_page_has_failed (page))
         && riposte_document_get_file (riposte_editor_page_get_document (page));
}

gboolean
pane_has_title (gpointer data)
{
  PaneWanted *wanted = data;
  g_autofree char *title = riposte_editor_dup_title (wanted->editor);
  return g_strcmp0 (title, wanted->title) == 0 && is_settled (wanted->editor);
}

void
open_and_wait (Pane *pane, GFile *file)
{
  g_autofree char *name = g_file_get_basename (file);

  riposte_editor_open_file (pane->editor, file);
  wait_until (pane_has_title, &(PaneWanted){ pane->editor, name });
}

void
activate (Pane *pane, const char *action)
{
  gtk_widget_activate_action (GTK_WIDGET (pane->editor), action, NULL);
}

void
assert_page_is (Pane *pane, const char *text)
{
  g_autofree char *is = riposte_editor_dup_text (pane->editor);
  g_assert_cmpstr (is, ==, text);
}

AdwMessageDialog *
find_dialog (void)
{
  g_autoptr (GList) windows = gtk_window_list_toplevels ();

  for (GList *item = windows; item; item = item->next)
    if (ADW_IS_MESSAGE_DIALOG (item->data))
      return item->data;
  return NULL;
}

void
answer (const char *response)
{
  AdwMessageDialog *dialog = find_dialog ();

  g_assert_nonnull (dialog);
  adw_message_dialog_response (dialog, response);
  gtk_window_destroy (GTK_WINDOW (dialog));
}

static void
on_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (riposte_editor_close_all_finish (RIPOSTE_EDITOR (source), result, &error))
    *(int *)user_data = 1;
  else
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      *(int *)user_data = -1;
    }
}

static gboolean
is_answered (gpointer data)
{
  return *(int *)data != 0;
}

int
close_all (Pane *pane, const char *response)
{
  int result = 0;

  riposte_editor_close_all_async (pane->editor, NULL, on_closed, &result);
  if (response)
    answer (response);
  else
    g_assert_null (find_dialog ());
  wait_until (is_answered, &result);
  return result;
}

int
pane_run (int argc, char **argv, const PaneCase *cases, gsize n_cases)
{
  g_test_init (&argc, &argv, NULL);
  adw_init ();
  gtk_source_init ();
  for (gsize i = 0; i < n_cases; i++)
    {
      g_autofree char *path = g_strconcat ("/editor/", cases[i].path, NULL);
      g_test_add (path, Pane, NULL, pane_set_up, cases[i].run, pane_tear_down);
    }
  return g_test_run ();
}
