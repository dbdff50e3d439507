/* Buffers out of big blocks of device memory, and copies between them and the host.
 *
 * A block is one allocation with one VkBuffer over all of it, cut by first fit: drivers allow few allocations, and
 * round each up. Where the host reaches the device's own memory (integrated GPUs, resizable BAR, software) it writes
 * there directly; else copies go through two staging buffers, one filled while the other is copied.
 */
#include "vulkan-private.h"

#include <string.h>

#define ALIGNMENT    256u
#define PADDING      16u /* shaders may read a few bytes beyond the end */
#define BLOCK_SIZE   ((gsize)64 << 20)
#define SMALL        ((gsize)64 << 10) /* up to here, the host writes it often: tokens, tables */
#define STAGING_SIZE ((gsize)4 << 20)

typedef struct
{
  gsize offset, size;
} Range;

struct _RpVkBlock
{
  VkDeviceMemory memory;
  VkBuffer buffer;
  VkDeviceAddress address;
  guint8 *mapped;
  gsize size;
  guint type; /* index of the memory type */
  gboolean coherent;
  GArray *free; /* Range, by offset, none touching another */
};

/* ---- memory types ---- */

typedef enum
{
  WANT_DEVICE,
  WANT_SMALL, /* the device's own, reached by the host where there is such */
  WANT_READ,
  WANT_STAGING,
} Want;

static VkMemoryPropertyFlags
flags_of (const RpVkBackend *self, guint type)
{
  return self->adapter->memory.memoryTypes[type].propertyFlags;
}

/* Is this heap the device's main one? The small window that the host has into it may be a heap of its own. */
static gboolean
is_main_heap (const RpVkBackend *self, guint type)
{
  const VkPhysicalDeviceMemoryProperties *memory = &self->adapter->memory;

  return memory->memoryHeaps[memory->memoryTypes[type].heapIndex].size >= self->adapter->info.memory_bytes;
}

/* The more the better, negative: not to be used. */
static int
rate (const RpVkBackend *self, guint type, Want want)
{
  VkMemoryPropertyFlags flags = flags_of (self, type);
  gboolean local = (flags & VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT) != 0;
  gboolean visible = (flags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT) != 0;
  gboolean cached = (flags & VK_MEMORY_PROPERTY_HOST_CACHED_BIT) != 0;
  int coherent = (flags & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT) != 0;

  if (flags
      & ~(VkMemoryPropertyFlags)(VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT | VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT
                                 | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT | VK_MEMORY_PROPERTY_HOST_CACHED_BIT))
    return -1; /* protected, lazily allocated, a vendor's own */
  switch (want)
    {
    case WANT_DEVICE:
      return is_main_heap (self, type) ? 8 * local + 4 * visible + coherent : 2 * local + coherent;
    case WANT_SMALL:
      return 8 * local + 4 * visible + coherent;
    case WANT_READ:
      return visible ? 8 * cached + 2 * !local + coherent : -1;
    case WANT_STAGING:
    default:
      return visible ? 4 * !local + 2 * coherent + cached : -1;
    }
}

static int
best_type (const RpVkBackend *self, guint32 allowed, Want want)
{
  int best = -1, best_rating = -1;

  for (guint i = 0; i < self->adapter->memory.memoryTypeCount; i++)
    if ((allowed & (1u << i)) && rate (self, i, want) > best_rating)
      {
        best = (int)i;
        best_rating = rate (self, i, want);
      }
  return best;
}

/* ---- blocks ---- */

static void
block_free (RpVkBackend *self, RpVkBlock *block)
{
  guint heap = self->adapter->memory.memoryTypes[block->type].heapIndex;

  self->vk.DestroyBuffer (self->device, block->buffer, NULL);
  if (block->memory)
    {
      self->vk.FreeMemory (self->device, block->memory, NULL); /* unmaps it, too */
      self->memory.used[heap] -= block->size;
    }
  if (block->free)
    g_array_unref (block->free);
  g_free (block);
}

/* Bytes that the heap of a memory type has left: software drivers promise what the machine has not got. */
static guint64
left_in_heap (RpVkBackend *self, guint type)
{
  guint heap = self->adapter->memory.memoryTypes[type].heapIndex;
  guint64 size = self->adapter->memory.memoryHeaps[heap].size, used = self->memory.used[heap];

  if (self->adapter->has_memory_budget)
    {
      VkPhysicalDeviceMemoryBudgetPropertiesEXT budget
        = { VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT };
      VkPhysicalDeviceMemoryProperties2 memory = { VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2, &budget };

      self->vulkan->vk.GetPhysicalDeviceMemoryProperties2 (self->adapter->physical, &memory);
      size = budget.heapBudget[heap];
      used = budget.heapUsage[heap];
    }
  return size > used ? size - used : 0;
}

