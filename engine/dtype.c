#include "dtype.h"

#include <math.h>
#include <string.h>

/* ---- floats ---- */

static float
float_of_bits (guint32 bits)
{
  float f;

  memcpy (&f, &bits, 4);
  return f;
}

static guint32
bits_of_float (float f)
{
  guint32 bits;

  memcpy (&bits, &f, 4);
  return bits;
}

float
rp_half_to_float (RpHalf h)
{
  guint32 sign = (guint32)(h & 0x8000) << 16, exponent = h >> 10 & 0x1f, mantissa = h & 0x3ff;

  if (exponent == 31)
    return float_of_bits (sign | 0x7f800000 | mantissa << 13);
  if (exponent == 0)
    {
      float f = mantissa * 0x1p-24f; /* exact: zero or subnormal */
      return sign ? -f : f;
    }
  return float_of_bits (sign | (exponent + 112) << 23 | mantissa << 13);
}

RpHalf
rp_float_to_half (float f)
{
  guint32 bits = bits_of_float (f), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;

  if (magnitude > 0x7f800000)
    return sign | 0x7e00 | (magnitude >> 13 & 0x3ff);
  if (magnitude >= 0x477ff000) /* rounds beyond 65504 */
    return sign | 0x7c00;
  if (magnitude < 0x38800000) /* subnormal: adding 0.5 rounds at the unit 2⁻²⁴ */
    return sign | (bits_of_float (float_of_bits (magnitude) + 0.5f) - bits_of_float (0.5f));
  magnitude += 0xfff + (magnitude >> 13 & 1);
  return sign | ((magnitude >> 13) - (112 << 10));
}

float
rp_bf16_to_float (guint16 b)
{
  return float_of_bits ((guint32)b << 16);
}

