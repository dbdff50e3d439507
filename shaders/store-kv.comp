#version 460
/* cache[i] = x[i], converted to KV_TYPE
 *
 * x f32 [n] · cache of KV_TYPE [n], from the first position that is written
 * Grid: group_index(): a thread an element
 */
#include "types.glsl"

layout (local_size_x_id = 0) in;
layout (constant_id = 1) const uint KV_TYPE = 1; /* as GGUF numbers it: F32 or F16 */

layout (push_constant) uniform Push { StoreParameters p; };

void
main ()
{
  uint i = thread_index ();

  if (i >= p.n)
    return;
  float x = F32 (p.x).v[i];
  if (KV_TYPE == 0)
    F32 (p.cache).v[i] = x;
  else
    U16 (p.cache).v[i] = uint16_t (float_to_half (x));
}
