/* A scrolled window within another one. GTK 4.8 takes every turn of the wheel for the one below the pointer, also where
 * that has no way to go: who scrolls a page would stop at the first table. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* What @scroller cannot scroll itself goes to what it lies in. */
void riposte_pass_wheel (GtkScrolledWindow *scroller);

G_END_DECLS
