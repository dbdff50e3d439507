/* Whether a model fits a machine, and about how fast it would answer there. Arithmetic alone: what is measured is passed
 * in. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The device that the model would run on. */
typedef struct
{
  guint64 memory_bytes; /* that it has */
  guint64 memory_free;  /* that would be free for the model; 0: unknown */
  double bandwidth;     /* bytes of weights a second, as rp_engine_measure() finds; 0: unknown */
  gboolean is_gpu;
} RiposteMachine;

typedef struct
{
  guint64 file_bytes;
  guint64 active_bytes;  /* of the weights, what a token reads */
  guint64 context_bytes; /* keys and values of a token */
  guint n_context;       /* that it was trained for */
  gboolean has_experts;
} RiposteNeeds;

typedef enum
{
  RIPOSTE_FIT_UNKNOWN,
  RIPOSTE_FIT_WELL,
  RIPOSTE_FIT_BARELY, /* little would be left to others */
  RIPOSTE_FIT_BUSY,   /* the machine is large enough, and others have its memory now */
  RIPOSTE_FIT_NEVER,
} RiposteFitVerdict;

typedef struct
{
  RiposteFitVerdict verdict;
  guint64 needed;          /* bytes: weights, keys and values, scratch */
  guint n_context;         /* tokens that were reckoned with */
  double slowest, fastest; /* tokens a second; 0: unknown */
} RiposteFit;

/* @n_context: wished for; 0: what the engine takes by itself */
RiposteFit riposte_fit_estimate (const RiposteNeeds *needs, const RiposteMachine *machine, guint n_context);
/* "Fits, about 12–18 tokens a second" */
char *riposte_fit_describe (const RiposteFit *fit);
/* The same in one step, for a device of choice; of a GPU that is too small also what @processor (nullable) would do. */
char *
riposte_fit_describe_on (const RiposteNeeds *needs, const RiposteMachine *device, const RiposteMachine *processor);

G_END_DECLS
