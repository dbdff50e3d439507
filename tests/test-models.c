/* The catalogue, what fits which machine, and the models that other programs have, in made-up trees. */
#include "models/catalogue.h"
#include "models/fit.h"
#include "models/found.h"
#include "models/ollama.h"
#include "tiny-model.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the catalogue ---- */

static void
test_catalogue (void)
{
  g_autoptr (GPtrArray) models = riposte_catalogue_load ();
  g_autofree char *file = riposte_catalogue_dup_default_file ();

  g_assert_cmpuint (models->len, >=, 10);
  g_assert_cmpstr (file, ==, "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf");
  for (guint i = 0; i < models->len; i++)
    {
      const RiposteCatalogueModel *model = models->pdata[i];
      g_assert_true (g_str_has_prefix (model->url, "https://"));
      g_assert_true (model->publisher && model->licence && model->about);
      g_assert_cmpuint (model->active_parameters, <=, model->parameters);
      g_assert_cmpuint (model->context_bytes, >, 0);
    }
}

static GPtrArray *
parse (const char *text)
{
  return riposte_catalogue_parse (text, strlen (text), NULL);
}

static void
test_catalogue_untrusted (void)
{
#define REST "\"url\": \"https://x/y\", \"size\": 5}]}"
  static const char *const bad[] = {
    "{}",
    "[]",
    "{\"models\": 3}",
    "{\"models\": [null, 3, {}]}",
    "{\"models\": [{\"id\": \"a\", \"name\": \"A\", \"file\": \"../a.gguf\", " REST,
    "{\"models\": [{\"id\": \"a\", \"name\": \"A\", \"file\": \".a.gguf\", " REST,
    "{\"models\": [{\"id\": \"a\", \"name\": \"A\", \"file\": \"a.sh\", " REST,
    "{\"models\": [{\"id\": \"a\", \"name\": 7, \"file\": \"a.gguf\", " REST,
  };
  g_autoptr (GPtrArray) good = parse ("{\"models\": [{\"id\": \"a\", \"name\": \"A\", \"file\": \"a.gguf\", " REST);

  g_assert_cmpuint (good->len, ==, 1);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GPtrArray) models = parse (bad[i]);
      g_assert_cmpuint (models->len, ==, 0);
    }
  g_assert_null (parse ("{"));
}

/* ---- invented machines ---- */

#define GB 1000000000ull

static const RiposteNeeds dense_7b = { 4683 * GB / 1000, 4400 * GB / 1000, 57344, 32768, FALSE };
static const RiposteNeeds moe_30b = { 18557 * GB / 1000, 2 * GB, 98304, 262144, TRUE };

static void
check_fit (const RiposteNeeds *needs, guint64 memory, guint64 memory_free, double bandwidth, const char *expected)
{
  RiposteMachine machine = { memory, memory_free, bandwidth };
  RiposteFit fit = riposte_fit_estimate (needs, &machine, 0);
  g_autofree char *words = riposte_fit_describe (&fit);
  g_auto (GStrv) parts = g_strsplit (words, "\302\240", -1); /* sizes have a space that does not break */
  g_autofree char *plain = g_strjoinv (" ", parts);

  g_assert_cmpstr (plain, ==, expected);
}

static void
test_fit (void)
{
  check_fit (&dense_7b, 32 * GB, 24 * GB, 44e9, "Fits, about 6–10 tokens a second");
  check_fit (&dense_7b, 24 * GB, 20 * GB, 900e9, "Fits, about 120–200 tokens a second");
  check_fit (&dense_7b, 16 * GB, 7 * GB, 0, "Barely fits, with the 6.8 GB of memory that it needs");
  check_fit (&dense_7b, 16 * GB, 3 * GB, 44e9,
             "Does not fit now: it needs 6.8 GB of memory, and other programs use too much");
  check_fit (&dense_7b, 4 * GB, 3 * GB, 44e9, "Too large for this machine: it needs 6.0 GB of memory");
  check_fit (&dense_7b, 0, 0, 0, "Needs 5.0 GB of memory");
  /* an expert model is large and reads little: as fast as a small one, where it fits */
  check_fit (&moe_30b, 64 * GB, 50 * GB, 44e9, "Fits, about 9–20 tokens a second");
  check_fit (&moe_30b, 16 * GB, 12 * GB, 44e9, "Too large for this machine: it needs 22.0 GB of memory");
  /* slower than one a second */
  check_fit (&dense_7b, 32 * GB, 24 * GB, 2e9, "Fits, about 0.3–0.5 tokens a second");
}

