/* What is kept of conversations. */
#include "store/database.h"
#include "store/fold.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <sqlite3.h>

static char *folder;
static const char *program;

static char *
new_path (void)
{
  static int n;

  return g_strdup_printf ("%s/%d/conversations.db", folder, n++);
}

static void
put (RiposteDatabase *db, const char *id, const char *parent, RiposteRecordState state, const char *text)
{
  const RiposteRecord record = { .id = (char *)id,
                                 .conversation = (char *)"c",
                                 .parent = (char *)parent,
                                 .role = parent != NULL,
                                 .state = state,
                                 .text = (char *)text };
  GError *error = NULL;

  riposte_database_put (db, &record, &error);
  g_assert_no_error (error);
}

static RiposteDatabase *
open_good (const char *path)
{
  GError *error = NULL;
  RiposteDatabase *db = riposte_database_open (path, &error);

  g_assert_no_error (error);
  return db;
}

static const RiposteRecord *
nth (GPtrArray *records, guint n)
{
  g_assert_cmpuint (n, <, records->len);
  return records->pdata[n];
}

static void
test_tree (void)
{
  g_autofree char *path = new_path ();
  g_autoptr (RiposteDatabase) db = open_good (path);
  g_autoptr (GPtrArray) records = NULL;

  put (db, "q", NULL, RIPOSTE_RECORD_ENDED, "Question");
  put (db, "a", "q", RIPOSTE_RECORD_GROWING, "An");
  put (db, "a", "q", RIPOSTE_RECORD_ENDED, "Answer");
  put (db, "a", "q", RIPOSTE_RECORD_ENDED, "Overwritten");
  put (db, "b", "q", RIPOSTE_RECORD_ENDED, "Other “answer”, 'quoted'");
  g_clear_pointer (&db, riposte_database_close);
  db = open_good (path);
  records = riposte_database_list (db, "c", NULL);
  g_assert_cmpuint (records->len, ==, 3);
  g_assert_cmpstr (nth (records, 0)->parent, ==, NULL);
  g_assert_cmpstr (nth (records, 1)->text, ==, "Answer");
  g_assert_cmpstr (nth (records, 2)->text, ==, "Other “answer”, 'quoted'");
  g_assert_cmpstr (nth (records, 2)->parent, ==, "q");
}

static void
test_orphan (void)
{
  g_autofree char *path = new_path ();
  g_autoptr (RiposteDatabase) db = open_good (path);
  g_autoptr (GError) error = NULL;
  const RiposteRecord record = { .id = (char *)"a",
                                 .conversation = (char *)"c",
                                 .parent = (char *)"missing",
                                 .state = RIPOSTE_RECORD_ENDED,
                                 .text = (char *)"" };

  g_assert_false (riposte_database_put (db, &record, &error));
  g_assert_error (error, RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_REFUSED);
  put (db, "q", NULL, RIPOSTE_RECORD_ENDED, "goes on");
}

static void
test_two_writers (void)
{
  g_autofree char *path = new_path ();
  g_autoptr (RiposteDatabase) first = open_good (path);
  g_autoptr (RiposteDatabase) second = NULL;
  g_autoptr (GPtrArray) records = NULL;

  put (first, "q", NULL, RIPOSTE_RECORD_GROWING, "grows");
  second = open_good (path);
  put (second, "r", NULL, RIPOSTE_RECORD_ENDED, "beside");
  put (first, "q", NULL, RIPOSTE_RECORD_ENDED, "grows on");
  records = riposte_database_list (second, "c", NULL);
  g_assert_cmpuint (records->len, ==, 2);
  g_assert_cmpstr (nth (records, 0)->text, ==, "grows on");
  g_assert_cmpint (nth (records, 0)->state, ==, RIPOSTE_RECORD_ENDED);
}

/* ---- several processes that start at once, on a file that is not there yet ---- */

#define N_WRITERS  4
#define N_MESSAGES 12

