/* Is an operation one that can run: types and shapes that exist, and views that hold what it touches? Every back end
 * asks this before it looks at an operation itself. */
#include "backend.h"

typedef gsize (*BufferSize) (const RpBuffer *buffer);

static gboolean
refuse (GError **error, int code, const char *operation, const char *what)
{
  g_set_error (error, RP_ERROR, code, "%s: %s", operation, what);
  return FALSE;
}

/* Does the view hold a · b · c elements? An absent one does where it is optional. */
static gboolean
holds (const char *operation,
       BufferSize buffer_size,
       RpView view,
       gboolean optional,
       gsize element,
       guint64 a,
       guint64 b,
       guint64 c,
       GError **error)
{
  gsize size;

  if (!view.buffer)
    return optional || refuse (error, RP_ERROR_ARGUMENT, operation, "an operand is missing");
  if (!g_size_checked_mul (&size, a, b) || !g_size_checked_mul (&size, size, c)
      || !g_size_checked_mul (&size, size, element) || view.offset % 4 != 0 || view.offset > buffer_size (view.buffer)
      || size > buffer_size (view.buffer) - view.offset)
    return refuse (error, RP_ERROR_ARGUMENT, operation, "an operand does not fit its buffer");
  return TRUE;
}

#define NEED(view, ...)  holds (name, buffer_size, view, FALSE, sizeof (float), __VA_ARGS__, error)
#define MAYBE(view, ...) holds (name, buffer_size, view, TRUE, sizeof (float), __VA_ARGS__, error)

static gboolean
holds_weight (const char *operation, BufferSize buffer_size, const RpWeight *w, GError **error)
{
  const RpDTypeInfo *info = rp_dtype_info (w->type);

  if (!info)
    {
      const char *name = rp_dtype_name (w->type);
      g_set_error (error, RP_ERROR, RP_ERROR_UNSUPPORTED, "Weights of type %s are not supported",
                   name ? name : "unknown");
      return FALSE;
    }
  if (w->n_in == 0 || w->n_out == 0 || w->n_expert == 0 || w->n_in % info->block_elements != 0)
    return refuse (error, RP_ERROR_ARGUMENT, operation, "a matrix has an impossible shape");
  return holds (operation, buffer_size, w->data, FALSE, rp_dtype_row_size (w->type, w->n_in), w->n_out, w->n_expert, 1,
                error);
}

static gboolean
check_embed (const RpOpEmbed *o, BufferSize buffer_size, GError **error)
{
  const char *name = "embed";

  return holds_weight (name, buffer_size, &o->weight, error) && NEED (o->tokens, o->n_tokens, 1, 1)
         && NEED (o->out, o->n_tokens, o->weight.n_in, 1);
}

static gboolean
check_norm (const RpOpNorm *o, BufferSize buffer_size, GError **error)
{
  const char *name = "norm";

  if (o->kind != RP_NORM_RMS && o->kind != RP_NORM_LAYER)
    return refuse (error, RP_ERROR_UNSUPPORTED, name, "its kind is not known");
  if (o->n == 0)
    return refuse (error, RP_ERROR_ARGUMENT, name, "rows are empty");
  return NEED (o->x, o->n_rows, o->n, 1) && NEED (o->out, o->n_rows, o->n, 1) && MAYBE (o->weight, o->n, 1, 1)
         && MAYBE (o->bias, o->n, 1, 1);
}

static gboolean
check_matmul (const RpOpMatmul *o, BufferSize buffer_size, GError **error)
{
  const char *name = "matmul";

  if (o->x.buffer && o->x.buffer == o->out.buffer && o->x.offset == o->out.offset)
    return refuse (error, RP_ERROR_ARGUMENT, name, "it cannot work in place");
  return holds_weight (name, buffer_size, &o->weight, error) && NEED (o->x, o->n_tokens, o->weight.n_in, 1)
         && MAYBE (o->bias, o->weight.n_out, 1, 1) && NEED (o->out, o->n_tokens, o->weight.n_out, 1);
}

static gboolean
check_matmul_experts (const RpOpMatmulExperts *o, BufferSize buffer_size, GError **error)
{
  const char *name = "experts";

  if ((guint64)o->n_tokens * o->n_used > G_MAXINT32)
    return refuse (error, RP_ERROR_ARGUMENT, name, "there are too many tokens");
  if (o->n_used == 0)
    return refuse (error, RP_ERROR_ARGUMENT, name, "no expert is used");
  return holds_weight (name, buffer_size, &o->weight, error)
         && NEED (o->x, o->n_tokens, o->x_per_expert ? o->n_used : 1, o->weight.n_in)
         && NEED (o->ids, o->n_tokens, o->n_used, 1) && MAYBE (o->bias, o->weight.n_expert, o->weight.n_out, 1)
         && NEED (o->out, o->n_tokens, o->n_used, o->weight.n_out);
}

