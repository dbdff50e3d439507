/* Activations to int8, in blocks of 32: d = max |x| / 127, q = round (x / d). */
#include "isa.h"
#include "simd-int8.h"

#define TILE (RP_SIMD == 512 ? 8 : 4)

gboolean
RP_K (has_int8) (RpDType type)
{
  switch (type)
    {
    case RP_DTYPE_F32:
    case RP_DTYPE_F16:
    case RP_DTYPE_BF16:
      return FALSE;
    default:
      return TRUE;
    }
}

typedef struct
{
  __m256i q;
  float d, s16[2];
} Block;

RP_INLINE int
sum_16 (__m128i q)
{
  __m256i ones = _mm256_set1_epi16 (1);
  __m256i s = _mm256_madd_epi16 (_mm256_cvtepi8_epi16 (q), ones);
  __m128i c = _mm_add_epi32 (_mm256_castsi256_si128 (s), _mm256_extracti128_si256 (s, 1));
  c = _mm_add_epi32 (c, _mm_shuffle_epi32 (c, 0x4e));
  return _mm_cvtsi128_si32 (_mm_add_epi32 (c, _mm_shuffle_epi32 (c, 0xb1)));
}

RP_INLINE Block
quantize_block (const float *x)
{
  __m256 v[4], largest = _mm256_setzero_ps (), sign = _mm256_set1_ps (-0.0f);
  Block block;

  for (int i = 0; i < 4; i++)
    {
      v[i] = _mm256_loadu_ps (x + 8 * i);
      largest = _mm256_max_ps (largest, _mm256_andnot_ps (sign, v[i]));
    }
  __m128 c = _mm_max_ps (_mm256_castps256_ps128 (largest), _mm256_extractf128_ps (largest, 1));
  c = _mm_max_ps (c, _mm_movehl_ps (c, c));
  float max = _mm_cvtss_f32 (_mm_max_ss (c, _mm_movehdup_ps (c)));
  /* So small a block that 127 / max has no f32: nothing of it survives in a sum of products either. */
  __m256 factor = _mm256_set1_ps (max > 1e-35f ? 127 / max : 0);

  __m256i q[4];
  for (int i = 0; i < 4; i++)
    q[i] = _mm256_cvtps_epi32 (_mm256_mul_ps (v[i], factor));
  __m256i packed = _mm256_packs_epi16 (_mm256_packs_epi32 (q[0], q[1]), _mm256_packs_epi32 (q[2], q[3]));
  block.q = _mm256_permutevar8x32_epi32 (packed, _mm256_setr_epi32 (0, 4, 1, 5, 2, 6, 3, 7));
  block.d = max / 127;
  block.s16[0] = block.d * (float)sum_16 (_mm256_castsi256_si128 (block.q));
  block.s16[1] = block.d * (float)sum_16 (_mm256_extracti128_si256 (block.q, 1));
  return block;
}

void
RP_K (quantize_row) (const float *x, gsize first, gsize n, const RpQuantRow *row)
{
  for (gsize i = first; i < first + n; i++)
    {
      Block block = quantize_block (x + i * RP_QUANT);
      store_256 (row->q + i * RP_QUANT, block.q);
      row->d[i] = block.d;
      row->s32[i] = block.s16[0] + block.s16[1];
      row->s16[2 * i] = block.s16[0];
      row->s16[2 * i + 1] = block.s16[1];
    }
}

void
RP_K (quantize_tile) (const float *const *x, guint n_rows, gsize n, void *tile)
{
  const guint width = TILE;
  guint8 *at = tile;

  if (n_rows < width)
    memset (tile, 0, n / RP_QUANT * RP_TILE_BLOCK_BYTES (width));
  for (gsize i = 0; i < n / RP_QUANT; i++, at += RP_TILE_BLOCK_BYTES (width))
    {
      float *d = (float *)(at + RP_QUANT * width), *s32 = d + width, *s16 = s32 + width;
      for (guint t = 0; t < n_rows; t++)
        {
          guint32 lanes[8];
          Block block = quantize_block (x[t] + i * RP_QUANT);
          store_256 (lanes, block.q);
          for (guint k = 0; k < 8; k++)
            memcpy (at + (k * width + t) * 4, &lanes[k], 4);
          d[t] = block.d;
          s32[t] = block.s16[0] + block.s16[1];
          s16[t] = block.s16[0];
          s16[width + t] = block.s16[1];
        }
    }
}
