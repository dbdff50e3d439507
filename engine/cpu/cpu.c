/* The CPU back end: buffers, scratch, and the walk of all threads through a list of operations. */
#include "cpu.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MAP_FROM (1u << 20) /* bytes from which a buffer gets pages of its own */

static const RpCpuOperation *const operations[RP_N_OPS] = {
  [RP_OP_EMBED] = &rp_cpu_embed,
  [RP_OP_NORM] = &rp_cpu_norm,
  [RP_OP_MATMUL] = &rp_cpu_matmul,
  [RP_OP_MATMUL_EXPERTS] = &rp_cpu_matmul_experts,
  [RP_OP_ROPE] = &rp_cpu_rope,
  [RP_OP_STORE_KV] = &rp_cpu_store_kv,
  [RP_OP_ATTENTION] = &rp_cpu_attention,
  [RP_OP_ROUTE] = &rp_cpu_route,
  [RP_OP_GLU] = &rp_cpu_glu,
  [RP_OP_COMBINE] = &rp_cpu_combine,
  [RP_OP_ADD] = &rp_cpu_add,
  [RP_OP_SCALE] = &rp_cpu_scale,
  [RP_OP_COPY] = &rp_cpu_copy,
};

/* ---- memory ---- */

/* Zero-filled, a multiple of RP_CPU_ALIGN bytes at a multiple of it; NULL where there is not enough. Large ones are
 * pages that exist once they are written. *allocated: the size for release(). */
