#include "chat/conversation-private.h"

#include "plain-text.h"
#include "chat/reasoning.h"

#define TITLE_CHARS 48
#define KEEP_MS     500

static void riposte_conversation_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RiposteConversation,
                               riposte_conversation,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, riposte_conversation_list_model_init))

enum
{
  PROP_TITLE = 1,
  PROP_BUSY,
  PROP_LOADED,
  PROP_PINNED,
  PROP_UPDATED,
  PROP_SETTINGS,
  PROP_ELSEWHERE,
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
  self->removed = g_ptr_array_new ();
  self->shown = g_hash_table_new (NULL, NULL);
  self->loading = g_cancellable_new ();
  self->loaded = TRUE;
  self->keep_ms = KEEP_MS;
}

static void
forget_generation (RiposteConversation *self)
{
  if (!self->generation)
    return;
  g_signal_handlers_disconnect_by_data (self->generation, self);
  g_clear_object (&self->generation);
  g_clear_object (&self->generator);
}

static void
riposte_conversation_dispose (GObject *object)
{
  RiposteConversation *self = RIPOSTE_CONVERSATION (object);

  riposte_conversation_settle (self);
  riposte_conversation_forget_store (self);
  G_OBJECT_CLASS (riposte_conversation_parent_class)->dispose (object);
}

static void
riposte_conversation_finalize (GObject *object)
{
  RiposteConversation *self = RIPOSTE_CONVERSATION (object);

  g_clear_object (&self->answer);
  g_clear_object (&self->loading);
  g_clear_error (&self->load_error);
  g_hash_table_unref (self->shown);
  g_free (self->id);
  g_free (self->title);
  g_free (self->settings);
  g_free (self->head);
  g_free (self->instructions);
  g_ptr_array_unref (self->removed);
  g_ptr_array_unref (self->path);
  g_ptr_array_unref (self->messages);
  G_OBJECT_CLASS (riposte_conversation_parent_class)->finalize (object);
}

static void
riposte_conversation_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  RiposteConversation *self = RIPOSTE_CONVERSATION (object);

  switch (id)
    {
    case PROP_TITLE:
      g_value_set_string (value, self->title);
      break;
    case PROP_SETTINGS:
      g_value_set_string (value, self->settings);
      break;
    case PROP_UPDATED:
      g_value_set_int64 (value, self->updated);
      break;
    case PROP_PINNED:
      g_value_set_boolean (value, self->pinned);
      break;
    case PROP_ELSEWHERE:
      g_value_set_boolean (value, self->elsewhere);
      break;
    case PROP_LOADED:
      g_value_set_boolean (value, self->loaded);
      break;
    default:
      g_value_set_boolean (value, self->generation != NULL);
      break;
    }
}

static void
riposte_conversation_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  RiposteConversation *self = RIPOSTE_CONVERSATION (object);

  if (id == PROP_TITLE)
    riposte_conversation_set_title (self, g_value_get_string (value));
  else if (id == PROP_SETTINGS)
    riposte_conversation_set_settings (self, g_value_get_string (value));
  else if (id == PROP_ELSEWHERE)
    riposte_conversation_set_elsewhere (self, g_value_get_boolean (value));
  else
    riposte_conversation_set_pinned (self, g_value_get_boolean (value));
}

static void
riposte_conversation_class_init (RiposteConversationClass *klass)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  const GParamFlags writable = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
  GObjectClass *object = G_OBJECT_CLASS (klass);

  object->dispose = riposte_conversation_dispose;
  object->finalize = riposte_conversation_finalize;
  object->get_property = riposte_conversation_get_property;
  object->set_property = riposte_conversation_set_property;
  properties[PROP_TITLE] = g_param_spec_string ("title", NULL, NULL, NULL, writable);
  properties[PROP_SETTINGS] = g_param_spec_string ("settings", NULL, NULL, NULL, writable);
  properties[PROP_PINNED] = g_param_spec_boolean ("pinned", NULL, NULL, FALSE, writable);
  properties[PROP_ELSEWHERE] = g_param_spec_boolean ("elsewhere", NULL, NULL, FALSE, writable);
  properties[PROP_UPDATED] = g_param_spec_int64 ("updated", NULL, NULL, 0, G_MAXINT64, 0, readable);
  properties[PROP_LOADED] = g_param_spec_boolean ("loaded", NULL, NULL, TRUE, readable);
  properties[PROP_BUSY] = g_param_spec_boolean ("busy", NULL, NULL, FALSE, readable);
  g_object_class_install_properties (object, N_PROPS, properties);
}

