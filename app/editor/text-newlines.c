#include "text-newlines.h"

#include <string.h>

/* A carriage return and a line feed are one. */
static gsize
length_of_newline (const char *at)
{
  return at[0] == '\r' && at[1] == '\n' ? 2 : 1;
}

RiposteNewlines
riposte_newlines_of (const char *text)
{
  gboolean has[RIPOSTE_NEWLINES_MIXED] = { FALSE };

  for (const char *p = text + strcspn (text, "\r\n"); *p; p += strcspn (p, "\r\n"))
    {
      gsize length = length_of_newline (p);

      has[length == 2 ? RIPOSTE_NEWLINES_CRLF : *p == '\r' ? RIPOSTE_NEWLINES_CR : RIPOSTE_NEWLINES_LF] = TRUE;
      p += length;
    }
  if (has[RIPOSTE_NEWLINES_LF] + has[RIPOSTE_NEWLINES_CRLF] + has[RIPOSTE_NEWLINES_CR] > 1)
    return RIPOSTE_NEWLINES_MIXED;
  if (has[RIPOSTE_NEWLINES_CRLF])
    return RIPOSTE_NEWLINES_CRLF;
  return has[RIPOSTE_NEWLINES_CR] ? RIPOSTE_NEWLINES_CR : RIPOSTE_NEWLINES_LF;
}

char *
riposte_newlines_to_lf (char *text, RiposteNewlines newlines)
{
  g_autofree char *given = text;

  if (newlines == RIPOSTE_NEWLINES_LF || newlines == RIPOSTE_NEWLINES_MIXED)
    return g_steal_pointer (&given);
  return g_string_free (riposte_newlines_from (text, RIPOSTE_NEWLINES_LF, FALSE), FALSE);
}

GString *
riposte_newlines_from (const char *text, RiposteNewlines newlines, gboolean ends)
{
  static const char *const all[] = { "\n", "\r\n", "\r", "\n" };
  GString *out = g_string_sized_new (strlen (text) + 2);

  while (*text)
    {
      gsize n = newlines == RIPOSTE_NEWLINES_MIXED ? strlen (text) : strcspn (text, "\r\n");

      g_string_append_len (out, text, (gssize)n);
      text += n;
      if (!*text)
        break;
      g_string_append (out, all[newlines]);
      text += length_of_newline (text);
    }
  if (ends)
    g_string_append (out, all[newlines]);
  return out;
}
