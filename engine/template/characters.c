/* Characters as Python's str sees them, whatever the locale. */
#include "template-private.h"

#include <string.h>

gboolean
tpl_is_blank (gunichar c)
{
  return c == ' ' || (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x1f) || c == 0x85
         || (c >= 0x80 && c != 0x180e && g_unichar_isspace (c));
}

gboolean
tpl_is_cased (gunichar c)
{
  return g_unichar_isupper (c) || g_unichar_islower (c) || g_unichar_istitle (c) || c == 0xaa || c == 0xba;
}

gboolean
tpl_is_printable (gunichar c)
{
  switch (g_unichar_type (c))
    {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_SURROGATE:
    case G_UNICODE_PRIVATE_USE:
    case G_UNICODE_UNASSIGNED:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
      return FALSE;
    case G_UNICODE_SPACE_SEPARATOR:
      return c == ' ';
    default:
      return TRUE;
    }
}

gsize
tpl_n_chars (const TplValue *text)
{
  gsize n = 0;

  for (gsize i = 0; i < text->length; i++)
    n += (text->text[i] & 0xc0) != 0x80;
  return n;
}

gboolean
tpl_is_utf8 (const char *text, gsize length)
{
  const char *end = text + length, *stop;

  while (!g_utf8_validate_len (text, end - text, &stop))
    {
      if (*stop)
        return FALSE;
      text = stop + 1;
    }
  return TRUE;
}

/* ---- case ---- */

/* GLib knows the mappings to several characters, but asks the locale about i: that one is told here. */
static void
append_upper (GString *out, gunichar c)
{
  char bytes[8];
  g_autofree char *upper = NULL;

  if (c < 0x80)
    {
      g_string_append_c (out, g_ascii_toupper (c));
      return;
    }
  upper = g_utf8_strup (bytes, g_unichar_to_utf8 (c, bytes));
  g_string_append (out, upper);
}

static void
append_lower (GString *out, gunichar c)
{
  if (c < 0x80)
    g_string_append_c (out, g_ascii_tolower (c));
  else if (c == 0x130)
    g_string_append (out, "i\xcc\x87");
  else
    g_string_append_unichar (out, g_unichar_tolower (c));
}

static void
append_title (GString *out, gunichar c)
{
  g_autoptr (GString) upper = g_string_new (NULL);
  const char *rest;

  if (g_unichar_totitle (c) != c || c < 0x80)
    {
      g_string_append_unichar (out, c < 0x80 ? (gunichar)g_ascii_toupper (c) : g_unichar_totitle (c));
      return;
    }
  append_upper (upper, c); /* "ß" becomes "Ss" */
  g_string_append_unichar (out, g_utf8_get_char (upper->str));
  for (rest = g_utf8_next_char (upper->str); *rest; rest = g_utf8_next_char (rest))
    append_lower (out, g_utf8_get_char (rest));
}

static gboolean
is_case_ignorable (gunichar c)
{
  GUnicodeType type = g_unichar_type (c);

  return type == G_UNICODE_NON_SPACING_MARK || type == G_UNICODE_ENCLOSING_MARK || type == G_UNICODE_FORMAT
         || type == G_UNICODE_MODIFIER_LETTER || type == G_UNICODE_MODIFIER_SYMBOL
         || (c < 0x10000 && c && wcschr (L"'.:\u00b7\u0387\u055f\u05f4\u2018\u2019\u2024\u2027\ufe13\ufe52\ufe55", c));
}

/* A sigma that ends a word has a lower form of its own (Unicode, section 3.13, Final_Sigma). */
static gboolean
is_final_sigma (const TplValue *text, const char *at)
{
  const char *before = at, *after = g_utf8_next_char (at), *end = text->text + text->length;

  do
    {
      if (before == text->text)
        return FALSE;
      before = g_utf8_prev_char (before);
    }
  while (is_case_ignorable (g_utf8_get_char (before)));
  if (!tpl_is_cased (g_utf8_get_char (before)))
    return FALSE;
  while (after < end && is_case_ignorable (g_utf8_get_char (after)))
    after = g_utf8_next_char (after);
  return after == end || !tpl_is_cased (g_utf8_get_char (after));
}

