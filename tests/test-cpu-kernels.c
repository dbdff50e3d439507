/* Every kernel of every instruction set that this processor runs, or that can be emulated, against plain C on random
 * input. With --bench it times them instead: `test-cpu-kernels --bench [NAME]`. */
#include "cpu/cpu.h"

#include <math.h>
#include <string.h>

#ifdef HAVE_EMULATED
extern const RpKernels rp_kernels_emulated;
#endif

static const RpDType types[]
  = { RP_DTYPE_F32,  RP_DTYPE_F16,  RP_DTYPE_BF16,   RP_DTYPE_Q4_0,  RP_DTYPE_Q4_1, RP_DTYPE_Q5_0,
      RP_DTYPE_Q5_1, RP_DTYPE_Q8_0, RP_DTYPE_IQ4_NL, RP_DTYPE_MXFP4, RP_DTYPE_Q2_K, RP_DTYPE_Q3_K,
      RP_DTYPE_Q4_K, RP_DTYPE_Q5_K, RP_DTYPE_Q6_K,   RP_DTYPE_IQ4_XS };

/* ---- random input ---- */

static float *
random_floats (gsize n)
{
  float *x = g_new (float, n);

  /* Heavy tails, as activations have them. */
  for (gsize i = 0; i < n; i++)
    {
      double a = g_test_rand_double_range (-1, 1);
      x[i] = (float)(g_test_rand_int_range (0, 50) == 0 ? 12 * a * a * a : a);
    }
  return x;
}

static void
put_half (guint8 *at, double scale)
{
  RpHalf half = rp_float_to_half ((float)(scale * g_test_rand_double_range (0.2, 1)));

  memcpy (at, &half, sizeof half);
}

/* Rows of any type, all bits random but for the scales. */
static guint8 *
random_weights (RpDType type, gsize n_rows, gsize n)
{
  const RpDTypeInfo *info = rp_dtype_info (type);
  gsize size = n_rows * rp_dtype_row_size (type, n);
  guint8 *w = g_malloc (size + 64);

  if (info->block_elements == 1)
    {
      g_autofree float *x = random_floats (n_rows * n);
      info->quantize (x, w, n_rows * n);
      return w;
    }
  for (gsize i = 0; i < size; i++)
    w[i] = (guint8)g_test_rand_int_range (0, 256);
  for (gsize i = 0; i < size; i += info->block_bytes)
    switch (type)
      {
      case RP_DTYPE_MXFP4:
        w[i] = (guint8)g_test_rand_int_range (115, 125);
        break;
      case RP_DTYPE_Q2_K:
        put_half (w + i + offsetof (RpBlockQ2_K, d), 0.01);
        put_half (w + i + offsetof (RpBlockQ2_K, dmin), g_test_rand_bit () ? 0.05 : -0.05);
        break;
      case RP_DTYPE_Q3_K:
        put_half (w + i + offsetof (RpBlockQ3_K, d), 0.01);
        break;
      case RP_DTYPE_Q6_K:
        put_half (w + i + offsetof (RpBlockQ6_K, d), 0.01);
        break;
      case RP_DTYPE_Q4_1:
      case RP_DTYPE_Q5_1:
      case RP_DTYPE_Q4_K:
      case RP_DTYPE_Q5_K:
        put_half (w + i + 2, g_test_rand_bit () ? 0.05 : -0.05); /* fall through */
      default:
        put_half (w + i, 0.01);
        break;
      }
  return w;
}

/* ---- comparing ---- */

typedef struct
{
  double error, power;
} Deviation;

static void
deviate (Deviation *d, double is, double should_be)
{
  d->error += (is - should_be) * (is - should_be);
  d->power += should_be * should_be;
  if (isnan (is))
    d->error = INFINITY;
}

static double
nmse (const Deviation *d)
{
  return d->error / MAX (d->power, 1e-30);
}

