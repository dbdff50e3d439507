/* Both kinds of merging: symbols in a linked list, and a heap of the pairs that can be merged, best and leftmost first.
 * n symbols take O(n log n), whatever the text. */
#include "vocab.h"

#include <string.h>

typedef struct
{
  guint32 offset, length; /* of its bytes; length 0: merged away */
  gint32 previous, next;  /* -1: none */
  RpToken token;          /* -1: none */
} Symbol;

/* A symbol and the next one. */
typedef struct
{
  guint64 key;    /* lower is better: order << 32 | the left symbol */
  guint32 length; /* of both when the pair was found: it is stale if they changed */
  RpToken merged;
} Pair;

typedef struct
{
  const RpVocab *vocab;
  const char *text;
  Symbol *symbols;
  GArray *heap; /* Pair */
  gboolean by_score;
} Merger;

void
rp_merge_scratch_init (RpMergeScratch *scratch)
{
  scratch->symbols = g_array_new (FALSE, FALSE, sizeof (Symbol));
  scratch->heap = g_array_new (FALSE, FALSE, sizeof (Pair));
}

void
rp_merge_scratch_clear (RpMergeScratch *scratch)
{
  g_clear_pointer (&scratch->symbols, g_array_unref);
  g_clear_pointer (&scratch->heap, g_array_unref);
}

/* The heap is of four children a node, which lie in one line of the cache. */
static void
push (GArray *heap, Pair pair)
{
  guint at = heap->len;
  Pair *pairs;

  g_array_append_val (heap, pair);
  pairs = (Pair *)heap->data;
  for (; at && pair.key < pairs[(at - 1) / 4].key; at = (at - 1) / 4)
    pairs[at] = pairs[(at - 1) / 4];
  pairs[at] = pair;
}

static Pair
pop (GArray *heap)
{
  Pair *pairs = (Pair *)heap->data;
  Pair top = pairs[0], last = pairs[heap->len - 1];
  guint n = heap->len - 1, at = 0;

  for (;;)
    {
      guint first = 4 * at + 1, best = first;

      for (guint child = first + 1; child < MIN (first + 4, n); child++)
        if (pairs[child].key < pairs[best].key)
          best = child;
      if (best >= n || pairs[best].key >= last.key)
        break;
      pairs[at] = pairs[best];
      at = best;
    }
  if (n)
    pairs[at] = last;
  heap->len = n;
  return top;
}

/* Scores as integers that order the other way round: the highest score first. */
static guint32
order_of_score (float score)
{
  guint32 bits;

  score = -score + 0.0f;
  memcpy (&bits, &score, 4);
  return bits & 0x80000000 ? ~bits : bits | 0x80000000;
}

static void
consider (Merger *merger, gint32 left, gint32 right)
{
  const Symbol *a, *b;
  Pair pair;
  guint32 order;

  if (left < 0 || right < 0)
    return;
  a = &merger->symbols[left];
  b = &merger->symbols[right];
  pair.length = a->length + b->length;
  if (merger->by_score)
    {
      pair.merged = rp_vocab_find (merger->vocab, merger->text + a->offset, pair.length);
      if (pair.merged < 0)
        return;
      order = order_of_score (merger->vocab->tokens[pair.merged].score);
    }
  else
    {
      guint64 merge = rp_vocab_find_merge (merger->vocab, a->token, b->token);
      if (merge == G_MAXUINT64)
        return;
      order = merge >> 32;
      pair.merged = merge & 0xffffffff;
    }
  pair.key = (guint64)order << 32 | (guint32)left;
  push (merger->heap, pair);
}

