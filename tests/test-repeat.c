/* The same prompt, seed and device give the same answer: a hundred greedy answers of 200 tokens, to ten prompts ten times
 * over, in each of the ways in which a session can come to a prompt. */
#include "devices.h"
#include "greedy-answer.h"

#include <string.h>

#define MODEL     "smollm2-135m-instruct-q4_1"
#define N_CONTEXT 320
#define N_BATCH   64

/* What the engine does before it answers. */
typedef enum
{
  WAY_AGAIN,       /* nothing: the session holds this prompt and an answer to it, and takes the prompt from there */
  WAY_REWOUND,     /* the session forgets all, and reads the prompt anew */
  WAY_ANOTHER,     /* the session has answered another prompt that begins as this one does */
  WAY_NEW_SESSION, /* a second session, beside one that is in the middle of something */
  WAY_NEW_MODEL,   /* the file is loaded anew, and on the CPU run by another number of threads */
  N_WAYS
} Way;

static const char *const way_names[N_WAYS]
  = { "again", "rewound", "after another prompt", "in a new session", "in a new model" };

static const char *const prompts[] = {
  "Write a Python function that reverses a string.",
  "Write a Python function that merges two sorted lists.",
  "What is a race condition?",
  "Schreibe eine Funktion in C, die zwei Zeichenketten vergleicht.",
  "Explain `SELECT a, COUNT(*) FROM t GROUP BY a;` to a beginner.",
  "Why does this loop never end?\n\nfor (unsigned i = 9; i >= 0; i--)\n  puts (\"…\");",
  "Name ten sorting algorithms, with their complexities.",
  "用 JavaScript 写一个防抖函数。",
  "Translate to Rust: def add(xs): return sum(x for x in xs if x > 0)",
  "Continue: 1, 1, 2, 3, 5, 8, 13,",
};

typedef struct
{
  const char *device, *path;
  RpEngine *engine;
  RpModel *model;
  RpSession *session;
} Runner;

static RpModel *
load (const Runner *runner, guint n_threads)
{
  const RpModelOptions options = { .device = runner->device, .n_threads = n_threads };
  g_autoptr (GError) error = NULL;
  RpModel *model = rp_model_load (runner->engine, runner->path, &options, &error);

  g_assert_no_error (error);
  return model;
}

static RpSession *
begin (RpModel *model)
{
  const RpSessionOptions options = { .n_context = N_CONTEXT, .n_batch = N_BATCH };
  g_autoptr (GError) error = NULL;
  RpSession *session = rp_session_new (model, &options, &error);

  g_assert_no_error (error);
  return session;
}

static GArray *
answer_in (Runner *runner, Way way, guint prompt, guint n_predict)
{
  RpModel *model = way == WAY_NEW_MODEL ? load (runner, 1 + prompt % 5) : runner->model;
  RpSession *session = way == WAY_NEW_MODEL || way == WAY_NEW_SESSION ? begin (model) : runner->session;
  g_autoptr (GArray) tokens = greedy_prompt (model, prompts[prompt]);
  GArray *result;

  if (way == WAY_REWOUND)
    rp_session_rewind (session, 0);
  if (way == WAY_ANOTHER)
    {
      g_autoptr (GArray) other = greedy_prompt (model, prompts[(prompt + 1) % G_N_ELEMENTS (prompts)]);
      g_autoptr (GArray) ignored = greedy_answer (session, other, 8);
    }
  result = greedy_answer (session, tokens, n_predict);
  if (session != runner->session)
    rp_session_free (session);
  if (model != runner->model)
    rp_model_free (model);
  return result;
}

static guint
common (const GArray *a, const GArray *b)
{
  guint n = 0;

  while (n < a->len && g_array_index (a, RpToken, n) == g_array_index (b, RpToken, n))
    n++;
  return n;
}

static void
repeat (Runner *runner, guint n_prompts, guint n_times, guint n_predict)
{
  guint n_different = 0;

  for (guint p = 0; p < n_prompts; p++)
    {
      g_autoptr (GArray) first = NULL;

      rp_session_rewind (runner->session, 0);
      for (guint i = 0; i < n_times; i++)
        {
          Way way = i ? (Way)((i - 1) % N_WAYS) : WAY_REWOUND;
          g_autoptr (GArray) tokens = answer_in (runner, way, p, n_predict);
          guint same;

          if (!first)
            first = g_array_ref (tokens);
          same = common (first, tokens);
          if (same == n_predict)
            continue;
          g_test_message ("%.30s… %s: the first %u tokens are the same", prompts[p], way_names[way], same);
          n_different++;
        }
      g_test_message ("%.30s… %u answers", prompts[p], n_times);
    }
  g_test_message ("%u of %u answers of %u tokens are like the first to their prompt", n_prompts * n_times - n_different,
                  n_prompts * n_times, n_predict);
  g_assert_cmpuint (n_different, ==, 0);
}

static void
test_repeat (gconstpointer data)
{
  Runner runner = { .device = data };
  g_autofree char *path = g_build_filename (g_get_user_data_dir (), "riposte", "models", MODEL ".gguf", NULL);

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_test_skip (MODEL " was not fetched");
      return;
    }
  runner.path = path;
  runner.engine = rp_engine_new ();
  runner.model = load (&runner, 0);
  runner.session = begin (runner.model);
  if (g_test_slow ())
    repeat (&runner, G_N_ELEMENTS (prompts), 10, 200);
  else
    repeat (&runner, 1, 1 + N_WAYS, 16);
  rp_session_free (runner.session);
  rp_model_free (runner.model);
  rp_engine_free (runner.engine);
}

static void
add_cases (const char *device)
{
  g_autofree char *path = g_strdup_printf ("/repeat/%s/%s", device, MODEL);

  g_test_add_data_func (path, device, test_repeat);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return devices_run (argc, argv, add_cases);
}
