/* Python's two ways to format: "%s" % value, and "{}".format(value). */
#include "template-private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WIDTH 100000

/* [[fill]align][sign][#][0][width][,][.precision][type], of which % has its own spelling */
typedef struct
{
  gunichar fill;
  char align, sign, grouping, type;
  gboolean alternative;
  gint64 width, precision; /* -1: none */
  gint64 least;            /* digits of an integer */
} Spec;

/* ---- pieces ---- */

/* Puts text, whose sign or prefix has a length, into its width. */
static void
append_padded (GString *out, const Spec *spec, const TplValue *text, gsize prefix, char default_align)
{
  gint64 missing = spec->width - tpl_n_chars (text), left;
  char align = spec->align ? spec->align : default_align;

  left = missing <= 0 || align == '<' ? 0 : align == '^' ? missing / 2 : missing;
  if (align == '=')
    g_string_append_len (out, text->text, prefix);
  else
    prefix = 0;
  for (gint64 i = 0; i < left; i++)
    g_string_append_unichar (out, spec->fill);
  g_string_append_len (out, text->text + prefix, text->length - prefix);
  for (gint64 i = left; i < missing; i++)
    g_string_append_unichar (out, spec->fill);
}

static void
group_digits (GString *digits, char separator, guint size)
{
  gsize whole = strcspn (digits->str, ".e%");

  for (gsize at = whole; at > size; at -= size)
    g_string_insert_c (digits, at - size, separator);
}

static void
append_number (GString *out, const Spec *spec, GString *digits, gboolean negative, const char *prefix)
{
  g_autoptr (GString) text = g_string_new (negative ? "-" : spec->sign == '+' ? "+" : spec->sign == ' ' ? " " : "");

  if (spec->grouping)
    group_digits (digits, spec->grouping, strchr ("xXbo", spec->type) && spec->type ? 4 : 3);
  g_string_append (text, prefix);
  g_string_append_len (text, digits->str, digits->len);
  append_padded (out, spec, &(TplValue){ .text = text->str, .length = text->len }, text->len - digits->len, '>');
}

/* ---- numbers ---- */

static TplValue *
format_integer (TplRun *run, GString *out, const Spec *spec, const TplValue *value)
{
  static const char figures[] = "0123456789abcdef";
  g_autoptr (GString) digits = g_string_new (NULL);
  guint base = spec->type == 'b' ? 2 : spec->type == 'o' ? 8 : spec->type == 'x' || spec->type == 'X' ? 16 : 10;
  gboolean negative = value->flag && value->type == TPL_INT ? value->big.negative : value->integer < 0;
  char prefix[3] = { '0', spec->type, '\0' };

  if (spec->precision >= 0)
    return tpl_fail (run, "Precision not allowed in integer format specifier");
  if (base == 10)
    {
      tpl_append_repr (run, digits,
                       &(TplValue){ .type = TPL_INT, .flag = value->type == TPL_INT && value->flag, .big = value->big },
                       0);
      g_string_erase (digits, 0, negative);
    }
  else if (!tpl_is_integer (value))
    return tpl_fail (run, "an integer beyond 64 bits in base %u", base);
  else
    for (guint64 rest = negative ? -(guint64)value->integer : (guint64)value->integer; rest || !digits->len;
         rest /= base)
      g_string_prepend_c (digits, spec->type == 'X' ? g_ascii_toupper (figures[rest % base]) : figures[rest % base]);
  for (gint64 i = digits->len; i < spec->least; i++)
    g_string_prepend_c (digits, '0');
  append_number (out, spec, digits, negative, spec->alternative && base != 10 ? prefix : "");
  return (TplValue *)value;
}

static void
append_digits_of_double (GString *digits, const Spec *spec, double number, char type, gint64 precision)
{
  char format[16];
  g_autofree char *text = g_malloc (precision + 400);

  g_snprintf (format, sizeof format, "%%%s.%d%c", spec->alternative ? "#" : "", (int)precision, type);
  g_ascii_formatd (text, precision + 400, format, number);
  g_string_append (digits, text);
}

static TplValue *
format_double (TplRun *run, GString *out, const Spec *spec, double number)
{
  g_autoptr (GString) digits = g_string_new (NULL);
  gboolean negative = signbit (number) && !isnan (number);
  char type = spec->type == '%' ? 'f' : spec->type == 'n' ? 'g' : spec->type;
  gint64 precision = spec->precision < 0 ? 6 : spec->precision;

  if (precision > MAX_WIDTH)
    return tpl_fail (run, "too large a precision");
  number = fabs (number) * (spec->type == '%' ? 100 : 1);
  if (!isfinite (number))
    g_string_append (digits, isnan (number) ? "nan" : "inf");
  else if (!type && spec->precision < 0)
    tpl_append_float (digits, number);
  else if (!type)
    {
      append_digits_of_double (digits, spec, number, 'g', MAX (1, precision));
      if (strcspn (digits->str, ".e") == digits->len)
        g_string_append (digits, ".0");
    }
  else
    append_digits_of_double (digits, spec, number, type, precision);
  if (spec->type == '%')
    g_string_append_c (digits, '%');
  append_number (out, spec, digits, negative, "");
  return tpl_bool (run, TRUE);
}

