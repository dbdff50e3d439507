/* Writing quantized weights: encoders that search for the least squared error, the mixture of types that a name such as
 * Q4_K_M promises, and the conversion of whole files. */
#pragma once

#include "gguf.h"
#include "riposte-engine.h"

G_BEGIN_DECLS

/* ---- blocks (quantize-blocks.c) ---- */

/* F32, F16, BF16, Q4_0, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K and MXFP4 */
gboolean rp_quantize_has (guint type);
/* n finite values, a multiple of the type's block, to a row. Slow and good: compare RpDTypeInfo.quantize. */
void rp_quantize_row (RpDType type, const float *x, void *row, gsize n);

/* ---- mixtures (quantize-mixture.c) ---- */

typedef struct _RpMixture RpMixture;

/* By name, in any case ("Q4_K_M"); NULL with RP_ERROR_ARGUMENT, which names those that there are. */
const RpMixture *rp_mixture_find (const char *name, GError **error);
const char *rp_mixture_get_name (const RpMixture *mixture);
guint rp_mixture_get_file_type (const RpMixture *mixture); /* the number of general.file_type */
/* What each tensor of @gguf becomes, in its order: the type it has where it stays as it is. */
RpDType *rp_mixture_choose (const RpMixture *mixture, const RpGguf *gguf);

/* ---- files (quantize.c) ---- */

typedef struct
{
  guint n_threads;         /* 0: one a core */
  const RpCancel *cancel;  /* nullable */
  RpProgressFunc progress; /* nullable */
  gpointer progress_data;
} RpQuantizeOptions;

typedef struct
{
  guint64 bytes_in, bytes_out; /* of the tensors */
  guint n_tensors, n_quantized;
  guint n_requantized; /* of those, quantized before already: their error adds up */
} RpQuantizeStats;

/**
 * rp_quantize_file:
 *
 * Writes @in to @out with the types of @mixture, metadata and other tensors as they are. @out appears when it is whole:
 * it is written beside itself and renamed, and after an error or a cancellation nothing is left.
 */
gboolean rp_quantize_file (const char *in,
                           const char *out,
                           const RpMixture *mixture,
                           const RpQuantizeOptions *options, /* nullable */
                           RpQuantizeStats *stats,           /* nullable */
                           GError **error);

G_END_DECLS
