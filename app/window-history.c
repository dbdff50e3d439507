/* What can be done with kept conversations: rename, pin, delete and bring back, search, export and import. */
#include "window-private.h"

#include "plain-text.h"
#include "store/chat-file.h"

#include <glib/gi18n.h>

static void
show_problem (RiposteWindow *self, const char *heading, const GError *error)
{
  g_autofree char *plain = riposte_plain_text (error->message, -1);
  GtkWidget *dialog = adw_message_dialog_new (GTK_WINDOW (self), heading, plain);

  adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), "close", _ ("_Close"));
  gtk_window_present (GTK_WINDOW (dialog));
}

static const char *
get_title (RiposteConversation *conversation)
{
  const char *title = riposte_conversation_get_title (conversation);

  return title && *title ? title : _ ("New Chat");
}

/* ---- the one that is selected ---- */

static void
on_rename_response (AdwMessageDialog *dialog, const char *response, GtkEditable *entry)
{
  RiposteConversation *conversation = g_object_get_data (G_OBJECT (dialog), "chat");
  g_autofree char *title = riposte_title_of_text (gtk_editable_get_text (entry), 200);

  if (g_strcmp0 (response, "rename") == 0 && *title)
    riposte_conversation_rename (conversation, title);
}

static void
on_rename_chat (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RiposteWindow *self = user_data;
  GtkWidget *dialog = adw_message_dialog_new (GTK_WINDOW (self), _ ("Rename Chat"), NULL);
  GtkWidget *entry = gtk_entry_new ();
  const char *title = riposte_conversation_get_title (self->conversation);

  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "cancel", _ ("_Cancel"), "rename", _ ("_Rename"),
                                    NULL);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "rename", ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "rename");
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "cancel");
  gtk_editable_set_text (GTK_EDITABLE (entry), title ? title : "");
  gtk_entry_set_activates_default (GTK_ENTRY (entry), TRUE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (entry), GTK_ACCESSIBLE_PROPERTY_LABEL, _ ("Title"), -1);
  adw_message_dialog_set_extra_child (ADW_MESSAGE_DIALOG (dialog), entry);
  g_object_set_data_full (G_OBJECT (dialog), "chat", g_object_ref (self->conversation), g_object_unref);
  g_signal_connect (dialog, "response", G_CALLBACK (on_rename_response), entry);
  gtk_window_present (GTK_WINDOW (dialog));
  gtk_widget_grab_focus (entry);
}

static void
on_pin_chat (GSimpleAction *action, GVariant *state, gpointer user_data)
{
  g_simple_action_set_state (action, state);
  riposte_conversation_set_pinned (RIPOSTE_WINDOW (user_data)->conversation, g_variant_get_boolean (state));
}

static void
on_undo_delete (AdwToast *toast, RiposteWindow *self)
{
  riposte_chat_list_restore (self->chats, g_object_get_data (G_OBJECT (toast), "removed"));
}

static void
on_delete_chat (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RiposteWindow *self = user_data;
  g_autofree char *escaped = g_markup_escape_text (get_title (self->conversation), -1);
  /* Translators: %s is the title of a chat */
  g_autofree char *text = g_strdup_printf (_ ("“%s” deleted"), escaped);
  AdwToast *toast = adw_toast_new (text);

  riposte_conversation_stop (self->conversation);
  riposte_chat_pane_set_draft (self->chat, NULL); /* that of a deleted chat is not kept either */
  adw_toast_set_button_label (toast, _ ("_Undo"));
  adw_toast_set_timeout (toast, RIPOSTE_TOAST_SECONDS);
  adw_toast_set_priority (toast, ADW_TOAST_PRIORITY_HIGH); /* what was deleted before comes again behind it */
  g_object_set_data_full (G_OBJECT (toast), "removed", riposte_chat_list_remove_selected (self->chats), g_object_unref);
  g_signal_connect_object (toast, "button-clicked", G_CALLBACK (on_undo_delete), self, 0);
  riposte_window_add_toast (self, toast);
}

/* ---- search ---- */

static void
on_search_chats (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RiposteWindow *self = user_data;

  adw_flap_set_reveal_flap (self->flap, TRUE);
  riposte_chat_search_start (self->search);
}

void
riposte_window_show_found (RiposteWindow *self, const char *conversation, const char *message, const char *words)
{
  if (!riposte_chat_list_select (self->chats, conversation))
    return;
  if (self->folded)
    riposte_window_show_chat (self);
  if (message)
    riposte_chat_pane_show_message (self->chat, message, words);
}

/* ---- files ---- */

static GtkFileFilter *
filter_new (RiposteFileFormat format)
{
  gboolean json = format == RIPOSTE_FILE_JSON;
  GtkFileFilter *filter = gtk_file_filter_new ();

  gtk_file_filter_set_name (filter, json ? _ ("Chats (JSON)") : _ ("Markdown"));
  gtk_file_filter_add_pattern (filter, json ? "*.json" : "*.md");
  return filter;
}

static GtkNativeDialog *
chooser_new (RiposteWindow *self,
             const char *title,
             GtkFileChooserAction action,
             const char *accept,
             GCallback response)
{
  GtkFileChooserNative *dialog = gtk_file_chooser_native_new (title, GTK_WINDOW (self), action, accept, NULL);

  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  g_signal_connect_object (dialog, "response", response, self, 0);
  return GTK_NATIVE_DIALOG (dialog);
}

static void
on_exported (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RiposteWindow) self = user_data;
  g_autoptr (GError) error = NULL;

  if (riposte_transfer_export_finish (result, &error))
    riposte_window_show_toast (self, _ ("Exported"));
  else
    show_problem (self, _ ("The Chats Could Not Be Exported"), error);
}

