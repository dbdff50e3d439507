#include "chat/conversation-private.h"

/* ---- the tree ---- */

/* Tells those that follow @parent which of how many they are. */
static void
number_branches (RiposteConversation *self, RiposteMessage *parent)
{
  g_autoptr (GPtrArray) branches = g_ptr_array_new ();

  for (guint i = 0; i < self->messages->len; i++)
    if (riposte_message_get_parent (self->messages->pdata[i]) == parent)
      g_ptr_array_add (branches, self->messages->pdata[i]);
  for (guint i = 0; i < branches->len; i++)
    riposte_message_set_branch (branches->pdata[i], i, branches->len);
}

/* From the end, where the first that is seen of some branches is the last of them. */
static void
number_all_branches (RiposteConversation *self)
{
  g_autoptr (GHashTable) counts = g_hash_table_new (NULL, NULL);
  g_autoptr (GHashTable) left = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < self->messages->len; i++)
    {
      gpointer parent = riposte_message_get_parent (self->messages->pdata[i]);
      gsize n = GPOINTER_TO_SIZE (g_hash_table_lookup (counts, parent)) + 1;

      g_hash_table_insert (counts, parent, GSIZE_TO_POINTER (n));
      g_hash_table_insert (left, parent, GSIZE_TO_POINTER (n));
    }
  for (guint i = self->messages->len; i-- > 0;)
    {
      gpointer parent = riposte_message_get_parent (self->messages->pdata[i]);
      gsize index = GPOINTER_TO_SIZE (g_hash_table_lookup (left, parent)) - 1;

      g_hash_table_insert (left, parent, GSIZE_TO_POINTER (index));
      riposte_message_set_branch (self->messages->pdata[i], (guint)index,
                                  GPOINTER_TO_UINT (g_hash_table_lookup (counts, parent)));
    }
}

static gboolean
follows (RiposteMessage *message, RiposteMessage *ancestor)
{
  while (message && message != ancestor)
    message = riposte_message_get_parent (message);
  return message != NULL;
}

static RiposteMessage *
find_branch (RiposteConversation *self, RiposteMessage *parent, guint index)
{
  for (guint i = 0; i < self->messages->len; i++)
    {
      RiposteMessage *message = self->messages->pdata[i];

      if (riposte_message_get_parent (message) == parent && riposte_message_get_branch (message, NULL) == index)
        return message;
    }
  return NULL;
}

RiposteMessage *
riposte_conversation_find (RiposteConversation *self, const char *id)
{
  for (guint i = 0; id && i < self->messages->len; i++)
    if (g_str_equal (riposte_message_get_id (self->messages->pdata[i]), id))
      return self->messages->pdata[i];
  return NULL;
}

/* ---- the path ---- */

static void
push (RiposteConversation *self, RiposteMessage *message)
{
  g_hash_table_insert (self->shown, riposte_message_get_parent (message), message);
  g_ptr_array_add (self->path, message);
}

/* Which of those that follow @message (nullable) was shown last, or else the newest. */
static RiposteMessage *
find_next (RiposteConversation *self, RiposteMessage *message)
{
  RiposteMessage *next = g_hash_table_lookup (self->shown, message);

  for (guint i = self->messages->len; !next && i-- > 0;)
    if (riposte_message_get_parent (self->messages->pdata[i]) == message)
      next = self->messages->pdata[i];
  return next;
}

/* The path from @position on is @message (nullable) and what follows it. */
static void
show_from (RiposteConversation *self, guint position, RiposteMessage *message)
{
  guint removed = self->path->len - position;

  g_ptr_array_set_size (self->path, (int)position);
  for (; message; message = find_next (self, message))
    push (self, message);
  g_list_model_items_changed (G_LIST_MODEL (self), position, removed, self->path->len - position);
}

RiposteMessage *
riposte_conversation_add (RiposteConversation *self, RiposteRole role, const char *text)
{
  RiposteMessage *parent = riposte_conversation_get_last (self);
  RiposteMessage *message = riposte_message_new (role, parent, text);

  g_ptr_array_add (self->messages, message);
  push (self, message);
  number_branches (self, parent);
  g_list_model_items_changed (G_LIST_MODEL (self), self->path->len - 1, 0, 1);
  return message;
}

void
riposte_conversation_leave (RiposteConversation *self, RiposteMessage *message)
{
  guint position;

  if (g_ptr_array_find (self->path, message, &position))
    show_from (self, position, NULL);
}

static void
show_all_shown (RiposteConversation *self, RiposteMessage *last)
{
  for (; last; last = riposte_message_get_parent (last))
    g_hash_table_insert (self->shown, riposte_message_get_parent (last), last);
}

void
riposte_conversation_show_head (RiposteConversation *self, const char *id)
{
  RiposteMessage *head = riposte_conversation_find (self, id);

  number_all_branches (self);
  if (!head && self->messages->len)
    head = self->messages->pdata[self->messages->len - 1];
  show_all_shown (self, head);
  show_from (self, 0, find_next (self, NULL));
}

