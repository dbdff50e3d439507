#include "chat/chat-pane.h"

#include "chat/composer.h"
#include "chat/drafts.h"
#include "chat/store-notice.h"
#include "chat/transcript.h"
#include "chat/welcome.h"
#include "generate/problem.h"
#include "generate/remote-generator.h"

#include <glib/gi18n.h>

struct _RiposteChatPane
{
  AdwBin parent;

  RiposteLocalGenerator *generator;
  RipostePresets *presets;
  RpSamplerOptions sampler;   /* of the command line */
  RpSamplerOptions effective; /* with what the chat and its preset set */
  RiposteConversation *conversation;
  RiposteContext *context;
  gboolean busy;               /* the conversation, when it was looked at last */
  RiposteMessage *editing;     /* (nullable) the question that is asked anew, or the answer that is put otherwise */
  char *draft;                 /* what was being written before */
  RiposteDrafts *drafts;       /* what waits for conversations that are not shown */
  char *wanted, *wanted_words; /* id of the message that is shown once it is there, and what is looked for in it */

  RiposteStoreNotice *store_notice;
  GtkRevealer *edit_bar;
  GtkLabel *edit_label;
  GtkRevealer *notice;
  GtkLabel *notice_label;
  GtkWidget *notice_retry;
  AdwToastOverlay *toasts;
  GtkStack *stack;
  RiposteWelcome *welcome;
  RiposteTranscript *transcript;
  RiposteComposer *composer;
};

G_DEFINE_FINAL_TYPE (RiposteChatPane, riposte_chat_pane, ADW_TYPE_BIN)

static guint drafts_changed_signal;

/* Who answers what is asked. */
static RiposteGenerator *
choose (RiposteChatPane *self)
{
  RiposteGenerator *generator = RIPOSTE_GENERATOR (self->generator);

  return self->conversation ? riposte_conversation_choose (self->conversation, generator)
                            : riposte_generator_choose (generator);
}

/* An empty conversation shows all this in the welcome page. */
static void
update_notice (RiposteChatPane *self, gboolean empty)
{
  RiposteGenerator *generator = choose (self);
  RiposteGeneratorState state = riposte_generator_get_state (generator);
  gboolean failed = state == RIPOSTE_GENERATOR_FAILED;
  const GError *error = riposte_generator_get_error (generator);

  gtk_revealer_set_reveal_child (self->notice, !empty && (failed || state == RIPOSTE_GENERATOR_EMPTY));
  if (failed)
    {
      g_autofree char *text = g_strdup_printf ("%s: %s", riposte_problem_describe (error).title, error->message);
      gtk_label_set_label (self->notice_label, text);
    }
  else
    gtk_label_set_label (self->notice_label, _ ("There is no model to answer with."));
  gtk_widget_set_visible (self->notice_retry, riposte_local_generator_get_path (self->generator) != NULL);
}

/* What the conversation's answers are made with; the path of the model, where one is set. */
static char *
apply_settings (RiposteChatPane *self)
{
  g_autofree char *preset = NULL;
  g_autoptr (RiposteLayer) own
    = riposte_chat_settings_read (riposte_conversation_get_settings (self->conversation), &preset);
  const char *instructions = NULL, *model = NULL;

  self->effective = self->sampler;
  if (self->presets)
    riposte_layer_apply (riposte_presets_get (self->presets, riposte_presets_find (self->presets, preset))->layer,
                         &self->effective, &instructions, &model);
  riposte_layer_apply (own, &self->effective, &instructions, &model);
  riposte_conversation_set_instructions (self->conversation, instructions);
  return g_strdup (model);
}

static void
on_settings_changed (RiposteChatPane *self)
{
  if (!self->conversation)
    return;
  g_free (apply_settings (self));
  if (self->context)
    riposte_context_queue_update (self->context);
}

/* Just before something is asked. Another model is loaded first, unless a service answers, and the question waits for
 * it. */
static const RpSamplerOptions *
prepare (RiposteChatPane *self)
{
  g_autofree char *model = apply_settings (self);

  if (model && !(riposte_conversation_get_elsewhere (self->conversation) && !riposte_generator_is_local (choose (self)))
      && g_strcmp0 (model, riposte_local_generator_get_path (self->generator)) != 0)
    riposte_local_generator_load (self->generator, model);
  return &self->effective;
}

