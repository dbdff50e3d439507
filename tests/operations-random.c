/* Random operations. Sizes are small, and odd as often as a type allows; values are such that rounding to f32 and the
 * quantization of activations are all that tells two right implementations apart. */
#include "operations.h"

#include <math.h>
#include <string.h>

const RpDType operation_types[]
  = { RP_DTYPE_F32,  RP_DTYPE_F16,  RP_DTYPE_BF16,   RP_DTYPE_Q4_0,  RP_DTYPE_Q4_1, RP_DTYPE_Q5_0,
      RP_DTYPE_Q5_1, RP_DTYPE_Q8_0, RP_DTYPE_IQ4_NL, RP_DTYPE_MXFP4, RP_DTYPE_Q2_K, RP_DTYPE_Q3_K,
      RP_DTYPE_Q4_K, RP_DTYPE_Q5_K, RP_DTYPE_Q6_K,   RP_DTYPE_IQ4_XS };
const RpDType operation_cache_types[4] = { RP_DTYPE_F32, RP_DTYPE_F16, RP_DTYPE_Q8_0, RP_DTYPE_Q4_0 };
const guint n_operation_types = G_N_ELEMENTS (operation_types);

/* ---- values ---- */

static guint
between (guint low, guint high)
{
  return (guint)g_test_rand_int_range ((gint32)low, (gint32)high + 1);
}

#define PICK(...)                                                                                                      \
  (((const guint[]){ __VA_ARGS__ })[g_test_rand_int_range (0, sizeof ((guint[]){ __VA_ARGS__ }) / sizeof (guint))])

/* GTest's own generator is slow for whole matrices. */
static GRand *
fast_random (void)
{
  return g_rand_new_with_seed ((guint32)g_test_rand_int ());
}

static float *
fill_floats (RpView view, gsize n, double low, double high)
{
  float *to = (float *)operand_of (view)->data;
  GRand *random = fast_random ();

  for (gsize i = 0; i < n; i++)
    to[i] = (float)g_rand_double_range (random, low, high);
  g_rand_free (random);
  return to;
}

static RpView
floats (OperationCase *c, OperandUse use, const char *name, gsize n, double low, double high)
{
  RpView view = operation_case_operand (c, use, OPERAND_F32, name, n * sizeof (float));

  if (use != OPERAND_OUTPUT)
    fill_floats (view, n, low, high);
  return view;
}

static RpView
maybe_floats (OperationCase *c, const char *name, gsize n, double low, double high)
{
  return g_test_rand_bit () ? floats (c, OPERAND_INPUT, name, n, low, high) : (RpView){ 0 };
}

static RpView
output (OperationCase *c, const char *name, gsize n)
{
  return floats (c, OPERAND_OUTPUT, name, n, 0, 0);
}

static void
put_half (guint8 *at, double value)
{
  RpHalf half = rp_float_to_half ((float)value);

  memcpy (at, &half, 2);
}

/* Where the scales of a block are, and how large they may be for weights of a sensible size. */
typedef struct
{
  RpDType type;
  guint d, dmin; /* offsets; dmin 0: there is none */
  double largest, low, high;
} ScaleRow;

static const ScaleRow scale_rows[] = {
  { RP_DTYPE_Q4_0, 0, 0, 0.01, 0, 0 },
  { RP_DTYPE_Q4_1, 0, 2, 0.01, -0.1, 0.02 },
  { RP_DTYPE_Q5_0, 0, 0, 0.01, 0, 0 },
  { RP_DTYPE_Q5_1, 0, 2, 0.01, -0.2, 0.02 },
  { RP_DTYPE_Q8_0, 0, 0, 0.01, 0, 0 },
  { RP_DTYPE_IQ4_NL, 0, 0, 0.002, 0, 0 },
  { RP_DTYPE_Q2_K, G_STRUCT_OFFSET (RpBlockQ2_K, d), G_STRUCT_OFFSET (RpBlockQ2_K, dmin), 0.02, -0.01, 0.02 },
  { RP_DTYPE_Q3_K, G_STRUCT_OFFSET (RpBlockQ3_K, d), 0, 0.01, 0, 0 },
  { RP_DTYPE_Q4_K, 0, 2, 0.01, -0.02, 0.1 },
  { RP_DTYPE_Q5_K, 0, 2, 0.01, -0.02, 0.1 },
  { RP_DTYPE_Q6_K, G_STRUCT_OFFSET (RpBlockQ6_K, d), 0, 0.01, 0, 0 },
  { RP_DTYPE_IQ4_XS, 0, 0, 0.002, 0, 0 },
};