static int
write_messages (const char *path, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RiposteDatabase) db = riposte_database_open (path, &error);

  g_assert_no_error (error);
  for (int i = 0; i < N_MESSAGES; i++)
    {
      g_autofree char *id = g_strdup_printf ("%s%d", name, i);
      g_autofree char *parent = i ? g_strdup_printf ("%s%d", name, i - 1) : NULL;

      put (db, id, parent, RIPOSTE_RECORD_GROWING, "half");
      put (db, id, parent, RIPOSTE_RECORD_ENDED, "half and whole");
    }
  return 0;
}

static void
test_several_processes (void)
{
  g_autofree char *path = new_path ();
  g_autoptr (RiposteDatabase) db = NULL;
  g_autoptr (GPtrArray) records = NULL;
  GSubprocess *writers[N_WRITERS];

  for (int i = 0; i < N_WRITERS; i++)
    {
      const char name[] = { (char)('a' + i), '\0' };
      g_autoptr (GError) error = NULL;

      writers[i] = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, &error, program, "--write", path, name, NULL);
      g_assert_no_error (error);
    }
  for (int i = 0; i < N_WRITERS; i++)
    {
      g_assert_true (g_subprocess_wait_check (writers[i], NULL, NULL));
      g_object_unref (writers[i]);
    }
  db = open_good (path);
  records = riposte_database_list (db, "c", NULL);
  g_assert_cmpuint (records->len, ==, N_WRITERS * N_MESSAGES);
  for (guint i = 0; i < records->len; i++)
    {
      g_assert_cmpstr (nth (records, i)->text, ==, "half and whole");
      g_assert_cmpint (nth (records, i)->state, ==, RIPOSTE_RECORD_ENDED);
    }
  g_assert_true (riposte_database_check (db, NULL));
}

static void
execute (const char *path, const char *sql)
{
  sqlite3 *raw;

  g_assert_cmpint (sqlite3_open (path, &raw), ==, SQLITE_OK);
  riposte_fold_register (raw);
  if (sqlite3_exec (raw, sql, NULL, NULL, NULL) != SQLITE_OK)
    g_error ("%s: %s", sql, sqlite3_errmsg (raw));
  sqlite3_close (raw);
}

static void
test_newer (void)
{
  g_autofree char *path = new_path ();
  g_autoptr (GError) error = NULL;

  riposte_database_close (open_good (path));
  execute (path, "PRAGMA user_version = 1000");
  g_assert_null (riposte_database_open (path, &error));
  g_assert_error (error, RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_NEWER);
}

static void
copy (const char *from, const char *to)
{
  g_autofree char *bytes = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (from, &bytes, &length, NULL));
  g_assert_true (g_file_set_contents (to, bytes, (gssize)length, NULL));
}

static void
assert_same (const char *one, const char *other)
{
  g_autofree char *bytes = NULL, *others = NULL;
  gsize length, others_length;

  g_assert_true (g_file_get_contents (one, &bytes, &length, NULL));
  g_assert_true (g_file_get_contents (other, &others, &others_length, NULL));
  g_assert_cmpmem (bytes, length, others, others_length);
}

/* One that a newer version left when it was killed: what it wrote last is beside the file. */
static void
test_newer_killed (void)
{
  g_autofree char *path = new_path (), *left = new_path ();
  g_autofree char *wal = g_strconcat (path, "-wal", NULL), *left_wal = g_strconcat (left, "-wal", NULL);
  g_autofree char *folder_of_left = g_path_get_dirname (left);
  g_autoptr (RiposteDatabase) db = open_good (path);
  g_autoptr (GError) error = NULL;

  put (db, "1", NULL, RIPOSTE_RECORD_ENDED, "one");
  execute (path, "PRAGMA user_version = 1000");
  g_mkdir_with_parents (folder_of_left, 0700);
  copy (path, left);
  copy (wal, left_wal);
  g_assert_null (riposte_database_open (left, &error));
  g_assert_error (error, RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_NEWER);
  assert_same (path, left);
  assert_same (wal, left_wal);
}

