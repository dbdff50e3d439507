/* The one door to the network: the switch that closes it, and the list of what went through.
 *
 * Whoever wants something of another machine begins a request here before a socket is opened, counts its bytes, and
 * ends it. The list is kept on disk too, in riposte/requests.log below the XDG state directory: when, what for, where,
 * how many bytes and how it ended, never what was sent or received. Main thread. */
#pragma once

#include <gio/gio.h>

#include "network/network-request.h"

G_BEGIN_DECLS

#define RIPOSTE_NETWORK_ERROR (riposte_network_error_quark ())
GQuark riposte_network_error_quark (void);

typedef enum
{
  RIPOSTE_NETWORK_ERROR_OFF, /* the switch is off, or went off meanwhile */
} RiposteNetworkError;

/* A list model of RiposteNetworkRequest, the newest first. Properties: "allowed" (boolean, writable): the setting;
 * "forbidden" (boolean): by riposte_network_forbid(), whatever the setting says. */
#define RIPOSTE_TYPE_NETWORK (riposte_network_get_type ())
G_DECLARE_FINAL_TYPE (RiposteNetwork, riposte_network, RIPOSTE, NETWORK, GObject)

/* Owned by nobody. */
RiposteNetwork *riposte_network_get_default (void);

/* First in main(), before there is another thread. */
void riposte_network_prepare (void);

gboolean riposte_network_is_allowed (void);
/* RIPOSTE_NETWORK_ERROR_OFF, in words for a person, where it is not allowed. */
gboolean riposte_network_check (GError **error);
/* Off for as long as this process lives, whatever the setting says; "--offline". What is under way ends. */
void riposte_network_forbid (void);
gboolean riposte_network_is_forbidden (void);

/**
 * riposte_network_begin:
 * @purpose: RIPOSTE_NETWORK_CHAT, …
 * @method: "GET"
 * @url: where to; only scheme, host, port and path of it are kept
 * @cancellable: (nullable): of the request; cancelled when the switch goes off
 *
 * To be called before a connection is opened.
 *
 * Returns: (transfer full): the new entry of the list, or NULL with RIPOSTE_NETWORK_ERROR_OFF
 */
RiposteNetworkRequest *riposte_network_begin (const char *purpose,
                                              const char *method,
                                              const char *url,
                                              GCancellable *cancellable,
                                              GError **error);

/* The requests of earlier starts, and of other processes until now, are added to the list, once they are read. */
void riposte_network_load_past (RiposteNetwork *self);
/* Forgets all that have ended, on disk too. */
void riposte_network_forget (RiposteNetwork *self);
/* Until all that was to be written of requests is; for a program that ends. */
void riposte_network_flush (void);

G_END_DECLS
