/* Matrix products: which kernels a product takes, and how it is cut. */
#include "cpu.h"

#include <string.h>

gboolean
rp_cpu_is_int8 (const RpCpu *cpu, RpDType type)
{
  return cpu->kernels->has_int8 && cpu->kernels->has_int8 (type);
}

static float *
out_row (const RpCpuProduct *p, guint t)
{
  return p->out + (gsize)(p->out_rows ? p->out_rows[t] : t) * p->n_out;
}

static const float *
x_row (const RpCpuProduct *p, guint t)
{
  return p->x + (gsize)(p->x_rows ? p->x_rows[t] : t) * p->n_in;
}

/* Writes sums of rows first … first + n - 1. */
static void
store (const RpCpuProduct *p, guint t, guint first, guint n, const float *sums)
{
  float *out = out_row (p, t) + first;

  for (guint r = 0; r < n; r++)
    {
      float sum = sums[r] + (p->bias ? p->bias[first + r] : 0);
      out[r] = p->accumulate ? out[r] + sum : sum;
    }
}

void
rp_cpu_matvec (const RpCpu *cpu, const RpCpuProduct *p, guint first, guint n)
{
  gsize row_bytes = rp_dtype_row_size (p->type, p->n_in);
  const guint8 *w = p->w + first * row_bytes;
  float sums[RP_MAX_MATVEC][RP_CPU_MATVEC_ROWS];

  if (p->rows)
    {
      RpQuantRow x[RP_MAX_MATVEC];
      guint n_rows = p->precise ? 2 * p->n_tokens : p->n_tokens;
      for (guint t = 0; t < n_rows; t++)
        {
          gsize row = p->x_rows ? p->x_rows[t] : t;
          x[t] = rp_quant_row_at ((guint8 *)p->rows + row * rp_cpu_align (RP_ROW_BYTES (p->n_in)), p->n_in);
        }
      cpu->kernels->matvec_int8 (p->type, w, row_bytes, n, p->n_in, x, n_rows, sums[0], RP_CPU_MATVEC_ROWS);
      for (guint t = p->n_tokens; t < n_rows; t++)
        for (guint r = 0; r < n; r++)
          sums[t - p->n_tokens][r] += sums[t][r];
    }
  else
    {
      const float *x[RP_MAX_MATVEC];
      for (guint t = 0; t < p->n_tokens; t++)
        x[t] = x_row (p, t);
      cpu->kernels->matvec_f32 (p->type, w, row_bytes, n, p->n_in, x, p->n_tokens, sums[0], RP_CPU_MATVEC_ROWS);
    }
  for (guint t = 0; t < p->n_tokens; t++)
    store (p, t, first, n, sums[t]);
}

gsize
rp_cpu_gemm_private_size (guint n_tokens)
{
  gsize panel = MAX (RP_PANEL_BLOCKS * sizeof (RpPanelBlock), RP_PANEL_COLUMNS * RP_PANEL * sizeof (float));

  return rp_cpu_align (panel) + (gsize)n_tokens * RP_PANEL * sizeof (float);
}

static void
gemm_int8 (const RpCpu *cpu,
           const RpCpuProduct *p,
           const guint8 *const rows[RP_PANEL],
           void *panel,
           float (*sums)[RP_PANEL])
{
  const RpKernels *k = cpu->kernels;
  gsize n_blocks = p->n_in / RP_QUANT, tile_bytes = n_blocks * RP_TILE_BLOCK_BYTES (k->tile);
  guint planes = p->precise ? 2 : 1;

  for (gsize b = 0; b < n_blocks; b += RP_PANEL_BLOCKS)
    {
      guint n = (guint)MIN (n_blocks - b, RP_PANEL_BLOCKS);
      const guint8 *tile = p->tiles + b * RP_TILE_BLOCK_BYTES (k->tile);
      k->unpack_int8 (p->type, rows, b, n, panel);
      for (guint plane = 0; plane < planes; plane++)
        for (guint t = 0; t < p->n_tokens; t += k->tile, tile += tile_bytes)
          k->gemm_int8 (p->type, panel, n, tile, MIN (p->n_tokens - t, k->tile), sums + t);
    }
}

static void
gemm_f32 (const RpCpu *cpu,
          const RpCpuProduct *p,
          const guint8 *const rows[RP_PANEL],
          void *panel,
          float (*sums)[RP_PANEL])
{
  const RpKernels *k = cpu->kernels;

  for (gsize c = 0; c < p->n_in; c += RP_PANEL_COLUMNS)
    {
      guint n = (guint)MIN (p->n_in - c, RP_PANEL_COLUMNS);
      k->unpack_f32 (p->type, rows, c, n, panel);
      for (guint t = 0; t < p->n_tokens; t += k->float_tile)
        {
          const float *x[RP_MAX_FLOAT_TILE];
          guint m = MIN (p->n_tokens - t, k->float_tile);
          for (guint i = 0; i < m; i++)
            x[i] = x_row (p, t + i) + c;
          k->gemm_f32 (panel, n, x, m, sums + t);
        }
    }
}