/* Another program's tables, whatever the version says. */
static void
test_foreign (void)
{
  static const char *const schemas[] = { "CREATE TABLE message (a, b)", "PRAGMA user_version = 4",
                                         "CREATE TABLE message (a, b); PRAGMA user_version = 1" };

  for (gsize i = 0; i < G_N_ELEMENTS (schemas); i++)
    {
      g_autofree char *path = new_path (), *before = g_strconcat (path, "-before", NULL);
      g_autofree char *parent = g_path_get_dirname (path);
      g_autoptr (GError) error = NULL;

      g_mkdir_with_parents (parent, 0700);
      execute (path, schemas[i]);
      copy (path, before);
      g_assert_null (riposte_database_open (path, &error));
      g_assert_error (error, RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_DAMAGED);
      assert_same (path, before);
    }
}

static void
test_damaged (void)
{
  g_autofree char *path = new_path ();
  g_autofree char *after = NULL;
  g_autofree char *noise = g_strnfill (8192, 'x');
  g_autoptr (GError) error = NULL;

  riposte_database_close (open_good (path));
  g_assert_true (g_file_set_contents (path, noise, -1, NULL));
  g_assert_null (riposte_database_open (path, &error));
  g_assert_error (error, RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_DAMAGED);
  g_assert_true (g_file_get_contents (path, &after, NULL, NULL));
  g_assert_cmpstr (after, ==, noise);
  g_clear_error (&error);
  g_assert_null (riposte_database_open ("/dev/null/conversations.db", &error));
  g_assert_error (error, RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_FAILED);
}

/* ---- what belongs to a conversation ---- */

static void
set (RiposteDatabase *db, const char *chat, RiposteChatField field, const char *value)
{
  GError *error = NULL;

  riposte_database_set (db, chat, field, value, &error);
  g_assert_no_error (error);
}

static char *
describe_chats (RiposteDatabase *db)
{
  g_autoptr (GPtrArray) chats = riposte_database_list_chats (db, NULL);
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < chats->len; i++)
    {
      const RiposteChatRecord *chat = chats->pdata[i];

      g_string_append_printf (out, "%s %s %s %s%s;", chat->id, chat->title ? chat->title : "-",
                              chat->head ? chat->head : "-", chat->named ? "named " : "", chat->pinned ? "pinned" : "");
    }
  return g_string_free (out, FALSE);
}

static void
assert_chats (RiposteDatabase *db, const char *expected)
{
  g_autofree char *chats = describe_chats (db);

  g_assert_cmpstr (chats, ==, expected);
}

static void
test_chats (void)
{
  g_autofree char *path = new_path ();
  g_autoptr (RiposteDatabase) db = open_good (path);

  set (db, "empty", RIPOSTE_CHAT_TITLE, "Nothing in it");
  assert_chats (db, "");
  set (db, "c", RIPOSTE_CHAT_TITLE, "Made up");
  put (db, "q", NULL, RIPOSTE_RECORD_ENDED, "Question");
  put (db, "a", "q", RIPOSTE_RECORD_GROWING, "Answer");
  assert_chats (db, "c Made up a ;");
  set (db, "c", RIPOSTE_CHAT_NAME, "Given");
  set (db, "c", RIPOSTE_CHAT_TITLE, "Made up later");
  set (db, "c", RIPOSTE_CHAT_PINNED, "1");
  set (db, "c", RIPOSTE_CHAT_HEAD, "q");
  put (db, "a", "q", RIPOSTE_RECORD_ENDED, "Answer"); /* no news of the path */
  assert_chats (db, "c Given q named pinned;");
  set (db, "c", RIPOSTE_CHAT_DELETED, "1");
  assert_chats (db, "");
  set (db, "c", RIPOSTE_CHAT_DELETED, "0");
  assert_chats (db, "c Given q named pinned;");
}

