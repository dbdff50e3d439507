#include "models/transfer.h"

#include <glib/gi18n.h>
#include <libsoup/soup.h>
#include <string.h>

#include "models/part-file.h"

#define BLOCK         (256u << 10)
#define REPORT_EVERY  (G_USEC_PER_SEC / 10)
#define SPEED_EVERY   (G_USEC_PER_SEC / 2)
#define SPACE_EVERY   (64u << 20) /* bytes between two looks at the disk */
#define MAX_REDIRECTS 10
#define MAX_TRIES     6 /* in a row that bring nothing */
#define MAX_WAIT_MS   60000

typedef enum
{
  OUTCOME_COMPLETE,
  OUTCOME_AGAIN, /* go on from where it broke, after a while */
  OUTCOME_FRESH, /* what is there belongs to another file: begin anew */
  OUTCOME_FAILED,
} Outcome;

typedef struct
{
  const RiposteTransferRequest *request;
  GCancellable *cancellable;
  RiposteTransferFunc report;
  gpointer user_data;

  SoupSession *session;
  RipostePartFile *part;
  char *sha256;         /* that it must have; nullable */
  guint64 size;         /* that it must have; 0: unknown */
  guint retry_after_ms; /* that the server asked for */
  gboolean pieced;      /* of what came in more than one response */
  gboolean replaced;    /* the server publishes another SHA-256 than before */
  gboolean connected;   /* between begin() and end() */

  RiposteTransferInfo info;
  gint64 reported_at;
  gint64 measured_at; /* of the speed */
  guint64 measured;
} Transfer;

/* ---- telling ---- */

static void
tell (Transfer *self, RiposteTransferStep step, const GError *problem)
{
  self->info.step = step;
  self->info.done = riposte_part_file_get_length (self->part);
  self->info.total = self->size;
  self->info.has_checksum = self->sha256 != NULL;
  self->reported_at = g_get_monotonic_time ();
  if (step != RIPOSTE_TRANSFER_RECEIVING)
    self->info.speed = self->measured_at = 0;
  if (self->report)
    self->report (&self->info, problem, self->user_data);
}

static void
tell_received (Transfer *self)
{
  gint64 now = g_get_monotonic_time ();
  guint64 done = riposte_part_file_get_length (self->part);

  if (!self->measured_at)
    {
      self->measured_at = now;
      self->measured = done;
    }
  else if (now - self->measured_at >= SPEED_EVERY)
    {
      double speed = (done - self->measured) * 1e6 / (now - self->measured_at);
      self->info.speed = self->info.speed > 0 ? 0.7 * self->info.speed + 0.3 * speed : speed;
      self->measured_at = now;
      self->measured = done;
    }
  if (now - self->reported_at >= REPORT_EVERY)
    tell (self, RIPOSTE_TRANSFER_RECEIVING, NULL);
}

static void
on_hashed (guint64 done, gpointer user_data)
{
  Transfer *self = user_data;

  if (g_get_monotonic_time () - self->reported_at < REPORT_EVERY)
    return;
  self->info.step = RIPOSTE_TRANSFER_CHECKING;
  self->info.done = done;
  self->info.total = riposte_part_file_get_length (self->part);
  self->reported_at = g_get_monotonic_time ();
  if (self->report)
    self->report (&self->info, NULL, self->user_data);
}

/* ---- addresses ---- */

static gboolean
is_this_machine (const char *host)
{
  g_autoptr (GInetAddress) address = host ? g_inet_address_new_from_string (host) : NULL;

  return address ? g_inet_address_get_is_loopback (address) : g_strcmp0 (host, "localhost") == 0;
}

