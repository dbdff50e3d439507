/* Products with experts: the pairs of a token and an expert are sorted by expert, so that an expert's weights are read
 * once for all of its tokens. Experts with few tokens take the matvec kernels, the others panels. */
#include "cpu.h"

#include <string.h>

#define QUANTIZE_BLOCKS 64 /* of a row: an item of stage 1 */

/* An expert that some token has chosen. */
typedef struct
{
  guint32 expert, first, n; /* pairs order[first … first + n - 1] */
  guint32 tile;             /* its first quantized tile, if it takes panels */
} Active;

/* What the group's scratch holds. */
typedef struct
{
  guint32 n_active, n_large, n_tiles; /* the large ones come first */
} Head;

typedef struct
{
  Head *head;
  Active *active;       /* [n_expert at most] */
  guint32 *order;       /* [n_pairs] pairs by expert */
  guint32 *x_rows;      /* [n_pairs] the rows of x that these read */
  guint32 *counts;      /* [n_expert + 1] */
  guint32 *tile_active; /* [max_tiles] */
  guint8 *rows, *tiles; /* quantized */
  gsize size;
} Scratch;

static gsize
n_pairs (const RpOpMatmulExperts *o)
{
  return (gsize)o->n_tokens * o->n_used;
}

static gsize
n_x_rows (const RpOpMatmulExperts *o)
{
  return o->x_per_expert ? n_pairs (o) : o->n_tokens;
}

static gboolean
is_large (guint n)
{
  return n > RP_MAX_MATVEC;
}

/* Where everything lies; memory may be NULL, for the size. */
static Scratch
lay_out (const RpCpu *cpu, const RpOpMatmulExperts *o, guint8 *memory)
{
  gsize pairs = n_pairs (o), n_expert = o->weight.n_expert, tile = cpu->kernels->tile, at = 0;
  gsize max_tiles = pairs / tile + MIN (n_expert, pairs / (RP_MAX_MATVEC + 1)) + 1;
  gboolean int8 = rp_cpu_is_int8 (cpu, o->weight.type);
  Scratch s = { 0 };

#define PLACE(field, bytes)                                                                                            \
  s.field = memory ? (void *)(memory + at) : NULL;                                                                     \
  at += rp_cpu_align (bytes);
  PLACE (head, sizeof *s.head)
  PLACE (active, MIN (n_expert, pairs) * sizeof *s.active)
  PLACE (order, pairs * sizeof *s.order)
  PLACE (x_rows, pairs * sizeof *s.x_rows)
  PLACE (counts, (n_expert + 1) * sizeof *s.counts)
  PLACE (tile_active, max_tiles * sizeof *s.tile_active)
  PLACE (rows, int8 ? n_x_rows (o) * rp_cpu_align (RP_ROW_BYTES (o->weight.n_in)) : 0)
  PLACE (tiles, int8 ? max_tiles * (o->weight.n_in / RP_QUANT) * RP_TILE_BLOCK_BYTES (tile) : 0)
#undef PLACE
  s.size = at;
  return s;
}

static gsize
experts_shared_size (const RpCpu *cpu, const RpOp *op)
{
  return lay_out (cpu, &op->matmul_experts, NULL).size;
}

static gsize
experts_private_size (const RpCpu *cpu, const RpOp *op)
{
  return rp_cpu_gemm_private_size ((guint)n_pairs (&op->matmul_experts));
}

static gboolean
experts_shares (const RpCpu *cpu, const RpOp *op, const RpOp *other)
{
  const RpOpMatmulExperts *a = &op->matmul_experts, *b = &other->matmul_experts;

  return a->x.buffer == b->x.buffer && a->x.offset == b->x.offset && a->ids.buffer == b->ids.buffer
         && a->ids.offset == b->ids.offset && a->n_tokens == b->n_tokens && a->n_used == b->n_used
         && a->x_per_expert == b->x_per_expert && a->weight.n_in == b->weight.n_in
         && a->weight.n_expert == b->weight.n_expert
         && rp_cpu_is_int8 (cpu, a->weight.type) == rp_cpu_is_int8 (cpu, b->weight.type);
}

static guint
expert_of (const RpOpMatmulExperts *o, gsize pair)
{
  gint32 id = ((const gint32 *)rp_cpu_at (o->ids))[pair];

  return (guint)CLAMP (id, 0, (gint64)o->weight.n_expert - 1);
}

/* A counting sort, stable: tokens of an expert stay in their order. */
static void
sort_pairs (const RpCpu *cpu, const RpOpMatmulExperts *o, const Scratch *s)
{
  gsize pairs = n_pairs (o);
  guint n_expert = o->weight.n_expert, tile = cpu->kernels->tile;

  memset (s->counts, 0, (n_expert + 1) * sizeof *s->counts);
  for (gsize i = 0; i < pairs; i++)
    s->counts[expert_of (o, i) + 1]++;
  *s->head = (Head){ 0 };
  for (guint large = 2; large-- > 0;)
    for (guint e = 0, first = 0; e < n_expert; first += s->counts[++e])
      {
        guint n = s->counts[e + 1];
        if (n == 0 || is_large (n) != (large == 1))
          continue;
        guint a = s->head->n_active++;
        s->active[a] = (Active){ .expert = e, .first = first, .n = n, .tile = s->head->n_tiles };
        s->head->n_large += large;
        for (guint i = 0; large && i < (n + tile - 1) / tile; i++)
          s->tile_active[s->head->n_tiles++] = a;
      }
  for (guint e = 0; e < n_expert; e++)
    s->counts[e + 1] += s->counts[e];
  for (gsize i = 0; i < pairs; i++)
    {
      guint at = s->counts[expert_of (o, i)]++;
      s->order[at] = (guint32)i;
      s->x_rows[at] = (guint32)(o->x_per_expert ? i : i / o->n_used);
    }
}

