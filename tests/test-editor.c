/* The editor pane as a widget in a window: pages, opening, closing. */
#include "editor-pane.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static gboolean
is_ready (gpointer data)
{
  return riposte_editor_page_is_ready (riposte_editor_get_page (data));
}

static void
test_empty (Pane *pane, gconstpointer data)
{
  g_assert_cmpuint (riposte_editor_get_n_pages (pane->editor), ==, 0);
  g_assert_null (riposte_editor_dup_title (pane->editor));
  g_assert_null (riposte_editor_dup_text (pane->editor));
  g_assert_null (riposte_editor_dup_selection (pane->editor));
  g_assert_null (riposte_editor_get_view (pane->editor));
  g_assert_false (riposte_editor_get_modified (pane->editor));
  /* nothing to do these with, and nothing breaks */
  activate (pane, "editor.save");
  activate (pane, "editor.close");
  activate (pane, "editor.find");
  activate (pane, "editor.next-tab");
}

static void
test_new_pages (Pane *pane, gconstpointer data)
{
  const char *const titles[] = { "Untitled", "Untitled 2", "Untitled 3" };

  for (gsize i = 0; i < G_N_ELEMENTS (titles); i++)
    {
      activate (pane, "editor.new");
      g_autofree char *title = riposte_editor_dup_title (pane->editor);
      g_assert_cmpstr (title, ==, titles[i]);
    }
  activate (pane, "editor.next-tab");
  g_autofree char *first = riposte_editor_dup_title (pane->editor);
  g_assert_cmpstr (first, ==, "Untitled");
  activate (pane, "editor.previous-tab");
  activate (pane, "editor.previous-tab");
  g_autofree char *second = riposte_editor_dup_title (pane->editor);
  g_assert_cmpstr (second, ==, "Untitled 2");
  activate (pane, "editor.close");
  g_assert_cmpuint (riposte_editor_get_n_pages (pane->editor), ==, 2);
  /* a number that is free again is taken */
  activate (pane, "editor.new");
  g_autofree char *again = riposte_editor_dup_title (pane->editor);
  g_assert_cmpstr (again, ==, "Untitled 2");
}

static void
test_open (Pane *pane, gconstpointer data)
{
  g_autoptr (GFile) one = write_file (&pane->files, "one.py", "x = 1\n", -1);
  g_autoptr (GFile) two = write_file (&pane->files, "two.c", "int y;\n", -1);
  g_autoptr (GFile) link = file_of (&pane->files, "link.py");

  g_assert_cmpint (symlink ("one.py", g_file_peek_path (link)), ==, 0);
  /* a new page that nothing was written on is taken */
  activate (pane, "editor.new");
  open_and_wait (pane, one);
  g_assert_cmpuint (riposte_editor_get_n_pages (pane->editor), ==, 1);
  assert_page_is (pane, "x = 1");
  g_assert_cmpstr (gtk_source_language_get_id (riposte_editor_get_language (pane->editor)), ==, "python3");
  open_and_wait (pane, two);
  g_assert_cmpuint (riposte_editor_get_n_pages (pane->editor), ==, 2);
  g_assert_true (g_file_equal (riposte_editor_get_file (pane->editor), two));
  /* what is open is gone to, by whatever name */
  open_and_wait (pane, one);
  g_assert_cmpuint (riposte_editor_get_n_pages (pane->editor), ==, 2);
  open_and_wait (pane, two);
  riposte_editor_open_file (pane->editor, link);
  wait_until (pane_has_title, &(PaneWanted){ pane->editor, "one.py" });
  g_assert_cmpuint (riposte_editor_get_n_pages (pane->editor), ==, 2);
}

