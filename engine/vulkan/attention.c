/* Attention: how many queries share a workgroup, and how far a context is cut. */
#include "vulkan-private.h"

#include "shaders/parameters.h"

#define MAX_ROWS   16
#define MAX_SPLITS 64

G_STATIC_ASSERT (sizeof (struct AttentionParameters) <= 128);
G_STATIC_ASSERT (sizeof (struct MergeParameters) <= 128);

typedef struct
{
  guint threads, rows; /* of a workgroup */
  guint n_tiles;       /* of rows, for a KV head */
  guint n_splits;
} Shape;

/* Shared memory of attention.comp. */
static gsize
shared_size (const RpOpAttention *o, guint threads, guint rows)
{
  return rows * (((gsize)o->dim_k + 3) / 4 * 16 + 4 * (gsize)threads + 12) + 16 * (gsize)threads;
}

static gboolean
choose_shape (RpVkPlan *plan, const RpOpAttention *o, Shape *shape)
{
  const RpVkBackend *self = plan->backend;
  gboolean software = rp_vk_is_software (self);
  guint group = o->n_heads / o->n_kv_heads, limit = self->adapter->limits.maxComputeSharedMemorySize;
  guint64 seen = (guint64)o->pos + o->n_tokens;

  shape->threads = software ? 32 : 128;
  while (o->dim_v > 16 * shape->threads && shape->threads < 1024) /* a thread has four columns of four at most */
    shape->threads *= 2;
  shape->threads = rp_vk_threads (self, shape->threads);
  shape->rows = o->n_tokens == 1 ? MIN (group, MAX_ROWS) : MAX_ROWS;
  while (shape->rows > 1 && shared_size (o, shape->threads, shape->rows) > limit / 4 * 3)
    shape->rows /= 2;
  if (shared_size (o, shape->threads, shape->rows) > limit || o->dim_v > 16 * shape->threads)
    return rp_vk_refuse (plan, "Heads of %u and %u elements are too large for %s", o->dim_k, o->dim_v,
                         self->adapter->name);
  shape->n_tiles = (guint)(((guint64)o->n_tokens * group + shape->rows - 1) / shape->rows);
  /* enough workgroups to fill the device, each with a tile of positions at least */
  if (o->window)
    seen = MIN (seen, (guint64)o->window + o->n_tokens - 1);
  guint wanted = (software ? 4 : 256) / MAX (1, shape->n_tiles * o->n_kv_heads);
  shape->n_splits = (guint)MIN (MIN (wanted, MAX_SPLITS), (seen + shape->threads - 1) / shape->threads);
  shape->n_splits = MAX (shape->n_splits, 1);
  return TRUE;
}

static gboolean
plan_merge (RpVkPlan *plan, const RpOpAttention *o, guint n_splits, guint64 partial)
{
  const struct MergeParameters push = {
    .partial = partial,
    .sinks = rp_vk_address (o->sinks),
    .result = rp_vk_address (o->out),
    .n_rows = o->n_tokens * o->n_heads,
    .n_heads = o->n_heads,
    .n_splits = n_splits,
    .dim_v = o->dim_v,
  };
  const RpVkPipelineKey key = { RP_VK_ATTENTION_MERGE,
                                RP_VK_NO_TYPE,
                                { rp_vk_threads (plan->backend, rp_vk_is_software (plan->backend) ? 8 : 64) } };

  plan->barrier = TRUE;
  return rp_vk_plan_add (plan, &key, &push, sizeof push, push.n_rows, 1,
                         4.0 * (double)push.n_rows * n_splits * o->dim_v);
}

gboolean
rp_vk_plan_attention (RpVkPlan *plan, const RpOp *op)
{
  const RpOpAttention *o = &op->attention;
  Shape shape = { 0 };
  gsize row_size = ((gsize)o->dim_v + 2) * sizeof (float);
  guint64 n_rows = (guint64)o->n_tokens * o->n_heads, partial = 0;

  if (!choose_shape (plan, o, &shape))
    return FALSE;
  if (shape.n_splits > 1 && !plan->create)
    {
      gsize has = plan->backend->scratch ? plan->backend->scratch->size : 0;
      shape.n_splits = (guint)MIN (shape.n_splits, MAX (1, has / (n_rows * row_size)));
    }
  if (shape.n_splits > 1)
    partial = rp_vk_plan_scratch (plan, n_rows * row_size * shape.n_splits);
  const struct AttentionParameters push = {
    .q = rp_vk_address (o->q),
    .k = rp_vk_address (o->k),
    .v = rp_vk_address (o->v),
    .sinks = rp_vk_address (o->sinks),
    .result = rp_vk_address (o->out),
    .partial = partial,
    .n_tokens = o->n_tokens,
    .pos = o->pos,
    .n_heads = o->n_heads,
    .n_kv_heads = o->n_kv_heads,
    .window = o->window,
    .n_splits = shape.n_splits,
    .scale = o->scale,
    .softcap = o->softcap,
  };
  const RpVkPipelineKey key
    = { RP_VK_ATTENTION, RP_VK_NO_TYPE, { shape.threads, shape.rows, o->dim_k, o->dim_v, o->kv_type, shape.threads } };
  double seen = o->window ? MIN (o->window, o->pos + o->n_tokens) : (double)o->pos + o->n_tokens;
  double cost = seen * shape.n_tiles * o->n_kv_heads * ((double)o->dim_k + o->dim_v) * shape.rows / 2;
  return rp_vk_plan_add (plan, &key, &push, sizeof push, shape.n_tiles, (guint64)o->n_kv_heads * shape.n_splits, cost)
         /* prepare() has to make it for later, and longer, contexts */
         && (shape.n_splits > 1 || plan->create ? plan_merge (plan, o, shape.n_splits, partial) : TRUE);
}
