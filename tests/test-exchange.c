/* Conversations out of a database and into it, and what is found in it. */
#include "store/exchange.h"
#include "store/search.h"
#include "store/chat-file.h"

#include "chat/message.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static char *folder;

static RiposteDatabase *
open_new (void)
{
  static int n;
  g_autofree char *path = g_strdup_printf ("%s/%d/conversations.db", folder, n++);
  GError *error = NULL;
  RiposteDatabase *db = riposte_database_open (path, &error);

  g_assert_no_error (error);
  return db;
}

static void
put (RiposteDatabase *db, const char *chat, const char *id, const char *parent, int role, const char *text)
{
  const RiposteRecord record = { .id = (char *)id,
                                 .conversation = (char *)chat,
                                 .parent = (char *)parent,
                                 .role = role,
                                 .state = RIPOSTE_RECORD_ENDED,
                                 .text = (char *)text,
                                 .created = 1700000000 };
  GError *error = NULL;

  riposte_database_put (db, &record, &error);
  g_assert_no_error (error);
}

static void
set (RiposteDatabase *db, const char *chat, RiposteChatField field, const char *value)
{
  GError *error = NULL;

  riposte_database_set (db, chat, field, value, &error);
  g_assert_no_error (error);
}

/* Two answers to one question, and another chat. */
static void
fill (RiposteDatabase *db)
{
  put (db, "one", "q", NULL, RIPOSTE_ROLE_USER, "How do I reverse a string in Python?");
  put (db, "one", "a", "q", RIPOSTE_ROLE_ASSISTANT, "By slicing: s[::-1]");
  put (db, "one", "b", "q", RIPOSTE_ROLE_ASSISTANT, "With reversed().");
  put (db, "two", "r", NULL, RIPOSTE_ROLE_USER, "Was ist ein Zeiger? 文字列を逆にする");
  set (db, "one", RIPOSTE_CHAT_NAME, "Strings");
  set (db, "one", RIPOSTE_CHAT_PINNED, "1");
  set (db, "one", RIPOSTE_CHAT_HEAD, "a");
}

static char *
to_json (RiposteDatabase *db, const char *chat)
{
  g_autoptr (GPtrArray) chats = NULL;
  GError *error = NULL;

  chats = riposte_database_export (db, chat, &error);
  g_assert_no_error (error);
  return riposte_archive_to_json (chats);
}

static RiposteImported *
from_json (RiposteDatabase *db, const char *json)
{
  g_autoptr (GPtrArray) chats = NULL;
  RiposteImported *imported;
  GError *error = NULL;

  chats = riposte_archive_from_json (json, strlen (json), &error);
  g_assert_no_error (error);
  imported = riposte_database_import (db, chats, &error);
  g_assert_no_error (error);
  return imported;
}

static void
assert_imported (RiposteDatabase *db, const char *json, guint n_added, guint n_extended, guint n_known)
{
  g_autoptr (RiposteImported) imported = from_json (db, json);

  g_assert_cmpuint (imported->n_added, ==, n_added);
  g_assert_cmpuint (imported->n_extended, ==, n_extended);
  g_assert_cmpuint (imported->n_known, ==, n_known);
}

static guint
count_chats (RiposteDatabase *db)
{
  g_autoptr (GPtrArray) chats = riposte_database_list_chats (db, NULL);

  return chats->len;
}

static void
test_round_trip (void)
{
  g_autoptr (RiposteDatabase) from = open_new ();
  g_autoptr (RiposteDatabase) to = open_new ();
  g_autofree char *json = NULL, *again = NULL, *one = NULL;

  fill (from);
  json = to_json (from, NULL);
  assert_imported (to, json, 2, 0, 0);
  again = to_json (to, NULL);
  g_assert_cmpstr (again, ==, json);
  one = to_json (from, "one");
  g_assert_nonnull (strstr (one, "slicing"));
  g_assert_null (strstr (one, "Zeiger"));
}

