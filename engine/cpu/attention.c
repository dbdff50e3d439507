/* Attention in blocks of positions with a running maximum (Milakov and Gimelshein 2018; Dao et al. 2022).
 *
 * The query heads that share a KV head, at several tokens, are the rows of one small matrix: each block of keys and
 * values is converted to f32 once for all of them, and both products are f32 matrix products of the same shape, 16
 * columns by as many rows as registers hold.
 */
#include "isa.h"

#include <float.h>

#define B RP_ATTENTION_BLOCK

#if RP_SIMD == 512
#define ROWS 12
#elif RP_SIMD == 256
#define ROWS 6
#else
#define ROWS 2
#endif

/* Where the pieces of a thread's scratch are. */
typedef struct
{
  guint group, n_rows, columns; /* columns: dim_v rounded up to 16 */
  float *q;                     /* [n_rows, dim_k], scaled */
  float *out;                   /* [n_rows, columns] */
  float *s;                     /* [n_rows, B]: scores, then their exponentials */
  float *largest, *weight;      /* [n_rows] */
  float *k;                     /* [dim_k, B]: transposed */
  float *v;                     /* [B, columns] */
} Scratch;

static Scratch
lay_out (const RpAttentionJob *job, guint n, float *memory)
{
  Scratch s = { .group = job->n_heads / job->n_kv_heads, .columns = (job->dim_v + 15) / 16 * 16 };

  s.n_rows = n * s.group;
  s.k = memory;
  s.v = s.k + (gsize)job->dim_k * B;
  s.q = s.v + (gsize)s.columns * B;
  s.out = s.q + (gsize)s.n_rows * job->dim_k;
  s.s = s.out + (gsize)s.n_rows * s.columns;
  s.largest = s.s + (gsize)s.n_rows * B;
  s.weight = s.largest + s.n_rows;
  return s;
}

/* c[t, 0 … 15] (+)= Σ_i a[t, i] b[i, 0 … 15] for T rows, T a constant where this is inlined */
RP_INLINE void
multiply_tile (guint T,
               const float *a,
               gsize lda,
               const float *b,
               gsize ldb,
               guint n,
               float *c,
               gsize ldc,
               gboolean add)
{
  vf sum[ROWS][VN];

  for (guint t = 0; t < T; t++)
    for (guint v = 0; v < VN; v++)
      sum[t][v] = add ? vf_load (c + t * ldc + v * VL) : vf_zero ();
  for (guint i = 0; i < n; i++)
    {
      vf w[VN];
      for (guint v = 0; v < VN; v++)
        w[v] = vf_load (b + i * ldb + v * VL);
#pragma GCC unroll 12
      for (guint t = 0; t < T; t++)
        {
          vf x = vf_set1 (a[t * lda + i]);
          for (guint v = 0; v < VN; v++)
            sum[t][v] = vf_fma (w[v], x, sum[t][v]);
        }
    }
  for (guint t = 0; t < T; t++)
    for (guint v = 0; v < VN; v++)
      vf_store (c + t * ldc + v * VL, sum[t][v]);
}

/* c [m, columns] (+)= a [m, n] b [n, columns], columns a multiple of 16 */
static void
multiply (const float *a,
          gsize lda,
          const float *b,
          gsize ldb,
          guint m,
          guint n,
          guint columns,
          float *c,
          gsize ldc,
          gboolean add)
{
  for (guint j = 0; j < columns; j += 16)
    {
      guint i = 0;
      for (; i + ROWS <= m; i += ROWS)
        multiply_tile (ROWS, a + i * lda, lda, b + j, ldb, n, c + i * ldc + j, ldc, add);
#if ROWS > 3
      for (; i + 3 <= m; i += 3)
        multiply_tile (3, a + i * lda, lda, b + j, ldb, n, c + i * ldc + j, ldc, add);
#endif
      for (; i < m; i++)
        multiply_tile (1, a + i * lda, lda, b + j, ldb, n, c + i * ldc + j, ldc, add);
    }
}

