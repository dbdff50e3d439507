#include "window-private.h"

#include "plain-text.h"
#include "model-menu.h"
#include "network/network.h"
#include "remote/service.h"
#include "settings.h"

#include <glib/gi18n.h>

G_DEFINE_FINAL_TYPE (RiposteWindow, riposte_window, ADW_TYPE_APPLICATION_WINDOW)

static void show_model (RiposteWindow *self);
static void on_generator_changed (RiposteWindow *self);

/* ---- the conversation that is selected ---- */

static void
on_title (RiposteWindow *self)
{
  const char *title = riposte_conversation_get_title (self->conversation);

  gtk_label_set_label (self->chat_title, title ? title : _ ("New Chat"));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->chat_title), title);
}

static void
on_chat_selected (RiposteWindow *self)
{
  RiposteConversation *conversation = riposte_chat_list_get_selected (self->chats);

  if (conversation == self->conversation)
    return;
  if (self->conversation)
    g_signal_handlers_disconnect_by_data (self->conversation, self);
  g_set_object (&self->conversation, conversation);
  riposte_answer_watch_add (self->watch, conversation);
  riposte_conversation_load (conversation);
  riposte_chat_pane_set_conversation (self->chat, conversation);
  riposte_status_line_set_conversation (self->status, conversation);
  g_signal_connect_object (conversation, "notify::title", G_CALLBACK (on_title), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (conversation, "notify::busy", G_CALLBACK (show_model), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (conversation, "notify::elsewhere", G_CALLBACK (show_model), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (conversation, "items-changed", G_CALLBACK (riposte_window_update_actions), self,
                           G_CONNECT_SWAPPED);
  on_title (self);
  on_generator_changed (self);
}

/* Back at the window, the answer is seen. */
static void
on_active (RiposteWindow *self)
{
  if (gtk_window_is_active (GTK_WINDOW (self)) && self->conversation)
    riposte_answer_watch_seen (self->watch, self->conversation);
}

void
riposte_window_show_chat_of_id (RiposteWindow *self, const char *id)
{
  if (!riposte_chat_list_select (self->chats, id))
    return;
  riposte_window_show_chat (self);
  riposte_chat_pane_focus_composer (self->chat);
  on_active (self);
}

static void
on_chat_added (RiposteWindow *self, RiposteConversation *conversation)
{
  riposte_title_maker_watch (self->titles, conversation);
}

static void
on_chat_activated (RiposteWindow *self)
{
  if (self->folded)
    riposte_window_show_chat (self);
  riposte_chat_pane_focus_composer (self->chat);
}

/* What could not be read before may be there now. */
static void
on_store_problem (RiposteWindow *self, RiposteStore *store)
{
  if (riposte_store_get_problem (store))
    return;
  riposte_chat_list_refresh (self->chats, NULL);
  riposte_conversation_load (self->conversation);
}

static AdwToast *
make_toast (const char *text)
{
  g_autofree char *plain = riposte_plain_text (text, -1);
  g_autofree char *escaped = g_markup_escape_text (plain, -1);

  return adw_toast_new (escaped);
}

void
riposte_window_add_toast (RiposteWindow *self, AdwToast *toast)
{
  gboolean covered = self->folded && adw_flap_get_reveal_flap (self->flap);

  if (gtk_widget_get_visible (self->chat_box) && !covered)
    riposte_chat_pane_add_toast (self->chat, toast);
  else
    adw_toast_overlay_add_toast (self->toasts, toast);
}

void
riposte_window_show_toast (RiposteWindow *self, const char *text)
{
  AdwToast *toast = make_toast (text);

  adw_toast_set_timeout (toast, RIPOSTE_TOAST_SECONDS);
  riposte_window_add_toast (self, toast);
}

static void
on_presets_problem (RiposteWindow *self, RipostePresets *presets)
{
  AdwToast *toast = make_toast (riposte_presets_get_problem (presets));

  adw_toast_set_timeout (toast, 0); /* until it was read */
  riposte_window_add_toast (self, toast);
}

/* ---- the model ---- */

/* Who answers in this chat: now, or when something is asked. */
static void
show_model (RiposteWindow *self)
{
  RiposteGenerator *generator = riposte_conversation_choose (self->conversation, RIPOSTE_GENERATOR (self->generator));
  const char *name = riposte_generator_get_name (generator);
  gboolean loading = riposte_generator_get_state (generator) == RIPOSTE_GENERATOR_LOADING;

  gtk_label_set_label (self->model_label, name ? name : loading ? _ ("Loading…") : _ ("No Model"));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->model_label), name);
  riposte_window_update_actions (self);
}

/* Who has forbidden services for a while is not taken back to one by allowing them again. */
static void
on_generator_changed (RiposteWindow *self)
{
  if (riposte_service_get_fallback () == RIPOSTE_FALLBACK_NEVER || !riposte_network_is_allowed ())
    riposte_conversation_set_elsewhere (self->conversation, FALSE);
  show_model (self);
}

/* Made when it opens: files come and go. */
static void
make_model_menu (GtkMenuButton *button, gpointer user_data)
{
  g_autofree char *dir = riposte_application_dup_models_dir ();
  g_autoptr (GMenuModel) menu
    = riposte_model_menu_new (GTK_WIDGET (button), RIPOSTE_WINDOW (user_data)->generator, dir);

  gtk_menu_button_set_menu_model (button, menu);
}

/* ---- files ---- */

static void
on_editor_title (RiposteWindow *self)
{
  g_autofree char *title = riposte_editor_dup_title (self->editor);

  adw_window_title_set_title (self->editor_title, title ? title : _ ("Editor"));
}

static gboolean
is_model (GFile *file)
{
  g_autofree char *name = g_file_get_basename (file);

  return name && g_str_has_suffix (name, ".gguf");
}

void
riposte_window_open_file (RiposteWindow *self, GFile *file)
{
  if (is_model (file))
    {
      riposte_window_load_model (self, file);
      return;
    }
  self->show_editor = TRUE;
  riposte_window_update_layout (self);
  riposte_editor_open_file (self->editor, file);
}

static gboolean
is_over_chat (RiposteWindow *self, double x, double y)
{
  GtkWidget *over = gtk_widget_pick (GTK_WIDGET (self), x, y, GTK_PICK_DEFAULT);

  return over && (over == GTK_WIDGET (self->chat) || gtk_widget_is_ancestor (over, GTK_WIDGET (self->chat)));
}

/* Shows which half would take what is dragged: @over is nullable. */
static void
mark_drop (RiposteWindow *self, GtkWidget *over)
{
  GtkWidget *const places[] = { GTK_WIDGET (self->chat), GTK_WIDGET (self->editor) };

  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    if (places[i] == over)
      gtk_widget_add_css_class (places[i], "drop-here");
    else
      gtk_widget_remove_css_class (places[i], "drop-here");
}

static GdkDragAction
on_drag_motion (GtkDropTarget *target, double x, double y, RiposteWindow *self)
{
  mark_drop (self, GTK_WIDGET (is_over_chat (self, x, y) ? (gpointer)self->chat : (gpointer)self->editor));
  return GDK_ACTION_COPY;
}

static void
on_drag_leave (RiposteWindow *self)
{
  mark_drop (self, NULL);
}

/* A file goes with the question where it is dropped on the chat, and is opened elsewhere; a model is loaded. */
static gboolean
on_drop (GtkDropTarget *target, const GValue *value, double x, double y, RiposteWindow *self)
{
  gboolean attach = is_over_chat (self, x, y);

  mark_drop (self, NULL);
  for (GSList *files = g_value_get_boxed (value); files; files = files->next)
    if (attach && !is_model (files->data))
      riposte_composer_attach_file (riposte_chat_pane_get_composer (self->chat), files->data);
    else
      riposte_window_open_file (self, files->data);
  return TRUE;
}

static gboolean
on_drop_text (GtkDropTarget *target, const GValue *value, double x, double y, RiposteWindow *self)
{
  return riposte_composer_drop_text (riposte_chat_pane_get_composer (self->chat),
                                     gtk_drop_target_get_current_drop (target), g_value_get_string (value));
}

static void
on_editor_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RiposteWindow) self = user_data;

  if (!riposte_editor_close_all_finish (RIPOSTE_EDITOR (source), result, NULL))
    return;
  self->may_close = TRUE;
  gtk_window_close (GTK_WINDOW (self));
}