static gboolean
is_allowed (GUri *uri, GUri *from)
{
  if (!g_uri_get_host (uri) || !*g_uri_get_host (uri))
    return FALSE;
  if (g_strcmp0 (g_uri_get_scheme (uri), "https") == 0)
    return TRUE;
  /* nobody else may send us to what listens on this machine */
  return g_strcmp0 (g_uri_get_scheme (uri), "http") == 0 && is_this_machine (g_uri_get_host (uri))
         && (!from || is_this_machine (g_uri_get_host (from)));
}

gboolean
riposte_transfer_check_url (const char *url, GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (url, SOUP_HTTP_URI_FLAGS, NULL);

  if (uri && is_allowed (uri, NULL))
    return TRUE;
  g_set_error_literal (error, RIPOSTE_DOWNLOAD_ERROR, RIPOSTE_DOWNLOAD_ERROR_INSECURE,
                       _ ("The address has to begin with https://"));
  return FALSE;
}

/* ---- one request ---- */

static gboolean
set_failure (GError **error, RiposteDownloadError code, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  if (error)
    *error = g_error_new_valist (RIPOSTE_DOWNLOAD_ERROR, code, format, arguments);
  va_end (arguments);
  return FALSE;
}

/* What went wrong below HTTP: TRUE where another try may help. */
static gboolean
translate_network_error (GError *failure, GError **error)
{
  g_autoptr (GError) owned = failure;

  if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_propagate_error (error, g_steal_pointer (&owned));
      return FALSE;
    }
  if (g_error_matches (failure, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE))
    return set_failure (error, RIPOSTE_DOWNLOAD_ERROR_INSECURE, _ ("The server cannot be trusted: %s"),
                        failure->message);
  set_failure (error, RIPOSTE_DOWNLOAD_ERROR_NETWORK, _ ("The connection failed: %s"), failure->message);
  return TRUE;
}

static SoupMessage *
message_new (Transfer *self, GUri *uri)
{
  SoupMessage *message = soup_message_new_from_uri (SOUP_METHOD_GET, uri);
  SoupMessageHeaders *headers = soup_message_get_request_headers (message);
  guint64 offset = riposte_part_file_get_length (self->part);
  const char *validator = riposte_part_file_get_source (self->part)->validator;

  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT);
  /* encoded content could not be continued, nor its size be told */
  soup_message_headers_replace (headers, "Accept-Encoding", "identity");
  if (offset)
    soup_message_headers_set_range (headers, offset, -1);
  /* what a checksum proves in the end need not have come from one and the same copy: there are many, with names of
   * their own, where large files are given out */
  if (offset && validator && !self->sha256)
    soup_message_headers_replace (headers, "If-Range", validator);
  return message;
}

/* Hugging Face, where most models are, names the SHA-256 of a large file in the response that leads to it. */
static void
take_published_checksum (Transfer *self, SoupMessage *message)
{
  const char *etag = soup_message_headers_get_one (soup_message_get_response_headers (message), "X-Linked-ETag");
  g_autofree char *hex = NULL;

  if (self->request->sha256 || !etag)
    return;
  hex = g_ascii_strdown (*etag == '"' ? etag + 1 : etag, -1);
  if (strspn (hex, "0123456789abcdef") < 64)
    return;
  hex[64] = '\0';
  self->replaced = self->sha256 && !g_str_equal (self->sha256, hex);
  g_free (self->sha256);
  self->sha256 = g_steal_pointer (&hex);
}

static gboolean
begin_connection (Transfer *self, GUri *uri, GError **error)
{
  g_autofree char *url = g_uri_to_string (uri);

  self->connected = !self->request->begin || self->request->begin (url, self->request->user_data, error);
  return self->connected;
}

static void
end_connection (Transfer *self, SoupMessage *message, guint64 n_received, gboolean good)
{
  if (self->connected && self->request->end)
    self->request->end (n_received, message ? soup_message_get_status (message) : 0, good, self->request->user_data);
  self->connected = FALSE;
}

