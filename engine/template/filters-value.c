/* Filters of numbers and of any value. */
#include "template-private.h"

#include <math.h>
#include <string.h>

#define FILTER TPL_BUILTIN

FILTER (filter_default)
{
  gboolean missing = self->type == TPL_UNDEFINED || (tpl_bool_arg (ARG (1), FALSE) && !tpl_true (self));

  return !missing ? self : ARG (0) ? ARG (0) : tpl_string (run, "", 0);
}

FILTER (filter_length)
{
  gint64 n = tpl_length (self);

  return n < 0 ? tpl_fail (run, "object of type '%s' has no len()", tpl_type_name (self)) : tpl_int (run, n);
}

FILTER (filter_attr)
{
  if (!tpl_is_text (ARG (0)))
    return tpl_fail (run, "attr needs a name");
  if (self->type == TPL_UNDEFINED)
    return tpl_undefined_read (run, self);
  /* Keys are no attributes: a dict without any has the same methods. */
  return tpl_attribute (run, self->type == TPL_DICT ? tpl_list (run, TPL_DICT) : self, ARG (0)->text);
}

/* ---- numbers ---- */

FILTER (filter_int)
{
  TplValue *fallback = ARG (0) ? ARG (0) : tpl_int (run, 0), *value;
  double number;

  if (self->type == TPL_UNDEFINED)
    return tpl_undefined_read (run, self);
  if (tpl_is_integer (self))
    return tpl_int (run, self->integer);
  if (self->type == TPL_FLOAT)
    return isnan (self->number) ? fallback : tpl_int_of_double (run, self->number);
  if (self->type != TPL_STRING)
    return self->type == TPL_INT ? self : fallback;
  value = tpl_parse_int (run, self->text, self->length, tpl_int_arg (ARG (1), 10));
  if (value || run->failed)
    return value;
  if (!tpl_parse_float (self->text, self->length, &number) || isnan (number) || isinf (number))
    return fallback;
  return tpl_int_of_double (run, number);
}

FILTER (filter_float)
{
  double number;

  if (self->type == TPL_UNDEFINED)
    return tpl_undefined_read (run, self);
  if (tpl_is_number (self))
    return tpl_float (run, tpl_to_double (self));
  if (self->type == TPL_STRING && tpl_parse_float (self->text, self->length, &number))
    return tpl_float (run, number);
  return ARG (0) ? ARG (0) : tpl_float (run, 0);
}

FILTER (filter_abs)
{
  const TplValue zero = { .type = TPL_INT };
  gboolean negative;

  if (!tpl_is_number (self))
    return tpl_fail (run, "bad operand type for abs(): '%s'", tpl_type_name (self));
  if (self->type == TPL_FLOAT)
    return tpl_float (run, fabs (self->number));
  if (!tpl_less (run, self, &zero, &negative))
    return NULL;
  return negative ? tpl_negative (run, self) : tpl_unary (run, "+", self);
}

/* To a multiple of a power of ten; a half goes to the even one. */
static TplValue *
round_integer (TplRun *run, TplValue *value, gint64 precision)
{
  TplValue *unit = tpl_binary (run, "**", tpl_int (run, 10), tpl_int (run, MIN (-precision, 400)));
  TplValue *rest = unit ? tpl_binary (run, "%", value, unit) : NULL;
  TplValue *down = rest ? tpl_binary (run, "-", value, rest) : NULL;
  TplValue *twice = down ? tpl_binary (run, "*", rest, tpl_int (run, 2)) : NULL;
  gboolean less, more, odd;

  if (!twice || !tpl_less (run, twice, unit, &less) || !tpl_less (run, unit, twice, &more))
    return NULL;
  odd = tpl_true (tpl_binary (run, "%", tpl_binary (run, "//", down, unit), tpl_int (run, 2)));
  return less || (!more && !odd) ? down : tpl_binary (run, "+", down, unit);
}

static double
round_float (double number, gint64 precision)
{
  char text[400];

  if (!isfinite (number) || precision > 320)
    return number;
  if (precision < 0)
    {
      long double unit = powl (10, MIN (-precision, 400));
      return precision < -308 ? copysign (0, number) : (double)(rintl (number / unit) * unit);
    }
  /* The C library rounds the exact value, a half to even, as Python does. */
  g_snprintf (text, sizeof text, "%.*f", (int)precision, number);
  return g_ascii_strtod (text, NULL);
}

FILTER (filter_round)
{
  gint64 precision = tpl_int_arg (ARG (0), 0);
  const char *method = tpl_is_text (ARG (1)) ? ARG (1)->text : ARG (1) ? "?" : "common";
  TplValue *scale, *scaled;

  if (strcmp (method, "common") != 0 && strcmp (method, "ceil") != 0 && strcmp (method, "floor") != 0)
    return tpl_fail (run, "method must be common, ceil or floor");
  if (!tpl_is_number (self) || (ARG (0) && !tpl_is_integer (ARG (0))))
    return tpl_fail (run, "type %s doesn't define __round__ method", tpl_type_name (self));
  if (*method == 'c' && method[1] == 'o')
    {
      if (self->type == TPL_FLOAT)
        return tpl_float (run, round_float (self->number, precision));
      return precision >= 0 ? tpl_unary (run, "+", self) : round_integer (run, self, precision);
    }
  scale = tpl_binary (run, "**", tpl_int (run, 10), tpl_int (run, CLAMP (precision, -400, 400)));
  scaled = scale ? tpl_binary (run, "*", self, scale) : NULL;
  if (scaled && scaled->type == TPL_FLOAT)
    scaled = tpl_int_of_double (run, *method == 'c' ? ceil (scaled->number) : floor (scaled->number));
  return scaled ? tpl_binary (run, "/", scaled, scale) : NULL;
}

