/* Products in f32, with nothing quantized but the weights themselves. */
#include "isa.h"

#include "../backend.h"

/* Columns first … first + n - 1 of a row, as f32. In place where they are. */
RP_INLINE const float *
columns_f32 (const RpDTypeInfo *info, RpDType type, const guint8 *row, gsize first, guint n, float *scratch)
{
  const guint16 *h = (const guint16 *)row + first;
  guint i = 0;

  switch (type)
    {
    case RP_DTYPE_F32:
      return (const float *)row + first;
    case RP_DTYPE_F16:
      for (; i + VL <= n; i += VL)
        vf_store (scratch + i, vf_load_half (h + i));
      for (; i < n; i++)
        scratch[i] = half_to_float (h[i]);
      return scratch;
    case RP_DTYPE_BF16:
      for (; i + VL <= n; i += VL)
        vf_store (scratch + i, vf_load_bf16 (h + i));
      for (; i < n; i++)
        scratch[i] = rp_bf16_to_float (h[i]);
      return scratch;
    default:
      info->dequantize (row + first / info->block_elements * info->block_bytes, scratch, n);
      return scratch;
    }
}

RP_INLINE float
dot (const float *a, const float *b, gsize n)
{
  vf s0 = vf_zero (), s1 = vf_zero (), s2 = vf_zero (), s3 = vf_zero ();
  gsize i = 0;

  for (; i + 4 * VL <= n; i += 4 * VL)
    {
      s0 = vf_fma (vf_load (a + i), vf_load (b + i), s0);
      s1 = vf_fma (vf_load (a + i + VL), vf_load (b + i + VL), s1);
      s2 = vf_fma (vf_load (a + i + 2 * VL), vf_load (b + i + 2 * VL), s2);
      s3 = vf_fma (vf_load (a + i + 3 * VL), vf_load (b + i + 3 * VL), s3);
    }
  for (; i + VL <= n; i += VL)
    s0 = vf_fma (vf_load (a + i), vf_load (b + i), s0);
  float sum = vf_sum (vf_add (vf_add (s0, s1), vf_add (s2, s3)));
  for (; i < n; i++)
    sum += a[i] * b[i];
  return sum;
}

void
RP_K (matvec_f32) (RpDType type,
                   const guint8 *w,
                   gsize row_bytes,
                   guint n_rows,
                   gsize n,
                   const float *const *x,
                   guint n_tokens,
                   float *out,
                   gsize ld)
{
  const RpDTypeInfo *info = rp_dtype_info (type);
  float scratch[RP_PANEL_COLUMNS];

  for (guint r = 0; r < n_rows; r++, w += row_bytes)
    {
      float sums[RP_MAX_MATVEC] = { 0 };
      for (gsize first = 0; first < n; first += RP_PANEL_COLUMNS)
        {
          guint m = (guint)MIN (n - first, RP_PANEL_COLUMNS);
          const float *row = columns_f32 (info, type, w, first, m, scratch);
          for (guint t = 0; t < n_tokens; t++)
            sums[t] += dot (row, x[t] + first, m);
        }
      for (guint t = 0; t < n_tokens; t++)
        out[t * ld + r] = sums[t];
    }
}

void
RP_K (unpack_f32) (RpDType type, const guint8 *const rows[RP_PANEL], gsize first, guint n, float (*panel)[RP_PANEL])
{
  const RpDTypeInfo *info = rp_dtype_info (type);
  float scratch[RP_PANEL_COLUMNS];

  for (guint r = 0; r < RP_PANEL; r++)
    {
      const float *row = columns_f32 (info, type, rows[r], first, n, scratch);
      for (guint c = 0; c < n; c++)
        panel[c][r] = row[c];
    }
}

/* T is a constant where this is inlined, so the sums stay in registers. */
RP_INLINE void
gemm_tile (guint T, const float (*panel)[RP_PANEL], guint n, const float *const *x, float (*acc)[RP_PANEL])
{
  vf sum[RP_MAX_FLOAT_TILE][VN];

  for (guint t = 0; t < T; t++)
    for (guint v = 0; v < VN; v++)
      sum[t][v] = vf_load (acc[t] + v * VL);
  for (guint c = 0; c < n; c++)
    {
      vf w[VN];
      for (guint v = 0; v < VN; v++)
        w[v] = vf_load (panel[c] + v * VL);
#pragma GCC unroll 12
      for (guint t = 0; t < T; t++)
        {
          vf b = vf_set1 (x[t][c]);
          for (guint v = 0; v < VN; v++)
            sum[t][v] = vf_fma (w[v], b, sum[t][v]);
        }
    }
  for (guint t = 0; t < T; t++)
    for (guint v = 0; v < VN; v++)
      vf_store (acc[t] + v * VL, sum[t][v]);
}

void
RP_K (gemm_f32) (const float (*panel)[RP_PANEL], guint n, const float *const *x, guint n_tokens, float (*acc)[RP_PANEL])
{
#define CASE(T)                                                                                                        \
  case T:                                                                                                              \
    gemm_tile (T, panel, n, x, acc);                                                                                   \
    break;
  switch (n_tokens)
    {
      CASE (1)
      CASE (2)
#if RP_SIMD
      CASE (3)
      CASE (4)
      CASE (5)
      CASE (6)
#endif
#if RP_SIMD == 512
      CASE (7)
      CASE (8)
      CASE (9)
      CASE (10)
      CASE (11)
      CASE (12)
#endif
    default:
      g_assert_not_reached ();
    }
#undef CASE
}
