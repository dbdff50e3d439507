#version 460
/* result[t] = scale · row tokens[t] of weight
 *
 * weight [n_vocab, n_in] of WEIGHT_TYPE · tokens i32 [n_tokens] · result f32 [n_tokens, n_in]
 * Grid: group_index(): a thread a chunk of 16 of a token
 */
#include "types.glsl"
#include "dequant.glsl"

layout (local_size_x_id = 0) in;

layout (push_constant) uniform Push { EmbedParameters p; };

void
main ()
{
  uint n_chunks = n_chunks_of (p.n_in), t = thread_index () / n_chunks, chunk = thread_index () % n_chunks;
  uint position = chunk_position (chunk);
  F32 result = F32 (p.result + uint64_t (t) * p.n_in * 4);
  vec4 w[4];

  if (t >= p.n_tokens)
    return;
  load_weights (p.weight + uint64_t (index_at (p.tokens, t, p.n_vocab)) * p.row_bytes, chunk, p.n_in, w);
  [[unroll]] for (uint i = 0; i < CHUNK; i++)
    {
      uint at = position + i + i / 8 * (HALF_DISTANCE - 8);
      if (at < p.n_in)
        result.v[at] = p.scale * w[i / 4][i % 4];
    }
}
