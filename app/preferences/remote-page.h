/* The services elsewhere: when one may answer, which, and its key. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define RIPOSTE_TYPE_REMOTE_PAGE (riposte_remote_page_get_type ())
G_DECLARE_FINAL_TYPE (RiposteRemotePage, riposte_remote_page, RIPOSTE, REMOTE_PAGE, AdwPreferencesPage)

G_END_DECLS
