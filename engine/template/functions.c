/* The functions of the global scope. */
#include "template-private.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define MAX_RANGE 100000 /* of the sandbox */

TPL_BUILTIN (function_raise)
{
  g_autoptr (GString) message = g_string_new (NULL);

  tpl_append_str (run, message, ARG (0));
  return tpl_raise (run, message->str);
}

TPL_BUILTIN (function_range)
{
  gint64 numbers[3] = { 0, 0, 1 };
  __int128 n;
  TplValue *range = tpl_list (run, TPL_RANGE);

  for (guint i = 0; i < 3 && ARG (i); i++)
    {
      if (!tpl_is_integer (ARG (i)))
        return ARG (i)->type == TPL_UNDEFINED
                 ? tpl_undefined_read (run, ARG (i))
                 : tpl_fail (run, "'%s' object cannot be interpreted as an integer", tpl_type_name (ARG (i)));
      numbers[i] = ARG (i)->integer;
    }
  if (!ARG (1))
    {
      numbers[1] = numbers[0];
      numbers[0] = 0;
    }
  if (numbers[2] == 0)
    return tpl_fail (run, "range() arg 3 must not be zero");
  n = numbers[2] > 0 ? ((__int128)numbers[1] - numbers[0] + numbers[2] - 1) / numbers[2]
                     : ((__int128)numbers[0] - numbers[1] - numbers[2] - 1) / -(__int128)numbers[2];
  if (n > MAX_RANGE)
    return tpl_fail (run, "Range too big. The sandbox blocks ranges larger than MAX_RANGE (%d).", MAX_RANGE);
  range->range = tpl_alloc (run->arena, sizeof numbers);
  memcpy (range->range, numbers, sizeof numbers);
  for (gint64 i = 0; i < n && tpl_tick (run); i++)
    tpl_append (run, range, tpl_int (run, numbers[0] + i * numbers[2]));
  return range;
}

/* The pairs of the first argument, if there is one, and all keywords. */
static TplValue *
keywords (TplRun *run, const TplArgs *args, TplType type)
{
  TplValue *dict = tpl_list (run, type);
  TplValue *from = args->n_positional ? ARG (0) : NULL, *pairs = NULL, *pair;

  if (args->n_positional > 1)
    return tpl_fail (run, "expected at most 1 argument, got %u", args->n_positional);
  if (from && from->type == TPL_UNDEFINED)
    return tpl_undefined_read (run, from);
  if (from && from->type != TPL_DICT && !(pairs = tpl_items (run, from)))
    return NULL;
  for (gsize i = 0; from && from->type == TPL_DICT && i < from->n; i++)
    tpl_dict_set (run, dict, from->keys[i], from->items[i]);
  for (gsize i = 0; pairs && i < pairs->n && !run->failed; i++)
    {
      pair = tpl_items (run, pairs->items[i]);
      if (pair && (pair->n != 2 || !tpl_is_hashable (pair->items[0])))
        tpl_fail (run, "a dict is made of pairs");
      else if (pair)
        tpl_dict_set (run, dict, pair->items[0], pair->items[1]);
    }
  for (guint i = 0; i < args->n_named; i++)
    tpl_dict_set (run, dict, tpl_string (run, args->names[i], -1), args->named[i]);
  return dict;
}

TPL_BUILTIN (function_namespace)
{
  return keywords (run, args, TPL_NAMESPACE);
}

TPL_BUILTIN (function_dict)
{
  return keywords (run, args, TPL_DICT);
}

TPL_BUILTIN (function_cycler)
{
  TplValue *cycler = tpl_list (run, TPL_CYCLER);

  if (args->n_positional == 0 || args->n_named)
    return tpl_fail (run, "at least one item has to be provided");
  for (guint i = 0; i < args->n_positional; i++)
    tpl_append (run, cycler, ARG (i));
  return cycler;
}

TPL_BUILTIN (function_joiner)
{
  TplValue *joiner = tpl_new (run, TPL_JOINER);

  joiner->object = ARG (0) ? ARG (0) : tpl_string (run, ", ", 2);
  return joiner;
}

/* ---- the clock ---- */

typedef struct
{
  struct tm time;
  int microseconds;
  char zone[8]; /* "+0200"; empty: local time, as Python says nothing about it */
} Clock;

static int
two_digits (const char **at)
{
  int value = -1;

  if (g_ascii_isdigit ((*at)[0]) && g_ascii_isdigit ((*at)[1]))
    {
      value = ((*at)[0] - '0') * 10 + (*at)[1] - '0';
      *at += 2;
    }
  return value;
}