static void
test_open_in_order (Pane *pane, gconstpointer data)
{
  AdwTabView *view = riposte_editor_get_tab_view (pane->editor);

  for (int i = 0; i < 8; i++)
    {
      g_autofree char *name = g_strdup_printf ("%d.txt", i);
      g_autoptr (GFile) file = write_file (&pane->files, name, name, -1);
      riposte_editor_open_file (pane->editor, file);
      /* twice at once is once */
      riposte_editor_open_file (pane->editor, file);
    }
  wait_until (pane_has_title, &(PaneWanted){ pane->editor, "7.txt" });
  g_assert_cmpint (adw_tab_view_get_n_pages (view), ==, 8);
  for (int i = 0; i < 8; i++)
    {
      g_autofree char *name = g_strdup_printf ("%d.txt", i);
      g_assert_cmpstr (adw_tab_page_get_title (adw_tab_view_get_nth_page (view, i)), ==, name);
    }
}

static void
test_open_fails (Pane *pane, gconstpointer data)
{
  g_autoptr (GFile) file = write_file (&pane->files, "binary", "a\0b", 3);

  open_and_wait (pane, file);
  g_assert_true (riposte_editor_page_has_failed (riposte_editor_get_page (pane->editor)));
  /* There is no text to save over it, or to find something in. */
  activate (pane, "editor.save");
  activate (pane, "editor.find");
  assert_file_is (file, "a\0b", 3);
  /* mended meanwhile */
  g_assert_true (g_file_set_contents (g_file_peek_path (file), "text\n", -1, NULL));
  gtk_widget_activate_action (GTK_WIDGET (riposte_editor_get_page (pane->editor)), "page.reload", NULL);
  wait_until (is_ready, pane->editor);
  assert_page_is (pane, "text");
}

static void
test_insert_code (Pane *pane, gconstpointer data)
{
  g_autoptr (GFile) binary = write_file (&pane->files, "binary", "a\0b", 3);

  riposte_editor_insert_code (pane->editor, "def f():\n    pass\n", "python");
  g_assert_cmpuint (riposte_editor_get_n_pages (pane->editor), ==, 1);
  assert_page_is (pane, "def f():\n    pass");
  g_assert_true (riposte_editor_get_modified (pane->editor));
  g_assert_cmpstr (gtk_source_language_get_id (riposte_editor_get_language (pane->editor)), ==, "python3");
  g_assert_true (gtk_widget_has_focus (GTK_WIDGET (riposte_editor_get_view (pane->editor))));
  riposte_editor_insert_code (pane->editor, "f()", "python");
  assert_page_is (pane, "def f():\n    passf()");
  gtk_text_buffer_undo (gtk_text_view_get_buffer (GTK_TEXT_VIEW (riposte_editor_get_view (pane->editor))));
  assert_page_is (pane, "def f():\n    pass");
  /* a page without a text is none to write on */
  open_and_wait (pane, binary);
  riposte_editor_insert_code (pane->editor, "x", NULL);
  g_assert_cmpuint (riposte_editor_get_n_pages (pane->editor), ==, 3);
  assert_page_is (pane, "x");
}

static AdwMessageDialog *
find_message_dialog (void)
{
  g_autoptr (GList) windows = gtk_window_list_toplevels ();

  for (GList *item = windows; item; item = item->next)
    if (ADW_IS_MESSAGE_DIALOG (item->data))
      return item->data;
  return NULL;
}

static void
answer_message_dialog (const char *response)
{
  AdwMessageDialog *dialog = find_message_dialog ();

  g_assert_nonnull (dialog);
  g_assert_true (adw_message_dialog_has_response (dialog, response));
  adw_message_dialog_response (dialog, response);
  gtk_window_destroy (GTK_WINDOW (dialog));
}

