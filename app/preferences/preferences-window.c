#include "preferences/preferences-window.h"

#include "preferences/network-page.h"
#include "preferences/remote-page.h"
#include "settings-schema.h"

struct _RipostePreferencesWindow
{
  AdwPreferencesWindow parent;

  GtkSwitch *keep_awake;
  GtkAdjustment *release_minutes;
};

G_DEFINE_FINAL_TYPE (RipostePreferencesWindow, riposte_preferences_window, ADW_TYPE_PREFERENCES_WINDOW)

static void
riposte_preferences_window_init (RipostePreferencesWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  if (!riposte_settings_get ())
    return;
  g_settings_bind (riposte_settings_get (), "keep-awake", self->keep_awake, "active", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (riposte_settings_get (), "release-minutes", self->release_minutes, "value", G_SETTINGS_BIND_DEFAULT);
}

static void
riposte_preferences_window_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), RIPOSTE_TYPE_PREFERENCES_WINDOW);
  G_OBJECT_CLASS (riposte_preferences_window_parent_class)->dispose (object);
}

static void
riposte_preferences_window_class_init (RipostePreferencesWindowClass *klass)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = riposte_preferences_window_dispose;
  g_type_ensure (RIPOSTE_TYPE_NETWORK_PAGE);
  g_type_ensure (RIPOSTE_TYPE_REMOTE_PAGE);
  gtk_widget_class_set_template_from_resource (widget, "/dev/riposte/Riposte/preferences/preferences-window.ui");
  gtk_widget_class_bind_template_child (widget, RipostePreferencesWindow, keep_awake);
  gtk_widget_class_bind_template_child (widget, RipostePreferencesWindow, release_minutes);
}

RipostePreferencesWindow *
riposte_preferences_window_new (GtkWindow *parent)
{
  return g_object_new (RIPOSTE_TYPE_PREFERENCES_WINDOW, "transient-for", parent, "application",
                       gtk_window_get_application (parent), NULL);
}
