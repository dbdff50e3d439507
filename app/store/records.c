#include "store/database-private.h"

#define MESSAGE                                                                                                        \
  "id, conversation, parent, role, state, text, error, model, attachments, created, n_read, n_written, n_context,"     \
  " tokens_per_second, seconds, thinking_seconds, left_out"

/* What follows message ?1, itself included. */
#define BRANCH                                                                                                         \
  "WITH RECURSIVE branch (id) AS (SELECT ?1 UNION ALL SELECT message.id FROM message, branch"                          \
  " WHERE message.parent = branch.id) "

RiposteRecord *
riposte_record_copy (const RiposteRecord *record)
{
  RiposteRecord *copy = g_new (RiposteRecord, 1);

  *copy = *record;
  copy->id = g_strdup (record->id);
  copy->conversation = g_strdup (record->conversation);
  copy->parent = g_strdup (record->parent);
  copy->text = g_strdup (record->text);
  copy->error = g_strdup (record->error);
  copy->model = g_strdup (record->model);
  copy->attachments = g_strdup (record->attachments);
  return copy;
}

void
riposte_record_free (RiposteRecord *record)
{
  g_free (record->id);
  g_free (record->conversation);
  g_free (record->parent);
  g_free (record->text);
  g_free (record->error);
  g_free (record->model);
  g_free (record->attachments);
  g_free (record);
}

void
riposte_chat_record_free (RiposteChatRecord *record)
{
  g_free (record->id);
  g_free (record->title);
  g_free (record->head);
  g_free (record->settings);
  g_free (record);
}

/* ---- messages ---- */

/* A damaged row lacks what none can lack. */
static char *
dup_text (sqlite3_stmt *row, int column)
{
  char *text = riposte_dup_column (row, column);

  return text ? text : g_strdup ("");
}

static RiposteRecordState
read_state (sqlite3_stmt *row, int column)
{
  int state = sqlite3_column_int (row, column);

  return state >= 0 && state <= RIPOSTE_RECORD_NO_ROOM ? (RiposteRecordState)state : RIPOSTE_RECORD_CUT_OFF;
}

static gpointer
read_message (sqlite3_stmt *row)
{
  RiposteRecord *record = g_new0 (RiposteRecord, 1);

  record->id = dup_text (row, 0);
  record->conversation = dup_text (row, 1);
  record->parent = riposte_dup_column (row, 2);
  record->role = sqlite3_column_int (row, 3) != 0;
  record->state = read_state (row, 4);
  record->text = dup_text (row, 5);
  record->error = riposte_dup_column (row, 6);
  record->model = riposte_dup_column (row, 7);
  record->attachments = riposte_dup_column (row, 8);
  record->created = sqlite3_column_int64 (row, 9);
  record->n_read = (guint)sqlite3_column_int64 (row, 10);
  record->n_written = (guint)sqlite3_column_int64 (row, 11);
  record->n_context = (guint)sqlite3_column_int64 (row, 12);
  record->tokens_per_second = sqlite3_column_double (row, 13);
  record->seconds = sqlite3_column_double (row, 14);
  record->thinking_seconds = sqlite3_column_double (row, 15);
  record->left_out = sqlite3_column_int (row, 16) != 0;
  return record;
}

static gboolean
upsert (RiposteDatabase *self, const RiposteRecord *record, const char *now, GError **error)
{
  const char *sql
    = "INSERT INTO message (" MESSAGE ", writer) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
      " ON CONFLICT (id) DO UPDATE SET text = excluded.text, state = excluded.state, error = excluded.error,"
      "  model = excluded.model, n_read = excluded.n_read, n_written = excluded.n_written,"
      "  n_context = excluded.n_context, tokens_per_second = excluded.tokens_per_second, seconds = excluded.seconds,"
      "  thinking_seconds = excluded.thinking_seconds"
      "  WHERE message.state = 0 AND message.writer = excluded.writer";
  char role[16], state[16], n_read[16], n_written[16], n_context[16];
  char speed[G_ASCII_DTOSTR_BUF_SIZE], seconds[G_ASCII_DTOSTR_BUF_SIZE], thinking[G_ASCII_DTOSTR_BUF_SIZE];
  const char *const values[] = { record->id,
                                 record->conversation,
                                 record->parent,
                                 role,
                                 state,
                                 record->text,
                                 record->error,
                                 record->model,
                                 record->attachments,
                                 now,
                                 n_read,
                                 n_written,
                                 n_context,
                                 speed,
                                 seconds,
                                 thinking,
                                 record->left_out ? "1" : "0",
                                 self->writer };

  g_snprintf (role, sizeof role, "%d", record->role);
  g_snprintf (state, sizeof state, "%d", record->state);
  g_snprintf (n_read, sizeof n_read, "%u", record->n_read);
  g_snprintf (n_written, sizeof n_written, "%u", record->n_written);
  g_snprintf (n_context, sizeof n_context, "%u", record->n_context);
  g_ascii_dtostr (speed, sizeof speed, record->tokens_per_second);
  g_ascii_dtostr (seconds, sizeof seconds, record->seconds);
  g_ascii_dtostr (thinking, sizeof thinking, record->thinking_seconds);
  return riposte_database_run (self, sql, values, G_N_ELEMENTS (values), error);
}

