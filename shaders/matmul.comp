#version 460
/* result[t, o] = bias[o] + Σ_i weight[o, i] x[t, i], with accumulate added to what is there
 *
 * For many rows of x. A workgroup of 128 threads makes a tile of 64 rows of the weights times COLS rows of x, and goes
 * through n_in by two chunks of 16: dequantized weights and activations are laid into shared memory, the row index
 * running fastest, and each thread multiplies two quads of rows with COLS / 16 rows of x.
 *
 * With EXPERTS, a tile belongs to one expert, and its rows of x are those that chose it: group-experts.comp lists them.
 *
 * weight [n_expert, n_out, n_in] of WEIGHT_TYPE · x f32 [n_rows / x_divisor, n_in] · bias f32 [n_expert, n_out] or 0
 * result f32 [n_rows, n_out] · experts, if EXPERTS: see group-experts.comp
 * Grid: group_index(): blocks of 64 of n_out · z: tiles of COLS rows (of which some may be none, with EXPERTS)
 */
#include "types.glsl"
#include "dequant.glsl"

layout (local_size_x = 128) in;
layout (constant_id = 1) const uint COLS = 64; /* 32 or 64 */
layout (constant_id = 2) const bool EXPERTS = false;

layout (push_constant) uniform Push { MatmulParameters p; };

const uint ROWS = 64, DEPTH = 2 * CHUNK, ROW_QUADS = ROWS / 4, COL_QUADS = COLS / 4, MINE = COLS / 16;
shared vec4 weight_tile[DEPTH * ROW_QUADS];
shared vec4 x_tile[DEPTH * COL_QUADS];
shared uint tile_rows[COLS]; /* of the result */

/* expert, number of rows; tile_rows is filled with the rows, the last one repeated. */
uvec2
find_rows (uint thread)
{
  uint tile = gl_WorkGroupID.z, expert = 0, first = tile * COLS, count = min (COLS, p.n_rows - first);
  U32 groups = U32 (p.experts);

  if (EXPERTS)
    {
      if (tile >= groups.v[0])
        return uvec2 (0);
      expert = min (groups.v[4 + 4 * tile], p.n_expert - 1);
      first = groups.v[5 + 4 * tile];
      count = groups.v[6 + 4 * tile];
    }
  if (thread < COLS)
    {
      uint at = first + min (thread, count - 1);
      tile_rows[thread] = EXPERTS ? groups.v[groups.v[1] + at] : at;
    }
  return uvec2 (expert, count);
}

void
main ()
{
  uint thread = gl_LocalInvocationID.x, first_row = group_index () * ROWS;
  uint row_quad = thread % 8, first_col = thread / 8 * MINE;
  vec4 sums[MINE * 2];

  if (first_row >= p.n_out)
    return;
  uvec2 found = find_rows (thread);
  uint expert = found.x, count = found.y, n_chunks = n_chunks_of (p.n_in);
  if (count == 0)
    return;
  barrier ();

  uint64_t expert_rows = p.weight + uint64_t (expert) * p.n_out * p.row_bytes;
  uint64_t weights = expert_rows + uint64_t (min (first_row + thread % ROWS, p.n_out - 1)) * p.row_bytes;
  uint64_t x = p.x + uint64_t (tile_rows[thread % COLS] / p.x_divisor) * p.n_in * 4;
  [[unroll]] for (uint i = 0; i < MINE * 2; i++)
    sums[i] = vec4 (0);

  for (uint chunk = 0; chunk < n_chunks; chunk += 2)
    {
      uint mine = chunk + thread / ROWS, to = thread / ROWS * CHUNK, at = thread % ROWS;
      vec4 v[4] = vec4[4] (vec4 (0), vec4 (0), vec4 (0), vec4 (0));

      if (mine < n_chunks)
        load_weights (weights, mine, p.n_in, v);
      [[unroll]] for (uint i = 0; i < CHUNK; i++)
        weight_tile[(to + i) * ROW_QUADS + at / 4][at % 4] = v[i / 4][i % 4];
      if (thread < 2 * COLS)
        {
          mine = chunk + thread / COLS;
          to = thread / COLS * CHUNK;
          at = thread % COLS;
          v = vec4[4] (vec4 (0), vec4 (0), vec4 (0), vec4 (0));
          if (mine < n_chunks)
            load_activations (x, mine, p.n_in, v);
          [[unroll]] for (uint i = 0; i < CHUNK; i++)
            x_tile[(to + i) * COL_QUADS + at / 4][at % 4] = v[i / 4][i % 4];
        }
      barrier ();
      for (uint k = 0; k < DEPTH; k++)
        {
          vec4 low = weight_tile[k * ROW_QUADS + row_quad], high = weight_tile[k * ROW_QUADS + row_quad + 8];

          [[unroll]] for (uint c = 0; c < MINE; c++)
            {
              float v = x_tile[k * COL_QUADS + (first_col + c) / 4][(first_col + c) % 4];
              sums[2 * c] += low * v;
              sums[2 * c + 1] += high * v;
            }
        }
      barrier ();
    }

  [[unroll]] for (uint i = 0; i < MINE * 2; i++)
    {
      uint col = first_col + i / 2, row = first_row + 4 * (row_quad + i % 2 * 8);

      if (col >= count)
        continue;
      F32 to = F32 (p.result + (uint64_t (tile_rows[col]) * p.n_out + row) * 4);
      F32 bias = F32 (p.bias + (uint64_t (expert) * p.n_out + row) * 4);
      [[unroll]] for (uint j = 0; j < 4; j++)
        if (row + j < p.n_out)
          {
            float sum = sums[i][j];
            if (p.bias != 0)
              sum += bias.v[j];
            to.v[j] = p.accumulate != 0 ? to.v[j] + sum : sum;
          }
    }
}
