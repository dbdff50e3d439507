/* Attention, cut by KV heads and tokens, and where that gives too few items for many threads, by positions as well. */
#include "cpu.h"

#define ROWS       48  /* query rows (tokens times heads of a group) of an item, at least one token's */
#define SPLIT_FROM 128 /* least positions of a part */
#define ITEMS      64  /* wanted, however many threads there are: the same sums, and the same answer, with any number */

typedef struct
{
  guint tokens, token_items; /* tokens an item, items of tokens */
  guint n_splits, positions; /* parts, positions of each */
} Cut;

static guint
tokens_an_item (const RpOpAttention *o)
{
  return MAX (1, ROWS / MAX (1, o->n_heads / o->n_kv_heads));
}

static Cut
cut (const RpOpAttention *o)
{
  Cut c = { .tokens = tokens_an_item (o), .n_splits = 1 };
  guint end = o->pos + o->n_tokens, first = o->window && o->pos + 1 > o->window ? o->pos + 1 - o->window : 0;

  c.token_items = (o->n_tokens + c.tokens - 1) / c.tokens;
  guint items = MAX (1, c.token_items * o->n_kv_heads);
  if (items < ITEMS)
    c.n_splits = CLAMP ((end - first) / SPLIT_FROM, 1, (ITEMS + items - 1) / items);
  c.positions = ((end - first) / c.n_splits + RP_ATTENTION_BLOCK) / RP_ATTENTION_BLOCK * RP_ATTENTION_BLOCK;
  return c;
}

/* Items times parts stay below twice what is wanted of items: see cut(). */
static gsize
attention_shared_size (const RpCpu *cpu, const RpOp *op)
{
  const RpOpAttention *o = &op->attention;
  guint group = MAX (1, o->n_heads / o->n_kv_heads), tokens = MIN (tokens_an_item (o), o->n_tokens);

  return (gsize)2 * ITEMS * tokens * group * (o->dim_v + 2) * sizeof (float);
}

static gsize
attention_private_size (const RpCpu *cpu, const RpOp *op)
{
  const RpOpAttention *o = &op->attention;
  guint group = MAX (1, o->n_heads / o->n_kv_heads), tokens = MIN (tokens_an_item (o), o->n_tokens);

  return rp_attention_scratch (tokens * group, o->dim_k, o->dim_v) * sizeof (float);
}

static guint
attention_n_items (RpCpu *cpu, const RpOp *op, RpCpuPlan *plan, guint stage)
{
  const RpOpAttention *o = &op->attention;
  Cut c = cut (o);

  if (o->n_tokens == 0)
    return 0;
  if (stage == 1)
    return c.n_splits > 1 ? o->n_tokens : 0;
  return c.token_items * o->n_kv_heads * c.n_splits;
}

/* Part s of query row (token t, head h): parts of a row stand n_tokens · n_heads rows apart. */
static float *
part_at (const RpOpAttention *o, const RpCpuPlan *plan, guint split, guint kv_head, guint t)
{
  guint group = o->n_heads / o->n_kv_heads;
  gsize row = ((gsize)split * o->n_kv_heads + kv_head) * o->n_tokens * group + (gsize)t * group;

  return (float *)plan->scratch + row * (o->dim_v + 2);
}

static void
join_token (const RpCpu *cpu, const RpOpAttention *o, const RpCpuPlan *plan, guint t, guint n_splits)
{
  guint group = o->n_heads / o->n_kv_heads;
  gsize stride = (gsize)o->n_tokens * o->n_heads * (o->dim_v + 2);
  const float *sinks = rp_cpu_at (o->sinks);

  for (guint h = 0; h < o->n_heads; h++)
    cpu->kernels->attention_join (part_at (o, plan, 0, h / group, t) + (h % group) * (gsize)(o->dim_v + 2), n_splits,
                                  stride, o->dim_v, sinks ? sinks + h : NULL,
                                  (float *)rp_cpu_at (o->out) + ((gsize)t * o->n_heads + h) * o->dim_v);
}

static void
attention_run (RpCpu *cpu, const RpOp *op, const RpCpuPlan *plan, guint stage, guint item, guint thread)
{
  const RpOpAttention *o = &op->attention;
  const RpAttentionJob job = {
    .q = rp_cpu_at (o->q),
    .k = rp_cpu_at (o->k),
    .v = rp_cpu_at (o->v),
    .sinks = rp_cpu_at (o->sinks),
    .out = rp_cpu_at (o->out),
    .type = o->kv_type,
    .pos = o->pos,
    .n_heads = o->n_heads,
    .n_kv_heads = o->n_kv_heads,
    .dim_k = o->dim_k,
    .dim_v = o->dim_v,
    .window = o->window,
    .scale = o->scale,
    .softcap = o->softcap,
  };
  Cut c = cut (o);

  if (stage == 1)
    {
      join_token (cpu, o, plan, item, c.n_splits);
      return;
    }
  /* Later tokens see more positions: the longest items go first. */
  guint split = item % c.n_splits, kv_head = item / c.n_splits % o->n_kv_heads;
  guint t = (c.token_items - 1 - item / c.n_splits / o->n_kv_heads) * c.tokens, n = MIN (c.tokens, o->n_tokens - t);
  guint low = o->window && o->pos + 1 > o->window ? o->pos + 1 - o->window : 0;
  guint begin = low + split * c.positions, end = split + 1 < c.n_splits ? begin + c.positions : o->pos + o->n_tokens;
  cpu->kernels->attention (&job, kv_head, t, n, begin, end,
                           c.n_splits > 1 ? part_at (o, plan, split, kv_head, t) : NULL,
                           (float *)rp_cpu_private (cpu, thread));
}

const RpCpuOperation rp_cpu_attention = {
  .n_stages = 2,
  .shared_size = attention_shared_size,
  .private_size = attention_private_size,
  .n_items = attention_n_items,
  .run = attention_run,
};
