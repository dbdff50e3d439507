#include "model.h"

#include <string.h>

#include "printable.h"

/* A vocabulary is not needed to compute logits, so what is wrong with one is told when it is asked for. */
static void
load_vocabulary (RpModel *model)
{
  gsize length;
  const char *source = rp_gguf_get_string (model->gguf, "tokenizer.chat_template", &length);

  if (!rp_gguf_has (model->gguf, "tokenizer.ggml.model"))
    g_set_error_literal (&model->tokenizer_error, RP_ERROR, RP_ERROR_UNSUPPORTED, "This model has no vocabulary");
  else
    model->tokenizer = rp_tokenizer_new (model->gguf, &model->tokenizer_error);
  if (model->tokenizer)
    rp_fim_read (&model->fim, model->gguf, model->tokenizer);
  if (source)
    model->chat_template = rp_template_new (source, length, &model->template_error);
  else
    g_set_error_literal (&model->template_error, RP_ERROR, RP_ERROR_TEMPLATE, "This model has no chat template");
}

static gboolean
find_arch (RpModel *model, GError **error)
{
  const char *name = rp_gguf_get_string (model->gguf, "general.architecture", NULL);
  g_autofree char *known = rp_arch_list ();
  g_autofree char *shown = name ? rp_printable (name, -1, 64) : NULL;

  if (!name)
    {
      g_set_error_literal (error, RP_ERROR, RP_ERROR_FORMAT,
                           "The file names no architecture: it holds no language model");
      return FALSE;
    }
  model->arch = rp_arch_find (name);
  if (!model->arch)
    g_set_error (error, RP_ERROR, RP_ERROR_UNSUPPORTED, "The architecture “%s” is not supported; Riposte runs %s",
                 shown, known);
  return model->arch != NULL;
}

static gboolean
load (RpModel *model, const char *path, const RpModelOptions *options, GError **error)
{
  g_autofree char *base = g_path_get_basename (path);
  const char *name;

  model->gguf = rp_gguf_open (path, error);
  if (!model->gguf || !find_arch (model, error) || !rp_hparams_read (&model->hparams, model->arch, model->gguf, error))
    return FALSE;
  name = rp_gguf_get_string (model->gguf, "general.name", NULL);
  model->name = name && *name ? g_utf8_make_valid (name, -1) : g_filename_display_name (base);
  load_vocabulary (model);
  model->backend = rp_engine_create_backend (model->engine, model->device, options ? options->n_threads : 0, error);
  return model->backend && rp_model_bind (model, options, error);
}

RpModel *
rp_model_load (RpEngine *engine, const char *path, const RpModelOptions *options, GError **error)
{
  g_autoptr (RpModel) model = NULL;
  const RpDeviceInfo *device;

  g_return_val_if_fail (engine && path, NULL);
  device = rp_engine_find_device (engine, options ? options->device : NULL, error);
  if (!device)
    return NULL;
  model = g_new0 (RpModel, 1);
  model->engine = engine;
  model->device = device;
  model->buffers = g_ptr_array_new ();
  return load (model, path, options, error) ? g_steal_pointer (&model) : NULL;
}

void
rp_model_free (RpModel *model)
{
  if (!model)
    return;
  for (guint i = 0; i < model->buffers->len; i++)
    rp_backend_buffer_free (model->backend, model->buffers->pdata[i]);
  g_ptr_array_unref (model->buffers);
  g_clear_pointer (&model->backend, rp_backend_free);
  g_clear_pointer (&model->tokenizer, rp_tokenizer_free);
  g_clear_pointer (&model->chat_template, rp_template_free);
  g_clear_error (&model->tokenizer_error);
  g_clear_error (&model->template_error);
  rp_hparams_clear (&model->hparams);
  g_clear_pointer (&model->gguf, rp_gguf_free);
  g_free (model->layers);
  g_free (model->name);
  g_free (model);
}

const char *
rp_model_get_name (RpModel *model)
{
  return model->name;
}

const char *
rp_model_get_architecture (RpModel *model)
{
  return model->arch->name;
}

const RpDeviceInfo *
rp_model_get_device (RpModel *model)
{
  return model->device;
}

guint64
rp_model_get_n_parameters (RpModel *model)
{
  return model->n_parameters;
}

guint64
rp_model_get_weight_bytes (RpModel *model)
{
  return model->weight_bytes;
}

guint
rp_model_get_n_vocab (RpModel *model)
{
  return model->n_vocab;
}

guint
rp_model_get_n_context (RpModel *model)
{
  return model->hparams.n_context;
}

gboolean
rp_model_has_vocabulary (RpModel *model)
{
  return model->tokenizer != NULL;
}

gboolean
rp_model_has_chat_template (RpModel *model)
{
  return model->chat_template != NULL;
}

gboolean
rp_model_is_end (RpModel *model, RpToken token)
{
  return model->tokenizer && rp_tokenizer_is_end (model->tokenizer, token);
}

GArray *
rp_model_tokenize (RpModel *model,
                   const char *text,
                   gssize length,
                   gboolean add_special,
                   gboolean parse_special,
                   GError **error)
{
  GArray *tokens;

  if (!model->tokenizer)
    {
      if (error)
        *error = g_error_copy (model->tokenizer_error);
      return NULL;
    }
  tokens = g_array_new (FALSE, FALSE, sizeof (RpToken));
  rp_tokenizer_encode (model->tokenizer, text, length < 0 ? strlen (text) : (gsize)length, add_special, parse_special,
                       tokens);
  return tokens;
}

GString *
rp_model_detokenize (RpModel *model, const RpToken *tokens, gsize n_tokens, gboolean special)
{
  GString *text = g_string_new (NULL);

  if (model->tokenizer)
    for (gsize i = 0; i < n_tokens; i++)
      rp_tokenizer_decode (model->tokenizer, tokens[i], special, text);
  return text;
}
