/* What the editor comes back to after the next start. */
#include "editor-pane.h"

static gboolean
is_quiet (gpointer data)
{
  g_autoptr (GPtrArray) documents = riposte_editor_list_documents (data);

  return documents->len == riposte_editor_get_n_pages (data);
}

/* As after the next start: nothing is open but what the state has. */
static void
start_again (Pane *pane, GVariant *state)
{
  gtk_window_destroy (GTK_WINDOW (pane->window));
  pane->window = adw_window_new ();
  pane->editor = RIPOSTE_EDITOR (riposte_editor_new ());
  adw_window_set_content (ADW_WINDOW (pane->window), GTK_WIDGET (pane->editor));
  gtk_window_present (GTK_WINDOW (pane->window));
  riposte_editor_hold (pane->editor);
  riposte_editor_restore_state (pane->editor, state);
  wait_until (is_quiet, pane->editor);
}

static char *
describe (Pane *pane)
{
  g_autoptr (GPtrArray) documents = riposte_editor_list_documents (pane->editor);
  GString *all = g_string_new (NULL);

  for (guint i = 0; i < documents->len; i++)
    {
      g_autofree char *title = riposte_document_dup_title (documents->pdata[i]);
      g_autofree char *text = text_of (documents->pdata[i]);
      gboolean modified = gtk_text_buffer_get_modified (documents->pdata[i]);

      g_string_append_printf (all, "%s%s=%s;", modified ? "*" : "", title, text);
    }
  return g_string_free (all, FALSE);
}

static gboolean
is_changed_on_disk (gpointer page)
{
  return riposte_document_get_disk_state (riposte_editor_page_get_document (page)) == RIPOSTE_DISK_CHANGED;
}

static void
test_state (Pane *pane, gconstpointer data)
{
  g_autoptr (GFile) one = write_file (&pane->files, "one.txt", "1\n2\n3\n", -1);
  g_autoptr (GFile) two = write_file (&pane->files, "two.txt", "2\n", -1);
  g_autoptr (GFile) gone = write_file (&pane->files, "gone.txt", "3\n", -1);
  g_autoptr (GFile) lost = write_file (&pane->files, "lost.txt", "4\n", -1);
  g_autoptr (GVariant) state = NULL, empty = NULL, other = g_variant_ref_sink (g_variant_new_string ("no state"));
  g_autofree char *is = NULL;
  GtkTextIter caret;
  GtkTextBuffer *buffer;

  open_and_wait (pane, gone);
  open_and_wait (pane, lost);
  riposte_editor_insert_code (pane->editor, "draft", NULL);
  open_and_wait (pane, two);
  riposte_editor_insert_code (pane->editor, "b", NULL);
  activate (pane, "editor.new");
  riposte_editor_insert_code (pane->editor, "x = 1", "python");
  activate (pane, "editor.new");
  open_and_wait (pane, one);
  riposte_editor_page_go_to (riposte_editor_get_page (pane->editor), 3, 2);
  state = riposte_editor_dup_state (pane->editor);
  g_file_delete (gone, NULL, NULL);
  g_file_delete (lost, NULL, NULL);
  g_assert_true (g_file_replace_contents (two, "changed\n", 8, NULL, FALSE, 0, NULL, NULL, NULL));

  start_again (pane, state);
  is = describe (pane); /* the current one first */
  g_assert_cmpstr (is, ==, "one.txt=1\n2\n3;*two.txt=b\n2;*Untitled=x = 1;*Untitled 2=draft\n4;");
  buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (riposte_editor_get_view (pane->editor)));
  gtk_text_buffer_get_iter_at_mark (buffer, &caret, gtk_text_buffer_get_insert (buffer));
  g_assert_cmpint (gtk_text_iter_get_line (&caret), ==, 2);
  g_assert_cmpint (gtk_text_iter_get_line_offset (&caret), ==, 1);

  /* what another program wrote meanwhile is not overwritten unasked, and one step back leads to it */
  open_and_wait (pane, two);
  wait_until (is_changed_on_disk, riposte_editor_get_page (pane->editor));
  gtk_text_buffer_undo (gtk_text_view_get_buffer (GTK_TEXT_VIEW (riposte_editor_get_view (pane->editor))));
  assert_page_is (pane, "changed");

  /* what was discarded does not come back */
  g_assert_cmpint (close_all (pane, "discard"), ==, 1);
  empty = riposte_editor_dup_state (pane->editor);
  start_again (pane, empty);
  g_assert_cmpuint (riposte_editor_get_n_pages (pane->editor), ==, 0);
  start_again (pane, other);
  g_assert_cmpuint (riposte_editor_get_n_pages (pane->editor), ==, 0);
}

static void
keep_state (RiposteEditor *editor, GVariant **state)
{
  g_clear_pointer (state, g_variant_unref);
  *state = riposte_editor_dup_state (editor);
}

static void
test_state_at_the_end (Pane *pane, gconstpointer data)
{
  g_autoptr (GFile) one = write_file (&pane->files, "one.txt", "1\n", -1);
  g_autoptr (GVariant) state = NULL;
  g_autofree char *is = NULL;

  g_signal_connect (pane->editor, "closing", G_CALLBACK (keep_state), &state);
  open_and_wait (pane, one);
  riposte_editor_insert_code (pane->editor, "a", NULL);
  activate (pane, "editor.new");
  riposte_editor_insert_code (pane->editor, "b", NULL);
  g_assert_cmpint (close_all (pane, "discard"), ==, 1);
  g_assert_nonnull (state);
  start_again (pane, state);
  is = describe (pane);
  g_assert_cmpstr (is, ==, "one.txt=1;");
}

int
main (int argc, char **argv)
{
  static const PaneCase cases[] = {
    { "state", test_state },
    { "state-at-the-end", test_state_at_the_end },
  };

  return pane_run (argc, argv, cases, G_N_ELEMENTS (cases));
}
