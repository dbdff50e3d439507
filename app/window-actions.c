/* What can be done in the window. */
#include "window-private.h"

#include "plain-text.h"
#include "chat/select-dialog.h"
#include "editor/patch.h"
#include "generate/remote-generator.h"
#include "models/model-manager.h"
#include "presets/preset-dialog.h"
#include "settings.h"
#include "zoom.h"

#include <glib/gi18n.h>

/* ---- chats ---- */

static void
on_new_chat (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RiposteWindow *self = user_data;

  riposte_chat_list_add (self->chats);
  riposte_window_show_chat (self);
  riposte_chat_pane_focus_composer (self->chat);
}

static void
on_next_chat (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  riposte_chat_list_move (RIPOSTE_WINDOW (user_data)->chats, 1);
}

static void
on_previous_chat (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  riposte_chat_list_move (RIPOSTE_WINDOW (user_data)->chats, -1);
}

/* ---- answers ---- */

static void
on_stop (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RiposteWindow *self = user_data;

  riposte_conversation_stop (self->conversation);
  riposte_chat_pane_focus_composer (self->chat);
}

static void
on_try_again (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  riposte_chat_pane_try_again (RIPOSTE_WINDOW (user_data)->chat);
}

static void
on_presets (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RiposteWindow *self = user_data;
  RiposteApplication *app = RIPOSTE_APPLICATION (gtk_window_get_application (GTK_WINDOW (self)));

  gtk_window_present (GTK_WINDOW (riposte_preset_dialog_new (GTK_WINDOW (self), riposte_application_get_presets (app),
                                                             riposte_local_generator_get_path (self->generator))));
}

static void
on_chat_settings (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RiposteWindow *self = user_data;
  RiposteApplication *app = RIPOSTE_APPLICATION (gtk_window_get_application (GTK_WINDOW (self)));

  gtk_window_present (GTK_WINDOW (
    riposte_preset_dialog_new_for_chat (GTK_WINDOW (self), riposte_application_get_presets (app), self->conversation)));
}

static void
on_make_room (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  riposte_window_make_room (user_data);
}

static void
on_take_back_in (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RiposteWindow *self = user_data;

  riposte_conversation_take_back_in (self->conversation);
  riposte_context_queue_update (riposte_chat_pane_get_context (self->chat));
}

static void
on_focus_composer (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RiposteWindow *self = user_data;

  riposte_window_show_chat (self);
  riposte_chat_pane_focus_composer (self->chat);
}

static RiposteMessage *
get_last_answer (RiposteWindow *self)
{
  RiposteMessage *last = riposte_conversation_get_last (self->conversation);

  return last && riposte_message_get_role (last) == RIPOSTE_ROLE_ASSISTANT ? last : NULL;
}

static void
copy (RiposteWindow *self, const char *text, const char *confirmation)
{
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), text);
  riposte_window_add_toast (self, adw_toast_new (confirmation));
}

static void
on_copy_answer (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RiposteWindow *self = user_data;
  RiposteMessage *answer = get_last_answer (self);
  g_autofree char *plain = answer ? riposte_plain_text (riposte_message_get_said (answer), -1) : NULL;

  if (plain)
    copy (self, plain, _ ("Answer copied"));
}

static void
on_select_text (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RiposteWindow *self = user_data;
  RiposteMessage *answer = get_last_answer (self);

  if (answer)
    riposte_select_dialog_present (GTK_WIDGET (self->chat), riposte_message_get_said (answer));
}

static void
say_no_code (RiposteWindow *self)
{
  riposte_window_add_toast (self, adw_toast_new (_ ("The last answer has no code")));
}

static void
on_copy_code (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RiposteWindow *self = user_data;
  RiposteMessage *answer = get_last_answer (self);
  g_autofree char *code = answer ? riposte_message_dup_last_code (answer, NULL) : NULL;

  if (code)
    copy (self, code, _ ("Code copied"));
  else
    say_no_code (self);
}

