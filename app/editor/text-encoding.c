#include "text-encoding.h"

#include <string.h>

struct _RiposteEncodings
{
  GSList *candidates;
  const GtkSourceEncoding *utf8, *utf16le, *utf16be;
};

RiposteEncodings *
riposte_encodings_new (void)
{
  RiposteEncodings *self = g_new (RiposteEncodings, 1);
  const GtkSourceEncoding *every = gtk_source_encoding_get_from_charset ("ISO-8859-15");

  self->utf8 = gtk_source_encoding_get_utf8 ();
  self->utf16le = gtk_source_encoding_get_from_charset ("UTF-16LE");
  self->utf16be = gtk_source_encoding_get_from_charset ("UTF-16BE");
  self->candidates = gtk_source_encoding_get_default_candidates ();
  /* UTF-16 without a mark fits half of all binary files. */
  self->candidates = g_slist_remove (self->candidates, gtk_source_encoding_get_from_charset ("UTF-16"));
  self->candidates = g_slist_remove (self->candidates, self->utf8);
  if (!g_slist_find (self->candidates, every))
    self->candidates = g_slist_append (self->candidates, (gpointer)every);
  return self;
}

void
riposte_encodings_free (RiposteEncodings *self)
{
  g_slist_free (self->candidates);
  g_free (self);
}

char *
riposte_encoding_to_utf8 (const char *bytes, gsize length, const GtkSourceEncoding *encoding)
{
  gsize n_read, n_written;
  g_autofree char *text
    = g_convert (bytes, (gssize)length, "UTF-8", gtk_source_encoding_get_charset (encoding), &n_read, &n_written, NULL);

  return text && n_read == length && !memchr (text, 0, n_written) ? g_steal_pointer (&text) : NULL;
}

static gboolean
can_convert (const char *bytes, gsize length, const GtkSourceEncoding *encoding)
{
  g_autofree char *text = riposte_encoding_to_utf8 (bytes, length, encoding);

  return text != NULL;
}

/* GtkSourceFileLoader guesses from the first block, and takes a wrong byte near its end for a letter that goes on in
 * the next. So all of it is tried here, and the loader is told. A zero byte is in no text, but in UTF-16. */
const GtkSourceEncoding *
riposte_encodings_find (RiposteEncodings *self, const char *bytes, gsize length)
{
  const GtkSourceEncoding *marked = NULL;

  if (length >= 2 && memcmp (bytes, "\xff\xfe", 2) == 0)
    marked = self->utf16le;
  else if (length >= 2 && memcmp (bytes, "\xfe\xff", 2) == 0)
    marked = self->utf16be;
  /* ISO 8859 has these letters too, so a mark alone is none. */
  if (marked && memchr (bytes, 0, length))
    return can_convert (bytes, length, marked) ? marked : NULL;
  if (memchr (bytes, 0, length))
    return NULL;
  if (g_utf8_validate_len (bytes, length, NULL))
    return self->utf8;
  for (GSList *item = self->candidates; item; item = item->next)
    if (can_convert (bytes, length, item->data))
      return item->data;
  return NULL;
}

char *
riposte_encodings_decode (RiposteEncodings *self, const char *bytes, gsize length)
{
  const GtkSourceEncoding *encoding = riposte_encodings_find (self, bytes, length);
  g_autofree char *text = encoding ? riposte_encoding_to_utf8 (bytes, length, encoding) : NULL;

  return text ? g_strdup (g_str_has_prefix (text, "\xef\xbb\xbf") ? text + 3 : text) : NULL;
}
