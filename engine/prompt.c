/* The prompts of a model: a conversation in its chat template, or a gap to fill in. */
#include "model.h"

#include <string.h>

/* JSON takes UTF-8 only; what is not becomes U+FFFD. */
static void
append_json_string (GString *out, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);

  g_string_append_c (out, '"');
  for (const char *at = valid; *at; at++)
    {
      guchar c = *at;
      if (c == '"' || c == '\\')
        g_string_append_printf (out, "\\%c", c);
      else if (c < 0x20)
        g_string_append_printf (out, "\\u%04x", c);
      else
        g_string_append_c (out, c);
    }
  g_string_append_c (out, '"');
}

static void
append_token_variable (GString *json, const RpModel *model, const char *name, RpToken token)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (token < 0)
    return;
  rp_tokenizer_decode (model->tokenizer, token, TRUE, text);
  g_string_append_printf (json, "\"%s\":", name);
  append_json_string (json, text->str);
  g_string_append_c (json, ',');
}

static gboolean
can_chat (RpModel *model, GError **error)
{
  if (model->tokenizer && model->chat_template)
    return TRUE;
  if (error)
    *error = g_error_copy (model->tokenizer ? model->template_error : model->tokenizer_error);
  return FALSE;
}

static gboolean
is_control (const char *text, gsize length, gconstpointer tokenizer)
{
  return rp_tokenizer_begins_control (tokenizer, text, length);
}

GArray *
rp_model_chat_tokens_json (RpModel *model,
                           const char *variables,
                           gssize length,
                           RpChatFlags flags,
                           char **text,
                           GError **error)
{
  gsize n = length < 0 ? strlen (variables) : (gsize)length;
  g_autoptr (GString) json = g_string_new ("{");
  g_autoptr (GArray) seams = g_array_new (FALSE, FALSE, sizeof (gsize));
  const RpTemplatePrompt prompt = { is_control, model->tokenizer, seams, (flags & RP_CHAT_CONTINUE) != 0 };
  g_autofree char *rendered = NULL;
  gsize n_rendered;
  GArray *tokens;

  if (!can_chat (model, error))
    return NULL;
  while (n && g_ascii_isspace (*variables))
    {
      variables++;
      n--;
    }
  if (!n || *variables != '{')
    {
      g_set_error_literal (error, RP_ERROR, RP_ERROR_ARGUMENT, "The variables of a chat are a JSON object");
      return NULL;
    }
  /* What is the model's own stands first, so that the caller's variables go before it. */
  append_token_variable (json, model, "bos_token", rp_tokenizer_get_bos (model->tokenizer));
  append_token_variable (json, model, "eos_token", rp_tokenizer_get_eos (model->tokenizer));
  g_string_append (json, "\"add_generation_prompt\":true");
  for (variables++, n--; n && g_ascii_isspace (*variables); n--)
    variables++;
  if (n && *variables != '}')
    g_string_append_c (json, ',');
  g_string_append_len (json, variables, n);
  rendered = rp_template_render_prompt (model->chat_template, json->str, json->len, &prompt, &n_rendered, error);
  if (!rendered)
    return NULL;
  tokens = g_array_new (FALSE, FALSE, sizeof (RpToken));
  rp_tokenizer_encode_prompt (model->tokenizer, rendered, n_rendered, seams, tokens);
  if (text)
    *text = g_steal_pointer (&rendered);
  return tokens;
}

/* Merged, the user says what a system turn would, and who speaks twice in a row speaks once, with a blank line in
 * between. */
static const char *
get_role (const RpChatMessage *message, gboolean merged)
{
  return merged && strcmp (message->role, "system") == 0 ? "user" : message->role;
}

