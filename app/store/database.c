#include "store/database-private.h"
#include "store/fold.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <unistd.h>

/* Whoever writes as this program does is done long before; of others a person is told. */
#define BUSY_MS  2000
#define RETRY_US 2000

/* What brings a file from version i to i + 1. Only ever appended to. */
static const char *const migrations[] = {
  "CREATE TABLE conversation (id TEXT PRIMARY KEY, title TEXT, pinned INTEGER NOT NULL DEFAULT 0,"
  "  created INTEGER NOT NULL DEFAULT (unixepoch ())) STRICT;"
  "CREATE TABLE message (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
  "  conversation TEXT NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,"
  "  parent TEXT REFERENCES message (id) ON DELETE CASCADE, role INTEGER NOT NULL, state INTEGER NOT NULL,"
  "  text TEXT NOT NULL, writer TEXT NOT NULL, created INTEGER NOT NULL DEFAULT (unixepoch ())) STRICT;"
  "CREATE INDEX message_of ON message (conversation, number);"
  "CREATE INDEX message_after ON message (parent);"
  "CREATE INDEX message_growing ON message (writer) WHERE state = 0;",

  /* Texts are searched once they no longer change, so that each is put into the index once. */
  "CREATE TABLE conversation_2 (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, title TEXT,"
  "  named INTEGER NOT NULL DEFAULT 0, pinned INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL,"
  "  updated INTEGER NOT NULL, deleted INTEGER, head TEXT, settings TEXT) STRICT;"
  "INSERT INTO conversation_2 (id, title, pinned, created, updated) SELECT id, title, pinned, created,"
  "  coalesce ((SELECT max (created) FROM message WHERE conversation = old.id), created) FROM conversation AS old;"
  "DROP TABLE conversation;"
  "ALTER TABLE conversation_2 RENAME TO conversation;"
  "ALTER TABLE message ADD COLUMN error TEXT;"
  "ALTER TABLE message ADD COLUMN model TEXT;"
  "ALTER TABLE message ADD COLUMN attachments TEXT;"
  "ALTER TABLE message ADD COLUMN n_read INTEGER NOT NULL DEFAULT 0;"
  "ALTER TABLE message ADD COLUMN n_written INTEGER NOT NULL DEFAULT 0;"
  "ALTER TABLE message ADD COLUMN n_context INTEGER NOT NULL DEFAULT 0;"
  "ALTER TABLE message ADD COLUMN tokens_per_second REAL NOT NULL DEFAULT 0;"
  "ALTER TABLE message ADD COLUMN seconds REAL NOT NULL DEFAULT 0;"
  "ALTER TABLE message ADD COLUMN deleted INTEGER;"
  "CREATE VIRTUAL TABLE message_text USING fts5 (text, content = 'message', content_rowid = 'number',"
  "  tokenize = 'trigram');"
  "CREATE TRIGGER message_added AFTER INSERT ON message WHEN new.state <> 0 BEGIN"
  "  INSERT INTO message_text (rowid, text) VALUES (new.number, new.text); END;"
  "CREATE TRIGGER message_ended AFTER UPDATE OF state ON message WHEN old.state = 0 AND new.state <> 0 BEGIN"
  "  INSERT INTO message_text (rowid, text) VALUES (new.number, new.text); END;"
  "CREATE TRIGGER message_gone AFTER DELETE ON message WHEN old.state <> 0 BEGIN"
  "  INSERT INTO message_text (message_text, rowid, text) VALUES ('delete', old.number, old.text); END;"
  "INSERT INTO message_text (rowid, text) SELECT number, text FROM message WHERE state <> 0;"
  "CREATE VIRTUAL TABLE conversation_title USING fts5 (title, content = 'conversation', content_rowid = 'number',"
  "  tokenize = 'trigram');"
  "CREATE TRIGGER title_added AFTER INSERT ON conversation BEGIN"
  "  INSERT INTO conversation_title (rowid, title) VALUES (new.number, new.title); END;"
  "CREATE TRIGGER title_changed AFTER UPDATE OF title ON conversation BEGIN"
  "  INSERT INTO conversation_title (conversation_title, rowid, title) VALUES ('delete', old.number, old.title);"
  "  INSERT INTO conversation_title (rowid, title) VALUES (new.number, new.title); END;"
  "CREATE TRIGGER title_gone AFTER DELETE ON conversation BEGIN"
  "  INSERT INTO conversation_title (conversation_title, rowid, title) VALUES ('delete', old.number, old.title); END;"
  "INSERT INTO conversation_title (rowid, title) SELECT number, title FROM conversation;",

  "ALTER TABLE message ADD COLUMN thinking_seconds REAL NOT NULL DEFAULT 0;",

  "ALTER TABLE message ADD COLUMN left_out INTEGER NOT NULL DEFAULT 0;",

  /* The indices have the letters as a search sees them, and no text of their own. */
  "DROP TRIGGER message_added; DROP TRIGGER message_ended; DROP TRIGGER message_gone; DROP TABLE message_text;"
  "DROP TRIGGER title_added; DROP TRIGGER title_changed; DROP TRIGGER title_gone; DROP TABLE conversation_title;"
  "CREATE VIRTUAL TABLE message_text USING fts5 (text, content = '', tokenize = 'trigram');"
  "CREATE TRIGGER message_added AFTER INSERT ON message WHEN new.state <> 0 BEGIN"
  "  INSERT INTO message_text (rowid, text) VALUES (new.number, riposte_fold (new.text)); END;"
  "CREATE TRIGGER message_ended AFTER UPDATE OF state ON message WHEN old.state = 0 AND new.state <> 0 BEGIN"
  "  INSERT INTO message_text (rowid, text) VALUES (new.number, riposte_fold (new.text)); END;"
  "CREATE TRIGGER message_gone AFTER DELETE ON message WHEN old.state <> 0 BEGIN"
  "  INSERT INTO message_text (message_text, rowid, text) VALUES ('delete', old.number, riposte_fold (old.text)); END;"
  "INSERT INTO message_text (rowid, text) SELECT number, riposte_fold (text) FROM message WHERE state <> 0;"
  "CREATE VIRTUAL TABLE conversation_title USING fts5 (title, content = '', tokenize = 'trigram');"
  "CREATE TRIGGER title_added AFTER INSERT ON conversation BEGIN"
  "  INSERT INTO conversation_title (rowid, title) VALUES (new.number, riposte_fold (new.title)); END;"
  "CREATE TRIGGER title_changed AFTER UPDATE OF title ON conversation BEGIN"
  "  INSERT INTO conversation_title (conversation_title, rowid, title)"
  "    VALUES ('delete', old.number, riposte_fold (old.title));"
  "  INSERT INTO conversation_title (rowid, title) VALUES (new.number, riposte_fold (new.title)); END;"
  "CREATE TRIGGER title_gone AFTER DELETE ON conversation BEGIN"
  "  INSERT INTO conversation_title (conversation_title, rowid, title)"
  "    VALUES ('delete', old.number, riposte_fold (old.title)); END;"
  "INSERT INTO conversation_title (rowid, title) SELECT number, riposte_fold (title) FROM conversation;",

  "CREATE INDEX message_deleted ON message (deleted) WHERE deleted IS NOT NULL;",
};

