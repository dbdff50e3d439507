/* A disk that fails at each of its operations in turn, or loses power after any: what was acknowledged is there, what was
 * handed over is written when it can be, and every failure is told. (`-m slow`: at every single operation.) */
#include "faulty-disk.h"
#include "store/store.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define PAGES_OF_WAL 8 /* small, so that pages go back to the file, too */

static char *folder;

typedef struct
{
  char *path;
  RiposteStore *store;
  GHashTable *acknowledged;   /* id to the text that is on the disk */
  GHashTable *handed_over;    /* id to the newest text */
  guint n_problems, n_failed; /* told; of the callbacks */
} Session;

/* ---- a session as the window has it ---- */

static void
on_problem (RiposteStore *store, Session *session)
{
  session->n_problems += riposte_store_get_problem (store) != NULL;
}

typedef struct
{
  Session *session;
  char *id, *text;
  gboolean *done;
} Put;

static void
on_put (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Put *put = user_data;

  if (riposte_store_write_finish (RIPOSTE_STORE (source), result, NULL))
    g_hash_table_replace (put->session->acknowledged, g_steal_pointer (&put->id), g_steal_pointer (&put->text));
  else
    put->session->n_failed++;
  *put->done = TRUE;
  g_free (put->id);
  g_free (put->text);
  g_free (put);
}

static void
wait_for (const gboolean *done)
{
  while (!*done)
    g_main_context_iteration (NULL, TRUE);
}

static void
put (Session *session, const char *id, const char *parent, RiposteRecordState state, const char *text)
{
  const RiposteRecord record = { .id = (char *)id,
                                 .conversation = (char *)"c",
                                 .parent = (char *)parent,
                                 .role = parent && *id == 'a',
                                 .state = state,
                                 .text = (char *)text };
  GPtrArray *records = g_ptr_array_new_with_free_func ((GDestroyNotify)riposte_record_free);
  gboolean done = FALSE;
  Put *waiting = g_new (Put, 1);

  *waiting = (Put){ session, g_strdup (id), g_strdup (text), &done };
  g_hash_table_replace (session->handed_over, g_strdup (id), g_strdup (text));
  g_ptr_array_add (records, riposte_record_copy (&record));
  riposte_store_put_async (session->store, records, on_put, waiting);
  wait_for (&done);
}

/* Questions, answers that grow, and what else is kept. */
static void
talk (Session *session)
{
  g_autofree char *half = g_strnfill (6000, 'x');
  g_autofree char *whole = g_strnfill (12000, 'x');

  put (session, "q1", NULL, RIPOSTE_RECORD_ENDED, "Question");
  put (session, "a1", "q1", RIPOSTE_RECORD_GROWING, "");
  put (session, "a1", "q1", RIPOSTE_RECORD_GROWING, half);
  put (session, "a1", "q1", RIPOSTE_RECORD_ENDED, whole);
  riposte_store_set (session->store, "c", RIPOSTE_CHAT_TITLE, "Title");
  put (session, "q2", "a1", RIPOSTE_RECORD_ENDED, "Another");
  put (session, "a2", "q2", RIPOSTE_RECORD_ENDED, "Short");
  riposte_store_set_left_out (session->store, (const char *const[]){ "q1", "a1", NULL }, TRUE);
  riposte_store_set (session->store, "c", RIPOSTE_CHAT_PINNED, "1");
}

static Session *
session_new (void)
{
  static int n;
  Session *session = g_new0 (Session, 1);

  session->path = g_strdup_printf ("%s/%d/conversations.db", folder, n++);
  session->acknowledged = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  session->handed_over = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  session->store = riposte_store_new (session->path);
  g_signal_connect (session->store, "problem", G_CALLBACK (on_problem), session);
  return session;
}

static void
remove_folder (const char *path)
{
  g_autofree char *parent = g_path_get_dirname (path);
  g_autofree char *remove = g_strdup_printf ("rm -r '%s'", parent);

  g_assert_cmpint (system (remove), ==, 0);
}

static void
session_close (Session *session)
{
  riposte_store_close (session->store);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (session->store);
}

static void
session_free (Session *session)
{
  remove_folder (session->path);
  g_hash_table_unref (session->acknowledged);
  g_hash_table_unref (session->handed_over);
  g_free (session->path);
  g_free (session);
}

