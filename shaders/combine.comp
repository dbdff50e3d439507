#version 460
/* result[t, i] = Σ_j weights[t, j] y[t, j, i], with accumulate added to what is there
 *
 * y f32 [n_tokens, n_used, n] · weights f32 [n_tokens, n_used] · result f32 [n_tokens, n]
 * Grid: group_index(): a thread an element
 */
#include "types.glsl"

layout (local_size_x_id = 0) in;

layout (push_constant) uniform Push { CombineParameters p; };

void
main ()
{
  uint t = thread_index () / p.n, i = thread_index () % p.n;
  F32 y = F32 (p.y + uint64_t (t) * p.n_used * p.n * 4), weights = F32 (p.weights + uint64_t (t) * p.n_used * 4);
  F32 result = F32 (p.result + uint64_t (t) * p.n * 4);

  if (t >= p.n_tokens)
    return;
  float sum = p.accumulate != 0 ? result.v[i] : 0;
  for (uint j = 0; j < p.n_used; j++)
    sum += weights.v[j] * y.v[j * p.n + i];
  result.v[i] = sum;
}
