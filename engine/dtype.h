/* Weight types: the block layouts of GGUF, and their scalar (de)quantizers.
 *
 * A row of n elements is n / block_elements blocks; n is a multiple of block_elements. All fields are little-endian.
 * Formulas (x: value, d, m: scale and minimum of the block or sub-block, q: stored integer):
 *   Q4_0 x = d (q - 8) · Q5_0 x = d (q - 16) · Q4_1, Q5_1 x = d q + m · Q8_0 x = d q
 *   Q2_K x = d sc q - dmin mn (sixteen sub-blocks of 16, 4-bit sc and mn) · Q3_K x = d (sc - 32) (q - 4) (16 of 16)
 *   Q4_K, Q5_K x = d sc q - dmin mn (eight sub-blocks of 32, 6-bit sc and mn) · Q6_K x = d sc (q - 32) (16 of 16)
 *   IQ4_NL x = d t[q] · IQ4_XS x = d (sc - 32) t[q] (8 of 32), with a table t of sixteen uneven steps
 *   MXFP4 x = 2^(e - 127) q, q a 4-bit float (OCP Microscaling Formats 1.0): sign, two bits of exponent, one of mantissa
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The numbers are GGUF's own. */
typedef enum
{
  RP_DTYPE_F32 = 0,
  RP_DTYPE_F16 = 1,
  RP_DTYPE_Q4_0 = 2,
  RP_DTYPE_Q4_1 = 3,
  RP_DTYPE_Q5_0 = 6,
  RP_DTYPE_Q5_1 = 7,
  RP_DTYPE_Q8_0 = 8,
  RP_DTYPE_Q2_K = 10,
  RP_DTYPE_Q3_K = 11,
  RP_DTYPE_Q4_K = 12,
  RP_DTYPE_Q5_K = 13,
  RP_DTYPE_Q6_K = 14,
  RP_DTYPE_IQ4_NL = 20,
  RP_DTYPE_IQ4_XS = 23,
  RP_DTYPE_BF16 = 30,
  RP_DTYPE_MXFP4 = 39,
} RpDType;

#define RP_DTYPE_LAST 40 /* one past GGUF's largest type number that is looked up here */

typedef guint16 RpHalf; /* IEEE 754 binary16, as bits */

typedef struct
{
  RpHalf d;
  guint8 qs[16]; /* element i in the low nibble of qs[i], element i + 16 in the high one */
} RpBlockQ4_0;

typedef struct
{
  RpHalf d, m;
  guint8 qs[16]; /* as Q4_0 */
} RpBlockQ4_1;

typedef struct
{
  RpHalf d;
  guint8 qh[4];  /* bit i of the 32: the fifth bit of element i */
  guint8 qs[16]; /* as Q4_0 */
} RpBlockQ5_0;

typedef struct
{
  RpHalf d, m;
  guint8 qh[4];  /* as Q5_0 */
  guint8 qs[16]; /* as Q4_0 */
} RpBlockQ5_1;

typedef struct
{
  RpHalf d;
  gint8 qs[32];
} RpBlockQ8_0;

typedef struct
{
  RpHalf d;
  guint8 qs[16]; /* as Q4_0, but indices of rp_iq4_values */
} RpBlockIQ4_NL;

typedef struct
{
  guint8 e;      /* exponent of the scale, biased by 127 */
  guint8 qs[16]; /* as Q4_0, but indices of rp_mxfp4_values */
} RpBlockMXFP4;

typedef struct
{
  guint8 scales[16]; /* scale in the low nibble, minimum in the high one */
  guint8 qs[64];     /* 128 elements a 32 bytes: bits 2g, 2g + 1 of qs[i] are element 32g + i */
  RpHalf d, dmin;
} RpBlockQ2_K;

typedef struct
{
  guint8 hmask[32];  /* bit g of hmask[i]: the third bit of element 32g + i */
  guint8 qs[64];     /* as Q2_K */
  guint8 scales[12]; /* sixteen 6-bit scales: rp_q3_k_scale() */
  RpHalf d;
} RpBlockQ3_K;

