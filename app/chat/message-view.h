/* A message in the transcript. */
#pragma once

#include <gtk/gtk.h>

#include "chat/message.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_MESSAGE_VIEW (riposte_message_view_get_type ())
G_DECLARE_FINAL_TYPE (RiposteMessageView, riposte_message_view, RIPOSTE, MESSAGE_VIEW, GtkBox)

GtkWidget *riposte_message_view_new (RiposteMessage *message);
RiposteMessage *riposte_message_view_get_message (RiposteMessageView *self);
/* Goes on making its widgets until @deadline, in monotonic time. Returns: all are there */
gboolean riposte_message_view_build (RiposteMessageView *self, gint64 deadline);
/* The last answer offers to try again. */
void riposte_message_view_set_last (RiposteMessageView *self, gboolean last);

G_END_DECLS
