/* What the network's files share. */
#pragma once

#include "network/network.h"

G_BEGIN_DECLS

/* What is known of a request; in the log, a line when it begins, and one when it ends. */
typedef struct
{
  char *id; /* of it among all of all processes */
  gint64 time;
  char *purpose, *method, *url;
  guint64 sent, received;
  RiposteNetworkOutcome outcome;
  guint status;
} RiposteNetworkEntry;

void riposte_network_entry_free (RiposteNetworkEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RiposteNetworkEntry, riposte_network_entry_free)

/* Takes @entry. */
RiposteNetworkRequest *riposte_network_request_new (RiposteNetworkEntry *entry, GCancellable *cancellable);
const char *riposte_network_request_get_id (RiposteNetworkRequest *self);
void riposte_network_request_cancel (RiposteNetworkRequest *self);

/* The log. What is written and read waits in one queue, off the main thread. */
void riposte_network_log_begin (const RiposteNetworkEntry *entry);
void riposte_network_log_end (const RiposteNetworkEntry *entry);
void riposte_network_log_clear (void);
void riposte_network_log_flush (void);
/* @callback gets the entries (of RiposteNetworkEntry, the oldest first) in the main thread, and owns them. */
typedef void (*RiposteNetworkLogCallback) (GPtrArray *entries, gpointer user_data);
void riposte_network_log_read (RiposteNetworkLogCallback callback, gpointer user_data);

/* The entries that the text of a log tells of. Lines that say nothing are passed over. */
GPtrArray *riposte_network_log_parse (const char *text, gsize length);

G_END_DECLS