static void
insert_code (RiposteWindow *self, const char *code, const char *language)
{
  self->show_editor = TRUE;
  riposte_window_update_layout (self);
  riposte_editor_insert_code (self->editor, code, language);
}

static void
on_insert_code (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RiposteWindow *self = user_data;
  RiposteMessage *answer = get_last_answer (self);
  g_autofree char *language = NULL;
  g_autofree char *code = answer ? riposte_message_dup_last_code (answer, &language) : NULL;

  if (code)
    insert_code (self, code, language);
  else
    say_no_code (self);
}

/* "code.insert", of a block's button */
static void
on_insert_block (GtkWidget *widget, const char *name, GVariant *parameter)
{
  const char *code, *language;

  g_variant_get (parameter, "(&s&s)", &code, &language);
  insert_code (RIPOSTE_WINDOW (widget), code, language);
}

/* The files of a name below the current file's folder, and then below the folders around that. */
typedef struct
{
  RiposteWindow *window;
  GFile *folder;
  char *code, *language, *path;
} Search;

static void search_next (Search *search);

static void
search_free (Search *search)
{
  g_object_unref (search->window);
  g_clear_object (&search->folder);
  g_free (search->code);
  g_free (search->language);
  g_free (search->path);
  g_free (search);
}

static void
on_searched (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Search *search = user_data;
  g_autoptr (GFileInfo) info = g_file_query_info_finish (G_FILE (source), result, NULL);
  g_autoptr (GFile) folder = NULL;

  if (info && g_file_info_get_file_type (info) == G_FILE_TYPE_REGULAR)
    {
      riposte_editor_open_file (search->window->editor, G_FILE (source));
      riposte_window_add_toast (search->window, adw_toast_new (_ ("The file was opened. Apply the code once more.")));
      search_free (search);
      return;
    }
  folder = g_file_get_parent (search->folder);
  g_set_object (&search->folder, folder);
  search_next (search);
}

/* Where there is no such file, the code can be saved as one; a patch of one may be meant for what is shown. */
static void
search_next (Search *search)
{
  g_autoptr (GFile) file = search->folder ? g_file_resolve_relative_path (search->folder, search->path) : NULL;

  if (file)
    {
      g_file_query_info_async (file, G_FILE_ATTRIBUTE_STANDARD_TYPE, G_FILE_QUERY_INFO_NONE, G_PRIORITY_DEFAULT, NULL,
                               on_searched, search);
      return;
    }
  if (!riposte_patch_is_change (search->code)
      || !riposte_editor_apply_code (search->window->editor, search->code, NULL))
    riposte_editor_save_code (search->window->editor, search->code, *search->path ? search->path : NULL,
                              search->language);
  search_free (search);
}

/* "code.apply": to the file that the answer names, or to the current one. */
static void
on_apply_block (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RiposteWindow *self = RIPOSTE_WINDOW (widget);
  const char *code, *language, *path;
  GFile *current = riposte_editor_get_file (self->editor);
  Search *search;

  g_variant_get (parameter, "(&s&s&s)", &code, &language, &path);
  self->show_editor = TRUE;
  riposte_window_update_layout (self);
  if (riposte_editor_apply_code (self->editor, code, *path ? path : NULL))
    return;
  search = g_new0 (Search, 1);
  search->window = g_object_ref (self);
  search->folder = current && *path ? g_file_get_parent (current) : NULL;
  search->code = g_strdup (code);
  search->language = g_strdup (language);
  search->path = g_strdup (path);
  search_next (search);
}

/* "code.save" */
static void
on_save_block (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RiposteWindow *self = RIPOSTE_WINDOW (widget);
  const char *code, *language, *path;

  g_variant_get (parameter, "(&s&s&s)", &code, &language, &path);
  self->show_editor = TRUE;
  riposte_window_update_layout (self);
  riposte_editor_save_code (self->editor, code, *path ? path : NULL, language);
}

