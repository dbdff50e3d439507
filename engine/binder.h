/* Finds the tensors of a model in its file, checks their shapes, and hands them to the back end. */
#pragma once

#include "model.h"

G_BEGIN_DECLS

typedef struct
{
  RpModel *model;
  const RpModelOptions *options;
  GHashTable *buffers; /* RpGgufTensor → RpBuffer: tied weights are uploaded once */
  guint64 bytes_done, bytes_total;
  GError **error;
} RpBinder;

/* Is there such a tensor? FORMAT as for printf(). */
gboolean rp_binder_has (const RpBinder *binder, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* Rows of the matrix, 0 where it is missing or has too many. */
guint rp_binder_n_out (const RpBinder *binder, const char *name);
gboolean rp_binder_weight (RpBinder *binder,
                           const char *name,
                           guint n_in,
                           guint n_out,
                           guint n_expert,
                           gboolean required,
                           RpWeight *out);
/* A vector of F32: a norm's weight, a bias. With rows not 1, a matrix of them. */
gboolean rp_binder_vector (RpBinder *binder, const char *name, guint n, guint rows, gboolean required, RpView *out);
/* prefix.weight with, where the file has it, prefix.bias; neither where the architecture's norms have none. */
gboolean rp_binder_norm (RpBinder *binder, const char *prefix, guint n, RpNormWeights *out);
/* prefix.weight with, where the file has them, prefix.bias and prefix.scale. */
gboolean rp_binder_linear (RpBinder *binder,
                           const char *prefix,
                           guint n_in,
                           guint n_out,
                           guint n_expert,
                           gboolean required,
                           RpLinear *out);
/* The same, but of n_all rows those from first on. */
gboolean rp_binder_linear_rows (RpBinder *binder,
                                const char *prefix,
                                guint n_in,
                                guint n_all,
                                guint first,
                                guint n_out,
                                RpLinear *out);

/* Layer i. (bind-layer.c) */
gboolean rp_bind_layer (RpBinder *binder, guint i);

G_END_DECLS