/* ---- closing ---- */

static gboolean
close_now (gpointer self)
{
  gtk_window_close (self);
  return G_SOURCE_REMOVE;
}

/* The dialog, which the window takes with it, has still to do after this. */
static void
on_lose_response (AdwMessageDialog *dialog, const char *response, RiposteWindow *self)
{
  self->may_lose = g_strcmp0 (response, "close") == 0;
  if (self->may_lose)
    g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, close_now, g_object_ref (self), g_object_unref);
}

static void
ask_whether_to_lose (RiposteWindow *self, const GError *problem)
{
  GtkWidget *dialog = adw_message_dialog_new (GTK_WINDOW (self), _ ("Close Without Keeping Everything?"), NULL);

  adw_message_dialog_format_body (ADW_MESSAGE_DIALOG (dialog), _ ("%s. What was asked and answered since is lost."),
                                  problem->message);
  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "cancel", _ ("_Cancel"), "close", _ ("C_lose"), NULL);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "close", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "cancel");
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "cancel");
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_lose_response), self, 0);
  gtk_window_present (GTK_WINDOW (dialog));
}

static gboolean
riposte_window_close_request (GtkWindow *window)
{
  RiposteWindow *self = RIPOSTE_WINDOW (window);
  RiposteStore *store = riposte_application_get_store (RIPOSTE_APPLICATION (gtk_window_get_application (window)));

  if (!self->may_close && riposte_editor_get_modified (self->editor))
    {
      riposte_editor_close_all_async (self->editor, NULL, on_editor_closed, g_object_ref (self));
      return GDK_EVENT_STOP;
    }
  if (!self->may_lose && riposte_store_is_behind (store) && riposte_store_get_problem (store))
    {
      ask_whether_to_lose (self, riposte_store_get_problem (store));
      return GDK_EVENT_STOP;
    }
  riposte_session_close (self->session);
  return GTK_WINDOW_CLASS (riposte_window_parent_class)->close_request (window);
}

