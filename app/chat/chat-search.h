/* A field to search all conversations with, above its child, and what was found in place of that. */
#pragma once

#include <adwaita.h>

#include "store/store.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_CHAT_SEARCH (riposte_chat_search_get_type ())
G_DECLARE_FINAL_TYPE (RiposteChatSearch, riposte_chat_search, RIPOSTE, CHAT_SEARCH, GtkBox)

/* Properties: "active" (boolean, writable): the field is there. "content" (GtkWidget): what is shown while nothing is
 * searched. Signal "found" (const char *conversation, const char *message, const char *words): one of the results was
 * chosen; @message is NULL where it is the conversation's title. */

void riposte_chat_search_set_store (RiposteChatSearch *self, RiposteStore *store);
/* Shows the field, and writes go there. */
void riposte_chat_search_start (RiposteChatSearch *self);

G_END_DECLS
