#include "store/fold.h"

#include <string.h>

static gboolean
is_mark (gunichar c)
{
  return c >= 0x300 && c <= 0x36f;
}

/* Latin, Greek and Cyrillic, and the letters of the other width: what is kept in an index has to stay the same when
 * Unicode grows, and nothing is added to these blocks any more. */
static gboolean
is_settled (gunichar c)
{
  return c < 0x52a || (c >= 0x1e00 && c <= 0x1fff) || (c >= 0xff01 && c <= 0xff9d);
}

/* A sigma that ends a word is a sigma, to FTS5's index as well. */
static gunichar
lower (gunichar c)
{
  c = g_unichar_tolower (c);
  return c == 0x3c2 ? 0x3c3 : c;
}

gunichar
riposte_fold_char (gunichar c)
{
  gunichar parts[G_UNICHAR_MAX_DECOMPOSITION_LENGTH];
  gsize n = 1;

  if (c < 0x80)
    return (gunichar)g_ascii_tolower ((char)c);
  if (!is_settled (c))
    return c;
  if (is_mark (c))
    return 0;
  n = g_unichar_fully_decompose (c, TRUE, parts, G_N_ELEMENTS (parts));
  for (gsize i = 1; i < n; i++)
    if (!is_mark (parts[i]))
      return lower (c);
  return lower (parts[0]);
}

char *
riposte_fold_text (const char *text)
{
  GString *out = g_string_sized_new (strlen (text));

  for (const char *p = text; *p; p = g_utf8_next_char (p))
    {
      gunichar c = riposte_fold_char (g_utf8_get_char (p));

      if (c)
        g_string_append_unichar (out, c);
    }
  return g_string_free (out, FALSE);
}

static const char *
skip_marks (const char *text)
{
  while (*text && riposte_fold_char (g_utf8_get_char (text)) == 0)
    text = g_utf8_next_char (text);
  return text;
}

/* One past where @word ends, if it begins at @text. */
static const char *
match_at (const char *text, const char *word)
{
  for (word = skip_marks (word); *word; word = skip_marks (g_utf8_next_char (word)))
    {
      if (!*text || riposte_fold_char (g_utf8_get_char (text)) != riposte_fold_char (g_utf8_get_char (word)))
        return NULL;
      text = skip_marks (g_utf8_next_char (text));
    }
  return text;
}

gboolean
riposte_fold_find (const char *text, const char *word, gsize from, gsize *start, gsize *end)
{
  for (const char *p = skip_marks (text + from); *p; p = skip_marks (g_utf8_next_char (p)))
    {
      const char *past = match_at (p, word);

      if (!past)
        continue;
      *start = (gsize)(p - text);
      *end = (gsize)(past - text);
      return past > p;
    }
  return FALSE;
}

/* ---- in SQL ---- */

/* The spaces at the end make the last letters begin a trigram, too. */
static void
fold (sqlite3_context *context, int n, sqlite3_value **values)
{
  const char *text = (const char *)sqlite3_value_text (values[0]);
  g_autofree char *valid = text ? g_utf8_make_valid (text, -1) : NULL;
  g_autofree char *folded = valid ? riposte_fold_text (valid) : NULL;

  if (folded)
    sqlite3_result_text (context, g_strconcat (folded, "  ", NULL), -1, g_free);
  else
    sqlite3_result_null (context);
}

static void
has (sqlite3_context *context, int n, sqlite3_value **values)
{
  const char *text = (const char *)sqlite3_value_text (values[0]);
  const char *word = (const char *)sqlite3_value_text (values[1]);
  gsize start, end;

  sqlite3_result_int (context, text && word && g_utf8_validate (text, -1, NULL)
                                 && riposte_fold_find (text, word, 0, &start, &end));
}

int
riposte_fold_register (sqlite3 *db)
{
  const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  int code = sqlite3_create_function (db, "riposte_fold", 1, flags, NULL, fold, NULL, NULL);

  return code != SQLITE_OK ? code : sqlite3_create_function (db, "riposte_has", 2, flags, NULL, has, NULL, NULL);
}
