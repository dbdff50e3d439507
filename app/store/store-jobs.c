/* The calls of the database, as jobs of the store. */
#include "store/store.h"

static gboolean
write_put (RiposteDatabase *db, gpointer data, GError **error)
{
  return riposte_database_put_all (db, data, error);
}

/* Of one message only the newest state matters. */
void
riposte_store_put_async (RiposteStore *self, GPtrArray *records, GAsyncReadyCallback callback, gpointer user_data)
{
  const RiposteRecord *only = records->len == 1 ? records->pdata[0] : NULL;

  riposte_store_write_async (self, only ? only->id : NULL, write_put, records, (GDestroyNotify)g_ptr_array_unref,
                             callback, user_data);
}

typedef struct
{
  char *id, *value;
  int number;
} Arguments;

static Arguments *
arguments_new (const char *id, const char *value, int number)
{
  Arguments *arguments = g_new (Arguments, 1);

  arguments->id = g_strdup (id);
  arguments->value = g_strdup (value);
  arguments->number = number;
  return arguments;
}

static void
arguments_free (gpointer data)
{
  Arguments *arguments = data;

  g_free (arguments->id);
  g_free (arguments->value);
  g_free (arguments);
}

static void
write_with (RiposteStore *self, RiposteStoreWrite write, const char *id, const char *value, int number)
{
  riposte_store_write_async (self, NULL, write, arguments_new (id, value, number), arguments_free, NULL, NULL);
}

static gboolean
write_set (RiposteDatabase *db, gpointer data, GError **error)
{
  const Arguments *with = data;

  return riposte_database_set (db, with->id, (RiposteChatField)with->number, with->value, error);
}

void
riposte_store_set (RiposteStore *self, const char *conversation, RiposteChatField field, const char *value)
{
  write_with (self, write_set, conversation, value, (int)field);
}

static gboolean
write_purge (RiposteDatabase *db, gpointer data, GError **error)
{
  return riposte_database_purge (db, ((const Arguments *)data)->id, error);
}

void
riposte_store_purge (RiposteStore *self, const char *conversation)
{
  write_with (self, write_purge, conversation, NULL, 0);
}

static gboolean
write_delete_message (RiposteDatabase *db, gpointer data, GError **error)
{
  const Arguments *with = data;

  return riposte_database_delete_message (db, with->id, with->number != 0, error);
}

void
riposte_store_delete_message (RiposteStore *self, const char *id, gboolean hide)
{
  write_with (self, write_delete_message, id, NULL, hide);
}

static gboolean
write_left_out (RiposteDatabase *db, gpointer data, GError **error)
{
  return riposte_database_set_left_out (db, data, TRUE, error);
}

static gboolean
write_taken_in (RiposteDatabase *db, gpointer data, GError **error)
{
  return riposte_database_set_left_out (db, data, FALSE, error);
}

void
riposte_store_set_left_out (RiposteStore *self, const char *const *ids, gboolean left_out)
{
  riposte_store_write_async (self, NULL, left_out ? write_left_out : write_taken_in, g_strdupv ((char **)ids),
                             (GDestroyNotify)g_strfreev, NULL, NULL);
}

static gboolean
write_nothing (RiposteDatabase *db, gpointer data, GError **error)
{
  return TRUE;
}

void
riposte_store_flush_async (RiposteStore *self, GAsyncReadyCallback callback, gpointer user_data)
{
  riposte_store_write_async (self, NULL, write_nothing, NULL, NULL, callback, user_data);
}

static gpointer
read_chats (RiposteDatabase *db, gpointer data, GError **error)
{
  return riposte_database_list_chats (db, error);
}

void
riposte_store_list_chats_async (RiposteStore *self,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  riposte_store_read_async (self, read_chats, NULL, NULL, (GDestroyNotify)g_ptr_array_unref, cancellable, callback,
                            user_data);
}

static gpointer
read_messages (RiposteDatabase *db, gpointer data, GError **error)
{
  return riposte_database_list (db, data, error);
}

void
riposte_store_list_async (RiposteStore *self,
                          const char *conversation,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  riposte_store_read_async (self, read_messages, g_strdup (conversation), g_free, (GDestroyNotify)g_ptr_array_unref,
                            cancellable, callback, user_data);
}
