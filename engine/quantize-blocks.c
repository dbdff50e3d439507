/* Encoders of the block formats: scales by search and least squares, so that the sum of squared errors is small.
 *
 * Weights become w = scale · q - min with whole q in lo … hi. For given q the best scale and min are a linear least
 * squares problem, for given scale and min the best q is the nearest; both are alternated, from several first guesses,
 * and every guess is judged with the scales as they are stored.
 */
#include "quantize.h"

#include <math.h>
#include <string.h>

/* Eight at a time in the compiler's own vectors: the result is the same whatever the instruction set. */
#define LANES 8
typedef float Lanes __attribute__ ((vector_size (4 * LANES)));
typedef gint32 LaneMask __attribute__ ((vector_size (4 * LANES)));

typedef struct
{
  float lo, hi;
} Range;

/* Sums over some elements of one trial, with w = scale · q - min. */
typedef struct
{
  float error;      /* Σ (w - x)² */
  float q1, q2, qx; /* Σ q, Σ q², Σ q x */
} Trial;

#define CHOOSE(mask, a, b) (Lanes) (((mask) & (LaneMask)(a)) | (~(mask) & (LaneMask)(b)))
#define SUM(a)             ((((a)[0] + (a)[4]) + ((a)[1] + (a)[5])) + (((a)[2] + (a)[6]) + ((a)[3] + (a)[7])))

/* n is a multiple of LANES; q gets the whole numbers. Nearly all the time goes here. */
#if defined(__x86_64__)
__attribute__ ((target_clones ("avx2", "default")))
#endif
static Trial
try_scale (const float *x, guint n, float scale, float min, Range range, float *q)
{
  const float inverse = scale != 0 ? 1 / scale : 0, whole = 0x1.8p23f; /* added, it leaves no fraction */
  const Lanes zero = { 0 }, lo = zero + range.lo, hi = zero + range.hi;
  Lanes error = zero, q1 = zero, q2 = zero, qx = zero;

  for (guint i = 0; i < n; i += LANES)
    {
      Lanes v, t, e;
      memcpy (&v, x + i, sizeof v);
      t = (v + min) * inverse;
      t = CHOOSE (t > lo, t, lo);
      t = CHOOSE (t < hi, t, hi);
      t = (t + whole) - whole;
      e = scale * t - min - v;
      memcpy (q + i, &t, sizeof t);
      error += e * e;
      q1 += t;
      q2 += t * t;
      qx += t * v;
    }
  return (Trial){ SUM (error), SUM (q1), SUM (q2), SUM (qx) };
}

/* A scale as it is stored. Finite: what is too large for a half is the largest half. */
static RpHalf
to_half (double value)
{
  return rp_float_to_half ((float)CLAMP (value, -65504, 65504));
}

static float
as_half (double value)
{
  return rp_half_to_float (to_half (value));
}

static float
as_is (double value)
{
  return (float)value;
}

typedef float (*Stored) (double value);

static float
extreme_of (const float *x, guint n)
{
  float extreme = 0;

  for (guint i = 0; i < n; i++)
    if (fabsf (x[i]) > fabsf (extreme))
      extreme = x[i];
  return extreme;
}

/* ---- a scale alone ---- */

/* The scale of @x; q gets the whole numbers. Both ends of the range are tried for the element of the largest magnitude,
 * and how far beyond the range it may be cut, or stay within. */