static void
on_export_response (GtkNativeDialog *dialog, int response, RiposteWindow *self)
{
  g_autoptr (GFile) file
    = response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog)) : NULL;
  RiposteFileFormat format = GPOINTER_TO_INT (g_object_get_data (G_OBJECT (dialog), "format"));
  const char *conversation = g_object_get_data (G_OBJECT (dialog), "conversation");

  if (file)
    riposte_transfer_export_async (self->store, conversation, format, file, on_exported, g_object_ref (self));
  g_object_unref (dialog);
}

/* @conversation (nullable): this one, or all. */
static void
export_chats (RiposteWindow *self, RiposteConversation *conversation, GVariant *format_name)
{
  RiposteFileFormat format
    = g_str_equal (g_variant_get_string (format_name, NULL), "json") ? RIPOSTE_FILE_JSON : RIPOSTE_FILE_MARKDOWN;
  GtkNativeDialog *dialog = chooser_new (self, conversation ? _ ("Export Chat") : _ ("Export All Chats"),
                                         GTK_FILE_CHOOSER_ACTION_SAVE, _ ("_Export"), G_CALLBACK (on_export_response));
  g_autofree char *base = riposte_archive_file_name (conversation ? get_title (conversation) : _ ("Chats"));
  g_autofree char *name = g_strconcat (base, format == RIPOSTE_FILE_JSON ? ".json" : ".md", NULL);
  g_autoptr (GtkFileFilter) filter = filter_new (format);

  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (dialog), name);
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (dialog), filter);
  g_object_set_data (G_OBJECT (dialog), "format", GINT_TO_POINTER (format));
  if (conversation)
    g_object_set_data_full (G_OBJECT (dialog), "conversation", g_strdup (riposte_conversation_get_id (conversation)),
                            g_free);
  gtk_native_dialog_show (dialog);
}

static void
on_export_chat (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  export_chats (user_data, RIPOSTE_WINDOW (user_data)->conversation, parameter);
}

static void
on_export_all_chats (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  export_chats (user_data, NULL, parameter);
}

static char *
describe_imported (const RiposteImported *imported)
{
  guint n_known = imported->n_known + imported->n_extended;
  g_autofree char *added = g_strdup_printf (
    g_dngettext (NULL, "%u chat imported", "%u chats imported", imported->n_added), imported->n_added);
  g_autofree char *known = NULL;

  if (n_known == 0)
    return g_steal_pointer (&added);
  known = g_strdup_printf (g_dngettext (NULL, "%u was there already", "%u were there already", n_known), n_known);
  if (imported->n_added == 0 && imported->n_extended == 0)
    return g_strdup (_ ("All of these chats were there already"));
  if (imported->n_extended)
    /* Translators: chats imported · chats that were there · and got messages */
    return g_strdup_printf (_ ("%s · %s · %u with new messages"), added, known, imported->n_extended);
  /* Translators: chats imported · chats that were there */
  return g_strdup_printf (_ ("%s · %s"), added, known);
}

static void
on_imported (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RiposteWindow) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RiposteImported) imported = riposte_transfer_import_finish (result, &error);
  g_autofree char *text = imported ? describe_imported (imported) : NULL;

  if (!imported)
    {
      show_problem (self, _ ("This File Cannot Be Imported"), error);
      return;
    }
  riposte_chat_list_refresh (self->chats, (const char *const *)imported->ids);
  riposte_window_show_toast (self, text);
}

static void
on_import_response (GtkNativeDialog *dialog, int response, RiposteWindow *self)
{
  g_autoptr (GFile) file
    = response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog)) : NULL;

  if (file)
    riposte_transfer_import_async (self->store, file, on_imported, g_object_ref (self));
  g_object_unref (dialog);
}

static void
on_import_chats (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  GtkNativeDialog *dialog = chooser_new (user_data, _ ("Import Chats"), GTK_FILE_CHOOSER_ACTION_OPEN, _ ("_Import"),
                                         G_CALLBACK (on_import_response));
  g_autoptr (GtkFileFilter) filter = filter_new (RIPOSTE_FILE_JSON);

  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (dialog), filter);
  gtk_native_dialog_show (dialog);
}

/* ---- actions ---- */

static const GActionEntry entries[] = {
  { .name = "rename-chat", .activate = on_rename_chat },
  { .name = "pin-chat", .state = "false", .change_state = on_pin_chat },
  { .name = "delete-chat", .activate = on_delete_chat },
  { .name = "search-chats", .activate = on_search_chats },
  { .name = "export-chat", .activate = on_export_chat, .parameter_type = "s" },
  { .name = "export-all-chats", .activate = on_export_all_chats, .parameter_type = "s" },
  { .name = "import-chats", .activate = on_import_chats },
};

void
riposte_window_add_history_actions (RiposteWindow *self)
{
  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
}

void
riposte_window_update_history_actions (RiposteWindow *self)
{
  static const char *const of_a_chat[] = { "rename-chat", "pin-chat", "delete-chat", "export-chat" };
  gboolean kept = !riposte_conversation_is_empty (self->conversation);
  GAction *pin = g_action_map_lookup_action (G_ACTION_MAP (self), "pin-chat");

  for (gsize i = 0; i < G_N_ELEMENTS (of_a_chat); i++)
    g_simple_action_set_enabled (G_SIMPLE_ACTION (g_action_map_lookup_action (G_ACTION_MAP (self), of_a_chat[i])),
                                 kept);
  g_simple_action_set_state (G_SIMPLE_ACTION (pin),
                             g_variant_new_boolean (riposte_conversation_get_pinned (self->conversation)));
}
