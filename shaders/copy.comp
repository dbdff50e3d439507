#version 460
/* result[r · out_stride + i] = x[r / repeat · x_stride + i] for i < n
 *
 * x, result f32
 * Grid: group_index(): a thread an element
 */
#include "types.glsl"

layout (local_size_x_id = 0) in;

layout (push_constant) uniform Push { CopyParameters p; };

void
main ()
{
  uint index = thread_index (), r = index / p.n, i = index % p.n;

  if (r < p.n_rows)
    F32 (p.result).v[r * p.out_stride + i] = F32 (p.x).v[r / p.repeat * p.x_stride + i];
}
