/* Rows of weights, where they lie, times the quantized activations of one to four tokens.
 *
 * One token reads every weight once, and the memory is the limit; what is unpacked from a row meets all the tokens
 * while it is in registers.
 */
#include "isa.h"
#include "simd-int8.h"

/* How far ahead of the row's reading its memory is asked for. */
#define AHEAD 1024

RP_INLINE void
prefetch (const guint8 *p, guint bytes)
{
  for (guint i = 0; i < bytes; i += 64)
    _mm_prefetch ((const char *)p + AHEAD + i, _MM_HINT_T0);
}

/* What a row has summed up for each token: products by their scales, and minimums. */
typedef struct
{
  __m256 sum[2], min;
} Sums;

RP_INLINE float
total (const Sums *s)
{
  return sum_256 (_mm256_sub_ps (_mm256_add_ps (s->sum[0], s->sum[1]), s->min));
}

/* ---- Q4_K and Q5_K ---- */

RP_INLINE void
load_k (const guint8 *block, gboolean five, __m256i w[8])
{
  const guint8 *qs = block + (five ? offsetof (RpBlockQ5_K, qs) : offsetof (RpBlockQ4_K, qs));
  __m256i high = five ? load_256 (block + offsetof (RpBlockQ5_K, qh)) : _mm256_setzero_si256 ();

  for (guint g = 0; g < 4; g++)
    {
      __m256i q = load_256 (qs + 32 * g);
      w[2 * g] = and_256 (q, 15);
      w[2 * g + 1] = and_256 (_mm256_srli_epi16 (q, 4), 15);
      if (five)
        {
          __m256i bits = _mm256_srli_epi16 (high, 2 * g);
          w[2 * g] = _mm256_or_si256 (w[2 * g], and_256 (_mm256_slli_epi16 (bits, 4), 16));
          w[2 * g + 1] = _mm256_or_si256 (w[2 * g + 1], and_256 (_mm256_slli_epi16 (bits, 3), 16));
        }
    }
}

RP_INLINE void
add_k (const guint8 *block, gboolean five, gsize at, const RpQuantRow *x, guint T, Sums *sums)
{
  const RpBlockQ4_K *head = (const void *)block;
  __m128i bytes = k_scales (head->scales);
  __m256 scale = _mm256_mul_ps (_mm256_set1_ps (half_to_float (head->d)), u8_to_f32 (bytes));
  __m256 min = _mm256_mul_ps (_mm256_set1_ps (half_to_float (head->dmin)), u8_to_f32 (_mm_srli_si128 (bytes, 8)));
  __m256i w[8];

  load_k (block, five, w);
  for (guint t = 0; t < T; t++)
    {
      float factors[8];
      _mm256_storeu_ps (factors, _mm256_mul_ps (scale, _mm256_loadu_ps (x[t].d + at * 8)));
      sums[t].min = _mm256_fmadd_ps (min, _mm256_loadu_ps (x[t].s32 + at * 8), sums[t].min);
      for (guint j = 0; j < 8; j++)
        {
          __m256 f = _mm256_cvtepi32_ps (dot_4 (w[j], load_256 (x[t].q + at * 256 + 32 * j)));
          sums[t].sum[j & 1] = _mm256_fmadd_ps (f, _mm256_set1_ps (factors[j]), sums[t].sum[j & 1]);
        }
    }
}

/* ---- Q2_K, Q3_K and Q6_K: a scale for 16 elements ---- */

RP_INLINE void
load_q6_k (const RpBlockQ6_K *block, __m256i w[8])
{
  for (guint c = 0; c < 2; c++)
    {
      __m256i l0 = load_256 (block->ql + 64 * c), l1 = load_256 (block->ql + 64 * c + 32);
      __m256i high = load_256 (block->qh + 32 * c);
      w[4 * c] = _mm256_or_si256 (and_256 (l0, 15), and_256 (_mm256_slli_epi16 (high, 4), 48));
      w[4 * c + 1] = _mm256_or_si256 (and_256 (l1, 15), and_256 (_mm256_slli_epi16 (high, 2), 48));
      w[4 * c + 2] = _mm256_or_si256 (and_256 (_mm256_srli_epi16 (l0, 4), 15), and_256 (high, 48));
      w[4 * c + 3]
        = _mm256_or_si256 (and_256 (_mm256_srli_epi16 (l1, 4), 15), and_256 (_mm256_srli_epi16 (high, 2), 48));
    }
}