/* Only what differs is made anew. */
void
riposte_conversation_show (RiposteConversation *self, RiposteMessage *message)
{
  guint position = 0;

  if (g_ptr_array_find (self->path, message, NULL))
    return;
  show_all_shown (self, message);
  while (position < self->path->len
         && find_next (self, position ? self->path->pdata[position - 1] : NULL) == self->path->pdata[position])
    position++;
  show_from (self, position, find_next (self, position ? self->path->pdata[position - 1] : NULL));
  riposte_conversation_keep_head (self);
}

gboolean
riposte_conversation_switch_branch (RiposteConversation *self, RiposteMessage *message, int offset)
{
  guint n;
  int index = (int)riposte_message_get_branch (message, &n) + offset;
  RiposteMessage *other
    = index >= 0 && index < (int)n ? find_branch (self, riposte_message_get_parent (message), (guint)index) : NULL;

  if (other)
    riposte_conversation_show (self, other);
  return other != NULL;
}

/* ---- deleting ---- */

struct _RiposteRemovedBranch
{
  RiposteConversation *conversation;
  GPtrArray *messages; /* the first is what the others follow */
  GArray *positions;   /* in the conversation's messages */
};

static RiposteMessage *
get_removed_parent (const RiposteRemovedBranch *removed)
{
  return riposte_message_get_parent (removed->messages->pdata[0]);
}

/* It cannot come back any more, and neither can what was taken out of it before. */
static void
forget_removed (RiposteRemovedBranch *removed)
{
  GPtrArray *all = removed->conversation->removed;

  if (!g_ptr_array_remove_fast (all, removed))
    return;
  for (guint i = 0; i < all->len;)
    if (g_ptr_array_find (removed->messages, get_removed_parent (all->pdata[i]), NULL))
      {
        forget_removed (all->pdata[i]);
        i = 0;
      }
    else
      i++;
}

/* What @removed was a part of, if that was taken out after it. */
static RiposteRemovedBranch *
find_removed_around (RiposteRemovedBranch *removed)
{
  GPtrArray *all = removed->conversation->removed;

  for (guint i = 0; i < all->len; i++)
    {
      RiposteRemovedBranch *other = all->pdata[i];

      if (other != removed && g_ptr_array_find (other->messages, get_removed_parent (removed), NULL))
        return other;
    }
  return NULL;
}

/* The one before, or else the one after, or else none. */
static void
show_another (RiposteConversation *self, RiposteMessage *removed)
{
  RiposteMessage *parent = riposte_message_get_parent (removed);
  guint index = riposte_message_get_branch (removed, NULL);
  guint position;

  number_branches (self, parent);
  if (g_hash_table_lookup (self->shown, parent) == removed)
    g_hash_table_remove (self->shown, parent);
  if (!g_ptr_array_find (self->path, removed, &position))
    return;
  show_from (self, position, find_branch (self, parent, index ? index - 1 : 0));
  riposte_conversation_keep_head (self);
}

RiposteRemovedBranch *
riposte_conversation_remove_branch (RiposteConversation *self, RiposteMessage *message)
{
  RiposteRemovedBranch *removed = g_new (RiposteRemovedBranch, 1);
  gboolean busy = self->generation && follows (self->answer, message);

  if (busy)
    riposte_conversation_settle (self);
  removed->conversation = g_object_ref (self);
  removed->messages = g_ptr_array_new_with_free_func (g_object_unref);
  removed->positions = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < self->messages->len; i++)
    if (follows (self->messages->pdata[i], message))
      {
        g_ptr_array_add (removed->messages, g_object_ref (self->messages->pdata[i]));
        g_array_append_val (removed->positions, i);
        g_hash_table_remove (self->shown, self->messages->pdata[i]);
      }
  for (guint i = removed->positions->len; i-- > 0;)
    g_ptr_array_remove_index (self->messages, g_array_index (removed->positions, guint, i));
  g_ptr_array_add (self->removed, removed);
  show_another (self, message);
  if (self->store)
    riposte_store_delete_message (self->store, riposte_message_get_id (message), TRUE);
  if (busy)
    g_object_notify (G_OBJECT (self), "busy");
  return removed;
}

/* In their old places, so that each comes after the one that it follows and branches keep their numbers. */
void
riposte_removed_branch_restore (RiposteRemovedBranch *removed)
{
  RiposteConversation *self = removed->conversation;
  RiposteMessage *first = removed->messages->pdata[0];
  RiposteRemovedBranch *around;

  if (!g_ptr_array_find (self->removed, removed, NULL))
    return;
  if ((around = find_removed_around (removed)))
    riposte_removed_branch_restore (around);
  g_ptr_array_remove_fast (self->removed, removed);
  for (guint i = 0; i < removed->messages->len; i++)
    {
      guint position = MIN (g_array_index (removed->positions, guint, i), self->messages->len);
      g_ptr_array_insert (self->messages, (int)position, g_object_ref (removed->messages->pdata[i]));
    }
  number_branches (self, riposte_message_get_parent (first));
  if (self->store)
    riposte_store_delete_message (self->store, riposte_message_get_id (first), FALSE);
  riposte_conversation_show (self, first);
}

void
riposte_removed_branch_free (RiposteRemovedBranch *removed)
{
  forget_removed (removed);
  g_ptr_array_unref (removed->messages);
  g_array_unref (removed->positions);
  g_object_unref (removed->conversation);
  g_free (removed);
}
