/* What all requests to services have in common. */
#pragma once

#include <libsoup/soup.h>

#include "remote/address.h"

G_BEGIN_DECLS

/* Without time-outs, cookies, or answers to demands for a password. */
SoupSession *riposte_remote_session_new (const RiposteRemoteAddress *address);
/* @key (nullable) goes with @message, and stays in no other memory for longer. */
void riposte_remote_authorize (SoupMessage *message, const char *key);

G_END_DECLS
