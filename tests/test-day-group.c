/* Under which heading a conversation stands. */
#include "chat/day-group.h"

#include <locale.h>

static GDateTime *
parse (const char *text, GTimeZone *zone)
{
  GDateTime *time = g_date_time_new_from_iso8601 (text, zone);

  g_assert_nonnull (time);
  return time;
}

static void
assert_name (GTimeZone *zone, const char *now_text, const char *then_text, const char *name)
{
  g_autoptr (GDateTime) now = parse (now_text, zone);
  g_autoptr (GDateTime) then = parse (then_text, zone);
  g_autofree char *found = riposte_day_group_dup_name (riposte_day_group (now, then));

  g_test_message ("at %s: %s", now_text, then_text);
  g_assert_cmpstr (found, ==, name);
}

static void
test_names (void)
{
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();

  assert_name (utc, "2026-11-24T12:00:00", "2026-11-24T00:00:00", "Today");
  assert_name (utc, "2026-11-24T00:00:00", "2026-11-24T23:59:59", "Today");
  assert_name (utc, "2026-11-24T12:00:00", "2027-01-01T00:00:00", "Today"); /* a clock that was wrong */
  assert_name (utc, "2026-11-24T00:00:00", "2026-11-23T23:59:59", "Yesterday");
  assert_name (utc, "2026-11-24T23:59:59", "2026-11-23T00:00:00", "Yesterday");
  assert_name (utc, "2026-11-24T12:00:00", "2026-11-22T23:59:59", "Last 7 Days");
  assert_name (utc, "2026-11-24T12:00:00", "2026-11-17T00:00:00", "Last 7 Days");
  assert_name (utc, "2026-11-24T12:00:00", "2026-11-16T23:59:59", "Last 30 Days");
  assert_name (utc, "2026-11-24T12:00:00", "2026-10-25T00:00:00", "Last 30 Days");
  assert_name (utc, "2026-11-24T12:00:00", "2026-10-24T23:59:59", "October 2026");
  assert_name (utc, "2026-11-24T12:00:00", "2025-12-31T23:59:59", "December 2025");
  assert_name (utc, "2026-11-24T12:00:00", "2025-01-01T00:00:00", "January 2025");
  assert_name (utc, "2027-01-01T00:00:00", "2026-12-31T23:59:59", "Yesterday");
  assert_name (utc, "2024-03-01T12:00:00", "2024-02-29T12:00:00", "Yesterday");
  assert_name (utc, "2023-03-01T12:00:00", "2023-02-28T12:00:00", "Yesterday");
}

/* The days are those of the place: a day of 23 hours is one, and so is one of 25. */
static void
test_summer_time (void)
{
  g_autoptr (GTimeZone) berlin = g_time_zone_new_identifier ("Europe/Berlin");

  if (!berlin)
    {
      g_test_skip ("there is no time zone Europe/Berlin");
      return;
    }
  assert_name (berlin, "2026-03-29T00:30:00", "2026-03-28T23:30:00", "Yesterday");
  assert_name (berlin, "2026-03-30T00:30:00", "2026-03-29T00:30:00", "Yesterday");
  assert_name (berlin, "2026-10-25T23:30:00", "2026-10-25T00:10:00", "Today");
  assert_name (berlin, "2026-10-26T00:10:00", "2026-10-25T23:30:00", "Yesterday");
}

/* An older time never stands in a newer group, and a heading never comes twice. */
static void
test_order (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_utc (2026, 11, 24, 12, 0, 0);
  guint last = 0;

  for (int days = -3; days < 5000; days++)
    {
      g_autoptr (GDateTime) then = g_date_time_add_days (now, -days);
      guint group = riposte_day_group (now, then);

      g_assert_cmpuint (group, >=, last);
      last = group;
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  setlocale (LC_ALL, "C");
  g_test_add_func ("/day-group/names", test_names);
  g_test_add_func ("/day-group/summer-time", test_summer_time);
  g_test_add_func ("/day-group/order", test_order);
  return g_test_run ();
}