static void
test_twice (void)
{
  g_autoptr (RiposteDatabase) db = open_new ();
  g_autofree char *json = NULL, *after = NULL;

  fill (db);
  json = to_json (db, NULL);
  assert_imported (db, json, 0, 0, 2);
  after = to_json (db, NULL);
  g_assert_cmpstr (after, ==, json);

  /* what happened since stays */
  put (db, "one", "s", "a", RIPOSTE_ROLE_USER, "And then?");
  set (db, "one", RIPOSTE_CHAT_NAME, "Renamed");
  set (db, "one", RIPOSTE_CHAT_PINNED, "0");
  g_free (after);
  after = to_json (db, NULL);
  assert_imported (db, json, 0, 0, 2);
  g_free (json);
  json = to_json (db, NULL);
  g_assert_cmpstr (json, ==, after);
}

static void
test_extends (void)
{
  g_autoptr (RiposteDatabase) db = open_new ();
  g_autoptr (RiposteDatabase) elsewhere = open_new ();
  g_autofree char *json = NULL, *longer = NULL;
  g_autoptr (GPtrArray) messages = NULL;

  fill (db);
  json = to_json (db, NULL);
  assert_imported (elsewhere, json, 2, 0, 0);
  put (elsewhere, "one", "s", "b", RIPOSTE_ROLE_USER, "And in C?");
  longer = to_json (elsewhere, "one");
  assert_imported (db, longer, 0, 1, 0);
  messages = riposte_database_list (db, "one", NULL);
  g_assert_cmpuint (messages->len, ==, 4);
  g_assert_cmpuint (count_chats (db), ==, 2);
}

/* An id that says something else here belongs to another conversation: that comes beside it. */
static void
test_other (void)
{
  g_autoptr (RiposteDatabase) db = open_new ();
  g_autoptr (RiposteDatabase) elsewhere = open_new ();
  g_autofree char *json = NULL, *before = NULL, *after = NULL;

  fill (db);
  put (elsewhere, "one", "q", NULL, RIPOSTE_ROLE_USER, "Something else");
  put (elsewhere, "one", "a", "q", RIPOSTE_ROLE_ASSISTANT, "By slicing: s[::-1]");
  json = to_json (elsewhere, NULL);
  before = to_json (db, "one");
  assert_imported (db, json, 1, 0, 0);
  g_assert_cmpuint (count_chats (db), ==, 3);
  after = to_json (db, "one");
  g_assert_cmpstr (after, ==, before);
  assert_imported (db, json, 0, 0, 1); /* as with any file */
  g_assert_cmpuint (count_chats (db), ==, 3);
}

static void
test_stolen_conversation (void)
{
  g_autoptr (RiposteDatabase) db = open_new ();
  g_autofree char *before = NULL, *after = NULL;
  const char *json = "{\"format\":\"riposte-conversations\",\"version\":1,\"conversations\":[{\"id\":\"one\",\"title\":"
                     "\"Mine\",\"messages\":[{\"id\":\"new\",\"role\":\"user\",\"text\":\"?\"}]}]}";

  fill (db);
  before = to_json (db, "one");
  assert_imported (db, json, 1, 0, 0);
  after = to_json (db, "one");
  g_assert_cmpstr (after, ==, before);
  assert_imported (db, json, 0, 0, 1);
  g_assert_cmpuint (count_chats (db), ==, 3);
}

static void
test_brings_back (void)
{
  g_autoptr (RiposteDatabase) db = open_new ();
  g_autofree char *json = NULL, *after = NULL;

  fill (db);
  json = to_json (db, NULL);
  set (db, "one", RIPOSTE_CHAT_DELETED, "1");
  riposte_database_delete_message (db, "r", TRUE, NULL);
  g_assert_cmpuint (count_chats (db), ==, 0);
  assert_imported (db, json, 0, 0, 2);
  after = to_json (db, NULL);
  g_assert_cmpstr (after, ==, json);
  riposte_database_purge (db, "one", NULL);
  assert_imported (db, json, 1, 0, 1);
}

