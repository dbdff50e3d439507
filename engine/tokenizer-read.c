/* Reads tokenizer.ggml.* of a file, which may say anything. */
#include "tokenizer-private.h"

#include <string.h>

#include "printable.h"

#define MAX_TOKENS (1 << 24)

static gboolean damaged (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
damaged (GError **error, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
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
  GString *scratch, *joined;
  GError *error; /* the first; nothing is read after it */
} Reader;

/* ---- tokens ---- */

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

  if (reader->error)
    return;
  rp_gguf_get_array_int (reader->gguf, "tokenizer.ggml.token_type", index, &type);
  rp_gguf_get_array_float (reader->gguf, "tokenizer.ggml.scores", index, &score);
  if (type < 0 || type > RP_TOKEN_BYTE)
    {
      damaged (&reader->error, "token %" G_GSIZE_FORMAT " is of type %" G_GINT64_FORMAT, index, type);
      return;
    }
  type = MAX (type, RP_TOKEN_NORMAL);
  if (reader->self->model == RP_TOKENIZER_BPE && type == RP_TOKEN_NORMAL)
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
      vocab->byte_tokens[byte] = index;
    }
  if (!rp_vocab_set (vocab, index, text, length, type))
    damaged (&reader->error, "its tokens are too long");
  vocab->tokens[index].score = score;
}

/* An array that goes with the tokens has an element for each, or is not there. */
static gboolean
check_array (const RpGguf *gguf, const char *key, gboolean integers, gsize n, GError **error)
{
  RpGgufType element;
  gsize length = rp_gguf_get_array_length (gguf, key, &element);

  if (!rp_gguf_has (gguf, key))
    return TRUE;
  if (length < n)
    return damaged (error, "%s has %" G_GSIZE_FORMAT " elements for %" G_GSIZE_FORMAT " tokens", key, length, n);
  if (element == RP_GGUF_STRING || element == RP_GGUF_ARRAY
      || (integers && (element == RP_GGUF_F32 || element == RP_GGUF_F64)))
    return damaged (error, "%s is of the wrong type", key);
  return TRUE;
}

static gboolean
read_tokens (Reader *reader, GError **error)
{
  RpVocab *vocab = &reader->self->vocab;
  RpGgufType element;
  gsize n = rp_gguf_get_array_length (reader->gguf, "tokenizer.ggml.tokens", &element);

  if (n == 0 || element != RP_GGUF_STRING)
    return damaged (error, "it has no tokens");
  if (n > MAX_TOKENS || !rp_vocab_init (vocab, n))
    return damaged (error, "it has too many tokens");
  if (!check_array (reader->gguf, "tokenizer.ggml.token_type", TRUE, n, error)
      || !check_array (reader->gguf, "tokenizer.ggml.scores", FALSE, n, error))
    return FALSE;
  rp_gguf_foreach_string (reader->gguf, "tokenizer.ggml.tokens", read_token, reader);
  if (!reader->error)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&reader->error));
  return FALSE;
}

/* ---- indices ---- */

static gboolean
add_special (RpSpecials *specials, const RpVocab *vocab, RpToken id, GError **error)
{
  const RpVocabToken *token = &vocab->tokens[id];

  return rp_specials_add (specials, (const char *)vocab->bytes->data + token->offset, token->length, id)
         || damaged (error, "token %d, a special one, is too long, or another is the same", id);
}

static gboolean
index_specials (RpTokenizer *self, GError **error)
{
  self->added = rp_specials_new ();
  self->specials = rp_specials_new ();
  for (guint id = 0; id < self->vocab.n_tokens; id++)
    {
      const RpVocabToken *token = &self->vocab.tokens[id];
      gboolean added = token->type == RP_TOKEN_USER_DEFINED;

      if ((!added && token->type != RP_TOKEN_CONTROL && token->type != RP_TOKEN_UNKNOWN) || token->length == 0)
        continue;
      if (!add_special (self->specials, &self->vocab, id, error)
          || (added && !add_special (self->added, &self->vocab, id, error)))
        return FALSE;
    }
  return TRUE;
}

