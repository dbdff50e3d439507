/* Methods of strings. */
#include "template-private.h"

#include <string.h>

#define METHOD TPL_BUILTIN

METHOD (str_strip)
{
  return tpl_strip (run, self, ARG (0), TRUE, TRUE);
}

METHOD (str_lstrip)
{
  return tpl_strip (run, self, ARG (0), TRUE, FALSE);
}

METHOD (str_rstrip)
{
  return tpl_strip (run, self, ARG (0), FALSE, TRUE);
}

METHOD (str_upper)
{
  return tpl_upper (run, self);
}

METHOD (str_lower)
{
  return tpl_lower (run, self);
}

METHOD (str_casefold)
{
  g_autofree char *folded = g_utf8_casefold (self->text, self->length);

  return tpl_string (run, folded, -1);
}

METHOD (str_title)
{
  return tpl_title (run, self);
}

METHOD (str_capitalize)
{
  return tpl_capitalize (run, self);
}

METHOD (str_swapcase)
{
  return tpl_swapcase (run, self);
}

/* ---- finding ---- */

/* The part of the text between two positions that count as in slices; FALSE: start is behind its end. */
static gboolean
part_of (const TplValue *text, const TplValue *from, const TplValue *to, const char **start, const char **end)
{
  gint64 n, first, last;

  *start = text->text;
  *end = text->text + text->length;
  if (!tpl_is_integer (from) && !tpl_is_integer (to))
    return TRUE;
  n = tpl_n_chars (text);
  first = tpl_int_arg (from, 0);
  last = tpl_int_arg (to, n);
  first = MAX (0, first < 0 ? first + n : first);
  last = CLAMP (last < 0 ? last + n : last, 0, n);
  if (first > last)
    return FALSE;
  *start = g_utf8_offset_to_pointer (text->text, first);
  *end = g_utf8_offset_to_pointer (text->text, last);
  return TRUE;
}

/* The last occurrence of what in start … end. */
static const char *
find_last (TplRun *run, const char *start, const char *end, const TplValue *what)
{
  for (const char *at = end - what->length; at >= start && tpl_tick (run); at--)
    if (memcmp (at, what->text, what->length) == 0)
      return at;
  return NULL;
}

/* A text, or any of a tuple of texts, at one end. */
static TplValue *
at_end (TplRun *run, const TplValue *self, const TplArgs *args, gboolean at_start)
{
  TplValue *what = ARG (0), *list = what;
  const char *start, *end;

  if (what->type == TPL_STRING)
    {
      list = tpl_list (run, TPL_TUPLE);
      tpl_append (run, list, what);
    }
  else if (what->type != TPL_TUPLE)
    return tpl_fail (run, "%s first arg must be str or a tuple of str, not %s", at_start ? "startswith" : "endswith",
                     tpl_type_name (what));
  if (!part_of (self, ARG (1), ARG (2), &start, &end))
    return tpl_bool (run, FALSE);
  for (gsize i = 0; i < list->n; i++)
    {
      const TplValue *item = list->items[i];

      if (item->type != TPL_STRING)
        return tpl_fail (run, "tuple for startswith or endswith must only contain str");
      if (item->length <= (gsize)(end - start)
          && memcmp (at_start ? start : end - item->length, item->text, item->length) == 0)
        return tpl_bool (run, TRUE);
    }
  return tpl_bool (run, FALSE);
}

METHOD (str_startswith)
{
  return at_end (run, self, args, TRUE);
}

METHOD (str_endswith)
{
  return at_end (run, self, args, FALSE);
}

static TplValue *
affix (TplRun *run, TplValue *self, const TplValue *what, gboolean prefix)
{
  if (what->type != TPL_STRING)
    return tpl_fail (run, "argument must be str, not %s", tpl_type_name (what));
  if (what->length > self->length
      || memcmp (self->text + (prefix ? 0 : self->length - what->length), what->text, what->length) != 0)
    return self;
  return tpl_string (run, self->text + (prefix ? what->length : 0), self->length - what->length);
}

