/* The models that tests/golden/architectures.py describes, with the weights drawn anew. */
#pragma once

#include "riposte-engine.h"

G_BEGIN_DECLS

/* As in architectures.py: the logits kept of each position. */
#define GOLDEN_N_KEPT 8

typedef struct
{
  guint n_vocab, n_tokens; /* length of the input */
} GoldenModel;

/* Writes the GGUF file of a description (tests/golden/architectures/NAME.txt); fails the test where it cannot. With
 * @exact, quantized weights are written as the F32 that they stand for. */
GoldenModel golden_model_write (const char *description, const char *path, gboolean exact);

/* The input, the same for all of a vocabulary's size and of a length. */
RpToken *golden_model_tokens (const GoldenModel *model);

G_END_DECLS
