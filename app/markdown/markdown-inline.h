/* The inside of a paragraph as Pango markup. */
#pragma once

#include "math/math-find.h"

#include <cmark-gfm.h>
#include <glib.h>

G_BEGIN_DECLS

/* The children of @node, every text in it escaped; only http and https addresses become links. Formulas are set within
 * the line; with @split, those that want lines of their own are left as they are hidden, outside of all tags. */
char *riposte_markdown_inline_markup (cmark_node *node, GArray *formulas, gboolean split);

G_END_DECLS
