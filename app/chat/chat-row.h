/* A conversation in the list of chats. */
#pragma once

#include <gtk/gtk.h>

#include "chat/conversation.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_CHAT_ROW (riposte_chat_row_get_type ())
G_DECLARE_FINAL_TYPE (RiposteChatRow, riposte_chat_row, RIPOSTE, CHAT_ROW, GtkListBoxRow)

/* @number: of two that were changed in the same second, the one with the greater number stands above.
 * @menu: shown at a right click, or the menu key. Its actions are about the row that is selected. */
GtkWidget *riposte_chat_row_new (RiposteConversation *conversation, gint64 number, GMenuModel *menu);
RiposteConversation *riposte_chat_row_get_conversation (RiposteChatRow *self);

/* The one that stands higher comes first: pinned, then changed last. For gtk_list_box_set_sort_func(). */
int riposte_chat_row_compare (GtkListBoxRow *a, GtkListBoxRow *b, gpointer user_data);
/* Says above @row what it and those below it have in common, where those above have not: pinned, or a day. For
 * gtk_list_box_set_header_func(). */
void riposte_chat_row_update_header (GtkListBoxRow *row, GtkListBoxRow *before, gpointer user_data);

G_END_DECLS
