#include "remote/body.h"

#include <string.h>

#define MARK "\xef\xbb\xbf"

static gboolean
is_of (const char *type, const char *wanted)
{
  return g_ascii_strncasecmp (type, wanted, strlen (wanted)) == 0;
}

/* HTML and pictures may begin with anything. */
static gboolean
may_be_answer (const char *type)
{
  return !type || is_of (type, "text/event-stream") || is_of (type, "text/plain") || is_of (type, "application/");
}

RiposteRemoteBody
riposte_remote_body_of (const char *type, const guint8 *bytes, gsize length, gsize *start)
{
  gsize mark = MIN (length, strlen (MARK));

  *start = length && memcmp (bytes, MARK, mark) == 0 ? mark : 0;
  while (*start < length && g_ascii_isspace (bytes[*start]))
    (*start)++;
  if (!may_be_answer (type))
    return RIPOSTE_REMOTE_BODY_OTHER;
  if (*start == length)
    return RIPOSTE_REMOTE_BODY_UNKNOWN;
  if (strchr ("{[", bytes[*start]))
    return RIPOSTE_REMOTE_BODY_WHOLE;
  /* a comment, data, event, id, retry */
  if ((type && is_of (type, "text/event-stream")) || strchr (":deir", bytes[*start]))
    return RIPOSTE_REMOTE_BODY_STREAM;
  return RIPOSTE_REMOTE_BODY_OTHER;
}
