/* The push constants of every shader, one struct an operation, read by C and GLSL alike, so that they cannot drift.
 *
 * Addresses are buffer device addresses, 0 where an operand is absent. They come first, so that the layouts of C and
 * of GLSL (std430) are the same; no struct may be larger than the 128 bytes that every device has.
 */
#ifdef VULKAN
#define ADDRESS uint64_t
#define UINT    uint
#define FLOAT   float
#else
#pragma once
#include <glib.h>
#define ADDRESS guint64
#define UINT    guint32
#define FLOAT   float
#endif

struct EmbedParameters
{
  ADDRESS weight, tokens, result;
  UINT n_in, n_vocab, n_tokens, row_bytes;
  FLOAT scale;
};

struct NormParameters
{
  ADDRESS x, result, weight, bias;
  UINT n_rows, n, centred;
  FLOAT eps;
};

/* matvec.comp and matmul.comp. Row r of the result comes from row r / x_divisor of x. */
struct MatmulParameters
{
  ADDRESS weight, x, bias, result;
  ADDRESS experts; /* matvec: ids; matmul: what group-experts.comp made */
  UINT n_in, n_out, n_rows, row_bytes, n_expert, x_divisor, accumulate;
};

struct GroupParameters
{
  ADDRESS ids, groups;
  UINT n_pairs, max_tiles, tile;
};

struct RopeParameters
{
  ADDRESS x, table, factors;
  UINT n_tokens, n_heads, head_dim, n_rot, stride, pos, neox;
  FLOAT magnitude;
};

struct StoreParameters
{
  ADDRESS x, cache;
  UINT n;
};

struct AttentionParameters
{
  ADDRESS q, k, v, sinks, result, partial;
  UINT n_tokens, pos, n_heads, n_kv_heads, window, n_splits;
  FLOAT scale, softcap;
};

struct MergeParameters
{
  ADDRESS partial, sinks, result;
  UINT n_rows, n_heads, n_splits, dim_v;
};

struct RouteParameters
{
  ADDRESS logits, selection_bias, ids, weights;
  UINT n_tokens, n_used, gate, normalize;
  UINT n_groups, n_groups_used, group_top;
  FLOAT scale;
};

struct GluParameters
{
  ADDRESS gate, up, result;
  UINT n_rows, n, stride, activation;
  FLOAT limit;
};

struct CombineParameters
{
  ADDRESS y, weights, result;
  UINT n_tokens, n_used, n, accumulate;
};

struct AddParameters
{
  ADDRESS a, b, result;
  UINT n;
  FLOAT scale;
};

struct ScaleParameters
{
  ADDRESS x, factors, ids, bias;
  UINT n_rows, n, n_expert;
};

struct CopyParameters
{
  ADDRESS x, result;
  UINT n_rows, n, repeat, x_stride, out_stride;
};
