#version 460
/* cache[i] = x[i], converted to KV_TYPE
 *
 * x f32 [n] · cache of KV_TYPE [n], from the first position that is written
 * Grid: group_index(): a thread an element of F32 or F16, or a block of 32 of Q8_0 or Q4_0
 */
#include "types.glsl"

layout (local_size_x_id = 0) in;
layout (constant_id = 1) const uint KV_TYPE = 1;

#include "kv.glsl"

layout (push_constant) uniform Push { StoreParameters p; };

/* d = max |x| / 127, q = round (x / d) */
void
store_q8_0 (F32 x, uint64_t block)
{
  float largest = 0;

  for (uint i = 0; i < 32; i++)
    largest = max (largest, abs (x.v[i]));
  float inverse = largest != 0 ? 127 / largest : 0;
  U16 (block).v[0] = uint16_t (float_to_half (largest / 127));
  for (uint i = 0; i < 16; i++)
    {
      ivec2 q = ivec2 (round (vec2 (x.v[2 * i], x.v[2 * i + 1]) * inverse));
      U16 (block).v[1 + i] = uint16_t ((q.x & 0xff) | (q.y & 0xff) << 8);
    }
}

/* The element of the largest magnitude becomes -8. */
void
store_q4_0 (F32 x, uint64_t block)
{
  float extreme = 0;

  for (uint i = 0; i < 32; i++)
    extreme = abs (x.v[i]) > abs (extreme) ? x.v[i] : extreme;
  float inverse = extreme != 0 ? -8 / extreme : 0;
  U16 (block).v[0] = uint16_t (float_to_half (extreme / -8));
  for (uint i = 0; i < 8; i++)
    {
      vec4 v = vec4 (x.v[2 * i], x.v[2 * i + 16], x.v[2 * i + 1], x.v[2 * i + 17]);
      uvec4 q = min (uvec4 (v * inverse + 8.5), 15);
      U16 (block).v[1 + i] = uint16_t (q.x | q.y << 4 | q.z << 8 | q.w << 12);
    }
}

void
main ()
{
  uint i = thread_index ();

  switch (KV_TYPE)
    {
    case KV_Q8_0:
      if (i < p.n / 32)
        store_q8_0 (F32 (p.x + 128 * i), p.cache + 34 * i);
      break;
    case KV_Q4_0:
      if (i < p.n / 32)
        store_q4_0 (F32 (p.x + 128 * i), p.cache + 18 * i);
      break;
    case KV_F32:
      if (i < p.n)
        F32 (p.cache).v[i] = F32 (p.x).v[i];
      break;
    default:
      if (i < p.n)
        U16 (p.cache).v[i] = uint16_t (float_to_half (F32 (p.x).v[i]));
      break;
    }
}
