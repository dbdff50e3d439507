#include "threads.h"

#include "riposte-engine.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

/* How long a waiting thread spins before it sleeps: several times what a stage of a decoded token takes, and short
 * against a scheduler's time slice. */
#define MAX_THREADS       4096
#define SPIN_MICROSECONDS 150
#define SPINS_PER_LOOK    128

/* A counter that threads wait on to change. */
typedef struct
{
  atomic_uint value;
  atomic_uint n_sleeping;
  GMutex mutex;
  GCond cond;
} Signal;

struct _RpPool
{
  guint n_threads;
  GThread **threads; /* n_threads - 1 */
  Signal job;        /* changes when there is a job, or the end */
  Signal phase;      /* changes when all have come to a barrier */
  atomic_uint n_arrived;
  gboolean end; /* these three are written before `job` changes */
  RpPoolFunc func;
  gpointer data;
};

typedef struct
{
  RpPool *pool;
  guint thread;
} Worker;

static inline void
relax (void)
{
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause ();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static void
signal_init (Signal *signal)
{
  atomic_init (&signal->value, 0);
  atomic_init (&signal->n_sleeping, 0);
  g_mutex_init (&signal->mutex);
  g_cond_init (&signal->cond);
}

static void
signal_clear (Signal *signal)
{
  g_mutex_clear (&signal->mutex);
  g_cond_clear (&signal->cond);
}

/* A sleeper counts itself and then looks at the value; the waker changes the value and then looks at the count. Both
 * are sequentially consistent, so one of the two sees the other. */
static void
signal_change (Signal *signal)
{
  atomic_fetch_add (&signal->value, 1);
  if (atomic_load (&signal->n_sleeping) == 0)
    return;
  g_mutex_lock (&signal->mutex);
  g_cond_broadcast (&signal->cond);
  g_mutex_unlock (&signal->mutex);
}

static void
signal_wait (Signal *signal, guint old)
{
  gint64 until = 0;

  for (;;)
    {
      for (guint i = 0; i < SPINS_PER_LOOK; i++)
        {
          if (atomic_load_explicit (&signal->value, memory_order_acquire) != old)
            return;
          relax ();
        }
      gint64 now = g_get_monotonic_time ();
      if (until == 0)
        until = now + SPIN_MICROSECONDS;
      else if (now >= until)
        break;
    }

  g_mutex_lock (&signal->mutex);
  atomic_fetch_add (&signal->n_sleeping, 1);
  while (atomic_load (&signal->value) == old)
    g_cond_wait (&signal->cond, &signal->mutex);
  atomic_fetch_sub (&signal->n_sleeping, 1);
  g_mutex_unlock (&signal->mutex);
}

void
rp_pool_barrier (RpPool *pool, RpPoolSerialFunc serial, gpointer data)
{
  guint phase = atomic_load_explicit (&pool->phase.value, memory_order_relaxed);

  if (atomic_fetch_add_explicit (&pool->n_arrived, 1, memory_order_acq_rel) + 1 < pool->n_threads)
    {
      signal_wait (&pool->phase, phase);
      return;
    }
  atomic_store_explicit (&pool->n_arrived, 0, memory_order_relaxed);
  if (serial)
    serial (data);
  signal_change (&pool->phase);
}

static gpointer
worker_main (gpointer user_data)
{
  Worker worker = *(Worker *)user_data;
  RpPool *pool = worker.pool;

  g_free (user_data);
  for (guint job = 0;; job++)
    {
      signal_wait (&pool->job, job);
      if (pool->end)
        return NULL;
      pool->func (pool->data, worker.thread);
      rp_pool_barrier (pool, NULL, NULL);
    }
}

void
rp_pool_run (RpPool *pool, RpPoolFunc func, gpointer data)
{
  pool->func = func;
  pool->data = data;
  if (pool->n_threads > 1)
    signal_change (&pool->job);
  func (data, 0);
  /* The others' last look at the job is before this barrier, so the next one may overwrite it. */
  rp_pool_barrier (pool, NULL, NULL);
}

RpPool *
rp_pool_new (guint n_threads, GError **error)
{
  g_return_val_if_fail (n_threads > 0, NULL);
  if (n_threads > MAX_THREADS)
    {
      g_set_error (error, RP_ERROR, RP_ERROR_ARGUMENT, "%u threads are more than %u", n_threads, MAX_THREADS);
      return NULL;
    }

  RpPool *pool = g_new0 (RpPool, 1);
  pool->n_threads = n_threads;
  pool->threads = g_new0 (GThread *, n_threads);
  atomic_init (&pool->n_arrived, 0);
  signal_init (&pool->job);
  signal_init (&pool->phase);
  for (guint i = 1; i < n_threads; i++)
    {
      Worker *worker = g_new (Worker, 1);
      worker->pool = pool;
      worker->thread = i;
      pool->threads[i - 1] = g_thread_try_new ("riposte-cpu", worker_main, worker, NULL);
      if (!pool->threads[i - 1])
        {
          g_free (worker);
          g_set_error (error, RP_ERROR, RP_ERROR_MEMORY, "The system does not start %u threads for the CPU", n_threads);
          rp_pool_free (pool);
          return NULL;
        }
    }
  return pool;
}

void
rp_pool_free (RpPool *pool)
{
  if (!pool)
    return;
  pool->end = TRUE;
  signal_change (&pool->job);
  for (guint i = 0; i + 1 < pool->n_threads && pool->threads[i]; i++)
    g_thread_join (pool->threads[i]);
  signal_clear (&pool->job);
  signal_clear (&pool->phase);
  g_free (pool->threads);
  g_free (pool);
}

guint
rp_pool_get_n_threads (const RpPool *pool)
{
  return pool->n_threads;
}

/* The first hyperthread of @cpu's core, or @cpu itself where the system does not say. */
static guint
first_sibling (guint cpu)
{
  char path[96];
  guint first = cpu;

  g_snprintf (path, sizeof path, "/sys/devices/system/cpu/cpu%u/topology/thread_siblings_list", cpu);
  FILE *file = fopen (path, "re");
  if (!file)
    return cpu;
  if (fscanf (file, "%u", &first) != 1)
    first = cpu;
  fclose (file);
  return first;
}

/* Cores' worth of time that the cgroup may take, rounded up; 0: no limit. */
static guint
cgroup_quota (void)
{
  unsigned long long quota = 0, period = 0;
  FILE *file = fopen ("/sys/fs/cgroup/cpu.max", "re");

  if (!file)
    return 0;
  int n = fscanf (file, "%llu %llu", &quota, &period);
  fclose (file);
  return n == 2 && period > 0 && quota > 0 ? (guint)MIN ((quota + period - 1) / period, 1024) : 0;
}

guint
rp_pool_default_n_threads (void)
{
  guint n = 0;
  cpu_set_t set;

  if (sched_getaffinity (0, sizeof set, &set) == 0)
    {
      cpu_set_t cores;
      CPU_ZERO (&cores);
      for (guint cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET (cpu, &set))
          CPU_SET (MIN (first_sibling (cpu), CPU_SETSIZE - 1), &cores);
      n = (guint)CPU_COUNT (&cores);
    }
  else
    n = g_get_num_processors ();

  guint quota = cgroup_quota ();
  if (quota > 0)
    n = MIN (n, quota);
  return MAX (n, 1);
}