/* Nothing changes before the user has seen what would, and one step takes it back. */
static void
test_apply_code (Pane *pane, gconstpointer data)
{
  static const char before[] = "import sys\n\ndef one():\n    return 1\n\ndef two():\n    return 2";
  static const char after[] = "import sys\n\ndef one():\n    return 11\n\ndef two():\n    return 2";
  g_autoptr (GFile) file = write_file (&pane->files, "a.py", before, -1);
  g_autoptr (GFile) other = write_file (&pane->files, "b.py", "other\n", -1);

  g_assert_false (riposte_editor_apply_code (pane->editor, "x", NULL));
  open_and_wait (pane, file);
  open_and_wait (pane, other);
  g_assert_false (riposte_editor_apply_code (pane->editor, "x", "c.py"));
  /* the page that the path names, not the one in front */
  g_assert_true (riposte_editor_apply_code (pane->editor, "def one():\n    return 11\n", "a.py"));
  assert_page_is (pane, before);
  answer_message_dialog ("cancel");
  assert_page_is (pane, before);
  g_assert_true (riposte_editor_apply_code (pane->editor, "def one():\n    return 11\n", "a.py"));
  answer_message_dialog ("apply");
  assert_page_is (pane, after);
  gtk_text_buffer_undo (gtk_text_view_get_buffer (GTK_TEXT_VIEW (riposte_editor_get_view (pane->editor))));
  assert_page_is (pane, before);
  /* to its end */
  g_assert_true (riposte_editor_apply_code (pane->editor, "def two():\n    return 3\nprint (two ())\n", NULL));
  answer_message_dialog ("apply");
  assert_page_is (pane, "import sys\n\ndef one():\n    return 1\n\ndef two():\n    return 3\nprint (two ())");
  /* what says nowhere where it belongs is not guessed */
  g_assert_true (riposte_editor_apply_code (pane->editor, "nothing in common\n", NULL));
  g_assert_false (adw_message_dialog_has_response (find_message_dialog (), "apply"));
  answer_message_dialog ("cancel");
}

static void
test_modified_mark (Pane *pane, gconstpointer data)
{
  g_autoptr (GFile) file = write_file (&pane->files, "a.txt", "one\n", -1);

  open_and_wait (pane, file);
  AdwTabPage *tab = adw_tab_view_get_selected_page (riposte_editor_get_tab_view (pane->editor));
  g_assert_cmpstr (adw_tab_page_get_title (tab), ==, "a.txt");
  riposte_editor_insert_code (pane->editor, "new", NULL);
  g_assert_cmpstr (adw_tab_page_get_title (tab), ==, "• a.txt");
  g_assert_true (riposte_editor_get_modified (pane->editor));
  activate (pane, "editor.save");
  wait_until (pane_has_title, &(PaneWanted){ pane->editor, "a.txt" });
  g_assert_cmpstr (adw_tab_page_get_title (tab), ==, "a.txt");
  g_assert_false (riposte_editor_get_modified (pane->editor));
  assert_file_is (file, "new\none\n", -1);
}

static void
test_selection (Pane *pane, gconstpointer data)
{
  GtkTextIter start, end;
  gboolean has_selection = FALSE;

  riposte_editor_insert_code (pane->editor, "one two", NULL);
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (riposte_editor_get_view (pane->editor)));
  gtk_text_buffer_get_iter_at_offset (buffer, &start, 4);
  gtk_text_buffer_get_end_iter (buffer, &end);
  gtk_text_buffer_select_range (buffer, &start, &end);
  g_autofree char *text = riposte_editor_dup_selection (pane->editor);
  g_assert_cmpstr (text, ==, "two");
  g_object_get (pane->editor, "has-selection", &has_selection, NULL);
  g_assert_true (has_selection);
}

static void
test_go_to (Pane *pane, gconstpointer data)
{
  static const struct
  {
    int line, column, is_line, is_column;
  } rows[] = { { 2, 1, 1, 0 },  { 2, 3, 1, 2 }, { 2, 99, 1, 5 },
               { 99, 1, 2, 0 }, { 0, 0, 0, 0 }, { G_MAXINT, G_MAXINT, 2, 5 } };

  riposte_editor_insert_code (pane->editor, "first\nsecon\nthird", NULL);
  RiposteEditorPage *page = riposte_editor_get_page (pane->editor);
  GtkTextBuffer *buffer = GTK_TEXT_BUFFER (riposte_editor_page_get_document (page));
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      GtkTextIter caret;
      riposte_editor_page_go_to (page, rows[i].line, rows[i].column);
      gtk_text_buffer_get_iter_at_mark (buffer, &caret, gtk_text_buffer_get_insert (buffer));
      g_assert_cmpint (gtk_text_iter_get_line (&caret), ==, rows[i].is_line);
      g_assert_cmpint (gtk_text_iter_get_line_offset (&caret), ==, rows[i].is_column);
    }
}

