/* Reading the KV cache. KV_TYPE is a specialization constant, as GGUF numbers it. */
uint64_t
kv_row_bytes (uint n)
{
  return KV_TYPE == 0 ? 4 * n : 2 * n;
}

/* Elements 4i … 4i + 3 of a row of n, those beyond n as 0. n is a constant, so what is asked of it costs nothing. */
vec4
kv_load (uint64_t row, uint i, uint n)
{
  vec4 v = vec4 (0);

  if (KV_TYPE == 0 && n % 4 == 0)
    return F32x4 (row).v[i];
  if (KV_TYPE != 0 && n % 4 == 0)
    {
      uvec2 bits = U32x2 (row).v[i];
      return vec4 (unpackHalf2x16 (bits.x), unpackHalf2x16 (bits.y));
    }
  for (uint j = 0; j < 4; j++)
    if (4 * i + j < n)
      v[j] = KV_TYPE == 0 ? F32 (row).v[4 * i + j] : half_to_float (uint (U16 (row).v[4 * i + j]));
  return v;
}
