/* What the window of models asks: where a new one is, and whether one may go. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* @url: https, or this machine; @file: the name that it will get */
typedef void (*RiposteAddressFunc) (const char *url, const char *file, gpointer user_data);

void riposte_ask_address (GtkWindow *parent, RiposteAddressFunc chosen, gpointer user_data);

/* Once the file has gone, to the trash where there is one; not called where it stays. @error: nullable */
typedef void (*RiposteDeletedFunc) (const char *name, const GError *error, gpointer user_data);

void riposte_ask_delete (GtkWindow *parent,
                         const char *name,
                         const char *path,
                         RiposteDeletedFunc deleted,
                         gpointer user_data);

G_END_DECLS