static void
on_link_response (AdwMessageDialog *dialog, const char *response, gpointer user_data)
{
  const char *url = g_object_get_data (G_OBJECT (dialog), "url");
  GtkWindow *window = gtk_window_get_transient_for (GTK_WINDOW (dialog));

  if (g_strcmp0 (response, "open") == 0)
    gtk_show_uri (window, url, GDK_CURRENT_TIME);
  else if (g_strcmp0 (response, "copy") == 0)
    gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (window)), url);
}

/* "link.open": an answer may say one address and mean another, so this shows the one it leads to. */
static void
on_open_link (GtkWidget *widget, const char *name, GVariant *parameter)
{
  const char *url = g_variant_get_string (parameter, NULL);
  g_autofree char *plain = riposte_plain_address (url);
  GtkWidget *dialog = adw_message_dialog_new (GTK_WINDOW (widget), _ ("Open This Link?"), plain);

  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "cancel", _ ("_Cancel"), "copy", _ ("C_opy"), "open",
                                    _ ("_Open in Browser"), NULL);
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "cancel");
  adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "cancel");
  g_object_set_data_full (G_OBJECT (dialog), "url", g_strdup (url), g_free);
  g_signal_connect (dialog, "response", G_CALLBACK (on_link_response), NULL);
  gtk_window_present (GTK_WINDOW (dialog));
}

/* ---- models ---- */

static void
use_model (RiposteWindow *self, const char *path)
{
  riposte_conversation_set_elsewhere (self->conversation, FALSE);
  riposte_local_generator_load (self->generator, path);
  riposte_settings_set_model (path);
}

void
riposte_window_load_model (RiposteWindow *self, GFile *file)
{
  g_autofree char *path = g_file_get_path (file);

  if (path)
    use_model (self, path);
  else
    riposte_window_add_toast (self, adw_toast_new (_ ("A model has to be a file on this machine")));
}

static void
on_model_chosen (GtkNativeDialog *dialog, int response, gpointer user_data)
{
  g_autoptr (RiposteWindow) self = user_data;
  g_autoptr (GFile) file
    = response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog)) : NULL;

  if (file)
    riposte_window_load_model (self, file);
  g_object_unref (dialog);
}

static GtkFileFilter *
filter_new (const char *name, const char *pattern)
{
  GtkFileFilter *filter = gtk_file_filter_new ();

  gtk_file_filter_set_name (filter, name);
  gtk_file_filter_add_pattern (filter, pattern);
  return filter;
}

static void
on_choose_model (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RiposteWindow *self = user_data;
  GtkFileChooserNative *dialog = gtk_file_chooser_native_new (_ ("Choose a Model"), GTK_WINDOW (self),
                                                              GTK_FILE_CHOOSER_ACTION_OPEN, _ ("_Choose"), NULL);
  g_autoptr (GtkFileFilter) models = filter_new (_ ("Models (GGUF)"), "*.gguf");
  g_autoptr (GtkFileFilter) all = filter_new (_ ("All Files"), "*");
  g_autofree char *dir = riposte_application_dup_models_dir ();
  g_autoptr (GFile) folder = g_file_new_for_path (dir);

  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (dialog), models);
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (dialog), all);
  if (g_file_test (dir, G_FILE_TEST_IS_DIR))
    gtk_file_chooser_set_current_folder (GTK_FILE_CHOOSER (dialog), folder, NULL);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  g_signal_connect (dialog, "response", G_CALLBACK (on_model_chosen), g_object_ref (self));
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

static void
choose_model_file (RiposteWindow *self)
{
  g_action_group_activate_action (G_ACTION_GROUP (self), "choose-model", NULL);
}

