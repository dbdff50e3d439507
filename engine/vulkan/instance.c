/* The loader, the instance, and the devices that will do. */
#include "vulkan-private.h"

#include <dlfcn.h>
#include <string.h>

#define API_VERSION VK_API_VERSION_1_2

static void
adapter_free (gpointer data)
{
  RpVkAdapter *adapter = data;

  g_free (adapter->id);
  g_free (adapter->name);
  g_free (adapter->detail);
  g_free (adapter);
}

/* ---- devices ---- */

typedef struct
{
  VkPhysicalDeviceFeatures2 features;
  VkPhysicalDeviceVulkan11Features features11;
  VkPhysicalDeviceVulkan12Features features12;
  VkPhysicalDeviceSubgroupSizeControlFeatures size_control;
  VkPhysicalDeviceProperties2 properties;
  VkPhysicalDeviceVulkan11Properties properties11;
  VkPhysicalDeviceVulkan12Properties properties12;
  VkPhysicalDeviceSubgroupSizeControlProperties sizes;
  gboolean has_size_control, has_budget;
} Facts;

static gboolean
has_extension (const VkExtensionProperties *extensions, guint32 n, const char *name)
{
  for (guint32 i = 0; i < n; i++)
    if (strcmp (extensions[i].extensionName, name) == 0)
      return TRUE;
  return FALSE;
}

static void
ask (const RpVulkan *vulkan, VkPhysicalDevice physical, Facts *facts)
{
  g_autofree VkExtensionProperties *extensions = NULL;
  guint32 n = 0;

  vulkan->vk.EnumerateDeviceExtensionProperties (physical, NULL, &n, NULL);
  extensions = g_new0 (VkExtensionProperties, n);
  vulkan->vk.EnumerateDeviceExtensionProperties (physical, NULL, &n, extensions);
  *facts = (Facts){
    .has_size_control = has_extension (extensions, n, VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME),
    .has_budget = has_extension (extensions, n, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME),
    .features.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
    .features11.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES,
    .features12.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
    .size_control.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES,
    .properties.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
    .properties11.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES,
    .properties12.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_PROPERTIES,
    .sizes.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES,
  };
  facts->features.pNext = &facts->features11;
  facts->features11.pNext = &facts->features12;
  facts->features12.pNext = facts->has_size_control ? &facts->size_control : NULL;
  facts->properties.pNext = &facts->properties11;
  facts->properties11.pNext = &facts->properties12;
  facts->properties12.pNext = facts->has_size_control ? &facts->sizes : NULL;
  vulkan->vk.GetPhysicalDeviceFeatures2 (physical, &facts->features);
  vulkan->vk.GetPhysicalDeviceProperties2 (physical, &facts->properties);
}

