#include "presets/layer.h"

#include "untrusted-json.h"

#include <glib/gi18n.h>
#include <math.h>

const RiposteSamplingField riposte_sampling_fields[RIPOSTE_N_SAMPLING] = {
  { "temperature", N_ ("Temperature"), N_ ("0 always takes the likeliest word"), 0, 2, 0.05, 0.2, 2 },
  { "top_p", N_ ("Top P"), N_ ("Draw from the likeliest words that hold this share; 1 is off"), 0, 1, 0.05, 0.95, 2 },
  { "top_k", N_ ("Top K"), N_ ("Draw from so many of the likeliest words; 0 is off"), 0, 1000, 1, 40, 0 },
  { "min_p", N_ ("Min P"), N_ ("Leave out what is below this share of the likeliest"), 0, 1, 0.01, 0.05, 2 },
  { "repeat_penalty", N_ ("Repeat Penalty"), N_ ("1 is off"), 0.5, 2, 0.05, 1.1, 2 },
};

RiposteLayer *
riposte_layer_new (void)
{
  return g_new0 (RiposteLayer, 1);
}

RiposteLayer *
riposte_layer_copy (const RiposteLayer *layer)
{
  RiposteLayer *copy = g_memdup2 (layer, sizeof *layer);

  copy->instructions = g_strdup (layer->instructions);
  copy->model = g_strdup (layer->model);
  return copy;
}

void
riposte_layer_free (RiposteLayer *layer)
{
  g_free (layer->instructions);
  g_free (layer->model);
  g_free (layer);
}

RiposteLayer *
riposte_layer_from_json (JsonObject *object)
{
  RiposteLayer *layer = riposte_layer_new ();

  layer->instructions = g_strdup (riposte_json_get_string (object, "instructions"));
  layer->model = g_strdup (riposte_json_get_string (object, "model"));
  for (guint i = 0; i < RIPOSTE_N_SAMPLING; i++)
    {
      const RiposteSamplingField *field = &riposte_sampling_fields[i];
      double value = riposte_json_get_number (object, field->key, NAN);

      layer->has[i] = value >= field->least && value <= field->most;
      layer->value[i] = layer->has[i] ? value : 0;
    }
  return layer;
}

void
riposte_layer_to_json (const RiposteLayer *layer, JsonObject *object)
{
  if (layer->instructions)
    json_object_set_string_member (object, "instructions", layer->instructions);
  if (layer->model)
    json_object_set_string_member (object, "model", layer->model);
  for (guint i = 0; i < RIPOSTE_N_SAMPLING; i++)
    if (layer->has[i])
      json_object_set_double_member (object, riposte_sampling_fields[i].key, layer->value[i]);
}

static void
apply_sampling (const RiposteLayer *layer, RpSamplerOptions *sampler)
{
  const double *value = layer->value;
  const gboolean *has = layer->has;

  if (has[RIPOSTE_SAMPLING_TEMPERATURE])
    sampler->temperature = (float)value[RIPOSTE_SAMPLING_TEMPERATURE];
  if (has[RIPOSTE_SAMPLING_TOP_P])
    sampler->top_p = (float)value[RIPOSTE_SAMPLING_TOP_P];
  if (has[RIPOSTE_SAMPLING_TOP_K])
    sampler->top_k = (guint)value[RIPOSTE_SAMPLING_TOP_K];
  if (has[RIPOSTE_SAMPLING_MIN_P])
    sampler->min_p = (float)value[RIPOSTE_SAMPLING_MIN_P];
  if (has[RIPOSTE_SAMPLING_REPEAT_PENALTY])
    sampler->repeat_penalty = (float)value[RIPOSTE_SAMPLING_REPEAT_PENALTY];
}

void
riposte_layer_apply (const RiposteLayer *layer,
                     RpSamplerOptions *sampler,
                     const char **instructions,
                     const char **model)
{
  apply_sampling (layer, sampler);
  if (layer->instructions)
    *instructions = layer->instructions;
  if (layer->model)
    *model = layer->model;
}
