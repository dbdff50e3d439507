/* JSON in and out, as Python's json module does it: key order and large integers are kept. */
#include "template-private.h"

#include <math.h>
#include <string.h>

#define MAX_DEPTH 90 /* of what is read */

typedef struct
{
  TplRun *run;
  const char *start, *at, *end;
  const char *problem;
} Parser;

static TplValue *parse_value (Parser *parser, guint depth);

static TplValue *
problem (Parser *parser, const char *what)
{
  if (!parser->problem)
    parser->problem = what;
  return NULL;
}

static void
skip_blanks (Parser *parser)
{
  while (parser->at < parser->end && strchr (" \t\r\n", *parser->at) && *parser->at)
    parser->at++;
}

static gboolean
take (Parser *parser, char c)
{
  skip_blanks (parser);
  if (parser->at == parser->end || *parser->at != c)
    return FALSE;
  parser->at++;
  return TRUE;
}

static gboolean
parse_hex4 (Parser *parser, gunichar *out)
{
  *out = 0;
  if (parser->end - parser->at < 4)
    return FALSE;
  for (guint i = 0; i < 4; i++)
    {
      int digit = g_ascii_xdigit_value (*parser->at++);
      if (digit < 0)
        return FALSE;
      *out = *out << 4 | (guint)digit;
    }
  return TRUE;
}

static gboolean
parse_escape (Parser *parser, GString *text)
{
  static const char escapes[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
  const char *found;
  gunichar high, low;

  if (parser->at == parser->end)
    return FALSE;
  if (*parser->at != 'u')
    {
      found = *parser->at ? strchr (escapes, *parser->at++) : NULL;
      if (found)
        g_string_append_c (text, values[found - escapes]);
      return found != NULL;
    }
  parser->at++;
  if (!parse_hex4 (parser, &high))
    return FALSE;
  if (high >= 0xd800 && high < 0xdc00 && parser->end - parser->at >= 6 && parser->at[0] == '\\' && parser->at[1] == 'u')
    {
      const char *before = parser->at;

      parser->at += 2;
      if (!parse_hex4 (parser, &low))
        return FALSE;
      if (low >= 0xdc00 && low < 0xe000)
        high = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
      else
        parser->at = before;
    }
  g_string_append_unichar (text, high >= 0xd800 && high < 0xe000 ? 0xfffd : high);
  return TRUE;
}

static TplValue *
parse_string (Parser *parser)
{
  g_autoptr (GString) text = g_string_new (NULL);

  while (parser->at < parser->end && *parser->at != '"')
    {
      if ((guchar)*parser->at < 0x20)
        return problem (parser, "a control character in a string");
      if (*parser->at != '\\')
        {
          g_string_append_c (text, *parser->at++);
          continue;
        }
      parser->at++;
      if (!parse_escape (parser, text))
        return problem (parser, "a wrong escape");
    }
  if (parser->at++ >= parser->end)
    return problem (parser, "an open string");
  if (!tpl_is_utf8 (text->str, text->len))
    return problem (parser, "invalid UTF-8");
  return tpl_string (parser->run, text->str, text->len);
}

static TplValue *
parse_number (Parser *parser)
{
  const char *start = parser->at;
  gboolean is_float = FALSE;
  g_autofree char *text = NULL;
  TplValue *value;
  char *rest;

  while (parser->at < parser->end && (g_ascii_isdigit (*parser->at) || (*parser->at && strchr ("+-.eE", *parser->at))))
    is_float |= strchr (".eE", *parser->at++) != NULL;
  text = g_strndup (start, parser->at - start);
  if (is_float)
    {
      value = tpl_float (parser->run, g_ascii_strtod (text, &rest));
      return *rest || rest == text ? problem (parser, "a wrong number") : value;
    }
  if (strspn (text + (*text == '-'), "0123456789") != strlen (text) - (*text == '-') || strlen (text) == (*text == '-'))
    return problem (parser, "an unexpected character");
  value = tpl_big_parse (parser->run, text + (*text == '-'), strlen (text) - (*text == '-'), *text == '-');
  return value ? value : problem (parser, "too long a number");
}

static TplValue *
parse_list (Parser *parser, guint depth)
{
  TplValue *list = tpl_list (parser->run, TPL_LIST), *item;

  if (take (parser, ']'))
    return list;
  do
    {
      item = parse_value (parser, depth + 1);
      if (!item)
        return NULL;
      tpl_append (parser->run, list, item);
    }
  while (take (parser, ','));
  return take (parser, ']') ? list : problem (parser, "an open list");
}

static TplValue *
parse_dict (Parser *parser, guint depth)
{
  TplValue *dict = tpl_list (parser->run, TPL_DICT), *key, *item;

  if (take (parser, '}'))
    return dict;
  do
    {
      if (!take (parser, '"'))
        return problem (parser, "a key that is no string");
      key = parse_string (parser);
      if (!key || !take (parser, ':'))
        return problem (parser, "a key without a value");
      item = parse_value (parser, depth + 1);
      if (!item)
        return NULL;
      tpl_dict_set (parser->run, dict, key, item);
    }
  while (take (parser, ','));
  return take (parser, '}') ? dict : problem (parser, "an open object");
}

static TplValue *
parse_value (Parser *parser, guint depth)
{
  static const char *const words[] = { "null", "true", "false", "NaN", "Infinity", "-Infinity" };

  if (depth > MAX_DEPTH)
    return problem (parser, "too deep a nesting");
  if (!tpl_tick (parser->run))
    return problem (parser, "more than there is time and memory for");
  skip_blanks (parser);
  if (take (parser, '"'))
    return parse_string (parser);
  if (take (parser, '['))
    return parse_list (parser, depth);
  if (take (parser, '{'))
    return parse_dict (parser, depth);
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    {
      gsize length = strlen (words[i]);

      if ((gsize)(parser->end - parser->at) < length || memcmp (parser->at, words[i], length) != 0)
        continue;
      parser->at += length;
      if (i == 0)
        return tpl_new (parser->run, TPL_NONE);
      return i < 3 ? tpl_bool (parser->run, i == 1)
                   : tpl_float (parser->run, i == 3   ? NAN
                                             : i == 4 ? INFINITY
                                                      : -INFINITY);
    }
  return parse_number (parser);
}

TplValue *
tpl_parse_json (TplRun *run, const char *json, gsize length, GError **error)
{
  Parser parser = { run, json, json, json + length, NULL };
  TplValue *value = parse_value (&parser, 0);

  skip_blanks (&parser);
  if (value && parser.at != parser.end)
    value = problem (&parser, "text after its end");
  if (!value && error && *error)
    g_clear_error (error);
  if (!value)
    g_set_error (error, RP_ERROR, RP_ERROR_TEMPLATE, "The variables are no JSON: %s at byte %" G_GSIZE_FORMAT,
                 parser.problem, (gsize)(parser.at - json));
  return value;
}

/* ---- out ---- */

static void
append_code (GString *out, gunichar c)
{
  if (c < 0x10000)
    g_string_append_printf (out, "\\u%04x", c);
  else
    g_string_append_printf (out, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10), 0xdc00 + (c & 0x3ff));
}

