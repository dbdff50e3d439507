/* What the model thought before it answered, folded away: open while it thinks, shut once it has. */
#pragma once

#include <adwaita.h>

#include "markdown/markdown-view.h"
#include "chat/message.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_THOUGHT_FOLD (riposte_thought_fold_get_type ())
G_DECLARE_FINAL_TYPE (RiposteThoughtFold, riposte_thought_fold, RIPOSTE, THOUGHT_FOLD, AdwBin)

GtkWidget *riposte_thought_fold_new (RiposteMessage *message);
/* The message has changed, or grown. */
void riposte_thought_fold_update (RiposteThoughtFold *self);
void riposte_thought_fold_unfold (RiposteThoughtFold *self);
/* (nullable) */
RiposteMarkdownView *riposte_thought_fold_get_text (RiposteThoughtFold *self);

G_END_DECLS