static char *
messages_to_json (const RpChatMessage *messages, gsize n_messages, gboolean merged)
{
  GString *json = g_string_new ("{\"messages\":[");

  for (gsize i = 0; i < n_messages;)
    {
      const char *role = get_role (&messages[i], merged);
      g_autoptr (GString) content = g_string_new (messages[i].content);

      g_string_append (json, i ? ",{\"role\":" : "{\"role\":");
      while (++i < n_messages && merged && strcmp (get_role (&messages[i], merged), role) == 0)
        g_string_append_printf (content, "%s%s", content->len ? "\n\n" : "", messages[i].content);
      append_json_string (json, role);
      g_string_append (json, ",\"content\":");
      append_json_string (json, content->str);
      g_string_append_c (json, '}');
    }
  g_string_append (json, "]}");
  return g_string_free (json, FALSE);
}

/* Whether the system turn, where there is one, is in what the template made: some skip what they do not know. */
static gboolean
has_system (const char *text, const RpChatMessage *messages, gsize n_messages)
{
  gboolean begins = n_messages && strcmp (messages[0].role, "system") == 0;
  g_autofree char *wanted = begins ? g_strstrip (g_utf8_make_valid (messages[0].content, -1)) : NULL;

  return !wanted || strstr (text, wanted);
}

/* NULL, too, where there is nothing to merge. */
static GArray *
merged_tokens (RpModel *model,
               const RpChatMessage *messages,
               gsize n_messages,
               RpChatFlags flags,
               const char *refused,
               char **text)
{
  g_autofree char *json = messages_to_json (messages, n_messages, TRUE);

  return strcmp (json, refused) == 0 ? NULL : rp_model_chat_tokens_json (model, json, -1, flags, text, NULL);
}

GArray *
rp_model_chat_tokens (RpModel *model,
                      const RpChatMessage *messages,
                      gsize n_messages,
                      RpChatFlags flags,
                      char **text,
                      GError **error)
{
  g_autofree char *json = messages_to_json (messages, n_messages, FALSE), *rendered = NULL;
  g_autoptr (GError) local = NULL;
  GArray *tokens = rp_model_chat_tokens_json (model, json, -1, flags, &rendered, &local), *merged = NULL;
  gboolean refused = !tokens && model->chat_template && g_error_matches (local, RP_ERROR, RP_ERROR_TEMPLATE);

  if (refused || (tokens && !has_system (rendered, messages, n_messages)))
    merged = merged_tokens (model, messages, n_messages, flags, json, text);
  if (merged)
    {
      g_clear_pointer (&tokens, g_array_unref);
      return merged;
    }
  if (!tokens)
    g_propagate_error (error, g_steal_pointer (&local));
  else if (text)
    *text = g_steal_pointer (&rendered);
  return tokens;
}

char *
rp_chat_plain_prompt (const RpChatMessage *messages, gsize n_messages, RpChatFlags flags)
{
  GString *text = g_string_new (NULL);
  gboolean leave_open = n_messages && flags & RP_CHAT_CONTINUE;

  for (gsize i = 0; i < n_messages; i++)
    {
      const char *role = messages[i].role;

      if (strcmp (role, "system") != 0 && *role)
        g_string_append_printf (text, "%c%s: ", g_ascii_toupper (*role), role + 1);
      g_string_append_printf (text, "%s%s", messages[i].content, leave_open && i + 1 == n_messages ? "" : "\n\n");
    }
  if (!leave_open)
    g_string_append (text, "Assistant:");
  return g_string_free (text, FALSE);
}

gboolean
rp_model_has_fim (RpModel *model)
{
  return model->fim.available;
}

GArray *
rp_model_fim_prompt (RpModel *model, const RpFimText *text, GError **error)
{
  GArray *tokens;

  if (!model->tokenizer)
    {
      if (error)
        *error = g_error_copy (model->tokenizer_error);
      return NULL;
    }
  if (!model->fim.available)
    {
      g_set_error_literal (error, RP_ERROR, RP_ERROR_UNSUPPORTED,
                           "This model has no tokens for filling in the middle of a text");
      return NULL;
    }
  tokens = g_array_new (FALSE, FALSE, sizeof (RpToken));
  rp_fim_append (&model->fim, model->tokenizer, text, tokens);
  return tokens;
}
