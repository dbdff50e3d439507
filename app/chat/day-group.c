#include "chat/day-group.h"

#include <glib/gi18n.h>

enum
{
  TODAY,
  YESTERDAY,
  WEEK,
  THIRTY_DAYS,
  MONTHS, /* the newer ones first, back to the year 1 */
};

#define LAST_MONTH (10000 * 12)

static guint32
get_julian_day (GDateTime *time)
{
  int year, month, day;
  g_autoptr (GDate) date = NULL;

  g_date_time_get_ymd (time, &year, &month, &day);
  date = g_date_new_dmy ((GDateDay)day, (GDateMonth)month, (GDateYear)year);
  return g_date_get_julian (date);
}

guint
riposte_day_group (GDateTime *now, GDateTime *then)
{
  gint64 days = (gint64)get_julian_day (now) - get_julian_day (then);

  if (days <= 0)
    return TODAY;
  if (days == 1)
    return YESTERDAY;
  if (days <= 7)
    return WEEK;
  if (days <= 30)
    return THIRTY_DAYS;
  return MONTHS + LAST_MONTH - (g_date_time_get_year (then) * 12 + g_date_time_get_month (then) - 1);
}

char *
riposte_day_group_dup_name (guint group)
{
  static const char *const names[] = { N_ ("Today"), N_ ("Yesterday"), N_ ("Last 7 Days"), N_ ("Last 30 Days") };
  g_autoptr (GDateTime) month = NULL;
  guint n;

  if (group < G_N_ELEMENTS (names))
    return g_strdup (_ (names[group]));
  n = LAST_MONTH - (group - MONTHS);
  month = g_date_time_new_utc ((int)n / 12, (int)n % 12 + 1, 1, 0, 0, 0);
  /* Translators: a month as a heading, as in g_date_time_format(): %OB is its name by itself, %Y the year */
  return g_date_time_format (month, _ ("%OB %Y"));
}
