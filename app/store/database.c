#include "store/database.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#define BUSY_MS 10000

struct _RiposteDatabase
{
  sqlite3 *db;
  char *writer;    /* this process's name among those that write */
  char *lock_path; /* locked for as long as it lives */
  int lock;
};

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
};

G_DEFINE_QUARK (riposte - store - error - quark, riposte_store_error)

RiposteRecord *
riposte_record_copy (const RiposteRecord *record)
{
  RiposteRecord *copy = g_new (RiposteRecord, 1);

  *copy = *record;
  copy->id = g_strdup (record->id);
  copy->conversation = g_strdup (record->conversation);
  copy->parent = g_strdup (record->parent);
  copy->text = g_strdup (record->text);
  return copy;
}

void
riposte_record_free (RiposteRecord *record)
{
  g_free (record->id);
  g_free (record->conversation);
  g_free (record->parent);
  g_free (record->text);
  g_free (record);
}

/* ---- SQLite ---- */

static gboolean
fail (RiposteDatabase *self, GError **error)
{
  int code = sqlite3_errcode (self->db);
  gboolean damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;

  if (damaged)
    g_set_error (error, RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_DAMAGED, _ ("The kept conversations are damaged: %s"),
                 sqlite3_errmsg (self->db));
  else
    g_set_error (error, RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_FAILED, _ ("The conversation could not be kept: %s"),
                 sqlite3_errmsg (self->db));
  return FALSE;
}

static gboolean
execute (RiposteDatabase *self, const char *sql, GError **error)
{
  return sqlite3_exec (self->db, sql, NULL, NULL, NULL) == SQLITE_OK || fail (self, error);
}

/* A statement with its text parameters, up to a NULL name. */
static sqlite3_stmt *
prepare (RiposteDatabase *self, const char *sql, const char *const *texts, int n, GError **error)
{
  sqlite3_stmt *statement;

  if (sqlite3_prepare_v2 (self->db, sql, -1, &statement, NULL) != SQLITE_OK)
    {
      fail (self, error);
      return NULL;
    }
  for (int i = 0; i < n; i++)
    sqlite3_bind_text (statement, i + 1, texts[i], -1, SQLITE_TRANSIENT);
  return statement;
}

static gboolean
run (RiposteDatabase *self, const char *sql, const char *const *texts, int n, GError **error)
{
  sqlite3_stmt *statement = prepare (self, sql, texts, n, error);
  gboolean done = statement && (sqlite3_step (statement) == SQLITE_DONE || fail (self, error));

  sqlite3_finalize (statement);
  return done;
}

static char *
dup_column (sqlite3_stmt *statement, int column)
{
  return g_strdup ((const char *)sqlite3_column_text (statement, column));
}

/* The first column of all rows. */
static GPtrArray *
query_texts (RiposteDatabase *self, const char *sql, GError **error)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  sqlite3_stmt *statement = prepare (self, sql, NULL, 0, error);
  int code = SQLITE_ERROR;

  while (statement && (code = sqlite3_step (statement)) == SQLITE_ROW)
    g_ptr_array_add (texts, dup_column (statement, 0));
  if (statement && code != SQLITE_DONE)
    fail (self, error);
  sqlite3_finalize (statement);
  return code == SQLITE_DONE ? g_steal_pointer (&texts) : NULL;
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
      good = execute (self, migrations[version], error) && execute (self, set, error);
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

