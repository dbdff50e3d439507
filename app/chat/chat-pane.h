/* The conversation that is selected: its transcript, and the composer below. */
#pragma once

#include <adwaita.h>

#include "chat/conversation.h"
#include "generate/local-generator.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_CHAT_PANE (riposte_chat_pane_get_type ())
G_DECLARE_FINAL_TYPE (RiposteChatPane, riposte_chat_pane, RIPOSTE, CHAT_PANE, AdwBin)

void riposte_chat_pane_set_generator (RiposteChatPane *self, RiposteLocalGenerator *generator);
/* What samples the answers; copied. */
void riposte_chat_pane_set_sampler (RiposteChatPane *self, const RpSamplerOptions *sampler);
void riposte_chat_pane_set_conversation (RiposteChatPane *self, RiposteConversation *conversation);
void riposte_chat_pane_try_again (RiposteChatPane *self);
void riposte_chat_pane_focus_composer (RiposteChatPane *self);

G_END_DECLS
