/* The kernels: what is compiled once for every instruction set, and the layouts that they share with their callers.
 *
 * A weight type is computed in one of two ways. In int8, activations are quantized to 8 bits in blocks of 32 with a
 * scale of their own and multiplied with the weights' integers; in f32, nothing is quantized. F32, F16 and BF16
 * weights always take the second way; an instruction set without int8 products takes it for every type.
 *
 * A matrix meets few tokens row by row, where it lies ("matvec"), and many in panels: RP_PANEL rows are unpacked, some
 * hundred columns at a time, into a form that stays in the first-level cache while all tokens pass by ("gemm").
 */
#pragma once

#include "../dtype.h"

G_BEGIN_DECLS

#define RP_PANEL           16  /* rows of a panel: one vector of AVX-512, two of AVX2 */
#define RP_QUANT           32  /* elements that share a scale in quantized activations */
#define RP_MAX_TILE        8   /* tokens whose quantized activations are interleaved, at most */
#define RP_MAX_MATVEC      4   /* tokens that a matvec takes */
#define RP_PANEL_BLOCKS    16  /* blocks of RP_QUANT columns unpacked at a time */
#define RP_MAX_FLOAT_TILE  12  /* tokens that gemm_f32 takes, at most */
#define RP_PANEL_COLUMNS   256 /* columns unpacked at a time for gemm_f32 */
#define RP_ATTENTION_BLOCK 32  /* positions of keys and values handled at a time */

/* One token's quantized activations: x[i] ≈ d[i / 32] · q[i]. */
typedef struct
{
  gint8 *q;   /* [n] */
  float *d;   /* [n / 32] */
  float *s32; /* [n / 32]: d times the sum of the block's q */
  float *s16; /* [n / 16]: the same for each half of a block */
} RpQuantRow;

/* RP_QUANT columns of RP_PANEL rows of weights, w = scale · q - min. */
typedef struct
{
  guint8 q[RP_QUANT / 4][RP_PANEL][4]; /* four neighbours of a row are a lane of 32 bits */
  float scale[RP_PANEL];
  float min[2][RP_PANEL]; /* types with a scale for 16 elements use both, the others the first */
  union
  {
    gint16 i16[2][RP_PANEL][2]; /* AVX2: the integer scales of both halves, twice; scale is what multiplies them */
    float f32[2][RP_PANEL];     /* VNNI: the scales of both halves */
  } half;
} RpPanelBlock;

/* Bytes that rows and tiles of quantized activations of n elements take, and what lies where in a row. */
#define RP_ROW_BYTES(n) ((gsize)(n) + (gsize)(n) / RP_QUANT * 4 * sizeof (float))
static inline RpQuantRow
rp_quant_row_at (void *memory, gsize n)
{
  float *d = (float *)((guint8 *)memory + n);
  return (RpQuantRow){ .q = memory, .d = d, .s32 = d + n / RP_QUANT, .s16 = d + 2 * (n / RP_QUANT) };
}
/* A tile is a row of blocks { gint8 q[8][tile][4]; float d[tile], s32[tile], s16[2][tile]; }. */
#define RP_TILE_BLOCK_BYTES(tile) ((gsize)(tile) * (RP_QUANT + 4 * sizeof (float)))

typedef struct
{
  const float *q;     /* [n_tokens, n_heads, dim_k] */
  const guint8 *k;    /* [n_context, n_kv_heads, dim_k] of type */
  const guint8 *v;    /* [n_context, n_kv_heads, dim_v] */
  const float *sinks; /* nullable */
  float *out;         /* [n_tokens, n_heads, dim_v] */
  RpDType type;       /* F32, F16, Q8_0 or Q4_0 */
  guint pos, n_heads, n_kv_heads, dim_k, dim_v, window;
  float scale, softcap;
} RpAttentionJob;

/* f32 elements of a thread's scratch for n_rows query rows (tokens times the heads of a group). */
static inline gsize
rp_attention_scratch (guint n_rows, guint dim_k, guint dim_v)
{
  gsize columns = (dim_v + 15) / 16 * 16;
  return n_rows * (gsize)(dim_k + columns + RP_ATTENTION_BLOCK + 2) + (gsize)RP_ATTENTION_BLOCK * (dim_k + columns)
         + 64;
}

