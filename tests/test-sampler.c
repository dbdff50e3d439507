#include "sampler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N_VOCAB 1000

static void
random_logits (float *logits, guint n)
{
  for (guint i = 0; i < n; i++)
    logits[i] = g_test_rand_double_range (-12, 8);
}

static int
compare_floats (const void *a, const void *b)
{
  float x = *(const float *)a, y = *(const float *)b;

  return (x < y) - (x > y);
}

static void
test_greedy (void)
{
  const RpSamplerOptions options = RP_SAMPLER_GREEDY;
  g_autoptr (RpSampler) sampler = rp_sampler_new (&options, 5, NULL);

  g_assert_cmpint (rp_sampler_sample (sampler, (float[]){ 1, 3, 2, 3, -1 }, NULL, 0), ==, 1);
  g_assert_cmpint (rp_sampler_sample (sampler, (float[]){ NAN, -5, -3, -4, NAN }, NULL, 0), ==, 2);
  g_assert_cmpint (rp_sampler_sample (sampler, (float[]){ -INFINITY, -INFINITY, -7, -INFINITY, -INFINITY }, NULL, 0),
                   ==, 2);
}

static void
test_seed (void)
{
  RpSamplerOptions options = { .temperature = 1.5f, .top_p = 0.9f, .repeat_penalty = 1, .seed = 7 };
  g_autoptr (RpSampler) a = rp_sampler_new (&options, N_VOCAB, NULL);
  g_autoptr (RpSampler) b = rp_sampler_new (&options, N_VOCAB, NULL);
  g_autoptr (RpSampler) c = NULL;
  guint differ = 0;

  options.seed = 8;
  c = rp_sampler_new (&options, N_VOCAB, NULL);
  for (guint i = 0; i < 200; i++)
    {
      float logits[N_VOCAB];
      RpToken token;

      random_logits (logits, N_VOCAB);
      token = rp_sampler_sample (a, logits, NULL, 0);
      g_assert_cmpint (token, ==, rp_sampler_sample (b, logits, NULL, 0));
      differ += token != rp_sampler_sample (c, logits, NULL, 0);
    }
  g_assert_cmpuint (differ, >, 20);
}

/* Nothing outside of what top-k, top-p and min-p allow is ever drawn; the allowed set is found by a full sort. */
static void
test_cuts (void)
{
  for (guint round = 0; round < 300; round++)
    {
      RpSamplerOptions options = {
        .temperature = g_test_rand_double_range (0.1, 3),
        .top_k = g_test_rand_bit () ? g_test_rand_int_range (1, 2 * N_VOCAB) : 0,
        .top_p = g_test_rand_bit () ? g_test_rand_double_range (0, 1) : 1,
        .min_p = g_test_rand_bit () ? g_test_rand_double_range (0, 1) : 0,
        .repeat_penalty = 1,
        .seed = round,
      };
      g_autoptr (RpSampler) sampler = rp_sampler_new (&options, N_VOCAB, NULL);
      float logits[N_VOCAB], sorted[N_VOCAB], lowest;
      double total = 0, sum = 0;
      guint n = options.top_k ? MIN (options.top_k, N_VOCAB) : N_VOCAB, kept = 0;

      random_logits (logits, N_VOCAB);
      memcpy (sorted, logits, sizeof logits);
      qsort (sorted, N_VOCAB, sizeof *sorted, compare_floats);
      for (guint i = 0; i < n; i++)
        total += exp ((double)sorted[i] - sorted[0]);
      while (kept < n && (kept == 0 || (sum < options.top_p * total * (1 + 1e-9))))
        sum += exp ((double)sorted[kept++] - sorted[0]);
      lowest = MAX (sorted[kept - 1], sorted[0] + logf (MAX (options.min_p, 1e-30f)) - 1e-5f);
      for (guint i = 0; i < 20; i++)
        {
          RpToken token = rp_sampler_sample (sampler, logits, NULL, 0);
          if (logits[token] < lowest)
            g_error ("round %u: top_k %u, top_p %g, min_p %g drew logit %g below %g", round, options.top_k,
                     options.top_p, options.min_p, logits[token], lowest);
        }
    }
}

/* 20,000 draws from four tokens stay within five standard deviations of what softmax (logits / T) says. */
static void
test_distribution (void)
{
  static const float logits[4] = { 1, 0, -1, 2 };
  RpSamplerOptions options = { .temperature = 0.8f, .top_p = 1, .repeat_penalty = 1, .seed = 99 };
  g_autoptr (RpSampler) sampler = rp_sampler_new (&options, 4, NULL);
  guint counts[4] = { 0 }, n = 20000;
  double total = 0;

  for (guint i = 0; i < 4; i++)
    total += exp (logits[i] / 0.8);
  for (guint i = 0; i < n; i++)
    {
      float copy[4];
      memcpy (copy, logits, sizeof copy);
      counts[rp_sampler_sample (sampler, copy, NULL, 0)]++;
    }
  for (guint i = 0; i < 4; i++)
    {
      double p = exp (logits[i] / 0.8) / total;
      g_assert_cmpfloat (fabs (counts[i] - n * p), <, 5 * sqrt (n * p * (1 - p)));
    }
}

static void
test_penalty (void)
{
  RpSamplerOptions options = { .top_p = 1, .repeat_penalty = 2, .repeat_last_n = 2 };
  g_autoptr (RpSampler) sampler = rp_sampler_new (&options, 3, NULL);
  const RpToken history[] = { 2, 0, 0, 77, -5 };
  float logits[] = { 4, 3, 3.5f };

  /* Out-of-range tokens of the history are passed over; token 2 is too long ago. */
  g_assert_cmpint (rp_sampler_sample (sampler, logits, history, 3), ==, 2);
  g_assert_cmpfloat (logits[0], ==, 2);
  g_assert_cmpint (rp_sampler_sample (sampler, logits, history, 5), ==, 2);
  logits[0] = -1, logits[1] = -1.5f, logits[2] = -9;
  g_assert_cmpint (rp_sampler_sample (sampler, logits, history, 3), ==, 1);
  g_assert_cmpfloat (logits[0], ==, -2);
}

static void
test_ranges (void)
{
  const RpSamplerOptions good = RP_SAMPLER_GREEDY;
  RpSamplerOptions bad[6];

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    bad[i] = good;
  bad[0].temperature = -1;
  bad[1].temperature = NAN;
  bad[2].top_p = 1.5f;
  bad[3].min_p = -0.1f;
  bad[4].repeat_penalty = 0;
  bad[5].repeat_penalty = INFINITY;
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (rp_sampler_new (&bad[i], 4, &error));
      g_assert_error (error, RP_ERROR, RP_ERROR_ARGUMENT);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sampler/greedy", test_greedy);
  g_test_add_func ("/sampler/seed", test_seed);
  g_test_add_func ("/sampler/cuts", test_cuts);
  g_test_add_func ("/sampler/distribution", test_distribution);
  g_test_add_func ("/sampler/penalty", test_penalty);
  g_test_add_func ("/sampler/ranges", test_ranges);
  return g_test_run ();
}
