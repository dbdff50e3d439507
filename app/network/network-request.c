#include "network/network-private.h"

struct _RiposteNetworkRequest
{
  GObject parent;

  RiposteNetworkEntry *entry;
  GCancellable *cancellable;
};

G_DEFINE_FINAL_TYPE (RiposteNetworkRequest, riposte_network_request, G_TYPE_OBJECT)

static guint changed_signal;

void
riposte_network_entry_free (RiposteNetworkEntry *entry)
{
  g_free (entry->id);
  g_free (entry->purpose);
  g_free (entry->method);
  g_free (entry->url);
  g_free (entry);
}

static void
riposte_network_request_finalize (GObject *object)
{
  RiposteNetworkRequest *self = RIPOSTE_NETWORK_REQUEST (object);

  g_clear_pointer (&self->entry, riposte_network_entry_free);
  g_clear_object (&self->cancellable);
  G_OBJECT_CLASS (riposte_network_request_parent_class)->finalize (object);
}

static void
riposte_network_request_init (RiposteNetworkRequest *self)
{
}

static void
riposte_network_request_class_init (RiposteNetworkRequestClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = riposte_network_request_finalize;
  changed_signal
    = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

RiposteNetworkRequest *
riposte_network_request_new (RiposteNetworkEntry *entry, GCancellable *cancellable)
{
  RiposteNetworkRequest *self = g_object_new (RIPOSTE_TYPE_NETWORK_REQUEST, NULL);

  self->entry = entry;
  g_set_object (&self->cancellable, cancellable);
  return self;
}

void
riposte_network_request_add_sent (RiposteNetworkRequest *self, guint64 n_bytes)
{
  self->entry->sent += n_bytes;
  g_signal_emit (self, changed_signal, 0);
}

void
riposte_network_request_add_received (RiposteNetworkRequest *self, guint64 n_bytes)
{
  self->entry->received += n_bytes;
  g_signal_emit (self, changed_signal, 0);
}

void
riposte_network_request_end (RiposteNetworkRequest *self, RiposteNetworkOutcome outcome, guint status)
{
  g_return_if_fail (outcome != RIPOSTE_NETWORK_RUNNING);

  if (self->entry->outcome != RIPOSTE_NETWORK_RUNNING)
    return;
  self->entry->outcome = outcome;
  self->entry->status = status;
  g_clear_object (&self->cancellable);
  riposte_network_log_end (self->entry);
  g_signal_emit (self, changed_signal, 0);
}

void
riposte_network_request_cancel (RiposteNetworkRequest *self)
{
  g_autoptr (GCancellable) cancellable = g_steal_pointer (&self->cancellable);

  if (cancellable)
    g_cancellable_cancel (cancellable);
}

const char *
riposte_network_request_get_id (RiposteNetworkRequest *self)
{
  return self->entry->id;
}

gint64
riposte_network_request_get_time (RiposteNetworkRequest *self)
{
  return self->entry->time;
}

const char *
riposte_network_request_get_purpose (RiposteNetworkRequest *self)
{
  return self->entry->purpose;
}

const char *
riposte_network_request_get_method (RiposteNetworkRequest *self)
{
  return self->entry->method;
}

const char *
riposte_network_request_get_url (RiposteNetworkRequest *self)
{
  return self->entry->url;
}

guint64
riposte_network_request_get_sent (RiposteNetworkRequest *self)
{
  return self->entry->sent;
}

guint64
riposte_network_request_get_received (RiposteNetworkRequest *self)
{
  return self->entry->received;
}

RiposteNetworkOutcome
riposte_network_request_get_outcome (RiposteNetworkRequest *self)
{
  return self->entry->outcome;
}

guint
riposte_network_request_get_status (RiposteNetworkRequest *self)
{
  return self->entry->status;
}
