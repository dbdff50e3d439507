/* Blocks of 16 rows of any quantized type, unpacked to a panel: bytes in lanes of four columns, scales as f32. */
#include "isa.h"
#include "simd-int8.h"

/* Writes a transposed half of a panel's block (rows 8h … 8h + 7). */
RP_INLINE void
store_lanes (RpPanelBlock *block, guint h, const __m256i lanes[8])
{
  for (guint k = 0; k < 8; k++)
    store_256 (block->q[k][8 * h], lanes[k]);
}

/* From eight f32 of each of eight rows, the eight rows' f32 for each of eight blocks: at (i) is where block i's go. */
#define STORE_SCALES(rows, at)                                                                                         \
  do                                                                                                                   \
    {                                                                                                                  \
      __m256i turned[8];                                                                                               \
      transpose_lanes (rows, turned);                                                                                  \
      for (guint i = 0; i < 8; i++)                                                                                    \
        store_256 (at, turned[i]);                                                                                     \
    }                                                                                                                  \
  while (0)

/* Eight rows of one block of 256 of Q4_K, or Q5_K, which has a fifth bit. */
RP_INLINE void
unpack_k (const guint8 *const rows[8], gboolean five, guint h, RpPanelBlock *panel)
{
  const guint qs = five ? offsetof (RpBlockQ5_K, qs) : offsetof (RpBlockQ4_K, qs);
  __m256i in[8], high[8], scales[8], mins[8];

  for (guint r = 0; r < 8; r++)
    {
      const RpBlockQ4_K *block = (const void *)rows[r]; /* Q5_K begins alike */
      __m128i s = k_scales (block->scales);
      __m256 d = _mm256_set1_ps (half_to_float (block->d)), dmin = _mm256_set1_ps (half_to_float (block->dmin));
      scales[r] = _mm256_castps_si256 (_mm256_mul_ps (d, u8_to_f32 (s)));
      mins[r] = _mm256_castps_si256 (_mm256_mul_ps (dmin, u8_to_f32 (_mm_srli_si128 (s, 8))));
      if (five)
        in[r] = load_256 (rows[r] + offsetof (RpBlockQ5_K, qh));
    }
  STORE_SCALES (scales, panel[i].scale + 8 * h);
  STORE_SCALES (mins, panel[i].min[0] + 8 * h);
  if (five)
    transpose_lanes (in, high);

  for (guint g = 0; g < 4; g++)
    {
      __m256i lanes[8], low[8], up[8];
      for (guint r = 0; r < 8; r++)
        in[r] = load_256 (rows[r] + qs + 32 * g);
      transpose_lanes (in, lanes);
      for (guint k = 0; k < 8; k++)
        {
          low[k] = and_256 (lanes[k], 15);
          up[k] = and_256 (_mm256_srli_epi16 (lanes[k], 4), 15);
          if (five)
            {
              __m256i bits = _mm256_srl_epi16 (high[k], _mm_cvtsi32_si128 ((int)(2 * g)));
              low[k] = _mm256_or_si256 (low[k], _mm256_slli_epi16 (and_256 (bits, 1), 4));
              up[k] = _mm256_or_si256 (up[k], _mm256_slli_epi16 (and_256 (bits, 2), 3));
            }
        }
      store_lanes (panel + 2 * g, h, low);
      store_lanes (panel + 2 * g + 1, h, up);
    }
}

static void
unpack_q6_k_scales (const RpBlockQ6_K *block, guint row, RpPanelBlock *panel)
{
  float d = half_to_float (block->d);

  for (guint i = 0; i < 8; i++)
    {
      panel[i].scale[row] = d;
      for (guint half = 0; half < 2; half++)
        {
          gint8 s = block->scales[2 * i + half];
          panel[i].min[half][row] = 32 * d * s;
#if RP_SIMD == 512
          panel[i].half.f32[half][row] = d * s;
#else
          panel[i].half.i16[half][row][0] = panel[i].half.i16[half][row][1] = s;
#endif
        }
    }
}

