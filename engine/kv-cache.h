/* Keys and values of one timeline, on the device: for each layer K [n_context, n_kv_heads, dim_k] and
 * V [n_context, n_kv_heads, dim_v]; with absorbed latent attention, values are part of the keys and V is not there. */
#pragma once

#include "model.h"

G_BEGIN_DECLS

typedef struct
{
  RpBackend *backend;
  RpDType type; /* one of rp_is_cache_type() */
  guint n_context;
  guint n_layers;
  RpBuffer **k, **v;     /* [n_layers] */
  RpBuffer *temperature; /* f32 [n_context]: of RpHparams, for each position; NULL: none */
} RpKvCache;

gboolean rp_kv_cache_init (RpKvCache *cache, const RpModel *model, RpDType type, guint n_context, GError **error);
void rp_kv_cache_clear (RpKvCache *cache);
/* Of one token, in all layers. */
guint64 rp_kv_cache_token_bytes (const RpHparams *hparams, RpDType type);

G_END_DECLS
