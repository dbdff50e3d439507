/* A real dense model upcycled into experts gives the dense model's logits: each feed-forward is copied, a random router
 * chooses among the copies, and their weights sum to 1.
 *
 * Once with the first layers in F32, where no more than the last bits may differ; and once the whole model as it is,
 * where a back end that rounds activations to int8 rounds some of them otherwise. */
#include "devices.h"
#include "upcycle.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#define MODEL    "smollm2-135m-instruct-q4_1.gguf"
#define N_TOKENS 24

static float *
logits_of (const char *path, const char *device, guint batch, guint *n_vocab)
{
  static const char text[] = "static int\ncompare (const void *a, const void *b)\n{\n  const int *x = a, *y = b;\n\n"
                             "  return (*x > *y) - (*x < *y);\n}\n\nint\nmain (void)\n{\n  int n[] = { 3, 1, 2 };\n";
  const RpModelOptions options = { .device = device };
  const RpSessionOptions session_options = { .n_context = N_TOKENS, .n_batch = batch };
  g_autoptr (RpEngine) engine = rp_engine_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (RpModel) model = rp_model_load (engine, path, &options, &error);
  g_autoptr (RpSession) session = NULL;
  g_autoptr (GArray) tokens = NULL;
  float *logits;

  g_assert_no_error (error);
  session = rp_session_new (model, &session_options, &error);
  g_assert_no_error (error);
  tokens = rp_model_tokenize (model, text, -1, TRUE, FALSE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (tokens->len, >=, N_TOKENS);
  *n_vocab = rp_model_get_n_vocab (model);
  logits = g_new (float, (gsize)N_TOKENS **n_vocab);
  rp_session_logits (session, (RpToken *)tokens->data, N_TOKENS, logits, NULL, &error);
  g_assert_no_error (error);
  g_clear_pointer (&session, rp_session_free);
  g_clear_pointer (&model, rp_model_free);
  return logits;
}

static char *
model_path (void)
{
  return g_build_filename (g_get_user_data_dir (), "riposte", "models", MODEL, NULL);
}

static float *
logits_of_recipe (const UpcycleRecipe *recipe, const char *device, guint batch, guint *n_vocab)
{
  g_autofree char *source = model_path (), *path = NULL;
  g_autoptr (GError) error = NULL;
  int fd = g_file_open_tmp ("riposte-XXXXXX.gguf", &path, &error);
  float *logits;

  g_assert_no_error (error);
  close (fd);
  upcycle (source, path, recipe);
  logits = logits_of (path, device, batch, n_vocab);
  g_unlink (path);
  return logits;
}

/* In standard deviations of a position's logits, the largest difference of all. */
static double
worst_difference (const float *a, const float *b, guint n_vocab)
{
  double worst = 0;

  for (guint t = 0; t < N_TOKENS; t++, a += n_vocab, b += n_vocab)
    {
      double sum = 0, squares = 0, largest = 0;

      for (guint i = 0; i < n_vocab; i++)
        {
          sum += b[i];
          squares += (double)b[i] * b[i];
          largest = isnan (a[i]) ? INFINITY : MAX (largest, fabs ((double)a[i] - b[i]));
        }
      worst = MAX (worst, largest / sqrt (squares / n_vocab - sum / n_vocab * sum / n_vocab));
    }
  return worst;
}

static double
log_total (const float *x, guint n)
{
  double largest = x[0], sum = 0;

  for (guint i = 1; i < n; i++)
    largest = MAX (largest, x[i]);
  for (guint i = 0; i < n; i++)
    sum += exp (x[i] - largest);
  return largest + log (sum);
}

/* D(b ‖ a), the mean of all positions. */
static double
mean_divergence (const float *a, const float *b, guint n_vocab)
{
  double sum = 0;

  for (guint t = 0; t < N_TOKENS; t++, a += n_vocab, b += n_vocab)
    {
      double total_a = log_total (a, n_vocab), total_b = log_total (b, n_vocab);

      for (guint i = 0; i < n_vocab; i++)
        sum += exp (b[i] - total_b) * ((b[i] - total_b) - (a[i] - total_a));
    }
  return sum / N_TOKENS;
}

static void
test_floats (gconstpointer device)
{
  static const UpcycleRecipe dense = { 2, TRUE, 0 }, upcycled = { 2, TRUE, 5 };
  guint n_vocab;
  g_autofree float *expected = logits_of_recipe (&dense, device, N_TOKENS, &n_vocab);

  for (guint batch = N_TOKENS; batch; batch /= 6)
    {
      g_autofree float *logits = logits_of_recipe (&upcycled, device, batch, &n_vocab);
      double worst = worst_difference (logits, expected, n_vocab);

      g_test_message ("%u at once: %.1e deviations off", batch, worst);
      g_assert_cmpfloat (worst, <, 1e-3);
    }
}

static void
test_quantized (gconstpointer device)
{
  static const UpcycleRecipe upcycled = { 0, FALSE, 3 };
  guint n_vocab;
  g_autofree char *dense = model_path ();
  g_autofree float *expected = logits_of (dense, device, N_TOKENS, &n_vocab);
  g_autofree float *logits = logits_of_recipe (&upcycled, device, N_TOKENS, &n_vocab);
  double divergence = mean_divergence (logits, expected, n_vocab);

  g_test_message ("mean KL divergence %.5f", divergence);
  /* twice what either may be off exact arithmetic (test-accuracy.c) */
  g_assert_cmpfloat (divergence, <, strcmp (device, "cpu") == 0 ? 0.0046 : 0.001);
}

static void
skip (gconstpointer device)
{
  g_test_skip (MODEL " was not fetched");
}

static void
add_cases (const char *device)
{
  g_autofree char *model = model_path ();
  gboolean there = g_file_test (model, G_FILE_TEST_EXISTS);
  g_autofree char *floats = g_strdup_printf ("/upcycled/%s/floats", device);
  g_autofree char *quantized = g_strdup_printf ("/upcycled/%s/quantized", device);

  g_test_add_data_func (floats, device, there ? test_floats : skip);
  if (strcmp (device, "cpu") == 0 || g_test_slow ())
    g_test_add_data_func (quantized, device, there ? test_quantized : skip);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return devices_run (argc, argv, add_cases);
}
