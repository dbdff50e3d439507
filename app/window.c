#include "window.h"

#include <glib/gi18n.h>

struct _RiposteWindow
{
  AdwApplicationWindow parent;

  AdwFlap *flap;
  GtkPaned *paned;
};

G_DEFINE_FINAL_TYPE (RiposteWindow, riposte_window, ADW_TYPE_APPLICATION_WINDOW)

static void
riposte_window_init (RiposteWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

static void
riposte_window_class_init (RiposteWindowClass *klass)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (klass);

  gtk_widget_class_set_template_from_resource (widget, "/dev/riposte/Riposte/window.ui");
  gtk_widget_class_bind_template_child (widget, RiposteWindow, flap);
  gtk_widget_class_bind_template_child (widget, RiposteWindow, paned);
}

RiposteWindow *
riposte_window_new (RiposteApplication *app)
{
  return g_object_new (RIPOSTE_TYPE_WINDOW, "application", app, NULL);
}

void
riposte_window_open_file (RiposteWindow *self, GFile *file)
{
}
