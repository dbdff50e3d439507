/* Reading the KV cache. KV_TYPE is a specialization constant, as GGUF numbers it: F32, F16, Q4_0 or Q8_0. */
#define KV_F32  0
#define KV_Q4_0 2
#define KV_Q8_0 8

uint64_t
kv_row_bytes (uint n)
{
  switch (KV_TYPE)
    {
    case KV_F32:
      return 4 * n;
    case KV_Q4_0:
      return n / 32 * 18;
    case KV_Q8_0:
      return n / 32 * 34;
    default:
      return 2 * n;
    }
}

/* Elements 4i … 4i + 3 of a row in blocks of 32. */
vec4
kv_load_block (uint64_t row, uint i)
{
  uint64_t block = row + i / 8 * (KV_TYPE == KV_Q8_0 ? 34 : 18);
  float d = half_to_float (uint (U16 (block).v[0]));

  if (KV_TYPE == KV_Q8_0)
    return d * signed_bytes_to_vec4 (load_2x16 (block + 2 + i % 8 * 4));
  return d * (bytes_to_vec4 (load_2x16 (block + 2 + i % 4 * 4) >> i % 8 / 4 * 4 & 0x0f0f0f0f) - 8.0);
}

/* Elements 4i … 4i + 3 of a row of n, those beyond n as 0. n is a constant, so what is asked of it costs nothing. */
vec4
kv_load (uint64_t row, uint i, uint n)
{
  vec4 v = vec4 (0);

  if (KV_TYPE == KV_Q8_0 || KV_TYPE == KV_Q4_0)
    return kv_load_block (row, i);
  if (KV_TYPE == KV_F32 && n % 4 == 0)
    return F32x4 (row).v[i];
  if (KV_TYPE != KV_F32 && n % 4 == 0)
    {
      uvec2 bits = U32x2 (row).v[i];
      return vec4 (unpackHalf2x16 (bits.x), unpackHalf2x16 (bits.y));
    }
  for (uint j = 0; j < 4; j++)
    if (4 * i + j < n)
      v[j] = KV_TYPE == KV_F32 ? F32 (row).v[4 * i + j] : half_to_float (uint (U16 (row).v[4 * i + j]));
  return v;
}