METHOD (str_removeprefix)
{
  return affix (run, self, ARG (0), TRUE);
}

METHOD (str_removesuffix)
{
  return affix (run, self, ARG (0), FALSE);
}

static TplValue *
find (TplRun *run, const TplValue *self, const TplArgs *args, gboolean last, gboolean must)
{
  const TplValue *what = ARG (0);
  const char *start, *end, *found = NULL;

  if (what->type != TPL_STRING)
    return tpl_fail (run, "must be str, not %s", tpl_type_name (what));
  if (part_of (self, ARG (1), ARG (2), &start, &end))
    found = last ? find_last (run, start, end, what) : memmem (start, end - start, what->text, what->length);
  if (!found && must)
    return tpl_fail (run, "substring not found");
  return tpl_int (run, found ? g_utf8_pointer_to_offset (self->text, found) : -1);
}

METHOD (str_find)
{
  return find (run, self, args, FALSE, FALSE);
}

METHOD (str_rfind)
{
  return find (run, self, args, TRUE, FALSE);
}

METHOD (str_index)
{
  return find (run, self, args, FALSE, TRUE);
}

METHOD (str_rindex)
{
  return find (run, self, args, TRUE, TRUE);
}

METHOD (str_count)
{
  const TplValue *what = ARG (0);
  const char *at, *end;
  gint64 n = 0;

  if (what->type != TPL_STRING)
    return tpl_fail (run, "must be str, not %s", tpl_type_name (what));
  if (!part_of (self, ARG (1), ARG (2), &at, &end))
    return tpl_int (run, 0);
  if (what->length == 0)
    return tpl_int (run, tpl_n_chars (&(TplValue){ .text = at, .length = end - at }) + 1);
  for (; (at = memmem (at, end - at, what->text, what->length)); at += what->length)
    n++;
  return tpl_int (run, n);
}

/* ---- splitting and joining ---- */

/* At blanks: runs of them count once, and none is left at the ends. */
static TplValue *
split_blanks (TplRun *run, const TplValue *self, gint64 most)
{
  TplValue *list = tpl_list (run, TPL_LIST);
  const char *at = self->text, *end = self->text + self->length;

  while (tpl_tick (run))
    {
      const char *start;

      while (at < end && tpl_is_blank (g_utf8_get_char (at)))
        at = g_utf8_next_char (at);
      if (at == end)
        break;
      start = at;
      if (most >= 0 && (gint64)list->n >= most)
        {
          const TplValue rest = { .type = TPL_STRING, .text = start, .length = end - start };
          tpl_append (run, list,
                      most ? tpl_string (run, start, end - start) : tpl_strip (run, &rest, NULL, FALSE, FALSE));
          break;
        }
      while (at < end && !tpl_is_blank (g_utf8_get_char (at)))
        at = g_utf8_next_char (at);
      tpl_append (run, list, tpl_string (run, start, at - start));
    }
  return list;
}

static TplValue *
reversed (TplRun *run, const TplValue *list)
{
  TplValue *result = tpl_list (run, TPL_LIST);

  for (gsize i = list->n; i > 0; i--)
    tpl_append (run, result, list->items[i - 1]);
  return result;
}

static TplValue *
rsplit_blanks (TplRun *run, const TplValue *self, gint64 most)
{
  TplValue *parts = tpl_list (run, TPL_LIST);
  const char *start = self->text, *end = self->text + self->length, *at;

  while (tpl_tick (run))
    {
      while (end > start && tpl_is_blank (g_utf8_get_char (g_utf8_prev_char (end))))
        end = g_utf8_prev_char (end);
      if (end == start)
        break;
      at = (gint64)parts->n >= most ? start : end;
      while (at > start && !tpl_is_blank (g_utf8_get_char (g_utf8_prev_char (at))))
        at = g_utf8_prev_char (at);
      tpl_append (run, parts, tpl_string (run, at, end - at));
      end = at;
    }
  return reversed (run, parts);
}

