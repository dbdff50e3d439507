#include "template-private.h"

#include <string.h>

static TplValue *
unsupported (TplRun *run, const char *name, const TplValue *a, const TplValue *b)
{
  if (a->type == TPL_UNDEFINED || b->type == TPL_UNDEFINED)
    return tpl_undefined_read (run, a->type == TPL_UNDEFINED ? a : b);
  if (a->type == TPL_STRING && strcmp (name, "+") == 0)
    return tpl_fail (run, "can only concatenate str (not \"%s\") to str", tpl_type_name (b));
  return tpl_fail (run, "unsupported operand type(s) for %s: '%s' and '%s'", name, tpl_type_name (a),
                   tpl_type_name (b));
}

TplValue *
tpl_repeat (TplRun *run, const TplValue *object, gint64 times)
{
  gsize length = object->type == TPL_STRING ? object->length : object->n;
  TplValue *list;

  if (times <= 0)
    length = 0;
  if (length && (guint64)times > (object->type == TPL_STRING ? TPL_MAX_TEXT : TPL_MAX_ITEMS) / length)
    return tpl_fail (run, "a value of more than %d parts", TPL_MAX_ITEMS);
  if (object->type == TPL_STRING)
    {
      GString *text = g_string_sized_new (length ? length * times : 1);

      for (gint64 i = 0; i < times && length; i++)
        g_string_append_len (text, object->text, length);
      list = tpl_take (run, text);
      if (list)
        list->flag = object->flag;
      return list;
    }
  list = tpl_list (run, object->type);
  for (gint64 i = 0; i < times && length; i++)
    for (gsize k = 0; k < length; k++)
      tpl_append (run, list, object->items[k]);
  return list;
}

TplValue *
tpl_concatenate (TplRun *run, const TplValue *a, const TplValue *b)
{
  TplValue *list;

  if (a->type == TPL_STRING)
    {
      TplValue *value = tpl_new (run, TPL_STRING);
      char *text;

      if (a->length + b->length > TPL_MAX_TEXT)
        return tpl_fail (run, "a text of more than %d bytes", TPL_MAX_TEXT);
      text = tpl_alloc (run->arena, a->length + b->length + 1);
      memcpy (text, a->text, a->length);
      memcpy (text + a->length, b->text, b->length);
      value->text = text;
      value->length = a->length + b->length;
      return value;
    }
  list = tpl_list (run, a->type);
  for (gsize i = 0; i < a->n; i++)
    tpl_append (run, list, a->items[i]);
  for (gsize i = 0; i < b->n; i++)
    tpl_append (run, list, b->items[i]);
  return list;
}

TplValue *
tpl_escape (TplRun *run, const TplValue *text)
{
  static const char special[] = "&<>'\"";
  static const char *const entities[] = { "&amp;", "&lt;", "&gt;", "&#39;", "&#34;" };
  GString *out;
  TplValue *value;

  if (text->flag)
    return (TplValue *)text;
  out = g_string_sized_new (text->length);
  for (gsize i = 0; i < text->length; i++)
    {
      const char *found = text->text[i] ? strchr (special, text->text[i]) : NULL;

      if (found)
        g_string_append (out, entities[found - special]);
      else
        g_string_append_c (out, text->text[i]);
    }
  value = tpl_take (run, out);
  if (value)
    value->flag = TRUE;
  return value;
}

/* Markup escapes plain text that is added to it. */
static TplValue *
add_texts (TplRun *run, const TplValue *a, const TplValue *b)
{
  gboolean markup = a->flag || b->flag;
  TplValue *sum;

  if (markup)
    {
      a = tpl_escape (run, a);
      b = tpl_escape (run, b);
    }
  sum = a && b ? tpl_concatenate (run, a, b) : NULL;
  if (sum)
    sum->flag = markup;
  return sum;
}

static gboolean
is_sequence (const TplValue *value)
{
  return value->type == TPL_STRING || tpl_is_list (value);
}

TplValue *
tpl_binary (TplRun *run, const char *name, TplValue *a, TplValue *b)
{
  if (strcmp (name, "~") == 0)
    {
      TplValue *x = tpl_to_string (run, a), *y = x ? tpl_to_string (run, b) : NULL;
      return y ? tpl_concatenate (run, x, y) : NULL;
    }
  if (strcmp (name, "%") == 0 && a->type == TPL_STRING)
    return tpl_printf (run, a, b);
  if (tpl_is_number (a) && tpl_is_number (b))
    return tpl_arithmetic (run, name, a, b);
  if (strcmp (name, "+") == 0 && a->type == b->type && is_sequence (a))
    return a->type == TPL_STRING ? add_texts (run, a, b) : tpl_concatenate (run, a, b);
  if (strcmp (name, "*") == 0 && tpl_is_integer (b) && is_sequence (a))
    return tpl_repeat (run, a, b->integer);
  if (strcmp (name, "*") == 0 && tpl_is_integer (a) && is_sequence (b))
    return tpl_repeat (run, b, a->integer);
  return unsupported (run, name, a, b);
}

TplValue *
tpl_unary (TplRun *run, const char *name, TplValue *value)
{
  if (name[0] == 'n')
    return tpl_bool (run, !tpl_true (value));
  if (value->type == TPL_UNDEFINED)
    return tpl_undefined_read (run, value);
  if (!tpl_is_number (value))
    return tpl_fail (run, "bad operand type for unary %s: '%s'", name, tpl_type_name (value));
  if (name[0] == '-')
    return tpl_negative (run, value);
  return value->type == TPL_BOOL ? tpl_int (run, value->integer) : value;
}

gboolean
tpl_compare (TplRun *run, const char *name, TplValue *a, TplValue *b, gboolean *result)
{
  gboolean less;

  if (!tpl_tick_for (run, a))
    return FALSE;
  if (strcmp (name, "in") == 0 || strcmp (name, "not in") == 0)
    {
      if (!tpl_contains (run, b, a, result))
        return FALSE;
      *result = *result == (name[0] == 'i');
      return TRUE;
    }
  if (name[1] == '=' && (name[0] == '=' || name[0] == '!'))
    {
      *result = tpl_equal (a, b) == (name[0] == '=');
      return TRUE;
    }
  if (name[0] == '<' ? !tpl_less (run, a, b, &less) : !tpl_less (run, b, a, &less))
    return FALSE;
  *result = less || (name[1] == '=' && tpl_equal (a, b));
  return TRUE;
}
