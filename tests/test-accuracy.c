/* Real models against exact arithmetic: how far from it the logits are, over source code, on every device.
 *
 * golden/accuracy/NAME.bin (made by golden/accuracy.py) has, for each of 1,000 positions, what the model says with its
 * weights dequantized to F32. The distance is the mean KL divergence D(exact ‖ ours) over the most probable tokens and
 * all the rest as one, and how often the most probable token is the same.
 *
 * The slow tests requantize SmolLM2 to each type that rp_quantize_file() writes, and take the exact values from the engine
 * itself, running the same weights in F32 on the CPU: which is held against the golden file first. */
#include "devices.h"
#include "engine/quantize.h"
#include "upcycle.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#define CHUNK 50 /* a divisor of 1,000: positions whose logits are held at once */

typedef struct
{
  double max_divergence;
  double min_agreement;
} Bound;

typedef struct
{
  const char *name; /* of the golden file, and of the model in the data folder */
  gboolean slow;
  Bound cpu; /* no worse than llama.cpp's CPU back end */
  Bound vulkan;
} Subject;

static const Subject subjects[] = {
  { "smollm2-135m-instruct-q4_1", FALSE, { 0.0023, 0.978 }, { 0.0005, 0.99 } },
  { "qwen2.5-coder-1.5b-instruct-q4_k_m", TRUE, { 0.0072, 0.9775 }, { 0.0005, 0.99 } },
};

typedef struct
{
  guint32 n_tokens, n_top;
  const RpToken *tokens;
  const guint8 *rows; /* i32 ids[n_top], f32 log_p[n_top], f32 log_p of the rest */
  gsize row_size;
  char *data;
} Golden;

typedef struct
{
  const char *device;
  const Subject *subject;
} Case;

static void
read_golden (Golden *golden, const Subject *subject)
{
  g_autofree char *file = g_strconcat (subject->name, ".bin", NULL);
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "accuracy", file, NULL);
  g_autoptr (GError) error = NULL;
  gsize size;

  g_file_get_contents (path, &golden->data, &size, &error);
  g_assert_no_error (error);
  memcpy (&golden->n_tokens, golden->data, 4);
  memcpy (&golden->n_top, golden->data + 4, 4);
  golden->tokens = (RpToken *)(golden->data + 8);
  golden->rows = (guint8 *)golden->data + 8 + golden->n_tokens * 4;
  golden->row_size = (2 * golden->n_top + 1) * 4;
  g_assert_cmpuint (size, ==, 8 + golden->n_tokens * (4 + golden->row_size));
}

/* log Σ exp, and the largest one's index. */
static double
log_total (const float *logits, guint n, guint *largest)
{
  double sum = 0;

  *largest = 0;
  for (guint i = 1; i < n; i++)
    if (logits[i] > logits[*largest])
      *largest = i;
  for (guint i = 0; i < n; i++)
    sum += exp ((double)logits[i] - logits[*largest]);
  return logits[*largest] + log (sum);
}

static double
divergence (const float *logits, guint n_vocab, const Golden *golden, guint position, gboolean *agrees)
{
  const gint32 *ids = (const gint32 *)(golden->rows + position * golden->row_size);
  const float *log_p = (const float *)(ids + golden->n_top);
  double result = 0, ours = 0, log_rest;
  guint largest;
  double total = log_total (logits, n_vocab, &largest);

  for (guint i = 0; i < golden->n_top; i++)
    {
      double log_q = logits[ids[i]] - total;

      result += exp (log_p[i]) * (log_p[i] - log_q);
      ours += exp (log_q);
    }
  log_rest = log_p[golden->n_top];
  *agrees = largest == (guint)ids[0];
  return result + exp (log_rest) * (log_rest - log (MAX (1 - ours, 1e-12)));
}

/* The golden tokens are the reference tokenizer's. */
static void
check_tokens (RpModel *model, const Golden *golden)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "accuracy", "source-code.txt", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GArray) tokens = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  tokens = rp_model_tokenize (model, text, -1, TRUE, FALSE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (tokens->len, >=, golden->n_tokens);
  g_assert_cmpmem (tokens->data, golden->n_tokens * sizeof (RpToken), golden->tokens,
                   golden->n_tokens * sizeof (RpToken));
}

/* ---- against golden files ---- */

