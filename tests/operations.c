#include "operations.h"

#include <math.h>
#include <string.h>

#define GUARD 64

/* ---- cases ---- */

static void
operand_free (gpointer data)
{
  Operand *operand = data;

  g_free (operand->data);
  g_free (operand);
}

OperationCase *
operation_case_new (void)
{
  OperationCase *c = g_new0 (OperationCase, 1);

  c->ops = g_array_new (FALSE, TRUE, sizeof (RpOp));
  c->operands = g_ptr_array_new_with_free_func (operand_free);
  c->what = g_string_new (NULL);
  c->together = g_test_rand_bit ();
  c->alignment = 4;
  return c;
}

void
operation_case_free (OperationCase *c)
{
  g_array_unref (c->ops);
  g_ptr_array_unref (c->operands);
  g_string_free (c->what, TRUE);
  g_free (c);
}

RpOp *
operation_case_add (OperationCase *c, RpOpKind kind)
{
  RpOp op = { .kind = kind };

  g_array_append_val (c->ops, op);
  return &g_array_index (c->ops, RpOp, c->ops->len - 1);
}

RpView
operation_case_operand (OperationCase *c, OperandUse use, OperandKind kind, const char *name, gsize size)
{
  Operand *operand = g_new0 (Operand, 1);

  operand->use = use;
  operand->kind = kind;
  operand->name = name;
  operand->size = size;
  operand->data = g_malloc (MAX (size, 1));
  memset (operand->data, 0xff, size); /* not a number */
  g_ptr_array_add (c->operands, operand);
  return (RpView){ (RpBuffer *)operand, 0 };
}

Operand *
operand_of (RpView view)
{
  return (Operand *)view.buffer;
}

guint
operation_views (RpOp *op, RpView *views[8])
{
#define VIEWS(...)                                                                                                     \
  {                                                                                                                    \
    RpView *all[] = { __VA_ARGS__ };                                                                                   \
    memcpy (views, all, sizeof all);                                                                                   \
    return G_N_ELEMENTS (all);                                                                                         \
  }
  switch (op->kind)
    {
    case RP_OP_EMBED:
      VIEWS (&op->embed.weight.data, &op->embed.tokens, &op->embed.out)
    case RP_OP_NORM:
      VIEWS (&op->norm.x, &op->norm.out, &op->norm.weight, &op->norm.bias)
    case RP_OP_MATMUL:
      VIEWS (&op->matmul.weight.data, &op->matmul.x, &op->matmul.bias, &op->matmul.out)
    case RP_OP_MATMUL_EXPERTS:
      VIEWS (&op->matmul_experts.weight.data, &op->matmul_experts.x, &op->matmul_experts.ids, &op->matmul_experts.bias,
             &op->matmul_experts.out)
    case RP_OP_ROPE:
      VIEWS (&op->rope.x, &op->rope.freq_factors)
    case RP_OP_STORE_KV:
      VIEWS (&op->store_kv.x, &op->store_kv.cache)
    case RP_OP_ATTENTION:
      VIEWS (&op->attention.q, &op->attention.k, &op->attention.v, &op->attention.sinks, &op->attention.out)
    case RP_OP_ROUTE:
      VIEWS (&op->route.logits, &op->route.selection_bias, &op->route.ids, &op->route.weights)
    case RP_OP_GLU:
      VIEWS (&op->glu.gate, &op->glu.up, &op->glu.out)
    case RP_OP_COMBINE:
      VIEWS (&op->combine.y, &op->combine.weights, &op->combine.out)
    case RP_OP_ADD:
      VIEWS (&op->add.a, &op->add.b, &op->add.out)
    case RP_OP_SCALE:
      VIEWS (&op->scale.x, &op->scale.factors, &op->scale.ids, &op->scale.bias)
    case RP_OP_COPY:
      VIEWS (&op->copy.x, &op->copy.out)
    case RP_N_OPS:
    default:
      return 0;
    }
#undef VIEWS
}

/* ---- memory of a case on a back end ---- */

typedef struct
{
  RpBackend *backend;
  GPtrArray *buffers; /* RpBuffer */
  GArray *ops;        /* with real views */
} Instance;

