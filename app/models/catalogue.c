#include "models/catalogue.h"

#include <glib/gi18n.h>
#include <string.h>

#include "untrusted-json.h"

#define RESOURCE   "/dev/riposte/Riposte/models.json"
#define MAX_VALUES 10000

/* What data/models.json says of the models, for translators; a test compares. */
static const char *const about[] G_GNUC_UNUSED = {
  N_ ("Completes code on any machine; its answers are simple"),
  N_ ("Writes and completes code; small enough for every machine"),
  N_ ("Writes and completes code; not for commercial use"),
  N_ ("Writes, explains and completes code well"),
  N_ ("Better at long and difficult code; wants a GPU or patience"),
  N_ ("The strongest coder here; of its experts few work at a time, so it is fast where it fits"),
  N_ ("Thinks before it answers; experts of which few work at a time"),
  N_ ("Knows many languages; experts of which few work at a time"),
  N_ ("Good at following instructions, with a long memory for its size"),
  N_ ("For general questions and short code"),
  N_ ("Fully open, data and all; very fast, with a short memory"),
};

void
riposte_catalogue_model_free (RiposteCatalogueModel *model)
{
  g_free (model->id);
  g_free (model->name);
  g_free (model->publisher);
  g_free (model->about);
  g_free (model->licence);
  g_free (model->file);
  g_free (model->url);
  g_free (model->sha256);
  g_free (model);
}

/* A name in a folder, and no way out of it. */
static gboolean
is_file_name (const char *name)
{
  return name && g_str_has_suffix (name, ".gguf") && *name != '.' && !strpbrk (name, "/\\");
}

/* NULL where it cannot be downloaded from an address. */
static RiposteCatalogueModel *
read_model (JsonObject *object)
{
  g_autoptr (RiposteCatalogueModel) model = g_new0 (RiposteCatalogueModel, 1);

  model->id = g_strdup (riposte_json_get_string (object, "id"));
  model->name = g_strdup (riposte_json_get_string (object, "name"));
  model->publisher = g_strdup (riposte_json_get_string (object, "publisher"));
  model->about = g_strdup (riposte_json_get_string (object, "about"));
  model->licence = g_strdup (riposte_json_get_string (object, "licence"));
  model->file = g_strdup (riposte_json_get_string (object, "file"));
  model->url = g_strdup (riposte_json_get_string (object, "url"));
  model->sha256 = g_strdup (riposte_json_get_string (object, "sha256"));
  model->size = MAX (0, riposte_json_get_int (object, "size", 0));
  model->parameters = MAX (0, riposte_json_get_int (object, "parameters", 0));
  model->active_parameters = MAX (0, riposte_json_get_int (object, "active_parameters", 0));
  model->context_bytes = MAX (0, riposte_json_get_int (object, "context_bytes", 0));
  model->n_context = CLAMP (riposte_json_get_int (object, "context", 0), 0, G_MAXINT);
  if (!model->id || !model->name || !model->url || !is_file_name (model->file) || !model->size)
    return NULL;
  return g_steal_pointer (&model);
}

GPtrArray *
riposte_catalogue_parse (const char *text, gsize length, GError **error)
{
  g_autoptr (JsonNode) root = riposte_json_parse (text, length, MAX_VALUES, error);
  g_autoptr (GPtrArray) models = g_ptr_array_new_with_free_func ((GDestroyNotify)riposte_catalogue_model_free);
  JsonArray *array;

  if (!root)
    return NULL;
  array = JSON_NODE_HOLDS_OBJECT (root) ? riposte_json_get_array (json_node_get_object (root), "models") : NULL;
  for (guint i = 0; array && i < json_array_get_length (array); i++)
    {
      JsonObject *object = riposte_json_get_object_element (array, i);
      RiposteCatalogueModel *model = object ? read_model (object) : NULL;

      if (model)
        g_ptr_array_add (models, model);
    }
  return g_steal_pointer (&models);
}

GPtrArray *
riposte_catalogue_load (void)
{
  g_autoptr (GBytes) bytes = g_resources_lookup_data (RESOURCE, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  gsize length = 0;
  const char *text = bytes ? g_bytes_get_data (bytes, &length) : NULL;
  GPtrArray *models = text ? riposte_catalogue_parse (text, length, NULL) : NULL;

  return models ? models : g_ptr_array_new ();
}

char *
riposte_catalogue_dup_default_file (void)
{
  g_autoptr (GBytes) bytes = g_resources_lookup_data (RESOURCE, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  gsize length = 0;
  const char *text = bytes ? g_bytes_get_data (bytes, &length) : NULL;
  g_autoptr (JsonNode) root = text ? riposte_json_parse (text, length, MAX_VALUES, NULL) : NULL;
  g_autoptr (GPtrArray) models = riposte_catalogue_load ();
  const char *id
    = root && JSON_NODE_HOLDS_OBJECT (root) ? riposte_json_get_string (json_node_get_object (root), "default") : NULL;

  for (guint i = 0; i < models->len; i++)
    {
      const RiposteCatalogueModel *model = models->pdata[i];
      if (g_strcmp0 (model->id, id) == 0)
        return g_strdup (model->file);
    }
  return NULL;
}
