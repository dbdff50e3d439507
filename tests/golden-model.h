/* The models that tests/golden/architectures.py describes, with the weights drawn anew. */
#pragma once

#include "riposte-engine.h"

G_BEGIN_DECLS

/* As in architectures.py: the length of the input, and the logits kept of each position. */
#define GOLDEN_N_TOKENS 200
#define GOLDEN_N_KEPT   8

/* Writes the GGUF file of a description (tests/golden/architectures/NAME.txt) and returns the size of its vocabulary;
 * fails the test where it cannot. */
guint golden_model_write (const char *description, const char *path);

/* The input, the same for all of a vocabulary's size. */
void golden_model_tokens (guint n_vocab, RpToken tokens[GOLDEN_N_TOKENS]);

G_END_DECLS
