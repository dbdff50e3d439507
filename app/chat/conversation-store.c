#include "chat/conversation-private.h"

#define WATCH_SECONDS 2

/* ---- keeping ---- */

static void
put (RiposteConversation *self,
     RiposteMessage *const *messages,
     guint n,
     GAsyncReadyCallback callback,
     gpointer user_data)
{
  GPtrArray *records = g_ptr_array_new_with_free_func ((GDestroyNotify)riposte_record_free);

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (records, riposte_message_make_record (messages[i], self->id));
  riposte_store_put_async (self->store, records, callback, user_data);
}

void
riposte_conversation_keep (RiposteConversation *self, RiposteMessage *message)
{
  if (!self->store)
    return;
  if (message == self->answer)
    g_clear_handle_id (&self->keep_timeout, g_source_remove);
  put (self, &message, 1, NULL, NULL);
}

static gboolean
on_keep_timeout (gpointer data)
{
  RiposteConversation *self = data;

  self->keep_timeout = 0;
  put (self, &self->answer, 1, NULL, NULL);
  return G_SOURCE_REMOVE;
}

void
riposte_conversation_keep_soon (RiposteConversation *self)
{
  if (self->store && !self->keep_timeout)
    self->keep_timeout = g_timeout_add (self->keep_ms, on_keep_timeout, self);
}

void
riposte_conversation_keep_head (RiposteConversation *self)
{
  RiposteMessage *last = riposte_conversation_get_last (self);

  if (self->store)
    riposte_store_set (self->store, self->id, RIPOSTE_CHAT_HEAD, last ? riposte_message_get_id (last) : NULL);
}

typedef struct
{
  RiposteConversation *self;
  RiposteGeneration *generation;
} Start;

/* Another window deleted the conversation for good, but here it goes on, so all of it is put back. */
static void
keep_all (RiposteConversation *self)
{
  if (self->title)
    riposte_store_set (self->store, self->id, self->named ? RIPOSTE_CHAT_NAME : RIPOSTE_CHAT_TITLE, self->title);
  put (self, (RiposteMessage *const *)self->messages->pdata, self->messages->len, NULL, NULL);
  riposte_conversation_keep_head (self);
}

/* Failed or not, the question is answered: the window says what is not kept. */
static void
on_kept (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Start *start = user_data;
  RiposteConversation *self = start->self;
  g_autoptr (GError) error = NULL;

  riposte_store_write_finish (RIPOSTE_STORE (source), result, &error);
  if (self->store && g_error_matches (error, RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_REFUSED))
    keep_all (self);
  if (self->generation == start->generation) /* and was not stopped meanwhile */
    riposte_generator_generate (self->generator, self->generation);
  g_object_unref (start->generation);
  g_object_unref (start->self);
  g_free (start);
}

void
riposte_conversation_keep_and_start (RiposteConversation *self)
{
  RiposteMessage *const turn[] = { riposte_message_get_parent (self->answer), self->answer };
  Start *start;

  if (!self->store)
    {
      riposte_generator_generate (self->generator, self->generation);
      return;
    }
  start = g_new (Start, 1);
  start->self = g_object_ref (self);
  start->generation = g_object_ref (self->generation);
  put (self, turn, G_N_ELEMENTS (turn), on_kept, start);
}

void
riposte_conversation_forget_store (RiposteConversation *self)
{
  g_clear_handle_id (&self->keep_timeout, g_source_remove);
  g_clear_handle_id (&self->watch_timeout, g_source_remove);
  g_cancellable_cancel (self->loading);
  g_clear_object (&self->store);
}

/* ---- what another window writes ---- */

static void watch (RiposteConversation *self);

static gboolean
is_elsewhere (RiposteMessage *message)
{
  return riposte_message_get_state (message) == RIPOSTE_MESSAGE_ELSEWHERE;
}

static void
on_watched (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RiposteConversation) self = user_data;
  g_autoptr (GPtrArray) records = riposte_store_read_finish (RIPOSTE_STORE (source), result, NULL);

  for (guint i = 0; records && i < records->len; i++)
    {
      const RiposteRecord *record = records->pdata[i];
      RiposteMessage *message = riposte_conversation_find (self, record->id);

      if (message && is_elsewhere (message))
        riposte_message_take_record (message, record);
    }
  watch (self);
}

static gboolean
on_watch_timeout (gpointer data)
{
  RiposteConversation *self = data;

  self->watch_timeout = 0;
  riposte_store_list_async (self->store, self->id, self->loading, on_watched, g_object_ref (self));
  return G_SOURCE_REMOVE;
}

/* Looks again, as long as something grows there. */
static void
watch (RiposteConversation *self)
{
  gboolean any = FALSE;

  for (guint i = 0; i < self->messages->len; i++)
    any = any || is_elsewhere (self->messages->pdata[i]);
  if (any && self->store)
    self->watch_timeout = g_timeout_add_seconds (WATCH_SECONDS, on_watch_timeout, self);
}

/* ---- loading ---- */

/* What follows a message that is hidden is hidden too. */
static void
take_records (RiposteConversation *self, GPtrArray *records)
{
  g_autoptr (GHashTable) messages = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < records->len; i++)
    {
      const RiposteRecord *record = records->pdata[i];
      RiposteMessage *parent = record->parent ? g_hash_table_lookup (messages, record->parent) : NULL;
      RiposteMessage *message;

      if (record->parent && !parent)
        continue;
      message = riposte_message_new_from_record (record, parent);
      g_ptr_array_add (self->messages, message);
      g_hash_table_insert (messages, (char *)riposte_message_get_id (message), message);
    }
}

static void
on_loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RiposteConversation) self = user_data;
  g_autoptr (GPtrArray) records = NULL;

  self->is_loading = FALSE;
  g_clear_error (&self->load_error);
  records = riposte_store_read_finish (RIPOSTE_STORE (source), result, &self->load_error);
  if (records)
    {
      take_records (self, records);
      self->loaded = TRUE;
      riposte_conversation_show_head (self, self->head);
      watch (self);
    }
  riposte_conversation_notify_loaded (self);
}

void
riposte_conversation_load (RiposteConversation *self)
{
  if (self->loaded || self->is_loading)
    return;
  self->is_loading = TRUE;
  riposte_store_list_async (self->store, self->id, self->loading, on_loaded, g_object_ref (self));
}

const GError *
riposte_conversation_get_load_error (RiposteConversation *self)
{
  return self->load_error;
}