static gboolean
make_chat (RiposteDatabase *self, const char *conversation, const char *now, GError **error)
{
  const char *const values[] = { conversation, now };

  return riposte_database_run (
    self, "INSERT INTO conversation (id, created, updated) VALUES (?1, ?2, ?2) ON CONFLICT (id) DO NOTHING", values, 2,
    error);
}

static char *
get_time (gint64 created)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT, created ? created : g_get_real_time () / G_USEC_PER_SEC);
}

/* What is asked in a conversation, or below a message, that another window deleted brings it back. */
static gboolean
make_way (RiposteDatabase *self, const RiposteRecord *record, const char *now, GError **error)
{
  static const char show_chat[]
    = "UPDATE conversation SET updated = max (updated, ?), head = ?, deleted = NULL WHERE id = ?";
  static const char show_path[]
    = "WITH RECURSIVE path (id) AS (SELECT id FROM message WHERE id = ? AND deleted IS NOT NULL UNION ALL"
      " SELECT message.parent FROM message, path WHERE message.id = path.id AND message.parent IS NOT NULL)"
      " UPDATE message SET deleted = NULL WHERE id IN (SELECT id FROM path)";
  const char *const values[] = { now, record->id, record->conversation };
  const char *parent = record->parent;

  return make_chat (self, record->conversation, now, error) && riposte_database_run (self, show_chat, values, 3, error)
         && riposte_database_run (self, show_path, &parent, 1, error);
}

gboolean
riposte_database_add_message (RiposteDatabase *self, const RiposteRecord *record, GError **error)
{
  g_autofree char *now = get_time (record->created);

  return upsert (self, record, now, error);
}

static gboolean
put (RiposteDatabase *self, const RiposteRecord *record, GError **error)
{
  g_autofree char *now = get_time (record->created);
  gboolean there;

  return riposte_database_find (self, "SELECT 1 FROM message WHERE id = ?", record->id, &there, error)
         && (there || make_way (self, record, now, error)) && upsert (self, record, now, error);
}

gboolean
riposte_database_put (RiposteDatabase *self, const RiposteRecord *record, GError **error)
{
  return riposte_database_begin (self, error) && riposte_database_end (self, put (self, record, error), error);
}

gboolean
riposte_database_put_all (RiposteDatabase *self, GPtrArray *records, GError **error)
{
  gboolean good;

  if (!riposte_database_begin (self, error))
    return FALSE;
  good = TRUE;
  for (guint i = 0; good && i < records->len; i++)
    good = put (self, records->pdata[i], error);
  return riposte_database_end (self, good, error);
}

GPtrArray *
riposte_database_list (RiposteDatabase *self, const char *conversation, GError **error)
{
  /* where that cannot be written down, it can be read all the same */
  riposte_database_mark_cut_off (self, NULL);
  return riposte_database_query (
    self, "SELECT " MESSAGE " FROM message WHERE conversation = ? AND deleted IS NULL ORDER BY number", &conversation,
    1, read_message, (GDestroyNotify)riposte_record_free, error);
}

