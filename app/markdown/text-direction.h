#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* The way in which @text is written, whatever the window's is: that of its first letter, or GTK_TEXT_DIR_NONE where it
 * has none. Tags and entities of @markup are no letters. */
GtkTextDirection riposte_text_direction (const char *text, gboolean markup);

G_END_DECLS