/* ---- finding and replacing ---- */

typedef struct
{
  GtkTextBuffer *buffer;
  int offset, length;
} Selected;

static gboolean
is_selected (gpointer data)
{
  Selected *wanted = data;
  GtkTextIter start, end;

  gtk_text_buffer_get_selection_bounds (wanted->buffer, &start, &end);
  return gtk_text_iter_get_offset (&start) == wanted->offset
         && gtk_text_iter_get_offset (&end) == wanted->offset + wanted->length;
}

/* The widget that a .ui file calls @id. */
static gpointer
find_child (GtkWidget *widget, const char *id)
{
  if (g_strcmp0 (gtk_buildable_get_buildable_id (GTK_BUILDABLE (widget)), id) == 0)
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child; child = gtk_widget_get_next_sibling (child))
    {
      gpointer found = find_child (child, id);
      if (found)
        return found;
    }
  return NULL;
}

static gboolean
says (gpointer data)
{
  gpointer *pair = data;
  return g_strcmp0 (gtk_label_get_text (pair[0]), pair[1]) == 0;
}

static void
test_search (Pane *pane, gconstpointer data)
{
  riposte_editor_insert_code (pane->editor, "foo bar\nFoo\nfoobar", NULL);
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (riposte_editor_get_view (pane->editor)));
  GtkWidget *bar = GTK_WIDGET (riposte_editor_page_get_search_bar (riposte_editor_get_page (pane->editor)));
  GtkTextIter start;

  gtk_text_buffer_get_start_iter (buffer, &start);
  gtk_text_buffer_place_cursor (buffer, &start);
  activate (pane, "editor.find");
  GtkLabel *count = find_child (bar, "count");
  gtk_editable_set_text (find_child (bar, "entry"), "foo");
  wait_until (is_selected, &(Selected){ buffer, 0, 3 });
  wait_until (says, (gpointer[]){ count, "1 of 3" });
  activate (pane, "editor.find-next");
  wait_until (is_selected, &(Selected){ buffer, 8, 3 });
  activate (pane, "editor.find-next");
  wait_until (is_selected, &(Selected){ buffer, 12, 3 });
  wait_until (says, (gpointer[]){ count, "3 of 3" });
  /* round, in both directions */
  activate (pane, "editor.find-next");
  wait_until (is_selected, &(Selected){ buffer, 0, 3 });
  activate (pane, "editor.find-previous");
  wait_until (is_selected, &(Selected){ buffer, 12, 3 });
  gtk_widget_activate_action (bar, "search.case-sensitive", NULL);
  wait_until (says, (gpointer[]){ count, "2 of 2" });
  gtk_widget_activate_action (bar, "search.at-word-boundaries", NULL);
  wait_until (says, (gpointer[]){ count, "1 match" });
  gtk_editable_set_text (find_child (bar, "entry"), "nowhere");
  wait_until (says, (gpointer[]){ count, "No matches" });
  gtk_widget_activate_action (bar, "search.regex-enabled", NULL);
  gtk_editable_set_text (find_child (bar, "entry"), "(");
  wait_until (says, (gpointer[]){ count, "Invalid expression" });
}

static void
test_replace (Pane *pane, gconstpointer data)
{
  riposte_editor_insert_code (pane->editor, "a1 a2 a3", NULL);
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (riposte_editor_get_view (pane->editor)));
  GtkWidget *bar = GTK_WIDGET (riposte_editor_page_get_search_bar (riposte_editor_get_page (pane->editor)));
  GtkTextIter start;

  gtk_text_buffer_get_start_iter (buffer, &start);
  gtk_text_buffer_place_cursor (buffer, &start);
  activate (pane, "editor.replace");
  gtk_widget_activate_action (bar, "search.regex-enabled", NULL);
  gtk_editable_set_text (find_child (bar, "entry"), "a(\\d)");
  gtk_editable_set_text (find_child (bar, "replacement"), "b\\1");
  wait_until (is_selected, &(Selected){ buffer, 0, 2 });
  wait_until (says, (gpointer[]){ find_child (bar, "count"), "1 of 3" });
  gtk_widget_activate_action (bar, "search.replace", NULL);
  wait_until (is_selected, &(Selected){ buffer, 3, 2 });
  assert_page_is (pane, "b1 a2 a3");
  gtk_widget_activate_action (bar, "search.replace-all", NULL);
  assert_page_is (pane, "b1 b2 b3");
  /* all of it is one step */
  gtk_text_buffer_undo (buffer);
  assert_page_is (pane, "b1 a2 a3");
}

