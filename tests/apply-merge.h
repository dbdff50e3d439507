/* What a merge makes of a text. */
#pragma once

#include "merge-code.h"

G_BEGIN_DECLS

/* (transfer full) @text after @merge, as the editor applies it. */
char *apply_merge (const char *text, const RiposteMerge *merge);

G_END_DECLS
