/* Where a question is written. Enter sends it, Shift+Enter breaks the line. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define RIPOSTE_TYPE_COMPOSER (riposte_composer_get_type ())
G_DECLARE_FINAL_TYPE (RiposteComposer, riposte_composer, RIPOSTE, COMPOSER, GtkBox)

/* Signal "send" (const char *): the question; the handler returns whether it was taken, and the text is cleared.
 * "changed": it would send something else. */

void riposte_composer_set_text (RiposteComposer *self, const char *text);
char *riposte_composer_dup_text (RiposteComposer *self);
/* Whether there is something that would answer. */
void riposte_composer_set_can_send (RiposteComposer *self, gboolean can_send);
/* While an answer is on its way, the button stops it. */
void riposte_composer_set_busy (RiposteComposer *self, gboolean busy);

G_END_DECLS
