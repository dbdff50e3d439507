/* Weights in chunks of 16. WEIGHT_TYPE is the number that GGUF gives to the type; engine/dtype.h has the layouts.
 *
 * A type says here
 *   BLOCK_CHUNKS, BLOCK_BYTES   chunks and bytes of a block
 *   HALF_DISTANCE               a chunk is two runs of 8 elements; the second one begins so many after the first
 *   chunk_start (c)             the element of its block that chunk c (of the block) begins with
 *   dequantize_chunk (b, c, w)  the chunk's weights; b: the address of the block
 * Runs that lie apart let one load serve the low and the high nibbles of its bytes. Blocks of 18, 34 or 210 bytes are
 * 2-byte aligned only, and are read in 16-bit pieces.
 */
#define CHUNK 16

#define TYPE_F32  0
#define TYPE_F16  1
#define TYPE_Q4_0 2
#define TYPE_Q4_1 3
#define TYPE_Q8_0 8
#define TYPE_Q4_K 12
#define TYPE_Q5_K 13
#define TYPE_Q6_K 14
#define TYPE_BF16 30

/* The 4 bytes at an address that is a multiple of 2. */
uint
load_2x16 (uint64_t address)
{
  U16 at = U16 (address);

  return uint (at.v[0]) | uint (at.v[1]) << 16;
}

vec4
bytes_to_vec4 (uint bytes)
{
  return vec4 (bytes & 0xff, bytes >> 8 & 0xff, bytes >> 16 & 0xff, bytes >> 24);
}

vec4
signed_bytes_to_vec4 (uint bytes)
{
  return bytes_to_vec4 (bytes ^ 0x80808080) - 128.0;
}

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

#elif WEIGHT_TYPE == TYPE_Q4_0
#define BLOCK_CHUNKS  2
#define BLOCK_BYTES   18
#define HALF_DISTANCE 16
#define chunk_start(c) (8 * (c))
void
dequantize_chunk (uint64_t b, uint c, out vec4 w[4])
{
  float d = half_to_float (uint (U16 (b).v[0]));

  for (uint i = 0; i < 2; i++)
    {
      uint q = load_2x16 (b + 2 + 8 * c + 4 * i);
      w[i] = d * (bytes_to_vec4 (q & 0x0f0f0f0f) - 8.0);
      w[2 + i] = d * (bytes_to_vec4 (q >> 4 & 0x0f0f0f0f) - 8.0);
    }
}

#elif WEIGHT_TYPE == TYPE_Q4_1
#define BLOCK_CHUNKS  2
#define BLOCK_BYTES   20
#define HALF_DISTANCE 16
#define chunk_start(c) (8 * (c))
void
dequantize_chunk (uint64_t b, uint c, out vec4 w[4])
{
  vec2 dm = unpackHalf2x16 (U32 (b).v[0]);

  for (uint i = 0; i < 2; i++)
    {
      uint q = U32 (b).v[1 + 2 * c + i];
      w[i] = dm.x * bytes_to_vec4 (q & 0x0f0f0f0f) + dm.y;
      w[2 + i] = dm.x * bytes_to_vec4 (q >> 4 & 0x0f0f0f0f) + dm.y;
    }
}

#elif WEIGHT_TYPE == TYPE_Q8_0
#define BLOCK_CHUNKS  2
#define BLOCK_BYTES   34
#define HALF_DISTANCE 8
#define chunk_start(c) (16 * (c))
void
dequantize_chunk (uint64_t b, uint c, out vec4 w[4])
{
  float d = half_to_float (uint (U16 (b).v[0]));

  for (uint i = 0; i < 4; i++)
    w[i] = d * signed_bytes_to_vec4 (load_2x16 (b + 2 + 16 * c + 4 * i));
}