static gboolean
no_memory (RpVkBackend *self, gsize size, guint64 left, GError **error)
{
  g_autofree char *wanted = g_format_size (size), *has = g_format_size (left);

  g_set_error (error, RP_ERROR, RP_ERROR_MEMORY, "%s has not enough memory: %s are needed, %s are left",
               self->adapter->name, wanted, has);
  return FALSE;
}

static gboolean
back_with_memory (RpVkBackend *self, RpVkBlock *block, Want want, GError **error)
{
  VkMemoryAllocateFlagsInfo flags = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO,
    .flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT,
  };
  VkMemoryAllocateInfo info = { VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, &flags };
  VkBufferDeviceAddressInfo address = { VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO, NULL, block->buffer };
  VkMemoryRequirements needs;
  guint64 left;
  int type;

  self->vk.GetBufferMemoryRequirements (self->device, block->buffer, &needs);
  type = best_type (self, needs.memoryTypeBits, want);
  if (type < 0)
    return rp_vk_check (self, VK_ERROR_FEATURE_NOT_PRESENT, "it has no memory of the kind that is needed", error);
  block->type = (guint)type;
  block->coherent = (flags_of (self, block->type) & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT) != 0;
  info.allocationSize = needs.size;
  info.memoryTypeIndex = block->type;
  left = left_in_heap (self, block->type);
  if (needs.size > left || self->vk.AllocateMemory (self->device, &info, NULL, &block->memory) != VK_SUCCESS)
    {
      block->memory = VK_NULL_HANDLE;
      return no_memory (self, needs.size, left, error);
    }
  self->memory.used[self->adapter->memory.memoryTypes[type].heapIndex] += block->size;
  if (!rp_vk_check (self, self->vk.BindBufferMemory (self->device, block->buffer, block->memory, 0), "binding memory",
                    error))
    return FALSE;
  if ((flags_of (self, block->type) & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT)
      && !rp_vk_check (self,
                       self->vk.MapMemory (self->device, block->memory, 0, VK_WHOLE_SIZE, 0, (void **)&block->mapped),
                       "mapping memory", error))
    return FALSE;
  block->address = self->vk.GetBufferDeviceAddress (self->device, &address);
  return TRUE;
}

static RpVkBlock *
block_new (RpVkBackend *self, gsize size, Want want, GError **error)
{
  const VkBufferCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
    .size = size,
    .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT
             | VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
    .sharingMode = VK_SHARING_MODE_EXCLUSIVE,
  };
  RpVkBlock *block;
  const Range all = { 0, size };

  if (size > self->adapter->max_allocation)
    {
      no_memory (self, size, self->adapter->max_allocation, error);
      return NULL;
    }
  block = g_new0 (RpVkBlock, 1);
  block->size = size;
  if (!rp_vk_check (self, self->vk.CreateBuffer (self->device, &info, NULL, &block->buffer), "making a buffer", error)
      || !back_with_memory (self, block, want, error))
    {
      block_free (self, block);
      return NULL;
    }
  block->free = g_array_new (FALSE, FALSE, sizeof (Range));
  g_array_append_val (block->free, all);
  g_ptr_array_add (self->memory.blocks, block);
  return block;
}

/* ---- cutting ---- */

static gboolean
cut (RpVkBlock *block, gsize size, gsize *offset)
{
  for (guint i = 0; i < block->free->len; i++)
    {
      Range *range = &g_array_index (block->free, Range, i);

      if (range->size < size)
        continue;
      *offset = range->offset;
      range->offset += size;
      range->size -= size;
      if (range->size == 0)
        g_array_remove_index (block->free, i);
      return TRUE;
    }
  return FALSE;
}

static void
give_back (RpVkBlock *block, Range range)
{
  guint i = 0;

  while (i < block->free->len && g_array_index (block->free, Range, i).offset < range.offset)
    i++;
  g_array_insert_val (block->free, i, range);
  for (i = i > 0 ? i - 1 : 0; i + 1 < block->free->len;)
    {
      Range *here = &g_array_index (block->free, Range, i), *next = here + 1;

      if (here->offset + here->size != next->offset)
        {
          if (here->offset >= range.offset)
            break;
          i++;
          continue;
        }
      here->size += next->size;
      g_array_remove_index (block->free, i + 1);
    }
}

