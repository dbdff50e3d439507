/* Python's text forms of values. */
#include "template-private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *
tpl_type_name (const TplValue *value)
{
  static const char *const names[] = {
    [TPL_UNDEFINED] = "Undefined", [TPL_NONE] = "NoneType",
    [TPL_BOOL] = "bool",           [TPL_INT] = "int",
    [TPL_FLOAT] = "float",         [TPL_STRING] = "str",
    [TPL_LIST] = "list",           [TPL_TUPLE] = "tuple",
    [TPL_DICT] = "dict",           [TPL_NAMESPACE] = "Namespace",
    [TPL_RANGE] = "range",         [TPL_VIEW] = "dict view",
    [TPL_ITERATOR] = "generator",  [TPL_LOOP] = "LoopContext",
    [TPL_FUNCTION] = "function",   [TPL_METHOD] = "builtin_function_or_method",
    [TPL_MACRO] = "Macro",         [TPL_CYCLER] = "Cycler",
    [TPL_JOINER] = "Joiner",
  };

  return names[value->type];
}

/* The fewest digits that read back as the same number; the first stands before the decimal point, which is moved by the
 * exponent that is returned. */
static int
shortest_digits (double number, char digits[24], int *n)
{
  char text[40], *exponent;

  for (int precision = 0; precision <= 17; precision++)
    {
      char format[8];
      g_snprintf (format, sizeof format, "%%.%de", precision);
      g_ascii_formatd (text, sizeof text, format, number);
      if (g_ascii_strtod (text, NULL) == number)
        break;
    }
  *n = 0;
  exponent = strchr (text, 'e');
  for (char *c = text; c < exponent; c++)
    if (g_ascii_isdigit (*c))
      digits[(*n)++] = *c;
  while (*n > 1 && digits[*n - 1] == '0')
    (*n)--;
  return atoi (exponent + 1);
}

void
tpl_append_float (GString *out, double number)
{
  char digits[24];
  int n, point;

  if (isnan (number) || isinf (number))
    {
      g_string_append (out, isnan (number) ? "nan" : number < 0 ? "-inf" : "inf");
      return;
    }
  if (signbit (number))
    g_string_append_c (out, '-');
  point = shortest_digits (number, digits, &n) + 1;
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

  if (value->flag)
    g_string_append (out, "Markup(");
  g_string_append_c (out, quote);
  for (const char *at = value->text; at < end; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);

      if (c == (guchar)quote || c == '\\')
        g_string_append_printf (out, "\\%c", (char)c);
      else if (c == '\n' || c == '\r' || c == '\t')
        g_string_append (out, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
      else if (tpl_is_printable (c))
        g_string_append_unichar (out, c);
      else if (c < 0x100)
        g_string_append_printf (out, "\\x%02x", c);
      else if (c < 0x10000)
        g_string_append_printf (out, "\\u%04x", c);
      else
        g_string_append_printf (out, "\\U%08x", c);
    }
  g_string_append_c (out, quote);
  if (value->flag)
    g_string_append_c (out, ')');
}

static void
append_container (TplRun *run, GString *out, const TplValue *value, guint depth)
{
  static const char *const brackets[] = {
    [TPL_LIST] = "[]", [TPL_TUPLE] = "()", [TPL_DICT] = "{}", [TPL_NAMESPACE] = "{}", [TPL_VIEW] = "[]",
  };
  gboolean with_keys = value->type == TPL_DICT || value->type == TPL_NAMESPACE;

  if (depth > TPL_MAX_DEPTH)
    {
      tpl_fail (run, "a value is nested too deeply");
      return;
    }
  g_string_append_c (out, brackets[value->type][0]);
  for (gsize i = 0; i < value->n && out->len <= TPL_MAX_TEXT && tpl_tick (run); i++)
    {
      if (i)
        g_string_append (out, ", ");
      if (with_keys)
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

static void
append_object (TplRun *run, GString *out, const TplValue *value, guint depth)
{
  switch (value->type)
    {
    case TPL_NAMESPACE:
      g_string_append (out, "<Namespace ");
      append_container (run, out, value, depth);
      g_string_append_c (out, '>');
      break;
    case TPL_VIEW:
      g_string_append_printf (out, "%s(", value->kind);
      append_container (run, out, value, depth);
      g_string_append_c (out, ')');
      break;
    case TPL_RANGE:
      g_string_append_printf (out, "range(%" G_GINT64_FORMAT ", %" G_GINT64_FORMAT, value->range[0], value->range[1]);
      if (value->range[2] != 1)
        g_string_append_printf (out, ", %" G_GINT64_FORMAT, value->range[2]);
      g_string_append_c (out, ')');
      break;
    case TPL_LOOP:
      g_string_append_printf (out, "<LoopContext %" G_GSIZE_FORMAT "/%" G_GSIZE_FORMAT ">", value->loop->i + 1,
                              value->loop->items->n);
      break;
    case TPL_MACRO:
      if (value->macro->name)
        g_string_append_printf (out, "<Macro '%s'>", value->macro->name);
      else
        g_string_append (out, "<Macro anonymous>");
      break;
    default:
      g_string_append_printf (out, "<%s>", value->type == TPL_ITERATOR ? value->iterator->kind : tpl_type_name (value));
    }
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
      if (value->flag)
        tpl_append_big (out, value);
      else
        g_string_append_printf (out, "%" G_GINT64_FORMAT, value->integer);
      break;
    case TPL_FLOAT:
      tpl_append_float (out, value->number);
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
      append_object (run, out, value, depth);
    }
}

void
tpl_append_str (TplRun *run, GString *out, TplValue *value)
{
  if (value->type == TPL_STRING)
    g_string_append_len (out, value->text, value->length);
  else if (value->type != TPL_UNDEFINED)
    tpl_append_repr (run, out, value, 0);
}

TplValue *
tpl_to_string (TplRun *run, TplValue *value)
{
  GString *text;

  if (value->type == TPL_STRING)
    return value;
  text = g_string_new (NULL);
  tpl_append_str (run, text, value);
  value = tpl_take (run, text);
  return run->failed ? NULL : value;
}
