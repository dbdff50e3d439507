#include "remote/session.h"

#include <string.h>

SoupSession *
riposte_remote_session_new (const RiposteRemoteAddress *address)
{
  SoupSession *session = soup_session_new_with_options ("timeout", 0, "user-agent", "Riposte/" RIPOSTE_VERSION, NULL);

  soup_session_remove_feature_by_type (session, SOUP_TYPE_AUTH_MANAGER);
  if (address->loopback)
    soup_session_set_proxy_resolver (session, NULL);
  return session;
}

void
riposte_remote_authorize (SoupMessage *message, const char *key)
{
  char *value;

  if (!key)
    return;
  value = g_strconcat ("Bearer ", key, NULL);
  soup_message_headers_replace (soup_message_get_request_headers (message), "Authorization", value);
  explicit_bzero (value, strlen (value));
  g_free (value);
}