#if RP_SIMD
/* out[i · ld + j] = in[j][i] */
RP_INLINE void
transpose_8x8 (const __m256 in[8], float *out, gsize ld)
{
  __m256 a[8], b[8];

  for (int i = 0; i < 4; i++)
    {
      a[2 * i] = _mm256_unpacklo_ps (in[2 * i], in[2 * i + 1]);
      a[2 * i + 1] = _mm256_unpackhi_ps (in[2 * i], in[2 * i + 1]);
    }
  for (int i = 0; i < 2; i++)
    {
      b[4 * i] = _mm256_shuffle_ps (a[4 * i], a[4 * i + 2], 0x44);
      b[4 * i + 1] = _mm256_shuffle_ps (a[4 * i], a[4 * i + 2], 0xee);
      b[4 * i + 2] = _mm256_shuffle_ps (a[4 * i + 1], a[4 * i + 3], 0x44);
      b[4 * i + 3] = _mm256_shuffle_ps (a[4 * i + 1], a[4 * i + 3], 0xee);
    }
  for (int i = 0; i < 4; i++)
    {
      _mm256_storeu_ps (out + i * ld, _mm256_permute2f128_ps (b[i], b[i + 4], 0x20));
      _mm256_storeu_ps (out + (i + 4) * ld, _mm256_permute2f128_ps (b[i], b[i + 4], 0x31));
    }
}

/* Elements d … d + 7 of a row, d a multiple of 8. */
RP_INLINE __m256
load_8 (RpDType type, const guint8 *row, guint d)
{
  switch (type)
    {
    case RP_DTYPE_Q8_0:
      {
        const RpBlockQ8_0 *block = (const RpBlockQ8_0 *)row + d / 32;
        __m128i q = _mm_loadl_epi64 ((const __m128i *)(block->qs + d % 32));
        return _mm256_mul_ps (_mm256_cvtepi32_ps (_mm256_cvtepi8_epi32 (q)), _mm256_set1_ps (half_to_float (block->d)));
      }
    case RP_DTYPE_Q4_0:
      {
        const RpBlockQ4_0 *block = (const RpBlockQ4_0 *)row + d / 32;
        __m128i bytes = _mm_loadl_epi64 ((const __m128i *)(block->qs + d % 16));
        __m128i q = _mm_and_si128 (d % 32 < 16 ? bytes : _mm_srli_epi16 (bytes, 4), _mm_set1_epi8 (15));
        q = _mm_sub_epi8 (q, _mm_set1_epi8 (8));
        return _mm256_mul_ps (_mm256_cvtepi32_ps (_mm256_cvtepi8_epi32 (q)), _mm256_set1_ps (half_to_float (block->d)));
      }
    case RP_DTYPE_F16:
      return _mm256_cvtph_ps (_mm_loadu_si128 ((const __m128i *)(row + 2 * d)));
    default:
      return _mm256_loadu_ps ((const float *)row + d);
    }
}
#endif

RP_INLINE float
load_1 (RpDType type, const guint8 *row, guint d)
{
  switch (type)
    {
    case RP_DTYPE_Q8_0:
      {
        const RpBlockQ8_0 *block = (const RpBlockQ8_0 *)row + d / 32;
        return half_to_float (block->d) * block->qs[d % 32];
      }
    case RP_DTYPE_Q4_0:
      {
        const RpBlockQ4_0 *block = (const RpBlockQ4_0 *)row + d / 32;
        return half_to_float (block->d) * (float)((block->qs[d % 16] >> (d % 32 / 16 * 4) & 15) - 8);
      }
    case RP_DTYPE_F16:
      return half_to_float (((const RpHalf *)row)[d]);
    default:
      return ((const float *)row)[d];
    }
}

