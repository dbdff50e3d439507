#version 460
/* result[i] = scale · (a[i] + b[i]), without b scale · a[i]
 *
 * a, result f32 [n] · b f32 [n] or 0 · result may be a or b
 * Grid: group_index(): a thread an element
 */
#include "types.glsl"

layout (local_size_x_id = 0) in;

layout (push_constant) uniform Push { AddParameters p; };

void
main ()
{
  uint i = thread_index ();

  if (i >= p.n)
    return;
  float x = F32 (p.a).v[i];
  if (p.b != 0)
    x += F32 (p.b).v[i];
  F32 (p.result).v[i] = p.scale * x;
}
