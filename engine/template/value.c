#include "template-private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE 16384

void
tpl_arena_init (TplArena *arena, gsize limit)
{
  *arena = (TplArena){ .blocks = g_ptr_array_new_with_free_func (g_free), .limit = limit };
}

void
tpl_arena_clear (TplArena *arena)
{
  g_clear_pointer (&arena->blocks, g_ptr_array_unref);
}

gpointer
tpl_alloc (TplArena *arena, gsize size)
{
  char *at;

  size = (MAX (size, 1) + 15) & ~(gsize)15;
  if (size > arena->left)
    {
      gsize block = MAX (size, BLOCK_SIZE);

      if (arena->total + block > arena->limit)
        arena->full = TRUE; /* the interpreter stops at its next step; what it is doing still needs memory */
      at = g_malloc0 (block);
      g_ptr_array_add (arena->blocks, at);
      arena->total += block;
      if (block > BLOCK_SIZE)
        return at;
      arena->at = at;
      arena->left = block;
    }
  at = arena->at;
  arena->at += size;
  arena->left -= size;
  return at;
}

TplValue *
tpl_new (TplRun *run, TplType type)
{
  TplValue *value = tpl_alloc (run->arena, sizeof *value);

  value->type = type;
  return value;
}

TplValue *
tpl_bool (TplRun *run, gboolean b)
{
  TplValue *value = tpl_new (run, TPL_BOOL);

  value->integer = b != 0;
  return value;
}

TplValue *
tpl_int (TplRun *run, gint64 integer)
{
  TplValue *value = tpl_new (run, TPL_INT);

  value->integer = integer;
  return value;
}

TplValue *
tpl_float (TplRun *run, double number)
{
  TplValue *value = tpl_new (run, TPL_FLOAT);

  value->number = number;
  return value;
}

TplValue *
tpl_string (TplRun *run, const char *text, gssize length)
{
  gsize n = length < 0 ? strlen (text) : (gsize)length;
  TplValue *value = tpl_new (run, TPL_STRING);
  char *copy = tpl_alloc (run->arena, n + 1);

  memcpy (copy, text, n);
  value->text = copy;
  value->length = n;
  return value;
}

TplValue *
tpl_list (TplRun *run, TplType type)
{
  return tpl_new (run, type);
}

static void
grow (TplRun *run, TplValue *list, gboolean with_keys)
{
  gsize capacity = list->capacity ? 2 * list->capacity : 4;
  TplValue **items = tpl_alloc (run->arena, capacity * sizeof *items), **keys;

  if (list->n)
    memcpy (items, list->items, list->n * sizeof *items);
  list->items = items;
  if (with_keys)
    {
      keys = tpl_alloc (run->arena, capacity * sizeof *keys);
      if (list->n)
        memcpy (keys, list->keys, list->n * sizeof *keys);
      list->keys = keys;
    }
  list->capacity = capacity;
}

void
tpl_append (TplRun *run, TplValue *list, TplValue *item)
{
  if (list->n == list->capacity)
    grow (run, list, FALSE);
  list->items[list->n++] = item;
}

void
tpl_dict_set (TplRun *run, TplValue *dict, TplValue *key, TplValue *value)
{
  for (gsize i = 0; i < dict->n; i++)
    if (tpl_equal (dict->keys[i], key))
      {
        dict->items[i] = value;
        return;
      }
  if (dict->n == dict->capacity)
    grow (run, dict, TRUE);
  dict->keys[dict->n] = key;
  dict->items[dict->n++] = value;
}

TplValue *
tpl_dict_get (const TplValue *dict, const TplValue *key)
{
  for (gsize i = 0; i < dict->n; i++)
    if (tpl_equal (dict->keys[i], key))
      return dict->items[i];
  return NULL;
}

TplValue *
tpl_dict_get_text (const TplValue *dict, const char *key)
{
  const TplValue name = { .type = TPL_STRING, .text = key, .length = strlen (key) };

  return tpl_dict_get (dict, &name);
}

gboolean
tpl_is_number (const TplValue *value)
{
  return value->type == TPL_INT || value->type == TPL_FLOAT || value->type == TPL_BOOL;
}

gboolean
tpl_is_dict (const TplValue *value)
{
  return value->type == TPL_DICT || value->type == TPL_NAMESPACE;
}

gboolean
tpl_is_sequence (const TplValue *value)
{
  return value->type == TPL_LIST || value->type == TPL_TUPLE;
}

double
tpl_to_double (const TplValue *value)
{
  if (value->type == TPL_FLOAT)
    return value->number;
  return value->big ? g_ascii_strtod (value->text, NULL) : (double)value->integer;
}

gboolean
tpl_true (const TplValue *value)
{
  switch (value->type)
    {
    case TPL_UNDEFINED:
    case TPL_NONE:
      return FALSE;
    case TPL_BOOL:
    case TPL_INT:
      return value->big || value->integer != 0;
    case TPL_FLOAT:
      return value->number != 0;
    case TPL_STRING:
      return value->length != 0;
    case TPL_LIST:
    case TPL_TUPLE:
    case TPL_DICT:
      return value->n != 0;
    default:
      return TRUE;
    }
}

