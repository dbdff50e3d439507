#include "hparams-reader.h"

static char *
key_of (const RpHparamsReader *reader, const char *name)
{
  return g_strdup_printf ("%s.%s", reader->arch->name, name);
}

gboolean
rp_hparams_out_of_range (const RpHparamsReader *reader, const char *name)
{
  g_set_error (reader->error, RP_ERROR, RP_ERROR_FORMAT, "The file is damaged: “%s.%s” is missing or out of range",
               reader->arch->name, name);
  return FALSE;
}

gboolean
rp_hparams_read_uint (const RpHparamsReader *reader, const char *name, guint64 min, guint64 max, guint *value)
{
  g_autofree char *key = key_of (reader, name);
  guint64 number = *value;

  if (rp_gguf_has (reader->gguf, key) && !rp_gguf_get_uint (reader->gguf, key, &number))
    return rp_hparams_out_of_range (reader, name);
  if (number < min || number > max)
    return rp_hparams_out_of_range (reader, name);
  *value = number;
  return TRUE;
}

gboolean
rp_hparams_read_float (const RpHparamsReader *reader, const char *name, double min, double max, float *value)
{
  g_autofree char *key = key_of (reader, name);
  double number = *value;

  if (rp_gguf_has (reader->gguf, key) && !rp_gguf_get_float (reader->gguf, key, &number))
    return rp_hparams_out_of_range (reader, name);
  if (!(number >= min && number <= max))
    return rp_hparams_out_of_range (reader, name);
  *value = number;
  return TRUE;
}

gboolean
rp_hparams_read_bool (const RpHparamsReader *reader, const char *name, gboolean *value)
{
  g_autofree char *key = key_of (reader, name);

  if (rp_gguf_has (reader->gguf, key) && !rp_gguf_get_bool (reader->gguf, key, value))
    return rp_hparams_out_of_range (reader, name);
  return TRUE;
}

gboolean
rp_hparams_is_array (const RpHparamsReader *reader, const char *name)
{
  g_autofree char *key = key_of (reader, name);

  return rp_gguf_get_array_length (reader->gguf, key, NULL) != 0;
}

gboolean
rp_hparams_read_layer (const RpHparamsReader *reader,
                       const char *name,
                       guint n_layers,
                       guint layer,
                       guint64 min,
                       guint64 max,
                       guint *value)
{
  g_autofree char *key = key_of (reader, name);
  gsize length = rp_gguf_get_array_length (reader->gguf, key, NULL);
  gint64 number;

  if (length == 0)
    return rp_hparams_read_uint (reader, name, min, max, value);
  if (length < n_layers || !rp_gguf_get_array_int (reader->gguf, key, layer, &number) || number < (gint64)min
      || number > (gint64)max)
    return rp_hparams_out_of_range (reader, name);
  *value = number;
  return TRUE;
}

const char *
rp_hparams_read_string (const RpHparamsReader *reader, const char *name)
{
  g_autofree char *key = key_of (reader, name);

  return rp_gguf_get_string (reader->gguf, key, NULL);
}