/* ---- str.format() ---- */

static gboolean
parse_spec (TplRun *run, const char *text, Spec *spec)
{
  const char *next = *text ? g_utf8_next_char (text) : text;

  *spec = (Spec){ .fill = ' ', .width = -1, .precision = -1 };
  if (*text && *next && strchr ("<>=^", *next))
    {
      spec->fill = g_utf8_get_char (text);
      spec->align = *next;
      text = next + 1;
    }
  else if (*text && strchr ("<>=^", *text))
    spec->align = *text++;
  if (*text && strchr ("+- ", *text))
    spec->sign = *text++;
  if (*text == '#')
    {
      spec->alternative = TRUE;
      text++;
    }
  if (*text == '0')
    {
      spec->fill = spec->align ? spec->fill : '0';
      spec->align = spec->align ? spec->align : '=';
      text++;
    }
  if (g_ascii_isdigit (*text))
    spec->width = g_ascii_strtoll (text, (char **)&text, 10);
  if (*text == ',' || *text == '_')
    spec->grouping = *text++;
  if (*text == '.')
    {
      if (!g_ascii_isdigit (text[1]))
        return tpl_fail (run, "Format specifier missing precision") != NULL;
      spec->precision = g_ascii_strtoll (text + 1, (char **)&text, 10);
    }
  if (*text)
    spec->type = *text++;
  if (*text || spec->width > MAX_WIDTH)
    tpl_fail (run, "Invalid format specifier");
  return !run->failed;
}

static TplValue *
format_text (TplRun *run, GString *out, const Spec *spec, TplValue *text)
{
  TplValue *bounds[3] = { NULL, spec->precision >= 0 ? tpl_int (run, spec->precision) : NULL, NULL };

  if ((spec->type && spec->type != 's') || spec->sign || spec->align == '=' || spec->grouping || spec->alternative)
    return tpl_fail (run, "a wrong format specifier for a text");
  if (bounds[1])
    text = tpl_slice (run, text, bounds);
  if (text)
    append_padded (out, spec, text, 0, '<');
  return text;
}

static TplValue *
format_value (TplRun *run, GString *out, TplValue *value, const char *text)
{
  Spec spec;

  if (!*text)
    {
      tpl_append_str (run, out, value);
      return value;
    }
  if (!parse_spec (run, text, &spec))
    return NULL;
  if (value->type == TPL_STRING)
    {
      if (spec.fill == '0' && spec.align == '=')
        spec.align = '<';
      return format_text (run, out, &spec, value);
    }
  if (!tpl_is_number (value))
    return tpl_fail (run, "unsupported format string passed to %s.__format__", tpl_type_name (value));
  if (value->type != TPL_FLOAT && (!spec.type || strchr ("dbxXon", spec.type)))
    return format_integer (run, out, &spec, value);
  if (spec.type && !strchr ("eEfFgGn%", spec.type))
    return tpl_fail (run, "Unknown format code '%c'", spec.type);
  return format_double (run, out, &spec, tpl_to_double (value));
}

typedef struct
{
  TplRun *run;
  const TplArgs *args;
  gint64 next; /* the next place without a number; -1: places have numbers */
} Fields;

static TplValue *
named_argument (TplRun *run, const TplArgs *args, const char *name)
{
  for (guint i = 0; i < args->n_named; i++)
    if (strcmp (args->names[i], name) == 0)
      return args->named[i];
  return tpl_fail (run, "format() lacks '%s'", name);
}

/* The argument that "", "0" or "name" stands for. */
static TplValue *
first_part (Fields *fields, const char *name)
{
  gboolean digits = *name && strspn (name, "0123456789") == strlen (name);
  gint64 place = digits ? g_ascii_strtoll (name, NULL, 10) : fields->next;

  if (*name && !digits)
    return named_argument (fields->run, fields->args, name);
  if (digits ? fields->next > 0 : fields->next < 0)
    return tpl_fail (fields->run, "numbered and unnumbered fields cannot be mixed");
  fields->next = digits ? -1 : fields->next + 1;
  if (place >= fields->args->n_positional)
    return tpl_fail (fields->run, "Replacement index %" G_GINT64_FORMAT " out of range", place);
  return fields->args->positional[place];
}