static void
test_fit_devices (void)
{
  const RiposteMachine gpu = { 8 * GB, 7 * GB, 300e9, TRUE }, processor = { 64 * GB, 50 * GB, 44e9, FALSE };
  g_autofree char *fits = riposte_fit_describe_on (&dense_7b, &gpu, &processor);
  g_autofree char *not = riposte_fit_describe_on (&moe_30b, &gpu, &processor);
  g_autofree char *alone = riposte_fit_describe_on (&moe_30b, &gpu, NULL);

  g_assert_cmpstr (fits, ==,
                   "Barely fits, with the 6.8\302\240GB of memory that it needs, about 40–70 tokens a second");
  g_assert_cmpstr (not, ==, "Too large for the graphics device. On the processor: Fits, about 9–20 tokens a second");
  g_assert_true (g_str_has_prefix (alone, "Too large for this machine"));
}

static void
test_fit_context (void)
{
  RiposteMachine machine = { 16 * GB, 14 * GB, 0 };
  RiposteNeeds small = { GB, GB, 57344, 4096, FALSE };
  RiposteFit fit = riposte_fit_estimate (&small, &machine, 0);

  g_assert_cmpuint (fit.n_context, ==, 4096); /* that it was trained for */
  fit = riposte_fit_estimate (&moe_30b, &machine, 0);
  g_assert_cmpuint (fit.n_context, ==, 32768);
  machine.memory_bytes = 4 * GB; /* a quarter of it holds fewer */
  fit = riposte_fit_estimate (&moe_30b, &machine, 0);
  g_assert_cmpuint (fit.n_context, ==, GB / 98304);
  fit = riposte_fit_estimate (&moe_30b, &machine, 1000);
  g_assert_cmpuint (fit.n_context, ==, 1000);
  g_assert_cmpuint (fit.needed, ==, moe_30b.file_bytes + 1000 * 98304 + (256ull << 20));
}

/* ---- made-up trees ---- */

typedef struct
{
  char *home, *model; /* a folder, and a file with a chat template */
} Tree;

static void
tree_set_up (Tree *tree, gconstpointer data)
{
  TinyModel model = { .arch = "llama", TINY_MODEL, .vocabulary = TRUE, .seed = 1 };

  model.n_vocab = TINY_VOCABULARY;
  tree->home = g_dir_make_tmp ("models-XXXXXX", NULL);
  tree->model = tiny_model_write (&model);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *below = g_build_filename (path, name, NULL);
      remove_tree (below);
    }
  g_remove (path);
}

static void
tree_tear_down (Tree *tree, gconstpointer data)
{
  remove_tree (tree->home);
  g_unlink (tree->model);
  g_free (tree->home);
  g_free (tree->model);
}

static char *
make_path (Tree *tree, const char *relative)
{
  char *path = g_build_filename (tree->home, relative, NULL);
  g_autofree char *folder = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  return path;
}

static void
put_text (Tree *tree, const char *relative, const char *text)
{
  g_autofree char *path = make_path (tree, relative);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

/* A copy of the model, with an inode of its own. */
static void
put_model (Tree *tree, const char *relative)
{
  g_autofree char *path = make_path (tree, relative), *bytes = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (tree->model, &bytes, &length, NULL));
  g_assert_true (g_file_set_contents (path, bytes, length, NULL));
}

static void
put_link (Tree *tree, const char *relative, const char *target)
{
  g_autofree char *path = make_path (tree, relative);

  g_assert_cmpint (symlink (target, path), ==, 0);
}

static void
put_keys (Tree *tree, const char *relative, const char *architecture, guint n_parts)
{
  g_autofree char *path = make_path (tree, relative);
  g_autoptr (GByteArray) bytes = NULL;
  GgufWriter writer;

  gguf_writer_init (&writer);
  gguf_writer_string (&writer, "general.architecture", architecture);
  gguf_writer_uint (&writer, "split.count", n_parts);
  bytes = gguf_writer_finish (&writer, 3);
  gguf_writer_clear (&writer);
  g_assert_true (g_file_set_contents (path, (char *)bytes->data, bytes->len, NULL));
}

