/* Rotations, the cache of keys and values, and attention. */
#include "operations-random.h"

#include <math.h>

void
make_rope (OperationCase *c)
{
  guint head_dim = 2 * PICK (1, 3, 8, 16, 32, 40, 48, 64, 128), n_heads = random_between (1, 9),
        n_tokens = random_token_count ();
  guint stride = n_heads * head_dim + PICK (0, 0, 4, 7, 64);
  gsize n = (gsize)(n_tokens - 1) * stride + n_heads * head_dim;
  gboolean yarn = g_test_rand_bit ();
  RpOp *op = operation_case_add (c, RP_OP_ROPE);
  RpOpRope *rope = &op->rope;

  *rope = (RpOpRope){
    .kind = g_test_rand_bit () ? RP_ROPE_NEOX : RP_ROPE_NORM,
    .x = case_floats (c, OPERAND_INOUT, "x", n, -1, 1),
    .freq_factors = { 0 },
    .n_tokens = n_tokens,
    .n_heads = n_heads,
    .head_dim = head_dim,
    .n_rot = g_test_rand_bit () ? head_dim : 2 * random_between (1, head_dim / 2),
    .stride = stride,
    .pos = PICK (0, 0, 1, 17, 500, 4095, 32000),
    .freq_base = (float)PICK (10000, 500000, 1000000, 5000000),
    .freq_scale = yarn || g_test_rand_bit () ? 1.0f / (float)random_between (1, 32) : 1,
    .ext_factor = yarn ? 1 : 0,
    .magnitude = yarn ? (float)g_test_rand_double_range (0.8, 1.5) : 1,
  };
  if (yarn)
    {
      rope->corr_low = (float)g_test_rand_double_range (0, rope->n_rot / 4.0);
      rope->corr_high = rope->corr_low + (float)g_test_rand_double_range (0, rope->n_rot / 4.0);
    }
  if (g_test_rand_bit ())
    {
      double low = g_test_rand_bit () ? 1 : -16; /* no file should have negative ones, but they have a meaning */
      rope->freq_factors = case_floats (c, OPERAND_INPUT, "freq_factors", rope->n_rot / 2, low, low + 15);
    }
  if (g_test_rand_bit ()) /* the last of each head */
    rope->x.offset = (gsize)(head_dim - rope->n_rot) * sizeof (float);
  g_string_printf (c->what,
                   "%s rope: n_tokens %u, n_heads %u, head_dim %u, n_rot %u, stride %u, pos %u, base %g, scale %g, "
                   "ext %g, magnitude %g, corr %g to %g, factors %d, from byte %" G_GSIZE_FORMAT,
                   rope->kind == RP_ROPE_NEOX ? "NeoX" : "plain", n_tokens, n_heads, head_dim, rope->n_rot, stride,
                   rope->pos, rope->freq_base, rope->freq_scale, rope->ext_factor, rope->magnitude, rope->corr_low,
                   rope->corr_high, rope->freq_factors.buffer != NULL, rope->x.offset);
}

/* A cache, its first n_filled values random, the others such that nobody can have counted them in. */
static RpView
cache (OperationCase *c, OperandUse use, const char *name, RpDType type, gsize n_filled, gsize n)
{
  OperandKind kind = type == RP_DTYPE_F32    ? OPERAND_F32
                     : type == RP_DTYPE_F16  ? OPERAND_F16
                     : type == RP_DTYPE_Q8_0 ? OPERAND_Q8_0
                                             : OPERAND_Q4_0;
  RpView view = operation_case_operand (c, use, kind, name, rp_dtype_row_size (type, n));
  g_autofree float *values = g_new (float, n);
  GRand *random = random_generator ();

  for (gsize i = 0; i < n; i++)
    values[i] = i < n_filled ? (float)g_rand_double_range (random, -1, 1) : 60000;
  rp_dtype_info (type)->quantize (values, operand_of (view)->data, n);
  g_rand_free (random);
  return view;
}

