/* A session's promises, on tiny random models, on every device of the machine. */
#include "devices.h"
#include "tiny-model.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define N_TOKENS 75

static const TinyModel dense = { TINY_MODEL, .arch = "qwen2", .biases = TRUE, .seed = 5 };
static const TinyModel wide = { .arch = "qwen2",
                                .n_layers = 2,
                                .n_embd = 64,
                                .n_heads = 4,
                                .n_kv_heads = 2,
                                .head_dim = 32,
                                .n_ff = 96,
                                .n_vocab = 131,
                                .n_context = 256,
                                .seed = 7 };
static const TinyModel routed = { TINY_MODEL, .arch = "qwen3moe", .n_expert = 6, .n_used = 3, .seed = 6 };

typedef struct
{
  RpEngine *engine;
  RpModel *model;
  RpSession *session;
  RpToken tokens[N_TOKENS];
} Fixture;

static const char *device; /* that the current test runs on */

static RpModel *
load (RpEngine *engine, const TinyModel *tiny)
{
  g_autofree char *path = tiny_model_write (tiny);
  const RpModelOptions options = { .device = device, .n_threads = 2 };
  g_autoptr (GError) error = NULL;
  RpModel *model = rp_model_load (engine, path, &options, &error);

  g_assert_no_error (error);
  g_unlink (path); /* it stays mapped */
  return model;
}

static RpSession *
open_session (RpModel *model, guint n_context, guint n_batch)
{
  const RpSessionOptions options = { .n_context = n_context, .n_batch = n_batch };
  g_autoptr (GError) error = NULL;
  RpSession *session = rp_session_new (model, &options, &error);

  g_assert_no_error (error);
  return session;
}

static void
set_up (Fixture *f, const TinyModel *tiny)
{
  f->engine = rp_engine_new ();
  f->model = load (f->engine, tiny);
  f->session = open_session (f->model, 128, 32);
  for (guint i = 0; i < N_TOKENS; i++)
    f->tokens[i] = (i * i * 7 + 3 * i + 1) % tiny->n_vocab;
}

static void
tear_down (Fixture *f)
{
  rp_session_free (f->session);
  rp_model_free (f->model);
  rp_engine_free (f->engine);
}

static float *
all_logits (Fixture *f, RpSession *session, guint step)
{
  guint n_vocab = rp_model_get_n_vocab (f->model);
  float *logits = g_new (float, (gsize)N_TOKENS *n_vocab);
  g_autoptr (GError) error = NULL;

  for (guint at = 0; at < N_TOKENS; at += step)
    {
      rp_session_logits (session, f->tokens + at, MIN (step, N_TOKENS - at), logits + (gsize)at * n_vocab, NULL,
                         &error);
      g_assert_no_error (error);
    }
  return logits;
}

/* The largest difference, as a share of the standard deviation. */
static double
worst_difference (const float *a, const float *b, gsize n)
{
  double sum = 0, squares = 0, worst = 0;

  for (gsize i = 0; i < n; i++)
    {
      sum += b[i];
      squares += (double)b[i] * b[i];
      worst = MAX (worst, fabs ((double)a[i] - b[i]));
    }
  return worst / sqrt (squares / n - (sum / n) * (sum / n));
}

/* At once, in batches of any size and token by token, the logits are the same. */
static void
test_batches (gconstpointer tiny)
{
  static const guint steps[] = { 1, 7, 32, 33 };
  Fixture f;
  g_autofree float *whole = NULL;
  RpSession *large;

  set_up (&f, tiny);
  large = open_session (f.model, 128, 128);
  whole = all_logits (&f, large, N_TOKENS);
  for (gsize i = 0; i < (gsize)N_TOKENS * rp_model_get_n_vocab (f.model); i++)
    g_assert_true (isfinite (whole[i]));
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      g_autofree float *logits = NULL;

      rp_session_rewind (f.session, 0);
      logits = all_logits (&f, f.session, steps[i]);
      g_assert_cmpfloat (worst_difference (logits, whole, (gsize)N_TOKENS * rp_model_get_n_vocab (f.model)), <, 1e-4);
    }
  rp_session_free (large);
  tear_down (&f);
}

