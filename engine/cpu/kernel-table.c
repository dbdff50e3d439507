/* The table of one instruction set's kernels. */
#include "isa.h"

const RpKernels RP_K (kernels) = {
#if RP_SIMD_EMULATED
  .name = "AVX-512 VNNI, emulated",
#elif RP_SIMD == 512
  .name = "AVX-512, VNNI",
#elif RP_SIMD == 256
  .name = "AVX2, FMA",
#else
  .name = "portable",
#endif
#if RP_SIMD == 512
  .tile = 8,
  .float_tile = 12,
#elif RP_SIMD == 256
  .tile = 4,
  .float_tile = 6,
#else
  .tile = 4,
  .float_tile = 2,
#endif
#if RP_SIMD
  .has_int8 = RP_K (has_int8),
  .quantize_row = RP_K (quantize_row),
  .quantize_tile = RP_K (quantize_tile),
  .matvec_int8 = RP_K (matvec_int8),
  .unpack_int8 = RP_K (unpack_int8),
  .gemm_int8 = RP_K (gemm_int8),
#endif
  .matvec_f32 = RP_K (matvec_f32),
  .unpack_f32 = RP_K (unpack_f32),
  .gemm_f32 = RP_K (gemm_f32),
  .norm_rms = RP_K (norm_rms),
  .norm_layer = RP_K (norm_layer),
  .to_half = RP_K (to_half),
  .rope = RP_K (rope),
  .glu = RP_K (glu),
  .add = RP_K (add),
  .combine = RP_K (combine),
  .scale = RP_K (scale),
  .softmax = RP_K (softmax),
  .attention = RP_K (attention),
  .attention_join = RP_K (attention_join),
};
