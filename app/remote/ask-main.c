/* riposte-ask-remote: asks a service on the command line, without a window. ./run ask --remote starts it. The question
 * comes on standard input; the answer, and nothing else, goes to standard output as it arrives. */
#include "plain-text.h"
#include "network/network.h"
#include "remote/client.h"
#include "remote/keyring.h"
#include "remote/remote-error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <locale.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_QUESTION    (64u << 20)
#define KEYRING_SECONDS 60

enum
{
  STATUS_GOOD = 0,
  STATUS_FAILED = 1,
  STATUS_WRONG_CALL = 2,
  STATUS_INTERRUPTED = 130,
};

typedef struct
{
  char *url, *model, *system;
  double temperature, top_p; /* NaN where not given */
  gint64 seed;               /* negative where not given */
  int max_tokens, connect_seconds, idle_seconds;
  gboolean offline, allow_plain, allow_plain_key;
} Options;

typedef struct
{
  RiposteRemoteQuestion *question;
  GMainLoop *loop;
  GCancellable *cancellable, *keyring;
  gboolean terminal; /* standard output is one */
  gboolean interrupted, output_lost;
  gboolean at_line_start;
  GError *keyring_error;
  int status;
} Ask;

static void
complain (const char *message)
{
  g_autofree char *line = riposte_plain_text (message, -1);

  fprintf (stderr, "riposte: %s\n", line);
}

/* ---- output ---- */

static void
write_answer (Ask *ask, const char *text)
{
  /* a terminal would obey the control sequences of who answers */
  g_autofree char *plain = ask->terminal ? riposte_plain_text (text, -1) : NULL;
  const char *shown = plain ? plain : text;
  gsize length = strlen (shown);

  if (ask->output_lost || length == 0)
    return;
  ask->at_line_start = shown[length - 1] == '\n';
  if (fwrite (shown, 1, length, stdout) == length && fflush (stdout) == 0)
    return;
  ask->output_lost = TRUE;
  /* who reads no longer is no news; a full disk is */
  if (errno != EPIPE)
    {
      g_autofree char *message = g_strdup_printf (_ ("The answer cannot be written: %s"), g_strerror (errno));
      complain (message);
    }
  g_cancellable_cancel (ask->cancellable);
}

static void
on_text (RiposteRemoteTextKind kind, const char *text, gpointer user_data)
{
  if (kind == RIPOSTE_REMOTE_ANSWER)
    write_answer (user_data, text);
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Ask *ask = user_data;
  RiposteRemoteReply reply;
  g_autoptr (GError) error = NULL;
  gboolean good = riposte_remote_ask_finish (result, &reply, &error);

  if (!ask->at_line_start && (good || ask->terminal))
    write_answer (ask, "\n");
  ask->status = good && !ask->output_lost ? STATUS_GOOD : STATUS_FAILED;
  if (ask->interrupted)
    ask->status = STATUS_INTERRUPTED;
  else if (error && !ask->output_lost)
    complain (error->message);
  if (g_error_matches (error, RIPOSTE_REMOTE_ERROR, RIPOSTE_REMOTE_ERROR_UNAUTHORIZED) && ask->keyring_error)
    complain (ask->keyring_error->message);
  if (good && reply.cut_short)
    complain (_ ("The answer was cut short: it reached the limit of its tokens"));
  g_main_loop_quit (ask->loop);
}

/* ---- asking ---- */

static void
send_question (Ask *ask)
{
  riposte_remote_ask_async (g_steal_pointer (&ask->question), on_text, ask, ask->cancellable, on_answered, ask);
}

static gboolean
on_keyring_timeout (gpointer data)
{
  g_cancellable_cancel (data);
  return G_SOURCE_CONTINUE;
}

static void
on_key (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Ask *ask = user_data;

  ask->question->key = riposte_remote_keyring_lookup_finish (result, &ask->keyring_error);
  send_question (ask);
}

static gboolean
on_signal (gpointer data)
{
  Ask *ask = data;

  ask->interrupted = TRUE;
  g_cancellable_cancel (ask->keyring);
  g_cancellable_cancel (ask->cancellable);
  return G_SOURCE_CONTINUE;
}

