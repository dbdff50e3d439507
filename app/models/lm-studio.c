#include "models/lm-studio.h"

#include <string.h>

#include "models/small-file.h"
#include "untrusted-json.h"

#define MAX_SETTINGS (1 << 20) /* bytes */
#define MAX_VALUES   20000

static void
add (GPtrArray *folders, const char *folder)
{
  if (folder && g_path_is_absolute (folder) && !g_ptr_array_find_with_equal_func (folders, folder, g_str_equal, NULL))
    g_ptr_array_add (folders, g_strdup (folder));
}

/* The folder that was chosen for downloads. */
static void
add_chosen (GPtrArray *folders, const char *lm_home)
{
  g_autofree char *path = g_build_filename (lm_home, "settings.json", NULL);
  gsize length;
  g_autofree char *text = riposte_small_file_read (path, MAX_SETTINGS, &length);
  g_autoptr (JsonNode) root = text ? riposte_json_parse (text, length, MAX_VALUES, NULL) : NULL;

  if (root && JSON_NODE_HOLDS_OBJECT (root))
    add (folders, riposte_json_get_string (json_node_get_object (root), "downloadsFolder"));
}

static void
add_home (GPtrArray *folders, const char *lm_home)
{
  g_autofree char *models = g_build_filename (lm_home, "models", NULL);

  add (folders, models);
  add_chosen (folders, lm_home);
}

GStrv
riposte_lm_studio_folders (const char *home)
{
  static const char *const homes[] = { ".lmstudio", ".cache/lm-studio" };
  GPtrArray *folders = g_ptr_array_new ();
  g_autofree char *pointer = g_build_filename (home, ".lmstudio-home-pointer", NULL);
  g_autofree char *moved = riposte_small_file_read (pointer, PATH_MAX, NULL);

  if (moved && g_path_is_absolute (g_strstrip (moved)))
    add_home (folders, moved);
  for (gsize i = 0; i < G_N_ELEMENTS (homes); i++)
    {
      g_autofree char *lm_home = g_build_filename (home, homes[i], NULL);
      add_home (folders, lm_home);
    }
  g_ptr_array_add (folders, NULL);
  return (GStrv)g_ptr_array_free (folders, FALSE);
}
