/* Between riposte-editor.c and the files that open, close and act. */
#pragma once

#include "riposte-editor-page.h"
#include "riposte-editor.h"

G_BEGIN_DECLS

struct _RiposteEditor
{
  AdwBin parent_instance;

  GtkStack *stack;
  AdwTabBar *tab_bar;
  AdwTabView *tab_view;
  GtkWidget *open_button;
  GMenu *menu;
  GMenuModel *code_menu;   /* nullable */
  RiposteGhostText *ghost; /* nullable */

  GQueue opening;        /* of GFile: looked at one after the other, so that tabs stand in order */
  GSignalGroup *current; /* signals of the current page's document */
  gboolean resolving, holding;
  gboolean wrap_lines;
  gboolean discarding; /* pages close without a question */
};

static inline RiposteEditorPage *
page_of_tab (AdwTabPage *tab)
{
  return RIPOSTE_EDITOR_PAGE (adw_tab_page_get_child (tab));
}

static inline RiposteDocument *
document_of_tab (AdwTabPage *tab)
{
  return riposte_editor_page_get_document (page_of_tab (tab));
}

static inline gboolean
is_modified (AdwTabPage *tab)
{
  return gtk_text_buffer_get_modified (GTK_TEXT_BUFFER (document_of_tab (tab)));
}

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

/* GtkDropTarget's "drop", and AdwTabView's "close-page" */
gboolean riposte_editor_on_drop (GtkDropTarget *target, const GValue *value, double x, double y, RiposteEditor *self);
gboolean riposte_editor_on_close_page (AdwTabView *view, AdwTabPage *tab, RiposteEditor *self);

G_END_DECLS
