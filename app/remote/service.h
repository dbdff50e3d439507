/* The services that may stand in, as they are set up: a few that are well known, each with an address, a model and
 * limits that can be changed. Keys are no part of it. Main thread. */
#pragma once

#include "remote/question.h"

G_BEGIN_DECLS

typedef struct
{
  char *id;
  const char *name; /* for a person */
  char *address, *model;
  guint max_tokens;   /* of an answer; 0: as many as the service likes */
  guint idle_seconds; /* without a byte */
  RiposteRemoteParameters parameters;
} RiposteService;

void riposte_service_free (RiposteService *service);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RiposteService, riposte_service_free)

/* Its model and its host: "grok-code-fast-1 · api.x.ai". */
char *riposte_service_dup_name (const RiposteService *service);
/* The model as a person may see it: one line, not too long, without what would make it look like another. */
char *riposte_service_dup_model_name (const RiposteService *service);

/* All there are, of RiposteService, in the order they are listed in. */
GPtrArray *riposte_service_list (void);
/* Of these the chosen one and those that were changed, where they have all that is needed to answer. */
GPtrArray *riposte_service_list_usable (void);
/* The one that is chosen. */
RiposteService *riposte_service_load (void);
void riposte_service_choose (const char *id);
void riposte_service_save (const RiposteService *service);

/* When the chosen one may answer without being asked for in a chat. */
typedef enum
{
  RIPOSTE_FALLBACK_NEVER,
  RIPOSTE_FALLBACK_ASK,    /* when no local model can, and the user says so each time */
  RIPOSTE_FALLBACK_ALWAYS, /* when no local model can */
} RiposteFallback;

RiposteFallback riposte_service_get_fallback (void);
void riposte_service_set_fallback (RiposteFallback fallback);

/* What the user has agreed to send without encryption to another machine of the private network. */
typedef enum
{
  RIPOSTE_PLAIN_NOTHING,
  RIPOSTE_PLAIN_CHATS,
  RIPOSTE_PLAIN_ALL, /* the key as well */
} RipostePlain;

/* It is kept for the origin, so that a service which moves is asked about anew. */
RipostePlain riposte_service_get_plain (const char *origin);
void riposte_service_set_plain (const char *origin, RipostePlain plain);

/* Where @text leads, if something may be sent there: an address that is plain is in the private network, and agreed to. */
RiposteRemoteAddress *riposte_service_check_address (const char *text, GError **error);

/* Whether the user has agreed before that something is sent to @origin. */
gboolean riposte_service_is_known (const char *origin);
void riposte_service_set_known (const char *origin);

G_END_DECLS
