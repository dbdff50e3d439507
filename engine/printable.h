/* What a message may quote of a file, which is an attacker. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* At most @max bytes of @text (@length of them, or up to its NUL with -1) as one line of valid UTF-8: what is no text, and
 * control characters, are replaced. Free it. */
char *rp_printable (const char *text, gssize length, gsize max);

G_END_DECLS
