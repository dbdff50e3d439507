#version 460
/* result[i] = act (gate[i]) · up[i], without up act (gate) alone (Shazeer 2020)
 *
 * gate, result f32 [n] · up f32 [n] or 0 · result may be gate or up
 * Grid: group_index(): a thread an element
 */
#include "types.glsl"

layout (local_size_x_id = 0) in;

layout (push_constant) uniform Push { GluParameters p; };

/* Abramowitz & Stegun 7.1.26: off by at most 1.5e-7 */
float
erf (float x)
{
  float t = 1 / (1 + 0.3275911 * abs (x));
  float tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));

  return sign (x) * (1 - tail * exp (-x * x));
}

float
activate (float x)
{
  switch (p.activation)
    {
    case 0: /* SiLU */
      return x / (1 + exp (-x));
    case 1: /* GELU, tanh approximation (Hendrycks & Gimpel 2016): (1 + tanh (y)) / 2 is the sigmoid of 2y */
      return x / (1 + exp (-1.5957691216057308 * (x + 0.044715 * x * x * x)));
    case 2: /* GELU */
      return 0.5 * x * (1 + erf (x * 0.7071067811865476));
    case 3: /* ReLU */
      return max (x, 0);
    default: /* ReLU² */
      return max (x, 0) * max (x, 0);
    }
}

void
main ()
{
  uint i = thread_index ();

  if (i >= p.n)
    return;
  float y = activate (F32 (p.gate).v[i]);
  if (p.up != 0)
    y *= F32 (p.up).v[i];
  F32 (p.result).v[i] = y;
}
