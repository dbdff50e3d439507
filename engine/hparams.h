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
  guint n_heads, n_kv_heads;
  guint n_ff;
} RpLayerHparams;

typedef struct
{
  float freq_base, freq_scale, ext_factor, magnitude, corr_low, corr_high; /* as in RpOpRope */
  guint n_rot;
} RpRopeHparams;

typedef struct
{
  guint n_layers, n_embd, n_context;
  guint dim_k, dim_v; /* of a head */
  guint n_expert, n_expert_used, n_expert_ff;
  float expert_scale; /* times the routed weights */
  float norm_eps;
  float attention_scale; /* of q·k */
  RpRopeHparams rope;
  RpLayerHparams *layers; /* [n_layers], owned */
} RpHparams;

/* RP_ERROR_FORMAT names the key that is missing or out of range. @hparams is to be cleared in any case. */
gboolean rp_hparams_read (RpHparams *hparams, const RpArch *arch, const RpGguf *gguf, GError **error);
void rp_hparams_clear (RpHparams *hparams);

G_END_DECLS