static float
fit_scale (const float *x, guint n, Range range, Stored stored, float *q)
{
  static const float steps[] = { 0, -0.9f, -0.7f, -0.5f, -0.3f, -0.15f, 0.15f, 0.3f, 0.5f, 0.7f, 0.9f, 1.2f, 1.6f, 2 };
  float extreme = extreme_of (x, n), best_scale = 0, best_error = INFINITY;
  float trial_q[32];

  memset (q, 0, n * sizeof *q);
  if (!(fabsf (extreme) > 1e-30f))
    return 0;
  for (guint side = 0; side < 2; side++)
    for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
      {
        float end = side == 0 ? range.lo - steps[i] : range.hi + steps[i];
        float scale = stored (extreme / end);
        for (guint pass = 0; pass < 3; pass++)
          {
            Trial t = try_scale (x, n, scale, 0, range, trial_q);
            if (t.error < best_error)
              {
                best_error = t.error;
                best_scale = scale;
                memcpy (q, trial_q, n * sizeof *q);
              }
            else if (pass > 0)
              break;
            float next = t.q2 > 0 ? stored (t.qx / t.q2) : 0;
            if (next == scale)
              break;
            scale = next;
          }
      }
  return best_scale;
}

static void
pack_nibbles (const float *q, float offset, guint8 qs[16])
{
  for (guint i = 0; i < 16; i++)
    qs[i] = (guint8)((guint)(q[i] + offset) & 15) | (guint8)(((guint)(q[i + 16] + offset) & 15) << 4);
}

static void
pack_fifth_bits (const float *q, float offset, guint8 qh[4])
{
  memset (qh, 0, 4);
  for (guint i = 0; i < 32; i++)
    qh[i / 8] |= (guint8)(((guint)(q[i] + offset) >> 4 & 1) << i % 8);
}

static void
encode_q4_0 (const float *x, void *block)
{
  RpBlockQ4_0 *b = block;
  float q[32];

  b->d = to_half (fit_scale (x, 32, (Range){ -8, 7 }, as_half, q));
  pack_nibbles (q, 8, b->qs);
}

static void
encode_q5_0 (const float *x, void *block)
{
  RpBlockQ5_0 *b = block;
  float q[32];

  b->d = to_half (fit_scale (x, 32, (Range){ -16, 15 }, as_half, q));
  pack_nibbles (q, 16, b->qs);
  pack_fifth_bits (q, 16, b->qh);
}

/* Eight bits are so fine that a search gains nothing; but the whole numbers are those of the scale as it is stored. */
static void
encode_q8_0 (const float *x, void *block)
{
  RpBlockQ8_0 *b = block;
  float scale = as_half (fabsf (extreme_of (x, 32)) / 127), q[32];

  try_scale (x, 32, scale, 0, (Range){ -127, 127 }, q);
  b->d = to_half (scale);
  for (guint i = 0; i < 32; i++)
    b->qs[i] = (gint8)q[i];
}

/* ---- a scale and a minimum ---- */

typedef struct
{
  float scale, min;
} Affine;

/* Least squares for the given trial; x1: Σ x. With a floor, min is not negative. */
static Affine
solve (const Trial *t, guint n, float x1, gboolean floor, const Affine *before)
{
  double determinant = (double)n * t->q2 - (double)t->q1 * t->q1;
  Affine a = *before;

  if (determinant <= 0)
    return a;
  a.scale = (float)(((double)n * t->qx - (double)t->q1 * x1) / determinant);
  a.min = (float)(((double)t->q1 * t->qx - (double)t->q2 * x1) / determinant);
  if (floor && a.min < 0)
    {
      a.min = 0;
      a.scale = t->q2 > 0 ? t->qx / t->q2 : 0;
    }
  return a;
}

/* w = scale · q - min with q in 0 … hi. */
static Affine
fit_affine (const float *x, guint n, float hi, gboolean floor, Stored stored, float *q)
{
  float low = x[0], high = x[0], x1 = 0, best_error = INFINITY, trial_q[32];
  Affine best = { 0, 0 };

  for (guint i = 0; i < n; i++)
    {
      low = MIN (low, x[i]);
      high = MAX (high, x[i]);
      x1 += x[i];
    }
  if (floor)
    low = MIN (low, 0);
  memset (q, 0, n * sizeof *q);
  if (!(high - low > 1e-30f))
    return (Affine){ 0, stored (-low) };
  for (int step = -6; step <= 10; step++)
    {
      float cut = 0.2f * (float)step;
      Affine a = { stored ((high - low) / (hi + cut)), stored (-low) };
      for (guint pass = 0; pass < 4; pass++)
        {
          Trial t = try_scale (x, n, a.scale, a.min, (Range){ 0, hi }, trial_q);
          if (t.error < best_error)
            {
              best_error = t.error;
              best = a;
              memcpy (q, trial_q, n * sizeof *q);
            }
          else if (pass > 1)
            break;
          Affine next = solve (&t, n, x1, floor, &a);
          next = (Affine){ stored (next.scale), stored (next.min) };
          if (next.scale == a.scale && next.min == a.min)
            break;
          a = next;
        }
    }
  return best;
}

