/* What can be done with the editor, from menus, buttons and keys. */
#include "riposte-editor-private.h"

#include <glib/gi18n.h>

static void
new_page (RiposteEditor *self)
{
  riposte_editor_add_page (self);
}

static void
on_files_chosen (GtkNativeDialog *dialog, int response, gpointer user_data)
{
  g_autoptr (RiposteEditor) self = user_data;
  g_autoptr (GListModel) files
    = response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_files (GTK_FILE_CHOOSER (dialog)) : NULL;

  for (guint i = 0; files && i < g_list_model_get_n_items (files); i++)
    {
      g_autoptr (GFile) file = g_list_model_get_item (files, i);
      riposte_editor_open_file (self, file);
    }
  g_object_unref (dialog);
}

static void
choose_files (RiposteEditor *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkFileChooserNative *dialog
    = gtk_file_chooser_native_new (_ ("Open File"), GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL,
                                   GTK_FILE_CHOOSER_ACTION_OPEN, _ ("_Open"), _ ("_Cancel"));
  GFile *current = riposte_editor_get_file (self);
  g_autoptr (GFile) folder = current ? g_file_get_parent (current) : NULL;

  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  gtk_file_chooser_set_select_multiple (GTK_FILE_CHOOSER (dialog), TRUE);
  if (folder)
    gtk_file_chooser_set_current_folder (GTK_FILE_CHOOSER (dialog), folder, NULL);
  g_signal_connect (dialog, "response", G_CALLBACK (on_files_chosen), g_object_ref (self));
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

/* What failed was shown, and what was cancelled is known. */
static void
on_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  riposte_editor_page_save_finish (RIPOSTE_EDITOR_PAGE (source), result, NULL);
}

static void
save_page (RiposteEditor *self, gboolean ask_name)
{
  RiposteEditorPage *page = riposte_editor_get_page (self);

  if (riposte_editor_page_is_ready (page))
    riposte_editor_page_save_async (page, ask_name, on_saved, NULL);
}

static void
save (RiposteEditor *self)
{
  save_page (self, FALSE);
}

static void
save_as (RiposteEditor *self)
{
  save_page (self, TRUE);
}

static void
save_all (RiposteEditor *self)
{
  AdwTabView *view = riposte_editor_get_tab_view (self);

  for (int i = 0; i < adw_tab_view_get_n_pages (view); i++)
    {
      RiposteEditorPage *page = RIPOSTE_EDITOR_PAGE (adw_tab_page_get_child (adw_tab_view_get_nth_page (view, i)));
      RiposteDocument *document = riposte_editor_page_get_document (page);
      /* An untitled one would ask for a name; the others need not. */
      if (riposte_editor_page_is_ready (page) && riposte_document_get_file (document)
          && gtk_text_buffer_get_modified (GTK_TEXT_BUFFER (document)))
        riposte_editor_page_save_async (page, FALSE, on_saved, NULL);
    }
}

static void
close_page (RiposteEditor *self)
{
  AdwTabView *view = riposte_editor_get_tab_view (self);
  adw_tab_view_close_page (view, adw_tab_view_get_selected_page (view));
}

static RiposteSearchBar *
search_bar (RiposteEditor *self)
{
  RiposteEditorPage *page = riposte_editor_get_page (self);
  return riposte_editor_page_has_failed (page) ? NULL : riposte_editor_page_get_search_bar (page);
}

static void
open_search (RiposteEditor *self, gboolean replace)
{
  RiposteSearchBar *bar = search_bar (self);

  if (bar)
    riposte_search_bar_open (bar, replace);
}

static void
find (RiposteEditor *self)
{
  open_search (self, FALSE);
}

static void
replace (RiposteEditor *self)
{
  open_search (self, TRUE);
}

static void
find_next (RiposteEditor *self)
{
  if (search_bar (self))
    riposte_search_bar_move (search_bar (self), TRUE);
}

static void
find_previous (RiposteEditor *self)
{
  if (search_bar (self))
    riposte_search_bar_move (search_bar (self), FALSE);
}

static void
go_to_line (RiposteEditor *self)
{
  riposte_editor_page_ask_line (riposte_editor_get_page (self));
}

/* What is asked for once more is asked anew. */
static void
complete (RiposteEditor *self)
{
  RiposteEditorPage *page = riposte_editor_get_page (self);
  GtkTextView *view = GTK_TEXT_VIEW (riposte_editor_page_get_view (page));
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (view);
  GtkTextIter caret;

  if (!riposte_editor_page_is_ready (page))
    return;
  gtk_text_buffer_get_iter_at_mark (buffer, &caret, gtk_text_buffer_get_insert (buffer));
  gtk_text_buffer_place_cursor (buffer, &caret); /* nothing is selected any more */
  gtk_widget_grab_focus (GTK_WIDGET (view));
  gtk_text_view_scroll_mark_onscreen (view, gtk_text_buffer_get_insert (buffer));
  riposte_editor_begin_ghost (self, view);
}