static void
test_cut_off_version (void)
{
  g_autoptr (RiposteDatabase) db = open_new ();
  const char *json
    = "{\"format\":\"riposte-conversations\",\"version\":1,\"conversations\":[{\"id\":\"one\","
      "\"messages\":[{\"id\":\"q\",\"role\":\"user\",\"text\":\"How do I reverse a string in Python?\"},"
      "{\"id\":\"a\",\"parent\":\"q\",\"role\":\"assistant\",\"state\":\"cut-off\",\"text\":\"By sli\"}]}]}";

  fill (db);
  assert_imported (db, json, 0, 0, 1);
}

static void
test_future (void)
{
  g_autoptr (RiposteDatabase) db = open_new ();
  g_autoptr (GPtrArray) chats = NULL;
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  const char *json = "{\"format\":\"riposte-conversations\",\"version\":1,\"conversations\":[{\"id\":\"x\",\"updated\":"
                     "\"9999-01-01T00:00:00Z\",\"messages\":[{\"id\":\"y\",\"role\":\"user\",\"text\":\"?\"}]},"
                     "{\"id\":\"empty\",\"messages\":[]}]}";

  assert_imported (db, json, 1, 0, 0);
  chats = riposte_database_list_chats (db, NULL);
  g_assert_cmpuint (chats->len, ==, 1);
  g_assert_cmpint (((RiposteChatRecord *)chats->pdata[0])->updated, <=, now + 5);
}

/* A disk that fills up in the middle of a file leaves nothing of it. */
static void
test_all_or_nothing (void)
{
  g_autoptr (RiposteDatabase) db = open_new ();
  g_autoptr (GPtrArray) chats = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *before = NULL, *after = NULL;
  RiposteArchivedChat *last;
  const char *json = "{\"format\":\"riposte-conversations\",\"version\":1,\"conversations\":["
                     "{\"id\":\"x\",\"messages\":[{\"id\":\"y\",\"role\":\"user\",\"text\":\"?\"}]},"
                     "{\"id\":\"z\",\"messages\":[{\"id\":\"w\",\"role\":\"user\",\"text\":\"?\"}]}]}";

  fill (db);
  before = to_json (db, NULL);
  chats = riposte_archive_from_json (json, strlen (json), NULL);
  last = chats->pdata[1];
  ((RiposteRecord *)last->messages->pdata[0])->parent = g_strdup ("nowhere"); /* the database refuses it */
  g_assert_null (riposte_database_import (db, chats, &error));
  g_assert_error (error, RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_REFUSED);
  after = to_json (db, NULL);
  g_assert_cmpstr (after, ==, before);
}

/* ---- files ---- */

static void
on_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **)user_data = g_object_ref (result);
}

static GAsyncResult *
wait_for (GAsyncResult **result)
{
  while (!*result)
    g_main_context_iteration (NULL, TRUE);
  return *result;
}

static RiposteStore *
store_new (void)
{
  static int n;
  g_autofree char *path = g_strdup_printf ("%s/store-%d.db", folder, n++);

  return riposte_store_new (path);
}

static RiposteImported *
import_file (RiposteStore *store, const char *path, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GAsyncResult) result = NULL;

  riposte_transfer_import_async (store, file, on_result, &result);
  return riposte_transfer_import_finish (wait_for (&result), error);
}

static gboolean
export_file (RiposteStore *store, const char *chat, RiposteFileFormat format, const char *path, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GAsyncResult) result = NULL;

  riposte_transfer_export_async (store, chat, format, file, on_result, &result);
  return riposte_transfer_export_finish (wait_for (&result), error);
}