/* Where operands lie, the same on every back end. Returns what each memory holds at first (GByteArray). Weights are
 * allocated to the byte, so that a sanitizer sees who reads beyond. */
static GPtrArray *
lay_out (OperationCase *c)
{
  GPtrArray *memories = g_ptr_array_new_with_free_func ((GDestroyNotify)g_byte_array_unref);
  guint8 guard[GUARD + 64];
  gint common = -1;

  memset (guard, 0xff, sizeof guard);
  for (guint i = 0; i < c->operands->len; i++)
    {
      Operand *operand = c->operands->pdata[i];
      gboolean weight = operand->kind == OPERAND_WEIGHT;
      guint unit = weight ? c->alignment : 4;
      GByteArray *memory;

      if (weight || !c->together || common < 0)
        {
          memory = g_byte_array_new ();
          g_ptr_array_add (memories, memory);
          if (!weight && c->together)
            common = (gint)memories->len - 1;
        }
      operand->memory = weight || !c->together ? memories->len - 1 : (guint)common;
      memory = memories->pdata[operand->memory];
      g_byte_array_append (memory, guard,
                           unit * (guint)g_test_rand_int_range (weight ? 0 : GUARD / 4, (gint)(sizeof guard / unit)));
      operand->offset = memory->len;
      g_byte_array_append (memory, operand->data, operand->size);
      if (weight)
        {
          guint8 *exact = g_memdup2 (memory->data, memory->len);
          memories->pdata[operand->memory] = g_byte_array_new_take (exact, memory->len);
          g_byte_array_unref (memory);
        }
      else
        g_byte_array_append (memory, guard, GUARD - operand->size % 4);
    }
  return memories;
}

static void
instance_clear (Instance *instance)
{
  for (guint i = 0; instance->buffers && i < instance->buffers->len; i++)
    rp_backend_buffer_free (instance->backend, instance->buffers->pdata[i]);
  g_clear_pointer (&instance->buffers, g_ptr_array_unref);
  g_clear_pointer (&instance->ops, g_array_unref);
}

static gboolean
instance_init (Instance *instance, RpBackend *backend, OperationCase *c, GPtrArray *memories, GError **error)
{
  g_autofree gboolean *weights = g_new0 (gboolean, memories->len);

  *instance = (Instance){ .backend = backend, .buffers = g_ptr_array_new () };
  instance->ops = g_array_copy (c->ops);
  for (guint i = 0; i < c->operands->len; i++)
    {
      const Operand *operand = c->operands->pdata[i];
      weights[operand->memory] |= operand->kind == OPERAND_WEIGHT;
    }
  for (guint i = 0; i < memories->len; i++)
    {
      const GByteArray *memory = memories->pdata[i];
      RpBuffer *buffer = weights[i] ? rp_backend_buffer_new_weights (backend, memory->data, memory->len, error)
                                    : rp_backend_buffer_new (backend, memory->len, RP_BUFFER_DEVICE, error);
      if (!buffer)
        return FALSE;
      g_ptr_array_add (instance->buffers, buffer);
      if (!weights[i] && !rp_backend_upload (backend, (RpView){ buffer, 0 }, memory->data, memory->len, error))
        return FALSE;
    }
  for (guint i = 0; i < instance->ops->len; i++)
    {
      RpView *views[8] = { 0 };
      guint n = operation_views (&g_array_index (instance->ops, RpOp, i), views);

      for (guint j = 0; j < n; j++)
        if (views[j]->buffer)
          {
            const Operand *operand = operand_of (*views[j]);
            *views[j] = (RpView){ instance->buffers->pdata[operand->memory], operand->offset + views[j]->offset };
          }
    }
  return TRUE;
}

static gboolean
instance_run (Instance *instance, gboolean prepare, GError **error)
{
  const RpOp *ops = (const RpOp *)instance->ops->data;

  return (!prepare || rp_backend_prepare (instance->backend, ops, instance->ops->len, error))
         && rp_backend_run (instance->backend, ops, instance->ops->len, NULL, error);
}

/* ---- comparing ---- */