/* An answer that found no room asks what to do about it. */
static void
update_busy (RiposteChatPane *self)
{
  gboolean busy = self->conversation && riposte_conversation_get_busy (self->conversation);
  RiposteMessage *last = self->conversation ? riposte_conversation_get_last (self->conversation) : NULL;

  riposte_composer_set_busy (self->composer, busy);
  if (self->busy && !busy && last && riposte_message_lacked_room (last)
      && riposte_message_get_state (last) == RIPOSTE_MESSAGE_FAILED)
    gtk_widget_activate_action (GTK_WIDGET (self), "win.make-room", NULL);
  self->busy = busy;
}

static void
update (RiposteChatPane *self)
{
  RiposteGeneratorState state = riposte_generator_get_state (choose (self));
  gboolean empty = !self->conversation || riposte_conversation_is_empty (self->conversation);

  gtk_stack_set_visible_child_name (self->stack, empty ? "welcome" : "transcript");
  /* what is asked while the model loads is answered when it has */
  riposte_composer_set_can_send (self->composer,
                                 state == RIPOSTE_GENERATOR_READY || state == RIPOSTE_GENERATOR_LOADING);
  update_busy (self);
  update_notice (self, empty);
  riposte_welcome_update (self->welcome, choose (self));
}

/* ---- asking something else instead ---- */

static gboolean
is_shown (RiposteChatPane *self, RiposteMessage *message)
{
  RiposteMessage *shown = riposte_conversation_get_last (self->conversation);

  while (shown && shown != message)
    shown = riposte_message_get_parent (shown);
  return shown != NULL;
}

static void
set_edited (RiposteChatPane *self, RiposteMessage *message)
{
  g_set_object (&self->editing, message);
  if (message)
    gtk_label_set_label (self->edit_label,
                         riposte_message_get_role (message) == RIPOSTE_ROLE_USER
                           ? _ ("Editing a question: what was asked before stays, as another version.")
                           : _ ("Editing an answer: what the model said stays, as another version."));
  gtk_revealer_set_reveal_child (self->edit_bar, message != NULL);
  if (self->context)
    riposte_context_set_edited (self->context, message);
}

RiposteMessage *
riposte_chat_pane_get_edited (RiposteChatPane *self)
{
  return self->editing;
}

static void
riposte_chat_pane_stop_editing (RiposteChatPane *self)
{
  g_autofree char *draft = g_steal_pointer (&self->draft);

  if (!self->editing)
    return;
  set_edited (self, NULL);
  riposte_chat_pane_set_draft (self, draft);
  riposte_chat_pane_focus_composer (self);
}

void
riposte_chat_pane_edit (RiposteChatPane *self, RiposteMessage *message)
{
  riposte_chat_pane_stop_editing (self);
  self->draft = riposte_chat_pane_dup_draft (self);
  set_edited (self, message);
  riposte_chat_pane_set_draft (self, riposte_message_get_said (message));
  riposte_chat_pane_focus_composer (self);
}

/* The draft comes back once the composer has been emptied. */
static gboolean
restore_draft (gpointer data)
{
  RiposteChatPane *self = data;
  g_autofree char *text = riposte_chat_pane_dup_draft (self);

  if (!*text && !self->editing)
    riposte_chat_pane_set_draft (self, self->draft);
  g_clear_pointer (&self->draft, g_free);
  return G_SOURCE_REMOVE;
}

static void
send_edited (RiposteChatPane *self, const char *text)
{
  g_autoptr (RiposteMessage) editing = g_object_ref (self->editing);

  set_edited (self, NULL);
  if (riposte_message_get_role (editing) == RIPOSTE_ROLE_USER)
    riposte_conversation_edit (self->conversation, editing, text, RIPOSTE_GENERATOR (self->generator), prepare (self));
  else
    riposte_conversation_edit_answer (self->conversation, editing, text);
  g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, restore_draft, g_object_ref (self), g_object_unref);
}

/* Another branch may be shown now. */
static void
on_path_changed (RiposteChatPane *self)
{
  if (self->editing && !is_shown (self, self->editing))
    riposte_chat_pane_stop_editing (self);
  update (self);
}

static gboolean
on_escape (GtkWidget *widget, GVariant *args, gpointer user_data)
{
  RiposteChatPane *self = RIPOSTE_CHAT_PANE (widget);

  if (!self->editing)
    return gtk_widget_activate_action (widget, "win.stop", NULL);
  riposte_chat_pane_stop_editing (self);
  return TRUE;
}

/* ---- asking ---- */

