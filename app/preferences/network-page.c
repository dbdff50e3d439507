#include "preferences/network-page.h"

#include "network/network.h"

#include <glib/gi18n.h>

/* Each row is a widget, so only some of them are made at first. */
#define ROWS 50

struct _RiposteNetworkPage
{
  AdwPreferencesPage parent;

  AdwActionRow *allowed_row;
  GtkSwitch *allowed;
  GtkListBox *list;
  GtkWidget *none, *more, *clear;
  GtkSliceListModel *shown;
  GBinding *binding; /* (nullable) owned by what it binds */
};

G_DEFINE_FINAL_TYPE (RiposteNetworkPage, riposte_network_page, ADW_TYPE_PREFERENCES_PAGE)

/* ---- a request in words ---- */

static const struct
{
  const char *purpose, *label;
} purposes[] = {
  /* Translators: what a request was for */
  { RIPOSTE_NETWORK_CHAT, N_ ("Chat") },
  { RIPOSTE_NETWORK_MODELS, N_ ("List of models") },
  { RIPOSTE_NETWORK_DOWNLOAD, N_ ("Download") },
};

static const char *
describe_purpose (const char *purpose)
{
  for (gsize i = 0; i < G_N_ELEMENTS (purposes); i++)
    if (g_str_equal (purposes[i].purpose, purpose))
      return _ (purposes[i].label);
  return purpose;
}

static char *
describe_outcome (RiposteNetworkRequest *request)
{
  guint status = riposte_network_request_get_status (request);

  switch (riposte_network_request_get_outcome (request))
    {
    case RIPOSTE_NETWORK_RUNNING:
      return g_strdup (_ ("running"));
    case RIPOSTE_NETWORK_CANCELLED:
      return g_strdup (_ ("stopped"));
    case RIPOSTE_NETWORK_LOST:
      return g_strdup (_ ("its end is not known"));
    case RIPOSTE_NETWORK_FAILED:
      /* Translators: %u is a status of HTTP, such as 429 */
      return status ? g_strdup_printf (_ ("failed (%u)"), status) : g_strdup (_ ("failed"));
    case RIPOSTE_NETWORK_DONE:
    default:
      return g_strdup (_ ("done"));
    }
}

static char *
describe (RiposteNetworkRequest *request)
{
  g_autoptr (GDateTime) time
    = g_date_time_new_from_unix_local (riposte_network_request_get_time (request) / G_USEC_PER_SEC);
  g_autofree char *when = time ? g_date_time_format (time, "%x %X") : NULL;
  g_autofree char *sent = g_format_size (riposte_network_request_get_sent (request));
  g_autofree char *received = g_format_size (riposte_network_request_get_received (request));
  g_autofree char *outcome = describe_outcome (request);

  /* Translators: when, what for, two sizes, and how it ended */
  return g_strdup_printf (_ ("%s · %s · sent %s · received %s · %s"), when ? when : "",
                          describe_purpose (riposte_network_request_get_purpose (request)), sent, received, outcome);
}

static void
update_row (AdwActionRow *row, RiposteNetworkRequest *request)
{
  g_autofree char *text = describe (request);

  adw_action_row_set_subtitle (row, text);
}

static GtkWidget *
row_new (gpointer item, gpointer user_data)
{
  RiposteNetworkRequest *request = item;
  GtkWidget *row = adw_action_row_new ();

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), riposte_network_request_get_url (request));
  adw_action_row_set_title_lines (ADW_ACTION_ROW (row), 2);
  update_row (ADW_ACTION_ROW (row), request);
  if (riposte_network_request_get_outcome (request) == RIPOSTE_NETWORK_RUNNING)
    g_signal_connect_object (request, "changed", G_CALLBACK (update_row), row, G_CONNECT_SWAPPED);
  return row;
}

/* ---- the list ---- */

static void
update (RiposteNetworkPage *self)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (riposte_network_get_default ()));

  gtk_widget_set_visible (self->none, n == 0);
  gtk_widget_set_visible (GTK_WIDGET (self->list), n > 0);
  gtk_widget_set_sensitive (self->clear, n > 0);
  gtk_widget_set_visible (self->more, n > gtk_slice_list_model_get_size (self->shown));
}

static void
on_more (RiposteNetworkPage *self)
{
  gtk_slice_list_model_set_size (self->shown, gtk_slice_list_model_get_size (self->shown) * 2);
  update (self);
}

static void
on_clear (RiposteNetworkPage *self)
{
  riposte_network_forget (riposte_network_get_default ());
}

/* The setting is another matter, and stays as it is. */
static void
show_forbidden (RiposteNetworkPage *self)
{
  if (!riposte_network_is_forbidden ())
    return;
  g_clear_pointer (&self->binding, g_binding_unbind);
  gtk_switch_set_active (self->allowed, FALSE);
  gtk_widget_set_sensitive (GTK_WIDGET (self->allowed_row), FALSE);
  gtk_widget_set_sensitive (GTK_WIDGET (self->allowed), FALSE); /* which screen readers are not told of by the row */
  adw_action_row_set_subtitle (self->allowed_row,
                               _ ("Riposte was started offline: until it ends, it opens no connection"));
}

static void
riposte_network_page_init (RiposteNetworkPage *self)
{
  RiposteNetwork *network = riposte_network_get_default ();

  gtk_widget_init_template (GTK_WIDGET (self));
  self->binding = g_object_bind_property (network, "allowed", self->allowed, "active",
                                          G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL);
  g_signal_connect_object (network, "notify::forbidden", G_CALLBACK (show_forbidden), self, G_CONNECT_SWAPPED);
  show_forbidden (self);
  self->shown = gtk_slice_list_model_new (g_object_ref (G_LIST_MODEL (network)), 0, ROWS);
  gtk_list_box_bind_model (self->list, G_LIST_MODEL (self->shown), row_new, NULL, NULL);
  g_signal_connect_object (network, "items-changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  riposte_network_load_past (network);
  update (self);
}

static void
riposte_network_page_dispose (GObject *object)
{
  RiposteNetworkPage *self = RIPOSTE_NETWORK_PAGE (object);

  if (self->list)
    gtk_list_box_bind_model (self->list, NULL, NULL, NULL, NULL);
  g_clear_object (&self->shown);
  gtk_widget_dispose_template (GTK_WIDGET (object), RIPOSTE_TYPE_NETWORK_PAGE);
  G_OBJECT_CLASS (riposte_network_page_parent_class)->dispose (object);
}

static void
riposte_network_page_class_init (RiposteNetworkPageClass *klass)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = riposte_network_page_dispose;
  gtk_widget_class_set_template_from_resource (widget, "/dev/riposte/Riposte/preferences/network-page.ui");
  gtk_widget_class_bind_template_child (widget, RiposteNetworkPage, allowed_row);
  gtk_widget_class_bind_template_child (widget, RiposteNetworkPage, allowed);
  gtk_widget_class_bind_template_child (widget, RiposteNetworkPage, list);
  gtk_widget_class_bind_template_child (widget, RiposteNetworkPage, none);
  gtk_widget_class_bind_template_child (widget, RiposteNetworkPage, more);
  gtk_widget_class_bind_template_child (widget, RiposteNetworkPage, clear);
  gtk_widget_class_bind_template_callback (widget, on_more);
  gtk_widget_class_bind_template_callback (widget, on_clear);
}
