/* Fill-in-the-middle: the tokens by which a model is asked for what belongs between two texts. */
#pragma once

#include "gguf.h"
#include "tokenizer.h"

G_BEGIN_DECLS

typedef struct
{
  RpToken prefix, suffix, middle; /* middle: -1 where the family has none */
  RpToken repository, file;       /* -1: none */
  gboolean available;
  gboolean suffix_first; /* suffix, prefix, and then the middle */
} RpFim;

/* By the file's keys, else by the texts of the families that are known. What is missing leaves @fim unavailable. */
void rp_fim_read (RpFim *fim, const RpGguf *gguf, const RpTokenizer *tokenizer);
/* @fim is available. Appends to @tokens (element-type RpToken). */
void rp_fim_append (const RpFim *fim, const RpTokenizer *tokenizer, const RpFimText *text, GArray *tokens);

G_END_DECLS
