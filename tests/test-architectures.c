/* Random models against the reference's logits, on every device: fed at once, in chunks and token by token (on Vulkan,
 * and of larger models, only at the end, unless slow: a device in software takes its time). The golden files are NAME.txt and .f32, made by
 * golden/architectures.py: golden/architectures has tiny models of every architecture, golden/mid-sized larger ones of
 * those that a tiny one leaves paths of unused. */
#include "arch.h"
#include "devices.h"
#include "golden-model.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

/* In standard deviations of a position's logits. The largest difference of all logits is about twice that of the few
 * that are kept. */
#define TOLERANCE 5e-4

/* So many tokens at once, and the last ones one by one. */
typedef struct
{
  guint chunk, n_single;
} Feed;

static const Feed thorough[] = { { G_MAXUINT, 0 }, { 33, 0 }, { 1, 0 }, { 0 } };
static const Feed brief[] = { { G_MAXUINT, 0 }, { 33, 30 }, { 0 } };
static const Feed briefest[] = { { 128, 10 }, { 0 } };

typedef struct
{
  const char *device;
  char *description; /* NAME.txt */
  gboolean mid_sized;
} Case;

static RpModel *
load (RpEngine *engine, const Case *c, GoldenModel *golden)
{
  const RpModelOptions options = { .device = c->device };
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  RpModel *model;
  int fd = g_file_open_tmp ("riposte-XXXXXX.gguf", &path, &error);

  g_assert_no_error (error);
  close (fd);
  *golden = golden_model_write (c->description, path, FALSE);
  model = rp_model_load (engine, path, &options, &error);
  g_unlink (path); /* it stays mapped */
  g_assert_no_error (error);
  return model;
}