static const RpDTypeInfo *
info_of (const Operand *operand)
{
  switch (operand->kind)
    {
    case OPERAND_F16:
      return rp_dtype_info (RP_DTYPE_F16);
    case OPERAND_Q8_0:
      return rp_dtype_info (RP_DTYPE_Q8_0);
    case OPERAND_Q4_0:
      return rp_dtype_info (RP_DTYPE_Q4_0);
    default:
      return rp_dtype_info (RP_DTYPE_F32);
    }
}

static double
value_at (const Operand *operand, const guint8 *memory, gsize i)
{
  if (operand->kind == OPERAND_Q8_0 || operand->kind == OPERAND_Q4_0)
    {
      const RpDTypeInfo *info = info_of (operand);
      float block[32];
      info->dequantize (memory + operand->offset + i / 32 * info->block_bytes, block, 32);
      return block[i % 32];
    }
  if (operand->kind == OPERAND_F16)
    {
      RpHalf half;
      memcpy (&half, memory + operand->offset + 2 * i, 2);
      return rp_half_to_float (half);
    }
  float value;
  memcpy (&value, memory + operand->offset + 4 * i, 4);
  return value;
}

/* As many of the values as are numbers before or after; the rest must not have been touched. */
static gboolean
compare_values (const OperationCase *c,
                const Operand *operand,
                const guint8 *before,
                const guint8 *should,
                const guint8 *is)
{
  const RpDTypeInfo *info = info_of (operand);
  gsize width = info->block_bytes, n = operand->size / width * info->block_elements, at = 0;
  double error = 0, power = 0, worst = 0, least = 0;

  for (gsize i = 0; i < n; i++)
    {
      double a = value_at (operand, should, i), b = value_at (operand, is, i);
      gsize from = operand->offset + i / info->block_elements * width;

      if (memcmp (should + from, before + from, width) == 0 && memcmp (is + from, before + from, width) == 0)
        continue;
      if (isnan (a) || isnan (b) || isinf (a) || isinf (b))
        {
          g_test_message ("%s: %s[%" G_GSIZE_FORMAT "] is %g and should be %g", c->what->str, operand->name, i, b, a);
          return FALSE;
        }
      if (fabs (a - b) > worst)
        {
          worst = fabs (a - b);
          at = i;
        }
      error += (a - b) * (a - b);
      power += a * a;
      least += c->power;
    }
  power = MAX (power, least);
  if (error <= c->bound * power)
    return TRUE;
  g_test_message ("%s: %s: normalised mean squared error %g > %g, worst at %" G_GSIZE_FORMAT ": is %g and should be %g",
                  c->what->str, operand->name, error / MAX (power, 1e-30), c->bound, at, value_at (operand, is, at),
                  value_at (operand, should, at));
  return FALSE;
}

/* All bytes that belong to no output are as they were. */
static gboolean
compare_guards (const OperationCase *c, guint memory, const GByteArray *before, const guint8 *is)
{
  g_autofree guint8 *writable = g_malloc0 (before->len + 1);

  for (guint i = 0; i < c->operands->len; i++)
    {
      const Operand *operand = c->operands->pdata[i];
      if (operand->memory == memory && operand->use != OPERAND_INPUT)
        memset (writable + operand->offset, 1, operand->size);
    }
  for (guint i = 0; i < before->len; i++)
    if (!writable[i] && is[i] != before->data[i])
      {
        const Operand *last = NULL;
        for (guint j = 0; j < c->operands->len; j++)
          {
            const Operand *operand = c->operands->pdata[j];
            if (operand->memory == memory && operand->offset <= i)
              last = operand;
          }
        g_test_message ("%s: byte %" G_GSSIZE_FORMAT " from the start of %s (of %" G_GSIZE_FORMAT ") was written",
                        c->what->str, last ? (gssize)i - (gssize)last->offset : (gssize)i, last ? last->name : "memory",
                        last ? last->size : 0);
        return FALSE;
      }
  return TRUE;
}

