#version 460
/* result[t, o] = bias[o] + Σ_i weight[o, i] x[t, i], with accumulate added to what is there
 *
 * matmul.comp for software devices, where a load, from shared memory as well, costs each lane of a subgroup as much as
 * dozens of multiplications. A lane has ROWS rows of the weights by itself, dequantized once for COLS rows of x. The
 * subgroup, which is the workgroup, reads a chunk of x side by side, and each element goes to all lanes by a broadcast.
 * Scales are read once for the chunks that share them.
 *
 * weight [n_expert, n_out, n_in] of WEIGHT_TYPE · x f32 [n_rows / x_divisor, n_in] · bias f32 [n_expert, n_out] or 0
 * result f32 [n_rows, n_out] · experts, if EXPERTS: see group-experts.comp
 * Grid: group_index(): blocks of ROWS · lanes of n_out · z: tiles of COLS rows (some may be none, with EXPERTS)
 */
#include "types.glsl"
#extension GL_KHR_shader_subgroup_ballot : require

layout (constant_id = 4) const bool WIDE_LOADS = false;
#define WIDE_LOADS WIDE_LOADS
#include "dequant.glsl"

layout (local_size_x_id = 0) in; /* the size of a subgroup, 8 at least */
layout (constant_id = 1) const uint ROWS = 1;
layout (constant_id = 2) const uint COLS = 1;
layout (constant_id = 3) const bool EXPERTS = false;

layout (push_constant) uniform Push { MatmulParameters p; };

const uint SUMS = ROWS * COLS;

/* Elements at and at + HALF_DISTANCE, of which each of eight lanes reads its own; x is 4 · lane further on. */
vec2
load_side_by_side (uint64_t x, uint at, uint lane)
{
#ifdef IS_FLOAT
  vec2 v = vec2 (0);

  if (at + lane < p.n_in)
    v.x = F32 (x).v[at];
  if (at + HALF_DISTANCE + lane < p.n_in)
    v.y = F32 (x).v[at + HALF_DISTANCE];
  return v;
#else
  return vec2 (F32 (x).v[at], F32 (x).v[at + HALF_DISTANCE]);
#endif
}

void
main ()
{
  uint lane = gl_LocalInvocationID.x, lanes = gl_WorkGroupSize.x, tile = gl_WorkGroupID.z;
  uint first_row = group_index () * ROWS * lanes + lane, expert = 0, first = tile * COLS, count, rows[COLS];
  uint64_t weights[ROWS], x[COLS];
  float sums[SUMS];
  U32 groups = U32 (p.experts);

  if (first_row - lane >= p.n_out)
    return;
  if (EXPERTS)
    {
      if (tile >= groups.v[0])
        return;
      expert = min (groups.v[4 + 4 * tile], p.n_expert - 1);
      first = groups.v[5 + 4 * tile];
      count = groups.v[6 + 4 * tile];
    }
  else
    count = min (COLS, p.n_rows - first);
  [[unroll]] for (uint c = 0; c < COLS; c++)
    {
      rows[c] = first + min (c, count - 1);
      if (EXPERTS)
        rows[c] = groups.v[groups.v[1] + rows[c]];
      x[c] = p.x + uint64_t (rows[c] / p.x_divisor) * p.n_in * 4 + lane % 8 * 4;
    }
  [[unroll]] for (uint r = 0; r < ROWS; r++)
    weights[r] = p.weight + (uint64_t (expert) * p.n_out + min (first_row + r * lanes, p.n_out - 1)) * p.row_bytes;
  [[unroll]] for (uint i = 0; i < SUMS; i++)
    sums[i] = 0;

  for (uint chunk = 0; chunk < n_chunks_of (p.n_in); chunk += GROUP_CHUNKS)
    {
      Group group[ROWS];

      [[unroll]] for (uint r = 0; r < ROWS; r++)
        group[r] = load_group (weights[r], chunk);
      [[dont_unroll]] for (uint part = 0; part < GROUP_CHUNKS; part++)
        {
          vec4 w[ROWS][4];

          [[unroll]] for (uint r = 0; r < ROWS; r++)
            load_part (group[r], weights[r], chunk + part, p.n_in, w[r]);
          [[unroll]] for (uint c = 0; c < COLS; c++)
            {
              vec2 mine = load_side_by_side (x[c], chunk_position (chunk + part), lane % 8);

              [[unroll]] for (uint i = 0; i < CHUNK; i++)
                {
                  float v = subgroupBroadcast (mine[i / 8], i % 8);

                  [[unroll]] for (uint r = 0; r < ROWS; r++)
                    sums[r * COLS + c] += w[r][i / 4][i % 4] * v;
                }
            }
        }
    }

  [[unroll]] for (uint r = 0; r < ROWS; r++)
    {
      uint row = first_row + r * lanes;
      float bias = 0;

      if (row >= p.n_out)
        return;
      if (p.bias != 0)
        bias = F32 (p.bias + (uint64_t (expert) * p.n_out + row) * 4).v[0];
      [[unroll]] for (uint c = 0; c < COLS; c++)
        if (c < count)
          {
            F32 to = F32 (p.result + (uint64_t (rows[c]) * p.n_out + row) * 4);
            float sum = sums[r * COLS + c] + bias;
            to.v[0] = p.accumulate != 0 ? to.v[0] + sum : sum;
          }
    }
}