static void
on_flushed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  riposte_store_write_finish (RIPOSTE_STORE (source), result, NULL);
  *(gboolean *)user_data = TRUE;
}

/* As the button of the window does, until all is written. */
static void
retry (Session *session)
{
  do
    {
      gboolean done = FALSE;

      riposte_store_retry (session->store);
      riposte_store_flush_async (session->store, on_flushed, &done);
      wait_for (&done);
    }
  while (riposte_store_is_behind (session->store));
  while (riposte_store_get_problem (session->store))
    g_main_context_iteration (NULL, TRUE);
}

/* ---- what is on the disk ---- */

static const RiposteRecord *
find (GPtrArray *records, const char *id)
{
  for (guint i = 0; i < records->len; i++)
    if (strcmp (((const RiposteRecord *)records->pdata[i])->id, id) == 0)
      return records->pdata[i];
  return NULL;
}

/* All of @expected, or something newer. */
static void
assert_kept (const char *path, GHashTable *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RiposteDatabase) db = riposte_database_open (path, &error);
  g_autoptr (GPtrArray) records = NULL;
  GHashTableIter iter;
  gpointer id, text;

  g_assert_no_error (error);
  g_assert_true (riposte_database_check (db, NULL));
  records = riposte_database_list (db, "c", NULL);
  g_hash_table_iter_init (&iter, expected);
  while (g_hash_table_iter_next (&iter, &id, &text))
    {
      const RiposteRecord *record = find (records, id);

      g_assert_nonnull (record);
      g_assert_true (g_str_has_prefix (record->text, text));
    }
}

/* Exactly what the session handed over. */
static void
assert_all (Session *session)
{
  g_autoptr (RiposteDatabase) db = riposte_database_open (session->path, NULL);
  g_autoptr (GPtrArray) records = riposte_database_list (db, "c", NULL);
  g_autoptr (GPtrArray) chats = riposte_database_list_chats (db, NULL);
  const RiposteChatRecord *chat = chats->pdata[0];

  g_assert_cmpuint (records->len, ==, g_hash_table_size (session->handed_over));
  for (guint i = 0; i < records->len; i++)
    {
      const RiposteRecord *record = records->pdata[i];

      g_assert_cmpstr (record->text, ==, g_hash_table_lookup (session->handed_over, record->id));
      g_assert_cmpint (record->state, ==, RIPOSTE_RECORD_ENDED);
      g_assert_cmpint (record->left_out, ==, record->id[1] == '1');
    }
  g_assert_cmpstr (chat->title, ==, "Title");
  g_assert_true (chat->pinned);
}

/* As a program that was killed now would leave it. */
static void
assert_kept_after_kill (Session *session)
{
  g_autofree char *parent = g_path_get_dirname (session->path);
  g_autofree char *copy = g_strconcat (parent, "-killed", NULL);
  g_autofree char *path = g_build_filename (copy, "conversations.db", NULL);
  g_autofree char *command = g_strdup_printf ("cp -r '%s' '%s' && rm -f '%s'*-shm", parent, copy, path);

  if (g_hash_table_size (session->acknowledged) == 0)
    return;
  g_assert_cmpint (system (command), ==, 0);
  assert_kept (path, session->acknowledged);
  remove_folder (path);
}

/* ---- cases ---- */

/* FALSE where the session has no so many operations. */
static gboolean
fail_at (FaultyDiskKind kind, guint nth, gboolean stays)
{
  Session *session;
  gboolean failed;

  faulty_disk_fail (kind, nth, stays);
  session = session_new ();
  talk (session);
  failed = faulty_disk_get_n_failed () > 0;
  while (session->n_failed && !session->n_problems) /* each failure is told */
    g_main_context_iteration (NULL, TRUE);
  faulty_disk_fail (kind, 0, FALSE);
  if (stays)
    assert_kept_after_kill (session);
  retry (session);
  session_close (session);
  assert_kept (session->path, session->acknowledged);
  assert_all (session);
  session_free (session);
  return failed;
}

