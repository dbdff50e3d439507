/* The size of the text of conversations and files, beside the desktop's own. Main thread. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* "zoom-in", "zoom-out" and "zoom-normal"; the size is remembered, where there are settings. */
void riposte_zoom_add_actions (GActionMap *window);

G_END_DECLS