gboolean
tpl_equal (const TplValue *a, const TplValue *b)
{
  if (tpl_is_number (a) && tpl_is_number (b))
    {
      if (a->big || b->big)
        return a->big && b->big && a->length == b->length && memcmp (a->text, b->text, a->length) == 0;
      if (a->type != TPL_FLOAT && b->type != TPL_FLOAT)
        return a->integer == b->integer;
      return tpl_to_double (a) == tpl_to_double (b);
    }
  if (a->type != b->type)
    return FALSE;
  switch (a->type)
    {
    case TPL_UNDEFINED:
    case TPL_NONE:
      return TRUE;
    case TPL_STRING:
      return a->length == b->length && memcmp (a->text, b->text, a->length) == 0;
    case TPL_LIST:
    case TPL_TUPLE:
      if (a->n != b->n)
        return FALSE;
      for (gsize i = 0; i < a->n; i++)
        if (!tpl_equal (a->items[i], b->items[i]))
          return FALSE;
      return TRUE;
    case TPL_DICT:
      if (a->n != b->n)
        return FALSE;
      for (gsize i = 0; i < a->n; i++)
        {
          const TplValue *other = tpl_dict_get (b, a->keys[i]);
          if (!other || !tpl_equal (a->items[i], other))
            return FALSE;
        }
      return TRUE;
    default:
      return a == b;
    }
}

gboolean
tpl_less (TplRun *run, const TplValue *a, const TplValue *b, gboolean *result)
{
  *result = FALSE;
  if (tpl_is_number (a) && tpl_is_number (b))
    {
      if (a->type != TPL_FLOAT && b->type != TPL_FLOAT && !a->big && !b->big)
        *result = a->integer < b->integer;
      else
        *result = tpl_to_double (a) < tpl_to_double (b);
      return TRUE;
    }
  if (a->type == TPL_STRING && b->type == TPL_STRING)
    {
      int order = memcmp (a->text, b->text, MIN (a->length, b->length)); /* UTF-8 orders as its code points do */
      *result = order < 0 || (order == 0 && a->length < b->length);
      return TRUE;
    }
  if (tpl_is_sequence (a) && a->type == b->type)
    {
      for (gsize i = 0; i < MIN (a->n, b->n); i++)
        if (!tpl_equal (a->items[i], b->items[i]))
          return tpl_less (run, a->items[i], b->items[i], result);
      *result = a->n < b->n;
      return TRUE;
    }
  tpl_fail (run, "'<' not supported between instances of '%s' and '%s'", tpl_type_name (a), tpl_type_name (b));
  return FALSE;
}

TplValue *
tpl_items (TplRun *run, TplValue *value)
{
  TplValue *list;

  switch (value->type)
    {
    case TPL_LIST:
    case TPL_TUPLE:
      return value;
    case TPL_UNDEFINED:
      return tpl_list (run, TPL_LIST);
    case TPL_DICT:
      list = tpl_list (run, TPL_LIST);
      for (gsize i = 0; i < value->n; i++)
        tpl_append (run, list, value->keys[i]);
      return list;
    case TPL_STRING:
      list = tpl_list (run, TPL_LIST);
      for (const char *at = value->text; at < value->text + value->length; at = g_utf8_next_char (at))
        tpl_append (run, list, tpl_string (run, at, g_utf8_next_char (at) - at));
      return list;
    default:
      tpl_fail (run, "'%s' object is not iterable", tpl_type_name (value));
      return tpl_list (run, TPL_LIST);
    }
}

const char *
tpl_type_name (const TplValue *value)
{
  static const char *const names[] = {
    [TPL_UNDEFINED] = "Undefined", [TPL_NONE] = "NoneType",
    [TPL_BOOL] = "bool",           [TPL_INT] = "int",
    [TPL_FLOAT] = "float",         [TPL_STRING] = "str",
    [TPL_LIST] = "list",           [TPL_TUPLE] = "tuple",
    [TPL_DICT] = "dict",           [TPL_NAMESPACE] = "Namespace",
    [TPL_FUNCTION] = "function",   [TPL_METHOD] = "builtin_function_or_method",
    [TPL_MACRO] = "Macro",
  };

  return names[value->type];
}

/* ---- text forms ---- */

