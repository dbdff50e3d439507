#include "remote/reply.h"

#include "remote/remote-error.h"
#include "remote/surrogates.h"
#include "untrusted-json.h"

#include <glib/gi18n.h>
#include <string.h>

#define MAX_VALUES  200000
#define REPLACEMENT "\357\277\275" /* U+FFFD */

static JsonNode *
parse (const char *json, gsize length, GError **error)
{
  gsize length_marked;
  g_autofree char *marked = NULL;

  if (!json)
    json = "";
  marked = riposte_surrogates_mark (json, length, &length_marked);
  return riposte_json_parse (marked ? marked : json, marked ? length_marked : length, MAX_VALUES, error);
}

/* ---- errors in words of the service ---- */

/* One line for a person. */
static char *
tidy (const char *text, const char *secret)
{
  gunichar half = 0;
  g_autofree char *joined = riposte_surrogates_join (text, &half);
  g_autofree char *whole = half ? g_strconcat (joined, REPLACEMENT, NULL) : NULL;

  return riposte_remote_tidy (whole ? whole : joined, secret);
}

static const char *message_of (JsonObject *object);

static const char *
find_message (JsonNode *node)
{
  const char *message = NULL;

  if (node && JSON_NODE_HOLDS_OBJECT (node))
    message = message_of (json_node_get_object (node));
  else if (node && JSON_NODE_HOLDS_ARRAY (node))
    for (guint i = 0; !message && i < json_array_get_length (json_node_get_array (node)); i++)
      message = find_message (json_array_get_element (json_node_get_array (node), i));
  else if (node && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING)
    message = json_node_get_string (node);
  return message && *message ? message : NULL;
}

/* The words that say what is wrong, of {"error": {"message": …}}, {"error": "…"}, {"detail": [{"msg": …}]} and whatever
 * else services make of it; without any, what kind of error it is. */
static const char *
message_of (JsonObject *object)
{
  static const char *const names[] = { "message", "msg", "detail", "error_description", "error", "errors", "title" };
  JsonObject *error = riposte_json_get_object (object, "error");
  const char *message = NULL;

  for (gsize i = 0; !message && i < G_N_ELEMENTS (names); i++)
    message = find_message (json_object_get_member (object, names[i]));
  if (!message && error)
    message = riposte_json_get_string (error, "type");
  return message || !error ? message : riposte_json_get_string (error, "code");
}

static gboolean
has_error (JsonObject *object)
{
  JsonNode *node = json_object_get_member (object, "error");

  return node && !JSON_NODE_HOLDS_NULL (node);
}

/* Words that are for a person, and not for a browser or another program. */
static char *
describe_text (const char *body, gsize length, const char *secret)
{
  g_autofree char *valid = g_utf8_make_valid (body ? body : "", (gssize)length);

  g_strstrip (valid);
  return g_ascii_isalnum (*valid) ? tidy (valid, secret) : NULL;
}

char *
riposte_remote_describe_body (const char *body, gsize length, const char *secret, char **param)
{
  g_autoptr (JsonNode) node = parse (body, length, NULL);
  JsonObject *root = NULL, *error;
  const char *message;

  *param = NULL;
  if (!node)
    return describe_text (body, length, secret);
  if (JSON_NODE_HOLDS_OBJECT (node))
    root = json_node_get_object (node);
  else if (JSON_NODE_HOLDS_ARRAY (node))
    root = riposte_json_get_object_element (json_node_get_array (node), 0);
  if (!root)
    return NULL;
  error = riposte_json_get_object (root, "error");
  if (error)
    *param = g_strdup (riposte_json_get_string (error, "param"));
  message = message_of (root);
  return message ? tidy (message, secret) : NULL;
}

/* ---- answers ---- */

static gboolean
report_error (JsonObject *object, const char *secret, GError **error)
{
  const char *message = message_of (object);
  g_autofree char *detail = message ? tidy (message, secret) : NULL;

  g_set_error (error, RIPOSTE_REMOTE_ERROR, RIPOSTE_REMOTE_ERROR_SERVICE, _ ("The service reports an error: %s"),
               detail ? detail : _ ("it does not say which"));
  return FALSE;
}

static void
give_text (RiposteRemoteReply *reply, RiposteRemoteTextKind kind, const char *text)
{
  if (!*text)
    return;
  reply->n_texts++;
  if (kind == RIPOSTE_REMOTE_ANSWER)
    reply->has_answer = TRUE;
  else
    reply->has_reasoning = TRUE;
  reply->on_text (kind, text, reply->user_data);
}

/* The other half of a character does not come any more. */
static void
give_up_half (RiposteRemoteReply *reply)
{
  if (reply->half)
    give_text (reply, reply->half_kind, REPLACEMENT);
  reply->half = 0;
}

static void
take_text (RiposteRemoteReply *reply, RiposteRemoteTextKind kind, const char *text)
{
  g_autofree char *joined = NULL, *valid = NULL;

  if (!text || !*text)
    return;
  if (kind != reply->half_kind)
    give_up_half (reply);
  reply->half_kind = kind;
  joined = riposte_surrogates_join (text, &reply->half);
  valid = g_utf8_make_valid (joined, -1);
  give_text (reply, kind, valid);
}

