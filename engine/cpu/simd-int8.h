/* Integer vectors for the int8 kernels: 256 bits in both AVX2 and AVX-512, which has one product instruction more. */
#pragma once

#include "simd.h"

RP_INLINE __m256i
load_256 (const void *p)
{
  return _mm256_loadu_si256 ((const __m256i *)p);
}

RP_INLINE void
store_256 (void *p, __m256i a)
{
  _mm256_storeu_si256 ((__m256i *)p, a);
}

RP_INLINE __m256i
and_256 (__m256i a, int mask)
{
  return _mm256_and_si256 (a, _mm256_set1_epi8 ((char)mask));
}

/* Sums of four neighbouring products, u8 by s8, in each lane of 32 bits. Exact for u up to 128: without VNNI, pairs are
 * summed in 16 bits. */
RP_INLINE __m256i
dot_4 (__m256i u, __m256i s)
{
#if RP_SIMD == 512
  return _mm256_dpbusd_epi32 (_mm256_setzero_si256 (), u, s);
#else
  return _mm256_madd_epi16 (_mm256_maddubs_epi16 (u, s), _mm256_set1_epi16 (1));
#endif
}

RP_INLINE float
sum_256 (__m256 a)
{
  __m128 c = _mm_add_ps (_mm256_castps256_ps128 (a), _mm256_extractf128_ps (a, 1));
  c = _mm_add_ps (c, _mm_movehl_ps (c, c));
  return _mm_cvtss_f32 (_mm_add_ss (c, _mm_movehdup_ps (c)));
}

/* The low nibbles of 16 bytes, then the high ones. */
RP_INLINE __m256i
nibbles (const guint8 *p)
{
  __m128i a = _mm_loadu_si128 ((const __m128i *)p);
  return and_256 (_mm256_inserti128_si256 (_mm256_castsi128_si256 (a), _mm_srli_epi16 (a, 4), 1), 15);
}

/* The eight scales (low half) and eight minimums (high half) of a Q4_K or Q5_K block, as bytes. */
RP_INLINE __m128i
k_scales (const guint8 *scales)
{
  guint32 a, b, c;

  memcpy (&a, scales, 4);
  memcpy (&b, scales + 4, 4);
  memcpy (&c, scales + 8, 4);
  guint64 s = (a & 0x3f3f3f3f) | (guint64)((c & 0x0f0f0f0f) | (a >> 2 & 0x30303030)) << 32;
  guint64 m = (b & 0x3f3f3f3f) | (guint64)((c >> 4 & 0x0f0f0f0f) | (b >> 2 & 0x30303030)) << 32;
  return _mm_set_epi64x ((gint64)m, (gint64)s);
}

RP_INLINE __m256
u8_to_f32 (__m128i a)
{
  return _mm256_cvtepi32_ps (_mm256_cvtepu8_epi32 (a));
}

RP_INLINE __m256
s8_to_f32 (__m128i a)
{
  return _mm256_cvtepi32_ps (_mm256_cvtepi8_epi32 (a));
}

/* out[i] lane j = in[j] lane i, of 32 bits */
RP_INLINE void
transpose_lanes (const __m256i in[8], __m256i out[8])
{
  __m256i a[8], b[8];

  for (int i = 0; i < 4; i++)
    {
      a[2 * i] = _mm256_unpacklo_epi32 (in[2 * i], in[2 * i + 1]);
      a[2 * i + 1] = _mm256_unpackhi_epi32 (in[2 * i], in[2 * i + 1]);
    }
  for (int i = 0; i < 2; i++)
    {
      b[4 * i] = _mm256_unpacklo_epi64 (a[4 * i], a[4 * i + 2]);
      b[4 * i + 1] = _mm256_unpackhi_epi64 (a[4 * i], a[4 * i + 2]);
      b[4 * i + 2] = _mm256_unpacklo_epi64 (a[4 * i + 1], a[4 * i + 3]);
      b[4 * i + 3] = _mm256_unpackhi_epi64 (a[4 * i + 1], a[4 * i + 3]);
    }
  for (int i = 0; i < 4; i++)
    {
      out[i] = _mm256_permute2x128_si256 (b[i], b[i + 4], 0x20);
      out[i + 4] = _mm256_permute2x128_si256 (b[i], b[i + 4], 0x31);
    }
}
