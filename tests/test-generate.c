/* Where an answer ends: at a text that is given, wherever the pieces that the tokens stand for are cut. */
#include "riposte-engine.h"

#include <string.h>

#define MODEL    "smollm2-135m-instruct-q4_1.gguf"
#define PROMPT   "Name some fruits.\n\nAssistant:"
#define N_TOKENS 16

typedef struct
{
  GString *text;
  RpStopReason stop;
} Answer;

static gboolean
on_text (const char *text, gsize length, gpointer user_data)
{
  g_string_append_len (((Answer *)user_data)->text, text, (gssize)length);
  return TRUE;
}

static Answer
generate (RpModel *model, RpSession *session, const char *until)
{
  Answer answer = { .text = g_string_new (NULL) };
  RpGenerateOptions options
    = { .n_predict = N_TOKENS, .sampler = RP_SAMPLER_GREEDY, .text = on_text, .user_data = &answer, .until = until };
  RpGenerateStats stats;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) prompt = rp_model_tokenize (model, PROMPT, -1, TRUE, FALSE, &error);

  g_assert_no_error (error);
  rp_session_generate (session, (RpToken *)prompt->data, prompt->len, &options, &stats, &error);
  g_assert_no_error (error);
  answer.stop = stats.stop;
  return answer;
}

typedef struct
{
  RpEngine *engine;
  RpModel *model;
  RpSession *session;
  Answer whole;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (g_get_user_data_dir (), "riposte", "models", MODEL, NULL);
  RpSessionOptions options = { .n_context = 128 };
  g_autoptr (GError) error = NULL;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return;
  f->engine = rp_engine_new ();
  f->model = rp_model_load (f->engine, path, &(RpModelOptions){ .device = "cpu" }, &error);
  g_assert_no_error (error);
  f->session = rp_session_new (f->model, &options, &error);
  g_assert_no_error (error);
  f->whole = generate (f->model, f->session, NULL);
  g_assert_cmpuint (f->whole.text->len, >, 40);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  if (!f->engine)
    return;
  g_string_free (f->whole.text, TRUE);
  rp_session_free (f->session);
  rp_model_free (f->model);
  rp_engine_free (f->engine);
}

/* Pieces of the whole answer end it where they first come. */
static void
test_until (Fixture *f, gconstpointer data)
{
  if (!f->engine)
    {
      g_test_skip (MODEL " is not there");
      return;
    }
  for (gsize length = 1; length <= 9; length += 4)
    for (gsize at = 0; at + length <= f->whole.text->len; at += 17)
      {
        g_autofree char *until = g_strndup (f->whole.text->str + at, length);
        Answer answer = generate (f->model, f->session, until);

        g_assert_cmpint (answer.stop, ==, RP_STOP_END);
        g_assert_cmpuint (answer.text->len, ==, strstr (f->whole.text->str, until) - f->whole.text->str);
        g_assert_true (g_str_has_prefix (f->whole.text->str, answer.text->str));
        g_string_free (answer.text, TRUE);
      }
}

/* What only begins like it is held back for a while, and not lost. */
static void
test_almost (Fixture *f, gconstpointer data)
{
  if (!f->engine)
    {
      g_test_skip (MODEL " is not there");
      return;
    }
  for (gsize length = 1; length <= 9; length += 4)
    {
      const GString *whole = f->whole.text;
      g_autofree char *until = g_strconcat (whole->str + whole->len - length, "\1", NULL);
      Answer answer = generate (f->model, f->session, until);

      g_assert_cmpint (answer.stop, ==, f->whole.stop);
      g_assert_cmpstr (answer.text->str, ==, whole->str);
      g_string_free (answer.text, TRUE);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/generate/until", Fixture, NULL, set_up, test_until, tear_down);
  g_test_add ("/generate/almost", Fixture, NULL, set_up, test_almost, tear_down);
  return g_test_run ();
}
