/* What each operation is in dispatches: the plan of a run, made before anything of it is recorded. */
#include "vulkan-private.h"

#include "shaders/parameters.h"

#include <string.h>

#define ROW_OF_GROUPS 512 /* groups in x, before y counts on */

G_STATIC_ASSERT (sizeof (struct EmbedParameters) <= 128);
G_STATIC_ASSERT (sizeof (struct NormParameters) <= 128);
G_STATIC_ASSERT (sizeof (struct RouteParameters) <= 128);
G_STATIC_ASSERT (sizeof (struct GluParameters) <= 128);
G_STATIC_ASSERT (sizeof (struct CombineParameters) <= 128);
G_STATIC_ASSERT (sizeof (struct AddParameters) <= 128);
G_STATIC_ASSERT (sizeof (struct ScaleParameters) <= 128);
G_STATIC_ASSERT (sizeof (struct StoreParameters) <= 128);
G_STATIC_ASSERT (sizeof (struct CopyParameters) <= 128);

gboolean
rp_vk_refuse (RpVkPlan *plan, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error_literal (plan->error, RP_ERROR, RP_ERROR_UNSUPPORTED, message);
  return FALSE;
}

guint
rp_vk_threads (const RpVkBackend *self, guint wanted)
{
  const VkPhysicalDeviceLimits *limits = &self->adapter->limits;

  return MIN (wanted, MIN (limits->maxComputeWorkGroupInvocations, limits->maxComputeWorkGroupSize[0]));
}

gboolean
rp_vk_plan_add (RpVkPlan *plan,
                const RpVkPipelineKey *key,
                gconstpointer push,
                gsize push_size,
                guint64 n_groups,
                guint64 z,
                double cost)
{
  const guint32 *limits = plan->backend->adapter->limits.maxComputeWorkGroupCount;
  RpVkDispatch dispatch = { .push_size = (guint)push_size, .z = (guint32)z, .barrier = plan->barrier, .cost = cost };
  guint64 y = (n_groups + ROW_OF_GROUPS - 1) / ROW_OF_GROUPS;

  if (!rp_vk_has_shader ((RpVkShaderId)key->shader, key->type))
    return rp_vk_refuse (plan, "Weights of type %s are not supported on Vulkan",
                         key->type >= 0 ? rp_dtype_name ((guint)key->type) : "unknown");
  dispatch.pipeline = rp_vk_pipeline_get (plan->backend, key, plan->create, plan->error);
  if (!dispatch.pipeline)
    return FALSE;
  if (n_groups == 0 || z == 0)
    return TRUE;
  if (y > limits[1] || z > limits[2])
    return rp_vk_refuse (plan, "An operation is larger than %s takes", plan->backend->adapter->name);
  dispatch.y = (guint32)y;
  dispatch.x = (guint32)((n_groups + y - 1) / y);
  memcpy (dispatch.push, push, push_size);
  g_array_append_val (plan->backend->dispatches, dispatch);
  plan->barrier = FALSE;
  return TRUE;
}

guint64
rp_vk_plan_scratch (RpVkPlan *plan, gsize size)
{
  const RpBuffer *scratch = plan->backend->scratch;
  gsize at = plan->scratch_used;

  size = (size + 255) / 256 * 256;
  if (scratch && size <= scratch->size && size > scratch->size - at)
    {
      plan->barrier = TRUE; /* what is there is read first */
      at = 0;
    }
  plan->scratch_used = at + size;
  plan->scratch_wanted = MAX (plan->scratch_wanted, plan->scratch_used);
  return scratch && plan->scratch_used <= scratch->size ? scratch->address + at : 0;
}

/* ---- a thread an element, and other simple ones ---- */

static gboolean
add_elements (RpVkPlan *plan,
              RpVkShaderId shader,
              gint type,
              gconstpointer push,
              gsize push_size,
              guint64 n,
              double cost)
{
  guint threads = rp_vk_threads (plan->backend, 256);
  RpVkPipelineKey key = { shader, type, { threads } };

  if (n > G_MAXUINT32 - threads * ROW_OF_GROUPS)
    return rp_vk_refuse (plan, "An operation has more elements than fit 32 bits");
  return rp_vk_plan_add (plan, &key, push, push_size, (n + threads - 1) / threads, 1, cost);
}