G_DEFINE_QUARK (riposte - store - error - quark, riposte_store_error)

/* ---- SQLite ---- */

static RiposteStoreError
code_of (int code)
{
  switch (code)
    {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return RIPOSTE_STORE_ERROR_DAMAGED;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return RIPOSTE_STORE_ERROR_BUSY;
    case SQLITE_CONSTRAINT:
      return RIPOSTE_STORE_ERROR_REFUSED;
    default:
      return RIPOSTE_STORE_ERROR_FAILED;
    }
}

/* What a person can do something about, and what the system says, come before SQLite's own words, which are English. */
static const char *
get_reason (sqlite3 *db)
{
  int code = sqlite3_errcode (db);
  int system = code == SQLITE_IOERR || code == SQLITE_CANTOPEN ? sqlite3_system_errno (db) : 0;

  if (code == SQLITE_FULL)
    return g_strerror (ENOSPC);
  if (code == SQLITE_READONLY)
    return _ ("the file is read-only");
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
    return _ ("another program holds the file");
  return system ? g_strerror (system) : sqlite3_errmsg (db);
}

gboolean
riposte_database_fail (RiposteDatabase *self, GError **error)
{
  RiposteStoreError code = code_of (sqlite3_errcode (self->db));

  if (code == RIPOSTE_STORE_ERROR_DAMAGED)
    g_set_error (error, RIPOSTE_STORE_ERROR, code, _ ("The kept conversations are damaged: %s"),
                 sqlite3_errmsg (self->db));
  else
    g_set_error (error, RIPOSTE_STORE_ERROR, code, _ ("The conversation could not be kept: %s"), get_reason (self->db));
  return FALSE;
}