static void
test_files (void)
{
  g_autoptr (RiposteDatabase) from = open_new ();
  g_autoptr (RiposteStore) store = store_new ();
  g_autofree char *json = NULL, *path = g_build_filename (folder, "chats.json", NULL);
  g_autofree char *copy = g_build_filename (folder, "copy.json", NULL), *copied = NULL;
  g_autofree char *markdown = g_build_filename (folder, "chat.md", NULL), *text = NULL;
  g_autoptr (RiposteImported) imported = NULL, again = NULL;
  g_autoptr (GError) error = NULL;

  fill (from);
  json = to_json (from, NULL);
  g_file_set_contents (path, json, -1, &error);
  imported = import_file (store, path, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (imported->n_added, ==, 2);
  g_assert_cmpstr (imported->ids[0], ==, "two");
  again = import_file (store, path, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (again->n_known, ==, 2);
  g_assert_true (export_file (store, NULL, RIPOSTE_FILE_JSON, copy, &error));
  g_file_get_contents (copy, &copied, NULL, &error);
  g_assert_cmpstr (copied, ==, json);
  g_assert_true (export_file (store, "one", RIPOSTE_FILE_MARKDOWN, markdown, &error));
  g_file_get_contents (markdown, &text, NULL, &error);
  g_assert_true (g_str_has_prefix (text, "# Strings\n"));
  riposte_store_close (store);
}

/* What is wrong is told, and what there was stays. */
static void
test_bad_files (void)
{
  g_autoptr (RiposteStore) store = store_new ();
  g_autofree char *missing = g_build_filename (folder, "missing.json", NULL);
  g_autofree char *empty = g_build_filename (folder, "empty.json", NULL);
  g_autofree char *nowhere = g_build_filename (folder, "no", "such", "folder.json", NULL);
  const char *const paths[] = { missing, empty, folder, "/dev/zero" };

  g_file_set_contents (empty, "", 0, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (import_file (store, paths[i], &error));
      g_assert_nonnull (error);
      g_test_message ("file %u: %s", (guint)i, error->message);
    }
  g_assert_false (export_file (store, NULL, RIPOSTE_FILE_JSON, nowhere, NULL));
  riposte_store_close (store);
}

/* What a limit on files' sizes does is what a full disk does. */
static void
limit_files (gboolean limited)
{
  struct rlimit limit;

  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  limit.rlim_cur = limited ? 65536 : limit.rlim_max;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
}

static guint
count_files (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  while (dir && g_dir_read_name (dir))
    n++;
  return n;
}

/* The file of before stays as it was, and nothing half written stays beside it. */
static void
test_full_disk (void)
{
  g_autoptr (RiposteDatabase) from = open_new ();
  g_autoptr (RiposteStore) store = store_new ();
  g_autofree char *in = g_build_filename (folder, "long.json", NULL), *out = g_build_filename (folder, "out", NULL);
  g_autofree char *old = g_build_filename (out, "old.json", NULL), *new = g_build_filename (out, "new.json", NULL);
  g_autofree char *link = g_build_filename (out, "link.json", NULL), *json = NULL;
  g_autofree char *long_text = g_strnfill (500000, 'x');
  const char *const paths[] = { old, new, link };

  signal (SIGXFSZ, SIG_IGN);
  put (from, "c", "q", NULL, RIPOSTE_ROLE_USER, long_text);
  json = to_json (from, NULL);
  g_file_set_contents (in, json, -1, NULL);
  riposte_imported_free (import_file (store, in, NULL));
  g_mkdir (out, 0700);
  g_file_set_contents (old, "what was there", -1, NULL);
  g_assert_cmpint (symlink ("old.json", link), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autofree char *kept = NULL;
      g_autoptr (GError) error = NULL;

      limit_files (TRUE);
      g_assert_false (export_file (store, NULL, RIPOSTE_FILE_JSON, paths[i], &error));
      limit_files (FALSE);
      g_test_message ("%s", error->message);
      g_file_get_contents (old, &kept, NULL, NULL);
      g_assert_cmpstr (kept, ==, "what was there");
      g_assert_cmpuint (count_files (out), ==, 2);
    }
  g_assert_true (export_file (store, NULL, RIPOSTE_FILE_JSON, link, NULL));
  g_assert_true (g_file_test (link, G_FILE_TEST_IS_SYMLINK));
  g_clear_pointer (&long_text, g_free);
  g_file_get_contents (old, &long_text, NULL, NULL);
  g_assert_cmpstr (long_text, ==, json);
  riposte_store_close (store);
}

/* ---- search ---- */

static void
test_split (void)
{
  static const char *const rows[][4] = {
    { "", NULL },
    { "  ", NULL },
    { "\"\"", NULL },
    { " one  two ", "one", "two", NULL },
    { "a\"b c\"d", "a", "b c", "d" },
    { "\"open end", "open end", NULL },
    { "\"", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_auto (GStrv) words = riposte_search_split (rows[i][0]);
      guint n = 0;

      for (; n < 3 && rows[i][n + 1]; n++)
        g_assert_cmpstr (words[n], ==, rows[i][n + 1]);
      g_assert_null (words[n]);
    }
}

/* Ids of the messages that are found, "title" for a title, with spaces between them. */
static char *
search (RiposteDatabase *db, const char *query)
{
  g_autoptr (GPtrArray) hits = NULL;
  g_autoptr (GString) found = g_string_new (NULL);
  GError *error = NULL;

  hits = riposte_database_search (db, query, 100, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < hits->len; i++)
    {
      const RiposteHit *hit = hits->pdata[i];
      g_string_append_printf (found, "%s%s", i ? " " : "", hit->message ? hit->message : "title");
    }
  return g_string_free (g_steal_pointer (&found), FALSE);
}

static void
test_search (void)
{
  gsize start, end;
  static const char *const rows[][2] = {
    { "slicing", "a" },
    { "SLICING", "a" },
    { "lici", "a" },
    { "s[::-1]", "a" },
    { "string", "title q" },
    { "string reverse", "q" },
    { "reverse", "q b" },
    { "\"reverse a\"", "q" },
    { "string slicing", "" },
    { "zeiger", "r" },
    { "文字列", "r" },
    { "文字", "r" },
    { "s[", "a" },
    { "%", "" },
    { "_", "u" },
    { "\\", "" },
    { "'; DROP TABLE message; --", "" },
    { "NOT slicing", "" },
    { "slic*", "" },
    { "text:slicing", "" },
    { "-", "u a" },
    { "reverse -", "" },
    { "", "" },
    { "uber", "u" },
    { "ÜBER", "u" },
    { "u\u0308ber", "u" }, /* u, and its dots on their own */
    { "übergröße", "u" },
    { "É", "u r q b" },
    { "ni\u00f1o", "u" },
    { "std::vector", "u" },
    { "snake_case", "u" },
    { "camelcase", "u" },
    { "c++", "u" },
    { "#include", "u" },
    { "<stdio.h>", "u" },
    { "p->next", "u" },
    { "->", "u" },
    { "\"#include <stdio.h>\"", "u" },
    { "AND", "u" },
    { "NEAR(snake camel)", "" },
    { "^snake", "" },
    { "日本", "v" },
    { "検索", "v" },
    { "全文検索", "v" },
    { "本語", "v" },
    { "本", "v" },
    { "カタカナ", "v" },
    { "abc", "v" },
    { "全文搜索", "w" },
    { "搜", "w" },
    { "한글", "w" },
    { "글", "w" }, /* the last of its text */
    { "bc", "v" },
    { "gs", "title" },
    { "ng", "title q a" },
    { "c v", "u" },
    { "\u0308", "" },  /* dots over nothing */
    { "引用＂", "v" }, /* a quotation mark to who searches, and none to who splits */
    { "＂) OR (＂", "" },
    { "ΛΌΓΟΣ", "u" }, /* a sigma is another at the end of a word */
    { "λόγοσ", "u" },
    { "ος", "u" },
  };
  g_autoptr (RiposteDatabase) db = open_new ();

  fill (db);
  put (db, "three", "u", NULL, RIPOSTE_ROLE_USER,
       "Übergröße, café, nin\u0303o\n#include <stdio.h>\nstd::vector snake_case camelCase C++ p->next and λόγος");
  put (db, "three", "v", "u", RIPOSTE_ROLE_ASSISTANT, "これは日本語の全文検索です。ｶﾀｶﾅ ＡＢＣ ＂引用＂");
  put (db, "three", "w", "u", RIPOSTE_ROLE_ASSISTANT, "中文全文搜索，한글");
  put (db, "two", "s", "r", RIPOSTE_ROLE_ASSISTANT, "x");
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *found = search (db, rows[i][0]);

      g_test_message ("%s", rows[i][0]);
      g_assert_cmpstr (found, ==, rows[i][1]);
    }
  g_assert_true (riposte_search_find ("λόγος", "ΟΣ", 0, &start, &end));
}

static void
test_search_follows (void)
{
  g_autoptr (RiposteDatabase) db = open_new ();
  g_autofree char *there = NULL, *gone = NULL, *renamed = NULL, *back = NULL;

  fill (db);
  riposte_database_delete_message (db, "a", TRUE, NULL);
  gone = search (db, "slicing");
  g_assert_cmpstr (gone, ==, "");
  riposte_database_delete_message (db, "a", FALSE, NULL);
  back = search (db, "slicing");
  g_assert_cmpstr (back, ==, "a");
  set (db, "one", RIPOSTE_CHAT_NAME, "Slicing");
  renamed = search (db, "slicing");
  g_assert_cmpstr (renamed, ==, "title a");
  set (db, "one", RIPOSTE_CHAT_DELETED, "1");
  there = search (db, "slicing");
  g_assert_cmpstr (there, ==, "");
}

static void
test_excerpt (void)
{
  g_autoptr (RiposteDatabase) db = open_new ();
  g_autoptr (GPtrArray) hits = NULL;
  g_autofree char *padding = g_strnfill (5000, 'x');
  g_autofree char *text = g_strdup_printf ("%s ü\n\tthe  \u202e<b>Needle</b> %s", padding, padding);
  const RiposteHit *hit;
  gsize start, end;

  put (db, "c", "q", NULL, RIPOSTE_ROLE_USER, text);
  hits = riposte_database_search (db, "needle", 100, NULL);
  g_assert_cmpuint (hits->len, ==, 1);
  hit = hits->pdata[0];
  g_assert_cmpint (g_utf8_strlen (hit->excerpt, -1), <, 130);
  g_assert_nonnull (strstr (hit->excerpt, " ü the \uFFFD<b>Needle</b> xxx"));
  g_assert_true (riposte_search_find (hit->excerpt, "NEEDLE", 0, &start, &end));
  g_assert_cmpint (strncmp (hit->excerpt + start, "Needle", end - start), ==, 0);
  g_assert_false (riposte_search_find (hit->excerpt, "needle", end, &start, &end));
}

int
main (int argc, char **argv)
{
  g_autofree char *command = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("riposte-exchange-XXXXXX", NULL);
  g_test_add_func ("/exchange/round-trip", test_round_trip);
  g_test_add_func ("/exchange/twice", test_twice);
  g_test_add_func ("/exchange/extends", test_extends);
  g_test_add_func ("/exchange/other", test_other);
  g_test_add_func ("/exchange/stolen-conversation", test_stolen_conversation);
  g_test_add_func ("/exchange/brings-back", test_brings_back);
  g_test_add_func ("/exchange/cut-off-version", test_cut_off_version);
  g_test_add_func ("/exchange/future", test_future);
  g_test_add_func ("/exchange/all-or-nothing", test_all_or_nothing);
  g_test_add_func ("/exchange/files", test_files);
  g_test_add_func ("/exchange/bad-files", test_bad_files);
  g_test_add_func ("/exchange/full-disk", test_full_disk);
  g_test_add_func ("/search/split", test_split);
  g_test_add_func ("/search/find", test_search);
  g_test_add_func ("/search/follows", test_search_follows);
  g_test_add_func ("/search/excerpt", test_excerpt);
  status = g_test_run ();
  command = g_strdup_printf ("rm -rf '%s'", folder);
  if (system (command) != 0)
    g_printerr ("%s is left\n", folder);
  g_free (folder);
  return status;
}
