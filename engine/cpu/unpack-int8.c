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

/* The scales of both halves of block i of a row, w = d sc q - min. */
RP_INLINE void
put_halves (RpPanelBlock *panel, guint row, float d, int scale0, int scale1, float min0, float min1)
{
  panel->scale[row] = d;
  panel->min[0][row] = min0;
  panel->min[1][row] = min1;
#if RP_SIMD == 512
  panel->half.f32[0][row] = d * (float)scale0;
  panel->half.f32[1][row] = d * (float)scale1;
#else
  panel->half.i16[0][row][0] = panel->half.i16[0][row][1] = (gint16)scale0;
  panel->half.i16[1][row][0] = panel->half.i16[1][row][1] = (gint16)scale1;
#endif
}

static void
unpack_q2_k_scales (const RpBlockQ2_K *block, guint row, RpPanelBlock *panel)
{
  float d = half_to_float (block->d), dmin = half_to_float (block->dmin);

  for (guint i = 0; i < 8; i++)
    {
      guint8 a = block->scales[2 * i], b = block->scales[2 * i + 1];
      put_halves (panel + i, row, d, a & 15, b & 15, dmin * (float)(a >> 4), dmin * (float)(b >> 4));
    }
}

static void
unpack_q3_k_scales (const RpBlockQ3_K *block, guint row, RpPanelBlock *panel)
{
  float d = half_to_float (block->d);
  gint8 s[16];

  _mm_storeu_si128 ((__m128i *)s, q3_k_scales (block->scales));
  for (guint i = 0; i < 8; i++)
    put_halves (panel + i, row, d, s[2 * i], s[2 * i + 1], 4 * d * s[2 * i], 4 * d * s[2 * i + 1]);
}

static void
unpack_q6_k_scales (const RpBlockQ6_K *block, guint row, RpPanelBlock *panel)
{
  float d = half_to_float (block->d);
  const gint8 *s = block->scales;

  for (guint i = 0; i < 8; i++)
    put_halves (panel + i, row, d, s[2 * i], s[2 * i + 1], 32 * d * s[2 * i], 32 * d * s[2 * i + 1]);
}

/* Q2_K, and Q3_K, which has a third bit. */
RP_INLINE void
unpack_crumbs (const guint8 *const rows[8], gboolean three, guint h, RpPanelBlock *panel)
{
  const guint qs = three ? offsetof (RpBlockQ3_K, qs) : offsetof (RpBlockQ2_K, qs);
  __m256i in[8], high[8], low[8], out[8];

  for (guint r = 0; r < 8; r++)
    {
      if (three)
        {
          unpack_q3_k_scales ((const void *)rows[r], 8 * h + r, panel);
          in[r] = load_256 (rows[r] + offsetof (RpBlockQ3_K, hmask));
        }
      else
        unpack_q2_k_scales ((const void *)rows[r], 8 * h + r, panel);
    }
  if (three)
    transpose_lanes (in, high);
  for (guint c = 0; c < 2; c++) /* 128 elements */
    {
      for (guint r = 0; r < 8; r++)
        in[r] = load_256 (rows[r] + qs + 32 * c);
      transpose_lanes (in, low);
      for (guint g = 0; g < 4; g++)
        {
          for (guint k = 0; k < 8; k++)
            {
              out[k] = and_256 (_mm256_srl_epi16 (low[k], _mm_cvtsi32_si128 ((int)(2 * g))), 3);
              if (three)
                {
                  __m256i bit = _mm256_srl_epi16 (high[k], _mm_cvtsi32_si128 ((int)(4 * c + g)));
                  out[k] = _mm256_or_si256 (out[k], _mm256_slli_epi16 (and_256 (bit, 1), 2));
                }
            }
          store_lanes (panel + 4 * c + g, h, out);
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

/* Signed weights are panels' as they are, but for VNNI, which takes unsigned ones. */
RP_INLINE __m256i
signed_lanes (__m256i q)
{
#if RP_SIMD == 512
  return _mm256_xor_si256 (q, _mm256_set1_epi8 (-128));
#else
  return q;
#endif
}

#define SIGNED_MIN(scale) (RP_SIMD == 512 ? 128 * (scale) : 0)

/* Eight rows of one block of 32. */
RP_INLINE void
unpack_32 (RpDType type, const guint8 *const rows[8], guint h, RpPanelBlock *panel)
{
  __m256i in[8], lanes[8];

  for (guint r = 0; r < 8; r++)
    {
      Block32 b = load_block_32 (type, rows[r]);
      in[r] = is_signed_32 (type) ? signed_lanes (b.q) : b.q;
      panel->scale[8 * h + r] = b.scale;
      panel->min[0][8 * h + r] = is_signed_32 (type) ? SIGNED_MIN (b.scale) : b.min;
    }
  transpose_lanes (in, lanes);
  store_lanes (panel, h, lanes);
}

RP_INLINE void
unpack_iq4_xs (const guint8 *const rows[8], guint h, RpPanelBlock *panel)
{
  for (guint j = 0; j < 8; j++)
    {
      __m256i in[8], lanes[8];
      for (guint r = 0; r < 8; r++)
        {
          const RpBlockIQ4_XS *block = (const void *)rows[r];
          float scale = half_to_float (block->d) * (float)rp_iq4_xs_scale (block, j);
          in[r] = signed_lanes (look_up (rp_iq4_values, nibbles (block->qs + 16 * j)));
          panel[j].scale[8 * h + r] = scale;
          panel[j].min[0][8 * h + r] = SIGNED_MIN (scale);
        }
      transpose_lanes (in, lanes);
      store_lanes (panel + j, h, lanes);
    }
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
#define CASE_32(type)                                                                                                  \
  case type:                                                                                                           \
    EACH (first, n, 1, block_bytes_32 (type), unpack_32 (type, at, h, panel + b))                                      \
    break;
#define CASE_256(type, block, ...)                                                                                     \
  case type:                                                                                                           \
    EACH (first, n, 8, sizeof (block), __VA_ARGS__)                                                                    \
    break;
      CASE_256 (RP_DTYPE_Q2_K, RpBlockQ2_K, unpack_crumbs (at, FALSE, h, panel + 8 * b))
      CASE_256 (RP_DTYPE_Q3_K, RpBlockQ3_K, unpack_crumbs (at, TRUE, h, panel + 8 * b))
      CASE_256 (RP_DTYPE_Q4_K, RpBlockQ4_K, unpack_k (at, FALSE, h, panel + 8 * b))
      CASE_256 (RP_DTYPE_Q5_K, RpBlockQ5_K, unpack_k (at, TRUE, h, panel + 8 * b))
      CASE_256 (RP_DTYPE_Q6_K, RpBlockQ6_K, unpack_q6_k (at, h, panel + 8 * b))
      CASE_256 (RP_DTYPE_IQ4_XS, RpBlockIQ4_XS, unpack_iq4_xs (at, h, panel + 8 * b))
      CASE_32 (RP_DTYPE_Q4_0)
      CASE_32 (RP_DTYPE_Q4_1)
      CASE_32 (RP_DTYPE_Q5_0)
      CASE_32 (RP_DTYPE_Q5_1)
      CASE_32 (RP_DTYPE_Q8_0)
      CASE_32 (RP_DTYPE_IQ4_NL)
      CASE_32 (RP_DTYPE_MXFP4)
#undef CASE_32
#undef CASE_256
    default:
      g_assert_not_reached ();
    }
}
