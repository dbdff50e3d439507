#include "store/exchange.h"

#include "store/database-private.h"

#include <string.h>

void
riposte_imported_free (RiposteImported *imported)
{
  g_strfreev (imported->ids);
  g_free (imported);
}

/* ---- out ---- */

GPtrArray *
riposte_database_export (RiposteDatabase *self, const char *conversation, GError **error)
{
  g_autoptr (GPtrArray) archived = g_ptr_array_new_with_free_func ((GDestroyNotify)riposte_archived_chat_free);
  g_autoptr (GPtrArray) chats = riposte_database_list_chats (self, error);

  if (!chats)
    return NULL;
  g_ptr_array_set_free_func (chats, NULL);
  for (guint i = 0; i < chats->len; i++)
    {
      g_autoptr (RiposteChatRecord) chat = chats->pdata[i];
      GPtrArray *messages;

      if (conversation && strcmp (chat->id, conversation) != 0)
        continue;
      messages = riposte_database_list (self, chat->id, error);
      if (!messages)
        {
          for (i++; i < chats->len; i++)
            riposte_chat_record_free (chats->pdata[i]);
          return NULL;
        }
      g_ptr_array_add (archived, riposte_archived_chat_new (g_steal_pointer (&chat), messages));
    }
  return g_steal_pointer (&archived);
}

/* ---- in ---- */

typedef enum
{
  MISSING,
  KNOWN,
  OTHER, /* the id means something else here */
  FAILED,
} Standing;

/* A file may have been written while the answer still grew. */
static gboolean
is_same_text (const RiposteRecord *message, const char *kept)
{
  return message->state == RIPOSTE_RECORD_CUT_OFF ? g_str_has_prefix (kept, message->text)
                                                  : strcmp (kept, message->text) == 0;
}

static Standing
find_message (RiposteDatabase *self, const RiposteRecord *message, GError **error)
{
  sqlite3_stmt *row
    = riposte_database_prepare (self, "SELECT conversation, parent, role, text FROM message WHERE id = ?",
                                (const char *const *)&message->id, 1, error);
  int code = row ? sqlite3_step (row) : SQLITE_ERROR;
  Standing standing = code == SQLITE_DONE ? MISSING : FAILED;

  if (code == SQLITE_ROW)
    standing = g_strcmp0 ((const char *)sqlite3_column_text (row, 0), message->conversation) == 0
                   && g_strcmp0 ((const char *)sqlite3_column_text (row, 1), message->parent) == 0
                   && sqlite3_column_int (row, 2) == message->role
                   && is_same_text (message, (const char *)sqlite3_column_text (row, 3))
                 ? KNOWN
                 : OTHER;
  else if (row && code != SQLITE_DONE)
    riposte_database_fail (self, error);
  sqlite3_finalize (row);
  return standing;
}

/* Of every message in turn, as bytes of Standing. @other: the conversation cannot be the one that is here. */
static GByteArray *
compare (RiposteDatabase *self, const RiposteArchivedChat *archived, gboolean *other, GError **error)
{
  g_autoptr (GByteArray) standings = g_byte_array_new ();
  gboolean known = FALSE, has_chat;

  *other = FALSE;
  for (guint i = 0; i < archived->messages->len; i++)
    {
      guint8 standing = find_message (self, archived->messages->pdata[i], error);

      if (standing == FAILED)
        return NULL;
      *other |= standing == OTHER;
      known |= standing == KNOWN;
      g_byte_array_append (standings, &standing, 1);
    }
  if (!riposte_database_find (self, "SELECT 1 FROM conversation WHERE id = ?", archived->chat->id, &has_chat, error))
    return NULL;
  *other |= !known && has_chat;
  return g_steal_pointer (&standings);
}

static void
replace_id (const char *origin, char **id)
{
  g_autofree char *old = g_steal_pointer (id);
  g_autofree char *both = old ? g_strconcat (origin, old, NULL) : NULL;

  *id = both ? g_compute_checksum_for_string (G_CHECKSUM_SHA256, both, -1) : NULL;
}

/* The new ids follow from what is in the file, so that the same file once more brings nothing new. */
static void
replace_ids (RiposteArchivedChat *archived)
{
  g_autoptr (GPtrArray) alone = g_ptr_array_new ();
  g_autofree char *content = NULL, *origin = NULL;

  g_ptr_array_add (alone, archived);
  content = riposte_archive_to_json (alone);
  origin = g_compute_checksum_for_string (G_CHECKSUM_SHA256, content, -1);
  replace_id (origin, &archived->chat->id);
  replace_id (origin, &archived->chat->head);
  for (guint i = 0; i < archived->messages->len; i++)
    {
      RiposteRecord *message = archived->messages->pdata[i];

      replace_id (origin, &message->id);
      replace_id (origin, &message->parent);
      replace_id (origin, &message->conversation);
    }
}

