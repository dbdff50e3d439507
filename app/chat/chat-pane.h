/* The conversation that is selected: its transcript, and the composer below. */
#pragma once

#include <adwaita.h>

#include "chat/composer.h"
#include "chat/context.h"
#include "chat/conversation.h"
#include "generate/local-generator.h"
#include "presets/presets.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_CHAT_PANE (riposte_chat_pane_get_type ())
G_DECLARE_FINAL_TYPE (RiposteChatPane, riposte_chat_pane, RIPOSTE, CHAT_PANE, AdwBin)

void riposte_chat_pane_set_generator (RiposteChatPane *self, RiposteLocalGenerator *generator);
/* What chats are asked with; kept. */
void riposte_chat_pane_set_presets (RiposteChatPane *self, RipostePresets *presets);
/* What samples the answers where neither a preset nor the chat sets it; copied. */
void riposte_chat_pane_set_sampler (RiposteChatPane *self, const RpSamplerOptions *sampler);
void riposte_chat_pane_set_conversation (RiposteChatPane *self, RiposteConversation *conversation);
/* How full the context is, with what is being written. */
/* (nullable) The question that the draft would stand in place of. */
RiposteMessage *riposte_chat_pane_get_edited (RiposteChatPane *self);
RiposteContext *riposte_chat_pane_get_context (RiposteChatPane *self);
/* What is being written, as it would be sent. */
char *riposte_chat_pane_dup_draft (RiposteChatPane *self);
void riposte_chat_pane_set_draft (RiposteChatPane *self, const char *draft);
/* What is being written for all conversations, a{ss} by their ids; "" is the one that nothing was asked in. The signal
 * "drafts-changed" says that it is not as it was. */
GVariant *riposte_chat_pane_dup_drafts (RiposteChatPane *self);
/* What has been written since stays. */
void riposte_chat_pane_restore_drafts (RiposteChatPane *self, GVariant *drafts);
RiposteComposer *riposte_chat_pane_get_composer (RiposteChatPane *self);
/* As riposte_composer_ask_about_code(): a question of its own, not one that is being edited. */
void riposte_chat_pane_ask_about_code (RiposteChatPane *self, const char *question);
void riposte_chat_pane_set_store (RiposteChatPane *self, RiposteStore *store);
void riposte_chat_pane_try_again (RiposteChatPane *self);
/* The composer has another version of @message, of the path that is shown, until it is sent or left. */
void riposte_chat_pane_edit (RiposteChatPane *self, RiposteMessage *message);
/* Scrolls to the message of this id and there to @words (nullable), also where its conversation is only being fetched
 * or shows another branch. */
void riposte_chat_pane_show_message (RiposteChatPane *self, const char *id, const char *words);
void riposte_chat_pane_focus_composer (RiposteChatPane *self);
/* (transfer full): over the conversation, not over the composer. */
void riposte_chat_pane_add_toast (RiposteChatPane *self, AdwToast *toast);

G_END_DECLS
