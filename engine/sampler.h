/* From logits to a token. Seeded: the same logits, options and history give the same token. No device is seen here. */
#pragma once

#include "riposte-engine.h"

G_BEGIN_DECLS

typedef struct _RpSampler RpSampler;

/* RP_ERROR_ARGUMENT where an option is out of its range. Scratch for @n_vocab logits is allocated here. */
RpSampler *rp_sampler_new (const RpSamplerOptions *options, guint n_vocab, GError **error);
void rp_sampler_free (RpSampler *sampler);

/**
 * rp_sampler_sample:
 * @logits: f32 [n_vocab], changed by the repetition penalty
 * @history: the timeline so far; its last repeat_last_n tokens are penalised
 *
 * In this order: repetition penalty (Keskar et al. 2019), top-k, top-p (Holtzman et al. 2020), min-p (Nguyen et al.
 * 2024), temperature, draw. Temperature 0 takes the highest logit, the lower id at a tie. NaN is never chosen.
 */
RpToken rp_sampler_sample (RpSampler *sampler, float *logits, const RpToken *history, gsize n_history);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RpSampler, rp_sampler_free)

G_END_DECLS
