/* The messages of a conversation one below the other, of which only those near to what is seen have widgets: the others
 * have a height that is guessed until they come near. For a scrolled window. */
#pragma once

#include <gtk/gtk.h>

#include "chat/message.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_MESSAGE_LIST (riposte_message_list_get_type ())
G_DECLARE_FINAL_TYPE (RiposteMessageList, riposte_message_list, RIPOSTE, MESSAGE_LIST, GtkWidget)

/* Property: "following" (boolean, readable): the end stays in view while it moves. */

/* @model (nullable) of RiposteMessage. Its end is shown first. */
void riposte_message_list_set_model (RiposteMessageList *self, GListModel *model);
gboolean riposte_message_list_get_following (RiposteMessageList *self);
void riposte_message_list_follow (RiposteMessageList *self);
/* Brings a message to the top of what is seen; or the first of its @words (nullable), selected, into view. */
void riposte_message_list_show (RiposteMessageList *self, guint position, const char *words);

G_END_DECLS