typedef struct
{
  RpHalf d, dmin;
  guint8 scales[12]; /* eight 6-bit scales and minimums: rp_k_scale_min() */
  guint8 qs[128];    /* 64 elements a 32 bytes: the low nibbles are the first 32, the high ones the next */
} RpBlockQ4_K;

typedef struct
{
  RpHalf d, dmin;
  guint8 scales[12]; /* as Q4_K */
  guint8 qh[32];     /* bit 2j: fifth bit of the low-nibble element of group j, bit 2j + 1: of the high-nibble one */
  guint8 qs[128];    /* as Q4_K */
} RpBlockQ5_K;

typedef struct
{
  guint8 ql[128]; /* low nibbles */
  guint8 qh[64];  /* upper two bits */
  gint8 scales[16];
  RpHalf d;
} RpBlockQ6_K;

typedef struct
{
  RpHalf d;
  guint16 scales_h;   /* bits 2j, 2j + 1: the upper two of sub-block j's scale */
  guint8 scales_l[4]; /* the lower four: even sub-blocks in the low nibbles */
  guint8 qs[128];     /* 16 bytes a sub-block, as IQ4_NL */
} RpBlockIQ4_XS;

G_STATIC_ASSERT (sizeof (RpBlockQ4_0) == 18);
G_STATIC_ASSERT (sizeof (RpBlockQ4_1) == 20);
G_STATIC_ASSERT (sizeof (RpBlockQ5_0) == 22);
G_STATIC_ASSERT (sizeof (RpBlockQ5_1) == 24);
G_STATIC_ASSERT (sizeof (RpBlockQ8_0) == 34);
G_STATIC_ASSERT (sizeof (RpBlockIQ4_NL) == 18);
G_STATIC_ASSERT (sizeof (RpBlockMXFP4) == 17);
G_STATIC_ASSERT (sizeof (RpBlockQ2_K) == 84);
G_STATIC_ASSERT (sizeof (RpBlockQ3_K) == 110);
G_STATIC_ASSERT (sizeof (RpBlockQ4_K) == 144);
G_STATIC_ASSERT (sizeof (RpBlockQ5_K) == 176);
G_STATIC_ASSERT (sizeof (RpBlockQ6_K) == 210);
G_STATIC_ASSERT (sizeof (RpBlockIQ4_XS) == 136);

typedef struct
{
  const char *name; /* "Q4_K"; NULL in a row of a type that is not supported */
  guint block_elements;
  guint block_bytes;
  /* n is a multiple of block_elements */
  void (*dequantize) (const void *row, float *out, gsize n);
  void (*quantize) (const float *in, void *row, gsize n); /* nullable */
} RpDTypeInfo;

/* NULL for a type that is not supported. */
const RpDTypeInfo *rp_dtype_info (guint type);
/* The name that GGUF gives to a type number, supported or not ("IQ2_XXS"), or NULL. For error messages. */
const char *rp_dtype_name (guint type);
/* Bytes of a row of n elements. */
gsize rp_dtype_row_size (RpDType type, gsize n);

float rp_half_to_float (RpHalf h);
RpHalf rp_float_to_half (float f); /* round to nearest even */
float rp_bf16_to_float (guint16 b);
guint16 rp_float_to_bf16 (float f);
/* The j-th of eight 6-bit scales and minimums of a Q4_K or Q5_K block. */
void rp_k_scale_min (const guint8 scales[12], guint j, guint8 *scale, guint8 *min);
/* The j-th of sixteen scales of a Q3_K block, -32 … 31. */
int rp_q3_k_scale (const guint8 scales[12], guint j);
/* The j-th of eight scales of an IQ4_XS block, -32 … 31. */
int rp_iq4_xs_scale (const RpBlockIQ4_XS *block, guint j);
/* What the 4-bit indices of IQ4_NL and IQ4_XS stand for. */
extern const gint8 rp_iq4_values[16];
/* Twice what those of MXFP4 stand for, so that all are whole. */
extern const gint8 rp_mxfp4_values[16];
/* 2^(e - 128): the scale of an MXFP4 block for rp_mxfp4_values. */
float rp_mxfp4_scale (guint8 e);

G_END_DECLS
