#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* Lists every key of the application, by what it is for; a window 360 pixels wide has room for it. */
GtkWidget *riposte_shortcuts_window_new (GtkApplication *application, GtkWindow *parent);

G_END_DECLS
