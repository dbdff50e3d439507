#include "settings-schema.h"

GSettings *
riposte_settings_get (void)
{
  static gboolean looked;
  static GSettings *settings;
  GSettingsSchemaSource *source = g_settings_schema_source_get_default ();

  if (!looked)
    {
      g_autoptr (GSettingsSchema) schema
        = source ? g_settings_schema_source_lookup (source, RIPOSTE_APP_ID, TRUE) : NULL;
      if (schema)
        settings = g_settings_new_full (schema, NULL, NULL);
      looked = TRUE;
    }
  return settings;
}
