#include "store/search.h"

#include "plain-text.h"
#include "store/database-private.h"
#include "store/fold.h"

#include <string.h>

#define MAX_WORDS 16
/* The index holds the trigrams of texts. */
#define INDEXED   3
/* Characters of an excerpt, and of them before the word. */
#define EXCERPT   120
#define BEFORE    32

void
riposte_hit_free (RiposteHit *hit)
{
  g_free (hit->conversation);
  g_free (hit->title);
  g_free (hit->message);
  g_free (hit->excerpt);
  g_free (hit);
}

/* ---- words ---- */

char **
riposte_search_split (const char *query)
{
  GStrvBuilder *words = g_strv_builder_new ();
  char **split;
  guint n = 0;

  for (const char *p = query; *p && n < MAX_WORDS;)
    {
      gboolean quoted = *p == '"';
      gsize length = quoted ? strcspn (p + 1, "\"") : strcspn (p, " \t\n\"");

      p += quoted;
      if (length)
        {
          g_autofree char *word = g_strndup (p, length);
          g_strv_builder_add (words, word);
          n++;
        }
      p += length;
      p += *p && (quoted || *p != '"');
    }
  split = g_strv_builder_end (words);
  g_strv_builder_unref (words);
  return split;
}

gboolean
riposte_search_find (const char *text, const char *word, gsize from, gsize *start, gsize *end)
{
  return riposte_fold_find (text, word, from, start, end);
}

/* ---- excerpts ---- */

static char *
make_excerpt (const char *text, const char *word)
{
  gsize start = 0, end = 0;
  const char *first, *last;
  g_autofree char *cut = NULL, *plain = NULL;
  GString *out = g_string_new (NULL);
  gboolean space = TRUE;

  riposte_search_find (text, word, 0, &start, &end);
  first = text + start;
  for (int i = 0; i < BEFORE && first > text; i++)
    first = g_utf8_prev_char (first);
  last = first;
  for (int i = 0; i < EXCERPT && *last; i++)
    last = g_utf8_next_char (last);
  cut = g_strndup (first, (gsize)(last - first));
  plain = riposte_plain_text (cut, -1);
  if (first > text)
    g_string_append (out, "…");
  for (const char *p = plain; *p; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (!g_unichar_isspace (c))
        g_string_append_unichar (out, c);
      else if (!space)
        g_string_append_c (out, ' ');
      space = g_unichar_isspace (c);
    }
  if (*last)
    g_string_append (out, "…");
  return g_string_free (out, FALSE);
}

/* ---- the database ---- */

/* Of a word that is shorter than a trigram: the texts with trigrams that begin with it. A single letter of ASCII is in
 * nearly every text, and sooner found there. */
static void
append_short (GString *sql, GPtrArray *values, const char *folded, const char *index, const char *column)
{
  if (!folded[1])
    g_string_append_printf (sql, " AND riposte_has (%s, ?)", column);
  else
    {
      g_string_append_printf (sql, " AND %s.rowid IN (SELECT doc FROM temp.%s_terms WHERE term >= ? AND term < ?)",
                              index, index);
      g_ptr_array_add (values, g_strdup (folded));
    }
  g_ptr_array_add (values, folded[1] ? g_strconcat (folded, "\xf4\x8f\xbf\xbf", NULL) : g_strdup (folded));
}

/* A string of FTS5, where a doubled quotation mark is one: those of full width are folded to it. */
static void
append_match (GString *match, const char *folded)
{
  g_auto (GStrv) parts = g_strsplit (folded, "\"", -1);
  g_autofree char *doubled = g_strjoinv ("\"\"", parts);

  g_string_append_printf (match, "%s\"%s\"", match->len ? " AND " : "", doubled);
}

/* Appends " AND …" for all of @words: one expression of FTS5 for those that the index has. */
static void
append_conditions (GString *sql, GPtrArray *values, const char *const *words, const char *index, const char *column)
{
  GString *match = g_string_new (NULL);

  for (; *words; words++)
    {
      g_autofree char *folded = riposte_fold_text (*words);

      if (g_utf8_strlen (folded, -1) >= INDEXED)
        append_match (match, folded);
      else if (*folded)
        append_short (sql, values, folded, index, column);
      else
        g_string_append (sql, " AND 0");
    }
  if (match->len)
    {
      g_string_append_printf (sql, " AND %s MATCH ?", index);
      g_ptr_array_add (values, g_string_free (match, FALSE));
    }
  else
    g_string_free (match, TRUE);
}