/* A file has no say about the future, which would stand above all that is asked today. */
static void
settle_times (RiposteArchivedChat *archived)
{
  RiposteChatRecord *chat = archived->chat;
  gint64 now = g_get_real_time () / G_USEC_PER_SEC, newest = 0;

  for (guint i = 0; i < archived->messages->len; i++)
    {
      RiposteRecord *message = archived->messages->pdata[i];

      message->created = message->created ? MIN (message->created, now) : now;
      newest = MAX (newest, message->created);
    }
  chat->updated = MIN (chat->updated ? chat->updated : newest, now);
  chat->created = chat->created ? MIN (chat->created, chat->updated) : chat->updated;
}

static gboolean
add_chat (RiposteDatabase *self, const RiposteArchivedChat *archived, GError **error)
{
  const RiposteChatRecord *chat = archived->chat;
  const RiposteRecord *last = archived->messages->pdata[archived->messages->len - 1];
  g_autofree char *created = g_strdup_printf ("%" G_GINT64_FORMAT, chat->created);
  g_autofree char *updated = g_strdup_printf ("%" G_GINT64_FORMAT, chat->updated);
  const char *const values[] = { chat->id,
                                 chat->title,
                                 chat->named ? "1" : "0",
                                 chat->pinned ? "1" : "0",
                                 created,
                                 updated,
                                 chat->head ? chat->head : last->id,
                                 chat->settings };

  return riposte_database_run (self,
                               "INSERT INTO conversation (id, title, named, pinned, created, updated, head, settings)"
                               " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET deleted = NULL",
                               values, G_N_ELEMENTS (values), error);
}

static gboolean
add_messages (RiposteDatabase *self, const RiposteArchivedChat *archived, const GByteArray *standings, GError **error)
{
  for (guint i = 0; i < archived->messages->len; i++)
    {
      const RiposteRecord *message = archived->messages->pdata[i];
      gboolean good
        = standings->data[i] == KNOWN
            ? riposte_database_run (self, "UPDATE message SET deleted = NULL WHERE id = ? AND deleted IS NOT NULL",
                                    (const char *const *)&message->id, 1, error)
            : riposte_database_add_message (self, message, error);

      if (!good)
        return FALSE;
    }
  return TRUE;
}

static void
count (RiposteImported *imported, const RiposteArchivedChat *archived, const GByteArray *standings)
{
  guint n_known = 0;

  for (guint i = 0; i < standings->len; i++)
    n_known += standings->data[i] == KNOWN;
  if (n_known == 0)
    imported->n_added++;
  else if (n_known < archived->messages->len)
    imported->n_extended++;
  else
    imported->n_known++;
}

static gboolean
import_chat (RiposteDatabase *self, RiposteArchivedChat *archived, RiposteImported *imported, GError **error)
{
  g_autoptr (GByteArray) standings = NULL;
  gboolean other;

  if (archived->messages->len == 0)
    return TRUE;
  standings = compare (self, archived, &other, error);
  if (!standings)
    return FALSE;
  if (other)
    {
      replace_ids (archived);
      g_byte_array_unref (standings);
      standings = compare (self, archived, &other, error);
      if (!standings)
        return FALSE;
    }
  settle_times (archived);
  if (!add_chat (self, archived, error) || !add_messages (self, archived, standings, error))
    return FALSE;
  count (imported, archived, standings);
  return TRUE;
}

static char **
dup_ids (GPtrArray *chats)
{
  g_autoptr (GStrvBuilder) ids = g_strv_builder_new ();

  for (guint i = 0; i < chats->len; i++)
    {
      const RiposteArchivedChat *archived = chats->pdata[i];

      if (archived->messages->len > 0)
        g_strv_builder_add (ids, archived->chat->id);
    }
  return g_strv_builder_end (ids);
}

RiposteImported *
riposte_database_import (RiposteDatabase *self, GPtrArray *chats, GError **error)
{
  g_autoptr (RiposteImported) imported = g_new0 (RiposteImported, 1);
  gboolean good = TRUE;

  if (!riposte_database_begin (self, error))
    return NULL;
  /* of two that were changed at the same time the list shows the one first that came last */
  for (guint i = chats->len; good && i-- > 0;)
    good = import_chat (self, chats->pdata[i], imported, error);
  if (!riposte_database_end (self, good, error))
    return NULL;
  imported->ids = dup_ids (chats);
  return g_steal_pointer (&imported);
}

/* ---- as jobs of the store ---- */

static gpointer
read_export (RiposteDatabase *db, gpointer data, GError **error)
{
  return riposte_database_export (db, data, error);
}

void
riposte_store_export_async (RiposteStore *self,
                            const char *conversation,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  riposte_store_read_async (self, read_export, g_strdup (conversation), g_free, (GDestroyNotify)g_ptr_array_unref,
                            cancellable, callback, user_data);
}

static gpointer
read_import (RiposteDatabase *db, gpointer data, GError **error)
{
  return riposte_database_import (db, data, error);
}

/* A read to the store: who imports a file is told at once why that cannot be, and it is not tried again later. */
void
riposte_store_import_async (RiposteStore *self, GPtrArray *chats, GAsyncReadyCallback callback, gpointer user_data)
{
  riposte_store_read_async (self, read_import, g_ptr_array_ref (chats), (GDestroyNotify)g_ptr_array_unref,
                            (GDestroyNotify)riposte_imported_free, NULL, callback, user_data);
}
