/* Weights in chunks of 16. WEIGHT_TYPE is the number that GGUF gives to the type; engine/dtype.h has the layouts.
 *
 * A type says here
 *   BLOCK_CHUNKS, BLOCK_BYTES   chunks and bytes of a block
 *   HALF_DISTANCE               a chunk is two runs of 8 elements; the second one begins so many after the first
 *   chunk_start (c)             the element of its block that chunk c (of the block) begins with
 *   dequantize_chunk (b, c, w)  the chunk's weights; b: the address of the block
 * or, where several chunks share scales that take long to read,
 *   GROUP_CHUNKS                how many do
 *   group_at (b, g)             the scales of group g of the block
 *   dequantize_part (s, b, c, w)  the chunk's weights, by the scales of its group
 * Runs that lie apart let one load serve the low and the high nibbles of its bytes. Blocks of 18, 22, 34, 110 or 210
 * bytes are 2-byte aligned only, and are read in 16-bit pieces or by load_4x16(); those of MXFP4 lie anywhere.
 */
#define CHUNK 16

#define Group vec4 /* scales */

#define TYPE_F32  0
#define TYPE_F16  1
#define TYPE_Q4_0 2
#define TYPE_Q4_1 3
#define TYPE_Q5_0 6
#define TYPE_Q5_1 7
#define TYPE_Q8_0 8
#define TYPE_Q2_K 10
#define TYPE_Q3_K 11
#define TYPE_Q4_K 12
#define TYPE_Q5_K 13
#define TYPE_Q6_K 14
#define TYPE_IQ4_NL 20
#define TYPE_IQ4_XS 23
#define TYPE_BF16 30
#define TYPE_MXFP4 39

/* Words that lie side by side. A software device, where a load of 64 bits costs no more than one of 16, has WIDE_LOADS,
 * a constant that says whether blocks of whole words begin at multiples of 8 bytes. */
uvec2
load_2x32 (uint64_t address)
{
#ifdef WIDE_LOADS
  if (WIDE_LOADS)
    return unpackUint2x32 (U64 (address).v[0]);
#endif
  return uvec2 (U32 (address).v[0], U32 (address).v[1]);
}

/* The same at a multiple of 2: in aligned words, so that some bytes before and behind are read as well. */
uvec2
load_4x16 (uint64_t address)
{
#ifdef WIDE_LOADS
  U64 at = U64 (address & ~uint64_t (7));
  uvec4 both = uvec4 (unpackUint2x32 (at.v[0]), unpackUint2x32 (at.v[1]));
  uvec3 words = (uint (address) & 4) == 0 ? both.xyz : both.yzw;
#else
  U32 at = U32 (address & ~uint64_t (3));
  uvec3 words = uvec3 (at.v[0], at.v[1], at.v[2]);
#endif
  return (uint (address) & 2) == 0 ? words.xy : words.xy >> 16 | words.yz << 16;
}

#if WEIGHT_TYPE == TYPE_IQ4_NL || WEIGHT_TYPE == TYPE_IQ4_XS
/* What the 4-bit indices stand for: rp_iq4_values. */
const float STEPS[16]
  = float[] (-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);
#elif WEIGHT_TYPE == TYPE_MXFP4
/* rp_mxfp4_values */
const float STEPS[16] = float[] (0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12);
#endif
#if WEIGHT_TYPE == TYPE_IQ4_NL || WEIGHT_TYPE == TYPE_IQ4_XS || WEIGHT_TYPE == TYPE_MXFP4
/* The low nibbles of four bytes. */
vec4
steps_at (uint q)
{
  return vec4 (STEPS[q & 15], STEPS[q >> 8 & 15], STEPS[q >> 16 & 15], STEPS[q >> 24 & 15]);
}
#endif