/* Round and round, as Ctrl+Tab does. */
static void
move_tab (RiposteEditor *self, int by)
{
  AdwTabView *view = riposte_editor_get_tab_view (self);
  int n = adw_tab_view_get_n_pages (view);
  int position = adw_tab_view_get_page_position (view, adw_tab_view_get_selected_page (view));

  adw_tab_view_set_selected_page (view, adw_tab_view_get_nth_page (view, (position + by + n) % n));
}

static void
next_tab (RiposteEditor *self)
{
  move_tab (self, 1);
}

static void
previous_tab (RiposteEditor *self)
{
  move_tab (self, -1);
}

static const struct
{
  const char *name;
  void (*run) (RiposteEditor *);
  gboolean needs_page;
} actions[] = {
  { "editor.new", new_page, FALSE },
  { "editor.open", choose_files, FALSE },
  { "editor.save", save, TRUE },
  { "editor.save-as", save_as, TRUE },
  { "editor.save-all", save_all, TRUE },
  { "editor.close", close_page, TRUE },
  { "editor.find", find, TRUE },
  { "editor.replace", replace, TRUE },
  { "editor.find-next", find_next, TRUE },
  { "editor.find-previous", find_previous, TRUE },
  { "editor.go-to-line", go_to_line, TRUE },
  { "editor.complete", complete, TRUE },
  { "editor.next-tab", next_tab, TRUE },
  { "editor.previous-tab", previous_tab, TRUE },
};

static const RiposteEditorShortcut shortcuts[] = {
  { "editor.new", "<Control>t", N_ ("New file"), TRUE },
  { "editor.open", "<Control>o", N_ ("Open a file"), TRUE },
  { "editor.save", "<Control>s", N_ ("Save"), TRUE },
  { "editor.save-as", "<Control><Shift>s", N_ ("Save as"), TRUE },
  { "editor.save-all", "<Control><Alt>s", N_ ("Save all"), TRUE },
  { "editor.close", "<Control>w", N_ ("Close the file"), FALSE },
  { "editor.find", "<Control>f", N_ ("Find"), FALSE },
  { "editor.find-next", "F3", N_ ("Next match"), FALSE },
  { "editor.find-previous", "<Shift>F3", N_ ("Previous match"), FALSE },
  { "editor.replace", "<Control>h", N_ ("Find and replace"), FALSE },
  { "editor.go-to-line", "<Control>g", N_ ("Go to line"), FALSE },
  { "editor.complete", "<Control>space", N_ ("Complete the code at the caret"), FALSE },
  { "editor.next-tab", "<Control>Page_Down", N_ ("Next file"), TRUE },
  { "editor.previous-tab", "<Control>Page_Up", N_ ("Previous file"), TRUE },
};

const RiposteEditorShortcut *
riposte_editor_get_shortcuts (gsize *n_shortcuts)
{
  *n_shortcuts = G_N_ELEMENTS (shortcuts);
  return shortcuts;
}

static void
activate (GtkWidget *widget, const char *name, GVariant *parameter)
{
  for (gsize i = 0; i < G_N_ELEMENTS (actions); i++)
    if (g_str_equal (actions[i].name, name)
        && (!actions[i].needs_page || riposte_editor_get_page (RIPOSTE_EDITOR (widget))))
      actions[i].run (RIPOSTE_EDITOR (widget));
}

void
riposte_editor_class_install_actions (GtkWidgetClass *widget_class)
{
  for (gsize i = 0; i < G_N_ELEMENTS (actions); i++)
    gtk_widget_class_install_action (widget_class, actions[i].name, NULL, activate);
}

void
riposte_editor_enable_actions (RiposteEditor *self)
{
  gboolean any = riposte_editor_get_page (self) != NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (actions); i++)
    if (actions[i].needs_page)
      gtk_widget_action_set_enabled (GTK_WIDGET (self), actions[i].name, any);
}

static void
add_controller (RiposteEditor *self, gboolean everywhere)
{
  GtkEventController *controller = gtk_shortcut_controller_new ();

  gtk_shortcut_controller_set_scope (GTK_SHORTCUT_CONTROLLER (controller),
                                     everywhere ? GTK_SHORTCUT_SCOPE_GLOBAL : GTK_SHORTCUT_SCOPE_LOCAL);
  /* Before the text view takes them for itself. */
  gtk_event_controller_set_propagation_phase (controller, GTK_PHASE_CAPTURE);
  for (gsize i = 0; i < G_N_ELEMENTS (shortcuts); i++)
    if (shortcuts[i].everywhere == everywhere)
      gtk_shortcut_controller_add_shortcut (
        GTK_SHORTCUT_CONTROLLER (controller),
        gtk_shortcut_new (gtk_shortcut_trigger_parse_string (shortcuts[i].accelerator),
                          gtk_named_action_new (shortcuts[i].action)));
  gtk_widget_add_controller (GTK_WIDGET (self), controller);
}

void
riposte_editor_add_shortcuts (RiposteEditor *self)
{
  add_controller (self, TRUE);
  add_controller (self, FALSE);
}
