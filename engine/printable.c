#include "printable.h"

#include <string.h>

char *
rp_printable (const char *text, gssize length, gsize max)
{
  gsize n = MIN (length < 0 ? strlen (text) : (gsize)length, max);
  g_autofree char *valid = g_utf8_make_valid (text, (gssize)n);
  GString *line = g_string_sized_new (n);

  for (const char *c = valid; *c; c = g_utf8_next_char (c))
    g_string_append_unichar (line, g_unichar_iscntrl (g_utf8_get_char (c)) ? 0xfffd : g_utf8_get_char (c));
  return g_string_free (line, FALSE);
}