static void
test_figures (void)
{
  g_autofree char *path = new_path ();
  g_autoptr (RiposteDatabase) db = open_good (path);
  g_autoptr (GPtrArray) records = NULL;
  const RiposteRecord *read;
  const RiposteRecord record = { .id = (char *)"a",
                                 .conversation = (char *)"c",
                                 .role = 1,
                                 .state = RIPOSTE_RECORD_FAILED,
                                 .text = (char *)"Half",
                                 .error = (char *)"Lost",
                                 .model = (char *)"Model",
                                 .attachments = (char *)"[]",
                                 .created = 1000,
                                 .n_read = 1,
                                 .n_written = 4000000000,
                                 .n_context = 3,
                                 .tokens_per_second = 1234.0625,
                                 .seconds = 0.5,
                                 .thinking_seconds = 0.25,
                                 .left_out = TRUE };

  g_assert_true (riposte_database_put (db, &record, NULL));
  records = riposte_database_list (db, "c", NULL);
  read = nth (records, 0);
  g_assert_cmpint (read->state, ==, RIPOSTE_RECORD_FAILED);
  g_assert_cmpstr (read->error, ==, "Lost");
  g_assert_cmpstr (read->model, ==, "Model");
  g_assert_cmpstr (read->attachments, ==, "[]");
  g_assert_cmpint (read->created, ==, 1000);
  g_assert_cmpuint (read->n_read, ==, 1);
  g_assert_cmpuint (read->n_written, ==, 4000000000);
  g_assert_cmpuint (read->n_context, ==, 3);
  g_assert_true (read->tokens_per_second == 1234.0625 && read->seconds == 0.5);
  g_assert_true (read->thinking_seconds == 0.25);
  g_assert_true (read->left_out);
}

static void
assert_left_out (RiposteDatabase *db, const char *expected)
{
  g_autoptr (GPtrArray) records = riposte_database_list (db, "c", NULL);
  g_autoptr (GString) found = g_string_new (NULL);

  for (guint i = 0; i < records->len; i++)
    if (nth (records, i)->left_out)
      g_string_append (found, nth (records, i)->id);
  g_assert_cmpstr (found->str, ==, expected);
}

/* Also of those that have ended. */
static void
test_left_out (void)
{
  g_autofree char *path = new_path ();
  g_autoptr (RiposteDatabase) db = open_good (path);

  put (db, "q", NULL, RIPOSTE_RECORD_ENDED, "Question");
  put (db, "a", "q", RIPOSTE_RECORD_ENDED, "Answer");
  put (db, "r", "a", RIPOSTE_RECORD_ENDED, "Another");
  assert_left_out (db, "");
  g_assert_true (riposte_database_set_left_out (db, (const char *const[]){ "q", "a", NULL }, TRUE, NULL));
  put (db, "q", NULL, RIPOSTE_RECORD_ENDED, "Question");
  g_clear_pointer (&db, riposte_database_close);
  db = open_good (path);
  assert_left_out (db, "qa");
  g_assert_true (riposte_database_set_left_out (db, (const char *const[]){ "q", "gone", NULL }, FALSE, NULL));
  assert_left_out (db, "a");
}

static char *
list_texts (RiposteDatabase *db)
{
  g_autoptr (GPtrArray) records = riposte_database_list (db, "c", NULL);
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < records->len; i++)
    g_string_append_printf (out, "%s;", nth (records, i)->text);
  return g_string_free (out, FALSE);
}

static void
assert_texts (RiposteDatabase *db, const char *expected)
{
  g_autofree char *texts = list_texts (db);

  g_assert_cmpstr (texts, ==, expected);
}

static void
test_delete_message (void)
{
  g_autofree char *path = new_path ();
  g_autoptr (RiposteDatabase) db = open_good (path);

  put (db, "1", NULL, RIPOSTE_RECORD_ENDED, "one");
  put (db, "2", "1", RIPOSTE_RECORD_ENDED, "two");
  put (db, "3", "2", RIPOSTE_RECORD_ENDED, "three");
  put (db, "4", "1", RIPOSTE_RECORD_ENDED, "four");
  g_assert_true (riposte_database_delete_message (db, "2", TRUE, NULL));
  assert_texts (db, "one;four;");
  g_assert_true (riposte_database_delete_message (db, "2", FALSE, NULL));
  assert_texts (db, "one;two;three;four;");
  /* each brings back what went with it, however soon it followed */
  g_assert_true (riposte_database_delete_message (db, "3", TRUE, NULL));
  g_assert_true (riposte_database_delete_message (db, "1", TRUE, NULL));
  assert_texts (db, "");
  g_assert_true (riposte_database_delete_message (db, "1", FALSE, NULL));
  assert_texts (db, "one;two;four;");
  g_assert_true (riposte_database_delete_message (db, "3", FALSE, NULL));
  assert_texts (db, "one;two;three;four;");
}

