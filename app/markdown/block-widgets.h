/* Blocks of Markdown as widgets, changed no more than they have to be. */
#pragma once

#include "markdown/markdown.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define RIPOSTE_BLOCK_SPACING 10

/* Of a text that is selected, below what GTK has in it: "message.select-text", which goes beyond that text. */
GMenuModel *riposte_block_get_menu (void);
GtkWidget *riposte_block_widget_new (RiposteBlock *block);
/* Returns: @widget, which that function made, shows @block; else it cannot, and is as it was */
gboolean riposte_block_widget_update (GtkWidget *widget, RiposteBlock *block);
/* Makes the children of @box show @blocks (of RiposteBlock), and no more. */
void riposte_block_widgets_sync (GtkBox *box, GPtrArray *blocks);

G_END_DECLS