/* ---- object ---- */

static void
riposte_window_init (RiposteWindow *self)
{
  GtkDropTarget *drop = gtk_drop_target_new (GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);
  GtkDropTarget *text = gtk_drop_target_new (G_TYPE_STRING, GDK_ACTION_COPY);

  self->watch = riposte_answer_watch_new (GTK_WINDOW (self));
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect (self, "notify::is-active", G_CALLBACK (on_active), NULL);
  riposte_window_add_actions (self);
  riposte_settings_keep_window (GTK_WINDOW (self));
  riposte_settings_keep_pane (self->paned);
  riposte_settings_keep_wrap_lines (G_OBJECT (self->editor));
  riposte_window_set_up_layout (self);
  gtk_menu_button_set_create_popup_func (self->model_button, make_model_menu, self, NULL);
  /* before the editor, which would open a model as text */
  gtk_event_controller_set_propagation_phase (GTK_EVENT_CONTROLLER (drop), GTK_PHASE_CAPTURE);
  g_signal_connect (drop, "drop", G_CALLBACK (on_drop), self);
  g_signal_connect (drop, "motion", G_CALLBACK (on_drag_motion), self);
  g_signal_connect_swapped (drop, "leave", G_CALLBACK (on_drag_leave), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (drop));
  g_signal_connect (text, "drop", G_CALLBACK (on_drop_text), self);
  gtk_widget_add_controller (GTK_WIDGET (self->chat), GTK_EVENT_CONTROLLER (text));
  riposte_composer_set_editor (riposte_chat_pane_get_composer (self->chat), self->editor);
}

static void
riposte_window_dispose (GObject *object)
{
  RiposteWindow *self = RIPOSTE_WINDOW (object);

  if (self->conversation)
    {
      riposte_conversation_stop (self->conversation);
      g_signal_handlers_disconnect_by_data (self->conversation, self);
    }
  g_clear_object (&self->conversation);
  g_clear_object (&self->titles);
  g_clear_object (&self->store);
  g_clear_object (&self->watch);
  g_clear_object (&self->session);
  g_clear_object (&self->generator);
  if (self->models)
    gtk_window_destroy (self->models);
  g_clear_weak_pointer (&self->models);
  gtk_widget_dispose_template (GTK_WIDGET (self), RIPOSTE_TYPE_WINDOW);
  G_OBJECT_CLASS (riposte_window_parent_class)->dispose (object);
}

