/* Matrix products: matvec.comp for few rows, matmul.comp for many, and the same for experts. */
#include "vulkan-private.h"

#include "shaders/parameters.h"

#define MATVEC_ROWS    8  /* up to so many rows of x, reading the weights takes the time */
#define TILE_ROWS      64 /* of the weights, in matmul.comp */
#define MATMUL_THREADS 128
#define LANES_COLS     16 /* at most, in matmul-lanes.comp */

G_STATIC_ASSERT (sizeof (struct MatmulParameters) <= 128);
G_STATIC_ASSERT (sizeof (struct GroupParameters) <= 128);

static struct MatmulParameters
parameters (const RpWeight *weight, RpView x, RpView bias, RpView out, guint n_rows)
{
  return (struct MatmulParameters){
    .weight = rp_vk_address (weight->data),
    .x = rp_vk_address (x),
    .bias = rp_vk_address (bias),
    .result = rp_vk_address (out),
    .n_in = weight->n_in,
    .n_out = weight->n_out,
    .n_rows = n_rows,
    .row_bytes = (guint32)rp_dtype_row_size (weight->type, weight->n_in),
    .n_expert = weight->n_expert,
    .x_divisor = 1,
  };
}

/* matmul-lanes.comp instead of matmul.comp. */
static gboolean
use_lanes (const RpVkBackend *self)
{
  return rp_vk_is_software (self) && self->adapter->has_subgroup_size && self->adapter->subgroup_size >= 8;
}

/* What the weights take to read, or the arithmetic, whatever takes longer: so many flops go for a byte. */
static double
cost_of (const RpVkBackend *self, const RpWeight *weight, double reads, double n_rows)
{
  double bytes = (double)rp_dtype_row_size (weight->type, weight->n_in) * weight->n_out * reads;
  double flops = 2.0 * weight->n_in * weight->n_out * n_rows;

  return MAX (bytes, flops / (rp_vk_is_software (self) ? 4 : 16));
}

static gboolean
plan_matvec (RpVkPlan *plan, const RpWeight *weight, const struct MatmulParameters *push, gboolean experts)
{
  const RpVkBackend *self = plan->backend;
  guint subgroup = self->adapter->subgroup_size, threads = subgroup, rows = 4, cols = 1;
  guint n_chunks = (weight->n_in + 15) / 16;

  while (!experts && cols < push->n_rows && cols < MATVEC_ROWS)
    cols *= 2;
  if (!rp_vk_is_software (self))
    {
      /* a group of its own for every row until the device is full; then more rows share what is read of x */
      while (rows > 1 && weight->n_out / rows < 512)
        rows /= 2;
      while (threads < 256 && threads * 8 < n_chunks)
        threads *= 2;
      if (cols > 2)
        rows = MIN (rows, 2);
    }
  threads = rp_vk_threads (self, threads);
  const RpVkPipelineKey key
    = { RP_VK_MATVEC, weight->type, { threads, rows, cols, experts, (threads + subgroup - 1) / subgroup } };
  guint n_cols = (push->n_rows + cols - 1) / cols;
  return rp_vk_plan_add (plan, &key, push, sizeof *push, (weight->n_out + rows - 1) / rows, n_cols,
                         cost_of (self, weight, n_cols, push->n_rows));
}

/* Rows of x that share a tile. */
static guint
tile_of (const RpVkBackend *self, guint n_rows)
{
  guint cols = 1;

  if (!use_lanes (self))
    return n_rows <= 32 ? 32 : 64;
  while (cols < n_rows && cols < LANES_COLS)
    cols *= 2;
  return cols;
}

static gboolean
plan_tiles (RpVkPlan *plan,
            const RpWeight *weight,
            const struct MatmulParameters *push,
            guint cols,
            guint n_tiles,
            gboolean experts)
{
  const RpVkBackend *self = plan->backend;
  double cost = cost_of (self, weight, n_tiles, (double)n_tiles * cols);
  guint lanes = self->adapter->subgroup_size, rows = cols == 1 ? 16 : cols > 4 ? 8 : 4;
  gboolean wide = (push->weight | push->row_bytes) % 8 == 0;
  const RpVkPipelineKey with_lanes = { RP_VK_MATMUL_LANES, weight->type, { lanes, rows, cols, experts, wide } };
  const RpVkPipelineKey key = { RP_VK_MATMUL, weight->type, { 0, cols, experts } };

  if (use_lanes (self))
    return rp_vk_plan_add (plan, &with_lanes, push, sizeof *push, (weight->n_out + rows * lanes - 1) / (rows * lanes),
                           n_tiles, cost);
  if (rp_vk_threads (self, MATMUL_THREADS) < MATMUL_THREADS)
    return rp_vk_refuse (plan, "%s runs too few threads together", self->adapter->name);
  return rp_vk_plan_add (plan, &key, push, sizeof *push, (weight->n_out + TILE_ROWS - 1) / TILE_ROWS, n_tiles, cost);
}

