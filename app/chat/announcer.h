/* What a screen reader says without being asked, once it has said what it was saying. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define RIPOSTE_TYPE_ANNOUNCER (riposte_announcer_get_type ())
G_DECLARE_FINAL_TYPE (RiposteAnnouncer, riposte_announcer, RIPOSTE, ANNOUNCER, AdwBin)

/* Of no size in the window. */
GtkWidget *riposte_announcer_new (void);
void riposte_announcer_say (RiposteAnnouncer *self, const char *text);

G_END_DECLS
