/* The filters, tests, methods and functions that templates may use, each a row of a table. */
#include "template-private.h"

#include <math.h>
#include <string.h>

#define MAX_RANGE 100000 /* of the sandbox */

/* ---- helpers ---- */

static TplValue *
take_text (TplRun *run, GString *text)
{
  TplValue *value = tpl_string (run, text->str, text->len);

  g_string_free (text, TRUE);
  return value;
}

static gboolean
is_text (const TplValue *value)
{
  return value && value->type == TPL_STRING;
}

/* The argument as an integer, or fallback where it is missing or no integer. */
static gint64
int_arg (const TplArgs *args, guint position, const char *name, gint64 fallback)
{
  const TplValue *value = tpl_arg (args, position, name);

  return value && (value->type == TPL_INT || value->type == TPL_BOOL) && !value->big ? value->integer : fallback;
}

static gboolean
bool_arg (const TplArgs *args, guint position, const char *name, gboolean fallback)
{
  const TplValue *value = tpl_arg (args, position, name);

  return value ? tpl_true (value) : fallback;
}

static gboolean
is_blank (gunichar c)
{
  return g_unichar_isspace (c) || (c >= 0x1c && c <= 0x1f) || c == 0x0b || c == 0x85;
}

/* Whether strip() takes c away: a character of chars, or a blank without them. */
static gboolean
strips (gunichar c, const TplValue *chars)
{
  return is_text (chars) ? g_utf8_strchr (chars->text, chars->length, c) != NULL : is_blank (c);
}

static TplValue *
strip (TplRun *run, const TplValue *self, const TplValue *chars, gboolean left, gboolean right)
{
  const char *start = self->text, *end = self->text + self->length;

  while (left && start < end && strips (g_utf8_get_char (start), chars))
    start = g_utf8_next_char (start);
  while (right && start < end)
    {
      const char *last = g_utf8_find_prev_char (start, end);
      if (!last || !strips (g_utf8_get_char (last), chars))
        break;
      end = last;
    }
  return tpl_string (run, start, end - start);
}

static TplValue *
map_case (TplRun *run, const TplValue *self, gboolean upper)
{
  g_autofree char *text = upper ? g_utf8_strup (self->text, self->length) : g_utf8_strdown (self->text, self->length);

  return tpl_string (run, text, -1);
}

/* The first letter of all words, or of the text, in upper case and the others in lower. */
static TplValue *
capitals (TplRun *run, const TplValue *self, gboolean every_word, gboolean split_at_blanks)
{
  GString *out = g_string_new (NULL);
  gboolean start = TRUE;

  for (const char *at = self->text; at < self->text + self->length; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);

      g_string_append_unichar (out, start ? g_unichar_totitle (c) : g_unichar_tolower (c));
      start
        = every_word
          && (split_at_blanks ? is_blank (c) || strchr ("-([{<", (int)(c < 128 ? c : 'x')) : !g_unichar_isalpha (c));
    }
  return take_text (run, out);
}

/* ---- methods of strings ---- */

#define METHOD(name) static TplValue *name (TplRun *run, TplValue *self, const TplArgs *args)

METHOD (str_strip)
{
  return strip (run, self, tpl_arg (args, 0, "chars"), TRUE, TRUE);
}

METHOD (str_lstrip)
{
  return strip (run, self, tpl_arg (args, 0, "chars"), TRUE, FALSE);
}

METHOD (str_rstrip)
{
  return strip (run, self, tpl_arg (args, 0, "chars"), FALSE, TRUE);
}

METHOD (str_upper)
{
  return map_case (run, self, TRUE);
}

METHOD (str_lower)
{
  return map_case (run, self, FALSE);
}

METHOD (str_title)
{
  return capitals (run, self, TRUE, FALSE);
}

METHOD (str_capitalize)
{
  return capitals (run, self, FALSE, FALSE);
}