/* What merges may make: never a control token, whatever the text says. */
static gboolean
index_tokens (RpTokenizer *self, GError **error)
{
  guint types = 1 << RP_TOKEN_NORMAL;
  RpToken duplicate;

  if (self->model == RP_TOKENIZER_SPM)
    types |= 1 << RP_TOKEN_USER_DEFINED | 1 << RP_TOKEN_UNUSED;
  duplicate = rp_vocab_index (&self->vocab, types);
  if (duplicate >= 0)
    return damaged (error, "token %d is there twice", duplicate);
  if (self->model == RP_TOKENIZER_BPE)
    for (guint byte = 0; byte < 256; byte++)
      {
        self->vocab.byte_tokens[byte] = rp_vocab_find (&self->vocab, (char[]){ byte }, 1);
        self->lacks_bytes |= byte >= 0x80 && self->vocab.byte_tokens[byte] < 0;
      }
  return TRUE;
}

/* ---- merges ---- */

/* A token that is written out as it is in text may stand for what merges make: in the model's own file it is both. */
static RpToken
find_merged (const RpTokenizer *self, const GString *text)
{
  RpToken token = rp_vocab_find (&self->vocab, text->str, text->len);

  return token >= 0 ? token : rp_specials_find (self->added, text->str, text->len);
}

static void
read_merge (gsize index, const char *text, gsize length, gpointer user_data)
{
  Reader *reader = user_data;
  const char *blank = length > 1 ? memchr (text + 1, ' ', length - 1) : NULL;
  RpToken left, right, merged;

  if (reader->error)
    return;
  if (!blank || blank + 1 == text + length)
    {
      damaged (&reader->error, "merge %" G_GSIZE_FORMAT " is not of two tokens", index);
      return;
    }
  /* One of what is no token could never be used. */
  if (!decode_bytes (text, blank - text, reader->joined)
      || !decode_bytes (blank + 1, text + length - blank - 1, reader->scratch))
    return;
  left = find_merged (reader->self, reader->joined);
  right = find_merged (reader->self, reader->scratch);
  g_string_append_len (reader->joined, reader->scratch->str, reader->scratch->len);
  merged = find_merged (reader->self, reader->joined);
  if (left >= 0 && right >= 0 && merged >= 0)
    rp_vocab_add_merge (&reader->self->vocab, left, right, index, merged);
}

static gboolean
read_merges (Reader *reader, GError **error)
{
  RpGgufType element;
  gsize n = rp_gguf_get_array_length (reader->gguf, "tokenizer.ggml.merges", &element);

  if (n == 0 || element != RP_GGUF_STRING)
    return damaged (error, "it has no merges");
  if (n > MAX_TOKENS || !rp_vocab_reserve_merges (&reader->self->vocab, n))
    return damaged (error, "it has too many merges");
  rp_gguf_foreach_string (reader->gguf, "tokenizer.ggml.merges", read_merge, reader);
  if (!reader->error)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&reader->error));
  return FALSE;
}

/* ---- the rest ---- */

/* -1 where the file does not say. Some say so with all bits set. */
static gboolean
read_id (const RpTokenizer *self, const RpGguf *gguf, const char *key, RpToken *id, GError **error)
{
  gint64 value = -1;

  rp_gguf_get_int (gguf, key, &value);
  if (value == G_MAXUINT32)
    value = -1;
  if (value < -1 || value >= self->vocab.n_tokens)
    return damaged (error, "%s is %" G_GINT64_FORMAT ", and there are %u tokens", key, value, self->vocab.n_tokens);
  *id = value;
  return TRUE;
}

