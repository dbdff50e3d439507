/* One timeline of tokens: what is in the KV cache, and how it grows. */
#include "forward.h"
#include "model.h"
#include "sampler.h"

#include <string.h>

#define DEFAULT_BATCH   512
#define MAX_BATCH       8192
#define DEFAULT_CONTEXT 32768
#define MAX_OUTPUTS     32 /* rows of logits that are read back at once */

struct _RpSession
{
  RpModel *model;
  guint n_context, n_batch;
  RpKvCache cache;
  RpActivations activations;
  GArray *tokens; /* RpToken, one a filled position of the cache */
  GArray *ops;    /* RpOp, room for a pass */
  float *logits;  /* [n_vocab], of the last token */
  /* Those of the end of the last prompt, as they were made, and where that is: the prompt again needs no token to be fed
   * anew, which in a batch of another size might round otherwise and answer otherwise. 0: none. */
  float *prompt_logits;
  guint n_prompt;
};

static RpDType
kv_type_of (const RpModel *model, RpKvType type)
{
  switch (type)
    {
    case RP_KV_F16:
      return RP_DTYPE_F16;
    case RP_KV_F32:
      return RP_DTYPE_F32;
    case RP_KV_Q8_0:
      return RP_DTYPE_Q8_0;
    case RP_KV_Q4_0:
      return RP_DTYPE_Q4_0;
    case RP_KV_AUTO:
    default:
      return model->all_f32 ? RP_DTYPE_F32 : RP_DTYPE_F16;
    }
}

/* What the model was trained for, as far as a quarter of the device's memory goes. */
static guint
default_context (const RpModel *model, RpDType type)
{
  guint64 affordable = model->device->memory_bytes / 4 / MAX (1, rp_kv_cache_token_bytes (&model->hparams, type));

  return MIN (MIN (model->hparams.n_context, DEFAULT_CONTEXT), CLAMP (affordable, 512, RP_MAX_CONTEXT));
}

