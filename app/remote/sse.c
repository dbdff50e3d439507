#include "remote/sse.h"

#include "remote/remote-error.h"

#include <glib/gi18n.h>
#include <string.h>

#define MAX_EVENT_BYTES (4u << 20)

struct _RiposteSse
{
  RiposteSseFunc func;
  gpointer user_data;

  GString *line; /* as far as it came */
  GString *data; /* of the event, as far as it came */
  gboolean has_data;
  gboolean after_cr; /* a LF that follows belongs to it */
  gboolean begun;    /* past a byte order mark */
};

RiposteSse *
riposte_sse_new (RiposteSseFunc func, gpointer user_data)
{
  RiposteSse *self = g_new0 (RiposteSse, 1);

  self->func = func;
  self->user_data = user_data;
  self->line = g_string_new (NULL);
  self->data = g_string_new (NULL);
  return self;
}

void
riposte_sse_free (RiposteSse *self)
{
  g_string_free (self->line, TRUE);
  g_string_free (self->data, TRUE);
  g_free (self);
}

static gboolean
dispatch (RiposteSse *self, GError **error)
{
  g_autofree char *valid = NULL;

  if (!self->has_data)
    return TRUE;
  valid = g_utf8_make_valid (self->data->str, self->data->len);
  g_string_truncate (self->data, 0);
  self->has_data = FALSE;
  return self->func (valid, strlen (valid), self->user_data, error);
}

/* What there is after "NAME:", or NULL where the line is another field. */
static const char *
value_of (const char *line, gsize length, const char *name)
{
  gsize n = strlen (name);

  if (length < n || memcmp (line, name, n) != 0 || (length > n && line[n] != ':'))
    return NULL;
  line += MIN (n + 1, length);
  return *line == ' ' ? line + 1 : line;
}

/* Fields other than "data" say nothing that is needed here, but for "error", which is no field of the standard: with it
 * llama-server says why an answer ends. */
static gboolean
take_line (RiposteSse *self, GError **error)
{
  GString *line = self->line;
  const char *text = line->str, *value;
  gsize length = line->len;

  if (!self->begun && length >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0)
    {
      text += 3;
      length -= 3;
    }
  self->begun = TRUE;
  if (length == 0)
    {
      g_string_truncate (line, 0);
      return dispatch (self, error);
    }
  value = value_of (text, length, "data");
  if (!value)
    value = value_of (text, length, "error");
  if (value)
    {
      if (self->has_data)
        g_string_append_c (self->data, '\n');
      g_string_append_len (self->data, value, text + length - value);
      self->has_data = TRUE;
    }
  g_string_truncate (line, 0);
  return TRUE;
}

static gboolean
has_room (RiposteSse *self, gsize more, GError **error)
{
  if (self->line->len + self->data->len + more <= MAX_EVENT_BYTES)
    return TRUE;
  g_set_error_literal (error, RIPOSTE_REMOTE_ERROR, RIPOSTE_REMOTE_ERROR_PROTOCOL,
                       _ ("The service sent more at once than an answer can be"));
  return FALSE;
}

gboolean
riposte_sse_feed (RiposteSse *self, const char *bytes, gsize length, GError **error)
{
  const char *end = bytes + length;

  while (bytes < end)
    {
      const char *stop = bytes;

      if (self->after_cr && *bytes == '\n')
        bytes = ++stop;
      self->after_cr = FALSE;
      while (stop < end && *stop != '\n' && *stop != '\r')
        stop++;
      if (!has_room (self, stop - bytes, error))
        return FALSE;
      g_string_append_len (self->line, bytes, stop - bytes);
      if (stop == end)
        return TRUE;
      self->after_cr = *stop == '\r';
      bytes = stop + 1;
      if (!take_line (self, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
riposte_sse_finish (RiposteSse *self, GError **error)
{
  return take_line (self, error) && dispatch (self, error);
}
