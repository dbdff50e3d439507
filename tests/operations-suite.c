/* The tests that every back end has to pass, and their timing. */
#include "operations.h"

#include <math.h>
#include <string.h>

typedef struct
{
  const OperationTarget *target;
  RpOpKind kind;
  RpDType type;
} Row;

static const char *const kind_names[RP_N_OPS] = {
  [RP_OP_EMBED] = "embed",
  [RP_OP_NORM] = "norm",
  [RP_OP_MATMUL] = "matmul",
  [RP_OP_MATMUL_EXPERTS] = "experts",
  [RP_OP_ROPE] = "rope",
  [RP_OP_STORE_KV] = "store-kv",
  [RP_OP_ATTENTION] = "attention",
  [RP_OP_ROUTE] = "route",
  [RP_OP_GLU] = "glu",
  [RP_OP_COMBINE] = "combine",
  [RP_OP_ADD] = "add",
  [RP_OP_SCALE] = "scale",
  [RP_OP_COPY] = "copy",
};

static gboolean
has_weights (RpOpKind kind)
{
  return kind == RP_OP_EMBED || kind == RP_OP_MATMUL || kind == RP_OP_MATMUL_EXPERTS;
}

static RpBackend *
open_target (const OperationTarget *target)
{
  g_autoptr (GError) error = NULL;
  RpBackend *backend = target->open (target->data, &error);

  g_assert_no_error (error);
  return backend;
}

/* The types that a kind is tested with, NULL where it has none. */
static const RpDType *
types_of (RpOpKind kind, guint *n)
{
  *n = kind == RP_OP_STORE_KV || kind == RP_OP_ATTENTION ? G_N_ELEMENTS (operation_cache_types)
       : has_weights (kind)                              ? n_operation_types
                                                         : 0;
  return *n == 0 ? NULL : has_weights (kind) ? operation_types : operation_cache_types;
}

/* Some more cases for the kind whose parameters have more to say to each other. */
static guint
rounds_of (const Row *row)
{
  return row->target->rounds * (row->kind == RP_OP_ROPE ? 3 : 1);
}

static void
test_random (gconstpointer data)
{
  const Row *row = data;
  g_autoptr (RpBackend) reference = rp_reference_backend_new ();
  g_autoptr (RpBackend) backend = open_target (row->target);

  for (guint i = 0, n = rounds_of (row); i < n; i++)
    {
      g_autoptr (OperationCase) c = operation_case_random (row->kind, row->type, &row->target->bounds);

      if (!operation_case_compare (c, reference, backend, TRUE))
        {
          g_test_fail ();
          return;
        }
    }
}

/* Prepared for many tokens, run with fewer and elsewhere. */
static void
test_layers (gconstpointer data)
{
  const OperationTarget *target = data;
  static const guint n_tokens[] = { 37, 1, 2, 33, 8, 1 };
  g_autoptr (RpBackend) reference = rp_reference_backend_new ();
  g_autoptr (RpBackend) backend = open_target (target);

  for (guint i = 0; i < G_N_ELEMENTS (n_tokens); i++)
    {
      guint pos = i == 0 ? 40 : (guint)g_test_rand_int_range (0, 40);
      g_autoptr (OperationCase) c = operation_case_layer (RP_DTYPE_F32, n_tokens[i], pos, &target->bounds);

      if (!operation_case_compare (c, reference, backend, i == 0))
        {
          g_test_fail ();
          return;
        }
    }
}

