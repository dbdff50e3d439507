/* Python's arithmetic, and its reading of numbers. */
#include "template-private.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static TplValue *
integer_division (TplRun *run, gboolean modulo, gint64 a, gint64 b)
{
  gint64 quotient = a / b, rest = a % b;

  if (rest && (rest < 0) != (b < 0))
    {
      quotient--;
      rest += b;
    }
  return tpl_int (run, modulo ? rest : quotient);
}

static TplValue *
power (TplRun *run, TplValue *base, gint64 exponent)
{
  TplValue *result = tpl_int (run, 1);

  for (; exponent > 0 && result && base; exponent >>= 1)
    {
      if (exponent & 1)
        result = tpl_arithmetic (run, "*", result, base);
      if (exponent > 1)
        base = tpl_arithmetic (run, "*", base, base);
    }
  return run->failed ? NULL : result;
}

static TplValue *
integer_arithmetic (TplRun *run, const char *name, TplValue *a, TplValue *b)
{
  gint64 result = 0;
  gboolean overflow = TRUE;

  if (strcmp (name, "**") == 0)
    return tpl_is_integer (b) ? power (run, a, b->integer) : tpl_fail (run, "too large a power");
  if (!tpl_is_integer (a) || !tpl_is_integer (b))
    return tpl_big_arithmetic (run, name[0], a, b);
  if (name[0] == '+')
    overflow = __builtin_add_overflow (a->integer, b->integer, &result);
  else if (name[0] == '-')
    overflow = __builtin_sub_overflow (a->integer, b->integer, &result);
  else if (name[0] == '*')
    overflow = __builtin_mul_overflow (a->integer, b->integer, &result);
  else if (b->integer == 0)
    return tpl_fail (run, "integer division or modulo by zero");
  else if (b->integer != -1)
    return integer_division (run, name[0] == '%', a->integer, b->integer);
  return overflow ? tpl_big_arithmetic (run, name[0], a, b) : tpl_int (run, result);
}

static TplValue *
float_arithmetic (TplRun *run, const char *name, double a, double b)
{
  double rest;

  if (strcmp (name, "**") == 0)
    {
      if (a == 0 && b < 0)
        return tpl_fail (run, "zero to a negative power");
      if (a < 0 && isfinite (b) && b != floor (b))
        return tpl_fail (run, "a negative number to a fractional power");
      rest = pow (a, b);
      return isinf (rest) && isfinite (a) && isfinite (b) ? tpl_fail (run, "Result too large") : tpl_float (run, rest);
    }
  if (name[0] == '+' || name[0] == '-')
    return tpl_float (run, name[0] == '+' ? a + b : a - b);
  if (name[0] == '*')
    return tpl_float (run, a * b);
  if (b == 0)
    return tpl_fail (run, "division by zero");
  if (strcmp (name, "/") == 0)
    return tpl_float (run, a / b);
  rest = fmod (a, b);
  if (name[0] == '%')
    return tpl_float (run, rest == 0 ? copysign (0, b) : (rest < 0) != (b < 0) ? rest + b : rest);
  {
    double quotient = (a - rest) / b - (rest != 0 && (rest < 0) != (b < 0)), whole = floor (quotient);

    if (quotient == 0)
      return tpl_float (run, copysign (0, a / b));
    return tpl_float (run, quotient - whole > 0.5 ? whole + 1 : whole);
  }
}

TplValue *
tpl_arithmetic (TplRun *run, const char *name, TplValue *a, TplValue *b)
{
  gboolean negative_power = strcmp (name, "**") == 0 && tpl_is_integer (b) && b->integer < 0;

  if (a->type != TPL_FLOAT && b->type != TPL_FLOAT && strcmp (name, "/") != 0 && !negative_power)
    return integer_arithmetic (run, name, a, b);
  if ((a->type == TPL_INT && isinf (tpl_to_double (a))) || (b->type == TPL_INT && isinf (tpl_to_double (b))))
    return tpl_fail (run, "int too large to convert to float");
  return float_arithmetic (run, name, tpl_to_double (a), tpl_to_double (b));
}

TplValue *
tpl_negative (TplRun *run, const TplValue *number)
{
  TplValue zero = { .type = TPL_INT };

  if (number->type == TPL_FLOAT)
    return tpl_float (run, -number->number);
  return tpl_arithmetic (run, "-", &zero, (TplValue *)number);
}

TplValue *
tpl_int_of_double (TplRun *run, double number)
{
  if (isnan (number) || isinf (number))
    return tpl_fail (run, "cannot convert float %s to integer", isnan (number) ? "NaN" : "infinity");
  return fabs (number) < 9e18 ? tpl_int (run, (gint64)number) : tpl_big_of_double (run, number);
}