#define CHECK(deviation, limit, ...)                                                                                   \
  do                                                                                                                   \
    {                                                                                                                  \
      if (!(nmse (deviation) <= (limit)))                                                                              \
        {                                                                                                              \
          g_autofree char *_where = g_strdup_printf (__VA_ARGS__);                                                     \
          g_test_message ("%s: normalised mean squared error %g", _where, nmse (deviation));                           \
          g_test_fail ();                                                                                              \
        }                                                                                                              \
    }                                                                                                                  \
  while (0)

/* ---- matrix products ---- */

static gboolean
in_int8 (const RpKernels *k, RpDType type)
{
  return k->has_int8 && k->has_int8 (type);
}

/* What the activations became, as f32. */
static float *
dequantized_row (const RpKernels *k, const float *x, gsize n, guint8 *memory)
{
  RpQuantRow row = rp_quant_row_at (memory, n);
  float *back = g_new (float, n);

  k->quantize_row (x, 0, n / RP_QUANT, &row);
  for (gsize i = 0; i < n; i++)
    back[i] = row.d[i / RP_QUANT] * row.q[i];
  return back;
}

static double
dot (const float *a, const float *b, gsize n)
{
  double sum = 0;

  for (gsize i = 0; i < n; i++)
    sum += (double)a[i] * b[i];
  return sum;
}

static void
test_quantize (gconstpointer data)
{
  const RpKernels *k = data;

  if (!k->has_int8)
    {
      g_test_skip ("these kernels take no int8");
      return;
    }
  for (guint round = 0; round < 20; round++)
    {
      gsize n = 32 * (gsize)g_test_rand_int_range (1, 20);
      g_autofree float *x = random_floats (n);
      g_autofree guint8 *memory = g_malloc (RP_ROW_BYTES (n));
      memset (x, 0, 32 * sizeof *x); /* a block of nothing */
      g_autofree float *back = dequantized_row (k, x, n, memory);
      RpQuantRow row = rp_quant_row_at (memory, n);
      for (gsize b = 0; b < n / 32; b++)
        {
          double largest = 0, sums[2] = { 0 };
          for (gsize i = 32 * b; i < 32 * b + 32; i++)
            {
              largest = MAX (largest, fabs (x[i]));
              sums[i % 32 / 16] += back[i];
            }
          for (gsize i = 32 * b; i < 32 * b + 32; i++)
            g_assert_cmpfloat (fabs (back[i] - x[i]), <=, largest / 127 * 0.5001);
          g_assert_cmpfloat (fabs (row.s16[2 * b] - sums[0]), <=, 1e-5 * (1 + largest));
          g_assert_cmpfloat (fabs (row.s16[2 * b + 1] - sums[1]), <=, 1e-5 * (1 + largest));
          g_assert_cmpfloat (fabs (row.s32[b] - sums[0] - sums[1]), <=, 1e-5 * (1 + largest));
        }
    }
}

typedef struct
{
  const RpKernels *k;
  RpDType type;
} Case;