/* The body of what @self->request leads to, in *message; NULL with *again: whether another try may help. */
static GInputStream *
send_request (Transfer *self, SoupMessage **message, gboolean *again, GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (self->request->url, SOUP_HTTP_URI_FLAGS, NULL);

  *again = FALSE;
  for (int i = 0; i <= MAX_REDIRECTS; i++)
    {
      g_autoptr (SoupMessage) sent = message_new (self, uri);
      g_autoptr (GError) failure = NULL;
      g_autoptr (GInputStream) body = NULL;
      const char *location;
      g_autoptr (GUri) next = NULL;

      if (!begin_connection (self, uri, error))
        return NULL;
      body = soup_session_send (self->session, sent, self->cancellable, &failure);
      if (!body)
        {
          end_connection (self, NULL, 0, FALSE);
          *again = translate_network_error (g_steal_pointer (&failure), error);
          return NULL;
        }
      take_published_checksum (self, sent);
      location = soup_message_headers_get_one (soup_message_get_response_headers (sent), "Location");
      if (!SOUP_STATUS_IS_REDIRECTION (soup_message_get_status (sent)) || !location)
        {
          *message = g_steal_pointer (&sent);
          return g_steal_pointer (&body);
        }
      end_connection (self, sent, 0, TRUE);
      next = g_uri_parse_relative (uri, location, SOUP_HTTP_URI_FLAGS, NULL);
      if (!next || !is_allowed (next, uri))
        {
          set_failure (error, RIPOSTE_DOWNLOAD_ERROR_INSECURE, _ ("The server leads to an address that is not secure"));
          return NULL;
        }
      g_clear_pointer (&uri, g_uri_unref);
      uri = g_steal_pointer (&next);
    }
  set_failure (error, RIPOSTE_DOWNLOAD_ERROR_REFUSED, _ ("The server leads from one address to the next, without end"));
  return NULL;
}

/* ---- what the response means ---- */

static Outcome
refuse (Transfer *self, SoupMessage *message, GError **error)
{
  guint status = soup_message_get_status (message);
  const char *after = soup_message_headers_get_one (soup_message_get_response_headers (message), "Retry-After");

  if (status == SOUP_STATUS_REQUESTED_RANGE_NOT_SATISFIABLE && riposte_part_file_get_length (self->part))
    return OUTCOME_FRESH;
  if (status == 408 || status == 425 || status == 429 || status >= 500)
    {
      self->retry_after_ms = after ? MIN (g_ascii_strtoull (after, NULL, 10) * 1000, MAX_WAIT_MS) : 0;
      set_failure (error, RIPOSTE_DOWNLOAD_ERROR_SERVER, _ ("The server is busy or out of order (%u)"), status);
      return OUTCOME_AGAIN;
    }
  if (status == 401 || status == 403)
    set_failure (error, RIPOSTE_DOWNLOAD_ERROR_REFUSED,
                 _ ("The server does not give this file to everybody (%u); its page may say what it asks for"), status);
  else if (status == 404 || status == 410)
    set_failure (error, RIPOSTE_DOWNLOAD_ERROR_REFUSED, _ ("The server has no such file (%u)"), status);
  else
    set_failure (error, RIPOSTE_DOWNLOAD_ERROR_REFUSED, _ ("The server refuses (%u)"), status);
  return OUTCOME_FAILED;
}

/* A weak ETag says nothing about bytes. */
static char *
dup_validator (SoupMessage *message)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (message);
  const char *etag = soup_message_headers_get_one (headers, "ETag");

  if (etag)
    return g_str_has_prefix (etag, "W/") ? NULL : g_strdup (etag);
  return g_strdup (soup_message_headers_get_one (headers, "Last-Modified"));
}

