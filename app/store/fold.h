/* Letters as a search sees them: of either case, with or without accents, of full or half width. */
#pragma once

#include <glib.h>
#include <sqlite3.h>

G_BEGIN_DECLS

/* 0 for a mark that stands over the letter before it. */
gunichar riposte_fold_char (gunichar c);
char *riposte_fold_text (const char *text);
/* Whether @word, which is not empty, stands in @text from @from on; *start and *end are offsets in bytes. */
gboolean riposte_fold_find (const char *text, const char *word, gsize from, gsize *start, gsize *end);

/* Gives SQL the functions riposte_fold (text), as which an index of trigrams has it, and riposte_has (text, word). Returns
 * a code of SQLite. */
int riposte_fold_register (sqlite3 *db);

G_END_DECLS
