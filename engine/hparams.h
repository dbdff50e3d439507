/* The hyperparameters of a model, read from its file's keys and checked. */
#pragma once

#include "arch.h"
#include "gguf.h"

G_BEGIN_DECLS

/* No model in use comes near these; a file beyond them is damaged or hostile. */
#define RP_MAX_LAYERS  1024
#define RP_MAX_WIDTH   (1 << 20)
#define RP_MAX_CONTEXT (1 << 26)
#define RP_MAX_HEADS   4096
#define RP_MAX_EXPERTS 4096

typedef struct
{
  float freq_base, freq_scale, ext_factor, magnitude, corr_low, corr_high; /* as in RpOpRope */
  guint n_rot;                                                             /* 0: nothing turns */
} RpRopeHparams;

typedef struct
{
  guint n_heads, n_kv_heads;
  guint window; /* as in RpOpAttention */
  RpRopeHparams rope;
} RpLayerHparams;

/* Multi-head latent attention: keys and values are made from a vector of rank_kv that all heads share. Where @absorbed,
 * that vector is what is cached, with the rotated part of the key (dim_k of a single head), and the matrices that would
 * unfold it are applied to the queries and to what attention gives. */
typedef struct
{
  guint rank_q, rank_kv; /* rank_q 0: queries are made at once */
  guint dim_plain;       /* of a key, what is not rotated */
  guint dim_v;
  gboolean absorbed;
} RpLatentHparams;

typedef struct
{
  guint n_layers, n_embd, n_context;
  guint n_context_original; /* before RoPE scaling */
  guint dim_k, dim_v;       /* of a head, as they are cached */
  RpLatentHparams latent;
  RpRopeKind rope;
  RpNormKind norm;
  float norm_eps;

  guint n_expert, n_expert_used;
  guint n_groups, n_groups_used; /* of experts */
  RpGateKind gate;
  gboolean normalize_experts;
  float expert_scale; /* times the routed weights */

  float attention_scale, attention_softcap; /* of q·k */
  float attention_clamp;                    /* of q, k and v; 0: none */
  float value_scale;                        /* of what attention gives */
  float temperature;                        /* q at position p is multiplied with 1 + this · log (1 + ⌊p / … */
  guint temperature_length;                 /* … this⌋); 0: it is not */
  float embedding_scale, residual_scale, logit_scale, logit_softcap;
  RpLayerHparams *layers; /* [n_layers], owned */
} RpHparams;

/* RP_ERROR_FORMAT names the key that is missing or out of range. @hparams is to be cleared in any case. */
gboolean rp_hparams_read (RpHparams *hparams, const RpArch *arch, const RpGguf *gguf, GError **error);
void rp_hparams_clear (RpHparams *hparams);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RpHparams, rp_hparams_clear)

G_END_DECLS