static void
encode_q5_1 (const float *x, void *block)
{
  RpBlockQ5_1 *b = block;
  float q[32];
  Affine a = fit_affine (x, 32, 31, FALSE, as_half, q);

  b->d = to_half (a.scale);
  b->m = to_half (-a.min);
  pack_nibbles (q, 0, b->qs);
  pack_fifth_bits (q, 0, b->qh);
}

/* ---- super-blocks ---- */

/* A block of 256 in work: w = d · scale[j] · q - dmin · min[j] in sub-block j. */
typedef struct
{
  const float *x;
  Range range, scales, mins; /* of the integers; mins of 0 … 0: there are none */
  guint n_sub, size;         /* sub-blocks, elements of each */
  float d, dmin;
  float scale[16], min[16]; /* whole numbers */
  float q[256];
  double error;
} Super;

/* The least squares of d and dmin, given all whole numbers. */
static void
solve_super (Super *s)
{
  double a11 = 0, a12 = 0, a22 = 0, b1 = 0, b2 = 0;

  for (guint j = 0; j < s->n_sub; j++)
    {
      double q1 = 0, q2 = 0, qx = 0, x1 = 0;
      for (guint i = j * s->size; i < (j + 1) * s->size; i++)
        {
          q1 += s->q[i];
          q2 += s->q[i] * s->q[i];
          qx += s->q[i] * s->x[i];
          x1 += s->x[i];
        }
      a11 += s->scale[j] * s->scale[j] * q2;
      a12 -= s->scale[j] * s->min[j] * q1;
      a22 += s->min[j] * s->min[j] * s->size;
      b1 += s->scale[j] * qx;
      b2 -= s->min[j] * x1;
    }
  double determinant = a11 * a22 - a12 * a12;
  if (determinant > 1e-12 * a11 * a22)
    {
      s->d = as_half ((b1 * a22 - b2 * a12) / determinant);
      s->dmin = as_half ((a11 * b2 - a12 * b1) / determinant);
    }
  else if (a11 > 0)
    s->d = as_half (b1 / a11);
}

static float
nearest (float value, float unit, Range range)
{
  float a = unit != 0 ? value / unit : 0;

  return rintf (CLAMP (a, range.lo, range.hi));
}

/* The whole scale and minimum of sub-block j about those wanted, one step to either side, with the least error. */
static float
choose_sub (Super *s, guint j, Affine wanted)
{
  const float *x = s->x + j * s->size;
  float scale = nearest (wanted.scale, s->d, s->scales), min = nearest (wanted.min, s->dmin, s->mins);
  float best = INFINITY, q[32];

  for (int a = -1; a <= 1; a++)
    for (int b = -1; b <= 1; b++)
      {
        float sc = scale + (float)a, mn = min + (float)b;
        if (sc < s->scales.lo || sc > s->scales.hi || mn < s->mins.lo || mn > s->mins.hi)
          continue;
        Trial t = try_scale (x, s->size, s->d * sc, s->dmin * mn, s->range, q);
        if (t.error < best)
          {
            best = t.error;
            s->scale[j] = sc;
            s->min[j] = mn;
            memcpy (s->q + j * s->size, q, s->size * sizeof *q);
          }
      }
  return best;
}

