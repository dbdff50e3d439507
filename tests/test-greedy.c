/* Greedy answers to coding prompts on the CPU and on Vulkan: the same tokens, or where they first differ, two that are
 * as good as one another. The Vulkan back end rounds no activations (test-accuracy.c), so its logits judge a tie. */
#include "devices.h"
#include "greedy-answer.h"

#include <math.h>
#include <string.h>

#define NEAR_TIE 0.5 /* logits */

static const char *const prompts[] = {
  "Write a Python function that reverses a string.",
  "Write a C function that returns the greatest common divisor of two integers.",
  "Explain what a mutex is, and show one in Rust.",
  "Write a SQL query that finds the ten customers with the most orders.",
  "What does `git rebase --onto` do?",
  "Write a JavaScript function that debounces another function.",
  "Find the bug: for (unsigned i = n - 1; i >= 0; i--) sum += a[i];",
  "Write a regular expression that matches an IPv4 address.",
  "Write a Go program that counts the words of its standard input.",
  "Turn this loop into a list comprehension: for x in xs:\n    if x > 0:\n        ys.append(x * x)",
};

typedef struct
{
  const char *model;
  gboolean slow;
  guint n_prompts, n_predict;
} Subject;

static const Subject subjects[] = {
  { "smollm2-135m-instruct-q4_1", FALSE, 2, 16 },
  { "smollm2-135m-instruct-q4_1", TRUE, G_N_ELEMENTS (prompts), 64 },
  { "qwen2.5-coder-1.5b-instruct-q4_k_m", TRUE, G_N_ELEMENTS (prompts), 64 },
};

typedef struct
{
  const char *device;
  const Subject *subject;
} Case;

typedef struct
{
  RpModel *model;
  RpSession *session;
} Side;

static Side
open_side (RpEngine *engine, const char *path, const char *device)
{
  const RpModelOptions options = { .device = device };
  const RpSessionOptions session_options = { .n_context = 256, .n_batch = 64 };
  g_autoptr (GError) error = NULL;
  Side side;

  side.model = rp_model_load (engine, path, &options, &error);
  g_assert_no_error (error);
  side.session = rp_session_new (side.model, &session_options, &error);
  g_assert_no_error (error);
  return side;
}

static void
close_side (Side *side)
{
  rp_session_free (side->session);
  rp_model_free (side->model);
}

/* By how much @side prefers one token to the other behind the prompt and the first @n of @tokens. */
static double
preference (Side *side, const GArray *prompt, const GArray *tokens, guint n, RpToken one, RpToken other)
{
  g_autofree float *logits = g_new (float, rp_model_get_n_vocab (side->model));
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (RpToken));
  g_autoptr (GError) error = NULL;

  g_array_append_vals (all, prompt->data, prompt->len);
  g_array_append_vals (all, tokens->data, n);
  rp_session_rewind (side->session, 0);
  rp_session_logits (side->session, (RpToken *)all->data, all->len - 1, NULL, NULL, &error);
  g_assert_no_error (error);
  rp_session_logits (side->session, &g_array_index (all, RpToken, all->len - 1), 1, logits, NULL, &error);
  g_assert_no_error (error);
  return (double)logits[one] - logits[other];
}

static void
compare (Side *cpu, Side *vulkan, const Subject *subject, const char *question)
{
  g_autoptr (GArray) prompt = greedy_prompt (cpu->model, question);
  g_autoptr (GArray) ours = greedy_answer (cpu->session, prompt, subject->n_predict);
  g_autoptr (GArray) theirs = greedy_answer (vulkan->session, prompt, subject->n_predict);
  const RpToken *a = (RpToken *)ours->data, *b = (RpToken *)theirs->data;
  double gap;
  guint n = 0;

  while (n < subject->n_predict && a[n] == b[n])
    n++;
  if (n == subject->n_predict)
    {
      g_test_message ("%.40s… the same %u tokens", question, n);
      return;
    }
  gap = preference (vulkan, prompt, ours, n, b[n], a[n]);
  g_test_message ("%.40s… the same %u tokens, then a choice between two that are %.3f apart", question, n, gap);
  g_assert_cmpfloat (fabs (gap), <, NEAR_TIE);
}

static void
test_greedy (gconstpointer data)
{
  const Case *c = data;
  g_autofree char *file = g_strconcat (c->subject->model, ".gguf", NULL);
  g_autofree char *path = g_build_filename (g_get_user_data_dir (), "riposte", "models", file, NULL);
  RpEngine *engine;
  Side cpu, vulkan;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_autofree char *reason = g_strdup_printf ("%s was not fetched", c->subject->model);
      g_test_skip (reason);
      return;
    }
  engine = rp_engine_new ();
  cpu = open_side (engine, path, "cpu");
  vulkan = open_side (engine, path, c->device);
  for (guint i = 0; i < c->subject->n_prompts; i++)
    compare (&cpu, &vulkan, c->subject, prompts[i]);
  close_side (&cpu);
  close_side (&vulkan);
  rp_engine_free (engine);
}

static void
add_cases (const char *device)
{
  for (gsize i = 0; i < G_N_ELEMENTS (subjects); i++)
    {
      g_autofree char *path = g_strdup_printf ("/greedy/%s/%s", device, subjects[i].model);
      Case *c;

      if (subjects[i].slow != g_test_slow ())
        continue;
      c = g_new (Case, 1);
      *c = (Case){ device, &subjects[i] };
      g_test_add_data_func_full (path, c, test_greedy, g_free);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return devices_run (argc, argv, add_cases);
}
