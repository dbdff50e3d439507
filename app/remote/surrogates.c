#include "remote/surrogates.h"

#include <string.h>

#define MARK           "\357\267\220" /* U+FDD0 */
#define MARK_ESCAPE    "\\ufdd0"
#define REPLACEMENT    "\357\277\275"
#define DIGITS         4
#define ESCAPE_LENGTH  6 /* of "\ud83d" */
#define MARKED_UNICHAR 0xfdd0

static gboolean
is_high (gunichar c)
{
  return c >= 0xd800 && c < 0xdc00;
}

static gboolean
is_low (gunichar c)
{
  return c >= 0xdc00 && c < 0xe000;
}

/* FALSE where there are no four hexadecimal digits. */
static gboolean
read_digits (const char *p, const char *end, gunichar *value)
{
  *value = 0;
  if (end - p < DIGITS)
    return FALSE;
  for (int i = 0; i < DIGITS; i++)
    {
      if (!g_ascii_isxdigit (p[i]))
        return FALSE;
      *value = *value * 16 + (gunichar)g_ascii_xdigit_value (p[i]);
    }
  return TRUE;
}

static gboolean
read_escape (const char *p, const char *end, gunichar *value)
{
  return end - p >= ESCAPE_LENGTH && p[0] == '\\' && p[1] == 'u' && read_digits (p + 2, end, value);
}

/* One escape at @p, which is a backslash; returns one past what it took. */
static const char *
mark_escape (GString *out, const char *p, const char *end)
{
  gunichar value, next;

  if (!read_escape (p, end, &value))
    {
      gsize n = MIN (2, end - p);

      g_string_append_len (out, p, (gssize)n);
      return p + n;
    }
  if (is_high (value) && read_escape (p + ESCAPE_LENGTH, end, &next) && is_low (next))
    {
      g_string_append_len (out, p, 2 * ESCAPE_LENGTH);
      return p + 2 * ESCAPE_LENGTH;
    }
  if (is_high (value) || is_low (value))
    g_string_append_printf (out, MARK_ESCAPE "%04x", value);
  else if (value == MARKED_UNICHAR || value == 0) /* which no string here can have */
    g_string_append (out, REPLACEMENT);
  else
    g_string_append_len (out, p, ESCAPE_LENGTH);
  return p + ESCAPE_LENGTH;
}

char *
riposte_surrogates_mark (const char *json, gsize length, gsize *length_marked)
{
  const char *end = json + length, *p = json;
  GString *out;

  if (!g_strstr_len (json, (gssize)length, "\\u") && !g_strstr_len (json, (gssize)length, MARK))
    return NULL;
  out = g_string_sized_new (length + 16);
  while (p < end)
    if (*p == '\\')
      p = mark_escape (out, p, end);
    else if ((gsize)(end - p) >= strlen (MARK) && memcmp (p, MARK, strlen (MARK)) == 0)
      {
        g_string_append (out, REPLACEMENT);
        p += strlen (MARK);
      }
    else
      g_string_append_c (out, *p++);
  *length_marked = out->len;
  return g_string_free (out, FALSE);
}

static void
give_up (GString *out, gunichar *half)
{
  if (*half)
    g_string_append (out, REPLACEMENT);
  *half = 0;
}

static void
take_half (GString *out, gunichar value, gunichar *half)
{
  if (is_low (value) && *half)
    {
      g_string_append_unichar (out, 0x10000 + ((*half - 0xd800) << 10) + (value - 0xdc00));
      *half = 0;
      return;
    }
  give_up (out, half);
  *half = value;
  if (!is_high (value))
    give_up (out, half);
}

char *
riposte_surrogates_join (const char *text, gunichar *half)
{
  const char *end = text + strlen (text);
  GString *out = g_string_sized_new (end - text);

  while (text < end)
    {
      const char *mark = strstr (text, MARK);
      const char *stop = mark ? mark : end;
      gunichar value;

      if (stop > text)
        give_up (out, half);
      g_string_append_len (out, text, stop - text);
      text = stop;
      if (!mark)
        break;
      text += strlen (MARK);
      if (read_digits (text, end, &value))
        {
          take_half (out, value, half);
          text += DIGITS;
        }
    }
  return g_string_free (out, FALSE);
}