/* The integer kernels must give what their own quantized activations give, to f32's rounding. */
static void
test_product (gconstpointer data)
{
  const Case *c = data;
  const RpKernels *k = c->k;
  const RpDTypeInfo *info = rp_dtype_info (c->type);
  gboolean int8 = in_int8 (k, c->type);

  for (guint round = 0; round < 12; round++)
    {
      gsize n = info->block_elements * (gsize)g_test_rand_int_range (1, info->block_elements == 256 ? 7 : 40);
      guint n_tokens = (guint)g_test_rand_int_range (1, 30), n_out = RP_PANEL;
      gsize row_bytes = rp_dtype_row_size (c->type, n), n_blocks = n / RP_QUANT;
      if (info->block_elements == 1)
        n = (gsize)g_test_rand_int_range (1, 700), row_bytes = rp_dtype_row_size (c->type, n);
      g_autofree guint8 *w = random_weights (c->type, n_out, n);
      g_autofree float *x = random_floats (n_tokens * n), *rows = g_new (float, n_out *n);
      info->dequantize (w, rows, n_out * n);

      g_autofree guint8 *quantized = g_malloc (n_tokens * RP_ROW_BYTES (n) + 64);
      float *used[32] = { 0 };
      for (guint t = 0; t < n_tokens; t++)
        used[t] = int8 ? dequantized_row (k, x + t * n, n, quantized + t * RP_ROW_BYTES (n))
                       : g_memdup2 (x + t * n, n * sizeof *x);

      /* one to four tokens, row by row */
      guint few = MIN (n_tokens, 1 + round % RP_MAX_MATVEC);
      float out[RP_MAX_MATVEC][RP_PANEL];
      if (int8)
        {
          RpQuantRow q[RP_MAX_MATVEC];
          for (guint t = 0; t < few; t++)
            q[t] = rp_quant_row_at (quantized + t * RP_ROW_BYTES (n), n);
          k->matvec_int8 (c->type, w, row_bytes, n_out, n, q, few, out[0], RP_PANEL);
        }
      else
        k->matvec_f32 (c->type, w, row_bytes, n_out, n, (const float *const *)used, few, out[0], RP_PANEL);
      Deviation matvec = { 0 }, gemm = { 0 };
      for (guint t = 0; t < few; t++)
        for (guint r = 0; r < n_out; r++)
          deviate (&matvec, out[t][r], dot (rows + r * n, used[t], n));
      CHECK (&matvec, 1e-11, "matvec %s, %" G_GSIZE_FORMAT " columns, %u tokens", info->name, n, few);

      /* panels, cut as a matrix is */
      const guint8 *at[RP_PANEL];
      for (guint r = 0; r < n_out; r++)
        at[r] = w + r * row_bytes;
      g_autofree float (*acc)[RP_PANEL] = g_malloc0 (n_tokens * sizeof *acc);
      if (int8)
        {
          g_autofree RpPanelBlock *panel = g_new (RpPanelBlock, RP_PANEL_BLOCKS);
          gsize tile_bytes = n_blocks * RP_TILE_BLOCK_BYTES (k->tile);
          g_autofree guint8 *tiles = g_malloc ((n_tokens + k->tile) / k->tile * tile_bytes);
          for (guint t = 0; t < n_tokens; t += k->tile)
            {
              const float *from[RP_MAX_TILE];
              guint m = MIN (k->tile, n_tokens - t);
              for (guint i = 0; i < m; i++)
                from[i] = x + (t + i) * n;
              k->quantize_tile (from, m, n, tiles + t / k->tile * tile_bytes);
            }
          for (gsize b = 0; b < n_blocks; b += RP_PANEL_BLOCKS)
            {
              guint m = (guint)MIN (n_blocks - b, RP_PANEL_BLOCKS);
              k->unpack_int8 (c->type, at, b, m, panel);
              for (guint t = 0; t < n_tokens; t += k->tile)
                k->gemm_int8 (c->type, panel, m, tiles + t / k->tile * tile_bytes + b * RP_TILE_BLOCK_BYTES (k->tile),
                              MIN (k->tile, n_tokens - t), acc + t);
            }
        }
      else
        {
          g_autofree float (*panel)[RP_PANEL] = g_malloc (RP_PANEL_COLUMNS * sizeof *panel);
          for (gsize first = 0; first < n; first += RP_PANEL_COLUMNS)
            {
              guint m = (guint)MIN (n - first, RP_PANEL_COLUMNS);
              k->unpack_f32 (c->type, at, first, m, panel);
              for (guint t = 0; t < n_tokens; t += k->float_tile)
                {
                  const float *from[RP_MAX_FLOAT_TILE];
                  guint rest = MIN (k->float_tile, n_tokens - t);
                  for (guint i = 0; i < rest; i++)
                    from[i] = used[t + i] + first;
                  k->gemm_f32 (panel, m, from, rest, acc + t);
                }
            }
        }
      for (guint t = 0; t < n_tokens; t++)
        for (guint r = 0; r < n_out; r++)
          deviate (&gemm, acc[t][r], dot (rows + r * n, used[t], n));
      CHECK (&gemm, 1e-11, "gemm %s, %" G_GSIZE_FORMAT " columns, %u tokens", info->name, n, n_tokens);
      for (guint t = 0; t < n_tokens; t++)
        g_free (used[t]);
    }
}

