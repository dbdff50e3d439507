/* What the parts of the tokenizer share: tokens by id, by their bytes, and merges. Private to the tokenizer. */
#pragma once

#include <glib.h>

#include "riposte-engine.h"

G_BEGIN_DECLS

/* The numbers are GGUF's own (tokenizer.ggml.token_type). */
typedef enum
{
  RP_TOKEN_NORMAL = 1,
  RP_TOKEN_UNKNOWN = 2,
  RP_TOKEN_CONTROL = 3,
  RP_TOKEN_USER_DEFINED = 4,
  RP_TOKEN_UNUSED = 5,
  RP_TOKEN_BYTE = 6,
} RpTokenType;

typedef struct
{
  guint32 offset, length; /* of its bytes, as they are in text */
  float score;
  guint8 type;
} RpVocabToken;

typedef struct
{
  RpVocabToken *tokens; /* [n_tokens] */
  guint n_tokens;
  GByteArray *bytes; /* of all tokens */
  guint max_length;

  RpToken *slots; /* open addressing by the bytes of a token; -1: free */
  guint slot_mask;

  guint64 *merge_keys;   /* open addressing by left << 32 | right; G_MAXUINT64: free */
  guint64 *merge_values; /* rank << 32 | merged */
  guint merge_mask;

  RpToken byte_tokens[256]; /* -1: none */
  RpToken unknown;          /* what has no token; -1: it is left out */
} RpVocab;

/* FALSE where there is not so much memory. */
gboolean rp_vocab_init (RpVocab *vocab, guint n_tokens);
void rp_vocab_clear (RpVocab *vocab);
/* Tokens are set in the order of their ids. FALSE where they are too long together. */
gboolean rp_vocab_set (RpVocab *vocab, RpToken id, const char *text, gsize length, RpTokenType type);
/* After the last one: makes the index of the tokens whose types are in @types, a bit each. Returns a token whose bytes
 * another one has as well; -1: there is none. */
RpToken rp_vocab_index (RpVocab *vocab, guint types);
RpToken rp_vocab_find (const RpVocab *vocab, const char *text, gsize length); /* -1: none */
gboolean rp_vocab_reserve_merges (RpVocab *vocab, gsize n);
void rp_vocab_add_merge (RpVocab *vocab, RpToken left, RpToken right, guint rank, RpToken merged);
/* The rank of a merge in the upper and its token in the lower 32 bits; G_MAXUINT64: none. */
guint64 rp_vocab_find_merge (const RpVocab *vocab, RpToken left, RpToken right);

/* What encoding needs besides, kept from one piece to the next. */
typedef struct
{
  GArray *symbols, *heap;
} RpMergeScratch;

void rp_merge_scratch_init (RpMergeScratch *scratch);
void rp_merge_scratch_clear (RpMergeScratch *scratch);

/* Appends the tokens of text to out: byte-pair merges by rank (Sennrich et al. 2016) within one piece, */
void rp_bpe_encode (const RpVocab *vocab,
                    RpMergeScratch *scratch,
                    const char *text,
                    gsize length,
                    gboolean ignore_merges,
                    GArray *out);
/* and SentencePiece's by score (Kudo & Richardson 2018), of text whose blanks are U+2581 already. */
void rp_spm_encode (const RpVocab *vocab, RpMergeScratch *scratch, const char *text, gsize length, GArray *out);

G_END_DECLS