/* Files name one end of text; chat models have more of them, under names that became customary. */
static gboolean
read_ends (RpTokenizer *self, const RpGguf *gguf, GError **error)
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
      RpToken id = -1;

      if (!read_id (self, gguf, keys[i], &id, error))
        return FALSE;
      if (id >= 0)
        g_hash_table_add (self->ends, GINT_TO_POINTER (id));
    }
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      RpToken id = rp_tokenizer_find (self, names[i]);
      if (id >= 0 && self->vocab.tokens[id].type == RP_TOKEN_CONTROL)
        g_hash_table_add (self->ends, GINT_TO_POINTER (id));
    }
  /* where an answer has channels, this ends a message of one of them, and the answer goes on */
  if (rp_tokenizer_find (self, "<|return|>") >= 0 && rp_tokenizer_find (self, "<|channel|>") >= 0)
    g_hash_table_remove (self->ends, GINT_TO_POINTER (rp_tokenizer_find (self, "<|end|>")));
  return TRUE;
}

/* Whether special tokens take blanks along is not in the file. Of the families that have such, Phi-3's are still met. */
static gboolean
is_phi3 (const RpGguf *gguf)
{
  const char *architecture = rp_gguf_get_string (gguf, "general.architecture", NULL);

  return architecture && (strcmp (architecture, "phi3") == 0 || strcmp (architecture, "phimoe") == 0);
}

static gboolean
read_options (RpTokenizer *self, const RpGguf *gguf, GError **error)
{
  RpToken unknown = -1;

  if (!read_id (self, gguf, "tokenizer.ggml.bos_token_id", &self->bos, error)
      || !read_id (self, gguf, "tokenizer.ggml.eos_token_id", &self->eos, error)
      || !read_id (self, gguf, "tokenizer.ggml.unknown_token_id", &unknown, error))
    return FALSE;
  if (self->model == RP_TOKENIZER_SPM)
    {
      /* Byte-level tokenizers have no use for one: they leave out what they cannot express. */
      self->vocab.unknown = unknown;
      self->add_space_prefix = self->add_bos = TRUE;
      self->strips_right = is_phi3 (gguf);
    }
  else if (rp_pretokenizer_get_flags (self->pretokenizer) & RP_PRE_ADD_BOS)
    self->add_bos = TRUE;
  rp_gguf_get_bool (gguf, "tokenizer.ggml.add_bos_token", &self->add_bos);
  rp_gguf_get_bool (gguf, "tokenizer.ggml.add_eos_token", &self->add_eos);
  rp_gguf_get_bool (gguf, "tokenizer.ggml.add_space_prefix", &self->add_space_prefix);
  return TRUE;
}

static gboolean
read_model (RpTokenizer *self, const RpGguf *gguf, GError **error)
{
  const char *model = rp_gguf_get_string (gguf, "tokenizer.ggml.model", NULL);

  if (model && strcmp (model, "gpt2") == 0)
    self->model = RP_TOKENIZER_BPE;
  else if (model && strcmp (model, "llama") == 0)
    self->model = RP_TOKENIZER_SPM;
  else
    {
      g_autofree char *shown = rp_printable (model ? model : "", -1, 64);
      g_set_error (error, RP_ERROR, RP_ERROR_UNSUPPORTED,
                   "The tokenizer “%s” is not supported; Riposte knows gpt2 (byte-level BPE) and llama (SentencePiece)",
                   shown);
      return FALSE;
    }
  if (self->model == RP_TOKENIZER_SPM)
    return TRUE;
  self->pretokenizer = rp_pretokenizer_new (rp_gguf_get_string (gguf, "tokenizer.ggml.pre", NULL), error);
  return self->pretokenizer != NULL;
}

static gboolean
read_vocabulary (RpTokenizer *self, const RpGguf *gguf, GError **error)
{
  Reader reader = { self, gguf, g_string_new (NULL), g_string_new (NULL), NULL };
  gboolean ok = read_tokens (&reader, error) && index_specials (self, error) && index_tokens (self, error)
                && (self->model == RP_TOKENIZER_SPM || read_merges (&reader, error));

  g_string_free (reader.scratch, TRUE);
  g_string_free (reader.joined, TRUE);
  return ok;
}

gboolean
rp_tokenizer_read (RpTokenizer *self, const RpGguf *gguf, GError **error)
{
  return read_model (self, gguf, error) && read_vocabulary (self, gguf, error) && read_options (self, gguf, error)
         && read_ends (self, gguf, error);
}