/* ---- the rest ---- */

static void
test_elementwise (gconstpointer data)
{
  const RpKernels *k = data;

  for (guint round = 0; round < 30; round++)
    {
      guint n = (guint)g_test_rand_int_range (1, 300);
      g_autofree float *x = random_floats (n), *w = random_floats (n), *b = random_floats (n), *out = g_new (float, n);
      Deviation rms = { 0 }, layer = { 0 }, glu = { 0 }, half = { 0 }, softmax = { 0 }, turned = { 0 };
      double squares = 0, mean = 0, variance = 0, sum = 0, largest = -INFINITY;
      for (guint i = 0; i < n; i++)
        {
          squares += (double)x[i] * x[i] / n;
          mean += (double)x[i] / n;
          largest = MAX (largest, (double)x[i]);
        }
      for (guint i = 0; i < n; i++)
        {
          variance += (x[i] - mean) * (x[i] - mean) / n;
          sum += exp (x[i] - largest);
        }
      k->norm_rms (x, w, b, out, n, 1e-5f);
      for (guint i = 0; i < n; i++)
        deviate (&rms, out[i], x[i] / sqrt (squares + 1e-5) * w[i] + b[i]);
      CHECK (&rms, 1e-11, "norm_rms of %u", n);
      k->norm_layer (x, w, NULL, out, n, 1e-5f);
      for (guint i = 0; i < n; i++)
        deviate (&layer, out[i], (x[i] - mean) / sqrt (variance + 1e-5) * w[i]);
      CHECK (&layer, 1e-11, "norm_layer of %u", n);
      k->glu (RP_ACT_SILU, x, w, 0, out, n);
      for (guint i = 0; i < n; i++)
        deviate (&glu, out[i], x[i] / (1 + exp (-(double)x[i])) * w[i]);
      CHECK (&glu, 1e-12, "glu of %u", n);
      g_autofree RpHalf *h = g_new (RpHalf, n);
      k->to_half (x, h, n);
      for (guint i = 0; i < n; i++)
        deviate (&half, rp_half_to_float (h[i]), rp_half_to_float (rp_float_to_half (x[i])));
      CHECK (&half, 0, "to_half of %u", n);
      memcpy (out, x, n * sizeof *x);
      k->softmax (out, n);
      for (guint i = 0; i < n; i++)
        deviate (&softmax, out[i], exp (x[i] - largest) / sum);
      CHECK (&softmax, 1e-11, "softmax of %u", n);
      for (guint neox = 0; neox < 2; neox++)
        {
          guint half_n = n / 2;
          memcpy (out, x, n * sizeof *x);
          k->rope (out, w, half_n * 2, neox != 0);
          for (guint i = 0; i < half_n; i++)
            {
              guint a = neox ? i : 2 * i, c = neox ? i + half_n : 2 * i + 1;
              deviate (&turned, out[a], (double)x[a] * w[2 * i] - (double)x[c] * w[2 * i + 1]);
              deviate (&turned, out[c], (double)x[a] * w[2 * i + 1] + (double)x[c] * w[2 * i]);
            }
        }
      CHECK (&turned, 1e-11, "rope of %u", n);
    }
}

/* e^x through the only kernel that shows it bare: the sigmoid in SILU, over its whole range. */
static void
test_exp (gconstpointer data)
{
  const RpKernels *k = data;

  for (double a = -80; a < 80; a += 0.0317)
    {
      float x = (float)a, y;
      k->glu (RP_ACT_SILU, &x, NULL, 0, &y, 1);
      double should_be = x / (1 + exp (-(double)x));
      g_assert_cmpfloat (fabs (y - should_be), <=, 1e-6 * fabs (should_be));
    }
}

