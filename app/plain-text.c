#include "plain-text.h"

#include <string.h>

/* U+FFFD in place of what would change how other characters are read. */
static gboolean
is_deceptive (gunichar c)
{
  return (c >= 0x202a && c <= 0x202e)       /* embeddings and overrides */
         || (c >= 0x2066 && c <= 0x2069)    /* isolates */
         || c == 0x200e || c == 0x200f      /* marks */
         || c == 0x061c                     /* Arabic letter mark */
         || c == 0x2028 || c == 0x2029      /* line and paragraph separators */
         || (c >= 0x80 && c <= 0x9f)        /* C1 controls */
         || (c >= 0xfff9 && c <= 0xfffb)    /* interlinear annotations */
         || c == 0x00ad || c == 0x034f      /* soft hyphen, grapheme joiner: nothing to see */
         || c == 0x200b                     /* zero-width space */
         || (c >= 0xfe00 && c <= 0xfe0d)    /* variation selectors, but for those of emoji */
         || (c >= 0xe0100 && c <= 0xe01ef)  /* and more of them */
         || (c >= 0x2060 && c <= 0x2064)    /* word joiner, invisible operators */
         || (c >= 0x206a && c <= 0x206f)    /* deprecated format controls */
         || c == 0x180e || c == 0xfeff      /* Mongolian vowel separator, byte order mark */
         || c == 0x115f || c == 0x1160      /* Hangul fillers */
         || c == 0x3164 || c == 0xffa0      /* and more of them */
         || (c >= 0xfdd0 && c <= 0xfdef)    /* noncharacters, which are for programs' own use */
         || (c >= 0xe0000 && c <= 0xe007f); /* tags, invisible ASCII */
}

/* Joiners make words and emoji of many scripts; beside Latin letters they only hide. */
static gboolean
is_idle_joiner (gunichar c, gunichar before)
{
  return (c == 0x200c || c == 0x200d) && before < 0x590;
}

static void
append_char (GString *out, gunichar c)
{
  if (c == '\n' || c == '\t' || (c >= 0x20 && c < 0x7f))
    g_string_append_c (out, (char)c);
  else if (c < 0x20)
    g_string_append_unichar (out, 0x2400 + c);
  else if (c == 0x7f)
    g_string_append_unichar (out, 0x2421);
  else
    g_string_append_unichar (out, is_deceptive (c) ? 0xfffd : c);
}

char *
riposte_plain_text (const char *text, gssize length)
{
  g_autofree char *valid = g_utf8_make_valid (text, length);
  GString *out = g_string_sized_new (strlen (valid));
  gunichar before = 0;

  for (const char *p = valid; *p; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c == '\r')
        {
          if (p[1] == '\n')
            continue;
          c = '\n';
        }
      append_char (out, is_idle_joiner (c, before) ? 0xfffd : c);
      before = c;
    }
  return g_string_free (out, FALSE);
}

gboolean
riposte_is_web_address (const char *url)
{
  g_autofree char *scheme = g_uri_parse_scheme (url);

  if (!scheme || (g_ascii_strcasecmp (scheme, "http") != 0 && g_ascii_strcasecmp (scheme, "https") != 0)
      || !g_str_has_prefix (url + strlen (scheme), "://"))
    return FALSE;
  for (const char *p = url; *p; p++)
    if ((guchar)*p <= 0x20 || *p == 0x7f)
      return FALSE;
  return g_utf8_validate (url, -1, NULL);
}

char *
riposte_plain_address (const char *url)
{
  const char *host = strstr (url, "://"), *end, *port;
  g_autofree char *authority = NULL, *ascii = NULL, *whole = NULL;
  gsize user;

  if (!host)
    return riposte_plain_text (url, -1);
  host += strlen ("://");
  end = host + strcspn (host, "/?#\\");
  authority = g_strndup (host, end - host);
  /* what comes before an @ is a name, however much it looks like the host */
  user = strrchr (authority, '@') ? strrchr (authority, '@') + 1 - authority : 0;
  port = strrchr (authority + user, ':');
  if (port && port[strspn (port + 1, "0123456789") + 1])
    port = NULL;
  {
    g_autofree char *name
      = g_strndup (authority + user, port ? (gsize)(port - authority) - user : strlen (authority + user));

    ascii = g_hostname_is_non_ascii (name) ? g_hostname_to_ascii (name) : g_strdup (name);
    whole = g_strdup_printf ("%.*s%.*s%s%s%s", (int)(host - url), url, (int)user, authority, ascii ? ascii : name,
                             port ? port : "", end);
  }
  return riposte_plain_text (whole, -1);
}

char *
riposte_title_of_text (const char *text, guint max_chars)
{
  g_autofree char *plain = riposte_plain_text (text, -1);
  g_auto (GStrv) words = NULL;
  GString *out = g_string_new (NULL);
  glong length = 0;

  g_strstrip (plain);
  plain[strcspn (plain, "\n")] = '\0';
  words = g_strsplit_set (plain, " \t", -1);
  for (gsize i = 0; words[i]; i++)
    {
      glong n = g_utf8_strlen (words[i], -1);

      if (n == 0)
        continue;
      if (length && length + 1 + n > (glong)max_chars)
        {
          g_string_append (out, "…");
          break;
        }
      if (length)
        g_string_append_c (out, ' ');
      if (n > (glong)max_chars)
        {
          g_autofree char *head = g_utf8_substring (words[i], 0, max_chars - 1);
          g_string_append_printf (out, "%s…", head);
          break;
        }
      g_string_append (out, words[i]);
      length += n + 1;
    }
  return g_string_free (out, FALSE);
}
