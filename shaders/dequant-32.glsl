/* Types with blocks of 32 elements: a part of dequant.glsl. */
#if WEIGHT_TYPE == TYPE_Q4_0
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

#elif WEIGHT_TYPE == TYPE_Q5_0 || WEIGHT_TYPE == TYPE_Q5_1
#define BLOCK_CHUNKS  2
#define BLOCK_BYTES   (WEIGHT_TYPE == TYPE_Q5_0 ? 22 : 24)
#define HALF_DISTANCE 16
#define chunk_start(c) (8 * (c))

/* Bit i of four as 16 in byte i. */
uint
fifth_bits (uint bits)
{
  return ((bits & 15) * 0x00204081 & 0x01010101) << 4;
}

void
dequantize_chunk (uint64_t b, uint c, out vec4 w[4])
{
#if WEIGHT_TYPE == TYPE_Q5_0
  float d = half_to_float (uint (U16 (b).v[0])), m = -16 * d;
#else
  vec2 dm = unpackHalf2x16 (U32 (b).v[0]);
  float d = dm.x, m = dm.y;
#endif
  uint64_t qh = b + BLOCK_BYTES - 20;
  uint high = load_2x16 (qh) >> 8 * c;

  for (uint i = 0; i < 2; i++)
    {
      uint q = load_2x16 (qh + 4 + 8 * c + 4 * i);
      w[i] = d * bytes_to_vec4 ((q & 0x0f0f0f0f) | fifth_bits (high >> 4 * i)) + m;
      w[2 + i] = d * bytes_to_vec4 ((q >> 4 & 0x0f0f0f0f) | fifth_bits (high >> 16 + 4 * i)) + m;
    }
}

#elif WEIGHT_TYPE == TYPE_IQ4_NL
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
      w[i] = d * steps_at (q);
      w[2 + i] = d * steps_at (q >> 4);
    }
}

#elif WEIGHT_TYPE == TYPE_MXFP4
#define BLOCK_CHUNKS  2
#define BLOCK_BYTES   17
#define HALF_DISTANCE 16
#define chunk_start(c) (8 * (c))
void
dequantize_chunk (uint64_t b, uint c, out vec4 w[4])
{
  uint e = uint (U8 (b).v[0]);
  float d = uintBitsToFloat (e < 2 ? 0x00200000u << e : (e - 1) << 23); /* of twice the values */
  uint64_t qs = b + 1 + 8 * c;
  uint shift = uint (qs) % 4 * 8;
  U32 at = U32 (qs - uint (qs) % 4);
  uint words[3] = uint[] (at.v[0], at.v[1], shift == 0 ? 0 : at.v[2]);

  for (uint i = 0; i < 2; i++)
    {
      uint q = shift == 0 ? words[i] : words[i] >> shift | words[i + 1] << 32 - shift;
      w[i] = d * steps_at (q);
      w[2 + i] = d * steps_at (q >> 4);
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
#endif
