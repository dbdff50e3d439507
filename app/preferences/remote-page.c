#include "preferences/remote-page.h"

#include "preferences/model-chooser.h"
#include "remote/keyring.h"
#include "remote/service.h"

#include <glib/gi18n.h>
#include <string.h>

struct _RiposteRemotePage
{
  AdwPreferencesPage parent;

  AdwComboRow *fallback, *service;
  AdwEntryRow *address, *model;
  AdwPasswordEntryRow *key;
  GtkAdjustment *max_tokens, *idle_seconds;
  GtkLabel *problem;
  GtkWidget *key_group, *keep;
  AdwActionRow *remove, *plain_row;
  GtkWidget *plain_key_row, *models;
  RiposteModelChooser *chooser;
  GtkSwitch *plain, *plain_key;

  GPtrArray *services; /* of RiposteService, as the rows of @service */
  gboolean showing;    /* fields are filled in, which is no change */
};

G_DEFINE_FINAL_TYPE (RiposteRemotePage, riposte_remote_page, ADW_TYPE_PREFERENCES_PAGE)

static RiposteService *
get_service (RiposteRemotePage *self)
{
  return self->services->pdata[adw_combo_row_get_selected (self->service)];
}

static void
say (RiposteRemotePage *self, const char *text)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  if (ADW_IS_PREFERENCES_WINDOW (root))
    adw_preferences_window_add_toast (ADW_PREFERENCES_WINDOW (root), adw_toast_new (escaped));
}

/* ---- address, model, limits ---- */

static const char *
get_text (RiposteRemotePage *self)
{
  return gtk_editable_get_text (GTK_EDITABLE (self->address));
}

/* What may go to an address without encryption, where that is a question. */
static RipostePlain
show_plain (RiposteRemotePage *self)
{
  g_autoptr (RiposteRemoteAddress) address = riposte_remote_address_new (get_text (self), TRUE, NULL);
  gboolean asked = address && address->plain && address->is_private, showing = self->showing;
  RipostePlain plain = asked ? riposte_service_get_plain (address->origin) : RIPOSTE_PLAIN_NOTHING;

  gtk_widget_set_visible (GTK_WIDGET (self->plain_row), asked);
  gtk_widget_set_visible (self->plain_key_row, plain != RIPOSTE_PLAIN_NOTHING);
  if (asked)
    {
      g_autofree char *escaped = g_markup_escape_text (address->host, -1);
      /* Translators: %s is a host */
      g_autofree char *subtitle
        = g_strdup_printf (_ ("Everybody in the network on the way to %s can read the chats"), escaped);
      adw_action_row_set_subtitle (self->plain_row, subtitle);
    }
  self->showing = TRUE;
  gtk_switch_set_active (self->plain, plain != RIPOSTE_PLAIN_NOTHING);
  gtk_switch_set_active (self->plain_key, plain == RIPOSTE_PLAIN_ALL);
  self->showing = showing;
  return plain;
}

/* NULL, shown with its reason, where it is none. */
static RiposteRemoteAddress *
check_address (RiposteRemotePage *self)
{
  const char *text = get_text (self);
  RipostePlain plain = show_plain (self);
  g_autoptr (GError) error = NULL;
  RiposteRemoteAddress *address = riposte_service_check_address (text, &error);
  gboolean complain = !address && *text;

  gtk_widget_set_visible (GTK_WIDGET (self->problem), complain);
  gtk_label_set_label (self->problem, complain ? error->message : "");
  if (complain)
    gtk_widget_add_css_class (GTK_WIDGET (self->address), "error");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->address), "error");
  gtk_widget_set_sensitive (self->key_group, address && (!address->plain || plain == RIPOSTE_PLAIN_ALL));
  gtk_widget_set_sensitive (self->models, address != NULL);
  riposte_model_chooser_set_address (self->chooser, address ? text : NULL);
  return address;
}

static void
update_key (RiposteRemotePage *self)
{
  g_autoptr (RiposteRemoteAddress) address = check_address (self);
  gboolean held = address && riposte_remote_keyring_holds (address->origin);

  adw_action_row_set_subtitle (self->remove, held ? _ ("It is for this run only, and in no keyring") : "");
}