gboolean
rp_vk_plan_matmul (RpVkPlan *plan, const RpOp *op)
{
  const RpOpMatmul *o = &op->matmul;
  struct MatmulParameters push = parameters (&o->weight, o->x, o->bias, o->out, o->n_tokens);
  guint cols = tile_of (plan->backend, o->n_tokens);

  push.accumulate = o->accumulate;
  if (!use_lanes (plan->backend) && o->n_tokens <= MATVEC_ROWS)
    return plan_matvec (plan, &o->weight, &push, FALSE);
  return plan_tiles (plan, &o->weight, &push, cols, (o->n_tokens + cols - 1) / cols, FALSE);
}

/* ---- experts ---- */

/* Lists the rows of each expert, unless the list at hand is just that. */
static gboolean
plan_groups (RpVkPlan *plan, const RpOpMatmulExperts *o, guint cols, guint max_tiles)
{
  RpVkBackend *self = plan->backend;
  guint n_pairs = o->n_tokens * o->n_used;
  gsize size = (4 + 4 * (gsize)max_tiles + n_pairs) * sizeof (guint32);
  const struct GroupParameters push = {
    .ids = rp_vk_address (o->ids),
    .groups = self->groups ? self->groups->address : 0,
    .n_pairs = n_pairs,
    .max_tiles = max_tiles,
    .tile = cols,
  };
  const RpVkPipelineKey key = { RP_VK_GROUP_EXPERTS, RP_VK_NO_TYPE, { rp_vk_threads (self, 256), o->weight.n_expert } };

  plan->groups_wanted = MAX (plan->groups_wanted, size);
  if (!plan->create && (!self->groups || self->groups->size < size))
    {
      g_set_error_literal (plan->error, RP_ERROR, RP_ERROR_ARGUMENT,
                           "The operations were not prepared for this many tokens");
      return FALSE;
    }
  if (plan->grouped.buffer == o->ids.buffer && plan->grouped.offset == o->ids.offset && plan->grouped_n == n_pairs
      && plan->grouped_tile == cols && plan->grouped_expert == o->weight.n_expert)
    return TRUE;
  plan->grouped = o->ids;
  plan->grouped_n = n_pairs;
  plan->grouped_tile = cols;
  plan->grouped_expert = o->weight.n_expert;
  plan->barrier = TRUE; /* the list before may still be read */
  if (!rp_vk_plan_add (plan, &key, &push, sizeof push, 1, 1, 100.0 * n_pairs))
    return FALSE;
  plan->barrier = TRUE;
  return TRUE;
}

gboolean
rp_vk_plan_matmul_experts (RpVkPlan *plan, const RpOp *op)
{
  const RpOpMatmulExperts *o = &op->matmul_experts;
  guint n_pairs = o->n_tokens * o->n_used, n_expert = o->weight.n_expert;
  guint cols = use_lanes (plan->backend) ? LANES_COLS : 32;
  struct MatmulParameters push = parameters (&o->weight, o->x, o->bias, o->out, n_pairs);

  push.x_divisor = o->x_per_expert ? 1 : o->n_used;
  push.experts = rp_vk_address (o->ids);
  /* matvec.comp reads an expert once a row, matmul.comp once */
  if (o->n_tokens <= MATVEC_ROWS || n_pairs < 2 * n_expert
      || n_expert > plan->backend->adapter->limits.maxComputeSharedMemorySize / 12)
    return plan_matvec (plan, &o->weight, &push, TRUE);
  guint max_tiles = n_pairs / cols + MIN (n_expert, n_pairs);
  if (!plan_groups (plan, o, cols, max_tiles))
    return FALSE;
  push.experts = plan->backend->groups ? plan->backend->groups->address : 0;
  return plan_tiles (plan, &o->weight, &push, cols, max_tiles, TRUE);
}
