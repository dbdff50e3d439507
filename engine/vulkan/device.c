#include "../backend.h"

RpVulkan *
rp_vulkan_new (GError **error)
{
  g_set_error_literal (error, RP_ERROR, RP_ERROR_DEVICE, "this build has no Vulkan back end yet");
  return NULL;
}

void
rp_vulkan_free (RpVulkan *vulkan)
{
}

guint
rp_vulkan_get_n_devices (RpVulkan *vulkan)
{
  return 0;
}

const RpDeviceInfo *
rp_vulkan_get_device (RpVulkan *vulkan, guint index)
{
  return NULL;
}

RpBackend *
rp_vulkan_backend_new (RpVulkan *vulkan, guint index, GError **error)
{
  return NULL;
}