/* k and v: what the job's are, as f32 */
static void
attend_slowly (const RpAttentionJob *job, const float *key, const float *value, guint t, guint head, double *out)
{
  guint kv_head = head / (job->n_heads / job->n_kv_heads), p = job->pos + t;
  guint first = job->window && p + 1 > job->window ? p + 1 - job->window : 0;
  double sum = job->sinks ? exp (job->sinks[head]) : 0;

  memset (out, 0, job->dim_v * sizeof *out);
  for (guint i = first; i <= p; i++)
    {
      const float *k = key + ((gsize)i * job->n_kv_heads + kv_head) * job->dim_k;
      const float *v = value + ((gsize)i * job->n_kv_heads + kv_head) * job->dim_v;
      double s = 0;
      for (guint d = 0; d < job->dim_k; d++)
        s += (double)job->q[((gsize)t * job->n_heads + head) * job->dim_k + d] * k[d];
      s *= job->scale;
      if (job->softcap != 0)
        s = job->softcap * tanh (s / job->softcap);
      sum += exp (s);
      for (guint d = 0; d < job->dim_v; d++)
        out[d] += exp (s) * v[d];
    }
  for (guint d = 0; d < job->dim_v; d++)
    out[d] /= sum;
}

/* x in a cache's type, and x what it became. */
static guint8 *
in_cache (RpDType type, float *x, gsize n)
{
  guint8 *data = g_malloc (rp_dtype_row_size (type, n));

  rp_dtype_info (type)->quantize (x, data, n);
  rp_dtype_info (type)->dequantize (data, x, n);
  return data;
}

static void
test_attention (gconstpointer data)
{
  static const RpDType cache_types[] = { RP_DTYPE_F32, RP_DTYPE_F16, RP_DTYPE_Q8_0, RP_DTYPE_Q4_0 };
  const RpKernels *k = data;

  for (guint round = 0; round < 60; round++)
    {
      RpAttentionJob job = {
        .type = cache_types[round % G_N_ELEMENTS (cache_types)],
        .pos = (guint)g_test_rand_int_range (0, 150),
        .n_kv_heads = (guint)g_test_rand_int_range (1, 4),
        .dim_k = (guint)g_test_rand_int_range (1, 70),
        .dim_v = (guint)g_test_rand_int_range (1, 70),
        .window = g_test_rand_bit () ? (guint)g_test_rand_int_range (1, 90) : 0,
        .softcap = g_test_rand_bit () ? 20 : 0,
        .scale = 0.3f,
      };
      guint group = (guint)g_test_rand_int_range (1, 8), n = (guint)g_test_rand_int_range (1, 20);
      guint block = rp_dtype_info (job.type)->block_elements;
      job.dim_k = (job.dim_k + block - 1) / block * block;
      job.dim_v = (job.dim_v + block - 1) / block * block;
      job.n_heads = group * job.n_kv_heads;
      gsize positions = job.pos + n, n_k = positions * job.n_kv_heads * job.dim_k,
            n_v = positions * job.n_kv_heads * job.dim_v;
      g_autofree float *q = random_floats ((gsize)n * job.n_heads * job.dim_k), *key = random_floats (n_k);
      g_autofree float *value = random_floats (n_v), *sinks = random_floats (job.n_heads);
      g_autofree float *out = g_new0 (float, (gsize)n *job.n_heads *job.dim_v);
      g_autofree float *scratch = g_new (float, rp_attention_scratch (n * group, job.dim_k, job.dim_v));
      g_autofree guint8 *k_cache = in_cache (job.type, key, n_k), *v_cache = in_cache (job.type, value, n_v);
      job.q = q;
      job.k = k_cache;
      job.v = v_cache;
      job.out = out;
      job.sinks = g_test_rand_bit () ? sinks : NULL;

      guint n_parts = (guint)g_test_rand_int_range (1, 4);
      gsize stride = (gsize)n * group * (job.dim_v + 2);
      g_autofree float *parts = g_new (float, n_parts *stride);
      for (guint h = 0; h < job.n_kv_heads; h++)
        {
          for (guint i = 0; i < n_parts; i++)
            k->attention (&job, h, 0, n, (guint)(positions * i / n_parts), (guint)(positions * (i + 1) / n_parts),
                          n_parts > 1 ? parts + i * stride : NULL, scratch);
          for (guint r = 0; n_parts > 1 && r < n * group; r++)
            {
              guint t = r / group, head = h * group + r % group;
              k->attention_join (parts + (gsize)r * (job.dim_v + 2), n_parts, stride, job.dim_v,
                                 job.sinks ? job.sinks + head : NULL,
                                 out + ((gsize)t * job.n_heads + head) * job.dim_v);
            }
        }
      Deviation deviation = { 0 };
      g_autofree double *should_be = g_new (double, job.dim_v);
      for (guint t = 0; t < n; t++)
        for (guint h = 0; h < job.n_heads; h++)
          {
            attend_slowly (&job, key, value, t, h, should_be);
            for (guint d = 0; d < job.dim_v; d++)
              deviate (&deviation, out[((gsize)t * job.n_heads + h) * job.dim_v + d], should_be[d]);
          }
      CHECK (&deviation, 1e-10, "attention of %u tokens at %u, %u/%u heads of %u and %u, window %u, %u parts, %s", n,
             job.pos, job.n_heads, job.n_kv_heads, job.dim_k, job.dim_v, job.window, n_parts, rp_dtype_name (job.type));
    }
}

