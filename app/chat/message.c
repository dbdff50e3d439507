#include "chat/message.h"

#include "markdown/markdown.h"
#include "plain-text.h"
#include "chat/reasoning.h"

#include <string.h>

struct _RiposteMessage
{
  GObject parent_instance;

  char *id;
  RiposteRole role;
  RiposteMessage *parent; /* not owned */
  guint branch, n_branches;
  GString *text;
  RiposteReasoning *reasoning; /* (nullable) made when it is first asked for */
  gint64 began_at;             /* when its first text came, while it thinks */
  double thinking_seconds;
  RiposteMessageState state;
  RiposteGenerationInfo info;
  char *error, *model;
  gboolean no_room; /* failed for that reason */
  gboolean left_out;
  gint64 created; /* seconds since 1970 */
  gint64 started; /* µs, monotonic */
  double seconds;
};

G_DEFINE_FINAL_TYPE (RiposteMessage, riposte_message, G_TYPE_OBJECT)

enum
{
  PROP_LEFT_OUT = 1,
  N_PROPS
};
static GParamSpec *properties[N_PROPS];

enum
{
  APPENDED,
  CHANGED,
  BRANCHES,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
riposte_message_init (RiposteMessage *self)
{
  self->text = g_string_new (NULL);
  self->n_branches = 1;
}

static void
riposte_message_finalize (GObject *object)
{
  RiposteMessage *self = RIPOSTE_MESSAGE (object);

  g_clear_pointer (&self->reasoning, riposte_reasoning_free);
  g_string_free (self->text, TRUE);
  g_free (self->error);
  g_free (self->model);
  g_free (self->id);
  G_OBJECT_CLASS (riposte_message_parent_class)->finalize (object);
}

static void
riposte_message_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  g_value_set_boolean (value, RIPOSTE_MESSAGE (object)->left_out);
}

static void
riposte_message_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  riposte_message_set_left_out (RIPOSTE_MESSAGE (object), g_value_get_boolean (value));
}