static gboolean
plan_embed (RpVkPlan *plan, const RpOp *op)
{
  const RpOpEmbed *o = &op->embed;
  const struct EmbedParameters push = {
    .weight = rp_vk_address (o->weight.data),
    .tokens = rp_vk_address (o->tokens),
    .result = rp_vk_address (o->out),
    .n_in = o->weight.n_in,
    .n_vocab = o->weight.n_out,
    .n_tokens = o->n_tokens,
    .row_bytes = (guint32)rp_dtype_row_size (o->weight.type, o->weight.n_in),
    .scale = o->scale,
  };

  return add_elements (plan, RP_VK_EMBED, o->weight.type, &push, sizeof push,
                       (guint64)o->n_tokens * ((o->weight.n_in + 15) / 16), 4.0 * o->n_tokens * o->weight.n_in);
}

static gboolean
plan_norm (RpVkPlan *plan, const RpOp *op)
{
  const RpOpNorm *o = &op->norm;
  guint threads = plan->backend->adapter->subgroup_size;
  const struct NormParameters push = {
    .x = rp_vk_address (o->x),
    .result = rp_vk_address (o->out),
    .weight = rp_vk_address (o->weight),
    .bias = rp_vk_address (o->bias),
    .n_rows = o->n_rows,
    .n = o->n,
    .centred = o->kind == RP_NORM_LAYER,
    .eps = o->eps,
  };
  RpVkPipelineKey key = { RP_VK_NORM, RP_VK_NO_TYPE, { 0 } };

  while (!rp_vk_is_software (plan->backend) && threads < 256 && threads * 4 < o->n)
    threads *= 2;
  key.constants[0] = rp_vk_threads (plan->backend, threads);
  return rp_vk_plan_add (plan, &key, &push, sizeof push, o->n_rows, 1, 8.0 * o->n_rows * o->n);
}

static gboolean
plan_store_kv (RpVkPlan *plan, const RpOp *op)
{
  const RpOpStoreKv *o = &op->store_kv;
  guint64 n = (guint64)o->n_tokens * o->n;
  const struct StoreParameters push = {
    .x = rp_vk_address (o->x),
    .cache = rp_vk_address (o->cache) + o->pos * rp_dtype_row_size (o->type, o->n),
    .n = (guint32)n,
  };
  guint threads = rp_vk_threads (plan->backend, 256);
  RpVkPipelineKey key = { RP_VK_STORE_KV, RP_VK_NO_TYPE, { threads, o->type } };

  if (n > G_MAXUINT32 / 2)
    return rp_vk_refuse (plan, "Too much is stored at once");
  guint64 n_threads = n / rp_dtype_info (o->type)->block_elements;
  return rp_vk_plan_add (plan, &key, &push, sizeof push, (n_threads + threads - 1) / threads, 1, 6.0 * (double)n);
}

static gboolean
plan_route (RpVkPlan *plan, const RpOp *op)
{
  const RpOpRoute *o = &op->route;
  const struct RouteParameters push = {
    .logits = rp_vk_address (o->logits),
    .selection_bias = rp_vk_address (o->selection_bias),
    .ids = rp_vk_address (o->ids),
    .weights = rp_vk_address (o->weights),
    .n_tokens = o->n_tokens,
    .n_used = o->n_used,
    .gate = o->gate,
    .normalize = o->normalize,
    .n_groups = o->n_groups,
    .n_groups_used = o->n_groups_used,
    .group_top = o->group_top,
    .scale = o->scale,
  };
  RpVkPipelineKey key = { RP_VK_ROUTE, RP_VK_NO_TYPE, { plan->backend->adapter->subgroup_size, o->n_expert } };

  if (o->n_expert > plan->backend->adapter->limits.maxComputeSharedMemorySize / 12 - 64)
    return rp_vk_refuse (plan, "%u experts are more than %s can choose from", o->n_expert,
                         plan->backend->adapter->name);
  plan->grouped = (RpView){ 0 };
  return rp_vk_plan_add (plan, &key, &push, sizeof push, o->n_tokens, 1, 40.0 * o->n_tokens * o->n_expert);
}

