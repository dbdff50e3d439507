/* The list of conversations: the pinned ones, and the others by the day when something was asked last. */
#pragma once

#include <adwaita.h>

#include "chat/conversation.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_CHAT_LIST (riposte_chat_list_get_type ())
G_DECLARE_FINAL_TYPE (RiposteChatList, riposte_chat_list, RIPOSTE, CHAT_LIST, AdwBin)

/* Signals: "selected": another conversation was. "activated": one was clicked or entered. "added"
 * (RiposteConversation *). One is always selected once there was a first. */

/* Lists what @store has, and has it keep the conversations that are added. */
void riposte_chat_list_set_store (RiposteChatList *self, RiposteStore *store);
/* The store has got or changed the conversations of @ids: they are fetched anew, and the first is selected. */
void riposte_chat_list_refresh (RiposteChatList *self, const char *const *ids);

/* Lists what @store has, and has it keep the conversations that are added. */
void riposte_chat_list_set_store (RiposteChatList *self, RiposteStore *store);
RiposteConversation *riposte_chat_list_get_selected (RiposteChatList *self);
/* FALSE where there is none of this id. */
gboolean riposte_chat_list_select (RiposteChatList *self, const char *id);
/* Selects an empty conversation, a new one where there is none. */
void riposte_chat_list_add (RiposteChatList *self);
/* The one @offset rows further down, where there is one. */
void riposte_chat_list_move (RiposteChatList *self, int offset);

/* Takes the selected conversation out, here and in the store. It can be given back. */
RiposteConversation *riposte_chat_list_remove_selected (RiposteChatList *self);
void riposte_chat_list_restore (RiposteChatList *self, RiposteConversation *conversation);

G_END_DECLS