/* "name.attribute[key]", read as the sandbox lets templates read. */
static TplValue *
field_value (Fields *fields, const char *field)
{
  gsize length = strcspn (field, ".[");
  g_autofree char *name = g_strndup (field, length);
  TplValue *value = first_part (fields, name);

  field += length;
  while (value && *field)
    {
      gboolean attribute = *field == '.';
      g_autofree char *part = NULL;

      length = attribute ? strcspn (++field, ".[") : strcspn (++field, "]");
      part = g_strndup (field, length);
      field += length;
      if (!*part || (!attribute && *field++ != ']'))
        return tpl_fail (fields->run, "a wrong field in a format");
      if (attribute)
        value = tpl_attribute (fields->run, value, part);
      else if (strspn (part, "0123456789") == strlen (part))
        value = tpl_index (fields->run, value, tpl_int (fields->run, g_ascii_strtoll (part, NULL, 10)));
      else
        value = tpl_index (fields->run, value, tpl_string (fields->run, part, -1));
    }
  return value;
}

static gboolean format_all (Fields *fields, const char *text, const char *end, GString *out, guint depth);

/* What stands between braces: field[!conversion][:spec]. */
static gboolean
format_field (Fields *fields, const char *text, const char *end, GString *out, guint depth)
{
  TplRun *run = fields->run;
  const char *at = text;
  g_autofree char *name = NULL;
  g_autoptr (GString) spec = g_string_new (NULL), form = g_string_new (NULL);
  char conversion = '\0';
  TplValue *value;

  for (gboolean inside = FALSE; at < end && (inside || (*at != '!' && *at != ':')); at++)
    inside = *at == '[' || (inside && *at != ']');
  name = g_strndup (text, at - text);
  value = field_value (fields, name);
  if (!value)
    return FALSE;
  if (at < end && *at == '!')
    {
      conversion = at + 1 < end ? at[1] : '?';
      at += 2;
    }
  if (conversion && (!strchr ("rsa", conversion) || (at < end && *at != ':')))
    return tpl_fail (run, "Unknown conversion specifier") != NULL;
  if (conversion)
    {
      (conversion == 's' ? (void)tpl_append_str (run, form, value) : tpl_append_repr (run, form, value, 0));
      value = tpl_string (run, form->str, form->len);
    }
  if (at < end && !format_all (fields, at + 1, end, spec, depth + 1))
    return FALSE;
  return format_value (run, out, value, spec->str) != NULL && !run->failed;
}

static gboolean
format_all (Fields *fields, const char *text, const char *end, GString *out, guint depth)
{
  if (depth > 1)
    return tpl_fail (fields->run, "Max string recursion exceeded") != NULL;
  for (const char *at = text; at < end && out->len <= TPL_MAX_TEXT && tpl_tick (fields->run); at++)
    {
      guint level = 1;
      const char *start = at + 1;

      if (*at != '{' && *at != '}')
        g_string_append_c (out, *at);
      else if (depth == 0 && start < end && *start == *at)
        g_string_append_c (out, *at++);
      else if (*at == '}')
        return tpl_fail (fields->run, "Single '}' encountered in format string") != NULL;
      else
        {
          for (at++; at < end && level; at++)
            level += *at == '{' ? 1 : *at == '}' ? -1 : 0;
          if (level)
            return tpl_fail (fields->run, "expected '}' before end of string") != NULL;
          if (!format_field (fields, start, --at, out, depth))
            return FALSE;
        }
    }
  return !fields->run->failed;
}

TplValue *
tpl_format (TplRun *run, const TplValue *format, const TplArgs *args)
{
  Fields fields = { .run = run, .args = args };
  GString *out = g_string_new (NULL);

  format_all (&fields, format->text, format->text + format->length, out, 0);
  return tpl_take (run, out);
}

/* ---- % ---- */

typedef struct
{
  TplRun *run;
  TplValue *values; /* a tuple, a dict, or one value */
  guint n_used;
} Values;

static TplValue *
next_value (Values *values)
{
  TplValue *all = values->values;

  if (all->type == TPL_TUPLE ? values->n_used >= all->n : values->n_used > 0)
    return tpl_fail (values->run, "not enough arguments for format string");
  return all->type == TPL_TUPLE ? all->items[values->n_used++] : (values->n_used++, all);
}

/* A number, or the next value for *. */
static gint64
read_count (Values *values, const char **at)
{
  const TplValue *value;

  if (**at != '*')
    return g_ascii_isdigit (**at) ? g_ascii_strtoll (*at, (char **)at, 10) : 0;
  (*at)++;
  value = next_value (values);
  if (value && !tpl_is_integer (value))
    tpl_fail (values->run, "* wants int");
  return values->run->failed ? 0 : value->integer;
}

