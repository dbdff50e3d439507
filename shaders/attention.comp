#version 460
/* s_p = softcap · tanh (scale · q·k_p / softcap), or scale · q·k_p; over the positions p that a query sees
 * out = Σ_p exp (s_p) v_p / (Σ_p exp (s_p) + exp (sink))
 *
 * As in Dao et al. 2022, the scores never leave the workgroup: it goes through the positions by tiles of one a thread,
 * and keeps the highest score, the sum and the weighted values of what it saw. The queries that read the same keys,
 * heads of a group and neighbouring tokens, share a workgroup, ROWS of them. A long context is cut into n_splits
 * (Dao et al. 2023), and attention-merge.comp joins the parts.
 *   1. a thread a key: its dot products with all ROWS queries
 *   2. a subgroup a query: highest score, exponentials, sum
 *   3. a thread four elements of the values, for every nth position, for all ROWS queries
 *
 * q f32 [n_tokens, n_heads, DIM_K] · k, v [n_context, n_kv_heads, DIM_K or DIM_V] of KV_TYPE · sinks f32 [n_heads] or 0
 * result f32 [n_tokens, n_heads, DIM_V], if n_splits is 1
 * partial f32 [n_tokens, n_heads, n_splits, DIM_V + 2]: values not yet divided, highest score, sum
 * Grid: group_index(): blocks of ROWS of (token, head of the group) · z: KV head · n_splits + split
 */
#include "types.glsl"

layout (local_size_x_id = 0) in;
layout (constant_id = 1) const uint ROWS = 1;
layout (constant_id = 2) const uint DIM_K = 4;
layout (constant_id = 3) const uint DIM_V = 4;
layout (constant_id = 4) const uint KV_TYPE = 1;
layout (constant_id = 5) const uint TILE = 32; /* threads of the workgroup */

#include "kv.glsl"

layout (push_constant) uniform Push { AttentionParameters p; };

const uint K_QUADS = (DIM_K + 3) / 4, V_QUADS = (DIM_V + 3) / 4;
const uint LANES = V_QUADS < TILE ? V_QUADS : TILE, MINE = (V_QUADS + TILE - 1) / TILE, STRIDES = TILE / LANES;
shared vec4 queries[ROWS * K_QUADS];
shared float weights[ROWS * TILE];
shared float highest[ROWS], total[ROWS], rescale[ROWS];
shared vec4 joined[TILE];

uint
group_size ()
{
  return p.n_heads / p.n_kv_heads;
}

/* (token, head) of a row of this block; the last one repeated beyond the end. */
uvec2
row_at (uint r)
{
  uint kv_head = gl_WorkGroupID.z / p.n_splits;
  uint row = min (group_index () * ROWS + r, p.n_tokens * group_size () - 1);

  return uvec2 (row / group_size (), kv_head * group_size () + row % group_size ());
}

uint
first_seen (uint t)
{
  uint position = p.pos + t;

  return p.window != 0 && position >= p.window ? position - p.window + 1 : 0;
}

void
load_queries (uint thread)
{
  for (uint i = thread; i < ROWS * K_QUADS; i += TILE)
    {
      uvec2 at = row_at (i / K_QUADS);
      F32 q = F32 (p.q + (uint64_t (at.x) * p.n_heads + at.y) * DIM_K * 4);

      [[unroll]] for (uint j = 0; j < 4; j++)
        {
          uint d = i % K_QUADS * 4 + j;
          queries[i][j] = d < DIM_K ? q.v[d] : 0;
        }
    }
  for (uint r = thread; r < ROWS; r += TILE)
    {
      highest[r] = LOWEST;
      total[r] = 0;
    }
}

void
score_key (uint thread, uint position, bool is_there)
{
  uint64_t key = p.k + (uint64_t (position) * p.n_kv_heads + gl_WorkGroupID.z / p.n_splits) * kv_row_bytes (DIM_K);
  float scores[ROWS];

  [[unroll]] for (uint r = 0; r < ROWS; r++)
    scores[r] = 0;
  if (is_there)
    for (uint i = 0; i < K_QUADS; i++)
      {
        vec4 k = kv_load (key, i, DIM_K);

        [[unroll]] for (uint r = 0; r < ROWS; r++)
          scores[r] += dot (queries[r * K_QUADS + i], k);
      }
  [[unroll]] for (uint r = 0; r < ROWS; r++)
    {
      uint t = row_at (r).x;
      float s = scores[r] * p.scale;

      if (p.softcap != 0)
        s = p.softcap * tanh (clamp (s / p.softcap, -15, 15));
      weights[r * TILE + thread] = is_there && position <= p.pos + t && position >= first_seen (t) ? s : LOWEST;
    }
}

