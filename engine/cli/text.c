/* JSON strings and lists of tokens, in and out. */
#include "cli.h"

#include <string.h>

void
cli_json_string (GString *out, const char *text, gsize length)
{
  const char *end = text + length;

  g_string_append_c (out, '"');
  while (text < end)
    {
      gunichar c = *text ? g_utf8_get_char_validated (text, end - text) : 0;

      if (c == '"' || c == '\\')
        g_string_append_printf (out, "\\%c", (char)c);
      else if (c < 0x20 || c == 0x7f)
        g_string_append_printf (out, "\\u%04x", c);
      else if (c == (gunichar)-1 || c == (gunichar)-2)
        {
          g_string_append (out, "\xef\xbf\xbd");
          text++;
          continue;
        }
      else
        g_string_append_unichar (out, c);
      text = g_utf8_next_char (text);
    }
  g_string_append_c (out, '"');
}

static gboolean
bad_json (GError **error)
{
  g_set_error_literal (error, RP_ERROR, RP_ERROR_ARGUMENT, "A line is not one JSON string");
  return FALSE;
}

static gboolean
parse_hex4 (const char *at, gunichar *out)
{
  *out = 0;
  for (guint i = 0; i < 4; i++)
    {
      int digit = g_ascii_xdigit_value (at[i]);
      if (digit < 0)
        return FALSE;
      *out = *out << 4 | (guint)digit;
    }
  return TRUE;
}

/* \uXXXX, or two of them for a character beyond the first plane. at is behind the u; returns behind the escape. */
static const char *
parse_unicode (const char *at, GString *out)
{
  gunichar high, low;

  if (!parse_hex4 (at, &high))
    return NULL;
  at += 4;
  if (high >= 0xd800 && high < 0xdc00 && at[0] == '\\' && at[1] == 'u' && parse_hex4 (at + 2, &low) && low >= 0xdc00
      && low < 0xe000)
    {
      g_string_append_unichar (out, 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
      return at + 6;
    }
  if (high >= 0xd800 && high < 0xe000)
    g_string_append (out, "\xef\xbf\xbd");
  else
    g_string_append_unichar (out, high);
  return at;
}

gboolean
cli_json_parse_string (const char *json, GString *out, GError **error)
{
  static const char escapes[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";

  while (g_ascii_isspace (*json))
    json++;
  if (*json++ != '"')
    return bad_json (error);
  while (*json != '"')
    {
      const char *escape;

      if ((guchar)*json < 0x20)
        return bad_json (error);
      if (*json != '\\')
        {
          g_string_append_c (out, *json++);
          continue;
        }
      json++;
      if (*json == 'u')
        {
          json = parse_unicode (json + 1, out);
          if (!json)
            return bad_json (error);
          continue;
        }
      escape = *json ? strchr (escapes, *json) : NULL;
      if (!escape)
        return bad_json (error);
      g_string_append_c (out, values[escape - escapes]);
      json++;
    }
  for (json++; *json; json++)
    if (!g_ascii_isspace (*json))
      return bad_json (error);
  return TRUE;
}

GArray *
cli_parse_tokens (const char *text, GError **error)
{
  g_autoptr (GArray) tokens = g_array_new (FALSE, FALSE, sizeof (RpToken));

  while (*text)
    {
      char *end;
      gint64 number;

      if (strchr (", \t\r\n[]", *text))
        {
          text++;
          continue;
        }
      number = g_ascii_strtoll (text, &end, 10);
      if (end == text || number < G_MININT32 || number > G_MAXINT32 || (*end && !strchr (", \t\r\n[]", *end)))
        {
          g_set_error (error, RP_ERROR, RP_ERROR_ARGUMENT, "“%.32s” is no list of token ids", text);
          return NULL;
        }
      RpToken token = number;
      g_array_append_val (tokens, token);
      text = end;
    }
  return g_steal_pointer (&tokens);
}
