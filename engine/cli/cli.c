#include "cli.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../printable.h"

void
cli_model_options_clear (CliModelOptions *options)
{
  g_clear_pointer (&options->device, g_free);
}

static gboolean
parse_kv (const char *option, const char *value, gpointer data, GError **error)
{
  static const char *const names[]
    = { [RP_KV_AUTO] = "auto", [RP_KV_F16] = "f16", [RP_KV_F32] = "f32", [RP_KV_Q8_0] = "q8_0", [RP_KV_Q4_0] = "q4_0" };
  CliModelOptions *options = data;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_ascii_strcasecmp (value, names[i]) == 0)
      {
        options->kv_type = i;
        return TRUE;
      }
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s takes auto, f16, f32, q8_0 or q4_0, not “%s”",
               option, value);
  return FALSE;
}

GOptionGroup *
cli_model_options (CliModelOptions *options)
{
  GOptionEntry entries[] = {
    { "device", 0, 0, G_OPTION_ARG_STRING, &options->device, "auto, cpu, vulkan or vulkan:N (default: auto)",
      "DEVICE" },
    { "threads", 't', 0, G_OPTION_ARG_INT, &options->n_threads, "CPU threads (default: one a core)", "N" },
    { "ctx", 'c', 0, G_OPTION_ARG_INT, &options->n_context, "Tokens of context (default: what the model knows)", "N" },
    { "batch", 'b', 0, G_OPTION_ARG_INT, &options->n_batch, "Most tokens of a prefill batch (default: 512)", "N" },
    { "kv", 0, 0, G_OPTION_ARG_CALLBACK, parse_kv, "Type of keys and values: f16 (default), f32, q8_0 or q4_0",
      "TYPE" },
    { NULL },
  };
  GOptionGroup *group
    = g_option_group_new ("model", "Options of the model:", "Show options of the model", options, NULL);

  g_option_group_add_entries (group, entries);
  return group;
}

int
cli_parse (int *argc,
           char ***argv,
           const char *usage,
           const char *summary,
           const GOptionEntry *entries,
           GOptionGroup *group,
           int n_min,
           int n_max)
{
  g_autoptr (GOptionContext) context = g_option_context_new (usage);
  g_autoptr (GError) error = NULL;

  g_option_context_set_summary (context, summary);
  if (group)
    {
      /* One list of options, not two. */
      g_option_group_add_entries (group, entries);
      g_option_context_set_main_group (context, group);
    }
  else
    g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, &error))
    {
      fprintf (stderr, "%s: %s\n", g_get_prgname (), error->message);
      return 2;
    }
  /* An argument after "--" keeps that in front. */
  if (*argc > 1 && strcmp ((*argv)[1], "--") == 0)
    {
      memmove (*argv + 1, *argv + 2, (*argc - 1) * sizeof **argv);
      (*argc)--;
    }
  if (*argc - 1 < n_min || *argc - 1 > n_max)
    {
      fprintf (stderr, "%s: usage: %s %s\n", g_get_prgname (), g_get_prgname (), usage);
      return 2;
    }
  return 0;
}

int
cli_fail (const GError *error)
{
  g_autofree char *line = NULL;

  if (g_error_matches (error, RP_ERROR, RP_ERROR_CANCELLED))
    return 130;
  line = rp_printable (error->message, -1, CLI_MAX_MESSAGE);
  fflush (stdout);
  fprintf (stderr, "%s: %s\n", g_get_prgname (), line);
  return 1;
}

int
cli_fail_text (const char *format, ...)
{
  va_list args;

  fflush (stdout);
  fprintf (stderr, "%s: ", g_get_prgname ());
  va_start (args, format);
  vfprintf (stderr, format, args);
  va_end (args);
  fputc ('\n', stderr);
  return 1;
}

void
cli_show_bar (const char *what, double fraction)
{
  enum
  {
    WIDTH = 40
  };
  int filled = (int)(CLAMP (fraction, 0, 1) * WIDTH);

  fprintf (stderr, "\r%s [%.*s%*s] %5.1f %%", what, filled, "########################################", WIDTH - filled,
           "", CLAMP (fraction, 0, 1) * 100);
}

void
cli_clear_bar (void)
{
  fputs ("\r\033[K", stderr);
}

static gboolean
show_progress (double fraction, gpointer user_data)
{
  fprintf (stderr, "\rLoading the model: %3.0f %%", fraction * 100);
  if (fraction >= 1)
    fputs ("\r\033[K", stderr);
  return TRUE;
}

static gboolean
in_range (const char *name, int value, GError **error)
{
  if (value >= 0)
    return TRUE;
  g_set_error (error, RP_ERROR, RP_ERROR_ARGUMENT, "%s of %d: it cannot be negative", name, value);
  return FALSE;
}

RpSessionOptions
cli_session_options (const CliModelOptions *options, guint n_context)
{
  return (RpSessionOptions){
    .n_context = options->n_context ? (guint)options->n_context : n_context,
    .n_batch = (guint)options->n_batch,
    .kv_type = options->kv_type,
  };
}

gboolean
cli_load (const char *path,
          const CliModelOptions *options,
          guint n_context,
          RpEngine **engine,
          RpModel **model,
          RpSession **session,
          GError **error)
{
  RpModelOptions model_options = { .device = options->device };
  RpSessionOptions session_options;

  if (!in_range ("--threads", options->n_threads, error) || !in_range ("--ctx", options->n_context, error)
      || !in_range ("--batch", options->n_batch, error))
    return FALSE;
  model_options.n_threads = options->n_threads;
  if (isatty (STDERR_FILENO))
    model_options.progress = show_progress;
  session_options = cli_session_options (options, n_context);
  *engine = rp_engine_new ();
  *model = rp_model_load (*engine, path, &model_options, error);
  if (!*model)
    return FALSE;
  if (session)
    *session = rp_session_new (*model, &session_options, error);
  return !session || *session;
}

static RpCancel interrupted;

static void
on_signal (int number)
{
  if (rp_cancel_is_set (&interrupted))
    _exit (128 + number);
  rp_cancel_set (&interrupted);
}

RpCancel *
cli_catch_signals (void)
{
  struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

  sigemptyset (&action.sa_mask);
  sigaction (SIGINT, &action, NULL);
  sigaction (SIGTERM, &action, NULL);
  return &interrupted;
}

static gboolean
read_stream (int fd, GString *out)
{
  for (;;)
    {
      char buffer[65536];
      gssize n = read (fd, buffer, sizeof buffer);
      if (n > 0)
        g_string_append_len (out, buffer, n);
      else if (n == 0)
        return TRUE;
      else if (errno != EINTR)
        return FALSE;
    }
}

gboolean
cli_read_all (const char *path, char **text, gsize *length, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (strcmp (path, "-") == 0)
    {
      g_autoptr (GString) input = g_string_new (NULL);

      if (!read_stream (STDIN_FILENO, input))
        {
          g_set_error (error, RP_ERROR, RP_ERROR_IO, "Cannot read standard input: %s", g_strerror (errno));
          return FALSE;
        }
      *length = input->len;
      *text = g_string_free (g_steal_pointer (&input), FALSE);
      return TRUE;
    }
  if (g_file_get_contents (path, text, length, &local))
    return TRUE;
  g_set_error_literal (error, RP_ERROR, RP_ERROR_IO, local->message);
  return FALSE;
}

gboolean
cli_flush_output (GError **error)
{
  if (fflush (stdout) == 0 && !ferror (stdout))
    return TRUE;
  g_set_error (error, RP_ERROR, RP_ERROR_IO, "Cannot write to standard output: %s", g_strerror (errno));
  return FALSE;
}