static void
random_block (RpDType type, guint8 *block, guint bytes, GRand *random)
{
  for (guint j = 0; j < bytes; j++)
    block[j] = (guint8)g_rand_int (random);
  if (type == RP_DTYPE_MXFP4)
    block[0] = (guint8)g_rand_int_range (random, 118, 124);
  for (guint i = 0; i < G_N_ELEMENTS (scale_rows); i++)
    {
      const ScaleRow *row = &scale_rows[i];
      if (row->type != type)
        continue;
      put_half (block + row->d, g_rand_double_range (random, 0.2, 1) * row->largest);
      if (row->dmin)
        put_half (block + row->dmin, g_rand_double_range (random, row->low, row->high));
    }
}

void
random_weights (RpDType type, guint8 *data, gsize size)
{
  const RpDTypeInfo *info = rp_dtype_info (type);
  GRand *random = fast_random ();

  for (gsize i = 0; i < size; i += info->block_bytes)
    if (info->block_elements == 1)
      {
        float value = (float)g_rand_double_range (random, -1, 1);
        info->quantize (&value, data + i, 1);
      }
    else
      random_block (type, data + i, info->block_bytes, random);
  g_rand_free (random);
}

static RpWeight
weight (OperationCase *c, RpDType type, guint n_in, guint n_out, guint n_expert)
{
  gsize size = rp_dtype_row_size (type, n_in) * n_out * n_expert;
  RpView view = operation_case_operand (c, OPERAND_INPUT, OPERAND_WEIGHT, "weight", size);

  random_weights (type, operand_of (view)->data, size);
  return (RpWeight){ view, type, n_in, n_out, n_expert };
}

static gboolean
is_float (RpDType type)
{
  return rp_dtype_info (type)->block_elements == 1;
}

static double
matmul_bound (RpDType type, const OperationBounds *bounds)
{
  return is_float (type) ? bounds->matmul_float : bounds->matmul;
}

/* Of a product of such weights and activations within ±1, before their bias. */
static double
product_power (const RpWeight *w)
{
  gsize row_bytes = rp_dtype_row_size (w->type, w->n_in);
  g_autofree float *row = g_new (float, w->n_in);
  double sum = 0;

  for (gsize r = 0; r < (gsize)w->n_out * w->n_expert; r++)
    {
      rp_dtype_info (w->type)->dequantize (operand_of (w->data)->data + r * row_bytes, row, w->n_in);
      for (guint i = 0; i < w->n_in; i++)
        sum += row[i] * row[i] / 3;
    }
  return sum / w->n_out / w->n_expert;
}

/* Elements of a row: whole blocks, or any number. */
static guint
row_length (RpDType type)
{
  guint block = rp_dtype_info (type)->block_elements;

  return block == 1 ? PICK (1, 3, 5, 31, 32, 64, 100, 128, 257, 576, 896) : block * between (1, block == 256 ? 4 : 33);
}

static guint
token_count (void)
{
  return PICK (1, 1, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 65, 100);
}

/* Different experts for each token, or, as a router may choose, the same ones for all. */
static RpView
expert_ids (OperationCase *c, guint n_tokens, guint n_used, guint n_expert)
{
  RpView view = operation_case_operand (c, OPERAND_INPUT, OPERAND_I32, "ids", (gsize)n_tokens * n_used * 4);
  gint32 *ids = (gint32 *)operand_of (view)->data;
  g_autofree gint32 *deck = g_new (gint32, n_expert);
  gboolean same = between (0, 3) == 0;

  for (guint e = 0; e < n_expert; e++)
    deck[e] = (gint32)e;
  for (guint t = 0; t < n_tokens; t++)
    for (guint j = 0; j < n_used; j++)
      {
        if (t == 0 || !same)
          {
            guint other = between (j, n_expert - 1);
            gint32 swap = deck[j];
            deck[j] = deck[other];
            deck[other] = swap;
          }
        ids[t * n_used + j] = deck[j];
      }
  return view;
}