static GArray *
generate (RpSession *session, const RpToken *prompt, guint n, RpGenerateStats *stats)
{
  GArray *tokens = g_array_new (FALSE, FALSE, sizeof (RpToken));
  const RpGenerateOptions options
    = { .n_predict = 20, .sampler = RP_SAMPLER_GREEDY, .tokens = tokens, .ignore_end = TRUE };
  g_autoptr (GError) error = NULL;

  rp_session_generate (session, prompt, n, &options, stats, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (tokens->len, ==, 20);
  return tokens;
}

/* A second turn feeds only what is new, and answers as a fresh session does. */
static void
test_reuse (gconstpointer tiny)
{
  Fixture f;
  RpGenerateStats stats;

  set_up (&f, tiny);
  g_array_unref (generate (f.session, f.tokens, 40, &stats));
  g_assert_cmpuint (stats.n_reused, ==, 0);
  g_assert_cmpint (stats.stop, ==, RP_STOP_LENGTH);
  for (guint n = 30; n <= 50; n += 10)
    {
      RpSession *fresh = open_session (f.model, 128, 128);
      g_autoptr (GArray) again = generate (f.session, f.tokens, n, &stats);
      g_autoptr (GArray) first = NULL;

      g_assert_cmpuint (stats.n_reused, >=, MIN (n, 30) - 1);
      first = generate (fresh, f.tokens, n, &stats);
      g_assert_cmpmem (again->data, again->len * sizeof (RpToken), first->data, first->len * sizeof (RpToken));
      rp_session_free (fresh);
    }
  tear_down (&f);
}

/* A copied feed-forward, renormalised weights: the logits of the dense model. */
static void
test_upcycled (gconstpointer data)
{
  TinyModel plain = { TINY_MODEL, .arch = "llama", .seed = 11 };
  TinyModel copies = { TINY_MODEL, .arch = "llama", .seed = 11, .n_expert = 5, .n_used = 2, .upcycled = TRUE };
  g_autofree float *expected = NULL, *logits = NULL;
  Fixture f;

  set_up (&f, &plain);
  expected = all_logits (&f, f.session, N_TOKENS);
  tear_down (&f);
  set_up (&f, &copies);
  logits = all_logits (&f, f.session, N_TOKENS);
  g_assert_cmpfloat (worst_difference (logits, expected, (gsize)N_TOKENS * plain.n_vocab), <, 1e-4);
  tear_down (&f);
}

static void
cancel_after_prefill (guint n_done, guint n_total, gpointer cancel)
{
  rp_cancel_set (cancel);
}

/* A cancelled prefill keeps what was done, is no error, and what follows is not disturbed. */
static void
test_cancel (gconstpointer tiny)
{
  Fixture f;
  RpCancel cancel = { 0 };
  RpGenerateStats stats;
  const RpGenerateOptions options
    = { .sampler = RP_SAMPLER_GREEDY, .cancel = &cancel, .prefill = cancel_after_prefill, .user_data = &cancel };
  g_autoptr (GArray) after = NULL, fresh = NULL;
  g_autoptr (GError) error = NULL;
  RpSession *other;

  set_up (&f, tiny);
  g_assert_true (rp_session_generate (f.session, f.tokens, N_TOKENS, &options, &stats, &error));
  g_assert_no_error (error);
  g_assert_cmpint (stats.stop, ==, RP_STOP_CANCELLED);
  g_assert_cmpuint (stats.n_decoded, ==, 0);
  g_assert_cmpuint (rp_session_get_n_tokens (f.session), ==, 32);
  after = generate (f.session, f.tokens, N_TOKENS, &stats);
  g_assert_cmpuint (stats.n_reused, ==, 32);
  other = open_session (f.model, 128, 128);
  fresh = generate (other, f.tokens, N_TOKENS, &stats);
  g_assert_cmpmem (after->data, after->len * sizeof (RpToken), fresh->data, fresh->len * sizeof (RpToken));
  rp_session_free (other);
  tear_down (&f);
}

/* The context is a hard wall, and a wrong token no crash; neither changes the timeline. */
static void
test_limits (gconstpointer tiny)
{
  Fixture f;
  RpSession *small;
  RpToken wrong[] = { 1, 2, 1 << 20 };
  g_autoptr (GArray) tokens = g_array_new (FALSE, FALSE, sizeof (RpToken));
  const RpGenerateOptions endless = { .sampler = RP_SAMPLER_GREEDY, .tokens = tokens, .ignore_end = TRUE };
  RpGenerateStats stats;
  g_autoptr (GError) error = NULL;

  set_up (&f, tiny);
  small = open_session (f.model, 24, 0);
  g_assert_false (rp_session_logits (small, f.tokens, 25, NULL, NULL, &error));
  g_assert_error (error, RP_ERROR, RP_ERROR_CONTEXT_FULL);
  g_clear_error (&error);
  g_assert_false (rp_session_logits (small, wrong, 3, NULL, NULL, &error));
  g_assert_error (error, RP_ERROR, RP_ERROR_ARGUMENT);
  g_clear_error (&error);
  g_assert_cmpuint (rp_session_get_n_tokens (small), ==, 0);
  g_assert_true (rp_session_generate (small, f.tokens, 20, &endless, &stats, &error));
  g_assert_no_error (error);
  g_assert_cmpint (stats.stop, ==, RP_STOP_CONTEXT);
  g_assert_cmpuint (tokens->len, ==, 5); /* four that fit behind the prompt, and the last one's successor */
  g_assert_cmpuint (rp_session_get_n_tokens (small), ==, 24);
  g_assert_false (rp_session_generate (small, NULL, 0, &endless, &stats, &error));
  g_assert_error (error, RP_ERROR, RP_ERROR_ARGUMENT);
  rp_session_free (small);
  tear_down (&f);
}

/* Keys and values in fewer bits: the logits stay near, the nearer the more bits. */
static void
test_kv_types (gconstpointer tiny)
{
  static const struct
  {
    RpKvType type;
    double least, most; /* Σ (logits - those of F32)² / Σ logits² */
  } rows[] = { { RP_KV_F16, 0, 1e-5 }, { RP_KV_Q8_0, 1e-9, 1e-3 }, { RP_KV_Q4_0, 1e-6, 1e-1 } };
  Fixture f;

  set_up (&f, tiny);
  gsize n = (gsize)N_TOKENS * rp_model_get_n_vocab (f.model);
  g_autofree float *exact = all_logits (&f, f.session, N_TOKENS);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    for (guint step = 1; step <= 25; step += 24)
      {
        const RpSessionOptions options = { .n_context = 128, .n_batch = 32, .kv_type = rows[i].type };
        g_autoptr (GError) error = NULL;
        g_autoptr (RpSession) session = rp_session_new (f.model, &options, &error);
        double deviation = 0, power = 0;

        g_assert_no_error (error);
        g_autofree float *logits = all_logits (&f, session, step);
        for (gsize j = 0; j < n; j++)
          {
            deviation += (logits[j] - exact[j]) * (logits[j] - exact[j]);
            power += exact[j] * exact[j];
          }
        g_test_message ("type %d, %u at a time: %g", rows[i].type, step, deviation / power);
        g_assert_cmpfloat (deviation, <=, rows[i].most * power);
        g_assert_cmpfloat (deviation, >=, rows[i].least * power); /* it is that type */
      }
  tear_down (&f);
}

static void
test_kv_heads (gconstpointer tiny)
{
  const RpSessionOptions options = { .n_context = 64, .kv_type = RP_KV_Q8_0 };
  g_autoptr (GError) error = NULL;
  Fixture f;

  set_up (&f, tiny);
  g_assert_null (rp_session_new (f.model, &options, &error));
  g_assert_error (error, RP_ERROR, RP_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "multiple of 32"));
  tear_down (&f);
}

typedef struct
{
  const char *device;
  void (*run) (gconstpointer tiny);
  const TinyModel *tiny;
} Case;

static void
run_case (gconstpointer data)
{
  const Case *c = data;

  device = c->device;
  c->run (c->tiny);
}

static void
add_cases (const char *device_id)
{
  static const struct
  {
    const char *name;
    void (*run) (gconstpointer tiny);
    const TinyModel *tiny;
  } rows[] = {
    { "batches/dense", test_batches, &dense }, { "batches/routed", test_batches, &routed },
    { "reuse/dense", test_reuse, &dense },     { "reuse/routed", test_reuse, &routed },
    { "upcycled", test_upcycled, NULL },       { "cancel", test_cancel, &dense },
    { "limits", test_limits, &dense },         { "kv-types", test_kv_types, &wide },
    { "kv-heads", test_kv_heads, &dense },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = g_strdup_printf ("/session/%s/%s", device_id, rows[i].name);
      Case *c = g_new (Case, 1);

      *c = (Case){ device_id, rows[i].run, rows[i].tiny };
      g_test_add_data_func_full (path, c, run_case, g_free);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return devices_run (argc, argv, add_cases);
}
