/* A service elsewhere that answers in place of a model on this machine, where the user lets it. It stays the same, as what
 * it answers is said to be from it. Ready while the setting is not "never", it has an address and a model, and the network
 * is not turned off. */
#pragma once

#include "generate/generator.h"
#include "remote/service.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_REMOTE_GENERATOR (riposte_remote_generator_get_type ())
G_DECLARE_FINAL_TYPE (RiposteRemoteGenerator, riposte_remote_generator, RIPOSTE, REMOTE_GENERATOR, GObject)

/* What is about to leave this machine. */
typedef struct
{
  const char *host, *model;
  guint n_messages;
  gsize n_bytes;      /* of the request's body */
  gboolean first;     /* that goes there */
  gboolean plain;     /* without encryption, and not to this machine */
  gboolean plain_key; /* and so does the key, where there is one */
} RiposteDeparture;

typedef void (*RiposteConsentAnswer) (gboolean agreed, gpointer data);
/* Shows @departure, which is good for this call, and calls @answer once; @cancellable is cancelled when nobody waits for
 * it any more. */
typedef void (*RiposteConsentFunc) (const RiposteDeparture *departure,
                                    GCancellable *cancellable,
                                    RiposteConsentAnswer answer,
                                    gpointer data,
                                    gpointer user_data);

/* Takes @service. Without a function that asks, nothing is sent that would have to be asked for. */
RiposteRemoteGenerator *riposte_remote_generator_new (RiposteService *service);
/* Of the service. */
const char *riposte_remote_generator_get_id (RiposteRemoteGenerator *self);
void
riposte_remote_generator_set_consent_func (RiposteRemoteGenerator *self, RiposteConsentFunc func, gpointer user_data);

G_END_DECLS
