/* Memory by its 64-bit address, and what every shader shares.
 *
 * Operands are multiples of 4 bytes from the start of their buffers, no more, so nothing wider is promised here.
 * A grid is wider than one dimension may be: the groups of x and y are counted through (group_index()), and the last
 * row of them may have more than there is work. Whole rows in y, and z, may be dispatched piecewise.
 */
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_EXT_shader_16bit_storage : require
#extension GL_EXT_shader_8bit_storage : require
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#extension GL_KHR_shader_subgroup_basic : require

#include "parameters.h"

layout (buffer_reference, std430, buffer_reference_align = 4) buffer F32 { float v[]; };
layout (buffer_reference, std430, buffer_reference_align = 4) buffer F32x4 { vec4 v[]; };
layout (buffer_reference, std430, buffer_reference_align = 4) buffer I32 { int v[]; };
layout (buffer_reference, std430, buffer_reference_align = 4) buffer U32 { uint v[]; };
layout (buffer_reference, std430, buffer_reference_align = 4) buffer U32x2 { uvec2 v[]; };
layout (buffer_reference, std430, buffer_reference_align = 8) buffer U64 { uint64_t v[]; };
layout (buffer_reference, std430, buffer_reference_align = 2) buffer U16 { uint16_t v[]; };
layout (buffer_reference, std430, buffer_reference_align = 1) buffer U8 { uint8_t v[]; };

/* Below every score and logit, and yet a number: differences and exponentials of it are defined everywhere. */
const float LOWEST = -1e30;

uint
group_index ()
{
  return gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
}

/* For what is a thread an element. No function: here gl_WorkGroupSize is not what the shader will say it is. */
#define thread_index() (group_index () * gl_WorkGroupSize.x + gl_LocalInvocationID.x)

/* Element i of n tokens or rows from what the device computed or the host uploaded: never out of range. */
uint
index_at (uint64_t indices, uint i, uint n)
{
  return min (uint (I32 (indices).v[i]), n - 1);
}

float
half_to_float (uint h)
{
  return unpackHalf2x16 (h).x;
}

/* Rounds to nearest, ties to even; packHalf2x16 () may round as it likes. */
uint
float_to_half (float f)
{
  uint bits = floatBitsToUint (f), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;

  if (magnitude > 0x7f800000)
    return sign | 0x7e00;
  if (magnitude >= 0x477ff000)
    return sign | 0x7c00;
  if (magnitude < 0x38800000) /* subnormal: a multiple of 2⁻²⁴ */
    return sign | uint (roundEven (uintBitsToFloat (magnitude) * 16777216.0));
  magnitude += 0xfff + (magnitude >> 13 & 1);
  return sign | ((magnitude >> 13) - (112 << 10));
}

/* The 4 bytes at an address that is a multiple of 2. */
uint
load_2x16 (uint64_t address)
{
  U16 at = U16 (address);

  return uint (at.v[0]) | uint (at.v[1]) << 16;
}

vec4
bytes_to_vec4 (uint bytes)
{
  return vec4 (bytes & 0xff, bytes >> 8 & 0xff, bytes >> 16 & 0xff, bytes >> 24);
}

vec4
signed_bytes_to_vec4 (uint bytes)
{
  return bytes_to_vec4 (bytes ^ 0x80808080) - 128.0;
}
