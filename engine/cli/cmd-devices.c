#include "cli.h"

#include <stdio.h>
#include <string.h>

static const char *
kind_name (RpDeviceKind kind)
{
  switch (kind)
    {
    case RP_DEVICE_CPU:
      return "cpu";
    case RP_DEVICE_GPU:
      return "gpu";
    case RP_DEVICE_SOFTWARE_VULKAN:
    default:
      return "software";
    }
}

static void
print_json (RpEngine *engine, const RpDeviceInfo *chosen)
{
  g_autoptr (GString) json = g_string_new ("[");

  for (guint i = 0; i < rp_engine_get_n_devices (engine); i++)
    {
      const RpDeviceInfo *device = rp_engine_get_device (engine, i);

      g_string_append (json, i ? ", {\"id\": " : "{\"id\": ");
      cli_json_string (json, device->id, strlen (device->id));
      g_string_append (json, ", \"name\": ");
      cli_json_string (json, device->name, strlen (device->name));
      g_string_append (json, ", \"detail\": ");
      cli_json_string (json, device->detail, strlen (device->detail));
      g_string_append_printf (json, ", \"kind\": \"%s\", \"memory_bytes\": %" G_GUINT64_FORMAT ", \"auto\": %s}",
                              kind_name (device->kind), device->memory_bytes, device == chosen ? "true" : "false");
    }
  printf ("%s]\n", json->str);
}

int
rp_cmd_devices (int argc, char **argv)
{
  gboolean json = FALSE;
  const GOptionEntry entries[] = { { "json", 0, 0, G_OPTION_ARG_NONE, &json, "Print JSON", NULL }, { NULL } };
  g_autoptr (RpEngine) engine = NULL;
  g_autoptr (GError) error = NULL;
  const RpDeviceInfo *chosen;
  int status
    = cli_parse (&argc, &argv, "", "Lists the devices; the one that “auto” picks is marked.", entries, NULL, 0, 0);

  if (status)
    return status;
  engine = rp_engine_new ();
  chosen = rp_engine_find_device (engine, "auto", NULL);
  if (json)
    print_json (engine, chosen);
  else
    for (guint i = 0; i < rp_engine_get_n_devices (engine); i++)
      {
        const RpDeviceInfo *device = rp_engine_get_device (engine, i);
        printf ("%c %-10s %-9s %6.1f GiB  %s (%s)\n", device == chosen ? '*' : ' ', device->id,
                kind_name (device->kind), device->memory_bytes / 1073741824.0, device->name, device->detail);
      }
  if (rp_engine_get_vulkan_problem (engine))
    fprintf (stderr, "Vulkan: %s\n", rp_engine_get_vulkan_problem (engine));
  return cli_flush_output (&error) ? 0 : cli_fail (error);
}