/* *start: the byte that the body begins at. *total: of the whole file; 0: unknown. */
static Outcome
read_extent (SoupMessage *message, guint64 offset, guint64 *start, guint64 *total)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (message);
  goffset first, last, length;

  *start = *total = 0;
  if (soup_message_get_status (message) == SOUP_STATUS_PARTIAL_CONTENT)
    {
      if (!soup_message_headers_get_content_range (headers, &first, &last, &length) || first < 0
          || (guint64)first != offset)
        return OUTCOME_FRESH;
      *start = first;
      *total = length > 0 ? length : 0;
    }
  else if (soup_message_headers_get_encoding (headers) == SOUP_ENCODING_CONTENT_LENGTH)
    *total = soup_message_headers_get_content_length (headers);
  return OUTCOME_COMPLETE;
}

/* Whether the response is (the rest of) the file that is wanted. */
static Outcome
accept_response (Transfer *self, SoupMessage *message, GError **error)
{
  guint status = soup_message_get_status (message);
  guint64 offset = riposte_part_file_get_length (self->part), start, total;
  const RipostePartSource *known = riposte_part_file_get_source (self->part);
  g_autofree char *validator = dup_validator (message);

  if (status != SOUP_STATUS_OK && status != SOUP_STATUS_PARTIAL_CONTENT)
    return refuse (self, message, error);
  if (read_extent (message, offset, &start, &total) != OUTCOME_COMPLETE || (start && self->replaced))
    return OUTCOME_FRESH;
  if (start && !self->sha256 && known->validator && validator && strcmp (known->validator, validator) != 0)
    return OUTCOME_FRESH;
  if (total && self->request->size && total != self->request->size)
    {
      g_autofree char *has = g_format_size_full (total, G_FORMAT_SIZE_LONG_FORMAT);
      g_autofree char *wanted = g_format_size_full (self->request->size, G_FORMAT_SIZE_LONG_FORMAT);
      /* Translators: sizes, "4.7 GB (4,683,073,952 bytes)" */
      set_failure (error, RIPOSTE_DOWNLOAD_ERROR_WRONG_FILE,
                   _ ("The server has another file under this address: %s, not %s"), has, wanted);
      return OUTCOME_FAILED;
    }
  if (start && total && self->size && total != self->size)
    return OUTCOME_FRESH;
  if (!start && offset && !riposte_part_file_restart (self->part, error))
    return OUTCOME_FAILED;
  self->pieced = start > 0;
  if (!start && !self->request->size)
    self->size = total;
  if (!self->size && !self->sha256)
    {
      set_failure (error, RIPOSTE_DOWNLOAD_ERROR_REFUSED,
                   _ ("The server does not say how large the file is, so that nothing could tell if it is whole"));
      return OUTCOME_FAILED;
    }
  RipostePartSource source = { (char *)self->request->url, validator, self->sha256, self->size };
  return riposte_part_file_set_source (self->part, &source, error) ? OUTCOME_COMPLETE : OUTCOME_FAILED;
}

/* ---- the body ---- */

static Outcome
wrong_length (Transfer *self, GError **error)
{
  riposte_part_file_restart (self->part, NULL);
  set_failure (error, RIPOSTE_DOWNLOAD_ERROR_WRONG_FILE, _ ("The server sends more than the file has"));
  return OUTCOME_FAILED;
}

static gboolean
check_space (Transfer *self, GError **error)
{
  guint64 length = riposte_part_file_get_length (self->part);

  return riposte_part_file_check_space (self->part, self->size > length ? self->size - length : 0, error);
}

