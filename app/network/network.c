#include "network/network-private.h"

#include "settings-schema.h"

#include <glib/gi18n.h>
#include <unistd.h>

/* Those that have ended are forgotten first. */
#define MAX_LISTED 2000

struct _RiposteNetwork
{
  GObject parent;

  gboolean allowed;    /* as the setting has it */
  GPtrArray *requests; /* the oldest first */
  gboolean past_loaded;
};

static gboolean forbidden;
static RiposteNetwork *network; /* once it was asked for */

static void riposte_network_list_model_init (GListModelInterface *iface);

G_DEFINE_QUARK (riposte - network - error - quark, riposte_network_error)
G_DEFINE_FINAL_TYPE_WITH_CODE (RiposteNetwork,
                               riposte_network,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, riposte_network_list_model_init))

enum
{
  PROP_ALLOWED = 1,
  PROP_FORBIDDEN,
};

/* ---- list model, the newest first ---- */

static GType
get_item_type (GListModel *model)
{
  return RIPOSTE_TYPE_NETWORK_REQUEST;
}

static guint
get_n_items (GListModel *model)
{
  return RIPOSTE_NETWORK (model)->requests->len;
}

static gpointer
get_item (GListModel *model, guint position)
{
  GPtrArray *requests = RIPOSTE_NETWORK (model)->requests;

  return position < requests->len ? g_object_ref (requests->pdata[requests->len - 1 - position]) : NULL;
}

static void
riposte_network_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

static gboolean
is_running (RiposteNetworkRequest *request)
{
  return riposte_network_request_get_outcome (request) == RIPOSTE_NETWORK_RUNNING;
}

static void
remove_at (RiposteNetwork *self, guint index)
{
  guint position = self->requests->len - 1 - index;

  g_ptr_array_remove_index (self->requests, index);
  g_list_model_items_changed (G_LIST_MODEL (self), position, 1, 0);
}

static void
make_room (RiposteNetwork *self)
{
  for (guint i = 0; i < self->requests->len && self->requests->len > MAX_LISTED;)
    if (is_running (self->requests->pdata[i]))
      i++;
    else
      remove_at (self, i);
}

/* ---- object ---- */

static void
cancel_all (RiposteNetwork *self)
{
  /* a list of its own, since who is cancelled may change the other */
  g_autoptr (GPtrArray) running = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < self->requests->len; i++)
    g_ptr_array_add (running, g_object_ref (self->requests->pdata[i]));
  for (guint i = 0; i < running->len; i++)
    riposte_network_request_cancel (running->pdata[i]);
}

static void
set_allowed (RiposteNetwork *self, gboolean allowed)
{
  if (self->allowed == allowed)
    return;
  self->allowed = allowed;
  g_object_notify (G_OBJECT (self), "allowed");
  if (!allowed)
    cancel_all (self);
}

static void
riposte_network_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  g_value_set_boolean (value, id == PROP_FORBIDDEN ? forbidden : RIPOSTE_NETWORK (object)->allowed);
}

static void
riposte_network_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  set_allowed (RIPOSTE_NETWORK (object), g_value_get_boolean (value));
}

static void
riposte_network_finalize (GObject *object)
{
  g_ptr_array_unref (RIPOSTE_NETWORK (object)->requests);
  G_OBJECT_CLASS (riposte_network_parent_class)->finalize (object);
}