#elif WEIGHT_TYPE == TYPE_Q4_K || WEIGHT_TYPE == TYPE_Q5_K
/* Chunk c reads 8 bytes of qs: low nibbles of sub-block 2g, high ones of 2g + 1, where g = c / 4. */
#define BLOCK_CHUNKS  16
#define BLOCK_BYTES   (WEIGHT_TYPE == TYPE_Q4_K ? 144 : 176)
#define HALF_DISTANCE 32
#define chunk_start(c) ((c) / 4 * 64 + (c) % 4 * 8)

/* The 6-bit scales (x, y) and minimums (z, w) of sub-blocks 2g and 2g + 1. */
vec4
scales_at (uint64_t b, uint g)
{
  U32 s = U32 (b + 4);
  uint shift = g % 2 * 16, low = s.v[0] >> shift, mid = s.v[1] >> shift, high = s.v[2] >> shift;
  uint scales = low & 0x3f3f, mins = mid & 0x3f3f;

  if (g >= 2)
    {
      scales = (high & 0x0f0f) | (low >> 2 & 0x3030);
      mins = (high >> 4 & 0x0f0f) | (mid >> 2 & 0x3030);
    }
  return vec4 (scales & 0xff, scales >> 8 & 0xff, mins & 0xff, mins >> 8 & 0xff);
}

void
dequantize_chunk (uint64_t b, uint c, out vec4 w[4])
{
  U32 at = U32 (b);
  uint g = c / 4, word = g * 8 + c % 4 * 2;
  vec2 dm = unpackHalf2x16 (at.v[0]);
  vec4 s = scales_at (b, g) * vec4 (dm.xx, dm.yy);

  for (uint i = 0; i < 2; i++)
    {
#if WEIGHT_TYPE == TYPE_Q4_K
      uint q = at.v[4 + word + i], low = q & 0x0f0f0f0f, high = q >> 4 & 0x0f0f0f0f;
#else
      uint q = at.v[12 + word + i], fifth = at.v[4 + c % 4 * 2 + i] >> 2 * g;
      uint low = (q & 0x0f0f0f0f) | (fifth & 0x01010101) << 4;
      uint high = (q >> 4 & 0x0f0f0f0f) | (fifth & 0x02020202) << 3;
#endif
      w[i] = s.x * bytes_to_vec4 (low) - s.z;
      w[2 + i] = s.y * bytes_to_vec4 (high) - s.w;
    }
}

#elif WEIGHT_TYPE == TYPE_Q6_K
/* Chunk c reads 8 bytes of ql: low nibbles of group g (0 or 1) of 32 elements of its half, high ones of g + 2. */
#define BLOCK_CHUNKS  16
#define BLOCK_BYTES   210
#define HALF_DISTANCE 64
#define chunk_start(c) ((c) / 8 * 128 + (c) % 8 * 8)
void
dequantize_chunk (uint64_t b, uint c, out vec4 w[4])
{
  uint at = c % 4 * 8, half_block = c / 8, g = c / 4 % 2, scale = half_block * 8 + 2 * g + at / 16;
  uint64_t ql = b + half_block * 64 + 32 * g + at, qh = b + 128 + half_block * 32 + at;
  float d = half_to_float (uint (U16 (b + 208).v[0]));
  uint scale_bytes = uint (U16 (b + 192 + (scale & ~1u)).v[0]), more = uint (U16 (b + 192 + (scale & ~1u) + 4).v[0]);
  uint shift = 24 - scale % 2 * 8;
  float low_scale = d * float (int (scale_bytes << shift) >> 24), high_scale = d * float (int (more << shift) >> 24);

  for (uint i = 0; i < 2; i++)
    {
      uint q = load_2x16 (ql + 4 * i), upper = load_2x16 (qh + 4 * i) >> 2 * g;
      w[i] = low_scale * (bytes_to_vec4 ((q & 0x0f0f0f0f) | (upper & 0x03030303) << 4) - 32.0);
      w[2 + i] = high_scale * (bytes_to_vec4 ((q >> 4 & 0x0f0f0f0f) | (upper & 0x30303030)) - 32.0);
    }
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
