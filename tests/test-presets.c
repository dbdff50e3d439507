/* Presets on the disk, and how layers lie above each other. */
#include "presets/presets.h"

#include <glib/gstdio.h>
#include <string.h>

typedef struct
{
  char *folder, *path;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp (NULL, NULL);
  fixture->path = g_build_filename (fixture->folder, "new", "presets.json", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_autofree char *parent = g_path_get_dirname (fixture->path);

  g_unlink (fixture->path);
  g_rmdir (parent);
  g_assert_cmpint (g_rmdir (fixture->folder), ==, 0); /* nothing else was left there */
  g_free (fixture->path);
  g_free (fixture->folder);
}

static RipostePresets *
open_presets (Fixture *fixture)
{
  RipostePresets *presets = riposte_presets_new (fixture->path);

  while (!riposte_presets_get_loaded (presets))
    g_main_context_iteration (NULL, TRUE);
  return presets;
}

static void
test_kept (Fixture *fixture, gconstpointer data)
{
  g_autoptr (RipostePresets) presets = open_presets (fixture), again = NULL;
  g_autoptr (RiposteLayer) layer = riposte_layer_new ();
  g_autofree char *id = NULL;
  const RipostePreset *preset;
  guint index;

  g_assert_cmpuint (riposte_presets_get_n (presets), ==, 1);
  layer->instructions = g_strdup ("Be “brief”.\n");
  layer->model = g_strdup ("/models/a.gguf");
  layer->has[RIPOSTE_SAMPLING_TEMPERATURE] = TRUE;
  layer->value[RIPOSTE_SAMPLING_TEMPERATURE] = 0.7;
  index = riposte_presets_add (presets, "Short", layer);
  riposte_presets_set_default (presets, index);
  for (int i = 0; i < 50; i++) /* the last one counts, whichever was being written */
    {
      g_autofree char *name = g_strdup_printf ("Short %d", i);
      riposte_presets_change (presets, index, name, NULL);
    }
  riposte_presets_flush (presets);

  again = open_presets (fixture);
  g_assert_cmpuint (riposte_presets_get_n (again), ==, 2);
  g_assert_cmpuint (riposte_presets_get_default (again), ==, 1);
  preset = riposte_presets_get (again, 1);
  g_assert_cmpstr (preset->name, ==, "Short 49");
  g_assert_cmpstr (preset->layer->instructions, ==, "Be “brief”.\n");
  g_assert_cmpstr (preset->layer->model, ==, "/models/a.gguf");
  g_assert_true (preset->layer->has[RIPOSTE_SAMPLING_TEMPERATURE]);
  g_assert_cmpfloat (preset->layer->value[RIPOSTE_SAMPLING_TEMPERATURE], ==, 0.7);
  g_assert_false (preset->layer->has[RIPOSTE_SAMPLING_TOP_P]);
  id = g_strdup (preset->id);
  g_assert_cmpuint (riposte_presets_find (again, id), ==, 1);
  riposte_presets_remove (again, 1);
  g_assert_cmpuint (riposte_presets_find (again, id), ==, 0);
  riposte_presets_flush (again);
}

/* The text of the one file in @folder that was set aside, which is deleted. */
static char *
take_aside (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  char *text = NULL;
  const char *name;

  while ((name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (!g_str_has_prefix (name, "presets.json.broken-"))
        continue;
      g_assert_null (text);
      g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
      g_unlink (path);
    }
  return text;
}

static void
settle (RipostePresets *presets)
{
  riposte_presets_flush (presets);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* What a person wrote is never lost: a file of which writing it anew would lose something is kept aside, and once. */
static void
test_broken (Fixture *fixture, gconstpointer data)
{
  static const char *const texts[] = {
    "",
    "{",
    "[]",
    "{\"presets\": 3}",
    "{\"presets\": []}",
    "{\"presets\": [1, {\"id\": 2}]}",
    "{\"version\": 1, \"default\": \"a\", \"presets\": [{\"id\": \"a\", \"name\": \"A\", \"top_p\": 7}]}",
    "{\"version\": 2, \"default\": \"a\", \"presets\": [{\"id\": \"a\", \"name\": \"A\"}]}",
    "{\"version\": 1, \"default\": \"a\", \"presets\": [{\"id\": \"a\", \"name\": \"A\"}, {\"id\": \"b\"}]}",
  };
  g_autofree char *parent = g_path_get_dirname (fixture->path);

  g_mkdir_with_parents (parent, 0700);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (RipostePresets) presets = NULL, again = NULL;
      g_autofree char *aside = NULL, *none = NULL, *kept = NULL;

      g_assert_true (g_file_set_contents (fixture->path, texts[i], -1, NULL));
      presets = open_presets (fixture);
      g_assert_cmpuint (riposte_presets_get_n (presets), ==, 1);
      g_assert_nonnull (riposte_presets_get_problem (presets));
      g_assert_true (g_file_get_contents (fixture->path, &kept, NULL, NULL));
      g_assert_cmpstr (kept, ==, texts[i]);

      riposte_presets_add (presets, "New", riposte_presets_get (presets, 0)->layer);
      settle (presets);
      aside = take_aside (parent);
      g_assert_cmpstr (aside, ==, texts[i]);
      g_assert_nonnull (strstr (riposte_presets_get_problem (presets), "presets.json.broken-"));
      riposte_presets_add (presets, "Newer", riposte_presets_get (presets, 0)->layer);
      settle (presets);
      none = take_aside (parent);
      g_assert_null (none);
      again = open_presets (fixture);
      g_assert_cmpuint (riposte_presets_get_n (again), ==, 3);
      g_assert_null (riposte_presets_get_problem (again));
    }
}

/* Nor by who is quicker than the disk. */
static void
test_not_read_yet (Fixture *fixture, gconstpointer data)
{
  static const char text[] = "{\"version\": 1, \"default\": \"a\", \"presets\": [{\"id\": \"a\", \"name\": \"A\"}]}";
  g_autofree char *parent = g_path_get_dirname (fixture->path), *aside = NULL;
  g_autoptr (RipostePresets) presets = NULL;

  g_mkdir_with_parents (parent, 0700);
  g_assert_true (g_file_set_contents (fixture->path, text, -1, NULL));
  presets = riposte_presets_new (fixture->path);
  riposte_presets_add (presets, "New", riposte_presets_get (presets, 0)->layer);
  while (!riposte_presets_get_loaded (presets))
    g_main_context_iteration (NULL, TRUE);
  settle (presets);
  g_assert_cmpuint (riposte_presets_get_n (presets), ==, 2);
  aside = take_aside (parent);
  g_assert_cmpstr (aside, ==, text);
}

/* A folder that cannot be written is said, and nothing is forgotten while the program runs. */
static void
test_not_written (Fixture *fixture, gconstpointer data)
{
  g_autofree char *parent = g_path_get_dirname (fixture->path);
  g_autoptr (RipostePresets) presets = open_presets (fixture), again = NULL;

  g_assert_true (g_file_set_contents (parent, "a file where a folder should be", -1, NULL));
  riposte_presets_add (presets, "New", riposte_presets_get (presets, 0)->layer);
  settle (presets);
  g_assert_nonnull (riposte_presets_get_problem (presets));
  g_assert_cmpuint (riposte_presets_get_n (presets), ==, 2);
  g_unlink (parent);
  riposte_presets_add (presets, "Newer", riposte_presets_get (presets, 0)->layer);
  settle (presets);
  again = open_presets (fixture);
  g_assert_cmpuint (riposte_presets_get_n (again), ==, 3);
}

/* Of a chat over a preset; what is out of its range counts as not set. */
static void
test_layers (void)
{
  const char *settings = "{\"preset\": \"p\", \"temperature\": 0.5, \"top_k\": 20, \"top_p\": 7, \"min_p\": \"x\"}";
  g_autofree char *preset = NULL, *written = NULL, *nothing = NULL;
  g_autoptr (RiposteLayer) chat = riposte_chat_settings_read (settings, &preset), below = riposte_layer_new ();
  g_autoptr (RiposteLayer) none = riposte_chat_settings_read ("no JSON", NULL), again = NULL;
  RpSamplerOptions sampler = { .temperature = 0.2f, .top_p = 0.9f, .min_p = 0.1f };
  const char *instructions = NULL, *model = NULL;

  g_assert_cmpstr (preset, ==, "p");
  below->instructions = g_strdup ("below");
  below->has[RIPOSTE_SAMPLING_TEMPERATURE] = TRUE;
  below->value[RIPOSTE_SAMPLING_TEMPERATURE] = 1.5;
  riposte_layer_apply (below, &sampler, &instructions, &model);
  g_assert_cmpfloat (sampler.temperature, ==, 1.5f);
  riposte_layer_apply (chat, &sampler, &instructions, &model);
  g_assert_cmpfloat (sampler.temperature, ==, 0.5f);
  g_assert_cmpuint (sampler.top_k, ==, 20);
  g_assert_cmpfloat (sampler.top_p, ==, 0.9f);
  g_assert_cmpfloat (sampler.min_p, ==, 0.1f);
  g_assert_cmpstr (instructions, ==, "below");
  g_assert_null (model);
  written = riposte_chat_settings_write (chat, preset);
  g_free (preset);
  again = riposte_chat_settings_read (written, &preset);
  g_assert_cmpstr (preset, ==, "p");
  g_assert_cmpfloat (again->value[RIPOSTE_SAMPLING_TEMPERATURE], ==, 0.5);
  nothing = riposte_chat_settings_write (none, NULL);
  g_assert_null (nothing);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/presets/kept", Fixture, NULL, set_up, test_kept, tear_down);
  g_test_add ("/presets/broken", Fixture, NULL, set_up, test_broken, tear_down);
  g_test_add ("/presets/not-read-yet", Fixture, NULL, set_up, test_not_read_yet, tear_down);
  g_test_add ("/presets/not-written", Fixture, NULL, set_up, test_not_written, tear_down);
  g_test_add_func ("/presets/layers", test_layers);
  return g_test_run ();
}
