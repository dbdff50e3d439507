/* What works on rows or on elements. */
#include "operations-random.h"

#include <math.h>

void
make_embed (OperationCase *c, RpDType type)
{
  guint n_tokens = random_token_count (), n_vocab = random_between (1, 99), n_embd = random_row_length (type);
  RpWeight w = case_weight (c, type, n_embd, n_vocab, 1);
  RpView tokens = operation_case_operand (c, OPERAND_INPUT, OPERAND_I32, "tokens", n_tokens * 4);
  float scale = g_test_rand_bit () ? 1 : (float)g_test_rand_double_range (0.1, 30);

  for (guint t = 0; t < n_tokens; t++)
    ((gint32 *)operand_of (tokens)->data)[t] = (gint32)random_between (0, n_vocab - 1);
  operation_case_add (c, RP_OP_EMBED)->embed = (RpOpEmbed){
    .weight = w,
    .tokens = tokens,
    .out = case_output (c, "out", (gsize)n_tokens * n_embd),
    .n_tokens = n_tokens,
    .scale = scale,
  };
  g_string_printf (c->what, "embed %s: n_tokens %u, n_vocab %u, n_embd %u, scale %g", rp_dtype_name (type), n_tokens,
                   n_vocab, n_embd, scale);
}

void
make_norm (OperationCase *c)
{
  guint n_rows = random_token_count (), n = PICK (1, 2, 3, 16, 64, 100, 128, 255, 576, 1024, 1536, 2049);
  RpNormKind kind = g_test_rand_bit () ? RP_NORM_LAYER : RP_NORM_RMS;
  gboolean in_place = g_test_rand_bit ();
  double offset = g_test_rand_double_range (-2, 2), size = pow (10, g_test_rand_double_range (-3, 3));
  RpView x;

  if (kind == RP_NORM_LAYER && n == 1)
    n = 7; /* x - mean is nothing but rounding */
  x = case_floats (c, in_place ? OPERAND_INOUT : OPERAND_INPUT, "x", (gsize)n_rows * n, (offset - 1) * size,
                   (offset + 1) * size);
  operation_case_add (c, RP_OP_NORM)->norm = (RpOpNorm){
    .kind = kind,
    .x = x,
    .out = in_place ? x : case_output (c, "out", (gsize)n_rows * n),
    .weight = case_maybe_floats (c, "weight", n, -2, 2),
    .bias = case_maybe_floats (c, "bias", n, -1, 1),
    .n_rows = n_rows,
    .n = n,
    .eps = (float)PICK (1, 10) * 1e-6f,
  };
  g_string_printf (c->what, "%s norm: n_rows %u, n %u, in place %d, values around %g +- %g",
                   kind == RP_NORM_RMS ? "RMS" : "layer", n_rows, n, in_place, offset * size, size);
}

