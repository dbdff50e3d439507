/* Vectors of f32, as few primitives as the kernels need, in whatever instruction set a file is compiled for:
 * RP_SIMD 512 (AVX-512 with VNNI), 256 (AVX2, FMA, F16C) or 0 (the compiler's own vectors, any processor).
 *
 * With RP_SIMD_EMULATED the intrinsics of AVX-512 are SIMDe's, so that the same source can be tested where the
 * processor has none.
 */
#pragma once

#include "../dtype.h"

#include <math.h>
#include <string.h>

#if RP_SIMD_EMULATED
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#include <simde/x86/f16c.h>
#include <simde/x86/fma.h>
#elif RP_SIMD
#include <immintrin.h>
#endif

#define RP_INLINE static inline __attribute__ ((always_inline, unused))

#if RP_SIMD == 512

#define VL 16
typedef __m512 vf;
RP_INLINE vf
vf_load (const float *p)
{
  return _mm512_loadu_ps (p);
}
RP_INLINE void
vf_store (float *p, vf a)
{
  _mm512_storeu_ps (p, a);
}
RP_INLINE vf
vf_set1 (float a)
{
  return _mm512_set1_ps (a);
}
RP_INLINE vf
vf_add (vf a, vf b)
{
  return _mm512_add_ps (a, b);
}
RP_INLINE vf
vf_sub (vf a, vf b)
{
  return _mm512_sub_ps (a, b);
}
RP_INLINE vf
vf_mul (vf a, vf b)
{
  return _mm512_mul_ps (a, b);
}
RP_INLINE vf
vf_div (vf a, vf b)
{
  return _mm512_div_ps (a, b);
}
RP_INLINE vf
vf_max (vf a, vf b)
{
  return _mm512_max_ps (a, b);
}
RP_INLINE vf
vf_min (vf a, vf b)
{
  return _mm512_min_ps (a, b);
}
/* a · b + c */
RP_INLINE vf
vf_fma (vf a, vf b, vf c)
{
  return _mm512_fmadd_ps (a, b, c);
}
RP_INLINE vf
vf_round (vf a)
{
  return _mm512_roundscale_ps (a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
/* 2^a for whole a in -126 … 127 */
RP_INLINE vf
vf_exp2_whole (vf a)
{
  __m512i e = _mm512_slli_epi32 (_mm512_add_epi32 (_mm512_cvtps_epi32 (a), _mm512_set1_epi32 (127)), 23);
  return _mm512_castsi512_ps (e);
}
RP_INLINE vf
vf_load_half (const RpHalf *p)
{
  return _mm512_cvtph_ps (_mm256_loadu_si256 ((const __m256i *)p));
}
RP_INLINE vf
vf_load_bf16 (const guint16 *p)
{
  __m512i w = _mm512_cvtepu16_epi32 (_mm256_loadu_si256 ((const __m256i *)p));
  return _mm512_castsi512_ps (_mm512_slli_epi32 (w, 16));
}
RP_INLINE void
vf_store_half (RpHalf *p, vf a)
{
  _mm256_storeu_si256 ((__m256i *)p, _mm512_cvtps_ph (a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
RP_INLINE float
vf_sum (vf a)
{
  __m256 b
    = _mm256_add_ps (_mm512_castps512_ps256 (a), _mm256_castpd_ps (_mm512_extractf64x4_pd (_mm512_castps_pd (a), 1)));
  __m128 c = _mm_add_ps (_mm256_castps256_ps128 (b), _mm256_extractf128_ps (b, 1));
  c = _mm_add_ps (c, _mm_movehl_ps (c, c));
  return _mm_cvtss_f32 (_mm_add_ss (c, _mm_movehdup_ps (c)));
}
RP_INLINE float
vf_largest (vf a)
{
  __m256 b
    = _mm256_max_ps (_mm512_castps512_ps256 (a), _mm256_castpd_ps (_mm512_extractf64x4_pd (_mm512_castps_pd (a), 1)));
  __m128 c = _mm_max_ps (_mm256_castps256_ps128 (b), _mm256_extractf128_ps (b, 1));
  c = _mm_max_ps (c, _mm_movehl_ps (c, c));
  return _mm_cvtss_f32 (_mm_max_ss (c, _mm_movehdup_ps (c)));
}

#elif RP_SIMD == 256

#define VL 8
typedef __m256 vf;
RP_INLINE vf
vf_load (const float *p)
{
  return _mm256_loadu_ps (p);
}
RP_INLINE void
vf_store (float *p, vf a)
{
  _mm256_storeu_ps (p, a);
}
RP_INLINE vf
vf_set1 (float a)
{
  return _mm256_set1_ps (a);
}
RP_INLINE vf
vf_add (vf a, vf b)
{
  return _mm256_add_ps (a, b);
}
RP_INLINE vf
vf_sub (vf a, vf b)
{
  return _mm256_sub_ps (a, b);
}
RP_INLINE vf
vf_mul (vf a, vf b)
{
  return _mm256_mul_ps (a, b);
}
RP_INLINE vf
vf_div (vf a, vf b)
{
  return _mm256_div_ps (a, b);
}
RP_INLINE vf
vf_max (vf a, vf b)
{
  return _mm256_max_ps (a, b);
}
RP_INLINE vf
vf_min (vf a, vf b)
{
  return _mm256_min_ps (a, b);
}
RP_INLINE vf
vf_fma (vf a, vf b, vf c)
{
  return _mm256_fmadd_ps (a, b, c);
}
RP_INLINE vf
vf_round (vf a)
{
  return _mm256_round_ps (a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
RP_INLINE vf
vf_exp2_whole (vf a)
{
  __m256i e = _mm256_slli_epi32 (_mm256_add_epi32 (_mm256_cvtps_epi32 (a), _mm256_set1_epi32 (127)), 23);
  return _mm256_castsi256_ps (e);
}
RP_INLINE vf
vf_load_half (const RpHalf *p)
{
  return _mm256_cvtph_ps (_mm_loadu_si128 ((const __m128i *)p));
}
RP_INLINE vf
vf_load_bf16 (const guint16 *p)
{
  __m256i w = _mm256_cvtepu16_epi32 (_mm_loadu_si128 ((const __m128i *)p));
  return _mm256_castsi256_ps (_mm256_slli_epi32 (w, 16));
}
RP_INLINE void
vf_store_half (RpHalf *p, vf a)
{
  _mm_storeu_si128 ((__m128i *)p, _mm256_cvtps_ph (a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
RP_INLINE float
vf_sum (vf a)
{
  __m128 c = _mm_add_ps (_mm256_castps256_ps128 (a), _mm256_extractf128_ps (a, 1));
  c = _mm_add_ps (c, _mm_movehl_ps (c, c));
  return _mm_cvtss_f32 (_mm_add_ss (c, _mm_movehdup_ps (c)));
}
RP_INLINE float
vf_largest (vf a)
{
  __m128 c = _mm_max_ps (_mm256_castps256_ps128 (a), _mm256_extractf128_ps (a, 1));
  c = _mm_max_ps (c, _mm_movehl_ps (c, c));
  return _mm_cvtss_f32 (_mm_max_ss (c, _mm_movehdup_ps (c)));
}

#else

#define VL 4
typedef float vf __attribute__ ((vector_size (16)));
typedef gint32 vf_mask __attribute__ ((vector_size (16)));
RP_INLINE vf
vf_load (const float *p)
{
  vf a;
  memcpy (&a, p, sizeof a);
  return a;
}
RP_INLINE void
vf_store (float *p, vf a)
{
  memcpy (p, &a, sizeof a);
}
RP_INLINE vf
vf_set1 (float a)
{
  return (vf){ a, a, a, a };
}
RP_INLINE vf
vf_add (vf a, vf b)
{
  return a + b;
}
RP_INLINE vf
vf_sub (vf a, vf b)
{
  return a - b;
}
RP_INLINE vf
vf_mul (vf a, vf b)
{
  return a * b;
}
RP_INLINE vf
vf_div (vf a, vf b)
{
  return a / b;
}
RP_INLINE vf
vf_select (vf_mask m, vf a, vf b)
{
  return (vf)((m & (vf_mask)a) | (~m & (vf_mask)b));
}
RP_INLINE vf
vf_max (vf a, vf b)
{
  return vf_select (a > b, a, b);
}
RP_INLINE vf
vf_min (vf a, vf b)
{
  return vf_select (a < b, a, b);
}
RP_INLINE vf
vf_fma (vf a, vf b, vf c)
{
  return a * b + c;
}
RP_INLINE vf
vf_round (vf a)
{
  return (vf){ rintf (a[0]), rintf (a[1]), rintf (a[2]), rintf (a[3]) };
}
RP_INLINE vf
vf_exp2_whole (vf a)
{
  vf_mask e = { (gint32)a[0], (gint32)a[1], (gint32)a[2], (gint32)a[3] };
  return (vf)((e + 127) << 23);
}
RP_INLINE vf
vf_load_half (const RpHalf *p)
{
  return (vf){ rp_half_to_float (p[0]), rp_half_to_float (p[1]), rp_half_to_float (p[2]), rp_half_to_float (p[3]) };
}
RP_INLINE vf
vf_load_bf16 (const guint16 *p)
{
  return (vf){ rp_bf16_to_float (p[0]), rp_bf16_to_float (p[1]), rp_bf16_to_float (p[2]), rp_bf16_to_float (p[3]) };
}
RP_INLINE void
vf_store_half (RpHalf *p, vf a)
{
  for (int i = 0; i < VL; i++)
    p[i] = rp_float_to_half (a[i]);
}
RP_INLINE float
vf_sum (vf a)
{
  return (a[0] + a[2]) + (a[1] + a[3]);
}
RP_INLINE float
vf_largest (vf a)
{
  return fmaxf (fmaxf (a[0], a[2]), fmaxf (a[1], a[3]));
}

#endif

RP_INLINE vf
vf_zero (void)
{
  return vf_set1 (0);
}

#define VN (16 / VL) /* vectors of sixteen f32: a panel's rows */

/* e^a, relative error below 2e-7, for a clamped to -87.33 … 88.3 (so never 0, a denormal or infinite). Cody and
 * Waite's reduction to |r| ≤ ln 2 / 2, then the minimax polynomial of Cephes' expf. */
RP_INLINE vf
vf_exp (vf a)
{
  vf x = vf_min (vf_max (a, vf_set1 (-87.33f)), vf_set1 (88.3f));
  vf n = vf_round (vf_mul (x, vf_set1 (1.44269504088896341f)));
  vf r = vf_fma (n, vf_set1 (-0.693359375f), x);
  r = vf_fma (n, vf_set1 (2.12194440e-4f), r);

  vf p = vf_set1 (1.9875691500e-4f);
  p = vf_fma (p, r, vf_set1 (1.3981999507e-3f));
  p = vf_fma (p, r, vf_set1 (8.3334519073e-3f));
  p = vf_fma (p, r, vf_set1 (4.1665795894e-2f));
  p = vf_fma (p, r, vf_set1 (1.6666665459e-1f));
  p = vf_fma (p, r, vf_set1 (5.0000001201e-1f));
  p = vf_fma (p, vf_mul (r, r), vf_add (r, vf_set1 (1.0f)));
  return vf_mul (p, vf_exp2_whole (n));
}

/* f16 to f32 of one number, in hardware where there is any. */
RP_INLINE float
half_to_float (RpHalf h)
{
#if RP_SIMD
  return _mm_cvtss_f32 (_mm_cvtph_ps (_mm_cvtsi32_si128 (h)));
#else
  return rp_half_to_float (h);
#endif
}
