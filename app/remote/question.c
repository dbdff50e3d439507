#include "remote/question.h"

#include <json-glib/json-glib.h>

static const struct
{
  const char *name;
  RiposteRemoteParameters parameter;
} parameters[] = {
  { "temperature", RIPOSTE_REMOTE_TEMPERATURE },
  { "top_p", RIPOSTE_REMOTE_TOP_P },
  { "seed", RIPOSTE_REMOTE_SEED },
  { "max_tokens", RIPOSTE_REMOTE_MAX_TOKENS },
  { "max_completion_tokens", RIPOSTE_REMOTE_MAX_COMPLETION_TOKENS },
  { "stream_options", RIPOSTE_REMOTE_USAGE },
};

static void
turn_clear (gpointer data)
{
  g_free (((RiposteRemoteTurn *)data)->text);
}

RiposteRemoteQuestion *
riposte_remote_question_new (void)
{
  RiposteRemoteQuestion *question = g_new0 (RiposteRemoteQuestion, 1);

  question->turns = g_array_new (FALSE, FALSE, sizeof (RiposteRemoteTurn));
  g_array_set_clear_func (question->turns, turn_clear);
  return question;
}

void
riposte_remote_question_free (RiposteRemoteQuestion *question)
{
  g_clear_pointer (&question->address, riposte_remote_address_free);
  g_clear_pointer (&question->key, riposte_remote_key_unref);
  g_free (question->model);
  g_array_unref (question->turns);
  g_free (question);
}

void
riposte_remote_question_add_turn (RiposteRemoteQuestion *question, const char *role, const char *text)
{
  RiposteRemoteTurn turn = { role, g_utf8_make_valid (text, -1) };

  g_array_append_val (question->turns, turn);
}

static void
add_string (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

static void
add_number (JsonBuilder *builder, const char *name, double value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_double_value (builder, value);
}

static void
add_int (JsonBuilder *builder, const char *name, gint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

static void
add_turns (JsonBuilder *builder, GArray *turns)
{
  json_builder_set_member_name (builder, "messages");
  json_builder_begin_array (builder);
  for (guint i = 0; i < turns->len; i++)
    {
      const RiposteRemoteTurn *turn = &g_array_index (turns, RiposteRemoteTurn, i);

      json_builder_begin_object (builder);
      add_string (builder, "role", turn->role);
      add_string (builder, "content", turn->text);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

static void
add_parameters (JsonBuilder *builder, const RiposteRemoteQuestion *question)
{
  RiposteRemoteParameters given = question->parameters;

  if (given & RIPOSTE_REMOTE_TEMPERATURE)
    add_number (builder, "temperature", question->temperature);
  if (given & RIPOSTE_REMOTE_TOP_P)
    add_number (builder, "top_p", question->top_p);
  if (given & RIPOSTE_REMOTE_SEED)
    add_int (builder, "seed", question->seed);
  if (given & RIPOSTE_REMOTE_MAX_TOKENS)
    add_int (builder, "max_tokens", question->max_tokens);
  if (given & RIPOSTE_REMOTE_MAX_COMPLETION_TOKENS)
    add_int (builder, "max_completion_tokens", question->max_tokens);
  if (!(given & RIPOSTE_REMOTE_USAGE))
    return;
  json_builder_set_member_name (builder, "stream_options");
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "include_usage");
  json_builder_add_boolean_value (builder, TRUE);
  json_builder_end_object (builder);
}

GBytes *
riposte_remote_question_to_json (const RiposteRemoteQuestion *question)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  g_autoptr (JsonNode) root = NULL;
  char *text;
  gsize length;

  json_builder_begin_object (builder);
  add_string (builder, "model", question->model);
  add_turns (builder, question->turns);
  json_builder_set_member_name (builder, "stream");
  json_builder_add_boolean_value (builder, TRUE);
  add_parameters (builder, question);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  json_generator_set_root (generator, root);
  text = json_generator_to_data (generator, &length);
  return g_bytes_new_take (text, length);
}

RiposteRemoteParameters
riposte_remote_parameter_of_name (const char *name)
{
  for (gsize i = 0; name && i < G_N_ELEMENTS (parameters); i++)
    if (g_str_equal (parameters[i].name, name))
      return parameters[i].parameter;
  return 0;
}