static gint64
query_number (const char *path, const char *sql)
{
  sqlite3 *raw;
  sqlite3_stmt *statement;
  gint64 number;

  g_assert_cmpint (sqlite3_open (path, &raw), ==, SQLITE_OK);
  if (sqlite3_prepare_v2 (raw, sql, -1, &statement, NULL) != SQLITE_OK)
    g_error ("%s: %s", sql, sqlite3_errmsg (raw));
  number = sqlite3_step (statement) == SQLITE_ROW ? sqlite3_column_int64 (statement, 0) : -1;
  sqlite3_finalize (statement);
  sqlite3_close (raw);
  return number;
}

#define FOUND  "SELECT count(*) FROM message_text WHERE message_text MATCH "
#define TITLED "SELECT count(*) FROM conversation_title WHERE conversation_title MATCH "

/* A chain deeper than SQLite would follow, of which nothing may remain. */
static void
test_purge (void)
{
  g_autofree char *path = new_path ();
  g_autoptr (RiposteDatabase) db = open_good (path);

  put (db, "0", NULL, RIPOSTE_RECORD_ENDED, "needle");
  for (int i = 1; i < 1500; i++)
    {
      g_autofree char *id = g_strdup_printf ("%d", i);
      g_autofree char *parent = g_strdup_printf ("%d", i - 1);

      put (db, id, parent, RIPOSTE_RECORD_ENDED, "hay");
    }
  set (db, "c", RIPOSTE_CHAT_NAME, "Haystack");
  g_assert_cmpint (query_number (path, FOUND "'needle'"), ==, 1);
  g_assert_true (riposte_database_purge (db, "c", NULL));
  g_assert_cmpint (query_number (path, "SELECT count(*) FROM message"), ==, 0);
  g_assert_cmpint (query_number (path, FOUND "'needle'"), ==, 0);
  g_assert_cmpint (query_number (path, TITLED "'Haystack'"), ==, 0);
  g_assert_true (riposte_database_check (db, NULL));
}

static void
test_index (void)
{
  g_autofree char *path = new_path ();
  g_autoptr (RiposteDatabase) db = open_good (path);

  put (db, "q", NULL, RIPOSTE_RECORD_ENDED, "なぜ文字列は逆順 g_string_free()?");
  put (db, "a", "q", RIPOSTE_RECORD_GROWING, "half");
  g_assert_cmpint (query_number (path, FOUND "'half'"), ==, 0);
  put (db, "a", "q", RIPOSTE_RECORD_ENDED, "half and whole");
  g_assert_cmpint (query_number (path, FOUND "'half and WHOLE'"), ==, 1); /* the tokenizer's own doing */
  g_assert_cmpint (query_number (path, FOUND "'\"string_fr\"'"), ==, 1);
  g_assert_cmpint (query_number (path, FOUND "'文字列'"), ==, 1);
  set (db, "c", RIPOSTE_CHAT_TITLE, "First title");
  set (db, "c", RIPOSTE_CHAT_NAME, "Second title");
  g_assert_cmpint (query_number (path, TITLED "'First'"), ==, 0);
  g_assert_cmpint (query_number (path, TITLED "'second'"), ==, 1);
}

/* Version 3 did not know what is left out. */
static void
test_migration_from_3 (void)
{
  g_autofree char *path = new_path ();
  g_autoptr (RiposteDatabase) db = open_good (path);
  g_autoptr (GPtrArray) records = NULL;

  g_clear_pointer (&db, riposte_database_close);
  execute (path, "DROP INDEX message_deleted; ALTER TABLE message DROP COLUMN left_out;"
                 "INSERT INTO conversation (id, title, created, updated) VALUES ('c', 'Old title', 5, 6);"
                 "INSERT INTO message (id, conversation, parent, role, state, text, writer, created, thinking_seconds)"
                 "  VALUES ('q', 'c', NULL, 0, 1, 'Question', 'gone', 6, 0.5);"
                 "PRAGMA user_version = 3");
  db = open_good (path);
  g_assert_cmpint (query_number (path, "PRAGMA user_version"), >=, 4);
  assert_left_out (db, "");
  records = riposte_database_list (db, "c", NULL);
  g_assert_true (nth (records, 0)->thinking_seconds == 0.5);
  g_assert_cmpint (query_number (path, FOUND "'Question'"), ==, 1);
  g_assert_true (riposte_database_set_left_out (db, (const char *const[]){ "q", NULL }, TRUE, NULL));
  assert_left_out (db, "q");
}