/* A block with room, or a new one; where a big one does not fit any more, one that is just large enough. */
static RpVkBlock *
find_room (RpVkBackend *self, gsize size, Want want, gsize *offset, GError **error)
{
  int type = best_type (self, ~0u, want);
  gsize usual = MIN (BLOCK_SIZE, self->adapter->max_allocation);
  RpVkBlock *block = NULL;

  for (guint i = 0; i < self->memory.blocks->len; i++)
    {
      block = self->memory.blocks->pdata[i];
      if ((int)block->type == type && cut (block, size, offset))
        return block;
    }
  if (type >= 0)
    usual = MIN (usual, self->adapter->memory.memoryHeaps[self->adapter->memory.memoryTypes[type].heapIndex].size / 16);
  block = size < usual ? block_new (self, usual / ALIGNMENT * ALIGNMENT, want, NULL) : NULL;
  if (!block && !self->lost)
    block = block_new (self, size, want, error);
  else if (!block)
    rp_vk_check (self, VK_ERROR_DEVICE_LOST, "allocating memory", error);
  if (block)
    cut (block, size, offset);
  return block;
}

static RpBuffer *
buffer_new (RpVkBackend *self, gsize size, Want want, GError **error)
{
  gsize allocated, offset = 0;
  RpVkBlock *block;
  RpBuffer *buffer;

  if (size > G_MAXSIZE / 2)
    {
      no_memory (self, size, 0, error);
      return NULL;
    }
  allocated = (size + PADDING + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  block = find_room (self, allocated, want, &offset, error);
  if (!block)
    return NULL;
  buffer = g_new (RpBuffer, 1);
  *buffer = (RpBuffer){
    .block = block,
    .offset = offset,
    .size = size,
    .allocated = allocated,
    .address = block->address + offset,
    .mapped = block->mapped ? block->mapped + offset : NULL,
  };
  return buffer;
}

void
rp_vk_buffer_free (RpBackend *backend, RpBuffer *buffer)
{
  RpVkBackend *self = (RpVkBackend *)backend;
  RpVkBlock *block = buffer->block;

  give_back (block, (Range){ buffer->offset, buffer->allocated });
  if (block->free->len == 1 && g_array_index (block->free, Range, 0).size == block->size)
    {
      g_ptr_array_remove_fast (self->memory.blocks, block);
      block_free (self, block);
    }
  g_free (buffer);
}

/* ---- copies ---- */

/* Makes what the host wrote visible to the device, or what the device wrote to the host. */
static gboolean
synchronise (RpVkBackend *self, const RpBuffer *buffer, gsize offset, gsize size, gboolean written, GError **error)
{
  gsize atom = self->adapter->limits.nonCoherentAtomSize, start = (buffer->offset + offset) / atom * atom;
  gsize end = (buffer->offset + offset + size + atom - 1) / atom * atom;
  const VkMappedMemoryRange range = {
    .sType = VK_STRUCTURE_TYPE_MAPPED_MEMORY_RANGE,
    .memory = buffer->block->memory,
    .offset = start,
    .size = end < buffer->block->size ? end - start : VK_WHOLE_SIZE,
  };

  if (buffer->block->coherent || size == 0)
    return TRUE;
  return rp_vk_check (self,
                      written ? self->vk.FlushMappedMemoryRanges (self->device, 1, &range)
                              : self->vk.InvalidateMappedMemoryRanges (self->device, 1, &range),
                      "copying", error);
}

static gboolean
prepare_staging (RpVkBackend *self, GError **error)
{
  for (guint i = 0; i < 2; i++)
    if (!self->memory.staging[i] && !(self->memory.staging[i] = buffer_new (self, STAGING_SIZE, WANT_STAGING, error)))
      return FALSE;
  return TRUE;
}

static gboolean
submit_copy (RpVkBackend *self,
             guint slot,
             const RpBuffer *to,
             gsize to_at,
             const RpBuffer *from,
             gsize from_at,
             gsize size,
             GError **error)
{
  const VkBufferCopy region = { from->offset + from_at, to->offset + to_at, size };
  VkCommandBuffer commands = rp_vk_slot_begin (self, slot, error);

  if (!commands)
    return FALSE;
  self->vk.CmdCopyBuffer (commands, from->block->buffer, to->block->buffer, 1, &region);
  return rp_vk_slot_submit (self, slot, 0, error);
}

static gboolean
wait_for_copies (RpVkBackend *self, GError **error)
{
  return rp_vk_slot_wait (self, 0, error) && rp_vk_slot_wait (self, 1, error);
}

static gboolean
check_range (const RpVkBackend *self, RpView view, gsize size, GError **error)
{
  if (self->lost)
    {
      g_set_error (error, RP_ERROR, RP_ERROR_DEVICE, "%s was lost", self->adapter->name);
      return FALSE;
    }
  if (view.offset <= view.buffer->size && size <= view.buffer->size - view.offset)
    return TRUE;
  g_set_error_literal (error, RP_ERROR, RP_ERROR_ARGUMENT, "A copy does not fit the buffer");
  return FALSE;
}

gboolean
rp_vk_upload (RpBackend *backend, RpView to, const void *data, gsize size, GError **error)
{
  RpVkBackend *self = (RpVkBackend *)backend;

  if (!check_range (self, to, size, error))
    return FALSE;
  if (to.buffer->mapped)
    {
      memcpy (to.buffer->mapped + to.offset, data, size);
      return synchronise (self, to.buffer, to.offset, size, TRUE, error);
    }
  if (!prepare_staging (self, error))
    return FALSE;
  for (gsize done = 0, slot = 0; done < size; slot ^= 1)
    {
      gsize n = MIN (size - done, STAGING_SIZE);
      RpBuffer *staging = self->memory.staging[slot];

      if (!rp_vk_slot_wait (self, slot, error))
        return FALSE;
      memcpy (staging->mapped, (const guint8 *)data + done, n);
      if (!synchronise (self, staging, 0, n, TRUE, error)
          || !submit_copy (self, slot, to.buffer, to.offset + done, staging, 0, n, error))
        return FALSE;
      done += n;
    }
  return wait_for_copies (self, error);
}

gboolean
rp_vk_download (RpBackend *backend, RpView from, void *data, gsize size, GError **error)
{
  RpVkBackend *self = (RpVkBackend *)backend;

  if (!check_range (self, from, size, error))
    return FALSE;
  if (from.buffer->mapped)
    {
      if (!synchronise (self, from.buffer, from.offset, size, FALSE, error))
        return FALSE;
      memcpy (data, from.buffer->mapped + from.offset, size);
      return TRUE;
    }
  if (!prepare_staging (self, error))
    return FALSE;
  for (gsize done = 0; done < size;)
    {
      gsize n = MIN (size - done, STAGING_SIZE);
      RpBuffer *staging = self->memory.staging[0];

      if (!submit_copy (self, 0, staging, 0, from.buffer, from.offset + done, n, error)
          || !rp_vk_slot_wait (self, 0, error) || !synchronise (self, staging, 0, n, FALSE, error))
        return FALSE;
      memcpy ((guint8 *)data + done, staging->mapped, n);
      done += n;
    }
  return TRUE;
}

static gboolean
clear (RpVkBackend *self, RpBuffer *buffer, GError **error)
{
  VkCommandBuffer commands;

  if (buffer->mapped)
    {
      memset (buffer->mapped, 0, buffer->allocated);
      return synchronise (self, buffer, 0, buffer->allocated, TRUE, error);
    }
  commands = rp_vk_slot_begin (self, 0, error);
  if (!commands)
    return FALSE;
  self->vk.CmdFillBuffer (commands, buffer->block->buffer, buffer->offset, buffer->allocated, 0);
  return rp_vk_slot_submit (self, 0, 0, error) && rp_vk_slot_wait (self, 0, error);
}

/* ---- buffers ---- */

RpBuffer *
rp_vk_buffer_new (RpBackend *backend, gsize size, RpBufferUse use, GError **error)
{
  RpVkBackend *self = (RpVkBackend *)backend;
  Want want = use == RP_BUFFER_READ ? WANT_READ : size <= SMALL ? WANT_SMALL : WANT_DEVICE;
  RpBuffer *buffer = buffer_new (self, size, want, error);

  if (buffer && !clear (self, buffer, error))
    {
      rp_vk_buffer_free (backend, buffer);
      return NULL;
    }
  return buffer;
}

RpBuffer *
rp_vk_buffer_new_weights (RpBackend *backend, const void *data, gsize size, GError **error)
{
  RpVkBackend *self = (RpVkBackend *)backend;
  RpBuffer *buffer = buffer_new (self, size, WANT_DEVICE, error);

  if (buffer && !rp_vk_upload (backend, (RpView){ buffer, 0 }, data, size, error))
    {
      rp_vk_buffer_free (backend, buffer);
      return NULL;
    }
  return buffer;
}

void
rp_vk_memory_init (RpVkBackend *self)
{
  self->memory.blocks = g_ptr_array_new ();
}

void
rp_vk_memory_clear (RpVkBackend *self)
{
  RpBuffer *buffers[] = { self->memory.staging[0], self->memory.staging[1], self->scratch, self->groups, self->rope };

  for (guint i = 0; i < G_N_ELEMENTS (buffers); i++)
    if (buffers[i])
      rp_vk_buffer_free (&self->parent, buffers[i]);
}
