/* The Vulkan back end's own header; nothing outside this folder, but its tests, includes it.
 *
 *   instance.c    the loader, the instance, what devices there are and whether they will do
 *   device.c      one logical device, its queue, and the table of the back end
 *   memory.c      buffers out of big blocks, and copies between them and the host
 *   pipeline.c    compute pipelines by shader and specialization constants, and their cache on disk
 *   command.c     command buffers: recording, submitting in slices, waiting, cancelling
 *   operations.c  what each operation is in dispatches (attention.c, matmul.c, rope.c: the longer ones)
 *
 * Operands are 64-bit addresses (bufferDeviceAddress) in push constants, so there are no descriptors: nothing is to be
 * allocated or updated between operations, an operand may begin at any multiple of 4 bytes, and no limit on the range
 * of a binding stands in the way of a large matrix.
 */
#pragma once

#include "../backend.h"

/* The API only: <vulkan/vulkan.h> would be found in this folder first. The functions come out of the loader. */
#define VK_NO_PROTOTYPES
#include <vulkan/vulkan_core.h>

G_BEGIN_DECLS

#define RP_VK_INSTANCE_FUNCTIONS(X)                                                                                    \
  X (CreateDevice)                                                                                                     \
  X (DestroyInstance)                                                                                                  \
  X (EnumerateDeviceExtensionProperties)                                                                               \
  X (EnumeratePhysicalDevices)                                                                                         \
  X (GetDeviceProcAddr)                                                                                                \
  X (GetPhysicalDeviceFeatures2)                                                                                       \
  X (GetPhysicalDeviceMemoryProperties2)                                                                               \
  X (GetPhysicalDeviceProperties2)                                                                                     \
  X (GetPhysicalDeviceQueueFamilyProperties)

#define RP_VK_DEVICE_FUNCTIONS(X)                                                                                      \
  X (AllocateCommandBuffers)                                                                                           \
  X (AllocateMemory)                                                                                                   \
  X (BeginCommandBuffer)                                                                                               \
  X (BindBufferMemory)                                                                                                 \
  X (CmdBindPipeline)                                                                                                  \
  X (CmdCopyBuffer)                                                                                                    \
  X (CmdDispatchBase)                                                                                                  \
  X (CmdFillBuffer)                                                                                                    \
  X (CmdPipelineBarrier)                                                                                               \
  X (CmdPushConstants)                                                                                                 \
  X (CreateBuffer)                                                                                                     \
  X (CreateCommandPool)                                                                                                \
  X (CreateComputePipelines)                                                                                           \
  X (CreateFence)                                                                                                      \
  X (CreatePipelineCache)                                                                                              \
  X (CreatePipelineLayout)                                                                                             \
  X (CreateShaderModule)                                                                                               \
  X (DestroyBuffer)                                                                                                    \
  X (DestroyCommandPool)                                                                                               \
  X (DestroyDevice)                                                                                                    \
  X (DestroyFence)                                                                                                     \
  X (DestroyPipeline)                                                                                                  \
  X (DestroyPipelineCache)                                                                                             \
  X (DestroyPipelineLayout)                                                                                            \
  X (DestroyShaderModule)                                                                                              \
  X (DeviceWaitIdle)                                                                                                   \
  X (EndCommandBuffer)                                                                                                 \
  X (FlushMappedMemoryRanges)                                                                                          \
  X (FreeMemory)                                                                                                       \
  X (GetBufferDeviceAddress)                                                                                           \
  X (GetBufferMemoryRequirements)                                                                                      \
  X (GetDeviceQueue)                                                                                                   \
  X (GetFenceStatus)                                                                                                   \
  X (GetPipelineCacheData)                                                                                             \
  X (InvalidateMappedMemoryRanges)                                                                                     \
  X (MapMemory)                                                                                                        \
  X (QueueSubmit)                                                                                                      \
  X (ResetCommandPool)                                                                                                 \
  X (ResetFences)                                                                                                      \
  X (WaitForFences)

#define RP_VK_FIELD(name) PFN_vk##name name;

typedef struct
{
  RP_VK_INSTANCE_FUNCTIONS (RP_VK_FIELD)
} RpVkInstanceApi;

typedef struct
{
  RP_VK_DEVICE_FUNCTIONS (RP_VK_FIELD)
} RpVkDeviceApi;

