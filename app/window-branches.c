/* What can be done with the branches of the conversation that is selected. The actions take the id of a message, or ""
 * for the last for which they make sense. */
#include "window-private.h"

#include <glib/gi18n.h>

typedef gboolean (*Accepts) (RiposteMessage *message);

static gboolean
is_question (RiposteMessage *message)
{
  return riposte_message_get_role (message) == RIPOSTE_ROLE_USER;
}

static gboolean
has_branches (RiposteMessage *message)
{
  guint n;

  riposte_message_get_branch (message, &n);
  return n > 1;
}

/* The last of the path. */
static RiposteMessage *
find_last (RiposteWindow *self, Accepts accepts)
{
  for (RiposteMessage *message = riposte_conversation_get_last (self->conversation); message;
       message = riposte_message_get_parent (message))
    if (accepts (message))
      return message;
  return NULL;
}

static RiposteMessage *
find (RiposteWindow *self, GVariant *parameter, Accepts accepts)
{
  const char *id = g_variant_get_string (parameter, NULL);

  return *id ? riposte_conversation_find (self->conversation, id) : find_last (self, accepts);
}

static void
switch_branch (RiposteWindow *self, GVariant *parameter, int offset)
{
  RiposteMessage *message = find (self, parameter, has_branches);

  if (message)
    riposte_conversation_switch_branch (self->conversation, message, offset);
}

static void
on_previous_branch (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  switch_branch (user_data, parameter, -1);
}

static void
on_next_branch (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  switch_branch (user_data, parameter, 1);
}

static void
on_edit_message (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RiposteWindow *self = user_data;
  RiposteMessage *message = find (self, parameter, is_question);

  if (!message || riposte_message_is_busy (message))
    return;
  riposte_window_show_chat (self);
  riposte_chat_pane_edit (self->chat, message);
}

static void
on_undo_delete (AdwToast *toast, RiposteWindow *self)
{
  riposte_removed_branch_restore (g_object_get_data (G_OBJECT (toast), "removed"));
}

static void
on_delete_message (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RiposteWindow *self = user_data;
  RiposteMessage *message = riposte_conversation_find (self->conversation, g_variant_get_string (parameter, NULL));
  AdwToast *toast;

  if (!message)
    return;
  toast = adw_toast_new (is_question (message) ? _ ("Question deleted") : _ ("Answer deleted"));
  adw_toast_set_button_label (toast, _ ("_Undo"));
  adw_toast_set_timeout (toast, RIPOSTE_TOAST_SECONDS);
  g_object_set_data_full (G_OBJECT (toast), "removed", riposte_conversation_remove_branch (self->conversation, message),
                          (GDestroyNotify)riposte_removed_branch_free);
  g_signal_connect_object (toast, "button-clicked", G_CALLBACK (on_undo_delete), self, 0);
  riposte_window_add_toast (self, toast);
}

static const GActionEntry entries[] = {
  { .name = "previous-branch", .activate = on_previous_branch, .parameter_type = "s" },
  { .name = "next-branch", .activate = on_next_branch, .parameter_type = "s" },
  { .name = "edit-message", .activate = on_edit_message, .parameter_type = "s" },
  { .name = "delete-message", .activate = on_delete_message, .parameter_type = "s" },
};

void
riposte_window_add_branch_actions (RiposteWindow *self)
{
  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
}

void
riposte_window_update_branch_actions (RiposteWindow *self)
{
  GAction *edit = g_action_map_lookup_action (G_ACTION_MAP (self), "edit-message");

  g_simple_action_set_enabled (G_SIMPLE_ACTION (edit), !riposte_conversation_get_busy (self->conversation));
}
