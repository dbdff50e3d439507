#version 460
/* Turns, in place, pair i of the token at position p by p · table[i] / factors[i] (Su et al. 2021), times magnitude.
 *
 * An angle is a fraction of a turn, in units of 2⁻⁶⁴: then p · table[i] is exact at every position, and whole turns
 * fall away by themselves. Floats lose the phase: at position 32,000 an f32 angle is off by 0.002.
 *
 * x f32 [n_tokens, n_heads, head_dim], token t at t · stride · table u64 [n_rot / 2] · factors f32 [n_rot / 2] or 0
 * Grid: group_index(): a thread a pair of a head of a token
 */
#include "types.glsl"

layout (local_size_x_id = 0) in;

layout (push_constant) uniform Push { RopeParameters p; };

/* x / factor, whole turns left out; 24 bits of mantissa divide, the exponent shifts. */
uint64_t
divide (uint64_t x, float factor)
{
  uint bits = floatBitsToUint (factor);
  int exponent = int (bits >> 23 & 0xff) - 127;
  uint64_t quotient = x / uint64_t ((bits & 0x7fffff) | 0x800000);

  quotient = exponent > 23 ? quotient >> min (exponent - 23, 63) : quotient << min (23 - exponent, 63);
  return bits >> 31 != 0 ? uint64_t (0) - quotient : quotient;
}

/* cos, sin: Taylor's series on an eighth of a turn to both sides, below 1e-8 */
vec2
rotation (int turn)
{
  int quadrant = (turn + (1 << 29)) >> 30;
  float a = float (turn - (quadrant << 30)) * 1.4629180792671596e-9, z = a * a; /* pi / 2³¹ */
  float s = a * (1 + z * (-1.0 / 6 + z * (1.0 / 120 + z * (-1.0 / 5040 + z * (1.0 / 362880)))));
  float c = 1 + z * (-1.0 / 2 + z * (1.0 / 24 + z * (-1.0 / 720 + z * (1.0 / 40320 - z * (1.0 / 3628800)))));
  vec2 r = (quadrant & 1) == 0 ? vec2 (c, s) : vec2 (-s, c);

  return (quadrant & 2) == 0 ? r : -r;
}

void
main ()
{
  uint n_pairs = p.n_rot / 2, index = thread_index (), i = index % n_pairs, head = index / n_pairs % p.n_heads;
  uint t = index / n_pairs / p.n_heads, first = p.neox != 0 ? i : 2 * i, step = p.neox != 0 ? n_pairs : 1;

  if (t >= p.n_tokens)
    return;
  uint64_t angle = U64 (p.table).v[i];
  if (p.factors != 0)
    angle = divide (angle, F32 (p.factors).v[i]);
  vec2 r = p.magnitude * rotation (int (uint (angle * uint64_t (p.pos + t) >> 32)));
  F32 x = F32 (p.x + (uint64_t (t) * p.stride + head * p.head_dim) * 4);
  float a = x.v[first], b = x.v[first + step];
  x.v[first] = a * r.x - b * r.y;
  x.v[first + step] = a * r.y + b * r.x;
}