RiposteConversation *
riposte_conversation_new (RiposteStore *store)
{
  RiposteConversation *self = g_object_new (RIPOSTE_TYPE_CONVERSATION, NULL);

  g_set_object (&self->store, store);
  self->id = g_uuid_string_random ();
  self->updated = g_get_real_time () / G_USEC_PER_SEC;
  return self;
}

RiposteConversation *
riposte_conversation_new_from_record (RiposteStore *store, const RiposteChatRecord *record)
{
  RiposteConversation *self = g_object_new (RIPOSTE_TYPE_CONVERSATION, NULL);

  g_set_object (&self->store, store);
  self->id = g_strdup (record->id);
  self->title = g_strdup (record->title);
  self->head = g_strdup (record->head);
  self->settings = g_strdup (record->settings);
  self->named = record->named;
  self->pinned = record->pinned;
  self->updated = record->updated;
  self->loaded = FALSE;
  return self;
}

/* ---- what is known of it ---- */

const char *
riposte_conversation_get_id (RiposteConversation *self)
{
  return self->id;
}

const char *
riposte_conversation_get_title (RiposteConversation *self)
{
  return self->title;
}

static void
change_title (RiposteConversation *self, const char *title, RiposteChatField field)
{
  if (g_strcmp0 (self->title, title) != 0)
    {
      g_autofree char *old = g_steal_pointer (&self->title);
      self->title = g_strdup (title);
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TITLE]);
    }
  if (self->store)
    riposte_store_set (self->store, self->id, field, self->title);
}

void
riposte_conversation_set_title (RiposteConversation *self, const char *title)
{
  if (!self->named && g_strcmp0 (self->title, title) != 0)
    change_title (self, title, RIPOSTE_CHAT_TITLE);
}

void
riposte_conversation_rename (RiposteConversation *self, const char *title)
{
  self->named = TRUE;
  change_title (self, title, RIPOSTE_CHAT_NAME);
}

gboolean
riposte_conversation_is_named (RiposteConversation *self)
{
  return self->named;
}

gboolean
riposte_conversation_is_untitled (RiposteConversation *self)
{
  const char *first = self->messages->len ? riposte_message_get_text (self->messages->pdata[0]) : "";
  g_autofree char *title = riposte_title_of_text (first, TITLE_CHARS);

  return !self->named && self->messages->len && g_strcmp0 (self->title, title) == 0;
}

gboolean
riposte_conversation_get_pinned (RiposteConversation *self)
{
  return self->pinned;
}

void
riposte_conversation_set_pinned (RiposteConversation *self, gboolean pinned)
{
  if (self->pinned == pinned)
    return;
  self->pinned = pinned;
  if (self->store)
    riposte_store_set (self->store, self->id, RIPOSTE_CHAT_PINNED, pinned ? "1" : "0");
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PINNED]);
}

void
riposte_conversation_set_deleted (RiposteConversation *self, gboolean deleted)
{
  if (self->store)
    riposte_store_set (self->store, self->id, RIPOSTE_CHAT_DELETED, deleted ? "1" : "0");
}

void
riposte_conversation_purge (RiposteConversation *self)
{
  if (self->store)
    riposte_store_purge (self->store, self->id);
}

const char *
riposte_conversation_get_settings (RiposteConversation *self)
{
  return self->settings;
}

void
riposte_conversation_set_settings (RiposteConversation *self, const char *settings)
{
  g_autofree char *old = NULL;

  if (g_strcmp0 (self->settings, settings) == 0)
    return;
  old = g_steal_pointer (&self->settings);
  self->settings = g_strdup (settings);
  if (self->store)
    riposte_store_set (self->store, self->id, RIPOSTE_CHAT_SETTINGS, self->settings);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SETTINGS]);
}

