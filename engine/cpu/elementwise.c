/* Norms, rotary embedding, gates and sums: memory-bound loops over rows. */
#include "isa.h"

#include "../backend.h"

void
RP_K (norm_rms) (const float *x, const float *weight, const float *bias, float *out, guint n, float eps)
{
  vf sum = vf_zero ();
  float rest = 0;
  guint i = 0;

  for (; i + VL <= n; i += VL)
    sum = vf_fma (vf_load (x + i), vf_load (x + i), sum);
  for (; i < n; i++)
    rest += x[i] * x[i];
  float factor = 1 / sqrtf ((vf_sum (sum) + rest) / (float)n + eps);

  for (i = 0; i + VL <= n; i += VL)
    {
      vf y = vf_mul (vf_load (x + i), vf_set1 (factor));
      if (weight)
        y = vf_mul (y, vf_load (weight + i));
      if (bias)
        y = vf_add (y, vf_load (bias + i));
      vf_store (out + i, y);
    }
  for (; i < n; i++)
    out[i] = x[i] * factor * (weight ? weight[i] : 1) + (bias ? bias[i] : 0);
}

void
RP_K (norm_layer) (const float *x, const float *weight, const float *bias, float *out, guint n, float eps)
{
  double sum = 0, squares = 0;

  for (guint i = 0; i < n; i++)
    sum += x[i];
  double mean = sum / n;
  for (guint i = 0; i < n; i++)
    squares += (x[i] - mean) * (x[i] - mean);
  float m = (float)mean, factor = (float)(1 / sqrt (squares / n + eps));
  for (guint i = 0; i < n; i++)
    out[i] = (x[i] - m) * factor * (weight ? weight[i] : 1) + (bias ? bias[i] : 0);
}

void
RP_K (to_half) (const float *x, RpHalf *out, gsize n)
{
  gsize i = 0;

  for (; i + VL <= n; i += VL)
    vf_store_half (out + i, vf_load (x + i));
  for (; i < n; i++)
    out[i] = rp_float_to_half (x[i]);
}

void
RP_K (rope) (float *x, const float *cos_sin, guint n_rot, gboolean neox)
{
  guint half = n_rot / 2;
  /* The pair's halves stand next to each other or half a head apart. */
  guint step = neox ? 1 : 2, apart = neox ? half : 1;

  for (guint i = 0; i < half; i++)
    {
      float c = cos_sin[2 * i], s = cos_sin[2 * i + 1];
      float a = x[step * i], b = x[step * i + apart];
      x[step * i] = a * c - b * s;
      x[step * i + apart] = a * s + b * c;
    }
}

/* 1 / (1 + e^-a) */
RP_INLINE vf
vf_sigmoid (vf a)
{
  return vf_div (vf_set1 (1), vf_add (vf_set1 (1), vf_exp (vf_sub (vf_zero (), a))));
}

RP_INLINE vf
activate (int activation, vf g, float limit)
{
  switch (activation)
    {
    case RP_ACT_SILU:
      return vf_mul (g, vf_sigmoid (g));
    case RP_ACT_GELU:
      {
        /* g/2 · (1 + tanh u) = g · sigmoid (2u), u = √(2/π) (g + 0.044715 g³) */
        vf cube = vf_mul (g, vf_mul (g, g));
        vf u = vf_mul (vf_set1 (2 * 0.797884560802865f), vf_fma (vf_set1 (0.044715f), cube, g));
        return vf_mul (g, vf_sigmoid (u));
      }
    case RP_ACT_RELU:
      return vf_max (g, vf_zero ());
    case RP_ACT_RELU_SQUARED:
      {
        vf r = vf_max (g, vf_zero ());
        return vf_mul (r, r);
      }
    case RP_ACT_SIGMOID:
      return vf_sigmoid (g);
    case RP_ACT_SWIGLU_1:
      return vf_mul (g, vf_sigmoid (vf_mul (vf_set1 (1.702f), g)));
    case RP_ACT_CLAMP:
      return vf_max (vf_min (g, vf_set1 (limit)), vf_set1 (-limit));
    default:
      {
        float v[VL];
        vf_store (v, g);
        for (guint i = 0; i < VL; i++)
          v[i] = activation == RP_ACT_GELU_ERF   ? 0.5f * v[i] * (1 + erff (v[i] * 0.707106781186548f))
                 : activation == RP_ACT_SOFTPLUS ? fmaxf (0, v[i]) + log1pf (expf (-fabsf (v[i])))
                                                 : limit * tanhf (v[i] / limit);
        return vf_load (v);
      }
    }
}

