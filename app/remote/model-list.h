/* Which models a service has: GET /models. In the thread-default main context. */
#pragma once

#include <gio/gio.h>

#include "remote/address.h"
#include "remote/key.h"

G_BEGIN_DECLS

/* @key (nullable) is sent, so it is not given for an address where it may not go. No redirect is followed. */
void riposte_remote_list_models_async (const RiposteRemoteAddress *address,
                                       RiposteRemoteKey *key,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
/* Names, sorted, of those that are fit to be seen; at least one. Errors as those of riposte_remote_ask_finish(). */
GStrv riposte_remote_list_models_finish (GAsyncResult *result, GError **error);

/* The names in the body of an answer; NULL where it is none. */
GStrv riposte_remote_parse_models (const char *body, gsize length);

G_END_DECLS
