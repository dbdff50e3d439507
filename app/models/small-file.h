/* Files of other programs that say where something is. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The text of a regular file of at most @max_bytes; NULL of any other, which could be endless, or keep one waiting.
 * *length (nullable) is without the zero that follows. */
char *riposte_small_file_read (const char *path, gsize max_bytes, gsize *length);

G_END_DECLS