/* What is known of a physical device that will do. */
typedef struct
{
  RpDeviceInfo info;
  char *id, *name, *detail;
  VkPhysicalDevice physical;
  VkPhysicalDeviceLimits limits;
  VkPhysicalDeviceMemoryProperties memory;
  guint8 cache_uuid[VK_UUID_SIZE];
  guint32 vendor, device, driver_version;
  guint queue_family;
  guint subgroup_size;        /* what shaders run with, see has_subgroup_size */
  gboolean has_subgroup_size; /* subgroupSizeControl: pipelines ask for subgroup_size, and full subgroups */
  gboolean has_memory_budget;
  gsize max_allocation;
} RpVkAdapter;

typedef void (*RpVkMessageFunc) (const char *message, gpointer data);

struct _RpVulkan
{
  gpointer library;
  VkInstance instance;
  RpVkInstanceApi vk;
  VkDebugUtilsMessengerEXT messenger;
  PFN_vkDestroyDebugUtilsMessengerEXT destroy_messenger;
  RpVkMessageFunc message;
  gpointer message_data;
  GPtrArray *adapters; /* RpVkAdapter */
};

/* With the validation layer, synchronization included, whose warnings and errors go to @message.
 * RP_ERROR_UNSUPPORTED where the layer is not installed. */
RpVulkan *rp_vulkan_new_validated (RpVkMessageFunc message, gpointer data, GError **error);

typedef struct _RpVkBackend RpVkBackend;

/* ---- memory.c ---- */

typedef struct _RpVkBlock RpVkBlock;

struct _RpBuffer
{
  RpVkBlock *block;
  gsize offset, size, allocated; /* in the block */
  VkDeviceAddress address;
  guint8 *mapped; /* NULL: the host cannot reach it, copies go through staging */
};

typedef struct
{
  GPtrArray *blocks;    /* RpVkBlock */
  RpBuffer *staging[2]; /* made when first needed */
  guint64 used[VK_MAX_MEMORY_HEAPS];
} RpVkMemory;

void rp_vk_memory_init (RpVkBackend *self);
void rp_vk_memory_clear (RpVkBackend *self);
RpBuffer *rp_vk_buffer_new (RpBackend *backend, gsize size, RpBufferUse use, GError **error);
RpBuffer *rp_vk_buffer_new_weights (RpBackend *backend, const void *data, gsize size, GError **error);
void rp_vk_buffer_free (RpBackend *backend, RpBuffer *buffer);
gboolean rp_vk_upload (RpBackend *backend, RpView to, const void *data, gsize size, GError **error);
gboolean rp_vk_download (RpBackend *backend, RpView from, void *data, gsize size, GError **error);

/* The address of an operand, 0 where it is absent. */
static inline guint64
rp_vk_address (RpView view)
{
  return view.buffer ? view.buffer->address + view.offset : 0;
}

/* ---- pipeline.c ---- */

/* A .comp each, in the order of their names there. */
typedef enum
{
  RP_VK_ADD,
  RP_VK_ATTENTION,
  RP_VK_ATTENTION_MERGE,
  RP_VK_COMBINE,
  RP_VK_COPY,
  RP_VK_EMBED,
  RP_VK_GLU,
  RP_VK_GROUP_EXPERTS,
  RP_VK_MATMUL,
  RP_VK_MATMUL_LANES,
  RP_VK_MATVEC,
  RP_VK_NORM,
  RP_VK_ROPE,
  RP_VK_ROUTE,
  RP_VK_SCALE,
  RP_VK_STORE_KV,
  RP_VK_N_SHADERS
} RpVkShaderId;

#define RP_VK_NO_TYPE       -1
#define RP_VK_MAX_CONSTANTS 6

/* Of a shader, its weight type, and its specialization constants by constant_id. */
typedef struct
{
  gint32 shader, type; /* RpVkShaderId; RpDType or RP_VK_NO_TYPE */
  guint32 constants[RP_VK_MAX_CONSTANTS];
} RpVkPipelineKey;

typedef struct
{
  VkPipelineLayout layout;
  VkPipelineCache cache;
  GHashTable *table; /* RpVkPipelineKey to VkPipeline */
  char *path;        /* of the cache on disk; NULL: none */
  gboolean changed;
} RpVkPipelines;

gboolean rp_vk_pipelines_init (RpVkBackend *self, GError **error);
void rp_vk_pipelines_clear (RpVkBackend *self);
gboolean rp_vk_has_shader (RpVkShaderId shader, gint type);
/* NULL with an error; with @create FALSE, where it was not made before. */
VkPipeline rp_vk_pipeline_get (RpVkBackend *self, const RpVkPipelineKey *key, gboolean create, GError **error);
/* Writes the cache to disk if there is something new. That it cannot be written is no error. */
void rp_vk_pipelines_save (RpVkBackend *self);

/* ---- command.c ---- */