static void
merge_all (Merger *merger, gint32 n)
{
  Symbol *symbols = merger->symbols;

  for (gint32 i = 0; i + 1 < n; i++)
    consider (merger, i, i + 1);
  while (merger->heap->len)
    {
      Pair pair = pop (merger->heap);
      gint32 index = pair.key & 0xffffffff;
      Symbol *left = &symbols[index], *right;

      /* The two can only have grown, or been merged away. */
      if (left->length == 0 || left->next < 0)
        continue;
      right = &symbols[left->next];
      if (left->length + right->length != pair.length)
        continue;
      left->length = pair.length;
      left->token = pair.merged;
      left->next = right->next;
      right->length = 0;
      if (left->next >= 0)
        symbols[left->next].previous = index;
      consider (merger, left->previous, index);
      consider (merger, index, left->next);
    }
}

static void
append (GArray *out, RpToken token)
{
  if (token >= 0)
    g_array_append_val (out, token);
}

/* A symbol that is no token, as byte tokens. Where one is missing it is the unknown token, once; a vocabulary that has
 * none cannot express it. */
static void
append_bytes (const RpVocab *vocab, const char *text, gsize length, GArray *out)
{
  gboolean whole = TRUE;

  for (gsize i = 0; i < length; i++)
    whole &= vocab->byte_tokens[(guint8)text[i]] >= 0;
  if (!whole && vocab->unknown >= 0)
    {
      append (out, vocab->unknown);
      return;
    }
  for (gsize i = 0; i < length; i++)
    append (out, vocab->byte_tokens[(guint8)text[i]]);
}

static void
append_symbols (const Merger *merger, GArray *out)
{
  for (gint32 i = 0; i >= 0; i = merger->symbols[i].next)
    {
      const Symbol *symbol = &merger->symbols[i];

      if (symbol->token >= 0)
        append (out, symbol->token);
      else
        append_bytes (merger->vocab, merger->text + symbol->offset, symbol->length, out);
    }
}

static void
merger_init (Merger *merger, const RpVocab *vocab, RpMergeScratch *scratch, const char *text, gsize length)
{
  g_array_set_size (scratch->symbols, length);
  g_array_set_size (scratch->heap, 0);
  *merger
    = (Merger){ .vocab = vocab, .text = text, .symbols = (Symbol *)scratch->symbols->data, .heap = scratch->heap };
}

static void
make_symbol (Merger *merger, gint32 i, guint32 offset, guint32 length, RpToken token)
{
  merger->symbols[i] = (Symbol){ offset, length, i - 1, i + 1, token };
}

static void
run (Merger *merger, gint32 n, GArray *out)
{
  merger->symbols[n - 1].next = -1;
  merge_all (merger, n);
  append_symbols (merger, out);
}

void
rp_bpe_encode (const RpVocab *vocab,
               RpMergeScratch *scratch,
               const char *text,
               gsize length,
               gboolean ignore_merges,
               GArray *out)
{
  Merger merger;
  RpToken whole;

  if (length == 0)
    return;
  if ((length == 1 || ignore_merges) && (whole = rp_vocab_find (vocab, text, length)) >= 0)
    {
      append (out, whole);
      return;
    }
  merger_init (&merger, vocab, scratch, text, length);
  for (gsize i = 0; i < length; i++)
    make_symbol (&merger, i, i, 1, vocab->byte_tokens[(guint8)text[i]]);
  run (&merger, length, out);
}

void
rp_spm_encode (const RpVocab *vocab, RpMergeScratch *scratch, const char *text, gsize length, GArray *out)
{
  /* The length of a character by the upper half of its first byte, which is believed: of broken UTF-8, what the first
   * byte promises stays together, as the reference has it. */
  static const guint8 sizes[16] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 4 };
  Merger merger;
  gint32 n = 0;

  if (length == 0)
    return;
  merger_init (&merger, vocab, scratch, text, length);
  merger.by_score = TRUE;
  for (gsize at = 0; at < length; n++)
    {
      gsize size = MIN (sizes[(guint8)text[at] >> 4], length - at);

      make_symbol (&merger, n, at, size, rp_vocab_find (vocab, text + at, size));
      at += size;
    }
  run (&merger, n, out);
}
