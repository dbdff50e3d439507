/* Below a message: which of its versions is shown, and the ways to the others; editing and deleting it. */
#pragma once

#include <gtk/gtk.h>

#include "chat/message.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_BRANCH_BAR (riposte_branch_bar_get_type ())
G_DECLARE_FINAL_TYPE (RiposteBranchBar, riposte_branch_bar, RIPOSTE, BRANCH_BAR, GtkBox)

GtkWidget *riposte_branch_bar_new (RiposteMessage *message);
/* A question that is the last has no answer, and offers to be answered. */
void riposte_branch_bar_set_last (RiposteBranchBar *self, gboolean last);

G_END_DECLS
