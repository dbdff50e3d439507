#include "riposte-engine.h"

G_DEFINE_QUARK (rp - error - quark, rp_error)

void
rp_cancel_set (RpCancel *cancel)
{
  g_atomic_int_set (&cancel->flag, 1);
}

void
rp_cancel_reset (RpCancel *cancel)
{
  g_atomic_int_set (&cancel->flag, 0);
}

gboolean
rp_cancel_is_set (const RpCancel *cancel)
{
  return cancel && g_atomic_int_get (&cancel->flag);
}
