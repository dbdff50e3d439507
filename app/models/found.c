#include "models/found.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "models/lm-studio.h"
#include "models/ollama.h"
#include "riposte-engine.h"

#define MAX_DEPTH   8
#define MAX_FILES   2000
#define MAX_FOLDERS 20000

typedef struct
{
  GPtrArray *models;
  GHashTable *seen; /* files and folders, as device and inode */
  guint n_files, n_folders;
  GCancellable *cancellable;
} Scan;

void
riposte_found_model_free (RiposteFoundModel *model)
{
  g_free (model->path);
  g_free (model->name);
  g_free (model->problem);
  g_free (model);
}

void
riposte_model_place_free (RiposteModelPlace *place)
{
  g_free (place->path);
  g_free (place);
}

const char *
riposte_model_source_get_name (RiposteModelSource source)
{
  static const char *const names[] = {
    [RIPOSTE_SOURCE_LM_STUDIO] = "LM Studio",
    [RIPOSTE_SOURCE_OLLAMA] = "Ollama",
    [RIPOSTE_SOURCE_LLAMA_CPP] = "llama.cpp",
    [RIPOSTE_SOURCE_HUGGING_FACE] = "Hugging Face",
  };

  return source < G_N_ELEMENTS (names) ? names[source] : NULL;
}

/* ---- places ---- */

static void
add_place (GPtrArray *places, RiposteModelSource source, const char *folder, const char *rest)
{
  RiposteModelPlace *place;

  if (!folder || !g_path_is_absolute (folder))
    return;
  place = g_new (RiposteModelPlace, 1);
  place->source = source;
  place->path = g_build_filename (folder, rest, NULL);
  g_ptr_array_add (places, place);
}

static const char *
no_variable (const char *name)
{
  return NULL;
}

GPtrArray *
riposte_found_places (const char *own, const char *home, const char *(*getenv) (const char *name))
{
  GPtrArray *places = g_ptr_array_new_with_free_func ((GDestroyNotify)riposte_model_place_free);
  const char *(*variable) (const char *) = getenv ? getenv : no_variable;
  g_autofree char *default_cache = g_build_filename (home, ".cache", NULL);
  const char *cache = variable ("XDG_CACHE_HOME");
  g_auto (GStrv) lm_studio = riposte_lm_studio_folders (home);

  if (!cache || !g_path_is_absolute (cache))
    cache = default_cache;
  add_place (places, RIPOSTE_SOURCE_OWN, own, NULL);
  for (guint i = 0; lm_studio[i]; i++)
    add_place (places, RIPOSTE_SOURCE_LM_STUDIO, lm_studio[i], NULL);
  add_place (places, RIPOSTE_SOURCE_OLLAMA, variable ("OLLAMA_MODELS"), NULL);
  add_place (places, RIPOSTE_SOURCE_OLLAMA, home, ".ollama/models");
  add_place (places, RIPOSTE_SOURCE_OLLAMA, "/usr/share/ollama/.ollama/models", NULL);
  add_place (places, RIPOSTE_SOURCE_OLLAMA, "/var/lib/ollama/models", NULL);
  add_place (places, RIPOSTE_SOURCE_OLLAMA, "/var/snap/ollama/common/models", NULL);
  add_place (places, RIPOSTE_SOURCE_LLAMA_CPP, variable ("LLAMA_CACHE"), NULL);
  add_place (places, RIPOSTE_SOURCE_LLAMA_CPP, cache, "llama.cpp");
  add_place (places, RIPOSTE_SOURCE_HUGGING_FACE, variable ("HF_HUB_CACHE"), NULL);
  add_place (places, RIPOSTE_SOURCE_HUGGING_FACE, variable ("HUGGINGFACE_HUB_CACHE"), NULL); /* its older name */
  add_place (places, RIPOSTE_SOURCE_HUGGING_FACE, variable ("HF_HOME"), "hub");
  add_place (places, RIPOSTE_SOURCE_HUGGING_FACE, cache, "huggingface/hub");
  return places;
}

/* ---- files ---- */

