/* A panel of 16 rows of weights times a tile of tokens, in int8.
 *
 * A vector holds four neighbouring columns of 8 or 16 rows; four neighbouring activations of a token are broadcast
 * against it. Without VNNI, products of unsigned weights and signed activations are summed in 16 bits: as many as the
 * weights' bits leave room for (4 bits: the 32 columns of a block; 5: 16; 6: 8), then widened, then scaled in f32.
 */
#include "isa.h"
#include "simd-int8.h"

typedef enum
{
  FORM_4,      /* u ≤ 15 */
  FORM_5,      /* u ≤ 31 */
  FORM_6,      /* u ≤ 63 or fewer bits, a scale for 16 elements */
  FORM_SIGNED, /* s8; with VNNI, u8 */
} Form;

RP_INLINE gint32
lanes_at (const guint8 *p)
{
  gint32 a;
  memcpy (&a, p, sizeof a);
  return a;
}

#if RP_SIMD == 512

#define TILE 8

RP_INLINE void
gemm_tile (guint T, Form form, const RpPanelBlock *panel, guint n, const guint8 *tile, float (*acc)[RP_PANEL])
{
  __m512 sum[TILE];

  for (guint t = 0; t < T; t++)
    sum[t] = _mm512_loadu_ps (acc[t]);
  for (guint b = 0; b < n; b++, panel++, tile += RP_TILE_BLOCK_BYTES (TILE))
    {
      const float *d = (const float *)(tile + RP_QUANT * TILE), *s32 = d + TILE, *s16 = s32 + TILE;
      __m512i dots[2][TILE];
      for (guint half = 0; half < 2; half++)
        {
          if (half == 0 || form == FORM_6)
            for (guint t = 0; t < T; t++)
              dots[half][t] = _mm512_setzero_si512 ();
          __m512i *dot = dots[form == FORM_6 ? half : 0];
          for (guint k = 4 * half; k < 4 * half + 4; k++)
            {
              __m512i w = _mm512_loadu_si512 (panel->q[k]);
              for (guint t = 0; t < T; t++)
                dot[t] = _mm512_dpbusd_epi32 (dot[t], w, _mm512_set1_epi32 (lanes_at (tile + (k * TILE + t) * 4)));
            }
        }
      for (guint t = 0; t < T; t++)
        {
          __m512 f = _mm512_cvtepi32_ps (dots[0][t]);
          if (form == FORM_6)
            {
              f = _mm512_mul_ps (f, _mm512_loadu_ps (panel->half.f32[0]));
              f = _mm512_fmadd_ps (_mm512_cvtepi32_ps (dots[1][t]), _mm512_loadu_ps (panel->half.f32[1]), f);
              sum[t] = _mm512_fmadd_ps (f, _mm512_set1_ps (d[t]), sum[t]);
              sum[t] = _mm512_fnmadd_ps (_mm512_loadu_ps (panel->min[0]), _mm512_set1_ps (s16[t]), sum[t]);
              sum[t] = _mm512_fnmadd_ps (_mm512_loadu_ps (panel->min[1]), _mm512_set1_ps (s16[TILE + t]), sum[t]);
              continue;
            }
          f = _mm512_mul_ps (f, _mm512_loadu_ps (panel->scale));
          sum[t] = _mm512_fmadd_ps (f, _mm512_set1_ps (d[t]), sum[t]);
          sum[t] = _mm512_fnmadd_ps (_mm512_loadu_ps (panel->min[0]), _mm512_set1_ps (s32[t]), sum[t]);
        }
    }
  for (guint t = 0; t < T; t++)
    _mm512_storeu_ps (acc[t], sum[t]);
}

#else

#define TILE 4

/* sum[t] += the products of columns 4k … 4k + 4 · steps - 1, times factor */
RP_INLINE void
dot_columns (guint T,
             guint k,
             guint steps,
             const RpPanelBlock *panel,
             const guint8 *tile,
             const __m256i factor[2],
             __m256i (*sum)[2])
{
  __m256i p[TILE][2];

  for (guint i = k; i < k + steps; i++)
    {
      __m256i w0 = load_256 (panel->q[i][0]), w1 = load_256 (panel->q[i][8]);
      for (guint t = 0; t < T; t++)
        {
          __m256i x = _mm256_set1_epi32 (lanes_at (tile + (i * TILE + t) * 4));
          __m256i p0 = _mm256_maddubs_epi16 (w0, x), p1 = _mm256_maddubs_epi16 (w1, x);
          p[t][0] = i == k ? p0 : _mm256_add_epi16 (p[t][0], p0);
          p[t][1] = i == k ? p1 : _mm256_add_epi16 (p[t][1], p1);
        }
    }
  for (guint t = 0; t < T; t++)
    for (guint h = 0; h < 2; h++)
      {
        __m256i wide = _mm256_madd_epi16 (p[t][h], factor[h]);
        sum[t][h] = k == 0 ? wide : _mm256_add_epi32 (sum[t][h], wide);
      }
}

RP_INLINE void
dot_columns_signed (guint T, const RpPanelBlock *panel, const guint8 *tile, __m256i (*sum)[2])
{
  __m256i ones = _mm256_set1_epi16 (1);

  for (guint k = 0; k < 8; k++)
    for (guint h = 0; h < 2; h++)
      {
        __m256i w = load_256 (panel->q[k][8 * h]), u = _mm256_abs_epi8 (w);
        for (guint t = 0; t < T; t++)
          {
            __m256i x = _mm256_sign_epi8 (_mm256_set1_epi32 (lanes_at (tile + (k * TILE + t) * 4)), w);
            __m256i p = _mm256_madd_epi16 (_mm256_maddubs_epi16 (u, x), ones);
            sum[t][h] = k == 0 ? p : _mm256_add_epi32 (sum[t][h], p);
          }
      }
}

