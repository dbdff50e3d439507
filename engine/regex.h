/* The regular expressions that pre-tokenizers are published as, matched in linear time: an expression becomes a
 * deterministic automaton over classes of characters, so that no text makes it go back. Which match is found is what a
 * backtracking matcher finds: the leftmost, and of those the one of the first alternative, greedy.
 *
 * Understood: literals, [classes] with ranges, ^ and && [^…], \p{L}, \s, \S, \d, \r, \n, \t, \x{…}, (?:…), (?i:…), |,
 * ?, *, +, {m}, {m,n}, a look-ahead (?!x) for one character, and $ for the end of the text. Immutable once made: any
 * thread may use it.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _RpRegex RpRegex;

/* RP_ERROR_UNSUPPORTED, with the place, for what is not understood. */
RpRegex *rp_regex_new (const char *pattern, GError **error);
void rp_regex_free (RpRegex *self);

/* The first match that is not empty in @text from @start to @end, which are offsets, as is what is put in @from and
 * @to. The text may be any bytes: those that are no UTF-8 match as U+FFFD. */
gboolean rp_regex_match (const RpRegex *self, const char *text, gsize start, gsize end, gsize *from, gsize *to);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RpRegex, rp_regex_free)

G_END_DECLS
