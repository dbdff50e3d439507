/* A message as it was written, to select any part of: in the chat each of its paragraphs is a text of its own. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define RIPOSTE_TYPE_SELECT_DIALOG (riposte_select_dialog_get_type ())
G_DECLARE_FINAL_TYPE (RiposteSelectDialog, riposte_select_dialog, RIPOSTE, SELECT_DIALOG, AdwWindow)

/* Over the window that @parent is in. @text is Markdown, from a model. */
void riposte_select_dialog_present (GtkWidget *parent, const char *text);

G_END_DECLS