static void
append_lower_at (GString *out, const TplValue *text, const char *at)
{
  gunichar c = g_utf8_get_char (at);

  if (c == 0x3a3)
    g_string_append_unichar (out, is_final_sigma (text, at) ? 0x3c2 : 0x3c3);
  else
    append_lower (out, c);
}

typedef enum
{
  UPPER,
  LOWER,
  CAPITALIZE,
  TITLE,
  SWAP,
} Mapping;

static TplValue *
map_case (TplRun *run, const TplValue *text, Mapping mapping)
{
  GString *out = g_string_sized_new (text->length);
  gboolean start = TRUE;

  for (const char *at = text->text; at < text->text + text->length; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);

      if (mapping == UPPER || (mapping == SWAP && g_unichar_islower (c)))
        append_upper (out, c);
      else if (mapping == SWAP && !g_unichar_isupper (c))
        g_string_append_unichar (out, c);
      else if (start && (mapping == TITLE || mapping == CAPITALIZE))
        append_title (out, c);
      else
        append_lower_at (out, text, at);
      start = mapping == TITLE && !tpl_is_cased (c);
    }
  return tpl_take (run, out);
}

TplValue *
tpl_upper (TplRun *run, const TplValue *text)
{
  return map_case (run, text, UPPER);
}

TplValue *
tpl_lower (TplRun *run, const TplValue *text)
{
  return map_case (run, text, LOWER);
}

TplValue *
tpl_capitalize (TplRun *run, const TplValue *text)
{
  return map_case (run, text, CAPITALIZE);
}

TplValue *
tpl_title (TplRun *run, const TplValue *text)
{
  return map_case (run, text, TITLE);
}

TplValue *
tpl_swapcase (TplRun *run, const TplValue *text)
{
  return map_case (run, text, SWAP);
}

/* ---- ends and lines ---- */

static gboolean
strips (gunichar c, const TplValue *chars)
{
  if (!tpl_is_text (chars))
    return tpl_is_blank (c);
  for (const char *at = chars->text; at < chars->text + chars->length; at = g_utf8_next_char (at))
    if (g_utf8_get_char (at) == c)
      return TRUE;
  return FALSE;
}

TplValue *
tpl_strip (TplRun *run, const TplValue *text, const TplValue *chars, gboolean left, gboolean right)
{
  const char *start = text->text, *end = text->text + text->length;

  if (chars && chars->type != TPL_STRING && chars->type != TPL_NONE)
    return tpl_fail (run, "strip arg must be None or str");
  while (left && start < end && strips (g_utf8_get_char (start), chars))
    start = g_utf8_next_char (start);
  while (right && start < end)
    {
      const char *last = g_utf8_prev_char (end);
      if (!strips (g_utf8_get_char (last), chars))
        break;
      end = last;
    }
  return tpl_string (run, start, end - start);
}

static gboolean
ends_line (gunichar c)
{
  return (c >= 0x0a && c <= 0x0d) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

TplValue *
tpl_split_lines (TplRun *run, const TplValue *text, gboolean keep_ends)
{
  TplValue *list = tpl_list (run, TPL_LIST);
  const char *start = text->text, *end = text->text + text->length, *next;

  for (const char *at = start; at < end; at = next)
    {
      next = g_utf8_next_char (at);
      if (!ends_line (g_utf8_get_char (at)))
        continue;
      if (*at == '\r' && next < end && *next == '\n')
        next++;
      tpl_append (run, list, tpl_string (run, start, (keep_ends ? next : at) - start));
      start = next;
    }
  if (start < end)
    tpl_append (run, list, tpl_string (run, start, end - start));
  return run->failed ? NULL : list;
}
