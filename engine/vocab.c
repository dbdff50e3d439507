#include "vocab.h"

#include <string.h>

#define MAX_BYTES (1u << 30)

gboolean
rp_vocab_init (RpVocab *vocab, guint n_tokens)
{
  *vocab = (RpVocab){ .n_tokens = n_tokens, .unknown = -1 };
  vocab->tokens = g_try_new0 (RpVocabToken, n_tokens);
  vocab->bytes = g_byte_array_new ();
  for (guint i = 0; i < 256; i++)
    vocab->byte_tokens[i] = -1;
  return vocab->tokens != NULL;
}

void
rp_vocab_clear (RpVocab *vocab)
{
  g_clear_pointer (&vocab->tokens, g_free);
  g_clear_pointer (&vocab->bytes, g_byte_array_unref);
  g_clear_pointer (&vocab->slots, g_free);
  g_clear_pointer (&vocab->merge_keys, g_free);
  g_clear_pointer (&vocab->merge_values, g_free);
}

gboolean
rp_vocab_set (RpVocab *vocab, RpToken id, const char *text, gsize length, RpTokenType type)
{
  if (length > MAX_BYTES - vocab->bytes->len)
    return FALSE;
  vocab->tokens[id].offset = vocab->bytes->len;
  vocab->tokens[id].length = length;
  vocab->tokens[id].type = type;
  vocab->max_length = MAX (vocab->max_length, length);
  g_byte_array_append (vocab->bytes, (const guint8 *)text, length);
  return TRUE;
}

/* FNV-1a, folded. */
static guint
hash_bytes (const char *text, gsize length)
{
  guint64 hash = 0xcbf29ce484222325u;

  for (gsize i = 0; i < length; i++)
    hash = (hash ^ (guint8)text[i]) * 0x100000001b3u;
  return hash ^ hash >> 32;
}

static guint
table_mask (gsize n)
{
  guint size = 16;

  while (size < 2 * n)
    size *= 2;
  return size - 1;
}

static gboolean
same (const RpVocab *vocab, RpToken id, const char *text, gsize length)
{
  const RpVocabToken *token = &vocab->tokens[id];

  return token->length == length && memcmp (vocab->bytes->data + token->offset, text, length) == 0;
}

RpToken
rp_vocab_index (RpVocab *vocab, guint types)
{
  RpToken duplicate = -1;

  vocab->slot_mask = table_mask (vocab->n_tokens);
  vocab->slots = g_new (RpToken, vocab->slot_mask + 1);
  memset (vocab->slots, 0xff, (vocab->slot_mask + 1) * sizeof *vocab->slots);
  for (guint id = 0; id < vocab->n_tokens; id++)
    {
      const RpVocabToken *token = &vocab->tokens[id];
      const char *text = (const char *)vocab->bytes->data + token->offset;
      guint slot = hash_bytes (text, token->length) & vocab->slot_mask;

      if (token->length == 0 || !(types >> token->type & 1))
        continue;
      while (vocab->slots[slot] >= 0 && !same (vocab, vocab->slots[slot], text, token->length))
        slot = (slot + 1) & vocab->slot_mask;
      if (vocab->slots[slot] < 0)
        vocab->slots[slot] = id;
      else
        duplicate = id;
    }
  return duplicate;
}

RpToken
rp_vocab_find (const RpVocab *vocab, const char *text, gsize length)
{
  guint slot;

  if (length == 0 || length > vocab->max_length)
    return -1;
  slot = hash_bytes (text, length) & vocab->slot_mask;
  while (vocab->slots[slot] >= 0 && !same (vocab, vocab->slots[slot], text, length))
    slot = (slot + 1) & vocab->slot_mask;
  return vocab->slots[slot];
}

static guint
hash_pair (guint64 key)
{
  key *= 0x9e3779b97f4a7c15u;
  return key >> 32;
}

gboolean
rp_vocab_reserve_merges (RpVocab *vocab, gsize n)
{
  vocab->merge_mask = table_mask (n);
  vocab->merge_keys = g_try_new (guint64, vocab->merge_mask + 1);
  vocab->merge_values = g_try_new (guint64, vocab->merge_mask + 1);
  if (!vocab->merge_keys || !vocab->merge_values)
    return FALSE;
  memset (vocab->merge_keys, 0xff, (vocab->merge_mask + 1) * sizeof *vocab->merge_keys);
  return TRUE;
}

void
rp_vocab_add_merge (RpVocab *vocab, RpToken left, RpToken right, guint rank, RpToken merged)
{
  guint64 key = (guint64)(guint32)left << 32 | (guint32)right;
  guint slot = hash_pair (key) & vocab->merge_mask;

  while (vocab->merge_keys[slot] != G_MAXUINT64 && vocab->merge_keys[slot] != key)
    slot = (slot + 1) & vocab->merge_mask;
  if (vocab->merge_keys[slot] == key)
    return; /* the first one counts */
  vocab->merge_keys[slot] = key;
  vocab->merge_values[slot] = (guint64)rank << 32 | (guint32)merged;
}

guint64
rp_vocab_find_merge (const RpVocab *vocab, RpToken left, RpToken right)
{
  guint64 key = (guint64)(guint32)left << 32 | (guint32)right;
  guint slot;

  if (!vocab->merge_keys || left < 0 || right < 0)
    return G_MAXUINT64;
  slot = hash_pair (key) & vocab->merge_mask;
  while (vocab->merge_keys[slot] != key)
    {
      if (vocab->merge_keys[slot] == G_MAXUINT64)
        return G_MAXUINT64;
      slot = (slot + 1) & vocab->merge_mask;
    }
  return vocab->merge_values[slot];
}