static gboolean
check_separator (TplRun *run, const TplValue *separator)
{
  if (separator->type != TPL_STRING)
    tpl_fail (run, "must be str or None, not %s", tpl_type_name (separator));
  else if (separator->length == 0)
    tpl_fail (run, "empty separator");
  return !run->failed;
}

METHOD (str_split)
{
  const TplValue *separator = ARG (0);
  gint64 most = tpl_int_arg (ARG (1), -1);
  const char *at = self->text, *end = self->text + self->length, *found;
  TplValue *list;

  if (!separator || separator->type == TPL_NONE)
    return split_blanks (run, self, most);
  if (!check_separator (run, separator))
    return NULL;
  list = tpl_list (run, TPL_LIST);
  while ((most < 0 || (gint64)list->n < most) && (found = memmem (at, end - at, separator->text, separator->length))
         && tpl_tick (run))
    {
      tpl_append (run, list, tpl_string (run, at, found - at));
      at = found + separator->length;
    }
  tpl_append (run, list, tpl_string (run, at, end - at));
  return list;
}

METHOD (str_rsplit)
{
  const TplValue *separator = ARG (0);
  gint64 most = tpl_int_arg (ARG (1), -1);
  const char *end = self->text + self->length, *found;
  TplValue *parts;

  if (most < 0)
    return str_split (run, self, args);
  if (!separator || separator->type == TPL_NONE)
    return rsplit_blanks (run, self, most);
  if (!check_separator (run, separator))
    return NULL;
  parts = tpl_list (run, TPL_LIST);
  while ((gint64)parts->n < most && (found = find_last (run, self->text, end, separator)))
    {
      tpl_append (run, parts, tpl_string (run, found + separator->length, end - found - separator->length));
      end = found;
    }
  tpl_append (run, parts, tpl_string (run, self->text, end - self->text));
  return reversed (run, parts);
}

static TplValue *
partition (TplRun *run, TplValue *self, const TplValue *separator, gboolean last)
{
  const char *end = self->text + self->length, *found;
  TplValue *parts = tpl_list (run, TPL_TUPLE), *empty = tpl_string (run, "", 0);

  if (!check_separator (run, separator))
    return NULL;
  found = last ? find_last (run, self->text, end, separator)
               : memmem (self->text, self->length, separator->text, separator->length);
  if (found)
    {
      tpl_append (run, parts, tpl_string (run, self->text, found - self->text));
      tpl_append (run, parts, (TplValue *)separator);
      found += separator->length;
      tpl_append (run, parts, tpl_string (run, found, end - found));
      return parts;
    }
  tpl_append (run, parts, last ? empty : self);
  tpl_append (run, parts, empty);
  tpl_append (run, parts, last ? self : empty);
  return parts;
}

METHOD (str_partition)
{
  return partition (run, self, ARG (0), FALSE);
}

METHOD (str_rpartition)
{
  return partition (run, self, ARG (0), TRUE);
}

METHOD (str_splitlines)
{
  return tpl_split_lines (run, self, tpl_bool_arg (ARG (0), FALSE));
}

METHOD (str_join)
{
  const TplValue *items = tpl_items (run, ARG (0));
  GString *out;

  if (!items)
    return NULL;
  out = g_string_new (NULL);
  for (gsize i = 0; i < items->n && out->len <= TPL_MAX_TEXT && tpl_tick (run); i++)
    if (items->items[i]->type != TPL_STRING)
      tpl_fail (run, "sequence item %" G_GSIZE_FORMAT ": expected str instance, %s found", i,
                tpl_type_name (items->items[i]));
    else
      {
        if (i)
          g_string_append_len (out, self->text, self->length);
        g_string_append_len (out, items->items[i]->text, items->items[i]->length);
      }
  return tpl_take (run, out);
}