/* A text, or any of a tuple of texts, at one end. */
static TplValue *
at_end (TplRun *run, const TplValue *self, const TplArgs *args, gboolean start)
{
  TplValue *what = tpl_arg (args, 0, NULL), *list;

  if (!is_text (what) && !(what && what->type == TPL_TUPLE))
    return tpl_fail (run, "%s first arg must be str or a tuple of str", start ? "startswith" : "endswith");
  list = what;
  if (is_text (what))
    {
      list = tpl_list (run, TPL_TUPLE);
      tpl_append (run, list, what);
    }
  for (gsize i = 0; i < list->n; i++)
    {
      const TplValue *item = list->items[i];
      const char *from = start ? self->text : self->text + self->length - item->length;

      if (is_text (item) && item->length <= self->length && memcmp (from, item->text, item->length) == 0)
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

/* At blanks: runs of them count once, and none is left at the ends. */
static TplValue *
split_blanks (TplRun *run, const TplValue *self, gint64 most)
{
  TplValue *list = tpl_list (run, TPL_LIST);
  const char *at = self->text, *end = self->text + self->length;

  for (;;)
    {
      const char *start;

      while (at < end && is_blank (g_utf8_get_char (at)))
        at = g_utf8_next_char (at);
      if (at == end)
        return list;
      start = at;
      if (most >= 0 && (gint64)list->n >= most)
        {
          const TplValue rest = { .type = TPL_STRING, .text = start, .length = end - start };
          tpl_append (run, list, strip (run, &rest, NULL, FALSE, TRUE));
          return list;
        }
      while (at < end && !is_blank (g_utf8_get_char (at)))
        at = g_utf8_next_char (at);
      tpl_append (run, list, tpl_string (run, start, at - start));
    }
}

METHOD (str_split)
{
  TplValue *separator = tpl_arg (args, 0, "sep"), *list;
  gint64 most = int_arg (args, 1, "maxsplit", -1);
  const char *at = self->text, *end = self->text + self->length, *found;

  if (!separator || separator->type == TPL_NONE)
    return split_blanks (run, self, most);
  if (!is_text (separator) || separator->length == 0)
    return tpl_fail (run, "empty separator");
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

/* The last occurrence of what in start … end. */
static const char *
find_last (const char *start, const char *end, const TplValue *what)
{
  for (const char *at = end - what->length; at >= start; at--)
    if (memcmp (at, what->text, what->length) == 0)
      return at;
  return NULL;
}

METHOD (str_rsplit)
{
  TplValue *separator = tpl_arg (args, 0, "sep"), *parts, *list;
  gint64 most = int_arg (args, 1, "maxsplit", -1);
  const char *end = self->text + self->length, *found;

  if (!is_text (separator) || most < 0)
    return str_split (run, self, args);
  if (separator->length == 0)
    return tpl_fail (run, "empty separator");
  parts = tpl_list (run, TPL_LIST);
  while ((gint64)parts->n < most && (found = find_last (self->text, end, separator)))
    {
      tpl_append (run, parts, tpl_string (run, found + separator->length, end - found - separator->length));
      end = found;
    }
  tpl_append (run, parts, tpl_string (run, self->text, end - self->text));
  list = tpl_list (run, TPL_LIST);
  for (gsize i = parts->n; i > 0; i--)
    tpl_append (run, list, parts->items[i - 1]);
  return list;
}

METHOD (str_splitlines)
{
  TplValue *list = tpl_list (run, TPL_LIST);
  gboolean keep = bool_arg (args, 0, "keepends", FALSE);
  const char *start = self->text, *end = self->text + self->length;

  for (const char *at = start; at < end; at++)
    if (*at == '\n' || *at == '\r')
      {
        const char *stop = at;
        if (*at == '\r' && at + 1 < end && at[1] == '\n')
          at++;
        tpl_append (run, list, tpl_string (run, start, (keep ? at + 1 : stop) - start));
        start = at + 1;
      }
  if (start < end)
    tpl_append (run, list, tpl_string (run, start, end - start));
  return list;
}

METHOD (str_replace)
{
  TplValue *old = tpl_arg (args, 0, "old"), *new = tpl_arg (args, 1, "new");
  gint64 most = int_arg (args, 2, "count", -1);
  const char *at = self->text, *end = self->text + self->length;
  GString *out;

  if (!is_text (old) || !is_text (new))
    return tpl_fail (run, "replace() argument must be str");
  out = g_string_new (NULL);
  for (gint64 n = 0; most < 0 || n < most; n++)
    {
      const char *found = memmem (at, end - at, old->text, old->length);

      if (!found || out->len > 4 << 20 || (old->length == 0 && at == end && n > 0))
        break;
      if (old->length == 0)
        {
          /* between all characters, and at both ends */
          const char *next = at < end ? g_utf8_next_char (at) : at;
          g_string_append_len (out, new->text, new->length);
          g_string_append_len (out, at, next - at);
          if (next == end && at < end && (most < 0 || n + 1 < most))
            g_string_append_len (out, new->text, new->length);
          at = next;
          if (at == end)
            break;
          continue;
        }
      g_string_append_len (out, at, found - at);
      g_string_append_len (out, new->text, new->length);
      at = found + old->length;
    }
  g_string_append_len (out, at, end - at);
  return take_text (run, out);
}

static TplValue *
find (TplRun *run, const TplValue *self, const TplArgs *args, gboolean last, gboolean must)
{
  TplValue *what = tpl_arg (args, 0, NULL);
  const char *end = self->text + self->length, *found;

  if (!is_text (what))
    return tpl_fail (run, "must be str, not %s", what ? tpl_type_name (what) : "nothing");
  found = last ? (what->length <= self->length ? find_last (self->text, end, what) : NULL)
               : memmem (self->text, self->length, what->text, what->length);
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

METHOD (str_count)
{
  TplValue *what = tpl_arg (args, 0, NULL);
  const char *at = self->text, *end = self->text + self->length;
  gint64 n = 0;

  if (!is_text (what))
    return tpl_fail (run, "must be str");
  if (what->length == 0)
    return tpl_int (run, g_utf8_strlen (self->text, self->length) + 1);
  for (; (at = memmem (at, end - at, what->text, what->length)); at += what->length)
    n++;
  return tpl_int (run, n);
}

static TplValue *
join (TplRun *run, const TplValue *separator, TplValue *list, const TplValue *attribute)
{
  GString *out = g_string_new (NULL);
  TplValue *items = tpl_items (run, list);

  for (gsize i = 0; i < items->n && !run->failed && out->len < 4 << 20; i++)
    {
      TplValue *item = items->items[i];

      if (attribute)
        item = tpl_index (run, item, (TplValue *)attribute);
      if (i && separator)
        tpl_append_str (run, out, separator);
      if (item)
        tpl_append_str (run, out, item);
    }
  return take_text (run, out);
}

METHOD (str_join)
{
  TplValue *list = tpl_arg (args, 0, NULL), *items;

  if (!list)
    return tpl_fail (run, "join() takes exactly one argument");
  items = tpl_items (run, list);
  for (gsize i = 0; i < items->n; i++)
    if (!is_text (items->items[i]))
      return tpl_fail (run, "sequence item %" G_GSIZE_FORMAT ": expected str instance, %s found", i,
                       tpl_type_name (items->items[i]));
  return join (run, self, items, NULL);
}

static TplValue *
all_of (TplRun *run, const TplValue *self, gboolean (*test) (gunichar c))
{
  gboolean all = self->length > 0;

  for (const char *at = self->text; all && at < self->text + self->length; at = g_utf8_next_char (at))
    all = test (g_utf8_get_char (at));
  return tpl_bool (run, all);
}

METHOD (str_isdigit)
{
  return all_of (run, self, g_unichar_isdigit);
}

METHOD (str_isalpha)
{
  return all_of (run, self, g_unichar_isalpha);
}

METHOD (str_isalnum)
{
  return all_of (run, self, g_unichar_isalnum);
}

METHOD (str_isspace)
{
  return all_of (run, self, is_blank);
}

static TplValue *
affix (TplRun *run, TplValue *self, const TplArgs *args, gboolean prefix)
{
  const TplValue *what = tpl_arg (args, 0, NULL);
  const TplValue *there = what ? at_end (run, self, args, prefix) : NULL;

  if (!there || !there->integer || !is_text (what))
    return self;
  return tpl_string (run, self->text + (prefix ? what->length : 0), self->length - what->length);
}

METHOD (str_removeprefix)
{
  return affix (run, self, args, TRUE);
}

METHOD (str_removesuffix)
{
  return affix (run, self, args, FALSE);
}

/* ---- methods of dicts and lists ---- */

METHOD (dict_items)
{
  TplValue *list = tpl_list (run, TPL_LIST);

  for (gsize i = 0; i < self->n; i++)
    {
      TplValue *pair = tpl_list (run, TPL_TUPLE);
      tpl_append (run, pair, self->keys[i]);
      tpl_append (run, pair, self->items[i]);
      tpl_append (run, list, pair);
    }
  return list;
}

METHOD (dict_keys)
{
  return tpl_items (run, self);
}

METHOD (dict_values)
{
  TplValue *list = tpl_list (run, TPL_LIST);

  for (gsize i = 0; i < self->n; i++)
    tpl_append (run, list, self->items[i]);
  return list;
}

METHOD (dict_get)
{
  TplValue *key = tpl_arg (args, 0, NULL), *fallback = tpl_arg (args, 1, "default"), *found;

  if (!key)
    return tpl_fail (run, "get expected at least 1 argument, got 0");
  found = tpl_dict_get (self, key);
  return found ? found : fallback ? fallback : tpl_new (run, TPL_NONE);
}

METHOD (dict_copy)
{
  TplValue *copy = tpl_list (run, TPL_DICT);

  for (gsize i = 0; i < self->n; i++)
    tpl_dict_set (run, copy, self->keys[i], self->items[i]);
  return copy;
}

METHOD (list_index)
{
  const TplValue *what = tpl_arg (args, 0, NULL);

  for (gsize i = 0; what && i < self->n; i++)
    if (tpl_equal (self->items[i], what))
      return tpl_int (run, i);
  return tpl_fail (run, "the value is not in the list");
}

METHOD (list_count)
{
  const TplValue *what = tpl_arg (args, 0, NULL);
  gint64 n = 0;

  for (gsize i = 0; what && i < self->n; i++)
    n += tpl_equal (self->items[i], what);
  return tpl_int (run, n);
}

METHOD (refuse_change)
{
  return tpl_fail (run, "access to attribute of '%s' object is unsafe.", tpl_type_name (self));
}

/* ---- filters ---- */

METHOD (filter_string)
{
  return tpl_to_string (run, self);
}

METHOD (filter_trim)
{
  return strip (run, tpl_to_string (run, self), tpl_arg (args, 0, "chars"), TRUE, TRUE);
}

METHOD (filter_upper)
{
  return map_case (run, tpl_to_string (run, self), TRUE);
}

METHOD (filter_lower)
{
  return map_case (run, tpl_to_string (run, self), FALSE);
}

METHOD (filter_title)
{
  return capitals (run, tpl_to_string (run, self), TRUE, TRUE);
}

METHOD (filter_capitalize)
{
  return capitals (run, tpl_to_string (run, self), FALSE, FALSE);
}

METHOD (filter_length)
{
  if (self->type == TPL_STRING)
    return tpl_int (run, g_utf8_strlen (self->text, self->length));
  if (tpl_is_sequence (self) || self->type == TPL_DICT)
    return tpl_int (run, self->n);
  if (self->type == TPL_UNDEFINED)
    return tpl_int (run, 0);
  return tpl_fail (run, "object of type '%s' has no len()", tpl_type_name (self));
}

METHOD (filter_default)
{
  TplValue *fallback = tpl_arg (args, 0, "default_value");
  gboolean missing = self->type == TPL_UNDEFINED || (bool_arg (args, 1, "boolean", FALSE) && !tpl_true (self));

  return !missing ? self : fallback ? fallback : tpl_string (run, "", 0);
}

METHOD (filter_tojson)
{
  GString *out = g_string_new (NULL);

  tpl_append_json (run, out, self, int_arg (args, 99, "indent", int_arg (args, 0, NULL, -1)), 0);
  return take_text (run, out);
}

METHOD (filter_join)
{
  return join (run, tpl_arg (args, 0, "d"), self, tpl_arg (args, 1, "attribute"));
}

METHOD (filter_replace)
{
  return str_replace (run, tpl_to_string (run, self), args);
}

METHOD (filter_list)
{
  TplValue *items = tpl_items (run, self), *list = tpl_list (run, TPL_LIST);

  for (gsize i = 0; i < items->n; i++)
    tpl_append (run, list, items->items[i]);
  return list;
}

METHOD (filter_first)
{
  TplValue *items = tpl_items (run, self);

  return items->n ? items->items[0] : tpl_new (run, TPL_UNDEFINED);
}

METHOD (filter_last)
{
  TplValue *items = tpl_items (run, self);

  return items->n ? items->items[items->n - 1] : tpl_new (run, TPL_UNDEFINED);
}

METHOD (filter_reverse)
{
  TplValue *items = tpl_items (run, self), *list = tpl_list (run, TPL_LIST);
  GString *text;

  for (gsize i = items->n; i > 0; i--)
    tpl_append (run, list, items->items[i - 1]);
  if (self->type != TPL_STRING)
    return list;
  text = g_string_new (NULL);
  for (gsize i = 0; i < list->n; i++)
    g_string_append_len (text, list->items[i]->text, list->items[i]->length);
  return take_text (run, text);
}

METHOD (filter_int)
{
  if (self->type == TPL_INT || self->type == TPL_BOOL)
    return tpl_int (run, self->integer);
  if (self->type == TPL_FLOAT)
    return tpl_int (run, (gint64)self->number);
  if (self->type == TPL_STRING)
    {
      char *end;
      gint64 number = g_ascii_strtoll (self->text, &end, 10);
      if (end > self->text)
        return tpl_int (run, *end == '.' ? (gint64)g_ascii_strtod (self->text, NULL) : number);
    }
  return tpl_int (run, int_arg (args, 0, "default", 0));
}

METHOD (filter_float)
{
  char *end;
  double number;

  if (tpl_is_number (self))
    return tpl_float (run, tpl_to_double (self));
  number = self->type == TPL_STRING ? g_ascii_strtod (self->text, &end) : 0;
  return tpl_float (run, self->type == TPL_STRING && end > self->text ? number : 0);
}

METHOD (filter_abs)
{
  if (self->type == TPL_FLOAT)
    return tpl_float (run, fabs (self->number));
  if (tpl_is_number (self))
    return tpl_int (run, ABS (self->integer));
  return tpl_fail (run, "bad operand type for abs(): '%s'", tpl_type_name (self));
}

METHOD (filter_round)
{
  gint64 precision = int_arg (args, 0, "precision", 0);
  const TplValue *method = tpl_arg (args, 1, "method");
  double scale = pow (10, precision), number = tpl_to_double (self) * scale;

  if (is_text (method) && strcmp (method->text, "ceil") == 0)
    number = ceil (number);
  else if (is_text (method) && strcmp (method->text, "floor") == 0)
    number = floor (number);
  else
    number = rint (number);
  return tpl_float (run, number / scale);
}

METHOD (filter_items)
{
  if (self->type == TPL_UNDEFINED)
    return tpl_list (run, TPL_LIST);
  if (!tpl_is_dict (self))
    return tpl_fail (run, "Can only get item pairs from a mapping.");
  return dict_items (run, self, args);
}

static int
compare_values (TplRun *run, const TplValue *a, const TplValue *b, gboolean fold)
{
  gboolean less = FALSE, more = FALSE;
  g_autofree char *x = fold && is_text (a) ? g_utf8_strdown (a->text, a->length) : NULL;
  g_autofree char *y = fold && is_text (b) ? g_utf8_strdown (b->text, b->length) : NULL;

  if (x && y)
    return strcmp (x, y);
  if (!tpl_less (run, a, b, &less) || !tpl_less (run, b, a, &more))
    return 0;
  return more - less;
}

/* Insertion into a sorted list keeps equal items in order. */
static TplValue *
sort_by (TplRun *run, TplValue *items, TplValue **keys, gboolean fold, gboolean reverse)
{
  TplValue *list = tpl_list (run, TPL_LIST);
  TplValue **sorted = tpl_alloc (run->arena, MAX (1, items->n) * sizeof *sorted);

  for (gsize i = 0; i < items->n && tpl_tick (run); i++)
    {
      gsize at = i;

      tpl_append (run, list, NULL);
      while (at > 0 && tpl_tick (run))
        {
          int order = compare_values (run, sorted[at - 1], keys[i], fold);
          if (reverse ? order >= 0 : order <= 0)
            break;
          sorted[at] = sorted[at - 1];
          list->items[at] = list->items[at - 1];
          at--;
        }
      sorted[at] = keys[i];
      list->items[at] = items->items[i];
    }
  return list;
}

METHOD (filter_sort)
{
  TplValue *items = tpl_items (run, self), *attribute = tpl_arg (args, 2, "attribute");
  TplValue **keys = tpl_alloc (run->arena, MAX (1, items->n) * sizeof *keys);

  for (gsize i = 0; i < items->n; i++)
    {
      keys[i] = attribute ? tpl_index (run, items->items[i], attribute) : items->items[i];
      if (!keys[i])
        return NULL;
    }
  return sort_by (run, items, keys, !bool_arg (args, 1, "case_sensitive", FALSE), bool_arg (args, 0, "reverse", FALSE));
}

METHOD (filter_dictsort)
{
  TplValue *items = tpl_is_dict (self) ? dict_items (run, self, args) : NULL;
  const TplValue *by = tpl_arg (args, 1, "by");
  gsize part = is_text (by) && strcmp (by->text, "value") == 0;
  TplValue **keys;

  if (!items)
    return tpl_fail (run, "dictsort needs a dict");
  keys = tpl_alloc (run->arena, MAX (1, items->n) * sizeof *keys);
  for (gsize i = 0; i < items->n; i++)
    keys[i] = items->items[i]->items[part];
  return sort_by (run, items, keys, !bool_arg (args, 0, "case_sensitive", FALSE), bool_arg (args, 2, "reverse", FALSE));
}

METHOD (filter_unique)
{
  TplValue *items = tpl_items (run, self), *list = tpl_list (run, TPL_LIST);

  for (gsize i = 0; i < items->n && tpl_tick (run); i++)
    {
      gboolean seen = FALSE;
      for (gsize k = 0; k < list->n && !seen; k++)
        seen = compare_values (run, list->items[k], items->items[i], TRUE) == 0
               && list->items[k]->type == items->items[i]->type;
      if (!seen)
        tpl_append (run, list, items->items[i]);
    }
  return list;
}

static TplValue *
extreme (TplRun *run, TplValue *self, gboolean most)
{
  TplValue *items = tpl_items (run, self), *best = items->n ? items->items[0] : tpl_new (run, TPL_UNDEFINED);

  for (gsize i = 1; i < items->n && !run->failed; i++)
    {
      int order = compare_values (run, items->items[i], best, TRUE);
      if (most ? order > 0 : order < 0)
        best = items->items[i];
    }
  return best;
}

METHOD (filter_max)
{
  return extreme (run, self, TRUE);
}

METHOD (filter_min)
{
  return extreme (run, self, FALSE);
}

METHOD (filter_sum)
{
  TplValue *items = tpl_items (run, self), *attribute = tpl_arg (args, 0, "attribute");
  gint64 integer = int_arg (args, 1, "start", 0);
  double number = 0;
  gboolean is_float = FALSE;

  for (gsize i = 0; i < items->n; i++)
    {
      const TplValue *item = attribute ? tpl_index (run, items->items[i], attribute) : items->items[i];

      if (!item || !tpl_is_number (item))
        return run->failed ? NULL : tpl_fail (run, "unsupported operand type(s) for +");
      is_float |= item->type == TPL_FLOAT;
      number += tpl_to_double (item);
      integer += item->type == TPL_FLOAT ? 0 : item->integer;
    }
  return is_float ? tpl_float (run, number) : tpl_int (run, integer);
}

METHOD (filter_map)
{
  TplValue *items = tpl_items (run, self), *list = tpl_list (run, TPL_LIST);
  TplValue *attribute = tpl_arg (args, 99, "attribute"), *fallback = tpl_arg (args, 99, "default");
  const TplValue *name = tpl_arg (args, 0, NULL);
  TplFunction function = !attribute && is_text (name) ? tpl_find_filter (name->text) : NULL;
  const TplArgs rest = { .positional = args->positional + 1,
                         .n_positional = args->n_positional ? args->n_positional - 1 : 0,
                         .names = args->names,
                         .named = args->named,
                         .n_named = args->n_named };

  if (!attribute && !function)
    return tpl_fail (run, "map needs a filter or an attribute");
  for (gsize i = 0; i < items->n && tpl_tick (run); i++)
    {
      TplValue *item = attribute ? tpl_index (run, items->items[i], attribute) : function (run, items->items[i], &rest);

      if (!item)
        return NULL;
      tpl_append (run, list, item->type == TPL_UNDEFINED && fallback ? fallback : item);
    }
  return list;
}

/* select, reject and their likes on an attribute: keep what a test, or truth, says. */
static TplValue *
pick (TplRun *run, TplValue *self, const TplArgs *args, gboolean by_attribute, gboolean wanted)
{
  TplValue *items = tpl_items (run, self), *list = tpl_list (run, TPL_LIST);
  guint first = by_attribute ? 1 : 0;
  TplValue *attribute = by_attribute ? tpl_arg (args, 0, NULL) : NULL;
  const TplValue *name = tpl_arg (args, first, NULL);
  TplFunction test = is_text (name) ? tpl_find_test (name->text) : NULL;
  const TplArgs rest = { .positional = args->positional + first + 1,
                         .n_positional = args->n_positional > first ? args->n_positional - first - 1 : 0 };

  if ((name && !test) || (by_attribute && !attribute))
    return tpl_fail (run, "No test named '%s'.", is_text (name) ? name->text : "");
  for (gsize i = 0; i < items->n && tpl_tick (run); i++)
    {
      TplValue *item = attribute ? tpl_index (run, items->items[i], attribute) : items->items[i];
      const TplValue *result = item && test ? test (run, item, &rest) : item;

      if (!result)
        return NULL;
      if (tpl_true (result) == wanted)
        tpl_append (run, list, items->items[i]);
    }
  return list;
}

METHOD (filter_select)
{
  return pick (run, self, args, FALSE, TRUE);
}

METHOD (filter_reject)
{
  return pick (run, self, args, FALSE, FALSE);
}

METHOD (filter_selectattr)
{
  return pick (run, self, args, TRUE, TRUE);
}

METHOD (filter_rejectattr)
{
  return pick (run, self, args, TRUE, FALSE);
}

METHOD (filter_indent)
{
  const TplValue *text = tpl_to_string (run, self), *width = tpl_arg (args, 0, "width");
  gboolean first = bool_arg (args, 1, "first", FALSE), blank = bool_arg (args, 2, "blank", FALSE);
  gint64 n = CLAMP (int_arg (args, 0, "width", 4), 0, 1000);
  g_autofree char *margin = is_text (width) ? g_strdup (width->text) : g_strnfill (n, ' ');
  GString *out = g_string_new (NULL);
  const char *end = text->text + text->length;

  for (const char *line = text->text; line <= end && out->len < 4 << 20;)
    {
      const char *stop = memchr (line, '\n', end - line);
      gsize length = (stop ? stop : end) - line;

      if ((line == text->text ? first : blank || length > 0))
        g_string_append (out, margin);
      g_string_append_len (out, line, length);
      if (!stop)
        break;
      g_string_append_c (out, '\n');
      line = stop + 1;
    }
  return take_text (run, out);
}

METHOD (filter_escape)
{
  const TplValue *text = tpl_to_string (run, self);
  GString *out = g_string_new (NULL);

  for (gsize i = 0; i < text->length; i++)
    switch (text->text[i])
      {
      case '&':
        g_string_append (out, "&amp;");
        break;
      case '<':
        g_string_append (out, "&lt;");
        break;
      case '>':
        g_string_append (out, "&gt;");
        break;
      case '"':
        g_string_append (out, "&#34;");
        break;
      case '\'':
        g_string_append (out, "&#39;");
        break;
      default:
        g_string_append_c (out, text->text[i]);
      }
  return take_text (run, out);
}

/* printf in Python's way: %s, %r, %d and %f with width and precision. */
METHOD (filter_format)
{
  const TplValue *text = tpl_to_string (run, self);
  GString *out = g_string_new (NULL);
  const char *at = text->text, *end = text->text + text->length;
  guint next = 0;

  while (at < end && !run->failed)
    {
      const char *stop;
      g_autofree char *spec = NULL;
      char number[64];

      if (*at != '%' || at + 1 == end)
        {
          g_string_append_c (out, *at++);
          continue;
        }
      if (at[1] == '%')
        {
          g_string_append_c (out, '%');
          at += 2;
          continue;
        }
      for (stop = at + 1; stop < end && strchr ("0123456789.+- ", *stop); stop++)
        ;
      if (stop == end || stop - at > 8 || next >= args->n_positional)
        {
          tpl_fail (run, "not enough arguments for format string");
          break;
        }
      spec = g_strndup (at, stop - at + 1);
      if (*stop == 's')
        tpl_append_str (run, out, args->positional[next]);
      else if (*stop == 'r')
        tpl_append_repr (run, out, args->positional[next], 0);
      else if (*stop == 'f' && tpl_is_number (args->positional[next]))
        g_string_append (out, g_ascii_formatd (number, sizeof number, spec, tpl_to_double (args->positional[next])));
      else if (*stop == 'd' && tpl_is_number (args->positional[next]))
        tpl_append_repr (run, out, filter_int (run, args->positional[next], &(TplArgs){ 0 }), 0);
      else
        tpl_fail (run, "unsupported format character '%c'", *stop);
      next++;
      at = stop + 1;
    }
  return take_text (run, out);
}

METHOD (filter_batch)
{
  TplValue *items = tpl_items (run, self), *list = tpl_list (run, TPL_LIST), *row = NULL;
  gint64 n = MAX (1, int_arg (args, 0, "linecount", 1));
  TplValue *fill = tpl_arg (args, 1, "fill_with");

  for (gsize i = 0; i < items->n; i++)
    {
      if (i % n == 0)
        tpl_append (run, list, row = tpl_list (run, TPL_LIST));
      tpl_append (run, row, items->items[i]);
    }
  for (; row && fill && (gint64)row->n < n && row->n < 10000;)
    tpl_append (run, row, fill);
  return list;
}

METHOD (filter_attr)
{
  TplValue *name = tpl_arg (args, 0, "name");

  return is_text (name) ? tpl_attribute (run, self, name->text) : tpl_new (run, TPL_UNDEFINED);
}

METHOD (filter_wordcount)
{
  return tpl_int (run, split_blanks (run, tpl_to_string (run, self), -1)->n);
}

/* ---- tests ---- */

#define TEST(name, condition)                                                                                          \
  static TplValue *name (TplRun *run, TplValue *self, const TplArgs *args)                                             \
  {                                                                                                                    \
    return tpl_bool (run, condition);                                                                                  \
  }

TEST (test_defined, self->type != TPL_UNDEFINED)
TEST (test_undefined, self->type == TPL_UNDEFINED)
TEST (test_none, self->type == TPL_NONE)
TEST (test_boolean, self->type == TPL_BOOL)
TEST (test_true, self->type == TPL_BOOL && self->integer)
TEST (test_false, self->type == TPL_BOOL && !self->integer)
TEST (test_integer, self->type == TPL_INT)
TEST (test_float, self->type == TPL_FLOAT)
TEST (test_number, tpl_is_number (self))
TEST (test_string, self->type == TPL_STRING)
TEST (test_mapping, self->type == TPL_DICT)
TEST (test_sequence,
      self->type == TPL_STRING || tpl_is_sequence (self) || self->type == TPL_DICT || self->type == TPL_UNDEFINED)
TEST (test_iterable,
      self->type == TPL_STRING || tpl_is_sequence (self) || self->type == TPL_DICT || self->type == TPL_UNDEFINED)
TEST (test_callable, self->type == TPL_FUNCTION || self->type == TPL_METHOD || self->type == TPL_MACRO)
TEST (test_odd, self->type == TPL_INT && (self->integer & 1))
TEST (test_even, self->type == TPL_INT && !(self->integer & 1))
TEST (test_divisible,
      self->type == TPL_INT && int_arg (args, 0, NULL, 0) && self->integer % int_arg (args, 0, NULL, 1) == 0)
TEST (test_equal, tpl_arg (args, 0, NULL) && tpl_equal (self, tpl_arg (args, 0, NULL)))
TEST (test_unequal, tpl_arg (args, 0, NULL) && !tpl_equal (self, tpl_arg (args, 0, NULL)))
TEST (test_lower, self->type == TPL_STRING && tpl_equal (self, map_case (run, self, FALSE)))
TEST (test_upper, self->type == TPL_STRING && tpl_equal (self, map_case (run, self, TRUE)))
TEST (test_filter, self->type == TPL_STRING && tpl_find_filter (self->text))
TEST (test_test, self->type == TPL_STRING && tpl_find_test (self->text))

/* Identity: what is none, true or false; else, of two values, the same one. */
TEST (test_sameas,
      tpl_arg (args, 0, NULL) && self->type == tpl_arg (args, 0, NULL)->type
        && (self == tpl_arg (args, 0, NULL) || self->type == TPL_NONE
            || (self->type == TPL_BOOL && self->integer == tpl_arg (args, 0, NULL)->integer)))

METHOD (test_in)
{
  TplValue *container = tpl_arg (args, 0, NULL);

  if (!container)
    return tpl_fail (run, "in needs a container");
  if (container->type == TPL_STRING)
    return tpl_bool (run, is_text (self) && memmem (container->text, container->length, self->text, self->length));
  if (tpl_is_dict (container))
    return tpl_bool (run, tpl_dict_get (container, self) != NULL);
  container = tpl_items (run, container);
  for (gsize i = 0; i < container->n; i++)
    if (tpl_equal (self, container->items[i]))
      return tpl_bool (run, TRUE);
  return tpl_bool (run, FALSE);
}

static TplValue *
ordered (TplRun *run, TplValue *self, const TplArgs *args, gboolean less, gboolean or_equal)
{
  TplValue *other = tpl_arg (args, 0, NULL);
  gboolean result = FALSE;

  if (!other || !(less ? tpl_less (run, self, other, &result) : tpl_less (run, other, self, &result)))
    return NULL;
  return tpl_bool (run, result || (or_equal && tpl_equal (self, other)));
}

METHOD (test_lt)
{
  return ordered (run, self, args, TRUE, FALSE);
}

METHOD (test_le)
{
  return ordered (run, self, args, TRUE, TRUE);
}

METHOD (test_gt)
{
  return ordered (run, self, args, FALSE, FALSE);
}

METHOD (test_ge)
{
  return ordered (run, self, args, FALSE, TRUE);
}

/* ---- functions ---- */

METHOD (function_raise)
{
  const TplValue *message = tpl_arg (args, 0, "message");

  return tpl_fail (run, "%s", is_text (message) ? message->text : "The chat template refuses this conversation");
}

METHOD (function_range)
{
  gint64 start = int_arg (args, 0, NULL, 0), stop = int_arg (args, 1, NULL, 0), step = int_arg (args, 2, NULL, 1);
  TplValue *list = tpl_list (run, TPL_LIST);

  if (args->n_positional == 1)
    stop = start, start = 0;
  if (step == 0)
    return tpl_fail (run, "range() arg 3 must not be zero");
  start = CLAMP (start, -G_MAXINT32, G_MAXINT32);
  stop = CLAMP (stop, -G_MAXINT32, G_MAXINT32);
  if ((step > 0 ? stop - start : start - stop) / ABS (step) > MAX_RANGE)
    return tpl_fail (run, "Range too big. The sandbox blocks ranges larger than MAX_RANGE (%d).", MAX_RANGE);
  for (gint64 i = start; step > 0 ? i < stop : i > stop; i += step)
    tpl_append (run, list, tpl_int (run, i));
  return list;
}

static TplValue *
keywords (TplRun *run, const TplArgs *args, TplType type)
{
  TplValue *dict = tpl_list (run, type);
  const TplValue *from = tpl_arg (args, 0, NULL);

  for (gsize i = 0; from && tpl_is_dict (from) && i < from->n; i++)
    tpl_dict_set (run, dict, from->keys[i], from->items[i]);
  for (guint i = 0; i < args->n_named; i++)
    tpl_dict_set (run, dict, tpl_string (run, args->names[i], -1), args->named[i]);
  return dict;
}

METHOD (function_namespace)
{
  return keywords (run, args, TPL_NAMESPACE);
}

METHOD (function_dict)
{
  return keywords (run, args, TPL_DICT);
}

METHOD (function_strftime)
{
  const TplValue *format = tpl_arg (args, 0, "format");
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  g_autoptr (GDateTime) now = NULL;
  g_autofree char *text = NULL;

  if (run->now && is_text (run->now))
    now = g_date_time_new_from_iso8601 (run->now->text, zone);
  if (!now)
    now = g_date_time_new_now (zone);
  text = is_text (format) ? g_date_time_format (now, format->text) : NULL;
  return text ? tpl_string (run, text, -1) : tpl_fail (run, "strftime_now() needs a format");
}

/* ---- the tables ---- */

static const TplBuiltin string_methods[] = {
  { "strip", str_strip },
  { "lstrip", str_lstrip },
  { "rstrip", str_rstrip },
  { "upper", str_upper },
  { "lower", str_lower },
  { "title", str_title },
  { "capitalize", str_capitalize },
  { "startswith", str_startswith },
  { "endswith", str_endswith },
  { "split", str_split },
  { "rsplit", str_rsplit },
  { "splitlines", str_splitlines },
  { "replace", str_replace },
  { "find", str_find },
  { "rfind", str_rfind },
  { "index", str_index },
  { "count", str_count },
  { "join", str_join },
  { "isdigit", str_isdigit },
  { "isnumeric", str_isdigit },
  { "isdecimal", str_isdigit },
  { "isalpha", str_isalpha },
  { "isalnum", str_isalnum },
  { "isspace", str_isspace },
  { "removeprefix", str_removeprefix },
  { "removesuffix", str_removesuffix },
  { NULL },
};

static const TplBuiltin dict_methods[] = {
  { "items", dict_items },
  { "keys", dict_keys },
  { "values", dict_values },
  { "get", dict_get },
  { "copy", dict_copy },
  { "pop", refuse_change },
  { "update", refuse_change },
  { "clear", refuse_change },
  { "setdefault", refuse_change },
  { "popitem", refuse_change },
  { NULL },
};

static const TplBuiltin list_methods[] = {
  { "index", list_index },
  { "count", list_count },
  { "append", refuse_change },
  { "pop", refuse_change },
  { "insert", refuse_change },
  { "extend", refuse_change },
  { "remove", refuse_change },
  { "reverse", refuse_change },
  { "sort", refuse_change },
  { "clear", refuse_change },
  { NULL },
};

static const TplBuiltin filters[] = {
  { "abs", filter_abs },
  { "attr", filter_attr },
  { "batch", filter_batch },
  { "capitalize", filter_capitalize },
  { "count", filter_length },
  { "d", filter_default },
  { "default", filter_default },
  { "dictsort", filter_dictsort },
  { "e", filter_escape },
  { "escape", filter_escape },
  { "first", filter_first },
  { "float", filter_float },
  { "format", filter_format },
  { "indent", filter_indent },
  { "int", filter_int },
  { "items", filter_items },
  { "join", filter_join },
  { "last", filter_last },
  { "length", filter_length },
  { "list", filter_list },
  { "lower", filter_lower },
  { "map", filter_map },
  { "max", filter_max },
  { "min", filter_min },
  { "reject", filter_reject },
  { "rejectattr", filter_rejectattr },
  { "replace", filter_replace },
  { "reverse", filter_reverse },
  { "round", filter_round },
  { "safe", filter_string },
  { "select", filter_select },
  { "selectattr", filter_selectattr },
  { "sort", filter_sort },
  { "string", filter_string },
  { "sum", filter_sum },
  { "title", filter_title },
  { "tojson", filter_tojson },
  { "trim", filter_trim },
  { "unique", filter_unique },
  { "upper", filter_upper },
  { "wordcount", filter_wordcount },
  { NULL },
};

static const TplBuiltin tests[] = {
  { "defined", test_defined },
  { "undefined", test_undefined },
  { "none", test_none },
  { "boolean", test_boolean },
  { "true", test_true },
  { "false", test_false },
  { "integer", test_integer },
  { "float", test_float },
  { "number", test_number },
  { "string", test_string },
  { "mapping", test_mapping },
  { "sequence", test_sequence },
  { "iterable", test_iterable },
  { "callable", test_callable },
  { "odd", test_odd },
  { "even", test_even },
  { "divisibleby", test_divisible },
  { "eq", test_equal },
  { "equalto", test_equal },
  { "==", test_equal },
  { "ne", test_unequal },
  { "!=", test_unequal },
  { "in", test_in },
  { "lt", test_lt },
  { "lessthan", test_lt },
  { "<", test_lt },
  { "le", test_le },
  { "<=", test_le },
  { "gt", test_gt },
  { "greaterthan", test_gt },
  { ">", test_gt },
  { "ge", test_ge },
  { ">=", test_ge },
  { "sameas", test_sameas },
  { "lower", test_lower },
  { "upper", test_upper },
  { "filter", test_filter },
  { "test", test_test },
  { NULL },
};

static const TplBuiltin functions[] = {
  { "raise_exception", function_raise }, { "range", function_range },
  { "namespace", function_namespace },   { "dict", function_dict },
  { "strftime_now", function_strftime }, { NULL },
};

static TplFunction
find_row (const TplBuiltin *table, const char *name)
{
  for (; table->name; table++)
    if (strcmp (table->name, name) == 0)
      return table->function;
  return NULL;
}

TplFunction
tpl_find_filter (const char *name)
{
  return find_row (filters, name);
}

TplFunction
tpl_find_test (const char *name)
{
  return find_row (tests, name);
}

TplFunction
tpl_find_method (const TplValue *object, const char *name)
{
  return object->type == TPL_STRING ? find_row (string_methods, name)
         : object->type == TPL_DICT ? find_row (dict_methods, name)
         : tpl_is_sequence (object) ? find_row (list_methods, name)
                                    : NULL;
}

void
tpl_define_globals (TplRun *run)
{
  for (const TplBuiltin *row = functions; row->name; row++)
    {
      TplValue *value = tpl_new (run, TPL_FUNCTION);

      value->function = row->function;
      tpl_define (run, run->globals, row->name, value);
    }
}