gint64
riposte_conversation_get_updated (RiposteConversation *self)
{
  return self->updated;
}

static void
touch (RiposteConversation *self)
{
  self->updated = g_get_real_time () / G_USEC_PER_SEC;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_UPDATED]);
}

gboolean
riposte_conversation_get_loaded (RiposteConversation *self)
{
  return self->loaded;
}

void
riposte_conversation_notify_loaded (RiposteConversation *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LOADED]);
}

gboolean
riposte_conversation_get_busy (RiposteConversation *self)
{
  return self->generation != NULL;
}

gboolean
riposte_conversation_get_elsewhere (RiposteConversation *self)
{
  return self->elsewhere;
}

void
riposte_conversation_set_elsewhere (RiposteConversation *self, gboolean elsewhere)
{
  if (self->elsewhere == elsewhere)
    return;
  self->elsewhere = elsewhere;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ELSEWHERE]);
}

RiposteGenerator *
riposte_conversation_choose (RiposteConversation *self, RiposteGenerator *generator)
{
  RiposteGenerator *elsewhere = self->elsewhere ? riposte_generator_get_elsewhere (generator) : NULL;

  if (self->generation)
    return self->generator;
  return elsewhere ? elsewhere : riposte_generator_choose (generator);
}

gboolean
riposte_conversation_is_empty (RiposteConversation *self)
{
  return self->loaded && self->path->len == 0;
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
  riposte_message_append (self->answer, text);
  riposte_conversation_keep_soon (self);
}

/* As soon as it is known, which is after a model was loaded. */
static void
note_model (RiposteConversation *self)
{
  if (!riposte_message_get_model (self->answer))
    riposte_message_set_model (self->answer, riposte_generator_get_name (self->generator));
}

static void
on_changed (RiposteConversation *self, RiposteGeneration *generation)
{
  const RiposteGenerationInfo *info = riposte_generation_get_info (generation);

  if (info->phase == RIPOSTE_PHASE_ENDED)
    return;
  note_model (self);
  riposte_message_set_info (self->answer, info);
}

static void
on_ended (RiposteConversation *self, RiposteGeneration *generation)
{
  g_autoptr (RiposteGeneration) ended = g_object_ref (generation);

  note_model (self);
  forget_generation (self);
  riposte_message_end (self->answer, riposte_generation_get_info (ended), riposte_generation_get_error (ended));
  riposte_conversation_keep (self, self->answer);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BUSY]);
}

static guint
count_siblings (RiposteConversation *self, RiposteMessage *parent)
{
  guint n = 0;

  for (guint i = 0; i < self->messages->len; i++)
    n += riposte_message_get_parent (self->messages->pdata[i]) == parent;
  return n;
}

/* A service elsewhere takes no half answer to go on from, so it is asked to. */
static void
set_begun (RiposteGeneration *generation, RiposteGenerator *generator, const char *begun)
{
  g_autofree char *said = riposte_reasoning_dup_said (begun);

  if (riposte_generator_is_local (generator))
    {
      riposte_generation_set_begun (generation, begun);
      return;
    }
  riposte_generation_add_turn (generation, "assistant", said);
  riposte_generation_add_turn (generation, "user",
                               "Go on from exactly where your answer stopped, and repeat nothing of it.");
}

/* An answer to the path as it stands. The same seed would give the same answer once more, so each attempt has one of
 * its own. */
static void
answer_from (RiposteConversation *self, RiposteGenerator *generator, const RpSamplerOptions *sampler, const char *begun)
{
  RpSamplerOptions own = *sampler;

  own.seed += count_siblings (self, riposte_conversation_get_last (self));
  self->generator = g_object_ref (riposte_conversation_choose (self, generator));
  self->generation = riposte_conversation_make_prompt (self, NULL);
  riposte_generation_set_sampler (self->generation, &own);
  g_signal_connect_object (self->generation, "text", G_CALLBACK (on_text), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->generation, "changed", G_CALLBACK (on_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->generation, "ended", G_CALLBACK (on_ended), self, G_CONNECT_SWAPPED);
  g_clear_object (&self->answer);
  if (begun)
    set_begun (self->generation, self->generator, begun);
  self->answer = g_object_ref (riposte_conversation_add (self, RIPOSTE_ROLE_ASSISTANT, begun));
  note_model (self);
  touch (self);
  riposte_conversation_keep_and_start (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BUSY]);
}