static gboolean
plan_glu (RpVkPlan *plan, const RpOp *op)
{
  const RpOpGlu *o = &op->glu;
  guint64 n = (guint64)o->n_rows * o->n;
  const struct GluParameters push = {
    .gate = rp_vk_address (o->gate),
    .up = rp_vk_address (o->up),
    .result = rp_vk_address (o->out),
    .n_rows = o->n_rows,
    .n = o->n,
    .stride = o->stride ? o->stride : o->n,
    .activation = o->activation,
    .limit = o->limit,
  };

  if ((guint64)o->n_rows * push.stride > G_MAXUINT32)
    return rp_vk_refuse (plan, "An operation has more elements than fit 32 bits");
  return add_elements (plan, RP_VK_GLU, RP_VK_NO_TYPE, &push, sizeof push, n, 12.0 * (double)n);
}

static gboolean
plan_combine (RpVkPlan *plan, const RpOp *op)
{
  const RpOpCombine *o = &op->combine;
  guint64 n = (guint64)o->n_tokens * o->n;
  const struct CombineParameters push = {
    .y = rp_vk_address (o->y),
    .weights = rp_vk_address (o->weights),
    .result = rp_vk_address (o->out),
    .n_tokens = o->n_tokens,
    .n_used = o->n_used,
    .n = o->n,
    .accumulate = o->accumulate,
  };

  return add_elements (plan, RP_VK_COMBINE, RP_VK_NO_TYPE, &push, sizeof push, n, 4.0 * (double)n * (o->n_used + 2));
}

static gboolean
plan_add (RpVkPlan *plan, const RpOp *op)
{
  const RpOpAdd *o = &op->add;
  const struct AddParameters push = {
    .a = rp_vk_address (o->a),
    .b = rp_vk_address (o->b),
    .result = rp_vk_address (o->out),
    .n = (guint32)o->n,
    .scale = o->scale,
  };

  return add_elements (plan, RP_VK_ADD, RP_VK_NO_TYPE, &push, sizeof push, o->n, 12.0 * (double)o->n);
}

static gboolean
plan_scale (RpVkPlan *plan, const RpOp *op)
{
  const RpOpScale *o = &op->scale;
  guint64 n = (guint64)o->n_rows * o->n;
  const struct ScaleParameters push = {
    .x = rp_vk_address (o->x),
    .factors = rp_vk_address (o->factors),
    .ids = rp_vk_address (o->ids),
    .bias = rp_vk_address (o->bias),
    .n_rows = o->n_rows,
    .n = o->n,
    .n_expert = o->n_expert,
  };

  return add_elements (plan, RP_VK_SCALE, RP_VK_NO_TYPE, &push, sizeof push, n, 12.0 * (double)n);
}

static gboolean
plan_copy (RpVkPlan *plan, const RpOp *op)
{
  const RpOpCopy *o = &op->copy;
  guint64 n = (guint64)o->n_rows * o->n;
  const struct CopyParameters push = {
    .x = rp_vk_address (o->x),
    .result = rp_vk_address (o->out),
    .n_rows = o->n_rows,
    .n = o->n,
    .repeat = o->repeat,
    .x_stride = o->x_stride,
    .out_stride = o->out_stride,
  };

  if ((guint64)o->n_rows * MAX (o->x_stride, o->out_stride) > G_MAXUINT32)
    return rp_vk_refuse (plan, "An operation has more elements than fit 32 bits");
  return add_elements (plan, RP_VK_COPY, RP_VK_NO_TYPE, &push, sizeof push, n, 8.0 * (double)n);
}

static gboolean (*const planners[RP_N_OPS]) (RpVkPlan *plan, const RpOp *op) = {
  [RP_OP_EMBED] = plan_embed,
  [RP_OP_NORM] = plan_norm,
  [RP_OP_MATMUL] = rp_vk_plan_matmul,
  [RP_OP_MATMUL_EXPERTS] = rp_vk_plan_matmul_experts,
  [RP_OP_ROPE] = rp_vk_plan_rope,
  [RP_OP_STORE_KV] = plan_store_kv,
  [RP_OP_ATTENTION] = rp_vk_plan_attention,
  [RP_OP_ROUTE] = plan_route,
  [RP_OP_GLU] = plan_glu,
  [RP_OP_COMBINE] = plan_combine,
  [RP_OP_ADD] = plan_add,
  [RP_OP_SCALE] = plan_scale,
  [RP_OP_COPY] = plan_copy,
};

