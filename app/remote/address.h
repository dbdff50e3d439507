/* Where a service is: "https://api.example.com/v1". */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  char *base;   /* without a slash at its end */
  char *origin; /* scheme, host and port: "https://api.example.com"; what a key belongs to */
  char *host;   /* as a person names it, with a port where it is not the usual one */
  gboolean loopback;
  gboolean plain;      /* neither this machine nor encrypted: everybody on the way can read along */
  gboolean is_private; /* of a network at home or at work, as far as the address tells */
} RiposteRemoteAddress;

/* @allow_plain: one that is @plain. Without it, that is
 * RIPOSTE_REMOTE_ERROR_ADDRESS, as is what is no address, or has a user, a query or a fragment. */
RiposteRemoteAddress *riposte_remote_address_new (const char *text, gboolean allow_plain, GError **error);
void riposte_remote_address_free (RiposteRemoteAddress *address);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RiposteRemoteAddress, riposte_remote_address_free)

GUri *riposte_remote_address_resolve (const RiposteRemoteAddress *address, const char *path);
char *riposte_remote_origin_of_uri (GUri *uri);

G_END_DECLS
