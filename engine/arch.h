/* What tells one architecture from another: a row of a table, read by hparams.c, model.c and forward.c. */
#pragma once

#include "backend.h"

G_BEGIN_DECLS

typedef enum
{
  RP_ARCH_QK_NORM = 1 << 0,     /* each head of q and k is normalised before RoPE (Henry et al. 2020) */
  RP_ARCH_EXPERTS = 1 << 1,     /* every layer's feed-forward is routed; without it, where expert_count is not 0 */
  RP_ARCH_FFN_FACTORS = 1 << 2, /* a dense feed-forward's .scale tensors count; elsewhere they are passed over */
} RpArchFlags;

typedef struct
{
  const char *name; /* general.architecture */
  RpArchFlags flags;
  RpRopeKind rope;
  RpNormKind norm;
  RpActivation activation;
  RpGateKind gate;            /* of the router */
  gboolean normalize_experts; /* the chosen experts' weights sum to 1 */
} RpArch;

/* NULL for an architecture that is not supported. */
const RpArch *rp_arch_find (const char *name);
/* "llama, qwen2, …", for messages. */
char *rp_arch_list (void);

G_END_DECLS