static const char *variable_name, *variable_value;

static const char *
get_variable (const char *name)
{
  return g_strcmp0 (name, variable_name) == 0 ? variable_value : NULL;
}

static GPtrArray *
scan (Tree *tree)
{
  g_autofree char *own = g_build_filename (tree->home, ".local", "share", "riposte", "models", NULL);
  g_autoptr (GPtrArray) places = riposte_found_places (own, tree->home, get_variable);

  /* but those of this very machine */
  for (guint i = places->len; i-- > 0;)
    if (!g_str_has_prefix (((RiposteModelPlace *)places->pdata[i])->path, tree->home))
      g_ptr_array_remove_index (places, i);
  return riposte_found_scan (places, NULL);
}

static const RiposteFoundModel *
find (GPtrArray *models, RiposteModelSource source, const char *name)
{
  for (guint i = 0; i < models->len; i++)
    {
      const RiposteFoundModel *model = models->pdata[i];
      if (model->source == source && g_str_equal (model->name, name))
        return model;
    }
  g_error ("there is no “%s”", name);
}

static void
test_places (Tree *tree, gconstpointer data)
{
  g_autoptr (GPtrArray) models = NULL;
  const RiposteFoundModel *model;

  put_model (tree, ".local/share/riposte/models/own.gguf");
  put_text (tree, ".local/share/riposte/models/half.gguf.part", "GGUF");
  put_text (tree, ".local/share/riposte/models/half.gguf.part.info", "[download]");
  put_model (tree, ".lmstudio/models/maker/repository/one.gguf");
  put_model (tree, ".cache/lm-studio/models/maker/repository/two.gguf");
  put_model (tree, ".cache/llama.cpp/maker_repository_three.gguf");
  put_text (tree, ".cache/llama.cpp/four.gguf.downloadInProgress", "GGUF");
  put_model (tree, ".cache/huggingface/hub/models--maker--name/blobs/abcdef");
  put_link (tree, ".cache/huggingface/hub/models--maker--name/snapshots/1111/five.gguf", "../../blobs/abcdef");
  put_link (tree, ".cache/huggingface/hub/models--maker--name/snapshots/2222/five.gguf", "../../blobs/abcdef");
  put_link (tree, ".cache/huggingface/hub/models--maker--name/snapshots/2222/gone.gguf", "../../blobs/gone");
  put_link (tree, ".cache/huggingface/hub/models--maker--name/snapshots/loop", "..");
  models = scan (tree);
  g_assert_cmpuint (models->len, ==, 5);
  model = find (models, RIPOSTE_SOURCE_OWN, "own");
  g_assert_cmpstr (model->problem, ==, NULL);
  g_assert_cmpuint (model->needs.active_bytes, >, 0);
  g_assert_cmpuint (model->needs.active_bytes, <=, model->needs.file_bytes);
  g_assert_cmpuint (model->needs.n_context, ==, 256);
  find (models, RIPOSTE_SOURCE_LM_STUDIO, "one");
  find (models, RIPOSTE_SOURCE_LM_STUDIO, "two");
  find (models, RIPOSTE_SOURCE_LLAMA_CPP, "maker_repository_three");
  find (models, RIPOSTE_SOURCE_HUGGING_FACE, "five");
}

static void
test_moved_places (Tree *tree, gconstpointer data)
{
  static const struct
  {
    const char *variable, *folder, *file;
    RiposteModelSource source;
  } rows[] = {
    { "HF_HUB_CACHE", "a", "a/models--x/snapshots/1/m.gguf", RIPOSTE_SOURCE_HUGGING_FACE },
    { "HF_HOME", "b", "b/hub/models--x/snapshots/1/m.gguf", RIPOSTE_SOURCE_HUGGING_FACE },
    { "LLAMA_CACHE", "c", "c/m.gguf", RIPOSTE_SOURCE_LLAMA_CPP },
    { "XDG_CACHE_HOME", "d", "d/llama.cpp/m.gguf", RIPOSTE_SOURCE_LLAMA_CPP },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *folder = g_build_filename (tree->home, rows[i].folder, NULL);
      g_autoptr (GPtrArray) models = NULL;

      put_model (tree, rows[i].file);
      variable_name = rows[i].variable;
      variable_value = folder;
      models = scan (tree);
      variable_name = NULL;
      g_assert_cmpuint (models->len, ==, 1);
      find (models, rows[i].source, "m");
    }
}