/* Scores become weights relative to the highest score so far. */
void
weigh_rows ()
{
  for (uint r = gl_SubgroupID; r < ROWS; r += gl_NumSubgroups)
    {
      float high = LOWEST, sum = 0;

      for (uint i = gl_SubgroupInvocationID; i < TILE; i += gl_SubgroupSize)
        high = max (high, weights[r * TILE + i]);
      high = max (subgroupMax (high), highest[r]);
      for (uint i = gl_SubgroupInvocationID; i < TILE; i += gl_SubgroupSize)
        {
          float s = weights[r * TILE + i], w = s > LOWEST ? exp (s - high) : 0;
          weights[r * TILE + i] = w;
          sum += w;
        }
      sum = subgroupAdd (sum);
      float factor = exp (highest[r] - high), total_before = total[r];
      subgroupMemoryBarrierShared ();
      subgroupBarrier ();
      if (subgroupElect ())
        {
          rescale[r] = factor;
          highest[r] = high;
          total[r] = total_before * factor + sum;
        }
    }
}

void
write_row (uint r, uint quad, vec4 v)
{
  uvec2 at = row_at (r);
  uint64_t row = uint64_t (at.x) * p.n_heads + at.y;
  F32 to = F32 (p.result + row * DIM_V * 4);

  if (group_index () * ROWS + r >= p.n_tokens * group_size ())
    return;
  if (p.n_splits > 1)
    {
      to = F32 (p.partial + (row * p.n_splits + gl_WorkGroupID.z % p.n_splits) * (DIM_V + 2) * 4);
      if (quad == 0)
        {
          to.v[DIM_V] = highest[r];
          to.v[DIM_V + 1] = total[r];
        }
    }
  else
    {
      float high = highest[r], sink = p.sinks != 0 ? F32 (p.sinks).v[at.y] : LOWEST, all = max (high, sink);
      float factor = exp (high - all);
      v *= factor / (total[r] * factor + (p.sinks != 0 ? exp (sink - all) : 0));
    }
  [[unroll]] for (uint j = 0; j < 4; j++)
    if (4 * quad + j < DIM_V)
      to.v[4 * quad + j] = v[j];
}

void
main ()
{
  uint thread = gl_LocalInvocationID.x, n_rows = p.n_tokens * group_size (), first_row = group_index () * ROWS;
  uint lane = thread % LANES, stride = thread / LANES;
  vec4 values[ROWS * MINE];

  if (first_row >= n_rows)
    return;
  uint first = first_seen (row_at (0).x), end = p.pos + row_at (ROWS - 1).x + 1;
  uint length = (end - first + p.n_splits - 1) / p.n_splits;
  first += gl_WorkGroupID.z % p.n_splits * length;
  end = min (end, first + length);
  load_queries (thread);
  [[unroll]] for (uint i = 0; i < ROWS * MINE; i++)
    values[i] = vec4 (0);
  barrier ();

  for (uint tile = first; tile < end; tile += TILE)
    {
      uint n = min (TILE, end - tile);

      score_key (thread, tile + thread, thread < n);
      barrier ();
      weigh_rows ();
      barrier ();
      [[unroll]] for (uint i = 0; i < ROWS * MINE; i++)
        values[i] *= rescale[i / MINE];
      for (uint k = stride < STRIDES ? stride : n; k < n; k += STRIDES)
        [[unroll]] for (uint m = 0; m < MINE; m++)
          {
            uint64_t row = p.v
                           + (uint64_t (tile + k) * p.n_kv_heads + gl_WorkGroupID.z / p.n_splits) * kv_row_bytes (DIM_V);
            vec4 v = vec4 (0);

            if (lane + m * LANES < V_QUADS)
              v = kv_load (row, lane + m * LANES, DIM_V);
            [[unroll]] for (uint r = 0; r < ROWS; r++)
              values[r * MINE + m] += weights[r * TILE + k] * v;
          }
      barrier ();
    }

  [[unroll]] for (uint i = 0; i < ROWS * MINE; i++)
    {
      vec4 sum = values[i];

      joined[thread] = sum;
      barrier ();
      if (stride == 0)
        {
          for (uint s = 1; s < STRIDES; s++)
            sum += joined[thread + s * LANES];
          if (lane + i % MINE * LANES < V_QUADS)
            write_row (i / MINE, lane + i % MINE * LANES, sum);
        }
      barrier ();
    }
}
