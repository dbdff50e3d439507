/* The inside of a paragraph as Pango markup. */
#pragma once

#include <cmark-gfm.h>
#include <glib.h>

G_BEGIN_DECLS

/* The children of @node, every text in it escaped; only http and https addresses become links. */
char *riposte_markdown_inline_markup (cmark_node *node);

G_END_DECLS