gboolean
riposte_database_execute (RiposteDatabase *self, const char *sql, GError **error)
{
  return sqlite3_exec (self->db, sql, NULL, NULL, NULL) == SQLITE_OK || riposte_database_fail (self, error);
}

sqlite3_stmt *
riposte_database_prepare (RiposteDatabase *self, const char *sql, const char *const *texts, int n, GError **error)
{
  sqlite3_stmt *statement;
  gboolean good = sqlite3_prepare_v2 (self->db, sql, -1, &statement, NULL) == SQLITE_OK;

  for (int i = 0; good && i < n; i++)
    good = sqlite3_bind_text (statement, i + 1, texts[i], -1, SQLITE_STATIC) == SQLITE_OK;
  if (good)
    return statement;
  riposte_database_fail (self, error);
  sqlite3_finalize (statement);
  return NULL;
}

gboolean
riposte_database_run (RiposteDatabase *self, const char *sql, const char *const *texts, int n, GError **error)
{
  sqlite3_stmt *statement = riposte_database_prepare (self, sql, texts, n, error);
  gboolean done = statement && (sqlite3_step (statement) == SQLITE_DONE || riposte_database_fail (self, error));

  sqlite3_finalize (statement);
  return done;
}

gboolean
riposte_database_find (RiposteDatabase *self, const char *sql, const char *text, gboolean *found, GError **error)
{
  sqlite3_stmt *statement = riposte_database_prepare (self, sql, &text, 1, error);
  int code = statement ? sqlite3_step (statement) : SQLITE_ERROR;

  *found = code == SQLITE_ROW;
  if (statement && code != SQLITE_ROW && code != SQLITE_DONE)
    riposte_database_fail (self, error);
  sqlite3_finalize (statement);
  return code == SQLITE_ROW || code == SQLITE_DONE;
}

/* A disk may turn a letter into half of one, which a text of the window must not have. */
char *
riposte_dup_column (sqlite3_stmt *row, int column)
{
  const char *text = (const char *)sqlite3_column_text (row, column);

  return text ? g_utf8_make_valid (text, -1) : NULL;
}

GPtrArray *
riposte_database_query (RiposteDatabase *self,
                        const char *sql,
                        const char *const *texts,
                        int n,
                        RiposteReadRow read,
                        GDestroyNotify destroy,
                        GError **error)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (destroy);
  sqlite3_stmt *statement = riposte_database_prepare (self, sql, texts, n, error);
  int code = SQLITE_ERROR;

  while (statement && (code = sqlite3_step (statement)) == SQLITE_ROW)
    g_ptr_array_add (rows, read (statement));
  if (statement && code != SQLITE_DONE)
    riposte_database_fail (self, error);
  sqlite3_finalize (statement);
  return code == SQLITE_DONE ? g_steal_pointer (&rows) : NULL;
}

static gpointer
read_text (sqlite3_stmt *row)
{
  return riposte_dup_column (row, 0);
}

static GPtrArray *
query_texts (RiposteDatabase *self, const char *sql, GError **error)
{
  return riposte_database_query (self, sql, NULL, 0, read_text, g_free, error);
}

gboolean
riposte_database_begin (RiposteDatabase *self, GError **error)
{
  return riposte_database_execute (self, "BEGIN IMMEDIATE", error);
}

gboolean
riposte_database_end (RiposteDatabase *self, gboolean good, GError **error)
{
  if (good && riposte_database_execute (self, "COMMIT", error))
    return TRUE;
  sqlite3_exec (self->db, "ROLLBACK", NULL, NULL, NULL);
  return FALSE;
}

/* ---- opening ---- */

static gboolean
get_version (RiposteDatabase *self, guint *version, GError **error)
{
  g_autoptr (GPtrArray) rows = query_texts (self, "PRAGMA user_version", error);

  if (!rows)
    return FALSE;
  *version = rows->len ? (guint)strtoul (rows->pdata[0], NULL, 10) : 0;
  if (*version <= G_N_ELEMENTS (migrations))
    return TRUE;
  g_set_error_literal (error, RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_NEWER,
                       _ ("The conversations were kept by a newer version of Riposte, which alone can read them"));
  return FALSE;
}

