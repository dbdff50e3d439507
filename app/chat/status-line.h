/* The line that says where the model runs, how fast, and how full the context is. */
#pragma once

#include <gtk/gtk.h>

#include "chat/context.h"
#include "chat/conversation.h"
#include "generate/generator.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_STATUS_LINE (riposte_status_line_get_type ())
G_DECLARE_FINAL_TYPE (RiposteStatusLine, riposte_status_line, RIPOSTE, STATUS_LINE, GtkBox)

void riposte_status_line_set_generator (RiposteStatusLine *self, RiposteGenerator *generator);
void riposte_status_line_set_context (RiposteStatusLine *self, RiposteContext *context);
/* Whose figures are shown; nullable. */
void riposte_status_line_set_conversation (RiposteStatusLine *self, RiposteConversation *conversation);

G_END_DECLS
