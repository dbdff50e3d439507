#include "remote/remote-error.h"

#include "plain-text.h"

#include <glib/gi18n.h>
#include <libsoup/soup.h>
#include <string.h>

#define MAX_DETAIL_CHARS 300
#define MAX_WAIT         (30 * 24 * 3600)

G_DEFINE_QUARK (riposte - remote - error - quark, riposte_remote_error)

static char *
describe_wait (gint64 seconds)
{
  if (seconds < 120)
    return g_strdup_printf (ngettext ("%d second", "%d seconds", (gulong)seconds), (int)seconds);
  if (seconds < 2 * 3600)
    return g_strdup_printf (ngettext ("%d minute", "%d minutes", (gulong)(seconds + 59) / 60),
                            (int)(seconds + 59) / 60);
  return g_strdup_printf (ngettext ("%d hour", "%d hours", (gulong)(seconds + 3599) / 3600),
                          (int)(seconds + 3599) / 3600);
}

static RiposteRemoteError
code_of_status (guint status)
{
  switch (status)
    {
    case 401:
      return RIPOSTE_REMOTE_ERROR_UNAUTHORIZED;
    case 403:
      return RIPOSTE_REMOTE_ERROR_FORBIDDEN;
    case 404:
      return RIPOSTE_REMOTE_ERROR_NOT_FOUND;
    case 408:
      return RIPOSTE_REMOTE_ERROR_TIMEOUT;
    case 429:
      return RIPOSTE_REMOTE_ERROR_LIMITED;
    default:
      return status >= 500 ? RIPOSTE_REMOTE_ERROR_SERVER : RIPOSTE_REMOTE_ERROR_REFUSED;
    }
}

/* Translators: in each, %s is the name of a host */
static const char *
sentence_of (RiposteRemoteError code, gboolean has_key)
{
  switch (code)
    {
    case RIPOSTE_REMOTE_ERROR_UNAUTHORIZED:
      return has_key ? _ ("%s does not accept the key") : _ ("%s asks for a key");
    case RIPOSTE_REMOTE_ERROR_FORBIDDEN:
      return _ ("%s does not allow this");
    case RIPOSTE_REMOTE_ERROR_NOT_FOUND:
      return _ ("%s has no such address or model");
    case RIPOSTE_REMOTE_ERROR_TIMEOUT:
      return _ ("%s took too long");
    case RIPOSTE_REMOTE_ERROR_LIMITED:
      return _ ("%s has had too many requests for now");
    case RIPOSTE_REMOTE_ERROR_SERVER:
      return _ ("%s is overloaded or out of order");
    default:
      return _ ("%s refuses the request");
    }
}

/* What one can do about it; NULL where the service's own words are all there is. */
static const char *
advice_of (RiposteRemoteError code, gboolean has_key)
{
  switch (code)
    {
    case RIPOSTE_REMOTE_ERROR_UNAUTHORIZED:
      return has_key ? _ ("Give it another key.") : _ ("Give it one in the preferences.");
    case RIPOSTE_REMOTE_ERROR_FORBIDDEN:
      return _ ("Ask there what the key may be used for.");
    case RIPOSTE_REMOTE_ERROR_NOT_FOUND:
      return _ ("Look at the name of the model, and at the address, which ends with /v1, mostly.");
    case RIPOSTE_REMOTE_ERROR_TIMEOUT:
    case RIPOSTE_REMOTE_ERROR_SERVER:
      return _ ("Try again in a while.");
    case RIPOSTE_REMOTE_ERROR_LIMITED:
      return _ ("Try again in a while, or look at the limits of your account there.");
    default:
      return NULL;
    }
}

static void
append_sentence (GString *text, const char *sentence)
{
  if (!strchr (".!?", text->str[text->len - 1]))
    g_string_append_c (text, '.');
  g_string_append_printf (text, " %s", sentence);
}

GError *
riposte_remote_error_of_status (const char *host,
                                guint status,
                                gboolean has_key,
                                gint64 retry_after,
                                const char *detail)
{
  RiposteRemoteError code = code_of_status (status);
  GString *text = g_string_new (NULL);
  GError *error;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  g_string_append_printf (text, sentence_of (code, has_key), host);
#pragma GCC diagnostic pop
  g_string_append_printf (text, " (%u)", status);
  if (detail)
    g_string_append_printf (text, ": %s", detail);
  if (retry_after > 0)
    {
      g_autofree char *wait = describe_wait (retry_after);
      /* Translators: %s is "20 seconds" */
      g_autofree char *sentence = g_strdup_printf (_ ("It asks to wait %s."), wait);
      append_sentence (text, sentence);
    }
  else if (advice_of (code, has_key))
    append_sentence (text, advice_of (code, has_key));
  error = g_error_new_literal (RIPOSTE_REMOTE_ERROR, code, text->str);
  g_string_free (text, TRUE);
  return error;
}

gint64
riposte_remote_parse_retry_after (const char *value, const char *date)
{
  g_autoptr (GDateTime) then = NULL, now = NULL;
  guint64 seconds;

  if (!value)
    return -1;
  if (g_ascii_string_to_unsigned (value, 10, 0, G_MAXUINT64, &seconds, NULL))
    return (gint64)MIN (seconds, MAX_WAIT);
  then = soup_date_time_new_from_http_string (value);
  if (!then)
    return -1;
  now = date ? soup_date_time_new_from_http_string (date) : NULL;
  if (!now)
    now = g_date_time_new_now_utc ();
  return CLAMP (g_date_time_difference (then, now) / G_TIME_SPAN_SECOND, 0, MAX_WAIT);
}

char *
riposte_remote_tidy (const char *text, const char *secret)
{
  g_autofree char *plain = riposte_plain_text (text, -1);
  g_autoptr (GString) line = g_string_new (NULL);

  for (const char *p = plain; *p; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (!g_unichar_isspace (c))
        g_string_append_unichar (line, c);
      else if (line->len && line->str[line->len - 1] != ' ')
        g_string_append_c (line, ' ');
    }
  if (secret && *secret)
    g_string_replace (line, secret, "…", 0);
  if (g_utf8_strlen (line->str, -1) > MAX_DETAIL_CHARS)
    {
      g_string_truncate (line, g_utf8_offset_to_pointer (line->str, MAX_DETAIL_CHARS) - line->str);
      g_string_append (line, "…");
    }
  g_strchomp (line->str);
  return *line->str ? g_strdup (line->str) : NULL;
}
