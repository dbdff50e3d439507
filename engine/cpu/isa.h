/* Names of the kernels within the library of one instruction set: RP_ISA is avx512, avx2 or portable. */
#pragma once

#include "kernels.h"
#include "simd.h"

#include <stddef.h>

#define RP_PASTE2(a, b) rp_##a##_##b
#define RP_PASTE(a, b)  RP_PASTE2 (a, b)
#define RP_K(name)      RP_PASTE (name, RP_ISA)

/* matmul-f32.c */
void RP_K (matvec_f32) (RpDType type,
                        const guint8 *w,
                        gsize row_bytes,
                        guint n_rows,
                        gsize n,
                        const float *const *x,
                        guint n_tokens,
                        float *out,
                        gsize ld);
void
  RP_K (unpack_f32) (RpDType type, const guint8 *const rows[RP_PANEL], gsize first, guint n, float (*panel)[RP_PANEL]);
void RP_K (
  gemm_f32) (const float (*panel)[RP_PANEL], guint n, const float *const *x, guint n_tokens, float (*acc)[RP_PANEL]);

#if RP_SIMD
/* quantize.c */
gboolean RP_K (has_int8) (RpDType type);
void RP_K (quantize_row) (const float *x, gsize first, gsize n, const RpQuantRow *row);
void RP_K (quantize_tile) (const float *const *x, guint n_rows, gsize n, void *tile);
/* matvec-int8.c */
void RP_K (matvec_int8) (RpDType type,
                         const guint8 *w,
                         gsize row_bytes,
                         guint n_rows,
                         gsize n,
                         const RpQuantRow *x,
                         guint n_tokens,
                         float *out,
                         gsize ld);
/* unpack-int8.c */
void RP_K (unpack_int8) (RpDType type, const guint8 *const rows[RP_PANEL], gsize first, guint n, RpPanelBlock *panel);
/* matmul-int8.c */
void RP_K (gemm_int8) (RpDType type,
                       const RpPanelBlock *panel,
                       guint n,
                       const void *tile,
                       guint n_tokens,
                       float (*acc)[RP_PANEL]);
#endif

/* elementwise.c */
void RP_K (norm_rms) (const float *x, const float *weight, const float *bias, float *out, guint n, float eps);
void RP_K (norm_layer) (const float *x, const float *weight, const float *bias, float *out, guint n, float eps);
void RP_K (to_half) (const float *x, RpHalf *out, gsize n);
void RP_K (rope) (float *x, const float *cos_sin, guint n_rot, gboolean neox);
void RP_K (glu) (int activation, const float *gate, const float *up, float limit, float *out, gsize n);
void RP_K (add) (const float *a, const float *b, float scale, float *out, gsize n);
void RP_K (combine) (const float *y, const float *weights, guint n_used, gsize n, gboolean accumulate, float *out);
void RP_K (scale) (float *x, float factor, const float *bias, gsize n);
void RP_K (softmax) (float *x, guint n);

/* attention.c */
void RP_K (attention) (const RpAttentionJob *job,
                       guint kv_head,
                       guint first,
                       guint n,
                       guint begin,
                       guint end,
                       float *part,
                       float *scratch);
void
  RP_K (attention_join) (const float *parts, guint n_parts, gsize stride, guint dim_v, const float *sink, float *out);