static void
measure (RpModel *model, const Golden *golden, guint n_positions, const Bound *bound)
{
  const RpSessionOptions options = { .n_context = n_positions, .n_batch = CHUNK };
  guint n_vocab = rp_model_get_n_vocab (model), agreed = 0;
  g_autofree float *logits = g_new (float, (gsize)CHUNK *n_vocab);
  double sum = 0, squares = 0, mean;
  g_autoptr (GError) error = NULL;
  RpSession *session = rp_session_new (model, &options, &error);

  g_assert_no_error (error);
  for (guint at = 0; at < n_positions; at += CHUNK)
    {
      guint n = MIN (CHUNK, n_positions - at);

      rp_session_logits (session, golden->tokens + at, n, logits, NULL, &error);
      g_assert_no_error (error);
      for (guint i = 0; i < n; i++)
        {
          gboolean agrees;
          double d = divergence (logits + (gsize)i * n_vocab, n_vocab, golden, at + i, &agrees);

          sum += d;
          squares += d * d;
          agreed += agrees;
        }
    }
  mean = sum / n_positions;
  g_test_message ("%u positions: mean KL divergence %.5f ± %.5f, same first token %.2f %%", n_positions, mean,
                  sqrt (MAX (0, squares / n_positions - mean * mean) / n_positions), 100.0 * agreed / n_positions);
  g_assert_cmpfloat (mean, <=, bound->max_divergence);
  g_assert_cmpfloat ((double)agreed / n_positions, >=, bound->min_agreement);
  rp_session_free (session);
}

static void
test_accuracy (gconstpointer data)
{
  const Case *c = data;
  gboolean on_cpu = strcmp (c->device, "cpu") == 0;
  const RpModelOptions options = { .device = c->device };
  g_autofree char *file = g_strconcat (c->subject->name, ".gguf", NULL);
  g_autofree char *path = g_build_filename (g_get_user_data_dir (), "riposte", "models", file, NULL);
  Golden golden = { 0 };
  g_autoptr (GError) error = NULL;
  RpEngine *engine;
  RpModel *model;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_autofree char *reason = g_strdup_printf ("%s was not fetched", c->subject->name);
      g_test_skip (reason);
      return;
    }
  engine = rp_engine_new ();
  model = rp_model_load (engine, path, &options, &error);
  g_assert_no_error (error);
  read_golden (&golden, c->subject);
  check_tokens (model, &golden);
  /* A Vulkan device in software takes its time. */
  measure (model, &golden, on_cpu || g_test_slow () ? golden.n_tokens : CHUNK,
           on_cpu ? &c->subject->cpu : &c->subject->vulkan);
  g_free (golden.data);
  rp_model_free (model);
  rp_engine_free (engine);
}

/* ---- requantized ---- */

#define SMOL "smollm2-135m-instruct-q4_1"

typedef struct
{
  const char *type;
  gboolean experts;
  double max_divergence; /* on the CPU; docs/accuracy.md has llama.cpp's */
} Requantized;

static const Requantized requantized[] = {
  { "Q8_0", FALSE, 0.0021 },   { "Q6_K", FALSE, 0.0022 }, { "Q5_K_M", FALSE, 0.0022 },
  { "Q4_K_M", FALSE, 0.0023 }, { "Q4_0", FALSE, 0.0025 }, { "MXFP4", TRUE, 0.0025 },
};

typedef struct
{
  const char *device;
  const Requantized *row;
} RequantizedCase;

static char *
temporary (void)
{
  g_autoptr (GError) error = NULL;
  char *path = NULL;
  int fd = g_file_open_tmp ("riposte-XXXXXX.gguf", &path, &error);

  g_assert_no_error (error);
  close (fd);
  return path;
}

static char *
quantize (const char *from, const char *type)
{
  g_autoptr (GError) error = NULL;
  char *path = temporary ();

  rp_quantize_file (from, path, rp_mixture_find (type, NULL), NULL, NULL, &error);
  g_assert_no_error (error);
  return path;
}

static RpModel *
load (RpEngine *engine, const char *path, const char *device)
{
  const RpModelOptions options = { .device = device };
  g_autoptr (GError) error = NULL;
  RpModel *model = rp_model_load (engine, path, &options, &error);

  g_assert_no_error (error);
  return model;
}

static double
divergence_of_rows (const float *p, const float *q, guint n, gboolean *agrees)
{
  guint first, other;
  double total_p = log_total (p, n, &first), total_q = log_total (q, n, &other), sum = 0;

  for (guint i = 0; i < n; i++)
    sum += exp (p[i] - total_p) * ((p[i] - total_p) - (q[i] - total_q));
  *agrees = first == other;
  return sum;
}