/* From the scales and minimums that each sub-block would have alone to those that share d and dmin. */
static void
fit_super (Super *best, const Affine wanted[16], float d, float dmin)
{
  Super s = *best;
  Affine now[16];

  s.d = as_half (d);
  s.dmin = as_half (dmin);
  memcpy (now, wanted, s.n_sub * sizeof *now);
  for (guint pass = 0; pass < 4; pass++)
    {
      s.error = 0;
      for (guint j = 0; j < s.n_sub; j++)
        s.error += choose_sub (&s, j, now[j]);
      if (s.error < best->error)
        *best = s;
      else if (pass > 0)
        return;
      float before = s.d, before_min = s.dmin;
      solve_super (&s);
      if (s.d == before && s.dmin == before_min)
        return;
      for (guint j = 0; j < s.n_sub; j++)
        now[j] = (Affine){ s.d * s.scale[j], s.dmin * s.min[j] };
    }
}

/* Q4_K and Q5_K */
static void
encode_affine_super (const float *x, float hi, Super *s)
{
  static const float spread[] = { 1, 0.97f, 1.03f };
  Affine wanted[16];
  float largest = 0, largest_min = 0, q[32];

  *s = (Super){
    .x = x, .range = { 0, hi }, .scales = { 0, 63 }, .mins = { 0, 63 }, .n_sub = 8, .size = 32, .error = INFINITY
  };
  for (guint j = 0; j < 8; j++)
    {
      wanted[j] = fit_affine (x + 32 * j, 32, hi, TRUE, as_is, q);
      largest = MAX (largest, wanted[j].scale);
      largest_min = MAX (largest_min, wanted[j].min);
    }
  for (guint i = 0; i < G_N_ELEMENTS (spread); i++)
    fit_super (s, wanted, largest / 63 * spread[i], largest_min / 63);
}

/* The inverse of rp_k_scale_min(). */
static void
pack_scales (const Super *s, guint8 scales[12])
{
  memset (scales, 0, 12);
  for (guint j = 0; j < 8; j++)
    {
      guint8 sc = (guint8)s->scale[j], mn = (guint8)s->min[j];
      if (j < 4)
        {
          scales[j] |= sc;
          scales[j + 4] |= mn;
          continue;
        }
      scales[j + 4] = (guint8)((sc & 15) | mn << 4);
      scales[j - 4] |= (guint8)(sc >> 4 << 6);
      scales[j] |= (guint8)(mn >> 4 << 6);
    }
}

/* The low four bits, as Q4_K and Q5_K have them. */
static void
pack_k (const Super *s, guint8 qs[128])
{
  for (guint i = 0; i < 128; i++)
    {
      guint at = i / 32 * 64 + i % 32;
      qs[i] = (guint8)(((guint)s->q[at] & 15) | ((guint)s->q[at + 32] & 15) << 4);
    }
}

static void
encode_q4_k (const float *x, void *block)
{
  RpBlockQ4_K *b = block;
  Super s;

  encode_affine_super (x, 15, &s);
  b->d = to_half (s.d);
  b->dmin = to_half (s.dmin);
  pack_scales (&s, b->scales);
  pack_k (&s, b->qs);
}

static void
encode_q5_k (const float *x, void *block)
{
  RpBlockQ5_K *b = block;
  Super s;

  encode_affine_super (x, 31, &s);
  b->d = to_half (s.d);
  b->dmin = to_half (s.dmin);
  pack_scales (&s, b->scales);
  pack_k (&s, b->qs);
  memset (b->qh, 0, sizeof b->qh);
  for (guint i = 0; i < 256; i++)
    b->qh[i % 32] |= (guint8)(((guint)s.q[i] >> 4) << i / 32);
}

