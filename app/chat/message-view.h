/* A message in the transcript. */
#pragma once

#include <gtk/gtk.h>

#include "chat/message.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_MESSAGE_VIEW (riposte_message_view_get_type ())
G_DECLARE_FINAL_TYPE (RiposteMessageView, riposte_message_view, RIPOSTE, MESSAGE_VIEW, GtkBox)

GtkWidget *riposte_message_view_new (RiposteMessage *message);
RiposteMessage *riposte_message_view_get_message (RiposteMessageView *self);
/* From @top to @bottom, in pixels of its own, it is seen. */
void riposte_message_view_set_seen (RiposteMessageView *self, int top, int bottom);
/* Makes what widgets lack between @top and @bottom, until @deadline in monotonic time. Returns: all are there */
gboolean riposte_message_view_build (RiposteMessageView *self, int top, int bottom, gint64 deadline);
/* By how many pixels what is above the top of what is seen has grown since the last call. */
int riposte_message_view_take_shift (RiposteMessageView *self);
/* Its text is not all there yet: there is much of it. */
gboolean riposte_message_view_is_parsing (RiposteMessageView *self);
/* Returns: about where the first of @words are */
int riposte_message_view_seek (RiposteMessageView *self, const char *words);
/* See riposte_branch_bar_get_focus() and riposte_branch_bar_focus(). */
int riposte_message_view_get_switching (RiposteMessageView *self);
gboolean riposte_message_view_focus_switcher (RiposteMessageView *self, int direction);
/* The last answer offers to try again. */
void riposte_message_view_set_last (RiposteMessageView *self, gboolean last);

G_END_DECLS
