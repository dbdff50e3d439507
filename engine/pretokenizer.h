/* Splits text into the pieces that byte-pair merges stay within. A row of a table a family: the regular expressions of
 * the model's own tokenizer, and what else it does differently. Immutable once made: any thread may use it. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _RpPretokenizer RpPretokenizer;

typedef enum
{
  RP_PRE_NFC = 1 << 0,           /* the text is normalised to NFC first */
  RP_PRE_IGNORE_MERGES = 1 << 1, /* a piece that is a token is that token, whatever the merges say */
  RP_PRE_ADD_BOS = 1 << 2,       /* BOS goes first unless the file says otherwise */
} RpPretokenizerFlags;

/* @name: tokenizer.ggml.pre, or NULL. RP_ERROR_UNSUPPORTED names it and lists those that are known. */
RpPretokenizer *rp_pretokenizer_new (const char *name, GError **error);
void rp_pretokenizer_free (RpPretokenizer *self);
RpPretokenizerFlags rp_pretokenizer_get_flags (const RpPretokenizer *self);
/* The names of one row of the table, separated by blanks; NULL past the last. For tests of all of them. */
const char *rp_pretokenizer_get_names (guint row);

/**
 * rp_pretokenizer_split:
 * @text: @length bytes; those that are no UTF-8 count as characters U+FFFD
 * @ends: (element-type gsize): filled with the end of each piece; the last is @length
 * @scratch: (element-type gsize): for the function's own use
 */
void rp_pretokenizer_split (const RpPretokenizer *self, const char *text, gsize length, GArray *ends, GArray *scratch);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RpPretokenizer, rp_pretokenizer_free)

G_END_DECLS
