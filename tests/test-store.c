/* The store's thread: the order of writes, and what becomes of those that fail. */
#include "store/store.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char *folder;

typedef struct
{
  char *folder, *path;
  RiposteStore *store;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  static int n;

  fixture->folder = g_strdup_printf ("%s/%d", folder, n++);
  fixture->path = g_build_filename (fixture->folder, "conversations.db", NULL);
  fixture->store = riposte_store_new (fixture->path);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  riposte_store_close (fixture->store);
  /* what it has said and nobody has heard yet */
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (fixture->store);
  g_free (fixture->folder);
  g_free (fixture->path);
}

/* ---- waiting for what was called ---- */

typedef struct
{
  gboolean done;
  GPtrArray *rows;
  GError *error;
} Outcome;

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  riposte_store_write_finish (RIPOSTE_STORE (source), result, &outcome->error);
  outcome->done = TRUE;
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  outcome->rows = riposte_store_read_finish (RIPOSTE_STORE (source), result, &outcome->error);
  outcome->done = TRUE;
}

static void
wait_for (const gboolean *done)
{
  while (!*done)
    g_main_context_iteration (NULL, TRUE);
}

static void
put_full (Fixture *fixture, const char *id, const char *parent, const char *text, Outcome *outcome)
{
  const RiposteRecord record = { .id = (char *)id,
                                 .conversation = (char *)"c",
                                 .parent = (char *)parent,
                                 .state = RIPOSTE_RECORD_GROWING,
                                 .text = (char *)text };
  GPtrArray *records = g_ptr_array_new_with_free_func ((GDestroyNotify)riposte_record_free);

  g_ptr_array_add (records, riposte_record_copy (&record));
  riposte_store_put_async (fixture->store, records, outcome ? on_written : NULL, outcome);
}

static GError *
flush (Fixture *fixture)
{
  Outcome outcome = { 0 };

  riposte_store_flush_async (fixture->store, on_written, &outcome);
  wait_for (&outcome.done);
  return outcome.error;
}

static char *
list (Fixture *fixture)
{
  Outcome outcome = { 0 };
  GString *out = g_string_new (NULL);

  riposte_store_list_async (fixture->store, "c", NULL, on_read, &outcome);
  wait_for (&outcome.done);
  g_assert_no_error (outcome.error);
  for (guint i = 0; i < outcome.rows->len; i++)
    g_string_append_printf (out, "%s;", ((const RiposteRecord *)outcome.rows->pdata[i])->text);
  g_ptr_array_unref (outcome.rows);
  return g_string_free (out, FALSE);
}

static void
assert_list (Fixture *fixture, const char *expected)
{
  g_autofree char *texts = list (fixture);

  g_assert_cmpstr (texts, ==, expected);
}

static void
reopen (Fixture *fixture)
{
  riposte_store_close (fixture->store);
  g_object_unref (fixture->store);
  fixture->store = riposte_store_new (fixture->path);
}

/* ---- cases ---- */

static void
test_order (Fixture *fixture, gconstpointer data)
{
  GString *expected = g_string_new (NULL);

  for (int i = 0; i < 200; i++)
    {
      g_autofree char *id = g_strdup_printf ("%d", i);
      g_autofree char *parent = i ? g_strdup_printf ("%d", i - 1) : NULL;

      put_full (fixture, id, parent, id, NULL);
      g_string_append_printf (expected, "%s;", id);
    }
  assert_list (fixture, expected->str); /* read after them */
  reopen (fixture);
  assert_list (fixture, expected->str);
  g_string_free (expected, TRUE);
}

/* What is handed over just before the end is kept as well. */
static void
test_close (Fixture *fixture, gconstpointer data)
{
  for (int i = 0; i < 20; i++)
    {
      g_autofree char *text = g_strnfill ((gsize)i, 'x');
      put_full (fixture, "q", NULL, text, NULL);
    }
  reopen (fixture);
  assert_list (fixture, "xxxxxxxxxxxxxxxxxxx;");
}

