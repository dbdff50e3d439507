#include "settings.h"

/* g_settings_new() ends the process where there is no schema, as in a build that was not installed. */
static GSettings *
get_settings (void)
{
  static gboolean looked;
  static GSettings *settings;
  GSettingsSchemaSource *source = g_settings_schema_source_get_default ();

  if (!looked)
    {
      g_autoptr (GSettingsSchema) schema
        = source ? g_settings_schema_source_lookup (source, RIPOSTE_APP_ID, TRUE) : NULL;
      if (schema)
        settings = g_settings_new_full (schema, NULL, NULL);
      looked = TRUE;
    }
  return settings;
}

static void
save_window (GtkWindow *window)
{
  int width, height;

  /* the size to go back to, where it is maximized */
  gtk_window_get_default_size (window, &width, &height);
  g_settings_set_boolean (get_settings (), "window-maximized", gtk_window_is_maximized (window));
  if (width > 0 && height > 0)
    g_settings_set (get_settings (), "window-size", "(ii)", width, height);
}

void
riposte_settings_keep_window (GtkWindow *window)
{
  int width, height;

  g_return_if_fail (GTK_IS_WINDOW (window));

  if (!get_settings ())
    return;
  g_settings_get (get_settings (), "window-size", "(ii)", &width, &height);
  if (width > 0 && height > 0)
    gtk_window_set_default_size (window, width, height);
  if (g_settings_get_boolean (get_settings (), "window-maximized"))
    gtk_window_maximize (window);
  g_signal_connect (window, "unrealize", G_CALLBACK (save_window), NULL);
}

static void
save_pane (GtkPaned *paned)
{
  g_settings_set_int (get_settings (), "editor-position", gtk_paned_get_position (paned));
}

void
riposte_settings_keep_pane (GtkPaned *paned)
{
  g_return_if_fail (GTK_IS_PANED (paned));

  if (!get_settings ())
    return;
  int position = g_settings_get_int (get_settings (), "editor-position");
  if (position >= 0)
    gtk_paned_set_position (paned, position);
  g_signal_connect (paned, "unrealize", G_CALLBACK (save_pane), NULL);
}

gboolean
riposte_settings_get_show_editor (void)
{
  return !get_settings () || g_settings_get_boolean (get_settings (), "show-editor");
}

void
riposte_settings_set_show_editor (gboolean show)
{
  if (get_settings ())
    g_settings_set_boolean (get_settings (), "show-editor", show);
}

char *
riposte_settings_dup_model (void)
{
  g_autofree char *path = get_settings () ? g_settings_get_string (get_settings (), "model") : NULL;

  return path && path[0] != '\0' ? g_steal_pointer (&path) : NULL;
}

void
riposte_settings_set_model (const char *path)
{
  if (get_settings ())
    g_settings_set_string (get_settings (), "model", path ? path : "");
}

char *
riposte_settings_dup_device (void)
{
  return get_settings () ? g_settings_get_string (get_settings (), "device") : g_strdup ("auto");
}

void
riposte_settings_set_device (const char *device)
{
  if (get_settings ())
    g_settings_set_string (get_settings (), "device", device);
}
