/* The operations that a device offers to the engine, and the memory they work on.
 *
 * A forward pass is an array of RpOp, made by forward.c and executed by rp_backend_run(): as data, so that a back end
 * can count, fuse, time and reorder, and so that every operation can be tested alone against the scalar reference
 * (cpu/reference.c), which is a back end of its own.
 *
 * Shapes are row-major, activations are F32, strides are in elements. An operation may read what the operations
 * before it in the array wrote; `concurrent` says that it does not need the one before it (nor anything back to and
 * including the first of that concurrent run), so no barrier is needed in between. In-place use (out the same view as
 * an input) is allowed where an operation says so.
 *
 * Threads: a back end and its buffers belong to one thread at a time.
 */
#pragma once

#include "dtype.h"
#include "riposte-engine.h"

G_BEGIN_DECLS

typedef struct _RpBackend RpBackend;
typedef struct _RpBuffer RpBuffer; /* opaque memory of a back end */

typedef struct
{
  RpBuffer *buffer; /* NULL: the operand is absent */
  gsize offset;     /* bytes, a multiple of 4 */
} RpView;

/* A weight matrix [n_out, n_in], or n_expert of them [n_expert, n_out, n_in]. */
typedef struct
{
  RpView data;
  RpDType type;
  guint n_in, n_out;
  guint n_expert; /* 1 for a plain matrix */
} RpWeight;

typedef enum
{
  RP_OP_EMBED,
  RP_OP_NORM,
  RP_OP_MATMUL,
  RP_OP_MATMUL_EXPERTS,
  RP_OP_ROPE,
  RP_OP_STORE_KV,
  RP_OP_ATTENTION,
  RP_OP_ROUTE,
  RP_OP_GLU,
  RP_OP_COMBINE,
  RP_OP_ADD,
  RP_OP_SCALE,
  RP_OP_COPY,
  RP_N_OPS
} RpOpKind;

/* out[t] = scale · row tokens[t] of weight. tokens: i32 [n_tokens]; out: [n_tokens, n_in] */
typedef struct
{
  RpWeight weight; /* [n_vocab, n_embd] */
  RpView tokens;
  RpView out;
  guint n_tokens;
  float scale;
} RpOpEmbed;

typedef enum
{
  RP_NORM_RMS,   /* y = x / sqrt (mean (x²) + eps) · weight      Zhang & Sennrich 2019 */
  RP_NORM_LAYER, /* y = (x - mean) / sqrt (var + eps) · weight + bias      Ba et al. 2016 */
} RpNormKind;

/* Each row of n elements by itself. Rows are dense in x and out; x and out may be the same. */
typedef struct
{
  RpNormKind kind;
  RpView x, out; /* [n_rows, n] */
  RpView weight; /* f32 [n]; absent: 1 */
  RpView bias;   /* f32 [n]; absent: 0 */
  guint n_rows, n;
  float eps;
} RpOpNorm;

/* out[t, o] = bias[o] + Σ_i weight[o, i] x[t, i]; with accumulate, that is added to out. out is not x. */
typedef struct
{
  RpWeight weight;
  RpView x;    /* [n_tokens, n_in] */
  RpView bias; /* f32 [n_out]; may be absent */
  RpView out;  /* [n_tokens, n_out] */
  guint n_tokens;
  gboolean accumulate;
  gboolean precise; /* a back end that rounds x, to 8 bits say, keeps twice the bits: for logits, where errors show */
} RpOpMatmul;

/* out[t, j, o] = bias[e, o] + Σ_i weight[e, o, i] x[t, j or 0, i], where e = ids[t, j] */
typedef struct
{
  RpWeight weight; /* [n_expert, n_out, n_in] */
  RpView x;        /* [n_tokens, n_in], or [n_tokens, n_used, n_in] with x_per_expert */
  RpView ids;      /* i32 [n_tokens, n_used], each in 0 … n_expert - 1 */
  RpView bias;     /* f32 [n_expert, n_out]; may be absent */
  RpView out;      /* [n_tokens, n_used, n_out] */
  guint n_tokens, n_used;
  gboolean x_per_expert;
} RpOpMatmulExperts;

