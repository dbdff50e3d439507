#version 460
/* Lists the rows of a routed product by the expert that they chose, and cuts the lists into tiles.
 *
 * ids i32 [n_pairs], each below N_EXPERT
 * groups u32: number of tiles, where the list begins, 0, 0 · max_tiles times (expert, first of the list, rows, 0)
 *             · the list [n_pairs]
 * Grid: one group
 */
#include "types.glsl"

layout (local_size_x_id = 0) in;
layout (constant_id = 1) const uint N_EXPERT = 1;

layout (push_constant) uniform Push { GroupParameters p; };

shared uint counts[N_EXPERT], starts[N_EXPERT], tiles[N_EXPERT];

void
main ()
{
  uint thread = gl_LocalInvocationID.x, n_threads = gl_WorkGroupSize.x;
  U32 groups = U32 (p.groups);

  for (uint e = thread; e < N_EXPERT; e += n_threads)
    counts[e] = 0;
  barrier ();
  for (uint i = thread; i < p.n_pairs; i += n_threads)
    atomicAdd (counts[index_at (p.ids, i, N_EXPERT)], 1);
  barrier ();
  if (thread == 0)
    {
      uint n = 0, n_tiles = 0;

      for (uint e = 0; e < N_EXPERT; e++)
        {
          starts[e] = n;
          tiles[e] = n_tiles;
          n += counts[e];
          n_tiles += (counts[e] + p.tile - 1) / p.tile;
        }
      groups.v[0] = n_tiles;
      groups.v[1] = 4 + 4 * p.max_tiles;
    }
  barrier ();
  for (uint e = thread; e < N_EXPERT; e += n_threads)
    for (uint i = 0; i < counts[e]; i += p.tile)
      {
        uint at = 4 + 4 * (tiles[e] + i / p.tile);
        groups.v[at] = e;
        groups.v[at + 1] = starts[e] + i;
        groups.v[at + 2] = min (p.tile, counts[e] - i);
      }
  barrier ();
  for (uint i = thread; i < p.n_pairs; i += n_threads)
    groups.v[4 + 4 * p.max_tiles + atomicAdd (starts[index_at (p.ids, i, N_EXPERT)], 1)] = i;
}
