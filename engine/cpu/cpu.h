/* The CPU back end inside: how an operation is cut into items that a pool of threads takes one by one.
 *
 * An operation runs in stages (quantize the activations; multiply), a stage in items. Threads take items from a
 * common counter, so one that was held up does not hold up the others, and meet at a barrier after the stage. The
 * operations of a concurrent run go through their stages together, as one larger stage.
 */
#pragma once

#include "../backend.h"
#include "kernels.h"
#include "threads.h"

#include <stdatomic.h>

G_BEGIN_DECLS

#define RP_CPU_MAX_GROUP  16 /* operations of a concurrent run that go together */
#define RP_CPU_MAX_STAGES 3
#define RP_CPU_ALIGN      64

struct _RpBuffer
{
  guint8 *data;
  gsize size;
  gsize allocated; /* 0: weights that are read in place */
};

/* What has been settled about one operation of the current group. */
typedef struct
{
  guint8 *scratch;   /* shared by the threads */
  gboolean made;     /* an operation before it in the group makes what is in scratch */
  guint n_items;     /* of the current stage */
  guint rows_a_item; /* or whatever else an item is measured in */
} RpCpuPlan;

/* Of the rotations in the table. */
typedef struct
{
  const float *factors;
  guint n_rot, n_tokens, pos;
  float freq_base, freq_scale, ext_factor, magnitude, corr_low, corr_high;
} RpRopeKey;

typedef struct
{
  RpBackend parent;
  RpPool *pool;
  const RpKernels *kernels;
  guint n_threads;

  guint8 *shared; /* made by prepare() */
  gsize shared_size;
  guint8 *private; /* n_threads of private_size each */
  gsize private_size, private_held;
  gsize copy_budget; /* bytes of weights that may still be copied */
  float *rope_table; /* [n_tokens, n_rot / 2, 2] cos and sin */
  gsize rope_table_size;

  /* The run. Written while the other threads wait. */
  const RpOp *ops;
  gsize n_ops;
  const RpCancel *cancel;
  gboolean cancelled, done;
  gsize first; /* of the current group */
  guint n_group, stage, n_items;
  RpCpuPlan plans[RP_CPU_MAX_GROUP];
  RpRopeKey rope_key;
  gboolean rope_valid;

  _Alignas(RP_CPU_ALIGN) atomic_uint next_item;
} RpCpu;

/* One row an operation. All but n_items and run may be NULL. */
typedef struct
{
  guint n_stages;
  gsize (*shared_size) (const RpCpu *cpu, const RpOp *op);
  gsize (*private_size) (const RpCpu *cpu, const RpOp *op);
  /* May the scratch that @other, before @op in the group, has made serve @op? */
  gboolean (*shares) (const RpCpu *cpu, const RpOp *op, const RpOp *other);
  guint (*n_items) (RpCpu *cpu, const RpOp *op, RpCpuPlan *plan, guint stage);
  void (*run) (RpCpu *cpu, const RpOp *op, const RpCpuPlan *plan, guint stage, guint item, guint thread);
} RpCpuOperation;

extern const RpCpuOperation rp_cpu_matmul;         /* matmul.c */
extern const RpCpuOperation rp_cpu_matmul_experts; /* experts.c */
extern const RpCpuOperation rp_cpu_attention;      /* attend.c */
extern const RpCpuOperation rp_cpu_embed;          /* operations.c */
extern const RpCpuOperation rp_cpu_norm;
extern const RpCpuOperation rp_cpu_rope;
extern const RpCpuOperation rp_cpu_store_kv;
extern const RpCpuOperation rp_cpu_route;
extern const RpCpuOperation rp_cpu_glu;
extern const RpCpuOperation rp_cpu_combine;
extern const RpCpuOperation rp_cpu_add;
extern const RpCpuOperation rp_cpu_scale;
extern const RpCpuOperation rp_cpu_copy;

RpRopeKey rp_cpu_rope_key (const RpOpRope *op);

/* A back end of given kernels, for tests. @kernels must be ones that the processor can run. */
RpBackend *rp_cpu_backend_new_with (const RpKernels *kernels, guint n_threads, GError **error);

static inline void *
rp_cpu_at (RpView view)
{
  return view.buffer ? view.buffer->data + view.offset : NULL;
}

static inline guint8 *
rp_cpu_private (const RpCpu *cpu, guint thread)
{
  return cpu->private + thread * cpu->private_size;
}

static inline gsize
rp_cpu_align (gsize size)
{
  return (size + RP_CPU_ALIGN - 1) / RP_CPU_ALIGN * RP_CPU_ALIGN;
}

/* Cuts @n into items of a multiple of @unit, at least @least each, some eight a thread. */
guint rp_cpu_cut (const RpCpu *cpu, gsize n, guint unit, guint least, RpCpuPlan *plan);

/* ---- matrix products (matmul.c) ---- */

/* One matrix, and the tokens that meet it. Token t reads row x_rows[t] of x and writes row out_rows[t] of out. */
typedef struct
{
  RpDType type;
  const guint8 *w;
  guint n_in, n_out;
  const float *bias;
  gboolean accumulate;
  guint n_tokens;
  const float *x;          /* [.., n_in] */
  const guint8 *rows;      /* int8, few tokens: quantized rows of x */
  const guint8 *tiles;     /* int8, many tokens: quantized tiles of these tokens */
  gboolean precise;        /* behind either stand as many again, of what the first ones left of x */
  const guint32 *x_rows;   /* NULL: t */
  const guint32 *out_rows; /* NULL: t */
  float *out;              /* [.., n_out] */
} RpCpuProduct;

gboolean rp_cpu_is_int8 (const RpCpu *cpu, RpDType type);
/* Rows first … first + n - 1 of the matrix, n ≤ RP_CPU_MATVEC_ROWS, for at most RP_MAX_MATVEC tokens, where precise
 * half of that. */
#define RP_CPU_MATVEC_ROWS 256
void rp_cpu_matvec (const RpCpu *cpu, const RpCpuProduct *product, guint first, guint n);
/* The 16 rows from @panel · 16 on, for any number of tokens, in rp_cpu_gemm_private_size() of scratch. */
void rp_cpu_gemm (const RpCpu *cpu, const RpCpuProduct *product, guint panel, guint8 *scratch);
gsize rp_cpu_gemm_private_size (guint n_tokens);

G_END_DECLS
