/* Server-sent events (WHATWG HTML, section 9.2), from bytes in any pieces. Untrusted. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _RiposteSse RiposteSse;

/* The data of an event, UTF-8; FALSE with an error ends the parsing. */
typedef gboolean (*RiposteSseFunc) (const char *data, gsize length, gpointer user_data, GError **error);

RiposteSse *riposte_sse_new (RiposteSseFunc func, gpointer user_data);
void riposte_sse_free (RiposteSse *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RiposteSse, riposte_sse_free)

/* RIPOSTE_REMOTE_ERROR_PROTOCOL where an event is larger than any is, or @func's own error. Not to be called again
 * after a failure. */
gboolean riposte_sse_feed (RiposteSse *self, const char *bytes, gsize length, GError **error);
/* No more comes. The last event counts as well where its last line has no end, or where the empty line after it is
 * missing, which the standard would have; services forget it. Whether it is whole, @func has to tell. */
gboolean riposte_sse_finish (RiposteSse *self, GError **error);

G_END_DECLS