static gpointer
read_hit (sqlite3_stmt *row)
{
  RiposteHit *hit = g_new0 (RiposteHit, 1);

  hit->conversation = riposte_dup_column (row, 0);
  hit->title = riposte_dup_column (row, 1);
  hit->message = riposte_dup_column (row, 2);
  hit->role = sqlite3_column_int (row, 3);
  hit->excerpt = riposte_dup_column (row, 4); /* the text, for now */
  hit->created = sqlite3_column_int64 (row, 5);
  return hit;
}

static GPtrArray *
find (RiposteDatabase *self,
      const char *select,
      const char *const *words,
      const char *index,
      const char *column,
      const char *order,
      guint limit,
      GError **error)
{
  g_autoptr (GPtrArray) values = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GString) sql = g_string_new (select);
  GPtrArray *hits;

  append_conditions (sql, values, words, index, column);
  g_string_append_printf (sql, " ORDER BY %s LIMIT %u", order, limit);
  hits = riposte_database_query (self, sql->str, (const char *const *)values->pdata, (int)values->len, read_hit,
                                 (GDestroyNotify)riposte_hit_free, error);
  for (guint i = 0; hits && i < hits->len; i++)
    {
      RiposteHit *hit = hits->pdata[i];
      g_autofree char *text = hit->excerpt;

      hit->excerpt = make_excerpt (text ? text : "", words[0]);
    }
  return hits;
}

GPtrArray *
riposte_database_search (RiposteDatabase *self, const char *query, guint limit, GError **error)
{
  static const char terms[]
    = "CREATE VIRTUAL TABLE IF NOT EXISTS temp.message_text_terms USING fts5vocab (main, message_text, instance);"
      "CREATE VIRTUAL TABLE IF NOT EXISTS temp.conversation_title_terms"
      "  USING fts5vocab (main, conversation_title, instance)";
  g_auto (GStrv) words = riposte_search_split (query);
  g_autoptr (GPtrArray) hits = NULL;
  g_autoptr (GPtrArray) messages = NULL;

  if (!words[0])
    return g_ptr_array_new_with_free_func ((GDestroyNotify)riposte_hit_free);
  if (!riposte_database_execute (self, terms, error))
    return NULL;
  hits = find (self,
               "SELECT chat.id, chat.title, NULL, 0, chat.title, chat.updated FROM conversation AS chat"
               " JOIN conversation_title ON conversation_title.rowid = chat.number"
               " WHERE chat.deleted IS NULL AND EXISTS"
               " (SELECT 1 FROM message WHERE conversation = chat.id AND message.deleted IS NULL)",
               (const char *const *)words, "conversation_title", "chat.title", "chat.updated DESC, chat.number DESC",
               limit, error);
  if (!hits || hits->len >= limit)
    return g_steal_pointer (&hits);
  messages = find (self,
                   "SELECT chat.id, chat.title, message.id, message.role, message.text, message.created"
                   " FROM message JOIN message_text ON message_text.rowid = message.number"
                   " JOIN conversation AS chat ON chat.id = message.conversation"
                   " WHERE chat.deleted IS NULL AND message.deleted IS NULL",
                   (const char *const *)words, "message_text", "message.text",
                   "chat.updated DESC, chat.number DESC, message.number", limit - hits->len, error);
  if (!messages)
    return NULL;
  g_ptr_array_extend_and_steal (hits, g_steal_pointer (&messages));
  return g_steal_pointer (&hits);
}

/* ---- as a job of the store ---- */

typedef struct
{
  char *query;
  guint limit;
} Search;

static void
search_free (gpointer data)
{
  Search *search = data;

  g_free (search->query);
  g_free (search);
}

static gpointer
read_search (RiposteDatabase *db, gpointer data, GError **error)
{
  const Search *search = data;

  return riposte_database_search (db, search->query, search->limit, error);
}

void
riposte_store_search_async (RiposteStore *self,
                            const char *query,
                            guint limit,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  Search *search = g_new (Search, 1);

  search->query = g_strdup (query);
  search->limit = limit;
  riposte_store_read_async (self, read_search, search, search_free, (GDestroyNotify)g_ptr_array_unref, cancellable,
                            callback, user_data);
}
