/* What a model would write at the caret. */
#include "editor-pane.h"

#include <string.h>

static void
keep_ghost (RiposteEditor *editor, RiposteGhostText *ghost, RiposteGhostText **kept)
{
  g_set_object (kept, ghost);
}

static void
count (gpointer object, int *n)
{
  ++*n;
}

/* The caret goes to the end of @before, which is where the ghost is asked for. */
static RiposteGhostText *
ask_ghost (Pane *pane, const char *before, const char *behind, RiposteGhostText **kept)
{
  g_autofree char *text = g_strconcat (before, behind, NULL);
  GtkTextBuffer *buffer;
  GtkTextIter caret;

  activate (pane, "editor.new");
  buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (riposte_editor_get_view (pane->editor)));
  gtk_text_buffer_set_text (buffer, text, -1);
  gtk_text_buffer_get_iter_at_offset (buffer, &caret, (int)g_utf8_strlen (before, -1));
  gtk_text_buffer_place_cursor (buffer, &caret);
  activate (pane, "editor.complete");
  g_assert_nonnull (*kept);
  return *kept;
}

static void
test_ghost (Pane *pane, gconstpointer data)
{
  static const struct
  {
    const char *before, *behind, *pieces[4], *shown;
  } rows[] = {
    { "def f():", "\n\ndef g():\n", { "\n    ret", "urn 1\n", "\n", "def h():" }, "\n    return 1" },
    { "class A:\n  def f(self):\n", "", { "    pass\n\n  def g(self):", NULL }, "    pass\n\n  def g(self):" },
    { "  def f(self):", "", { "\n    pass\n\n  ", "def g(self):", NULL }, "\n    pass" },
    { "int f (void) {", "", { "\n  return 1;\n}\n", "\nint g", NULL }, "\n  return 1;\n}" },
    { "a = 1\n", "second ()\n", { "first ()\nsecond ()\nthird ()", NULL }, "first ()\nsecond ()\nthird ()" },
    { "a = 1\n", "\nsecond ()\n", { "first ()\nsecond ()\nth", "ird ()", NULL }, "first ()" },
    { "x = ", "(y)", { "f", NULL }, "f" },
  };
  g_autoptr (RiposteGhostText) ghost = NULL;

  g_signal_connect (pane->editor, "complete", G_CALLBACK (keep_ghost), &ghost);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *whole = g_strconcat (rows[i].before, rows[i].shown, rows[i].behind, NULL);
      g_autofree char *was = g_strconcat (rows[i].before, rows[i].behind, NULL);

      ask_ghost (pane, rows[i].before, rows[i].behind, &ghost);
      for (gsize j = 0; j < G_N_ELEMENTS (rows[i].pieces) && rows[i].pieces[j]; j++)
        if (!riposte_ghost_text_append (ghost, rows[i].pieces[j]))
          break;
      riposte_ghost_text_finish (ghost);
      g_assert_cmpstr (riposte_ghost_text_get_text (ghost), ==, rows[i].shown);
      assert_page_is (pane, was); /* it is not there yet */
      riposte_ghost_text_take (ghost);
      assert_page_is (pane, whole);
      gtk_text_buffer_undo (gtk_text_view_get_buffer (GTK_TEXT_VIEW (riposte_editor_get_view (pane->editor))));
      assert_page_is (pane, was);
    }
}

/* What has come of it, while more is on its way. */
static void
test_ghost_taken_early (Pane *pane, gconstpointer data)
{
  g_autoptr (RiposteGhostText) ghost = NULL;

  g_signal_connect (pane->editor, "complete", G_CALLBACK (keep_ghost), &ghost);
  ask_ghost (pane, "    return", "", &ghost);
  g_assert_true (riposte_ghost_text_append (ghost, " a - b"));
  g_assert_true (riposte_ghost_text_append (ghost, "\n\n"));
  riposte_ghost_text_take (ghost);
  g_assert_false (riposte_ghost_text_append (ghost, "def"));
  assert_page_is (pane, "    return a - b");
}

