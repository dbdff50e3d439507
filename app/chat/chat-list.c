#include "chat/chat-list.h"

#include <glib/gi18n.h>

struct _RiposteChatList
{
  AdwBin parent;

  RiposteStore *store; /* nullable */
  GListStore *chats;   /* of RiposteConversation, the newest first */
  GMenuModel *row_menu;
  GtkListBox *box;
};

G_DEFINE_FINAL_TYPE (RiposteChatList, riposte_chat_list, ADW_TYPE_BIN)

enum
{
  SELECTED,
  ACTIVATED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

/* ---- rows ---- */

static RiposteConversation *
get_chat (GtkListBoxRow *row)
{
  return row ? g_object_get_data (G_OBJECT (row), "chat") : NULL;
}

static void
name_row (GtkWidget *row)
{
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  gtk_widget_get_tooltip_text (row), -1);
}

static gboolean
title_or_placeholder (GBinding *binding, const GValue *from, GValue *to, gpointer user_data)
{
  const char *title = g_value_get_string (from);

  g_value_set_string (to, title && *title ? title : _ ("New Chat"));
  return TRUE;
}

static void
show_menu (RiposteChatList *self, GtkWidget *row, const GdkRectangle *at)
{
  GtkWidget *popover = g_object_get_data (G_OBJECT (row), "menu");

  if (!popover)
    {
      popover = gtk_popover_menu_new_from_model (self->row_menu);
      gtk_popover_set_has_arrow (GTK_POPOVER (popover), FALSE);
      gtk_widget_set_halign (popover, GTK_ALIGN_START);
      gtk_box_append (GTK_BOX (gtk_list_box_row_get_child (GTK_LIST_BOX_ROW (row))), popover);
      g_object_set_data (G_OBJECT (row), "menu", popover);
    }
  gtk_list_box_select_row (self->box, GTK_LIST_BOX_ROW (row)); /* the menu's actions are about it */
  gtk_popover_set_pointing_to (GTK_POPOVER (popover), at);
  gtk_popover_popup (GTK_POPOVER (popover));
}

static void
on_right_click (GtkGestureClick *gesture, int n_press, double x, double y, RiposteChatList *self)
{
  GtkWidget *row = gtk_event_controller_get_widget (GTK_EVENT_CONTROLLER (gesture));

  show_menu (self, row, &(GdkRectangle){ (int)x, (int)y, 1, 1 });
}

static gboolean
on_menu_key (GtkWidget *row, GVariant *args, gpointer user_data)
{
  int height = gtk_widget_get_height (row);

  show_menu (user_data, row, &(GdkRectangle){ 12, height / 2, 1, 1 });
  return TRUE;
}

static void
add_menu_controllers (RiposteChatList *self, GtkWidget *row)
{
  GtkGesture *click = gtk_gesture_click_new ();
  GtkEventController *shortcuts = gtk_shortcut_controller_new ();

  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (click), GDK_BUTTON_SECONDARY);
  g_signal_connect_object (click, "pressed", G_CALLBACK (on_right_click), self, 0);
  gtk_widget_add_controller (row, GTK_EVENT_CONTROLLER (click));
  gtk_shortcut_controller_add_shortcut (GTK_SHORTCUT_CONTROLLER (shortcuts),
                                        gtk_shortcut_new (gtk_shortcut_trigger_parse_string ("<Shift>F10|Menu"),
                                                          gtk_callback_action_new (on_menu_key, self, NULL)));
  gtk_widget_add_controller (row, shortcuts);
}

static GtkWidget *
create_row (gpointer item, gpointer user_data)
{
  GtkWidget *row = gtk_list_box_row_new ();
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *label = gtk_label_new (NULL);
  GtkWidget *busy = gtk_image_new_from_icon_name ("content-loading-symbolic");

  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_set_hexpand (label, TRUE);
  gtk_widget_set_tooltip_text (busy, _ ("Answering"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (busy), GTK_ACCESSIBLE_PROPERTY_LABEL, _ ("Answering"), -1);
  g_object_bind_property_full (item, "title", label, "label", G_BINDING_SYNC_CREATE, title_or_placeholder, NULL, NULL,
                               NULL);
  g_signal_connect (row, "notify::tooltip-text", G_CALLBACK (name_row), NULL);
  g_object_bind_property_full (item, "title", row, "tooltip-text", G_BINDING_SYNC_CREATE, title_or_placeholder, NULL,
                               NULL, NULL);
  g_object_bind_property (item, "busy", busy, "visible", G_BINDING_SYNC_CREATE);
  gtk_box_append (GTK_BOX (box), label);
  gtk_box_append (GTK_BOX (box), busy);
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), box);
  g_object_set_data_full (G_OBJECT (row), "chat", g_object_ref (item), g_object_unref);
  add_menu_controllers (user_data, row);
  return row;
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

