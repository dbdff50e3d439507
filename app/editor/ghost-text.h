/* Text that is not there yet: what a model would write at the caret, shown dimly in its place until it is taken with Tab
 * or anything else is done. Main thread. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/**
 * RiposteGhostText:
 *
 * Signal "finished": all of it is there, to be taken.
 * Signal "ended": once, when it was taken or is not wanted any more; nothing is shown from then on.
 */
#define RIPOSTE_TYPE_GHOST_TEXT (riposte_ghost_text_get_type ())
G_DECLARE_FINAL_TYPE (RiposteGhostText, riposte_ghost_text, RIPOSTE, GHOST_TEXT, GObject)

/* Where the caret is; without a selection. */
RiposteGhostText *riposte_ghost_text_new (GtkTextView *view);

/* The text around the caret, from as far away as is worth reading, on whole lines; the beginning stays the same while one
 * goes on writing, so that what was read of it need not be read again. */
char *riposte_ghost_text_dup_prefix (RiposteGhostText *self);
char *riposte_ghost_text_dup_suffix (RiposteGhostText *self);

/* What is shown dimly until something comes; NULL: points. */
void riposte_ghost_text_set_hint (RiposteGhostText *self, const char *hint);
/* FALSE: no more is wanted. */
gboolean riposte_ghost_text_append (RiposteGhostText *self, const char *text);
/* No more comes: what would be empty goes. */
void riposte_ghost_text_finish (RiposteGhostText *self);
const char *riposte_ghost_text_get_text (RiposteGhostText *self);
/* As one step to undo. */
void riposte_ghost_text_take (RiposteGhostText *self);
void riposte_ghost_text_end (RiposteGhostText *self);

G_END_DECLS
