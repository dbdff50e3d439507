/* A logical device, its queue, and the table of the back end. */
#include "vulkan-private.h"

#include <string.h>

gboolean
rp_vk_check (RpVkBackend *self, VkResult result, const char *what, GError **error)
{
  if (result >= 0)
    return TRUE;
  if (result == VK_ERROR_OUT_OF_DEVICE_MEMORY || result == VK_ERROR_OUT_OF_HOST_MEMORY)
    g_set_error (error, RP_ERROR, RP_ERROR_MEMORY, "%s has not enough memory (%s)", self->adapter->name, what);
  else
    {
      self->lost = TRUE;
      g_set_error (error, RP_ERROR, RP_ERROR_DEVICE,
                   result == VK_ERROR_DEVICE_LOST ? "%s was lost (%s)" : "%s failed (%s: error %d)",
                   self->adapter->name, what, result);
    }
  return FALSE;
}

gboolean
rp_vk_is_software (const RpVkBackend *self)
{
  return self->adapter->info.kind == RP_DEVICE_SOFTWARE_VULKAN && !self->as_gpu;
}

static gboolean
create_device (RpVkBackend *self, GError **error)
{
  const RpVkAdapter *adapter = self->adapter;
  const float priority = 1;
  const VkDeviceQueueCreateInfo queue = {
    .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
    .queueFamilyIndex = adapter->queue_family,
    .queueCount = 1,
    .pQueuePriorities = &priority,
  };
  VkPhysicalDeviceSubgroupSizeControlFeatures sizes = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES,
    .subgroupSizeControl = VK_TRUE,
    .computeFullSubgroups = VK_TRUE,
  };
  VkPhysicalDeviceVulkan12Features features12 = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
    .pNext = adapter->has_subgroup_size ? &sizes : NULL,
    .storageBuffer8BitAccess = VK_TRUE,
    .bufferDeviceAddress = VK_TRUE,
  };
  VkPhysicalDeviceVulkan11Features features11 = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES,
    .pNext = &features12,
    .storageBuffer16BitAccess = VK_TRUE,
  };
  const VkPhysicalDeviceFeatures2 features = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
    .pNext = &features11,
    .features.shaderInt64 = VK_TRUE,
  };
  const char *extensions[2];
  VkDeviceCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
    .pNext = &features,
    .queueCreateInfoCount = 1,
    .pQueueCreateInfos = &queue,
    .ppEnabledExtensionNames = extensions,
  };

  if (adapter->has_subgroup_size)
    extensions[info.enabledExtensionCount++] = VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME;
  if (adapter->has_memory_budget)
    extensions[info.enabledExtensionCount++] = VK_EXT_MEMORY_BUDGET_EXTENSION_NAME;
  if (!rp_vk_check (self, self->vulkan->vk.CreateDevice (adapter->physical, &info, NULL, &self->device), "opening it",
                    error))
    {
      self->device = VK_NULL_HANDLE;
      return FALSE;
    }
#define LOAD(name) self->vk.name = (PFN_vk##name)self->vulkan->vk.GetDeviceProcAddr (self->device, "vk" #name);
  RP_VK_DEVICE_FUNCTIONS (LOAD)
#undef LOAD
  self->vk.GetDeviceQueue (self->device, adapter->queue_family, 0, &self->queue);
  return TRUE;
}

static void
vk_free (RpBackend *backend)
{
  RpVkBackend *self = (RpVkBackend *)backend;

  if (self->device)
    {
      self->vk.DeviceWaitIdle (self->device);
      rp_vk_pipelines_save (self);
      rp_vk_pipelines_clear (self);
      rp_vk_commands_clear (self);
      rp_vk_memory_clear (self);
      self->vk.DestroyDevice (self->device, NULL);
    }
  g_array_unref (self->dispatches);
  g_free (self);
}

RpBackend *
rp_vulkan_backend_new (RpVulkan *vulkan, guint index, GError **error)
{
  static const RpBackendClass klass = {
    .free = vk_free,
    .buffer_new = rp_vk_buffer_new,
    .buffer_new_weights = rp_vk_buffer_new_weights,
    .buffer_free = rp_vk_buffer_free,
    .upload = rp_vk_upload,
    .download = rp_vk_download,
    .prepare = rp_vk_prepare,
    .run = rp_vk_run,
  };
  g_autoptr (RpBackend) backend = NULL;
  RpVkBackend *self = g_new0 (RpVkBackend, 1);

  backend = &self->parent;
  self->parent.klass = &klass;
  self->vulkan = vulkan;
  self->adapter = vulkan->adapters->pdata[index];
  self->dispatches = g_array_new (FALSE, FALSE, sizeof (RpVkDispatch));
  rp_vk_memory_init (self);
  if (!create_device (self, error) || !rp_vk_commands_init (self, error) || !rp_vk_pipelines_init (self, error))
    return NULL;
  self->rope = rp_vk_buffer_new (backend, 64 << 10, RP_BUFFER_DEVICE, error);
  return self->rope ? g_steal_pointer (&backend) : NULL;
}