/* The 2 bits of each element, in the order of the elements. */
RP_INLINE void
load_crumbs (const guint8 qs[64], __m256i w[8])
{
  for (guint c = 0; c < 2; c++)
    {
      __m256i q = load_256 (qs + 32 * c);
      w[4 * c] = and_256 (q, 3);
      w[4 * c + 1] = and_256 (_mm256_srli_epi16 (q, 2), 3);
      w[4 * c + 2] = and_256 (_mm256_srli_epi16 (q, 4), 3);
      w[4 * c + 3] = and_256 (_mm256_srli_epi16 (q, 6), 3);
    }
}

RP_INLINE void
load_q3_k (const RpBlockQ3_K *block, __m256i w[8])
{
  __m256i high = load_256 (block->hmask);

  load_crumbs (block->qs, w);
  for (guint j = 0; j < 8; j++)
    {
      __m256i bit = j < 2 ? _mm256_slli_epi16 (high, 2 - (int)j) : _mm256_srli_epi16 (high, (int)j - 2);
      w[j] = _mm256_or_si256 (w[j], and_256 (bit, 4));
    }
}

/* Sixteen scales of 16 elements each, w = scale · q - min. The integer scales are multiplied in integers. */
typedef struct
{
  __m128i scales; /* s8 */
  float d;
  __m256 min[2];
} Halves;

RP_INLINE Halves
halves_of (RpDType type, const guint8 *p)
{
  Halves h;
  __m128i mins;
  float d_min;

  if (type == RP_DTYPE_Q2_K)
    {
      const RpBlockQ2_K *block = (const void *)p;
      __m128i bytes = _mm_loadu_si128 ((const __m128i *)block->scales), low = _mm_set1_epi8 (15);
      h.scales = _mm_and_si128 (bytes, low);
      mins = _mm_and_si128 (_mm_srli_epi16 (bytes, 4), low);
      h.d = half_to_float (block->d);
      d_min = half_to_float (block->dmin);
    }
  else if (type == RP_DTYPE_Q3_K)
    {
      const RpBlockQ3_K *block = (const void *)p;
      h.scales = mins = q3_k_scales (block->scales);
      h.d = half_to_float (block->d);
      d_min = 4 * h.d;
    }
  else
    {
      const RpBlockQ6_K *block = (const void *)p;
      h.scales = mins = _mm_loadu_si128 ((const __m128i *)block->scales);
      h.d = half_to_float (block->d);
      d_min = 32 * h.d;
    }
  h.min[0] = _mm256_mul_ps (_mm256_set1_ps (d_min), s8_to_f32 (mins));
  h.min[1] = _mm256_mul_ps (_mm256_set1_ps (d_min), s8_to_f32 (_mm_srli_si128 (mins, 8)));
  return h;
}

/* Picks scale 2j for the lower and 2j + 1 for the upper half of a vector, as 16-bit numbers times 256. */
#define PAIR(j) (gint16) ((2 * (j)) << 8 | 0x80), (gint16)((2 * (j) + 1) << 8 | 0x80)
static const gint16 half_scales[8][2]
  = { { PAIR (0) }, { PAIR (1) }, { PAIR (2) }, { PAIR (3) }, { PAIR (4) }, { PAIR (5) }, { PAIR (6) }, { PAIR (7) } };
#undef PAIR

RP_INLINE void
add_halves (RpDType type, const guint8 *block, gsize at, const RpQuantRow *x, guint T, Sums *sums)
{
  Halves h = halves_of (type, block);
  __m256i twice = _mm256_broadcastsi128_si256 (h.scales), w[8];

  if (type == RP_DTYPE_Q2_K)
    load_crumbs (((const RpBlockQ2_K *)block)->qs, w);
  else if (type == RP_DTYPE_Q3_K)
    load_q3_k ((const void *)block, w);
  else
    load_q6_k ((const void *)block, w);
  for (guint t = 0; t < T; t++)
    {
      float factors[8];
      _mm256_storeu_ps (factors, _mm256_mul_ps (_mm256_set1_ps (h.d / 256), _mm256_loadu_ps (x[t].d + at * 8)));
      sums[t].min = _mm256_fmadd_ps (h.min[0], _mm256_loadu_ps (x[t].s16 + at * 16), sums[t].min);
      sums[t].min = _mm256_fmadd_ps (h.min[1], _mm256_loadu_ps (x[t].s16 + at * 16 + 8), sums[t].min);
      for (guint j = 0; j < 8; j++)
        {
          __m256i pick = _mm256_inserti128_si256 (_mm256_castsi128_si256 (_mm_set1_epi16 (half_scales[j][0])),
                                                  _mm_set1_epi16 (half_scales[j][1]), 1);
          __m256i p = _mm256_maddubs_epi16 (w[j], load_256 (x[t].q + at * 256 + 32 * j));
          __m256 f = _mm256_cvtepi32_ps (_mm256_madd_epi16 (p, _mm256_shuffle_epi8 (twice, pick)));
          sums[t].sum[j & 1] = _mm256_fmadd_ps (f, _mm256_set1_ps (factors[j]), sums[t].sum[j & 1]);
        }
    }
}

