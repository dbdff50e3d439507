/* Says why conversations are not kept, and what may be done about it; nothing while they are. */
#pragma once

#include <adwaita.h>

#include "chat/conversation.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_STORE_NOTICE (riposte_store_notice_get_type ())
G_DECLARE_FINAL_TYPE (RiposteStoreNotice, riposte_store_notice, RIPOSTE, STORE_NOTICE, AdwBin)

void riposte_store_notice_set_store (RiposteStoreNotice *self, RiposteStore *store);
/* Also says why the conversation (nullable) cannot be read. */
void riposte_store_notice_set_conversation (RiposteStoreNotice *self, RiposteConversation *conversation);

G_END_DECLS
