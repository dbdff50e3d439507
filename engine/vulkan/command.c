/* Recording, submitting and waiting.
 *
 * A run is cut into slices of some milliseconds, of which two are in flight: one is recorded while the other one is
 * executed, a cancellation waits for no more than those two, and no driver takes one for a hang. How long a slice
 * takes is learnt from those before.
 */
#include "vulkan-private.h"

#include <string.h>

#define SLICE_SECONDS 0.02

gboolean
rp_vk_commands_init (RpVkBackend *self, GError **error)
{
  const VkCommandPoolCreateInfo pool = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
    .flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT,
    .queueFamilyIndex = self->adapter->queue_family,
  };
  const VkFenceCreateInfo fence = { .sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO };

  /* a guess, until the first slices are through */
  self->commands.cost_per_second = rp_vk_is_software (self) ? 1e9 : 5e10;
  for (guint i = 0; i < 2; i++)
    {
      RpVkSlot *slot = &self->commands.slots[i];
      VkCommandBufferAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = 1,
      };

      if (!rp_vk_check (self, self->vk.CreateCommandPool (self->device, &pool, NULL, &slot->pool),
                        "making a command pool", error))
        return FALSE;
      info.commandPool = slot->pool;
      if (!rp_vk_check (self, self->vk.AllocateCommandBuffers (self->device, &info, &slot->buffer),
                        "making a command buffer", error)
          || !rp_vk_check (self, self->vk.CreateFence (self->device, &fence, NULL, &slot->fence), "making a fence",
                           error))
        return FALSE;
    }
  return TRUE;
}

void
rp_vk_commands_clear (RpVkBackend *self)
{
  for (guint i = 0; i < 2; i++)
    {
      self->vk.DestroyFence (self->device, self->commands.slots[i].fence, NULL);
      self->vk.DestroyCommandPool (self->device, self->commands.slots[i].pool, NULL);
    }
}

/* ---- slots ---- */

static void
learn (RpVkCommands *commands, const RpVkSlot *slot)
{
  gint64 now = g_get_monotonic_time ();
  double seconds = (double)(now - MAX (slot->submitted, commands->completed)) / 1e6;

  commands->completed = now;
  if (slot->cost > 0 && seconds > 1e-4)
    commands->cost_per_second = 0.7 * commands->cost_per_second + 0.3 * CLAMP (slot->cost / seconds, 1e7, 1e13);
}

gboolean
rp_vk_slot_wait (RpVkBackend *self, guint index, GError **error)
{
  RpVkSlot *slot = &self->commands.slots[index];
  gboolean done;

  if (!slot->pending)
    return TRUE;
  /* what is ready already says nothing of the time it took */
  done = self->vk.GetFenceStatus (self->device, slot->fence) == VK_SUCCESS;
  if (!done
      && !rp_vk_check (self, self->vk.WaitForFences (self->device, 1, &slot->fence, VK_TRUE, G_MAXUINT64), "waiting",
                       error))
    return FALSE;
  if (!done)
    learn (&self->commands, slot);
  slot->pending = FALSE;
  return rp_vk_check (self, self->vk.ResetFences (self->device, 1, &slot->fence), "waiting", error);
}

static void
barrier (RpVkBackend *self, VkCommandBuffer commands, gboolean copies)
{
  VkPipelineStageFlags stages = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | (copies ? VK_PIPELINE_STAGE_TRANSFER_BIT : 0);
  const VkMemoryBarrier memory = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
    .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | (copies ? VK_ACCESS_TRANSFER_WRITE_BIT : 0),
    .dstAccessMask = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT
                     | (copies ? VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT : 0),
  };

  self->vk.CmdPipelineBarrier (commands, stages, stages, 0, 1, &memory, 0, NULL, 0, NULL);
}

VkCommandBuffer
rp_vk_slot_begin (RpVkBackend *self, guint index, GError **error)
{
  const VkCommandBufferBeginInfo info = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
    .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
  };
  RpVkSlot *slot = &self->commands.slots[index];

  if (!rp_vk_slot_wait (self, index, error)
      || !rp_vk_check (self, self->vk.ResetCommandPool (self->device, slot->pool, 0), "recording", error)
      || !rp_vk_check (self, self->vk.BeginCommandBuffer (slot->buffer, &info), "recording", error))
    return NULL;
  barrier (self, slot->buffer, TRUE); /* against what was submitted before */
  return slot->buffer;
}

