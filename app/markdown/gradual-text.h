/* Much text into a text view, some in each frame. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* At its end. */
void riposte_gradual_text_add (GtkTextView *view, const char *text);
/* Returns: the bytes that it would still have inserted */
gsize riposte_gradual_text_stop (GtkTextView *view);

G_END_DECLS
