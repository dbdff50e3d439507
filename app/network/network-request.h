/* An entry in the list of requests. Main thread. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Purposes. They stand in the log, so they stay. */
#define RIPOSTE_NETWORK_CHAT     "chat"
#define RIPOSTE_NETWORK_MODELS   "models" /* which a service has */
#define RIPOSTE_NETWORK_DOWNLOAD "download"

/* How it stands, or ended. They stand in the log by number. */
typedef enum
{
  RIPOSTE_NETWORK_RUNNING = 0,
  RIPOSTE_NETWORK_DONE = 1,
  RIPOSTE_NETWORK_CANCELLED = 2,
  RIPOSTE_NETWORK_FAILED = 3,
  RIPOSTE_NETWORK_LOST = 4, /* the process ended first */
} RiposteNetworkOutcome;

/* Signal "changed": bytes or outcome are new. */
#define RIPOSTE_TYPE_NETWORK_REQUEST (riposte_network_request_get_type ())
G_DECLARE_FINAL_TYPE (RiposteNetworkRequest, riposte_network_request, RIPOSTE, NETWORK_REQUEST, GObject)

void riposte_network_request_add_sent (RiposteNetworkRequest *self, guint64 n_bytes);
void riposte_network_request_add_received (RiposteNetworkRequest *self, guint64 n_bytes);
/* Once. @status is HTTP's, or 0 where none came. */
void riposte_network_request_end (RiposteNetworkRequest *self, RiposteNetworkOutcome outcome, guint status);

gint64 riposte_network_request_get_time (RiposteNetworkRequest *self); /* of its begin, in microseconds since 1970 */
const char *riposte_network_request_get_purpose (RiposteNetworkRequest *self);
const char *riposte_network_request_get_method (RiposteNetworkRequest *self);
const char *riposte_network_request_get_url (RiposteNetworkRequest *self); /* without user, query and fragment */
guint64 riposte_network_request_get_sent (RiposteNetworkRequest *self);
guint64 riposte_network_request_get_received (RiposteNetworkRequest *self);
RiposteNetworkOutcome riposte_network_request_get_outcome (RiposteNetworkRequest *self);
guint riposte_network_request_get_status (RiposteNetworkRequest *self);

G_END_DECLS