/* out[d · B + j] = element d of row j, for n ≤ B rows; the rest of out is zero */
RP_INLINE void
load_transposed (RpDType type, const guint8 *rows, gsize stride, guint n, guint dim, float *out)
{
  guint j = 0;

  if (n < B)
    memset (out, 0, (gsize)dim * B * sizeof *out);
#if RP_SIMD
  for (; j + 8 <= n; j += 8)
    {
      guint d = 0;
      for (; d + 8 <= dim; d += 8)
        {
          __m256 in[8];
          for (guint i = 0; i < 8; i++)
            in[i] = load_8 (type, rows + (j + i) * stride, d);
          transpose_8x8 (in, out + (gsize)d * B + j, B);
        }
      for (; d < dim; d++)
        for (guint i = 0; i < 8; i++)
          out[(gsize)d * B + j + i] = load_1 (type, rows + (j + i) * stride, d);
    }
#endif
  for (; j < n; j++)
    for (guint d = 0; d < dim; d++)
      out[(gsize)d * B + j] = load_1 (type, rows + j * stride, d);
}

/* out[j · columns + d] = element d of row j */
RP_INLINE void
load_rows (RpDType type, const guint8 *rows, gsize stride, guint n, guint dim, guint columns, float *out)
{
  for (guint j = 0; j < n; j++, rows += stride, out += columns)
    {
      guint d = 0;
#if RP_SIMD
      for (; d + 8 <= dim; d += 8)
        _mm256_storeu_ps (out + d, load_8 (type, rows, d));
#endif
      for (; d < dim; d++)
        out[d] = load_1 (type, rows, d);
      for (; d < columns; d++)
        out[d] = 0;
    }
}

/* The keys and values of n positions from @at on. */
static void
load_block (const RpAttentionJob *job, const Scratch *s, guint kv_head, guint at, guint n)
{
  gsize k_bytes = rp_dtype_row_size (job->type, job->dim_k), v_bytes = rp_dtype_row_size (job->type, job->dim_v);
  gsize k_stride = job->n_kv_heads * k_bytes, v_stride = job->n_kv_heads * v_bytes;
  const guint8 *k = job->k + at * k_stride + kv_head * k_bytes, *v = job->v + at * v_stride + kv_head * v_bytes;

#define CASE(type)                                                                                                     \
  case type:                                                                                                           \
    load_transposed (type, k, k_stride, n, job->dim_k, s->k);                                                          \
    load_rows (type, v, v_stride, n, job->dim_v, s->columns, s->v);                                                    \
    break;
  switch (job->type)
    {
      CASE (RP_DTYPE_F32)
      CASE (RP_DTYPE_F16)
      CASE (RP_DTYPE_Q8_0)
      CASE (RP_DTYPE_Q4_0)
    default:
      g_assert_not_reached ();
    }
#undef CASE
}

/* Turns a row's scores into e^(s - maximum so far), in visible columns first … end - 1, and rescales its sums. */
static void
softmax_row (const RpAttentionJob *job, const Scratch *scratch, guint row, guint first, guint end)
{
  float *s = scratch->s + (gsize)row * B;
  float *out = scratch->out + (gsize)row * scratch->columns;

  if (first >= end)
    {
      memset (s, 0, B * sizeof *s);
      return;
    }
  if (job->softcap != 0)
    for (guint j = first; j < end; j++)
      s[j] = job->softcap * tanhf (s[j] / job->softcap);
  for (guint j = 0; j < first; j++)
    s[j] = -FLT_MAX;
  for (guint j = end; j < B; j++)
    s[j] = -FLT_MAX;

  vf block_largest = vf_load (s);
  for (guint j = VL; j < B; j += VL)
    block_largest = vf_max (block_largest, vf_load (s + j));
  float before = scratch->largest[row], largest = fmaxf (before, vf_largest (block_largest));
  for (guint j = 0; j < B; j += VL)
    vf_store (s + j, vf_exp (vf_sub (vf_load (s + j), vf_set1 (largest))));
  memset (s, 0, first * sizeof *s);
  memset (s + end, 0, (B - end) * sizeof *s);
  vf sum = vf_zero ();
  for (guint j = 0; j < B; j += VL)
    sum = vf_add (sum, vf_load (s + j));

  float factor = 1;
  if (largest > before)
    {
      factor = expf (before - largest);
      for (guint d = 0; d < scratch->columns; d += VL)
        vf_store (out + d, vf_mul (vf_load (out + d), vf_set1 (factor)));
    }
  scratch->largest[row] = largest;
  scratch->weight[row] = scratch->weight[row] * factor + vf_sum (sum);
}

