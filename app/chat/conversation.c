#include "chat/conversation.h"

#include "chat/plain-text.h"

#define TITLE_CHARS 48

struct _RiposteConversation
{
  GObject parent;

  char *title;
  GPtrArray *messages; /* all of them */
  GPtrArray *path;     /* from the first to the last that is shown */

  RiposteGeneration *generation; /* of the answer at the path's end */
};

static void riposte_conversation_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RiposteConversation,
                               riposte_conversation,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, riposte_conversation_list_model_init))

enum
{
  PROP_TITLE = 1,
  PROP_BUSY,
  N_PROPS
};
static GParamSpec *properties[N_PROPS];

/* ---- list model ---- */

static GType
get_item_type (GListModel *model)
{
  return RIPOSTE_TYPE_MESSAGE;
}

static guint
get_n_items (GListModel *model)
{
  return RIPOSTE_CONVERSATION (model)->path->len;
}

static gpointer
get_item (GListModel *model, guint position)
{
  GPtrArray *path = RIPOSTE_CONVERSATION (model)->path;

  return position < path->len ? g_object_ref (path->pdata[position]) : NULL;
}

static void
riposte_conversation_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

/* ---- object ---- */

static void
riposte_conversation_init (RiposteConversation *self)
{
  self->messages = g_ptr_array_new_with_free_func (g_object_unref);
  self->path = g_ptr_array_new ();
}

static void
forget_generation (RiposteConversation *self)
{
  if (!self->generation)
    return;
  g_signal_handlers_disconnect_by_data (self->generation, self);
  g_clear_object (&self->generation);
}

static void
riposte_conversation_dispose (GObject *object)
{
  RiposteConversation *self = RIPOSTE_CONVERSATION (object);

  riposte_conversation_stop (self);
  forget_generation (self);
  G_OBJECT_CLASS (riposte_conversation_parent_class)->dispose (object);
}

static void
riposte_conversation_finalize (GObject *object)
{
  RiposteConversation *self = RIPOSTE_CONVERSATION (object);

  g_free (self->title);
  g_ptr_array_unref (self->path);
  g_ptr_array_unref (self->messages);
  G_OBJECT_CLASS (riposte_conversation_parent_class)->finalize (object);
}

static void
riposte_conversation_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  RiposteConversation *self = RIPOSTE_CONVERSATION (object);

  if (id == PROP_TITLE)
    g_value_set_string (value, self->title);
  else
    g_value_set_boolean (value, self->generation != NULL);
}

static void
riposte_conversation_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  riposte_conversation_set_title (RIPOSTE_CONVERSATION (object), g_value_get_string (value));
}

static void
riposte_conversation_class_init (RiposteConversationClass *klass)
{
  GObjectClass *object = G_OBJECT_CLASS (klass);

  object->dispose = riposte_conversation_dispose;
  object->finalize = riposte_conversation_finalize;
  object->get_property = riposte_conversation_get_property;
  object->set_property = riposte_conversation_set_property;
  properties[PROP_TITLE] = g_param_spec_string ("title", NULL, NULL, NULL,
                                                G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_BUSY] = g_param_spec_boolean ("busy", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object, N_PROPS, properties);
}

RiposteConversation *
riposte_conversation_new (void)
{
  return g_object_new (RIPOSTE_TYPE_CONVERSATION, NULL);
}

const char *
riposte_conversation_get_title (RiposteConversation *self)
{
  return self->title;
}

void
riposte_conversation_set_title (RiposteConversation *self, const char *title)
{
  if (g_strcmp0 (self->title, title) == 0)
    return;
  g_free (self->title);
  self->title = g_strdup (title);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TITLE]);
}

gboolean
riposte_conversation_get_busy (RiposteConversation *self)
{
  return self->generation != NULL;
}

gboolean
riposte_conversation_is_empty (RiposteConversation *self)
{
  return self->path->len == 0;
}

RiposteMessage *
riposte_conversation_get_last (RiposteConversation *self)
{
  return self->path->len ? self->path->pdata[self->path->len - 1] : NULL;
}

GPtrArray *
riposte_conversation_get_messages (RiposteConversation *self)
{
  return self->messages;
}

/* ---- asking and answering ---- */

static void
on_text (RiposteConversation *self, const char *text, RiposteGeneration *generation)
{
  riposte_message_append (riposte_conversation_get_last (self), text);
}