static gboolean
check_rope (const RpOpRope *o, BufferSize buffer_size, GError **error)
{
  const char *name = "rope";

  if (o->kind != RP_ROPE_NORM && o->kind != RP_ROPE_NEOX)
    return refuse (error, RP_ERROR_UNSUPPORTED, name, "its kind is not known");
  if (o->n_rot > o->head_dim || o->n_rot % 2 != 0 || (guint64)o->n_heads * o->head_dim > G_MAXINT32)
    return refuse (error, RP_ERROR_ARGUMENT, name, "more is to be rotated than there is");
  if (o->n_tokens == 0)
    return TRUE;
  if (o->n_heads == 0)
    return refuse (error, RP_ERROR_ARGUMENT, name, "there are no heads");
  return NEED (o->x, (guint64)(o->n_tokens - 1) * o->stride + (o->n_heads - 1) * o->head_dim + o->n_rot, 1, 1)
         && MAYBE (o->freq_factors, o->n_rot / 2, 1, 1);
}

gboolean
rp_is_cache_type (RpDType type)
{
  return type == RP_DTYPE_F32 || type == RP_DTYPE_F16 || type == RP_DTYPE_Q8_0 || type == RP_DTYPE_Q4_0;
}

/* Are n elements of a cache whole blocks? */
static gboolean
check_cache (const char *operation, RpDType type, guint n, GError **error)
{
  if (!rp_is_cache_type (type))
    return refuse (error, RP_ERROR_UNSUPPORTED, operation, "the cache is not F32, F16, Q8_0 or Q4_0");
  if (n % rp_dtype_info (type)->block_elements)
    return refuse (error, RP_ERROR_ARGUMENT, operation, "its rows are no whole blocks of the cache's type");
  return TRUE;
}

static gboolean
check_store_kv (const RpOpStoreKv *o, BufferSize buffer_size, GError **error)
{
  const char *name = "store_kv";

  return check_cache (name, o->type, o->n, error)
         && (o->n == 0
             || (NEED (o->x, o->n_tokens, o->n, 1)
                 && holds (name, buffer_size, o->cache, FALSE, rp_dtype_row_size (o->type, o->n),
                           (guint64)o->pos + o->n_tokens, 1, 1, error)));
}

static gboolean
check_attention (const RpOpAttention *o, BufferSize buffer_size, GError **error)
{
  const char *name = "attention";

  if (!check_cache (name, o->kv_type, o->dim_k, error) || !check_cache (name, o->kv_type, o->dim_v, error))
    return FALSE;
  if (o->n_kv_heads == 0 || o->n_heads == 0 || o->n_heads % o->n_kv_heads != 0 || o->dim_k == 0 || o->dim_v == 0
      || (guint64)o->pos + o->n_tokens > G_MAXINT32 || (guint64)o->n_heads * MAX (o->dim_k, o->dim_v) > G_MAXINT32)
    return refuse (error, RP_ERROR_ARGUMENT, name, "the heads have an impossible shape");
  guint64 end = (guint64)o->pos + o->n_tokens;
  gsize k = rp_dtype_row_size (o->kv_type, o->dim_k), v = rp_dtype_row_size (o->kv_type, o->dim_v);
  return NEED (o->q, o->n_tokens, o->n_heads, o->dim_k) && NEED (o->out, o->n_tokens, o->n_heads, o->dim_v)
         && MAYBE (o->sinks, o->n_heads, 1, 1)
         && holds (name, buffer_size, o->k, FALSE, k, end, o->n_kv_heads, 1, error)
         && holds (name, buffer_size, o->v, FALSE, v, end, o->n_kv_heads, 1, error);
}

static gboolean
check_route (const RpOpRoute *o, BufferSize buffer_size, GError **error)
{
  const char *name = "route";

  if (o->gate > RP_GATE_SPARSE_MIXER)
    return refuse (error, RP_ERROR_UNSUPPORTED, name, "its gate is not known");
  if (o->n_used == 0 || o->n_used > o->n_expert)
    return refuse (error, RP_ERROR_ARGUMENT, name, "no expert is used, or more than there are");
  if (o->n_groups
      && (o->n_expert % o->n_groups || o->n_groups_used == 0 || o->n_groups_used > o->n_groups || o->group_top == 0
          || o->group_top > 2 || o->n_used > (guint64)o->n_expert / o->n_groups * o->n_groups_used))
    return refuse (error, RP_ERROR_ARGUMENT, name, "the groups of experts have an impossible shape");
  return NEED (o->logits, o->n_tokens, o->n_expert, 1) && MAYBE (o->selection_bias, o->n_expert, 1, 1)
         && NEED (o->ids, o->n_tokens, o->n_used, 1) && NEED (o->weights, o->n_tokens, o->n_used, 1);
}