/* Between all characters, and at both ends. */
static TplValue *
replace_nothing (TplRun *run, const TplValue *self, const TplValue *new, gint64 most)
{
  GString *out = g_string_new (NULL);
  const char *at = self->text, *end = self->text + self->length;

  for (gint64 n = 0; (most < 0 || n < most) && out->len <= TPL_MAX_TEXT; n++)
    {
      const char *next = at < end ? g_utf8_next_char (at) : at;

      g_string_append_len (out, new->text, new->length);
      g_string_append_len (out, at, next - at);
      if (at == end)
        return tpl_take (run, out);
      at = next;
    }
  g_string_append_len (out, at, end - at);
  return tpl_take (run, out);
}

METHOD (str_replace)
{
  const TplValue *old = ARG (0), *new = ARG (1);
  gint64 most = tpl_int_arg (ARG (2), -1);
  const char *at = self->text, *end = self->text + self->length, *found;
  GString *out;

  if (old->type != TPL_STRING || new->type != TPL_STRING)
    return tpl_fail (run, "replace() argument must be str, not %s",
                     tpl_type_name (old->type != TPL_STRING ? old : new));
  if (old->length == 0)
    return replace_nothing (run, self, new, most);
  out = g_string_sized_new (self->length);
  for (gint64 n = 0; (most < 0 || n < most) && (found = memmem (at, end - at, old->text, old->length))
                     && out->len <= TPL_MAX_TEXT && tpl_tick (run);
       n++)
    {
      g_string_append_len (out, at, found - at);
      g_string_append_len (out, new->text, new->length);
      at = found + old->length;
    }
  g_string_append_len (out, at, end - at);
  return tpl_take (run, out);
}

/* ---- padding ---- */

static TplValue *
pad (TplRun *run, const TplValue *self, const TplArgs *args, guint left_share)
{
  const TplValue *fill = ARG (1);
  gint64 width = tpl_int_arg (ARG (0), -1), n = tpl_n_chars (self), missing, left;
  GString *out;

  if (!tpl_is_integer (ARG (0)))
    return tpl_fail (run, "'%s' object cannot be interpreted as an integer", tpl_type_name (ARG (0)));
  if (fill && (fill->type != TPL_STRING || tpl_n_chars (fill) != 1))
    return tpl_fail (run, "The fill character must be exactly one character long");
  if (width > TPL_MAX_TEXT)
    return tpl_fail (run, "a text of more than %d bytes", TPL_MAX_TEXT);
  missing = MAX (0, width - n);
  left = left_share == 0 ? 0 : left_share == 2 ? missing : missing / 2 + (missing & width & 1);
  out = g_string_new (NULL);
  for (gint64 i = 0; i < missing; i++)
    {
      if (i == left)
        g_string_append_len (out, self->text, self->length);
      g_string_append_len (out, fill ? fill->text : " ", fill ? fill->length : 1);
    }
  if (left == missing)
    g_string_append_len (out, self->text, self->length);
  return tpl_take (run, out);
}

METHOD (str_ljust)
{
  return pad (run, self, args, 0);
}

METHOD (str_center)
{
  return pad (run, self, args, 1);
}

METHOD (str_rjust)
{
  return pad (run, self, args, 2);
}

METHOD (str_zfill)
{
  gboolean sign = self->length && (self->text[0] == '+' || self->text[0] == '-');
  TplValue *digits = tpl_string (run, self->text + sign, self->length - sign), *zero = tpl_string (run, "0", 1);
  TplValue *width = tpl_int (run, tpl_int_arg (ARG (0), 0) - sign), *values[] = { width, zero };
  TplValue *padded = pad (run, digits, &(TplArgs){ .positional = values, .n_positional = 2 }, 2);

  return padded && sign ? tpl_concatenate (run, tpl_string (run, self->text, 1), padded) : padded;
}

