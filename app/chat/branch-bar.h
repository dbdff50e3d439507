/* Below a message: which of its versions is shown, and the ways to the others; editing and deleting it. */
#pragma once

#include <gtk/gtk.h>

#include "chat/message.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_BRANCH_BAR (riposte_branch_bar_get_type ())
G_DECLARE_FINAL_TYPE (RiposteBranchBar, riposte_branch_bar, RIPOSTE, BRANCH_BAR, GtkBox)

GtkWidget *riposte_branch_bar_new (RiposteMessage *message);
/* Which button of the switcher has the focus: -1 to the previous version, 1 to the next, 0 neither. */
int riposte_branch_bar_get_focus (RiposteBranchBar *self);
/* Gives that one the focus, or the other one where it leads nowhere. */
gboolean riposte_branch_bar_focus (RiposteBranchBar *self, int direction);
/* A question that is the last has no answer, and offers to be answered. */
void riposte_branch_bar_set_last (RiposteBranchBar *self, gboolean last);

G_END_DECLS
