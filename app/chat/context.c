#include "chat/context.h"

/* Long enough that a word is not measured letter by letter. */
#define DELAY_MS 200

struct _RiposteContext
{
  GObject parent;

  RiposteGenerator *generator;
  RiposteConversation *conversation;
  RiposteMessage *last; /* of the conversation */
  char *draft;
  RiposteMessage *edited; /* nullable */

  RiposteMeasure measure;
  gboolean measuring, outdated; /* what is being measured */
  guint timeout;
};

G_DEFINE_FINAL_TYPE (RiposteContext, riposte_context, G_TYPE_OBJECT)

static guint changed_signal;

static void
emit_changed (RiposteContext *self)
{
  g_signal_emit (self, changed_signal, 0);
}

/* ---- measuring ---- */

static void start (RiposteContext *self);

static void
on_measured (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RiposteContext) self = user_data;
  RiposteMeasure measure;
  gboolean known = riposte_generator_measure_finish (RIPOSTE_GENERATOR (source), result, &measure, NULL);

  self->measuring = FALSE;
  if (self->outdated)
    start (self);
  else if (known) /* a model that rests is no news */
    {
      self->measure = measure;
      emit_changed (self);
    }
}

static gboolean
is_busy (RiposteContext *self)
{
  return self->conversation && riposte_conversation_get_busy (self->conversation);
}

/* One at a time, so that a long conversation that is slow to measure does not queue up for it. */
static void
start (RiposteContext *self)
{
  g_autoptr (RiposteGeneration) prompt = NULL;

  self->outdated = self->measuring;
  if (self->measuring || !self->conversation || is_busy (self))
    return;
  prompt = riposte_conversation_make_prompt_for (self->conversation, self->edited, self->draft ? self->draft : "");
  self->measuring = TRUE;
  riposte_generator_measure_async (self->generator, prompt, NULL, on_measured, g_object_ref (self));
}

static gboolean
on_timeout (gpointer data)
{
  RiposteContext *self = data;

  self->timeout = 0;
  start (self);
  return G_SOURCE_REMOVE;
}

void
riposte_context_queue_update (RiposteContext *self)
{
  self->outdated = self->measuring;
  g_clear_handle_id (&self->timeout, g_source_remove);
  self->timeout = g_timeout_add (DELAY_MS, on_timeout, self);
}

/* ---- what is measured ---- */

static void
on_message_changed (RiposteContext *self)
{
  if (riposte_message_is_busy (self->last))
    emit_changed (self);
}

static void
on_conversation_changed (RiposteContext *self)
{
  RiposteMessage *last = self->conversation ? riposte_conversation_get_last (self->conversation) : NULL;

  if (self->last != last)
    {
      if (self->last)
        g_signal_handlers_disconnect_by_data (self->last, self);
      g_set_object (&self->last, last);
      if (last)
        g_signal_connect_object (last, "changed", G_CALLBACK (on_message_changed), self, G_CONNECT_SWAPPED);
    }
  riposte_context_queue_update (self);
  emit_changed (self);
}

void
riposte_context_set_conversation (RiposteContext *self, RiposteConversation *conversation)
{
  if (self->conversation == conversation)
    return;
  if (self->conversation)
    g_signal_handlers_disconnect_by_data (self->conversation, self);
  g_set_object (&self->conversation, conversation);
  self->measure.n_tokens = 0;
  if (conversation)
    {
      g_signal_connect_object (conversation, "items-changed", G_CALLBACK (on_conversation_changed), self,
                               G_CONNECT_SWAPPED);
      g_signal_connect_object (conversation, "notify::busy", G_CALLBACK (on_conversation_changed), self,
                               G_CONNECT_SWAPPED);
    }
  on_conversation_changed (self);
}

void
riposte_context_set_draft (RiposteContext *self, const char *draft)
{
  if (g_strcmp0 (self->draft, draft) == 0)
    return;
  g_free (self->draft);
  self->draft = g_strdup (draft);
  riposte_context_queue_update (self);
}

void
riposte_context_set_edited (RiposteContext *self, RiposteMessage *edited)
{
  if (g_set_object (&self->edited, edited))
    riposte_context_queue_update (self);
}

/* ---- figures ---- */

guint
riposte_context_get_n_used (RiposteContext *self)
{
  guint n_answer = is_busy (self) && self->last ? riposte_message_get_info (self->last)->n_context_used : 0;

  /* until its prompt is read, the answer takes as much as was measured before */
  return n_answer ? n_answer : self->measure.n_tokens;
}

guint
riposte_context_get_n_context (RiposteContext *self)
{
  return riposte_generator_get_n_context (self->generator);
}

gboolean
riposte_context_is_over (RiposteContext *self)
{
  return !is_busy (self) && self->measure.n_left_out > 0;
}

const RiposteMeasure *
riposte_context_get_measure (RiposteContext *self)
{
  return &self->measure;
}

/* ---- object ---- */

static void
riposte_context_init (RiposteContext *self)
{
}

static void
riposte_context_dispose (GObject *object)
{
  RiposteContext *self = RIPOSTE_CONTEXT (object);

  g_clear_handle_id (&self->timeout, g_source_remove);
  if (self->last)
    g_signal_handlers_disconnect_by_data (self->last, self);
  if (self->conversation)
    g_signal_handlers_disconnect_by_data (self->conversation, self);
  g_clear_object (&self->last);
  g_clear_object (&self->edited);
  g_clear_object (&self->conversation);
  g_clear_pointer (&self->draft, g_free);
  G_OBJECT_CLASS (riposte_context_parent_class)->dispose (object);
}

static void
riposte_context_finalize (GObject *object)
{
  g_object_unref (RIPOSTE_CONTEXT (object)->generator);
  G_OBJECT_CLASS (riposte_context_parent_class)->finalize (object);
}

static void
riposte_context_class_init (RiposteContextClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = riposte_context_dispose;
  G_OBJECT_CLASS (klass)->finalize = riposte_context_finalize;
  changed_signal
    = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

RiposteContext *
riposte_context_new (RiposteGenerator *generator)
{
  RiposteContext *self = g_object_new (RIPOSTE_TYPE_CONTEXT, NULL);

  self->generator = g_object_ref (generator);
  g_signal_connect_object (generator, "changed", G_CALLBACK (riposte_context_queue_update), self, G_CONNECT_SWAPPED);
  return self;
}
