/* Weight types: the block layouts of GGUF, and their scalar (de)quantizers.
 *
 * A row of n elements is n / block_elements blocks; n is a multiple of block_elements. All fields are little-endian.
 * Formulas (x: value, d, m: scale and minimum of the block or sub-block, q: stored integer):
 *   Q4_0 x = d (q - 8) · Q4_1 x = d q + m · Q8_0 x = d q
 *   Q4_K, Q5_K x = d sc q - dmin mn (eight sub-blocks of 32, 6-bit sc and mn) · Q6_K x = d sc (q - 32) (16 of 16)
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
  RP_DTYPE_Q8_0 = 8,
  RP_DTYPE_Q4_K = 12,
  RP_DTYPE_Q5_K = 13,
  RP_DTYPE_Q6_K = 14,
  RP_DTYPE_BF16 = 30,
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
  gint8 qs[32];
} RpBlockQ8_0;

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

G_STATIC_ASSERT (sizeof (RpBlockQ4_0) == 18);
G_STATIC_ASSERT (sizeof (RpBlockQ4_1) == 20);
G_STATIC_ASSERT (sizeof (RpBlockQ8_0) == 34);
G_STATIC_ASSERT (sizeof (RpBlockQ4_K) == 144);
G_STATIC_ASSERT (sizeof (RpBlockQ5_K) == 176);
G_STATIC_ASSERT (sizeof (RpBlockQ6_K) == 210);

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

G_END_DECLS
