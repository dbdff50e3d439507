/* What is too large for one widget in several, or in another. */
#pragma once

#include "markdown/markdown.h"

G_BEGIN_DECLS

/* Markup of a paragraph in pieces of a few thousand characters, each with its own tags; NULL: it is not that long. */
GPtrArray *riposte_markup_split (const char *markup);

/* Whether it has more parts than a window can show at once. */
gboolean riposte_block_is_large (const RiposteBlock *block);

/**
 * riposte_block_split:
 * @source: (nullable): of a large block, the text that it was read from
 *
 * Long paragraphs become several, and so do long lists; what is larger still, as a table of a thousand cells, becomes
 * code that shows @source, which a text view draws only as far as it is seen.
 *
 * Returns: (transfer full) (element-type RiposteBlock): in place of @block, which it takes
 */
GPtrArray *riposte_block_split (RiposteBlock *block, const char *source);

G_END_DECLS
