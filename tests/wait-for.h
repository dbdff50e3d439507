/* Tests wait for a state, and not for a time; one that waits so long has failed. */
#pragma once

#include <glib.h>

#define WAIT_FOR_PATIENCE (60 * G_USEC_PER_SEC)

#define wait_for(condition)                                                                                            \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    gint64 end = g_get_monotonic_time () + WAIT_FOR_PATIENCE;                                                          \
    while (!(condition))                                                                                               \
      {                                                                                                                \
        g_assert_cmpint (g_get_monotonic_time (), <, end);                                                             \
        if (!g_main_context_iteration (NULL, FALSE))                                                                   \
          g_usleep (1000);                                                                                             \
      }                                                                                                                \
  }                                                                                                                    \
  G_STMT_END