/* The rows of NAME.f32: the standard deviation, then the kept logits. */
static float *
read_golden (const Case *c, guint n_tokens)
{
  g_autofree char *path = g_strdup (c->description);
  float *rows;
  gsize size;
  g_autoptr (GError) error = NULL;

  strcpy (strrchr (path, '.'), ".f32");
  g_file_get_contents (path, (char **)&rows, &size, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (size, ==, n_tokens * (GOLDEN_N_KEPT + 1) * sizeof (float));
  return rows;
}

static void
compare (const GoldenModel *model, const float *logits, const float *golden, const Feed *feed)
{
  guint n_vocab = model->n_vocab, worst_at = 0;
  double worst = 0;

  for (guint t = 0; t < model->n_tokens; t++)
    {
      const float *row = golden + t * (GOLDEN_N_KEPT + 1);

      for (guint j = 0; j < GOLDEN_N_KEPT; j++)
        {
          double logit = logits[(gsize)t * n_vocab + (t + j * n_vocab / GOLDEN_N_KEPT) % n_vocab];
          double difference = fabs (logit - row[1 + j]) / row[0];

          if (!(difference <= worst))
            {
              worst = isnan (difference) ? INFINITY : difference;
              worst_at = t;
            }
        }
    }
  g_test_message ("%u at once, the last %u singly: largest difference %.1e deviations, at position %u",
                  MIN (feed->chunk, model->n_tokens), feed->n_single, worst, worst_at);
  g_assert_cmpfloat (worst, <, TOLERANCE);
}

static void
feed_all (RpSession *session, const GoldenModel *model, const RpToken *tokens, const Feed *feed, float *logits)
{
  guint n_vocab = model->n_vocab, n_tokens = model->n_tokens, single_from = n_tokens - feed->n_single;
  g_autoptr (GError) error = NULL;

  rp_session_rewind (session, 0);
  memset (logits, 0xff, (gsize)n_tokens * n_vocab * sizeof *logits); /* NaN */
  for (guint at = 0, n; at < n_tokens; at += n)
    {

      n = at < single_from ? MIN (feed->chunk, single_from - at) : 1;
      rp_session_logits (session, tokens + at, n, logits + (gsize)at * n_vocab, NULL, &error);
      g_assert_no_error (error);
    }
}

static const Feed *
feeds_of (const Case *c)
{
  gboolean cpu = strcmp (c->device, "cpu") == 0;

  if (g_test_slow () || (cpu && !c->mid_sized))
    return thorough;
  return cpu || !c->mid_sized ? brief : briefest;
}

static void
test_logits (gconstpointer data)
{
  const Case *c = data;
  GoldenModel golden;
  RpEngine *engine = rp_engine_new ();
  RpModel *model = load (engine, c, &golden);
  const RpSessionOptions options = { .n_context = golden.n_tokens, .n_batch = golden.n_tokens, .kv_type = RP_KV_F32 };
  g_autofree float *rows = read_golden (c, golden.n_tokens);
  g_autofree float *logits = g_new (float, (gsize)golden.n_tokens *golden.n_vocab);
  g_autofree RpToken *tokens = golden_model_tokens (&golden);
  g_autoptr (GError) error = NULL;
  RpSession *session = rp_session_new (model, &options, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (rp_model_get_n_vocab (model), ==, golden.n_vocab);
  for (const Feed *feed = feeds_of (c); feed->chunk; feed++)
    {
      feed_all (session, &golden, tokens, feed, logits);
      compare (&golden, logits, rows, feed);
    }
  rp_session_free (session);
  rp_model_free (model);
  rp_engine_free (engine);
}

static void
free_case (gpointer data)
{
  Case *c = data;

  g_free (c->description);
  g_free (c);
}

/* An architecture that stands in the table has golden files. */
static void
test_every_row (void)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "golden", "architectures", NULL);
  g_autoptr (GHashTable) tested = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *file, *mark = "\nkey general.architecture str ";
  const RpArch *arch;

  g_assert_nonnull (dir);
  while ((file = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (folder, file, NULL), *text = NULL;
      const char *name;

      if (!g_str_has_suffix (file, ".txt") || !g_file_get_contents (path, &text, NULL, NULL))
        continue;
      name = strstr (text, mark);
      g_assert_nonnull (name);
      name += strlen (mark);
      g_hash_table_add (tested, g_strndup (name, strcspn (name, "\n")));
    }
  for (gsize i = 0; (arch = rp_arch_get (i)); i++)
    {
      if (!g_hash_table_contains (tested, arch->name))
        g_error ("architecture “%s” is in the table, and no golden file is of it", arch->name);
      g_assert_true (arch->models && arch->verified);
    }
}

/* Of the mid-sized, quickly, those that have the most. The sanitizers see the same code in every row, and are slow: of
 * three models, each device runs one. What is quantized is exact only where activations are not rounded. */
static gboolean
is_wanted (const char *device, const char *name, gboolean mid_sized, guint index)
{
  static const char *const quick[] = { "deepseek2-v2", "gpt-oss", "phi3-long", NULL };
  gboolean cpu = strcmp (device, "cpu") == 0;

  if (cpu && strstr (name, "mxfp4"))
    return FALSE;
  if (mid_sized && !g_test_slow () && !g_strv_contains (quick, name))
    return FALSE;
#ifdef __SANITIZE_ADDRESS__
  return (index % 3 == (cpu ? 0 : 1) && !mid_sized) || g_test_slow ();
#else
  return TRUE;
#endif
}

static void
add_cases_in (const char *device, const char *kind)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "golden", kind, NULL);
  gboolean mid_sized = strcmp (kind, "mid-sized") == 0;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  const char *file;
  guint n_models = 0;

  g_assert_no_error (error);
  while ((file = g_dir_read_name (dir)))
    {
      g_autofree char *name = g_strndup (file, MAX (4, strlen (file)) - 4);
      g_autofree char *path = g_strdup_printf ("/%s/%s/%s", kind, device, name);
      Case *c;

      if (!g_str_has_suffix (file, ".txt") || !is_wanted (device, name, mid_sized, n_models++))
        continue;
      c = g_new (Case, 1);
      *c = (Case){ device, g_build_filename (folder, file, NULL), mid_sized };
      g_test_add_data_func_full (path, c, test_logits, free_case);
    }
}

static void
add_cases (const char *device)
{
  if (strcmp (device, "cpu") == 0)
    g_test_add_func ("/architectures/every-row", test_every_row);
  add_cases_in (device, "architectures");
  add_cases_in (device, "mid-sized");
}

/* For architectures.py: writes the model, in F32, and says what it is to be fed. */
static int
write_model (const char *description, const char *path)
{
  GoldenModel model = golden_model_write (description, path, TRUE);
  g_autofree RpToken *tokens = golden_model_tokens (&model);

  for (guint i = 0; i < model.n_tokens; i++)
    g_print ("%s%d", i ? "," : "", tokens[i]);
  g_print ("\n");
  return 0;
}

int
main (int argc, char **argv)
{
  if (argc == 4 && strcmp (argv[1], "--write") == 0)
    return write_model (argv[2], argv[3]);
  g_test_init (&argc, &argv, NULL);
  return devices_run (argc, argv, add_cases);
}
