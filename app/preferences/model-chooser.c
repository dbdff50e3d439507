#include "preferences/model-chooser.h"

#include "remote/keyring.h"
#include "remote/model-list.h"
#include "remote/service.h"

#include <glib/gi18n.h>

struct _RiposteModelChooser
{
  GtkPopover parent;

  GtkSearchEntry *search;
  GtkLabel *message;
  GtkWidget *scroller;
  GtkListView *list;

  char *address;             /* nullable */
  GtkStringFilter *filter;   /* of names */
  GListModel *shown;         /* (nullable) those that pass */
  GCancellable *cancellable; /* of what is under way */
};

G_DEFINE_FINAL_TYPE (RiposteModelChooser, riposte_model_chooser, GTK_TYPE_POPOVER)

static guint chosen_signal;

/* NULL shows the list. */
static void
say (RiposteModelChooser *self, const char *text)
{
  gtk_label_set_label (self->message, text ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (self->message), text != NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->search), text == NULL);
  gtk_widget_set_visible (self->scroller, text == NULL);
}

static void
forget (RiposteModelChooser *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  gtk_list_view_set_model (self->list, NULL);
  g_clear_object (&self->shown);
}

static void
show (RiposteModelChooser *self, GStrv names)
{
  GtkStringList *all = gtk_string_list_new ((const char *const *)names);
  g_autoptr (GtkNoSelection) selection = NULL;

  self->shown = G_LIST_MODEL (gtk_filter_list_model_new (G_LIST_MODEL (all), g_object_ref (GTK_FILTER (self->filter))));
  selection = gtk_no_selection_new (g_object_ref (self->shown));
  gtk_list_view_set_model (self->list, GTK_SELECTION_MODEL (selection));
  gtk_editable_set_text (GTK_EDITABLE (self->search), "");
  say (self, NULL);
  gtk_widget_grab_focus (GTK_WIDGET (self->search));
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RiposteModelChooser) self = user_data;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) names = riposte_remote_list_models_finish (result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_object (&self->cancellable);
  if (names)
    show (self, names);
  else
    say (self, error->message);
}

/* Without a key, some services tell as well. */
static void
on_key (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RiposteModelChooser) self = user_data;
  g_autoptr (GError) error = NULL;
  RiposteRemoteKey *key = riposte_remote_keyring_lookup_finish (result, &error);
  g_autoptr (RiposteRemoteAddress) address = self->address ? riposte_service_check_address (self->address, NULL) : NULL;

  if (address && self->cancellable && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    riposte_remote_list_models_async (address, key, self->cancellable, on_listed, g_object_ref (self));
  g_clear_pointer (&key, riposte_remote_key_unref);
}

static void
ask (RiposteModelChooser *self)
{
  g_autoptr (RiposteRemoteAddress) address = self->address ? riposte_service_check_address (self->address, NULL) : NULL;

  if (!address || self->shown || self->cancellable)
    return;
  say (self, _ ("Asking…"));
  self->cancellable = g_cancellable_new ();
  if (address->plain && riposte_service_get_plain (address->origin) != RIPOSTE_PLAIN_ALL)
    riposte_remote_list_models_async (address, NULL, self->cancellable, on_listed, g_object_ref (self));
  else
    riposte_remote_keyring_lookup_async (address->origin, self->cancellable, on_key, g_object_ref (self));
}

void
riposte_model_chooser_set_address (RiposteModelChooser *self, const char *address)
{
  if (g_strcmp0 (self->address, address) == 0)
    return;
  g_free (self->address);
  self->address = g_strdup (address);
  forget (self);
}

/* What failed is asked again the next time; what nobody waits for is not. */
static void
on_closed (RiposteModelChooser *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
}

static void
on_search (RiposteModelChooser *self)
{
  gtk_string_filter_set_search (self->filter, gtk_editable_get_text (GTK_EDITABLE (self->search)));
}

static void
on_activate (RiposteModelChooser *self, guint position)
{
  g_autoptr (GtkStringObject) name = g_list_model_get_item (self->shown, position);

  gtk_popover_popdown (GTK_POPOVER (self));
  g_signal_emit (self, chosen_signal, 0, gtk_string_object_get_string (name));
}

/* ---- object ---- */

static void
riposte_model_chooser_init (RiposteModelChooser *self)
{
  self->filter = gtk_string_filter_new (gtk_property_expression_new (GTK_TYPE_STRING_OBJECT, NULL, "string"));
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect (self, "show", G_CALLBACK (ask), NULL);
  g_signal_connect (self, "closed", G_CALLBACK (on_closed), NULL);
}

static void
riposte_model_chooser_dispose (GObject *object)
{
  RiposteModelChooser *self = RIPOSTE_MODEL_CHOOSER (object);

  if (self->list)
    forget (self);
  g_clear_pointer (&self->address, g_free);
  g_clear_object (&self->filter);
  gtk_widget_dispose_template (GTK_WIDGET (object), RIPOSTE_TYPE_MODEL_CHOOSER);
  G_OBJECT_CLASS (riposte_model_chooser_parent_class)->dispose (object);
}

static void
riposte_model_chooser_class_init (RiposteModelChooserClass *klass)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = riposte_model_chooser_dispose;
  chosen_signal = g_signal_new ("chosen", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 1, G_TYPE_STRING);
  gtk_widget_class_set_template_from_resource (widget, "/dev/riposte/Riposte/preferences/model-chooser.ui");
  gtk_widget_class_bind_template_child (widget, RiposteModelChooser, search);
  gtk_widget_class_bind_template_child (widget, RiposteModelChooser, message);
  gtk_widget_class_bind_template_child (widget, RiposteModelChooser, scroller);
  gtk_widget_class_bind_template_child (widget, RiposteModelChooser, list);
  gtk_widget_class_bind_template_callback (widget, on_search);
  gtk_widget_class_bind_template_callback (widget, on_activate);
}
