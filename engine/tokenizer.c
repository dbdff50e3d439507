#include "tokenizer-private.h"

#include <string.h>

#include "unicode.h"

RpTokenizer *
rp_tokenizer_new (const RpGguf *gguf, GError **error)
{
  g_autoptr (RpTokenizer) self = g_new0 (RpTokenizer, 1);

  return rp_tokenizer_read (self, gguf, error) ? g_steal_pointer (&self) : NULL;
}

void
rp_tokenizer_free (RpTokenizer *self)
{
  if (!self)
    return;
  rp_vocab_clear (&self->vocab);
  g_clear_pointer (&self->pretokenizer, rp_pretokenizer_free);
  g_clear_pointer (&self->ends, g_hash_table_unref);
  g_clear_pointer (&self->added, rp_specials_free);
  g_clear_pointer (&self->specials, rp_specials_free);
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
  RpToken special = rp_specials_find (self->specials, piece, strlen (piece));

  return special >= 0 ? special : rp_vocab_find (&self->vocab, piece, strlen (piece));
}

/* ---- encoding ---- */

typedef struct
{
  const RpTokenizer *self;
  GArray *out;
  GArray *ends, *scratch; /* gsize */
  RpMergeScratch merging;
} Encoder;

/* Bytes that are no UTF-8 are kept where the vocabulary has them. Where it lacks one, that is the replacement character
 * U+FFFD. NULL: the text is well as it is. */
static GString *
replace_bytes (const RpTokenizer *self, const char *text, gsize length)
{
  GString *out = NULL;
  gsize size;

  for (gsize at = 0; at < length; at += size)
    {
      rp_unicode_read (text + at, length - at, &size);
      if (size == 1 && (guchar)text[at] >= 0x80 && self->vocab.byte_tokens[(guint8)text[at]] < 0)
        {
          if (!out)
            out = g_string_new_len (text, at);
          g_string_append (out, "\xef\xbf\xbd");
        }
      else if (out)
        g_string_append_len (out, text + at, size);
    }
  return out;
}

static void
encode_bpe (Encoder *encoder, const char *text, gsize length)
{
  const RpTokenizer *self = encoder->self;
  RpPretokenizerFlags flags = rp_pretokenizer_get_flags (self->pretokenizer);
  g_autoptr (GString) replaced = self->lacks_bytes ? replace_bytes (self, text, length) : NULL;
  g_autoptr (GString) composed = NULL;
  gsize start = 0;

  if (replaced)
    text = replaced->str, length = replaced->len;
  if ((flags & RP_PRE_NFC) && (composed = rp_unicode_nfc (text, length)))
    text = composed->str, length = composed->len;
  rp_pretokenizer_split (self->pretokenizer, text, length, encoder->ends, encoder->scratch);
  for (guint i = 0; i < encoder->ends->len; i++)
    {
      gsize end = g_array_index (encoder->ends, gsize, i);

      rp_bpe_encode (&self->vocab, &encoder->merging, text + start, end - start, (flags & RP_PRE_IGNORE_MERGES) != 0,
                     encoder->out);
      start = end;
    }
}

static void
encode_spm (Encoder *encoder, const char *text, gsize length)
{
  g_autoptr (GString) blanks = g_string_sized_new (length + length / 2);

  if (encoder->self->add_space_prefix)
    g_string_append (blanks, RP_BLANK);
  for (gsize i = 0; i < length; i++)
    if (text[i] == ' ')
      g_string_append (blanks, RP_BLANK);
    else
      g_string_append_c (blanks, text[i]);
  rp_spm_encode (&encoder->self->vocab, &encoder->merging, blanks->str, blanks->len, encoder->out);
}

/* What lies between two special tokens, or one and an end of the text. */
static void
encode_plain (Encoder *encoder, const char *text, gsize length)
{
  if (length == 0)
    return;
  if (encoder->self->model == RP_TOKENIZER_BPE)
    encode_bpe (encoder, text, length);
  else
    encode_spm (encoder, text, length);
}

