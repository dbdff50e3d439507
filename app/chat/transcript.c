#include "chat/transcript.h"

#include "chat/announcer.h"
#include "chat/message-list.h"
#include "plain-text.h"

#include <glib/gi18n.h>

/* So much of an answer is read out at its end; the rest is there to be walked through. */
#define ANNOUNCED_CHARS 600

struct _RiposteTranscript
{
  AdwBin parent;

  RiposteConversation *conversation;
  RiposteMessageList *list;
  GtkRevealer *jump;
  RiposteAnnouncer *announcer;
};

G_DEFINE_FINAL_TYPE (RiposteTranscript, riposte_transcript, ADW_TYPE_BIN)

static void
on_following (RiposteTranscript *self)
{
  gboolean away = !riposte_message_list_get_following (self->list);

  gtk_revealer_set_reveal_child (self->jump, away);
  gtk_widget_set_can_target (GTK_WIDGET (self->jump), away);
}

static void
on_jump (RiposteTranscript *self)
{
  riposte_message_list_follow (self->list);
}

/* While an answer grows nothing is said: its pieces would cut each other off. */
static void
on_busy (RiposteTranscript *self)
{
  RiposteMessage *last = riposte_conversation_get_last (self->conversation);
  g_autofree char *plain = NULL, *head = NULL;
  const char *error;

  if (riposte_conversation_get_busy (self->conversation))
    {
      riposte_announcer_say (self->announcer, _ ("Answering"));
      return;
    }
  if (!last)
    return;
  error = riposte_message_get_error (last);
  plain = riposte_plain_text (error ? error : riposte_message_get_said (last), -1);
  head = g_utf8_substring (plain, 0, MIN (ANNOUNCED_CHARS, g_utf8_strlen (plain, -1)));
  riposte_announcer_say (self->announcer, head);
}

void
riposte_transcript_set_conversation (RiposteTranscript *self, RiposteConversation *conversation)
{
  if (self->conversation == conversation)
    return;
  if (self->conversation)
    g_signal_handlers_disconnect_by_func (self->conversation, on_busy, self);
  g_set_object (&self->conversation, conversation);
  riposte_message_list_set_model (self->list, G_LIST_MODEL (conversation));
  if (conversation)
    g_signal_connect_object (conversation, "notify::busy", G_CALLBACK (on_busy), self, G_CONNECT_SWAPPED);
}

void
riposte_transcript_show_message (RiposteTranscript *self, RiposteMessage *message, const char *words)
{
  guint n = self->conversation ? g_list_model_get_n_items (G_LIST_MODEL (self->conversation)) : 0;

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (RiposteMessage) other = g_list_model_get_item (G_LIST_MODEL (self->conversation), i);

      if (other == message)
        riposte_message_list_show (self->list, i, words);
    }
}

static void
riposte_transcript_init (RiposteTranscript *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  on_following (self);
}

static void
riposte_transcript_dispose (GObject *object)
{
  RiposteTranscript *self = RIPOSTE_TRANSCRIPT (object);

  g_clear_object (&self->conversation);
  G_OBJECT_CLASS (riposte_transcript_parent_class)->dispose (object);
}

static void
riposte_transcript_class_init (RiposteTranscriptClass *klass)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = riposte_transcript_dispose;
  g_type_ensure (RIPOSTE_TYPE_ANNOUNCER);
  g_type_ensure (RIPOSTE_TYPE_MESSAGE_LIST);
  gtk_widget_class_set_template_from_resource (widget, "/dev/riposte/Riposte/chat/transcript.ui");
  gtk_widget_class_bind_template_child (widget, RiposteTranscript, list);
  gtk_widget_class_bind_template_child (widget, RiposteTranscript, jump);
  gtk_widget_class_bind_template_child (widget, RiposteTranscript, announcer);
  gtk_widget_class_bind_template_callback (widget, on_following);
  gtk_widget_class_bind_template_callback (widget, on_jump);
}