static void
bind_children (GtkWidgetClass *widget)
{
  gtk_widget_class_bind_template_child (widget, RiposteWindow, toasts);
  gtk_widget_class_bind_template_child (widget, RiposteWindow, flap);
  gtk_widget_class_bind_template_child (widget, RiposteWindow, paned);
  gtk_widget_class_bind_template_child (widget, RiposteWindow, chat_box);
  gtk_widget_class_bind_template_child (widget, RiposteWindow, editor_box);
  gtk_widget_class_bind_template_child (widget, RiposteWindow, back);
  gtk_widget_class_bind_template_child (widget, RiposteWindow, chats_header);
  gtk_widget_class_bind_template_child (widget, RiposteWindow, chat_header);
  gtk_widget_class_bind_template_child (widget, RiposteWindow, editor_header);
  gtk_widget_class_bind_template_child (widget, RiposteWindow, chat_title);
  gtk_widget_class_bind_template_child (widget, RiposteWindow, editor_title);
  gtk_widget_class_bind_template_child (widget, RiposteWindow, model_button);
  gtk_widget_class_bind_template_child (widget, RiposteWindow, model_label);
  gtk_widget_class_bind_template_child (widget, RiposteWindow, search);
  gtk_widget_class_bind_template_child (widget, RiposteWindow, chats);
  gtk_widget_class_bind_template_child (widget, RiposteWindow, chat);
  gtk_widget_class_bind_template_child (widget, RiposteWindow, editor);
  gtk_widget_class_bind_template_child (widget, RiposteWindow, announcer);
  gtk_widget_class_bind_template_child (widget, RiposteWindow, status);
}

static void
riposte_window_class_init (RiposteWindowClass *klass)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = riposte_window_dispose;
  GTK_WINDOW_CLASS (klass)->close_request = riposte_window_close_request;
  g_type_ensure (RIPOSTE_TYPE_ANNOUNCER);
  g_type_ensure (RIPOSTE_TYPE_CHAT_LIST);
  g_type_ensure (RIPOSTE_TYPE_CHAT_PANE);
  g_type_ensure (RIPOSTE_TYPE_CHAT_SEARCH);
  g_type_ensure (RIPOSTE_TYPE_EDITOR);
  g_type_ensure (RIPOSTE_TYPE_STATUS_LINE);
  gtk_widget_class_set_template_from_resource (widget, "/dev/riposte/Riposte/window.ui");
  bind_children (widget);
  gtk_widget_class_bind_template_callback (widget, on_chat_selected);
  gtk_widget_class_bind_template_callback (widget, on_chat_activated);
  gtk_widget_class_bind_template_callback (widget, on_chat_added);
  gtk_widget_class_bind_template_callback (widget, riposte_window_show_found);
  gtk_widget_class_bind_template_callback (widget, on_editor_title);
  gtk_widget_class_bind_template_callback (widget, riposte_window_complete);
  riposte_window_class_install_actions (widget);
}

static RiposteSession *
session_new (RiposteWindow *self)
{
  g_autofree char *path = g_build_filename (g_get_user_data_dir (), "riposte", "session.gvariant", NULL);

  return riposte_session_new (path, self->editor, self->chat);
}

RiposteWindow *
riposte_window_new (RiposteApplication *app)
{
  RiposteWindow *self = g_object_new (RIPOSTE_TYPE_WINDOW, "application", app, NULL);
  RiposteGenerator *generator;

  self->generator = g_object_ref (riposte_application_get_generator (app));
  generator = RIPOSTE_GENERATOR (self->generator);
  riposte_chat_pane_set_store (self->chat, riposte_application_get_store (app));
  g_signal_connect_object (riposte_application_get_store (app), "problem", G_CALLBACK (on_store_problem), self,
                           G_CONNECT_SWAPPED);
  riposte_chat_pane_set_presets (self->chat, riposte_application_get_presets (app));
  g_signal_connect_object (riposte_application_get_presets (app), "problem", G_CALLBACK (on_presets_problem), self,
                           G_CONNECT_SWAPPED);
  if (riposte_presets_get_problem (riposte_application_get_presets (app)))
    on_presets_problem (self, riposte_application_get_presets (app));
  riposte_chat_pane_set_sampler (self->chat, riposte_application_get_sampler (app));
  riposte_chat_pane_set_generator (self->chat, self->generator);
  riposte_status_line_set_generator (self->status, generator);
  riposte_status_line_set_context (self->status, riposte_chat_pane_get_context (self->chat));
  self->store = g_object_ref (riposte_application_get_store (app));
  self->titles = riposte_title_maker_new (generator);
  riposte_chat_search_set_store (self->search, self->store);
  riposte_chat_list_set_store (self->chats, self->store);
  riposte_chat_list_add (self->chats);
  self->session = session_new (self);
  g_signal_connect_object (generator, "changed", G_CALLBACK (on_generator_changed), self, G_CONNECT_SWAPPED);
  on_generator_changed (self);
  riposte_chat_pane_focus_composer (self->chat);
  return self;
}