static void
riposte_network_class_init (RiposteNetworkClass *klass)
{
  GObjectClass *object = G_OBJECT_CLASS (klass);

  object->finalize = riposte_network_finalize;
  object->get_property = riposte_network_get_property;
  object->set_property = riposte_network_set_property;
  g_object_class_install_property (
    object, PROP_ALLOWED,
    g_param_spec_boolean ("allowed", NULL, NULL, TRUE,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS));
  g_object_class_install_property (
    object, PROP_FORBIDDEN,
    g_param_spec_boolean ("forbidden", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void
riposte_network_init (RiposteNetwork *self)
{
  self->allowed = TRUE;
  self->requests = g_ptr_array_new_with_free_func (g_object_unref);
  if (riposte_settings_get ())
    g_settings_bind (riposte_settings_get (), "network", self, "allowed", G_SETTINGS_BIND_DEFAULT);
}

RiposteNetwork *
riposte_network_get_default (void)
{
  if (!network)
    network = g_object_new (RIPOSTE_TYPE_NETWORK, NULL);
  return network;
}

/* libsoup 3.2 waits for the rest of what HTTP/2 has cut off (RST_STREAM) until the time is out. Nothing here asks one
 * host for several things at once, which is what HTTP/2 is good at. From 3.4 a message could say so by itself. */
void
riposte_network_prepare (void)
{
  g_setenv ("SOUP_FORCE_HTTP1", "1", TRUE);
}

/* ---- the switch ---- */

gboolean
riposte_network_is_allowed (void)
{
  return !forbidden && riposte_network_get_default ()->allowed;
}

gboolean
riposte_network_check (GError **error)
{
  if (riposte_network_is_allowed ())
    return TRUE;
  g_set_error_literal (error, RIPOSTE_NETWORK_ERROR, RIPOSTE_NETWORK_ERROR_OFF,
                       forbidden ? _ ("Riposte was started offline, so nothing was sent.")
                                 : _ ("The network is turned off in the preferences, so nothing was sent."));
  return FALSE;
}

void
riposte_network_forbid (void)
{
  if (forbidden)
    return;
  forbidden = TRUE;
  if (!network)
    return;
  g_object_notify (G_OBJECT (network), "forbidden");
  cancel_all (network);
}

gboolean
riposte_network_is_forbidden (void)
{
  return forbidden;
}

/* ---- requests ---- */

/* A query may hold what only the one who asked should know, as signed addresses do. */
static char *
reduce_url (const char *url)
{
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_ENCODED, NULL);
  g_autoptr (GUri) reduced = NULL;

  if (!uri || !g_uri_get_host (uri))
    return g_strdup ("?");
  reduced = g_uri_build (G_URI_FLAGS_ENCODED, g_uri_get_scheme (uri), NULL, g_uri_get_host (uri), g_uri_get_port (uri),
                         g_uri_get_path (uri), NULL, NULL);
  return g_uri_to_string (reduced);
}

RiposteNetworkRequest *
riposte_network_begin (const char *purpose,
                       const char *method,
                       const char *url,
                       GCancellable *cancellable,
                       GError **error)
{
  static guint serial;
  RiposteNetwork *self = riposte_network_get_default ();
  RiposteNetworkRequest *request;
  RiposteNetworkEntry *entry;

  if (!riposte_network_check (error))
    return NULL;
  entry = g_new0 (RiposteNetworkEntry, 1);
  entry->time = g_get_real_time ();
  entry->id = g_strdup_printf ("%" G_GINT64_MODIFIER "x-%x-%x", entry->time, (guint)getpid (), serial++);
  entry->purpose = g_strdup (purpose);
  entry->method = g_strdup (method);
  entry->url = reduce_url (url);
  riposte_network_log_begin (entry);
  request = riposte_network_request_new (entry, cancellable);
  g_ptr_array_add (self->requests, g_object_ref (request));
  g_list_model_items_changed (G_LIST_MODEL (self), 0, 0, 1);
  make_room (self);
  return request;
}

static gboolean
is_listed (RiposteNetwork *self, const char *id)
{
  for (guint i = 0; i < self->requests->len; i++)
    if (g_str_equal (riposte_network_request_get_id (self->requests->pdata[i]), id))
      return TRUE;
  return FALSE;
}

static void
on_past (GPtrArray *entries, gpointer user_data)
{
  RiposteNetwork *self = user_data;
  guint n_now = self->requests->len, n_past = 0;

  for (guint i = 0; i < entries->len; i++)
    {
      RiposteNetworkEntry *entry = entries->pdata[i];

      if (is_listed (self, entry->id))
        continue;
      entries->pdata[i] = NULL;
      g_ptr_array_insert (self->requests, n_past++, riposte_network_request_new (entry, NULL));
    }
  g_list_model_items_changed (G_LIST_MODEL (self), n_now, 0, n_past);
  make_room (self);
}

void
riposte_network_load_past (RiposteNetwork *self)
{
  if (self->past_loaded)
    return;
  self->past_loaded = TRUE;
  riposte_network_log_read (on_past, self);
}

void
riposte_network_forget (RiposteNetwork *self)
{
  riposte_network_log_clear ();
  for (guint i = self->requests->len; i > 0; i--)
    if (!is_running (self->requests->pdata[i - 1]))
      remove_at (self, i - 1);
}

void
riposte_network_flush (void)
{
  riposte_network_log_flush ();
}