gboolean
rp_vk_slot_submit (RpVkBackend *self, guint index, double cost, GError **error)
{
  RpVkSlot *slot = &self->commands.slots[index];
  const VkMemoryBarrier memory = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
    .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
    .dstAccessMask = VK_ACCESS_HOST_READ_BIT,
  };
  const VkSubmitInfo info = {
    .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
    .commandBufferCount = 1,
    .pCommandBuffers = &slot->buffer,
  };

  self->vk.CmdPipelineBarrier (slot->buffer, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
                               VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &memory, 0, NULL, 0, NULL);
  slot->cost = cost;
  slot->submitted = g_get_monotonic_time ();
  if (!rp_vk_check (self, self->vk.EndCommandBuffer (slot->buffer), "recording", error)
      || !rp_vk_check (self, self->vk.QueueSubmit (self->queue, 1, &info, slot->fence), "submitting", error))
    return FALSE;
  slot->pending = TRUE;
  self->commands.counts.submissions++;
  return TRUE;
}

/* ---- runs ---- */

typedef struct
{
  RpVkBackend *backend;
  const RpCancel *cancel;
  GError **error;
  guint slot;
  gboolean recording;
  double cost; /* of what is recorded */
  VkPipeline bound;
} Recorder;

static double
slice_cost (const Recorder *r)
{
  return r->backend->commands.cost_per_second * SLICE_SECONDS;
}

static gboolean
begin (Recorder *r)
{
  if (r->recording)
    return TRUE;
  if (rp_cancel_is_set (r->cancel))
    {
      g_set_error_literal (r->error, RP_ERROR, RP_ERROR_CANCELLED, "Cancelled");
      return FALSE;
    }
  r->recording = rp_vk_slot_begin (r->backend, r->slot, r->error) != NULL;
  r->bound = VK_NULL_HANDLE;
  r->cost = 0;
  return r->recording;
}

static gboolean
submit (Recorder *r)
{
  gboolean ok = !r->recording || rp_vk_slot_submit (r->backend, r->slot, r->cost, r->error);

  r->recording = FALSE;
  r->slot ^= 1;
  return ok;
}

/* Rows first … first + n - 1 of y, or layers of z where there are some. */
static gboolean
record_piece (Recorder *r, const RpVkDispatch *dispatch, guint first, guint n, double cost)
{
  RpVkBackend *self = r->backend;
  gboolean layers = dispatch->z > 1;
  gboolean fresh = !r->recording;

  if (!begin (r))
    return FALSE;
  VkCommandBuffer commands = self->commands.slots[r->slot].buffer;
  if (dispatch->barrier && first == 0 && !fresh)
    {
      barrier (self, commands, FALSE);
      self->commands.counts.barriers++;
    }
  if (r->bound != dispatch->pipeline)
    self->vk.CmdBindPipeline (commands, VK_PIPELINE_BIND_POINT_COMPUTE, dispatch->pipeline);
  r->bound = dispatch->pipeline;
  self->vk.CmdPushConstants (commands, self->pipelines.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, dispatch->push_size,
                             dispatch->push);
  self->vk.CmdDispatchBase (commands, 0, layers ? 0 : first, layers ? first : 0, dispatch->x, layers ? dispatch->y : n,
                            layers ? n : 1);
  self->commands.counts.dispatches++;
  self->commands.counts.bytes += cost;
  r->cost += cost;
  return r->cost < slice_cost (r) || submit (r);
}

/* What takes longer than a slice is cut into pieces. */
static gboolean
record (Recorder *r, const RpVkDispatch *dispatch)
{
  guint all = dispatch->z > 1 ? dispatch->z : dispatch->y;
  double pieces = CLAMP (dispatch->cost / slice_cost (r), 1, all);
  guint n = (guint)((all + pieces - 1) / pieces);

  for (guint first = 0; first < all; first += n)
    {
      guint here = MIN (n, all - first);
      if (!record_piece (r, dispatch, first, here, dispatch->cost * here / all))
        return FALSE;
    }
  return TRUE;
}

gboolean
rp_vk_execute (RpVkBackend *self, const RpCancel *cancel, GError **error)
{
  Recorder recorder = { .backend = self, .cancel = cancel, .error = error };
  gboolean ok = begin (&recorder);

  for (guint i = 0; ok && i < self->dispatches->len; i++)
    ok = record (&recorder, &g_array_index (self->dispatches, RpVkDispatch, i));
  ok = ok && submit (&recorder);
  /* whatever happened, nothing is in flight afterwards */
  for (guint i = 0; i < 2 && !self->lost; i++)
    ok = rp_vk_slot_wait (self, i ^ recorder.slot, ok ? error : NULL) && ok;
  return ok;
}
