/* The network's switch, and the list of all requests. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define RIPOSTE_TYPE_NETWORK_PAGE (riposte_network_page_get_type ())
G_DECLARE_FINAL_TYPE (RiposteNetworkPage, riposte_network_page, RIPOSTE, NETWORK_PAGE, AdwPreferencesPage)

G_END_DECLS