static Outcome
receive (Transfer *self, GInputStream *body, GError **error)
{
  g_autofree guint8 *block = g_malloc (BLOCK);
  guint64 looked_at = riposte_part_file_get_length (self->part);

  tell (self, RIPOSTE_TRANSFER_RECEIVING, NULL);
  for (;;)
    {
      g_autoptr (GError) failure = NULL;
      gssize n = g_input_stream_read (body, block, BLOCK, self->cancellable, &failure);
      guint64 length = riposte_part_file_get_length (self->part);

      if (n < 0)
        return translate_network_error (g_steal_pointer (&failure), error) ? OUTCOME_AGAIN : OUTCOME_FAILED;
      if (n == 0 && self->size && length < self->size)
        {
          set_failure (error, RIPOSTE_DOWNLOAD_ERROR_NETWORK, _ ("The connection was closed before the end"));
          return OUTCOME_AGAIN;
        }
      if (n == 0)
        return OUTCOME_COMPLETE;
      if (self->size && (guint64)n > self->size - length)
        return wrong_length (self, error);
      if (!riposte_part_file_append (self->part, block, n, error))
        return OUTCOME_FAILED;
      if (length - looked_at >= SPACE_EVERY)
        {
          looked_at = length;
          if (!check_space (self, error))
            return OUTCOME_FAILED;
        }
      tell_received (self);
    }
}

static Outcome
attempt (Transfer *self, GError **error)
{
  g_autoptr (SoupMessage) message = NULL;
  g_autoptr (GInputStream) body = NULL;
  Outcome outcome;
  gboolean again;
  guint64 before;

  if (self->size && riposte_part_file_get_length (self->part) == self->size)
    return OUTCOME_COMPLETE;
  if (self->size && riposte_part_file_get_length (self->part) > self->size)
    return OUTCOME_FRESH;
  /* the rest has to be of the same file: the server can be asked, or the checksum tells in the end */
  if (!self->sha256 && !riposte_part_file_get_source (self->part)->validator
      && !riposte_part_file_restart (self->part, error))
    return OUTCOME_FAILED;
  tell (self, RIPOSTE_TRANSFER_CONNECTING, NULL);
  body = send_request (self, &message, &again, error);
  if (!body)
    return again ? OUTCOME_AGAIN : OUTCOME_FAILED;
  outcome = accept_response (self, message, error);
  before = riposte_part_file_get_length (self->part);
  if (outcome == OUTCOME_COMPLETE)
    outcome = check_space (self, error) ? receive (self, body, error) : OUTCOME_FAILED;
  end_connection (self, message, MAX (before, riposte_part_file_get_length (self->part)) - before,
                  outcome == OUTCOME_COMPLETE);
  /* what is left of a body is not waited for */
  if (outcome != OUTCOME_COMPLETE)
    soup_session_abort (self->session);
  return outcome;
}

/* ---- all tries ---- */

/* FALSE: cancelled meanwhile. */
static gboolean
wait_a_while (Transfer *self, guint n_tries, const GError *problem, GError **error)
{
  guint first = self->request->back_off_ms ? self->request->back_off_ms : 1000;
  guint ms = MIN (first << MIN (n_tries, 10), MAX_WAIT_MS);
  GPollFD poll;

  /* many that were cut off at once do not come back at once */
  ms += g_random_int_range (0, ms / 4 + 1);
  ms = MAX (ms, self->retry_after_ms);
  self->retry_after_ms = 0;
  self->info.retry_at = g_get_monotonic_time () + ms * (gint64)1000;
  tell (self, RIPOSTE_TRANSFER_WAITING, problem);
  if (g_cancellable_make_pollfd (self->cancellable, &poll))
    {
      g_poll (&poll, 1, ms);
      g_cancellable_release_fd (self->cancellable);
    }
  else
    g_usleep (ms * 1000);
  return !g_cancellable_set_error_if_cancelled (self->cancellable, error);
}

