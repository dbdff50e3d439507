#include "chat/message.h"

#include "chat/markdown.h"
#include "chat/plain-text.h"

#include <string.h>

struct _RiposteMessage
{
  GObject parent_instance;

  RiposteRole role;
  RiposteMessage *parent; /* not owned */
  GString *text;
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

void
riposte_message_append (RiposteMessage *self, const char *text)
{
  g_string_append (self->text, text);
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
  g_autofree char *plain = riposte_plain_text (self->text->str, self->text->len);
  g_autoptr (GPtrArray) blocks = riposte_markdown_parse (plain, strlen (plain), NULL);
  const RiposteBlock *code = find_last_code (blocks);

  if (!code)
    return NULL;
  if (language)
    *language = g_strdup (code->info);
  return g_strdup (code->code);
}