/* As measure(), of two models side by side. */
static void
measure_beside (RpModel *exact, RpModel *model, const Golden *golden, const Bound *bound)
{
  const RpSessionOptions options = { .n_context = golden->n_tokens, .n_batch = CHUNK };
  guint n_vocab = rp_model_get_n_vocab (model), agreed = 0;
  g_autofree float *p = g_new (float, (gsize)CHUNK *n_vocab), *q = g_new (float, (gsize)CHUNK *n_vocab);
  g_autoptr (GError) error = NULL;
  g_autoptr (RpSession) one = rp_session_new (exact, &options, &error),
                        other = rp_session_new (model, &options, &error);
  double sum = 0;

  for (guint at = 0; at < golden->n_tokens; at += CHUNK)
    {
      g_assert_true (rp_session_logits (one, golden->tokens + at, CHUNK, p, NULL, &error));
      g_assert_true (rp_session_logits (other, golden->tokens + at, CHUNK, q, NULL, &error));
      for (gsize i = 0; i < CHUNK; i++)
        {
          gboolean agrees;

          sum += divergence_of_rows (p + i * n_vocab, q + i * n_vocab, n_vocab, &agrees);
          agreed += agrees;
        }
    }
  g_test_message ("%u positions: mean KL divergence %.6f, same first token %.2f %%", golden->n_tokens,
                  sum / golden->n_tokens, 100.0 * agreed / golden->n_tokens);
  g_assert_cmpfloat (sum / golden->n_tokens, <=, bound->max_divergence);
  g_assert_cmpfloat ((double)agreed / golden->n_tokens, >=, bound->min_agreement);
}

static void
test_requantized (gconstpointer data)
{
  const RequantizedCase *c = data;
  gboolean on_cpu = strcmp (c->device, "cpu") == 0;
  const Bound exactly = { 1e-7, 0.999 }, cpu = { c->row->max_divergence, 0.96 }, vulkan = { 0.0005, 0.99 };
  g_autofree char *source = g_build_filename (g_get_user_data_dir (), "riposte", "models", SMOL ".gguf", NULL);
  g_autofree char *upcycled = NULL, *path = NULL, *floats = NULL;
  Golden golden = { 0 };
  RpEngine *engine;
  RpModel *exact, *model;

  if (!g_file_test (source, G_FILE_TEST_EXISTS))
    {
      g_test_skip (SMOL " was not fetched");
      return;
    }
  read_golden (&golden, &subjects[0]);
  if (c->row->experts)
    {
      const UpcycleRecipe recipe = { .n_expert = 4 };

      upcycled = temporary ();
      upcycle (source, upcycled, &recipe);
    }
  path = quantize (upcycled ? upcycled : source, c->row->type);
  floats = quantize (path, "F32");
  engine = rp_engine_new ();
  exact = load (engine, floats, "cpu");
  model = load (engine, path, c->device);
  measure_beside (exact, model, &golden, on_cpu ? &cpu : &vulkan);
  rp_model_free (model);
  rp_model_free (exact);
  if (on_cpu && c->row == requantized)
    {
      /* What is called exact is what the reference calls so. */
      g_autofree char *plain = quantize (source, "F32");

      exact = load (engine, plain, "cpu");
      measure (exact, &golden, golden.n_tokens, &exactly);
      rp_model_free (exact);
      g_unlink (plain);
    }
  rp_engine_free (engine);
  g_unlink (path);
  g_unlink (floats);
  if (upcycled)
    g_unlink (upcycled);
  g_free (golden.data);
}

static void
add_requantized (const char *device)
{
  for (gsize i = 0; i < G_N_ELEMENTS (requantized); i++)
    {
      g_autofree char *path = g_strdup_printf ("/accuracy/%s/%s/%s", device, SMOL, requantized[i].type);
      RequantizedCase *c = g_new (RequantizedCase, 1);

      *c = (RequantizedCase){ device, &requantized[i] };
      g_test_add_data_func_full (path, c, test_requantized, g_free);
    }
}

static void
add_cases (const char *device)
{
  for (gsize i = 0; i < G_N_ELEMENTS (subjects); i++)
    {
      g_autofree char *path = g_strdup_printf ("/accuracy/%s/%s", device, subjects[i].name);
      Case *c;

      if (subjects[i].slow && !g_test_slow ())
        continue;
      c = g_new (Case, 1);
      *c = (Case){ device, &subjects[i] };
      g_test_add_data_func_full (path, c, test_accuracy, g_free);
    }
  if (g_test_slow ())
    add_requantized (device);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return devices_run (argc, argv, add_cases);
}
