/* A random operation of any kind. */
#include "operations-random.h"

OperationCase *
operation_case_random (RpOpKind kind, RpDType type, const OperationBounds *bounds)
{
  OperationCase *c = operation_case_new ();

  c->bound = bounds->other;
  switch (kind)
    {
    case RP_OP_EMBED:
      make_embed (c, type);
      break;
    case RP_OP_NORM:
      make_norm (c);
      break;
    case RP_OP_MATMUL:
      c->bound = MIN (matmul_bound (type, bounds), make_matmul (c, type) ? 1e-6 : 1);
      break;
    case RP_OP_MATMUL_EXPERTS:
      make_experts (c, type);
      c->bound = matmul_bound (type, bounds);
      break;
    case RP_OP_ROPE:
      make_rope (c);
      break;
    case RP_OP_STORE_KV:
      make_store (c, type);
      /* Where a value lies in the middle of two steps, either is right. */
      c->bound = type == RP_DTYPE_Q8_0 ? 1e-5 : type == RP_DTYPE_Q4_0 ? 1e-3 : bounds->other;
      break;
    case RP_OP_ATTENTION:
      make_attention (c, type);
      c->bound = bounds->attention;
      break;
    case RP_OP_ROUTE:
      make_route (c);
      break;
    case RP_OP_GLU:
      make_glu (c);
      break;
    case RP_OP_COMBINE:
      make_combine (c);
      break;
    case RP_OP_ADD:
      make_add (c);
      break;
    case RP_OP_SCALE:
      make_scale (c);
      break;
    case RP_OP_COPY:
      make_copy (c);
      break;
    case RP_N_OPS:
    default:
      g_assert_not_reached ();
    }
  g_string_append (c->what, c->together ? ", in one buffer" : ", in buffers of their own");
  return c;
}