typedef struct
{
  VkPipeline pipeline;
  guint32 push[32];
  guint push_size;
  guint32 x, y, z;  /* workgroups */
  gboolean barrier; /* waits for everything before it */
  double cost;      /* bytes read, or what takes as long */
} RpVkDispatch;

typedef struct
{
  VkCommandPool pool;
  VkCommandBuffer buffer;
  VkFence fence;
  gboolean pending;
  double cost;
  gint64 submitted;
} RpVkSlot;

typedef struct
{
  guint64 dispatches, barriers, submissions;
  double bytes;
} RpVkCounts;

typedef struct
{
  RpVkSlot slots[2]; /* so many are in flight at most */
  double cost_per_second;
  gint64 completed; /* the last time that something came to its end */
  RpVkCounts counts;
} RpVkCommands;

gboolean rp_vk_commands_init (RpVkBackend *self, GError **error);
void rp_vk_commands_clear (RpVkBackend *self);
/* For copies: waits until the slot is free; then record, and submit. */
VkCommandBuffer rp_vk_slot_begin (RpVkBackend *self, guint slot, GError **error);
gboolean rp_vk_slot_submit (RpVkBackend *self, guint slot, double cost, GError **error);
gboolean rp_vk_slot_wait (RpVkBackend *self, guint slot, GError **error);
gboolean rp_vk_execute (RpVkBackend *self, const RpCancel *cancel, GError **error);

/* ---- operations.c ---- */

#define RP_VK_ROPE_TABLES 128

typedef struct
{
  RpOpRope rope; /* what the table depends on, all else zero */
  gsize offset;
} RpVkRopeTable;

/* The operations of a run, on their way to dispatches. */
typedef struct
{
  RpVkBackend *backend;
  gboolean create;  /* prepare(): make pipelines; else what is missing is an error */
  gboolean barrier; /* before the next dispatch */
  gsize scratch_used, scratch_wanted, groups_wanted;
  RpView grouped; /* the ids that the groups buffer belongs to */
  guint grouped_n, grouped_tile, grouped_expert;
  GError **error;
} RpVkPlan;

/* Appends a dispatch: n_groups in x and y together, z of them. */
gboolean rp_vk_plan_add (RpVkPlan *plan,
                         const RpVkPipelineKey *key,
                         gconstpointer push,
                         gsize push_size,
                         guint64 n_groups,
                         guint64 z,
                         double cost);
/* Memory that lives until the next barrier between operations; 0 where it does not fit. */
guint64 rp_vk_plan_scratch (RpVkPlan *plan, gsize size);
guint rp_vk_threads (const RpVkBackend *self, guint wanted);
gboolean rp_vk_refuse (RpVkPlan *plan, const char *format, ...) G_GNUC_PRINTF (2, 3);

gboolean rp_vk_plan_matmul (RpVkPlan *plan, const RpOp *op);
gboolean rp_vk_plan_matmul_experts (RpVkPlan *plan, const RpOp *op);
gboolean rp_vk_plan_attention (RpVkPlan *plan, const RpOp *op);
gboolean rp_vk_plan_rope (RpVkPlan *plan, const RpOp *op);

gboolean rp_vk_prepare (RpBackend *backend, const RpOp *ops, gsize n_ops, GError **error);
gboolean rp_vk_run (RpBackend *backend, const RpOp *ops, gsize n_ops, const RpCancel *cancel, GError **error);

/* ---- device.c ---- */

struct _RpVkBackend
{
  RpBackend parent;
  RpVulkan *vulkan;
  const RpVkAdapter *adapter;
  VkDevice device;
  VkQueue queue;
  RpVkDeviceApi vk;
  gboolean lost;
  gboolean as_gpu; /* for tests: choose kernels and sizes as for a GPU, on a software device too */
  RpVkMemory memory;
  RpVkPipelines pipelines;
  RpVkCommands commands;
  GArray *dispatches; /* RpVkDispatch, of the run at hand */
  RpBuffer *scratch;  /* nullable, see rp_vk_plan_scratch() */
  RpBuffer *groups;   /* nullable: what group-experts.comp makes */
  RpBuffer *rope;     /* tables of angles */
  RpVkRopeTable rope_tables[RP_VK_ROPE_TABLES];
  guint n_rope_tables;
  gsize rope_used;
};

/* FALSE and an error for what is no success: RP_ERROR_MEMORY, or RP_ERROR_DEVICE, after which the device is lost. */
gboolean rp_vk_check (RpVkBackend *self, VkResult result, const char *what, GError **error);
gboolean rp_vk_is_software (const RpVkBackend *self);

G_END_DECLS
