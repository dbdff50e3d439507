#include "zoom.h"

#include "settings-schema.h"

/* Percent. */
#define NORMAL 100
#define STEP   10
#define LEAST  50
#define MOST   300

static guint percent = NORMAL;

/* These classes are on what has text of its own size, none of it within another. */
static void
show (void)
{
  static GtkCssProvider *provider;
  g_autofree char *css = g_strdup_printf (".conversation-text, .riposte-editor-text { font-size: %u%%; }", percent);

  if (!provider)
    {
      provider = gtk_css_provider_new ();
      gtk_style_context_add_provider_for_display (gdk_display_get_default (), GTK_STYLE_PROVIDER (provider),
                                                  GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
    }
  gtk_css_provider_load_from_data (provider, css, -1);
}

/* A text view does not ask for less height by itself when its lines become lower. */
static void
measure_texts (GtkWidget *widget)
{
  if (GTK_IS_TEXT_VIEW (widget))
    gtk_widget_queue_resize (widget);
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child; child = gtk_widget_get_next_sibling (child))
    measure_texts (child);
}

static gboolean
on_shown (gpointer data)
{
  g_autoptr (GList) windows = gtk_window_list_toplevels ();

  for (GList *l = windows; l; l = l->next)
    measure_texts (l->data);
  return G_SOURCE_REMOVE;
}

static void
set_percent (int wanted)
{
  percent = (guint)CLAMP (wanted, LEAST, MOST);
  if (riposte_settings_get ())
    g_settings_set_uint (riposte_settings_get (), "text-size", percent);
  show ();
  g_timeout_add (200, on_shown, NULL);
}

static void
on_zoom_in (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  set_percent ((int)percent + STEP);
}

static void
on_zoom_out (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  set_percent ((int)percent - STEP);
}

static void
on_zoom_normal (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  set_percent (NORMAL);
}

void
riposte_zoom_add_actions (GActionMap *window)
{
  static const GActionEntry entries[] = {
    { .name = "zoom-in", .activate = on_zoom_in },
    { .name = "zoom-out", .activate = on_zoom_out },
    { .name = "zoom-normal", .activate = on_zoom_normal },
  };

  g_action_map_add_action_entries (window, entries, G_N_ELEMENTS (entries), NULL);
  if (riposte_settings_get ())
    percent = g_settings_get_uint (riposte_settings_get (), "text-size");
  show ();
}