static int
run (RiposteRemoteQuestion *question)
{
  Ask ask = { .question = question, .terminal = isatty (STDOUT_FILENO), .at_line_start = TRUE };
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GCancellable) keyring = g_cancellable_new ();
  guint timer = g_timeout_add_seconds (KEYRING_SECONDS, on_keyring_timeout, keyring);

  ask.loop = loop;
  ask.cancellable = cancellable;
  ask.keyring = keyring;
  g_unix_signal_add (SIGINT, on_signal, &ask);
  g_unix_signal_add (SIGTERM, on_signal, &ask);
  if (question->key || (question->address->plain && !question->plain_key))
    send_question (&ask);
  else
    riposte_remote_keyring_lookup_async (question->address->origin, keyring, on_key, &ask);
  g_main_loop_run (loop);
  g_source_remove (timer);
  g_clear_error (&ask.keyring_error);
  riposte_network_flush ();
  return ask.status;
}

/* ---- the question ---- */

static char *
read_question (GError **error)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint8 block[64 << 10];
  gssize n;

  while ((n = read (STDIN_FILENO, block, sizeof block)) != 0)
    {
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0 || bytes->len + n > MAX_QUESTION)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, _ ("The question cannot be read: %s"),
                       n < 0 ? g_strerror (errno) : _ ("it is larger than 64 MB"));
          return NULL;
        }
      g_byte_array_append (bytes, block, n);
    }
  if (bytes->len == 0 || memchr (bytes->data, '\0', bytes->len))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                           bytes->len ? _ ("The question is no text: it has a zero byte") : _ ("There is no question"));
      return NULL;
    }
  return g_utf8_make_valid ((char *)bytes->data, bytes->len);
}

static void
set_parameters (RiposteRemoteQuestion *question, const Options *options)
{
  if (!isnan (options->temperature))
    question->parameters |= RIPOSTE_REMOTE_TEMPERATURE;
  if (!isnan (options->top_p))
    question->parameters |= RIPOSTE_REMOTE_TOP_P;
  if (options->seed >= 0)
    question->parameters |= RIPOSTE_REMOTE_SEED;
  if (options->max_tokens > 0)
    question->parameters |= RIPOSTE_REMOTE_MAX_TOKENS;
  question->temperature = options->temperature;
  question->top_p = options->top_p;
  question->seed = (guint32)options->seed;
  question->max_tokens = options->max_tokens;
  question->connect_seconds = options->connect_seconds;
  question->idle_seconds = options->idle_seconds;
}

/* Takes @key. */
static RiposteRemoteQuestion *
make_question (const Options *options, RiposteRemoteKey *key, GError **error)
{
  g_autoptr (RiposteRemoteQuestion) question = riposte_remote_question_new ();
  g_autofree char *text = NULL;

  question->key = key;
  question->model = g_utf8_make_valid (options->model, -1);
  question->address = riposte_remote_address_new (options->url, options->allow_plain, error);
  if (!question->address)
    return NULL;
  question->plain_key = options->allow_plain_key;
  if (question->address->plain && key && !question->plain_key)
    {
      g_set_error_literal (error, RIPOSTE_REMOTE_ERROR, RIPOSTE_REMOTE_ERROR_KEY,
                           _ ("The key would go without encryption, so nothing was sent; --allow-http-key lets it"));
      return NULL;
    }
  text = read_question (error);
  if (!text)
    return NULL;
  if (options->system)
    riposte_remote_question_add_turn (question, "system", options->system);
  riposte_remote_question_add_turn (question, "user", text);
  set_parameters (question, options);
  return g_steal_pointer (&question);
}

/* ---- the command line ---- */

static gboolean
check_range (const char *name, double value, double low, double high)
{
  g_autofree char *message = NULL;

  if (isnan (value) || (value >= low && value <= high))
    return TRUE;
  message = g_strdup_printf (_ ("--%s takes a number from %g to %g"), name, low, high);
  complain (message);
  return FALSE;
}

