/* The memory of a pass: as much as the widest layer needs. */
#include "forward.h"

typedef struct
{
  gsize heads, kv_heads;         /* of a layer */
  gsize ff, up, shared, n_gates; /* elements a token */
} Widths;

static Widths
measure (const RpModel *model)
{
  gsize n_used = model->hparams.n_expert_used;
  Widths w = { 1, 1, 1, 1, 1, 1 };

  for (guint i = 0; i < model->hparams.n_layers; i++)
    {
      const RpLayer *layer = &model->layers[i];
      const RpFeedForward *routed = &layer->experts, *dense = &layer->dense;

      w.heads = MAX (w.heads, layer->n_heads);
      w.kv_heads = MAX (w.kv_heads, layer->n_kv_heads);
      w.ff = MAX (w.ff, MAX (n_used * routed->n_ff, dense->n_ff));
      w.up = MAX (w.up, MAX (n_used * routed->n_ff << routed->fused, (gsize)dense->n_ff << dense->fused));
      w.shared = MAX (w.shared, (gsize)layer->shared.n_ff << layer->shared.fused);
      w.n_gates = MAX (w.n_gates, layer->attention_gate.weight.n_out);
    }
  return w;
}

static gboolean
number_heads (RpActivations *a, gsize n_heads, GError **error)
{
  g_autofree gint32 *ids = g_new (gint32, a->n_batch * n_heads);

  for (gsize i = 0; i < a->n_batch * n_heads; i++)
    ids[i] = i % n_heads;
  return rp_backend_upload (a->backend, (RpView){ a->head_ids, 0 }, ids, a->n_batch * n_heads * sizeof *ids, error);
}

gboolean
rp_activations_init (RpActivations *a, const RpModel *model, guint n_batch, guint n_outputs, GError **error)
{
  const RpHparams *hparams = &model->hparams;
  const RpLatentHparams *latent = &hparams->latent;
  Widths w = measure (model);
  gsize n_used = MAX (1, hparams->n_expert_used), has_latent = latent->rank_kv != 0;
  gsize n_rot = has_latent ? hparams->layers[0].rope.n_rot : 0, dim_q = MAX (hparams->dim_k, latent->dim_plain + n_rot);
  gsize unfolded = !has_latent ? 0 : latent->absorbed ? latent->rank_kv : (gsize)latent->dim_plain + latent->dim_v;
  const struct
  {
    RpBuffer **buffer;
    gsize rows, row;
    RpBufferUse use;
  } table[] = {
    { &a->tokens, n_batch, 1, RP_BUFFER_DEVICE },
    { &a->x, n_batch, hparams->n_embd, RP_BUFFER_DEVICE },
    { &a->h, n_batch, hparams->n_embd, RP_BUFFER_DEVICE },
    { &a->y, n_batch, hparams->n_embd, RP_BUFFER_DEVICE },
    { &a->q, n_batch, w.heads * dim_q, RP_BUFFER_DEVICE },
    { &a->k, n_batch, w.kv_heads * hparams->dim_k, RP_BUFFER_DEVICE },
    { &a->v, n_batch, w.kv_heads * hparams->dim_v, RP_BUFFER_DEVICE },
    { &a->attention, n_batch, w.heads * hparams->dim_v, RP_BUFFER_DEVICE },
    { &a->attention_gate, n_batch, w.n_gates, RP_BUFFER_DEVICE },
    { &a->low, n_batch, MAX (1, latent->rank_q), RP_BUFFER_DEVICE },
    { &a->latent, n_batch, MAX (1, latent->rank_kv + n_rot), RP_BUFFER_DEVICE },
    { &a->latent_kv, n_batch, MAX (1, latent->rank_kv), RP_BUFFER_DEVICE },
    { &a->unfolded, n_batch, MAX (1, w.heads * unfolded), RP_BUFFER_DEVICE },
    { &a->plain, n_batch, MAX (1, w.heads * MAX (latent->dim_plain, latent->dim_v)), RP_BUFFER_DEVICE },
    { &a->absorbed, n_batch, latent->absorbed ? w.heads * hparams->dim_k : 1, RP_BUFFER_DEVICE },
    { &a->head_ids, n_batch, latent->absorbed ? w.heads : 1, RP_BUFFER_DEVICE },
    { &a->gate, n_batch, w.ff, RP_BUFFER_DEVICE },
    { &a->up, n_batch, w.up, RP_BUFFER_DEVICE },
    { &a->shared_gate, n_batch, w.shared, RP_BUFFER_DEVICE },
    { &a->shared_up, n_batch, w.shared, RP_BUFFER_DEVICE },
    { &a->down, n_batch, n_used * hparams->n_embd, RP_BUFFER_DEVICE },
    { &a->router, n_batch, MAX (1, hparams->n_expert), RP_BUFFER_DEVICE },
    { &a->ids, n_batch, n_used, RP_BUFFER_DEVICE },
    { &a->weights, n_batch, n_used, RP_BUFFER_DEVICE },
    { &a->share, n_batch, 1, RP_BUFFER_DEVICE },
    { &a->logits, n_outputs, model->n_vocab, RP_BUFFER_READ },
  };

  a->backend = model->backend;
  a->n_batch = n_batch;
  a->n_outputs = n_outputs;
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    {
      *table[i].buffer
        = rp_backend_buffer_new (a->backend, table[i].rows * table[i].row * sizeof (float), table[i].use, error);
      if (!*table[i].buffer)
        return FALSE;
    }
  return !latent->absorbed || number_heads (a, w.heads, error);
}

void
rp_activations_clear (RpActivations *a)
{
  RpBuffer **buffers[] = { &a->tokens,    &a->x,
                           &a->h,         &a->y,
                           &a->q,         &a->k,
                           &a->v,         &a->attention,
                           &a->low,       &a->latent,
                           &a->latent_kv, &a->unfolded,
                           &a->plain,     &a->absorbed,
                           &a->gate,      &a->up,
                           &a->down,      &a->shared_gate,
                           &a->shared_up, &a->router,
                           &a->ids,       &a->weights,
                           &a->share,     &a->logits,
                           &a->head_ids,  &a->attention_gate };

  for (gsize i = 0; i < G_N_ELEMENTS (buffers); i++)
    {
      rp_backend_buffer_free (a->backend, *buffers[i]);
      *buffers[i] = NULL;
    }
}