/* LM Studio's home and folder of downloads, and what is on another disk. */
static void
test_named_places (Tree *tree, gconstpointer data)
{
  g_autofree char *moved = g_strdup_printf ("%s/moved\n", tree->home);
  g_autofree char *settings = g_strdup_printf ("{\"downloadsFolder\": \"%s/chosen\"}", tree->home);
  g_autoptr (GPtrArray) models = NULL;

  put_text (tree, ".lmstudio-home-pointer", moved);
  put_text (tree, "moved/settings.json", settings);
  put_text (tree, ".lmstudio/settings.json", "{\"downloadsFolder\": 3}");
  put_text (tree, ".cache/lm-studio/settings.json", "[[[[");
  put_model (tree, "moved/models/maker/repository/one.gguf");
  put_model (tree, "chosen/maker/repository/two.GGUF");
  put_model (tree, "disk/three.gguf");
  put_link (tree, "moved/models/disk", "../../disk");
  put_link (tree, "moved/models/again", "../../disk");
  put_link (tree, "disk/round", "../moved");
  models = scan (tree);
  g_assert_cmpuint (models->len, ==, 3);
  find (models, RIPOSTE_SOURCE_LM_STUDIO, "one");
  find (models, RIPOSTE_SOURCE_LM_STUDIO, "two");
  find (models, RIPOSTE_SOURCE_LM_STUDIO, "three");
}

/* What would keep a reader waiting, or never ends, and names that are no text. */
static void
test_odd_files (Tree *tree, gconstpointer data)
{
  g_autoptr (GPtrArray) models = NULL;
  g_autofree char *pipe = make_path (tree, ".ollama/models/manifests/registry.ollama.ai/library/pipe/latest");
  g_autofree char *model = make_path (tree, ".lmstudio/models/pipe.gguf");
  g_autofree char *pointer = make_path (tree, ".lmstudio-home-pointer");

  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  g_assert_cmpint (mkfifo (model, 0600), ==, 0);
  g_assert_cmpint (mkfifo (pointer, 0600), ==, 0);
  put_link (tree, ".ollama/models/manifests/registry.ollama.ai/library/zero/latest", "/dev/zero");
  put_link (tree, ".lmstudio/settings.json", "/dev/zero");
  put_model (tree, ".lmstudio/models/maker/gr\xf6\xdf.gguf");
  models = scan (tree);
  g_assert_cmpuint (models->len, ==, 1);
  g_assert_true (g_utf8_validate (((RiposteFoundModel *)models->pdata[0])->name, -1, NULL));
  g_assert_cmpstr (((RiposteFoundModel *)models->pdata[0])->problem, ==, NULL);
}

static void
test_problems (Tree *tree, gconstpointer data)
{
  g_autoptr (GPtrArray) models = NULL;
  g_autofree char *plain = NULL, *path = NULL;

  put_keys (tree, ".lmstudio/models/a/b/big-00001-of-00003.gguf", "llama", 3);
  put_keys (tree, ".lmstudio/models/a/b/big-00002-of-00003.gguf", "llama", 3);
  put_keys (tree, ".lmstudio/models/a/b/big-00003-of-00003.gguf", "llama", 3);
  put_keys (tree, ".lmstudio/models/a/b/mmproj-model-f16.gguf", "clip", 0);
  put_keys (tree, ".lmstudio/models/a/b/embed.gguf", "bert", 0);
  put_text (tree, ".lmstudio/models/a/b/text.gguf", "<html>");
  put_text (tree, ".lmstudio/models/a/b/empty.gguf", "");
  plain = tiny_model_write (&(TinyModel){ .arch = "llama", TINY_MODEL, .seed = 1 });
  path = make_path (tree, ".lmstudio/models/a/b/base.gguf");
  put_link (tree, ".lmstudio/models/a/b/base.gguf", plain);
  models = scan (tree);
  g_assert_cmpuint (models->len, ==, 6);
  g_assert_nonnull (strstr (find (models, RIPOSTE_SOURCE_LM_STUDIO, "big-00001-of-00003")->problem, "3 parts"));
  g_assert_nonnull (strstr (find (models, RIPOSTE_SOURCE_LM_STUDIO, "mmproj-model-f16")->problem, "pictures"));
  g_assert_nonnull (strstr (find (models, RIPOSTE_SOURCE_LM_STUDIO, "embed")->problem, "bert"));
  g_assert_nonnull (find (models, RIPOSTE_SOURCE_LM_STUDIO, "text")->problem);
  g_assert_nonnull (find (models, RIPOSTE_SOURCE_LM_STUDIO, "empty")->problem);
  g_assert_cmpstr (find (models, RIPOSTE_SOURCE_LM_STUDIO, "base")->problem, ==, NULL);
  g_unlink (plain);
}

