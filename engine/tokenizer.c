#include "tokenizer.h"

#include <string.h>

#include "pretokenizer.h"
#include "printable.h"
#include "vocab.h"

#define MAX_TOKENS (1 << 24)
#define BLANK      "\xe2\x96\x81" /* U+2581, SentencePiece's blank */

typedef enum
{
  MODEL_BPE,
  MODEL_SPM,
} Model;

struct _RpTokenizer
{
  Model model;
  RpVocab vocab;
  RpPretokenizer *pretokenizer; /* of MODEL_BPE */
  GArray *specials[256];        /* RpToken by first byte, the longest first: control and user-defined tokens */
  GHashTable *ends;             /* end-of-generation tokens, as a set */
  RpToken bos, eos;
  gboolean add_bos, add_eos, add_space_prefix;
};

/* ---- reading the file ---- */

static gboolean
damaged (GError **error, const char *what)
{
  g_set_error (error, RP_ERROR, RP_ERROR_FORMAT, "The vocabulary is damaged: %s", what);
  return FALSE;
}

/* Byte-level vocabularies write each byte as a printable character (Radford et al. 2019): itself where it is one, else
 * U+0100 and on, in order. Returns -1 for a character that stands for no byte. */
static int
byte_of_character (gunichar c)
{
  static gint16 table[324];
  static gsize ready;

  if (g_once_init_enter (&ready))
    {
      guint next = 256;

      memset (table, 0xff, sizeof table);
      for (guint byte = 0; byte < 256; byte++)
        if ((byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae)
          table[byte] = byte;
        else
          table[next++] = byte;
      g_once_init_leave (&ready, 1);
    }
  return c < G_N_ELEMENTS (table) ? table[c] : -1;
}

/* The bytes that a byte-level token stands for; FALSE where it is written in other characters, as added tokens are. */
static gboolean
decode_bytes (const char *text, gsize length, GString *out)
{
  g_string_truncate (out, 0);
  for (const char *at = text; at < text + length; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char_validated (at, text + length - at);
      int byte = c >= (gunichar)-2 ? -1 : byte_of_character (c);

      if (byte < 0)
        return FALSE;
      g_string_append_c (out, byte);
    }
  return TRUE;
}

typedef struct
{
  RpTokenizer *self;
  const RpGguf *gguf;
  GString *scratch;
} Reader;

/* "<0x0A>" */
static int
parse_byte_token (const char *text, gsize length)
{
  int high, low;

  if (length != 6 || memcmp (text, "<0x", 3) != 0 || text[5] != '>')
    return -1;
  high = g_ascii_xdigit_value (text[3]);
  low = g_ascii_xdigit_value (text[4]);
  return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static void
read_token (gsize index, const char *text, gsize length, gpointer user_data)
{
  Reader *reader = user_data;
  RpVocab *vocab = &reader->self->vocab;
  gint64 type = RP_TOKEN_NORMAL;
  double score = 0;
  int byte = -1;
  char byte_text;

  rp_gguf_get_array_int (reader->gguf, "tokenizer.ggml.token_type", index, &type);
  rp_gguf_get_array_float (reader->gguf, "tokenizer.ggml.scores", index, &score);
  type = CLAMP (type, RP_TOKEN_NORMAL, RP_TOKEN_BYTE);
  if (reader->self->model == MODEL_BPE && type == RP_TOKEN_NORMAL)
    {
      /* What is not written in byte characters cannot come out of merges; it must not hide what can. */
      if (decode_bytes (text, length, reader->scratch))
        text = reader->scratch->str, length = reader->scratch->len;
      else
        type = RP_TOKEN_UNUSED;
    }
  else if (type == RP_TOKEN_BYTE && (byte = parse_byte_token (text, length)) >= 0)
    {
      byte_text = byte;
      text = &byte_text, length = 1;
    }
  rp_vocab_set (vocab, index, text, length);
  vocab->tokens[index].type = type;
  vocab->tokens[index].score = score;
  if (byte >= 0)
    vocab->byte_tokens[byte] = index;
}

static void
read_merge (gsize index, const char *text, gsize length, gpointer user_data)
{
  Reader *reader = user_data;
  RpVocab *vocab = &reader->self->vocab;
  const char *blank = length > 1 ? memchr (text + 1, ' ', length - 1) : NULL;
  RpToken left, right, merged;
  gsize split;

  if (!blank || !decode_bytes (text, blank - text, reader->scratch))
    return;
  left = rp_vocab_find (vocab, reader->scratch->str, reader->scratch->len);
  {
    g_autofree char *joined
      = g_strdup_printf ("%.*s%.*s", (int)(blank - text), text, (int)(text + length - blank - 1), blank + 1);
    split = reader->scratch->len;
    if (!decode_bytes (joined, strlen (joined), reader->scratch))
      return;
  }
  right = rp_vocab_find (vocab, reader->scratch->str + split, reader->scratch->len - split);
  merged = rp_vocab_find (vocab, reader->scratch->str, reader->scratch->len);
  /* A merge of what is no token could never be used. */
  if (left >= 0 && right >= 0 && merged >= 0)
    rp_vocab_add_merge (vocab, left, right, index, merged);
}

static int
longest_first (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const RpVocab *vocab = user_data;
  guint x = vocab->tokens[*(const RpToken *)a].length, y = vocab->tokens[*(const RpToken *)b].length;

  return (x < y) - (x > y);
}

static void
index_specials (RpTokenizer *self)
{
  for (guint id = 0; id < self->vocab.n_tokens; id++)
    {
      const RpVocabToken *token = &self->vocab.tokens[id];
      guint8 first;

      if ((token->type != RP_TOKEN_CONTROL && token->type != RP_TOKEN_USER_DEFINED && token->type != RP_TOKEN_UNKNOWN)
          || token->length == 0)
        continue;
      first = self->vocab.bytes->data[token->offset];
      if (!self->specials[first])
        self->specials[first] = g_array_new (FALSE, FALSE, sizeof (RpToken));
      g_array_append_val (self->specials[first], id);
    }
  for (guint i = 0; i < 256; i++)
    if (self->specials[i])
      g_array_sort_with_data (self->specials[i], longest_first, &self->vocab);
}

static RpToken
read_id (const RpTokenizer *self, const RpGguf *gguf, const char *key)
{
  guint64 id;

  return rp_gguf_get_uint (gguf, key, &id) && id < self->vocab.n_tokens ? (RpToken)id : -1;
}

/* Files name one end of text; chat models have more of them, under names that became customary. */
static void
read_ends (RpTokenizer *self, const RpGguf *gguf)
{
  static const char *const keys[]
    = { "tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id" };
  static const char *const names[] = {
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<end_of_turn>",
    "<|return|>",
    "<|call|>",
    "<|user|>",
    "<|observation|>",
    "<|end_of_sentence|>",
    "<|EOT|>",
    "<EOT>",
    "_<EOT>",
    "<|END_OF_TURN_TOKEN|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<｜end▁of▁sentence｜>",
    "<|eos|>",
    "</s>",
    "<|im_sep|>",
  };

  self->ends = g_hash_table_new (NULL, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      RpToken id = read_id (self, gguf, keys[i]);
      if (id >= 0)
        g_hash_table_add (self->ends, GINT_TO_POINTER (id));
    }
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      RpToken id = rp_tokenizer_find (self, names[i]);
      if (id >= 0 && self->vocab.tokens[id].type == RP_TOKEN_CONTROL)
        g_hash_table_add (self->ends, GINT_TO_POINTER (id));
    }
}

static gboolean
read_vocabulary (RpTokenizer *self, const RpGguf *gguf, GError **error)
{
  Reader reader = { self, gguf, NULL };
  RpGgufType element;
  gsize n = rp_gguf_get_array_length (gguf, "tokenizer.ggml.tokens", &element);

  if (n == 0 || element != RP_GGUF_STRING)
    return damaged (error, "it has no tokens");
  if (n > MAX_TOKENS)
    return damaged (error, "it has too many tokens");
  rp_vocab_init (&self->vocab, n);
  reader.scratch = g_string_new (NULL);
  rp_gguf_foreach_string (gguf, "tokenizer.ggml.tokens", read_token, &reader);
  rp_vocab_index (&self->vocab);
  if (self->model == MODEL_BPE)
    {
      for (guint byte = 0; byte < 256; byte++)
        self->vocab.byte_tokens[byte] = rp_vocab_find (&self->vocab, (char[]){ byte }, 1);
      n = rp_gguf_get_array_length (gguf, "tokenizer.ggml.merges", NULL);
      rp_vocab_reserve_merges (&self->vocab, MIN (n, MAX_TOKENS));
      if (n <= MAX_TOKENS)
        rp_gguf_foreach_string (gguf, "tokenizer.ggml.merges", read_merge, &reader);
    }
  g_string_free (reader.scratch, TRUE);
  return TRUE;
}

static void
read_options (RpTokenizer *self, const RpGguf *gguf)
{
  self->bos = read_id (self, gguf, "tokenizer.ggml.bos_token_id");
  self->eos = read_id (self, gguf, "tokenizer.ggml.eos_token_id");
  self->vocab.unknown = read_id (self, gguf, "tokenizer.ggml.unknown_token_id");
  self->add_space_prefix = self->add_bos = self->model == MODEL_SPM;
  if (self->pretokenizer && rp_pretokenizer_get_flags (self->pretokenizer) & RP_PRE_ADD_BOS)
    self->add_bos = TRUE;
  rp_gguf_get_bool (gguf, "tokenizer.ggml.add_bos_token", &self->add_bos);
  rp_gguf_get_bool (gguf, "tokenizer.ggml.add_eos_token", &self->add_eos);
  rp_gguf_get_bool (gguf, "tokenizer.ggml.add_space_prefix", &self->add_space_prefix);
}

static gboolean
read_model (RpTokenizer *self, const RpGguf *gguf, GError **error)
{
  const char *model = rp_gguf_get_string (gguf, "tokenizer.ggml.model", NULL);

  if (model && strcmp (model, "gpt2") == 0)
    self->model = MODEL_BPE;
  else if (model && strcmp (model, "llama") == 0)
    self->model = MODEL_SPM;
  else
    {
      g_autofree char *shown = rp_printable (model ? model : "", -1, 64);
      g_set_error (error, RP_ERROR, RP_ERROR_UNSUPPORTED,
                   "The tokenizer “%s” is not supported; Riposte knows gpt2 (byte-level BPE) and llama (SentencePiece)",
                   shown);
      return FALSE;
    }
  if (self->model == MODEL_SPM)
    return TRUE;
  self->pretokenizer = rp_pretokenizer_new (rp_gguf_get_string (gguf, "tokenizer.ggml.pre", NULL), error);
  return self->pretokenizer != NULL;
}

RpTokenizer *
rp_tokenizer_new (const RpGguf *gguf, GError **error)
{
  g_autoptr (RpTokenizer) self = g_new0 (RpTokenizer, 1);

  if (!read_model (self, gguf, error) || !read_vocabulary (self, gguf, error))
    return NULL;
  read_options (self, gguf);
  index_specials (self);
  read_ends (self, gguf);
  return g_steal_pointer (&self);
}

void
rp_tokenizer_free (RpTokenizer *self)
{
  if (!self)
    return;
  rp_vocab_clear (&self->vocab);
  g_clear_pointer (&self->pretokenizer, rp_pretokenizer_free);
  g_clear_pointer (&self->ends, g_hash_table_unref);
  for (guint i = 0; i < 256; i++)
    g_clear_pointer (&self->specials[i], g_array_unref);
  g_free (self);
}

guint
rp_tokenizer_get_n_tokens (const RpTokenizer *self)
{
  return self->vocab.n_tokens;
}

RpToken
rp_tokenizer_get_bos (const RpTokenizer *self)
{
  return self->bos;
}

RpToken
rp_tokenizer_get_eos (const RpTokenizer *self)
{
  return self->eos;
}

gboolean
rp_tokenizer_is_end (const RpTokenizer *self, RpToken token)
{
  return g_hash_table_contains (self->ends, GINT_TO_POINTER (token));
}

RpToken
rp_tokenizer_find (const RpTokenizer *self, const char *piece)
{
  return rp_vocab_find (&self->vocab, piece, strlen (piece));
}

/* ---- encoding ---- */

typedef struct
{
  const RpTokenizer *self;
  GArray *out;
  GArray *ends, *scratch; /* gsize */
} Encoder;

static void
encode_valid (Encoder *encoder, const char *text, gsize length)
{
  const RpTokenizer *self = encoder->self;
  gboolean ignore = (rp_pretokenizer_get_flags (self->pretokenizer) & RP_PRE_IGNORE_MERGES) != 0;
  gsize start = 0;

  rp_pretokenizer_split (self->pretokenizer, text, length, encoder->ends, encoder->scratch);
  for (guint i = 0; i < encoder->ends->len; i++)
    {
      gsize end = g_array_index (encoder->ends, gsize, i);

      rp_bpe_encode (&self->vocab, text + start, end - start, ignore, encoder->out);
      start = end;
    }
}

static gboolean
is_ascii (const char *text, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (text[i] & 0x80)
      return FALSE;
  return TRUE;
}

/* Valid stretches go through the pre-tokenizer; bytes that are no UTF-8 are tokens of their own, so none is lost. */
static void
encode_bpe (Encoder *encoder, const char *text, gsize length)
{
  const RpTokenizer *self = encoder->self;
  gboolean nfc = (rp_pretokenizer_get_flags (self->pretokenizer) & RP_PRE_NFC) != 0;
  const char *end = text + length;

  while (text < end)
    {
      const char *stop;

      /* NUL is a character like any other here, but not to g_utf8_validate(). */
      g_utf8_validate (text, end - text, &stop);
      if (stop > text)
        {
          g_autofree char *normal
            = nfc && !is_ascii (text, stop - text) ? g_utf8_normalize (text, stop - text, G_NORMALIZE_NFC) : NULL;
          if (normal)
            encode_valid (encoder, normal, strlen (normal));
          else
            encode_valid (encoder, text, stop - text);
        }
      text = stop;
      if (text < end)
        rp_bpe_encode (&self->vocab, text++, 1, FALSE, encoder->out);
    }
}

static void
encode_spm (Encoder *encoder, const char *text, gsize length, gboolean prefix)
{
  g_autoptr (GString) blanks = g_string_sized_new (length + length / 2);

  if (prefix)
    g_string_append (blanks, BLANK);
  for (gsize i = 0; i < length; i++)
    if (text[i] == ' ')
      g_string_append (blanks, BLANK);
    else
      g_string_append_c (blanks, text[i]);
  rp_spm_encode (&encoder->self->vocab, blanks->str, blanks->len, encoder->out);
}

/* The longest special token at the start of text; -1: none. User-defined tokens are read in any text. */
static RpToken
find_special (const RpTokenizer *self, const char *text, gsize length, gboolean parse_special)
{
  const GArray *candidates = self->specials[(guint8)*text];

  for (guint i = 0; candidates && i < candidates->len; i++)
    {
      RpToken id = g_array_index (candidates, RpToken, i);
      const RpVocabToken *token = &self->vocab.tokens[id];

      if ((parse_special || token->type == RP_TOKEN_USER_DEFINED) && token->length <= length
          && memcmp (self->vocab.bytes->data + token->offset, text, token->length) == 0)
        return id;
    }
  return -1;
}

static void
encode_plain (Encoder *encoder, const char *text, gsize length, gboolean after_special)
{
  if (length == 0)
    return;
  if (encoder->self->model == MODEL_BPE)
    encode_bpe (encoder, text, length);
  else
    encode_spm (encoder, text, length, encoder->self->add_space_prefix && after_special);
}

void
rp_tokenizer_encode (const RpTokenizer *self,
                     const char *text,
                     gsize length,
                     gboolean add_special,
                     gboolean parse_special,
                     GArray *tokens)
{
  g_autoptr (GArray) ends = g_array_new (FALSE, FALSE, sizeof (gsize));
  g_autoptr (GArray) scratch = g_array_new (FALSE, FALSE, sizeof (gsize));
  Encoder encoder = { self, tokens, ends, scratch };
  gsize start = 0;
  gboolean after_special = TRUE; /* the start of the text counts as one */

  if (add_special && self->add_bos && self->bos >= 0)
    g_array_append_val (tokens, self->bos);
  for (gsize at = 0; at < length;)
    {
      RpToken special = find_special (self, text + at, length - at, parse_special);

      if (special < 0)
        {
          at++;
          continue;
        }
      encode_plain (&encoder, text + start, at - start, after_special);
      g_array_append_val (tokens, special);
      at += self->vocab.tokens[special].length;
      start = at;
      after_special = TRUE;
    }
  encode_plain (&encoder, text + start, length - start, after_special);
  if (add_special && self->add_eos && self->eos >= 0)
    g_array_append_val (tokens, self->eos);
}

/* ---- decoding ---- */

void
rp_tokenizer_decode (const RpTokenizer *self, RpToken id, gboolean special, GString *out)
{
  const RpVocabToken *token;
  const char *text;

  if (id < 0 || (guint)id >= self->vocab.n_tokens)
    return;
  token = &self->vocab.tokens[id];
  text = (const char *)self->vocab.bytes->data + token->offset;
  if ((token->type == RP_TOKEN_CONTROL || token->type == RP_TOKEN_UNKNOWN) && !special)
    return;
  if (self->model == MODEL_BPE || token->type == RP_TOKEN_BYTE)
    {
      g_string_append_len (out, text, token->length);
      return;
    }
  for (gsize i = 0; i < token->length;)
    if (token->length - i >= 3 && memcmp (text + i, BLANK, 3) == 0)
      {
        g_string_append_c (out, ' ');
        i += 3;
      }
    else
      g_string_append_c (out, text[i++]);
}

gsize
rp_utf8_complete (const char *text, gsize length)
{
  gsize back = MIN (length, 3);

  /* Only a lead byte among the last three can want more than is there. */
  for (gsize i = 1; i <= back; i++)
    {
      guint8 c = text[length - i];
      gsize size = c >= 0xf0 && c < 0xf5 ? 4 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xc2 && c < 0xe0 ? 2 : 1;

      if ((c & 0xc0) == 0x80)
        continue;
      return size > i && g_utf8_get_char_validated (text + length - i, i) == (gunichar)-2 ? length - i : length;
    }
  return length;
}
