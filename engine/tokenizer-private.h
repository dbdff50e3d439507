/* What the reader of a vocabulary fills in and the tokenizer uses. */
#pragma once

#include "pretokenizer.h"
#include "specials.h"
#include "tokenizer.h"
#include "vocab.h"

G_BEGIN_DECLS

#define RP_BLANK "\xe2\x96\x81" /* U+2581, SentencePiece's blank */

typedef enum
{
  RP_TOKENIZER_BPE, /* byte-level */
  RP_TOKENIZER_SPM, /* SentencePiece */
} RpTokenizerModel;

struct _RpTokenizer
{
  RpTokenizerModel model;
  RpVocab vocab;
  RpPretokenizer *pretokenizer; /* of BPE */
  RpSpecials *added;            /* user-defined tokens, which are read in any text, */
  RpSpecials *specials;         /* and those with control tokens */
  GHashTable *ends;             /* end-of-generation tokens, as a set */
  RpToken bos, eos;
  gboolean add_bos, add_eos, add_space_prefix;
  gboolean strips_right; /* special tokens take the blanks behind them along */
  gboolean lacks_bytes;  /* bytes that no valid UTF-8 has without ASCII have no token */
};

gboolean rp_tokenizer_read (RpTokenizer *self, const RpGguf *gguf, GError **error);

G_END_DECLS
