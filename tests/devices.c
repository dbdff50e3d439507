#include "devices.h"

#include <string.h>

int
devices_run (int argc, char **argv, void (*add) (const char *device))
{
  const char *wanted = argc > 1 ? argv[1] : NULL;
  RpEngine *engine = rp_engine_new ();
  guint n = 0;
  int status;

  for (guint i = 0; i < rp_engine_get_n_devices (engine); i++)
    {
      const RpDeviceInfo *device = rp_engine_get_device (engine, i);

      if (wanted && !g_str_has_prefix (device->id, wanted))
        continue;
      g_test_message ("%s: %s, %s", device->id, device->name, device->detail);
      add (device->id);
      n++;
    }
  if (n == 0)
    {
      const char *problem = rp_engine_get_vulkan_problem (engine);
      g_print ("1..0 # SKIP %s\n", problem ? problem : "there is no such device");
      rp_engine_free (engine);
      return 0;
    }
  status = g_test_run ();
  rp_engine_free (engine);
  return status;
}
