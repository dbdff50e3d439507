#include "generate/remote-generator.h"

#include "network/network.h"
#include "remote/client.h"
#include "remote/keyring.h"
#include "remote/remote-error.h"
#include "remote/service.h"

#include <glib/gi18n.h>
#include <string.h>

struct _RiposteRemoteGenerator
{
  GObject parent;

  RiposteService *service;
  RiposteRemoteAddress *address; /* NULL where it is none */
  char *name, *place;

  RiposteConsentFunc consent;
  gpointer consent_data;
};

static void riposte_remote_generator_iface_init (RiposteGeneratorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RiposteRemoteGenerator,
                               riposte_remote_generator,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RIPOSTE_TYPE_GENERATOR, riposte_remote_generator_iface_init))

/* ---- one answer ---- */

typedef struct
{
  RiposteGeneration *generation;
  RiposteRemoteQuestion *question; /* until it is sent */
  RiposteGenerationInfo info;
  gboolean reasoning;
  gint64 began_at;       /* when the first word came */
  GError *keyring_error; /* why there is no key */
} Answer;

static void
answer_free (Answer *answer)
{
  g_clear_pointer (&answer->question, riposte_remote_question_free);
  g_clear_error (&answer->keyring_error);
  g_object_unref (answer->generation);
  g_free (answer);
}

/* Takes @answer and @error. */
static void
end (Answer *answer, GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_clear_error (&error);
      answer->info.stop = RP_STOP_CANCELLED;
    }
  riposte_generation_post_end (answer->generation, &answer->info, error);
  answer_free (answer);
}

static void
post (Answer *answer, const char *text)
{
  riposte_generation_post_text (answer->generation, text, strlen (text));
}

/* Reasoning is marked as most models that run here do it. */
static void
on_text (RiposteRemoteTextKind kind, const char *text, gpointer user_data)
{
  Answer *answer = user_data;
  gboolean reasoning = kind == RIPOSTE_REMOTE_REASONING;

  if (!answer->began_at)
    answer->began_at = g_get_monotonic_time ();
  if (reasoning != answer->reasoning)
    post (answer, reasoning ? "<think>" : "</think>\n\n");
  answer->reasoning = reasoning;
  post (answer, text);
  answer->info.phase = RIPOSTE_PHASE_WRITING;
  riposte_generation_post_info (answer->generation, &answer->info);
}

static void
take_usage (Answer *answer, const RiposteRemoteReply *reply)
{
  double seconds = (g_get_monotonic_time () - answer->began_at) / 1e6;

  if (!reply->has_usage)
    return;
  answer->info.n_read = answer->info.n_to_read = reply->n_prompt;
  answer->info.n_written = reply->n_written;
  answer->info.n_context_used = reply->n_prompt + reply->n_written;
  if (answer->began_at && seconds > 0)
    answer->info.tokens_per_second = reply->n_written / seconds;
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answer *answer = user_data;
  RiposteRemoteReply reply;
  GError *error = NULL;

  answer->info.stop = RP_STOP_END;
  if (riposte_remote_ask_finish (result, &reply, &error) && reply.cut_short)
    error = g_error_new_literal (RIPOSTE_REMOTE_ERROR, RIPOSTE_REMOTE_ERROR_CUT,
                                 _ ("The answer was cut short: it reached the limit of its tokens"));
  else if (g_error_matches (error, RIPOSTE_REMOTE_ERROR, RIPOSTE_REMOTE_ERROR_UNAUTHORIZED) && answer->keyring_error)
    g_prefix_error (&error, "%s. ", answer->keyring_error->message);
  take_usage (answer, &reply);
  end (answer, error);
}

static void
on_key (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answer *answer = user_data;
  GCancellable *cancellable = riposte_generation_get_cancellable (answer->generation);

  answer->question->key = riposte_remote_keyring_lookup_finish (result, &answer->keyring_error);
  riposte_remote_ask_async (g_steal_pointer (&answer->question), on_text, answer, cancellable, on_answered, answer);
}

static void
send_question (Answer *answer)
{
  const RiposteRemoteQuestion *question = answer->question;
  GCancellable *cancellable = riposte_generation_get_cancellable (answer->generation);

  if (!question->address->plain || question->plain_key)
    {
      riposte_remote_keyring_lookup_async (question->address->origin, cancellable, on_key, answer);
      return;
    }
  answer->keyring_error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                                               _ ("The preferences do not let a key go there without encryption"));
  riposte_remote_ask_async (g_steal_pointer (&answer->question), on_text, answer, cancellable, on_answered, answer);
}

/* ---- whether it may be sent ---- */

static void
on_consent (gboolean agreed, gpointer data)
{
  Answer *answer = data;

  if (!agreed || g_cancellable_is_cancelled (riposte_generation_get_cancellable (answer->generation)))
    {
      end (answer, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, ""));
      return;
    }
  riposte_service_set_known (answer->question->address->origin);
  send_question (answer);
}

static void
ask_for_consent (RiposteRemoteGenerator *self, Answer *answer)
{
  const RiposteRemoteAddress *address = answer->question->address;
  gboolean first = !riposte_service_is_known (address->origin);
  g_autoptr (GBytes) body = NULL;

  if (!first && riposte_service_get_fallback () == RIPOSTE_FALLBACK_ALWAYS)
    {
      send_question (answer);
      return;
    }
  if (!self->consent)
    {
      on_consent (FALSE, answer);
      return;
    }
  body = riposte_remote_question_to_json (answer->question);
  self->consent (
    &(RiposteDeparture){
      .host = address->host,
      .model = answer->question->model,
      .n_messages = answer->question->turns->len,
      .n_bytes = g_bytes_get_size (body),
      .first = first,
      .plain = address->plain,
      .plain_key = address->plain && answer->question->plain_key,
    },
    riposte_generation_get_cancellable (answer->generation), on_consent, answer, self->consent_data);
}