void
make_glu (OperationCase *c)
{
  guint n_rows = random_token_count (), n = PICK (1, 3, 32, 100, 576, 1536), alias = random_between (0, 2);
  guint stride = random_between (0, 2) ? n : n + PICK (1, 4, 32, n);
  gsize all = (gsize)(n_rows - 1) * stride + n;
  RpActivation activation = random_between (RP_ACT_SILU, RP_ACT_SOFTCAP);
  gboolean has_up = random_between (0, 3) != 0;
  float limit = activation >= RP_ACT_CLAMP || g_test_rand_bit () ? (float)g_test_rand_double_range (0.5, 8) : 0;

  alias = stride == n ? alias : 0;
  RpView gate = case_floats (c, alias == 1 ? OPERAND_INOUT : OPERAND_INPUT, "gate", all, -12, 12);
  RpView up = has_up ? case_floats (c, alias == 2 ? OPERAND_INOUT : OPERAND_INPUT, "up", all, -2, 2) : (RpView){ 0 };

  operation_case_add (c, RP_OP_GLU)->glu = (RpOpGlu){
    .activation = activation,
    .gate = gate,
    .up = up,
    .out = alias == 1             ? gate
           : alias == 2 && has_up ? up
                                  : case_output (c, "out", (gsize)n_rows * n),
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

void
make_combine (OperationCase *c)
{
  guint n_tokens = random_token_count (), n_used = PICK (1, 1, 1, 2, 4, 6, 8, 10), n = PICK (1, 3, 64, 100, 576, 2048);
  gboolean accumulate = g_test_rand_bit (), in_place = n_used == 1 && g_test_rand_bit ();
  RpOpCombine *combine = &operation_case_add (c, RP_OP_COMBINE)->combine;

  *combine = (RpOpCombine){
    .y = case_floats (c, in_place ? OPERAND_INOUT : OPERAND_INPUT, "y", (gsize)n_tokens * n_used * n, -1, 1),
    .weights = case_floats (c, OPERAND_INPUT, "weights", (gsize)n_tokens * n_used, 0, 1),
    .n_tokens = n_tokens,
    .n_used = n_used,
    .n = n,
    .accumulate = accumulate,
  };
  combine->out = in_place
                   ? combine->y
                   : case_floats (c, accumulate ? OPERAND_INOUT : OPERAND_OUTPUT, "out", (gsize)n_tokens * n, -1, 1);
  g_string_printf (c->what, "combine: n_tokens %u, n_used %u, n %u, accumulate %d, in place %d", n_tokens, n_used, n,
                   accumulate, in_place);
}

void
make_add (OperationCase *c)
{
  gsize n = PICK (1, 3, 5, 64, 1000, 4097, 100000);
  guint alias = random_between (0, 2);
  RpView a = case_floats (c, alias == 1 ? OPERAND_INOUT : OPERAND_INPUT, "a", n, -1, 1), b = { 0 };

  if (g_test_rand_bit () || alias == 2)
    b = case_floats (c, alias == 2 ? OPERAND_INOUT : OPERAND_INPUT, "b", n, -1, 1);
  operation_case_add (c, RP_OP_ADD)->add = (RpOpAdd){
    .a = a,
    .b = b,
    .out = alias == 1   ? a
           : alias == 2 ? b
                        : case_output (c, "out", n),
    .n = n,
    .scale = (float)PICK (1, 1, 3) / 2,
  };
  g_string_printf (c->what, "add: n %" G_GSIZE_FORMAT ", b %d, out %s", n, b.buffer != NULL,
                   alias == 1   ? "a"
                   : alias == 2 ? "b"
                                : "apart");
}

void
make_scale (OperationCase *c)
{
  guint n_rows = random_token_count (), n = PICK (1, 3, 64, 100, 577), n_expert = random_between (1, 20);
  gboolean ids = g_test_rand_bit ();

  operation_case_add (c, RP_OP_SCALE)->scale = (RpOpScale){
    .x = case_floats (c, OPERAND_INOUT, "x", (gsize)n_rows * n, -1, 1),
    .factors = case_floats (c, OPERAND_INPUT, "factors", ids ? n_expert : 1, 0.5, 2),
    .ids = ids ? case_expert_ids (c, n_rows, 1, n_expert) : (RpView){ 0 },
    .bias = case_maybe_floats (c, "bias", (gsize)n * (ids ? n_expert : 1), -1, 1),
    .n_rows = n_rows,
    .n = n,
    .n_expert = ids ? n_expert : 1,
  };
  g_string_printf (c->what, "scale: n_rows %u, n %u, n_expert %u, ids %d", n_rows, n, n_expert, ids);
}

void
make_copy (OperationCase *c)
{
  guint n_rows = random_token_count (), n = PICK (1, 3, 64, 100, 577), repeat = PICK (1, 1, 2, 5, 16);
  guint x_stride = n + PICK (0, 1, 64), out_stride = n + PICK (0, 0, 3, 128);

  operation_case_add (c, RP_OP_COPY)->copy = (RpOpCopy){
    .x = case_floats (c, OPERAND_INPUT, "x", (gsize)(n_rows - 1) / repeat * x_stride + n, -1, 1),
    .out = case_output (c, "out", (gsize)(n_rows - 1) * out_stride + n),
    .n_rows = n_rows,
    .n = n,
    .repeat = repeat,
    .x_stride = x_stride,
    .out_stride = out_stride,
  };
  g_string_printf (c->what, "copy: n_rows %u, n %u, repeat %u, from rows %u apart to %u", n_rows, n, repeat, x_stride,
                   out_stride);
}
