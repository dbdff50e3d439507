/* What is kept of conversations, and that nothing acknowledged is lost to kill -9 (`-m slow`: 1,000 times). */
#include "store/database.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char *folder;

static char *
new_path (void)
{
  static int n;

  return g_strdup_printf ("%s/%d/conversations.db", folder, n++);
}

static void
put (RiposteDatabase *db, const char *id, const char *parent, RiposteRecordState state, const char *text)
{
  RiposteRecord record = { (char *)id, (char *)"c", (char *)parent, parent != NULL, state, (char *)text };
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
  RiposteRecord record = { (char *)"a", (char *)"c", (char *)"missing", 1, RIPOSTE_RECORD_ENDED, (char *)"" };

  g_assert_false (riposte_database_put (db, &record, &error));
  g_assert_error (error, RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_FAILED);
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

static void
test_newer (void)
{
  g_autofree char *path = new_path ();
  g_autoptr (GError) error = NULL;
  sqlite3 *raw;

  riposte_database_close (open_good (path));
  g_assert_cmpint (sqlite3_open (path, &raw), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (raw, "PRAGMA user_version = 1000", NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (raw);
  g_assert_null (riposte_database_open (path, &error));
  g_assert_error (error, RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_NEWER);
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

/* ---- kill -9 ---- */

/* Asks, and answers growingly until it is killed; says on standard output what was acknowledged. */
static int
stream (const char *path, const char *cycle)
{
  RiposteDatabase *db = open_good (path);
  g_autofree char *answer = g_strconcat ("a", cycle, NULL);
  g_autoptr (GString) text = g_string_new (NULL);

  put (db, cycle, NULL, RIPOSTE_RECORD_ENDED, "Question");
  for (;;)
    {
      g_string_append (text, "0123456789abcde\n");
      put (db, answer, cycle, RIPOSTE_RECORD_GROWING, text->str);
      printf ("%zu\n", text->len);
      fflush (stdout);
    }
}

/* The length that was acknowledged last when the child was killed. */
static gsize
stream_and_kill (const char *path, const char *cycle, guint lines, gulong more_us)
{
  const char *argv[] = { "/proc/self/exe", "--stream", path, cycle, NULL };
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  char line[32];
  gsize length = 0;
  GPid pid;
  int out;
  FILE *file;

  argv[0] = self;
  g_assert_true (g_spawn_async_with_pipes (NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, NULL,
                                           &out, NULL, NULL));
  file = fdopen (out, "r");
  for (guint i = 0; i < lines && fgets (line, sizeof line, file); i++)
    length = strtoul (line, NULL, 10);
  g_usleep (more_us);
  kill (pid, SIGKILL);
  while (fgets (line, sizeof line, file))
    if (strchr (line, '\n'))
      length = strtoul (line, NULL, 10);
  fclose (file);
  waitpid (pid, NULL, 0);
  return length;
}

static guint
count_files (const char *path)
{
  g_autofree char *parent = g_path_get_dirname (path);
  g_autoptr (GDir) dir = g_dir_open (parent, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir))
    n++;
  return n;
}

static void
test_kill (void)
{
  g_autofree char *path = new_path ();
  g_autoptr (GArray) acknowledged = g_array_new (FALSE, FALSE, sizeof (gsize));
  int cycles = g_test_slow () ? 1000 : 30;

  for (int i = 0; i < cycles; i++)
    {
      g_autofree char *cycle = g_strdup_printf ("%d", i);
      gsize length
        = stream_and_kill (path, cycle, (guint)g_test_rand_int_range (1, 6), (gulong)g_test_rand_int_range (0, 3000));
      g_autoptr (RiposteDatabase) db = open_good (path);
      g_autoptr (GPtrArray) records = riposte_database_list (db, "c", NULL);
      GError *error = NULL;

      g_assert_cmpuint (length, >, 0);
      g_array_append_val (acknowledged, length);
      g_assert_true (riposte_database_check (db, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (records->len, ==, 2 * acknowledged->len);
      for (guint j = 0; j < acknowledged->len; j++)
        {
          g_assert_cmpstr (nth (records, 2 * j)->text, ==, "Question");
          g_assert_cmpuint (strlen (nth (records, 2 * j + 1)->text), >=, g_array_index (acknowledged, gsize, j));
          g_assert_cmpint (nth (records, 2 * j + 1)->state, ==, RIPOSTE_RECORD_CUT_OFF);
        }
    }
  g_assert_cmpuint (count_files (path), ==, 1);
}

int
main (int argc, char **argv)
{
  g_autofree char *remove = NULL;
  int result;

  if (argc == 4 && g_str_equal (argv[1], "--stream"))
    return stream (argv[2], argv[3]);
  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("riposte-store-XXXXXX", NULL);
  g_test_add_func ("/store/tree", test_tree);
  g_test_add_func ("/store/orphan", test_orphan);
  g_test_add_func ("/store/two-writers", test_two_writers);
  g_test_add_func ("/store/newer", test_newer);
  g_test_add_func ("/store/damaged", test_damaged);
  g_test_add_func ("/store/kill", test_kill);
  result = g_test_run ();
  remove = g_strdup_printf ("rm -r '%s'", folder);
  return system (remove) ? 1 : result;
}
