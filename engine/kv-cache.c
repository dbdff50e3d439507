#include "kv-cache.h"

gboolean
rp_kv_cache_init (RpKvCache *cache, const RpModel *model, RpDType type, guint n_context, GError **error)
{
  const RpHparams *hparams = &model->hparams;

  cache->backend = model->backend;
  cache->type = type;
  cache->n_context = n_context;
  cache->n_layers = hparams->n_layers;
  cache->k = g_new0 (RpBuffer *, cache->n_layers);
  cache->v = g_new0 (RpBuffer *, cache->n_layers);
  for (guint i = 0; i < cache->n_layers; i++)
    {
      gsize heads = (gsize)n_context * hparams->layers[i].n_kv_heads;

      cache->k[i] = rp_backend_buffer_new (cache->backend, heads * rp_dtype_row_size (type, hparams->dim_k),
                                           RP_BUFFER_DEVICE, error);
      if (!cache->k[i])
        return FALSE;
      if (hparams->latent.absorbed)
        continue; /* values are part of the keys */
      cache->v[i] = rp_backend_buffer_new (cache->backend, heads * rp_dtype_row_size (type, hparams->dim_v),
                                           RP_BUFFER_DEVICE, error);
      if (!cache->v[i])
        return FALSE;
    }
  return TRUE;
}

void
rp_kv_cache_clear (RpKvCache *cache)
{
  for (guint i = 0; i < cache->n_layers; i++)
    {
      rp_backend_buffer_free (cache->backend, cache->k[i]);
      rp_backend_buffer_free (cache->backend, cache->v[i]);
    }
  g_clear_pointer (&cache->k, g_free);
  g_clear_pointer (&cache->v, g_free);
  cache->n_layers = 0;
}

guint64
rp_kv_cache_token_bytes (const RpHparams *hparams, RpDType type)
{
  guint64 bytes = 0;

  for (guint i = 0; i < hparams->n_layers; i++)
    bytes += (guint64)hparams->layers[i].n_kv_heads
             * (rp_dtype_row_size (type, hparams->dim_k)
                + (hparams->latent.absorbed ? 0 : rp_dtype_row_size (type, hparams->dim_v)));
  return bytes;
}