static guint8 *
allocate (gsize size, gsize *allocated)
{
  if (size > G_MAXSIZE - MAP_FROM)
    return NULL;
  *allocated = rp_cpu_align (MAX (size, 1));
  if (*allocated >= MAP_FROM)
    {
      void *pages = mmap (NULL, *allocated, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (pages == MAP_FAILED)
        return NULL;
      madvise (pages, *allocated, MADV_HUGEPAGE);
      return pages;
    }
  guint8 *data = aligned_alloc (RP_CPU_ALIGN, *allocated);
  if (data)
    memset (data, 0, *allocated);
  return data;
}

static void
release (void *data, gsize allocated)
{
  if (data && allocated >= MAP_FROM)
    munmap (data, allocated);
  else
    free (data);
}

static void
out_of_memory (gsize size, GError **error)
{
  g_set_error (error, RP_ERROR, RP_ERROR_MEMORY, "Out of memory: %" G_GSIZE_FORMAT " bytes", size);
}

/* Makes *memory at least @size bytes. */
static gboolean
grow (guint8 **memory, gsize *size, gsize wanted, GError **error)
{
  gsize allocated;

  if (wanted <= *size)
    return TRUE;
  guint8 *larger = allocate (wanted, &allocated);
  if (!larger)
    {
      out_of_memory (wanted, error);
      return FALSE;
    }
  release (*memory, *size);
  *memory = larger;
  *size = allocated;
  return TRUE;
}

static RpBuffer *
cpu_buffer_new (RpBackend *backend, gsize size, RpBufferUse use, GError **error)
{
  gsize allocated;
  guint8 *data = allocate (size, &allocated);

  if (!data)
    {
      out_of_memory (size, error);
      return NULL;
    }
  RpBuffer *buffer = g_new (RpBuffer, 1);
  *buffer = (RpBuffer){ .data = data, .size = size, .allocated = allocated };
  return buffer;
}

/* The memory that programs can still take, in bytes, as the kernel estimates it; 0 where it does not. */
static gsize
available_memory (void)
{
  g_autofree char *text = NULL;
  const char *line;

  if (!g_file_get_contents ("/proc/meminfo", &text, NULL, NULL) || !(line = strstr (text, "MemAvailable:")))
    return 0;
  return g_ascii_strtoull (line + strlen ("MemAvailable:"), NULL, 10) * 1024;
}

typedef struct
{
  const RpCpu *cpu;
  guint8 *to;
  const guint8 *from;
  gsize size;
} Copy;

/* A thread's part of a copy: the pages that it fills first are most of the work. */
static void
copy_part (gpointer data, guint thread)
{
  const Copy *copy = data;
  gsize part = rp_cpu_align (copy->size / copy->cpu->n_threads + 1);
  gsize first = MIN (copy->size, thread * part);

  memcpy (copy->to + first, copy->from + first, MIN (part, copy->size - first));
}

/* Copies weights from the file's pages of 4 KiB into huge ones, which a token streams through a tenth faster. NULL where
 * all copies would take more than half of the available memory: then they are read in place. */
static RpBuffer *
copy_weights (RpCpu *cpu, const void *data, gsize size)
{
  gsize allocated;
  guint8 *copy;

  if (size < MAP_FROM || size > cpu->copy_budget || !(copy = allocate (size, &allocated)))
    return NULL;
  cpu->copy_budget -= size;
  rp_pool_run (cpu->pool, copy_part, &(Copy){ cpu, copy, data, size });
  RpBuffer *buffer = g_new (RpBuffer, 1);
  *buffer = (RpBuffer){ .data = copy, .size = size, .allocated = allocated };
  return buffer;
}

static RpBuffer *
cpu_buffer_new_weights (RpBackend *backend, const void *data, gsize size, GError **error)
{
  RpBuffer *buffer = copy_weights ((RpCpu *)backend, data, size);

  if (buffer)
    return buffer;
  buffer = g_new (RpBuffer, 1);
  *buffer = (RpBuffer){ .data = (guint8 *)data, .size = size };
  return buffer;
}

static void
cpu_buffer_free (RpBackend *backend, RpBuffer *buffer)
{
  if (buffer->allocated)
    release (buffer->data, buffer->allocated);
  g_free (buffer);
}

static gboolean
check_range (RpView view, gsize size, GError **error)
{
  if (view.offset <= view.buffer->size && size <= view.buffer->size - view.offset)
    return TRUE;
  g_set_error_literal (error, RP_ERROR, RP_ERROR_ARGUMENT, "A copy does not fit the buffer");
  return FALSE;
}

static gboolean
cpu_upload (RpBackend *backend, RpView to, const void *data, gsize size, GError **error)
{
  if (!check_range (to, size, error))
    return FALSE;
  memcpy (rp_cpu_at (to), data, size);
  return TRUE;
}

static gboolean
cpu_download (RpBackend *backend, RpView from, void *data, gsize size, GError **error)
{
  if (!check_range (from, size, error))
    return FALSE;
  memcpy (data, rp_cpu_at (from), size);
  return TRUE;
}

/* ---- the plan ---- */

guint
rp_cpu_cut (const RpCpu *cpu, gsize n, guint unit, guint least, RpCpuPlan *plan)
{
  gsize wanted = MAX (n / (8 * cpu->n_threads), least);

  plan->rows_a_item = (guint)MIN ((wanted + unit - 1) / unit * unit, G_MAXUINT / 2);
  return (guint)((n + plan->rows_a_item - 1) / plan->rows_a_item);
}

RpRopeKey
rp_cpu_rope_key (const RpOpRope *op)
{
  RpRopeKey key;

  memset (&key, 0, sizeof key); /* it is compared as bytes */
  key.factors = rp_cpu_at (op->freq_factors);
  key.n_rot = op->n_rot;
  key.n_tokens = op->n_tokens;
  key.pos = op->pos;
  key.freq_base = op->freq_base;
  key.freq_scale = op->freq_scale;
  key.ext_factor = op->ext_factor;
  key.magnitude = op->magnitude;
  key.corr_low = op->corr_low;
  key.corr_high = op->corr_high;
  return key;
}

static gboolean
same_rope (const RpOp *a, const RpOp *b)
{
  RpRopeKey ka = rp_cpu_rope_key (&a->rope), kb = rp_cpu_rope_key (&b->rope);

  return memcmp (&ka, &kb, sizeof ka) == 0;
}

/* May @op go with the group ops[0 … n - 1]? Two tables of rotations may not. */
static gboolean
joins (const RpOp *ops, guint n, const RpOp *op)
{
  if (!op->concurrent || n == RP_CPU_MAX_GROUP)
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (op->kind == RP_OP_ROPE && ops[i].kind == RP_OP_ROPE && !same_rope (&ops[i], op))
      return FALSE;
  return TRUE;
}

static guint
group_length (const RpOp *ops, gsize n_ops)
{
  guint n = 1;

  while (n < n_ops && joins (ops, n, &ops[n]))
    n++;
  return n;
}

/* Where each operation of a group has its scratch; returns the bytes of all. plans may be NULL. */
static gsize
lay_out_scratch (const RpCpu *cpu, const RpOp *ops, guint n, RpCpuPlan *plans)
{
  gsize size = 0, offsets[RP_CPU_MAX_GROUP];

  for (guint i = 0; i < n; i++)
    {
      const RpCpuOperation *operation = operations[ops[i].kind];
      guint same = i;
      if (operation->shares)
        for (same = 0; same < i; same++)
          if (ops[same].kind == ops[i].kind && operation->shares (cpu, &ops[i], &ops[same]))
            break;
      offsets[i] = same < i ? offsets[same] : size;
      if (same == i && operation->shared_size)
        size += rp_cpu_align (operation->shared_size (cpu, &ops[i]));
      if (plans)
        plans[i] = (RpCpuPlan){ .scratch = cpu->shared + offsets[i], .made = same < i };
    }
  return size;
}

static gsize
buffer_size (const RpBuffer *buffer)
{
  return buffer->size;
}

/* Scratch that these operations take. */
static void
measure (const RpCpu *cpu, const RpOp *ops, gsize n_ops, gsize *shared, gsize *private, gsize *rope)
{
  *shared = *private = *rope = 0;
  for (gsize first = 0; first < n_ops;)
    {
      guint n = group_length (ops + first, n_ops - first);
      *shared = MAX (*shared, lay_out_scratch (cpu, ops + first, n, NULL));
      for (guint i = 0; i < n; i++)
        {
          const RpOp *op = &ops[first + i];
          const RpCpuOperation *operation = operations[op->kind];
          if (operation->private_size)
            *private = MAX (*private, rp_cpu_align (operation->private_size (cpu, op)));
          if (op->kind == RP_OP_ROPE)
            *rope = MAX (*rope, (gsize)op->rope.n_tokens * op->rope.n_rot * sizeof (float));
        }
      first += n;
    }
}

static gboolean
cpu_prepare (RpBackend *backend, const RpOp *ops, gsize n_ops, GError **error)
{
  RpCpu *cpu = (RpCpu *)backend;
  gsize shared, private, rope, all;

  if (!rp_ops_check (ops, n_ops, buffer_size, error))
    return FALSE;
  measure (cpu, ops, n_ops, &shared, &private, &rope);
  if (!g_size_checked_mul (&all, private, cpu->n_threads))
    {
      out_of_memory (private, error);
      return FALSE;
    }
  if (!grow (&cpu->shared, &cpu->shared_size, shared, error) || !grow (&cpu->private, &cpu->private_held, all, error)
      || !grow ((guint8 **)&cpu->rope_table, &cpu->rope_table_size, rope, error))
    return FALSE;
  cpu->private_size = MAX (cpu->private_size, private);
  return TRUE;
}

/* ---- the walk ---- */

static void
begin_group (RpCpu *cpu)
{
  const RpOp *ops = cpu->ops + cpu->first;

  cpu->n_group = group_length (ops, cpu->n_ops - cpu->first);
  cpu->stage = 0;
  lay_out_scratch (cpu, ops, cpu->n_group, cpu->plans);
}

static void
plan_stage (RpCpu *cpu)
{
  cpu->n_items = 0;
  for (guint i = 0; i < cpu->n_group; i++)
    {
      const RpOp *op = &cpu->ops[cpu->first + i];
      const RpCpuOperation *operation = operations[op->kind];
      RpCpuPlan *plan = &cpu->plans[i];
      plan->n_items = cpu->stage < operation->n_stages ? operation->n_items (cpu, op, plan, cpu->stage) : 0;
      cpu->n_items += plan->n_items;
    }
  atomic_store_explicit (&cpu->next_item, 0, memory_order_relaxed);
}

static void
run_item (RpCpu *cpu, guint item, guint thread)
{
  for (guint i = 0; i < cpu->n_group; i++)
    {
      const RpCpuPlan *plan = &cpu->plans[i];
      if (item < plan->n_items)
        {
          const RpOp *op = &cpu->ops[cpu->first + i];
          operations[op->kind]->run (cpu, op, plan, cpu->stage, item, thread);
          return;
        }
      item -= plan->n_items;
    }
}

/* Goes to the next stage that has work, by the last thread that came to the barrier. What is a single item is done
 * right here: waking the others for it would take longer. */
static void
advance (gpointer data)
{
  RpCpu *cpu = data;

  for (;;)
    {
      cpu->stage++;
      if (cpu->stage >= RP_CPU_MAX_STAGES)
        {
          cpu->first += cpu->n_group;
          cpu->cancelled = rp_cancel_is_set (cpu->cancel);
          if (cpu->cancelled || cpu->first == cpu->n_ops)
            {
              cpu->done = TRUE;
              return;
            }
          begin_group (cpu);
        }
      plan_stage (cpu);
      if (cpu->n_items > 1)
        return;
      if (cpu->n_items == 1)
        run_item (cpu, 0, 0);
    }
}

static void
walk (gpointer data, guint thread)
{
  RpCpu *cpu = data;

  for (;;)
    {
      rp_pool_barrier (cpu->pool, advance, cpu);
      if (cpu->done)
        return;
      for (;;)
        {
          guint item = atomic_fetch_add_explicit (&cpu->next_item, 1, memory_order_relaxed);
          if (item >= cpu->n_items)
            break;
          run_item (cpu, item, thread);
        }
    }
}

static gboolean
cpu_run (RpBackend *backend, const RpOp *ops, gsize n_ops, const RpCancel *cancel, GError **error)
{
  RpCpu *cpu = (RpCpu *)backend;
  gsize shared, private, rope;

  if (!rp_ops_check (ops, n_ops, buffer_size, error))
    return FALSE;
  measure (cpu, ops, n_ops, &shared, &private, &rope);
  if (shared > cpu->shared_size || private > cpu->private_size || rope > cpu->rope_table_size)
    {
      g_set_error_literal (error, RP_ERROR, RP_ERROR_ARGUMENT, "The operations were not prepared for this many tokens");
      return FALSE;
    }
  /* As if a group of nothing had come to its end. */
  cpu->ops = ops;
  cpu->n_ops = n_ops;
  cpu->cancel = cancel;
  cpu->first = cpu->n_group = 0;
  cpu->stage = RP_CPU_MAX_STAGES;
  cpu->done = cpu->cancelled = cpu->rope_valid = FALSE;
  rp_pool_run (cpu->pool, walk, cpu);
  if (cpu->cancelled)
    g_set_error_literal (error, RP_ERROR, RP_ERROR_CANCELLED, "Cancelled");
  return !cpu->cancelled;
}

/* ---- the back end ---- */

static void
cpu_free (RpBackend *backend)
{
  RpCpu *cpu = (RpCpu *)backend;

  rp_pool_free (cpu->pool);
  release (cpu->shared, cpu->shared_size);
  release (cpu->private, cpu->private_held);
  release (cpu->rope_table, cpu->rope_table_size);
  free (cpu);
}

RpBackend *
rp_cpu_backend_new_with (const RpKernels *kernels, guint n_threads, GError **error)
{
  static const RpBackendClass klass = {
    .free = cpu_free,
    .buffer_new = cpu_buffer_new,
    .buffer_new_weights = cpu_buffer_new_weights,
    .buffer_free = cpu_buffer_free,
    .upload = cpu_upload,
    .download = cpu_download,
    .prepare = cpu_prepare,
    .run = cpu_run,
  };
  RpCpu *cpu = aligned_alloc (_Alignof(RpCpu), sizeof (RpCpu));

  if (!cpu)
    {
      out_of_memory (sizeof (RpCpu), error);
      return NULL;
    }
  memset (cpu, 0, sizeof *cpu);
  cpu->parent.klass = &klass;
  cpu->kernels = kernels;
  cpu->n_threads = n_threads ? n_threads : rp_pool_default_n_threads ();
  cpu->copy_budget = available_memory () / 2;
  cpu->pool = rp_pool_new (cpu->n_threads, error);
  if (!cpu->pool)
    {
      free (cpu);
      return NULL;
    }
  return &cpu->parent;
}

RpBackend *
rp_cpu_backend_new (guint n_threads, GError **error)
{
  return rp_cpu_backend_new_with (rp_kernels_best (), n_threads, error);
}

char *
rp_cpu_describe (void)
{
  return g_strdup (rp_kernels_best ()->name);
}