static void
riposte_message_class_init (RiposteMessageClass *klass)
{
  GObjectClass *object = G_OBJECT_CLASS (klass);

  object->finalize = riposte_message_finalize;
  object->get_property = riposte_message_get_property;
  object->set_property = riposte_message_set_property;
  properties[PROP_LEFT_OUT] = g_param_spec_boolean (
    "left-out", NULL, NULL, FALSE, G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object, N_PROPS, properties);
  signals[APPENDED] = g_signal_new ("appended", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                    G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[CHANGED]
    = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[BRANCHES]
    = g_signal_new ("branches", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

RiposteMessage *
riposte_message_new (RiposteRole role, RiposteMessage *parent, const char *text)
{
  RiposteMessage *self = g_object_new (RIPOSTE_TYPE_MESSAGE, NULL);

  self->id = g_uuid_string_random ();
  self->role = role;
  self->parent = parent;
  self->created = g_get_real_time () / G_USEC_PER_SEC;
  self->started = g_get_monotonic_time ();
  self->state = role == RIPOSTE_ROLE_USER ? RIPOSTE_MESSAGE_DONE : RIPOSTE_MESSAGE_WAITING;
  g_string_assign (self->text, text ? text : "");
  return self;
}

/* ---- as it is kept ---- */

static const struct
{
  RiposteMessageState state;
  RiposteRecordState kept;
} states[] = {
  { RIPOSTE_MESSAGE_DONE, RIPOSTE_RECORD_ENDED },
  { RIPOSTE_MESSAGE_STOPPED, RIPOSTE_RECORD_STOPPED },
  { RIPOSTE_MESSAGE_CONTEXT_FULL, RIPOSTE_RECORD_CONTEXT_FULL },
  { RIPOSTE_MESSAGE_FAILED, RIPOSTE_RECORD_FAILED },
  { RIPOSTE_MESSAGE_FAILED, RIPOSTE_RECORD_NO_ROOM },
  { RIPOSTE_MESSAGE_CUT_OFF, RIPOSTE_RECORD_CUT_OFF },
  { RIPOSTE_MESSAGE_ELSEWHERE, RIPOSTE_RECORD_GROWING },
};

static RiposteMessageState
state_of_record (RiposteRecordState kept)
{
  for (gsize i = 0; i < G_N_ELEMENTS (states); i++)
    if (states[i].kept == kept)
      return states[i].state;
  return RIPOSTE_MESSAGE_CUT_OFF;
}

static RiposteRecordState
record_of_state (RiposteMessageState state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (states); i++)
    if (states[i].state == state)
      return states[i].kept;
  return RIPOSTE_RECORD_GROWING;
}

static void
take_figures (RiposteMessage *self, const RiposteRecord *record)
{
  self->state = state_of_record (record->state);
  self->no_room = record->state == RIPOSTE_RECORD_NO_ROOM;
  self->info = (RiposteGenerationInfo){
    .phase = RIPOSTE_PHASE_ENDED,
    .n_read = record->n_read,
    .n_to_read = record->n_read,
    .n_context_used = record->n_context,
    .n_written = record->n_written,
    .tokens_per_second = record->tokens_per_second,
  };
  self->seconds = record->seconds;
  self->thinking_seconds = record->thinking_seconds;
  g_free (self->error);
  self->error = g_strdup (record->error);
  riposte_message_set_model (self, record->model);
  riposte_message_set_left_out (self, record->left_out);
}

RiposteMessage *
riposte_message_new_from_record (const RiposteRecord *record, RiposteMessage *parent)
{
  RiposteMessage *self = g_object_new (RIPOSTE_TYPE_MESSAGE, NULL);

  self->id = g_strdup (record->id);
  self->role = record->role == RIPOSTE_ROLE_USER ? RIPOSTE_ROLE_USER : RIPOSTE_ROLE_ASSISTANT;
  self->parent = parent;
  self->created = record->created;
  g_string_assign (self->text, record->text);
  take_figures (self, record);
  return self;
}

RiposteRecord *
riposte_message_make_record (RiposteMessage *self, const char *conversation)
{
  RiposteRecord *record = g_new0 (RiposteRecord, 1);

  record->id = g_strdup (self->id);
  record->conversation = g_strdup (conversation);
  record->parent = self->parent ? g_strdup (self->parent->id) : NULL;
  record->role = self->role;
  record->state = self->no_room ? RIPOSTE_RECORD_NO_ROOM : record_of_state (self->state);
  record->text = g_strndup (self->text->str, self->text->len);
  record->error = g_strdup (self->error);
  record->model = g_strdup (self->model);
  record->created = self->created;
  record->n_read = self->info.n_read;
  record->n_written = self->info.n_written;
  record->n_context = self->info.n_context_used;
  record->tokens_per_second = self->info.tokens_per_second;
  record->seconds = self->seconds;
  record->thinking_seconds = self->thinking_seconds;
  record->left_out = self->left_out;
  return record;
}

const char *
riposte_message_get_id (RiposteMessage *self)
{
  return self->id;
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
  return self->state <= RIPOSTE_MESSAGE_WRITING || self->state == RIPOSTE_MESSAGE_ELSEWHERE;
}

gboolean
riposte_message_can_continue (RiposteMessage *self)
{
  return self->role == RIPOSTE_ROLE_ASSISTANT && self->text->len
         && (self->state == RIPOSTE_MESSAGE_STOPPED || self->state == RIPOSTE_MESSAGE_CUT_OFF
             || self->state == RIPOSTE_MESSAGE_FAILED || self->state == RIPOSTE_MESSAGE_CONTEXT_FULL);
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

gboolean
riposte_message_lacked_room (RiposteMessage *self)
{
  return self->no_room || self->state == RIPOSTE_MESSAGE_CONTEXT_FULL;
}

gboolean
riposte_message_get_left_out (RiposteMessage *self)
{
  return self->left_out;
}

void
riposte_message_set_left_out (RiposteMessage *self, gboolean left_out)
{
  if (self->left_out == left_out)
    return;
  self->left_out = left_out;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LEFT_OUT]);
}

const char *
riposte_message_get_model (RiposteMessage *self)
{
  return self->model;
}

void
riposte_message_set_model (RiposteMessage *self, const char *model)
{
  g_autofree char *copy = g_strdup (model);

  g_free (self->model);
  self->model = g_steal_pointer (&copy);
}

gint64
riposte_message_get_created (RiposteMessage *self)
{
  return self->created;
}

double
riposte_message_get_seconds (RiposteMessage *self)
{
  return self->seconds;
}

guint
riposte_message_get_branch (RiposteMessage *self, guint *n_branches)
{
  if (n_branches)
    *n_branches = self->n_branches;
  return self->branch;
}

void
riposte_message_set_branch (RiposteMessage *self, guint index, guint n_branches)
{
  if (self->branch == index && self->n_branches == n_branches)
    return;
  self->branch = index;
  self->n_branches = n_branches;
  g_signal_emit (self, signals[BRANCHES], 0);
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
  self->seconds = (double)(g_get_monotonic_time () - self->started) / G_USEC_PER_SEC;
  if (error)
    {
      self->state = RIPOSTE_MESSAGE_FAILED;
      self->error = g_strdup (error->message);
      self->no_room = g_error_matches (error, RP_ERROR, RP_ERROR_CONTEXT_FULL);
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

/* What grows only gets longer. */
void
riposte_message_take_record (RiposteMessage *self, const RiposteRecord *record)
{
  g_return_if_fail (self->state == RIPOSTE_MESSAGE_ELSEWHERE);
  if (strlen (record->text) > self->text->len)
    riposte_message_append (self, record->text + self->text->len);
  take_figures (self, record);
  if (self->state != RIPOSTE_MESSAGE_ELSEWHERE)
    riposte_reasoning_finish (get_reasoning (self));
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
