#include "remote/client.h"

#include "network/network.h"
#include "remote/body.h"
#include "remote/remote-error.h"
#include "remote/session.h"
#include "remote/sse.h"

#include <glib/gi18n.h>
#include <string.h>

#define BLOCK           (16u << 10)
#define MAX_BODY        (16u << 20) /* of an answer that is not streamed */
#define MAX_ERROR_BODY  (1u << 20)  /* some repeat the question in it */
#define MAX_REDIRECTS   5
#define MAX_ATTEMPTS    6 /* with fewer parameters each */
#define CONNECT_SECONDS 20
#define IDLE_SECONDS    120 /* a model may think for a while before it says anything */
#define IDLE_FACTOR     10  /* that much longer, where it only says that it is still there */
#define END             "[DONE]"
#define END_SECONDS     5 /* for what follows on the end of an answer, or on a status that tells of a failure */

typedef struct
{
  RiposteRemoteQuestion *question;
  RiposteRemoteReply reply;

  SoupSession *session;
  SoupMessage *message;
  GUri *uri;
  GInputStream *stream;
  RiposteNetworkRequest *request;
  guint64 n_sent, n_received; /* that the request knows of */
  guint n_redirects, n_attempts;

  gboolean failed; /* the body is that of a failure */
  RiposteRemoteBody body;
  RiposteSse *sse;
  GByteArray *bytes; /* of a body that is no stream, or not known yet to be one */
  gboolean done;     /* "[DONE]" */

  GCancellable *cancellable; /* for whatever reason */
  GCancellable *outer;       /* the caller's */
  gulong outer_handler;
  GSource *timer;
  gint64 deadline; /* for the next piece of the answer, whatever else comes */
  guint64 n_texts; /* pieces there were when it was set */
  gboolean timed_out, connecting, ending;
} Call;

static void start (GTask *task);
static void read_more (GTask *task);

static const char *
secret_of (Call *call)
{
  gboolean may_go = !call->question->address->plain || call->question->plain_key;

  return call->question->key && may_go ? riposte_remote_key_get_text (call->question->key) : NULL;
}

/* ---- waiting, and not for ever ---- */

static gboolean
on_timer (gpointer data)
{
  Call *call = data;

  call->timed_out = TRUE;
  g_cancellable_cancel (call->cancellable);
  return G_SOURCE_REMOVE;
}

static void
stop_timer (Call *call)
{
  if (call->timer)
    g_source_destroy (call->timer);
  g_clear_pointer (&call->timer, g_source_unref);
}

static guint
seconds_to_wait (Call *call)
{
  guint wanted = call->connecting ? call->question->connect_seconds : call->question->idle_seconds;
  guint usual = call->connecting ? CONNECT_SECONDS : IDLE_SECONDS;

  return call->ending ? END_SECONDS : wanted ? wanted : usual;
}

static void
start_timer (Call *call)
{
  stop_timer (call);
  call->timer = g_timeout_source_new_seconds (seconds_to_wait (call));
  g_source_set_callback (call->timer, on_timer, call, NULL);
  g_source_attach (call->timer, g_main_context_get_thread_default ());
}

static void
set_deadline (Call *call)
{
  gint64 seconds = call->ending ? END_SECONDS : (gint64)seconds_to_wait (call) * IDLE_FACTOR;

  call->n_texts = call->reply.n_texts;
  call->deadline = g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
}

static gboolean
is_overdue (Call *call)
{
  gboolean ending = call->failed || call->reply.finished;

  if (ending != call->ending || call->n_texts != call->reply.n_texts)
    {
      call->ending = ending;
      set_deadline (call);
    }
  return g_get_monotonic_time () >= call->deadline;
}

static void
on_outer_cancelled (GCancellable *outer, Call *call)
{
  g_cancellable_cancel (call->cancellable);
}

/* ---- bytes ---- */

