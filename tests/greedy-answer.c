#include "greedy-answer.h"

GArray *
greedy_prompt (RpModel *model, const char *question)
{
  const RpChatMessage message = { "user", question };
  g_autoptr (GError) error = NULL;
  GArray *tokens = rp_model_chat_tokens (model, &message, 1, 0, NULL, &error);

  g_assert_no_error (error);
  return tokens;
}

GArray *
greedy_answer (RpSession *session, const GArray *prompt, guint n_predict)
{
  g_autoptr (GArray) tokens = g_array_new (FALSE, FALSE, sizeof (RpToken));
  const RpGenerateOptions options
    = { .n_predict = n_predict, .sampler = RP_SAMPLER_GREEDY, .tokens = tokens, .ignore_end = TRUE };
  g_autoptr (GError) error = NULL;

  rp_session_generate (session, (RpToken *)prompt->data, prompt->len, &options, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (tokens->len, ==, n_predict);
  return g_steal_pointer (&tokens);
}
