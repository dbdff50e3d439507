/* Types with blocks of 256 elements: a part of dequant.glsl. */
#if WEIGHT_TYPE == TYPE_Q4_K || WEIGHT_TYPE == TYPE_Q5_K
/* Chunk c reads 8 bytes of qs: low nibbles of sub-block 2g, high ones of 2g + 1, where g = c / 4. */
#define BLOCK_CHUNKS  16
#define BLOCK_BYTES   (WEIGHT_TYPE == TYPE_Q4_K ? 144 : 176)
#define HALF_DISTANCE 32
#define chunk_start(c) ((c) / 4 * 64 + (c) % 4 * 8)

#define GROUP_CHUNKS 4

/* The scales (x, y) and minimums (z, w) of sub-blocks 2g and 2g + 1, 6 bits each. */
Group
group_at (uint64_t b, uint g)
{
  uvec2 first = load_2x32 (b), last = load_2x32 (b + 8);
  vec2 dm = unpackHalf2x16 (first.x);
  uint shift = g % 2 * 16, low = first.y >> shift, mid = last.x >> shift, high = last.y >> shift;
  uint scales = low & 0x3f3f, mins = mid & 0x3f3f;

  if (g >= 2)
    {
      scales = (high & 0x0f0f) | (low >> 2 & 0x3030);
      mins = (high >> 4 & 0x0f0f) | (mid >> 2 & 0x3030);
    }
  return vec4 (scales & 0xff, scales >> 8 & 0xff, mins & 0xff, mins >> 8 & 0xff) * vec4 (dm.xx, dm.yy);
}

void
dequantize_part (Group s, uint64_t b, uint c, out vec4 w[4])
{
  uint g = c / 4, at = c % 4 * 8;
  uvec2 qs = load_2x32 (b + BLOCK_BYTES - 128 + 32 * g + at);
#if WEIGHT_TYPE == TYPE_Q5_K
  uvec2 qh = load_2x32 (b + 16 + at) >> 2 * g;
#endif

  for (uint i = 0; i < 2; i++)
    {
#if WEIGHT_TYPE == TYPE_Q4_K
      uint low = qs[i] & 0x0f0f0f0f, high = qs[i] >> 4 & 0x0f0f0f0f;
#else
      uint low = (qs[i] & 0x0f0f0f0f) | (qh[i] & 0x01010101) << 4;
      uint high = (qs[i] >> 4 & 0x0f0f0f0f) | (qh[i] & 0x02020202) << 3;
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
#define GROUP_CHUNKS 4

/* The scales of the low nibbles (x for chunks 0 and 1 of the group, y for 2 and 3), and of the high ones (z, w). */
Group
group_at (uint64_t b, uint g)
{
  U16 scales = U16 (b + 192 + g / 2 * 8 + g % 2 * 2);
  int low = int (uint (scales.v[0])), high = int (uint (scales.v[2]));
  float d = half_to_float (uint (U16 (b + 208).v[0]));

  return d * vec4 (low << 24 >> 24, low << 16 >> 24, high << 24 >> 24, high << 16 >> 24);
}

void
dequantize_part (Group s, uint64_t b, uint c, out vec4 w[4])
{
  uint at = c % 4 * 8, half_block = c / 8, g = c / 4 % 2;
  uvec2 ql = load_4x16 (b + half_block * 64 + 32 * g + at), qh = load_4x16 (b + 128 + half_block * 32 + at) >> 2 * g;
  float low = c % 4 < 2 ? s.x : s.y, high = c % 4 < 2 ? s.z : s.w;

  for (uint i = 0; i < 2; i++)
    {
      w[i] = low * (bytes_to_vec4 ((ql[i] & 0x0f0f0f0f) | (qh[i] & 0x03030303) << 4) - 32.0);
      w[2 + i] = high * (bytes_to_vec4 ((ql[i] >> 4 & 0x0f0f0f0f) | (qh[i] & 0x30303030)) - 32.0);
    }
}

#elif WEIGHT_TYPE == TYPE_Q2_K || WEIGHT_TYPE == TYPE_Q3_K
/* Chunk c reads 8 bytes of qs: two bits for group 2g (of 32 elements) of its half, the next two for 2g + 1. */
#define BLOCK_CHUNKS  16
#define BLOCK_BYTES   (WEIGHT_TYPE == TYPE_Q2_K ? 84 : 110)
#define HALF_DISTANCE 32
#define chunk_start(c) ((c) / 4 * 64 + (c) % 4 * 8)

#if WEIGHT_TYPE == TYPE_Q2_K
#define QS 16
/* w = x q + y for the elements of scale s */
vec2
scale_at (uint64_t b, uint s)
{
  vec2 d = unpackHalf2x16 (U32 (b).v[20]);
  uint scale = uint (U8 (b).v[s]);

  return vec2 (d.x * float (scale & 15), -d.y * float (scale >> 4));
}
#else
#define QS 32
vec2
scale_at (uint64_t b, uint s)
{
  U8 scales = U8 (b + 96);
  uint low = uint (scales.v[s % 8]) >> s / 8 * 4 & 15, high = uint (scales.v[8 + s % 4]) >> s / 4 * 2 & 3;
  float d = half_to_float (uint (U16 (b + 108).v[0])) * (float (low | high << 4) - 32);

  return vec2 (d, -4 * d);
}
#endif

void
dequantize_chunk (uint64_t b, uint c, out vec4 w[4])
{
  uint g = c / 4 % 2, at = c % 4 * 8, scale = c / 8 * 8 + 4 * g + at / 16;
  vec2 first = scale_at (b, scale), second = scale_at (b, scale + 2);

  for (uint i = 0; i < 2; i++)
    {
      uint q = load_2x16 (b + QS + c / 8 * 32 + at + 4 * i) >> 4 * g;
      uint low = q & 0x03030303, high = q >> 2 & 0x03030303;
#if WEIGHT_TYPE == TYPE_Q3_K
      uint third = load_2x16 (b + at + 4 * i) >> c / 4 * 2;
      low |= (third & 0x01010101) << 2;
      high |= (third & 0x02020202) << 1;
#endif
      w[i] = first.x * bytes_to_vec4 (low) + first.y;
      w[2 + i] = second.x * bytes_to_vec4 (high) + second.y;
    }
}

#elif WEIGHT_TYPE == TYPE_IQ4_XS
#define BLOCK_CHUNKS  16
#define BLOCK_BYTES   136
#define HALF_DISTANCE 16
#define chunk_start(c) ((c) / 2 * 32 + (c) % 2 * 8)
void
dequantize_chunk (uint64_t b, uint c, out vec4 w[4])
{
  U32 at = U32 (b);
  uint head = at.v[0], j = c / 2, scale = (at.v[1] >> 4 * j & 15) | (head >> 16 + 2 * j & 3) << 4;
  float d = half_to_float (head & 0xffff) * (float (scale) - 32);

  for (uint i = 0; i < 2; i++)
    {
      uint q = at.v[2 + 2 * c + i];
      w[i] = d * steps_at (q);
      w[2 + i] = d * steps_at (q >> 4);
    }
}
#endif