static void
encode_q6_k (const float *x, void *block)
{
  RpBlockQ6_K *b = block;
  Affine wanted[16] = { 0 };
  float scales[16], q[32];
  Super s = { .x = x, .range = { -32, 31 }, .scales = { -128, 127 }, .n_sub = 16, .size = 16, .error = INFINITY };

  for (guint j = 0; j < 16; j++)
    scales[j] = wanted[j].scale = fit_scale (x + 16 * j, 16, s.range, as_is, q);
  float extreme = extreme_of (scales, 16);
  fit_super (&s, wanted, extreme / -128, 0);
  fit_super (&s, wanted, extreme / 127, 0);

  memset (b, 0, sizeof *b);
  b->d = to_half (s.d);
  for (guint j = 0; j < 16; j++)
    b->scales[j] = (gint8)s.scale[j];
  for (guint i = 0; i < 256; i++)
    {
      guint half = i / 128, g = i % 128 / 32, l = i % 32, value = (guint)(s.q[i] + 32);
      b->ql[half * 64 + g % 2 * 32 + l] |= (guint8)((value & 15) << g / 2 * 4);
      b->qh[half * 32 + l] |= (guint8)(value >> 4 << 2 * g);
    }
}

/* ---- MXFP4 ---- */

/* The index of the nearest magnitude, in units of rp_mxfp4_values. */
static guint
nearest_mxfp4 (float magnitude)
{
  static const float borders[] = { 0.5f, 1.5f, 2.5f, 3.5f, 5, 7, 10 };
  guint index = 0;

  for (guint i = 0; i < G_N_ELEMENTS (borders); i++)
    index += magnitude > borders[i];
  return index;
}

static double
try_mxfp4 (const float *x, RpBlockMXFP4 *b)
{
  float scale = rp_mxfp4_scale (b->e);
  guint8 q[32];
  double error = 0;

  for (guint i = 0; i < 32; i++)
    {
      q[i] = (guint8)nearest_mxfp4 (fabsf (x[i]) / scale);
      if (q[i] && signbit (x[i]))
        q[i] |= 8;
      double e = (double)scale * rp_mxfp4_values[q[i]] - x[i];
      error += e * e;
    }
  for (guint i = 0; i < 16; i++)
    b->qs[i] = q[i] | (guint8)(q[i + 16] << 4);
  return error;
}

/* The exponent that just holds the largest, and its neighbours: cutting the largest may cost less than coarse steps. */
static void
encode_mxfp4 (const float *x, void *block)
{
  RpBlockMXFP4 *b = block, trial;
  float extreme = fabsf (extreme_of (x, 32));
  double best = INFINITY;
  int exponent = extreme > 0 ? ilogbf (extreme) - 2 + 127 : 0;

  for (int e = exponent - 1; e <= exponent + 1; e++)
    {
      trial.e = (guint8)CLAMP (e, 0, 254);
      double error = try_mxfp4 (x, &trial);
      if (error < best)
        {
          best = error;
          *b = trial;
        }
    }
}

/* ---- the table ---- */

static void (*const encoders[RP_DTYPE_LAST]) (const float *x, void *block) = {
  [RP_DTYPE_Q4_0] = encode_q4_0, [RP_DTYPE_Q5_0] = encode_q5_0,   [RP_DTYPE_Q5_1] = encode_q5_1,
  [RP_DTYPE_Q8_0] = encode_q8_0, [RP_DTYPE_Q4_K] = encode_q4_k,   [RP_DTYPE_Q5_K] = encode_q5_k,
  [RP_DTYPE_Q6_K] = encode_q6_k, [RP_DTYPE_MXFP4] = encode_mxfp4,
};

gboolean
rp_quantize_has (guint type)
{
  const RpDTypeInfo *info = rp_dtype_info (type);

  return info && (encoders[type] || info->block_elements == 1);
}

void
rp_quantize_row (RpDType type, const float *x, void *row, gsize n)
{
  const RpDTypeInfo *info = rp_dtype_info (type);

  if (!encoders[type])
    {
      info->quantize (x, row, n);
      return;
    }
  for (gsize i = 0; i < n / info->block_elements; i++)
    encoders[type](x + i * info->block_elements, (guint8 *)row + i * info->block_bytes);
}
