/* Which encoding a text is in. */
#pragma once

#include <gtksourceview/gtksource.h>

G_BEGIN_DECLS

/* What there is to try. Made in the main thread, used in any. */
typedef struct _RiposteEncodings RiposteEncodings;

RiposteEncodings *riposte_encodings_new (void);
void riposte_encodings_free (RiposteEncodings *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RiposteEncodings, riposte_encodings_free)
/* That all of it can be read in; NULL where it is no text. */
const GtkSourceEncoding *riposte_encodings_find (RiposteEncodings *self, const char *bytes, gsize length);
/* All of it as UTF-8, with a byte order mark as a character; NULL where that cannot be. */
char *riposte_encoding_to_utf8 (const char *bytes, gsize length, const GtkSourceEncoding *encoding);
/* All of it as UTF-8, without a byte order mark; NULL where it is no text. */
char *riposte_encodings_decode (RiposteEncodings *self, const char *bytes, gsize length);

G_END_DECLS