static void
on_problem (RiposteStore *store, int *count)
{
  (*count)++;
}

/* While it fails, the first attempt's failure is told at once, the newest text of each message waits, and all of it is
 * written in its order when it can be. */
static void
test_blocked (Fixture *fixture, gconstpointer data)
{
  Outcome first = { 0 }, second = { 0 };
  int problems = 0;
  GError *error;

  riposte_store_close (fixture->store);
  g_object_unref (fixture->store);
  g_unlink (fixture->path);
  g_rmdir (fixture->folder);
  g_assert_true (g_file_set_contents (fixture->folder, "a file where a folder should be", -1, NULL));
  fixture->store = riposte_store_new (fixture->path);
  g_signal_connect (fixture->store, "problem", G_CALLBACK (on_problem), &problems);
  put_full (fixture, "q", NULL, "question", &first);
  wait_for (&first.done);
  g_assert_error (first.error, RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_FAILED);
  put_full (fixture, "a", "q", "a", &second);
  wait_for (&second.done);
  g_assert_error (second.error, RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_FAILED);
  for (int i = 0; i < 100; i++)
    put_full (fixture, "a", "q", i < 99 ? "an answ" : "an answer", NULL);
  put_full (fixture, "b", "q", "another", NULL);
  while (problems == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_nonnull (riposte_store_get_problem (fixture->store));
  g_assert_true (riposte_store_is_behind (fixture->store));
  g_unlink (fixture->folder);
  riposte_store_retry (fixture->store);
  while (problems == 1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (riposte_store_get_problem (fixture->store));
  error = flush (fixture);
  g_assert_no_error (error);
  g_assert_false (riposte_store_is_behind (fixture->store));
  assert_list (fixture, "question;an answer;another;");
  g_error_free (first.error);
  g_error_free (second.error);
}

/* One that can never be written is told, and keeps nothing else from being. */
static void
test_refused (Fixture *fixture, gconstpointer data)
{
  Outcome outcome = { 0 };

  put_full (fixture, "a", "missing", "orphan", &outcome);
  put_full (fixture, "q", NULL, "goes on", NULL);
  wait_for (&outcome.done);
  g_assert_error (outcome.error, RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_REFUSED);
  assert_list (fixture, "goes on;");
  g_error_free (outcome.error);
}

/* ---- disks that are full, folders that cannot be written, files that are not understood ---- */

static void
limit_files (rlim_t size)
{
  struct rlimit limit;

  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  limit.rlim_cur = size == RLIM_INFINITY ? limit.rlim_max : size;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
}

static void
wait_for_problem (Fixture *fixture, gboolean there)
{
  while ((riposte_store_get_problem (fixture->store) != NULL) != there)
    g_main_context_iteration (NULL, TRUE);
}

/* No file may grow any more; what was there can still be read, and what comes meanwhile is written when they may. */
static void
test_full_disk (Fixture *fixture, gconstpointer data)
{
  g_autofree char *long_text = g_strnfill (300000, 'x');
  g_autofree char *expected = g_strconcat ("kept;", long_text, ";after;", NULL);
  Outcome outcome = { 0 };
  GError *error;

  signal (SIGXFSZ, SIG_IGN);
  put_full (fixture, "q", NULL, "kept", NULL);
  error = flush (fixture);
  g_assert_no_error (error);
  limit_files (200000);
  put_full (fixture, "a", "q", long_text, &outcome);
  put_full (fixture, "b", "a", "after", NULL);
  wait_for (&outcome.done);
  g_assert_error (outcome.error, RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_FAILED);
  wait_for_problem (fixture, TRUE);
  assert_list (fixture, "kept;");
  limit_files (RLIM_INFINITY);
  riposte_store_retry (fixture->store);
  wait_for_problem (fixture, FALSE);
  error = flush (fixture);
  g_assert_no_error (error);
  assert_list (fixture, expected);
  g_error_free (outcome.error);
}

/* Root may write anywhere. */
static void
drop_rights (Fixture *fixture, gboolean drop)
{
  if (getuid () == 0)
    g_assert_cmpint (seteuid (drop ? 65534 : 0), ==, 0);
}

static void
start (Fixture *fixture)
{
  g_object_unref (fixture->store);
  fixture->store = riposte_store_new (fixture->path);
}

static sqlite3 *
hold_file (Fixture *fixture)
{
  sqlite3 *db;

  g_assert_cmpint (sqlite3_open (fixture->path, &db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (db, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
  return db;
}

static gpointer
let_go_later (gpointer db)
{
  g_usleep (3 * G_USEC_PER_SEC);
  g_assert_cmpint (sqlite3_close (db), ==, SQLITE_OK);
  return NULL;
}

/* What another program holds is told of soon, read meanwhile, tried again without being asked to, and at the end waited
 * for. */
static void
test_busy (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GTimer) timer = g_timer_new ();
  Outcome outcome = { 0 };
  sqlite3 *db;
  GThread *thread;
  GError *error;

  put_full (fixture, "q", NULL, "kept", NULL);
  error = flush (fixture);
  g_assert_no_error (error);
  db = hold_file (fixture);
  g_timer_start (timer);
  put_full (fixture, "a", "q", "waits", &outcome);
  wait_for (&outcome.done);
  g_assert_error (outcome.error, RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_BUSY);
  wait_for_problem (fixture, TRUE);
  g_test_message ("told after %.1f s", g_timer_elapsed (timer, NULL));
  g_assert_cmpfloat (g_timer_elapsed (timer, NULL), <, 8);
  assert_list (fixture, "kept;");
  sqlite3_close (db);
  wait_for_problem (fixture, FALSE);
  assert_list (fixture, "kept;waits;");

  thread = g_thread_new ("holder", let_go_later, hold_file (fixture));
  put_full (fixture, "b", "q", "last", NULL);
  reopen (fixture);
  g_thread_join (thread);
  assert_list (fixture, "kept;waits;last;");
  g_error_free (outcome.error);
}

/* A program that starts meanwhile shows what there is as soon as it knows. */
static void
test_busy_at_start (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GTimer) timer = g_timer_new ();
  sqlite3 *db;
  GError *error;

  put_full (fixture, "q", NULL, "kept", NULL);
  error = flush (fixture);
  g_assert_no_error (error);
  db = hold_file (fixture);
  reopen (fixture);
  wait_for_problem (fixture, TRUE);
  g_timer_start (timer);
  assert_list (fixture, "kept;");
  g_assert_cmpfloat (g_timer_elapsed (timer, NULL), <, 1);
  sqlite3_close (db);
  wait_for_problem (fixture, FALSE);
  put_full (fixture, "a", "q", "goes on", NULL);
  assert_list (fixture, "kept;goes on;");
}

/* A folder that cannot be written is read, and what comes meanwhile is written when it can be. */
static void
test_read_only (Fixture *fixture, gconstpointer data)
{
  GError *error;

  g_chmod (folder, 0755);
  put_full (fixture, "q", NULL, "kept", NULL);
  error = flush (fixture);
  g_assert_no_error (error);
  riposte_store_close (fixture->store);
  g_chmod (fixture->folder, 0555);
  g_chmod (fixture->path, 0444);
  drop_rights (fixture, TRUE);
  start (fixture);
  assert_list (fixture, "kept;");
  put_full (fixture, "a", "q", "later", NULL);
  wait_for_problem (fixture, TRUE);
  g_assert_true (riposte_store_is_behind (fixture->store));
  assert_list (fixture, "kept;");
  drop_rights (fixture, FALSE);
  g_chmod (fixture->folder, 0755);
  g_chmod (fixture->path, 0644);
  riposte_store_retry (fixture->store);
  wait_for_problem (fixture, FALSE);
  assert_list (fixture, "kept;later;");
}

static void
test_newer (Fixture *fixture, gconstpointer data)
{
  Outcome outcome = { 0 };
  sqlite3 *raw;

  flush (fixture);
  riposte_store_close (fixture->store);
  g_assert_cmpint (sqlite3_open (fixture->path, &raw), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (raw, "PRAGMA user_version = 1000", NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (raw);
  start (fixture);
  wait_for_problem (fixture, TRUE); /* before anything is asked */
  g_assert_error (riposte_store_get_problem (fixture->store), RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_NEWER);
  g_assert_false (riposte_store_is_behind (fixture->store));
  riposte_store_list_async (fixture->store, "c", NULL, on_read, &outcome);
  wait_for (&outcome.done);
  g_assert_error (outcome.error, RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_NEWER);
  g_error_free (outcome.error);
}

static guint
count_damaged (Fixture *fixture, const char *content)
{
  g_autoptr (GDir) dir = g_dir_open (fixture->folder, 0, NULL);
  const char *name;
  guint n = 0;

  while ((name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (fixture->folder, name, NULL);
      g_autofree char *found = NULL;

      n += strstr (name, "-damaged-") && g_file_get_contents (path, &found, NULL, NULL) && !strcmp (found, content);
    }
  return n;
}

/* The file stays as it is until who uses it says that it may go out of the way, and then it is still there. */
static void
test_set_aside (Fixture *fixture, gconstpointer data)
{
  g_autofree char *noise = g_strnfill (8192, 'x');
  g_autofree char *content = NULL;

  flush (fixture);
  riposte_store_close (fixture->store);
  g_assert_true (g_file_set_contents (fixture->path, noise, -1, NULL));
  start (fixture);
  put_full (fixture, "q", NULL, "asked meanwhile", NULL);
  wait_for_problem (fixture, TRUE);
  g_assert_error (riposte_store_get_problem (fixture->store), RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_DAMAGED);
  g_assert_true (g_file_get_contents (fixture->path, &content, NULL, NULL));
  g_assert_cmpstr (content, ==, noise);
  riposte_store_set_aside (fixture->store);
  wait_for_problem (fixture, FALSE);
  assert_list (fixture, "asked meanwhile;");
  g_assert_cmpuint (count_damaged (fixture, noise), ==, 1);
}

/* Nobody else on the machine reads what was asked. */
static void
test_private (Fixture *fixture, gconstpointer data)
{
  struct stat file;

  put_full (fixture, "q", NULL, "secret", NULL);
  assert_list (fixture, "secret;");
  g_assert_cmpint (stat (fixture->path, &file), ==, 0);
  g_assert_cmpuint (file.st_mode & 0777, ==, 0600);
  g_assert_cmpint (stat (fixture->folder, &file), ==, 0);
  g_assert_cmpuint (file.st_mode & 0777, ==, 0700);
}

static void
test_cancelled (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Outcome outcome = { 0 };

  g_cancellable_cancel (cancellable);
  riposte_store_list_chats_async (fixture->store, cancellable, on_read, &outcome);
  wait_for (&outcome.done);
  g_assert_error (outcome.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_error_free (outcome.error);
}

int
main (int argc, char **argv)
{
  g_autofree char *remove = NULL;
  int result;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("riposte-store-XXXXXX", NULL);
#define ADD(name, function) g_test_add ("/store/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("order", test_order);
  ADD ("close", test_close);
  ADD ("blocked", test_blocked);
  ADD ("refused", test_refused);
  ADD ("cancelled", test_cancelled);
  ADD ("full-disk", test_full_disk);
  ADD ("busy", test_busy);
  ADD ("busy-at-start", test_busy_at_start);
  ADD ("read-only", test_read_only);
  ADD ("newer", test_newer);
  ADD ("set-aside", test_set_aside);
  ADD ("private", test_private);
#undef ADD
  result = g_test_run ();
  remove = g_strdup_printf ("rm -rf '%s'", folder);
  return system (remove) ? 1 : result;
}
