#include "remote/address.h"

#include "remote/remote-error.h"

#include <glib/gi18n.h>
#include <libsoup/soup.h>
#include <string.h>

#define MAX_LENGTH 2048

static int
default_port (const char *scheme)
{
  return g_str_equal (scheme, "https") ? 443 : 80;
}

static char *
host_of (GUri *uri)
{
  const char *host = g_uri_get_host (uri);
  int port = g_uri_get_port (uri);
  const char *open = strchr (host, ':') ? "[" : "", *close = *open ? "]" : "";

  if (port == -1 || port == default_port (g_uri_get_scheme (uri)))
    return g_strconcat (open, host, close, NULL);
  return g_strdup_printf ("%s%s%s:%d", open, host, close, port);
}

char *
riposte_remote_origin_of_uri (GUri *uri)
{
  g_autofree char *host = host_of (uri);
  g_autofree char *lower = g_ascii_strdown (host, -1);

  return g_strconcat (g_uri_get_scheme (uri), "://", lower, NULL);
}

static gboolean
is_loopback (const char *host)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  if (!address)
    return g_ascii_strcasecmp (host, "localhost") == 0;
  /* a server says that it listens at 0.0.0.0, and who connects there reaches this machine */
  return g_inet_address_get_is_loopback (address) || g_inet_address_get_is_any (address);
}

/* Names that only the nearest name server can know, and never a number in disguise. */
static gboolean
is_private_name (const char *host)
{
  static const char *const endings[] = { ".local", ".lan", ".home", ".internal", ".home.arpa", ".localdomain" };
  g_autofree char *lower = g_ascii_strdown (host, -1);

  for (gsize i = 0; i < G_N_ELEMENTS (endings); i++)
    if (g_str_has_suffix (lower, endings[i]))
      return TRUE;
  return g_ascii_isalpha (*lower) && !strpbrk (lower, ".:%");
}

static gboolean
is_private (const char *host)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  if (!address)
    return is_private_name (host);
  if (g_inet_address_get_is_site_local (address) || g_inet_address_get_is_link_local (address))
    return TRUE;
  /* unique local addresses, RFC 4193 */
  return g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6
         && (g_inet_address_to_bytes (address)[0] & 0xfe) == 0xfc;
}

static gboolean
check (GUri *uri, gboolean allow_plain, GError **error)
{
  const char *scheme = uri ? g_uri_get_scheme (uri) : NULL;
  const char *host = uri ? g_uri_get_host (uri) : NULL;
  const char *problem = NULL;

  if (!host || !*host || (!g_str_equal (scheme, "http") && !g_str_equal (scheme, "https")))
    problem = _ ("The address of a service begins with https:// and ends with /v1, mostly");
  else if (g_uri_get_userinfo (uri))
    problem = _ ("A name or password has no place in the address of a service");
  else if (g_uri_get_query (uri) || g_uri_get_fragment (uri))
    problem = _ ("The address of a service ends before any ? or #");
  else if (g_str_equal (scheme, "http") && !is_loopback (host) && !allow_plain)
    problem = _ ("Over http:// everybody on the way can read what is sent, so it is only used on this machine; "
                 "another one needs https://");
  if (problem)
    g_set_error_literal (error, RIPOSTE_REMOTE_ERROR, RIPOSTE_REMOTE_ERROR_ADDRESS, problem);
  return !problem;
}

static void
cut_suffix (char *text, const char *suffix)
{
  if (g_str_has_suffix (text, suffix))
    text[strlen (text) - strlen (suffix)] = '\0';
}

static void
cut_slashes (char *text)
{
  for (gsize n = strlen (text); n && text[n - 1] == '/'; n--)
    text[n - 1] = '\0';
}

RiposteRemoteAddress *
riposte_remote_address_new (const char *text, gboolean allow_plain, GError **error)
{
  g_autofree char *stripped = g_strstrip (g_strdup (text));
  gboolean sane = strlen (stripped) <= MAX_LENGTH && g_utf8_validate (stripped, -1, NULL);
  g_autoptr (GUri) uri = NULL;
  RiposteRemoteAddress *address;

  for (const char *p = stripped; *p; p++)
    sane = sane && (guchar)*p > ' ' && *p != 0x7f;
  uri = sane ? g_uri_parse (stripped, SOUP_HTTP_URI_FLAGS, NULL) : NULL;
  if (!check (uri, allow_plain, error))
    return NULL;
  /* whoever copied the whole address of the request means its beginning */
  cut_slashes (stripped);
  cut_suffix (stripped, "/chat/completions");
  cut_slashes (stripped);
  address = g_new0 (RiposteRemoteAddress, 1);
  address->base = g_steal_pointer (&stripped);
  address->origin = riposte_remote_origin_of_uri (uri);
  address->host = host_of (uri);
  address->loopback = is_loopback (g_uri_get_host (uri));
  address->plain = !address->loopback && g_str_equal (g_uri_get_scheme (uri), "http");
  address->is_private = is_private (g_uri_get_host (uri));
  return address;
}

void
riposte_remote_address_free (RiposteRemoteAddress *address)
{
  g_free (address->base);
  g_free (address->origin);
  g_free (address->host);
  g_free (address);
}

GUri *
riposte_remote_address_resolve (const RiposteRemoteAddress *address, const char *path)
{
  g_autofree char *url = g_strconcat (address->base, "/", path, NULL);

  return g_uri_parse (url, SOUP_HTTP_URI_FLAGS, NULL);
}