void
rp_cpu_gemm (const RpCpu *cpu, const RpCpuProduct *p, guint panel, guint8 *scratch)
{
  guint first = panel * RP_PANEL, n = MIN (p->n_out - first, RP_PANEL);
  gsize row_bytes = rp_dtype_row_size (p->type, p->n_in);
  const guint8 *rows[RP_PANEL];
  float (*sums)[RP_PANEL] = (void *)(scratch + rp_cpu_gemm_private_size (0));

  /* Rows that a last panel lacks are its last row again. */
  for (guint r = 0; r < RP_PANEL; r++)
    rows[r] = p->w + (first + MIN (r, n - 1)) * row_bytes;
  memset (sums, 0, p->n_tokens * sizeof *sums);
  if (p->tiles)
    gemm_int8 (cpu, p, rows, scratch, sums);
  else
    gemm_f32 (cpu, p, rows, scratch, sums);
  for (guint t = 0; t < p->n_tokens; t++)
    store (p, t, first, n, sums[t]);
}

/* ---- the operation ---- */

#define QUANTIZE_BLOCKS 64 /* of a row: an item of stage 0 for few tokens */

/* A precise product is that of x in int8, and that of what int8 left of x, in int8 again. */
static guint
planes (const RpOp *op)
{
  return op->matmul.precise ? 2 : 1;
}

static gboolean
is_matvec (const RpOp *op)
{
  return op->matmul.n_tokens * planes (op) <= RP_MAX_MATVEC;
}

static gsize
row_bytes (const RpOp *op)
{
  return rp_cpu_align (RP_ROW_BYTES (op->matmul.weight.n_in));
}

static gsize
tile_bytes (const RpCpu *cpu, const RpOp *op)
{
  return op->matmul.weight.n_in / RP_QUANT * RP_TILE_BLOCK_BYTES (cpu->kernels->tile);
}

static guint
n_tiles (const RpCpu *cpu, const RpOp *op)
{
  return (op->matmul.n_tokens + cpu->kernels->tile - 1) / cpu->kernels->tile;
}

static gsize
matmul_shared_size (const RpCpu *cpu, const RpOp *op)
{
  if (!rp_cpu_is_int8 (cpu, op->matmul.weight.type))
    return 0;
  /* Prepared for many tokens, it may also be run for few. */
  return MAX (MIN (op->matmul.n_tokens * planes (op), RP_MAX_MATVEC) * row_bytes (op),
              n_tiles (cpu, op) * planes (op) * tile_bytes (cpu, op));
}

static gsize
matmul_private_size (const RpCpu *cpu, const RpOp *op)
{
  gsize rest = op->matmul.precise ? cpu->kernels->tile * op->matmul.weight.n_in * sizeof (float) : 0;

  return MAX (rp_cpu_gemm_private_size (op->matmul.n_tokens), rest);
}

static gboolean
matmul_shares (const RpCpu *cpu, const RpOp *op, const RpOp *other)
{
  const RpOpMatmul *a = &op->matmul, *b = &other->matmul;

  return rp_cpu_is_int8 (cpu, a->weight.type) && rp_cpu_is_int8 (cpu, b->weight.type) && a->x.buffer == b->x.buffer
         && a->x.offset == b->x.offset && a->n_tokens == b->n_tokens && a->weight.n_in == b->weight.n_in
         && a->precise == b->precise;
}

static guint
matmul_n_items (RpCpu *cpu, const RpOp *op, RpCpuPlan *plan, guint stage)
{
  const RpOpMatmul *o = &op->matmul;
  guint n_blocks = o->weight.n_in / RP_QUANT;

  if (o->n_tokens == 0)
    return 0;
  if (stage == 0)
    {
      if (plan->made || !rp_cpu_is_int8 (cpu, o->weight.type))
        return 0;
      return is_matvec (op) ? o->n_tokens * ((n_blocks + QUANTIZE_BLOCKS - 1) / QUANTIZE_BLOCKS) : n_tiles (cpu, op);
    }
  if (!is_matvec (op))
    return (o->weight.n_out + RP_PANEL - 1) / RP_PANEL;
  rp_cpu_cut (cpu, o->weight.n_out, 4, 8, plan);
  plan->rows_a_item = MIN (plan->rows_a_item, RP_CPU_MATVEC_ROWS);
  return (o->weight.n_out + plan->rows_a_item - 1) / plan->rows_a_item;
}

