#include "chat/chat-list.h"

#include "chat/chat-row.h"

/* A machine that slept over midnight is late by at most this many seconds. */
#define LOOK_AT_THE_DAY 3600
/* Rows that are made at once, before the window is drawn again. */
#define BATCH           50

struct _RiposteChatList
{
  AdwBin parent;

  RiposteStore *store;
  GCancellable *cancellable;
  GHashTable *rows; /* by the ids of their conversations */
  gint64 newest;    /* number that was given to a row */
  char **changed;   /* ids of conversations that are fetched anew; the first is selected then */
  guint day_timeout;

  /* what the store has, of which rows are being made */
  GPtrArray *records;
  guint n_done;
  gint64 first_number;
  guint idle;

  GMenuModel *row_menu;
  GtkListBox *box;
};

G_DEFINE_FINAL_TYPE (RiposteChatList, riposte_chat_list, ADW_TYPE_BIN)

enum
{
  SELECTED,
  ACTIVATED,
  ADDED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

/* ---- rows ---- */

static GtkListBoxRow *
nth_row (RiposteChatList *self, int n)
{
  return gtk_list_box_get_row_at_index (self->box, n);
}

static RiposteConversation *
get_chat (GtkListBoxRow *row)
{
  return row ? riposte_chat_row_get_conversation (RIPOSTE_CHAT_ROW (row)) : NULL;
}

static GtkListBoxRow *
find_row (RiposteChatList *self, const char *id)
{
  return g_hash_table_lookup (self->rows, id);
}

static GtkListBoxRow *
find_empty (RiposteChatList *self)
{
  GtkListBoxRow *row;

  for (int i = 0; (row = nth_row (self, i)); i++)
    if (riposte_conversation_is_empty (get_chat (row)))
      return row;
  return NULL;
}

/* @number: of two conversations of the same second the one with the greater number stands above. */
static GtkListBoxRow *
insert (RiposteChatList *self, RiposteConversation *chat, gint64 number)
{
  GtkWidget *row = riposte_chat_row_new (chat, number, self->row_menu);

  g_hash_table_insert (self->rows, g_strdup (riposte_conversation_get_id (chat)), row);
  gtk_list_box_append (self->box, row);
  g_signal_emit (self, signals[ADDED], 0, chat);
  return GTK_LIST_BOX_ROW (row);
}

static void
remove_row (RiposteChatList *self, GtkListBoxRow *row)
{
  const char *id = riposte_conversation_get_id (get_chat (row));

  if (g_hash_table_lookup (self->rows, id) == row)
    g_hash_table_remove (self->rows, id);
  gtk_list_box_remove (self->box, GTK_WIDGET (row));
}

static void
on_row_selected (RiposteChatList *self, GtkListBoxRow *row)
{
  if (row)
    g_signal_emit (self, signals[SELECTED], 0);
}

static void
on_row_activated (RiposteChatList *self, GtkListBoxRow *row)
{
  g_signal_emit (self, signals[ACTIVATED], 0);
}

/* ---- the store ---- */

/* What was in memory of it is out of date, unless an answer is just being written. */
static void
replace (RiposteChatList *self, GtkListBoxRow *row, RiposteConversation *chat, gint64 number)
{
  gboolean selected = gtk_list_box_row_is_selected (row);
  GtkListBoxRow *fresh;

  if (riposte_conversation_get_busy (get_chat (row)))
    return;
  fresh = insert (self, chat, number);
  if (selected)
    gtk_list_box_select_row (self->box, fresh);
  remove_row (self, row);
}

static void
take_record (RiposteChatList *self, const RiposteChatRecord *record, gint64 number)
{
  gboolean changed = self->changed && g_strv_contains ((const char *const *)self->changed, record->id);
  GtkListBoxRow *row = find_row (self, record->id);

  if (!row || changed)
    {
      g_autoptr (RiposteConversation) chat = riposte_conversation_new_from_record (self->store, record);

      if (row)
        replace (self, row, chat, number);
      else
        insert (self, chat, number);
    }
  if (changed && g_str_equal (record->id, self->changed[0]))
    riposte_chat_list_select (self, record->id);
}

static gboolean
take_records (gpointer data)
{
  RiposteChatList *self = data;

  for (guint i = 0; i < BATCH && self->n_done < self->records->len; i++, self->n_done++)
    take_record (self, self->records->pdata[self->n_done], self->first_number - self->n_done);
  if (self->n_done < self->records->len)
    return G_SOURCE_CONTINUE;
  g_clear_pointer (&self->changed, g_strfreev);
  g_clear_pointer (&self->records, g_ptr_array_unref);
  self->idle = 0;
  return G_SOURCE_REMOVE;
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GPtrArray *records = riposte_store_read_finish (RIPOSTE_STORE (source), result, NULL);
  RiposteChatList *self = user_data;

  if (!records) /* what is wrong, the store says elsewhere; or the list is gone */
    return;
  g_clear_pointer (&self->records, g_ptr_array_unref);
  self->records = records;
  self->n_done = 0;
  self->newest += records->len;
  self->first_number = self->newest;
  if (!self->idle)
    self->idle = g_idle_add (take_records, self);
}

void
riposte_chat_list_refresh (RiposteChatList *self, const char *const *ids)
{
  g_auto (GStrv) changed = g_strdupv ((char **)ids);

  g_strfreev (self->changed);
  self->changed = g_steal_pointer (&changed);
  if (self->store)
    riposte_store_list_chats_async (self->store, self->cancellable, on_listed, self);
}

void
riposte_chat_list_set_store (RiposteChatList *self, RiposteStore *store)
{
  g_return_if_fail (!self->store);
  g_set_object (&self->store, store);
  riposte_chat_list_refresh (self, NULL);
}

/* ---- the list ---- */

RiposteConversation *
riposte_chat_list_get_selected (RiposteChatList *self)
{
  return get_chat (gtk_list_box_get_selected_row (self->box));
}

gboolean
riposte_chat_list_select (RiposteChatList *self, const char *id)
{
  GtkListBoxRow *row = find_row (self, id);

  if (row)
    gtk_list_box_select_row (self->box, row);
  return row != NULL;
}

void
riposte_chat_list_add (RiposteChatList *self)
{
  GtkListBoxRow *row = find_empty (self);

  if (!row)
    {
      g_autoptr (RiposteConversation) chat = riposte_conversation_new (self->store);
      row = insert (self, chat, ++self->newest);
    }
  gtk_list_box_select_row (self->box, row);
}

void
riposte_chat_list_move (RiposteChatList *self, int offset)
{
  GtkListBoxRow *row = gtk_list_box_get_selected_row (self->box);
  int position = row ? gtk_list_box_row_get_index (row) + offset : 0;

  row = position >= 0 ? nth_row (self, position) : NULL;
  if (row)
    gtk_list_box_select_row (self->box, row);
}

RiposteConversation *
riposte_chat_list_remove_selected (RiposteChatList *self)
{
  GtkListBoxRow *row = gtk_list_box_get_selected_row (self->box);
  RiposteConversation *chat = g_object_ref (get_chat (row));
  int position = gtk_list_box_row_get_index (row);
  GtkListBoxRow *next = nth_row (self, position + 1);

  riposte_conversation_set_deleted (chat, TRUE);
  next = next ? next : nth_row (self, position - 1);
  if (next)
    gtk_list_box_select_row (self->box, next);
  remove_row (self, row);
  if (!next)
    riposte_chat_list_add (self);
  return chat;
}

void
riposte_chat_list_restore (RiposteChatList *self, RiposteConversation *conversation)
{
  if (!find_row (self, riposte_conversation_get_id (conversation)))
    {
      riposte_conversation_set_deleted (conversation, FALSE);
      insert (self, conversation, ++self->newest);
    }
  riposte_chat_list_select (self, riposte_conversation_get_id (conversation));
}

/* ---- days ---- */

static void watch_the_day (RiposteChatList *self);

static gboolean
on_day (gpointer data)
{
  RiposteChatList *self = data;

  self->day_timeout = 0;
  gtk_list_box_invalidate_headers (self->box);
  watch_the_day (self);
  return G_SOURCE_REMOVE;
}

static void
watch_the_day (RiposteChatList *self)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  int left
    = 24 * 3600 - g_date_time_get_hour (now) * 3600 - g_date_time_get_minute (now) * 60 - g_date_time_get_second (now);