static void
show_service (RiposteRemotePage *self)
{
  const RiposteService *service = get_service (self);

  self->showing = TRUE;
  gtk_editable_set_text (GTK_EDITABLE (self->address), service->address);
  gtk_editable_set_text (GTK_EDITABLE (self->model), service->model);
  gtk_editable_set_text (GTK_EDITABLE (self->key), "");
  gtk_adjustment_set_value (self->max_tokens, service->max_tokens);
  gtk_adjustment_set_value (self->idle_seconds, service->idle_seconds);
  self->showing = FALSE;
  update_key (self);
}

static void
on_changed (RiposteRemotePage *self)
{
  RiposteService *service;

  if (self->showing)
    return;
  service = get_service (self);
  g_free (service->address);
  g_free (service->model);
  service->address = g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->address))));
  service->model = g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->model))));
  service->max_tokens = gtk_adjustment_get_value (self->max_tokens);
  service->idle_seconds = gtk_adjustment_get_value (self->idle_seconds);
  riposte_service_save (service);
  update_key (self);
}

static void
on_service (RiposteRemotePage *self)
{
  if (self->showing)
    return;
  riposte_service_choose (get_service (self)->id);
  show_service (self);
}

static void
on_model (RiposteRemotePage *self, const char *name)
{
  gtk_editable_set_text (GTK_EDITABLE (self->model), name);
}

static void
on_plain (RiposteRemotePage *self)
{
  g_autoptr (RiposteRemoteAddress) address = NULL;
  RipostePlain with_key = gtk_switch_get_active (self->plain_key) ? RIPOSTE_PLAIN_ALL : RIPOSTE_PLAIN_CHATS;

  if (self->showing)
    return;
  address = riposte_remote_address_new (get_text (self), TRUE, NULL);
  if (address)
    riposte_service_set_plain (address->origin, gtk_switch_get_active (self->plain) ? with_key : RIPOSTE_PLAIN_NOTHING);
  update_key (self);
}

static void
on_fallback (RiposteRemotePage *self)
{
  if (!self->showing)
    riposte_service_set_fallback (adw_combo_row_get_selected (self->fallback));
}

/* ---- the key ---- */

typedef struct
{
  RiposteRemotePage *self;
  RiposteRemoteKey *key;
  char *origin;
} Keeping;

static void
on_stored (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Keeping *keeping = user_data;
  g_autoptr (GError) error = NULL;

  if (riposte_remote_keyring_store_finish (result, &error))
    {
      riposte_remote_keyring_hold (keeping->origin, NULL);
      say (keeping->self, _ ("The key is kept in the keyring"));
    }
  else
    say (keeping->self, _ ("The keyring cannot keep the key, so it is for this run only"));
  if (gtk_widget_get_root (GTK_WIDGET (keeping->self)))
    update_key (keeping->self);
  riposte_remote_key_unref (keeping->key);
  g_free (keeping->origin);
  g_object_unref (keeping->self);
  g_free (keeping);
}

static void
update_keep (RiposteRemotePage *self)
{
  gtk_widget_set_sensitive (self->keep, *gtk_editable_get_text (GTK_EDITABLE (self->key)) != '\0');
}

static void
on_key (RiposteRemotePage *self)
{
  g_autoptr (RiposteRemoteAddress) address = check_address (self);
  char *text = g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->key)));
  g_autoptr (GError) error = NULL;
  RiposteRemoteKey *key;
  Keeping *keeping;

  g_strstrip (text);
  key = address ? riposte_remote_key_new (text, &error) : NULL;
  explicit_bzero (text, strlen (text));
  g_free (text);
  if (!key)
    {
      say (self, error ? error->message : _ ("A key belongs to an address"));
      return;
    }
  gtk_editable_set_text (GTK_EDITABLE (self->key), "");
  keeping = g_new0 (Keeping, 1);
  keeping->self = g_object_ref (self);
  keeping->key = key;
  keeping->origin = g_strdup (address->origin);
  /* a keyring that is locked may let one wait */
  riposte_remote_keyring_hold (keeping->origin, key);
  update_key (self);
  riposte_remote_keyring_store_async (keeping->origin, key, NULL, on_stored, keeping);
}

static void
on_cleared (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RiposteRemotePage) self = user_data;
  g_autoptr (GError) error = NULL;

  say (self, riposte_remote_keyring_clear_finish (result, &error) ? _ ("There is no key any more") : error->message);
  if (gtk_widget_get_root (GTK_WIDGET (self)))
    update_key (self);
}