/* ---- the list ---- */

static void
select_position (RiposteChatList *self, guint position)
{
  gtk_list_box_select_row (self->box, gtk_list_box_get_row_at_index (self->box, (int)position));
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RiposteChatList) self = user_data;
  RiposteStore *store = RIPOSTE_STORE (source);
  g_autoptr (GPtrArray) records = riposte_store_read_finish (store, result, NULL);

  for (guint i = 0; self->chats && records && i < records->len; i++)
    {
      g_autoptr (RiposteConversation) chat = riposte_conversation_new_from_record (store, records->pdata[i]);
      g_list_store_append (self->chats, chat);
    }
}

void
riposte_chat_list_set_store (RiposteChatList *self, RiposteStore *store)
{
  g_return_if_fail (!self->store);
  self->store = g_object_ref (store);
  riposte_store_list_chats_async (store, NULL, on_listed, g_object_ref (self));
}

RiposteConversation *
riposte_chat_list_get_selected (RiposteChatList *self)
{
  return get_chat (gtk_list_box_get_selected_row (self->box));
}

void
riposte_chat_list_add (RiposteChatList *self)
{
  g_autoptr (RiposteConversation) first = g_list_model_get_item (G_LIST_MODEL (self->chats), 0);

  if (!first || !riposte_conversation_is_empty (first))
    {
      g_autoptr (RiposteConversation) chat = riposte_conversation_new (self->store);
      g_list_store_insert (self->chats, 0, chat);
    }
  select_position (self, 0);
}

void
riposte_chat_list_move (RiposteChatList *self, int offset)
{
  GtkListBoxRow *row = gtk_list_box_get_selected_row (self->box);
  int position = row ? gtk_list_box_row_get_index (row) + offset : 0;

  if (position >= 0 && position < (int)g_list_model_get_n_items (G_LIST_MODEL (self->chats)))
    select_position (self, position);
}

RiposteRemovedChat *
riposte_chat_list_remove_selected (RiposteChatList *self)
{
  GtkListBoxRow *row = gtk_list_box_get_selected_row (self->box);
  RiposteRemovedChat *removed = g_new (RiposteRemovedChat, 1);
  guint n;

  removed->conversation = g_object_ref (get_chat (row));
  removed->position = gtk_list_box_row_get_index (row);
  g_list_store_remove (self->chats, removed->position);
  n = g_list_model_get_n_items (G_LIST_MODEL (self->chats));
  if (n == 0)
    riposte_chat_list_add (self);
  else
    select_position (self, MIN (removed->position, n - 1));
  return removed;
}

void
riposte_chat_list_restore (RiposteChatList *self, const RiposteRemovedChat *removed)
{
  guint position = MIN (removed->position, g_list_model_get_n_items (G_LIST_MODEL (self->chats)));

  g_list_store_insert (self->chats, position, removed->conversation);
  select_position (self, position);
}

void
riposte_removed_chat_free (RiposteRemovedChat *removed)
{
  g_object_unref (removed->conversation);
  g_free (removed);
}

/* ---- object ---- */

static void
riposte_chat_list_init (RiposteChatList *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->row_menu = g_object_ref (
    G_MENU_MODEL (gtk_widget_get_template_child (GTK_WIDGET (self), RIPOSTE_TYPE_CHAT_LIST, "row_menu")));
  self->chats = g_list_store_new (RIPOSTE_TYPE_CONVERSATION);
  gtk_list_box_bind_model (self->box, G_LIST_MODEL (self->chats), create_row, self, NULL);
}

static void
riposte_chat_list_dispose (GObject *object)
{
  RiposteChatList *self = RIPOSTE_CHAT_LIST (object);

  if (self->box)
    gtk_list_box_bind_model (self->box, NULL, NULL, NULL, NULL);
  g_clear_object (&self->chats);
  g_clear_object (&self->store);
  g_clear_object (&self->row_menu);
  G_OBJECT_CLASS (riposte_chat_list_parent_class)->dispose (object);
}

static void
riposte_chat_list_class_init (RiposteChatListClass *klass)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = riposte_chat_list_dispose;
  signals[SELECTED]
    = g_signal_new ("selected", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[ACTIVATED]
    = g_signal_new ("activated", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_template_from_resource (widget, "/dev/riposte/Riposte/chat/chat-list.ui");
  gtk_widget_class_bind_template_child (widget, RiposteChatList, box);
  gtk_widget_class_bind_template_child_full (widget, "row_menu", FALSE, 0);
  gtk_widget_class_bind_template_callback (widget, on_row_selected);
  gtk_widget_class_bind_template_callback (widget, on_row_activated);
}
