/* What answers: a model in this process (RiposteLocalGenerator), or a service elsewhere (RiposteRemoteGenerator). */
#pragma once

#include "generate/generation.h"

G_BEGIN_DECLS

typedef enum
{
  RIPOSTE_GENERATOR_EMPTY, /* there is no model */
  RIPOSTE_GENERATOR_LOADING,
  RIPOSTE_GENERATOR_READY,
  RIPOSTE_GENERATOR_FAILED,
} RiposteGeneratorState;

/**
 * RiposteMeasure:
 * @n_tokens: of the whole prompt, as the model's template renders it
 * @n_context: that the model has room for
 * @n_left_out: the fewest of the oldest turns, a system turn not counted, that have to go so that the rest fits with
 *   room for an answer; G_MAXUINT where not even the last question does
 * @n_kept_tokens: of the prompt without them
 */
typedef struct
{
  guint n_tokens, n_context;
  guint n_left_out, n_kept_tokens;
} RiposteMeasure;

#define RIPOSTE_TYPE_GENERATOR (riposte_generator_get_type ())
G_DECLARE_INTERFACE (RiposteGenerator, riposte_generator, RIPOSTE, GENERATOR, GObject)

/* Main thread. Signal "changed": one of the getters has something new to say. */
struct _RiposteGeneratorInterface
{
  GTypeInterface parent;

  RiposteGeneratorState (*get_state) (RiposteGenerator *self);
  double (*get_progress) (RiposteGenerator *self);     /* of loading, in 0…1 */
  const GError *(*get_error) (RiposteGenerator *self); /* of FAILED */
  const char *(*get_name) (RiposteGenerator *self);    /* of the model, as a person would name it; nullable */
  const char *(*get_place) (RiposteGenerator *self);   /* where it runs; nullable */
  guint (*get_n_context) (RiposteGenerator *self);     /* tokens; 0 where that is unknown */
  gboolean (*is_local) (RiposteGenerator *self);       /* nothing leaves this machine */
  void (*generate) (RiposteGenerator *self, RiposteGeneration *generation);
  /* (nullable) in a thread of its own; returns a RiposteMeasure */
  void (*measure_async) (RiposteGenerator *self, RiposteGeneration *prompt, GTask *task);
  RiposteGenerator *(*choose) (RiposteGenerator *self);        /* optional: @self, or who stands in for it now */
  RiposteGenerator *(*get_elsewhere) (RiposteGenerator *self); /* optional */
};

RiposteGeneratorState riposte_generator_get_state (RiposteGenerator *self);
double riposte_generator_get_progress (RiposteGenerator *self);
const GError *riposte_generator_get_error (RiposteGenerator *self);
const char *riposte_generator_get_name (RiposteGenerator *self);
const char *riposte_generator_get_place (RiposteGenerator *self);
guint riposte_generator_get_n_context (RiposteGenerator *self);
gboolean riposte_generator_is_local (RiposteGenerator *self);
/* Who is to answer the next question: @self, or another one that the user lets stand in where @self cannot. */
RiposteGenerator *riposte_generator_choose (RiposteGenerator *self);
/* The service elsewhere that the user lets answer, and that could now; NULL where there is none. */
RiposteGenerator *riposte_generator_get_elsewhere (RiposteGenerator *self);
/* Starts @generation, or queues it behind those that came before. It always ends, after a failure too. */
void riposte_generator_generate (RiposteGenerator *self, RiposteGeneration *generation);

/**
 * riposte_generator_measure_async:
 * @prompt: whose turns are measured; it is not started
 *
 * Fails with G_IO_ERROR_NOT_SUPPORTED where nobody can tell, as while no model is loaded. Answers are not held up.
 */
void riposte_generator_measure_async (RiposteGenerator *self,
                                      RiposteGeneration *prompt,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
gboolean riposte_generator_measure_finish (RiposteGenerator *self,
                                           GAsyncResult *result,
                                           RiposteMeasure *measure,
                                           GError **error);

/* For implementations. */
void riposte_generator_emit_changed (RiposteGenerator *self);

G_END_DECLS
