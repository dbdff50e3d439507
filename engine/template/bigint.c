/* Integers beyond 64 bits, as Python has them: rare in a conversation, so plain schoolbook arithmetic. */
#include "template-private.h"

#include <math.h>
#include <string.h>

#define BASE       1000000000u
#define MAX_DIGITS 4300 /* Python itself prints no more */

static TplBig
empty (TplRun *run, guint n)
{
  return (TplBig){ .limbs = tpl_alloc (run->arena, n * sizeof (guint32)), .n = n };
}

static TplBig
trim (TplBig big)
{
  while (big.n && big.limbs[big.n - 1] == 0)
    big.n--;
  big.negative &= big.n > 0;
  return big;
}

/* Any int as limbs; room for three of them is the caller's. */
static TplBig
limbs_of (const TplValue *value, guint32 *room)
{
  TplBig big = { .limbs = room, .n = 3, .negative = value->integer < 0 };
  guint64 rest = big.negative ? -(guint64)value->integer : (guint64)value->integer;

  if (!tpl_is_integer (value))
    return value->big;
  for (guint i = 0; i < 3; i++, rest /= BASE)
    room[i] = rest % BASE;
  return trim (big);
}

/* An int of 64 bits where it fits. */
static TplValue *
to_value (TplRun *run, TplBig big)
{
  TplValue *value;
  guint64 number = 0;
  gboolean overflow = FALSE;

  big = trim (big);
  if (big.n * 9 > MAX_DIGITS + 9)
    return tpl_fail (run, "an integer of more than %d digits", MAX_DIGITS);
  for (guint i = big.n; i > 0; i--)
    overflow |= __builtin_mul_overflow (number, (guint64)BASE, &number)
                || __builtin_add_overflow (number, (guint64)big.limbs[i - 1], &number);
  if (!overflow && number <= (guint64)G_MAXINT64 + big.negative)
    return tpl_int (run, big.negative ? (gint64)-number : (gint64)number);
  value = tpl_new (run, TPL_INT);
  value->flag = TRUE;
  value->big = big;
  return value;
}

TplValue *
tpl_big_parse (TplRun *run, const char *digits, gsize length, gboolean negative)
{
  TplBig big;

  if (length > MAX_DIGITS)
    return tpl_fail (run, "an integer of more than %d digits", MAX_DIGITS);
  big = empty (run, length / 9 + 1);
  big.negative = negative;
  for (gsize i = 0; i < length; i++)
    {
      guint limb = (length - 1 - i) / 9;
      big.limbs[limb] = big.limbs[limb] * 10 + (digits[i] - '0');
    }
  return to_value (run, big);
}

TplValue *
tpl_big_of_double (TplRun *run, double number)
{
  char digits[340];
  int n = g_snprintf (digits, sizeof digits, "%.0f", fabs (trunc (number)));

  return tpl_big_parse (run, digits, n, number < 0);
}

void
tpl_append_big (GString *out, const TplValue *value)
{
  const TplBig *big = &value->big;

  if (big->negative)
    g_string_append_c (out, '-');
  for (guint i = big->n; i > 0; i--)
    g_string_append_printf (out, i == big->n ? "%u" : "%09u", big->limbs[i - 1]);
}

double
tpl_big_to_double (const TplValue *value)
{
  g_autoptr (GString) digits = g_string_new (NULL);

  tpl_append_big (digits, value);
  return g_ascii_strtod (digits->str, NULL);
}

static int
compare_sizes (const TplBig *a, const TplBig *b)
{
  if (a->n != b->n)
    return a->n < b->n ? -1 : 1;
  for (guint i = a->n; i > 0; i--)
    if (a->limbs[i - 1] != b->limbs[i - 1])
      return a->limbs[i - 1] < b->limbs[i - 1] ? -1 : 1;
  return 0;
}

int
tpl_big_compare (const TplValue *a, const TplValue *b)
{
  guint32 rooms[2][3];
  const TplBig x = limbs_of (a, rooms[0]), y = limbs_of (b, rooms[1]);

  if (x.negative != y.negative)
    return x.negative ? -1 : 1;
  return x.negative ? compare_sizes (&y, &x) : compare_sizes (&x, &y);
}

static TplBig
add_sizes (TplRun *run, const TplBig *a, const TplBig *b)
{
  TplBig sum = empty (run, MAX (a->n, b->n) + 1);
  guint32 carry = 0;

  for (guint i = 0; i < sum.n; i++)
    {
      guint32 limb = carry + (i < a->n ? a->limbs[i] : 0) + (i < b->n ? b->limbs[i] : 0);
      carry = limb >= BASE;
      sum.limbs[i] = carry ? limb - BASE : limb;
    }
  return sum;
}

