#include "shortcuts-window.h"

#include "editor/riposte-editor.h"

#include <glib/gi18n.h>

/* The first accelerator of each of @actions, as the application has them, and @keys, which widgets have for themselves. */
typedef struct
{
  const char *title;
  const char *actions[4];
  const char *keys[2];
} Shortcut;

static const Shortcut chats[] = {
  { N_ ("New chat"), { "win.new-chat" } },
  { N_ ("Next chat"), { "win.next-chat" } },
  { N_ ("Previous chat"), { "win.previous-chat" } },
  { N_ ("Rename the chat"), { "win.rename-chat" } },
  { N_ ("Pin the chat"), { "win.pin-chat" } },
  { N_ ("Search all chats"), { "win.search-chats" } },
  { N_ ("Delete the chat"), { "win.delete-chat" } },
  { N_ ("Show the chats"), { "win.show-chats" } },
  { NULL },
};

static const Shortcut conversation[] = {
  { N_ ("Write a question"), { "win.focus-composer" } },
  { N_ ("Send"), .keys = { "Return" } },
  { N_ ("Break the line"), .keys = { "<Shift>Return" } },
  { N_ ("Stop the answer"), { "win.stop" }, { "Escape" } },
  { N_ ("Try again"), { "win.try-again" } },
  { N_ ("Edit the last question"), { "win.edit-message('')" }, { "Up" } },
  { N_ ("Previous or next version"), { "win.previous-branch('')", "win.next-branch('')" } },
  { N_ ("Copy the answer"), { "win.copy-answer" } },
  { N_ ("Select text of the answer"), { "win.select-text" } },
  { N_ ("Copy the code of the answer"), { "win.copy-code" } },
  { N_ ("Insert the code into the editor"), { "win.insert-code" } },
  { N_ ("Ask about the code in the editor"), { "win.ask-about-code('')" } },
  { NULL },
};

static const Shortcut models[] = {
  { N_ ("Choose a model"), { "win.choose-model" } },
  { N_ ("Manage models"), { "win.models" } },
  { N_ ("Models and devices"), { "win.model-menu" } },
  { N_ ("Load again"), { "win.reload-model" } },
  { NULL },
};

static const Shortcut editor[] = {
  { N_ ("Show the editor"), { "win.show-editor" } },
  { N_ ("Take the completion"), .keys = { "Tab" } },
  { NULL }, /* and those that it says itself */
};

static const Shortcut general[] = {
  { N_ ("Main menu"), .keys = { "F10" } },
  { N_ ("Next or previous pane"), { "win.next-pane", "win.previous-pane" } },
  { N_ ("Preferences"), { "app.preferences" } },
  { N_ ("Larger, smaller or normal text"), { "win.zoom-in", "win.zoom-out", "win.zoom-normal" } },
  { N_ ("Keyboard shortcuts"), { "app.shortcuts" } },
  { N_ ("Close the window"), { "window.close" } },
  { N_ ("Quit"), { "app.quit" } },
  { NULL },
};

static char **
dup_labels (const char *const *accelerators)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (; *accelerators; accelerators++)
    {
      g_autofree char *label = NULL;
      GdkModifierType modifiers;
      guint key;

      gtk_accelerator_parse (*accelerators, &key, &modifiers);
      label = gtk_accelerator_get_label (key, modifiers);
      g_strv_builder_add (builder, label);
    }
  return g_strv_builder_end (builder);
}

/* As text, unlike a GtkShortcutLabel, the keys have room in a narrow window where text is large: they break. */
static void
add_row (AdwPreferencesGroup *group, const char *title, const char *const *accelerators)
{
  AdwActionRow *row = ADW_ACTION_ROW (adw_action_row_new ());
  g_auto (GStrv) labels = dup_labels (accelerators);
  g_autofree char *spoken = g_strjoinv (", ", labels), *lines = g_strjoinv ("\n", labels);
  g_auto (GStrv) parts = g_strsplit (lines, "+", -1);
  g_autofree char *breakable = g_strjoinv ("+\u200b", parts);
  GtkWidget *label = gtk_label_new (breakable);

  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_natural_wrap_mode (GTK_LABEL (label), GTK_NATURAL_WRAP_NONE);
  gtk_label_set_xalign (GTK_LABEL (label), 1);
  gtk_label_set_justify (GTK_LABEL (label), GTK_JUSTIFY_RIGHT);
  gtk_widget_add_css_class (label, "dim-label");
  adw_action_row_add_suffix (row, label);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, spoken, -1);
  adw_preferences_group_add (group, GTK_WIDGET (row));
}

static void
add_shortcut (AdwPreferencesGroup *group, GtkApplication *application, const Shortcut *shortcut)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) all = NULL;

  g_strv_builder_addv (builder, (const char **)shortcut->keys);
  for (const char *const *action = shortcut->actions; *action; action++)
    {
      g_auto (GStrv) accels = gtk_application_get_accels_for_action (application, *action);
      if (accels[0])
        g_strv_builder_add (builder, accels[0]);
    }
  all = g_strv_builder_end (builder);
  add_row (group, _ (shortcut->title), (const char *const *)all);
}

static AdwPreferencesGroup *
add_group (AdwPreferencesPage *page, GtkApplication *application, const char *title, const Shortcut *shortcuts)
{
  AdwPreferencesGroup *group = ADW_PREFERENCES_GROUP (adw_preferences_group_new ());

  adw_preferences_group_set_title (group, title);
  for (; shortcuts->title; shortcuts++)
    add_shortcut (group, application, shortcuts);
  adw_preferences_page_add (page, group);
  return group;
}

static void
add_editor (AdwPreferencesPage *page, GtkApplication *application)
{
  AdwPreferencesGroup *group = add_group (page, application, _ ("Editor"), editor);
  gsize n;
  const RiposteEditorShortcut *shortcuts = riposte_editor_get_shortcuts (&n);

  for (gsize i = 0; i < n; i++)
    add_row (group, _ (shortcuts[i].title), (const char *const[]){ shortcuts[i].accelerator, NULL });
}

GtkWidget *
riposte_shortcuts_window_new (GtkApplication *application, GtkWindow *parent)
{
  AdwPreferencesPage *page = ADW_PREFERENCES_PAGE (adw_preferences_page_new ());
  GtkWidget *window = g_object_new (ADW_TYPE_PREFERENCES_WINDOW, "transient-for", parent, "modal", TRUE, "title",
                                    _ ("Keyboard Shortcuts"), "default-width", 520, "default-height", 680, NULL);

  gtk_widget_set_size_request (window, 360, 240);
  adw_preferences_page_set_title (page, _ ("Keyboard Shortcuts"));
  add_group (page, application, _ ("Chats"), chats);
  add_group (page, application, _ ("Conversation"), conversation);
  add_group (page, application, _ ("Model"), models);
  add_editor (page, application);
  add_group (page, application, _ ("General"), general);
  adw_preferences_window_add (ADW_PREFERENCES_WINDOW (window), page);
  return window;
}
