/* What went wrong with a generator, in words, and what may be done about it. */
#pragma once

#include "generate/generator.h"

G_BEGIN_DECLS

typedef struct
{
  const char *title;  /* "This File Is No Model" */
  const char *advice; /* (nullable) a sentence: what to do */
  gboolean offer_retry;
  gboolean offer_cpu; /* it may well work on the processor */
} RiposteProblem;

RiposteProblem riposte_problem_describe (const GError *error);

G_END_DECLS