METHOD (str_expandtabs)
{
  gint64 size = CLAMP (tpl_int_arg (ARG (0), 8), 0, 1000), column = 0;
  GString *out = g_string_new (NULL);

  for (const char *at = self->text; at < self->text + self->length && out->len <= TPL_MAX_TEXT;
       at = g_utf8_next_char (at))
    if (*at == '\t')
      for (gint64 n = size ? size - column % size : 0; n > 0; n--, column++)
        g_string_append_c (out, ' ');
    else
      {
        g_string_append_len (out, at, g_utf8_next_char (at) - at);
        column = *at == '\n' || *at == '\r' ? 0 : column + 1;
      }
  return tpl_take (run, out);
}

/* ---- kinds of characters ---- */

static TplValue *
all_of (TplRun *run, const TplValue *self, gboolean (*test) (gunichar c), gboolean of_nothing)
{
  gboolean all = self->length > 0 || of_nothing;

  for (const char *at = self->text; all && at < self->text + self->length; at = g_utf8_next_char (at))
    all = test (g_utf8_get_char (at));
  return tpl_bool (run, all);
}

static gboolean
is_ascii (gunichar c)
{
  return c < 128;
}

static gboolean
is_digit (gunichar c)
{
  return g_unichar_isdigit (c) || c == 0xb2 || c == 0xb3 || c == 0xb9 || c == 0x2070 || (c >= 0x2074 && c <= 0x2079)
         || (c >= 0x2080 && c <= 0x2089) || (c >= 0x2460 && c <= 0x2468);
}

static gboolean
is_numeric (gunichar c)
{
  GUnicodeType type = g_unichar_type (c);

  return type == G_UNICODE_DECIMAL_NUMBER || type == G_UNICODE_LETTER_NUMBER || type == G_UNICODE_OTHER_NUMBER
         || (c < 0xffff && c && wcschr (L"〇一七三九二五亿八六兆十千百零万億萬四", c));
}

static gboolean
is_letter (gunichar c)
{
  return g_unichar_isalpha (c);
}

static gboolean
is_word (gunichar c)
{
  return is_letter (c) || is_numeric (c);
}

METHOD (str_isdecimal)
{
  return all_of (run, self, g_unichar_isdigit, FALSE);
}

METHOD (str_isdigit)
{
  return all_of (run, self, is_digit, FALSE);
}

METHOD (str_isnumeric)
{
  return all_of (run, self, is_numeric, FALSE);
}

METHOD (str_isalpha)
{
  return all_of (run, self, is_letter, FALSE);
}

METHOD (str_isalnum)
{
  return all_of (run, self, is_word, FALSE);
}

METHOD (str_isspace)
{
  return all_of (run, self, tpl_is_blank, FALSE);
}

METHOD (str_isascii)
{
  return all_of (run, self, is_ascii, TRUE);
}

METHOD (str_isprintable)
{
  return all_of (run, self, tpl_is_printable, TRUE);
}

METHOD (str_isidentifier)
{
  gboolean ok = self->length > 0 && !g_ascii_isdigit (self->text[0]);

  for (const char *at = self->text; ok && at < self->text + self->length; at = g_utf8_next_char (at))
    ok = *at == '_' || is_word (g_utf8_get_char (at));
  return tpl_bool (run, ok);
}

/* Whether all cased characters are of one case, and there is one. */
static TplValue *
one_case (TplRun *run, const TplValue *self, gboolean upper)
{
  gboolean found = FALSE;

  for (const char *at = self->text; at < self->text + self->length; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);

      if (!tpl_is_cased (c))
        continue;
      if (g_unichar_istitle (c) || g_unichar_isupper (c) != upper)
        return tpl_bool (run, FALSE);
      found = TRUE;
    }
  return tpl_bool (run, found);
}

METHOD (str_islower)
{
  return one_case (run, self, FALSE);
}

METHOD (str_isupper)
{
  return one_case (run, self, TRUE);
}

