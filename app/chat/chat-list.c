#include "chat/chat-list.h"

#include "chat/chat-row.h"

/* A machine that slept over midnight is late by at most this many seconds. */
#define LOOK_AT_THE_DAY 3600

struct _RiposteChatList
{
  AdwBin parent;

  RiposteStore *store;
  GCancellable *cancellable;
  char **changed; /* ids of conversations that are fetched anew; the first is selected then */
  guint day_timeout;

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
  GtkListBoxRow *row;

  for (int i = 0; (row = nth_row (self, i)); i++)
    if (g_strcmp0 (riposte_conversation_get_id (get_chat (row)), id) == 0)
      return row;
  return NULL;
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

static GtkListBoxRow *
insert (RiposteChatList *self, RiposteConversation *chat)
{
  GtkWidget *row = riposte_chat_row_new (chat, self->row_menu);

  gtk_list_box_append (self->box, row);
  g_signal_emit (self, signals[ADDED], 0, chat);
  return GTK_LIST_BOX_ROW (row);
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
replace (RiposteChatList *self, GtkListBoxRow *row, RiposteConversation *chat)
{
  gboolean selected = gtk_list_box_row_is_selected (row);
  GtkListBoxRow *fresh;

  if (riposte_conversation_get_busy (get_chat (row)))
    return;
  fresh = insert (self, chat);
  if (selected)
    gtk_list_box_select_row (self->box, fresh);
  gtk_list_box_remove (self->box, GTK_WIDGET (row));
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RiposteStore *store = RIPOSTE_STORE (source);
  g_autoptr (GPtrArray) records = riposte_store_read_finish (store, result, NULL);
  RiposteChatList *self = user_data;
  g_auto (GStrv) changed = NULL;

  if (!records) /* what is wrong, the store says elsewhere; or the list is gone */
    return;
  changed = g_steal_pointer (&self->changed);
  /* the last first, so that of two of the same second the one that the store puts first gets the higher number */
  for (guint i = records->len; i-- > 0;)
    {
      const RiposteChatRecord *record = records->pdata[i];
      g_autoptr (RiposteConversation) chat = riposte_conversation_new_from_record (store, record);
      GtkListBoxRow *row = find_row (self, record->id);

      if (!row)
        insert (self, chat);
      else if (changed && g_strv_contains ((const char *const *)changed, record->id))
        replace (self, row, chat);
    }
  if (changed && changed[0])
    riposte_chat_list_select (self, changed[0]);
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
      row = insert (self, chat);
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
  gtk_list_box_remove (self->box, GTK_WIDGET (row));
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
      insert (self, conversation);
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
