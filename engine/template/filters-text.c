/* Filters of texts. */
#include "template-private.h"

#include <string.h>

#define FILTER TPL_BUILTIN

/* Runs a method of strings on the value as text. */
static TplValue *
by_method (TplRun *run, TplValue *self, const char *method, const TplArgs *args)
{
  TplValue *text = tpl_to_string (run, self);

  return text ? tpl_find_row (tpl_string_methods, method)->function (run, text, args) : NULL;
}

FILTER (filter_string)
{
  return tpl_to_string (run, self);
}

FILTER (filter_trim)
{
  return by_method (run, self, "strip", args);
}

FILTER (filter_upper)
{
  return by_method (run, self, "upper", args);
}

FILTER (filter_lower)
{
  return by_method (run, self, "lower", args);
}

FILTER (filter_capitalize)
{
  return by_method (run, self, "capitalize", args);
}

/* Words begin behind blanks, hyphens and opening brackets. */
FILTER (filter_title)
{
  const TplValue *text = tpl_to_string (run, self);
  GString *out;
  gboolean start = TRUE;

  if (!text)
    return NULL;
  out = g_string_new (NULL);
  for (const char *at = text->text, *next; at < text->text + text->length; at = next)
    {
      TplValue one;
      const TplValue *mapped;

      next = g_utf8_next_char (at);
      one = (TplValue){ .type = TPL_STRING, .text = at, .length = next - at };
      mapped = start ? tpl_upper (run, &one) : tpl_lower (run, &one);
      if (!mapped)
        break;
      g_string_append_len (out, mapped->text, mapped->length);
      start = tpl_is_blank (g_utf8_get_char (at)) || (next - at == 1 && strchr ("-([{<", *at));
    }
  return tpl_take (run, out);
}

FILTER (filter_center)
{
  TplValue *values[] = { ARG (0) ? ARG (0) : tpl_int (run, 80), NULL };

  return by_method (run, self, "center", &(TplArgs){ .positional = values, .n_positional = 2 });
}

FILTER (filter_replace)
{
  TplValue *values[3] = { tpl_to_string (run, ARG (0)), tpl_to_string (run, ARG (1)), ARG (2) };

  return values[0] && values[1]
           ? by_method (run, self, "replace", &(TplArgs){ .positional = values, .n_positional = 3 })
           : NULL;
}

FILTER (filter_format)
{
  TplValue *text = tpl_to_string (run, self), *values = tpl_list (run, TPL_TUPLE);

  if (!text)
    return NULL;
  if (args->n_positional && args->n_named)
    return tpl_fail (run, "can't handle positional and keyword arguments at the same time");
  for (guint i = 0; i < args->n_positional; i++)
    tpl_append (run, values, args->positional[i]);
  if (args->n_named)
    values->type = TPL_DICT;
  for (guint i = 0; i < args->n_named; i++)
    tpl_dict_set (run, values, tpl_string (run, args->names[i], -1), args->named[i]);
  return tpl_printf (run, text, values);
}

FILTER (filter_indent)
{
  const TplValue *width = ARG (0), *lines;
  gboolean first = tpl_bool_arg (ARG (1), FALSE), blank = tpl_bool_arg (ARG (2), FALSE);
  g_autofree char *margin = NULL;
  GString *out;

  if (self->type != TPL_STRING)
    return self->type == TPL_UNDEFINED ? tpl_undefined_read (run, self)
                                       : tpl_fail (run, "indent needs a text, not %s", tpl_type_name (self));
  if (width && width->type != TPL_STRING && !tpl_is_integer (width))
    return tpl_fail (run, "indent by a width that is no integer");
  margin = tpl_is_text (width) ? g_strdup (width->text) : g_strnfill (CLAMP (tpl_int_arg (width, 4), 0, 10000), ' ');
  lines = tpl_split_lines (run, tpl_concatenate (run, self, tpl_string (run, "\n", 1)), FALSE);
  if (!lines)
    return NULL;
  out = g_string_new (NULL);
  for (gsize i = 0; i < lines->n && out->len <= TPL_MAX_TEXT && tpl_tick (run); i++)
    {
      const TplValue *line = lines->items[i];

      if (i)
        g_string_append_c (out, '\n');
      if (i == 0 ? first : blank || line->length)
        g_string_append (out, margin);
      g_string_append_len (out, line->text, line->length);
    }
  return tpl_take (run, out);
}

FILTER (filter_truncate)
{
  TplValue *end = ARG (2) ? ARG (2) : tpl_string (run, "...", 3), *cut;
  gint64 length = tpl_int_arg (ARG (0), 255), leeway = tpl_int_arg (ARG (3), 5), n = tpl_length (self);
  TplValue *bounds[3] = { NULL };

  if (end->type != TPL_STRING || length < (gint64)tpl_n_chars (end) || leeway < 0)
    return tpl_fail (run, "truncate() with a wrong length");
  if (n < 0)
    return tpl_fail (run, "object of type '%s' has no len()", tpl_type_name (self));
  if (n <= length + leeway)
    return self;
  if (self->type != TPL_STRING)
    return tpl_fail (run, "truncate() needs a text, not %s", tpl_type_name (self));
  bounds[1] = tpl_int (run, length - tpl_n_chars (end));
  cut = tpl_slice (run, self, bounds);
  if (cut && !tpl_bool_arg (ARG (1), FALSE))
    {
      const char *blank = memrchr (cut->text, ' ', cut->length);
      if (blank)
        cut = tpl_string (run, cut->text, blank - cut->text);
    }
  return cut ? tpl_concatenate (run, cut, end) : NULL;
}

FILTER (filter_wordcount)
{
  const TplValue *text = tpl_to_string (run, self);
  gint64 n = 0;
  gboolean inside = FALSE;

  for (const char *at = text ? text->text : ""; text && at < text->text + text->length; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);
      gboolean word = c == '_' || g_unichar_isalnum (c);

      n += word && !inside;
      inside = word;
    }
  return tpl_int (run, n);
}

FILTER (filter_safe)
{
  const TplValue *text = tpl_to_string (run, self);
  TplValue *markup = text ? tpl_string (run, text->text, text->length) : NULL;

  if (markup)
    markup->flag = TRUE;
  return markup;
}

FILTER (filter_escape)
{
  const TplValue *text = tpl_to_string (run, self);

  return text ? tpl_escape (run, text) : NULL;
}

FILTER (filter_forceescape)
{
  const TplValue *text = tpl_to_string (run, self);

  return text ? tpl_escape (run, tpl_string (run, text->text, text->length)) : NULL;
}

const TplBuiltin tpl_text_filters[] = {
  { "string", filter_string, "", 0 },
  { "trim", filter_trim, "chars", 0 },
  { "upper", filter_upper, "", 0 },
  { "lower", filter_lower, "", 0 },
  { "capitalize", filter_capitalize, "", 0 },
  { "title", filter_title, "", 0 },
  { "center", filter_center, "width", 0 },
  { "replace", filter_replace, "old new count", 2 },
  { "format", filter_format, NULL, 0 },
  { "indent", filter_indent, "width first blank", 0 },
  { "truncate", filter_truncate, "length killwords end leeway", 0 },
  { "wordcount", filter_wordcount, "", 0 },
  { "safe", filter_safe, "", 0 },
  { "e", filter_escape, "", 0 },
  { "escape", filter_escape, "", 0 },
  { "forceescape", filter_forceescape, "", 0 },
  { NULL },
};