static gboolean
migrate (RiposteDatabase *self, GError **error)
{
  guint version;
  gboolean good = get_version (self, &version, error);

  for (; good && version < G_N_ELEMENTS (migrations); version++)
    {
      g_autofree char *set = g_strdup_printf ("PRAGMA user_version = %u", version + 1);
      good = riposte_database_execute (self, migrations[version], error) && riposte_database_execute (self, set, error);
    }
  return good;
}

static char *
lock_path_of (RiposteDatabase *self, const char *writer)
{
  return g_strdup_printf ("%s-writer-%s", sqlite3_db_filename (self->db, "main"), writer);
}

static int
take_lock (const char *path, int flags)
{
  int fd = open (path, O_RDWR | O_CLOEXEC | flags, 0600);

  if (fd >= 0 && flock (fd, LOCK_EX | LOCK_NB) == 0)
    return fd;
  if (fd >= 0)
    close (fd);
  return -1;
}

static gboolean
become_writer (RiposteDatabase *self, GError **error)
{
  self->writer = g_uuid_string_random ();
  self->lock_path = lock_path_of (self, self->writer);
  self->lock = take_lock (self->lock_path, O_CREAT | O_EXCL);
  if (self->lock >= 0)
    return TRUE;
  g_set_error (error, RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_FAILED, _ ("The conversation could not be kept: %s"),
               g_strerror (errno));
  return FALSE;
}

/* Whose lock is held no more; those of other windows grow on. */
gboolean
riposte_database_mark_cut_off (RiposteDatabase *self, GError **error)
{
  g_autoptr (GPtrArray) writers = query_texts (self, "SELECT DISTINCT writer FROM message WHERE state = 0", error);
  gboolean good = writers != NULL;

  for (guint i = 0; good && i < writers->len; i++)
    {
      const char *writer = writers->pdata[i];
      g_autofree char *path = lock_path_of (self, writer);
      int lock = take_lock (path, 0);

      if (lock >= 0 || !g_file_test (path, G_FILE_TEST_EXISTS))
        good = riposte_database_run (self, "UPDATE message SET state = 2 WHERE state = 0 AND writer = ?", &writer, 1,
                                     error);
      if (lock >= 0)
        close (lock);
    }
  return good;
}