/* Blocks first … first + n - 1 of token t */
static void
quantize_row (const RpCpu *cpu, const RpOp *op, guint8 *rows, guint t, gsize first, gsize n)
{
  gsize n_in = op->matmul.weight.n_in;
  const float *x = (const float *)rp_cpu_at (op->matmul.x) + t * n_in;
  RpQuantRow row = rp_quant_row_at (rows + t * row_bytes (op), n_in);
  float rest[QUANTIZE_BLOCKS * RP_QUANT];

  cpu->kernels->quantize_row (x, first, n, &row);
  if (!op->matmul.precise)
    return;
  for (gsize i = 0; i < n * RP_QUANT; i++)
    rest[i] = x[first * RP_QUANT + i] - row.d[first + i / RP_QUANT] * row.q[first * RP_QUANT + i];
  row = rp_quant_row_at (rows + (op->matmul.n_tokens + t) * row_bytes (op), n_in);
  row = (RpQuantRow){ row.q + first * RP_QUANT, row.d + first, row.s32 + first, row.s16 + 2 * first };
  cpu->kernels->quantize_row (rest, 0, n, &row);
}

/* What is left of token t of a tile. */
static void
take_from_tile (const RpCpu *cpu, const guint8 *tile, guint t, const float *x, gsize n, float *rest)
{
  guint width = cpu->kernels->tile;

  for (gsize i = 0; i < n; i++)
    {
      const guint8 *block = tile + i / RP_QUANT * RP_TILE_BLOCK_BYTES (width);
      gsize c = i % RP_QUANT;
      float d = ((const float *)(block + RP_QUANT * width))[t];
      rest[i] = x[i] - d * ((const gint8 *)block)[(c / 4 * width + t) * 4 + c % 4];
    }
}

static void
quantize_tile (const RpCpu *cpu, const RpOp *op, guint8 *tiles, guint item, float *rest)
{
  gsize n_in = op->matmul.weight.n_in;
  const float *rows[RP_MAX_TILE] = { NULL };
  guint first = item * cpu->kernels->tile, n = MIN (op->matmul.n_tokens - first, cpu->kernels->tile);
  guint8 *tile = tiles + item * tile_bytes (cpu, op);

  for (guint t = 0; t < n; t++)
    rows[t] = (const float *)rp_cpu_at (op->matmul.x) + (first + t) * n_in;
  cpu->kernels->quantize_tile (rows, n, n_in, tile);
  if (!op->matmul.precise)
    return;
  for (guint t = 0; t < n; t++)
    {
      take_from_tile (cpu, tile, t, rows[t], n_in, rest + t * n_in);
      rows[t] = rest + t * n_in;
    }
  cpu->kernels->quantize_tile (rows, n, n_in, tile + n_tiles (cpu, op) * tile_bytes (cpu, op));
}

static void
quantize (const RpCpu *cpu, const RpOp *op, const RpCpuPlan *plan, guint item, guint thread)
{
  gsize n_blocks = op->matmul.weight.n_in / RP_QUANT;
  guint cuts = (guint)((n_blocks + QUANTIZE_BLOCKS - 1) / QUANTIZE_BLOCKS);
  gsize first = (gsize)(item % cuts) * QUANTIZE_BLOCKS;

  if (is_matvec (op))
    quantize_row (cpu, op, plan->scratch, item / cuts, first, MIN (n_blocks - first, QUANTIZE_BLOCKS));
  else
    quantize_tile (cpu, op, plan->scratch, item, (float *)rp_cpu_private (cpu, thread));
}

static void
matmul_run (RpCpu *cpu, const RpOp *op, const RpCpuPlan *plan, guint stage, guint item, guint thread)
{
  const RpOpMatmul *o = &op->matmul;

  if (stage == 0)
    {
      quantize (cpu, op, plan, item, thread);
      return;
    }
  gboolean int8 = rp_cpu_is_int8 (cpu, o->weight.type);
  const RpCpuProduct product = {
    .type = o->weight.type,
    .w = rp_cpu_at (o->weight.data),
    .n_in = o->weight.n_in,
    .n_out = o->weight.n_out,
    .bias = rp_cpu_at (o->bias),
    .accumulate = o->accumulate,
    .n_tokens = o->n_tokens,
    .x = rp_cpu_at (o->x),
    .rows = int8 && is_matvec (op) ? plan->scratch : NULL,
    .tiles = int8 && !is_matvec (op) ? plan->scratch : NULL,
    .precise = int8 && o->precise,
    .out = rp_cpu_at (o->out),
  };
  if (is_matvec (op))
    {
      guint first = item * plan->rows_a_item;
      rp_cpu_matvec (cpu, &product, first, MIN (product.n_out - first, plan->rows_a_item));
    }
  else
    rp_cpu_gemm (cpu, &product, item, rp_cpu_private (cpu, thread));
}

const RpCpuOperation rp_cpu_matmul = {
  .n_stages = 2,
  .shared_size = matmul_shared_size,
  .private_size = matmul_private_size,
  .shares = matmul_shares,
  .n_items = matmul_n_items,
  .run = matmul_run,
};
