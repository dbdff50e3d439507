/* Has the model on this machine find titles: once a conversation has an answer and nothing else is being answered, by one more short turn after that answer, which takes what the model has read already and is kept nowhere.
 * It is given up as soon as something is asked, and begun again after that. Until there is a title, and where none comes
 * of it, the first line of the question is the title; one that the user gave stays. */
#pragma once

#include "chat/conversation.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_TITLE_MAKER (riposte_title_maker_get_type ())
G_DECLARE_FINAL_TYPE (RiposteTitleMaker, riposte_title_maker, RIPOSTE, TITLE_MAKER, GObject)

RiposteTitleMaker *riposte_title_maker_new (RiposteGenerator *generator);
/* All conversations that are answered have to be watched, so that titles wait for them. */
void riposte_title_maker_watch (RiposteTitleMaker *self, RiposteConversation *conversation);

/* The title in what a model wrote when it was asked for one; @done: it will write no more. NULL: there is none, yet or
 * at all. A pure function. */
char *riposte_title_in_answer (const char *text, gboolean done);

G_END_DECLS