void
make_store (OperationCase *c, RpDType type)
{
  guint n_tokens = random_token_count (), pos = random_between (0, 40);
  guint n = is_float_type (type) ? 2 * PICK (1, 3, 32, 64, 192, 288) : 32 * PICK (1, 2, 3, 8, 18);
  guint n_context = pos + n_tokens + random_between (0, 5);
  RpView x = case_floats (c, OPERAND_INPUT, "x", (gsize)n_tokens * n, -8, 8);
  float *values = (float *)operand_of (x)->data;

  for (guint i = 0; i < 3; i++) /* beyond the normal numbers of F16 */
    values[random_between (0, n_tokens * n - 1)] = (float)pow (10, g_test_rand_double_range (-8, -4));
  operation_case_add (c, RP_OP_STORE_KV)->store_kv = (RpOpStoreKv){
    .x = x,
    .cache = cache (c, OPERAND_INOUT, "cache", type, (gsize)pos * n, (gsize)n_context * n),
    .type = type,
    .n_tokens = n_tokens,
    .n = n,
    .pos = pos,
  };
  g_string_printf (c->what, "store_kv %s: n_tokens %u, n %u, pos %u of %u", rp_dtype_name (type), n_tokens, n, pos,
                   n_context);
}

static RpOpAttention *
add_attention (OperationCase *c,
               RpDType type,
               guint n_tokens,
               guint pos,
               guint n_heads,
               guint n_kv_heads,
               guint dim_k,
               guint dim_v)
{
  gsize filled = (gsize)pos + n_tokens, n_context = filled + random_between (0, 40);
  RpOp *op = operation_case_add (c, RP_OP_ATTENTION);

  op->attention = (RpOpAttention){
    .q = case_floats (c, OPERAND_INPUT, "q", (gsize)n_tokens * n_heads * dim_k, -3, 3),
    .k = cache (c, OPERAND_INPUT, "k", type, filled * n_kv_heads * dim_k, n_context * n_kv_heads * dim_k),
    .v = cache (c, OPERAND_INPUT, "v", type, filled * n_kv_heads * dim_v, n_context * n_kv_heads * dim_v),
    .out = case_output (c, "out", (gsize)n_tokens * n_heads * dim_v),
    .kv_type = type,
    .n_tokens = n_tokens,
    .pos = pos,
    .n_heads = n_heads,
    .n_kv_heads = n_kv_heads,
    .dim_k = dim_k,
    .dim_v = dim_v,
    .scale = 1 / sqrtf ((float)dim_k),
  };
  g_string_append_printf (c->what, "attention %s: n_tokens %u, pos %u, n_heads %u, n_kv_heads %u, dim_k %u, dim_v %u",
                          rp_dtype_name (type), n_tokens, pos, n_heads, n_kv_heads, dim_k, dim_v);
  return &op->attention;
}

void
make_attention (OperationCase *c, RpDType type)
{
  static const guint heads[][2] = { { 1, 1 }, { 2, 1 }, { 4, 4 }, { 9, 3 }, { 12, 2 }, { 14, 2 }, { 8, 2 }, { 16, 1 } };
  const guint *pair = heads[random_between (0, G_N_ELEMENTS (heads) - 1)];
  guint dim_k = is_float_type (type) ? PICK (2, 8, 16, 20, 32, 64, 64, 80, 96, 128, 128, 192, 256, 576)
                                     : PICK (32, 64, 64, 96, 128, 128, 192, 256, 576);
  guint dim_v = dim_k != 192 && random_between (0, 5) ? dim_k
                : is_float_type (type)                ? PICK (4, 64, 128)
                                                      : PICK (32, 64, 128);
  guint pos = PICK (0, 0, 1, 31, 32, 100, 255, 257, 600);
  RpOpAttention *attention = add_attention (c, type, random_token_count (), pos, pair[0], pair[1], dim_k, dim_v);

  if (dim_k == dim_v && random_between (0, 3) == 0)
    attention->v = attention->k; /* as latent attention reads it */
  if (g_test_rand_bit ())
    attention->scale *= 8; /* one position takes nearly all */
  if (g_test_rand_bit ())
    attention->window = PICK (1, 2, 16, 33, 128, 10000);
  if (random_between (0, 2) == 0)
    attention->softcap = (float)PICK (5, 30, 50);
  if (random_between (0, 2) == 0)
    attention->sinks = case_floats (c, OPERAND_INPUT, "sinks", pair[0], -3, 6);
  g_string_append_printf (c->what, ", window %u, scale %g, softcap %g, sinks %d", attention->window, attention->scale,
                          attention->softcap, attention->sinks.buffer != NULL);
}

/* ---- given shapes ---- */

OperationCase *
operation_case_attention (RpDType type,
                          guint n_tokens,
                          guint pos,
                          guint n_heads,
                          guint n_kv_heads,
                          guint dim_k,
                          guint dim_v)
{
  OperationCase *c = operation_case_new ();

  add_attention (c, type, n_tokens, pos, n_heads, n_kv_heads, dim_k, dim_v);
  return c;
}
