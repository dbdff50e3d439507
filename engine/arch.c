#include "arch.h"

#include <string.h>

static const RpArch archs[] = {
  {
    .name = "llama",
    .flags = RP_ARCH_FFN_FACTORS,
    .rope = RP_ROPE_NORM,
    .norm = RP_NORM_RMS,
    .activation = RP_ACT_SILU,
    .gate = RP_GATE_SOFTMAX,
    .normalize_experts = TRUE,
  },
  {
    .name = "qwen2",
    .rope = RP_ROPE_NEOX,
    .norm = RP_NORM_RMS,
    .activation = RP_ACT_SILU,
  },
  {
    .name = "qwen3",
    .flags = RP_ARCH_QK_NORM | RP_ARCH_FFN_FACTORS,
    .rope = RP_ROPE_NEOX,
    .norm = RP_NORM_RMS,
    .activation = RP_ACT_SILU,
  },
  {
    .name = "qwen3moe",
    .flags = RP_ARCH_QK_NORM | RP_ARCH_EXPERTS,
    .rope = RP_ROPE_NEOX,
    .norm = RP_NORM_RMS,
    .activation = RP_ACT_SILU,
    .gate = RP_GATE_SOFTMAX,
    .normalize_experts = TRUE,
  },
};

const RpArch *
rp_arch_find (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (archs); i++)
    if (strcmp (archs[i].name, name) == 0)
      return &archs[i];
  return NULL;
}

char *
rp_arch_list (void)
{
  GString *list = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (archs); i++)
    g_string_append_printf (list, "%s%s", i ? ", " : "", archs[i].name);
  return g_string_free (list, FALSE);
}