METHOD (str_istitle)
{
  gboolean found = FALSE, inside = FALSE;

  for (const char *at = self->text; at < self->text + self->length; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);
      gboolean cased = tpl_is_cased (c), capital = g_unichar_isupper (c) || g_unichar_istitle (c);

      if (cased && capital == inside)
        return tpl_bool (run, FALSE);
      found |= cased;
      inside = cased;
    }
  return tpl_bool (run, found);
}

/* ---- formats ---- */

METHOD (str_format)
{
  return tpl_format (run, self, args);
}

METHOD (str_format_map)
{
  const TplValue *dict = ARG (0);
  const char **names;

  if (dict->type != TPL_DICT)
    return tpl_fail (run, "format_map() needs a dict");
  names = tpl_alloc (run->arena, MAX (1, dict->n) * sizeof *names);
  for (gsize i = 0; i < dict->n; i++)
    names[i] = dict->keys[i]->type == TPL_STRING ? dict->keys[i]->text : "";
  return tpl_format (run, self, &(TplArgs){ .names = names, .named = dict->items, .n_named = dict->n });
}

METHOD (str_bytes)
{
  return tpl_fail (run, "bytes are not for chat templates");
}

const TplBuiltin tpl_string_methods[] = {
  { "strip", str_strip, "/chars", 0 },
  { "lstrip", str_lstrip, "/chars", 0 },
  { "rstrip", str_rstrip, "/chars", 0 },
  { "upper", str_upper, "", 0 },
  { "lower", str_lower, "", 0 },
  { "casefold", str_casefold, "", 0 },
  { "title", str_title, "", 0 },
  { "capitalize", str_capitalize, "", 0 },
  { "swapcase", str_swapcase, "", 0 },
  { "startswith", str_startswith, "/prefix start end", 1 },
  { "endswith", str_endswith, "/suffix start end", 1 },
  { "removeprefix", str_removeprefix, "/prefix", 1 },
  { "removesuffix", str_removesuffix, "/suffix", 1 },
  { "find", str_find, "/sub start end", 1 },
  { "rfind", str_rfind, "/sub start end", 1 },
  { "index", str_index, "/sub start end", 1 },
  { "rindex", str_rindex, "/sub start end", 1 },
  { "count", str_count, "/sub start end", 1 },
  { "split", str_split, "sep maxsplit", 0 },
  { "rsplit", str_rsplit, "sep maxsplit", 0 },
  { "partition", str_partition, "/sep", 1 },
  { "rpartition", str_rpartition, "/sep", 1 },
  { "splitlines", str_splitlines, "keepends", 0 },
  { "join", str_join, "/iterable", 1 },
  { "replace", str_replace, "old new count", 2 },
  { "ljust", str_ljust, "/width fillchar", 1 },
  { "center", str_center, "/width fillchar", 1 },
  { "rjust", str_rjust, "/width fillchar", 1 },
  { "zfill", str_zfill, "/width", 1 },
  { "expandtabs", str_expandtabs, "tabsize", 0 },
  { "isdecimal", str_isdecimal, "", 0 },
  { "isdigit", str_isdigit, "", 0 },
  { "isnumeric", str_isnumeric, "", 0 },
  { "isalpha", str_isalpha, "", 0 },
  { "isalnum", str_isalnum, "", 0 },
  { "isspace", str_isspace, "", 0 },
  { "isascii", str_isascii, "", 0 },
  { "isprintable", str_isprintable, "", 0 },
  { "isidentifier", str_isidentifier, "", 0 },
  { "islower", str_islower, "", 0 },
  { "isupper", str_isupper, "", 0 },
  { "istitle", str_istitle, "", 0 },
  { "format", str_format, NULL, 0 },
  { "format_map", str_format_map, "/mapping", 1 },
  { "encode", str_bytes, NULL, 0 },
  { "translate", str_bytes, NULL, 0 },
  { "maketrans", str_bytes, NULL, 0 },
  { NULL },
};