typedef enum
{
  RP_ROPE_NORM, /* pairs (2i, 2i + 1) */
  RP_ROPE_NEOX, /* pairs (i, i + n_rot / 2) */
} RpRopeKind;

/* Rotates, in place, the first n_rot of each head's head_dim elements (Su et al. 2021); the others are not touched, so
 * that a view may start inside of a head. Pair i of a token at position
 * p turns by theta_i = p · freq_base^(-2i / n_rot) / factor_i; YaRN (Peng et al. 2023) blends theta_i · freq_scale
 * (interpolated) with theta_i (extrapolated) over the ramp between the pairs corr_low and corr_high, weighted by
 * ext_factor:
 *   ramp_i = 1 - clamp ((i - corr_low) / max (0.001, corr_high - corr_low), 0, 1), times ext_factor
 *   angle_i = theta_i · freq_scale · (1 - ramp_i) + theta_i · ramp_i
 * and both cos and sin are multiplied by magnitude. Without YaRN: ext_factor 0, magnitude 1. */
typedef struct
{
  RpRopeKind kind;
  RpView x;            /* [n_tokens, n_heads, head_dim], token t at t · stride */
  RpView freq_factors; /* f32 [n_rot / 2]; absent: 1 */
  guint n_tokens, n_heads, head_dim, n_rot, stride;
  guint pos; /* position of the first token; the others follow */
  float freq_base, freq_scale, ext_factor, magnitude, corr_low, corr_high;
} RpOpRope;

/* cache[pos + t] = x[t], converted to the cache's type; n a multiple of its block. */
typedef struct
{
  RpView x;     /* [n_tokens, n] */
  RpView cache; /* [n_context, n] of type */
  RpDType type; /* one of rp_is_cache_type() */
  guint n_tokens, n, pos;
} RpOpStoreKv;

/* Causal attention with grouped queries (Vaswani et al. 2017; Ainslie et al. 2023). Query head h reads KV head
 * h / (n_heads / n_kv_heads). Query t stands at position pos + t and sees the positions p with
 * p ≤ pos + t, and pos + t - p < window where window is not 0:
 *   s_p = softcap · tanh (scale · q·k_p / softcap)  (softcap 0: scale · q·k_p)
 *   out = Σ_p exp (s_p) v_p / (Σ_p exp (s_p) + exp (sink_h))  (no sinks: without the last term) */
typedef struct
{
  RpView q;        /* [n_tokens, n_heads, dim_k] */
  RpView k;        /* [n_context, n_kv_heads, dim_k] of kv_type; positions 0 … pos + n_tokens - 1 are filled */
  RpView v;        /* [n_context, n_kv_heads, dim_v] of kv_type */
  RpView sinks;    /* f32 [n_heads]; may be absent */
  RpView out;      /* [n_tokens, n_heads, dim_v] */
  RpDType kv_type; /* one of rp_is_cache_type(), whose block dim_k and dim_v are multiples of */
  guint n_tokens, pos, n_heads, n_kv_heads, dim_k, dim_v, window;
  float scale, softcap;
} RpOpAttention;

typedef enum
{
  RP_GATE_SOFTMAX,          /* p = softmax (logits) over all experts; select by p */
  RP_GATE_SIGMOID,          /* p = sigmoid (logits); select by p + selection_bias */
  RP_GATE_SOFTMAX_SELECTED, /* select by logits, then softmax over the selected ones */
  RP_GATE_SPARSE_MIXER,     /* select by logits l; p of a chosen one with logit m is its share of softmax (l) over those
                             * not yet chosen with m - l ≤ 0.02 · max (|l|, m) (Liu et al. 2024, inference) */
} RpGateKind;

/* Chooses n_used experts of n_expert for each token, highest first, ties to the lower index, and their weights:
 * p of the chosen, divided by their sum where normalize (the sum at least 6.1e-5), times scale.
 *
 * With n_groups not 0, the experts are n_groups runs of n_expert / n_groups, and the choice is among the experts of the
 * n_groups_used best groups: by the sum of what a group's group_top (1 or 2) best are selected by (DeepSeek-AI 2024). */