static void
on_changed (RiposteConversation *self, RiposteGeneration *generation)
{
  const RiposteGenerationInfo *info = riposte_generation_get_info (generation);

  if (info->phase != RIPOSTE_PHASE_ENDED)
    riposte_message_set_info (riposte_conversation_get_last (self), info);
}

static void
on_ended (RiposteConversation *self, RiposteGeneration *generation)
{
  g_autoptr (RiposteGeneration) ended = g_object_ref (generation);

  forget_generation (self);
  riposte_message_end (riposte_conversation_get_last (self), riposte_generation_get_info (ended),
                       riposte_generation_get_error (ended));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BUSY]);
}

static void
add_message (RiposteConversation *self, RiposteRole role, const char *text)
{
  RiposteMessage *message = riposte_message_new (role, riposte_conversation_get_last (self), text);

  g_ptr_array_add (self->messages, message);
  g_ptr_array_add (self->path, message);
  g_list_model_items_changed (G_LIST_MODEL (self), self->path->len - 1, 0, 1);
}

/* A question that failed before an answer began is no turn: one too long for the context would fail all that follow. */
static gboolean
came_to_nothing (RiposteMessage *message)
{
  return riposte_message_get_state (message) == RIPOSTE_MESSAGE_FAILED && !*riposte_message_get_said (message);
}

static void
add_turns (RiposteConversation *self)
{
  for (guint i = 0; i < self->path->len; i++)
    {
      RiposteMessage *message = self->path->pdata[i];
      gboolean user = riposte_message_get_role (message) == RIPOSTE_ROLE_USER;

      if (came_to_nothing (message) || (i + 1 < self->path->len && came_to_nothing (self->path->pdata[i + 1])))
        continue;
      /* what it thought is left out, as the makers of such models ask and their templates do */
      riposte_generation_add_turn (self->generation, user ? "user" : "assistant", riposte_message_get_said (message));
    }
}

static guint
count_siblings (RiposteConversation *self, RiposteMessage *parent)
{
  guint n = 0;

  for (guint i = 0; i < self->messages->len; i++)
    n += riposte_message_get_parent (self->messages->pdata[i]) == parent;
  return n;
}

/* An answer to the path as it stands. The same seed would give the same answer once more, so each attempt has one of
 * its own. */
static void
answer (RiposteConversation *self, RiposteGenerator *generator, const RpSamplerOptions *sampler)
{
  RpSamplerOptions own = *sampler;

  own.seed += count_siblings (self, riposte_conversation_get_last (self));
  self->generation = riposte_generation_new ();
  add_turns (self);
  riposte_generation_set_sampler (self->generation, &own);
  g_signal_connect_object (self->generation, "text", G_CALLBACK (on_text), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->generation, "changed", G_CALLBACK (on_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->generation, "ended", G_CALLBACK (on_ended), self, G_CONNECT_SWAPPED);
  add_message (self, RIPOSTE_ROLE_ASSISTANT, NULL);
  riposte_generator_generate (generator, self->generation);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BUSY]);
}

void
riposte_conversation_ask (RiposteConversation *self,
                          const char *question,
                          RiposteGenerator *generator,
                          const RpSamplerOptions *sampler)
{
  g_return_if_fail (!self->generation);
  if (!self->title)
    {
      g_autofree char *title = riposte_title_of_text (question, TITLE_CHARS);
      riposte_conversation_set_title (self, title);
    }
  add_message (self, RIPOSTE_ROLE_USER, question);
  answer (self, generator, sampler);
}

gboolean
riposte_conversation_can_try_again (RiposteConversation *self)
{
  RiposteMessage *last = riposte_conversation_get_last (self);

  return last && !self->generation && riposte_message_get_role (last) == RIPOSTE_ROLE_ASSISTANT;
}

void
riposte_conversation_try_again (RiposteConversation *self, RiposteGenerator *generator, const RpSamplerOptions *sampler)
{
  g_return_if_fail (riposte_conversation_can_try_again (self));
  g_ptr_array_set_size (self->path, self->path->len - 1);
  g_list_model_items_changed (G_LIST_MODEL (self), self->path->len, 1, 0);
  answer (self, generator, sampler);
}

void
riposte_conversation_stop (RiposteConversation *self)
{
  if (self->generation)
    riposte_generation_cancel (self->generation);
}