#if WEIGHT_TYPE == TYPE_F32 || WEIGHT_TYPE == TYPE_F16 || WEIGHT_TYPE == TYPE_BF16
/* Rows of any length: the last chunk may be short. */
#define IS_FLOAT
#define BLOCK_CHUNKS  1
#define HALF_DISTANCE 8
#define chunk_start(c) 0
#if WEIGHT_TYPE == TYPE_F32
#define BLOCK_BYTES 64
#define load_weight(b, i) F32 (b).v[i]
void
dequantize_chunk (uint64_t b, uint c, out vec4 w[4])
{
  for (uint i = 0; i < 4; i++)
    w[i] = F32x4 (b).v[i];
}
#else
#define BLOCK_BYTES 32
#if WEIGHT_TYPE == TYPE_F16
#define pair_to_vec2(bits) unpackHalf2x16 (bits)
#else
#define pair_to_vec2(bits) vec2 (uintBitsToFloat ((bits) << 16), uintBitsToFloat ((bits) & 0xffff0000))
#endif
#define load_weight(b, i) pair_to_vec2 (uint (U16 (b).v[i])).x
void
dequantize_chunk (uint64_t b, uint c, out vec4 w[4])
{
  if ((uint (b) & 2) == 0)
    for (uint i = 0; i < 4; i++)
      w[i] = vec4 (pair_to_vec2 (U32 (b).v[2 * i]), pair_to_vec2 (U32 (b).v[2 * i + 1]));
  else
    for (uint i = 0; i < 4; i++)
      w[i] = vec4 (pair_to_vec2 (load_2x16 (b + 8 * i)), pair_to_vec2 (load_2x16 (b + 8 * i + 4)));
}
#endif

#elif WEIGHT_TYPE == TYPE_Q2_K || WEIGHT_TYPE == TYPE_Q3_K || WEIGHT_TYPE == TYPE_Q4_K || WEIGHT_TYPE == TYPE_Q5_K   \
  || WEIGHT_TYPE == TYPE_Q6_K || WEIGHT_TYPE == TYPE_IQ4_XS
#include "dequant-256.glsl"
#else
#include "dequant-32.glsl"
#endif

#ifdef GROUP_CHUNKS
void
dequantize_chunk (uint64_t b, uint c, out vec4 w[4])
{
  dequantize_part (group_at (b, c / GROUP_CHUNKS), b, c, w);
}
#endif

/* ---- rows ---- */

/* The element of the row that chunk c of the row begins with. */
uint
chunk_position (uint c)
{
  return c / BLOCK_CHUNKS * (BLOCK_CHUNKS * CHUNK) + chunk_start (c % BLOCK_CHUNKS);
}

uint
n_chunks_of (uint n)
{
  return (n + CHUNK - 1) / CHUNK;
}

/* Chunk c of a row of n weights; what is beyond n is 0. */
void
load_weights (uint64_t row, uint c, uint n, out vec4 w[4])
{
  uint64_t b = row + c / BLOCK_CHUNKS * BLOCK_BYTES;

#ifdef IS_FLOAT
  if (c * CHUNK + CHUNK > n)
    {
      for (uint i = 0; i < 4; i++)
        for (uint j = 0; j < 4; j++)
          {
            w[i][j] = 0;
            if (c * CHUNK + 4 * i + j < n)
              w[i][j] = load_weight (b, 4 * i + j);
          }
      return;
    }
#endif
  dequantize_chunk (b, c % BLOCK_CHUNKS, w);
}

/* For who reads a row in order: load_group() of every GROUP_CHUNKSth chunk, then load_part() of these. */
#ifdef GROUP_CHUNKS
Group
load_group (uint64_t row, uint c)
{
  return group_at (row + c / BLOCK_CHUNKS * BLOCK_BYTES, c % BLOCK_CHUNKS / GROUP_CHUNKS);
}

void
load_part (Group group, uint64_t row, uint c, uint n, out vec4 w[4])
{
  dequantize_part (group, row + c / BLOCK_CHUNKS * BLOCK_BYTES, c % BLOCK_CHUNKS, w);
}
#else
#define GROUP_CHUNKS 1
#define load_group(row, c) Group (0)
#define load_part(group, row, c, n, w) load_weights (row, c, n, w)
#endif

/* What chunk c of a row of n weights is multiplied with. */
void
load_activations (uint64_t x, uint c, uint n, out vec4 v[4])
{
  uint64_t at = x + 4 * chunk_position (c);

#ifdef IS_FLOAT
  if (c * CHUNK + CHUNK > n)
    {
      for (uint i = 0; i < 4; i++)
        for (uint j = 0; j < 4; j++)
          {
            v[i][j] = 0;
            if (c * CHUNK + 4 * i + j < n)
              v[i][j] = F32 (at).v[4 * i + j];
          }
      return;
    }
#endif
  v[0] = F32x4 (at).v[0];
  v[1] = F32x4 (at).v[1];
  v[2] = F32x4 (at + 4 * HALF_DISTANCE).v[0];
  v[3] = F32x4 (at + 4 * HALF_DISTANCE).v[1];
}
