/* What is set of an answer's making: instructions, sampling, a model. A preset has such a layer, and a chat one of its own
 * above it; what a layer does not set shows through from below. */
#pragma once

#include <json-glib/json-glib.h>

#include "riposte-engine.h"

G_BEGIN_DECLS

typedef enum
{
  RIPOSTE_SAMPLING_TEMPERATURE,
  RIPOSTE_SAMPLING_TOP_P,
  RIPOSTE_SAMPLING_TOP_K,
  RIPOSTE_SAMPLING_MIN_P,
  RIPOSTE_SAMPLING_REPEAT_PENALTY,
  RIPOSTE_N_SAMPLING
} RiposteSampling;

typedef struct
{
  const char *key;   /* in JSON */
  const char *title; /* to be translated */
  const char *subtitle;
  double least, most, step, start;
  guint digits;
} RiposteSamplingField;

extern const RiposteSamplingField riposte_sampling_fields[RIPOSTE_N_SAMPLING];

typedef struct
{
  char *instructions; /* the system prompt; NULL: not set */
  char *model;        /* path; NULL: not set */
  gboolean has[RIPOSTE_N_SAMPLING];
  double value[RIPOSTE_N_SAMPLING];
} RiposteLayer;

RiposteLayer *riposte_layer_new (void);
RiposteLayer *riposte_layer_copy (const RiposteLayer *layer);
void riposte_layer_free (RiposteLayer *layer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RiposteLayer, riposte_layer_free)

/* What is out of its range counts as not set. */
RiposteLayer *riposte_layer_from_json (JsonObject *object);
void riposte_layer_to_json (const RiposteLayer *layer, JsonObject *object);
/* Over what is there. The strings are the layer's. */
void riposte_layer_apply (const RiposteLayer *layer,
                          RpSamplerOptions *sampler,
                          const char **instructions,
                          const char **model);

G_END_DECLS
