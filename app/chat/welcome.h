/* What stands where a conversation will be: a greeting, or what there is about the model. */
#pragma once

#include <adwaita.h>

#include "generate/local-generator.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_WELCOME (riposte_welcome_get_type ())
G_DECLARE_FINAL_TYPE (RiposteWelcome, riposte_welcome, RIPOSTE, WELCOME, AdwBin)

/* Signal "suggested" (const char *): a question to begin with was chosen. */

void riposte_welcome_set_generator (RiposteWelcome *self, RiposteLocalGenerator *generator);
/* To be called whenever who would answer has changed, or is another: @generator. */
void riposte_welcome_update (RiposteWelcome *self, RiposteGenerator *generator);

G_END_DECLS