/* What the first version of the file held is all there afterwards. */
static void
test_migration (void)
{
  static const char version_1[]
    = "CREATE TABLE conversation (id TEXT PRIMARY KEY, title TEXT, pinned INTEGER NOT NULL DEFAULT 0,"
      "  created INTEGER NOT NULL DEFAULT (unixepoch ())) STRICT;"
      "CREATE TABLE message (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
      "  conversation TEXT NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,"
      "  parent TEXT REFERENCES message (id) ON DELETE CASCADE, role INTEGER NOT NULL, state INTEGER NOT NULL,"
      "  text TEXT NOT NULL, writer TEXT NOT NULL, created INTEGER NOT NULL DEFAULT (unixepoch ())) STRICT;"
      "CREATE INDEX message_of ON message (conversation, number);"
      "CREATE INDEX message_after ON message (parent);"
      "CREATE INDEX message_growing ON message (writer) WHERE state = 0;"
      "INSERT INTO conversation VALUES ('c', 'Old title', 1, 5);"
      "INSERT INTO message VALUES (1, 'q', 'c', NULL, 0, 1, 'Question', 'gone', 6);"
      "INSERT INTO message VALUES (2, 'a', 'c', 'q', 1, 0, 'Half', 'gone', 7);"
      "PRAGMA user_version = 1";
  g_autofree char *path = new_path ();
  g_autofree char *parent = g_path_get_dirname (path);
  g_autoptr (RiposteDatabase) db = NULL;
  g_autoptr (GPtrArray) chats = NULL;

  g_mkdir_with_parents (parent, 0700);
  execute (path, version_1);
  db = open_good (path);
  assert_chats (db, "c Old title - pinned;");
  assert_texts (db, "Question;Half;");
  chats = riposte_database_list_chats (db, NULL);
  g_assert_cmpint (((const RiposteChatRecord *)chats->pdata[0])->updated, ==, 7);
  g_assert_cmpint (query_number (path, FOUND "'Question'"), ==, 1);
  g_assert_cmpint (query_number (path, FOUND "'Half'"), ==, 1); /* cut off since */
  g_assert_cmpint (query_number (path, TITLED "'Old'"), ==, 1);
  put (db, "b", "q", RIPOSTE_RECORD_ENDED, "goes on");
  g_assert_true (riposte_database_purge (db, "c", NULL));
  g_assert_cmpint (query_number (path, "SELECT count(*) FROM message"), ==, 0);
}

int
main (int argc, char **argv)
{
  g_autofree char *remove = NULL;
  int result;

  program = argv[0];
  if (argc == 4 && g_str_equal (argv[1], "--write"))
    return write_messages (argv[2], argv[3]);
  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("riposte-database-XXXXXX", NULL);
  g_test_add_func ("/database/tree", test_tree);
  g_test_add_func ("/database/orphan", test_orphan);
  g_test_add_func ("/database/two-writers", test_two_writers);
  g_test_add_func ("/database/several-processes", test_several_processes);
  g_test_add_func ("/database/newer", test_newer);
  g_test_add_func ("/database/newer-killed", test_newer_killed);
  g_test_add_func ("/database/foreign", test_foreign);
  g_test_add_func ("/database/damaged", test_damaged);
  g_test_add_func ("/database/chats", test_chats);
  g_test_add_func ("/database/figures", test_figures);
  g_test_add_func ("/database/delete-message", test_delete_message);
  g_test_add_func ("/database/purge", test_purge);
  g_test_add_func ("/database/index", test_index);
  g_test_add_func ("/database/left-out", test_left_out);
  g_test_add_func ("/database/migration", test_migration);
  g_test_add_func ("/database/migration-from-3", test_migration_from_3);
  result = g_test_run ();
  remove = g_strdup_printf ("rm -r '%s'", folder);
  return system (remove) ? 1 : result;
}
