/* What of a conversation is given to a model. */
#include "chat/conversation-private.h"

void
riposte_conversation_set_instructions (RiposteConversation *self, const char *instructions)
{
  g_autofree char *copy = g_strdup (instructions);

  g_free (self->instructions);
  self->instructions = g_steal_pointer (&copy);
}

gboolean
riposte_conversation_has_instructions (RiposteConversation *self)
{
  return self->instructions && *self->instructions;
}

/* A question that failed before an answer began is no turn: one too long for the context would fail all that follow. */
static gboolean
came_to_nothing (RiposteMessage *message)
{
  return riposte_message_get_state (message) == RIPOSTE_MESSAGE_FAILED && !*riposte_message_get_said (message);
}

static gboolean
is_turn (RiposteConversation *self, guint index, guint end)
{
  RiposteMessage *message = self->path->pdata[index];
  RiposteMessage *next = index + 1 < end ? self->path->pdata[index + 1] : NULL;

  return !riposte_message_get_left_out (message) && !came_to_nothing (message) && !(next && came_to_nothing (next));
}

/* The last question stands at the end, even where no answer came to it. */
static guint
find_end_of_prompt (RiposteConversation *self)
{
  guint n = self->path->len;

  return n && riposte_message_get_role (self->path->pdata[n - 1]) == RIPOSTE_ROLE_ASSISTANT ? n - 1 : n;
}

/* Where @message (nullable) is on the path, or the end of that. */
static guint
find_place (RiposteConversation *self, RiposteMessage *message)
{
  guint place;

  return message && g_ptr_array_find (self->path, message, &place) ? place : self->path->len;
}

static RiposteGeneration *
make_prompt (RiposteConversation *self, guint end, const char *question)
{
  RiposteGeneration *prompt = riposte_generation_new ();

  if (riposte_conversation_has_instructions (self))
    riposte_generation_add_turn (prompt, "system", self->instructions);
  for (guint i = 0; i < end; i++)
    {
      RiposteMessage *message = self->path->pdata[i];
      gboolean user = riposte_message_get_role (message) == RIPOSTE_ROLE_USER;

      if (is_turn (self, i, end))
        /* what it thought is left out, as the makers of such models ask and their templates do */
        riposte_generation_add_turn (prompt, user ? "user" : "assistant", riposte_message_get_said (message));
    }
  if (question)
    riposte_generation_add_turn (prompt, "user", question);
  return prompt;
}

RiposteGeneration *
riposte_conversation_make_prompt (RiposteConversation *self, const char *question)
{
  return make_prompt (self, question ? self->path->len : find_end_of_prompt (self), question);
}

RiposteGeneration *
riposte_conversation_make_prompt_for (RiposteConversation *self, RiposteMessage *edited, const char *question)
{
  return make_prompt (self, find_place (self, edited), question);
}

static guint
find_turns (RiposteConversation *self, guint end, guint n_turns, guint **indices)
{
  guint n = 0;

  *indices = g_new (guint, end + 1);
  for (guint i = 0; i < end && n < n_turns; i++)
    if (is_turn (self, i, end))
      (*indices)[n++] = i;
  return n;
}

guint
riposte_conversation_find_turns (RiposteConversation *self, guint n_turns, guint **indices)
{
  return find_turns (self, find_end_of_prompt (self), n_turns, indices);
}

/* Of the first @n of the path. */
static void
set_left_out (RiposteConversation *self, guint n, gboolean left_out)
{
  g_autoptr (GPtrArray) ids = g_ptr_array_new ();

  for (guint i = 0; i < n; i++)
    {
      RiposteMessage *message = self->path->pdata[i];

      if (riposte_message_get_left_out (message) == left_out)
        continue;
      riposte_message_set_left_out (message, left_out);
      g_ptr_array_add (ids, (char *)riposte_message_get_id (message));
    }
  g_ptr_array_add (ids, NULL);
  if (self->store && ids->len > 1)
    riposte_store_set_left_out (self->store, (const char *const *)ids->pdata, left_out);
}

void
riposte_conversation_leave_out (RiposteConversation *self, guint n_turns)
{
  g_autofree guint *indices = NULL;
  guint n = riposte_conversation_find_turns (self, n_turns, &indices);

  /* what came to nothing goes with its neighbours */
  set_left_out (self, n ? indices[n - 1] + 1 : 0, TRUE);
}

void
riposte_conversation_take_back_in (RiposteConversation *self)
{
  set_left_out (self, self->path->len, FALSE);
}

guint
riposte_conversation_count_left_out (RiposteConversation *self)
{
  guint n = 0;

  for (guint i = 0; i < self->path->len; i++)
    n += riposte_message_get_left_out (self->path->pdata[i]);
  return n;
}

void
riposte_conversation_copy_turns (RiposteConversation *self,
                                 RiposteConversation *from,
                                 guint n_left_out,
                                 RiposteMessage *before)
{
  const RiposteGenerationInfo info = { .stop = RP_STOP_END };
  g_autofree guint *indices = NULL;
  guint n = find_turns (from, find_place (from, before), G_MAXUINT, &indices);

  g_return_if_fail (self->path->len == 0);
  for (guint i = n_left_out; i < n; i++)
    {
      RiposteMessage *message = from->path->pdata[indices[i]];
      RiposteRole role = riposte_message_get_role (message);
      RiposteMessage *copy;

      copy = riposte_conversation_add (self, role, riposte_message_get_text (message));
      riposte_message_set_model (copy, riposte_message_get_model (message));
      if (role == RIPOSTE_ROLE_ASSISTANT)
        riposte_message_end (copy, &info, NULL);
      riposte_conversation_keep (self, copy);
    }
}