static void
append_string (GString *out, const TplValue *value, gboolean ascii)
{
  static const char escapes[] = "\"\\bfnrt", values[] = "\"\\\b\f\n\r\t";
  const char *end = value->text + value->length;

  g_string_append_c (out, '"');
  for (const char *at = value->text; at < end; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);
      const char *found = c && c < 128 ? strchr (values, (int)c) : NULL;

      if (found)
        g_string_append_printf (out, "\\%c", escapes[found - values]);
      else if (c < 0x20 || (ascii && c >= 0x7f))
        append_code (out, c);
      else
        g_string_append_unichar (out, c);
    }
  g_string_append_c (out, '"');
}

static void
new_line (GString *out, const TplJsonStyle *style, guint depth)
{
  if (!style->indent)
    return;
  g_string_append_c (out, '\n');
  for (guint i = 0; i < depth; i++)
    g_string_append (out, style->indent);
}

/* Keys are texts: what can be one is written as a text. */
static void
append_key (TplRun *run, GString *out, const TplValue *key, const TplJsonStyle *style)
{
  if (key->type == TPL_STRING)
    append_string (out, key, style->ascii);
  else if (key->type == TPL_NONE || tpl_is_number (key))
    {
      g_string_append_c (out, '"');
      tpl_append_json (run, out, key, style, 0);
      g_string_append_c (out, '"');
    }
  else
    tpl_fail (run, "keys must be str, int, float, bool or None, not %s", tpl_type_name (key));
}

static const TplValue *
sorted (TplRun *run, const TplValue *dict)
{
  TplValue *values[] = { tpl_bool (run, TRUE), NULL, NULL }, *copy = tpl_list (run, TPL_DICT);
  const TplArgs args = { .positional = values, .n_positional = G_N_ELEMENTS (values) };
  const TplValue *pairs = tpl_find_filter ("dictsort")->function (run, (TplValue *)dict, &args);

  for (gsize i = 0; pairs && i < pairs->n; i++)
    tpl_dict_set (run, copy, pairs->items[i]->items[0], pairs->items[i]->items[1]);
  return copy;
}

static void
append_container (TplRun *run, GString *out, const TplValue *value, const TplJsonStyle *style, guint depth)
{
  gboolean dict = value->type == TPL_DICT;

  if (dict && style->sort_keys)
    value = sorted (run, value);
  g_string_append_c (out, dict ? '{' : '[');
  for (gsize i = 0; i < value->n && out->len <= TPL_MAX_TEXT && tpl_tick (run); i++)
    {
      if (i)
        g_string_append (out, style->item_separator);
      new_line (out, style, depth + 1);
      if (dict)
        {
          append_key (run, out, value->keys[i], style);
          g_string_append (out, style->key_separator);
        }
      tpl_append_json (run, out, value->items[i], style, depth + 1);
    }
  if (value->n)
    new_line (out, style, depth);
  g_string_append_c (out, dict ? '}' : ']');
}

void
tpl_append_json (TplRun *run, GString *out, const TplValue *value, const TplJsonStyle *style, guint depth)
{
  if (depth > TPL_MAX_DEPTH)
    {
      tpl_fail (run, "a value is nested too deeply");
      return;
    }
  switch (value->type)
    {
    case TPL_NONE:
      g_string_append (out, "null");
      break;
    case TPL_BOOL:
      g_string_append (out, value->integer ? "true" : "false");
      break;
    case TPL_FLOAT:
      if (isnan (value->number))
        g_string_append (out, "NaN");
      else if (isinf (value->number))
        g_string_append (out, value->number < 0 ? "-Infinity" : "Infinity");
      else
        tpl_append_float (out, value->number);
      break;
    case TPL_INT:
      tpl_append_repr (run, out, value, 0);
      break;
    case TPL_STRING:
      append_string (out, value, style->ascii);
      break;
    case TPL_LIST:
    case TPL_TUPLE:
    case TPL_DICT:
      append_container (run, out, value, style, depth);
      break;
    default:
      tpl_fail (run, "Object of type %s is not JSON serializable", tpl_type_name (value));
    }
}
