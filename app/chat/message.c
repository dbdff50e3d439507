#include "chat/message.h"

#include "chat/markdown.h"
#include "chat/plain-text.h"
#include "chat/reasoning.h"

#include <string.h>

struct _RiposteMessage
{
  GObject parent_instance;

  RiposteRole role;
  RiposteMessage *parent; /* not owned */
  GString *text;
  RiposteReasoning *reasoning; /* (nullable) made when it is first asked for */
  gint64 began_at;             /* when its first text came, while it thinks */
  double thinking_seconds;
  RiposteMessageState state;
  RiposteGenerationInfo info;
  char *error;
};

G_DEFINE_FINAL_TYPE (RiposteMessage, riposte_message, G_TYPE_OBJECT)

enum
{
  APPENDED,
  CHANGED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
riposte_message_init (RiposteMessage *self)
{
  self->text = g_string_new (NULL);
}

static void
riposte_message_finalize (GObject *object)
{
  RiposteMessage *self = RIPOSTE_MESSAGE (object);

  g_clear_pointer (&self->reasoning, riposte_reasoning_free);
  g_string_free (self->text, TRUE);
  g_free (self->error);
  G_OBJECT_CLASS (riposte_message_parent_class)->finalize (object);
}

static void
riposte_message_class_init (RiposteMessageClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = riposte_message_finalize;
  signals[APPENDED] = g_signal_new ("appended", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                    G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[CHANGED]
    = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

RiposteMessage *
riposte_message_new (RiposteRole role, RiposteMessage *parent, const char *text)
{
  RiposteMessage *self = g_object_new (RIPOSTE_TYPE_MESSAGE, NULL);

  self->role = role;
  self->parent = parent;
  self->state = role == RIPOSTE_ROLE_USER ? RIPOSTE_MESSAGE_DONE : RIPOSTE_MESSAGE_WAITING;
  g_string_assign (self->text, text ? text : "");
  return self;
}

RiposteRole
riposte_message_get_role (RiposteMessage *self)
{
  return self->role;
}

RiposteMessage *
riposte_message_get_parent (RiposteMessage *self)
{
  return self->parent;
}

const char *
riposte_message_get_text (RiposteMessage *self)
{
  return self->text->str;
}

RiposteMessageState
riposte_message_get_state (RiposteMessage *self)
{
  return self->state;
}

gboolean
riposte_message_is_busy (RiposteMessage *self)
{
  return self->state <= RIPOSTE_MESSAGE_WRITING;
}

const char *
riposte_message_get_error (RiposteMessage *self)
{
  return self->error;
}

const RiposteGenerationInfo *
riposte_message_get_info (RiposteMessage *self)
{
  return &self->info;
}

/* ---- what it thinks and says ---- */

static RiposteReasoning *
get_reasoning (RiposteMessage *self)
{
  if (!self->reasoning)
    {
      self->reasoning = riposte_reasoning_new ();
      if (self->role == RIPOSTE_ROLE_ASSISTANT)
        riposte_reasoning_append (self->reasoning, self->text->str);
      if (!riposte_message_is_busy (self))
        riposte_reasoning_finish (self->reasoning);
    }
  return self->reasoning;
}

const char *
riposte_message_get_said (RiposteMessage *self)
{
  return self->role == RIPOSTE_ROLE_USER ? self->text->str : riposte_reasoning_get_said (get_reasoning (self));
}

const char *
riposte_message_get_thought (RiposteMessage *self)
{
  return riposte_reasoning_get_thought (get_reasoning (self));
}

gboolean
riposte_message_is_thinking (RiposteMessage *self)
{
  return riposte_message_is_busy (self) && riposte_reasoning_is_thinking (get_reasoning (self));
}

double
riposte_message_get_thinking_seconds (RiposteMessage *self)
{
  if (self->began_at)
    return (g_get_monotonic_time () - self->began_at) / 1e6;
  return self->thinking_seconds;
}

void
riposte_message_set_thinking_seconds (RiposteMessage *self, double seconds)
{
  self->thinking_seconds = seconds;
}

guint
riposte_message_get_serial (RiposteMessage *self)
{
  return riposte_reasoning_get_serial (get_reasoning (self));
}

/* The clock runs from the first text, which may turn out to be thought, to the last that is. */
static void
measure_thinking (RiposteMessage *self)
{
  RiposteReasoning *reasoning = get_reasoning (self);
  gboolean begun = *riposte_reasoning_get_thought (reasoning) != '\0';

  if (begun && !riposte_message_is_thinking (self) && self->began_at)
    {
      self->thinking_seconds = (g_get_monotonic_time () - self->began_at) / 1e6;
      self->began_at = 0;
    }
}

void
riposte_message_append (RiposteMessage *self, const char *text)
{
  RiposteReasoning *reasoning = get_reasoning (self);

  if (!self->text->len)
    self->began_at = g_get_monotonic_time ();
  g_string_append (self->text, text);
  riposte_reasoning_append (reasoning, text);
  measure_thinking (self);
  g_signal_emit (self, signals[APPENDED], 0, text);
}

void
riposte_message_set_info (RiposteMessage *self, const RiposteGenerationInfo *info)
{
  self->info = *info;
  if (info->phase == RIPOSTE_PHASE_READING)
    self->state = RIPOSTE_MESSAGE_READING;
  else if (info->phase == RIPOSTE_PHASE_WRITING)
    self->state = RIPOSTE_MESSAGE_WRITING;
  g_signal_emit (self, signals[CHANGED], 0);
}

void
riposte_message_end (RiposteMessage *self, const RiposteGenerationInfo *info, const GError *error)
{
  self->info = *info;
  if (error)
    {
      self->state = RIPOSTE_MESSAGE_FAILED;
      self->error = g_strdup (error->message);
    }
  else if (info->stop == RP_STOP_CANCELLED)
    self->state = RIPOSTE_MESSAGE_STOPPED;
  else if (info->stop == RP_STOP_CONTEXT)
    self->state = RIPOSTE_MESSAGE_CONTEXT_FULL;
  else
    self->state = RIPOSTE_MESSAGE_DONE;
  riposte_reasoning_finish (get_reasoning (self));
  measure_thinking (self);
  self->began_at = 0;
  g_signal_emit (self, signals[CHANGED], 0);
}

static const RiposteBlock *
find_last_code (GPtrArray *blocks)
{
  for (guint i = blocks ? blocks->len : 0; i-- > 0;)
    {
      const RiposteBlock *block = blocks->pdata[i];
      const RiposteBlock *found = block->kind == RIPOSTE_BLOCK_CODE ? block : find_last_code (block->children);

      if (found)
        return found;
    }
  return NULL;
}

char *
riposte_message_dup_last_code (RiposteMessage *self, char **language)
{
  g_autofree char *plain = riposte_plain_text (riposte_message_get_said (self), -1);
  g_autoptr (GPtrArray) blocks = riposte_markdown_parse (plain, strlen (plain), NULL);
  const RiposteBlock *code = find_last_code (blocks);

  if (!code)
    return NULL;
  if (language)
    *language = g_strdup (code->info);
  return g_strdup (code->code);
}