/* The shortest digits that read back as the same number, laid out as Python's repr() does. */
static void
append_float (GString *out, double number)
{
  char text[40], digits[24], *exponent;
  int n = 0, point;

  if (isnan (number) || isinf (number))
    {
      g_string_append (out, isnan (number) ? "nan" : number < 0 ? "-inf" : "inf");
      return;
    }
  for (int precision = 0; precision <= 17; precision++)
    {
      char format[8];
      g_snprintf (format, sizeof format, "%%.%de", precision);
      g_ascii_formatd (text, sizeof text, format, number);
      if (g_ascii_strtod (text, NULL) == number)
        break;
    }
  if (signbit (number))
    g_string_append_c (out, '-');
  exponent = strchr (text, 'e');
  for (char *c = text; c < exponent; c++)
    if (g_ascii_isdigit (*c))
      digits[n++] = *c;
  while (n > 1 && digits[n - 1] == '0')
    n--;
  point = atoi (exponent + 1) + 1;
  if (point > 16 || point < -3)
    {
      g_string_append_c (out, digits[0]);
      if (n > 1)
        {
          g_string_append_c (out, '.');
          g_string_append_len (out, digits + 1, n - 1);
        }
      g_string_append_printf (out, "e%c%02d", point > 0 ? '+' : '-', ABS (point - 1));
      return;
    }
  if (point <= 0)
    {
      g_string_append (out, "0.");
      for (int i = point; i < 0; i++)
        g_string_append_c (out, '0');
      g_string_append_len (out, digits, n);
      return;
    }
  for (int i = 0; i < MAX (n, point); i++)
    {
      if (i == point)
        g_string_append_c (out, '.');
      g_string_append_c (out, i < n ? digits[i] : '0');
    }
  if (n <= point)
    g_string_append (out, ".0");
}

static void
append_repr_string (GString *out, const TplValue *value)
{
  gboolean has_single = memchr (value->text, '\'', value->length) != NULL;
  gboolean has_double = memchr (value->text, '"', value->length) != NULL;
  char quote = has_single && !has_double ? '"' : '\'';
  const char *end = value->text + value->length;

  g_string_append_c (out, quote);
  for (const char *at = value->text; at < end; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);

      if (c == (guchar)quote || c == '\\')
        g_string_append_printf (out, "\\%c", (char)c);
      else if (c == '\n' || c == '\r' || c == '\t')
        g_string_append (out, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
      else if (c == ' ' || (g_unichar_isprint (c) && !g_unichar_isspace (c)))
        g_string_append_unichar (out, c);
      else if (c < 0x100)
        g_string_append_printf (out, "\\x%02x", c);
      else if (c < 0x10000)
        g_string_append_printf (out, "\\u%04x", c);
      else
        g_string_append_printf (out, "\\U%08x", c);
    }
  g_string_append_c (out, quote);
}

static void
append_container (TplRun *run, GString *out, const TplValue *value, guint depth)
{
  static const char brackets[][2]
    = { [TPL_LIST] = { '[', ']' }, [TPL_TUPLE] = { '(', ')' }, [TPL_DICT] = { '{', '}' } };

  if (depth > 90)
    {
      tpl_fail (run, "a value is nested too deeply");
      return;
    }
  g_string_append_c (out, brackets[value->type][0]);
  for (gsize i = 0; i < value->n && !run->failed; i++)
    {
      if (i)
        g_string_append (out, ", ");
      if (value->type == TPL_DICT)
        {
          tpl_append_repr (run, out, value->keys[i], depth + 1);
          g_string_append (out, ": ");
        }
      tpl_append_repr (run, out, value->items[i], depth + 1);
    }
  if (value->type == TPL_TUPLE && value->n == 1)
    g_string_append_c (out, ',');
  g_string_append_c (out, brackets[value->type][1]);
}

void
tpl_append_repr (TplRun *run, GString *out, const TplValue *value, guint depth)
{
  switch (value->type)
    {
    case TPL_UNDEFINED:
      g_string_append (out, "Undefined");
      break;
    case TPL_NONE:
      g_string_append (out, "None");
      break;
    case TPL_BOOL:
      g_string_append (out, value->integer ? "True" : "False");
      break;
    case TPL_INT:
      if (value->big)
        g_string_append_len (out, value->text, value->length);
      else
        g_string_append_printf (out, "%" G_GINT64_FORMAT, value->integer);
      break;
    case TPL_FLOAT:
      append_float (out, value->number);
      break;
    case TPL_STRING:
      append_repr_string (out, value);
      break;
    case TPL_LIST:
    case TPL_TUPLE:
    case TPL_DICT:
      append_container (run, out, value, depth);
      break;
    default:
      g_string_append_printf (out, "<%s>", tpl_type_name (value));
    }
}

void
tpl_append_str (TplRun *run, GString *out, const TplValue *value)
{
  if (value->type == TPL_STRING)
    g_string_append_len (out, value->text, value->length);
  else if (value->type != TPL_UNDEFINED)
    tpl_append_repr (run, out, value, 0);
}

TplValue *
tpl_to_string (TplRun *run, TplValue *value)
{
  g_autoptr (GString) text = NULL;

  if (value->type == TPL_STRING)
    return value;
  text = g_string_new (NULL);
  tpl_append_str (run, text, value);
  return tpl_string (run, text->str, text->len);
}
