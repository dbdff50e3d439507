/* Products with matrices of weights, plain and an expert's. */
#include "operations-random.h"

double
matmul_bound (RpDType type, const OperationBounds *bounds)
{
  return is_float_type (type) ? bounds->matmul_float : bounds->matmul;
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

static RpOpMatmul *
add_matmul (OperationCase *c, RpDType type, guint n_in, guint n_out, guint n_tokens, gboolean accumulate)
{
  RpOp *op = operation_case_add (c, RP_OP_MATMUL);

  op->matmul = (RpOpMatmul){
    .weight = case_weight (c, type, n_in, n_out, 1),
    .x = case_floats (c, OPERAND_INPUT, "x", (gsize)n_tokens * n_in, -1, 1),
    .out = case_floats (c, accumulate ? OPERAND_INOUT : OPERAND_OUTPUT, "out", (gsize)n_tokens * n_out, -1, 1),
    .n_tokens = n_tokens,
    .accumulate = accumulate,
  };
  g_string_append_printf (c->what, "matmul %s: n_in %u, n_out %u, n_tokens %u, accumulate %d", rp_dtype_name (type),
                          n_in, n_out, n_tokens, accumulate);
  return &op->matmul;
}

gboolean
make_matmul (OperationCase *c, RpDType type)
{
  guint n_out = PICK (1, 2, 3, 7, 16, 17, 33, 64, 65, 100, 128, 191, 256);
  RpOpMatmul *matmul = add_matmul (c, type, random_row_length (type), n_out, random_token_count (), g_test_rand_bit ());

  c->power = product_power (&matmul->weight);
  matmul->bias = case_maybe_floats (c, "bias", n_out, -1, 1);
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
    .weight = case_weight (c, type, n_in, n_out, n_expert),
    .x = case_floats (c, OPERAND_INPUT, "x", (x_per_expert ? n_pairs : n_tokens) * n_in, -1, 1),
    .ids = case_expert_ids (c, n_tokens, n_used, n_expert),
    .bias = bias ? case_floats (c, OPERAND_INPUT, "bias", (gsize)n_expert * n_out, -1, 1) : (RpView){ 0 },
    .out = case_output (c, "out", n_pairs * n_out),
    .n_tokens = n_tokens,
    .n_used = n_used,
    .x_per_expert = x_per_expert,
  };
  c->power = product_power (&op->matmul_experts.weight);
  g_string_append_printf (
    c->what, "experts %s: n_in %u, n_out %u, n_expert %u, n_used %u, n_tokens %u, x_per_expert %d, bias %d",
    rp_dtype_name (type), n_in, n_out, n_expert, n_used, n_tokens, x_per_expert, bias);
}

void
make_experts (OperationCase *c, RpDType type)
{
  guint n_expert = PICK (1, 2, 3, 8, 16, 33, 60), n_used = random_between (1, MIN (n_expert, 8));
  guint n_tokens = random_token_count (), n_in = random_row_length (type), n_out = PICK (1, 3, 16, 17, 33, 64, 70);

  add_experts (c, type, MIN (n_in, 512), n_out, n_expert, n_used, MIN (n_tokens, 65), g_test_rand_bit (),
               g_test_rand_bit ());
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