/* ---- an operation of each kind ---- */

static void
make_embed (OperationCase *c, RpDType type)
{
  guint n_tokens = token_count (), n_vocab = between (1, 99), n_embd = row_length (type);
  RpWeight w = weight (c, type, n_embd, n_vocab, 1);
  RpView tokens = operation_case_operand (c, OPERAND_INPUT, OPERAND_I32, "tokens", n_tokens * 4);
  float scale = g_test_rand_bit () ? 1 : (float)g_test_rand_double_range (0.1, 30);

  for (guint t = 0; t < n_tokens; t++)
    ((gint32 *)operand_of (tokens)->data)[t] = (gint32)between (0, n_vocab - 1);
  operation_case_add (c, RP_OP_EMBED)->embed = (RpOpEmbed){
    .weight = w,
    .tokens = tokens,
    .out = output (c, "out", (gsize)n_tokens * n_embd),
    .n_tokens = n_tokens,
    .scale = scale,
  };
  g_string_printf (c->what, "embed %s: n_tokens %u, n_vocab %u, n_embd %u, scale %g", rp_dtype_name (type), n_tokens,
                   n_vocab, n_embd, scale);
}

static void
make_norm (OperationCase *c)
{
  guint n_rows = token_count (), n = PICK (1, 2, 3, 16, 64, 100, 128, 255, 576, 1024, 1536, 2049);
  RpNormKind kind = g_test_rand_bit () ? RP_NORM_LAYER : RP_NORM_RMS;
  gboolean in_place = g_test_rand_bit ();
  double offset = g_test_rand_double_range (-2, 2), size = pow (10, g_test_rand_double_range (-3, 3));
  RpView x;

  if (kind == RP_NORM_LAYER && n == 1)
    n = 7; /* x - mean is nothing but rounding */
  x = floats (c, in_place ? OPERAND_INOUT : OPERAND_INPUT, "x", (gsize)n_rows * n, (offset - 1) * size,
              (offset + 1) * size);
  operation_case_add (c, RP_OP_NORM)->norm = (RpOpNorm){
    .kind = kind,
    .x = x,
    .out = in_place ? x : output (c, "out", (gsize)n_rows * n),
    .weight = maybe_floats (c, "weight", n, -2, 2),
    .bias = maybe_floats (c, "bias", n, -1, 1),
    .n_rows = n_rows,
    .n = n,
    .eps = (float)PICK (1, 10) * 1e-6f,
  };
  g_string_printf (c->what, "%s norm: n_rows %u, n %u, in place %d, values around %g +- %g",
                   kind == RP_NORM_RMS ? "RMS" : "layer", n_rows, n, in_place, offset * size, size);
}

static RpOpMatmul *
add_matmul (OperationCase *c, RpDType type, guint n_in, guint n_out, guint n_tokens, gboolean accumulate)
{
  RpOp *op = operation_case_add (c, RP_OP_MATMUL);

  op->matmul = (RpOpMatmul){
    .weight = weight (c, type, n_in, n_out, 1),
    .x = floats (c, OPERAND_INPUT, "x", (gsize)n_tokens * n_in, -1, 1),
    .out = floats (c, accumulate ? OPERAND_INOUT : OPERAND_OUTPUT, "out", (gsize)n_tokens * n_out, -1, 1),
    .n_tokens = n_tokens,
    .accumulate = accumulate,
  };
  g_string_append_printf (c->what, "matmul %s: n_in %u, n_out %u, n_tokens %u, accumulate %d", rp_dtype_name (type),
                          n_in, n_out, n_tokens, accumulate);
  return &op->matmul;
}

/* Whether it is a precise one. */
static gboolean
make_matmul (OperationCase *c, RpDType type)
{
  guint n_out = PICK (1, 2, 3, 7, 16, 17, 33, 64, 65, 100, 128, 191, 256);
  RpOpMatmul *matmul = add_matmul (c, type, row_length (type), n_out, token_count (), g_test_rand_bit ());

  c->power = product_power (&matmul->weight);
  matmul->bias = maybe_floats (c, "bias", n_out, -1, 1);
  matmul->precise = g_test_rand_bit ();
  g_string_append_printf (c->what, ", bias %d, precise %d", matmul->bias.buffer != NULL, matmul->precise);
  return matmul->precise;
}