/* Writers that were killed leave their locks' files. */
static void
sweep_locks (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *prefix = g_strconcat (name, "-writer-", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *entry;

  while (dir && (entry = g_dir_read_name (dir)))
    {
      g_autofree char *file = g_build_filename (folder, entry, NULL);
      int lock = g_str_has_prefix (entry, prefix) ? take_lock (file, 0) : -1;

      if (lock < 0)
        continue;
      g_unlink (file);
      close (lock);
    }
}

static gboolean
sweep (RiposteDatabase *self, const char *path, GError **error)
{
  static const char deletions[]
    = "UPDATE message SET parent = NULL WHERE deleted < unixepoch () - 86400 OR conversation IN"
      "  (SELECT id FROM conversation WHERE deleted < unixepoch () - 86400);"
      "DELETE FROM message WHERE deleted < unixepoch () - 86400;"
      "DELETE FROM conversation WHERE deleted < unixepoch () - 86400";

  sweep_locks (path);
  return riposte_database_execute (self, deletions, error);
}

/* In one transaction, so that of several processes that start at once each finds the version that the one before left,
 * and no lock that is made but not yet held. A migration may have to replace a table that others refer to. */
static gboolean
prepare_file (RiposteDatabase *self, const char *path, GError **error)
{
  gboolean good;

  if (!riposte_database_begin (self, error))
    return FALSE;
  good = migrate (self, error) && become_writer (self, error) && riposte_database_mark_cut_off (self, error);
  return riposte_database_end (self, good, error)
         && riposte_database_execute (self, "PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON", error)
         && riposte_database_begin (self, error) && riposte_database_end (self, sweep (self, path, error), error);
}

/* In one statement, since another process may be making the tables just now. */
static gboolean
check_is_own (RiposteDatabase *self, GError **error)
{
  static const char sql[]
    = "SELECT iif (user_version, (SELECT count (*) FROM sqlite_schema WHERE name IN ('conversation', 'message')) = 2,"
      " NOT EXISTS (SELECT 1 FROM sqlite_schema)) FROM pragma_user_version";
  g_autoptr (GPtrArray) rows = query_texts (self, sql, error);

  if (rows && rows->len == 1 && g_str_equal (rows->pdata[0], "1"))
    return TRUE;
  if (rows)
    g_set_error_literal (error, RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_DAMAGED,
                         _ ("The file of the kept conversations is another program's"));
  return FALSE;
}

static gboolean
connect (RiposteDatabase *self, const char *path, int flags, GError **error)
{
  guint version;

  if (sqlite3_open_v2 (path, &self->db, flags, NULL) != SQLITE_OK || riposte_fold_register (self->db) != SQLITE_OK)
    return riposte_database_fail (self, error);
  sqlite3_busy_timeout (self->db, BUSY_MS);
  /* closing would write what a WAL beside the file has into it, which is for who understands it */
  sqlite3_db_config (self->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  if (!get_version (self, &version, error) || !check_is_own (self, error))
    return FALSE;
  sqlite3_db_config (self->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
  return TRUE;
}

/* SQLite asks no busy handler while a new file is made one with a WAL, so whoever comes second tries again. */
static gboolean
use_wal (RiposteDatabase *self, GError **error)
{
  gint64 end = g_get_monotonic_time () + BUSY_MS * 1000;
  g_autoptr (GError) problem = NULL;

  while (!riposte_database_execute (self, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", &problem))
    {
      if (!g_error_matches (problem, RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_BUSY) || g_get_monotonic_time () > end)
        {
          g_propagate_error (error, g_steal_pointer (&problem));
          return FALSE;
        }
      g_clear_error (&problem);
      g_usleep (RETRY_US);
    }
  return TRUE;
}

/* SQLite's own files get the same permissions. */
static void
make_private (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int fd;

  g_mkdir_with_parents (folder, 0700);
  fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd >= 0)
    close (fd);
}

RiposteDatabase *
riposte_database_open (const char *path, GError **error)
{
  g_autoptr (RiposteDatabase) self = g_new0 (RiposteDatabase, 1);

  self->lock = -1;
  make_private (path);
  if (!connect (self, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error) || !use_wal (self, error)
      || !prepare_file (self, path, error))
    return NULL;
  return g_steal_pointer (&self);
}

/* Beside a file in WAL mode SQLite wants to write even to read, unless it is told that nobody else does. */
RiposteDatabase *
riposte_database_open_to_read (const char *path, GError **error)
{
  g_autoptr (RiposteDatabase) self = g_new0 (RiposteDatabase, 1);
  g_autofree char *wal = g_strconcat (path, "-wal", NULL);
  g_autofree char *escaped = g_uri_escape_string (path, G_URI_RESERVED_CHARS_ALLOWED_IN_PATH, FALSE);
  g_autofree char *uri = g_strconcat ("file:", escaped, "?immutable=1", NULL);

  self->lock = -1;
  if (connect (self, path, SQLITE_OPEN_READONLY, error))
    return g_steal_pointer (&self);
  if (g_file_test (wal, G_FILE_TEST_EXISTS))
    return NULL;
  g_clear_error (error);
  g_clear_pointer (&self->db, sqlite3_close);
  return connect (self, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, error) ? g_steal_pointer (&self) : NULL;
}

gboolean
riposte_database_set_aside (const char *path, GError **error)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format (now, "%Y%m%d-%H%M%S");
  g_autofree char *aside = g_strdup_printf ("%s-damaged-%s", path, time);

  if (g_rename (path, aside) != 0)
    {
      g_set_error (error, RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_FAILED, _ ("The conversation could not be kept: %s"),
                   g_strerror (errno));
      return FALSE;
    }
  for (const char *const *part = (const char *const[]){ "-wal", "-shm", NULL }; *part; part++)
    {
      g_autofree char *from = g_strconcat (path, *part, NULL);
      g_autofree char *to = g_strconcat (aside, *part, NULL);
      g_rename (from, to);
    }
  return TRUE;
}

void
riposte_database_close (RiposteDatabase *self)
{
  sqlite3_close (self->db);
  if (self->lock >= 0)
    {
      g_unlink (self->lock_path);
      close (self->lock);
    }
  g_free (self->lock_path);
  g_free (self->writer);
  g_free (self);
}

gboolean
riposte_database_check (RiposteDatabase *self, GError **error)
{
  g_autoptr (GPtrArray) rows = query_texts (self, "PRAGMA integrity_check", error);

  if (!rows)
    return FALSE;
  if (rows->len == 1 && g_str_equal (rows->pdata[0], "ok"))
    return TRUE;
  g_set_error (error, RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_DAMAGED, _ ("The kept conversations are damaged: %s"),
               rows->len ? (const char *)rows->pdata[0] : "");
  return FALSE;
}
