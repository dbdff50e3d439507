/* What a service is asked: a conversation, how it is to be answered, and by which model. */
#pragma once

#include "remote/address.h"
#include "remote/key.h"

G_BEGIN_DECLS

/* What of a question a service may not know; those it refuses by name are left out at a second try. */
typedef enum
{
  RIPOSTE_REMOTE_TEMPERATURE = 1 << 0,
  RIPOSTE_REMOTE_TOP_P = 1 << 1,
  RIPOSTE_REMOTE_SEED = 1 << 2,
  RIPOSTE_REMOTE_MAX_TOKENS = 1 << 3,
  RIPOSTE_REMOTE_MAX_COMPLETION_TOKENS = 1 << 4, /* the newer name, which some ask for in place of the other */
  RIPOSTE_REMOTE_USAGE = 1 << 5,                 /* how many tokens it took, at the end of the stream */
} RiposteRemoteParameters;

typedef struct
{
  const char *role; /* "system", "user", "assistant" */
  char *text;
} RiposteRemoteTurn;

typedef struct
{
  RiposteRemoteAddress *address;
  RiposteRemoteKey *key; /* nullable */
  gboolean plain_key;    /* it goes where the address is plain, too */
  char *model;
  GArray *turns; /* of RiposteRemoteTurn */
  RiposteRemoteParameters parameters;
  double temperature, top_p;
  guint32 seed;
  guint max_tokens;
  guint connect_seconds, idle_seconds; /* until the question is sent; without a byte then; 0: as usual */
} RiposteRemoteQuestion;

RiposteRemoteQuestion *riposte_remote_question_new (void);
void riposte_remote_question_free (RiposteRemoteQuestion *question);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RiposteRemoteQuestion, riposte_remote_question_free)

/* @role is one of the above, and static. Invalid UTF-8 becomes U+FFFD. */
void riposte_remote_question_add_turn (RiposteRemoteQuestion *question, const char *role, const char *text);
/* The body of the request: JSON. */
GBytes *riposte_remote_question_to_json (const RiposteRemoteQuestion *question);
/* The parameter that @name (nullable) means in a refusal; 0 where it is none that can be left out. */
RiposteRemoteParameters riposte_remote_parameter_of_name (const char *name);

G_END_DECLS