/* What the device lacks, or NULL. */
static const char *
find_lack (const Facts *facts)
{
  const VkSubgroupFeatureFlags subgroup
    = VK_SUBGROUP_FEATURE_BASIC_BIT | VK_SUBGROUP_FEATURE_ARITHMETIC_BIT | VK_SUBGROUP_FEATURE_BALLOT_BIT;
  const VkPhysicalDeviceVulkan11Properties *p = &facts->properties11;
  const struct
  {
    VkBool32 has;
    const char *name;
  } needs[] = {
    { facts->features12.bufferDeviceAddress, "buffer device addresses" },
    { facts->features.features.shaderInt64, "64-bit integers in shaders" },
    { facts->features11.storageBuffer16BitAccess, "16-bit storage" },
    { facts->features12.storageBuffer8BitAccess, "8-bit storage" },
    { (p->subgroupSupportedOperations & subgroup) == subgroup, "subgroup arithmetic and broadcasts" },
    { (p->subgroupSupportedStages & VK_SHADER_STAGE_COMPUTE_BIT) != 0, "subgroups in compute shaders" },
    { p->subgroupSize >= 4 && p->subgroupSize <= 128, "subgroups of 4 to 128" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (needs); i++)
    if (!needs[i].has)
      return needs[i].name;
  return NULL;
}

/* A family that only computes leaves the one that draws the desktop alone. */
static gboolean
find_queue_family (const RpVulkan *vulkan, VkPhysicalDevice physical, guint *found)
{
  g_autofree VkQueueFamilyProperties *families = NULL;
  guint32 n = 0;
  gboolean any = FALSE;

  vulkan->vk.GetPhysicalDeviceQueueFamilyProperties (physical, &n, NULL);
  families = g_new0 (VkQueueFamilyProperties, n);
  vulkan->vk.GetPhysicalDeviceQueueFamilyProperties (physical, &n, families);
  for (guint32 i = 0; i < n; i++)
    {
      gboolean draws = (families[i].queueFlags & VK_QUEUE_GRAPHICS_BIT) != 0;

      if (!(families[i].queueFlags & VK_QUEUE_COMPUTE_BIT) || families[i].queueCount == 0 || (any && draws))
        continue;
      *found = i;
      any = TRUE;
      if (!draws)
        break;
    }
  return any;
}

/* The largest heap of the device's own; memoryHeapCount where there is none. */
static guint32
own_heap (const VkPhysicalDeviceMemoryProperties *memory)
{
  guint32 best = memory->memoryHeapCount;

  for (guint32 i = 0; i < memory->memoryHeapCount; i++)
    if ((memory->memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT)
        && (best == memory->memoryHeapCount || memory->memoryHeaps[i].size > memory->memoryHeaps[best].size))
      best = i;
  return best;
}

static guint64
own_memory (const VkPhysicalDeviceMemoryProperties *memory)
{
  guint32 heap = own_heap (memory);

  return heap < memory->memoryHeapCount ? memory->memoryHeaps[heap].size : 0;
}

static RpVkAdapter *
adapter_new (const RpVulkan *vulkan, VkPhysicalDevice physical, const Facts *facts, guint queue_family)
{
  const VkPhysicalDeviceProperties *properties = &facts->properties.properties;
  VkPhysicalDeviceMemoryProperties2 memory = { VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2 };
  RpVkAdapter *adapter = g_new0 (RpVkAdapter, 1);
  gboolean sizes = facts->has_size_control && facts->size_control.subgroupSizeControl
                   && facts->size_control.computeFullSubgroups
                   && (facts->sizes.requiredSubgroupSizeStages & VK_SHADER_STAGE_COMPUTE_BIT);

  vulkan->vk.GetPhysicalDeviceMemoryProperties2 (physical, &memory);
  adapter->physical = physical;
  adapter->limits = properties->limits;
  adapter->memory = memory.memoryProperties;
  memcpy (adapter->cache_uuid, properties->pipelineCacheUUID, VK_UUID_SIZE);
  adapter->vendor = properties->vendorID;
  adapter->device = properties->deviceID;
  adapter->driver_version = properties->driverVersion;
  adapter->queue_family = queue_family;
  adapter->subgroup_size = facts->properties11.subgroupSize;
  if (sizes)
    adapter->subgroup_size = CLAMP (adapter->subgroup_size, facts->sizes.minSubgroupSize, facts->sizes.maxSubgroupSize);
  adapter->has_subgroup_size = sizes;
  adapter->has_memory_budget = facts->has_budget;
  adapter->max_allocation = facts->properties11.maxMemoryAllocationSize;
  adapter->id = g_strdup_printf ("vulkan:%u", vulkan->adapters->len);
  adapter->name = g_utf8_make_valid (properties->deviceName, -1);
  adapter->detail
    = g_strdup_printf ("%s %s, Vulkan %u.%u", facts->properties12.driverName, facts->properties12.driverInfo,
                       VK_API_VERSION_MAJOR (properties->apiVersion), VK_API_VERSION_MINOR (properties->apiVersion));
  adapter->info = (RpDeviceInfo){
    .id = adapter->id,
    .name = adapter->name,
    .detail = adapter->detail,
    .kind = properties->deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU ? RP_DEVICE_SOFTWARE_VULKAN : RP_DEVICE_GPU,
    .memory_bytes = own_memory (&adapter->memory),
  };
  return adapter;
}

/* Why not, appended to @problems; or the device, to the list. */
static void
consider (RpVulkan *vulkan, VkPhysicalDevice physical, GString *problems)
{
  VkPhysicalDeviceProperties2 properties = { VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2 };
  Facts facts;
  const char *lack;
  guint queue_family = 0;

  vulkan->vk.GetPhysicalDeviceProperties2 (physical, &properties);
  if (properties.properties.apiVersion < API_VERSION)
    lack = "Vulkan 1.2";
  else
    {
      ask (vulkan, physical, &facts);
      lack = find_lack (&facts);
      if (!lack && !find_queue_family (vulkan, physical, &queue_family))
        lack = "a queue for compute shaders";
    }
  if (lack)
    {
      g_autofree char *name = g_utf8_make_valid (properties.properties.deviceName, -1);
      g_string_append_printf (problems, "%s%s lacks %s", problems->len ? "; " : "", name, lack);
      return;
    }
  g_ptr_array_add (vulkan->adapters, adapter_new (vulkan, physical, &facts, queue_family));
}

static gboolean
find_adapters (RpVulkan *vulkan, GError **error)
{
  g_autoptr (GString) problems = g_string_new (NULL);
  g_autofree VkPhysicalDevice *physical = NULL;
  guint32 n = 0;

  if (vulkan->vk.EnumeratePhysicalDevices (vulkan->instance, &n, NULL) < 0)
    n = 0;
  physical = g_new0 (VkPhysicalDevice, n);
  if (n && vulkan->vk.EnumeratePhysicalDevices (vulkan->instance, &n, physical) < 0)
    n = 0;
  for (guint32 i = 0; i < n; i++)
    consider (vulkan, physical[i], problems);
  if (vulkan->adapters->len)
    return TRUE;
  if (problems->len)
    g_set_error (error, RP_ERROR, RP_ERROR_DEVICE, "No Vulkan device can be used: %s", problems->str);
  else
    g_set_error_literal (error, RP_ERROR, RP_ERROR_DEVICE, "No Vulkan device was found: a driver may be missing");
  return FALSE;
}

/* ---- the instance ---- */

static VkBool32 VKAPI_PTR
on_message (VkDebugUtilsMessageSeverityFlagBitsEXT severity,
            VkDebugUtilsMessageTypeFlagsEXT types,
            const VkDebugUtilsMessengerCallbackDataEXT *data,
            void *user_data)
{
  RpVulkan *vulkan = user_data;

  vulkan->message (data->pMessage, vulkan->message_data);
  return VK_FALSE;
}

static const VkDebugUtilsMessengerCreateInfoEXT messenger_template = {
  .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
  .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
  .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_TYPE_PERFORMANCE_BIT_EXT,
  .pfnUserCallback = on_message,
};

static void
create_messenger (RpVulkan *vulkan, PFN_vkGetInstanceProcAddr get)
{
  PFN_vkCreateDebugUtilsMessengerEXT create
    = (PFN_vkCreateDebugUtilsMessengerEXT)get (vulkan->instance, "vkCreateDebugUtilsMessengerEXT");
  VkDebugUtilsMessengerCreateInfoEXT info = messenger_template;

  info.pUserData = vulkan;
  vulkan->destroy_messenger
    = (PFN_vkDestroyDebugUtilsMessengerEXT)get (vulkan->instance, "vkDestroyDebugUtilsMessengerEXT");
  if (create)
    create (vulkan->instance, &info, NULL, &vulkan->messenger);
}

static gboolean
create_instance (RpVulkan *vulkan, PFN_vkGetInstanceProcAddr get, GError **error)
{
  static const char *const layers[] = { "VK_LAYER_KHRONOS_validation" };
  static const char *const extensions[] = { VK_EXT_DEBUG_UTILS_EXTENSION_NAME };
  static const VkValidationFeatureEnableEXT checks[] = { VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT };
  PFN_vkCreateInstance create = (PFN_vkCreateInstance)get (NULL, "vkCreateInstance");
  VkApplicationInfo application = {
    .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
    .pApplicationName = "Riposte",
    .apiVersion = API_VERSION,
  };
  VkValidationFeaturesEXT validation = {
    .sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT,
    .enabledValidationFeatureCount = G_N_ELEMENTS (checks),
    .pEnabledValidationFeatures = checks,
  };
  VkInstanceCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
    .pNext = vulkan->message ? &validation : NULL,
    .pApplicationInfo = &application,
    .enabledLayerCount = vulkan->message ? G_N_ELEMENTS (layers) : 0,
    .ppEnabledLayerNames = layers,
    .enabledExtensionCount = vulkan->message ? G_N_ELEMENTS (extensions) : 0,
    .ppEnabledExtensionNames = extensions,
  };
  VkResult result = create ? create (&info, NULL, &vulkan->instance) : VK_ERROR_INITIALIZATION_FAILED;

  if (result == VK_SUCCESS)
    return TRUE;
  vulkan->instance = VK_NULL_HANDLE;
  if (result == VK_ERROR_LAYER_NOT_PRESENT || result == VK_ERROR_EXTENSION_NOT_PRESENT)
    g_set_error_literal (error, RP_ERROR, RP_ERROR_UNSUPPORTED, "The Vulkan validation layer is not installed");
  else if (result == VK_ERROR_INCOMPATIBLE_DRIVER)
    g_set_error_literal (error, RP_ERROR, RP_ERROR_DEVICE, "No Vulkan driver was found");
  else
    g_set_error (error, RP_ERROR, RP_ERROR_DEVICE, "Vulkan does not start (error %d)", result);
  return FALSE;
}

