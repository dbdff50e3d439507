/* The filter pprint: a value as Python's pprint module lays it out in 80 columns, the keys of dicts in order. */
#include "template-private.h"

#include <string.h>

#define WIDTH 80

/* ---- the order of keys ---- */

static gboolean
compares (const TplValue *a, const TplValue *b)
{
  return (tpl_is_number (a) && tpl_is_number (b)) || (a->type == TPL_STRING && b->type == TPL_STRING);
}

/* Keys that do not compare stand in the order of their types' names. */
static int
by_key (gconstpointer a, gconstpointer b, gpointer run)
{
  const TplValue *left = (*(TplValue *const *)a)->items[0], *right = (*(TplValue *const *)b)->items[0];
  gboolean less = FALSE, more = FALSE;

  if (!compares (left, right))
    return strcmp (tpl_type_name (left), tpl_type_name (right));
  if (!tpl_less (run, left, right, &less) || !tpl_less (run, right, left, &more))
    return 0;
  return (int)more - (int)less;
}

/* A copy with all keys in order. */
static TplValue *
sorted (TplRun *run, TplValue *value, guint depth)
{
  TplValue *copy, *pairs;

  if (value->type != TPL_DICT && !(tpl_is_list (value) && !value->flag))
    return value;
  if (depth > TPL_MAX_DEPTH)
    return tpl_fail (run, "a value is nested too deeply");
  pairs = tpl_list (run, TPL_LIST);
  copy = tpl_list (run, value->type);
  for (gsize i = 0; i < value->n && tpl_tick (run); i++)
    {
      TplValue *item = sorted (run, value->items[i], depth + 1);

      if (item && value->type == TPL_DICT)
        tpl_append (run, pairs, tpl_pair (run, value->keys[i], item));
      else if (item)
        tpl_append (run, copy, item);
    }
  if (pairs->n)
    g_qsort_with_data (pairs->items, pairs->n, sizeof *pairs->items, by_key, run);
  for (gsize i = 0; i < pairs->n; i++)
    tpl_dict_set (run, copy, pairs->items[i]->items[0], pairs->items[i]->items[1]);
  return run->failed ? NULL : copy;
}

/* ---- the layout ---- */

/* Where a value stands: how far it is pushed in, and how much is to follow it on its last line. */
typedef struct
{
  gint64 indent, allowance;
  guint level;
} Place;

static void append_pretty (TplRun *run, GString *out, const TplValue *value, Place place);

static TplValue *
repr (TplRun *run, const TplValue *value)
{
  GString *text = g_string_new (NULL);

  tpl_append_repr (run, text, value, 0);
  return tpl_take (run, text);
}

static void
append_break (GString *out, gint64 indent)
{
  g_string_append_c (out, '\n');
  for (gint64 i = 0; i < indent; i++)
    g_string_append_c (out, ' ');
}

static void
append_items (TplRun *run, GString *out, const TplValue *value, Place place)
{
  static const char *const brackets[] = { [TPL_LIST] = "[]", [TPL_TUPLE] = "()", [TPL_DICT] = "{}" };
  const char *bracket = brackets[value->type];
  gboolean single = value->type == TPL_TUPLE && value->n == 1;

  g_string_append_c (out, bracket[0]);
  place.indent++;
  for (gsize i = 0; i < value->n && out->len <= TPL_MAX_TEXT && tpl_tick (run); i++)
    {
      Place inner = place;
      const TplValue *key = value->type == TPL_DICT ? repr (run, value->keys[i]) : NULL;

      if (i)
        append_break (out, place.indent);
      inner.allowance = i + 1 < value->n ? 1 : place.allowance + 1 + single;
      if (key)
        {
          g_string_append_len (out, key->text, key->length);
          g_string_append (out, ": ");
          inner.indent += tpl_n_chars (key) + 2;
        }
      append_pretty (run, out, value->items[i], inner);
      if (i + 1 < value->n)
        g_string_append_c (out, ',');
    }
  if (single)
    g_string_append_c (out, ',');
  g_string_append_c (out, bracket[1]);
}

/* The end of the word at a place and of the blanks behind it. */
static const char *
part_end (const char *at, const char *end)
{
  while (at < end && !tpl_is_blank (g_utf8_get_char (at)))
    at = g_utf8_next_char (at);
  while (at < end && tpl_is_blank (g_utf8_get_char (at)))
    at = g_utf8_next_char (at);
  return at;
}

/* The words of a line, as many on each row as there is room for; on the last one there is @reserved less. */
static void
add_rows (TplRun *run, TplValue *rows, const TplValue *line, gint64 room, gint64 reserved)
{
  const char *start = line->text, *end = line->text + line->length, *stop = start;

  for (const char *at = start, *next; at < end && tpl_tick (run); at = next)
    {
      const TplValue *candidate;

      next = part_end (at, end);
      candidate = repr (run, tpl_string (run, start, next - start));
      room -= next == end ? reserved : 0;
      if (candidate && (gint64)tpl_n_chars (candidate) > room && stop > start)
        {
          tpl_append (run, rows, repr (run, tpl_string (run, start, stop - start)));
          start = stop;
        }
      stop = next;
    }
  tpl_append (run, rows, repr (run, tpl_string (run, start, end - start)));
}

/* Lines of a text are rows, broken further where they are too long. */
static void
append_text (TplRun *run, GString *out, const TplValue *value, Place place)
{
  gboolean brackets = place.level == 1;
  TplValue *rows = tpl_list (run, TPL_LIST);
  const TplValue *lines = tpl_split_lines (run, value, TRUE);
  gint64 indent = place.indent + brackets, allowance = place.allowance + brackets;

  for (gsize i = 0; lines && i < lines->n && tpl_tick (run); i++)
    {
      TplValue *whole = repr (run, lines->items[i]);
      gint64 reserved = i + 1 == lines->n ? allowance : 0, room = WIDTH - indent;

      if (!whole)
        return;
      if ((gint64)tpl_n_chars (whole) <= room - reserved)
        tpl_append (run, rows, whole);
      else
        add_rows (run, rows, lines->items[i], room, reserved);
    }
  brackets &= rows->n > 1;
  g_string_append (out, brackets ? "(" : "");
  for (gsize i = 0; i < rows->n && out->len <= TPL_MAX_TEXT && !run->failed; i++)
    {
      if (i)
        append_break (out, indent);
      g_string_append_len (out, rows->items[i]->text, rows->items[i]->length);
    }
  g_string_append (out, brackets ? ")" : "");
}

static void
append_pretty (TplRun *run, GString *out, const TplValue *value, Place place)
{
  const TplValue *plain = repr (run, value);
  gboolean fits = plain && (gint64)tpl_n_chars (plain) <= WIDTH - place.indent - place.allowance;

  if (!plain)
    return;
  place.level++;
  if (!fits && value->type == TPL_STRING && !value->flag && value->length)
    append_text (run, out, value, place);
  else if (!fits && (value->type == TPL_DICT || (tpl_is_list (value) && !value->flag)))
    append_items (run, out, value, place);
  else
    g_string_append_len (out, plain->text, plain->length);
}

TPL_BUILTIN (filter_pprint)
{
  TplValue *value = sorted (run, self, 0);
  GString *out;

  if (!value)
    return NULL;
  out = g_string_new (NULL);
  append_pretty (run, out, value, (Place){ 0 });
  return tpl_take (run, out);
}

const TplBuiltin tpl_pprint_filters[] = {
  { "pprint", filter_pprint, "", 0 },
  { NULL },
};
