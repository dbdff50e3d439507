/* The list of conversations. */
#pragma once

#include <adwaita.h>

#include "chat/conversation.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_CHAT_LIST (riposte_chat_list_get_type ())
G_DECLARE_FINAL_TYPE (RiposteChatList, riposte_chat_list, RIPOSTE, CHAT_LIST, AdwBin)

/* Signals: "selected": another conversation was. "activated": one was clicked or entered. There is always one. */

/* Lists what @store has, and has it keep the conversations that are added. */
void riposte_chat_list_set_store (RiposteChatList *self, RiposteStore *store);
RiposteConversation *riposte_chat_list_get_selected (RiposteChatList *self);
/* Selects an empty conversation, a new one where there is none. */
void riposte_chat_list_add (RiposteChatList *self);
/* The one @offset rows further down, where there is one. */
void riposte_chat_list_move (RiposteChatList *self, int offset);

typedef struct
{
  RiposteConversation *conversation;
  guint position;
} RiposteRemovedChat;

/* Takes the selected conversation out. Free with riposte_removed_chat_free(). */
RiposteRemovedChat *riposte_chat_list_remove_selected (RiposteChatList *self);
void riposte_chat_list_restore (RiposteChatList *self, const RiposteRemovedChat *removed);
void riposte_removed_chat_free (RiposteRemovedChat *removed);

G_END_DECLS