static void
count (Call *call)
{
  SoupMessageMetrics *metrics = call->message ? soup_message_get_metrics (call->message) : NULL;
  guint64 n_sent, n_received;

  if (!metrics || !call->request)
    return;
  n_sent = soup_message_metrics_get_request_header_bytes_sent (metrics)
           + soup_message_metrics_get_request_body_bytes_sent (metrics);
  n_received = soup_message_metrics_get_response_header_bytes_received (metrics)
               + soup_message_metrics_get_response_body_bytes_received (metrics);
  if (n_sent > call->n_sent)
    riposte_network_request_add_sent (call->request, n_sent - call->n_sent);
  if (n_received > call->n_received)
    riposte_network_request_add_received (call->request, n_received - call->n_received);
  call->n_sent = MAX (n_sent, call->n_sent);
  call->n_received = MAX (n_received, call->n_received);
}

/* ---- the end of a request, and of the call ---- */

static void
end_request (Call *call, RiposteNetworkOutcome outcome)
{
  count (call);
  if (call->request)
    riposte_network_request_end (call->request, outcome, call->message ? soup_message_get_status (call->message) : 0);
  g_clear_object (&call->request);
  stop_timer (call);
  g_clear_object (&call->stream);
  g_clear_object (&call->message);
  call->n_sent = call->n_received = 0;
  call->failed = call->ending = FALSE;
}

static void
call_free (gpointer data)
{
  Call *call = data;

  end_request (call, RIPOSTE_NETWORK_CANCELLED);
  if (call->outer)
    g_cancellable_disconnect (call->outer, call->outer_handler);
  g_clear_object (&call->outer);
  g_clear_object (&call->cancellable);
  if (call->session)
    soup_session_abort (call->session);
  g_clear_object (&call->session);
  g_clear_pointer (&call->uri, g_uri_unref);
  g_clear_pointer (&call->sse, riposte_sse_free);
  g_clear_pointer (&call->bytes, g_byte_array_unref);
  riposte_remote_question_free (call->question);
  g_free (call);
}

static GError *
time_out_error (Call *call)
{
  const char *host = call->question->address->host;

  if (call->connecting)
    return g_error_new (RIPOSTE_REMOTE_ERROR, RIPOSTE_REMOTE_ERROR_TIMEOUT,
                        _ ("%s could not be reached in time. Is it running, and is this machine online?"), host);
  return g_error_new (RIPOSTE_REMOTE_ERROR, RIPOSTE_REMOTE_ERROR_TIMEOUT,
                      _ ("Nothing came from %s for too long. Try again, or let it take longer."), host);
}

/* What an error below HTTP means. */
static GError *
translate (Call *call, const GError *problem)
{
  const char *host = call->question->address->host;
  GError *off = NULL;

  if (call->timed_out)
    return time_out_error (call);
  if (g_cancellable_is_cancelled (call->cancellable))
    return riposte_network_check (&off) ? g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, _ ("Cancelled")) : off;
  if (call->stream || (call->message && soup_message_get_status (call->message)))
    return g_error_new (RIPOSTE_REMOTE_ERROR, RIPOSTE_REMOTE_ERROR_CUT,
                        _ ("The connection to %s broke before the answer was complete. Try again."), host);
  if (g_error_matches (problem, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE))
    return g_error_new (RIPOSTE_REMOTE_ERROR, RIPOSTE_REMOTE_ERROR_TLS,
                        /* Translators: %s is a host, then the reason */
                        _ ("%s does not prove that it is who it says, so nothing was sent to it: %s"), host,
                        problem->message);
  return g_error_new (RIPOSTE_REMOTE_ERROR, RIPOSTE_REMOTE_ERROR_CONNECTION,
                      /* Translators: %s is a host, then the reason */
                      _ ("There is no connection to %s: %s. Is it running, and is this machine online?"), host,
                      problem->message);
}

/* Takes @error. */
static void
fail (GTask *task, GError *error)
{
  gboolean stopped = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)
                     || g_error_matches (error, RIPOSTE_NETWORK_ERROR, RIPOSTE_NETWORK_ERROR_OFF);

  end_request (g_task_get_task_data (task), stopped ? RIPOSTE_NETWORK_CANCELLED : RIPOSTE_NETWORK_FAILED);
  g_task_return_error (task, error);
  g_object_unref (task);
}

