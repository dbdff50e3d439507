#include "chat/chat-row.h"

#include "chat/day-group.h"

#include <glib/gi18n.h>

/* Groups of riposte_day_group() follow it. */
#define PINNED ((gint64)-1)

struct _RiposteChatRow
{
  GtkListBoxRow parent;

  RiposteConversation *conversation;
  gint64 number;
  GMenuModel *menu;
  GtkWidget *popover;

  GtkLabel *title;
  GtkImage *pin, *busy;
};

G_DEFINE_FINAL_TYPE (RiposteChatRow, riposte_chat_row, GTK_TYPE_LIST_BOX_ROW)

/* ---- the menu ---- */

static void
show_menu (RiposteChatRow *self, const GdkRectangle *at)
{
  GtkWidget *list = gtk_widget_get_ancestor (GTK_WIDGET (self), GTK_TYPE_LIST_BOX);

  if (!self->popover)
    {
      self->popover = gtk_popover_menu_new_from_model (self->menu);
      gtk_popover_set_has_arrow (GTK_POPOVER (self->popover), FALSE);
      gtk_widget_set_halign (self->popover, GTK_ALIGN_START);
      gtk_box_append (GTK_BOX (gtk_list_box_row_get_child (GTK_LIST_BOX_ROW (self))), self->popover);
    }
  gtk_list_box_select_row (GTK_LIST_BOX (list), GTK_LIST_BOX_ROW (self));
  gtk_popover_set_pointing_to (GTK_POPOVER (self->popover), at);
  gtk_popover_popup (GTK_POPOVER (self->popover));
}

static void
on_right_click (RiposteChatRow *self, int n_press, double x, double y)
{
  show_menu (self, &(GdkRectangle){ (int)x, (int)y, 1, 1 });
}

static gboolean
on_menu_key (GtkWidget *widget, GVariant *args, gpointer user_data)
{
  show_menu (RIPOSTE_CHAT_ROW (widget), &(GdkRectangle){ 12, gtk_widget_get_height (widget) / 2, 1, 1 });
  return TRUE;
}

/* ---- what it shows ---- */

static void
on_changed (RiposteChatRow *self)
{
  const char *title = riposte_conversation_get_title (self->conversation);
  const char *shown = title && *title ? title : _ ("New Chat");

  gtk_label_set_label (self->title, shown);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self), shown);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, shown, -1);
  gtk_widget_set_visible (GTK_WIDGET (self->pin), riposte_conversation_get_pinned (self->conversation));
  gtk_widget_set_visible (GTK_WIDGET (self->busy), riposte_conversation_get_busy (self->conversation));
}

/* The list keeps an order of its own, which a screen reader does not see. */
static void
on_moved (RiposteChatRow *self)
{
  GtkListBoxRow *row = GTK_LIST_BOX_ROW (self);
  GtkWidget *list = gtk_widget_get_parent (GTK_WIDGET (self));
  int index;

  gtk_list_box_row_changed (row);
  on_changed (self);
  index = list ? gtk_list_box_row_get_index (row) : 0;
  if (index > 0)
    gtk_widget_insert_after (GTK_WIDGET (self), list,
                             GTK_WIDGET (gtk_list_box_get_row_at_index (GTK_LIST_BOX (list), index - 1)));
  else if (list)
    gtk_widget_insert_after (GTK_WIDGET (self), list, NULL);
}

/* ---- its place ---- */

int
riposte_chat_row_compare (GtkListBoxRow *a, GtkListBoxRow *b, gpointer user_data)
{
  RiposteChatRow *first = RIPOSTE_CHAT_ROW (a), *second = RIPOSTE_CHAT_ROW (b);
  int pinned
    = riposte_conversation_get_pinned (second->conversation) - riposte_conversation_get_pinned (first->conversation);
  gint64 then = riposte_conversation_get_updated (first->conversation);
  gint64 other = riposte_conversation_get_updated (second->conversation);

  if (pinned)
    return pinned;
  if (then != other)
    return then > other ? -1 : 1;
  return (first->number < second->number) - (first->number > second->number);
}

static gint64
get_group (RiposteChatRow *self)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autoptr (GDateTime) then = g_date_time_new_from_unix_local (riposte_conversation_get_updated (self->conversation));

  if (riposte_conversation_get_pinned (self->conversation))
    return PINNED;
  return riposte_day_group (now, then ? then : now);
}

void
riposte_chat_row_update_header (GtkListBoxRow *row, GtkListBoxRow *before, gpointer user_data)
{
  gint64 group = get_group (RIPOSTE_CHAT_ROW (row));
  g_autofree char *name = group == PINNED ? g_strdup (_ ("Pinned")) : riposte_day_group_dup_name ((guint)group);
  GtkWidget *label;

  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, name, -1);
  if (before && get_group (RIPOSTE_CHAT_ROW (before)) == group)
    {
      gtk_list_box_row_set_header (row, NULL);
      return;
    }
  label = gtk_label_new (name);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_widget_add_css_class (label, "chat-group");
  gtk_widget_add_css_class (label, "dim-label");
  gtk_list_box_row_set_header (row, label);
}

/* ---- object ---- */

static void
riposte_chat_row_init (RiposteChatRow *self)
{
  GtkGesture *click = gtk_gesture_click_new ();

  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (click), GDK_BUTTON_SECONDARY);
  g_signal_connect_swapped (click, "pressed", G_CALLBACK (on_right_click), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (click));
}

static void
riposte_chat_row_dispose (GObject *object)
{
  RiposteChatRow *self = RIPOSTE_CHAT_ROW (object);

  g_clear_object (&self->conversation);
  g_clear_object (&self->menu);
  gtk_widget_dispose_template (GTK_WIDGET (self), RIPOSTE_TYPE_CHAT_ROW);
  G_OBJECT_CLASS (riposte_chat_row_parent_class)->dispose (object);
}

static void
riposte_chat_row_class_init (RiposteChatRowClass *klass)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = riposte_chat_row_dispose;
  gtk_widget_class_set_template_from_resource (widget, "/dev/riposte/Riposte/chat/chat-row.ui");
  gtk_widget_class_bind_template_child (widget, RiposteChatRow, title);
  gtk_widget_class_bind_template_child (widget, RiposteChatRow, pin);
  gtk_widget_class_bind_template_child (widget, RiposteChatRow, busy);
  gtk_widget_class_add_binding (widget, GDK_KEY_F10, GDK_SHIFT_MASK, on_menu_key, NULL);
  gtk_widget_class_add_binding (widget, GDK_KEY_Menu, 0, on_menu_key, NULL);
}

GtkWidget *
riposte_chat_row_new (RiposteConversation *conversation, gint64 number, GMenuModel *menu)
{
  RiposteChatRow *self = g_object_new (RIPOSTE_TYPE_CHAT_ROW, NULL);

  self->conversation = g_object_ref (conversation);
  self->number = number;
  self->menu = g_object_ref (menu);
  g_signal_connect_object (conversation, "notify::title", G_CALLBACK (on_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (conversation, "notify::busy", G_CALLBACK (on_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (conversation, "notify::pinned", G_CALLBACK (on_moved), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (conversation, "notify::updated", G_CALLBACK (on_moved), self, G_CONNECT_SWAPPED);
  on_changed (self);
  return GTK_WIDGET (self);
}

RiposteConversation *
riposte_chat_row_get_conversation (RiposteChatRow *self)
{
  return self->conversation;
}