static gboolean
compare_memory (const OperationCase *c, guint m, const GByteArray *before, const guint8 *should, const guint8 *is)
{
  for (guint i = 0; i < c->operands->len; i++)
    {
      const Operand *operand = c->operands->pdata[i];

      if (operand->memory != m || operand->use == OPERAND_INPUT)
        continue;
      if (operand->kind != OPERAND_I32)
        {
          if (!compare_values (c, operand, before->data, should, is))
            return FALSE;
        }
      else if (memcmp (should + operand->offset, is + operand->offset, operand->size) != 0)
        {
          g_test_message ("%s: %s differs", c->what->str, operand->name);
          return FALSE;
        }
    }
  return compare_guards (c, m, before, is);
}

static gboolean
compare_instances (const OperationCase *c, GPtrArray *memories, Instance *reference, Instance *tested, GError **error)
{
  for (guint i = 0; i < memories->len; i++)
    {
      const GByteArray *before = memories->pdata[i];
      g_autofree guint8 *should = g_malloc (before->len), *is = g_malloc (before->len);
      gboolean weights = FALSE;

      for (guint j = 0; j < c->operands->len; j++)
        {
          const Operand *operand = c->operands->pdata[j];
          weights |= operand->memory == i && operand->kind == OPERAND_WEIGHT;
        }
      if (weights)
        continue;
      if (!rp_backend_download (reference->backend, (RpView){ reference->buffers->pdata[i], 0 }, should, before->len,
                                error)
          || !rp_backend_download (tested->backend, (RpView){ tested->buffers->pdata[i], 0 }, is, before->len, error)
          || !compare_memory (c, i, before, should, is))
        return FALSE;
    }
  return TRUE;
}

gboolean
operation_case_compare (OperationCase *c, RpBackend *reference, RpBackend *tested, gboolean prepare)
{
  g_autoptr (GPtrArray) memories = lay_out (c);
  g_autoptr (GError) error = NULL;
  Instance a = { 0 }, b = { 0 };
  gboolean same = instance_init (&a, reference, c, memories, &error) && instance_init (&b, tested, c, memories, &error)
                  && instance_run (&a, TRUE, &error) && instance_run (&b, prepare, &error)
                  && compare_instances (c, memories, &a, &b, &error);

  if (error)
    g_test_message ("%s: %s", c->what->str, error->message);
  instance_clear (&a);
  instance_clear (&b);
  return same;
}

static gint
compare_doubles (gconstpointer a, gconstpointer b)
{
  double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

double
operation_case_time (OperationCase *c, RpBackend *backend, double seconds)
{
  g_autoptr (GPtrArray) memories = lay_out (c);
  g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GError) error = NULL;
  Instance instance = { 0 };
  gint64 end = 0;

  if (instance_init (&instance, backend, c, memories, &error) && instance_run (&instance, TRUE, &error))
    for (end = g_get_monotonic_time () + (gint64)(seconds * 1e6); g_get_monotonic_time () < end || times->len < 3;)
      {
        gint64 start = g_get_monotonic_time ();
        double time;

        if (!instance_run (&instance, FALSE, &error))
          break;
        time = (double)(g_get_monotonic_time () - start) / 1e6;
        g_array_append_val (times, time);
      }
  instance_clear (&instance);
  if (error)
    {
      g_printerr ("%s: %s\n", c->what->str, error->message);
      return NAN;
    }
  g_array_sort (times, compare_doubles);
  return g_array_index (times, double, times->len / 2);
}

gboolean
operation_case_refused (OperationCase *c, RpBackend *backend)
{
  g_autoptr (GPtrArray) memories = lay_out (c);
  g_autoptr (GError) error = NULL, run_error = NULL;
  const RpOp *ops;
  Instance instance = { 0 };
  gboolean prepared, ran;

  if (!instance_init (&instance, backend, c, memories, &error))
    g_error ("%s", error->message);
  ops = (const RpOp *)instance.ops->data;
  prepared = rp_backend_prepare (backend, ops, instance.ops->len, &error);
  ran = !prepared && rp_backend_run (backend, ops, instance.ops->len, NULL, &run_error);
  instance_clear (&instance);
  return !prepared && !ran && error->domain == RP_ERROR
         && (error->code == RP_ERROR_ARGUMENT || error->code == RP_ERROR_UNSUPPORTED) && *error->message;
}
