/* Every Vulkan device against the scalar reference; with --as-gpu, the software ones with what a GPU would run. Skipped where there is none. With --bench [NAME] the first one is
 * timed instead. */
#include "operations.h"
#include "vulkan/vulkan-private.h"

#include <string.h>

typedef struct
{
  OperationTarget target;
  guint index;
  gboolean as_gpu;
} VulkanTarget;

static RpVulkan *vulkan;

/* Activations stay F32 on this back end, sums are F32. */
#define BOUNDS                                                                                                         \
  {                                                                                                                    \
    .matmul = 1e-6, .matmul_float = 1e-8, .attention = 1e-6, .other = 1e-6                                             \
  }

static RpBackend *
open_vulkan (gconstpointer data, GError **error)
{
  const VulkanTarget *target = data;
  RpBackend *backend = rp_vulkan_backend_new (vulkan, target->index, error);

  if (backend)
    ((RpVkBackend *)backend)->as_gpu = target->as_gpu;
  return backend;
}

static VulkanTarget *
vulkan_target (guint index, gboolean as_gpu)
{
  VulkanTarget *t = g_new0 (VulkanTarget, 1);
  const RpDeviceInfo *info = rp_vulkan_get_device (vulkan, index);
  const OperationBounds bounds = BOUNDS;

  g_test_message ("%s: %s, %s", info->id, info->name, info->detail);
  t->index = index;
  t->as_gpu = as_gpu;
  t->target = (OperationTarget){
    .name = g_strdelimit (g_strconcat (info->id, as_gpu ? ":as-gpu" : NULL, NULL), ":", '-'),
    .bounds = bounds,
    .open = open_vulkan,
    .data = t,
    .rounds = as_gpu ? 2 : 3,
  };
  return t;
}

int
main (int argc, char **argv)
{
  gboolean bench = argc > 1 && strcmp (argv[1], "--bench") == 0;
  const char *wanted = bench && argc > 2 ? argv[2] : NULL;
  g_autoptr (GError) error = NULL;
  gboolean as_gpu = argc > 1 && strcmp (argv[1], "--as-gpu") == 0;
  int none = 1, status = 0;

  g_test_init (bench ? &none : &argc, &argv, NULL);
  vulkan = rp_vulkan_new (&error);
  if (!vulkan)
    {
      g_print ("1..0 # SKIP %s\n", error->message);
      return 0;
    }
  if (bench)
    operations_bench (&vulkan_target (0, FALSE)->target, wanted);
  else
    {
      for (guint i = 0; i < rp_vulkan_get_n_devices (vulkan); i++)
        if (!as_gpu || rp_vulkan_get_device (vulkan, i)->kind == RP_DEVICE_SOFTWARE_VULKAN)
          operations_add_tests (&vulkan_target (i, as_gpu)->target);
      status = g_test_run ();
    }
  rp_vulkan_free (vulkan);
  return status;
}