static gboolean
receive_all (Transfer *self, GError **error)
{
  guint n_tries = 0;
  gboolean begun_anew = FALSE;

  for (;;)
    {
      g_autoptr (GError) failure = NULL;
      guint64 before = riposte_part_file_get_length (self->part);
      Outcome outcome = attempt (self, &failure);

      if (outcome == OUTCOME_COMPLETE)
        return TRUE;
      if (outcome == OUTCOME_FRESH && begun_anew)
        return set_failure (error, RIPOSTE_DOWNLOAD_ERROR_SERVER,
                            _ ("The server does not say the same of this file twice"));
      if (outcome == OUTCOME_FRESH)
        {
          begun_anew = TRUE;
          if (!riposte_part_file_restart (self->part, error))
            return FALSE;
          continue;
        }
      if (riposte_part_file_get_length (self->part) > before)
        n_tries = 0;
      if (outcome == OUTCOME_FAILED || n_tries + 1 >= MAX_TRIES)
        {
          g_propagate_error (error, g_steal_pointer (&failure));
          return FALSE;
        }
      if (!wait_a_while (self, n_tries, failure, error))
        return FALSE;
      n_tries++;
    }
}

/* Decides whether what came before can be gone on with, and what the whole has to be. */
static gboolean
take_over (Transfer *self, GError **error)
{
  const RipostePartSource *known = riposte_part_file_get_source (self->part);
  gboolean same_url = g_strcmp0 (known->url, self->request->url) == 0;
  gboolean provable = self->request->sha256 && (!known->sha256 || g_str_equal (known->sha256, self->request->sha256));

  self->sha256 = self->request->sha256 ? g_ascii_strdown (self->request->sha256, -1) : NULL;
  self->size = self->request->size;
  if (same_url && !self->sha256)
    self->sha256 = g_strdup (known->sha256);
  if (same_url && !self->size)
    self->size = known->size;
  return same_url || provable || riposte_part_file_restart (self->part, error);
}

static gboolean
run (Transfer *self, GError **error)
{
  if (!take_over (self, error))
    return FALSE;
  self->pieced = riposte_part_file_get_length (self->part) > 0;
  if (self->pieced)
    tell (self, RIPOSTE_TRANSFER_CHECKING, NULL);
  for (gboolean again = FALSE;; again = TRUE)
    {
      g_autoptr (GError) failure = NULL;

      if (!riposte_part_file_hash (self->part, on_hashed, self, self->cancellable, error) || !receive_all (self, error))
        return FALSE;
      tell (self, RIPOSTE_TRANSFER_VERIFYING, NULL);
      if (riposte_part_file_finish (self->part, &failure))
        return TRUE;
      /* the pieces may have been of two files */
      if (again || !self->pieced
          || !g_error_matches (failure, RIPOSTE_DOWNLOAD_ERROR, RIPOSTE_DOWNLOAD_ERROR_WRONG_FILE))
        {
          g_propagate_error (error, g_steal_pointer (&failure));
          return FALSE;
        }
    }
}

gboolean
riposte_transfer_run (const RiposteTransferRequest *request,
                      RiposteTransferFunc report,
                      gpointer user_data,
                      GCancellable *cancellable,
                      GError **error)
{
  g_autoptr (GMainContext) context = NULL;
  Transfer self = { .request = request, .cancellable = cancellable, .report = report, .user_data = user_data };
  gboolean done;

  g_return_val_if_fail (request && request->url && request->path, FALSE);

  if (!riposte_transfer_check_url (request->url, error) || !(self.part = riposte_part_file_open (request->path, error)))
    return FALSE;
  /* what the session leaves to do stays in this thread */
  context = g_main_context_new ();
  g_main_context_push_thread_default (context);
  self.session = soup_session_new_with_options ("user-agent", "Riposte/" RIPOSTE_VERSION, "timeout",
                                                request->stall_seconds ? request->stall_seconds : 30, NULL);
  soup_session_remove_feature_by_type (self.session, SOUP_TYPE_CONTENT_DECODER);
  done = run (&self, error);
  soup_session_abort (self.session);
  while (g_main_context_iteration (context, FALSE))
    ;
  g_object_unref (self.session);
  g_main_context_pop_thread_default (context);
  if (!done && !riposte_part_file_get_length (self.part))
    riposte_part_file_discard (self.part);
  else
    riposte_part_file_close (self.part);
  g_free (self.sha256);
  return done;
}
