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

typedef struct
{
  guint64 order;      /* lower is better */
  gint32 left, right; /* symbols */
  guint32 length;     /* of both when the pair was found: it is stale if they changed */
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

static gboolean
better (const Pair *a, const Pair *b)
{
  return a->order != b->order ? a->order < b->order : a->left < b->left;
}

static void
push (GArray *heap, Pair pair)
{
  guint at = heap->len;
  Pair *pairs;

  g_array_append_val (heap, pair);
  pairs = (Pair *)heap->data;
  for (; at && better (&pair, &pairs[(at - 1) / 2]); at = (at - 1) / 2)
    pairs[at] = pairs[(at - 1) / 2];
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
      guint child = 2 * at + 1;

      if (child + 1 < n && better (&pairs[child + 1], &pairs[child]))
        child++;
      if (child >= n || !better (&pairs[child], &last))
        break;
      pairs[at] = pairs[child];
      at = child;
    }
  if (n)
    pairs[at] = last;
  g_array_set_size (heap, n);
  return top;
}

/* Scores as integers that order the other way round: the highest score first. */
static guint64
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

  if (left < 0 || right < 0)
    return;
  a = &merger->symbols[left];
  b = &merger->symbols[right];
  pair = (Pair){ .left = left, .right = right, .length = a->length + b->length };
  if (merger->by_score)
    {
      pair.merged = rp_vocab_find (merger->vocab, merger->text + a->offset, pair.length);
      if (pair.merged < 0)
        return;
      pair.order = order_of_score (merger->vocab->tokens[pair.merged].score);
    }
  else
    {
      guint64 merge = rp_vocab_find_merge (merger->vocab, a->token, b->token);
      if (merge == G_MAXUINT64)
        return;
      pair.order = merge >> 32;
      pair.merged = merge & 0xffffffff;
    }
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
      Symbol *left = &symbols[pair.left], *right = &symbols[pair.right];

      if (left->length == 0 || right->length == 0 || left->length + right->length != pair.length)
        continue;
      left->length = pair.length;
      left->token = pair.merged;
      left->next = right->next;
      right->length = 0;
      if (left->next >= 0)
        symbols[left->next].previous = pair.left;
      consider (merger, left->previous, pair.left);
      consider (merger, pair.left, left->next);
    }
}

static void
append (GArray *out, RpToken token)
{
  if (token >= 0)
    g_array_append_val (out, token);
}

/* The bytes of a symbol that is no token, as byte tokens; what has none is the unknown token, once. */
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

static Symbol *
make_symbol (Merger *merger, gint32 i, guint32 offset, guint32 length, RpToken token)
{
  merger->symbols[i] = (Symbol){ offset, length, i - 1, i + 1, token };
  return &merger->symbols[i];
}

void
rp_bpe_encode (const RpVocab *vocab, const char *text, gsize length, gboolean ignore_merges, GArray *out)
{
  Symbol small[64];
  Merger merger = { .vocab = vocab, .text = text };
  RpToken whole;

  if (length == 0)
    return;
  if ((length == 1 || ignore_merges) && (whole = rp_vocab_find (vocab, text, length)) >= 0)
    {
      append (out, whole);
      return;
    }
  merger.symbols = length <= G_N_ELEMENTS (small) ? small : g_new (Symbol, length);
  merger.heap = g_array_new (FALSE, FALSE, sizeof (Pair));
  for (gsize i = 0; i < length; i++)
    make_symbol (&merger, i, i, 1, vocab->byte_tokens[(guint8)text[i]]);
  merger.symbols[length - 1].next = -1;
  merge_all (&merger, length);
  append_symbols (&merger, out);
  g_array_unref (merger.heap);
  if (merger.symbols != small)
    g_free (merger.symbols);
}

void
rp_spm_encode (const RpVocab *vocab, const char *text, gsize length, GArray *out)
{
  Merger merger = { .vocab = vocab, .text = text, .by_score = TRUE };
  gint32 n = 0;

  if (length == 0)
    return;
  merger.symbols = g_new (Symbol, length);
  merger.heap = g_array_new (FALSE, FALSE, sizeof (Pair));
  for (gsize at = 0; at < length; n++)
    {
      gunichar c = g_utf8_get_char_validated (text + at, length - at);
      gsize size = c >= (gunichar)-2 ? 1 : (gsize)g_unichar_to_utf8 (c, NULL);

      make_symbol (&merger, n, at, size, rp_vocab_find (vocab, text + at, size));
      at += size;
    }
  merger.symbols[n - 1].next = -1;
  merge_all (&merger, n);
  append_symbols (&merger, out);
  g_array_unref (merger.heap);
  g_free (merger.symbols);
}