/* "2024-07-26", "2024-07-26T12:34:56.789+02:00", "2024-07-26 12:34Z", "20240726T123456" */
static gboolean
read_clock (const char *at, Clock *clock)
{
  int century = two_digits (&at), year = two_digits (&at), month, day;
  gint64 microseconds = 0;
  int *const parts[] = { &clock->time.tm_hour, &clock->time.tm_min, &clock->time.tm_sec };

  at += *at == '-';
  month = two_digits (&at);
  at += *at == '-';
  day = two_digits (&at);
  if (century < 0 || year < 0 || month < 1 || month > 12 || day < 1 || day > 31)
    return FALSE;
  clock->time.tm_year = century * 100 + year - 1900;
  clock->time.tm_mon = month - 1;
  clock->time.tm_mday = day;
  if (*at == 'T' || *at == 't' || *at == ' ')
    for (guint i = 0; i < 3; i++)
      {
        if (i && *at != ':' && !g_ascii_isdigit (*at))
          break;
        at += i == 0 || *at == ':';
        *parts[i] = two_digits (&at);
        if (*parts[i] < 0 || *parts[i] > (i ? 59 : 23))
          return FALSE;
      }
  if (*at == '.' || *at == ',')
    for (int i = 0, scale = 100000; g_ascii_isdigit (at[1]); i++, scale /= 10)
      microseconds += (*++at - '0') * scale;
  clock->microseconds = microseconds;
  at += *at == '.' || (microseconds && g_ascii_isdigit (*at));
  if (*at == 'Z' || *at == 'z')
    g_strlcpy (clock->zone, "+0000", sizeof clock->zone);
  else if (*at == '+' || *at == '-')
    {
      char sign = *at++;
      int hours = two_digits (&at), minutes;

      at += *at == ':';
      minutes = two_digits (&at);
      g_snprintf (clock->zone, sizeof clock->zone, "%c%02d%02d", sign, CLAMP (hours, 0, 23), CLAMP (minutes, 0, 59));
    }
  clock->time.tm_isdst = -1;
  timegm (&clock->time); /* the days of the week and of the year */
  return TRUE;
}

static void
read_system_clock (Clock *clock)
{
  gint64 now = g_get_real_time ();
  time_t seconds = now / G_USEC_PER_SEC;

  localtime_r (&seconds, &clock->time);
  clock->microseconds = now % G_USEC_PER_SEC;
}

/* What Python does before it asks the C library: %f, %z and %Z. */
static char *
own_directives (const char *format, const Clock *clock)
{
  GString *out = g_string_new (NULL);

  for (const char *at = format; *at; at++)
    if (*at != '%' || !at[1])
      g_string_append_c (out, *at);
    else if (*++at == 'f')
      g_string_append_printf (out, "%06d", clock->microseconds);
    else if (*at == 'z')
      g_string_append (out, clock->zone);
    else if (*at == 'Z')
      {
        if (*clock->zone)
          g_string_append_printf (out, strcmp (clock->zone, "+0000") ? "UTC%.3s:%s" : "UTC", clock->zone,
                                  clock->zone + 3);
      }
    else
      {
        g_string_append_c (out, '%');
        g_string_append_c (out, *at);
      }
  return g_string_free (out, FALSE);
}

TPL_BUILTIN (function_strftime)
{
  Clock clock = { .time = { .tm_isdst = -1 } };
  g_autofree char *format = NULL, *text = NULL;
  locale_t plain;
  gsize n;

  if (!tpl_is_text (ARG (0)))
    return tpl_fail (run, "strftime() argument 1 must be str, not %s", tpl_type_name (ARG (0)));
  if (!run->now || run->now->type == TPL_NONE)
    read_system_clock (&clock);
  else if (!tpl_is_text (run->now) || !read_clock (run->now->text, &clock))
    return tpl_fail (run, "“now” is no time in ISO 8601");
  format = own_directives (ARG (0)->text, &clock);
  if (strlen (format) > 4096)
    return tpl_fail (run, "too long a format of a time");
  text = g_malloc (1 << 18);
  plain = newlocale (LC_ALL_MASK, "C", (locale_t)0);
  n = strftime_l (text, 1 << 18, format, &clock.time, plain);
  freelocale (plain);
  return tpl_string (run, text, n);
}

const TplBuiltin tpl_functions[] = {
  { "raise_exception", function_raise, "message", 1 },
  { "range", function_range, "/start stop step", 1 },
  { "namespace", function_namespace, NULL, 0 },
  { "dict", function_dict, NULL, 0 },
  { "cycler", function_cycler, NULL, 0 },
  { "joiner", function_joiner, "sep", 0 },
  { "strftime_now", function_strftime, "format", 1 },
  { NULL },
};
