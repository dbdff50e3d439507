#include "chat/answer-watch.h"

#include "plain-text.h"
#include "settings.h"

#include <glib/gi18n.h>

/* Nobody turns away from a shorter answer. */
#define LONG_US       (10 * G_USEC_PER_SEC)
#define EXCERPT_CHARS 120

struct _RiposteAnswerWatch
{
  GObject parent;

  GtkWindow *window;   /* not owned: it owns this */
  GHashTable *started; /* conversations that are answered -> gint64 *, when that began */
  guint cookie;        /* of what keeps the machine awake; else 0 */
};

G_DEFINE_FINAL_TYPE (RiposteAnswerWatch, riposte_answer_watch, G_TYPE_OBJECT)

static void
update_inhibition (RiposteAnswerWatch *self)
{
  GtkApplication *application = gtk_window_get_application (self->window);
  gboolean wanted = g_hash_table_size (self->started) > 0 && riposte_settings_get_keep_awake ();

  if (!application || wanted == (self->cookie != 0))
    return;
  if (wanted)
    self->cookie = gtk_application_inhibit (application, self->window, GTK_APPLICATION_INHIBIT_SUSPEND,
                                            _ ("A question is being answered"));
  else
    {
      gtk_application_uninhibit (application, self->cookie);
      self->cookie = 0;
    }
}

/* Its dialogs count as well. */
static gboolean
is_anybody_there (RiposteAnswerWatch *self)
{
  GtkApplication *application = gtk_window_get_application (self->window);

  for (GList *l = application ? gtk_application_get_windows (application) : NULL; l; l = l->next)
    if (gtk_window_is_active (l->data))
      return TRUE;
  return FALSE;
}

static void
notify (RiposteAnswerWatch *self, RiposteConversation *conversation)
{
  GApplication *application = G_APPLICATION (gtk_window_get_application (self->window));
  RiposteMessage *last = riposte_conversation_get_last (conversation);
  const char *title = riposte_conversation_get_title (conversation), *id = riposte_conversation_get_id (conversation);
  gboolean failed = last && riposte_message_get_state (last) == RIPOSTE_MESSAGE_FAILED;
  g_autofree char *excerpt = last ? riposte_title_of_text (riposte_message_get_said (last), EXCERPT_CHARS) : NULL;
  g_autoptr (GNotification) notification = g_notification_new (title ? title : _ ("Riposte"));

  if (!application)
    return;
  g_notification_set_body (notification, failed                ? _ ("The answer failed")
                                         : excerpt && *excerpt ? excerpt
                                                               : _ ("The answer is there"));
  g_notification_set_default_action_and_target (notification, "app.show-chat", "s", id);
  g_application_send_notification (application, id, notification);
}

static void
on_busy (RiposteAnswerWatch *self, GParamSpec *pspec, RiposteConversation *conversation)
{
  gint64 now = g_get_monotonic_time ();
  gint64 *since = g_hash_table_lookup (self->started, conversation);
  RiposteMessage *last = riposte_conversation_get_last (conversation);

  if (riposte_conversation_get_busy (conversation))
    g_hash_table_insert (self->started, g_object_ref (conversation), g_memdup2 (&now, sizeof now));
  else if (since)
    {
      gboolean stopped = last && riposte_message_get_state (last) == RIPOSTE_MESSAGE_STOPPED;

      if (now - *since > LONG_US && !stopped && !is_anybody_there (self))
        notify (self, conversation);
      g_hash_table_remove (self->started, conversation);
    }
  update_inhibition (self);
}

void
riposte_answer_watch_add (RiposteAnswerWatch *self, RiposteConversation *conversation)
{
  if (g_signal_handler_find (conversation, G_SIGNAL_MATCH_FUNC | G_SIGNAL_MATCH_DATA, 0, 0, NULL, on_busy, self))
    return;
  g_signal_connect_object (conversation, "notify::busy", G_CALLBACK (on_busy), self, G_CONNECT_SWAPPED);
}

void
riposte_answer_watch_seen (RiposteAnswerWatch *self, RiposteConversation *conversation)
{
  GApplication *application = G_APPLICATION (gtk_window_get_application (self->window));

  if (application)
    g_application_withdraw_notification (application, riposte_conversation_get_id (conversation));
}

static void
riposte_answer_watch_init (RiposteAnswerWatch *self)
{
  self->started = g_hash_table_new_full (NULL, NULL, g_object_unref, g_free);
}

static void
riposte_answer_watch_finalize (GObject *object)
{
  g_hash_table_unref (RIPOSTE_ANSWER_WATCH (object)->started);
  G_OBJECT_CLASS (riposte_answer_watch_parent_class)->finalize (object);
}

static void
riposte_answer_watch_class_init (RiposteAnswerWatchClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = riposte_answer_watch_finalize;
}

RiposteAnswerWatch *
riposte_answer_watch_new (GtkWindow *window)
{
  RiposteAnswerWatch *self = g_object_new (RIPOSTE_TYPE_ANSWER_WATCH, NULL);

  self->window = window;
  return self;
}
