#include "kv-cache.h"

#include <math.h>

static gboolean
make_temperature (RpKvCache *cache, const RpHparams *hparams, GError **error)
{
  gsize size = cache->n_context * sizeof (float);
  g_autofree float *factors = NULL;

  if (hparams->temperature_length == 0)
    return TRUE;
  factors = g_new (float, cache->n_context);
  for (guint p = 0; p < cache->n_context; p++)
    factors[p] = 1 + hparams->temperature * logf (1 + floorf ((float)p / hparams->temperature_length));
  cache->temperature = rp_backend_buffer_new (cache->backend, size, RP_BUFFER_DEVICE, error);
  return cache->temperature
         && rp_backend_upload (cache->backend, (RpView){ cache->temperature, 0 }, factors, size, error);
}

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
  return make_temperature (cache, hparams, error);
}

void
rp_kv_cache_clear (RpKvCache *cache)
{
  for (guint i = 0; i < cache->n_layers; i++)
    {
      rp_backend_buffer_free (cache->backend, cache->k[i]);
      rp_backend_buffer_free (cache->backend, cache->v[i]);
    }
  if (cache->temperature)
    rp_backend_buffer_free (cache->backend, cache->temperature);
  cache->temperature = NULL;
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