static void
on_models (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RiposteWindow *self = user_data;
  RiposteApplication *app = RIPOSTE_APPLICATION (gtk_window_get_application (GTK_WINDOW (self)));
  g_autofree char *dir = riposte_application_dup_models_dir ();

  if (!self->models)
    {
      g_set_weak_pointer (&self->models, riposte_model_manager_new (GTK_WINDOW (self), self->generator,
                                                                    riposte_application_get_downloads (app), dir));
      g_signal_connect_object (self->models, "chosen", G_CALLBACK (use_model), self, G_CONNECT_SWAPPED);
      g_signal_connect_object (self->models, "choose-file", G_CALLBACK (choose_model_file), self, G_CONNECT_SWAPPED);
    }
  gtk_window_present (self->models);
}

/* The path of the model that answers, where one does: back from a service, it need not be loaded again. */
static const char *
get_loaded (RiposteWindow *self)
{
  RiposteGeneratorState state = riposte_generator_get_state (RIPOSTE_GENERATOR (self->generator));
  gboolean good = state == RIPOSTE_GENERATOR_READY || state == RIPOSTE_GENERATOR_LOADING;
  const char *path = good ? riposte_local_generator_get_path (self->generator) : NULL;

  return path ? path : "";
}

static void
on_model (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RiposteWindow *self = user_data;
  const char *path = g_variant_get_bytestring (parameter);

  if (g_str_equal (path, get_loaded (self)))
    riposte_conversation_set_elsewhere (self->conversation, FALSE);
  else
    use_model (self, path);
}

/* For this chat. What it says first leaves this machine after a dialog, as the preferences have it. */
static void
on_service (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  riposte_service_choose (g_variant_get_string (parameter, NULL));
  riposte_conversation_set_elsewhere (RIPOSTE_WINDOW (user_data)->conversation, TRUE);
}

static void
on_reload_model (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RiposteWindow *self = user_data;
  const char *path = riposte_local_generator_get_path (self->generator);

  if (path)
    riposte_local_generator_load (self->generator, path);
}

static void
on_cancel_load (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  riposte_local_generator_cancel_load (RIPOSTE_WINDOW (user_data)->generator);
}

static void
on_model_menu (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  gtk_menu_button_popup (RIPOSTE_WINDOW (user_data)->model_button);
}

static void
on_device (GSimpleAction *action, GVariant *state, gpointer user_data)
{
  const char *device = g_variant_get_string (state, NULL);

  riposte_local_generator_set_device (RIPOSTE_WINDOW (user_data)->generator, device);
  riposte_settings_set_device (device);
}

/* ---- panes ---- */

static void
on_show_chats (GSimpleAction *action, GVariant *state, gpointer user_data)
{
  adw_flap_set_reveal_flap (RIPOSTE_WINDOW (user_data)->flap, g_variant_get_boolean (state));
}

static void
on_show_editor (GSimpleAction *action, GVariant *state, gpointer user_data)
{
  gboolean show = g_variant_get_boolean (state);

  riposte_window_show_editor (user_data, show);
  riposte_settings_set_show_editor (show);
}

static void
on_next_pane (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  riposte_window_move_pane (user_data, 1);
}

static void
on_previous_pane (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  riposte_window_move_pane (user_data, -1);
}