static gboolean
on_send (RiposteChatPane *self, const char *question)
{
  if (!self->conversation || !riposte_conversation_get_loaded (self->conversation)
      || riposte_conversation_get_busy (self->conversation))
    return FALSE;
  if (self->editing)
    send_edited (self, question);
  else
    riposte_conversation_ask (self->conversation, question, RIPOSTE_GENERATOR (self->generator), prepare (self));
  return TRUE;
}

static void
on_suggested (RiposteChatPane *self, const char *question)
{
  on_send (self, question);
  riposte_chat_pane_focus_composer (self);
}

void
riposte_chat_pane_ask_about_code (RiposteChatPane *self, const char *question)
{
  if (question)
    riposte_chat_pane_stop_editing (self);
  riposte_composer_ask_about_code (self->composer, question);
  riposte_chat_pane_focus_composer (self);
}

void
riposte_chat_pane_try_again (RiposteChatPane *self)
{
  if (self->conversation && riposte_conversation_can_try_again (self->conversation))
    riposte_conversation_try_again (self->conversation, RIPOSTE_GENERATOR (self->generator), prepare (self));
}

/* The message that an action is for; NULL while it cannot be done. */
static RiposteMessage *
find_idle (RiposteChatPane *self, const char *id)
{
  if (!self->conversation || riposte_conversation_get_busy (self->conversation))
    return NULL;
  return riposte_conversation_find (self->conversation, id);
}

static void
on_answer_again (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RiposteChatPane *self = RIPOSTE_CHAT_PANE (widget);
  RiposteMessage *message = find_idle (self, g_variant_get_string (parameter, NULL));

  if (message)
    riposte_conversation_answer_again (self->conversation, message, RIPOSTE_GENERATOR (self->generator),
                                       prepare (self));
}

/* What is asked while the model loads is answered when it has. */
static void
on_answer_again_with (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RiposteChatPane *self = RIPOSTE_CHAT_PANE (widget);
  const char *id, *path;
  RiposteMessage *message;

  g_variant_get (parameter, "(&s^&ay)", &id, &path);
  message = find_idle (self, id);
  if (!message || !gtk_widget_activate_action (widget, "win.model", "^ay", path))
    return;
  g_free (apply_settings (self));
  riposte_conversation_answer_again (self->conversation, message, RIPOSTE_GENERATOR (self->generator),
                                     &self->effective);
}

/* This one answer alone: the next is made by whom the chat has. */
static void
on_answer_again_elsewhere (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RiposteChatPane *self = RIPOSTE_CHAT_PANE (widget);
  const char *id, *service;
  RiposteMessage *message;
  RiposteGenerator *elsewhere;

  g_variant_get (parameter, "(&s&s)", &id, &service);
  riposte_service_choose (service);
  message = find_idle (self, id);
  elsewhere = riposte_generator_get_elsewhere (RIPOSTE_GENERATOR (self->generator));
  if (!message || !elsewhere
      || g_strcmp0 (riposte_remote_generator_get_id (RIPOSTE_REMOTE_GENERATOR (elsewhere)), service) != 0)
    return;
  g_free (apply_settings (self));
  riposte_conversation_answer_again (self->conversation, message, elsewhere, &self->effective);
}

static void
on_continue_answer (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RiposteChatPane *self = RIPOSTE_CHAT_PANE (widget);
  RiposteMessage *message = find_idle (self, g_variant_get_string (parameter, NULL));

  if (message && riposte_conversation_can_continue (self->conversation, message))
    riposte_conversation_continue (self->conversation, message, RIPOSTE_GENERATOR (self->generator), prepare (self));
}

RiposteContext *
riposte_chat_pane_get_context (RiposteChatPane *self)
{
  return self->context;
}

char *
riposte_chat_pane_dup_draft (RiposteChatPane *self)
{
  return riposte_composer_dup_question (self->composer);
}

void
riposte_chat_pane_set_draft (RiposteChatPane *self, const char *draft)
{
  g_autoptr (GPtrArray) attached = NULL;
  g_autoptr (GListStore) store = g_list_store_new (RIPOSTE_TYPE_ATTACHMENT);
  gsize length = draft ? riposte_attachments_split (draft, &attached) : 0;
  g_autofree char *question = g_strndup (draft ? draft : "", length);

  for (guint i = 0; attached && i < attached->len; i++)
    g_list_store_append (store, attached->pdata[i]);
  riposte_composer_set_attachments (self->composer, G_LIST_MODEL (store));
  riposte_composer_set_text (self->composer, question);
}

