/* A loaded model: its file, hyperparameters and weights, bound to a back end. Private to the engine. */
#pragma once

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

/* What is absent has no buffer. */
typedef struct
{
  RpView attention_norm, q_norm, k_norm, ffn_norm;
  RpLinear q, k, v, attention_out;
  RpLinear gate, up, down; /* dense, or routed where router is there */
  RpLinear router;
  guint n_heads, n_kv_heads, n_ff;
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
  char *name;
  guint n_vocab;
  gboolean all_f32; /* every matrix is F32 */
  guint64 n_parameters, weight_bytes;

  RpWeight token_embd;
  RpLinear output;
  RpView output_norm;
  RpView rope_factors; /* f32 [n_rot / 2] */
  RpLayer *layers;
  GPtrArray *buffers; /* RpBuffer, every weight's */
};

RpBackend *rp_engine_create_backend (RpEngine *engine, const RpDeviceInfo *device, guint n_threads, GError **error);
/* Fills the weights of @model, whose other members are there. */
gboolean rp_model_bind (RpModel *model, const RpModelOptions *options, GError **error);

G_END_DECLS
