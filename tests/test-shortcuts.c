/* Whether the shortcuts window says what the keys do. */
#include "app/application.h"
#include "app/editor/riposte-editor.h"
#include "app/shortcuts-window.h"

/* What widgets bind for themselves, the text view of questions, the window and GTK. */
static const char *const widgets[] = { "Return", "<Shift>Return", "Escape", "F10", "Up", "Tab", NULL };

/* @shown counts how often each key stands there, as it is read; a row has one a line, which may break behind a "+". */
static void
count_shown (GHashTable *shown, GtkWidget *widget)
{
  if (GTK_IS_LABEL (widget) && gtk_widget_has_css_class (widget, "dim-label"))
    {
      g_auto (GStrv) parts = g_strsplit (gtk_label_get_text (GTK_LABEL (widget)), "\u200b", -1);
      g_autofree char *text = g_strjoinv ("", parts);
      g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

      for (guint i = 0; lines[i]; i++)
        {
          int n = GPOINTER_TO_INT (g_hash_table_lookup (shown, lines[i]));
          g_hash_table_insert (shown, g_strdup (lines[i]), GINT_TO_POINTER (n + 1));
        }
      return;
    }
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child; child = gtk_widget_get_next_sibling (child))
    count_shown (shown, child);
}

static void
expect (GHashTable *shown, const char *accelerator, const char *what)
{
  g_autofree char *label = NULL;
  GdkModifierType modifiers;
  guint key;

  gtk_accelerator_parse (accelerator, &key, &modifiers);
  label = gtk_accelerator_get_label (key, modifiers);
  if (GPOINTER_TO_INT (g_hash_table_lookup (shown, label)) != 1)
    {
      g_test_message ("%s (%s) is not shown once", accelerator, what);
      g_test_fail ();
    }
  g_hash_table_remove (shown, label);
}

static void
expect_of_application (GHashTable *shown, GtkApplication *application)
{
  g_auto (GStrv) actions = gtk_application_list_action_descriptions (application);

  g_assert_cmpuint (g_strv_length (actions), >, 20);
  for (char **action = actions; *action; action++)
    {
      g_auto (GStrv) accels = gtk_application_get_accels_for_action (application, *action);
      if (accels[0]) /* others stand in for it on other keyboards */
        expect (shown, accels[0], *action);
    }
}

/* Instead of opening the window of the program. */
static void
on_activate (GtkApplication *application)
{
  g_autoptr (GHashTable) shown = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GtkWidget *window = riposte_shortcuts_window_new (application, NULL);
  const RiposteEditorShortcut *editor;
  GHashTableIter iter;
  gpointer left;
  gsize n;

  count_shown (shown, window);
  expect_of_application (shown, application);
  editor = riposte_editor_get_shortcuts (&n);
  for (gsize i = 0; i < n; i++)
    expect (shown, editor[i].accelerator, editor[i].action);
  for (gsize i = 0; widgets[i]; i++)
    expect (shown, widgets[i], "a widget's own");
  g_hash_table_iter_init (&iter, shown);
  while (g_hash_table_iter_next (&iter, &left, NULL))
    {
      g_test_message ("%s is shown, and does nothing", (char *)left);
      g_test_fail ();
    }
  gtk_window_destroy (GTK_WINDOW (window));
  g_signal_stop_emission_by_name (application, "activate");
}

static void
test_every_key_is_shown_once (void)
{
  g_autoptr (RiposteApplication) application = riposte_application_new ();

  g_application_set_flags (G_APPLICATION (application), G_APPLICATION_NON_UNIQUE);
  g_signal_connect (application, "activate", G_CALLBACK (on_activate), NULL);
  g_assert_cmpint (g_application_run (G_APPLICATION (application), 0, NULL), ==, 0);
}

int
main (int argc, char **argv)
{
  adw_init ();
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/shortcuts/every-key-is-shown-once", test_every_key_is_shown_once);
  return g_test_run ();
}