/* ---- reading ---- */

/* The text without blanks around it and without its sign. */
static void
skip_sign (const char **text, const char **end, gboolean *negative)
{
  while (*text < *end && tpl_is_blank (g_utf8_get_char (*text)))
    *text = g_utf8_next_char (*text);
  while (*end > *text && tpl_is_blank (g_utf8_get_char (g_utf8_prev_char (*end))))
    *end = g_utf8_prev_char (*end);
  *negative = *text < *end && **text == '-';
  *text += *text < *end && strchr ("+-", **text) && **text;
}

/* The digits without the single underscores between them, decimal ones of any script as ASCII; FALSE: something else. */
static gboolean
clean_digits (const char *text, const char *end, int base, GString *out)
{
  gboolean digit_before = FALSE;

  for (; text < end; text = g_utf8_next_char (text))
    {
      gunichar c = g_utf8_get_char (text);
      int value = g_unichar_isdigit (c) ? g_unichar_digit_value (c) : c < 128 ? g_ascii_xdigit_value (c) : -1;

      if (c < 128 && g_ascii_isalpha (c))
        value = g_ascii_tolower (c) - 'a' + 10;
      if (c == '_' && digit_before)
        digit_before = FALSE;
      else if (value >= 0 && value < base)
        {
          g_string_append_c (out, value < 10 ? '0' + value : 'a' + value - 10);
          digit_before = TRUE;
        }
      else
        return FALSE;
    }
  return digit_before;
}

TplValue *
tpl_parse_int (TplRun *run, const char *text, gsize length, int base)
{
  static const char prefixes[] = "box";
  static const int bases[] = { 2, 8, 16 };
  const char *end = text + length, *found;
  gboolean negative;
  g_autoptr (GString) digits = g_string_new (NULL);
  TplValue *value, factor = { .type = TPL_INT };

  skip_sign (&text, &end, &negative);
  found = end - text > 2 && *text == '0' && text[1] ? strchr (prefixes, g_ascii_tolower (text[1])) : NULL;
  if (found && (base == 0 || base == bases[found - prefixes]))
    {
      base = bases[found - prefixes];
      text += 2;
      text += *text == '_';
    }
  else if (base == 0)
    {
      base = 10;
      if (*text == '0' && strspn (text, "0_") < (gsize)(end - text))
        return NULL;
    }
  if (base < 2 || base > 36 || !clean_digits (text, end, base, digits))
    return NULL;
  if (base == 10)
    return tpl_big_parse (run, digits->str, digits->len, negative);
  factor.integer = base;
  value = tpl_int (run, 0);
  for (gsize i = 0; i < digits->len && value && tpl_tick (run); i++)
    {
      TplValue digit
        = { .type = TPL_INT,
            .integer = g_ascii_isdigit (digits->str[i]) ? digits->str[i] - '0' : digits->str[i] - 'a' + 10 };
      value = tpl_arithmetic (run, "+", tpl_arithmetic (run, "*", value, &factor), &digit);
    }
  return value && negative ? tpl_negative (run, value) : value;
}

gboolean
tpl_parse_float (const char *text, gsize length, double *number)
{
  static const char *const words[] = { "inf", "infinity", "nan" };
  const char *end = text + length;
  gboolean negative, digit = FALSE;
  g_autoptr (GString) clean = g_string_new (NULL);
  char *rest;

  skip_sign (&text, &end, &negative);
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if ((gsize)(end - text) == strlen (words[i]) && g_ascii_strncasecmp (text, words[i], end - text) == 0)
      {
        *number = i < 2 ? (negative ? -INFINITY : INFINITY) : NAN;
        return TRUE;
      }
  for (; text < end; text = g_utf8_next_char (text))
    {
      gunichar c = g_utf8_get_char (text);

      if (c == '_' && digit && text + 1 < end && g_ascii_isdigit (text[1]))
        continue;
      digit = g_unichar_isdigit (c);
      if (digit)
        g_string_append_c (clean, '0' + g_unichar_digit_value (c));
      else if (c > 0 && c < 128 && strchr (".eE+-", c))
        g_string_append_c (clean, c);
      else
        return FALSE;
    }
  if (clean->len == 0 || strchr ("+-eE", clean->str[0]))
    return FALSE;
  *number = g_ascii_strtod (clean->str, &rest);
  *number = negative ? -*number : *number;
  return *rest == '\0' && rest > clean->str;
}
