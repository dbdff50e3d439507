/* Rotary positions, and the tables of angles that they turn by: see rope.comp. */
#include "vulkan-private.h"

#include "shaders/parameters.h"

#include <math.h>
#include <string.h>

G_STATIC_ASSERT (sizeof (struct RopeParameters) <= 128);

/* What pair i turns by from one position to the next, as a fraction of a turn in units of 2⁻⁶⁴. */
static guint64
angle_of (const RpOpRope *o, guint i)
{
  double turns = pow (o->freq_base, -2.0 * i / o->n_rot) / (2 * G_PI);
  double along = (i - o->corr_low) / fmax (0.001, o->corr_high - o->corr_low);
  double ramp = o->ext_factor * (1 - CLAMP (along, 0, 1));

  turns = turns * o->freq_scale * (1 - ramp) + turns * ramp;
  return (guint64)ldexp (turns - floor (turns), 64);
}

/* The address of the table for this operation: made if there is none, in memory that is there already. */
static gboolean
find_table (RpVkPlan *plan, const RpOpRope *o, guint64 *address)
{
  RpVkBackend *self = plan->backend;
  gsize size = o->n_rot / 2 * sizeof (guint64);
  g_autofree guint64 *angles = NULL;
  RpVkRopeTable *table;
  RpOpRope key;

  memset (&key, 0, sizeof key); /* it is compared as bytes */
  key.n_rot = o->n_rot;
  key.freq_base = o->freq_base;
  key.freq_scale = o->freq_scale;
  key.ext_factor = o->ext_factor;
  key.corr_low = o->corr_low;
  key.corr_high = o->corr_high;
  for (guint i = 0; i < self->n_rope_tables; i++)
    if (memcmp (&self->rope_tables[i].rope, &key, sizeof key) == 0)
      {
        *address = self->rope->address + self->rope_tables[i].offset;
        return TRUE;
      }
  if (self->n_rope_tables == RP_VK_ROPE_TABLES || size > self->rope->size - self->rope_used)
    return rp_vk_refuse (plan, "There are too many kinds of rotary positions");
  angles = g_new (guint64, o->n_rot / 2);
  for (guint i = 0; i < o->n_rot / 2; i++)
    angles[i] = angle_of (o, i);
  if (!rp_vk_upload (&self->parent, (RpView){ self->rope, self->rope_used }, angles, size, plan->error))
    return FALSE;
  table = &self->rope_tables[self->n_rope_tables++];
  table->rope = key;
  table->offset = self->rope_used;
  self->rope_used += size;
  *address = self->rope->address + table->offset;
  return TRUE;
}

gboolean
rp_vk_plan_rope (RpVkPlan *plan, const RpOp *op)
{
  const RpOpRope *o = &op->rope;
  guint threads = rp_vk_threads (plan->backend, 64);
  guint64 n = (guint64)o->n_tokens * o->n_heads * (o->n_rot / 2);
  struct RopeParameters push = {
    .x = rp_vk_address (o->x),
    .factors = rp_vk_address (o->freq_factors),
    .n_tokens = o->n_tokens,
    .n_heads = o->n_heads,
    .head_dim = o->head_dim,
    .n_rot = o->n_rot,
    .stride = o->stride,
    .pos = o->pos,
    .neox = o->kind == RP_ROPE_NEOX,
    .magnitude = o->magnitude,
  };
  const RpVkPipelineKey key = { RP_VK_ROPE, RP_VK_NO_TYPE, { threads } };

  if (n > G_MAXUINT32 / 2)
    return rp_vk_refuse (plan, "Too much is rotated at once");
  return find_table (plan, o, &push.table)
         && rp_vk_plan_add (plan, &key, &push, sizeof push, (n + threads - 1) / threads, 1, 16.0 * (double)n);
}