/* What gate is multiplied with. */
RP_INLINE vf
glu_factor (int activation, vf u, float limit)
{
  if (limit != 0 && activation < RP_ACT_CLAMP)
    u = vf_max (vf_min (u, vf_set1 (limit)), vf_set1 (-limit));
  return activation == RP_ACT_SWIGLU_1 ? vf_add (u, vf_set1 (1)) : u;
}

RP_INLINE vf
glu_gate (int activation, vf g, float limit)
{
  return activate (activation, limit != 0 && activation < RP_ACT_CLAMP ? vf_min (g, vf_set1 (limit)) : g, limit);
}

RP_INLINE void
glu (int activation, const float *gate, const float *up, float limit, float *out, gsize n)
{
  gsize i = 0;

  for (; i + VL <= n; i += VL)
    {
      vf y = glu_gate (activation, vf_load (gate + i), limit);
      vf_store (out + i, up ? vf_mul (y, glu_factor (activation, vf_load (up + i), limit)) : y);
    }
  if (i < n)
    {
      float g[VL] = { 0 }, u[VL] = { 0 };
      memcpy (g, gate + i, (n - i) * sizeof *g);
      if (up)
        memcpy (u, up + i, (n - i) * sizeof *u);
      vf y = glu_gate (activation, vf_load (g), limit);
      vf_store (g, up ? vf_mul (y, glu_factor (activation, vf_load (u), limit)) : y);
      memcpy (out + i, g, (n - i) * sizeof *g);
    }
}

void
RP_K (glu) (int activation, const float *gate, const float *up, float limit, float *out, gsize n)
{
  switch (activation)
    {
#define CASE(a)                                                                                                        \
  case a:                                                                                                              \
    glu (a, gate, up, limit, out, n);                                                                                  \
    break;
      CASE (RP_ACT_SILU)
      CASE (RP_ACT_GELU)
      CASE (RP_ACT_GELU_ERF)
      CASE (RP_ACT_RELU)
      CASE (RP_ACT_RELU_SQUARED)
      CASE (RP_ACT_SIGMOID)
      CASE (RP_ACT_SOFTPLUS)
      CASE (RP_ACT_SWIGLU_1)
      CASE (RP_ACT_CLAMP)
      CASE (RP_ACT_SOFTCAP)
#undef CASE
    default:
      break;
    }
}

void
RP_K (add) (const float *a, const float *b, float scale, float *out, gsize n)
{
  if (b)
    for (gsize i = 0; i < n; i++)
      out[i] = scale * (a[i] + b[i]);
  else
    for (gsize i = 0; i < n; i++)
      out[i] = scale * a[i];
}

void
RP_K (combine) (const float *y, const float *weights, guint n_used, gsize n, gboolean accumulate, float *out)
{
  gsize i = 0;

  for (; i + VL <= n; i += VL)
    {
      vf sum = vf_zero ();
      for (guint j = 0; j < n_used; j++)
        sum = vf_fma (vf_set1 (weights[j]), vf_load (y + j * n + i), sum);
      vf_store (out + i, accumulate ? vf_add (vf_load (out + i), sum) : sum);
    }
  for (; i < n; i++)
    {
      float sum = 0;
      for (guint j = 0; j < n_used; j++)
        sum += weights[j] * y[j * n + i];
      out[i] = accumulate ? out[i] + sum : sum;
    }
}

void
RP_K (scale) (float *x, float factor, const float *bias, gsize n)
{
  for (gsize i = 0; i < n; i++)
    x[i] = factor * x[i] + (bias ? bias[i] : 0);
}

void
RP_K (softmax) (float *x, guint n)
{
  float largest = x[0], sum = 0;

  for (guint i = 1; i < n; i++)
    largest = fmaxf (largest, x[i]);
  for (guint i = 0; i < n; i++)
    {
      x[i] = expf (x[i] - largest);
      sum += x[i];
    }
  for (guint i = 0; i < n; i++)
    x[i] /= sum;
}