/* "1 Byte", "13 Bytes", "4.1 MB" */
FILTER (filter_filesizeformat)
{
  static const char prefixes[] = "kMGTPEZY";
  gboolean binary = tpl_bool_arg (ARG (0), FALSE);
  double size, base = binary ? 1024 : 1000;
  long double unit = base * base;
  char number[400];
  guint i;

  if (self->type == TPL_UNDEFINED)
    return tpl_undefined_read (run, self);
  if (tpl_is_number (self))
    size = tpl_to_double (self);
  else if (self->type != TPL_STRING || !tpl_parse_float (self->text, self->length, &size))
    return tpl_fail (run, "filesizeformat of what is no number");
  if (size == -INFINITY)
    return tpl_fail (run, "cannot convert float infinity to integer");
  if (size == 1)
    return tpl_string (run, "1 Byte", -1);
  if (size < base)
    g_snprintf (number, sizeof number, "%.0f Bytes", trunc (size) + 0.0);
  else
    {
      for (i = 0; i < strlen (prefixes) - 1 && !(size < unit); i++)
        unit *= base;
      g_snprintf (number, sizeof number, "%.1f %c%s", base * size / (double)unit,
                  binary ? g_ascii_toupper (prefixes[i]) : prefixes[i], binary ? "iB" : "B");
    }
  return tpl_string (run, number, -1);
}

/* ---- JSON ---- */

/* How deep the text is pushed in: a number of blanks, or a text. */
static gboolean
read_indent (TplRun *run, const TplValue *indent, TplJsonStyle *style)
{
  if (!indent || indent->type == TPL_NONE)
    return TRUE;
  if (tpl_is_text (indent))
    style->indent = indent->text;
  else if (tpl_is_integer (indent))
    {
      gint64 n = CLAMP (indent->integer, 0, 1000);
      char *blanks = tpl_alloc (run->arena, n + 1);

      memset (blanks, ' ', n);
      style->indent = blanks;
    }
  else
    tpl_fail (run, "indent must be an integer or a text");
  style->item_separator = ",";
  return !run->failed;
}

static gboolean
read_separators (TplRun *run, TplValue *separators, TplJsonStyle *style)
{
  const TplValue *parts;

  if (!separators || separators->type == TPL_NONE)
    return TRUE;
  parts = tpl_items (run, separators);
  if (parts && (parts->n != 2 || !tpl_is_text (parts->items[0]) || !tpl_is_text (parts->items[1])))
    tpl_fail (run, "separators are two texts");
  if (run->failed)
    return FALSE;
  style->item_separator = parts->items[0]->text;
  style->key_separator = parts->items[1]->text;
  return TRUE;
}

FILTER (filter_tojson)
{
  TplJsonStyle style = { .item_separator = ", ",
                         .key_separator = ": ",
                         .ascii = tpl_bool_arg (ARG (0), FALSE),
                         .sort_keys = tpl_bool_arg (ARG (3), FALSE) };
  GString *out;

  if (!read_indent (run, ARG (1), &style) || !read_separators (run, ARG (2), &style))
    return NULL;
  out = g_string_new (NULL);
  tpl_append_json (run, out, self, &style, 0);
  return tpl_take (run, out);
}

const TplBuiltin tpl_value_filters[] = {
  { "default", filter_default, "default_value boolean", 0 },
  { "d", filter_default, "default_value boolean", 0 },
  { "length", filter_length, "", 0 },
  { "count", filter_length, "", 0 },
  { "attr", filter_attr, "name", 1 },
  { "int", filter_int, "default base", 0 },
  { "float", filter_float, "default", 0 },
  { "abs", filter_abs, "", 0 },
  { "round", filter_round, "precision method", 0 },
  { "filesizeformat", filter_filesizeformat, "binary", 0 },
  { "tojson", filter_tojson, "ensure_ascii indent separators sort_keys", 0 },
  { NULL },
};

/* ---- all filters ---- */

const TplBuiltin *
tpl_find_filter (const char *name)
{
  const TplBuiltin *const tables[] = { tpl_text_filters, tpl_value_filters, tpl_list_filters,  tpl_pick_filters,
                                       tpl_wrap_filters, tpl_web_filters,   tpl_pprint_filters };
  const TplBuiltin *row = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (tables) && !row; i++)
    row = tpl_find_row (tables[i], name);
  return row;
}

gboolean
tpl_is_filter_name (const char *name)
{
  /* random is not what a prompt can be made of, and fails where it is reached. */
  return tpl_find_filter (name) || strcmp (name, "random") == 0;
}
