#include "unicode.h"

#include <string.h>

#include "unicode-data.h"

RpCategory
rp_unicode_category (gunichar c)
{
  guint low = 0, high = G_N_ELEMENTS (category_runs);

  while (high - low > 1)
    {
      guint middle = (low + high) / 2;

      if (category_runs[middle] >> 8 <= c)
        low = middle;
      else
        high = middle;
    }
  return category_runs[low] & 0xff;
}

guint32
rp_unicode_category_mask (const char *name, gsize length)
{
  static const char names[] = "CcCfCnCoCsLlLmLoLtLuMcMeMnNdNlNoPcPdPePfPiPoPsScSkSmSoZlZpZs";
  guint32 mask = 0;

  for (guint i = 0; i < RP_N_CATEGORIES; i++)
    if ((length == 1 || length == 2) && memcmp (names + 2 * i, name, length) == 0)
      mask |= 1u << i;
  return mask;
}

gboolean
rp_unicode_is_space (gunichar c)
{
  RpCategory category = rp_unicode_category (c);

  return (c >= 0x09 && c <= 0x0d) || c == 0x85 || (category >= RP_CATEGORY_ZL && category <= RP_CATEGORY_ZS);
}

gunichar
rp_unicode_read (const char *text, gsize length, gsize *size)
{
  gunichar c = (guchar)*text;

  *size = 1;
  if (c < 0x80)
    return c;
  c = g_utf8_get_char_validated (text, MIN (length, 4));
  if (c >= (gunichar)-2)
    return 0xfffd;
  *size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  return c;
}

/* ---- NFC ---- */

typedef struct
{
  gunichar c;
  guint combining_class;
} Part;

static int
by_class (gconstpointer a, gconstpointer b, gpointer unused)
{
  return (int)((const Part *)a)->combining_class - (int)((const Part *)b)->combining_class;
}

/* Sorts each run of marks by class. g_qsort_with_data() is stable. */
static void
order (GArray *parts)
{
  for (guint i = 0; i < parts->len;)
    {
      guint start = i;

      while (i < parts->len && g_array_index (parts, Part, i).combining_class != 0)
        i++;
      if (i - start > 1)
        g_qsort_with_data (&g_array_index (parts, Part, start), i - start, sizeof (Part), by_class, NULL);
      i += i == start;
    }
}

static void
compose (GArray *parts)
{
  Part *all = (Part *)parts->data;
  guint n = 0, last_class = 0;
  gint starter = -1;

  for (guint i = 0; i < parts->len; i++)
    {
      gunichar composed;

      /* A mark is blocked by one of its own class, or by a starter, between it and its base. */
      if (starter >= 0 && (n == (guint)starter + 1 || (last_class != 0 && last_class < all[i].combining_class))
          && g_unichar_compose (all[starter].c, all[i].c, &composed))
        {
          all[starter].c = composed;
          continue;
        }
      if (all[i].combining_class == 0)
        starter = n;
      last_class = all[i].combining_class;
      all[n++] = all[i];
    }
  g_array_set_size (parts, n);
}

static void
flush (GArray *parts, GString *out)
{
  order (parts);
  compose (parts);
  for (guint i = 0; i < parts->len; i++)
    g_string_append_unichar (out, g_array_index (parts, Part, i).c);
  g_array_set_size (parts, 0);
}

static void
decompose (gunichar c, GArray *parts)
{
  gunichar all[G_UNICHAR_MAX_DECOMPOSITION_LENGTH];
  gsize n = g_unichar_fully_decompose (c, FALSE, all, G_N_ELEMENTS (all));

  for (gsize i = 0; i < n; i++)
    {
      Part part = { all[i], g_unichar_combining_class (all[i]) };
      g_array_append_val (parts, part);
    }
}

GString *
rp_unicode_nfc (const char *text, gsize length)
{
  g_autoptr (GArray) parts = NULL;
  GString *out;
  gsize size, at = 0;

  /* Nothing below U+0300 changes or combines: bytes below 0xcc. */
  while (at < length && (guchar)text[at] < 0xcc)
    at++;
  if (at == length)
    return NULL;
  parts = g_array_new (FALSE, FALSE, sizeof (Part));
  out = g_string_sized_new (length);
  for (at = 0; at < length; at += size)
    {
      gunichar c = rp_unicode_read (text + at, length - at, &size);

      if (size == 1 && ((guchar)text[at] >= 0x80 || c == 0))
        {
          flush (parts, out);
          g_string_append_c (out, text[at]);
          continue;
        }
      if (c < 0x300)
        flush (parts, out);
      decompose (c, parts);
    }
  flush (parts, out);
  return out;
}
