/* What a model says to a question when it always takes the likeliest token. */
#pragma once

#include "riposte-engine.h"

G_BEGIN_DECLS

/* The question in the model's own template. */
GArray *greedy_prompt (RpModel *model, const char *question);
/* So many tokens, whether the model would end before or not. */
GArray *greedy_answer (RpSession *session, const GArray *prompt, guint n_predict);

G_END_DECLS
