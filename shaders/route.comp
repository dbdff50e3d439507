#version 460
/* The n_used best experts of a token, highest first, ties to the lower index, and their weights.
 *   gate 0: p = softmax (logits), selected by p · 1: p = sigmoid (logits), selected by p + selection_bias
 *   gate 2: selected by logits, p = softmax over the selected
 *   gate 3: selected by logits, p = the share of softmax over those not yet chosen that come near the best
 * n_groups not 0: among the experts of the n_groups_used best runs of N_EXPERT / n_groups, by their group_top best
 * weights: p, divided by their sum (at least 6.1e-5) if normalize or gate 2, times scale
 *
 * logits f32 [n_tokens, N_EXPERT] · selection_bias f32 [N_EXPERT] or 0 · ids i32, weights f32 [n_tokens, n_used]
 * Grid: group_index(): tokens. One subgroup, or as many threads: see winner().
 */
#include "types.glsl"

layout (local_size_x_id = 0) in;
layout (constant_id = 1) const uint N_EXPERT = 1;

layout (push_constant) uniform Push { RouteParameters p; };

shared float chances[N_EXPERT], keys[N_EXPERT];
shared uint chosen[N_EXPERT];
shared float best_keys[64];
shared uint best_ids[64];

/* The best key of all threads, and the lowest index that has it. */
uint
winner (float key, uint id)
{
  float best = subgroupMax (key);
  uint found = subgroupMin (key == best ? id : ~0u);

  if (gl_NumSubgroups > 1)
    {
      if (subgroupElect ())
        {
          best_keys[gl_SubgroupID] = best;
          best_ids[gl_SubgroupID] = found;
        }
      barrier ();
      best = best_keys[0];
      found = best_ids[0];
      for (uint s = 1; s < gl_NumSubgroups; s++)
        if (best_keys[s] > best || (best_keys[s] == best && best_ids[s] < found))
          {
            best = best_keys[s];
            found = best_ids[s];
          }
    }
  return min (found, N_EXPERT - 1);
}

/* What all threads see is the same again. A group's score is kept in chances[] of its first expert while its keys are
 * compared: the chances are made after this. */
void
keep_best_groups (uint thread, uint n_threads)
{
  uint size = N_EXPERT / p.n_groups;

  for (uint g = thread; g < p.n_groups; g += n_threads)
    {
      float first = LOWEST, second = LOWEST;

      for (uint e = g * size; e < (g + 1) * size; e++)
        {
          second = max (second, min (first, keys[e]));
          first = max (first, keys[e]);
        }
      chances[g * size] = p.group_top == 2 && size > 1 ? first + second : first;
    }
  barrier ();
  for (uint g = thread; g < p.n_groups; g += n_threads)
    {
      float score = chances[g * size];
      uint better = 0;

      for (uint other = 0; other < p.n_groups; other++)
        if (chances[other * size] > score || (chances[other * size] == score && other < g))
          better++;
      if (better >= p.n_groups_used)
        for (uint e = g * size; e < (g + 1) * size; e++)
          keys[e] = LOWEST;
    }
  barrier ();
}

/* The share of the best of keys[] among those that come near it (Liu et al. 2024). Every thread computes all of it. */
float
sparse_mixer_share (float best)
{
  float sum = 0;

  for (uint e = 0; e < N_EXPERT; e++)
    if (keys[e] > LOWEST && best - keys[e] <= 0.02 * max (abs (keys[e]), best))
      sum += exp (keys[e] - best);
  return 1 / sum;
}

/* What an expert's weight is made of, and what it is chosen by. */
float
chance_of (float x, float high, float sum)
{
  return p.gate == 1 ? 1 / (1 + exp (-x)) : p.gate == 0 ? exp (x - high) / sum : exp (x - high);
}

float
key_of (uint e, float x, float chance)
{
  float key = p.gate >= 2 ? x : chance;

  return p.selection_bias != 0 ? key + F32 (p.selection_bias).v[e] : key;
}

void
main ()
{
  uint t = group_index (), thread = gl_LocalInvocationID.x, n_threads = gl_WorkGroupSize.x;
  F32 logits = F32 (p.logits + uint64_t (t) * N_EXPERT * 4);
  I32 ids = I32 (p.ids + uint64_t (t) * p.n_used * 4);
  F32 weights = F32 (p.weights + uint64_t (t) * p.n_used * 4);
  float high = LOWEST, sum = 0;

  if (t >= p.n_tokens)
    return;
  for (uint e = 0; e < N_EXPERT; e++)
    high = max (high, logits.v[e]);
  if (p.gate == 0)
    for (uint e = 0; e < N_EXPERT; e++)
      sum += exp (logits.v[e] - high);
  for (uint e = thread; e < N_EXPERT; e += n_threads)
    keys[e] = key_of (e, logits.v[e], chance_of (logits.v[e], high, sum));
  barrier ();
  if (p.n_groups != 0)
    keep_best_groups (thread, n_threads);
  for (uint e = thread; e < N_EXPERT; e += n_threads)
    chances[e] = chance_of (logits.v[e], high, sum);
  sum = 0;
  for (uint j = 0; j < p.n_used; j++)
    {
      float best = LOWEST;
      uint id = ~0u;

      for (uint e = thread; e < N_EXPERT; e += n_threads)
        if (keys[e] > best)
          {
            best = keys[e];
            id = e;
          }
      id = winner (best, id);
      float share = p.gate == 3 ? sparse_mixer_share (keys[id]) : 0;
      barrier ();
      if (id % n_threads == thread)
        {
          if (p.gate == 3)
            chances[id] = share;
          keys[id] = LOWEST;
          chosen[j] = id;
        }
      barrier ();
      sum += chances[id];
    }
  sum = p.gate == 2 ? sum : p.normalize != 0 ? max (sum, 6.103515625e-5) : 1;
  for (uint j = thread; j < p.n_used; j += n_threads)
    {
      ids.v[j] = int (chosen[j]);
      weights.v[j] = chances[chosen[j]] / sum * p.scale;
    }
}
