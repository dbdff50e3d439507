/* A conversation: a tree of messages, and the path through it that is shown, as a list model of RiposteMessage. Asking
 * again adds a branch; nothing is overwritten. */
#pragma once

#include "chat/message.h"
#include "generate/generator.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_CONVERSATION (riposte_conversation_get_type ())
G_DECLARE_FINAL_TYPE (RiposteConversation, riposte_conversation, RIPOSTE, CONVERSATION, GObject)

/* Properties: "title" (string, writable), "busy" (boolean). */

RiposteConversation *riposte_conversation_new (void);

/* NULL until something was asked. */
const char *riposte_conversation_get_title (RiposteConversation *self);
void riposte_conversation_set_title (RiposteConversation *self, const char *title);
/* An answer is on its way. */
gboolean riposte_conversation_get_busy (RiposteConversation *self);
gboolean riposte_conversation_is_empty (RiposteConversation *self);
/* The last of the path; nullable. */
RiposteMessage *riposte_conversation_get_last (RiposteConversation *self);
/* All branches, in the order of their making; of RiposteMessage. */
GPtrArray *riposte_conversation_get_messages (RiposteConversation *self);

/* Not while busy. The answer grows in this conversation, whatever else happens in the window. */
void riposte_conversation_ask (RiposteConversation *self,
                               const char *question,
                               RiposteGenerator *generator,
                               const RpSamplerOptions *sampler);
gboolean riposte_conversation_can_try_again (RiposteConversation *self);
/* Answers the last question once more. */
void riposte_conversation_try_again (RiposteConversation *self,
                                     RiposteGenerator *generator,
                                     const RpSamplerOptions *sampler);
void riposte_conversation_stop (RiposteConversation *self);

G_END_DECLS
