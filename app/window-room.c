/* What to do about a conversation that is too long for the context. Nothing is left out unless it is chosen. */
#include "window-private.h"

#include "chat/room-dialog.h"

#include <glib/gi18n.h>

/* A case of the dialog. */
typedef struct
{
  RiposteWindow *window;
  RiposteConversation *conversation;
  char *question;         /* that is not asked yet; NULL where the last one of the conversation had no room */
  RiposteMessage *edited; /* (nullable) in the place of this one */
  RiposteMessage *cut;    /* (nullable) the answer that had no more room, and is gone on with */
  RiposteMeasure measure;
  guint raise_to;
} Case;

static void
case_free (gpointer data)
{
  Case *this = data;

  g_object_unref (this->window);
  g_object_unref (this->conversation);
  g_clear_object (&this->edited);
  g_clear_object (&this->cut);
  g_free (this->question);
  g_free (this);
}

static void
on_case_done (gpointer data, GClosure *closure)
{
  case_free (data);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Case, case_free)

/* Twice what there is, and again, until there is room; 0 where the model cannot have as much. */
static guint
find_raise (RiposteWindow *self, const RiposteMeasure *measure)
{
  guint largest = riposte_local_generator_get_largest_n_context (self->generator);
  guint64 wanted = measure->n_context, needed = measure->n_tokens + 512;

  while (wanted && wanted < needed)
    wanted *= 2;
  wanted = MIN (wanted == measure->n_context ? wanted * 2 : wanted, largest);
  return wanted > measure->n_context && wanted >= needed ? wanted : 0;
}

/* The last one, which had no room; nullable. */
static RiposteMessage *
find_last_question (RiposteConversation *conversation)
{
  RiposteMessage *last = riposte_conversation_get_last (conversation);

  return last && riposte_message_get_role (last) == RIPOSTE_ROLE_ASSISTANT ? riposte_message_get_parent (last) : last;
}

static void
begin_new_chat (const Case *this, const char *summary)
{
  RiposteWindow *self = this->window;
  RiposteMessage *last = this->question ? NULL : find_last_question (this->conversation);
  const char *question = last ? riposte_message_get_text (last) : this->question ? this->question : "";
  g_autofree char *draft = NULL;

  if (summary)
    draft = g_strdup_printf ("%s\n\n%s\n\n%s", _ ("Summary of an earlier chat:"), summary, question);
  else
    draft = g_strdup (question);
  riposte_chat_list_add (self->chats);
  riposte_window_show_chat (self);
  if (!summary)
    riposte_conversation_copy_turns (self->conversation, this->conversation, this->measure.n_left_out,
                                     this->question ? this->edited : last);
  riposte_chat_pane_set_draft (self->chat, draft);
  riposte_chat_pane_focus_composer (self->chat);
}

/* What had no room has some now. */
static void
go_on (const Case *this)
{
  RiposteWindow *self = this->window;

  if (this->question || this->conversation != self->conversation)
    return;
  if (this->cut)
    gtk_widget_activate_action (GTK_WIDGET (self->chat), "answer.continue", "s", riposte_message_get_id (this->cut));
  else
    riposte_chat_pane_try_again (self->chat);
}

static void
on_chosen (RiposteRoomDialog *dialog, int choice, const char *summary, gpointer user_data)
{
  const Case *this = user_data;
  RiposteWindow *self = this->window;

  switch ((RiposteRoomChoice)choice)
    {
    case RIPOSTE_ROOM_LAST_TURNS:
      begin_new_chat (this, NULL);
      return;
    case RIPOSTE_ROOM_SUMMARY:
      begin_new_chat (this, summary);
      return;
    case RIPOSTE_ROOM_RAISE:
      riposte_local_generator_raise_n_context (self->generator, this->raise_to);
      break;
    case RIPOSTE_ROOM_LEAVE_OUT:
    default:
      riposte_conversation_leave_out (this->conversation, this->measure.n_left_out);
      riposte_context_queue_update (riposte_chat_pane_get_context (self->chat));
      break;
    }
  go_on (this);
}

static void
on_measured (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Case) this = user_data;
  RiposteWindow *self = this->window;
  g_autoptr (GError) error = NULL;
  RiposteRoomDialog *dialog;

  if (!riposte_generator_measure_finish (RIPOSTE_GENERATOR (source), result, &this->measure, &error))
    {
      riposte_window_show_toast (self, error->message);
      return;
    }
  if (this->conversation != self->conversation || !gtk_widget_get_root (GTK_WIDGET (self->chat)))
    return;
  if (!this->question && !this->measure.n_left_out) /* with another model, or a larger context */
    {
      go_on (this);
      return;
    }
  this->raise_to = find_raise (self, &this->measure);
  dialog = riposte_room_dialog_new (GTK_WINDOW (self), RIPOSTE_GENERATOR (self->generator), this->conversation,
                                    &this->measure, this->cut != NULL, this->raise_to);
  g_signal_connect_data (dialog, "chosen", G_CALLBACK (on_chosen), g_steal_pointer (&this), on_case_done, 0);
  gtk_window_present (GTK_WINDOW (dialog));
}

static RiposteGeneration *
make_prompt (const Case *this)
{
  RiposteGeneration *prompt;

  if (this->question)
    return riposte_conversation_make_prompt_for (this->conversation, this->edited, this->question);
  prompt = riposte_conversation_make_prompt (this->conversation, NULL);
  if (this->cut)
    riposte_generation_set_begun (prompt, riposte_message_get_text (this->cut));
  return prompt;
}

void
riposte_window_make_room (RiposteWindow *self)
{
  RiposteMessage *last = riposte_conversation_get_last (self->conversation);
  g_autofree char *draft = riposte_chat_pane_dup_draft (self->chat);
  gboolean cut = last && riposte_message_get_state (last) == RIPOSTE_MESSAGE_CONTEXT_FULL;
  g_autoptr (RiposteGeneration) prompt = NULL;
  Case *this;

  if (riposte_conversation_get_busy (self->conversation))
    return;
  this = g_new0 (Case, 1);
  this->window = g_object_ref (self);
  this->conversation = g_object_ref (self->conversation);
  if (!last || !riposte_message_lacked_room (last) || (cut && *draft))
    this->question = g_steal_pointer (&draft);
  else if (cut)
    this->cut = g_object_ref (last);
  if (this->question)
    g_set_object (&this->edited, riposte_chat_pane_get_edited (self->chat));
  prompt = make_prompt (this);
  riposte_generator_measure_async (RIPOSTE_GENERATOR (self->generator), prompt, NULL, on_measured, this);
}
