/* Text to token ids and back, with the vocabulary of a GGUF file. Immutable once made: any thread may use it. */
#pragma once

#include "gguf.h"
#include "riposte-engine.h"

G_BEGIN_DECLS

typedef struct _RpTokenizer RpTokenizer;

/* Reads tokenizer.ggml.*. RP_ERROR_UNSUPPORTED names a tokenizer or pre-tokenizer that is not known (and lists those
 * that are); RP_ERROR_FORMAT where the vocabulary is inconsistent. Copies what it keeps: @gguf may be freed. */
RpTokenizer *rp_tokenizer_new (const RpGguf *gguf, GError **error);
void rp_tokenizer_free (RpTokenizer *tokenizer);

guint rp_tokenizer_get_n_tokens (const RpTokenizer *tokenizer);

/* Appends to @tokens (element-type RpToken). @add_special: BOS and EOS where the file asks for them. @parse_special:
 * control tokens written out in the text are read as themselves (user-defined tokens always are). */
void rp_tokenizer_encode (const RpTokenizer *tokenizer,
                          const char *text,
                          gsize length,
                          gboolean add_special,
                          gboolean parse_special,
                          GArray *tokens);
/* The same for a prompt, without BOS and EOS: control tokens are read but where they would span one of @seams (element-type
 * gsize), offsets in @text in order, or begin with the character before one. */
void rp_tokenizer_encode_prompt (const RpTokenizer *tokenizer,
                                 const char *text,
                                 gsize length,
                                 const GArray *seams,
                                 GArray *tokens);
/* Is there a control token that @text begins with, and would be read as, or that would be if more text followed? */
gboolean rp_tokenizer_begins_control (const RpTokenizer *tokenizer, const char *text, gsize length);
/* Appends the bytes of one token, exactly; nothing for a control token unless @special, or for an id out of range. */
void rp_tokenizer_decode (const RpTokenizer *tokenizer, RpToken token, gboolean special, GString *out);

RpToken rp_tokenizer_get_bos (const RpTokenizer *tokenizer); /* -1: none */
RpToken rp_tokenizer_get_eos (const RpTokenizer *tokenizer);
/* An end-of-generation token: EOS, EOT, <|im_end|> and their like. */
gboolean rp_tokenizer_is_end (const RpTokenizer *tokenizer, RpToken token);
/* The id of exactly this piece, special tokens included; -1: none. */
RpToken rp_tokenizer_find (const RpTokenizer *tokenizer, const char *piece);

/* How many bytes at the start of @text are whole UTF-8 characters (or bytes that can never become one): what may be
 * shown now; the rest is an incomplete tail that waits for more. */
gsize rp_utf8_complete (const char *text, gsize length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RpTokenizer, rp_tokenizer_free)

G_END_DECLS
