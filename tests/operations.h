/* Random operations, run on a back end and on the scalar reference, and compared. Used by the tests of every back end
 * (test-operations-*.c).
 *
 * Every operand lies at a random offset between guard zones, which no operation may touch; what is not yet written
 * is not a number, so that a place left out shows as well. A failure prints the parameters of the operations; the
 * random seed is the one that GTest prints (run again with --seed).
 */
#pragma once

#include "backend.h"

G_BEGIN_DECLS

/* The largest normalised mean squared error Σ (is - should)² / Σ should². Indices and choices are compared exactly. */
typedef struct
{
  double matmul;       /* block-quantized weights: where activations are quantized, too, this is their error */
  double matmul_float; /* F32, F16 and BF16 weights */
  double attention;
  double other;
} OperationBounds;

typedef struct
{
  const char *name; /* in the tests' paths: "cpu-2" */
  OperationBounds bounds;
  RpBackend *(*open) (gconstpointer data, GError **error); /* a test fails where it fails */
  gconstpointer data;
  guint rounds; /* random cases a test */
} OperationTarget;

/* Adds a test a kind of operation and weight type under /operations/NAME. @target is to stay. */
void operations_add_tests (const OperationTarget *target);
/* Times operations of the shapes of real models; wanted: part of their names, or NULL. */
void operations_bench (const OperationTarget *target, const char *wanted);

/* ---- cases (operations.c) ---- */

typedef enum
{
  OPERAND_INPUT,  /* must stay as it is */
  OPERAND_OUTPUT, /* NaN before */
  OPERAND_INOUT,
} OperandUse;

typedef enum
{
  OPERAND_F32,
  OPERAND_F16,
  OPERAND_Q8_0,
  OPERAND_Q4_0,
  OPERAND_I32,
  OPERAND_WEIGHT,
} OperandKind;

typedef struct
{
  OperandUse use;
  OperandKind kind;
  const char *name;
  gsize size; /* bytes */
  guint8 *data;
  guint memory; /* of which it is a part, see below */
  gsize offset;
} Operand;

/* A list of operations and their operands. The views of the operations hold Operand pointers in place of buffers
 * until they are run. */
typedef struct
{
  GArray *ops;         /* RpOp */
  GPtrArray *operands; /* Operand */
  GString *what;       /* parameters, for messages */
  double bound;        /* the largest error of what is compared */
  double power;        /* the least that the square of a value is taken for, on average: few may happen to be small */
  gboolean together;   /* all operands but weights in one buffer */
  guint alignment;     /* of weights, in bytes: 4, or a multiple */
} OperationCase;

OperationCase *operation_case_new (void);
void operation_case_free (OperationCase *c);
RpOp *operation_case_add (OperationCase *c, RpOpKind kind); /* valid until the next one is added */
RpView operation_case_operand (OperationCase *c, OperandUse use, OperandKind kind, const char *name, gsize size);
Operand *operand_of (RpView view);
/* The views of an operation, at most 8, absent ones too. */
guint operation_views (RpOp *op, RpView *views[8]);

/* Runs on both and compares; FALSE and a message where they differ. @prepare: call rp_backend_prepare() first. */
gboolean operation_case_compare (OperationCase *c, RpBackend *reference, RpBackend *tested, gboolean prepare);
/* Seconds of a run, the median of some. */
double operation_case_time (OperationCase *c, RpBackend *backend, double seconds);
/* Does the back end refuse the case before it does anything, with a code and words? */
gboolean operation_case_refused (OperationCase *c, RpBackend *backend);

/* ---- random cases (operations-random.c and what its header names) ---- */

extern const RpDType operation_types[];
extern const guint n_operation_types;

extern const RpDType operation_cache_types[4];

/* One operation of a kind with random shapes; type is that of the weights, or of the cache. */
OperationCase *operation_case_random (RpOpKind kind, RpDType type, const OperationBounds *bounds);
/* A layer of a transformer with experts, as forward.c makes them, with concurrent operations. */
OperationCase *operation_case_layer (RpDType type, guint n_tokens, guint pos, const OperationBounds *bounds);
OperationCase *operation_case_matmul (RpDType type, guint n_in, guint n_out, guint n_tokens);
OperationCase *
operation_case_experts (RpDType type, guint n_in, guint n_out, guint n_expert, guint n_used, guint n_tokens);
OperationCase *operation_case_attention (RpDType type,
                                         guint n_tokens,
                                         guint pos,
                                         guint n_heads,
                                         guint n_kv_heads,
                                         guint dim_k,
                                         guint dim_v);
/* Rows of random weights of any type: valid blocks, every bit of the stored integers random. */
void random_weights (RpDType type, guint8 *data, gsize size);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OperationCase, operation_case_free)

G_END_DECLS