static TplValue *
keyed_value (Values *values, const char **at)
{
  const char *start = *at + 1;
  guint level = 1;
  TplValue *found;

  for (++*at; **at && level; ++*at)
    level += **at == '(' ? 1 : **at == ')' ? -1 : 0;
  if (values->values->type != TPL_DICT)
    return tpl_fail (values->run, "format requires a mapping");
  found = tpl_dict_get (values->values, tpl_string (values->run, start, MAX (0, *at - 1 - start)));
  values->n_used++;
  return found ? found : tpl_fail (values->run, "a key of the format is missing");
}

static TplValue *
print_value (TplRun *run, GString *out, Spec *spec, TplValue *value)
{
  g_autoptr (GString) text = g_string_new (NULL);

  switch (spec->type)
    {
    case 's':
    case 'r':
    case 'a':
      if (spec->type == 's')
        tpl_append_str (run, text, value);
      else
        tpl_append_repr (run, text, value, 0);
      spec->type = '\0';
      spec->sign = '\0';
      spec->alternative = FALSE;
      spec->fill = ' ';
      if (spec->align != '<')
        spec->align = '>';
      value = tpl_string (run, text->str, text->len);
      return format_text (run, out, spec, value);
    case 'i':
    case 'u':
    case 'd':
    case 'x':
    case 'X':
    case 'o':
      if (value->type == TPL_FLOAT && strchr ("iud", spec->type))
        value = tpl_int_of_double (run, value->number);
      if (!value || !tpl_is_number (value) || value->type == TPL_FLOAT)
        return tpl_fail (run, "%%%c format: an integer is required", spec->type);
      spec->type = strchr ("iu", spec->type) ? 'd' : spec->type;
      spec->least = spec->precision;
      spec->precision = -1;
      return format_integer (run, out, spec, value);
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
      if (!tpl_is_number (value))
        return tpl_fail (run, "must be real number, not %s", tpl_type_name (value));
      return format_double (run, out, spec, tpl_to_double (value));
    case 'c':
      if (!tpl_is_text (value) || tpl_n_chars (value) != 1)
        return tpl_fail (run, "%%c requires a character");
      g_string_append_len (out, value->text, value->length);
      return value;
    default:
      return tpl_fail (run, "unsupported format character");
    }
}

/* One conversion behind its %. */
static gboolean
print_field (Values *values, const char **at, GString *out)
{
  Spec spec = { .fill = ' ', .width = -1, .precision = -1 };
  TplValue *value = **at == '(' ? keyed_value (values, at) : NULL;

  for (; **at && strchr ("#0- +", **at) && !values->run->failed; ++*at)
    if (**at == '#')
      spec.alternative = TRUE;
    else if (**at == '0')
      spec.fill = '0';
    else if (**at == '-')
      spec.align = '<';
    else if (**at == '+' || !spec.sign)
      spec.sign = **at;
  spec.width = read_count (values, at);
  if (spec.width < 0)
    {
      spec.align = '<';
      spec.width = -spec.width;
    }
  if (**at == '.')
    {
      ++*at;
      spec.precision = read_count (values, at);
      spec.precision = MAX (0, spec.precision);
    }
  if (spec.width > MAX_WIDTH || spec.precision > MAX_WIDTH)
    tpl_fail (values->run, "too wide a format");
  *at += **at && strchr ("hlL", **at);
  spec.type = **at;
  if (!spec.type)
    tpl_fail (values->run, "incomplete format");
  if (spec.fill == '0')
    spec.align = spec.align ? spec.align : '=';
  if (spec.align == '<')
    spec.fill = ' ';
  ++*at;
  if (spec.type == '%' && !values->run->failed)
    {
      g_string_append_c (out, '%');
      return TRUE;
    }
  if (!value && !values->run->failed)
    value = next_value (values);
  return value && !values->run->failed && print_value (values->run, out, &spec, value);
}

TplValue *
tpl_printf (TplRun *run, const TplValue *format, TplValue *value)
{
  Values values = { .run = run, .values = value };
  GString *out = g_string_new (NULL);
  const char *at = format->text, *end = format->text + format->length;
  gboolean all_used;

  while (at < end && out->len <= TPL_MAX_TEXT && tpl_tick (run))
    if (*at != '%')
      g_string_append_c (out, *at++);
    else
      {
        at++;
        if (!print_field (&values, &at, out))
          break;
      }
  all_used = value->type == TPL_TUPLE ? values.n_used == value->n
                                      : values.n_used || value->type == TPL_DICT || value->type == TPL_LIST
                                          || value->type == TPL_RANGE || value->type == TPL_UNDEFINED;
  if (!run->failed && !all_used)
    tpl_fail (run, "not all arguments converted during string formatting");
  return tpl_take (run, out);
}