typedef struct
{
  RpGateKind gate;
  RpView logits;         /* [n_tokens, n_expert] */
  RpView selection_bias; /* f32 [n_expert], added for the choice only; may be absent */
  RpView ids;            /* out: i32 [n_tokens, n_used] */
  RpView weights;        /* out: f32 [n_tokens, n_used] */
  guint n_tokens, n_expert, n_used;
  guint n_groups, n_groups_used, group_top; /* 0: no groups */
  gboolean normalize;
  float scale;
} RpOpRoute;

typedef enum
{
  RP_ACT_SILU,
  RP_ACT_GELU, /* tanh approximation */
  RP_ACT_GELU_ERF,
  RP_ACT_RELU,
  RP_ACT_RELU_SQUARED,
  RP_ACT_SIGMOID,
  RP_ACT_SOFTPLUS, /* log (1 + e^x) */
  RP_ACT_SWIGLU_1, /* x · sigmoid (1.702 x), and the other factor is up + 1 */
  RP_ACT_CLAMP,    /* x, but not beyond ±limit */
  RP_ACT_SOFTCAP,  /* limit · tanh (x / limit) */
} RpActivation;

/* out[r, i] = act (gate[r, i]) · up[r, i]; without up, act (gate) alone. (Shazeer 2020) Where limit is not 0, gate is
 * first cut to at most limit and up to ±limit, but for the last two activations, whose own it is. Row r of gate and of
 * up stands at r · stride (0: n), the rows of out are dense; out may be gate or up where these are. */
typedef struct
{
  RpActivation activation;
  RpView gate, up, out; /* [n_rows, n]; up may be absent */
  guint n_rows, n, stride;
  float limit;
} RpOpGlu;

/* out[t, i] (accumulate: +=) Σ_j weights[t, j] y[t, j, i]; out may be y where n_used is 1. */
typedef struct
{
  RpView y;       /* [n_tokens, n_used, n] */
  RpView weights; /* f32 [n_tokens, n_used] */
  RpView out;     /* [n_tokens, n] */
  guint n_tokens, n_used, n;
  gboolean accumulate;
} RpOpCombine;

/* out[i] = scale · (a[i] + b[i]), b may be absent; out may be a or b. */
typedef struct
{
  RpView a, b, out; /* [n] */
  gsize n;
  float scale;
} RpOpAdd;

/* In place, x[r, i] = factors[e] · x[r, i] + bias[e, i], where e = ids[r], or 0 without ids. Some files keep a factor
 * beside a weight matrix (one an expert) that its product is multiplied with. */
typedef struct
{
  RpView x;       /* [n_rows, n] */
  RpView factors; /* f32 [1], or [n_expert] with ids */
  RpView ids;     /* i32 [n_rows]; may be absent */
  RpView bias;    /* f32 [n], or [n_expert, n] with ids; may be absent */
  guint n_rows, n, n_expert;
} RpOpScale;

/* out[r · out_stride + i] = x[r / repeat · x_stride + i] for i < n: takes rows apart and puts them together. What is
 * written and what is read do not overlap. */
typedef struct
{
  RpView x, out;
  guint n_rows, n, repeat, x_stride, out_stride;
} RpOpCopy;

typedef struct
{
  RpOpKind kind;
  gboolean concurrent; /* see above */
  union
  {
    RpOpEmbed embed;
    RpOpNorm norm;
    RpOpMatmul matmul;
    RpOpMatmulExperts matmul_experts;
    RpOpRope rope;
    RpOpStoreKv store_kv;
    RpOpAttention attention;
    RpOpRoute route;
    RpOpGlu glu;
    RpOpCombine combine;
    RpOpAdd add;
    RpOpScale scale;
    RpOpCopy copy;
  };
} RpOp;

typedef enum
{
  RP_BUFFER_DEVICE, /* activations, KV cache: fastest for the device */
  RP_BUFFER_READ,   /* what the host reads back: logits */
} RpBufferUse;

