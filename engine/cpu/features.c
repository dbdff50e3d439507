/* Which instruction sets this processor has, and so which kernels run. */
#include "kernels.h"

#if defined(__x86_64__)

static gboolean
has_avx2 (void)
{
  return __builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("fma") && __builtin_cpu_supports ("f16c");
}

static gboolean
has_avx512 (void)
{
  return __builtin_cpu_supports ("avx512f") && __builtin_cpu_supports ("avx512bw")
         && __builtin_cpu_supports ("avx512vl") && __builtin_cpu_supports ("avx512dq")
         && __builtin_cpu_supports ("avx512vnni");
}

const RpKernels *const *
rp_kernels_all (void)
{
  static const RpKernels *const all[] = { &rp_kernels_avx512, &rp_kernels_avx2, &rp_kernels_portable, NULL };

  __builtin_cpu_init ();
  if (!has_avx2 ())
    return all + 2;
  return has_avx512 () ? all : all + 1;
}

#else

const RpKernels *const *
rp_kernels_all (void)
{
  static const RpKernels *const all[] = { &rp_kernels_portable, NULL };

  return all;
}

#endif

const RpKernels *
rp_kernels_best (void)
{
  return rp_kernels_all ()[0];
}