typedef struct
{
  const char *name; /* "AVX2, FMA" */
  guint tile;       /* tokens of a tile of quantized activations */
  guint float_tile; /* tokens that gemm_f32 takes */

  /* ---- int8 products ---- */
  gboolean (*has_int8) (RpDType type);
  /* Blocks first … first + n - 1 of 32 of x */
  void (*quantize_row) (const float *x, gsize first, gsize n, const RpQuantRow *row);
  /* n_rows ≤ tile rows, the missing ones zero */
  void (*quantize_tile) (const float *const *x, guint n_rows, gsize n, void *tile);
  /* out[t · ld + r] = row r of w times x[t]; n_tokens ≤ RP_MAX_MATVEC */
  void (*matvec_int8) (RpDType type,
                       const guint8 *w,
                       gsize row_bytes,
                       guint n_rows,
                       gsize n,
                       const RpQuantRow *x,
                       guint n_tokens,
                       float *out,
                       gsize ld);
  /* Blocks first … first + n - 1 of each row */
  void (*unpack_int8) (RpDType type, const guint8 *const rows[RP_PANEL], gsize first, guint n, RpPanelBlock *panel);
  /* acc[t][r] += panel times the tile's tokens 0 … n_tokens - 1, both n blocks long */
  void (*gemm_int8) (RpDType type,
                     const RpPanelBlock *panel,
                     guint n,
                     const void *tile,
                     guint n_tokens,
                     float (*acc)[RP_PANEL]);

  /* ---- f32 products ---- */
  void (*matvec_f32) (RpDType type,
                      const guint8 *w,
                      gsize row_bytes,
                      guint n_rows,
                      gsize n,
                      const float *const *x,
                      guint n_tokens,
                      float *out,
                      gsize ld);
  /* columns first … first + n - 1 of each row as panel[column][row]; first is a multiple of RP_PANEL_COLUMNS */
  void (*unpack_f32) (RpDType type, const guint8 *const rows[RP_PANEL], gsize first, guint n, float (*panel)[RP_PANEL]);
  /* acc[t][r] += Σ_c panel[c][r] x[t][c]; n_tokens ≤ float_tile */
  void (
    *gemm_f32) (const float (*panel)[RP_PANEL], guint n, const float *const *x, guint n_tokens, float (*acc)[RP_PANEL]);

  /* ---- the rest ---- */
  void (*norm_rms) (const float *x, const float *weight, const float *bias, float *out, guint n, float eps);
  void (*norm_layer) (const float *x, const float *weight, const float *bias, float *out, guint n, float eps);
  void (*to_half) (const float *x, RpHalf *out, gsize n);
  void (*rope) (float *x, const float *cos_sin, guint n_rot, gboolean neox); /* cos_sin [n_rot / 2, 2] */
  void (*glu) (int activation, const float *gate, const float *up, float limit, float *out, gsize n);
  void (*add) (const float *a, const float *b, float scale, float *out, gsize n);
  void (*combine) (const float *y, const float *weights, guint n_used, gsize n, gboolean accumulate, float *out);
  void (*scale) (float *x, float factor, const float *bias, gsize n);
  void (*softmax) (float *x, guint n);
  /* One KV head's queries at tokens first … first + n - 1 against the positions begin … end - 1. Without a part, out
   * is written; with one, what rp_attention_join needs: part [n · group, dim_v + 2] gets sum, weight and maximum. */
  void (*attention) (const RpAttentionJob *job,
                     guint kv_head,
                     guint first,
                     guint n,
                     guint begin,
                     guint end,
                     float *part,
                     float *scratch);
  /* Joins n_parts parts of a query row, stride f32 apart. */
  void (*attention_join) (const float *parts, guint n_parts, gsize stride, guint dim_v, const float *sink, float *out);
} RpKernels;

extern const RpKernels rp_kernels_portable;
extern const RpKernels rp_kernels_avx2;   /* AVX2, FMA, F16C */
extern const RpKernels rp_kernels_avx512; /* those, AVX-512 F, BW, VL, DQ and VNNI */

/* The best that this processor (and the system's saving of its registers) allows. */
const RpKernels *rp_kernels_best (void);
/* All that this processor can run, best first, NULL at the end. For tests. */
const RpKernels *const *rp_kernels_all (void);

G_END_DECLS
