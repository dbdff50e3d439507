/* The key of a service: text that is in memory for as long as it is needed, and overwritten after. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _RiposteRemoteKey RiposteRemoteKey;

/* From the first call on, this process leaves no core dump, and no other of the same user can look into it. @text is
 * overwritten, whatever comes of it. RIPOSTE_REMOTE_ERROR_KEY where it is none: empty, too long, or of anything but
 * visible ASCII, which no header could hold. */
RiposteRemoteKey *riposte_remote_key_new (char *text, GError **error);
RiposteRemoteKey *riposte_remote_key_ref (RiposteRemoteKey *key);
void riposte_remote_key_unref (RiposteRemoteKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RiposteRemoteKey, riposte_remote_key_unref)

const char *riposte_remote_key_get_text (RiposteRemoteKey *key);

/* Takes the key out of an environment variable, which is overwritten and gone after; NULL without an error where there
 * is none. Before any thread is. */
RiposteRemoteKey *riposte_remote_key_take_from_environment (const char *name, GError **error);

G_END_DECLS
