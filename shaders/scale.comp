#version 460
/* x[r, i] = factors[e] · x[r, i] + bias[e, i], where e = ids[r], or 0 without ids
 *
 * x f32 [n_rows, n] · factors f32 [n_expert] · ids i32 [n_rows] or 0 · bias f32 [n_expert, n] or 0
 * Grid: group_index(): a thread an element
 */
#include "types.glsl"

layout (local_size_x_id = 0) in;

layout (push_constant) uniform Push { ScaleParameters p; };

void
main ()
{
  uint r = thread_index () / p.n, i = thread_index () % p.n;
  uint e = p.ids != 0 ? index_at (p.ids, r, p.n_expert) : 0;
  F32 x = F32 (p.x + uint64_t (r) * p.n * 4);

  if (r >= p.n_rows)
    return;
  float y = x.v[i] * F32 (p.factors).v[e];
  if (p.bias != 0)
    y += F32 (p.bias + (uint64_t (e) * p.n + i) * 4).v[0];
  x.v[i] = y;
}
