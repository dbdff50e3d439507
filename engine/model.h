/* A loaded model: its file, hyperparameters and weights, bound to a back end. Private to the engine. */
#pragma once

#include "fim.h"
#include "hparams.h"
#include "template.h"
#include "tokenizer.h"

G_BEGIN_DECLS

/* y = scale · (W x) + bias; scale and bias may be absent. Plain matrices or one an expert. */
typedef struct
{
  RpWeight weight;
  RpView bias;
  RpView scale;
} RpLinear;

/* Of what is absent no view has a buffer, here and below. */
typedef struct
{
  RpView weight, bias;
  guint n; /* elements that are normalised together */
} RpNormWeights;

/* down (act (gate x) · up x), or down (act (up x)) without a gate. One matrix each, or one an expert. */
typedef struct
{
  RpLinear gate, up, down;
  guint n_ff;
  gboolean fused; /* a row of up is n_ff elements for the gate, then n_ff for itself */
} RpFeedForward;

/* See RpLatentHparams: h → q_a → norm → q_b; h → kv_a → norm → kv_b, or absorbed, k_b and v_b, a matrix a head. */
typedef struct
{
  RpLinear q_a, kv_a, kv_b;
  RpNormWeights q_a_norm, kv_a_norm;
  RpWeight k_b, v_b;
} RpLatent;

typedef struct
{
  RpNormWeights attention_norm, attention_post_norm, ffn_norm, ffn_post_norm, q_norm, k_norm;
  RpLinear q, k, v, attention_out, attention_gate;
  RpLatent latent;
  RpView sinks;          /* f32 [n_heads] */
  RpLinear router;       /* there in a layer with experts */
  RpView selection_bias; /* f32 [n_expert] */
  RpLinear shared_gate;  /* of one output: how much of the shared expert */
  RpFeedForward dense, experts, shared;
  guint n_heads, n_kv_heads;
} RpLayer;

struct _RpModel
{
  RpEngine *engine;
  RpBackend *backend;
  const RpDeviceInfo *device;
  RpGguf *gguf;
  const RpArch *arch;
  RpHparams hparams;
  RpTokenizer *tokenizer;    /* NULL: the file has none */
  GError *tokenizer_error;   /* why it cannot be used, if it has one */
  RpTemplate *chat_template; /* NULL: none, or broken */
  GError *template_error;
  RpFim fim;
  char *name;
  guint n_vocab;
  gboolean all_f32; /* every matrix is F32 */
  guint64 n_parameters, weight_bytes;

  RpWeight token_embd;
  RpLinear output;
  RpNormWeights output_norm;
  /* f32 [n_rope_factors] of RoPE's frequencies. Some models have two sets instead, for contexts that do not and that
   * do go beyond the original one. */
  RpView rope_factors, rope_factors_short, rope_factors_long;
  guint n_rope_factors;
  RpLayer *layers;
  GPtrArray *buffers; /* RpBuffer, every weight's */
};

RpBackend *rp_engine_create_backend (RpEngine *engine, const RpDeviceInfo *device, guint n_threads, GError **error);
/* Fills the weights of @model, whose other members are there. */
gboolean rp_model_bind (RpModel *model, const RpModelOptions *options, GError **error);

G_END_DECLS
