/* Tooltips of widgets that are made by the hundred. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* As gtk_widget_set_tooltip_text(), which asks the display server where the pointer is each time, and waits for it. */
void riposte_set_lazy_tooltip (GtkWidget *widget, const char *text);

G_END_DECLS