/* ---- threads ---- */

typedef struct
{
  RpPool *pool;
  atomic_uint sum;
  guint phases, last;
} Crew;

static void
count_phase (gpointer data)
{
  Crew *crew = data;

  /* Everything before the barrier is done, and nothing after it has begun. */
  g_assert_cmpuint (atomic_load (&crew->sum), ==, crew->last + rp_pool_get_n_threads (crew->pool));
  crew->last = atomic_load (&crew->sum);
  crew->phases++;
}

static void
march (gpointer data, guint thread)
{
  Crew *crew = data;

  for (guint i = 0; i < 50; i++)
    {
      if (i % 17 == thread) /* long enough for the others to fall asleep */
        g_usleep (400);
      atomic_fetch_add (&crew->sum, 1);
      rp_pool_barrier (crew->pool, count_phase, crew);
    }
}

static void
test_threads (void)
{
  for (guint n = 1; n <= 5; n++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RpPool) pool = rp_pool_new (n, &error);
      g_assert_no_error (error);
      Crew crew = { .pool = pool };
      for (guint run = 0; run < 8; run++)
        {
          rp_pool_run (pool, march, &crew);
          g_assert_cmpuint (crew.phases, ==, 50 * (run + 1));
          if (run % 3 == 0)
            g_usleep (1000);
        }
    }
  g_assert_cmpuint (rp_pool_default_n_threads (), >=, 1);
}

/* ---- timing ---- */

typedef struct
{
  const char *name;
  RpDType type;
  guint n_out, n_in, n_tokens;
} Bench;

