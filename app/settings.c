#include "settings.h"

#include "settings-schema.h"

static void
save_window (GtkWindow *window)
{
  int width, height;

  /* the size to go back to, where it is maximized */
  gtk_window_get_default_size (window, &width, &height);
  g_settings_set_boolean (riposte_settings_get (), "window-maximized", gtk_window_is_maximized (window));
  if (width > 0 && height > 0)
    g_settings_set (riposte_settings_get (), "window-size", "(ii)", width, height);
}

void
riposte_settings_keep_window (GtkWindow *window)
{
  int width, height;

  g_return_if_fail (GTK_IS_WINDOW (window));

  if (!riposte_settings_get ())
    return;
  g_settings_get (riposte_settings_get (), "window-size", "(ii)", &width, &height);
  if (width > 0 && height > 0)
    gtk_window_set_default_size (window, width, height);
  if (g_settings_get_boolean (riposte_settings_get (), "window-maximized"))
    gtk_window_maximize (window);
  g_signal_connect (window, "unrealize", G_CALLBACK (save_window), NULL);
}

static void
save_pane (GtkPaned *paned)
{
  g_settings_set_int (riposte_settings_get (), "editor-position", gtk_paned_get_position (paned));
}

void
riposte_settings_keep_pane (GtkPaned *paned)
{
  g_return_if_fail (GTK_IS_PANED (paned));

  if (!riposte_settings_get ())
    return;
  int position = g_settings_get_int (riposte_settings_get (), "editor-position");
  if (position >= 0)
    gtk_paned_set_position (paned, position);
  g_signal_connect (paned, "unrealize", G_CALLBACK (save_pane), NULL);
}

void
riposte_settings_keep_wrap_lines (GObject *editor)
{
  if (riposte_settings_get ())
    g_settings_bind (riposte_settings_get (), "wrap-lines", editor, "wrap-lines", G_SETTINGS_BIND_DEFAULT);
}

gboolean
riposte_settings_get_show_editor (void)
{
  return !riposte_settings_get () || g_settings_get_boolean (riposte_settings_get (), "show-editor");
}

void
riposte_settings_set_show_editor (gboolean show)
{
  if (riposte_settings_get ())
    g_settings_set_boolean (riposte_settings_get (), "show-editor", show);
}

char *
riposte_settings_dup_model (void)
{
  g_autofree char *path = riposte_settings_get () ? g_settings_get_string (riposte_settings_get (), "model") : NULL;

  if (path && g_str_has_prefix (path, "file:"))
    return g_filename_from_uri (path, NULL, NULL);
  return path && path[0] != '\0' ? g_steal_pointer (&path) : NULL;
}

void
riposte_settings_set_model (const char *path)
{
  /* a setting is UTF-8, which the name of a file need not be */
  g_autofree char *uri = path && !g_utf8_validate (path, -1, NULL) ? g_filename_to_uri (path, NULL, NULL) : NULL;

  if (riposte_settings_get ())
    g_settings_set_string (riposte_settings_get (), "model", uri ? uri : path ? path : "");
}

gboolean
riposte_settings_get_keep_awake (void)
{
  return riposte_settings_get () && g_settings_get_boolean (riposte_settings_get (), "keep-awake");
}

char *
riposte_settings_dup_device (void)
{
  return riposte_settings_get () ? g_settings_get_string (riposte_settings_get (), "device") : g_strdup ("auto");
}

void
riposte_settings_set_device (const char *device)
{
  if (riposte_settings_get ())
    g_settings_set_string (riposte_settings_get (), "device", device);
}

static void
on_release_minutes (GSettings *settings, const char *key, RiposteLocalGenerator *generator)
{
  riposte_local_generator_set_idle_seconds (generator, 60 * g_settings_get_uint (settings, "release-minutes"));
}

void
riposte_settings_keep_release (RiposteLocalGenerator *generator)
{
  GSettings *settings = riposte_settings_get ();

  if (!settings)
    {
      riposte_local_generator_set_idle_seconds (generator, 15 * 60);
      return;
    }
  g_signal_connect_object (settings, "changed::release-minutes", G_CALLBACK (on_release_minutes), generator, 0);
  on_release_minutes (settings, "release-minutes", generator);
}
