/* Layers of a transformer with experts, as lists of operations: what one writes, the next ones read, and memory is
 * used again, so that a barrier which is missing shows. */
#include "operations.h"

#include <math.h>

enum
{
  N_LAYERS = 2,
  N_EMBD = 96,
  N_HEADS = 6,
  N_KV_HEADS = 2,
  HEAD_DIM = 32,
  N_FF = 80,
  N_EXPERT = 9,
  N_USED = 3,
  N_VOCAB = 50,
};

typedef struct
{
  OperationCase *c;
  RpDType type;
  guint n_tokens, pos;
  RpView x, h, q, k, v, attention, gate, up, down, router, ids, weights, shared;
} Layers;

static RpView
memory (Layers *l, OperandKind kind, const char *name, gsize n)
{
  return operation_case_operand (l->c, OPERAND_OUTPUT, kind, name, 4 * n);
}

static RpView
vector (Layers *l, const char *name, guint n, double low, double high)
{
  RpView view = operation_case_operand (l->c, OPERAND_INPUT, OPERAND_F32, name, n * sizeof (float));

  for (guint i = 0; i < n; i++)
    ((float *)operand_of (view)->data)[i] = (float)g_test_rand_double_range (low, high);
  return view;
}

static RpWeight
matrix (Layers *l, guint n_in, guint n_out, guint n_expert)
{
  gsize size = rp_dtype_row_size (l->type, n_in) * n_out * n_expert;
  RpView view = operation_case_operand (l->c, OPERAND_INPUT, OPERAND_WEIGHT, "weight", size);

  random_weights (l->type, operand_of (view)->data, size);
  return (RpWeight){ view, l->type, n_in, n_out, n_expert };
}

static void
norm (Layers *l, RpView x, RpView out, guint n_rows, guint n, gboolean concurrent)
{
  RpOp op = { .kind = RP_OP_NORM, .concurrent = concurrent };

  op.norm = (RpOpNorm){ RP_NORM_RMS, x, out, vector (l, "norm", n, 0.5, 1.5), { 0 }, n_rows, n, 1e-6f };
  g_array_append_val (l->c->ops, op);
}

static void
linear (Layers *l, RpView x, RpView out, guint n_in, guint n_out, gboolean accumulate, gboolean concurrent)
{
  RpOp op = { .kind = RP_OP_MATMUL, .concurrent = concurrent };

  op.matmul
    = (RpOpMatmul){ matrix (l, n_in, n_out, 1), x, vector (l, "bias", n_out, -0.2, 0.2), out, l->n_tokens, accumulate };
  g_array_append_val (l->c->ops, op);
}

static void
experts (Layers *l, RpView x, RpView out, guint n_in, guint n_out, gboolean x_per_expert, gboolean concurrent)
{
  RpOp op = { .kind = RP_OP_MATMUL_EXPERTS, .concurrent = concurrent };

  op.matmul_experts = (RpOpMatmulExperts){
    matrix (l, n_in, n_out, N_EXPERT), x, l->ids, { 0 }, out, l->n_tokens, N_USED, x_per_expert
  };
  g_array_append_val (l->c->ops, op);
}

static void
rope (Layers *l, RpView x, guint n_heads, gboolean concurrent)
{
  RpOp op = { .kind = RP_OP_ROPE, .concurrent = concurrent };

  op.rope = (RpOpRope){
    .kind = RP_ROPE_NEOX,
    .x = x,
    .n_tokens = l->n_tokens,
    .n_heads = n_heads,
    .head_dim = HEAD_DIM,
    .n_rot = HEAD_DIM,
    .stride = n_heads * HEAD_DIM,
    .pos = l->pos,
    .freq_base = 10000,
    .freq_scale = 1,
    .magnitude = 1,
  };
  g_array_append_val (l->c->ops, op);
}

static RpView
kv_cache (Layers *l, const char *name)
{
  gsize n = (gsize)(l->pos + l->n_tokens) * N_KV_HEADS * HEAD_DIM;
  RpView view = operation_case_operand (l->c, OPERAND_INOUT, OPERAND_F32, name, n * sizeof (float));

  for (gsize i = 0; i < n; i++)
    ((float *)operand_of (view)->data)[i] = (float)g_test_rand_double_range (-1, 1);
  return view;
}

static void
store (Layers *l, RpView x, RpView cache, gboolean concurrent)
{
  RpOp op = { .kind = RP_OP_STORE_KV, .concurrent = concurrent };

  op.store_kv = (RpOpStoreKv){ x, cache, RP_DTYPE_F32, l->n_tokens, N_KV_HEADS * HEAD_DIM, l->pos };
  g_array_append_val (l->c->ops, op);
}