static gboolean
parse_options (Options *options, int *argc, char ***argv)
{
  const GOptionEntry entries[] = {
    { "remote", 0, 0, G_OPTION_ARG_STRING, &options->url, N_ ("Address of the service, up to and with /v1"),
      N_ ("URL") },
    { "remote-model", 0, 0, G_OPTION_ARG_STRING, &options->model, N_ ("Model of the service"), N_ ("NAME") },
    { "system", 0, 0, G_OPTION_ARG_STRING, &options->system, N_ ("What the model is told first"), N_ ("TEXT") },
    { "temp", 0, 0, G_OPTION_ARG_DOUBLE, &options->temperature, N_ ("Temperature"), "T" },
    { "top-p", 0, 0, G_OPTION_ARG_DOUBLE, &options->top_p, N_ ("Choose among the likeliest words"), "P" },
    { "seed", 0, 0, G_OPTION_ARG_INT64, &options->seed, N_ ("The same seed gives the same answer, mostly"), "S" },
    { "n-predict", 'n', 0, G_OPTION_ARG_INT, &options->max_tokens, N_ ("At most so many tokens"), "N" },
    { "connect-timeout", 0, 0, G_OPTION_ARG_INT, &options->connect_seconds,
      N_ ("Give up a connection that does not come about after so many seconds"), "S" },
    { "timeout", 0, 0, G_OPTION_ARG_INT, &options->idle_seconds,
      N_ ("Give up an answer of which nothing comes for so many seconds"), "S" },
    { "allow-http", 0, 0, G_OPTION_ARG_NONE, &options->allow_plain,
      N_ ("Send to another machine without encryption, for everybody on the way to read"), NULL },
    { "allow-http-key", 0, 0, G_OPTION_ARG_NONE, &options->allow_plain_key,
      N_ ("Send it the key as well, as readable as the rest"), NULL },
    { "offline", 0, 0, G_OPTION_ARG_NONE, &options->offline, N_ ("Refuse whatever needs the network"), NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_set_summary (context, _ ("Asks an OpenAI-compatible service what stands on standard input."));
  if (!g_option_context_parse (context, argc, argv, &error))
    complain (error->message);
  else if (*argc > 1 || !options->url || !options->model || !*options->model)
    complain (_ ("--remote URL and --remote-model NAME are needed, and the question on standard input"));
  else
    return check_range ("temp", options->temperature, 0, 10) && check_range ("top-p", options->top_p, 0, 1)
           && check_range ("seed", options->seed, -1, G_MAXUINT32)
           && check_range ("n-predict", options->max_tokens, 0, G_MAXINT)
           && check_range ("connect-timeout", options->connect_seconds, 0, 86400)
           && check_range ("timeout", options->idle_seconds, 0, 86400);
  return FALSE;
}

static void
options_clear (Options *options)
{
  g_free (options->url);
  g_free (options->model);
  g_free (options->system);
}

static void
set_locale (void)
{
  const char *locale_dir = g_getenv ("RIPOSTE_LOCALE_DIR");

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, locale_dir ? locale_dir : RIPOSTE_LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
}

/* A descriptor that whoever started this closed would be given to the next thing that is opened, and that would get the
 * answer. What takes its place fails when it is used. */
static void
hold_descriptors (void)
{
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl (fd, F_GETFD) < 0 && open ("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
      _exit (STATUS_FAILED);
}

int
main (int argc, char **argv)
{
  Options options = { .temperature = NAN, .top_p = NAN, .seed = -1 };
  g_autoptr (GError) error = NULL;
  RiposteRemoteKey *key;
  RiposteRemoteQuestion *question = NULL;
  int status = STATUS_WRONG_CALL;

  hold_descriptors ();
  /* before anything else can go wrong with it around */
  key = riposte_remote_key_take_from_environment ("RIPOSTE_API_KEY", &error);
  riposte_network_prepare ();
  set_locale ();
  g_log_writer_default_set_use_stderr (TRUE); /* only the answer goes to standard output, whatever is debugged */
  signal (SIGPIPE, SIG_IGN);
  if (parse_options (&options, &argc, &argv))
    {
      status = STATUS_FAILED;
      if (options.offline)
        riposte_network_forbid ();
      if (!error && riposte_network_check (&error))
        question = make_question (&options, g_steal_pointer (&key), &error);
      if (question)
        status = run (question);
      else
        complain (error->message);
    }
  g_clear_pointer (&key, riposte_remote_key_unref);
  options_clear (&options);
  return status;
}
