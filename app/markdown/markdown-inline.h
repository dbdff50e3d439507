/* The inside of a paragraph as Pango markup. */
#pragma once

#include "math/math-find.h"

#include <cmark-gfm.h>
#include <glib.h>

G_BEGIN_DECLS

/* Around a formula's source, which is text in a language of its own. */
#define RIPOSTE_FORMULA_LANGUAGE "x-tex"
#define RIPOSTE_FORMULA_TAG      "<span lang=\"" RIPOSTE_FORMULA_LANGUAGE "\">"
#define RIPOSTE_FORMULA_END_TAG  "</span>"

/* The children of @node, every text in it escaped; only http and https addresses become links. Formulas are within
 * the line, as tags around their sources; with @split, those that want lines of their own are left as they are hidden, outside of all tags. */
char *riposte_markdown_inline_markup (cmark_node *node, GArray *formulas, gboolean split);

G_END_DECLS
