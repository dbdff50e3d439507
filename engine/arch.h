/* What tells one architecture from another: a row of a table, read by hparams.c, bind.c and forward.c.
 *
 * A row says only what a file does not. Biases, attention sinks, shared experts, fused matrices, which layers are
 * routed and how wide everything is: all that shows in the tensors that are there. */
#pragma once

#include "backend.h"

G_BEGIN_DECLS

typedef enum
{
  RP_ARCH_QK_NORM = 1 << 0,       /* q and k are normalised, a head or the whole at a time: as long as the weight is */
  RP_ARCH_QK_NORM_MAYBE = 1 << 1, /* in some files */
  RP_ARCH_QK_NORM_LATE = 1 << 2,  /* after the rotation, not before it */
  RP_ARCH_EXPERTS = 1 << 3,       /* there must be experts */
  RP_ARCH_FFN_FUSED = 1 << 4,     /* ffn_up holds the gate's rows, then its own */
  RP_ARCH_PARALLEL = 1 << 5,      /* attention and feed-forward read the same normalised input */
  RP_ARCH_ROUTER_FIRST = 1 << 6,  /* the router reads the layer's input, not what the feed-forward reads */
  RP_ARCH_DENSE_BESIDE = 1 << 7,  /* a routed layer may have a dense feed-forward beside its experts */
  RP_ARCH_WINDOW = 1 << 8,        /* attention.sliding_window counts */
  RP_ARCH_SOFTCAPS = 1 << 9,      /* attn_logit_softcapping and final_logit_softcapping count */
  RP_ARCH_EMBEDDING_ROOT = 1 << 10, /* embeddings are multiplied with √n_embd */
  RP_ARCH_LOGITS_DIVIDED = 1 << 11, /* by logit_scale, not multiplied */
  RP_ARCH_LOCAL_UNSCALED = 1 << 12, /* layers with a window take no part in RoPE scaling */
  RP_ARCH_NORM_BY_KEY = 1 << 13,    /* the layer norm, where only its epsilon is given */
  RP_ARCH_LATENT = 1 << 14,         /* multi-head latent attention (DeepSeek-AI 2024) */
  RP_ARCH_ATTENTION_GATE = 1 << 15, /* the heads' outputs are multiplied with attention_gate (attn_gate · h) */
  RP_ARCH_GATE_FIXED = 1 << 16,     /* expert_gating_func is passed over */
  RP_ARCH_NO_QKV_BIAS = 1 << 17,    /* passed over, as the reference does; no known model has one */
  RP_ARCH_NO_OUT_BIAS = 1 << 18,    /* likewise, of attn_output */
  RP_ARCH_SECTIONS = 1 << 19,       /* with rope.dimension_sections, pairs stand half a head apart */
  RP_ARCH_PLAIN_NORMS = 1 << 20,    /* norms have no weights */
  RP_ARCH_TEMPERATURE = 1 << 21,    /* attention.temperature_scale counts */
  RP_ARCH_DEPTH_SCALED = 1 << 22, /* without keys, residual_scale goes by the number of layers, logit_scale by n_embd */
  RP_ARCH_ROPE_SWITCH = 1 << 23,  /* rope.scaling.finetuned, where it is false, says that nothing turns */
} RpArchFlags;

/* Some files keep a factor beside a matrix, a .scale tensor. The reference applies it to these, and passes over others. */
typedef enum
{
  RP_FACTORS_QKV = 1 << 0,
  RP_FACTORS_OUT = 1 << 1,   /* of attention */
  RP_FACTORS_DENSE = 1 << 2, /* feed-forward */
  RP_FACTORS_EXPERTS = 1 << 3,
  RP_FACTORS_SHARED = 1 << 4, /* experts */
} RpFactors;

/* The tensors of a layer's norms; NULL where there is none. */
typedef struct
{
  const char *attention, *attention_post; /* before; after, before it is added */
  const char *ffn, *ffn_post;
} RpNormNames;

typedef enum
{
  RP_ROPE_ALL,
  RP_ROPE_LOCAL,             /* layers with a window; all where no layer has one */
  RP_ROPE_LOCAL_AND_LEADING, /* and the leading dense ones */
  RP_ROPE_NOT_FOURTH,        /* all but every fourth */
} RpRopeLayers;

typedef enum
{
  RP_NORMALIZE_BY_KEY,     /* expert_weights_norm */
  RP_NORMALIZE_UNLESS_KEY, /* the same, but where the key is missing, they are */
  RP_NORMALIZE_ALWAYS,
  RP_NORMALIZE_NEVER,
} RpNormalize;

typedef struct
{
  const char *name;     /* general.architecture */
  const char *models;   /* some that are known by a name */
  const char *verified; /* whose logits the golden files of test-architectures hold */
  RpArchFlags flags;
  RpFactors factors;
  const RpNormNames *norms;
  RpNormKind norm;
  RpRopeKind rope;
  RpRopeLayers rope_layers;
  float local_freq_base; /* of layers with a window; 0: as the others */
  /* Where attention.sliding_window_pattern is missing: one layer in so many has no window, the last of them or the
   * first. 0: all have one. */
  guint window_period;
  gboolean window_global_first;
  RpActivation activation, attention_gate;
  RpGateKind gate; /* of the router, where expert_gating_func is missing */
  RpNormalize normalize;
  float beside_scale; /* of the sum with what stands beside the experts */
  float ffn_limit;    /* of RpOpGlu */
  /* Where the key is missing. An attention_scale here has a key of its own, attention.output_scale. */
  float embedding_scale, logit_scale, attention_scale, softcap, yarn_beta_fast;
  guint wide_layers; /* a model of so many layers scales q·k with 1/√(n_embd / n_heads), where no key says so */
} RpArch;

/* NULL for an architecture that is not supported. */
const RpArch *rp_arch_find (const char *name);
/* Row i of the table, in the order of names; NULL past its end. */
const RpArch *rp_arch_get (gsize i);
/* "llama, qwen2, …", for messages. */
char *rp_arch_list (void);

G_END_DECLS