static gsize
count_blanks (const char *text, gsize length)
{
  gsize n = 0, size;

  for (; n < length; n += size)
    if (!rp_unicode_is_space (rp_unicode_read (text + n, length - n, &size)))
      break;
  return n;
}

/* In Phi-3 the tokens that mark turns take blanks along, those that its tokenizer began with do not. */
static gboolean
strips_right (const RpTokenizer *self, RpToken id)
{
  static const char *const not_these[] = { "<unk>", "<s>", "<|endoftext|>" };

  for (gsize i = 0; i < G_N_ELEMENTS (not_these) && self->strips_right; i++)
    if (rp_tokenizer_find (self, not_these[i]) == id)
      return FALSE;
  return self->strips_right;
}

/* The token that is read where @text begins, of @length bytes up to the text's end and @open up to the next seam. */
static RpToken
match (const RpTokenizer *self, gboolean control, const char *text, gsize length, gsize open, gsize *matched)
{
  gsize n_control = 0, n_added = 0;
  RpToken special = control ? rp_specials_match (self->specials, text, open, &n_control) : -1;
  RpToken added = special < 0 || open < length ? rp_specials_match (self->added, text, length, &n_added) : -1;

  *matched = MAX (n_control, n_added);
  return n_added > n_control ? added : special;
}

/* @seams: nullable */
static void
encode (const RpTokenizer *self, const char *text, gsize length, gboolean control, const GArray *seams, GArray *tokens)
{
  g_autoptr (GArray) ends = g_array_new (FALSE, FALSE, sizeof (gsize));
  g_autoptr (GArray) scratch = g_array_new (FALSE, FALSE, sizeof (gsize));
  Encoder encoder = { self, tokens, ends, scratch };
  gsize start = 0, matched, seam = length + 1, size;
  guint n = 0;

  rp_merge_scratch_init (&encoder.merging);
  for (gsize at = 0; at < length;)
    {
      RpToken special;

      for (; seams && n < seams->len && g_array_index (seams, gsize, n) <= at; n++)
        ;
      seam = seams && n < seams->len ? g_array_index (seams, gsize, n) : length + 1;
      rp_unicode_read (text + at, length - at, &size);
      special = match (self, control && seam - at != size, text + at, length - at, MIN (seam, length) - at, &matched);
      if (special < 0)
        {
          at++;
          continue;
        }
      encode_plain (&encoder, text + start, at - start);
      g_array_append_val (tokens, special);
      at += matched;
      if (strips_right (self, special))
        at += count_blanks (text + at, length - at);
      start = at;
    }
  encode_plain (&encoder, text + start, length - start);
  rp_merge_scratch_clear (&encoder.merging);
}

void
rp_tokenizer_encode (const RpTokenizer *self,
                     const char *text,
                     gsize length,
                     gboolean add_special,
                     gboolean parse_special,
                     GArray *tokens)
{
  if (add_special && self->add_bos && self->bos >= 0)
    g_array_append_val (tokens, self->bos);
  encode (self, text, length, parse_special, NULL, tokens);
  if (add_special && self->add_eos && self->eos >= 0)
    g_array_append_val (tokens, self->eos);
}

void
rp_tokenizer_encode_prompt (const RpTokenizer *self,
                            const char *text,
                            gsize length,
                            const GArray *seams,
                            GArray *tokens)
{
  encode (self, text, length, TRUE, seams, tokens);
}

gboolean
rp_tokenizer_begins_control (const RpTokenizer *self, const char *text, gsize length)
{
  RpToken token = rp_specials_match (self->specials, text, length, NULL);

  if (token >= 0 && self->vocab.tokens[token].type != RP_TOKEN_USER_DEFINED)
    return TRUE;
  return token < 0 && rp_specials_may_begin (self->specials, text, length);
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
  if (self->model == RP_TOKENIZER_BPE || token->type == RP_TOKEN_BYTE)
    {
      g_string_append_len (out, text, token->length);
      return;
    }
  for (gsize i = 0; i < token->length;)
    if (token->length - i >= 3 && memcmp (text + i, RP_BLANK, 3) == 0)
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