static void
test_each_operation (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data), step = g_test_slow () ? 1 : 9, n_sessions = 0;
  guint nth = 1 + (guint)g_test_rand_int_range (0, (int)step);

  for (; fail_at (row & 1 ? FAULTY_DISK_FULL : FAULTY_DISK_BROKEN, nth, row & 2); nth += step)
    n_sessions++;
  g_test_message ("%u of %u operations failed", n_sessions, nth);
  g_assert_cmpuint (n_sessions, >, 10);
}

typedef struct
{
  guint position;
  GHashTable *acknowledged;
} Moment;

static void
moment_free (gpointer data)
{
  g_hash_table_unref (((Moment *)data)->acknowledged);
  g_free (data);
}

static void
copy_text (gpointer id, gpointer text, gpointer to)
{
  g_hash_table_insert (to, g_strdup (id), g_strdup (text));
}

/* A session, and what it had acknowledged when so much was written. */
static GPtrArray *
record_session (void)
{
  GPtrArray *moments = g_ptr_array_new_with_free_func (moment_free);
  static const char *const ids[] = { "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12" };
  g_autofree char *text = g_strnfill (9000, 'y');
  Session *session;

  faulty_disk_record ();
  session = session_new ();
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      Moment *moment = g_new (Moment, 1);

      put (session, ids[i], i ? ids[i - 1] : NULL, RIPOSTE_RECORD_ENDED, i % 3 ? "short" : text);
      *moment
        = (Moment){ faulty_disk_get_position (), g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free) };
      g_hash_table_foreach (session->acknowledged, copy_text, moment->acknowledged);
      g_assert_cmpuint (g_hash_table_size (moment->acknowledged), ==, i + 1);
      g_ptr_array_add (moments, moment);
    }
  session_close (session);
  session_free (session);
  return moments;
}

static void
lose_power (guint position, GHashTable *acknowledged)
{
  g_autoptr (GRand) random = g_rand_new_with_seed ((guint32)g_test_rand_int ());
  g_autofree char *after = g_build_filename (folder, "after", NULL);
  g_autofree char *path = g_build_filename (after, "conversations.db", NULL);

  g_mkdir (after, 0700);
  faulty_disk_lose_power (position, random, after);
  assert_kept (path, acknowledged);
  remove_folder (path);
}

static void
test_power (void)
{
  g_autoptr (GPtrArray) moments = record_session ();
  g_autoptr (GHashTable) nothing = g_hash_table_new (g_str_hash, g_str_equal);
  guint end = ((Moment *)moments->pdata[moments->len - 1])->position, step = g_test_slow () ? 1 : 11, n = 0;

  for (guint position = (guint)g_test_rand_int_range (0, (int)step); position < end; position += step, n++)
    {
      GHashTable *acknowledged = nothing;

      for (guint i = 0; i < moments->len && ((Moment *)moments->pdata[i])->position <= position; i++)
        acknowledged = ((Moment *)moments->pdata[i])->acknowledged;
      lose_power (position, acknowledged);
    }
  for (guint i = 0; i < moments->len; i++) /* right behind what was acknowledged */
    lose_power (((Moment *)moments->pdata[i])->position, ((Moment *)moments->pdata[i])->acknowledged);
  g_test_message ("%u of %u moments", n + moments->len, end);
}

static int
set_up_connection (sqlite3 *db, char **message, const void *routines)
{
  return sqlite3_wal_autocheckpoint (db, PAGES_OF_WAL);
}

int
main (int argc, char **argv)
{
  g_autofree char *remove = NULL;
  int result;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("riposte-fault-XXXXXX", NULL);
  faulty_disk_install ();
  sqlite3_auto_extension ((void (*) (void))set_up_connection);
  g_test_add_data_func ("/fault/broken-once", GUINT_TO_POINTER (0), test_each_operation);
  g_test_add_data_func ("/fault/full-once", GUINT_TO_POINTER (1), test_each_operation);
  g_test_add_data_func ("/fault/broken", GUINT_TO_POINTER (2), test_each_operation);
  g_test_add_data_func ("/fault/full", GUINT_TO_POINTER (3), test_each_operation);
  g_test_add_func ("/fault/power", test_power);
  result = g_test_run ();
  remove = g_strdup_printf ("rm -rf '%s'", folder);
  return system (remove) ? 1 : result;
}
