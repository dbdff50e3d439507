/* One forward pass as a list of operations, made from a model's weights and its architecture's row. */
#pragma once

#include "kv-cache.h"
#include "model.h"

G_BEGIN_DECLS

/* Activations of one pass over at most n_batch tokens, of which at most n_outputs get logits. What a model has no use
 * for is a single element. */
typedef struct
{
  RpBackend *backend;
  guint n_batch, n_outputs;
  RpBuffer *tokens;                              /* i32 [n_batch] */
  RpBuffer *x;                                   /* residual stream [n_batch, n_embd] */
  RpBuffer *h;                                   /* normalised [n_batch, n_embd] */
  RpBuffer *y;                                   /* what is added to x [n_batch, n_embd] */
  RpBuffer *q, *k, *v, *attention;               /* of a layer's heads */
  RpBuffer *attention_gate;                      /* [n_batch, n_heads or all of their elements] */
  RpBuffer *low, *latent, *latent_kv;            /* latent attention: [n_batch, rank_q], [.., rank_kv + n_rot], … */
  RpBuffer *unfolded, *plain, *absorbed;         /* … [n_batch, n_heads, …] */
  RpBuffer *head_ids;                            /* i32 [n_batch, n_heads]: 0, 1, 2 … */
  RpBuffer *gate, *up, *shared_gate, *shared_up; /* [n_batch, n_used or 1, n_ff] */
  RpBuffer *down;                                /* [n_batch, n_used, n_embd] */
  RpBuffer *router, *ids, *weights;              /* [n_batch, n_expert], [n_batch, n_used] twice */
  RpBuffer *share;                               /* [n_batch] of the shared expert */
  RpBuffer *logits;                              /* [n_outputs, n_vocab], read by the host */
} RpActivations;

gboolean
rp_activations_init (RpActivations *activations, const RpModel *model, guint n_batch, guint n_outputs, GError **error);
void rp_activations_clear (RpActivations *activations);

/**
 * rp_forward_layers:
 * @ops: (element-type RpOp): appended to
 * @pos: position of the first of @n_tokens tokens, whose ids are in @activations
 * @n_last: how many of the last tokens are wanted in the end: the last layer computes no more. 0: only keys and values
 *
 * From the tokens' embeddings to x of the last @n_last tokens, which then stands in its last @n_last of @n_tokens rows.
 */
void rp_forward_layers (GArray *ops,
                        const RpModel *model,
                        const RpActivations *activations,
                        const RpKvCache *cache,
                        guint pos,
                        guint n_tokens,
                        guint n_last);
/* From x of rows @first … @first + @n - 1 to logits, in rows 0 … @n - 1; @n is at most n_outputs. */
void rp_forward_logits (GArray *ops, const RpModel *model, const RpActivations *activations, guint first, guint n);

G_END_DECLS