static void
attention_part (Layers *l)
{
  RpView k = kv_cache (l, "k cache"), v = kv_cache (l, "v cache");

  norm (l, l->x, l->h, l->n_tokens, N_EMBD, FALSE);
  linear (l, l->h, l->k, N_EMBD, N_KV_HEADS * HEAD_DIM, FALSE, FALSE);
  linear (l, l->h, l->v, N_EMBD, N_KV_HEADS * HEAD_DIM, FALSE, TRUE);
  linear (l, l->h, l->q, N_EMBD, N_HEADS * HEAD_DIM, FALSE, TRUE);
  norm (l, l->k, l->k, l->n_tokens * N_KV_HEADS, HEAD_DIM, FALSE);
  norm (l, l->q, l->q, l->n_tokens * N_HEADS, HEAD_DIM, TRUE);
  rope (l, l->k, N_KV_HEADS, FALSE);
  rope (l, l->q, N_HEADS, TRUE);
  store (l, l->k, k, FALSE);
  store (l, l->v, v, TRUE);
  operation_case_add (l->c, RP_OP_ATTENTION)->attention = (RpOpAttention){
    .q = l->q,
    .k = k,
    .v = v,
    .out = l->attention,
    .kv_type = RP_DTYPE_F32,
    .n_tokens = l->n_tokens,
    .pos = l->pos,
    .n_heads = N_HEADS,
    .n_kv_heads = N_KV_HEADS,
    .dim_k = HEAD_DIM,
    .dim_v = HEAD_DIM,
    .scale = 1 / sqrtf (HEAD_DIM),
  };
  linear (l, l->attention, l->x, N_HEADS * HEAD_DIM, N_EMBD, TRUE, FALSE);
}

/* Routed experts, and a shared one beside them. */
static void
feed_forward_part (Layers *l)
{
  norm (l, l->x, l->h, l->n_tokens, N_EMBD, FALSE);
  linear (l, l->h, l->router, N_EMBD, N_EXPERT, FALSE, FALSE);
  operation_case_add (l->c, RP_OP_ROUTE)->route = (RpOpRoute){
    .gate = RP_GATE_SOFTMAX,
    .logits = l->router,
    .ids = l->ids,
    .weights = l->weights,
    .n_tokens = l->n_tokens,
    .n_expert = N_EXPERT,
    .n_used = N_USED,
    .normalize = TRUE,
    .scale = 1,
  };
  experts (l, l->h, l->gate, N_EMBD, N_FF, FALSE, FALSE);
  experts (l, l->h, l->up, N_EMBD, N_FF, FALSE, TRUE);
  linear (l, l->h, l->shared, N_EMBD, N_FF, FALSE, TRUE);
  operation_case_add (l->c, RP_OP_GLU)->glu
    = (RpOpGlu){ RP_ACT_SILU, l->gate, l->up, l->gate, l->n_tokens * N_USED, N_FF };
  operation_case_add (l->c, RP_OP_GLU)->glu = (RpOpGlu){ RP_ACT_GELU, l->shared, { 0 }, l->shared, l->n_tokens, N_FF };
  g_array_index (l->c->ops, RpOp, l->c->ops->len - 1).concurrent = TRUE;
  experts (l, l->gate, l->down, N_FF, N_EMBD, TRUE, FALSE);
  linear (l, l->shared, l->x, N_FF, N_EMBD, TRUE, TRUE);
  operation_case_add (l->c, RP_OP_COMBINE)->combine
    = (RpOpCombine){ l->down, l->weights, l->x, l->n_tokens, N_USED, N_EMBD, TRUE };
}

OperationCase *
operation_case_layer (RpDType type, guint n_tokens, guint pos, const OperationBounds *bounds)
{
  Layers l = { .c = operation_case_new (), .type = type, .n_tokens = n_tokens, .pos = pos };
  RpView tokens = operation_case_operand (l.c, OPERAND_INPUT, OPERAND_I32, "tokens", n_tokens * 4);
  RpWeight embedding = matrix (&l, N_EMBD, N_VOCAB, 1);

  for (guint t = 0; t < n_tokens; t++)
    ((gint32 *)operand_of (tokens)->data)[t] = g_test_rand_int_range (0, N_VOCAB);
  l.x = memory (&l, OPERAND_F32, "x", n_tokens * N_EMBD);
  l.h = memory (&l, OPERAND_F32, "h", n_tokens * N_EMBD);
  l.q = memory (&l, OPERAND_F32, "q", n_tokens * N_HEADS * HEAD_DIM);
  l.k = memory (&l, OPERAND_F32, "k", n_tokens * N_KV_HEADS * HEAD_DIM);
  l.v = memory (&l, OPERAND_F32, "v", n_tokens * N_KV_HEADS * HEAD_DIM);
  l.attention = memory (&l, OPERAND_F32, "attention", n_tokens * N_HEADS * HEAD_DIM);
  l.gate = memory (&l, OPERAND_F32, "gate", n_tokens * N_USED * N_FF);
  l.up = memory (&l, OPERAND_F32, "up", n_tokens * N_USED * N_FF);
  l.down = memory (&l, OPERAND_F32, "down", n_tokens * N_USED * N_EMBD);
  l.router = memory (&l, OPERAND_F32, "router", n_tokens * N_EXPERT);
  l.ids = memory (&l, OPERAND_I32, "ids", n_tokens * N_USED);
  l.weights = memory (&l, OPERAND_F32, "weights", n_tokens * N_USED);
  l.shared = memory (&l, OPERAND_F32, "shared", n_tokens * N_FF);
  operation_case_add (l.c, RP_OP_EMBED)->embed = (RpOpEmbed){ embedding, tokens, l.x, n_tokens, 1 };
  for (guint i = 0; i < N_LAYERS; i++)
    {
      attention_part (&l);
      feed_forward_part (&l);
    }
  l.c->alignment = 8; /* what one case prepares, another runs: a shader may read weights by twos where it can */
  l.c->bound = MAX (1e-6, 10 * bounds->matmul_float);
  g_string_printf (l.c->what, "two layers of %s, n_tokens %u, pos %u", rp_dtype_name (type), n_tokens, pos);
  return l.c;
}