  self->day_timeout = g_timeout_add_seconds ((guint)MIN (left + 1, LOOK_AT_THE_DAY), on_day, self);
}

/* ---- object ---- */

static void
riposte_chat_list_init (RiposteChatList *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->cancellable = g_cancellable_new ();
  self->rows = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->row_menu = g_object_ref (
    G_MENU_MODEL (gtk_widget_get_template_child (GTK_WIDGET (self), RIPOSTE_TYPE_CHAT_LIST, "row_menu")));
  gtk_list_box_set_sort_func (self->box, riposte_chat_row_compare, NULL, NULL);
  gtk_list_box_set_header_func (self->box, riposte_chat_row_update_header, NULL, NULL);
  watch_the_day (self);
}

static void
riposte_chat_list_dispose (GObject *object)
{
  RiposteChatList *self = RIPOSTE_CHAT_LIST (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->day_timeout, g_source_remove);
  g_clear_handle_id (&self->idle, g_source_remove);
  g_clear_object (&self->store);
  g_clear_object (&self->row_menu);
  gtk_widget_dispose_template (GTK_WIDGET (self), RIPOSTE_TYPE_CHAT_LIST);
  G_OBJECT_CLASS (riposte_chat_list_parent_class)->dispose (object);
}

static void
riposte_chat_list_finalize (GObject *object)
{
  RiposteChatList *self = RIPOSTE_CHAT_LIST (object);

  g_clear_object (&self->cancellable);
  g_hash_table_unref (self->rows);
  g_clear_pointer (&self->records, g_ptr_array_unref);
  g_strfreev (self->changed);
  G_OBJECT_CLASS (riposte_chat_list_parent_class)->finalize (object);
}

static void
riposte_chat_list_class_init (RiposteChatListClass *klass)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (klass);
  GObjectClass *object = G_OBJECT_CLASS (klass);

  object->dispose = riposte_chat_list_dispose;
  object->finalize = riposte_chat_list_finalize;
  signals[SELECTED]
    = g_signal_new ("selected", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[ACTIVATED]
    = g_signal_new ("activated", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[ADDED] = g_signal_new ("added", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 1, RIPOSTE_TYPE_CONVERSATION);
  gtk_widget_class_set_template_from_resource (widget, "/dev/riposte/Riposte/chat/chat-list.ui");
  gtk_widget_class_bind_template_child (widget, RiposteChatList, box);
  gtk_widget_class_bind_template_child_full (widget, "row_menu", FALSE, 0);
  gtk_widget_class_bind_template_callback (widget, on_row_selected);
  gtk_widget_class_bind_template_callback (widget, on_row_activated);
}
