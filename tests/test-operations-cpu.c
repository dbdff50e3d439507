/* The CPU back end against the scalar reference: every instruction set that this processor has, several numbers of
 * threads. With --bench [NAME] it times the best one instead. */
#include "cpu/cpu.h"
#include "operations.h"

#include <string.h>

/* Blocks of 32 activations become 8-bit integers where weights are quantized: an error of some 1e-5. */
#define BOUNDS                                                                                                         \
  {                                                                                                                    \
    .matmul = 5e-4, .matmul_float = 1e-10, .attention = 1e-9, .other = 1e-6                                            \
  }

typedef struct
{
  OperationTarget target;
  const RpKernels *kernels;
  guint n_threads;
} CpuTarget;

static RpBackend *
open_cpu (gconstpointer data, GError **error)
{
  const CpuTarget *cpu = data;

  return rp_cpu_backend_new_with (cpu->kernels, cpu->n_threads, error);
}

static CpuTarget *
cpu_target (const RpKernels *kernels, guint n_threads, guint rounds)
{
  static GSList *all; /* the tests hold them no longer than they run, and a leak checker comes after that */
  CpuTarget *cpu = g_new0 (CpuTarget, 1);
  const OperationBounds bounds = BOUNDS;
  g_autofree char *name = g_strdelimit (g_strdup (kernels->name), ", ", '-');
  all = g_slist_prepend (all, cpu);
  cpu->kernels = kernels;
  cpu->n_threads = n_threads;
  cpu->target = (OperationTarget){
    .name = g_strdup_printf ("%s/%u-threads", name, n_threads),
    .bounds = bounds,
    .open = open_cpu,
    .data = cpu,
    .rounds = rounds,
  };
  return cpu;
}

int
main (int argc, char **argv)
{
  gboolean bench = argc > 1 && strcmp (argv[1], "--bench") == 0;
  const char *wanted = bench && argc > 2 ? argv[2] : NULL;
  int none = 1;

  g_test_init (bench ? &none : &argc, &argv, NULL);
  if (bench)
    {
      operations_bench (&cpu_target (rp_kernels_best (), 0, 0)->target, wanted);
      return 0;
    }
  for (const RpKernels *const *kernels = rp_kernels_all (); *kernels; kernels++)
    for (guint n = 1; n <= 3; n++)
      operations_add_tests (&cpu_target (*kernels, n, n == 2 ? 12 : 5)->target);
  return g_test_run ();
}