#define DIGEST              "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LAYER(type, digest) "{\"mediaType\": \"application/vnd.ollama.image." type "\", \"digest\": \"" digest "\"}"

static void
test_ollama (Tree *tree, gconstpointer data)
{
  g_autoptr (GPtrArray) models = NULL;
  const RiposteFoundModel *model;

  put_model (tree, ".ollama/models/blobs/sha256-" DIGEST);
  put_text (tree, ".ollama/models/manifests/registry.ollama.ai/library/qwen3/4b",
            "{\"layers\": [" LAYER ("template", "sha256:x") ", " LAYER ("model", "sha256:" DIGEST) "]}");
  /* the same weights under another name, weights that are not there, and what is no manifest */
  put_text (tree, ".ollama/models/manifests/registry.ollama.ai/library/qwen3/latest",
            "{\"layers\": [" LAYER ("model", "sha256:" DIGEST) "]}");
  put_text (tree, ".ollama/models/manifests/registry.ollama.ai/me/mine/1",
            "{\"layers\": [" LAYER ("model", "sha256:ffff"
                                             "456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef") "]}");
  put_text (tree, ".ollama/models/manifests/registry.ollama.ai/library/evil/1",
            "{\"layers\": [" LAYER ("model", "sha256:../../../../../etc/passwd") "]}");
  put_text (tree, ".ollama/models/manifests/registry.ollama.ai/library/evil/2", "{\"layers\": {\"digest\": 1}}");
  put_text (tree, ".ollama/models/manifests/registry.ollama.ai/library/evil/3", "no JSON");
  models = scan (tree);
  g_assert_cmpuint (models->len, ==, 1);
  model = models->pdata[0];
  g_assert_cmpint (model->source, ==, RIPOSTE_SOURCE_OLLAMA);
  g_assert_true (g_str_has_prefix (model->name, "qwen3:"));
  g_assert_true (g_str_has_suffix (model->path, "blobs/sha256-" DIGEST));
  g_assert_cmpstr (model->problem, ==, NULL);
}

static void
on_ollama (const char *name, const char *path, gpointer user_data)
{
  g_ptr_array_add (user_data, g_strdup (name));
}

static void
test_ollama_names (Tree *tree, gconstpointer data)
{
  g_autofree char *folder = g_build_filename (tree->home, "ollama", NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  put_text (tree, "ollama/manifests/hf.co/me/mine/Q4_K_M",
            "{\"layers\": [" LAYER ("model", "sha256:" DIGEST) ", " LAYER ("projector", "sha256:" DIGEST) "]}");
  riposte_ollama_list (folder, on_ollama, names);
  g_assert_cmpuint (names->len, ==, 1);
  g_assert_cmpstr (names->pdata[0], ==, "me/mine:Q4_K_M");
}

#define add(name, test) g_test_add ("/models/" name, Tree, NULL, tree_set_up, test, tree_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/models/catalogue", test_catalogue);
  g_test_add_func ("/models/catalogue/untrusted", test_catalogue_untrusted);
  g_test_add_func ("/models/fit", test_fit);
  g_test_add_func ("/models/fit/context", test_fit_context);
  g_test_add_func ("/models/fit/devices", test_fit_devices);
  add ("places", test_places);
  add ("places/moved", test_moved_places);
  add ("named-places", test_named_places);
  add ("odd-files", test_odd_files);
  add ("problems", test_problems);
  add ("ollama", test_ollama);
  add ("ollama/names", test_ollama_names);
  return g_test_run ();
}
