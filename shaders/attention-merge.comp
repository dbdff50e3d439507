#version 460
/* Joins the parts of a context that attention.comp went through by itself:
 *   out = Σ_s exp (h_s - h) v_s / (Σ_s exp (h_s - h) l_s + exp (sink - h)), h the highest of all h_s and the sink
 *
 * partial f32 [n_rows, n_splits, dim_v + 2]: v_s, h_s, l_s · sinks f32 [n_heads] or 0 · result f32 [n_rows, dim_v]
 * Grid: group_index(): rows
 */
#include "types.glsl"

layout (local_size_x_id = 0) in;

layout (push_constant) uniform Push { MergeParameters p; };

void
main ()
{
  uint row = group_index (), part = p.dim_v + 2;
  F32 parts = F32 (p.partial + uint64_t (row) * p.n_splits * part * 4);

  if (row >= p.n_rows)
    return;
  float sink = p.sinks != 0 ? F32 (p.sinks).v[row % p.n_heads] : LOWEST, high = sink;
  for (uint s = 0; s < p.n_splits; s++)
    high = max (high, parts.v[s * part + p.dim_v]);
  float total = p.sinks != 0 ? exp (sink - high) : 0;
  for (uint s = 0; s < p.n_splits; s++)
    total += parts.v[s * part + p.dim_v + 1] * exp (parts.v[s * part + p.dim_v] - high);
  for (uint i = gl_LocalInvocationID.x; i < p.dim_v; i += gl_WorkGroupSize.x)
    {
      float sum = 0;

      for (uint s = 0; s < p.n_splits; s++)
        sum += parts.v[s * part + i] * exp (parts.v[s * part + p.dim_v] - high);
      F32 (p.result + uint64_t (row) * p.dim_v * 4).v[i] = sum / total;
    }
}
