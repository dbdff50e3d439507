/* Prompts in tokens, and what of them fits, as a real model counts them. */
#include "generate/measure.h"

#define MODEL "smollm2-135m-instruct-q4_1.gguf"

static RpEngine *engine;
static RpModel *model;

static RiposteGeneration *
make_prompt (const char *system, guint n_questions, guint words)
{
  RiposteGeneration *prompt = riposte_generation_new ();

  if (system)
    riposte_generation_add_turn (prompt, "system", system);
  for (guint i = 0; i < n_questions; i++)
    {
      g_autoptr (GString) text = g_string_new (NULL);

      for (guint j = 0; j < words + 7 * i; j++)
        g_string_append_printf (text, "word%u ", j % 10);
      riposte_generation_add_turn (prompt, "user", text->str);
      if (i + 1 < n_questions)
        riposte_generation_add_turn (prompt, "assistant", "An answer <|im_end|> of some words.");
    }
  return prompt;
}

static guint
count (RiposteGeneration *prompt, guint n_left_out)
{
  g_autoptr (GArray) tokens = riposte_prompt_tokens (model, prompt, n_left_out, NULL, NULL, NULL);

  g_assert_nonnull (tokens);
  return tokens->len;
}

static RiposteMeasure
measure (RiposteGeneration *prompt, guint n_context)
{
  RiposteMeasure result;
  g_autoptr (GError) error = NULL;

  g_assert_true (riposte_measure_prompt (model, n_context, prompt, &result, &error));
  g_assert_no_error (error);
  return result;
}

static void
test_fits (void)
{
  g_autoptr (RiposteGeneration) prompt = make_prompt (NULL, 3, 10), empty = riposte_generation_new ();
  RiposteMeasure all = measure (prompt, 8192);

  g_assert_cmpuint (all.n_tokens, ==, count (prompt, 0));
  g_assert_cmpuint (all.n_kept_tokens, ==, all.n_tokens);
  g_assert_cmpuint (all.n_left_out, ==, 0);
  g_assert_cmpuint (measure (empty, 8192).n_tokens, ==, 0);
}

/* Whatever the context, no less is left out than has to be, and a conversation begins with a question. */
static void
test_least (void)
{
  g_autoptr (RiposteGeneration) prompt = make_prompt ("You are brief.", 12, 20);
  guint all = count (prompt, 0), last = count (prompt, 22), seen = 0;

  for (guint n_context = last; n_context < all * 2; n_context += 37)
    {
      RiposteMeasure found = measure (prompt, n_context);
      guint room = n_context - MIN (n_context / 4, 512);

      g_test_message ("context %u of %u: %u left out", n_context, all, found.n_left_out);
      g_assert_cmpuint (found.n_tokens, ==, all);
      if (found.n_left_out == G_MAXUINT)
        {
          g_assert_cmpuint (last, >, room);
          continue;
        }
      seen |= 1u << (found.n_left_out / 2);
      g_assert_cmpuint (found.n_left_out % 2, ==, 0);
      g_assert_cmpuint (found.n_kept_tokens, ==, count (prompt, found.n_left_out));
      g_assert_cmpuint (found.n_kept_tokens, <=, room);
      if (found.n_left_out)
        g_assert_cmpuint (count (prompt, found.n_left_out - 2), >, room);
    }
  g_assert_true (seen & 1);
  g_assert_cmpuint (seen, >, 15);
}

static void
test_too_long (void)
{
  g_autoptr (RiposteGeneration) prompt = make_prompt (NULL, 1, 2000);

  g_assert_cmpuint (measure (prompt, 512).n_left_out, ==, G_MAXUINT);
}

int
main (int argc, char **argv)
{
  g_autofree char *path = g_build_filename (g_get_user_data_dir (), "riposte", "models", MODEL, NULL);
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  engine = rp_engine_new ();
  model = rp_model_load (engine, path, &(RpModelOptions){ .device = "cpu" }, &error);
  if (!model)
    {
      g_print ("1..0 # SKIP %s\n", error->message);
      rp_engine_free (engine);
      return 77;
    }
  g_test_add_func ("/measure/fits", test_fits);
  g_test_add_func ("/measure/least", test_least);
  g_test_add_func ("/measure/too-long", test_too_long);
  status = g_test_run ();
  rp_model_free (model);
  rp_engine_free (engine);
  return status;
}
