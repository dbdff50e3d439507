/* An answer's raw text as what the model thought and what it says: marks of thinking and channels are taken out, while
 * the text still grows. Pure functions. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _RiposteReasoning RiposteReasoning;

RiposteReasoning *riposte_reasoning_new (void);
void riposte_reasoning_free (RiposteReasoning *self);

/**
 * riposte_reasoning_append:
 *
 * What may yet become a mark is held back. A mark that ends what nothing began turns all that was said before it into
 * thought: then the serial number changes, and what was shown has to be shown anew; else both texts only grow.
 */
void riposte_reasoning_append (RiposteReasoning *self, const char *text);
/* Nothing more comes: what was held back is text. */
void riposte_reasoning_finish (RiposteReasoning *self);

const char *riposte_reasoning_get_thought (RiposteReasoning *self); /* "" where there is none */
const char *riposte_reasoning_get_said (RiposteReasoning *self);
gboolean riposte_reasoning_is_thinking (RiposteReasoning *self); /* the last that came is thought */
guint riposte_reasoning_get_serial (RiposteReasoning *self);

/* What of the whole @text is said. */
char *riposte_reasoning_dup_said (const char *text);

/* Ended by NULL: the marks that models have as control tokens, which have to come as text to be seen here. */
const char *const *riposte_reasoning_get_marks (void);
/* Where in a prompt the mark begins that opens the thought which the answer goes on with; NULL for none. */
const char *riposte_reasoning_find_opened (const char *prompt);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RiposteReasoning, riposte_reasoning_free)

G_END_DECLS
