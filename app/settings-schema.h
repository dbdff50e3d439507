/* Where settings are kept, for the programs that have no window as well. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* One for the whole process, owned by nobody; NULL without an installed schema, as in a build that was not installed,
 * where g_settings_new() would end the process. Main thread. */
GSettings *riposte_settings_get (void);

G_END_DECLS