static void
on_remove (RiposteRemotePage *self)
{
  g_autoptr (RiposteRemoteAddress) address = check_address (self);

  if (!address)
    return;
  riposte_remote_keyring_hold (address->origin, NULL);
  riposte_remote_keyring_clear_async (address->origin, NULL, on_cleared, g_object_ref (self));
}

/* ---- object ---- */

static void
fill_services (RiposteRemotePage *self)
{
  g_autoptr (GtkStringList) names = gtk_string_list_new (NULL);
  g_autoptr (RiposteService) chosen = riposte_service_load ();
  guint selected = 0;

  self->services = riposte_service_list ();
  for (guint i = 0; i < self->services->len; i++)
    {
      const RiposteService *service = self->services->pdata[i];

      gtk_string_list_append (names, service->name);
      if (g_str_equal (service->id, chosen->id))
        selected = i;
    }
  adw_combo_row_set_model (self->service, G_LIST_MODEL (names));
  adw_combo_row_set_selected (self->service, selected);
}

static void
riposte_remote_page_init (RiposteRemotePage *self)
{
  self->showing = TRUE;
  gtk_widget_init_template (GTK_WIDGET (self));
  adw_combo_row_set_selected (self->fallback, riposte_service_get_fallback ());
  fill_services (self);
  show_service (self);
}

static void
riposte_remote_page_dispose (GObject *object)
{
  RiposteRemotePage *self = RIPOSTE_REMOTE_PAGE (object);

  self->showing = TRUE;
  gtk_widget_dispose_template (GTK_WIDGET (object), RIPOSTE_TYPE_REMOTE_PAGE);
  g_clear_pointer (&self->services, g_ptr_array_unref);
  G_OBJECT_CLASS (riposte_remote_page_parent_class)->dispose (object);
}

static void
riposte_remote_page_class_init (RiposteRemotePageClass *klass)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = riposte_remote_page_dispose;
  g_type_ensure (RIPOSTE_TYPE_MODEL_CHOOSER);
  gtk_widget_class_set_template_from_resource (widget, "/dev/riposte/Riposte/preferences/remote-page.ui");
  gtk_widget_class_bind_template_child (widget, RiposteRemotePage, fallback);
  gtk_widget_class_bind_template_child (widget, RiposteRemotePage, service);
  gtk_widget_class_bind_template_child (widget, RiposteRemotePage, address);
  gtk_widget_class_bind_template_child (widget, RiposteRemotePage, model);
  gtk_widget_class_bind_template_child (widget, RiposteRemotePage, key);
  gtk_widget_class_bind_template_child (widget, RiposteRemotePage, key_group);
  gtk_widget_class_bind_template_child (widget, RiposteRemotePage, keep);
  gtk_widget_class_bind_template_child (widget, RiposteRemotePage, max_tokens);
  gtk_widget_class_bind_template_child (widget, RiposteRemotePage, idle_seconds);
  gtk_widget_class_bind_template_child (widget, RiposteRemotePage, problem);
  gtk_widget_class_bind_template_child (widget, RiposteRemotePage, models);
  gtk_widget_class_bind_template_child (widget, RiposteRemotePage, chooser);
  gtk_widget_class_bind_template_child (widget, RiposteRemotePage, plain_row);
  gtk_widget_class_bind_template_child (widget, RiposteRemotePage, plain_key_row);
  gtk_widget_class_bind_template_child (widget, RiposteRemotePage, plain);
  gtk_widget_class_bind_template_child (widget, RiposteRemotePage, plain_key);
  gtk_widget_class_bind_template_child (widget, RiposteRemotePage, remove);
  gtk_widget_class_bind_template_callback (widget, on_changed);
  gtk_widget_class_bind_template_callback (widget, on_service);
  gtk_widget_class_bind_template_callback (widget, on_fallback);
  gtk_widget_class_bind_template_callback (widget, on_plain);
  gtk_widget_class_bind_template_callback (widget, on_model);
  gtk_widget_class_bind_template_callback (widget, on_key);
  gtk_widget_class_bind_template_callback (widget, on_remove);
  gtk_widget_class_bind_template_callback (widget, update_keep);
}
