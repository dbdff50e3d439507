/* A question or an answer: a node of a conversation's tree. */
#pragma once

#include <gio/gio.h>

#include "generate/generation.h"
#include "store/database.h"

G_BEGIN_DECLS

typedef enum
{
  RIPOSTE_ROLE_USER,
  RIPOSTE_ROLE_ASSISTANT,
} RiposteRole;

/* How an answer stands, or ended. */
typedef enum
{
  RIPOSTE_MESSAGE_WAITING,
  RIPOSTE_MESSAGE_READING, /* the model reads the question */
  RIPOSTE_MESSAGE_WRITING,
  RIPOSTE_MESSAGE_DONE,
  RIPOSTE_MESSAGE_STOPPED,      /* by who asked */
  RIPOSTE_MESSAGE_CONTEXT_FULL, /* cut off, there being no more room */
  RIPOSTE_MESSAGE_FAILED,
  RIPOSTE_MESSAGE_CUT_OFF,   /* by the end of the program */
  RIPOSTE_MESSAGE_ELSEWHERE, /* another window writes it */
} RiposteMessageState;

#define RIPOSTE_TYPE_MESSAGE (riposte_message_get_type ())
G_DECLARE_FINAL_TYPE (RiposteMessage, riposte_message, RIPOSTE, MESSAGE, GObject)

/* Property "left-out" (boolean): the model is not given it any more, for want of room; whoever reads it sees that.
 * Signals: "appended" (const char *): the text grew by this. "changed": the state or the figures are new. "branches":
 * of the messages that follow the same one, this is another, or there are more or fewer. */

/* @parent (nullable) is the message that this one follows; it outlives it in the conversation. */
RiposteMessage *riposte_message_new (RiposteRole role, RiposteMessage *parent, const char *text);
RiposteMessage *riposte_message_new_from_record (const RiposteRecord *record, RiposteMessage *parent);
RiposteRecord *riposte_message_make_record (RiposteMessage *self, const char *conversation);
/* What another window wrote since. */
void riposte_message_take_record (RiposteMessage *self, const RiposteRecord *record);

const char *riposte_message_get_id (RiposteMessage *self);
RiposteRole riposte_message_get_role (RiposteMessage *self);
RiposteMessage *riposte_message_get_parent (RiposteMessage *self);
const char *riposte_message_get_text (RiposteMessage *self);
/* The text without marks of thinking, and what of it the model only thought; "" where there is none. */
const char *riposte_message_get_said (RiposteMessage *self);
const char *riposte_message_get_thought (RiposteMessage *self);
gboolean riposte_message_is_thinking (RiposteMessage *self);
/* How long it thought, or has so far; 0 where that is not known. */
double riposte_message_get_thinking_seconds (RiposteMessage *self);
void riposte_message_set_thinking_seconds (RiposteMessage *self, double seconds);
/* Changes where said and thought did not only grow. */
guint riposte_message_get_serial (RiposteMessage *self);
RiposteMessageState riposte_message_get_state (RiposteMessage *self);
gboolean riposte_message_is_busy (RiposteMessage *self);
/* An answer that did not come to its end. */
gboolean riposte_message_can_continue (RiposteMessage *self);
/* Of FAILED: a sentence for who asked. */
const char *riposte_message_get_error (RiposteMessage *self);
const RiposteGenerationInfo *riposte_message_get_info (RiposteMessage *self);
/* Whether there was no room in the context: for its question, or for all of it. */
gboolean riposte_message_lacked_room (RiposteMessage *self);
gboolean riposte_message_get_left_out (RiposteMessage *self);
void riposte_message_set_left_out (RiposteMessage *self, gboolean left_out);
/* The name of the model that answered; nullable. */
const char *riposte_message_get_model (RiposteMessage *self);
void riposte_message_set_model (RiposteMessage *self, const char *model);
/* Seconds since 1970. */
gint64 riposte_message_get_created (RiposteMessage *self);
/* From the question to the end of the answer. */
double riposte_message_get_seconds (RiposteMessage *self);
/* @index, from 0, of the @n_branches that begin where this one does. */
guint riposte_message_get_branch (RiposteMessage *self, guint *n_branches);
void riposte_message_set_branch (RiposteMessage *self, guint index, guint n_branches);

void riposte_message_append (RiposteMessage *self, const char *text);
void riposte_message_set_info (RiposteMessage *self, const RiposteGenerationInfo *info);
/* @error (nullable) says why it failed. */
void riposte_message_end (RiposteMessage *self, const RiposteGenerationInfo *info, const GError *error);

/* The last fenced block of code in @text, as it would be shown; NULL where there is none. */
char *riposte_message_dup_last_code (RiposteMessage *self, char **language);

G_END_DECLS
