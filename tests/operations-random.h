/* What the parts of operations-random.c share: random sizes and operands, and an operation of each kind. */
#pragma once

#include "operations.h"

G_BEGIN_DECLS

/* ---- sizes and operands (operations-values.c) ---- */

guint random_between (guint low, guint high); /* both of them, too */
/* One of the arguments. */
#define PICK(...)                                                                                                      \
  (((const guint[]){ __VA_ARGS__ })[g_test_rand_int_range (0, sizeof ((guint[]){ __VA_ARGS__ }) / sizeof (guint))])
GRand *random_generator (void); /* GTest's own is slow for whole matrices */
/* Elements of a row: whole blocks, or any number. */
guint random_row_length (RpDType type);
guint random_token_count (void);
gboolean is_float_type (RpDType type);

RpView case_floats (OperationCase *c, OperandUse use, const char *name, gsize n, double low, double high);
RpView case_maybe_floats (OperationCase *c, const char *name, gsize n, double low, double high);
RpView case_output (OperationCase *c, const char *name, gsize n);
RpWeight case_weight (OperationCase *c, RpDType type, guint n_in, guint n_out, guint n_expert);
/* Different experts for each token, or, as a router may choose, the same ones for all. */
RpView case_expert_ids (OperationCase *c, guint n_tokens, guint n_used, guint n_expert);

/* ---- an operation of each kind ---- */

/* operations-products.c */
gboolean make_matmul (OperationCase *c, RpDType type); /* whether it is a precise one */
void make_experts (OperationCase *c, RpDType type);
double matmul_bound (RpDType type, const OperationBounds *bounds);

/* operations-attention.c */
void make_rope (OperationCase *c);
void make_store (OperationCase *c, RpDType type);
void make_attention (OperationCase *c, RpDType type);

/* operations-route.c */
void make_route (OperationCase *c);

/* operations-elementwise.c */
void make_embed (OperationCase *c, RpDType type);
void make_norm (OperationCase *c);
void make_glu (OperationCase *c);
void make_combine (OperationCase *c);
void make_add (OperationCase *c);
void make_scale (OperationCase *c);
void make_copy (OperationCase *c);

G_END_DECLS
