/* Asks before something leaves this machine. */
#pragma once

#include <gtk/gtk.h>

#include "generate/remote-generator.h"

G_BEGIN_DECLS

/* A RiposteConsentFunc; @application is the GtkApplication, in whose active window it is asked. */
void riposte_remote_consent_ask (const RiposteDeparture *departure,
                                 GCancellable *cancellable,
                                 RiposteConsentAnswer answer,
                                 gpointer data,
                                 gpointer application);

G_END_DECLS