/* ---- signed weights ---- */

RP_INLINE __m256i
dot_4_signed (__m256i w, __m256i q)
{
  return dot_4 (_mm256_abs_epi8 (w), _mm256_sign_epi8 (q, w));
}

RP_INLINE void
add_iq4_xs (const RpBlockIQ4_XS *block, gsize at, const RpQuantRow *x, guint T, Sums *sums)
{
  float d = half_to_float (block->d), scale[8];
  __m256i w[8];

  for (guint j = 0; j < 8; j++)
    {
      scale[j] = d * (float)rp_iq4_xs_scale (block, j);
      w[j] = look_up (rp_iq4_values, nibbles (block->qs + 16 * j));
    }
  for (guint t = 0; t < T; t++)
    for (guint j = 0; j < 8; j++)
      {
        __m256 f = _mm256_cvtepi32_ps (dot_4_signed (w[j], load_256 (x[t].q + at * 256 + 32 * j)));
        sums[t].sum[j & 1] = _mm256_fmadd_ps (f, _mm256_set1_ps (scale[j] * x[t].d[at * 8 + j]), sums[t].sum[j & 1]);
      }
}

/* ---- blocks of 32 ---- */

RP_INLINE void
add_32 (RpDType type, const guint8 *block, gsize at, const RpQuantRow *x, guint T, Sums *sums, float *mins)
{
  Block32 b = load_block_32 (type, block);

  for (guint t = 0; t < T; t++)
    {
      __m256i q = load_256 (x[t].q + at * 32);
      __m256i p = is_signed_32 (type) ? dot_4_signed (b.q, q) : dot_4 (b.q, q);
      sums[t].sum[at & 1]
        = _mm256_fmadd_ps (_mm256_cvtepi32_ps (p), _mm256_set1_ps (b.scale * x[t].d[at]), sums[t].sum[at & 1]);
      if (!is_signed_32 (type))
        mins[t] += b.min * x[t].s32[at];
    }
}

RP_INLINE void
dot_row (RpDType type, const guint8 *w, gsize n, const RpQuantRow *x, guint T, float *out, gsize ld)
{
  Sums sums[RP_MAX_MATVEC];
  float mins[RP_MAX_MATVEC] = { 0 };

  for (guint t = 0; t < T; t++)
    sums[t].sum[0] = sums[t].sum[1] = sums[t].min = _mm256_setzero_ps ();
  switch (type)
    {
    case RP_DTYPE_Q4_K:
    case RP_DTYPE_Q5_K:
      {
        const gsize bytes = type == RP_DTYPE_Q5_K ? sizeof (RpBlockQ5_K) : sizeof (RpBlockQ4_K);
        for (gsize i = 0; i < n / 256; i++, w += bytes)
          {
            prefetch (w, (guint)bytes);
            add_k (w, type == RP_DTYPE_Q5_K, i, x, T, sums);
          }
        break;
      }
    case RP_DTYPE_Q2_K:
    case RP_DTYPE_Q3_K:
    case RP_DTYPE_Q6_K:
      {
        const gsize bytes = type == RP_DTYPE_Q2_K   ? sizeof (RpBlockQ2_K)
                            : type == RP_DTYPE_Q3_K ? sizeof (RpBlockQ3_K)
                                                    : sizeof (RpBlockQ6_K);
        for (gsize i = 0; i < n / 256; i++, w += bytes)
          {
            prefetch (w, (guint)bytes);
            add_halves (type, w, i, x, T, sums);
          }
        break;
      }
    case RP_DTYPE_IQ4_XS:
      for (gsize i = 0; i < n / 256; i++, w += sizeof (RpBlockIQ4_XS))
        {
          prefetch (w, sizeof (RpBlockIQ4_XS));
          add_iq4_xs ((const void *)w, i, x, T, sums);
        }
      break;
    default:
      {
        const gsize bytes = block_bytes_32 (type);
        gsize i = 0;
        for (; i + 2 <= n / 32; i += 2, w += 2 * bytes)
          {
            prefetch (w, (guint)bytes);
            add_32 (type, w, i, x, T, sums, mins);
            add_32 (type, w + bytes, i + 1, x, T, sums, mins);
          }
        if (i < n / 32)
          add_32 (type, w, i, x, T, sums, mins);
        break;
      }
    }
  for (guint t = 0; t < T; t++)
    out[t * ld] = total (&sums[t]) - mins[t];
}