RP_INLINE void
unpack_q6_k (const guint8 *const rows[8], guint h, RpPanelBlock *panel)
{
  for (guint r = 0; r < 8; r++)
    unpack_q6_k_scales ((const void *)rows[r], 8 * h + r, panel);
  for (guint c = 0; c < 2; c++) /* 128 elements */
    {
      __m256i in[8], low[2][8], high[8], out[8];
      for (guint part = 0; part < 2; part++)
        {
          for (guint r = 0; r < 8; r++)
            in[r] = load_256 (rows[r] + offsetof (RpBlockQ6_K, ql) + 64 * c + 32 * part);
          transpose_lanes (in, low[part]);
        }
      for (guint r = 0; r < 8; r++)
        in[r] = load_256 (rows[r] + offsetof (RpBlockQ6_K, qh) + 32 * c);
      transpose_lanes (in, high);
      for (guint g = 0; g < 4; g++)
        {
          for (guint k = 0; k < 8; k++)
            {
              __m256i l = g < 2 ? low[g][k] : _mm256_srli_epi16 (low[g - 2][k], 4);
              __m256i u = _mm256_srl_epi16 (high[k], _mm_cvtsi32_si128 ((int)(2 * g)));
              out[k] = _mm256_or_si256 (and_256 (l, 15), _mm256_slli_epi16 (and_256 (u, 3), 4));
            }
          store_lanes (panel + 4 * c + g, h, out);
        }
    }
}

/* Eight rows of one block of 32. */
RP_INLINE void
unpack_32 (RpDType type, const guint8 *const rows[8], guint h, RpPanelBlock *panel)
{
  __m256i in[8], lanes[8];

  for (guint r = 0; r < 8; r++)
    {
      RpHalf d;
      memcpy (&d, rows[r], sizeof d);
      float scale = half_to_float (d), min = 0;
      switch (type)
        {
        case RP_DTYPE_Q4_0:
          in[r] = nibbles (rows[r] + offsetof (RpBlockQ4_0, qs));
          min = 8 * scale;
          break;
        case RP_DTYPE_Q4_1:
          in[r] = nibbles (rows[r] + offsetof (RpBlockQ4_1, qs));
          min = -half_to_float (((const RpBlockQ4_1 *)rows[r])->m);
          break;
        default:
          in[r] = load_256 (rows[r] + offsetof (RpBlockQ8_0, qs));
#if RP_SIMD == 512
          in[r] = _mm256_xor_si256 (in[r], _mm256_set1_epi8 (-128));
          min = 128 * scale;
#endif
          break;
        }
      panel->scale[8 * h + r] = scale;
      panel->min[0][8 * h + r] = min;
    }
  transpose_lanes (in, lanes);
  store_lanes (panel, h, lanes);
}

#define EACH(first, n, blocks, bytes, call)                                                                            \
  for (guint b = 0; b < (n) / (blocks); b++)                                                                           \
    for (guint h = 0; h < 2; h++)                                                                                      \
      {                                                                                                                \
        const guint8 *at[8];                                                                                           \
        for (guint r = 0; r < 8; r++)                                                                                  \
          at[r] = rows[8 * h + r] + ((first) / (blocks) + b) * (bytes);                                                \
        call;                                                                                                          \
      }

void
RP_K (unpack_int8) (RpDType type, const guint8 *const rows[RP_PANEL], gsize first, guint n, RpPanelBlock *panel)
{
  switch (type)
    {
    case RP_DTYPE_Q4_K:
      EACH (first, n, 8, sizeof (RpBlockQ4_K), unpack_k (at, FALSE, h, panel + 8 * b))
      break;
    case RP_DTYPE_Q5_K:
      EACH (first, n, 8, sizeof (RpBlockQ5_K), unpack_k (at, TRUE, h, panel + 8 * b))
      break;
    case RP_DTYPE_Q6_K:
      EACH (first, n, 8, sizeof (RpBlockQ6_K), unpack_q6_k (at, h, panel + 8 * b))
      break;
    case RP_DTYPE_Q4_0:
      EACH (first, n, 1, sizeof (RpBlockQ4_0), unpack_32 (RP_DTYPE_Q4_0, at, h, panel + b))
      break;
    case RP_DTYPE_Q4_1:
      EACH (first, n, 1, sizeof (RpBlockQ4_1), unpack_32 (RP_DTYPE_Q4_1, at, h, panel + b))
      break;
    default:
      EACH (first, n, 1, sizeof (RpBlockQ8_0), unpack_32 (RP_DTYPE_Q8_0, at, h, panel + b))
      break;
    }
}