/* A string, or an array of parts that have one. */
static void
take_content (RiposteRemoteReply *reply, JsonObject *delta)
{
  JsonArray *parts = riposte_json_get_array (delta, "content");

  take_text (reply, RIPOSTE_REMOTE_ANSWER, riposte_json_get_string (delta, "content"));
  for (guint i = 0; parts && i < json_array_get_length (parts); i++)
    {
      JsonObject *part = riposte_json_get_object_element (parts, i);

      if (part && g_strcmp0 (riposte_json_get_string (part, "type"), "text") == 0)
        take_text (reply, RIPOSTE_REMOTE_ANSWER, riposte_json_get_string (part, "text"));
    }
  take_text (reply, RIPOSTE_REMOTE_ANSWER, riposte_json_get_string (delta, "refusal"));
}

static void
take_delta (RiposteRemoteReply *reply, JsonObject *delta)
{
  const char *reasoning = riposte_json_get_string (delta, "reasoning_content");

  take_text (reply, RIPOSTE_REMOTE_REASONING, reasoning ? reasoning : riposte_json_get_string (delta, "reasoning"));
  take_content (reply, delta);
}

static void
take_reason (RiposteRemoteReply *reply, const char *reason)
{
  static const char *const limits[] = { "length", "max_tokens", "model_length", NULL };

  give_up_half (reply);
  reply->finished = TRUE;
  reply->cut_short = g_strv_contains (limits, reason);
  reply->withheld = g_str_equal (reason, "content_filter");
}

static gboolean
take_choice (RiposteRemoteReply *reply, JsonObject *choice, const char *secret, GError **error)
{
  static const char *const failures[] = { "error", "abort", NULL };
  JsonObject *delta = riposte_json_get_object (choice, "delta");
  JsonObject *message = delta ? NULL : riposte_json_get_object (choice, "message");
  const char *reason = riposte_json_get_string (choice, "finish_reason");

  if (delta)
    take_delta (reply, delta);
  if (message) /* of who does not stream: it is all there will be */
    {
      take_delta (reply, message);
      give_up_half (reply);
      reply->finished = TRUE;
    }
  if (has_error (choice) || (reason && g_strv_contains (failures, reason)))
    {
      give_up_half (reply);
      return report_error (choice, secret, error);
    }
  if (reason && *reason)
    take_reason (reply, reason);
  return TRUE;
}

static void
take_usage (RiposteRemoteReply *reply, JsonObject *usage)
{
  gint64 n_prompt = riposte_json_get_int (usage, "prompt_tokens", -1);
  gint64 n_written = riposte_json_get_int (usage, "completion_tokens", -1);

  if (n_prompt < 0 || n_written < 0)
    return;
  reply->has_usage = TRUE;
  reply->n_prompt = MIN (n_prompt, G_MAXINT);
  reply->n_written = MIN (n_written, G_MAXINT);
}

static gboolean
refuse_json (GError **error, const char *detail)
{
  g_set_error (error, RIPOSTE_REMOTE_ERROR, RIPOSTE_REMOTE_ERROR_PROTOCOL,
               /* Translators: %s says what is wrong with it, in English maybe */
               _ ("What the service sent makes no sense: %s. Try again; if that does not help, look at its address."),
               detail);
  return FALSE;
}

gboolean
riposte_remote_reply_take (RiposteRemoteReply *reply,
                           const char *json,
                           gsize length,
                           const char *secret,
                           GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autoptr (JsonNode) node = parse (json, length, &problem);
  JsonObject *root, *usage;
  JsonArray *choices;

  if (!node)
    {
      g_autofree char *detail = riposte_remote_tidy (problem->message, secret);
      return refuse_json (error, detail ? detail : "?");
    }
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return refuse_json (error, "an array");
  root = json_node_get_object (node);
  choices = riposte_json_get_array (root, "choices");
  usage = riposte_json_get_object (root, "usage");
  /* some say what is wrong, and that it is an error only by saying nothing else */
  if (has_error (root) || (!choices && !usage && message_of (root)))
    return report_error (root, secret, error);
  for (guint i = 0; choices && i < json_array_get_length (choices); i++)
    {
      JsonObject *choice = riposte_json_get_object_element (choices, i);

      if (choice && riposte_json_get_int (choice, "index", 0) == 0 && !take_choice (reply, choice, secret, error))
        return FALSE;
    }
  if (usage)
    take_usage (reply, usage);
  return TRUE;
}

gboolean
riposte_remote_reply_check (const RiposteRemoteReply *reply, GError **error)
{
  if (reply->withheld)
    g_set_error_literal (error, RIPOSTE_REMOTE_ERROR, RIPOSTE_REMOTE_ERROR_SERVICE,
                         _ ("A filter of the service withholds the rest of the answer"));
  else if (!reply->has_answer)
    g_set_error_literal (error, RIPOSTE_REMOTE_ERROR, RIPOSTE_REMOTE_ERROR_EMPTY,
                         reply->has_reasoning
                           ? _ ("The service reasoned, and then ended without an answer; it may need more tokens")
                           : _ ("The service ended without an answer"));
  else
    return TRUE;
  return FALSE;
}