static void
load_queries (const RpAttentionJob *job, const Scratch *s, guint kv_head, guint first)
{
  for (guint r = 0; r < s->n_rows; r++)
    {
      guint t = first + r / s->group, head = kv_head * s->group + r % s->group;
      const float *q = job->q + ((gsize)t * job->n_heads + head) * job->dim_k;
      for (guint d = 0; d < job->dim_k; d++)
        s->q[(gsize)r * job->dim_k + d] = q[d] * job->scale;
      s->largest[r] = -FLT_MAX;
      s->weight[r] = 0;
    }
  memset (s->out, 0, (gsize)s->n_rows * s->columns * sizeof *s->out);
}

static void
attend_block (const RpAttentionJob *job, const Scratch *s, guint kv_head, guint first, guint at, guint n)
{
  load_block (job, s, kv_head, at, n);
  multiply (s->q, job->dim_k, s->k, B, s->n_rows, job->dim_k, B, s->s, B, FALSE);
  for (guint r = 0; r < s->n_rows; r++)
    {
      guint p = job->pos + first + r / s->group;
      guint low = job->window && p + 1 > job->window ? p + 1 - job->window : 0;
      guint end = p + 1 > at ? MIN (p + 1 - at, n) : 0;
      softmax_row (job, s, r, low > at ? MIN (low - at, n) : 0, end);
    }
  multiply (s->s, B, s->v, s->columns, s->n_rows, n, s->columns, s->out, s->columns, TRUE);
}

static void
write_rows (const RpAttentionJob *job, const Scratch *s, guint kv_head, guint first, float *part)
{
  for (guint r = 0; r < s->n_rows; r++)
    {
      guint t = first + r / s->group, head = kv_head * s->group + r % s->group;
      const float *sum = s->out + (gsize)r * s->columns;
      if (part)
        {
          float *to = part + (gsize)r * (job->dim_v + 2);
          memcpy (to, sum, job->dim_v * sizeof *to);
          to[job->dim_v] = s->weight[r];
          to[job->dim_v + 1] = s->largest[r];
          continue;
        }
      float weight = s->weight[r] + (job->sinks ? expf (job->sinks[head] - s->largest[r]) : 0);
      float *out = job->out + ((gsize)t * job->n_heads + head) * job->dim_v;
      for (guint d = 0; d < job->dim_v; d++)
        out[d] = sum[d] / weight;
    }
}

void
RP_K (attention) (const RpAttentionJob *job,
                  guint kv_head,
                  guint first,
                  guint n,
                  guint begin,
                  guint end,
                  float *part,
                  float *scratch)
{
  Scratch s = lay_out (job, n, scratch);

  load_queries (job, &s, kv_head, first);
  /* Nothing after the last token's position is seen, nor before the first one's window. */
  end = MIN (end, job->pos + first + n);
  if (job->window && job->pos + first + 1 > job->window)
    begin = MAX (begin, job->pos + first + 1 - job->window);
  for (guint at = begin; at < end; at += B)
    attend_block (job, &s, kv_head, first, at, MIN (B, end - at));
  write_rows (job, &s, kv_head, first, part);
}

void
RP_K (attention_join) (const float *parts, guint n_parts, gsize stride, guint dim_v, const float *sink, float *out)
{
  float largest = -FLT_MAX, weight = 0;

  for (guint i = 0; i < n_parts; i++)
    largest = fmaxf (largest, parts[i * stride + dim_v + 1]);
  for (guint i = 0; i < n_parts; i++)
    weight += parts[i * stride + dim_v] * expf (parts[i * stride + dim_v + 1] - largest);
  if (sink)
    weight += expf (*sink - largest);
  memset (out, 0, dim_v * sizeof *out);
  for (guint i = 0; i < n_parts; i++)
    {
      const float *part = parts + i * stride;
      float factor = expf (part[dim_v + 1] - largest) / weight;
      for (guint d = 0; d < dim_v; d++)
        out[d] += factor * part[d];
    }
}
