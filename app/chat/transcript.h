/* The messages of a conversation, one below the other. Follows the end while the reader is there, and holds still
 * where they scrolled up. */
#pragma once

#include <adwaita.h>

#include "chat/conversation.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_TRANSCRIPT (riposte_transcript_get_type ())
G_DECLARE_FINAL_TYPE (RiposteTranscript, riposte_transcript, RIPOSTE, TRANSCRIPT, AdwBin)

/* @conversation is nullable. */
void riposte_transcript_set_conversation (RiposteTranscript *self, RiposteConversation *conversation);
/* Scrolls to a message, where the conversation shows it, and there to @words (nullable), which are selected. */
void riposte_transcript_show_message (RiposteTranscript *self, RiposteMessage *message, const char *words);

G_END_DECLS