static void
answer (RiposteConversation *self, RiposteGenerator *generator, const RpSamplerOptions *sampler)
{
  answer_from (self, generator, sampler, NULL);
}

gboolean
riposte_conversation_can_continue (RiposteConversation *self, RiposteMessage *message)
{
  return !self->generation && riposte_message_can_continue (message);
}

void
riposte_conversation_continue (RiposteConversation *self,
                               RiposteMessage *message,
                               RiposteGenerator *generator,
                               const RpSamplerOptions *sampler)
{
  g_autofree char *begun = g_strdup (riposte_message_get_text (message));

  g_return_if_fail (riposte_conversation_can_continue (self, message));
  riposte_conversation_leave (self, message);
  answer_from (self, generator, sampler, begun);
}

void
riposte_conversation_ask (RiposteConversation *self,
                          const char *question,
                          RiposteGenerator *generator,
                          const RpSamplerOptions *sampler)
{
  g_return_if_fail (self->loaded && !self->generation);
  if (!self->title)
    {
      g_autofree char *title = riposte_title_of_text (question, TITLE_CHARS);
      riposte_conversation_set_title (self, title);
    }
  riposte_conversation_add (self, RIPOSTE_ROLE_USER, question);
  answer (self, generator, sampler);
}

gboolean
riposte_conversation_can_try_again (RiposteConversation *self)
{
  RiposteMessage *last = riposte_conversation_get_last (self);

  return last && !self->generation;
}

void
riposte_conversation_try_again (RiposteConversation *self, RiposteGenerator *generator, const RpSamplerOptions *sampler)
{
  g_return_if_fail (riposte_conversation_can_try_again (self));
  riposte_conversation_answer_again (self, riposte_conversation_get_last (self), generator, sampler);
}

void
riposte_conversation_answer_again (RiposteConversation *self,
                                   RiposteMessage *message,
                                   RiposteGenerator *generator,
                                   const RpSamplerOptions *sampler)
{
  g_return_if_fail (!self->generation);
  if (riposte_message_get_role (message) == RIPOSTE_ROLE_ASSISTANT)
    riposte_conversation_leave (self, message);
  answer (self, generator, sampler);
}

void
riposte_conversation_edit (RiposteConversation *self,
                           RiposteMessage *message,
                           const char *question,
                           RiposteGenerator *generator,
                           const RpSamplerOptions *sampler)
{
  g_return_if_fail (!self->generation && riposte_message_get_role (message) == RIPOSTE_ROLE_USER);
  riposte_conversation_leave (self, message);
  riposte_conversation_ask (self, question, generator, sampler);
}

void
riposte_conversation_edit_answer (RiposteConversation *self, RiposteMessage *message, const char *text)
{
  const RiposteGenerationInfo info = { .phase = RIPOSTE_PHASE_ENDED, .stop = RP_STOP_END };
  RiposteMessage *version;

  g_return_if_fail (!self->generation && riposte_message_get_role (message) == RIPOSTE_ROLE_ASSISTANT);
  riposte_conversation_leave (self, message);
  version = riposte_conversation_add (self, RIPOSTE_ROLE_ASSISTANT, text);
  riposte_message_end (version, &info, NULL);
  riposte_conversation_keep (self, version);
}

void
riposte_conversation_stop (RiposteConversation *self)
{
  if (self->generation)
    riposte_generation_cancel (self->generation);
}

void
riposte_conversation_settle (RiposteConversation *self)
{
  const RiposteGenerationInfo stopped = { .phase = RIPOSTE_PHASE_ENDED, .stop = RP_STOP_CANCELLED };

  if (!self->generation)
    return;
  riposte_conversation_stop (self);
  forget_generation (self);
  riposte_message_end (self->answer, &stopped, NULL);
  riposte_conversation_keep (self, self->answer);
}