guint16
rp_float_to_bf16 (float f)
{
  guint32 bits = bits_of_float (f);

  if ((bits & 0x7fffffff) > 0x7f800000)
    return bits >> 16 | 0x40;
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

/* ---- float rows ---- */

static void
dequantize_f32 (const void *row, float *out, gsize n)
{
  memcpy (out, row, n * sizeof *out);
}

static void
quantize_f32 (const float *in, void *row, gsize n)
{
  memcpy (row, in, n * sizeof *in);
}

static void
dequantize_f16 (const void *row, float *out, gsize n)
{
  const RpHalf *h = row;

  for (gsize i = 0; i < n; i++)
    out[i] = rp_half_to_float (h[i]);
}

static void
quantize_f16 (const float *in, void *row, gsize n)
{
  RpHalf *h = row;

  for (gsize i = 0; i < n; i++)
    h[i] = rp_float_to_half (in[i]);
}

static void
dequantize_bf16 (const void *row, float *out, gsize n)
{
  const guint16 *b = row;

  for (gsize i = 0; i < n; i++)
    out[i] = rp_bf16_to_float (b[i]);
}

static void
quantize_bf16 (const float *in, void *row, gsize n)
{
  guint16 *b = row;

  for (gsize i = 0; i < n; i++)
    b[i] = rp_float_to_bf16 (in[i]);
}

/* ---- blocks of 32 ---- */

static void
dequantize_q4_0 (const void *row, float *out, gsize n)
{
  const RpBlockQ4_0 *b = row;

  for (; n; n -= 32, out += 32, b++)
    {
      float d = rp_half_to_float (b->d);

      for (guint i = 0; i < 16; i++)
        {
          out[i] = ((b->qs[i] & 15) - 8) * d;
          out[i + 16] = ((b->qs[i] >> 4) - 8) * d;
        }
    }
}

/* The element of the largest magnitude becomes -8. */
static void
quantize_q4_0 (const float *in, void *row, gsize n)
{
  RpBlockQ4_0 *b = row;

  for (; n; n -= 32, in += 32, b++)
    {
      float extreme = 0, inverse;

      for (guint i = 0; i < 32; i++)
        if (fabsf (in[i]) > fabsf (extreme))
          extreme = in[i];
      inverse = extreme != 0 ? -8 / extreme : 0;
      b->d = rp_float_to_half (extreme / -8);
      for (guint i = 0; i < 16; i++)
        b->qs[i]
          = (guint8)MIN (15, (int)(in[i] * inverse + 8.5f)) | (guint8)MIN (15, (int)(in[i + 16] * inverse + 8.5f)) << 4;
    }
}

static void
dequantize_q4_1 (const void *row, float *out, gsize n)
{
  const RpBlockQ4_1 *b = row;

  for (; n; n -= 32, out += 32, b++)
    {
      float d = rp_half_to_float (b->d), m = rp_half_to_float (b->m);

      for (guint i = 0; i < 16; i++)
        {
          out[i] = (b->qs[i] & 15) * d + m;
          out[i + 16] = (b->qs[i] >> 4) * d + m;
        }
    }
}

static void
quantize_q4_1 (const float *in, void *row, gsize n)
{
  RpBlockQ4_1 *b = row;

  for (; n; n -= 32, in += 32, b++)
    {
      float low = in[0], high = in[0], inverse;

      for (guint i = 1; i < 32; i++)
        {
          low = MIN (low, in[i]);
          high = MAX (high, in[i]);
        }
      inverse = high > low ? 15 / (high - low) : 0;
      b->d = rp_float_to_half ((high - low) / 15);
      b->m = rp_float_to_half (low);
      for (guint i = 0; i < 16; i++)
        b->qs[i] = (guint8)MIN (15, (int)((in[i] - low) * inverse + 0.5f))
                   | (guint8)MIN (15, (int)((in[i + 16] - low) * inverse + 0.5f)) << 4;
    }
}

static guint
fifth_bit (const guint8 qh[4], guint i)
{
  return (qh[i / 8] >> i % 8 & 1) << 4;
}

static void
dequantize_q5_0 (const void *row, float *out, gsize n)
{
  const RpBlockQ5_0 *b = row;

  for (; n; n -= 32, out += 32, b++)
    {
      float d = rp_half_to_float (b->d);

      for (guint i = 0; i < 16; i++)
        {
          out[i] = (int)((b->qs[i] & 15) | fifth_bit (b->qh, i)) - 16;
          out[i + 16] = (int)(b->qs[i] >> 4 | fifth_bit (b->qh, i + 16)) - 16;
        }
      for (guint i = 0; i < 32; i++)
        out[i] *= d;
    }
}

static void
dequantize_q5_1 (const void *row, float *out, gsize n)
{
  const RpBlockQ5_1 *b = row;

  for (; n; n -= 32, out += 32, b++)
    {
      float d = rp_half_to_float (b->d), m = rp_half_to_float (b->m);

      for (guint i = 0; i < 16; i++)
        {
          out[i] = ((b->qs[i] & 15) | fifth_bit (b->qh, i)) * d + m;
          out[i + 16] = (b->qs[i] >> 4 | fifth_bit (b->qh, i + 16)) * d + m;
        }
    }
}

static void
dequantize_q8_0 (const void *row, float *out, gsize n)
{
  const RpBlockQ8_0 *b = row;

  for (; n; n -= 32, out += 32, b++)
    {
      float d = rp_half_to_float (b->d);

      for (guint i = 0; i < 32; i++)
        out[i] = b->qs[i] * d;
    }
}

static void
quantize_q8_0 (const float *in, void *row, gsize n)
{
  RpBlockQ8_0 *b = row;

  for (; n; n -= 32, in += 32, b++)
    {
      float extreme = 0, inverse;

      for (guint i = 0; i < 32; i++)
        extreme = MAX (extreme, fabsf (in[i]));
      inverse = extreme != 0 ? 127 / extreme : 0;
      b->d = rp_float_to_half (extreme / 127);
      for (guint i = 0; i < 32; i++)
        b->qs[i] = roundf (in[i] * inverse);
    }
}

/* The steps grow away from zero, as the density of normally distributed weights falls. */
const gint8 rp_iq4_values[16] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };

static void
dequantize_iq4_nl (const void *row, float *out, gsize n)
{
  const RpBlockIQ4_NL *b = row;

  for (; n; n -= 32, out += 32, b++)
    {
      float d = rp_half_to_float (b->d);

      for (guint i = 0; i < 16; i++)
        {
          out[i] = d * rp_iq4_values[b->qs[i] & 15];
          out[i + 16] = d * rp_iq4_values[b->qs[i] >> 4];
        }
    }
}

const gint8 rp_mxfp4_values[16] = { 0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12 };

float
rp_mxfp4_scale (guint8 e)
{
  return float_of_bits (e < 2 ? 0x00200000u << e : (guint32)(e - 1) << 23);
}

static void
dequantize_mxfp4 (const void *row, float *out, gsize n)
{
  const RpBlockMXFP4 *b = row;

  for (; n; n -= 32, out += 32, b++)
    {
      float d = rp_mxfp4_scale (b->e);

      for (guint i = 0; i < 16; i++)
        {
          out[i] = d * rp_mxfp4_values[b->qs[i] & 15];
          out[i + 16] = d * rp_mxfp4_values[b->qs[i] >> 4];
        }
    }
}

/* ---- K-quants: super-blocks of 256 ---- */

