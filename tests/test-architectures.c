/* Tiny random models of every architecture against the reference's logits, on every device: fed at once, in chunks and
 * token by token (on Vulkan only at the end, unless slow: a device in software takes its time). The golden files are
 * golden/architectures/NAME.txt and .f32, made by golden/architectures.py. */
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

static const Feed thorough[] = { { GOLDEN_N_TOKENS, 0 }, { 33, 0 }, { 1, 0 }, { 0 } };
static const Feed brief[] = { { GOLDEN_N_TOKENS, 0 }, { 33, 30 }, { 0 } };

typedef struct
{
  const char *device;
  char *description; /* NAME.txt */
} Case;

static RpModel *
load (RpEngine *engine, const Case *c)
{
  const RpModelOptions options = { .device = c->device };
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  RpModel *model;
  int fd = g_file_open_tmp ("riposte-XXXXXX.gguf", &path, &error);

  g_assert_no_error (error);
  close (fd);
  golden_model_write (c->description, path);
  model = rp_model_load (engine, path, &options, &error);
  g_unlink (path); /* it stays mapped */
  g_assert_no_error (error);
  return model;
}

/* The rows of NAME.f32: the standard deviation, then the kept logits. */
static float *
read_golden (const Case *c)
{
  g_autofree char *path = g_strdup (c->description);
  float *rows;
  gsize size;
  g_autoptr (GError) error = NULL;

  strcpy (strrchr (path, '.'), ".f32");
  g_file_get_contents (path, (char **)&rows, &size, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (size, ==, GOLDEN_N_TOKENS * (GOLDEN_N_KEPT + 1) * sizeof (float));
  return rows;
}

static void
compare (const float *logits, guint n_vocab, const float *golden, const Feed *feed)
{
  double worst = 0;
  guint worst_at = 0;

  for (guint t = 0; t < GOLDEN_N_TOKENS; t++)
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
  g_test_message ("%u at once, the last %u singly: largest difference %.1e deviations, at position %u", feed->chunk,
                  feed->n_single, worst, worst_at);
  g_assert_cmpfloat (worst, <, TOLERANCE);
}

static void
feed_all (RpSession *session, const RpToken *tokens, const Feed *feed, float *logits, guint n_vocab)
{
  g_autoptr (GError) error = NULL;

  rp_session_rewind (session, 0);
  memset (logits, 0xff, (gsize)GOLDEN_N_TOKENS * n_vocab * sizeof *logits); /* NaN */
  for (guint at = 0, n; at < GOLDEN_N_TOKENS; at += n)
    {
      guint single_from = GOLDEN_N_TOKENS - feed->n_single;

      n = at < single_from ? MIN (feed->chunk, single_from - at) : 1;
      rp_session_logits (session, tokens + at, n, logits + (gsize)at * n_vocab, NULL, &error);
      g_assert_no_error (error);
    }
}

static void
test_logits (gconstpointer data)
{
  const Case *c = data;
  const RpSessionOptions options = { .n_context = GOLDEN_N_TOKENS, .n_batch = GOLDEN_N_TOKENS };
  RpEngine *engine = rp_engine_new ();
  RpModel *model = load (engine, c);
  guint n_vocab = rp_model_get_n_vocab (model);
  g_autofree float *golden = read_golden (c), *logits = g_new (float, (gsize)GOLDEN_N_TOKENS *n_vocab);
  RpToken tokens[GOLDEN_N_TOKENS];
  g_autoptr (GError) error = NULL;
  RpSession *session = rp_session_new (model, &options, &error);

  g_assert_no_error (error);
  golden_model_tokens (n_vocab, tokens);
  for (const Feed *feed = strcmp (c->device, "cpu") == 0 || g_test_slow () ? thorough : brief; feed->chunk; feed++)
    {
      feed_all (session, tokens, feed, logits, n_vocab);
      compare (logits, n_vocab, golden, feed);
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

/* The sanitizers see the same code in every row, and are slow: of three models, each device runs one. */
static gboolean
is_wanted (const char *device, guint index)
{
#ifdef __SANITIZE_ADDRESS__
  return index % 3 == (strcmp (device, "cpu") == 0 ? 0 : 1) || g_test_slow ();
#else
  return TRUE;
#endif
}

static void
add_cases (const char *device)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "golden", "architectures", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  const char *file;
  guint n_models = 0;

  g_assert_no_error (error);
  if (strcmp (device, "cpu") == 0)
    g_test_add_func ("/architectures/every-row", test_every_row);
  while ((file = g_dir_read_name (dir)))
    {
      g_autofree char *name = g_strndup (file, MAX (4, strlen (file)) - 4);
      g_autofree char *path = g_strdup_printf ("/architectures/%s/%s", device, name);
      Case *c;

      if (!g_str_has_suffix (file, ".txt") || !is_wanted (device, n_models++))
        continue;
      c = g_new (Case, 1);
      *c = (Case){ device, g_build_filename (folder, file, NULL) };
      g_test_add_data_func_full (path, c, test_logits, free_case);
    }
}

/* For architectures.py: writes the model, and says what it is to be fed. */
static int
write_model (const char *description, const char *path)
{
  RpToken tokens[GOLDEN_N_TOKENS];

  golden_model_tokens (golden_model_write (description, path), tokens);
  for (guint i = 0; i < GOLDEN_N_TOKENS; i++)
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
