/* The tokens that are looked for in a text before anything else: a trie of their bytes. Private to the tokenizer. */
#pragma once

#include "riposte-engine.h"

G_BEGIN_DECLS

typedef struct _RpSpecials RpSpecials;

RpSpecials *rp_specials_new (void);
void rp_specials_free (RpSpecials *self);
/* FALSE where another token has this text, or it is empty or too long. */
gboolean rp_specials_add (RpSpecials *self, const char *text, gsize length, RpToken token);
/* The longest token that @text begins with; -1: none. @matched (nullable) is its length. */
RpToken rp_specials_match (const RpSpecials *self, const char *text, gsize length, gsize *matched);
/* Does a token begin with all of @text, or @text with a token? */
gboolean rp_specials_may_begin (const RpSpecials *self, const char *text, gsize length);
/* The token that is exactly this; -1: none. */
RpToken rp_specials_find (const RpSpecials *self, const char *text, gsize length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RpSpecials, rp_specials_free)

G_END_DECLS
