/* The preferences: what is general, the services that may stand in, and the network. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define RIPOSTE_TYPE_PREFERENCES_WINDOW (riposte_preferences_window_get_type ())
G_DECLARE_FINAL_TYPE (RipostePreferencesWindow,
                      riposte_preferences_window,
                      RIPOSTE,
                      PREFERENCES_WINDOW,
                      AdwPreferencesWindow)

RipostePreferencesWindow *riposte_preferences_window_new (GtkWindow *parent);

G_END_DECLS