/* What is hidden at once has a time of its own, so that it also comes back at once. */
gboolean
riposte_database_delete_message (RiposteDatabase *self, const char *id, gboolean hide, GError **error)
{
  const char *sql = hide ? BRANCH ", stamp (time) AS MATERIALIZED (SELECT max (unixepoch (), 1 + coalesce ((SELECT"
                                  " max (deleted) FROM message WHERE conversation = (SELECT conversation FROM message"
                                  " WHERE id = ?1)), 0))) UPDATE message SET deleted = (SELECT time FROM stamp)"
                                  " WHERE deleted IS NULL AND id IN (SELECT id FROM branch)"
                         : BRANCH "UPDATE message SET deleted = NULL WHERE id IN (SELECT id FROM branch)"
                                  " AND deleted = (SELECT deleted FROM message WHERE id = ?1)";

  return riposte_database_run (self, sql, &id, 1, error);
}

gboolean
riposte_database_set_left_out (RiposteDatabase *self, const char *const *ids, gboolean left_out, GError **error)
{
  gboolean good = TRUE;

  if (!riposte_database_begin (self, error))
    return FALSE;
  for (; good && *ids; ids++)
    good = riposte_database_run (self, "UPDATE message SET left_out = ? WHERE id = ?",
                                 (const char *const[]){ left_out ? "1" : "0", *ids }, 2, error);
  return riposte_database_end (self, good, error);
}

/* ---- conversations ---- */

static gpointer
read_chat (sqlite3_stmt *row)
{
  RiposteChatRecord *record = g_new0 (RiposteChatRecord, 1);

  record->id = dup_text (row, 0);
  record->title = riposte_dup_column (row, 1);
  record->head = riposte_dup_column (row, 2);
  record->settings = riposte_dup_column (row, 3);
  record->named = sqlite3_column_int (row, 4) != 0;
  record->pinned = sqlite3_column_int (row, 5) != 0;
  record->created = sqlite3_column_int64 (row, 6);
  record->updated = sqlite3_column_int64 (row, 7);
  return record;
}

GPtrArray *
riposte_database_list_chats (RiposteDatabase *self, GError **error)
{
  return riposte_database_query (self,
                                 "SELECT id, title, head, settings, named, pinned, created, updated"
                                 " FROM conversation AS chat WHERE deleted IS NULL AND EXISTS"
                                 " (SELECT 1 FROM message WHERE conversation = chat.id AND deleted IS NULL)"
                                 " ORDER BY updated DESC, number DESC",
                                 NULL, 0, read_chat, (GDestroyNotify)riposte_chat_record_free, error);
}

gboolean
riposte_database_set (RiposteDatabase *self,
                      const char *conversation,
                      RiposteChatField field,
                      const char *value,
                      GError **error)
{
  static const char *const statements[] = {
    [RIPOSTE_CHAT_TITLE] = "UPDATE conversation SET title = ? WHERE id = ? AND NOT named",
    [RIPOSTE_CHAT_NAME] = "UPDATE conversation SET title = ?, named = 1 WHERE id = ?",
    [RIPOSTE_CHAT_PINNED] = "UPDATE conversation SET pinned = ? WHERE id = ?",
    [RIPOSTE_CHAT_HEAD] = "UPDATE conversation SET head = ? WHERE id = ?",
    [RIPOSTE_CHAT_SETTINGS] = "UPDATE conversation SET settings = ? WHERE id = ?",
    [RIPOSTE_CHAT_DELETED] = "UPDATE conversation SET deleted = iif (? = '1', unixepoch (), NULL) WHERE id = ?",
  };
  const char *const values[] = { value, conversation };
  g_autofree char *now = get_time (0);

  if (!riposte_database_begin (self, error))
    return FALSE;
  return riposte_database_end (self,
                               make_chat (self, conversation, now, error)
                                 && riposte_database_run (self, statements[field], values, 2, error),
                               error);
}

/* Without its parent a message is deleted by itself; a chain of them would be followed deeper than SQLite does. */
gboolean
riposte_database_purge (RiposteDatabase *self, const char *conversation, GError **error)
{
  gboolean good;

  if (!riposte_database_begin (self, error))
    return FALSE;
  good = riposte_database_run (self, "UPDATE message SET parent = NULL WHERE conversation = ?", &conversation, 1, error)
         && riposte_database_run (self, "DELETE FROM conversation WHERE id = ?", &conversation, 1, error);
  return riposte_database_end (self, good, error);
}