/* ---- runs ---- */

static gsize
buffer_size (const RpBuffer *buffer)
{
  return buffer->size;
}

static gboolean
plan_ops (RpVkPlan *plan, const RpOp *ops, gsize n_ops)
{
  RpVkBackend *self = plan->backend;

  g_array_set_size (self->dispatches, 0);
  if (self->n_rope_tables > RP_VK_ROPE_TABLES / 2 || self->rope_used > self->rope->size / 2)
    self->n_rope_tables = self->rope_used = 0;
  for (gsize i = 0; i < n_ops; i++)
    {
      if (!ops[i].concurrent)
        {
          plan->barrier = TRUE;
          plan->scratch_used = 0;
        }
      if (!planners[ops[i].kind](plan, &ops[i]))
        return FALSE;
    }
  return TRUE;
}

static gboolean
check (RpVkBackend *self, const RpOp *ops, gsize n_ops, GError **error)
{
  if (!self->lost)
    return rp_ops_check (ops, n_ops, buffer_size, error);
  g_set_error (error, RP_ERROR, RP_ERROR_DEVICE, "%s was lost", self->adapter->name);
  return FALSE;
}

/* The number of tokens that an operation is chosen by, where fewer may be run with other pipelines. */
static guint *
tokens_of (RpOp *op)
{
  switch (op->kind)
    {
    case RP_OP_MATMUL:
      return &op->matmul.n_tokens;
    case RP_OP_MATMUL_EXPERTS:
      return &op->matmul_experts.n_tokens;
    case RP_OP_ATTENTION:
      return &op->attention.n_tokens;
    default:
      return NULL;
    }
}

/* The pipelines and the scratch of an operation with all smaller numbers of tokens. */
static gboolean
plan_fewer_tokens (RpVkPlan *plan, const RpOp *op)
{
  RpOp fewer = *op;
  guint *n = tokens_of (&fewer), all = n ? *n : 0;

  for (guint i = 1; i < all; i = i < 64 ? i + 1 : i * 2)
    {
      *n = i;
      plan->barrier = TRUE;
      plan->scratch_used = 0;
      if (!planners[op->kind](plan, &fewer))
        return FALSE;
    }
  return TRUE;
}

static gboolean
grow (RpVkBackend *self, RpBuffer **buffer, gsize wanted, GError **error)
{
  if (wanted == 0 || (*buffer && (*buffer)->size >= wanted))
    return TRUE;
  if (*buffer)
    rp_vk_buffer_free (&self->parent, *buffer);
  *buffer = rp_vk_buffer_new (&self->parent, wanted, RP_BUFFER_DEVICE, error);
  return *buffer != NULL;
}

gboolean
rp_vk_prepare (RpBackend *backend, const RpOp *ops, gsize n_ops, GError **error)
{
  RpVkBackend *self = (RpVkBackend *)backend;
  RpVkPlan plan = { .backend = self, .create = TRUE, .error = error };
  gsize last = 0;

  if (!check (self, ops, n_ops, error) || !plan_ops (&plan, ops, n_ops))
    return FALSE;
  for (gsize i = 0; i < n_ops; i++)
    /* a model's layers are alike: what repeats was prepared */
    if (i == 0 || memcmp (&ops[i], &ops[last], sizeof *ops) != 0)
      {
        if (!plan_fewer_tokens (&plan, &ops[i]))
          return FALSE;
        last = i;
      }
  rp_vk_pipelines_save (self);
  return grow (self, &self->scratch, plan.scratch_wanted, error)
         && grow (self, &self->groups, plan.groups_wanted, error);
}

gboolean
rp_vk_run (RpBackend *backend, const RpOp *ops, gsize n_ops, const RpCancel *cancel, GError **error)
{
  RpVkBackend *self = (RpVkBackend *)backend;
  RpVkPlan plan = { .backend = self, .error = error };

  return check (self, ops, n_ops, error) && plan_ops (&plan, ops, n_ops) && rp_vk_execute (self, cancel, error);
}