#define ROWS(name, type)                                                                                               \
  static void name (const guint8 *w, gsize row_bytes, guint n_rows, gsize n, const RpQuantRow *x, guint n_tokens,      \
                    float *out, gsize ld)                                                                              \
  {                                                                                                                    \
    switch (n_tokens)                                                                                                  \
      {                                                                                                                \
        CASE (type, 1)                                                                                                 \
        CASE (type, 2)                                                                                                 \
        CASE (type, 3)                                                                                                 \
        CASE (type, 4)                                                                                                 \
      default:                                                                                                         \
        g_assert_not_reached ();                                                                                       \
      }                                                                                                                \
  }
#define CASE(type, T)                                                                                                  \
  case T:                                                                                                              \
    for (guint r = 0; r < n_rows; r++)                                                                                 \
      dot_row (type, w + r * row_bytes, n, x, T, out + r, ld);                                                         \
    break;

ROWS (rows_q4_0, RP_DTYPE_Q4_0)
ROWS (rows_q4_1, RP_DTYPE_Q4_1)
ROWS (rows_q5_0, RP_DTYPE_Q5_0)
ROWS (rows_q5_1, RP_DTYPE_Q5_1)
ROWS (rows_q8_0, RP_DTYPE_Q8_0)
ROWS (rows_iq4_nl, RP_DTYPE_IQ4_NL)
ROWS (rows_mxfp4, RP_DTYPE_MXFP4)
ROWS (rows_q2_k, RP_DTYPE_Q2_K)
ROWS (rows_q3_k, RP_DTYPE_Q3_K)
ROWS (rows_q4_k, RP_DTYPE_Q4_K)
ROWS (rows_q5_k, RP_DTYPE_Q5_K)
ROWS (rows_q6_k, RP_DTYPE_Q6_K)
ROWS (rows_iq4_xs, RP_DTYPE_IQ4_XS)

void
RP_K (matvec_int8) (RpDType type,
                    const guint8 *w,
                    gsize row_bytes,
                    guint n_rows,
                    gsize n,
                    const RpQuantRow *x,
                    guint n_tokens,
                    float *out,
                    gsize ld)
{
  static void (*const rows[RP_DTYPE_LAST]) (const guint8 *w, gsize row_bytes, guint n_rows, gsize n,
                                            const RpQuantRow *x, guint n_tokens, float *out, gsize ld)
    = {
        [RP_DTYPE_Q4_0] = rows_q4_0,     [RP_DTYPE_Q4_1] = rows_q4_1, [RP_DTYPE_Q5_0] = rows_q5_0,
        [RP_DTYPE_Q5_1] = rows_q5_1,     [RP_DTYPE_Q8_0] = rows_q8_0, [RP_DTYPE_IQ4_NL] = rows_iq4_nl,
        [RP_DTYPE_MXFP4] = rows_mxfp4,   [RP_DTYPE_Q2_K] = rows_q2_k, [RP_DTYPE_Q3_K] = rows_q3_k,
        [RP_DTYPE_Q4_K] = rows_q4_k,     [RP_DTYPE_Q5_K] = rows_q5_k, [RP_DTYPE_Q6_K] = rows_q6_k,
        [RP_DTYPE_IQ4_XS] = rows_iq4_xs,
      };

  rows[type](w, row_bytes, n_rows, n, x, n_tokens, out, ld);
}