static void
succeed (GTask *task)
{
  Call *call = g_task_get_task_data (task);
  GError *error = NULL;

  end_request (call, RIPOSTE_NETWORK_DONE);
  if (riposte_remote_reply_check (&call->reply, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
  g_object_unref (task);
}

/* ---- bodies ---- */

static gboolean
on_event (const char *data, gsize length, gpointer user_data, GError **error)
{
  Call *call = user_data;

  while (length && g_ascii_isspace (*data))
    data++, length--;
  while (length && g_ascii_isspace (data[length - 1]))
    length--;
  if (call->done || !length) /* a sign of life */
    return TRUE;
  if (length == strlen (END) && memcmp (data, END, length) == 0)
    {
      call->done = TRUE;
      return TRUE;
    }
  return riposte_remote_reply_take (&call->reply, data, length, secret_of (call), error);
}

/* What of the question the service refused by name is left out, and it is asked again. */
static gboolean
try_with_less (GTask *task, guint status, const char *param)
{
  Call *call = g_task_get_task_data (task);
  RiposteRemoteParameters refused = riposte_remote_parameter_of_name (param);

  if ((status != 400 && status != 422) || !(call->question->parameters & refused) || ++call->n_attempts > MAX_ATTEMPTS)
    return FALSE;
  call->question->parameters &= ~refused;
  if (refused == RIPOSTE_REMOTE_MAX_TOKENS)
    call->question->parameters |= RIPOSTE_REMOTE_MAX_COMPLETION_TOKENS;
  end_request (call, RIPOSTE_NETWORK_FAILED);
  start (task);
  return TRUE;
}

static void
end_error_body (GTask *task)
{
  Call *call = g_task_get_task_data (task);
  SoupMessageHeaders *headers = soup_message_get_response_headers (call->message);
  guint status = soup_message_get_status (call->message);
  gint64 wait = riposte_remote_parse_retry_after (soup_message_headers_get_one (headers, "Retry-After"),
                                                  soup_message_headers_get_one (headers, "Date"));
  g_autofree char *param = NULL;
  g_autofree char *detail
    = riposte_remote_describe_body ((char *)call->bytes->data, call->bytes->len, secret_of (call), &param);

  if (call->timed_out || !try_with_less (task, status, param))
    fail (task, riposte_remote_error_of_status (call->question->address->host, status, secret_of (call) != NULL, wait,
                                                detail));
}

/* The last line may have no end. It counts if it is whole; else the stream was cut off there. */
static gboolean
finish_stream (Call *call, GError **error)
{
  g_autoptr (GError) problem = NULL;

  if (riposte_sse_finish (call->sse, &problem)
      || g_error_matches (problem, RIPOSTE_REMOTE_ERROR, RIPOSTE_REMOTE_ERROR_PROTOCOL))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

static void
end_body (GTask *task)
{
  Call *call = g_task_get_task_data (task);
  GError *error = NULL;
  gboolean good = TRUE;

  if (call->failed)
    {
      end_error_body (task);
      return;
    }
  if (call->body == RIPOSTE_REMOTE_BODY_STREAM)
    good = call->done || finish_stream (call, &error);
  else if (call->body == RIPOSTE_REMOTE_BODY_WHOLE)
    good
      = riposte_remote_reply_take (&call->reply, (char *)call->bytes->data, call->bytes->len, secret_of (call), &error);
  if (good && !call->done && !call->reply.finished && call->body != RIPOSTE_REMOTE_BODY_UNKNOWN)
    {
      good = FALSE;
      error
        = g_error_new (RIPOSTE_REMOTE_ERROR, RIPOSTE_REMOTE_ERROR_CUT,
                       _ ("%s broke off before the answer was complete. Try again."), call->question->address->host);
    }
  if (good)
    succeed (task);
  else
    fail (task, error);
}

static gboolean
refuse_other (Call *call, GError **error)
{
  const char *type = soup_message_headers_get_content_type (soup_message_get_response_headers (call->message), NULL);
  g_autofree char *named = type ? riposte_remote_tidy (type, secret_of (call)) : NULL;

  g_set_error (error, RIPOSTE_REMOTE_ERROR, RIPOSTE_REMOTE_ERROR_PROTOCOL,
               /* Translators: %s is a host, then a type of content, "text/html" */
               _ ("%s answers with something else than a chat (%s). Is its address right?"),
               call->question->address->host, named ? named : "?");
  return FALSE;
}

/* What came is looked at until it is known what it is. TRUE where more is wanted. */
static gboolean
take_beginning (Call *call, GError **error)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (call->message);
  gsize start;

  call->body = riposte_remote_body_of (soup_message_headers_get_content_type (headers, NULL), call->bytes->data,
                                       call->bytes->len, &start);
  if (call->body == RIPOSTE_REMOTE_BODY_OTHER)
    return refuse_other (call, error);
  if (call->body == RIPOSTE_REMOTE_BODY_UNKNOWN)
    return TRUE;
  g_byte_array_remove_range (call->bytes, 0, start);
  if (call->body == RIPOSTE_REMOTE_BODY_WHOLE)
    return TRUE;
  return riposte_sse_feed (call->sse, (char *)call->bytes->data, call->bytes->len, error) && !call->done;
}

/* TRUE where more is wanted. */
static gboolean
take_bytes (Call *call, const char *data, gsize length, GError **error)
{
  if (!call->failed && call->body == RIPOSTE_REMOTE_BODY_STREAM)
    return riposte_sse_feed (call->sse, data, length, error) && !call->done;
  if (call->bytes->len + length > (call->failed ? MAX_ERROR_BODY : MAX_BODY))
    {
      if (!call->failed)
        g_set_error_literal (error, RIPOSTE_REMOTE_ERROR, RIPOSTE_REMOTE_ERROR_PROTOCOL,
                             _ ("The service sent more at once than an answer can be"));
      return FALSE;
    }
  g_byte_array_append (call->bytes, (const guint8 *)data, length);
  return call->failed || call->body != RIPOSTE_REMOTE_BODY_UNKNOWN || take_beginning (call, error);
}

/* Where all was said, it does not matter how the connection ended; nor does it for what an error says. */
static void
end_early (GTask *task, const GError *problem)
{
  Call *call = g_task_get_task_data (task);
  gboolean stopped = g_cancellable_is_cancelled (call->cancellable) && !call->timed_out;

  if (!stopped && (call->failed || (call->body == RIPOSTE_REMOTE_BODY_STREAM && call->reply.finished)))
    end_body (task);
  else
    fail (task, translate (call, problem));
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Call *call = g_task_get_task_data (task);
  g_autoptr (GError) problem = NULL;
  g_autoptr (GBytes) bytes = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, &problem);
  GError *error = NULL;
  gsize length;
  const char *data;

  count (call);
  if (!bytes)
    {
      end_early (task, problem);
      return;
    }
  data = g_bytes_get_data (bytes, &length);
  if (length && take_bytes (call, data, length, &error))
    read_more (task);
  else if (error)
    fail (task, error);
  else
    end_body (task);
}

static void
read_more (GTask *task)
{
  Call *call = g_task_get_task_data (task);

  if (is_overdue (call))
    {
      call->timed_out = TRUE;
      end_early (task, NULL);
      return;
    }
  start_timer (call);
  g_input_stream_read_bytes_async (call->stream, BLOCK, G_PRIORITY_DEFAULT, call->cancellable, on_read, task);
}

/* ---- the response ---- */

/* Only within the origin: neither the key nor the question is anybody else's business. */
static void
redirect (GTask *task, const char *location)
{
  Call *call = g_task_get_task_data (task);
  g_autoptr (GUri) next = g_uri_parse_relative (call->uri, location, SOUP_HTTP_URI_FLAGS, NULL);
  const char *scheme = next ? g_uri_get_scheme (next) : "";
  gboolean is_http = g_str_equal (scheme, "http") || g_str_equal (scheme, "https");
  g_autofree char *origin = is_http && g_uri_get_host (next) ? riposte_remote_origin_of_uri (next) : NULL;
  g_autofree char *named = origin ? riposte_remote_tidy (origin, secret_of (call)) : NULL;
  const char *host = call->question->address->host;

  if (g_strcmp0 (origin, call->question->address->origin) != 0)
    fail (task,
          g_error_new (RIPOSTE_REMOTE_ERROR, RIPOSTE_REMOTE_ERROR_REDIRECT,
                       /* Translators: %s is a host, then another one */
                       _ ("%s redirects to another place (%s); nothing was sent there. If you trust it, change the "
                          "address of the service."),
                       host, named ? named : "?"));
  else if (++call->n_redirects > MAX_REDIRECTS)
    fail (task, g_error_new (RIPOSTE_REMOTE_ERROR, RIPOSTE_REMOTE_ERROR_REDIRECT,
                             _ ("%s redirects from one address to the next, without end"), host));
  else
    {
      end_request (call, RIPOSTE_NETWORK_DONE);
      g_clear_pointer (&call->uri, g_uri_unref);
      call->uri = g_steal_pointer (&next);
      start (task);
    }
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Call *call = g_task_get_task_data (task);
  g_autoptr (GError) problem = NULL;
  const char *location;

  call->stream = soup_session_send_finish (SOUP_SESSION (source), result, &problem);
  count (call);
  if (!call->stream)
    {
      fail (task, translate (call, problem));
      return;
    }
  location = soup_message_headers_get_one (soup_message_get_response_headers (call->message), "Location");
  if (SOUP_STATUS_IS_REDIRECTION (soup_message_get_status (call->message)) && location)
    {
      redirect (task, location);
      return;
    }
  call->failed = !SOUP_STATUS_IS_SUCCESSFUL (soup_message_get_status (call->message));
  call->ending = call->failed;
  g_byte_array_set_size (call->bytes, 0);
  set_deadline (call);
  read_more (task);
}

/* ---- the request ---- */

/* There is a connection, and some more of the question has gone. */
static void
on_written (Call *call)
{
  call->connecting = FALSE;
  count (call);
  start_timer (call);
}

static SoupMessage *
message_new (Call *call)
{
  static const char *const steps[] = { "wrote-headers", "wrote-body-data", "wrote-body" };
  SoupMessage *message = soup_message_new_from_uri (SOUP_METHOD_POST, call->uri);
  SoupMessageHeaders *headers = soup_message_get_request_headers (message);
  g_autoptr (GBytes) body = riposte_remote_question_to_json (call->question);

  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT | SOUP_MESSAGE_COLLECT_METRICS);
  soup_message_set_request_body_from_bytes (message, "application/json", body);
  soup_message_headers_replace (headers, "Accept", "text/event-stream, application/json");
  /* what is packed may be held back until a block of it is full */
  soup_message_headers_replace (headers, "Accept-Encoding", "identity");
  riposte_remote_authorize (message, secret_of (call));
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    g_signal_connect_swapped (message, steps[i], G_CALLBACK (on_written), call);
  return message;
}

