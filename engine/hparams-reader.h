/* Keys of a file, without the architecture's name before them, read into checked ranges. */
#pragma once

#include "hparams.h"

G_BEGIN_DECLS

typedef struct
{
  const RpGguf *gguf;
  const RpArch *arch;
  GError **error;
} RpHparamsReader;

/* RP_ERROR_FORMAT, with the key's name. FALSE. */
gboolean rp_hparams_out_of_range (const RpHparamsReader *reader, const char *name);
/* A missing key leaves *value, which must then be in range itself. Numbers are finite. */
gboolean rp_hparams_read_uint (const RpHparamsReader *reader, const char *name, guint64 min, guint64 max, guint *value);
gboolean rp_hparams_read_float (const RpHparamsReader *reader, const char *name, double min, double max, float *value);
gboolean rp_hparams_read_bool (const RpHparamsReader *reader, const char *name, gboolean *value);
gboolean rp_hparams_is_array (const RpHparamsReader *reader, const char *name);
/* One number for all layers, or an array with one a layer. */
gboolean rp_hparams_read_layer (const RpHparamsReader *reader,
                                const char *name,
                                guint n_layers,
                                guint layer,
                                guint64 min,
                                guint64 max,
                                guint *value);
const char *rp_hparams_read_string (const RpHparamsReader *reader, const char *name);

/* Of every layer; what else is in @hparams is there. (hparams-rope.c) */
gboolean rp_hparams_read_rope (const RpHparamsReader *reader, RpHparams *hparams);

G_END_DECLS
