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

/* Bit i of 32 as 16 in byte i. */
RP_INLINE __m256i
fifth_bits (const guint8 *qh)
{
  gint32 bits;

  memcpy (&bits, qh, sizeof bits);
  __m256i spread = _mm256_shuffle_epi8 (
    _mm256_set1_epi32 (bits), _mm256_setr_epi64x (0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303));
  __m256i bit = _mm256_set1_epi64x ((gint64)0x8040201008040201);
  return and_256 (_mm256_cmpeq_epi8 (_mm256_and_si256 (spread, bit), bit), 16);
}

/* What sixteen 4-bit indices a half stand for. */
RP_INLINE __m256i
look_up (const gint8 values[16], __m256i indices)
{
  return _mm256_shuffle_epi8 (_mm256_broadcastsi128_si256 (_mm_loadu_si128 ((const __m128i *)values)), indices);
}

/* A block of 32, in whatever type: 32 integers and what makes weights of them, w = scale · q - min. Those of IQ4_NL,
 * MXFP4 and Q8_0 are signed. */
typedef struct
{
  __m256i q;
  float scale, min;
} Block32;

RP_INLINE Block32
load_block_32 (RpDType type, const guint8 *block)
{
  RpHalf half[2];
  Block32 b = { .min = 0 };

  if (type == RP_DTYPE_MXFP4)
    {
      b.scale = rp_mxfp4_scale (block[0]);
      b.q = look_up (rp_mxfp4_values, nibbles (block + offsetof (RpBlockMXFP4, qs)));
      return b;
    }
  memcpy (half, block, sizeof half);
  b.scale = half_to_float (half[0]);
  switch (type)
    {
    case RP_DTYPE_Q4_0:
      b.q = nibbles (block + offsetof (RpBlockQ4_0, qs));
      b.min = 8 * b.scale;
      break;
    case RP_DTYPE_Q4_1:
      b.q = nibbles (block + offsetof (RpBlockQ4_1, qs));
      b.min = -half_to_float (half[1]);
      break;
    case RP_DTYPE_Q5_0:
      b.q = _mm256_or_si256 (nibbles (block + offsetof (RpBlockQ5_0, qs)),
                             fifth_bits (block + offsetof (RpBlockQ5_0, qh)));
      b.min = 16 * b.scale;
      break;
    case RP_DTYPE_Q5_1:
      b.q = _mm256_or_si256 (nibbles (block + offsetof (RpBlockQ5_1, qs)),
                             fifth_bits (block + offsetof (RpBlockQ5_1, qh)));
      b.min = -half_to_float (half[1]);
      break;
    case RP_DTYPE_IQ4_NL:
      b.q = look_up (rp_iq4_values, nibbles (block + offsetof (RpBlockIQ4_NL, qs)));
      break;
    default:
      b.q = load_256 (block + offsetof (RpBlockQ8_0, qs));
      break;
    }
  return b;
}

RP_INLINE gboolean
is_signed_32 (RpDType type)
{
  return type == RP_DTYPE_Q8_0 || type == RP_DTYPE_IQ4_NL || type == RP_DTYPE_MXFP4;
}

RP_INLINE gsize
block_bytes_32 (RpDType type)
{
  switch (type)
    {
    case RP_DTYPE_Q4_0:
      return sizeof (RpBlockQ4_0);
    case RP_DTYPE_Q4_1:
      return sizeof (RpBlockQ4_1);
    case RP_DTYPE_Q5_0:
      return sizeof (RpBlockQ5_0);
    case RP_DTYPE_Q5_1:
      return sizeof (RpBlockQ5_1);
    case RP_DTYPE_IQ4_NL:
      return sizeof (RpBlockIQ4_NL);
    case RP_DTYPE_MXFP4:
      return sizeof (RpBlockMXFP4);
    default:
      return sizeof (RpBlockQ8_0);
    }
}

/* The sixteen scales of a Q3_K block, -32 … 31. */
RP_INLINE __m128i
q3_k_scales (const guint8 *scales)
{
  guint32 a, b, c;

  memcpy (&a, scales, 4);
  memcpy (&b, scales + 4, 4);
  memcpy (&c, scales + 8, 4);
  __m128i s = _mm_setr_epi32 (
    (int)((a & 0x0f0f0f0f) | (c << 4 & 0x30303030)), (int)((b & 0x0f0f0f0f) | (c << 2 & 0x30303030)),
    (int)((a >> 4 & 0x0f0f0f0f) | (c & 0x30303030)), (int)((b >> 4 & 0x0f0f0f0f) | (c >> 2 & 0x30303030)));
  return _mm_sub_epi8 (s, _mm_set1_epi8 (32));
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