/* Sub-blocks 0 to 3 keep six bits in one byte; the upper two bits of those bytes complete sub-blocks 4 to 7. */
void
rp_k_scale_min (const guint8 scales[12], guint j, guint8 *scale, guint8 *min)
{
  if (j < 4)
    {
      *scale = scales[j] & 63;
      *min = scales[j + 4] & 63;
      return;
    }
  *scale = (scales[j + 4] & 15) | scales[j - 4] >> 6 << 4;
  *min = scales[j + 4] >> 4 | scales[j] >> 6 << 4;
}

/* The low nibbles of the first eight bytes are scales 0 to 7, the high ones 8 to 15; the last four bytes hold the upper
 * two bits, of scales 4k + i at bit 2k of byte i. */
int
rp_q3_k_scale (const guint8 scales[12], guint j)
{
  guint low = scales[j % 8] >> (j / 8 * 4) & 15, high = scales[8 + j % 4] >> (j / 4 * 2) & 3;

  return (int)(low | high << 4) - 32;
}

static void
dequantize_q2_k (const void *row, float *out, gsize n)
{
  const RpBlockQ2_K *b = row;

  for (; n; n -= 256, b++)
    for (guint j = 0; j < 16; j++, out += 16)
      {
        const guint8 *q = b->qs + j / 8 * 32 + j % 2 * 16;
        guint shift = j % 8 / 2 * 2;
        float d = rp_half_to_float (b->d) * (b->scales[j] & 15), m = rp_half_to_float (b->dmin) * (b->scales[j] >> 4);

        for (guint i = 0; i < 16; i++)
          out[i] = d * (q[i] >> shift & 3) - m;
      }
}

static void
dequantize_q3_k (const void *row, float *out, gsize n)
{
  const RpBlockQ3_K *b = row;

  for (; n; n -= 256, b++)
    for (guint j = 0; j < 16; j++, out += 16)
      {
        const guint8 *q = b->qs + j / 8 * 32 + j % 2 * 16, *h = b->hmask + j % 2 * 16;
        guint shift = j % 8 / 2 * 2;
        float d = rp_half_to_float (b->d) * rp_q3_k_scale (b->scales, j);

        for (guint i = 0; i < 16; i++)
          out[i] = d * ((q[i] >> shift & 3) + (h[i] >> j / 2 & 1) * 4 - 4);
      }
}

static void
dequantize_q4_k (const void *row, float *out, gsize n)
{
  const RpBlockQ4_K *b = row;

  for (; n; n -= 256, b++)
    for (guint j = 0; j < 8; j++, out += 32)
      {
        const guint8 *q = b->qs + j / 2 * 32;
        guint shift = j % 2 * 4;
        guint8 scale, min;
        float d, m;

        rp_k_scale_min (b->scales, j, &scale, &min);
        d = rp_half_to_float (b->d) * scale;
        m = rp_half_to_float (b->dmin) * min;
        for (guint i = 0; i < 32; i++)
          out[i] = d * (q[i] >> shift & 15) - m;
      }
}

static void
dequantize_q5_k (const void *row, float *out, gsize n)
{
  const RpBlockQ5_K *b = row;

  for (; n; n -= 256, b++)
    for (guint j = 0; j < 8; j++, out += 32)
      {
        const guint8 *q = b->qs + j / 2 * 32;
        guint shift = j % 2 * 4;
        guint8 scale, min;
        float d, m;

        rp_k_scale_min (b->scales, j, &scale, &min);
        d = rp_half_to_float (b->d) * scale;
        m = rp_half_to_float (b->dmin) * min;
        for (guint i = 0; i < 32; i++)
          out[i] = d * ((q[i] >> shift & 15) | (b->qh[i] >> j & 1) << 4) - m;
      }
}

/* Each half of 128 elements: 64 bytes of low nibbles, 32 bytes of upper bits; group g of 32 elements takes the low
 * (g < 2) or high nibbles of ql[g % 2 · 32 …] and the bits 2g, 2g + 1 of qh. */
static void
dequantize_q6_k (const void *row, float *out, gsize n)
{
  const RpBlockQ6_K *b = row;

  for (; n; n -= 256, b++)
    {
      float d = rp_half_to_float (b->d);

      for (guint j = 0; j < 8; j++, out += 32)
        {
          guint half = j / 4, g = j % 4;
          const guint8 *ql = b->ql + half * 64 + g % 2 * 32, *qh = b->qh + half * 32;

          for (guint i = 0; i < 32; i++)
            {
              int q = (ql[i] >> (g / 2 * 4) & 15) | (qh[i] >> (2 * g) & 3) << 4;
              out[i] = d * b->scales[j * 2 + i / 16] * (q - 32);
            }
        }
    }
}

