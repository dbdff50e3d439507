#version 460
/* result[r, i] = act (gate[r, i]) · up[r, i], without up act (gate) alone (Shazeer 2020); the factor is up + 1 for
 * activation 7. With limit not 0, gate is cut to at most limit and up to ±limit first, but for activations 8 and 9.
 *
 * gate, result f32 [n_rows, n] · up f32 [n_rows, n] or 0, rows of gate and up stride apart · result may be gate or up
 * Grid: group_index(): a thread an element
 */
#include "types.glsl"

layout (local_size_x_id = 0) in;

layout (push_constant) uniform Push { GluParameters p; };

const uint SWIGLU_1 = 7, CLAMP = 8; /* as in RpActivation; those from CLAMP on have their own use for limit */

/* Abramowitz & Stegun 7.1.26: off by at most 1.5e-7 */
float
erf (float x)
{
  float t = 1 / (1 + 0.3275911 * abs (x));
  float tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));

  return sign (x) * (1 - tail * exp (-x * x));
}

/* log (1 + x) for 0 ≤ x ≤ 1, where 1 + x loses the digits of a small x (Higham 2002, problem 1.5) */
float
log1p (float x)
{
  float u = 1 + x;

  return u == 1 ? x : log (u) * (x / (u - 1));
}

/* by (e^2x - 1) / (e^2x + 1), and near 0, where that loses digits, by its series */
float
tanh_of (float x)
{
  float z = x * x, e = exp (-2 * abs (x));

  return abs (x) < 0.1 ? x * (1 - z * (1.0 / 3 - z * (2.0 / 15 - z * 17.0 / 315))) : sign (x) * (1 - e) / (1 + e);
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
    case 4: /* ReLU² */
      return max (x, 0) * max (x, 0);
    case 5: /* sigmoid */
      return 1 / (1 + exp (-x));
    case 6: /* softplus */
      return max (x, 0) + log1p (exp (-abs (x)));
    case SWIGLU_1:
      return x / (1 + exp (-1.702 * x));
    case CLAMP:
      return clamp (x, -p.limit, p.limit);
    default: /* soft cap */
      return p.limit * tanh_of (x / p.limit);
    }
}

void
main ()
{
  uint i = thread_index (), at = i / p.n * p.stride + i % p.n;
  bool limited = p.limit != 0 && p.activation < CLAMP;

  if (i >= p.n_rows * p.n)
    return;
  float x = F32 (p.gate).v[at], y = activate (limited ? min (x, p.limit) : x);
  if (p.up != 0)
    {
      float up = F32 (p.up).v[at];
      up = limited ? clamp (up, -p.limit, p.limit) : up;
      y *= p.activation == SWIGLU_1 ? up + 1 : up;
    }
  F32 (p.result).v[i] = y;
}