static void
add_experts (OperationCase *c,
             RpDType type,
             guint n_in,
             guint n_out,
             guint n_expert,
             guint n_used,
             guint n_tokens,
             gboolean x_per_expert,
             gboolean bias)
{
  gsize n_pairs = (gsize)n_tokens * n_used;
  RpOp *op = operation_case_add (c, RP_OP_MATMUL_EXPERTS);

  op->matmul_experts = (RpOpMatmulExperts){
    .weight = weight (c, type, n_in, n_out, n_expert),
    .x = floats (c, OPERAND_INPUT, "x", (x_per_expert ? n_pairs : n_tokens) * n_in, -1, 1),
    .ids = expert_ids (c, n_tokens, n_used, n_expert),
    .bias = bias ? floats (c, OPERAND_INPUT, "bias", (gsize)n_expert * n_out, -1, 1) : (RpView){ 0 },
    .out = output (c, "out", n_pairs * n_out),
    .n_tokens = n_tokens,
    .n_used = n_used,
    .x_per_expert = x_per_expert,
  };
  c->power = product_power (&op->matmul_experts.weight);
  g_string_append_printf (
    c->what, "experts %s: n_in %u, n_out %u, n_expert %u, n_used %u, n_tokens %u, x_per_expert %d, bias %d",
    rp_dtype_name (type), n_in, n_out, n_expert, n_used, n_tokens, x_per_expert, bias);
}

static void
make_experts (OperationCase *c, RpDType type)
{
  guint n_expert = PICK (1, 2, 3, 8, 16, 33, 60), n_used = between (1, MIN (n_expert, 8));
  guint n_tokens = token_count (), n_in = row_length (type), n_out = PICK (1, 3, 16, 17, 33, 64, 70);

  add_experts (c, type, MIN (n_in, 512), n_out, n_expert, n_used, MIN (n_tokens, 65), g_test_rand_bit (),
               g_test_rand_bit ());
}

