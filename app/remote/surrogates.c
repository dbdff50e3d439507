#include "remote/surrogates.h"

#include "untrusted-json.h"

#include <string.h>

#define MARK           "\357\267\220" /* U+FDD0 */
#define MARK_ESCAPE    "\\ufdd0"
#define REPLACEMENT    "\357\277\275"
#define MARKED_UNICHAR 0xfdd0

static gboolean
is_high (int unit)
{
  return unit >= 0xd800 && unit < 0xdc00;
}

static gboolean
is_low (int unit)
{
  return unit >= 0xdc00 && unit < 0xe000;
}

/* One escape at @p, which is a backslash; returns one past what it took. */
static const char *
mark_escape (GString *out, const char *p, const char *end)
{
  int unit = riposte_json_read_escape (p, end);
  int next = unit < 0 ? -1 : riposte_json_read_escape (p + RIPOSTE_JSON_ESCAPE_LENGTH, end);

  if (unit < 0)
    {
      gsize n = MIN (2, end - p);

      g_string_append_len (out, p, (gssize)n);
      return p + n;
    }
  if (is_high (unit) && is_low (next))
    {
      g_string_append_len (out, p, 2 * RIPOSTE_JSON_ESCAPE_LENGTH);
      return p + 2 * RIPOSTE_JSON_ESCAPE_LENGTH;
    }
  if (is_high (unit) || is_low (unit))
    g_string_append_printf (out, MARK_ESCAPE "\\\\u%04x", unit);
  else if (unit == MARKED_UNICHAR || unit == 0) /* which no string here can have */
    g_string_append (out, REPLACEMENT);
  else
    g_string_append_len (out, p, RIPOSTE_JSON_ESCAPE_LENGTH);
  return p + RIPOSTE_JSON_ESCAPE_LENGTH;
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
take_half (GString *out, int unit, gunichar *half)
{
  if (is_low (unit) && *half)
    {
      g_string_append_unichar (out, 0x10000 + ((*half - 0xd800) << 10) + (gunichar)(unit - 0xdc00));
      *half = 0;
      return;
    }
  give_up (out, half);
  *half = (gunichar)unit;
  if (!is_high (unit))
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
      int unit;

      if (stop > text)
        give_up (out, half);
      g_string_append_len (out, text, stop - text);
      text = stop;
      if (!mark)
        break;
      text += strlen (MARK);
      unit = riposte_json_read_escape (text, end);
      if (unit >= 0)
        {
          take_half (out, unit, half);
          text += RIPOSTE_JSON_ESCAPE_LENGTH;
        }
    }
  return g_string_free (out, FALSE);
}
