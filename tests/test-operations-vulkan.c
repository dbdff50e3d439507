/* Every Vulkan device against the scalar reference. Skipped where there is none. With --bench [NAME] the first one is
 * timed instead. */
#include "operations.h"

#include <string.h>

typedef struct
{
  OperationTarget target;
  guint index;
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
  return rp_vulkan_backend_new (vulkan, ((const VulkanTarget *)data)->index, error);
}

static VulkanTarget *
vulkan_target (guint index)
{
  VulkanTarget *t = g_new0 (VulkanTarget, 1);
  const RpDeviceInfo *info = rp_vulkan_get_device (vulkan, index);
  const OperationBounds bounds = BOUNDS;

  g_test_message ("%s: %s, %s", info->id, info->name, info->detail);
  t->index = index;
  t->target = (OperationTarget){
    .name = g_strdelimit (g_strdup (info->id), ":", '-'),
    .bounds = bounds,
    .open = open_vulkan,
    .data = t,
    .rounds = 6,
  };
  return t;
}

int
main (int argc, char **argv)
{
  gboolean bench = argc > 1 && strcmp (argv[1], "--bench") == 0;
  const char *wanted = bench && argc > 2 ? argv[2] : NULL;
  g_autoptr (GError) error = NULL;
  int none = 1, status = 0;

  g_test_init (bench ? &none : &argc, &argv, NULL);
  vulkan = rp_vulkan_new (&error);
  if (!vulkan)
    {
      g_print ("1..0 # SKIP %s\n", error->message);
      return 0;
    }
  if (bench)
    operations_bench (&vulkan_target (0)->target, wanted);
  else
    {
      for (guint i = 0; i < rp_vulkan_get_n_devices (vulkan); i++)
        operations_add_tests (&vulkan_target (i)->target);
      status = g_test_run ();
    }
  rp_vulkan_free (vulkan);
  return status;
}
