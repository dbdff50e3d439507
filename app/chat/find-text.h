/* Words among widgets. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/**
 * riposte_select_text:
 *
 * Selects the first @words, whatever their case, that a label or text view in @root shows.
 *
 * Returns: (transfer none) (nullable): that widget
 */
GtkWidget *riposte_select_text (GtkWidget *root, const char *words);
/* Where in a widget that riposte_select_text() returned the selection is, once it is laid out. */
int riposte_get_selection_y (GtkWidget *widget);

G_END_DECLS