static const char *
static_role (const char *role)
{
  return g_str_equal (role, "system") ? "system" : g_str_equal (role, "assistant") ? "assistant" : "user";
}

static RiposteRemoteQuestion *
make_question (RiposteRemoteGenerator *self, RiposteGeneration *generation, GError **error)
{
  g_autoptr (RiposteRemoteQuestion) question = riposte_remote_question_new ();
  const RpSamplerOptions *sampler = riposte_generation_get_sampler (generation);

  question->address = riposte_service_check_address (self->service->address, error);
  if (!question->address)
    return NULL;
  question->plain_key = riposte_service_get_plain (question->address->origin) == RIPOSTE_PLAIN_ALL;
  question->model = g_strdup (self->service->model);
  question->parameters = self->service->parameters;
  question->temperature = sampler->temperature;
  question->top_p = sampler->top_p;
  question->idle_seconds = self->service->idle_seconds;
  question->max_tokens = self->service->max_tokens;
  if (question->max_tokens)
    question->parameters |= RIPOSTE_REMOTE_MAX_TOKENS;
  for (guint i = 0; i < riposte_generation_get_n_turns (generation); i++)
    {
      RpChatMessage turn = riposte_generation_get_turn (generation, i);

      riposte_remote_question_add_turn (question, static_role (turn.role), turn.content);
    }
  return g_steal_pointer (&question);
}

static void
generate (RiposteGenerator *generator, RiposteGeneration *generation)
{
  RiposteRemoteGenerator *self = RIPOSTE_REMOTE_GENERATOR (generator);
  Answer *answer = g_new0 (Answer, 1);
  GError *error = NULL;

  answer->generation = g_object_ref (generation);
  riposte_generation_post_info (generation, &answer->info);
  if (riposte_service_get_fallback () == RIPOSTE_FALLBACK_NEVER)
    g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                         _ ("The preferences let no service answer, so nothing was sent"));
  else if (riposte_network_check (&error))
    answer->question = make_question (self, generation, &error);
  if (answer->question)
    ask_for_consent (self, answer);
  else
    end (answer, error);
}

/* ---- the interface ---- */

static RiposteGeneratorState
get_state (RiposteGenerator *generator)
{
  RiposteRemoteGenerator *self = RIPOSTE_REMOTE_GENERATOR (generator);
  gboolean ready = riposte_service_get_fallback () != RIPOSTE_FALLBACK_NEVER && self->address && *self->service->model
                   && riposte_network_is_allowed ();

  return ready ? RIPOSTE_GENERATOR_READY : RIPOSTE_GENERATOR_EMPTY;
}

static double
get_progress (RiposteGenerator *generator)
{
  return 0;
}

static const GError *
get_error (RiposteGenerator *generator)
{
  return NULL;
}

static const char *
get_name (RiposteGenerator *generator)
{
  return RIPOSTE_REMOTE_GENERATOR (generator)->name;
}

static const char *
get_place (RiposteGenerator *generator)
{
  return RIPOSTE_REMOTE_GENERATOR (generator)->place;
}

static guint
get_n_context (RiposteGenerator *generator)
{
  return 0;
}

static gboolean
is_local (RiposteGenerator *generator)
{
  return FALSE;
}

static void
riposte_remote_generator_iface_init (RiposteGeneratorInterface *iface)
{
  iface->get_state = get_state;
  iface->get_progress = get_progress;
  iface->get_error = get_error;
  iface->get_name = get_name;
  iface->get_place = get_place;
  iface->get_n_context = get_n_context;
  iface->is_local = is_local;
  iface->generate = generate;
}

/* ---- object ---- */

static void
riposte_remote_generator_finalize (GObject *object)
{
  RiposteRemoteGenerator *self = RIPOSTE_REMOTE_GENERATOR (object);

  riposte_service_free (self->service);
  g_clear_pointer (&self->address, riposte_remote_address_free);
  g_free (self->name);
  g_free (self->place);
  G_OBJECT_CLASS (riposte_remote_generator_parent_class)->finalize (object);
}

static void
riposte_remote_generator_class_init (RiposteRemoteGeneratorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = riposte_remote_generator_finalize;
}

static void
riposte_remote_generator_init (RiposteRemoteGenerator *self)
{
  /* allowed, or forbidden */
  g_signal_connect_object (riposte_network_get_default (), "notify", G_CALLBACK (riposte_generator_emit_changed), self,
                           G_CONNECT_SWAPPED);
}

RiposteRemoteGenerator *
riposte_remote_generator_new (RiposteService *service)
{
  RiposteRemoteGenerator *self = g_object_new (RIPOSTE_TYPE_REMOTE_GENERATOR, NULL);
  g_autofree char *model = riposte_service_dup_model_name (service);

  self->service = service;
  self->address = riposte_service_check_address (service->address, NULL);
  if (!self->address)
    return self;
  self->name = riposte_service_dup_name (service);
  self->place = g_strdup_printf ("%s · %s", self->address->host, model);
  return self;
}

const char *
riposte_remote_generator_get_id (RiposteRemoteGenerator *self)
{
  return self->service->id;
}

void
riposte_remote_generator_set_consent_func (RiposteRemoteGenerator *self, RiposteConsentFunc func, gpointer user_data)
{
  self->consent = func;
  self->consent_data = user_data;
}