static const Bench benches[] = {
  { "gate decode", RP_DTYPE_Q4_K, 8960, 1536, 1 },    { "down decode", RP_DTYPE_Q6_K, 1536, 8960, 1 },
  { "down4 decode", RP_DTYPE_Q4_K, 1536, 8960, 1 },   { "output decode", RP_DTYPE_Q6_K, 151936, 1536, 1 },
  { "gate 2", RP_DTYPE_Q4_K, 8960, 1536, 2 },         { "gate 4", RP_DTYPE_Q4_K, 8960, 1536, 4 },
  { "gate 8", RP_DTYPE_Q4_K, 8960, 1536, 8 },         { "gate 16", RP_DTYPE_Q4_K, 8960, 1536, 16 },
  { "gate prefill", RP_DTYPE_Q4_K, 8960, 1536, 512 }, { "down prefill", RP_DTYPE_Q6_K, 1536, 8960, 512 },
  { "kv prefill", RP_DTYPE_Q4_K, 256, 1536, 512 },    { "q4_0 decode", RP_DTYPE_Q4_0, 8960, 1536, 1 },
  { "q4_1 decode", RP_DTYPE_Q4_1, 8960, 1536, 1 },    { "q8_0 decode", RP_DTYPE_Q8_0, 8960, 1536, 1 },
  { "q5_k decode", RP_DTYPE_Q5_K, 8960, 1536, 1 },    { "f16 decode", RP_DTYPE_F16, 8960, 1536, 1 },
  { "q4_0 prefill", RP_DTYPE_Q4_0, 8960, 1536, 512 }, { "q4_1 prefill", RP_DTYPE_Q4_1, 8960, 1536, 512 },
  { "q8_0 prefill", RP_DTYPE_Q8_0, 8960, 1536, 512 }, { "q5_k prefill", RP_DTYPE_Q5_K, 8960, 1536, 512 },
  { "f16 prefill", RP_DTYPE_F16, 8960, 1536, 128 },   { "f32 prefill", RP_DTYPE_F32, 8960, 1536, 128 },
};

/* Reads 512 MiB with all threads: what the memory gives. */
typedef struct
{
  const guint64 *words;
  gsize n;
  guint n_threads;
  guint64 sums[64];
} Read;

static void
read_all (gpointer data, guint thread)
{
  Read *r = data;
  gsize begin = r->n / r->n_threads * thread, end = begin + r->n / r->n_threads;
  guint64 sum[8] = { 0 };

  for (gsize i = begin; i + 8 <= end; i += 8)
    for (guint j = 0; j < 8; j++)
      sum[j] += r->words[i + j];
  for (guint j = 0; j < 8; j++)
    r->sums[thread] += sum[j];
}

static double
bandwidth (guint n_threads)
{
  g_autoptr (RpPool) pool = rp_pool_new (n_threads, NULL);
  gsize size = 512 << 20;
  Read r = { .n = size / 8, .n_threads = n_threads };
  guint64 *words = g_malloc (size);
  double best = 0;

  memset (words, 1, size);
  r.words = words;
  for (guint i = 0; i < 5; i++)
    {
      gint64 start = g_get_monotonic_time ();
      rp_pool_run (pool, read_all, &r);
      best = MAX (best, (double)size / (g_get_monotonic_time () - start) / 1e3);
    }
  g_free (words);
  return best;
}

