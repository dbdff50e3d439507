/* Completes names of files that begin with an @ in a text view: of the open documents, and of the files beside them. */
#pragma once

#include <gtk/gtk.h>

#include "editor/riposte-editor.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_MENTION (riposte_mention_get_type ())
G_DECLARE_FINAL_TYPE (RiposteMention, riposte_mention, RIPOSTE, MENTION, GObject)

/* Signals: "document" (RiposteDocument), "file" (GFile): it was chosen; its name stands in the text. */

/* @parent has a layout manager, and is over the view. It outlives what is returned. */
RiposteMention *riposte_mention_new (GtkTextView *view, GtkWidget *parent);
void riposte_mention_set_editor (RiposteMention *self, RiposteEditor *editor);
/* Until something is written: what was put there is no beginning of a name. */
void riposte_mention_close (RiposteMention *self);
/* Before the view sees a key; TRUE where it is not for the view. */
gboolean riposte_mention_handle_key (RiposteMention *self, guint key, GdkModifierType state);

G_END_DECLS
