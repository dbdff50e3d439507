/* Between riposte-editor.c and editor-actions.c. */
#pragma once

#include "riposte-editor-page.h"
#include "riposte-editor.h"

G_BEGIN_DECLS

/* Installs the actions and binds their shortcuts. */
void riposte_editor_class_install_actions (GtkWidgetClass *widget_class);
void riposte_editor_add_shortcuts (RiposteEditor *self);
/* Actions that need a page are off without one. */
void riposte_editor_enable_actions (RiposteEditor *self);

AdwTabView *riposte_editor_get_tab_view (RiposteEditor *self);
/* NULL where there is none. */
RiposteEditorPage *riposte_editor_get_page (RiposteEditor *self);
/* Behind the others, and shown with the focus. */
RiposteEditorPage *riposte_editor_add_page (RiposteEditor *self);
/* Behind the others. */
RiposteEditorPage *riposte_editor_append_page (RiposteEditor *self);

/* Instead of another one. */
void riposte_editor_begin_ghost (RiposteEditor *self, GtkTextView *view);
/* After riposte_editor_hold(). */
void riposte_editor_let_go (RiposteEditor *self);

G_END_DECLS