RP_INLINE void
dot_block (guint T, Form form, const RpPanelBlock *panel, const guint8 *tile, __m256i (*sum)[2])
{
  const __m256i ones[2] = { _mm256_set1_epi16 (1), _mm256_set1_epi16 (1) };

  switch (form)
    {
    case FORM_4:
      dot_columns (T, 0, 8, panel, tile, ones, sum);
      break;
    case FORM_5:
      dot_columns (T, 0, 4, panel, tile, ones, sum);
      dot_columns (T, 4, 4, panel, tile, ones, sum);
      break;
    case FORM_6:
      for (guint k = 0; k < 8; k += 2)
        {
          const gint16 (*factor)[2] = panel->half.i16[k / 4];
          __m256i factors[2] = { load_256 (factor), load_256 (factor + 8) };
          dot_columns (T, k, 2, panel, tile, factors, sum);
        }
      break;
    case FORM_SIGNED:
      dot_columns_signed (T, panel, tile, sum);
      break;
    }
}

RP_INLINE void
gemm_tile (guint T, Form form, const RpPanelBlock *panel, guint n, const guint8 *tile, float (*acc)[RP_PANEL])
{
  for (guint b = 0; b < n; b++, panel++, tile += RP_TILE_BLOCK_BYTES (TILE))
    {
      const float *d = (const float *)(tile + RP_QUANT * TILE), *s32 = d + TILE, *s16 = s32 + TILE;
      __m256i dots[TILE][2];
      dot_block (T, form, panel, tile, dots);
      for (guint h = 0; h < 2; h++)
        {
          __m256 scale = _mm256_loadu_ps (panel->scale + 8 * h);
          __m256 min0 = _mm256_loadu_ps (panel->min[0] + 8 * h), min1 = _mm256_loadu_ps (panel->min[1] + 8 * h);
          for (guint t = 0; t < T; t++)
            {
              __m256 sum = _mm256_loadu_ps (acc[t] + 8 * h);
              __m256 f = _mm256_mul_ps (_mm256_cvtepi32_ps (dots[t][h]), scale);
              sum = _mm256_fmadd_ps (f, _mm256_set1_ps (d[t]), sum);
              if (form == FORM_6)
                {
                  sum = _mm256_fnmadd_ps (min0, _mm256_set1_ps (s16[t]), sum);
                  sum = _mm256_fnmadd_ps (min1, _mm256_set1_ps (s16[TILE + t]), sum);
                }
              else if (form != FORM_SIGNED)
                sum = _mm256_fnmadd_ps (min0, _mm256_set1_ps (s32[t]), sum);
              _mm256_storeu_ps (acc[t] + 8 * h, sum);
            }
        }
    }
}

#endif

#define GEMM(name, form)                                                                                               \
  static void name (const RpPanelBlock *panel, guint n, const guint8 *tile, guint n_tokens, float (*acc)[RP_PANEL])    \
  {                                                                                                                    \
    switch (n_tokens)                                                                                                  \
      {                                                                                                                \
        CASES (form)                                                                                                   \
      default:                                                                                                         \
        g_assert_not_reached ();                                                                                       \
      }                                                                                                                \
  }
#define CASE(form, T)                                                                                                  \
  case T:                                                                                                              \
    gemm_tile (T, form, panel, n, tile, acc);                                                                          \
    break;
#if RP_SIMD == 512
#define CASES(form)                                                                                                    \
  CASE (form, 1)                                                                                                       \
  CASE (form, 2)                                                                                                       \
  CASE (form, 3) CASE (form, 4) CASE (form, 5) CASE (form, 6) CASE (form, 7) CASE (form, 8)
#else
#define CASES(form) CASE (form, 1) CASE (form, 2) CASE (form, 3) CASE (form, 4)
#endif

GEMM (gemm_4, FORM_4)
GEMM (gemm_6, FORM_6)
#if RP_SIMD != 512 /* with VNNI these are as FORM_4 */
GEMM (gemm_5, FORM_5)
GEMM (gemm_signed, FORM_SIGNED)
#else
#define gemm_5      gemm_4
#define gemm_signed gemm_4
#endif

void
RP_K (gemm_int8) (RpDType type,
                  const RpPanelBlock *panel,
                  guint n,
                  const void *tile,
                  guint n_tokens,
                  float (*acc)[RP_PANEL])
{
  switch (type)
    {
    case RP_DTYPE_Q2_K:
    case RP_DTYPE_Q3_K:
    case RP_DTYPE_Q6_K:
      gemm_6 (panel, n, tile, n_tokens, acc);
      break;
    case RP_DTYPE_Q5_0:
    case RP_DTYPE_Q5_1:
    case RP_DTYPE_Q5_K:
      gemm_5 (panel, n, tile, n_tokens, acc);
      break;
    case RP_DTYPE_Q8_0:
    case RP_DTYPE_IQ4_NL:
    case RP_DTYPE_IQ4_XS:
    case RP_DTYPE_MXFP4:
      gemm_signed (panel, n, tile, n_tokens, acc);
      break;
    default:
      gemm_4 (panel, n, tile, n_tokens, acc);
      break;
    }
}