static void
start (GTask *task)
{
  Call *call = g_task_get_task_data (task);
  g_autofree char *url = g_uri_to_string (call->uri);
  GError *error = NULL;

  call->request = riposte_network_begin (RIPOSTE_NETWORK_CHAT, "POST", url, call->cancellable, &error);
  if (!call->request)
    {
      fail (task, error);
      return;
    }
  call->connecting = TRUE;
  call->message = message_new (call);
  start_timer (call);
  soup_session_send_async (call->session, call->message, G_PRIORITY_DEFAULT, call->cancellable, on_sent, task);
}

void
riposte_remote_ask_async (RiposteRemoteQuestion *question,
                          RiposteRemoteTextFunc on_text,
                          gpointer text_data,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  Call *call = g_new0 (Call, 1);

  g_task_set_source_tag (task, riposte_remote_ask_async);
  g_task_set_task_data (task, call, call_free);
  call->question = question;
  call->reply.on_text = on_text;
  call->reply.user_data = text_data;
  call->session = riposte_remote_session_new (question->address);
  call->uri = riposte_remote_address_resolve (question->address, "chat/completions");
  call->sse = riposte_sse_new (on_event, call);
  call->bytes = g_byte_array_new ();
  call->cancellable = g_cancellable_new ();
  if (cancellable)
    {
      call->outer = g_object_ref (cancellable);
      call->outer_handler = g_cancellable_connect (cancellable, G_CALLBACK (on_outer_cancelled), call, NULL);
    }
  start (task);
}

gboolean
riposte_remote_ask_finish (GAsyncResult *result, RiposteRemoteReply *reply, GError **error)
{
  if (reply)
    *reply = ((Call *)g_task_get_task_data (G_TASK (result)))->reply;
  return g_task_propagate_boolean (G_TASK (result), error);
}
