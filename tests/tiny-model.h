/* Writes tiny random models in F32, for tests of the engine as a whole. */
#pragma once

#include "gguf-writer.h"

G_BEGIN_DECLS

typedef struct
{
  const char *arch;
  guint n_layers, n_embd, n_heads, n_kv_heads, head_dim, n_ff, n_vocab, n_context;
  guint n_expert, n_used;    /* 0: dense */
  gboolean upcycled;         /* every expert is the same: the feed-forward of the dense model of this seed */
  gboolean biases;           /* of q, k and v */
  gboolean vocabulary;       /* of bytes and a few words, and a chat template; n_vocab is TINY_VOCABULARY */
  const char *chat_template; /* in place of that one */
  const char *end;           /* in place of <|end|> */
  guint32 seed;
} TinyModel;

#define TINY_MODEL                                                                                                     \
  .n_layers = 2, .n_embd = 64, .n_heads = 4, .n_kv_heads = 2, .head_dim = 16, .n_ff = 96, .n_vocab = 131,              \
  .n_context = 256

#define TINY_VOCABULARY 262

/* A new temporary file; unlink it and free its name. */
char *tiny_model_write (const TinyModel *model);

G_END_DECLS
