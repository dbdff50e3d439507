#include "cli.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

typedef struct
{
  int n_prefill, n_decode, depth, repetitions;
  gboolean json;
} Options;

typedef struct
{
  double *prefill_tps, *decode_tps; /* [repetitions] */
  double load_s;
} Figures;

static double
now (void)
{
  return g_get_monotonic_time () / 1e6;
}

/* Speed does not depend on the text, so any tokens do; a fixed generator makes the same ones each time. */
static void
random_tokens (RpToken *tokens, guint n, guint n_vocab)
{
  guint32 state = 1;

  for (guint i = 0; i < n; i++)
    {
      state = state * 1664525u + 1013904223u;
      tokens[i] = (state >> 8) % n_vocab;
    }
}

static gboolean
time_prefill (RpSession *session, const RpToken *tokens, guint n, float *logits, double *seconds, GError **error)
{
  double start;

  rp_session_rewind (session, 0);
  start = now ();
  /* As for an answer: the logits of the last token are wanted, of the others not. */
  if (n > 1 && !rp_session_logits (session, tokens, n - 1, NULL, cli_catch_signals (), error))
    return FALSE;
  if (!rp_session_logits (session, tokens + n - 1, 1, logits, cli_catch_signals (), error))
    return FALSE;
  *seconds = now () - start;
  return TRUE;
}

static gboolean
time_decode (RpSession *session,
             const RpToken *tokens,
             guint depth,
             guint n,
             float *logits,
             double *seconds,
             GError **error)
{
  double start;

  rp_session_rewind (session, 0);
  if (depth && !rp_session_logits (session, tokens, depth, NULL, cli_catch_signals (), error))
    return FALSE;
  start = now ();
  for (guint i = 0; i < n; i++)
    if (!rp_session_logits (session, tokens + depth + i, 1, logits, cli_catch_signals (), error))
      return FALSE;
  *seconds = now () - start;
  return TRUE;
}

static gboolean
measure (RpModel *model, RpSession *session, const Options *options, Figures *figures, GError **error)
{
  guint n_vocab = rp_model_get_n_vocab (model);
  guint n_tokens = MAX (options->n_prefill, options->depth + options->n_decode) + 2;
  g_autofree RpToken *tokens = g_new (RpToken, n_tokens);
  g_autofree float *logits = g_new (float, n_vocab);
  double seconds;

  random_tokens (tokens, n_tokens, n_vocab);
  /* The first pass touches every weight and buffer; it is not counted. */
  if (!time_prefill (session, tokens, MAX (1, MIN (options->n_prefill, 64)), logits, &seconds, error))
    return FALSE;
  for (int r = 0; r < options->repetitions; r++)
    {
      if (options->n_prefill)
        {
          if (!time_prefill (session, tokens, options->n_prefill, logits, &seconds, error))
            return FALSE;
          figures->prefill_tps[r] = options->n_prefill / seconds;
        }
      if (options->n_decode)
        {
          if (!time_decode (session, tokens, options->depth, options->n_decode, logits, &seconds, error))
            return FALSE;
          figures->decode_tps[r] = options->n_decode / seconds;
        }
    }
  return TRUE;
}

static void
append_figures (GString *json, const char *name, const double *figures, guint n)
{
  g_string_append_printf (json, ", \"%s\": [", name);
  for (guint i = 0; i < n; i++)
    {
      char number[G_ASCII_DTOSTR_BUF_SIZE];
      g_string_append_printf (json, "%s%s", i ? ", " : "", g_ascii_formatd (number, sizeof number, "%.4f", figures[i]));
    }
  g_string_append_c (json, ']');
}

static guint64
peak_rss_bytes (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return (guint64)usage.ru_maxrss * 1024;
}