/* What is saved is then taken for what is on the page. */
static void
test_replace_while_saving (Pane *pane, gconstpointer data)
{
  g_autoptr (GFile) file = write_file (&pane->files, "a.txt", "a1 a2 a3\n", -1);

  open_and_wait (pane, file);
  RiposteEditorPage *page = riposte_editor_get_page (pane->editor);
  GtkWidget *bar = GTK_WIDGET (riposte_editor_page_get_search_bar (page));
  activate (pane, "editor.replace");
  gtk_editable_set_text (find_child (bar, "entry"), "a");
  gtk_editable_set_text (find_child (bar, "replacement"), "b");
  wait_until (says, (gpointer[]){ find_child (bar, "count"), "1 of 3" });
  activate (pane, "editor.save");
  g_assert_false (riposte_editor_page_is_ready (page));
  gtk_widget_activate_action (bar, "search.replace-all", NULL);
  wait_until (pane_has_title, &(PaneWanted){ pane->editor, "a.txt" });
  assert_file_is (file, "a1 a2 a3\n", -1);
  assert_page_is (pane, "a1 a2 a3");
}

/* ---- closing ---- */

static gboolean
is_empty (gpointer data)
{
  return riposte_editor_get_n_pages (data) == 0;
}

static void
test_close (Pane *pane, gconstpointer data)
{
  g_autoptr (GFile) file = write_file (&pane->files, "a.txt", "one\n", -1);

  open_and_wait (pane, file);
  activate (pane, "editor.close");
  g_assert_cmpuint (riposte_editor_get_n_pages (pane->editor), ==, 0);

  open_and_wait (pane, file);
  riposte_editor_insert_code (pane->editor, "new", NULL);
  activate (pane, "editor.close");
  answer ("cancel");
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_cmpuint (riposte_editor_get_n_pages (pane->editor), ==, 1);
  assert_page_is (pane, "new\none");

  activate (pane, "editor.close");
  answer ("discard");
  wait_until (is_empty, pane->editor);
  assert_file_is (file, "one\n", -1);

  open_and_wait (pane, file);
  riposte_editor_insert_code (pane->editor, "new", NULL);
  activate (pane, "editor.close");
  answer ("save");
  wait_until (is_empty, pane->editor);
  assert_file_is (file, "new\none\n", -1);
}

static void
test_save_over_change (Pane *pane, gconstpointer data)
{
  g_autoptr (GFile) file = write_file (&pane->files, "a.txt", "one\n", -1);

  open_and_wait (pane, file);
  riposte_editor_insert_code (pane->editor, "mine", NULL);
  g_usleep (20000);
  g_assert_true (g_file_set_contents (g_file_peek_path (file), "theirs\n", -1, NULL));
  activate (pane, "editor.save");
  for (int i = 0; i < 2000 && !find_dialog (); i++)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (1000);
  assert_file_is (file, "theirs\n", -1);
  answer ("again");
  wait_until (pane_has_title, &(PaneWanted){ pane->editor, "a.txt" });
  assert_file_is (file, "mine\none\n", -1);
}

