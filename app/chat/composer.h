/* Where a question is written. Enter sends it, Shift+Enter breaks the line. */
#pragma once

#include <gtk/gtk.h>

#include "chat/attachment.h"
#include "generate/generator.h"
#include "editor/riposte-editor.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_COMPOSER (riposte_composer_get_type ())
G_DECLARE_FINAL_TYPE (RiposteComposer, riposte_composer, RIPOSTE, COMPOSER, GtkBox)

/* Signal "send" (const char *): the question; the handler returns whether it was taken, and the text is cleared.
 * "changed": it would send something else. */

void riposte_composer_set_text (RiposteComposer *self, const char *text);
char *riposte_composer_dup_text (RiposteComposer *self);
/* The text with what is attached, as it would be sent. */
char *riposte_composer_dup_question (RiposteComposer *self);

/* ---- what goes with the question ---- */

/* Of RiposteAttachment; others, a GListStore, may be put in its place, or NULL for none. */
GListModel *riposte_composer_get_attachments (RiposteComposer *self);
void riposte_composer_set_attachments (RiposteComposer *self, GListModel *attachments);
/* Who tells what they cost, and where documents and what is selected come from. */
void riposte_composer_set_generator (RiposteComposer *self, RiposteGenerator *generator);
void riposte_composer_set_editor (RiposteComposer *self, RiposteEditor *editor);
/* Asks first where it takes much of the context. */
void riposte_composer_attach (RiposteComposer *self, RiposteAttachment *attachment);
/* What cannot be attached is told below the question. */
void riposte_composer_attach_file (RiposteComposer *self, GFile *file);
/* FALSE: nothing is selected in the editor. */
gboolean riposte_composer_attach_selection (RiposteComposer *self);
/* Asks @question about what is selected in the editor, or about all of the document; where @question is NULL, or cannot
 * be asked now, it waits to be sent. FALSE: there is no code. */
gboolean riposte_composer_ask_about_code (RiposteComposer *self, const char *question);
/* What is dragged out of the editor is attached, other text becomes a part of the question. */
gboolean riposte_composer_drop_text (RiposteComposer *self, GdkDrop *drop, const char *text);

/* Whether there is something that would answer. */
void riposte_composer_set_can_send (RiposteComposer *self, gboolean can_send);
/* While an answer is on its way, the button stops it. */
void riposte_composer_set_busy (RiposteComposer *self, gboolean busy);

G_END_DECLS
