/* Under which heading a conversation stands in the list. Pure functions. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * riposte_day_group:
 * @now, @then: times in the same time zone, of which the days count as they are there
 *
 * The first of these that @then is in: today (or in the future, as a clock that was set back has it), yesterday, one of
 * the six days before today, one of the thirty before today, a month.
 *
 * Returns: a number that is the same for all of a group and greater for an older one
 */
guint riposte_day_group (GDateTime *now, GDateTime *then);
/* "Yesterday", "March 2026" (“März 2026”), for one that riposte_day_group() gave. */
char *riposte_day_group_dup_name (guint group);

G_END_DECLS
