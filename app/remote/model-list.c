#include "remote/model-list.h"

#include "plain-text.h"
#include "network/network.h"
#include "remote/remote-error.h"
#include "remote/reply.h"
#include "remote/session.h"
#include "untrusted-json.h"

#include <glib/gi18n.h>
#include <string.h>

#define MAX_BODY       (8u << 20)
#define MAX_VALUES     500000
#define MAX_MODELS     5000
#define MAX_NAME_BYTES 256
#define SECONDS        30

typedef struct
{
  SoupSession *session;
  SoupMessage *message;
  RiposteNetworkRequest *request;
  char *host;
  RiposteRemoteKey *key; /* nullable */
  char *body;
} Call;

static void
call_free (gpointer data)
{
  Call *call = data;

  if (call->request)
    riposte_network_request_end (call->request, RIPOSTE_NETWORK_CANCELLED, 0);
  g_clear_object (&call->request);
  soup_session_abort (call->session);
  g_object_unref (call->session);
  g_clear_object (&call->message);
  g_clear_pointer (&call->key, riposte_remote_key_unref);
  g_free (call->host);
  g_free (call->body);
  g_free (call);
}

static void
end_request (Call *call, RiposteNetworkOutcome outcome)
{
  SoupMessageMetrics *metrics = soup_message_get_metrics (call->message);

  riposte_network_request_add_sent (call->request, soup_message_metrics_get_request_header_bytes_sent (metrics));
  riposte_network_request_add_received (call->request,
                                        soup_message_metrics_get_response_header_bytes_received (metrics)
                                          + soup_message_metrics_get_response_body_bytes_received (metrics));
  riposte_network_request_end (call->request, outcome, soup_message_get_status (call->message));
  g_clear_object (&call->request);
}

/* ---- names ---- */

static int
compare (gconstpointer a, gconstpointer b)
{
  return g_utf8_collate (*(const char *const *)a, *(const char *const *)b);
}

/* A name that would not look like what it is could pass for another. */
static gboolean
is_fit (const char *name)
{
  g_autofree char *plain = name ? riposte_plain_text (name, -1) : NULL;

  return name && *name && strlen (name) <= MAX_NAME_BYTES && !strpbrk (name, "\r\n\t") && g_str_equal (plain, name);
}

GStrv
riposte_remote_parse_models (const char *body, gsize length)
{
  g_autoptr (JsonNode) node = riposte_json_parse (body, length, MAX_VALUES, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  JsonObject *root = node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  JsonArray *data = root ? riposte_json_get_array (root, "data") : NULL;

  if (!data)
    return NULL;
  for (guint i = 0; i < json_array_get_length (data) && names->len < MAX_MODELS; i++)
    {
      JsonObject *model = riposte_json_get_object_element (data, i);
      const char *name = model ? riposte_json_get_string (model, "id") : NULL;

      if (is_fit (name))
        g_ptr_array_add (names, g_strdup (name));
    }
  g_ptr_array_sort (names, compare);
  g_ptr_array_add (names, NULL);
  return (GStrv)g_ptr_array_steal (names, NULL);
}

/* ---- asking ---- */

static const char *
secret_of (Call *call)
{
  return call->key ? riposte_remote_key_get_text (call->key) : NULL;
}

static GError *
describe_failure (Call *call, const GError *problem)
{
  if (g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return g_error_copy (problem);
  return g_error_new (RIPOSTE_REMOTE_ERROR, RIPOSTE_REMOTE_ERROR_CONNECTION,
                      /* Translators: %s is a host, then the reason */
                      _ ("There is no connection to %s: %s. Is it running, and is this machine online?"), call->host,
                      problem->message);
}

static GError *
describe_refusal (Call *call, gsize length)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (call->message);
  gint64 wait = riposte_remote_parse_retry_after (soup_message_headers_get_one (headers, "Retry-After"),
                                                  soup_message_headers_get_one (headers, "Date"));
  g_autofree char *param = NULL;
  g_autofree char *detail = riposte_remote_describe_body (call->body, length, secret_of (call), &param);

  return riposte_remote_error_of_status (call->host, soup_message_get_status (call->message), call->key != NULL, wait,
                                         detail);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  g_autoptr (GError) problem = NULL;
  g_auto (GStrv) names = NULL;
  gsize length = 0;
  gboolean whole = g_input_stream_read_all_finish (G_INPUT_STREAM (source), result, &length, &problem);
  gboolean good = SOUP_STATUS_IS_SUCCESSFUL (soup_message_get_status (call->message));

  end_request (call, whole && good ? RIPOSTE_NETWORK_DONE : RIPOSTE_NETWORK_FAILED);
  if (!whole)
    g_task_return_error (task, describe_failure (call, problem));
  else if (!good)
    g_task_return_error (task, describe_refusal (call, length));
  else if ((names = length < MAX_BODY ? riposte_remote_parse_models (call->body, length) : NULL) && *names)
    g_task_return_pointer (task, g_steal_pointer (&names), (GDestroyNotify)g_strfreev);
  else
    g_task_return_new_error (task, RIPOSTE_REMOTE_ERROR, RIPOSTE_REMOTE_ERROR_PROTOCOL,
                             _ ("%s does not say which models it has"), call->host);
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  g_autoptr (GError) problem = NULL;
  g_autoptr (GInputStream) stream = soup_session_send_finish (SOUP_SESSION (source), result, &problem);

  if (!stream)
    {
      end_request (call, RIPOSTE_NETWORK_FAILED);
      g_task_return_error (task, describe_failure (call, problem));
      return;
    }
  call->body = g_malloc (MAX_BODY);
  g_input_stream_read_all_async (stream, call->body, MAX_BODY, G_PRIORITY_DEFAULT, g_task_get_cancellable (task),
                                 on_read, g_object_ref (task));
}

void
riposte_remote_list_models_async (const RiposteRemoteAddress *address,
                                  RiposteRemoteKey *key,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr (GUri) uri = riposte_remote_address_resolve (address, "models");
  g_autofree char *url = g_uri_to_string (uri);
  Call *call = g_new0 (Call, 1);
  GError *error = NULL;

  g_task_set_source_tag (task, riposte_remote_list_models_async);
  g_task_set_task_data (task, call, call_free);
  call->session = riposte_remote_session_new (address);
  soup_session_set_timeout (call->session, SECONDS);
  call->host = g_strdup (address->host);
  call->key = key ? riposte_remote_key_ref (key) : NULL;
  call->request = riposte_network_begin (RIPOSTE_NETWORK_MODELS, "GET", url, cancellable, &error);
  if (!call->request)
    {
      g_task_return_error (task, error);
      return;
    }
  call->message = soup_message_new_from_uri (SOUP_METHOD_GET, uri);
  soup_message_add_flags (call->message, SOUP_MESSAGE_NO_REDIRECT | SOUP_MESSAGE_COLLECT_METRICS);
  riposte_remote_authorize (call->message, secret_of (call));
  soup_session_send_async (call->session, call->message, G_PRIORITY_DEFAULT, cancellable, on_sent, g_object_ref (task));
}

GStrv
riposte_remote_list_models_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
