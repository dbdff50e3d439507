/* Where LM Studio keeps models: below each home that it may have, or where its settings say. Reads files. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The folders that may be there, of the user whose home is @home; none twice. */
GStrv riposte_lm_studio_folders (const char *home);

G_END_DECLS