RiposteComposer *
riposte_chat_pane_get_composer (RiposteChatPane *self)
{
  return self->composer;
}

static void
on_composer_changed (RiposteChatPane *self)
{
  g_autofree char *draft = riposte_chat_pane_dup_draft (self);

  if (self->context)
    riposte_context_set_draft (self->context, draft);
  g_signal_emit (self, drafts_changed_signal, 0);
}

void
riposte_chat_pane_add_toast (RiposteChatPane *self, AdwToast *toast)
{
  adw_toast_overlay_add_toast (self->toasts, toast);
}

void
riposte_chat_pane_focus_composer (RiposteChatPane *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self->composer));
}

void
riposte_chat_pane_set_generator (RiposteChatPane *self, RiposteLocalGenerator *generator)
{
  g_return_if_fail (!self->generator);
  self->generator = g_object_ref (generator);
  self->context = riposte_context_new (RIPOSTE_GENERATOR (generator));
  riposte_context_set_conversation (self->context, self->conversation);
  riposte_composer_set_generator (self->composer, RIPOSTE_GENERATOR (generator));
  riposte_welcome_set_generator (self->welcome, generator);
  g_signal_connect_object (generator, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
}

static void
show_wanted (RiposteChatPane *self)
{
  g_autofree char *id = NULL;
  RiposteMessage *message;

  if (!self->wanted || !self->conversation || !riposte_conversation_get_loaded (self->conversation))
    return;
  id = g_steal_pointer (&self->wanted);
  message = riposte_conversation_find (self->conversation, id);
  if (!message)
    return;
  riposte_conversation_show (self->conversation, message);
  riposte_transcript_show_message (self->transcript, message, self->wanted_words);
}

void
riposte_chat_pane_show_message (RiposteChatPane *self, const char *id, const char *words)
{
  g_free (self->wanted);
  self->wanted = g_strdup (id);
  g_free (self->wanted_words);
  self->wanted_words = g_strdup (words);
  show_wanted (self);
}

void
riposte_chat_pane_set_store (RiposteChatPane *self, RiposteStore *store)
{
  riposte_store_notice_set_store (self->store_notice, store);
}

void
riposte_chat_pane_set_presets (RiposteChatPane *self, RipostePresets *presets)
{
  g_return_if_fail (!self->presets);
  self->presets = g_object_ref (presets);
  g_signal_connect_object (presets, "changed", G_CALLBACK (on_settings_changed), self, G_CONNECT_SWAPPED);
}

void
riposte_chat_pane_set_sampler (RiposteChatPane *self, const RpSamplerOptions *sampler)
{
  self->sampler = *sampler;
}

/* ---- drafts ---- */

static void
show_kept_draft (RiposteChatPane *self)
{
  g_autofree char *draft = riposte_drafts_take (self->drafts, self->conversation);

  riposte_chat_pane_set_draft (self, draft);
}

/* Of what is asked next, not of what is edited. */
static char *
dup_own_draft (RiposteChatPane *self)
{
  return self->editing ? g_strdup (self->draft) : riposte_chat_pane_dup_draft (self);
}

static void
keep_draft (RiposteChatPane *self)
{
  g_autofree char *draft = dup_own_draft (self);

  riposte_drafts_keep (self->drafts, self->conversation, draft);
}

GVariant *
riposte_chat_pane_dup_drafts (RiposteChatPane *self)
{
  g_autofree char *draft = dup_own_draft (self);

  return riposte_drafts_save (self->drafts, self->conversation, draft);
}

void
riposte_chat_pane_restore_drafts (RiposteChatPane *self, GVariant *drafts)
{
  g_autofree char *written = riposte_chat_pane_dup_draft (self);

  riposte_drafts_restore (self->drafts, drafts);
  if (!*written && !self->editing)
    show_kept_draft (self);
}

void
riposte_chat_pane_set_conversation (RiposteChatPane *self, RiposteConversation *conversation)
{
  if (self->conversation == conversation)
    return;
  riposte_chat_pane_stop_editing (self);
  keep_draft (self); /* and waits with its conversation */
  if (self->conversation)
    g_signal_handlers_disconnect_by_data (self->conversation, self);
  g_set_object (&self->conversation, conversation);
  show_kept_draft (self);
  self->busy = conversation && riposte_conversation_get_busy (conversation);
  if (self->context)
    riposte_context_set_conversation (self->context, conversation);
  g_clear_pointer (&self->wanted, g_free);
  riposte_transcript_set_conversation (self->transcript, conversation);
  riposte_store_notice_set_conversation (self->store_notice, conversation);
  if (!conversation)
    return;
  g_signal_connect_object (conversation, "notify::settings", G_CALLBACK (on_settings_changed), self, G_CONNECT_SWAPPED);
  on_settings_changed (self);
  g_signal_connect_object (conversation, "notify::busy", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (conversation, "notify::elsewhere", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (conversation, "items-changed", G_CALLBACK (on_path_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (conversation, "notify::loaded", G_CALLBACK (show_wanted), self, G_CONNECT_SWAPPED);
  update (self);
}

static void
riposte_chat_pane_init (RiposteChatPane *self)
{
  self->sampler = RP_SAMPLER_GREEDY;
  self->drafts = riposte_drafts_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}

static void
riposte_chat_pane_dispose (GObject *object)
{
  RiposteChatPane *self = RIPOSTE_CHAT_PANE (object);

  if (self->conversation)
    g_signal_handlers_disconnect_by_data (self->conversation, self);
  g_clear_object (&self->conversation);
  g_clear_object (&self->context);
  g_clear_object (&self->presets);
  g_clear_object (&self->editing);
  g_clear_pointer (&self->draft, g_free);
  g_clear_object (&self->generator);
  g_clear_pointer (&self->wanted, g_free);
  g_clear_pointer (&self->wanted_words, g_free);
  G_OBJECT_CLASS (riposte_chat_pane_parent_class)->dispose (object);
}

static void
riposte_chat_pane_finalize (GObject *object)
{
  riposte_drafts_free (RIPOSTE_CHAT_PANE (object)->drafts);
  G_OBJECT_CLASS (riposte_chat_pane_parent_class)->finalize (object);
}

static void
riposte_chat_pane_class_init (RiposteChatPaneClass *klass)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = riposte_chat_pane_dispose;
  G_OBJECT_CLASS (klass)->finalize = riposte_chat_pane_finalize;
  drafts_changed_signal = g_signal_new ("drafts-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                        NULL, G_TYPE_NONE, 0);
  g_type_ensure (RIPOSTE_TYPE_STORE_NOTICE);
  g_type_ensure (RIPOSTE_TYPE_WELCOME);
  g_type_ensure (RIPOSTE_TYPE_TRANSCRIPT);
  g_type_ensure (RIPOSTE_TYPE_COMPOSER);
  gtk_widget_class_install_action (widget, "answer.again", "s", on_answer_again);
  gtk_widget_class_install_action (widget, "answer.again-with", "(say)", on_answer_again_with);
  gtk_widget_class_install_action (widget, "answer.again-elsewhere", "(ss)", on_answer_again_elsewhere);
  gtk_widget_class_install_action (widget, "answer.continue", "s", on_continue_answer);
  gtk_widget_class_set_template_from_resource (widget, "/dev/riposte/Riposte/chat/chat-pane.ui");
  gtk_widget_class_bind_template_child (widget, RiposteChatPane, store_notice);
  gtk_widget_class_bind_template_child (widget, RiposteChatPane, edit_bar);
  gtk_widget_class_bind_template_child (widget, RiposteChatPane, edit_label);
  gtk_widget_class_bind_template_child (widget, RiposteChatPane, notice);
  gtk_widget_class_bind_template_child (widget, RiposteChatPane, notice_label);
  gtk_widget_class_bind_template_child (widget, RiposteChatPane, notice_retry);
  gtk_widget_class_bind_template_child (widget, RiposteChatPane, toasts);
  gtk_widget_class_bind_template_child (widget, RiposteChatPane, stack);
  gtk_widget_class_bind_template_child (widget, RiposteChatPane, welcome);
  gtk_widget_class_bind_template_child (widget, RiposteChatPane, transcript);
  gtk_widget_class_bind_template_child (widget, RiposteChatPane, composer);
  gtk_widget_class_bind_template_callback (widget, on_composer_changed);
  gtk_widget_class_bind_template_callback (widget, riposte_chat_pane_stop_editing);
  gtk_widget_class_bind_template_callback (widget, on_send);
  gtk_widget_class_bind_template_callback (widget, on_suggested);
  gtk_widget_class_add_binding (widget, GDK_KEY_Escape, 0, on_escape, NULL);
}
