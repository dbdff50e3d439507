#version 460
/* RMS: y = x / sqrt (mean (x²) + eps) · weight (Zhang & Sennrich 2019)
 * centred: y = (x - mean) / sqrt (var + eps) · weight + bias (Ba et al. 2016)
 *
 * x, result f32 [n_rows, n], may be the same · weight, bias f32 [n] or 0
 * Grid: group_index(): rows
 */
#include "types.glsl"
#include "reduce.glsl"

layout (local_size_x_id = 0) in;

layout (push_constant) uniform Push { NormParameters p; };

void
main ()
{
  uint row = group_index (), thread = gl_LocalInvocationID.x, n_threads = gl_WorkGroupSize.x;
  F32 x = F32 (p.x + uint64_t (row) * p.n * 4), result = F32 (p.result + uint64_t (row) * p.n * 4);
  float mean = 0, squares = 0;

  if (row >= p.n_rows)
    return;
  if (p.centred != 0)
    {
      for (uint i = thread; i < p.n; i += n_threads)
        mean += x.v[i];
      mean = workgroup_add (mean) / float (p.n);
    }
  for (uint i = thread; i < p.n; i += n_threads)
    squares += (x.v[i] - mean) * (x.v[i] - mean);
  float scale = 1 / sqrt (workgroup_add (squares) / float (p.n) + p.eps);
  for (uint i = thread; i < p.n; i += n_threads)
    {
      float y = (x.v[i] - mean) * scale;
      if (p.weight != 0)
        y *= F32 (p.weight).v[i];
      if (p.bias != 0)
        y += F32 (p.bias).v[i];
      result.v[i] = y;
    }
}
