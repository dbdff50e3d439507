/* Blocks of Markdown as widgets, changed no more than they have to be. */
#pragma once

#include "chat/markdown.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define RIPOSTE_BLOCK_SPACING 10

/* Makes the children of @box from number @first on show @blocks (of RiposteBlock), and no more. */
void riposte_block_widgets_sync (GtkBox *box, guint first, GPtrArray *blocks);

G_END_DECLS
