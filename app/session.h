/* What the window comes back to after the next start: the editor's pages with what is not saved of them, and what was
 * being written to whom. Main thread; the disk is touched in others. */
#pragma once

#include "chat/chat-pane.h"
#include "editor/riposte-editor.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_SESSION (riposte_session_get_type ())
G_DECLARE_FINAL_TYPE (RiposteSession, riposte_session, RIPOSTE, SESSION, GObject)

/* Reads @path, brings back what it has, and from then on writes what changes, within a second. A file that cannot be
 * understood is the same as none. */
RiposteSession *riposte_session_new (const char *path, RiposteEditor *editor, RiposteChatPane *chat);
/* Before the window goes: as it is now, once that is written. */
void riposte_session_close (RiposteSession *self);

G_END_DECLS