/* a is no smaller than b. */
static TplBig
subtract_sizes (TplRun *run, const TplBig *a, const TplBig *b)
{
  TplBig rest = empty (run, MAX (1, a->n));
  gint64 borrow = 0;

  for (guint i = 0; i < a->n; i++)
    {
      gint64 limb = (gint64)a->limbs[i] - (i < b->n ? b->limbs[i] : 0) - borrow;
      borrow = limb < 0;
      rest.limbs[i] = borrow ? limb + BASE : limb;
    }
  return rest;
}

static TplBig
add (TplRun *run, TplBig a, TplBig b)
{
  gboolean a_is_larger = compare_sizes (&a, &b) >= 0;
  TplBig sum;

  if (a.negative == b.negative)
    sum = add_sizes (run, &a, &b);
  else
    sum = a_is_larger ? subtract_sizes (run, &a, &b) : subtract_sizes (run, &b, &a);
  sum.negative = a_is_larger ? a.negative : b.negative;
  return trim (sum);
}

static TplBig
multiply (TplRun *run, TplBig a, TplBig b)
{
  TplBig product = empty (run, a.n + b.n + 1);

  product.negative = a.negative != b.negative;
  for (guint i = 0; i < a.n; i++)
    {
      guint64 carry = 0;

      for (guint k = 0; k < b.n || carry; k++)
        {
          guint64 limb = product.limbs[i + k] + carry + (k < b.n ? (guint64)a.limbs[i] * b.limbs[k] : 0);
          product.limbs[i + k] = limb % BASE;
          carry = limb / BASE;
        }
    }
  return trim (product);
}

/* The quotient towards zero, digit by digit: each limb is found by bisection. */
static TplBig
divide (TplRun *run, TplBig a, TplBig b, TplBig *rest)
{
  TplBig quotient = empty (run, MAX (1, a.n));

  *rest = empty (run, b.n + 2);
  rest->n = 0;
  b.negative = FALSE;
  for (guint i = a.n; i > 0; i--)
    {
      guint32 low = 0, high = BASE - 1;

      memmove (rest->limbs + 1, rest->limbs, rest->n * sizeof *rest->limbs);
      rest->limbs[0] = a.limbs[i - 1];
      rest->n++;
      *rest = trim (*rest);
      while (low < high)
        {
          guint32 middle = high - (high - low) / 2;
          TplBig factor = { .limbs = &middle, .n = 1 }, product = multiply (run, b, factor);

          if (compare_sizes (&product, rest) <= 0)
            low = middle;
          else
            high = middle - 1;
        }
      quotient.limbs[i - 1] = low;
      if (low)
        {
          TplBig factor = { .limbs = &low, .n = 1 }, product = multiply (run, b, factor);
          TplBig difference = trim (subtract_sizes (run, rest, &product));

          memcpy (rest->limbs, difference.limbs, difference.n * sizeof *rest->limbs);
          rest->n = difference.n;
        }
      if (!tpl_tick (run))
        break;
    }
  quotient.negative = a.negative;
  rest->negative = a.negative && rest->n;
  return trim (quotient);
}

/* Floored division: the rest has the sign of the divisor. */
static TplValue *
floor_divide (TplRun *run, char operator, TplBig a, TplBig b)
{
  guint32 one_limb[1] = { 1 };
  TplBig rest, quotient = divide (run, a, b, &rest);

  if (b.negative)
    quotient.negative = !quotient.negative && quotient.n;
  if (rest.n && rest.negative != b.negative)
    {
      quotient = add (run, quotient, (TplBig){ .limbs = one_limb, .n = 1, .negative = TRUE });
      rest = add (run, rest, b);
    }
  return to_value (run, operator== '%' ? rest : quotient);
}

TplValue *
tpl_big_arithmetic (TplRun *run, char operator, const TplValue * a, const TplValue *b)
{
  guint32 rooms[2][3];
  TplBig x = limbs_of (a, rooms[0]), y = limbs_of (b, rooms[1]);

  switch (operator)
    {
    case '+':
      return to_value (run, add (run, x, y));
    case '-':
      y.negative = !y.negative && y.n;
      return to_value (run, add (run, x, y));
    case '*':
      return to_value (run, multiply (run, x, y));
    default:
      return y.n ? floor_divide (run, operator, x, y) : tpl_fail (run, "division by zero");
    }
}
