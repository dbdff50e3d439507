/* What the parts of the forward pass share: forward.c, forward-attention.c and forward-ffn.c. */
#pragma once

#include "forward.h"

G_BEGIN_DECLS

typedef struct
{
  GArray *ops;
  const RpModel *model;
  const RpActivations *a;
  const RpKvCache *cache;
  guint pos, n_tokens;
} RpPass;

/* Rows of the activations that a part of a layer works on: the last n of a pass. */
typedef struct
{
  guint first, n;
} RpSpan;

/* What attention or a feed-forward gives is a sum of parts. It goes right onto x; or, where something is done with it
 * before, into y. */
typedef struct
{
  RpView out, spare; /* spare: of the same shape, for a part that cannot be added at once */
  gboolean started;  /* there is something to add to */
} RpSum;

static inline RpView
rp_whole (RpBuffer *buffer)
{
  return (RpView){ buffer, 0 };
}

/* From row first on, of rows of n floats. */
static inline RpView
rp_rows (RpBuffer *buffer, gsize first, gsize n)
{
  return (RpView){ buffer, first * n * sizeof (float) };
}

/* From element n on. */
static inline RpView
rp_after (RpView view, gsize n)
{
  return (RpView){ view.buffer, view.offset + n * sizeof (float) };
}

RpOp *rp_pass_op (const RpPass *pass, RpOpKind kind, gboolean concurrent);
void
rp_pass_norm (const RpPass *pass, const RpNormWeights *norm, RpView x, RpView out, guint n_rows, gboolean concurrent);
/* out = scale · (W x) + bias */
void
rp_pass_linear (const RpPass *pass, const RpLinear *linear, RpView x, RpView out, guint n_tokens, gboolean concurrent);
/* x = factor · x */
void rp_pass_multiply (const RpPass *pass, RpView x, gsize n, float factor);
/* out = activation (gate) · up */
void rp_pass_glu (const RpPass *pass,
                  RpActivation activation,
                  float limit,
                  RpView gate,
                  RpView up,
                  RpView out,
                  gsize n,
                  gboolean concurrent);

/* @post_norm: applied to the sum; @later: the sum is added to x in any case by way of y */
RpSum rp_sum_begin (const RpPass *pass, RpSpan span, const RpNormWeights *post_norm, gboolean later);
/* A part made by a matrix product; scaled_last: out = scale · (W x + bias). */
void rp_sum_linear (const RpPass *pass,
                    RpSum *sum,
                    const RpLinear *linear,
                    RpView x,
                    guint n_tokens,
                    gboolean scaled_last,
                    gboolean concurrent);
void rp_sum_end (const RpPass *pass, const RpSum *sum, RpSpan span, const RpNormWeights *post_norm, float factor);

/* Keys and values of all tokens of layer i; queries, and what comes after, of @span's: x += attention (norm (x)). */
void rp_pass_attention (const RpPass *pass, guint i, RpSpan span);
/* The router's logits, from @input. */
void rp_pass_router (const RpPass *pass, const RpLayer *layer, RpView input, RpSpan span);
/* x += feed-forward (norm (x)) */
void rp_pass_feed_forward (const RpPass *pass, const RpLayer *layer, RpSpan span);

G_END_DECLS