static void
print_json (RpModel *model, const Options *options, const Figures *figures)
{
  g_autoptr (GString) json = g_string_new ("{\"model\": ");
  const RpDeviceInfo *device = rp_model_get_device (model);
  g_autofree char *device_name = g_strdup_printf ("%s: %s", device->id, device->name);
  char load[G_ASCII_DTOSTR_BUF_SIZE];

  cli_json_string (json, rp_model_get_name (model), strlen (rp_model_get_name (model)));
  g_string_append (json, ", \"device\": ");
  cli_json_string (json, device_name, strlen (device_name));
  g_string_append_printf (json, ", \"n_prefill\": %d, \"n_decode\": %d, \"depth\": %d", options->n_prefill,
                          options->n_decode, options->depth);
  append_figures (json, "prefill_tps", figures->prefill_tps, options->n_prefill ? options->repetitions : 0);
  append_figures (json, "decode_tps", figures->decode_tps, options->n_decode ? options->repetitions : 0);
  g_string_append_printf (json, ", \"load_s\": %s, \"peak_rss_bytes\": %" G_GUINT64_FORMAT "}",
                          g_ascii_formatd (load, sizeof load, "%.4f", figures->load_s), peak_rss_bytes ());
  puts (json->str);
}

static int
compare (const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

static void
print_row (const char *name, double *figures, guint n)
{
  qsort (figures, n, sizeof *figures, compare);
  printf ("%-24s %9.2f tok/s  (%.2f … %.2f, %u times)\n", name, figures[n / 2], figures[0], figures[n - 1], n);
}

static void
print_text (RpModel *model, const Options *options, Figures *figures)
{
  const RpDeviceInfo *device = rp_model_get_device (model);
  g_autofree char *prefill = g_strdup_printf ("prefill %d", options->n_prefill);
  g_autofree char *decode = g_strdup_printf ("decode %d after %d", options->n_decode, options->depth);

  printf ("%s on %s: %s\n", rp_model_get_name (model), device->id, device->name);
  if (options->n_prefill)
    print_row (prefill, figures->prefill_tps, options->repetitions);
  if (options->n_decode)
    print_row (decode, figures->decode_tps, options->repetitions);
  printf ("loaded in %.2f s, at most %.0f MiB resident\n", figures->load_s, peak_rss_bytes () / 1048576.0);
}

static int
check (const Options *options)
{
  if (options->n_prefill >= 0 && options->n_decode >= 0 && options->depth >= 0 && options->repetitions > 0
      && options->n_prefill < 1 << 24 && options->n_decode < 1 << 24 && options->depth < 1 << 24
      && options->repetitions < 1 << 20)
    return 0;
  cli_fail_text ("-p, -n and -d cannot be negative, -r has to be positive, and none of them is that large");
  return 2;
}

int
rp_cmd_bench (int argc, char **argv)
{
  g_auto (CliModelOptions) model_options = { 0 };
  Options options = { .n_prefill = 512, .n_decode = 64, .repetitions = 3 };
  const GOptionEntry entries[] = {
    { "prefill", 'p', 0, G_OPTION_ARG_INT, &options.n_prefill, "Tokens of the prompt (default: 512; 0: none)", "N" },
    { "decode", 'n', 0, G_OPTION_ARG_INT, &options.n_decode, "Tokens to decode (default: 64; 0: none)", "N" },
    { "depth", 'd', 0, G_OPTION_ARG_INT, &options.depth, "Tokens in the cache when decoding starts", "DEPTH" },
    { "repetitions", 'r', 0, G_OPTION_ARG_INT, &options.repetitions, "How often (default: 3)", "N" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &options.json, "Print one JSON object", NULL },
    { NULL },
  };
  g_autoptr (RpEngine) engine = NULL;
  g_autoptr (RpModel) model = NULL;
  g_autoptr (RpSession) session = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree double *prefill = NULL, *decode = NULL;
  Figures figures = { 0 };
  double start;
  int status = cli_parse (&argc, &argv, "MODEL", "Measures the speed of prefill and of decoding.", entries,
                          cli_model_options (&model_options), 1, 1);

  if (status == 0)
    status = check (&options);
  if (status)
    return status;
  figures.prefill_tps = prefill = g_new0 (double, options.repetitions);
  figures.decode_tps = decode = g_new0 (double, options.repetitions);
  start = now ();
  if (!cli_load (argv[1], &model_options, MAX (options.n_prefill, options.depth + options.n_decode) + 2, &engine,
                 &model, &session, &error))
    return cli_fail (error);
  figures.load_s = now () - start;
  if (!measure (model, session, &options, &figures, &error))
    return cli_fail (error);
  if (options.json)
    print_json (model, &options, &figures);
  else
    print_text (model, &options, &figures);
  return cli_flush_output (&error) ? 0 : cli_fail (error);
}