/* What a back end implements. Every function is called with its own back end or buffer. */
typedef struct
{
  void (*free) (RpBackend *backend);
  RpBuffer *(*buffer_new) (RpBackend *backend, gsize size, RpBufferUse use, GError **error);
  /* Weights: @data stays valid while the buffer lives, so a back end may read it in place. */
  RpBuffer *(*buffer_new_weights) (RpBackend *backend, const void *data, gsize size, GError **error);
  void (*buffer_free) (RpBackend *backend, RpBuffer *buffer);
  gboolean (*upload) (RpBackend *backend, RpView to, const void *data, gsize size, GError **error);
  gboolean (*download) (RpBackend *backend, RpView from, void *data, gsize size, GError **error);
  /* Checks all of @ops first (types it has, ranges), so that an operation is refused and never half done. Prepares
   * what @ops need that is made once: pipelines, scratch. */
  gboolean (*prepare) (RpBackend *backend, const RpOp *ops, gsize n_ops, GError **error);
  gboolean (*run) (RpBackend *backend, const RpOp *ops, gsize n_ops, const RpCancel *cancel, GError **error);
} RpBackendClass;

/* The first member of every back end. */
struct _RpBackend
{
  const RpBackendClass *klass;
};

void rp_backend_free (RpBackend *backend);
/* Zero-filled. RP_ERROR_MEMORY where there is not enough. */
RpBuffer *rp_backend_buffer_new (RpBackend *backend, gsize size, RpBufferUse use, GError **error);
RpBuffer *rp_backend_buffer_new_weights (RpBackend *backend, const void *data, gsize size, GError **error);
void rp_backend_buffer_free (RpBackend *backend, RpBuffer *buffer); /* NULL is fine */
gboolean rp_backend_upload (RpBackend *backend, RpView to, const void *data, gsize size, GError **error);
gboolean rp_backend_download (RpBackend *backend, RpView from, void *data, gsize size, GError **error);
/**
 * rp_backend_prepare:
 *
 * Makes pipelines and scratch for operations like @ops (the same kinds, types and shapes, weights as well aligned,
 * with no more tokens), so that rp_backend_run() allocates nothing and creates no pipeline. RP_ERROR_UNSUPPORTED names
 * what it cannot do.
 */
gboolean rp_backend_prepare (RpBackend *backend, const RpOp *ops, gsize n_ops, GError **error);
/**
 * rp_backend_run:
 *
 * Executes @ops in order and returns when the results can be read. @cancel (nullable) is looked at between
 * operations: RP_ERROR_CANCELLED, and what @ops write is undefined. RP_ERROR_DEVICE: the device was lost.
 */
gboolean rp_backend_run (RpBackend *backend, const RpOp *ops, gsize n_ops, const RpCancel *cancel, GError **error);

/* F32, F16, Q8_0 and Q4_0: what keys and values may be kept in. */
gboolean rp_is_cache_type (RpDType type);

/**
 * rp_ops_check:
 * @buffer_size: bytes of a buffer of this back end
 *
 * What prepare() and run() of every back end ask first (check.c): RP_ERROR_UNSUPPORTED for a type or kind that does
 * not exist here, RP_ERROR_ARGUMENT for an impossible shape or a view that does not hold what its operation touches.
 */
gboolean rp_ops_check (const RpOp *ops, gsize n_ops, gsize (*buffer_size) (const RpBuffer *buffer), GError **error);

/* The back ends. */
RpBackend *rp_reference_backend_new (void);                      /* cpu/reference.c: scalar, one thread, for tests */
RpBackend *rp_cpu_backend_new (guint n_threads, GError **error); /* cpu/cpu.c; 0: one thread a core */
char *rp_cpu_describe (void);                                    /* the instruction sets in use, "AVX2, FMA" */

typedef struct _RpVulkan RpVulkan;        /* vulkan/device.c: an instance and what it found */
RpVulkan *rp_vulkan_new (GError **error); /* RP_ERROR_DEVICE: no loader, no driver or no usable device, in words */
void rp_vulkan_free (RpVulkan *vulkan);
guint rp_vulkan_get_n_devices (RpVulkan *vulkan);
const RpDeviceInfo *rp_vulkan_get_device (RpVulkan *vulkan, guint index); /* id "vulkan:INDEX" */
guint64 rp_vulkan_get_free_memory (RpVulkan *vulkan, guint index); /* of its own heap, in bytes, as the driver says */
RpBackend *rp_vulkan_backend_new (RpVulkan *vulkan, guint index, GError **error); /* @vulkan outlives it */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RpBackend, rp_backend_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RpVulkan, rp_vulkan_free)

G_END_DECLS
