/* Keys in the desktop's keyring (libsecret), each for the origin of a service. Nowhere else are keys kept. */
#pragma once

#include <gio/gio.h>

#include "remote/key.h"

G_BEGIN_DECLS

/* For this run only, where there is no keyring to keep it in; NULL forgets it. It goes before the keyring's. */
void riposte_remote_keyring_hold (const char *origin, RiposteRemoteKey *key);
gboolean riposte_remote_keyring_holds (const char *origin);

/* Asks to unlock the keyring where it is locked. The finishers fail with the keyring's own errors, in words for a
 * person; no key for @origin is NULL without an error. */
void riposte_remote_keyring_lookup_async (const char *origin,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data);
RiposteRemoteKey *riposte_remote_keyring_lookup_finish (GAsyncResult *result, GError **error);

void riposte_remote_keyring_store_async (const char *origin,
                                         RiposteRemoteKey *key,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
gboolean riposte_remote_keyring_store_finish (GAsyncResult *result, GError **error);

void riposte_remote_keyring_clear_async (const char *origin,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
gboolean riposte_remote_keyring_clear_finish (GAsyncResult *result, GError **error);

G_END_DECLS