static gboolean
start (RpVulkan *vulkan, GError **error)
{
  PFN_vkGetInstanceProcAddr get;

  vulkan->library = dlopen ("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!vulkan->library)
    {
      g_set_error_literal (error, RP_ERROR, RP_ERROR_DEVICE, "The Vulkan loader (libvulkan.so.1) is not installed");
      return FALSE;
    }
  get = (PFN_vkGetInstanceProcAddr)dlsym (vulkan->library, "vkGetInstanceProcAddr");
  if (!get)
    {
      g_set_error_literal (error, RP_ERROR, RP_ERROR_DEVICE, "The Vulkan loader (libvulkan.so.1) is damaged");
      return FALSE;
    }
  if (!create_instance (vulkan, get, error))
    return FALSE;
#define LOAD(name) vulkan->vk.name = (PFN_vk##name)get (vulkan->instance, "vk" #name);
  RP_VK_INSTANCE_FUNCTIONS (LOAD)
#undef LOAD
  if (vulkan->message)
    create_messenger (vulkan, get);
  if (!vulkan->vk.GetPhysicalDeviceMemoryProperties2 || !vulkan->vk.GetPhysicalDeviceFeatures2)
    {
      g_set_error_literal (error, RP_ERROR, RP_ERROR_DEVICE, "The Vulkan loader is too old: it does not know 1.2");
      return FALSE;
    }
  return find_adapters (vulkan, error);
}

RpVulkan *
rp_vulkan_new_validated (RpVkMessageFunc message, gpointer data, GError **error)
{
  RpVulkan *vulkan = g_new0 (RpVulkan, 1);

  vulkan->message = message;
  vulkan->message_data = data;
  vulkan->adapters = g_ptr_array_new_with_free_func (adapter_free);
  if (start (vulkan, error))
    return vulkan;
  rp_vulkan_free (vulkan);
  return NULL;
}

RpVulkan *
rp_vulkan_new (GError **error)
{
  return rp_vulkan_new_validated (NULL, NULL, error);
}

void
rp_vulkan_free (RpVulkan *vulkan)
{
  if (!vulkan)
    return;
  g_ptr_array_unref (vulkan->adapters);
  if (vulkan->messenger)
    vulkan->destroy_messenger (vulkan->instance, vulkan->messenger, NULL);
  if (vulkan->instance && vulkan->vk.DestroyInstance)
    vulkan->vk.DestroyInstance (vulkan->instance, NULL);
  if (vulkan->library)
    dlclose (vulkan->library);
  g_free (vulkan);
}

guint
rp_vulkan_get_n_devices (RpVulkan *vulkan)
{
  return vulkan->adapters->len;
}

const RpDeviceInfo *
rp_vulkan_get_device (RpVulkan *vulkan, guint index)
{
  g_return_val_if_fail (index < vulkan->adapters->len, NULL);
  return &((const RpVkAdapter *)vulkan->adapters->pdata[index])->info;
}

guint64
rp_vulkan_get_free_memory (RpVulkan *self, guint index)
{
  const RpVkAdapter *adapter = self->adapters->pdata[index];
  VkPhysicalDeviceMemoryBudgetPropertiesEXT budget = { VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT };
  VkPhysicalDeviceMemoryProperties2 memory = { VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2, &budget };
  guint32 heap = own_heap (&adapter->memory);

  if (!adapter->has_memory_budget || heap == adapter->memory.memoryHeapCount)
    return adapter->info.memory_bytes;
  self->vk.GetPhysicalDeviceMemoryProperties2 (adapter->physical, &memory);
  return budget.heapBudget[heap] - MIN (budget.heapBudget[heap], budget.heapUsage[heap]);
}