static guint
row_cuts (const RpOpMatmulExperts *o)
{
  return (o->weight.n_in / RP_QUANT + QUANTIZE_BLOCKS - 1) / QUANTIZE_BLOCKS;
}

/* Items of stage 1 that quantize rows, for the experts with few tokens. */
static guint
n_row_items (const RpOpMatmulExperts *o, const Scratch *s)
{
  return s->head->n_active > s->head->n_large ? (guint)n_x_rows (o) * row_cuts (o) : 0;
}

static guint
experts_n_items (RpCpu *cpu, const RpOp *op, RpCpuPlan *plan, guint stage)
{
  const RpOpMatmulExperts *o = &op->matmul_experts;
  Scratch s = lay_out (cpu, o, plan->scratch);

  if (n_pairs (o) == 0 || (stage < 2 && plan->made))
    return 0;
  if (stage == 0)
    return 1;
  if (stage == 1)
    return rp_cpu_is_int8 (cpu, o->weight.type) ? n_row_items (o, &s) + s.head->n_tiles : 0;
  rp_cpu_cut (cpu, (gsize)s.head->n_active * o->weight.n_out, RP_PANEL, RP_PANEL, plan);
  plan->rows_a_item = MIN (plan->rows_a_item, RP_CPU_MATVEC_ROWS);
  return s.head->n_active * ((o->weight.n_out + plan->rows_a_item - 1) / plan->rows_a_item);
}

static void
quantize (const RpCpu *cpu, const RpOpMatmulExperts *o, const Scratch *s, guint item)
{
  const RpKernels *k = cpu->kernels;
  const float *x = rp_cpu_at (o->x);
  gsize n_in = o->weight.n_in, n_blocks = n_in / RP_QUANT;
  guint row_items = n_row_items (o, s);

  if (item < row_items)
    {
      guint cuts = row_cuts (o), r = item / cuts;
      gsize first = (gsize)(item % cuts) * QUANTIZE_BLOCKS;
      RpQuantRow row = rp_quant_row_at (s->rows + r * rp_cpu_align (RP_ROW_BYTES (n_in)), n_in);
      k->quantize_row (x + r * n_in, first, MIN (n_blocks - first, QUANTIZE_BLOCKS), &row);
      return;
    }
  guint tile = item - row_items;
  const Active *a = &s->active[s->tile_active[tile]];
  guint first = (tile - a->tile) * k->tile, n = MIN (a->n - first, k->tile);
  const float *rows[RP_MAX_TILE];
  for (guint i = 0; i < n; i++)
    rows[i] = x + s->x_rows[a->first + first + i] * n_in;
  k->quantize_tile (rows, n, n_in, s->tiles + tile * n_blocks * RP_TILE_BLOCK_BYTES (k->tile));
}

static void
multiply (const RpCpu *cpu, const RpOpMatmulExperts *o, const Scratch *s, guint rows_a_item, guint item, guint thread)
{
  const RpWeight *w = &o->weight;
  guint chunks = (w->n_out + rows_a_item - 1) / rows_a_item;
  const Active *a = &s->active[item / chunks];
  guint first = item % chunks * rows_a_item, n = MIN (rows_a_item, w->n_out - first);
  gboolean int8 = rp_cpu_is_int8 (cpu, w->type);
  const float *bias = rp_cpu_at (o->bias);
  gsize tile_bytes = w->n_in / RP_QUANT * RP_TILE_BLOCK_BYTES (cpu->kernels->tile);
  const RpCpuProduct product = {
    .type = w->type,
    .w = (const guint8 *)rp_cpu_at (w->data) + (gsize)a->expert * w->n_out * rp_dtype_row_size (w->type, w->n_in),
    .n_in = w->n_in,
    .n_out = w->n_out,
    .bias = bias ? bias + (gsize)a->expert * w->n_out : NULL,
    .n_tokens = a->n,
    .x = rp_cpu_at (o->x),
    .rows = int8 ? s->rows : NULL,
    .tiles = int8 ? s->tiles + a->tile * tile_bytes : NULL,
    .x_rows = s->x_rows + a->first,
    .out_rows = s->order + a->first,
    .out = rp_cpu_at (o->out),
  };

  if (!is_large (a->n))
    rp_cpu_matvec (cpu, &product, first, n);
  else
    for (guint panel = first / RP_PANEL; panel * RP_PANEL < first + n; panel++)
      rp_cpu_gemm (cpu, &product, panel, rp_cpu_private (cpu, thread));
}

static void
experts_run (RpCpu *cpu, const RpOp *op, const RpCpuPlan *plan, guint stage, guint item, guint thread)
{
  const RpOpMatmulExperts *o = &op->matmul_experts;
  Scratch s = lay_out (cpu, o, plan->scratch);

  if (stage == 0)
    sort_pairs (cpu, o, &s);
  else if (stage == 1)
    quantize (cpu, o, &s, item);
  else
    multiply (cpu, o, &s, plan->rows_a_item, item, thread);
}

const RpCpuOperation rp_cpu_matmul_experts = {
  .n_stages = 3,
  .shared_size = experts_shared_size,
  .private_size = experts_private_size,
  .shares = experts_shares,
  .n_items = experts_n_items,
  .run = experts_run,
};