static void
test_close_all (Pane *pane, gconstpointer data)
{
  g_autoptr (GFile) one = write_file (&pane->files, "one.txt", "1\n", -1);
  g_autoptr (GFile) two = write_file (&pane->files, "two.txt", "2\n", -1);
  g_autoptr (GFile) same = write_file (&pane->files, "same.txt", "3\n", -1);

  g_assert_cmpint (close_all (pane, NULL), ==, 1);
  open_and_wait (pane, one);
  riposte_editor_insert_code (pane->editor, "a", NULL);
  open_and_wait (pane, two);
  riposte_editor_insert_code (pane->editor, "b", NULL);
  open_and_wait (pane, same);
  g_assert_cmpint (close_all (pane, "cancel"), ==, -1);
  g_assert_cmpuint (riposte_editor_get_n_pages (pane->editor), ==, 3);
  g_assert_cmpint (close_all (pane, "save"), ==, 1);
  g_assert_cmpuint (riposte_editor_get_n_pages (pane->editor), ==, 0);
  assert_file_is (one, "a\n1\n", -1);
  assert_file_is (two, "b\n2\n", -1);

  open_and_wait (pane, one);
  riposte_editor_insert_code (pane->editor, "c", NULL);
  g_assert_cmpint (close_all (pane, "discard"), ==, 1);
  g_assert_cmpuint (riposte_editor_get_n_pages (pane->editor), ==, 0);
  assert_file_is (one, "a\n1\n", -1);
}

/* A page that goes while it loads. */
static void
test_close_while_loading (Pane *pane, gconstpointer data)
{
  g_autofree char *text = g_strnfill (8 * 1024 * 1024, 'x');
  g_autoptr (GFile) file = NULL;

  for (gsize i = 79; i < 8 * 1024 * 1024; i += 80)
    text[i] = '\n';
  file = write_file (&pane->files, "big.txt", text, -1);
  riposte_editor_open_file (pane->editor, file);
  while (riposte_editor_get_n_pages (pane->editor) == 0)
    g_main_context_iteration (NULL, TRUE);
  activate (pane, "editor.close");
  g_assert_cmpuint (riposte_editor_get_n_pages (pane->editor), ==, 0);
}

static GtkWrapMode
get_wrap_mode (Pane *pane)
{
  return gtk_text_view_get_wrap_mode (GTK_TEXT_VIEW (riposte_editor_get_view (pane->editor)));
}

/* In the pages that are there, and in new ones. */
static void
test_wrap_lines (Pane *pane, gconstpointer data)
{
  activate (pane, "editor.new");
  g_assert_cmpint (get_wrap_mode (pane), ==, GTK_WRAP_WORD_CHAR);
  activate (pane, "editor.wrap-lines");
  g_assert_cmpint (get_wrap_mode (pane), ==, GTK_WRAP_NONE);
  activate (pane, "editor.new");
  g_assert_cmpint (get_wrap_mode (pane), ==, GTK_WRAP_NONE);
  g_object_set (pane->editor, "wrap-lines", TRUE, NULL);
  g_assert_cmpint (get_wrap_mode (pane), ==, GTK_WRAP_WORD_CHAR);
}

static void
test_shortcuts (Pane *pane, gconstpointer data)
{
  gsize n;
  const RiposteEditorShortcut *shortcuts = riposte_editor_get_shortcuts (&n);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  g_assert_cmpuint (n, >, 10);
  for (gsize i = 0; i < n; i++)
    {
      guint key;
      GdkModifierType modifiers;
      g_assert_true (gtk_accelerator_parse (shortcuts[i].accelerator, &key, &modifiers));
      g_assert_true (g_hash_table_add (seen, (gpointer)shortcuts[i].accelerator));
      g_assert_cmpuint (strlen (shortcuts[i].title), >, 0);
    }
}

int
main (int argc, char **argv)
{
  static const PaneCase cases[] = {
    { "empty", test_empty },
    { "new-pages", test_new_pages },
    { "open", test_open },
    { "open-in-order", test_open_in_order },
    { "open-fails", test_open_fails },
    { "insert-code", test_insert_code },
    { "apply-code", test_apply_code },
    { "modified-mark", test_modified_mark },
    { "selection", test_selection },
    { "go-to", test_go_to },
    { "search", test_search },
    { "replace", test_replace },
    { "replace-while-saving", test_replace_while_saving },
    { "close", test_close },
    { "save-over-change", test_save_over_change },
    { "close-all", test_close_all },
    { "close-while-loading", test_close_while_loading },
    { "wrap-lines", test_wrap_lines },
    { "shortcuts", test_shortcuts },
  };

  return pane_run (argc, argv, cases, G_N_ELEMENTS (cases));
}