static void
test_cancel (gconstpointer data)
{
  const OperationTarget *target = data;
  g_autoptr (RpBackend) backend = open_target (target);
  g_autoptr (GError) error = NULL;
  RpBuffer *buffer = rp_backend_buffer_new (backend, 4096, RP_BUFFER_DEVICE, &error);
  RpView view = { buffer, 0 };
  RpOp op = { .kind = RP_OP_ADD, .add = { view, view, view, 1024, 1 } };
  RpCancel cancel = { 0 };

  g_assert_no_error (error);
  g_assert_true (rp_backend_prepare (backend, &op, 1, &error));
  g_assert_true (rp_backend_run (backend, &op, 1, &cancel, &error));
  rp_cancel_set (&cancel);
  g_assert_false (rp_backend_run (backend, &op, 1, &cancel, &error));
  g_assert_error (error, RP_ERROR, RP_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_true (rp_backend_run (backend, &op, 1, NULL, &error)); /* it can be used on */
  rp_backend_buffer_free (backend, buffer);
  rp_backend_buffer_free (backend, NULL);
}

static void
test_copies (gconstpointer data)
{
  const OperationTarget *target = data;
  g_autoptr (RpBackend) backend = open_target (target);

  for (guint use = RP_BUFFER_DEVICE; use <= RP_BUFFER_READ; use++)
    {
      g_autoptr (GError) error = NULL;
      const gsize size = 3 << 20, at = 4 * (gsize)g_test_rand_int_range (1, 1000), n = (2 << 20) + 12;
      RpBuffer *buffer = rp_backend_buffer_new (backend, size, use, &error);
      g_autofree guint8 *in = g_malloc (n), *out = g_malloc (size);

      g_assert_no_error (error);
      for (gsize i = 0; i < n; i++)
        in[i] = (guint8)(i * 7 + i / 251 + 1);
      g_assert_true (rp_backend_upload (backend, (RpView){ buffer, at }, in, n, &error));
      g_assert_true (rp_backend_download (backend, (RpView){ buffer, 0 }, out, size, &error));
      g_assert_cmpmem (out + at, n, in, n);
      for (gsize i = 0; i < size; i++)
        if ((i < at || i >= at + n) && out[i] != 0)
          g_error ("byte %" G_GSIZE_FORMAT " was not zero", i);
      g_assert_true (rp_backend_download (backend, (RpView){ buffer, at + 8 }, out, 4, &error));
      g_assert_cmpmem (out, 4, in + 8, 4);
      g_assert_false (rp_backend_upload (backend, (RpView){ buffer, size - 4 }, in, 8, &error));
      g_assert_error (error, RP_ERROR, RP_ERROR_ARGUMENT);
      g_clear_error (&error);
      g_assert_false (rp_backend_download (backend, (RpView){ buffer, size + 4 }, out, 4, &error));
      g_assert_error (error, RP_ERROR, RP_ERROR_ARGUMENT);
      rp_backend_buffer_free (backend, buffer);
    }
}

/* ---- operations that must be refused ---- */

static void
assert_refused (OperationCase *c, RpBackend *backend, const char *why)
{
  if (operation_case_refused (c, backend))
    return;
  g_test_message ("%s: not refused with %s", c->what->str, why);
  g_test_fail ();
}

/* Impossible shapes and unknown kinds. FALSE where there are no more. */
static gboolean
spoil (RpOp *op, guint i)
{
  switch (op->kind)
    {
    case RP_OP_EMBED:
      op->embed.weight.n_in = i == 0 ? 0 : op->embed.weight.n_in;
      op->embed.weight.type = i == 1 ? (RpDType)16 : op->embed.weight.type;
      op->embed.weight.n_out = i == 2 ? G_MAXUINT : op->embed.weight.n_out;
      op->embed.n_tokens = i == 3 ? G_MAXUINT : op->embed.n_tokens;
      return i < 4;
    case RP_OP_NORM:
      op->norm.kind = i == 0 ? (RpNormKind)9 : op->norm.kind;
      op->norm.n = i == 1 ? 0 : op->norm.n;
      op->norm.n_rows = i == 2 ? G_MAXUINT : op->norm.n_rows;
      return i < 3;
    case RP_OP_MATMUL:
      op->matmul.weight.type = i == 0 ? (RpDType)4 : op->matmul.weight.type; /* a number that GGUF took away */
      op->matmul.weight.n_in += i == 1 ? 32 * 256 : 0;
      op->matmul.weight.type = i == 2 ? (RpDType)G_MAXINT : op->matmul.weight.type;
      op->matmul.n_tokens = i == 3 ? G_MAXUINT : op->matmul.n_tokens;
      op->matmul.out = i == 4 ? op->matmul.x : op->matmul.out;
      return i < 5;
    case RP_OP_MATMUL_EXPERTS:
      op->matmul_experts.weight.n_expert = i == 0 ? 0 : op->matmul_experts.weight.n_expert;
      op->matmul_experts.n_used = i == 1 ? 0 : op->matmul_experts.n_used;
      op->matmul_experts.weight.n_expert += i == 2 ? 1 : 0;
      return i < 3;
    case RP_OP_ROPE:
      op->rope.n_rot = i == 0 ? op->rope.head_dim + 2 : i == 1 ? 1 : op->rope.n_rot;
      op->rope.kind = i == 2 ? (RpRopeKind)7 : op->rope.kind;
      op->rope.stride = i == 3 ? G_MAXUINT / 8 : op->rope.stride;
      op->rope.n_tokens += i == 3 ? 1 : 0;
      return i < 4;
    case RP_OP_STORE_KV:
      op->store_kv.type = i == 0 ? RP_DTYPE_Q4_1 : op->store_kv.type;
      op->store_kv.pos = i == 1 ? G_MAXUINT : op->store_kv.pos + (i == 2 ? 100000 : 0);
      op->store_kv.n -= i == 3 ? 1 : 0; /* no whole blocks of Q8_0 */
      return i < 4;
    case RP_OP_ATTENTION:
      op->attention.n_kv_heads = i == 0 ? 0 : i == 1 ? op->attention.n_heads + 1 : op->attention.n_kv_heads;
      op->attention.kv_type = i == 2 ? RP_DTYPE_Q6_K : op->attention.kv_type;
      op->attention.pos = i == 3 ? G_MAXUINT : op->attention.pos;
      op->attention.dim_k = i == 4 ? 0 : op->attention.dim_k - (i == 5 ? 16 : 0);
      op->attention.dim_v -= i == 6 ? 1 : 0;
      return i < 7;
    case RP_OP_ROUTE:
      op->route.n_used = i == 0 ? op->route.n_expert + 1 : i == 1 ? 0 : op->route.n_used;
      op->route.gate = i == 2 ? (RpGateKind)8 : op->route.gate;
      op->route.n_groups = i == 3 ? op->route.n_expert + 1 : op->route.n_groups; /* not as many experts in each */
      op->route.n_groups_used = op->route.group_top = 1;
      return i < 4;
    case RP_OP_GLU:
      op->glu.activation = i == 0 ? (RpActivation)99 : op->glu.activation;
      op->glu.n_rows = i == 1 ? G_MAXUINT : op->glu.n_rows;
      op->glu.limit = i == 2 ? NAN : op->glu.limit;
      op->glu.stride = i == 3 ? G_MAXUINT : op->glu.stride;
      op->glu.n_rows += i == 3 ? 1 : 0;
      return i < 4;
    case RP_OP_COMBINE:
      op->combine.n = i == 0 ? 0 : op->combine.n;
      op->combine.n_used = i == 1 ? 0 : op->combine.n_used;
      return i < 2;
    case RP_OP_ADD:
      op->add.n = i == 0 ? G_MAXSIZE / 2 : op->add.n;
      return i < 1;
    case RP_OP_SCALE:
      op->scale.n = i == 0 ? 0 : op->scale.n;
      op->scale.n_rows = i == 1 ? G_MAXUINT : op->scale.n_rows;
      return i < 2;
    case RP_OP_COPY:
      op->copy.n = i == 0 ? 0 : op->copy.n;
      op->copy.repeat = i == 1 ? 0 : op->copy.repeat;
      op->copy.out_stride = i == 2 ? op->copy.n - 1 : op->copy.out_stride;
      op->copy.n_rows = i == 3 ? G_MAXUINT : op->copy.n_rows;
      return i < 4;
    case RP_N_OPS:
    default:
      return FALSE;
    }
}

static void
refuse_views (OperationCase *c, RpBackend *backend)
{
  RpOp *op = &g_array_index (c->ops, RpOp, 0);
  RpView *views[8] = { 0 };
  guint n = operation_views (op, views);

  for (guint i = 0; i < n; i++)
    {
      RpView view = *views[i];

      if (!view.buffer)
        continue;
      views[i]->offset = 1 << 24;
      assert_refused (c, backend, "an operand behind its buffer");
      views[i]->offset = -((gsize)1 << 21);
      assert_refused (c, backend, "an offset near the end of all");
      views[i]->offset = 2;
      assert_refused (c, backend, "an offset that is no multiple of 4");
      *views[i] = view;
    }
}

static void
test_refusals (gconstpointer data)
{
  const OperationTarget *target = data;
  g_autoptr (RpBackend) backend = open_target (target);

  for (RpOpKind kind = 0; kind < RP_N_OPS; kind++)
    {
      gboolean more = TRUE;

      for (guint i = 0; more; i++)
        {
          g_autoptr (OperationCase) c = operation_case_random (kind, RP_DTYPE_Q8_0, &target->bounds);

          c->together = FALSE;
          if (i == 0)
            refuse_views (c, backend);
          more = spoil (&g_array_index (c->ops, RpOp, 0), i);
          if (more)
            {
              g_autofree char *why = g_strdup_printf ("impossible shape %u", i);
              assert_refused (c, backend, why);
            }
        }
    }
}

static void
test_refused_kind (gconstpointer data)
{
  const OperationTarget *target = data;
  g_autoptr (RpBackend) backend = open_target (target);
  g_autoptr (OperationCase) c = operation_case_random (RP_OP_ADD, RP_DTYPE_F32, &target->bounds);

  /* the first is right: nothing of it may be done */
  operation_case_add (c, (RpOpKind)77);
  assert_refused (c, backend, "an unknown kind of operation");
}

/* ---- all of them ---- */

static void
add_one (const OperationTarget *target, const char *name, GTestDataFunc func)
{
  g_autofree char *path = g_strdup_printf ("/operations/%s/%s", target->name, name);

  g_test_add_data_func (path, target, func);
}

void
operations_add_tests (const OperationTarget *target)
{
  for (RpOpKind kind = 0; kind < RP_N_OPS; kind++)
    {
      guint n;
      const RpDType *types = types_of (kind, &n);

      for (guint i = 0; i < MAX (n, 1); i++)
        {
          RpDType type = types ? types[i] : RP_DTYPE_F32;
          g_autofree char *path = g_strdup_printf ("/operations/%s/%s%s%s", target->name, kind_names[kind],
                                                   types ? "/" : "", types ? rp_dtype_name (type) : "");
          Row *row = g_new (Row, 1);

          *row = (Row){ target, kind, type };
          g_test_add_data_func_full (path, row, test_random, g_free);
        }
    }
  add_one (target, "layers", test_layers);
  add_one (target, "copies", test_copies);
  add_one (target, "cancel", test_cancel);
  add_one (target, "refusals", test_refusals);
  add_one (target, "refused-kind", test_refused_kind);
}

/* ---- timing ---- */

static void
time_case (OperationCase *c, RpBackend *backend, const char *wanted, double bytes, double flops)
{
  double seconds;

  if (wanted && !strstr (c->what->str, wanted))
    {
      operation_case_free (c);
      return;
    }
  seconds = operation_case_time (c, backend, 0.3);
  g_print ("%10.1f µs %8.2f GB/s %9.2f GFLOP/s  %s\n", seconds * 1e6, bytes / seconds / 1e9, flops / seconds / 1e9,
           c->what->str);
  operation_case_free (c);
}

void
operations_bench (const OperationTarget *target, const char *wanted)
{
  static const guint n_tokens[] = { 1, 4, 64, 512 };
  g_autoptr (RpBackend) backend = open_target (target);

  g_print ("%s\n", target->name);
  for (guint i = 0; i < n_operation_types; i++)
    for (guint j = 0; j < G_N_ELEMENTS (n_tokens); j++)
      {
        guint n_in = 1536, n_out = 2048, t = n_tokens[j];
        RpDType type = operation_types[i];
        double bytes = (double)rp_dtype_row_size (type, n_in) * n_out, flops = 2.0 * n_in * n_out * t;

        time_case (operation_case_matmul (type, n_in, n_out, t), backend, wanted, bytes, flops);
      }
  for (guint j = 0; j < G_N_ELEMENTS (n_tokens); j++)
    {
      guint t = n_tokens[j];
      double read = MIN (t * 8, 64);

      time_case (operation_case_experts (RP_DTYPE_Q4_K, 1024, 512, 64, 8, t), backend, wanted,
                 read * rp_dtype_row_size (RP_DTYPE_Q4_K, 1024) * 512, 2.0 * 1024 * 512 * 8 * t);
      for (guint pos = 0; pos <= 4096; pos += 1024)
        time_case (operation_case_attention (RP_DTYPE_F16, t, pos, 12, 2, 128, 128), backend, wanted,
                   2.0 * (pos + t) * 2 * 128 * 2, 4.0 * t * (pos + t / 2.0) * 12 * 128);
    }
}
