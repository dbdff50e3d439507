/* How much of the model's context a conversation takes, with the question that is being written. Measured in a thread,
 * some time after each change. */
#pragma once

#include "chat/conversation.h"
#include "generate/generator.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_CONTEXT (riposte_context_get_type ())
G_DECLARE_FINAL_TYPE (RiposteContext, riposte_context, RIPOSTE, CONTEXT, GObject)

/* Signal "changed": the figures are new. */

RiposteContext *riposte_context_new (RiposteGenerator *generator);
/* Nullable. */
void riposte_context_set_conversation (RiposteContext *self, RiposteConversation *conversation);
/* The question as it would be sent; NULL or empty where there is none. */
void riposte_context_set_draft (RiposteContext *self, const char *draft);
/* The question of the path that the draft would stand in place of; nullable. */
void riposte_context_set_edited (RiposteContext *self, RiposteMessage *edited);
/* Something else that is measured has changed, as the conversation's instructions. */
void riposte_context_queue_update (RiposteContext *self);

/* Tokens in use: while an answer grows, by it; else by what would be asked next. */
guint riposte_context_get_n_used (RiposteContext *self);
/* Tokens that there is room for; 0 where that is not known. */
guint riposte_context_get_n_context (RiposteContext *self);
/* Whether what is there, with the draft, would not fit as it stands. */
gboolean riposte_context_is_over (RiposteContext *self);
/* Of the conversation and the draft, as it was measured last. */
const RiposteMeasure *riposte_context_get_measure (RiposteContext *self);

G_END_DECLS