/* Answers whose writer holds its lock no more were cut off; those of other windows grow on. */
static gboolean
mark_cut_off (RiposteDatabase *self, GError **error)
{
  g_autoptr (GPtrArray) writers = query_texts (self, "SELECT DISTINCT writer FROM message WHERE state = 0", error);

  for (guint i = 0; writers && i < writers->len; i++)
    {
      const char *writer = writers->pdata[i];
      g_autofree char *path = lock_path_of (self, writer);
      int lock = take_lock (path, 0);

      if (lock < 0 && g_file_test (path, G_FILE_TEST_EXISTS))
        continue;
      if (!run (self, "UPDATE message SET state = 2 WHERE state = 0 AND writer = ?", &writer, 1, error))
        {
          if (lock >= 0)
            close (lock);
          return FALSE;
        }
      if (lock >= 0)
        close (lock);
    }
  return writers != NULL;
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

/* In one transaction, so that of several processes that start at once each finds the version that the one before left,
 * and no lock that is made but not yet held. */
static gboolean
prepare_file (RiposteDatabase *self, const char *path, GError **error)
{
  if (!execute (self, "BEGIN IMMEDIATE", error))
    return FALSE;
  if (migrate (self, error) && become_writer (self, error) && mark_cut_off (self, error))
    {
      sweep_locks (path);
      if (execute (self, "COMMIT", error))
        return TRUE;
    }
  sqlite3_exec (self->db, "ROLLBACK", NULL, NULL, NULL);
  return FALSE;
}

RiposteDatabase *
riposte_database_open (const char *path, GError **error)
{
  g_autoptr (RiposteDatabase) self = g_new0 (RiposteDatabase, 1);
  g_autofree char *folder = g_path_get_dirname (path);
  guint version;

  self->lock = -1;
  g_mkdir_with_parents (folder, 0700);
  if (sqlite3_open_v2 (path, &self->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) != SQLITE_OK)
    {
      fail (self, error);
      return NULL;
    }
  sqlite3_busy_timeout (self->db, BUSY_MS);
  if (!get_version (self, &version, error)
      || !execute (self, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON", error)
      || !prepare_file (self, path, error))
    return NULL;
  return g_steal_pointer (&self);
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

/* ---- reading and writing ---- */

gboolean
riposte_database_put (RiposteDatabase *self, const RiposteRecord *record, GError **error)
{
  g_autofree char *role = g_strdup_printf ("%d", record->role);
  g_autofree char *state = g_strdup_printf ("%d", record->state);
  const char *conversation = record->conversation;
  const char *const values[] = { record->id, conversation, record->parent, role, state, record->text, self->writer };

  if (!execute (self, "BEGIN IMMEDIATE", error))
    return FALSE;
  if (run (self, "INSERT INTO conversation (id) VALUES (?) ON CONFLICT DO NOTHING", &conversation, 1, error)
      && run (self,
              "INSERT INTO message (id, conversation, parent, role, state, text, writer) VALUES (?, ?, ?, ?, ?, ?, ?)"
              " ON CONFLICT (id) DO UPDATE SET text = excluded.text, state = excluded.state"
              " WHERE message.state = 0 AND message.writer = excluded.writer",
              values, G_N_ELEMENTS (values), error)
      && execute (self, "COMMIT", error))
    return TRUE;
  sqlite3_exec (self->db, "ROLLBACK", NULL, NULL, NULL);
  return FALSE;
}

GPtrArray *
riposte_database_list (RiposteDatabase *self, const char *conversation, GError **error)
{
  g_autoptr (GPtrArray) records = g_ptr_array_new_with_free_func ((GDestroyNotify)riposte_record_free);
  sqlite3_stmt *statement = prepare (
    self, "SELECT id, conversation, parent, role, state, text FROM message WHERE conversation = ? ORDER BY number",
    &conversation, 1, error);
  int code = SQLITE_ERROR;

  while (statement && (code = sqlite3_step (statement)) == SQLITE_ROW)
    {
      RiposteRecord *record = g_new0 (RiposteRecord, 1);

      record->id = dup_column (statement, 0);
      record->conversation = dup_column (statement, 1);
      record->parent = dup_column (statement, 2);
      record->role = sqlite3_column_int (statement, 3);
      record->state = (RiposteRecordState)sqlite3_column_int (statement, 4);
      record->text = dup_column (statement, 5);
      g_ptr_array_add (records, record);
    }
  if (statement && code != SQLITE_DONE)
    fail (self, error);
  sqlite3_finalize (statement);
  return code == SQLITE_DONE ? g_steal_pointer (&records) : NULL;
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