static void
time_product (const RpKernels *k, const Bench *b, guint n_threads, double gbps)
{
  g_autoptr (RpBackend) backend = rp_cpu_backend_new_with (k, n_threads, NULL);
  gsize matrix = b->n_out * rp_dtype_row_size (b->type, b->n_in);
  /* Enough matrices that they do not stay in a cache. */
  guint copies = b->n_tokens > 32 ? 1 : (guint)CLAMP ((400u << 20) / matrix, 1, 40);
  g_autofree guint8 *w = g_malloc (matrix * copies);
  for (gsize i = 0; i < copies; i++)
    {
      g_autofree guint8 *some = random_weights (b->type, 1, b->n_in);
      for (gsize r = 0; r < b->n_out; r++)
        memcpy (w + i * matrix + r * (matrix / b->n_out), some, matrix / b->n_out);
    }
  g_autofree float *x = random_floats ((gsize)b->n_tokens * b->n_in);
  RpBuffer *weights = rp_backend_buffer_new_weights (backend, w, matrix * copies, NULL);
  RpBuffer *in = rp_backend_buffer_new (backend, (gsize)b->n_tokens * b->n_in * 4, RP_BUFFER_DEVICE, NULL);
  RpBuffer *out = rp_backend_buffer_new (backend, (gsize)b->n_tokens * b->n_out * 4, RP_BUFFER_DEVICE, NULL);
  RpOp op = { .kind = RP_OP_MATMUL,
              .matmul = { .weight = { { weights, 0 }, b->type, b->n_in, b->n_out, 1 },
                          .x = { in, 0 },
                          .out = { out, 0 },
                          .n_tokens = b->n_tokens } };
  g_autoptr (GError) error = NULL;
  gint64 best = G_MAXINT64, begin = g_get_monotonic_time ();

  rp_backend_upload (backend, op.matmul.x, x, (gsize)b->n_tokens * b->n_in * 4, NULL);
  rp_backend_prepare (backend, &op, 1, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 3 * copies || g_get_monotonic_time () - begin < 300000; i++)
    {
      op.matmul.weight.data.offset = i % copies * matrix;
      gint64 start = g_get_monotonic_time ();
      rp_backend_run (backend, &op, 1, NULL, NULL);
      best = MIN (best, g_get_monotonic_time () - start);
    }
  double read = (double)matrix / (double)best / 1e3;
  g_print ("%-14s %-22s %u threads %4u tokens: %8" G_GINT64_FORMAT " µs, %6.1f GB/s (%3.0f%%), %7.1f G products/s\n",
           b->name, k->name, n_threads, b->n_tokens, best, read, 100 * read / gbps,
           (double)b->n_out * b->n_in * b->n_tokens / (double)best / 1e3);
  rp_backend_buffer_free (backend, weights);
  rp_backend_buffer_free (backend, in);
  rp_backend_buffer_free (backend, out);
}

static int
bench (const char *wanted)
{
  guint n_threads = rp_pool_default_n_threads ();
  double gbps = bandwidth (n_threads);

  g_print ("reading memory with %u threads: %.1f GB/s\n", n_threads, gbps);
  for (gsize i = 0; i < G_N_ELEMENTS (benches); i++)
    if (!wanted || strstr (benches[i].name, wanted))
      time_product (rp_kernels_best (), &benches[i], n_threads, gbps);
  return 0;
}

/* ---- all of them ---- */

static void
add (const RpKernels *k, const char *name, GTestDataFunc func)
{
  g_autofree char *path = g_strdup_printf ("/cpu-kernels/%s/%s", k->name, name);

  g_test_add_data_func (path, k, func);
}

static void
add_all (const RpKernels *k)
{
  add (k, "quantize", test_quantize);
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autofree char *path = g_strdup_printf ("/cpu-kernels/%s/product/%s", k->name, rp_dtype_info (types[i])->name);
      Case *c = g_new (Case, 1);
      *c = (Case){ k, types[i] };
      g_test_add_data_func_full (path, c, test_product, g_free);
    }
  add (k, "elementwise", test_elementwise);
  add (k, "exp", test_exp);
  add (k, "attention", test_attention);
}

int
main (int argc, char **argv)
{
  const char *wanted = argc > 2 ? argv[2] : NULL;

  if (argc > 1 && strcmp (argv[1], "--bench") == 0)
    {
      argc = 1;
      g_test_init (&argc, &argv, NULL); /* for its random numbers */
      return bench (wanted);
    }
  g_test_init (&argc, &argv, NULL);
  for (const RpKernels *const *k = rp_kernels_all (); *k; k++)
    {
      g_test_message ("native: %s", (*k)->name);
      add_all (*k);
    }
#ifdef HAVE_EMULATED
  g_test_message ("emulated: %s", rp_kernels_emulated.name);
  add_all (&rp_kernels_emulated);
#else
  g_test_message ("AVX-512 is not emulated: SIMDe is not installed");
#endif
  g_test_add_func ("/cpu-kernels/threads", test_threads);
  return g_test_run ();
}
