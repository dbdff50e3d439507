#include "cli.h"

#include "../printable.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct
{
  char *prompt, *prompt_file, *system, *fim_prefix, *fim_suffix, *fim_file;
  gboolean chat, special, ids, ignore_end, quiet;
  gboolean plain; /* the chat template could not be used */
  int n_predict, top_k;
  double temperature, top_p, min_p, repeat_penalty;
  gint64 seed;
} Options;

static void
options_clear (Options *options)
{
  g_free (options->prompt);
  g_free (options->prompt_file);
  g_free (options->system);
  g_free (options->fim_prefix);
  g_free (options->fim_suffix);
  g_free (options->fim_file);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static gboolean
read_prompt (const Options *options, char **prompt, gsize *length, GError **error)
{
  if (options->prompt)
    {
      *prompt = g_strdup (options->prompt);
      *length = strlen (options->prompt);
      return TRUE;
    }
  return cli_read_all (options->prompt_file, prompt, length, error);
}

/* In the model's own chat template; where that cannot be used, the reason is told, and plain text has to do. */
static GArray *
make_chat (RpModel *model, const RpChatMessage *messages, guint n, Options *options, GError **error)
{
  g_autoptr (GError) local = NULL;
  GArray *tokens = rp_model_chat_tokens (model, messages, n, 0, NULL, &local);

  if (tokens)
    return tokens;
  if (!g_error_matches (local, RP_ERROR, RP_ERROR_TEMPLATE))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  g_autofree char *line = rp_printable (local->message, -1, CLI_MAX_MESSAGE);
  g_autofree char *plain = rp_chat_plain_prompt (messages, n, 0);
  fprintf (stderr, "%s: %s; the question is asked in plain text\n", g_get_prgname (), line);
  options->plain = TRUE;
  return rp_model_tokenize (model, plain, -1, TRUE, FALSE, error);
}

/* The tokens that the model sees: the text as it is, or a question in the model's own chat template. */
static GArray *
make_prompt (RpModel *model, Options *options, GError **error)
{
  g_autofree char *text = NULL;
  gsize length;
  RpChatMessage messages[2];
  guint n = 0;

  if (options->fim_prefix)
    return rp_model_fim_prompt (model,
                                &(RpFimText){ .prefix = options->fim_prefix,
                                              .suffix = options->fim_suffix ? options->fim_suffix : "",
                                              .prefix_length = -1,
                                              .suffix_length = -1,
                                              .file_name = options->fim_file },
                                error);
  if (!read_prompt (options, &text, &length, error))
    return NULL;
  if (!options->chat)
    return rp_model_tokenize (model, text, length, TRUE, options->special, error);
  if (options->system)
    messages[n++] = (RpChatMessage){ "system", options->system };
  messages[n++] = (RpChatMessage){ "user", text };
  return make_chat (model, messages, n, options, error);
}

static gboolean
on_text (const char *text, gsize length, gpointer user_data)
{
  const Options *options = user_data;

  if (options->ids)
    return TRUE;
  fwrite (text, 1, length, stdout);
  return fflush (stdout) == 0;
}

static void
on_prefill (guint n_done, guint n_total, gpointer user_data)
{
  fprintf (stderr, "\rReading the prompt: %u of %u tokens", n_done, n_total);
  if (n_done == n_total)
    fputs ("\r\033[K", stderr);
}

static gboolean
run (RpModel *model, RpSession *session, GArray *prompt, Options *options, RpGenerateStats *stats, GError **error)
{
  g_autoptr (GArray) tokens = g_array_new (FALSE, FALSE, sizeof (RpToken));
  RpGenerateOptions generate = {
    .n_predict = options->n_predict,
    .sampler = {
      .temperature = options->temperature,
      .top_k = options->top_k,
      .top_p = options->top_p,
      .min_p = options->min_p,
      .repeat_penalty = options->repeat_penalty,
      .repeat_last_n = 64,
      .seed = options->seed,
    },
    .cancel = cli_catch_signals (),
    .prefill = !options->quiet && isatty (STDERR_FILENO) ? on_prefill : NULL,
    .text = on_text,
    .user_data = options,
    .tokens = tokens,
    .ignore_end = options->ignore_end,
    .until = options->plain ? RP_CHAT_PLAIN_END : NULL,
  };

  if (!rp_session_generate (session, (RpToken *)prompt->data, prompt->len, &generate, stats, error))
    return FALSE;
  for (guint i = 0; options->ids && i < tokens->len; i++)
    printf (i ? " %d" : "%d", g_array_index (tokens, RpToken, i));
  putchar ('\n');
  return cli_flush_output (error);
}

static void
print_stats (const RpGenerateStats *stats)
{
  guint n_fed = stats->n_prompt - stats->n_reused;

  fprintf (stderr, "%u tokens read in %.2f s (%.1f tok/s), %u made in %.2f s (%.1f tok/s)\n", n_fed,
           stats->prefill_seconds, n_fed / MAX (1e-9, stats->prefill_seconds), stats->n_decoded, stats->decode_seconds,
           stats->n_decoded / MAX (1e-9, stats->decode_seconds));
}

static int
check (const Options *options)
{
  if (!!options->prompt + !!options->prompt_file + !!options->fim_prefix != 1
      || (!options->fim_prefix && (options->fim_suffix || options->fim_file)) || (options->fim_prefix && options->chat))
    {
      cli_fail_text ("one of --prompt, --prompt-file and --fim-prefix is needed");
      return 2;
    }
  if (options->n_predict < 0 || options->top_k < 0)
    {
      cli_fail_text ("-n and --top-k cannot be negative");
      return 2;
    }
  return 0;
}

/* An answer should end by itself; a text that is gone on with need not. */
static void
print_end (const Options *options, RpStopReason stop)
{
  if (options->chat && stop == RP_STOP_LENGTH)
    fprintf (stderr, "The answer was cut short: it reached the limit of its tokens\n");
  else if (stop == RP_STOP_CONTEXT)
    fprintf (stderr, "The context is full, so the %s ends here\n", options->chat ? "answer" : "text");
}

int
rp_cmd_generate (int argc, char **argv)
{
  g_auto (CliModelOptions) model_options = { 0 };
  g_auto (Options) options = { .top_p = 1, .repeat_penalty = 1, .seed = g_get_real_time () };
  /* Text is taken as file names are: byte for byte, whatever the locale can say. */
  const GOptionEntry entries[] = {
    { "prompt", 'p', 0, G_OPTION_ARG_FILENAME, &options.prompt, "The prompt", "TEXT" },
    { "prompt-file", 'f', 0, G_OPTION_ARG_FILENAME, &options.prompt_file, "The prompt; -: standard input", "FILE" },
    { "chat", 0, 0, G_OPTION_ARG_NONE, &options.chat, "Ask it in the model's chat template", NULL },
    { "system", 0, 0, G_OPTION_ARG_FILENAME, &options.system, "With --chat: the system message", "TEXT" },
    { "fim-prefix", 0, 0, G_OPTION_ARG_FILENAME, &options.fim_prefix, "Fill in what follows this text", "TEXT" },
    { "fim-suffix", 0, 0, G_OPTION_ARG_FILENAME, &options.fim_suffix, "With --fim-prefix: what comes behind", "TEXT" },
    { "fim-file", 0, 0, G_OPTION_ARG_FILENAME, &options.fim_file, "With --fim-prefix: the name of the file", "NAME" },
    { "special", 0, 0, G_OPTION_ARG_NONE, &options.special, "Read special tokens that stand in the prompt", NULL },
    { "predict", 'n', 0, G_OPTION_ARG_INT, &options.n_predict, "Most tokens to make (default: what fits)", "N" },
    { "temp", 0, 0, G_OPTION_ARG_DOUBLE, &options.temperature, "Temperature; 0 is greedy (default: 0)", "T" },
    { "top-k", 0, 0, G_OPTION_ARG_INT, &options.top_k, "Draw from the K likeliest; 0: off (default)", "K" },
    { "top-p", 0, 0, G_OPTION_ARG_DOUBLE, &options.top_p, "Draw from the likeliest that hold P; 1: off (default)",
      "P" },
    { "min-p", 0, 0, G_OPTION_ARG_DOUBLE, &options.min_p, "Leave out what is below P of the likeliest", "P" },
    { "repeat-penalty", 0, 0, G_OPTION_ARG_DOUBLE, &options.repeat_penalty, "1: off (default)", "R" },
    { "seed", 's', 0, G_OPTION_ARG_INT64, &options.seed, "Seed of the draws (default: the time)", "S" },
    { "ids", 0, 0, G_OPTION_ARG_NONE, &options.ids, "Print token ids in place of text", NULL },
    { "ignore-end", 0, 0, G_OPTION_ARG_NONE, &options.ignore_end, "Go on where the model would end", NULL },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &options.quiet, "Nothing but errors on standard error", NULL },
    { NULL },
  };
  g_autoptr (RpEngine) engine = NULL;
  g_autoptr (RpModel) model = NULL;
  g_autoptr (RpSession) session = NULL;
  g_autoptr (GArray) prompt = NULL;
  g_autoptr (GError) error = NULL;
  RpGenerateStats stats = { 0 };
  int status = cli_parse (&argc, &argv, "MODEL --prompt TEXT", "Continues a prompt, or with --chat answers it.",
                          entries, cli_model_options (&model_options), 1, 1);

  if (status == 0)
    status = check (&options);
  if (status)
    return status;
  if (!cli_load (argv[1], &model_options, 0, &engine, &model, &session, &error))
    return cli_fail (error);
  prompt = make_prompt (model, &options, &error);
  if (!prompt || !run (model, session, prompt, &options, &stats, &error))
    return cli_fail (error);
  if (!options.quiet)
    {
      print_end (&options, stats.stop);
      print_stats (&stats);
    }
  return stats.stop == RP_STOP_CANCELLED ? 130 : 0;
}
