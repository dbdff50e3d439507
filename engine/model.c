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

/* JSON takes UTF-8 only; what is not becomes U+FFFD. */
static void
append_json_string (GString *out, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);

  g_string_append_c (out, '"');
  for (const char *at = valid; *at; at++)
    {
      guchar c = *at;
      if (c == '"' || c == '\\')
        g_string_append_printf (out, "\\%c", c);
      else if (c < 0x20)
        g_string_append_printf (out, "\\u%04x", c);
      else
        g_string_append_c (out, c);
    }
  g_string_append_c (out, '"');
}

static void
append_token_variable (GString *json, const RpModel *model, const char *name, RpToken token)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (token < 0)
    return;
  rp_tokenizer_decode (model->tokenizer, token, TRUE, text);
  g_string_append_printf (json, ",\"%s\":", name);
  append_json_string (json, text->str);
}

char *
rp_model_chat_prompt (RpModel *model, const RpChatMessage *messages, gsize n_messages, GError **error)
{
  g_autoptr (GString) json = g_string_new ("{\"messages\":[");

  if (!model->tokenizer || !model->chat_template)
    {
      if (error)
        *error = g_error_copy (model->tokenizer ? model->template_error : model->tokenizer_error);
      return NULL;
    }
  for (gsize i = 0; i < n_messages; i++)
    {
      g_string_append (json, i ? ",{\"role\":" : "{\"role\":");
      append_json_string (json, messages[i].role);
      g_string_append (json, ",\"content\":");
      append_json_string (json, messages[i].content);
      g_string_append_c (json, '}');
    }
  g_string_append (json, "],\"add_generation_prompt\":true");
  append_token_variable (json, model, "bos_token", rp_tokenizer_get_bos (model->tokenizer));
  append_token_variable (json, model, "eos_token", rp_tokenizer_get_eos (model->tokenizer));
  g_string_append_c (json, '}');
  return rp_template_render_json (model->chat_template, json->str, json->len, error);
}
