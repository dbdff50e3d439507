/* The devices of this machine, and which of them a name means. */
#include "model.h"

#include <string.h>
#include <unistd.h>

struct _RpEngine
{
  RpVulkan *vulkan;
  char *vulkan_problem;
  GPtrArray *devices; /* const RpDeviceInfo *, the CPU last */
  RpDeviceInfo cpu;
  char *cpu_name, *cpu_detail;
};

/* "AMD EPYC", as the kernel names it. */
static char *
read_cpu_name (void)
{
  g_autofree char *text = NULL;
  const char *line;

  if (g_file_get_contents ("/proc/cpuinfo", &text, NULL, NULL) && (line = strstr (text, "model name")))
    {
      const char *colon = strchr (line, ':');
      const char *end = strchr (line, '\n');
      if (colon && end && colon < end)
        return g_strstrip (g_strndup (colon + 1, end - colon - 1));
    }
  return g_strdup ("CPU");
}

RpEngine *
rp_engine_new (void)
{
  RpEngine *self = g_new0 (RpEngine, 1);
  g_autoptr (GError) error = NULL;

  self->devices = g_ptr_array_new ();
  self->vulkan = rp_vulkan_new (&error);
  if (self->vulkan)
    for (guint i = 0; i < rp_vulkan_get_n_devices (self->vulkan); i++)
      g_ptr_array_add (self->devices, (gpointer)rp_vulkan_get_device (self->vulkan, i));
  else
    self->vulkan_problem = g_strdup (error->message);
  self->cpu_name = read_cpu_name ();
  self->cpu_detail = rp_cpu_describe ();
  self->cpu = (RpDeviceInfo){
    .id = "cpu",
    .name = self->cpu_name,
    .detail = self->cpu_detail,
    .kind = RP_DEVICE_CPU,
    .memory_bytes = (guint64)sysconf (_SC_PHYS_PAGES) * sysconf (_SC_PAGESIZE),
  };
  g_ptr_array_add (self->devices, &self->cpu);
  return self;
}

void
rp_engine_free (RpEngine *self)
{
  if (!self)
    return;
  g_ptr_array_unref (self->devices);
  g_clear_pointer (&self->vulkan, rp_vulkan_free);
  g_free (self->vulkan_problem);
  g_free (self->cpu_name);
  g_free (self->cpu_detail);
  g_free (self);
}

guint
rp_engine_get_n_devices (RpEngine *self)
{
  return self->devices->len;
}

const RpDeviceInfo *
rp_engine_get_device (RpEngine *self, guint index)
{
  g_return_val_if_fail (index < self->devices->len, NULL);
  return self->devices->pdata[index];
}

const char *
rp_engine_get_vulkan_problem (RpEngine *self)
{
  return self->vulkan_problem;
}

static const RpDeviceInfo *
find_kind (RpEngine *self, RpDeviceKind kind)
{
  for (guint i = 0; i < self->devices->len; i++)
    if (((const RpDeviceInfo *)self->devices->pdata[i])->kind == kind)
      return self->devices->pdata[i];
  return NULL;
}

const RpDeviceInfo *
rp_engine_find_device (RpEngine *self, const char *name, GError **error)
{
  const RpDeviceInfo *gpu = find_kind (self, RP_DEVICE_GPU);

  if (!name || strcmp (name, "auto") == 0)
    return gpu ? gpu : &self->cpu;
  if (strcmp (name, "vulkan") == 0)
    {
      const RpDeviceInfo *device = gpu ? gpu : find_kind (self, RP_DEVICE_SOFTWARE_VULKAN);
      if (device)
        return device;
    }
  for (guint i = 0; i < self->devices->len; i++)
    if (strcmp (((const RpDeviceInfo *)self->devices->pdata[i])->id, name) == 0)
      return self->devices->pdata[i];
  if (!g_str_has_prefix (name, "vulkan"))
    g_set_error (error, RP_ERROR, RP_ERROR_DEVICE,
                 "There is no device “%.64s”; known are auto, cpu, vulkan and vulkan:N", name);
  else if (self->vulkan_problem)
    g_set_error (error, RP_ERROR, RP_ERROR_DEVICE, "Vulkan cannot be used: %s", self->vulkan_problem);
  else
    g_set_error (error, RP_ERROR, RP_ERROR_DEVICE, "There is no device “%.64s”; this machine has vulkan:0 … vulkan:%u",
                 name, self->devices->len - 2);
  return NULL;
}

/* What programs can still take, as the kernel estimates it. */
static guint64
available_memory (void)
{
  g_autofree char *text = NULL;
  const char *line;

  if (!g_file_get_contents ("/proc/meminfo", &text, NULL, NULL) || !(line = strstr (text, "MemAvailable:")))
    return 0;
  return g_ascii_strtoull (line + strlen ("MemAvailable:"), NULL, 10) * 1024;
}

guint64
rp_engine_get_free_memory (RpEngine *self, const RpDeviceInfo *device)
{
  guint64 host = available_memory ();

  if (device == &self->cpu)
    return host;
  for (guint i = 0; i < rp_vulkan_get_n_devices (self->vulkan); i++)
    if (rp_vulkan_get_device (self->vulkan, i) == device)
      {
        guint64 left = rp_vulkan_get_free_memory (self->vulkan, i);
        return device->kind == RP_DEVICE_SOFTWARE_VULKAN ? MIN (left, host) : left;
      }
  return 0;
}

RpBackend *
rp_engine_create_backend (RpEngine *self, const RpDeviceInfo *device, guint n_threads, GError **error)
{
  if (device == &self->cpu)
    return rp_cpu_backend_new (n_threads, error);
  for (guint i = 0; i < rp_vulkan_get_n_devices (self->vulkan); i++)
    if (rp_vulkan_get_device (self->vulkan, i) == device)
      return rp_vulkan_backend_new (self->vulkan, i, error);
  g_assert_not_reached ();
}