/* A pass of every shape that will be run, so that pipelines and scratch exist before tokens flow. */
static gboolean
prepare (RpSession *self, GError **error)
{
  RpModel *model = self->model;
  guint batches[] = { self->n_batch, 1 };

  for (gsize i = 0; i < G_N_ELEMENTS (batches); i++)
    {
      guint n = batches[i];

      g_array_set_size (self->ops, 0);
      rp_forward_layers (self->ops, model, &self->activations, &self->cache, self->n_context - n, n, n);
      rp_forward_logits (self->ops, model, &self->activations, 0, MIN (n, self->activations.n_outputs));
      if (!rp_backend_prepare (model->backend, (RpOp *)self->ops->data, self->ops->len, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
check_options (const RpSessionOptions *options, GError **error)
{
  if (options->n_context > RP_MAX_CONTEXT)
    {
      g_set_error (error, RP_ERROR, RP_ERROR_ARGUMENT, "A context of %u tokens is more than %u", options->n_context,
                   RP_MAX_CONTEXT);
      return FALSE;
    }
  if (options->n_batch > MAX_BATCH)
    {
      g_set_error (error, RP_ERROR, RP_ERROR_ARGUMENT, "A batch of %u tokens is more than %u", options->n_batch,
                   MAX_BATCH);
      return FALSE;
    }
  return TRUE;
}

/* A head's keys and values are whole blocks of the cache's type. */
static gboolean
check_heads (const RpModel *model, RpDType type, GError **error)
{
  const RpDTypeInfo *info = rp_dtype_info (type);
  guint dim_k = model->hparams.dim_k, dim_v = model->hparams.dim_v;

  if (dim_k % info->block_elements == 0 && dim_v % info->block_elements == 0)
    return TRUE;
  g_set_error (
    error, RP_ERROR, RP_ERROR_UNSUPPORTED,
    "Keys and values in %s need heads of a multiple of %u elements; this model's have %u and %u, so F16 it has "
    "to be",
    info->name, info->block_elements, dim_k, dim_v);
  return FALSE;
}

RpSession *
rp_session_new (RpModel *model, const RpSessionOptions *options, GError **error)
{
  const RpSessionOptions defaults = { 0 };
  g_autoptr (RpSession) self = NULL;
  RpDType type;

  g_return_val_if_fail (model, NULL);
  options = options ? options : &defaults;
  if (!check_options (options, error) || !check_heads (model, kv_type_of (model, options->kv_type), error))
    return NULL;
  self = g_new0 (RpSession, 1);
  type = kv_type_of (model, options->kv_type);
  self->model = model;
  self->n_context = options->n_context ? options->n_context : default_context (model, type);
  self->n_batch = MIN (options->n_batch ? options->n_batch : DEFAULT_BATCH, self->n_context);
  self->tokens = g_array_sized_new (FALSE, FALSE, sizeof (RpToken), self->n_context);
  self->ops = g_array_sized_new (FALSE, FALSE, sizeof (RpOp), model->hparams.n_layers * 32 + 8);
  self->logits = g_try_new (float, model->n_vocab);
  self->prompt_logits = g_try_new (float, model->n_vocab);
  if (!self->logits || !self->prompt_logits)
    {
      g_set_error_literal (error, RP_ERROR, RP_ERROR_MEMORY, "Out of memory");
      return NULL;
    }
  if (!rp_kv_cache_init (&self->cache, model, type, self->n_context, error)
      || !rp_activations_init (&self->activations, model, self->n_batch, MIN (self->n_batch, MAX_OUTPUTS), error)
      || !prepare (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
rp_session_free (RpSession *self)
{
  if (!self)
    return;
  if (self->activations.backend)
    rp_activations_clear (&self->activations);
  if (self->cache.backend)
    rp_kv_cache_clear (&self->cache);
  g_array_unref (self->tokens);
  g_array_unref (self->ops);
  g_free (self->logits);
  g_free (self->prompt_logits);
  g_free (self);
}

guint
rp_session_get_n_context (RpSession *self)
{
  return self->n_context;
}

guint
rp_session_get_n_tokens (RpSession *self)
{
  return self->tokens->len;
}

void
rp_session_rewind (RpSession *self, guint n_tokens)
{
  if (n_tokens >= self->tokens->len)
    return;
  g_array_set_size (self->tokens, n_tokens);
  if (n_tokens < self->n_prompt)
    self->n_prompt = 0;
}

/* Reads the logits of rows first … first + n - 1 of the last pass into out. */
static gboolean
read_logits (RpSession *self, guint first, guint n, float *out, const RpCancel *cancel, GError **error)
{
  RpModel *model = self->model;

  for (guint done = 0; done < n;)
    {
      guint rows = MIN (n - done, self->activations.n_outputs);

      g_array_set_size (self->ops, 0);
      rp_forward_logits (self->ops, model, &self->activations, first + done, rows);
      if (!rp_backend_run (model->backend, (RpOp *)self->ops->data, self->ops->len, cancel, error)
          || !rp_backend_download (model->backend, (RpView){ self->activations.logits, 0 },
                                   out + (gsize)done * model->n_vocab, (gsize)rows * model->n_vocab * sizeof (float),
                                   error))
        return FALSE;
      done += rows;
    }
  return TRUE;
}

/* Feeds at most n_batch tokens; the logits of the last n_logits of them go to out. */
static gboolean
feed (RpSession *self,
      const RpToken *tokens,
      guint n,
      float *out,
      guint n_logits,
      const RpCancel *cancel,
      GError **error)
{
  RpModel *model = self->model;

  if (!rp_backend_upload (model->backend, (RpView){ self->activations.tokens, 0 }, tokens, n * sizeof *tokens, error))
    return FALSE;
  g_array_set_size (self->ops, 0);
  rp_forward_layers (self->ops, model, &self->activations, &self->cache, self->tokens->len, n, n_logits);
  if (n_logits == 1)
    rp_forward_logits (self->ops, model, &self->activations, n - 1, 1);
  if (!rp_backend_run (model->backend, (RpOp *)self->ops->data, self->ops->len, cancel, error))
    return FALSE;
  if (n_logits == 1 ? !rp_backend_download (model->backend, (RpView){ self->activations.logits, 0 }, out,
                                            model->n_vocab * sizeof *out, error)
                    : n_logits && !read_logits (self, n - n_logits, n_logits, out, cancel, error))
    return FALSE;
  g_array_append_vals (self->tokens, tokens, n);
  return TRUE;
}

static gboolean
check_tokens (RpSession *self, const RpToken *tokens, gsize n, guint at, GError **error)
{
  for (gsize i = 0; i < n; i++)
    if (tokens[i] < 0 || (guint)tokens[i] >= self->model->n_vocab)
      {
        g_set_error (error, RP_ERROR, RP_ERROR_ARGUMENT, "Token %d is not within the vocabulary of %u", tokens[i],
                     self->model->n_vocab);
        return FALSE;
      }
  if (n > self->n_context - at)
    {
      g_set_error (error, RP_ERROR, RP_ERROR_CONTEXT_FULL,
                   "%" G_GSIZE_FORMAT " tokens do not fit the context of %u tokens", n + at, self->n_context);
      return FALSE;
    }
  return TRUE;
}

gboolean
rp_session_logits (RpSession *self,
                   const RpToken *tokens,
                   gsize n_tokens,
                   float *logits,
                   const RpCancel *cancel,
                   GError **error)
{
  guint before = self->tokens->len;

  if (!check_tokens (self, tokens, n_tokens, before, error))
    return FALSE;
  for (gsize done = 0; done < n_tokens;)
    {
      guint n = MIN (n_tokens - done, self->n_batch);

      if (!feed (self, tokens + done, n, logits ? logits + done * self->model->n_vocab : NULL, logits ? n : 0, cancel,
                 error))
        {
          rp_session_rewind (self, before);
          return FALSE;
        }
      done += n;
    }
  return TRUE;
}

/* ---- generation ---- */

static guint
common_prefix (const RpSession *self, const RpToken *prompt, gsize n_prompt)
{
  guint n = 0;

  while (n < n_prompt && n < self->tokens->len && g_array_index (self->tokens, RpToken, n) == prompt[n])
    n++;
  return n;
}

/* Brings the timeline to exactly the prompt, with the logits of its last token. */
static gboolean
prefill (RpSession *self,
         const RpToken *prompt,
         guint n_prompt,
         const RpGenerateOptions *options,
         RpGenerateStats *stats,
         GError **error)
{
  guint reused = common_prefix (self, prompt, n_prompt);

  if (reused == n_prompt && reused != self->n_prompt)
    reused--; /* its logits are wanted */
  stats->n_reused = reused;
  rp_session_rewind (self, reused);
  while (self->tokens->len < n_prompt)
    {
      guint done = self->tokens->len, n = MIN (n_prompt - done, self->n_batch);

      if (!feed (self, prompt + done, n, self->logits, done + n == n_prompt ? 1 : 0, options->cancel, error))
        return FALSE;
      if (options->prefill)
        options->prefill (done + n, n_prompt, options->user_data);
    }
  if (reused < n_prompt)
    memcpy (self->prompt_logits, self->logits, self->model->n_vocab * sizeof *self->logits);
  else
    memcpy (self->logits, self->prompt_logits, self->model->n_vocab * sizeof *self->logits);
  self->n_prompt = n_prompt;
  return TRUE;
}

/* What was made and can be shown: pieces are held back until their UTF-8 is whole, and until it is known that they do
 * not begin the text that ends the answer. */
typedef struct
{
  const RpGenerateOptions *options;
  GString *text;
  GArray *marks;  /* of RpToken: control tokens that are shown */
  gboolean ended; /* by the text that ends the answer */
} Output;

static GArray *
find_marks (const RpTokenizer *tokenizer, const char *const *marks)
{
  GArray *found = g_array_new (FALSE, FALSE, sizeof (RpToken));

  for (gsize i = 0; tokenizer && marks && marks[i]; i++)
    {
      RpToken token = rp_tokenizer_find (tokenizer, marks[i]);

      if (token >= 0)
        g_array_append_val (found, token);
    }
  return found;
}

static gboolean
is_mark (const Output *output, RpToken token)
{
  for (guint i = 0; i < output->marks->len; i++)
    if (g_array_index (output->marks, RpToken, i) == token)
      return TRUE;
  return FALSE;
}

/* How many of the first @n bytes come before the text that ends the answer, or before what may become it. */
static gsize
before_end (Output *output, gsize n, gboolean everything)
{
  const char *text = output->text->str, *until = output->options->until;
  const char *found = g_strstr_len (text, (gssize)n, until);
  gsize held;

  if (found)
    {
      output->ended = TRUE;
      return found - text;
    }
  if (everything)
    return n;
  for (held = MIN (n, strlen (until) - 1); held > 0; held--)
    if (memcmp (text + n - held, until, held) == 0)
      break;
  return n - held;
}

static gboolean
emit (Output *output, gboolean everything)
{
  gsize n = rp_utf8_complete (output->text->str, output->text->len);
  gboolean go_on = TRUE;

  if (output->ended)
    return FALSE;
  if (everything && n < output->text->len)
    {
      g_autofree char *valid = g_utf8_make_valid (output->text->str, output->text->len);
      g_string_assign (output->text, valid);
      n = output->text->len;
    }
  if (output->options->until && *output->options->until)
    n = before_end (output, n, everything);
  if (n && output->options->text)
    {
      if (g_utf8_validate (output->text->str, n, NULL))
        go_on = output->options->text (output->text->str, n, output->options->user_data);
      else
        {
          g_autofree char *valid = g_utf8_make_valid (output->text->str, n);
          go_on = output->options->text (valid, strlen (valid), output->options->user_data);
        }
    }
  g_string_erase (output->text, 0, n);
  return go_on && !output->ended;
}

static gboolean
decode (RpSession *self,
        RpSampler *sampler,
        const RpGenerateOptions *options,
        Output *output,
        RpGenerateStats *stats,
        GError **error)
{
  RpModel *model = self->model;

  for (;;)
    {
      RpToken token;

      if (options->n_predict && stats->n_decoded == options->n_predict)
        {
          stats->stop = RP_STOP_LENGTH;
          return TRUE;
        }
      if (rp_cancel_is_set (options->cancel))
        {
          stats->stop = RP_STOP_CANCELLED;
          return TRUE;
        }
      token = rp_sampler_sample (sampler, self->logits, (RpToken *)self->tokens->data, self->tokens->len);
      if (!options->ignore_end && rp_model_is_end (model, token))
        {
          stats->stop = RP_STOP_END;
          return TRUE;
        }
      stats->n_decoded++;
      if (options->tokens)
        g_array_append_val (options->tokens, token);
      if (model->tokenizer)
        rp_tokenizer_decode (model->tokenizer, token, is_mark (output, token), output->text);
      if (!emit (output, FALSE))
        {
          stats->stop = output->ended ? RP_STOP_END : RP_STOP_CANCELLED;
          return TRUE;
        }
      if (options->n_predict && stats->n_decoded == options->n_predict)
        continue;
      if (self->tokens->len == self->n_context)
        {
          stats->stop = RP_STOP_CONTEXT;
          return TRUE;
        }
      if (!feed (self, &token, 1, self->logits, 1, options->cancel, error))
        return FALSE;
    }
}

/* A cancellation inside a pass is a stop like any other. */
static gboolean
stopped (GError **error, GError *local, RpGenerateStats *stats)
{
  if (!g_error_matches (local, RP_ERROR, RP_ERROR_CANCELLED))
    {
      g_propagate_error (error, local);
      return FALSE;
    }
  g_error_free (local);
  stats->stop = RP_STOP_CANCELLED;
  return TRUE;
}

gboolean
rp_session_generate (RpSession *self,
                     const RpToken *prompt,
                     gsize n_prompt,
                     const RpGenerateOptions *options,
                     RpGenerateStats *stats_out,
                     GError **error)
{
  RpGenerateStats stats = { .n_prompt = n_prompt };
  g_autoptr (RpSampler) sampler = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GArray) marks = find_marks (self->model->tokenizer, options->marks);
  Output output = { options, text, marks, FALSE };
  GError *local = NULL;
  gint64 start = g_get_monotonic_time ();
  gboolean ok;

  if (n_prompt == 0)
    {
      g_set_error_literal (error, RP_ERROR, RP_ERROR_ARGUMENT, "The prompt is empty");
      return FALSE;
    }
  sampler = rp_sampler_new (&options->sampler, self->model->n_vocab, error);
  if (!sampler || !check_tokens (self, prompt, n_prompt, 0, error))
    return FALSE;
  ok = prefill (self, prompt, n_prompt, options, &stats, &local);
  stats.prefill_seconds = (g_get_monotonic_time () - start) / 1e6;
  start = g_get_monotonic_time ();
  if (ok)
    {
      ok = decode (self, sampler, options, &output, &stats, &local);
      emit (&output, TRUE);
    }
  stats.decode_seconds = (g_get_monotonic_time () - start) / 1e6;
  if (!ok)
    ok = stopped (error, local, &stats);
  if (stats_out)
    *stats_out = stats;
  return ok;
}
