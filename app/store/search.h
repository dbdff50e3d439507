/* What was written, found again. */
#pragma once

#include "store/store.h"

G_BEGIN_DECLS

/* One message with all the words, or a title with them. */
typedef struct
{
  char *conversation;
  char *title;   /* (nullable) of the conversation */
  char *message; /* (nullable) its id; NULL where the title was found */
  int role;
  char *excerpt;  /* plain text in one line, around the first word */
  gint64 created; /* of the message, or when the conversation was last changed */
} RiposteHit;

void riposte_hit_free (RiposteHit *hit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RiposteHit, riposte_hit_free)

/* What is looked for: words at white space; what stands between quotation marks is one. Never NULL. */
char **riposte_search_split (const char *query);
/* Whether @word stands in @text from @from on, whatever the case and accents; *start and *end are offsets in bytes. */
gboolean riposte_search_find (const char *text, const char *word, gsize from, gsize *start, gsize *end);

/* Of RiposteHit, at most @limit: first the titles, then messages with all the words, both from the newest conversation
 * to the oldest. In the store's thread. */
GPtrArray *riposte_database_search (RiposteDatabase *self, const char *query, guint limit, GError **error);

/* For the result, riposte_store_read_finish(). */
void riposte_store_search_async (RiposteStore *self,
                                 const char *query,
                                 guint limit,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);

G_END_DECLS
