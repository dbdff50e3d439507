/* Tells of long answers that end while nobody looks, and keeps the machine awake meanwhile where the user wishes. */
#pragma once

#include <gtk/gtk.h>

#include "chat/conversation.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_ANSWER_WATCH (riposte_answer_watch_get_type ())
G_DECLARE_FINAL_TYPE (RiposteAnswerWatch, riposte_answer_watch, RIPOSTE, ANSWER_WATCH, GObject)

/* The window owns it. */
RiposteAnswerWatch *riposte_answer_watch_new (GtkWindow *window);
/* From now on; a conversation may be added again. */
void riposte_answer_watch_add (RiposteAnswerWatch *self, RiposteConversation *conversation);
/* Somebody looks at it: a notification about it is of no more use. */
void riposte_answer_watch_seen (RiposteAnswerWatch *self, RiposteConversation *conversation);

G_END_DECLS
