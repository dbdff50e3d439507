#version 460
/* result[t, o] = bias[o] + Σ_i weight[o, i] x[t, i], with accumulate added to what is there
 *
 * For few rows of x, where the time goes into reading the weights. A workgroup makes ROWS rows of the weights times
 * COLS rows of x; its threads take every nth chunk of 16 weights, so that they read side by side, and use each chunk
 * of x for all ROWS.
 *
 * weight [n_expert, n_out, n_in] of WEIGHT_TYPE · x f32 [n_rows / x_divisor, n_in] · bias f32 [n_expert, n_out] or 0
 * result f32 [n_rows, n_out] · experts, if EXPERTS: ids i32 [n_rows] (then COLS is 1)
 * Grid: group_index(): blocks of ROWS of n_out · z: blocks of COLS of n_rows
 */
#include "types.glsl"
#include "dequant.glsl"

layout (local_size_x_id = 0) in;
layout (constant_id = 1) const uint ROWS = 1;
layout (constant_id = 2) const uint COLS = 1;
layout (constant_id = 3) const bool EXPERTS = false;
layout (constant_id = 4) const uint MAX_SUBGROUPS = 64;

layout (push_constant) uniform Push { MatmulParameters p; };

const uint SUMS = ROWS * COLS;
shared float partial[SUMS * MAX_SUBGROUPS];

void
main ()
{
  uint first_row = group_index () * ROWS, first_col = gl_WorkGroupID.z * COLS, thread = gl_LocalInvocationID.x;
  uint expert = EXPERTS ? index_at (p.experts, first_col, p.n_expert) : 0;
  uint64_t weights[ROWS], x[COLS];
  float sums[SUMS];

  if (first_row >= p.n_out)
    return;
  [[unroll]] for (uint r = 0; r < ROWS; r++)
    weights[r] = p.weight + (uint64_t (expert) * p.n_out + min (first_row + r, p.n_out - 1)) * p.row_bytes;
  [[unroll]] for (uint c = 0; c < COLS; c++)
    x[c] = p.x + uint64_t (min (first_col + c, p.n_rows - 1) / p.x_divisor) * p.n_in * 4;
  [[unroll]] for (uint i = 0; i < SUMS; i++)
    sums[i] = 0;

  for (uint chunk = thread; chunk < n_chunks_of (p.n_in); chunk += gl_WorkGroupSize.x)
    {
      vec4 w[ROWS][4];

      [[unroll]] for (uint r = 0; r < ROWS; r++)
        load_weights (weights[r], chunk, p.n_in, w[r]);
      [[unroll]] for (uint c = 0; c < COLS; c++)
        {
          vec4 v[4];

          load_activations (x[c], chunk, p.n_in, v);
          [[unroll]] for (uint r = 0; r < ROWS; r++)
            sums[r * COLS + c] += dot (w[r][0], v[0]) + dot (w[r][1], v[1]) + dot (w[r][2], v[2]) + dot (w[r][3], v[3]);
        }
    }

  [[unroll]] for (uint i = 0; i < SUMS; i++)
    {
      sums[i] = subgroupAdd (sums[i]);
      if (subgroupElect ())
        partial[gl_SubgroupID * SUMS + i] = sums[i];
    }
  barrier ();
  for (uint i = thread; i < SUMS; i += gl_WorkGroupSize.x)
    {
      uint row = first_row + i / COLS, col = first_col + i % COLS;
      float sum = 0;

      if (row >= p.n_out || col >= p.n_rows)
        continue;
      for (uint s = 0; s < gl_NumSubgroups; s++)
        sum += partial[s * SUMS + i];
      if (p.bias != 0)
        sum += F32 (p.bias + (uint64_t (expert) * p.n_out + row) * 4).v[0];
      F32 to = F32 (p.result + (uint64_t (col) * p.n_out + row) * 4);
      to.v[0] = p.accumulate != 0 ? to.v[0] + sum : sum;
    }
}
