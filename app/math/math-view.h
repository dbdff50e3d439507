/* A formula on lines of its own. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define RIPOSTE_TYPE_MATH_VIEW (riposte_math_view_get_type ())
G_DECLARE_FINAL_TYPE (RiposteMathView, riposte_math_view, RIPOSTE, MATH_VIEW, GtkWidget)

/* @tex is such as riposte_math_parse() takes. Ctrl+C copies it. */
GtkWidget *riposte_math_view_new (const char *tex);

G_END_DECLS