static char *
identify (const struct stat *status)
{
  return g_strdup_printf ("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT, (guint64)status->st_dev, (guint64)status->st_ino);
}

/* Which part of how many a name says that it is, "…-00002-of-00005.gguf". */
static gboolean
is_later_part (const char *path)
{
  static GRegex *regex;
  g_autoptr (GMatchInfo) match = NULL;
  g_autofree char *number = NULL;

  if (g_once_init_enter (&regex))
    g_once_init_leave (&regex, g_regex_new ("-(\\d{5})-of-\\d{5}\\.gguf$", G_REGEX_RAW | G_REGEX_CASELESS, 0, NULL));
  if (!g_regex_match (regex, path, 0, &match))
    return FALSE;
  number = g_match_info_fetch (match, 1);
  return g_ascii_strtoull (number, NULL, 10) != 1;
}

static gboolean
is_model_name (const char *name)
{
  gsize n = strlen (name), n_suffix = strlen (".gguf");

  return n > n_suffix && g_ascii_strcasecmp (name + n - n_suffix, ".gguf") == 0;
}

static char *
name_of_file (const char *path)
{
  g_autofree char *name = g_filename_display_basename (path);

  if (is_model_name (name))
    name[strlen (name) - strlen (".gguf")] = '\0';
  return g_steal_pointer (&name);
}

static void
describe (RiposteFoundModel *model)
{
  g_auto (RpModelInfo) info = { 0 };
  g_autoptr (GError) error = NULL;

  if (!rp_model_describe (model->path, &info, &error))
    {
      model->problem = g_strdup (error->message);
      return;
    }
  model->needs.active_bytes = info.active_bytes;
  model->needs.context_bytes = info.context_bytes;
  model->needs.n_context = info.n_context;
  model->needs.has_experts = info.n_expert > 0;
}

/* @name: (nullable): one that is better than the file's */
static void
take_file (Scan *scan, RiposteModelSource source, const char *path, const char *name)
{
  RiposteFoundModel *model;
  struct stat status;

  if (scan->n_files >= MAX_FILES || stat (path, &status) != 0 || !S_ISREG (status.st_mode) || is_later_part (path)
      || !g_hash_table_add (scan->seen, identify (&status)))
    return;
  scan->n_files++;
  model = g_new0 (RiposteFoundModel, 1);
  model->path = g_strdup (path);
  model->name = name ? g_utf8_make_valid (name, -1) : name_of_file (path);
  model->source = source;
  model->needs.file_bytes = status.st_size;
  describe (model);
  g_ptr_array_add (scan->models, model);
}

/* Files may be links, as in Hugging Face's cache, and so may folders that are on another disk. Links can lead round in
 * circles, or far away. */
static void
walk (Scan *scan, RiposteModelSource source, const char *folder, guint depth)
{
  g_autoptr (GDir) dir = NULL;
  struct stat itself;
  const char *name;

  if (scan->n_folders >= MAX_FOLDERS || stat (folder, &itself) != 0
      || !g_hash_table_add (scan->seen, identify (&itself)))
    return;
  scan->n_folders++;
  dir = g_dir_open (folder, 0, NULL);
  while (dir && (name = g_dir_read_name (dir)) && !g_cancellable_is_cancelled (scan->cancellable))
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      struct stat status;

      if (*name == '.' || stat (path, &status) != 0)
        continue;
      if (S_ISDIR (status.st_mode) && depth < MAX_DEPTH)
        walk (scan, source, path, depth + 1);
      else if (S_ISREG (status.st_mode) && is_model_name (name))
        take_file (scan, source, path, NULL);
    }
}

static void
on_ollama_model (const char *name, const char *path, gpointer user_data)
{
  take_file (user_data, RIPOSTE_SOURCE_OLLAMA, path, name);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const RiposteFoundModel *one = *(const RiposteFoundModel *const *)a, *two = *(const RiposteFoundModel *const *)b;

  if (one->source != two->source)
    return (int)one->source - (int)two->source;
  return g_utf8_collate (one->name, two->name);
}

GPtrArray *
riposte_found_scan (GPtrArray *places, GCancellable *cancellable)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Scan scan = { .seen = seen, .cancellable = cancellable };

  scan.models = g_ptr_array_new_with_free_func ((GDestroyNotify)riposte_found_model_free);
  for (guint i = 0; i < places->len; i++)
    {
      const RiposteModelPlace *place = places->pdata[i];

      if (place->source == RIPOSTE_SOURCE_OLLAMA)
        riposte_ollama_list (place->path, on_ollama_model, &scan);
      else
        walk (&scan, place->source, place->path, 0);
    }
  g_ptr_array_sort (scan.models, compare);
  return scan.models;
}

static void
scan_in_thread (GTask *task, gpointer source, gpointer own, GCancellable *cancellable)
{
  g_autoptr (GPtrArray) places = riposte_found_places (own, g_get_home_dir (), g_getenv);

  g_task_return_pointer (task, riposte_found_scan (places, cancellable), (GDestroyNotify)g_ptr_array_unref);
}

void
riposte_found_scan_async (const char *own, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, riposte_found_scan_async);
  g_task_set_task_data (task, g_strdup (own), g_free);
  g_task_run_in_thread (task, scan_in_thread);
}

GPtrArray *
riposte_found_scan_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
