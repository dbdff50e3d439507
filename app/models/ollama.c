#include "models/ollama.h"

#include <string.h>

#include "models/small-file.h"
#include "untrusted-json.h"

#define MAX_MANIFEST (1 << 20) /* bytes; real ones have less than 2,000 */
#define MAX_VALUES   2000
#define MAX_DEPTH    6
#define WEIGHTS      "application/vnd.ollama.image.model"

typedef struct
{
  const char *folder;
  RiposteOllamaFunc found;
  gpointer user_data;
} Listing;

/* manifests/registry.ollama.ai/library/qwen3/4b is "qwen3:4b", and …/somebody/qwen3/4b is "somebody/qwen3:4b". */
static char *
name_model (const char *relative)
{
  g_auto (GStrv) parts = g_strsplit (relative, "/", -1);
  guint n = g_strv_length (parts);

  if (n < 2)
    return g_filename_display_name (relative);
  if (n < 3 || strcmp (parts[n - 3], "library") == 0)
    return g_strdup_printf ("%s:%s", parts[n - 2], parts[n - 1]);
  return g_strdup_printf ("%s/%s:%s", parts[n - 3], parts[n - 2], parts[n - 1]);
}

/* The digest becomes a part of a path, so it is one: "sha256:" and 64 hexadecimal digits. */
static char *
path_of_blob (const char *folder, const char *digest)
{
  const char *hex = digest + strlen ("sha256:");
  g_autofree char *name = NULL;

  if (!g_str_has_prefix (digest, "sha256:") || strspn (hex, "0123456789abcdef") != 64 || hex[64])
    return NULL;
  name = g_strconcat ("sha256-", hex, NULL);
  return g_build_filename (folder, "blobs", name, NULL);
}

static JsonNode *
read_manifest (const char *path)
{
  gsize length;
  g_autofree char *text = riposte_small_file_read (path, MAX_MANIFEST, &length);

  return text ? riposte_json_parse (text, length, MAX_VALUES, NULL) : NULL;
}

static void
take_manifest (Listing *listing, const char *path, const char *relative)
{
  g_autoptr (JsonNode) root = read_manifest (path);
  JsonArray *layers
    = root && JSON_NODE_HOLDS_OBJECT (root) ? riposte_json_get_array (json_node_get_object (root), "layers") : NULL;
  g_autofree char *name = name_model (relative);

  for (guint i = 0; layers && i < json_array_get_length (layers); i++)
    {
      JsonObject *layer = riposte_json_get_object_element (layers, i);
      const char *type = layer ? riposte_json_get_string (layer, "mediaType") : NULL;
      const char *digest = layer ? riposte_json_get_string (layer, "digest") : NULL;
      g_autofree char *blob = g_strcmp0 (type, WEIGHTS) == 0 && digest ? path_of_blob (listing->folder, digest) : NULL;

      if (blob)
        listing->found (name, blob, listing->user_data);
    }
}

static void
walk (Listing *listing, const char *folder, const char *relative, guint depth)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *below = relative ? g_build_filename (relative, name, NULL) : g_strdup (name);

      if (g_file_test (path, G_FILE_TEST_IS_DIR))
        {
          if (depth < MAX_DEPTH && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
            walk (listing, path, below, depth + 1);
        }
      else if (*name != '.')
        take_manifest (listing, path, below);
    }
}

void
riposte_ollama_list (const char *folder, RiposteOllamaFunc found, gpointer user_data)
{
  Listing listing = { folder, found, user_data };
  g_autofree char *manifests = g_build_filename (folder, "manifests", NULL);

  walk (&listing, manifests, NULL, 0);
}