/* Who cannot see it is told once all of it is there, and only then. */
static void
test_ghost_finished (Pane *pane, gconstpointer data)
{
  g_autoptr (RiposteGhostText) ghost = NULL;
  int n_finished = 0;

  g_signal_connect (pane->editor, "complete", G_CALLBACK (keep_ghost), &ghost);
  ask_ghost (pane, "    return", "", &ghost);
  g_signal_connect (ghost, "finished", G_CALLBACK (count), &n_finished);
  riposte_ghost_text_set_hint (ghost, "Waiting");
  assert_page_is (pane, "    return");
  g_assert_true (riposte_ghost_text_append (ghost, " a"));
  g_assert_cmpint (n_finished, ==, 0);
  riposte_ghost_text_finish (ghost);
  g_assert_cmpint (n_finished, ==, 1);
  for (int empty = 0; empty < 2; empty++)
    {
      ask_ghost (pane, "    return", "", &ghost);
      g_signal_connect (ghost, "finished", G_CALLBACK (count), &n_finished);
      if (empty)
        riposte_ghost_text_append (ghost, " \n");
      else
        riposte_ghost_text_end (ghost);
      riposte_ghost_text_finish (ghost);
    }
  g_assert_cmpint (n_finished, ==, 1);
}

/* Whatever else is done ends it, and nothing of it stays. */
static void
test_ghost_ends (Pane *pane, gconstpointer data)
{
  g_autoptr (RiposteGhostText) ghost = NULL;
  int n_ended = 0;
  GtkTextBuffer *buffer;
  GtkTextIter start;

  g_signal_connect (pane->editor, "complete", G_CALLBACK (keep_ghost), &ghost);
  for (int i = 0; i < 3; i++)
    {
      ask_ghost (pane, "a", "b", &ghost);
      g_signal_connect (ghost, "ended", G_CALLBACK (count), &n_ended);
      buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (riposte_editor_get_view (pane->editor)));
      g_assert_true (riposte_ghost_text_append (ghost, "x\ny"));
      gtk_text_buffer_get_start_iter (buffer, &start);
      if (i == 0)
        gtk_text_buffer_insert (buffer, &start, "z", 1);
      else if (i == 1)
        gtk_text_buffer_place_cursor (buffer, &start);
      else
        activate (pane, "editor.complete"); /* anew */
      g_assert_cmpint (n_ended, ==, i + 1);
      g_assert_cmpint (riposte_ghost_text_append (ghost, "n"), ==, i == 2);
      gtk_text_buffer_get_start_iter (buffer, &start);
      if (i < 2)
        g_assert_null (gtk_text_iter_get_tags (&start));
    }
}

/* What was read of the text before stays the same while one writes on, so that it need not be read again. */
static void
test_ghost_prefix (Pane *pane, gconstpointer data)
{
  g_autoptr (RiposteGhostText) ghost = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *one = NULL, *two = NULL, *behind = NULL;

  for (int i = 0; i < 1000; i++)
    g_string_append_printf (text, "line %d \xc3\xa4\n", i);
  g_signal_connect (pane->editor, "complete", G_CALLBACK (keep_ghost), &ghost);
  one = riposte_ghost_text_dup_prefix (ask_ghost (pane, text->str, "behind\n", &ghost));
  g_string_append (text, "more");
  two = riposte_ghost_text_dup_prefix (ask_ghost (pane, text->str, text->str, &ghost));
  behind = riposte_ghost_text_dup_suffix (ghost);
  g_assert_true (g_str_has_prefix (two, one));
  g_assert_true (g_str_has_prefix (one, "line "));
  g_assert_cmpuint (strlen (one), >=, 1000);
  g_assert_cmpuint (strlen (two), <=, 2400);
  g_assert_true (g_str_has_prefix (behind, "line 0") && g_str_has_suffix (behind, "\n"));
  g_assert_cmpuint (strlen (behind), <=, 600);
}

/* As while the page is being saved. */
static void
test_ghost_not_editable (Pane *pane, gconstpointer data)
{
  g_autoptr (RiposteGhostText) ghost = NULL;

  g_signal_connect (pane->editor, "complete", G_CALLBACK (keep_ghost), &ghost);
  ask_ghost (pane, "a = ", "", &ghost);
  riposte_ghost_text_append (ghost, "1");
  gtk_text_view_set_editable (GTK_TEXT_VIEW (riposte_editor_get_view (pane->editor)), FALSE);
  riposte_ghost_text_take (ghost);
  assert_page_is (pane, "a = ");
}

int
main (int argc, char **argv)
{
  static const PaneCase cases[] = {
    { "ghost", test_ghost },
    { "ghost-taken-early", test_ghost_taken_early },
    { "ghost-not-editable", test_ghost_not_editable },
    { "ghost-finished", test_ghost_finished },
    { "ghost-ends", test_ghost_ends },
    { "ghost-prefix", test_ghost_prefix },
  };

  return pane_run (argc, argv, cases, G_N_ELEMENTS (cases));
}