int
rp_iq4_xs_scale (const RpBlockIQ4_XS *block, guint j)
{
  return ((block->scales_l[j / 2] >> j % 2 * 4 & 15) | (block->scales_h >> 2 * j & 3) << 4) - 32;
}

static void
dequantize_iq4_xs (const void *row, float *out, gsize n)
{
  const RpBlockIQ4_XS *b = row;

  for (; n; n -= 256, b++)
    for (guint j = 0; j < 8; j++, out += 32)
      {
        const guint8 *q = b->qs + 16 * j;
        float d = rp_half_to_float (b->d) * rp_iq4_xs_scale (b, j);

        for (guint i = 0; i < 16; i++)
          {
            out[i] = d * rp_iq4_values[q[i] & 15];
            out[i + 16] = d * rp_iq4_values[q[i] >> 4];
          }
      }
}

/* ---- the table ---- */

static const RpDTypeInfo infos[RP_DTYPE_LAST] = {
  [RP_DTYPE_F32] = { "F32", 1, 4, dequantize_f32, quantize_f32 },
  [RP_DTYPE_F16] = { "F16", 1, 2, dequantize_f16, quantize_f16 },
  [RP_DTYPE_BF16] = { "BF16", 1, 2, dequantize_bf16, quantize_bf16 },
  [RP_DTYPE_Q4_0] = { "Q4_0", 32, sizeof (RpBlockQ4_0), dequantize_q4_0, quantize_q4_0 },
  [RP_DTYPE_Q4_1] = { "Q4_1", 32, sizeof (RpBlockQ4_1), dequantize_q4_1, quantize_q4_1 },
  [RP_DTYPE_Q5_0] = { "Q5_0", 32, sizeof (RpBlockQ5_0), dequantize_q5_0, NULL },
  [RP_DTYPE_Q5_1] = { "Q5_1", 32, sizeof (RpBlockQ5_1), dequantize_q5_1, NULL },
  [RP_DTYPE_Q8_0] = { "Q8_0", 32, sizeof (RpBlockQ8_0), dequantize_q8_0, quantize_q8_0 },
  [RP_DTYPE_IQ4_NL] = { "IQ4_NL", 32, sizeof (RpBlockIQ4_NL), dequantize_iq4_nl, NULL },
  [RP_DTYPE_MXFP4] = { "MXFP4", 32, sizeof (RpBlockMXFP4), dequantize_mxfp4, NULL },
  [RP_DTYPE_Q2_K] = { "Q2_K", 256, sizeof (RpBlockQ2_K), dequantize_q2_k, NULL },
  [RP_DTYPE_Q3_K] = { "Q3_K", 256, sizeof (RpBlockQ3_K), dequantize_q3_k, NULL },
  [RP_DTYPE_Q4_K] = { "Q4_K", 256, sizeof (RpBlockQ4_K), dequantize_q4_k, NULL },
  [RP_DTYPE_Q5_K] = { "Q5_K", 256, sizeof (RpBlockQ5_K), dequantize_q5_k, NULL },
  [RP_DTYPE_Q6_K] = { "Q6_K", 256, sizeof (RpBlockQ6_K), dequantize_q6_k, NULL },
  [RP_DTYPE_IQ4_XS] = { "IQ4_XS", 256, sizeof (RpBlockIQ4_XS), dequantize_iq4_xs, NULL },
};

static const char *const names[RP_DTYPE_LAST] = {
  "F32",    "F16",   "Q4_0",  "Q4_1",   NULL,    NULL,    "Q5_0",    "Q5_1",   "Q8_0",    "Q8_1",
  "Q2_K",   "Q3_K",  "Q4_K",  "Q5_K",   "Q6_K",  "Q8_K",  "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S",
  "IQ4_NL", "IQ3_S", "IQ2_S", "IQ4_XS", "I8",    "I16",   "I32",     "I64",    "F64",     "IQ1_M",
  "BF16",   NULL,    NULL,    NULL,     "TQ1_0", "TQ2_0", NULL,      NULL,     NULL,      "MXFP4",
};

const RpDTypeInfo *
rp_dtype_info (guint type)
{
  return type < RP_DTYPE_LAST && infos[type].name ? &infos[type] : NULL;
}

const char *
rp_dtype_name (guint type)
{
  return type < RP_DTYPE_LAST ? names[type] : NULL;
}

gsize
rp_dtype_row_size (RpDType type, gsize n)
{
  return n / infos[type].block_elements * infos[type].block_bytes;
}
