/* One answer in the making, seen from both sides: the window listens to its signals, the generator's thread posts
 * into it. */
#pragma once

#include <gio/gio.h>

#include "riposte-engine.h"

G_BEGIN_DECLS

typedef enum
{
  RIPOSTE_PHASE_WAITING, /* for another answer, or for the model */
  RIPOSTE_PHASE_READING, /* the prompt */
  RIPOSTE_PHASE_WRITING,
  RIPOSTE_PHASE_ENDED,
} RipostePhase;

/* What is known so far; final once the phase is ENDED. */
typedef struct
{
  RipostePhase phase;
  guint n_read, n_to_read; /* tokens of the prompt; what was reused counts as read */
  guint n_context_used;    /* tokens of the timeline */
  guint n_written;         /* tokens of the answer */
  double tokens_per_second;
  RpStopReason stop; /* where there is no error */
  gboolean plain;    /* asked in plain text: the model has no chat template that can be used */
} RiposteGenerationInfo;

#define RIPOSTE_TYPE_GENERATION (riposte_generation_get_type ())
G_DECLARE_FINAL_TYPE (RiposteGeneration, riposte_generation, RIPOSTE, GENERATION, GObject)

RiposteGeneration *riposte_generation_new (void);

/* ---- before it starts ---- */

/* The conversation so far, oldest first, behind a "system" turn where there is one; its last turn is the question. */
void riposte_generation_add_turn (RiposteGeneration *self, const char *role, const char *text);
/* The @n oldest, a system turn not counted. */
void riposte_generation_drop_turns (RiposteGeneration *self, guint n);
void riposte_generation_set_sampler (RiposteGeneration *self, const RpSamplerOptions *sampler);
/* What the answer goes on from: it was written before, with its marks of thinking. */
void riposte_generation_set_begun (RiposteGeneration *self, const char *begun);
/* Instead of turns: what belongs between two texts. @file_name is nullable. */
void
riposte_generation_set_gap (RiposteGeneration *self, const char *prefix, const char *suffix, const char *file_name);

/* ---- in the main thread ----
 * Signals: "text" (const char *): what was added. "changed": the info is new. "ended": once, the last. */

void riposte_generation_cancel (RiposteGeneration *self);
const RiposteGenerationInfo *riposte_generation_get_info (RiposteGeneration *self);
const GError *riposte_generation_get_error (RiposteGeneration *self);

/* ---- in the generator's thread ---- */

const RpCancel *riposte_generation_get_cancel_flag (RiposteGeneration *self);
/* The same for what waits for something else than the engine. */
GCancellable *riposte_generation_get_cancellable (RiposteGeneration *self);
const RpSamplerOptions *riposte_generation_get_sampler (RiposteGeneration *self);
guint riposte_generation_get_n_turns (RiposteGeneration *self);
const char *riposte_generation_get_begun (RiposteGeneration *self);               /* nullable */
RpChatMessage riposte_generation_get_turn (RiposteGeneration *self, guint index); /* owned by @self */
const RpFimText *riposte_generation_get_gap (RiposteGeneration *self);            /* nullable; owned by @self */
void riposte_generation_post_text (RiposteGeneration *self, const char *text, gsize length);
void riposte_generation_post_info (RiposteGeneration *self, const RiposteGenerationInfo *info);
/* @info with the phase ENDED; takes @error, which is NULL where all went well. */
void riposte_generation_post_end (RiposteGeneration *self, const RiposteGenerationInfo *info, GError *error);

G_END_DECLS