static void
make_rope (OperationCase *c)
{
  guint head_dim = 2 * PICK (1, 3, 8, 16, 32, 40, 48, 64, 128), n_heads = between (1, 9), n_tokens = token_count ();
  guint stride = n_heads * head_dim + PICK (0, 0, 4, 7, 64);
  gsize n = (gsize)(n_tokens - 1) * stride + n_heads * head_dim;
  gboolean yarn = g_test_rand_bit ();
  RpOp *op = operation_case_add (c, RP_OP_ROPE);
  RpOpRope *rope = &op->rope;

  *rope = (RpOpRope){
    .kind = g_test_rand_bit () ? RP_ROPE_NEOX : RP_ROPE_NORM,
    .x = floats (c, OPERAND_INOUT, "x", n, -1, 1),
    .freq_factors = { 0 },
    .n_tokens = n_tokens,
    .n_heads = n_heads,
    .head_dim = head_dim,
    .n_rot = g_test_rand_bit () ? head_dim : 2 * between (1, head_dim / 2),
    .stride = stride,
    .pos = PICK (0, 0, 1, 17, 500, 4095, 32000),
    .freq_base = (float)PICK (10000, 500000, 1000000, 5000000),
    .freq_scale = yarn || g_test_rand_bit () ? 1.0f / (float)between (1, 32) : 1,
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
      rope->freq_factors = floats (c, OPERAND_INPUT, "freq_factors", rope->n_rot / 2, low, low + 15);
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
  GRand *random = fast_random ();

  for (gsize i = 0; i < n; i++)
    values[i] = i < n_filled ? (float)g_rand_double_range (random, -1, 1) : 60000;
  rp_dtype_info (type)->quantize (values, operand_of (view)->data, n);
  g_rand_free (random);
  return view;
}

static void
make_store (OperationCase *c, RpDType type)
{
  guint n_tokens = token_count (), pos = between (0, 40);
  guint n = is_float (type) ? 2 * PICK (1, 3, 32, 64, 192, 288) : 32 * PICK (1, 2, 3, 8, 18);
  guint n_context = pos + n_tokens + between (0, 5);
  RpView x = floats (c, OPERAND_INPUT, "x", (gsize)n_tokens * n, -8, 8);
  float *values = (float *)operand_of (x)->data;

  for (guint i = 0; i < 3; i++) /* beyond the normal numbers of F16 */
    values[between (0, n_tokens * n - 1)] = (float)pow (10, g_test_rand_double_range (-8, -4));
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
  gsize filled = (gsize)pos + n_tokens, n_context = filled + between (0, 40);
  RpOp *op = operation_case_add (c, RP_OP_ATTENTION);

  op->attention = (RpOpAttention){
    .q = floats (c, OPERAND_INPUT, "q", (gsize)n_tokens * n_heads * dim_k, -3, 3),
    .k = cache (c, OPERAND_INPUT, "k", type, filled * n_kv_heads * dim_k, n_context * n_kv_heads * dim_k),
    .v = cache (c, OPERAND_INPUT, "v", type, filled * n_kv_heads * dim_v, n_context * n_kv_heads * dim_v),
    .out = output (c, "out", (gsize)n_tokens * n_heads * dim_v),
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

static void
make_attention (OperationCase *c, RpDType type)
{
  static const guint heads[][2] = { { 1, 1 }, { 2, 1 }, { 4, 4 }, { 9, 3 }, { 12, 2 }, { 14, 2 }, { 8, 2 }, { 16, 1 } };
  const guint *pair = heads[between (0, G_N_ELEMENTS (heads) - 1)];
  guint dim_k = is_float (type) ? PICK (2, 8, 16, 20, 32, 64, 64, 80, 96, 128, 128, 192, 256, 576)
                                : PICK (32, 64, 64, 96, 128, 128, 192, 256, 576);
  guint dim_v = dim_k != 192 && between (0, 5) ? dim_k : is_float (type) ? PICK (4, 64, 128) : PICK (32, 64, 128);
  guint pos = PICK (0, 0, 1, 31, 32, 100, 255, 257, 600);
  RpOpAttention *attention = add_attention (c, type, token_count (), pos, pair[0], pair[1], dim_k, dim_v);

  if (dim_k == dim_v && between (0, 3) == 0)
    attention->v = attention->k; /* as latent attention reads it */
  if (g_test_rand_bit ())
    attention->scale *= 8; /* one position takes nearly all */
  if (g_test_rand_bit ())
    attention->window = PICK (1, 2, 16, 33, 128, 10000);
  if (between (0, 2) == 0)
    attention->softcap = (float)PICK (5, 30, 50);
  if (between (0, 2) == 0)
    attention->sinks = floats (c, OPERAND_INPUT, "sinks", pair[0], -3, 6);
  g_string_append_printf (c->what, ", window %u, scale %g, softcap %g, sinks %d", attention->window, attention->scale,
                          attention->softcap, attention->sinks.buffer != NULL);
}

static gboolean
is_apart (double a, double b)
{
  return fabs (a - b) >= 1e-5 * fabs (b);
}

/* Leaves -INFINITY in by[] outside the best groups; FALSE where which these are is not clear. */
static gboolean
keep_groups (const RpOpRoute *o, double *by)
{
  guint size = o->n_expert / o->n_groups;
  g_autofree double *scores = g_new (double, o->n_groups);
  double least = INFINITY, most = -INFINITY; /* of those kept, and of the others */

  for (guint g = 0; g < o->n_groups; g++)
    {
      guint best = g * size;
      double second = -INFINITY;

      for (guint e = g * size; e < (g + 1) * size; e++)
        best = by[e] > by[best] ? e : best;
      for (guint e = g * size; e < (g + 1) * size; e++)
        second = e != best ? MAX (second, by[e]) : second;
      scores[g] = by[best] + (o->group_top == 2 && size > 1 ? second : 0);
    }
  for (guint g = 0; g < o->n_groups; g++)
    {
      guint better = 0;

      for (guint other = 0; other < o->n_groups; other++)
        better += scores[other] > scores[g];
      if (better < o->n_groups_used)
        least = MIN (least, scores[g]);
      else
        {
          most = MAX (most, scores[g]);
          for (guint e = g * size; e < (g + 1) * size; e++)
            by[e] = -INFINITY;
        }
    }
  return most == -INFINITY || is_apart (least, most);
}

/* No logit stands at the edge of what the sparse mixer counts in. */
static gboolean
is_clear_mix (const RpOpRoute *o, const double *by, guint best)
{
  for (guint e = 0; e < o->n_expert; e++)
    if (by[e] != -INFINITY && fabs (by[best] - by[e] - 0.02 * MAX (fabs (by[e]), by[best])) < 1e-5)
      return FALSE;
  return TRUE;
}

/* Are the best n_used + 1 so far apart that no rounding changes the choice? */
static gboolean
is_clear_choice (const RpOpRoute *o, const float *logits, const float *bias)
{
  g_autofree double *by = g_new (double, o->n_expert);
  double sum = 0, last = INFINITY;

  for (guint e = 0; e < o->n_expert; e++)
    sum += exp ((double)logits[e]);
  for (guint e = 0; e < o->n_expert; e++)
    by[e] = (o->gate == RP_GATE_SOFTMAX   ? exp ((double)logits[e]) / sum
             : o->gate == RP_GATE_SIGMOID ? 1 / (1 + exp (-(double)logits[e]))
                                          : (double)logits[e])
            + (bias ? (double)bias[e] : 0);
  if (o->n_groups && !keep_groups (o, by))
    return FALSE;
  for (guint j = 0; j <= o->n_used && j < o->n_expert; j++)
    {
      guint best = 0;

      for (guint e = 1; e < o->n_expert; e++)
        if (by[e] > by[best])
          best = e;
      if (by[best] == -INFINITY)
        break;
      if (!is_apart (last, by[best]) || (o->gate == RP_GATE_SPARSE_MIXER && !is_clear_mix (o, by, best)))
        return FALSE;
      last = by[best];
      by[best] = -INFINITY;
    }
  return TRUE;
}

static void
make_route (OperationCase *c)
{
  guint n_tokens = token_count (), n_expert = PICK (1, 2, 3, 8, 16, 60, 64, 128, 160, 256);
  guint wanted = PICK (1, 2, 4, 6, 8, 8, 22), n_used = MIN (n_expert, wanted);
  RpOp *op = operation_case_add (c, RP_OP_ROUTE);
  RpOpRoute *route = &op->route;
  float *logits, *bias;

  *route = (RpOpRoute){
    .gate = between (RP_GATE_SOFTMAX, RP_GATE_SPARSE_MIXER),
    .logits = floats (c, OPERAND_INPUT, "logits", (gsize)n_tokens * n_expert, -4, 4),
    .selection_bias = maybe_floats (c, "selection_bias", n_expert, -0.5, 0.5),
    .ids = operation_case_operand (c, OPERAND_OUTPUT, OPERAND_I32, "ids", (gsize)n_tokens * n_used * 4),
    .weights = output (c, "weights", (gsize)n_tokens * n_used),
    .n_tokens = n_tokens,
    .n_expert = n_expert,
    .n_used = n_used,
    .normalize = g_test_rand_bit (),
    .scale = g_test_rand_bit () ? 1 : 2.5f,
  };
  if (n_expert % 8 == 0 && g_test_rand_bit ())
    {
      route->n_groups = PICK (1, 2, 4, 8);
      route->n_groups_used = between ((n_used * route->n_groups + n_expert - 1) / n_expert, route->n_groups);
      route->group_top = between (1, 2);
    }
  logits = (float *)operand_of (route->logits)->data;
  bias = route->selection_bias.buffer ? (float *)operand_of (route->selection_bias)->data : NULL;
  for (guint t = 0; t < n_tokens; t++)
    while (!is_clear_choice (route, logits + (gsize)t * n_expert, bias))
      for (guint e = 0; e < n_expert; e++)
        logits[(gsize)t * n_expert + e] = (float)g_test_rand_double_range (-4, 4);
  g_string_printf (
    c->what,
    "route: gate %d, n_tokens %u, n_expert %u, n_used %u, groups %u of %u by %u, normalize %d, scale %g, "
    "bias %d",
    route->gate, n_tokens, n_expert, n_used, route->n_groups_used, route->n_groups, route->group_top, route->normalize,
    route->scale, bias != NULL);
}

static void
make_glu (OperationCase *c)
{
  guint n_rows = token_count (), n = PICK (1, 3, 32, 100, 576, 1536), alias = between (0, 2);
  guint stride = between (0, 2) ? n : n + PICK (1, 4, 32, n);
  gsize all = (gsize)(n_rows - 1) * stride + n;
  RpActivation activation = between (RP_ACT_SILU, RP_ACT_SOFTCAP);
  gboolean has_up = between (0, 3) != 0;
  float limit = activation >= RP_ACT_CLAMP || g_test_rand_bit () ? (float)g_test_rand_double_range (0.5, 8) : 0;

  alias = stride == n ? alias : 0;
  RpView gate = floats (c, alias == 1 ? OPERAND_INOUT : OPERAND_INPUT, "gate", all, -12, 12);
  RpView up = has_up ? floats (c, alias == 2 ? OPERAND_INOUT : OPERAND_INPUT, "up", all, -2, 2) : (RpView){ 0 };

  operation_case_add (c, RP_OP_GLU)->glu = (RpOpGlu){
    .activation = activation,
    .gate = gate,
    .up = up,
    .out = alias == 1             ? gate
           : alias == 2 && has_up ? up
                                  : output (c, "out", (gsize)n_rows * n),
    .n_rows = n_rows,
    .n = n,
    .stride = stride == n && g_test_rand_bit () ? 0 : stride,
    .limit = limit,
  };
  g_string_printf (c->what, "glu: activation %d, n_rows %u, n %u, stride %u, limit %g, up %d, out %s", activation,
                   n_rows, n, stride, limit, has_up,
                   alias == 1             ? "gate"
                   : alias == 2 && has_up ? "up"
                                          : "apart");
}

static void
make_combine (OperationCase *c)
{
  guint n_tokens = token_count (), n_used = PICK (1, 1, 1, 2, 4, 6, 8, 10), n = PICK (1, 3, 64, 100, 576, 2048);
  gboolean accumulate = g_test_rand_bit (), in_place = n_used == 1 && g_test_rand_bit ();
  RpOpCombine *combine = &operation_case_add (c, RP_OP_COMBINE)->combine;

  *combine = (RpOpCombine){
    .y = floats (c, in_place ? OPERAND_INOUT : OPERAND_INPUT, "y", (gsize)n_tokens * n_used * n, -1, 1),
    .weights = floats (c, OPERAND_INPUT, "weights", (gsize)n_tokens * n_used, 0, 1),
    .n_tokens = n_tokens,
    .n_used = n_used,
    .n = n,
    .accumulate = accumulate,
  };
  combine->out = in_place ? combine->y
                          : floats (c, accumulate ? OPERAND_INOUT : OPERAND_OUTPUT, "out", (gsize)n_tokens * n, -1, 1);
  g_string_printf (c->what, "combine: n_tokens %u, n_used %u, n %u, accumulate %d, in place %d", n_tokens, n_used, n,
                   accumulate, in_place);
}

static void
make_add (OperationCase *c)
{
  gsize n = PICK (1, 3, 5, 64, 1000, 4097, 100000);
  guint alias = between (0, 2);
  RpView a = floats (c, alias == 1 ? OPERAND_INOUT : OPERAND_INPUT, "a", n, -1, 1), b = { 0 };

  if (g_test_rand_bit () || alias == 2)
    b = floats (c, alias == 2 ? OPERAND_INOUT : OPERAND_INPUT, "b", n, -1, 1);
  operation_case_add (c, RP_OP_ADD)->add = (RpOpAdd){
    .a = a,
    .b = b,
    .out = alias == 1   ? a
           : alias == 2 ? b
                        : output (c, "out", n),
    .n = n,
    .scale = (float)PICK (1, 1, 3) / 2,
  };
  g_string_printf (c->what, "add: n %" G_GSIZE_FORMAT ", b %d, out %s", n, b.buffer != NULL,
                   alias == 1   ? "a"
                   : alias == 2 ? "b"
                                : "apart");
}

static void
make_scale (OperationCase *c)
{
  guint n_rows = token_count (), n = PICK (1, 3, 64, 100, 577), n_expert = between (1, 20);
  gboolean ids = g_test_rand_bit ();

  operation_case_add (c, RP_OP_SCALE)->scale = (RpOpScale){
    .x = floats (c, OPERAND_INOUT, "x", (gsize)n_rows * n, -1, 1),
    .factors = floats (c, OPERAND_INPUT, "factors", ids ? n_expert : 1, 0.5, 2),
    .ids = ids ? expert_ids (c, n_rows, 1, n_expert) : (RpView){ 0 },
    .bias = maybe_floats (c, "bias", (gsize)n * (ids ? n_expert : 1), -1, 1),
    .n_rows = n_rows,
    .n = n,
    .n_expert = ids ? n_expert : 1,
  };
  g_string_printf (c->what, "scale: n_rows %u, n %u, n_expert %u, ids %d", n_rows, n, n_expert, ids);
}

static void
make_copy (OperationCase *c)
{
  guint n_rows = token_count (), n = PICK (1, 3, 64, 100, 577), repeat = PICK (1, 1, 2, 5, 16);
  guint x_stride = n + PICK (0, 1, 64), out_stride = n + PICK (0, 0, 3, 128);

  operation_case_add (c, RP_OP_COPY)->copy = (RpOpCopy){
    .x = floats (c, OPERAND_INPUT, "x", (gsize)(n_rows - 1) / repeat * x_stride + n, -1, 1),
    .out = output (c, "out", (gsize)(n_rows - 1) * out_stride + n),
    .n_rows = n_rows,
    .n = n,
    .repeat = repeat,
    .x_stride = x_stride,
    .out_stride = out_stride,
  };
  g_string_printf (c->what, "copy: n_rows %u, n %u, repeat %u, from rows %u apart to %u", n_rows, n, repeat, x_stride,
                   out_stride);
}

OperationCase *
operation_case_random (RpOpKind kind, RpDType type, const OperationBounds *bounds)
{
  OperationCase *c = operation_case_new ();

  c->bound = bounds->other;
  switch (kind)
    {
    case RP_OP_EMBED:
      make_embed (c, type);
      break;
    case RP_OP_NORM:
      make_norm (c);
      break;
    case RP_OP_MATMUL:
      c->bound = MIN (matmul_bound (type, bounds), make_matmul (c, type) ? 1e-6 : 1);
      break;
    case RP_OP_MATMUL_EXPERTS:
      make_experts (c, type);
      c->bound = matmul_bound (type, bounds);
      break;
    case RP_OP_ROPE:
      make_rope (c);
      break;
    case RP_OP_STORE_KV:
      make_store (c, type);
      /* Where a value lies in the middle of two steps, either is right. */
      c->bound = type == RP_DTYPE_Q8_0 ? 1e-5 : type == RP_DTYPE_Q4_0 ? 1e-3 : bounds->other;
      break;
    case RP_OP_ATTENTION:
      make_attention (c, type);
      c->bound = bounds->attention;
      break;
    case RP_OP_ROUTE:
      make_route (c);
      break;
    case RP_OP_GLU:
      make_glu (c);
      break;
    case RP_OP_COMBINE:
      make_combine (c);
      break;
    case RP_OP_ADD:
      make_add (c);
      break;
    case RP_OP_SCALE:
      make_scale (c);
      break;
    case RP_OP_COPY:
      make_copy (c);
      break;
    case RP_N_OPS:
    default:
      g_assert_not_reached ();
    }
  g_string_append (c->what, c->together ? ", in one buffer" : ", in buffers of their own");
  return c;
}

/* ---- given shapes ---- */

OperationCase *
operation_case_matmul (RpDType type, guint n_in, guint n_out, guint n_tokens)
{
  OperationCase *c = operation_case_new ();

  add_matmul (c, type, n_in, n_out, n_tokens, FALSE);
  return c;
}

OperationCase *
operation_case_experts (RpDType type, guint n_in, guint n_out, guint n_expert, guint n_used, guint n_tokens)
{
  OperationCase *c = operation_case_new ();

  add_experts (c, type, n_in, n_out, n_expert, n_used, n_tokens, FALSE, FALSE);
  return c;
}

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