static gboolean
check_glu (const RpOpGlu *o, BufferSize buffer_size, GError **error)
{
  const char *name = "glu";

  guint64 stride = o->stride ? o->stride : o->n, extent = o->n_rows ? (o->n_rows - 1) * stride + o->n : 0;

  if (o->activation > RP_ACT_SOFTCAP)
    return refuse (error, RP_ERROR_UNSUPPORTED, name, "its activation is not known");
  if (!(o->limit >= 0) || (o->limit == 0 && o->activation >= RP_ACT_CLAMP))
    return refuse (error, RP_ERROR_ARGUMENT, name, "its limit is not positive");
  if (stride < o->n)
    return refuse (error, RP_ERROR_ARGUMENT, name, "its rows overlap");
  return NEED (o->gate, extent, 1, 1) && MAYBE (o->up, extent, 1, 1) && NEED (o->out, o->n_rows, o->n, 1);
}

static gboolean
check_combine (const RpOpCombine *o, BufferSize buffer_size, GError **error)
{
  const char *name = "combine";

  if (o->n == 0 || o->n_used == 0)
    return refuse (error, RP_ERROR_ARGUMENT, name, "rows are empty");
  return NEED (o->y, o->n_tokens, o->n_used, o->n) && NEED (o->weights, o->n_tokens, o->n_used, 1)
         && NEED (o->out, o->n_tokens, o->n, 1);
}

static gboolean
check_add (const RpOpAdd *o, BufferSize buffer_size, GError **error)
{
  const char *name = "add";

  return NEED (o->a, o->n, 1, 1) && MAYBE (o->b, o->n, 1, 1) && NEED (o->out, o->n, 1, 1);
}

static gboolean
check_scale (const RpOpScale *o, BufferSize buffer_size, GError **error)
{
  const char *name = "scale";
  guint n_expert = o->ids.buffer ? o->n_expert : 1;

  if (o->n == 0 || n_expert == 0)
    return refuse (error, RP_ERROR_ARGUMENT, name, "rows are empty");
  return NEED (o->x, o->n_rows, o->n, 1) && NEED (o->factors, n_expert, 1, 1) && MAYBE (o->ids, o->n_rows, 1, 1)
         && MAYBE (o->bias, n_expert, o->n, 1);
}

static gboolean
check_copy (const RpOpCopy *o, BufferSize buffer_size, GError **error)
{
  const char *name = "copy";

  if (o->n == 0 || o->repeat == 0)
    return refuse (error, RP_ERROR_ARGUMENT, name, "rows are empty");
  if (o->out_stride < o->n)
    return refuse (error, RP_ERROR_ARGUMENT, name, "its rows overlap");
  if (o->n_rows == 0)
    return TRUE;
  return NEED (o->x, (guint64)((o->n_rows - 1) / o->repeat) * o->x_stride + o->n, 1, 1)
         && NEED (o->out, (guint64)(o->n_rows - 1) * o->out_stride + o->n, 1, 1);
}

static gboolean
check (const RpOp *op, BufferSize buffer_size, GError **error)
{
  switch (op->kind)
    {
    case RP_OP_EMBED:
      return check_embed (&op->embed, buffer_size, error);
    case RP_OP_NORM:
      return check_norm (&op->norm, buffer_size, error);
    case RP_OP_MATMUL:
      return check_matmul (&op->matmul, buffer_size, error);
    case RP_OP_MATMUL_EXPERTS:
      return check_matmul_experts (&op->matmul_experts, buffer_size, error);
    case RP_OP_ROPE:
      return check_rope (&op->rope, buffer_size, error);
    case RP_OP_STORE_KV:
      return check_store_kv (&op->store_kv, buffer_size, error);
    case RP_OP_ATTENTION:
      return check_attention (&op->attention, buffer_size, error);
    case RP_OP_ROUTE:
      return check_route (&op->route, buffer_size, error);
    case RP_OP_GLU:
      return check_glu (&op->glu, buffer_size, error);
    case RP_OP_COMBINE:
      return check_combine (&op->combine, buffer_size, error);
    case RP_OP_ADD:
      return check_add (&op->add, buffer_size, error);
    case RP_OP_SCALE:
      return check_scale (&op->scale, buffer_size, error);
    case RP_OP_COPY:
      return check_copy (&op->copy, buffer_size, error);
    case RP_N_OPS:
    default:
      return refuse (error, RP_ERROR_UNSUPPORTED, "operation", "its kind is not known");
    }
}

gboolean
rp_ops_check (const RpOp *ops, gsize n_ops, gsize (*buffer_size) (const RpBuffer *buffer), GError **error)
{
  for (gsize i = 0; i < n_ops; i++)
    if (!check (&ops[i], buffer_size, error))
      return FALSE;
  return TRUE;
}