static const GActionEntry entries[] = {
  { .name = "new-chat", .activate = on_new_chat },
  { .name = "next-chat", .activate = on_next_chat },
  { .name = "previous-chat", .activate = on_previous_chat },
  { .name = "stop", .activate = on_stop },
  { .name = "try-again", .activate = on_try_again },
  { .name = "copy-answer", .activate = on_copy_answer },
  { .name = "select-text", .activate = on_select_text },
  { .name = "copy-code", .activate = on_copy_code },
  { .name = "insert-code", .activate = on_insert_code },
  { .name = "presets", .activate = on_presets },
  { .name = "chat-settings", .activate = on_chat_settings },
  { .name = "make-room", .activate = on_make_room },
  { .name = "take-back-in", .activate = on_take_back_in },
  { .name = "focus-composer", .activate = on_focus_composer },
  { .name = "choose-model", .activate = on_choose_model },
  { .name = "models", .activate = on_models },
  { .name = "model", .activate = on_model, .parameter_type = "ay", .state = "b''" },
  { .name = "service", .activate = on_service, .parameter_type = "s", .state = "''" },
  { .name = "reload-model", .activate = on_reload_model },
  { .name = "cancel-load", .activate = on_cancel_load },
  { .name = "model-menu", .activate = on_model_menu },
  { .name = "device", .parameter_type = "s", .state = "'auto'", .change_state = on_device },
  { .name = "next-pane", .activate = on_next_pane },
  { .name = "previous-pane", .activate = on_previous_pane },
  { .name = "show-chats", .state = "true", .change_state = on_show_chats },
  { .name = "show-editor", .state = "true", .change_state = on_show_editor },
};

void
riposte_window_class_install_actions (GtkWidgetClass *klass)
{
  gtk_widget_class_install_action (klass, "code.insert", "(ss)", on_insert_block);
  gtk_widget_class_install_action (klass, "code.apply", "(sss)", on_apply_block);
  gtk_widget_class_install_action (klass, "code.save", "(sss)", on_save_block);
  gtk_widget_class_install_action (klass, "link.open", "s", on_open_link);
}

void
riposte_window_add_actions (RiposteWindow *self)
{
  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
  riposte_window_add_branch_actions (self);
  riposte_window_add_editor_actions (self);
  riposte_window_add_history_actions (self);
  riposte_zoom_add_actions (G_ACTION_MAP (self));
}

static void
set_enabled (RiposteWindow *self, const char *name, gboolean enabled)
{
  g_simple_action_set_enabled (G_SIMPLE_ACTION (g_action_map_lookup_action (G_ACTION_MAP (self), name)), enabled);
}

static void
set_state (RiposteWindow *self, const char *name, GVariant *state)
{
  g_simple_action_set_state (G_SIMPLE_ACTION (g_action_map_lookup_action (G_ACTION_MAP (self), name)), state);
}

static const char *
get_service (RiposteGenerator *answering)
{
  return riposte_generator_is_local (answering)
           ? ""
           : riposte_remote_generator_get_id (RIPOSTE_REMOTE_GENERATOR (answering));
}

void
riposte_window_update_actions (RiposteWindow *self)
{
  RiposteGenerator *answering = riposte_conversation_choose (self->conversation, RIPOSTE_GENERATOR (self->generator));
  RiposteGeneratorState state = riposte_generator_get_state (answering);
  RiposteMessage *answer = get_last_answer (self);
  gboolean busy = riposte_conversation_get_busy (self->conversation);
  gboolean has_text = answer && *riposte_message_get_text (answer);
  gboolean local = riposte_generator_is_local (answering);
  riposte_window_update_branch_actions (self);
  set_enabled (self, "stop", busy);
  set_enabled (self, "try-again",
               riposte_conversation_can_try_again (self->conversation)
                 && (state == RIPOSTE_GENERATOR_READY || state == RIPOSTE_GENERATOR_LOADING));
  set_enabled (self, "copy-answer", has_text && !busy);
  set_enabled (self, "select-text", has_text && !busy);
  set_enabled (self, "copy-code", has_text && !busy);
  set_enabled (self, "insert-code", has_text && !busy);
  riposte_window_update_history_actions (self);
  set_enabled (self, "cancel-load", state == RIPOSTE_GENERATOR_LOADING);
  set_state (self, "device", g_variant_new_string (riposte_local_generator_get_device (self->generator)));
  set_state (self, "model", g_variant_new_bytestring (local ? get_loaded (self) : ""));
  set_state (self, "service", g_variant_new_string (get_service (answering)));
  set_enabled (self, "reload-model", riposte_local_generator_get_path (self->generator) != NULL);
}
