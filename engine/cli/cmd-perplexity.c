/* How well a model predicts a text, and how far its logits are from saved ones.
 *
 * Without a reference, the text is cut into chunks of --ctx tokens, each a timeline of its own that begins with the
 * BOS token where the model wants one; the tokens of a chunk's second half are scored, so that each has half a context
 * before it. What is left at the end and fills no chunk is not scored, unless it is all there is. That is how
 * llama-perplexity has it. With a reference, the text is one timeline of as many tokens as the reference has rows, and
 * every position is compared.
 */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_CHUNK 512
#define ROWS          64 /* of logits in memory at once */

typedef struct
{
  char *reference;
  gboolean json, special, add_special;
} Options;

typedef struct
{
  FILE *reference; /* NULL: none */
  const char *path;
  guint n_vocab;
  float *logits, *expected; /* [ROWS, n_vocab]; expected: of the reference */
  guint n_chunks;
  guint64 n_done, n_total; /* tokens fed, for the bar */
  gboolean bar;
  /* of the predictions whose token is known */
  guint64 n_scored;
  double loss, loss_squared, reference_loss;
  /* of all positions that were compared */
  GArray *divergence; /* double */
  guint64 n_same;     /* where the likeliest token is the reference's */
} Score;

static void
score_clear (Score *score)
{
  g_clear_pointer (&score->reference, fclose);
  g_clear_pointer (&score->divergence, g_array_unref);
  g_free (score->logits);
  g_free (score->expected);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Score, score_clear)

static gboolean fail (GError **error, int code, const char *format, ...) G_GNUC_PRINTF (3, 4);

static gboolean
fail (GError **error, int code, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_propagate_error (error, g_error_new_valist (RP_ERROR, code, format, args));
  va_end (args);
  return FALSE;
}

/* ---- one position ---- */

/* log Σ e^x, and where x is largest */
static double
log_sum (const float *x, guint n, guint *best)
{
  double sum = 0;
  guint b = 0;

  for (guint i = 1; i < n; i++)
    if (x[i] > x[b])
      b = i;
  for (guint i = 0; i < n; i++)
    sum += exp ((double)x[i] - (double)x[b]);
  *best = b;
  return (double)x[b] + log (sum);
}

/* Σ p (log p - log q), with p the reference's probabilities */
static double
divergence (const float *p, double log_p, const float *q, double log_q, guint n)
{
  double sum = 0;

  for (guint i = 0; i < n; i++)
    {
      double lp = (double)p[i] - log_p;
      sum += exp (lp) * (lp - ((double)q[i] - log_q));
    }
  return sum;
}

/* next: the token that follows, or -1 */
static gboolean
score_position (Score *score, const float *logits, const float *expected, RpToken next, GError **error)
{
  guint best, expected_best;
  double log_q = log_sum (logits, score->n_vocab, &best);

  if (next >= 0)
    {
      double loss = log_q - (double)logits[next];
      score->loss += loss;
      score->loss_squared += loss * loss;
      score->n_scored++;
    }
  if (!expected)
    return TRUE;
  double log_p = log_sum (expected, score->n_vocab, &expected_best);
  double d = divergence (expected, log_p, logits, log_q, score->n_vocab);
  if (!isfinite (d))
    return fail (error, RP_ERROR_FORMAT, "“%s” holds values that are no logits", score->path);
  d = MAX (d, 0); /* rounding */
  if (next >= 0)
    score->reference_loss += log_p - (double)expected[next];
  g_array_append_val (score->divergence, d);
  score->n_same += best == expected_best;
  return TRUE;
}

/* ---- a timeline ---- */

static void
tell (Score *score, guint n)
{
  score->n_done += n;
  if (score->bar)
    cli_show_bar ("Scoring", (double)score->n_done / (double)score->n_total);
}

static gboolean
read_expected (Score *score, guint n, GError **error)
{
  if (!score->reference || fread (score->expected, sizeof (float) * score->n_vocab, n, score->reference) == n)
    return TRUE;
  return fail (error, RP_ERROR_IO, "Cannot read “%s”: %s", score->path,
               ferror (score->reference) ? g_strerror (errno) : "it became shorter");
}

/* Positions from @first on are scored. */
static gboolean
score_timeline (Score *score, RpSession *session, const RpToken *tokens, guint n, guint first, GError **error)
{
  rp_session_rewind (session, 0);
  if (first && !rp_session_logits (session, tokens, first, NULL, cli_catch_signals (), error))
    return FALSE;
  tell (score, first);
  for (guint at = first; at < n;)
    {
      guint rows = MIN (ROWS, n - at);
      if (!rp_session_logits (session, tokens + at, rows, score->logits, cli_catch_signals (), error)
          || !read_expected (score, rows, error))
        return FALSE;
      for (guint r = 0; r < rows; r++)
        {
          gsize row = (gsize)r * score->n_vocab;
          RpToken next = at + r + 1 < n ? tokens[at + r + 1] : -1;
          if (!score_position (score, score->logits + row, score->reference ? score->expected + row : NULL, next,
                               error))
            return FALSE;
        }
      at += rows;
      tell (score, rows);
    }
  return TRUE;
}

/* The token that the model wants before a text, or -1. */
static RpToken
first_token (RpModel *model)
{
  g_autoptr (GArray) with = rp_model_tokenize (model, "a", 1, TRUE, FALSE, NULL);
  g_autoptr (GArray) without = rp_model_tokenize (model, "a", 1, FALSE, FALSE, NULL);
  RpToken first = with && with->len ? g_array_index (with, RpToken, 0) : -1;

  return without && without->len && g_array_index (without, RpToken, 0) != first ? first : -1;
}

static gboolean
score_chunks (Score *score, RpModel *model, RpSession *session, GArray *tokens, GError **error)
{
  guint n = MIN (rp_session_get_n_context (session), tokens->len);
  g_autoptr (GArray) chunk = g_array_sized_new (FALSE, FALSE, sizeof (RpToken), n);
  RpToken first = first_token (model);

  score->n_chunks = tokens->len / n;
  score->n_total = (guint64)score->n_chunks * n;
  for (guint i = 0; i < score->n_chunks; i++)
    {
      g_array_set_size (chunk, 0);
      g_array_append_vals (chunk, &g_array_index (tokens, RpToken, i * n), n);
      if (first >= 0)
        g_array_index (chunk, RpToken, 0) = first;
      if (!score_timeline (score, session, (RpToken *)chunk->data, n, n / 2, error))
        return FALSE;
    }
  return TRUE;
}

/* ---- what is printed ---- */

static int
compare (gconstpointer a, gconstpointer b)
{
  double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

typedef struct
{
  double perplexity, deviation, reference_perplexity; /* deviation: of the perplexity, one standard error */
  double mean, p99, largest, same;
} Figures;

static Figures
figures_of (Score *score)
{
  double n = MAX (1, (double)score->n_scored), mean = score->loss / n;
  double variance = MAX (0, score->loss_squared / n - mean * mean);
  Figures f = { .perplexity = exp (mean), .reference_perplexity = exp (score->reference_loss / n) };
  guint n_compared = score->divergence->len;

  f.deviation = f.perplexity * sqrt (variance / MAX (1, n - 1));
  if (n_compared == 0)
    return f;
  g_array_sort (score->divergence, compare);
  for (guint i = 0; i < n_compared; i++)
    f.mean += g_array_index (score->divergence, double, i) / n_compared;
  f.p99 = g_array_index (score->divergence, double, (guint)ceil (0.99 * n_compared) - 1);
  f.largest = g_array_index (score->divergence, double, n_compared - 1);
  f.same = (double)score->n_same / n_compared;
  return f;
}

static void
append_figure (GString *json, const char *name, double figure)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_printf (json, ", \"%s\": %s", name,
                          isfinite (figure) ? g_ascii_formatd (number, sizeof number, "%.8g", figure) : "null");
}

static void
print_json (RpModel *model, const Score *score, const Figures *f)
{
  g_autoptr (GString) json = g_string_new ("{\"model\": ");

  cli_json_string (json, rp_model_get_name (model), (gsize)strlen (rp_model_get_name (model)));
  g_string_append_printf (json,
                          ", \"n_tokens\": %" G_GUINT64_FORMAT ", \"n_chunks\": %u, \"n_scored\": %" G_GUINT64_FORMAT,
                          score->n_total, score->n_chunks, score->n_scored);
  append_figure (json, "perplexity", score->n_scored ? f->perplexity : NAN);
  append_figure (json, "perplexity_error", score->n_scored ? f->deviation : NAN);
  if (score->reference)
    {
      g_string_append_printf (json, ", \"n_compared\": %u", score->divergence->len);
      append_figure (json, "reference_perplexity", score->n_scored ? f->reference_perplexity : NAN);
      append_figure (json, "kl_mean", f->mean);
      append_figure (json, "kl_p99", f->p99);
      append_figure (json, "kl_max", f->largest);
      append_figure (json, "top1", f->same);
    }
  g_string_append_c (json, '}');
  puts (json->str);
}

static void
print_text (const Score *score, const Figures *f)
{
  if (score->n_scored)
    printf ("perplexity        %.4f ± %.4f   (%" G_GUINT64_FORMAT " predictions, %u chunk%s)\n", f->perplexity,
            f->deviation, score->n_scored, score->n_chunks, score->n_chunks == 1 ? "" : "s");
  if (!score->reference)
    return;
  if (score->n_scored)
    printf ("of the reference  %.4f\n", f->reference_perplexity);
  printf ("KL divergence     %.6f mean, %.6f 99th percentile, %.6f largest   (%u positions)\n", f->mean, f->p99,
          f->largest, score->divergence->len);
  printf ("same top token    %.2f %%\n", f->same * 100);
}

/* ---- the command ---- */

static gboolean
open_reference (Score *score, const char *path, guint64 *n_rows, GError **error)
{
  struct stat status;
  guint64 row = sizeof (float) * (guint64)score->n_vocab;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

  score->path = path;
  score->reference = fd >= 0 ? fdopen (fd, "rb") : NULL;
  if (!score->reference || fstat (fd, &status) != 0)
    {
      int code = errno;
      if (fd >= 0 && !score->reference)
        close (fd);
      return fail (error, RP_ERROR_IO, "Cannot open “%s”: %s", path, g_strerror (code));
    }
  if (!S_ISREG (status.st_mode))
    return fail (error, RP_ERROR_IO, "Cannot open “%s”: it is not a regular file", path);
  *n_rows = (guint64)status.st_size / row;
  if (*n_rows == 0 || (guint64)status.st_size % row)
    return fail (error, RP_ERROR_FORMAT,
                 "“%s” has %" G_GUINT64_FORMAT " bytes: no logits of this model, whose rows take %" G_GUINT64_FORMAT,
                 path, (guint64)status.st_size, row);
  return TRUE;
}

/* n_rows: of the reference; 0: there is none */
static gboolean
run (RpModel *model,
     GArray *tokens,
     const Options *options,
     guint64 n_rows,
     RpSessionOptions session_options,
     Score *score,
     GError **error)
{
  g_autoptr (RpSession) session = NULL;

  if (tokens->len < 2 || n_rows > tokens->len)
    return tokens->len < 2
             ? fail (error, RP_ERROR_ARGUMENT, "The text has no two tokens")
             : fail (error, RP_ERROR_ARGUMENT,
                     "The reference has %" G_GUINT64_FORMAT " rows and the text %u tokens: it is of another text%s",
                     n_rows, tokens->len, options->add_special ? "" : ", or of one with --add-special");
  score->logits = g_try_new (float, (gsize)ROWS * score->n_vocab);
  score->expected = g_try_new (float, score->reference ? (gsize)ROWS * score->n_vocab : 1);
  if (!score->logits || !score->expected)
    return fail (error, RP_ERROR_MEMORY, "Out of memory");
  if (n_rows)
    session_options.n_context = (guint)n_rows;
  session = rp_session_new (model, &session_options, error);
  if (!session)
    return FALSE;
  if (!n_rows)
    return score_chunks (score, model, session, tokens, error);
  score->n_chunks = 1;
  score->n_total = n_rows;
  return score_timeline (score, session, (RpToken *)tokens->data, (guint)n_rows, 0, error);
}

int
rp_cmd_perplexity (int argc, char **argv)
{
  g_auto (CliModelOptions) model_options = { 0 };
  Options options = { 0 };
  const GOptionEntry entries[] = {
    { "reference", 0, 0, G_OPTION_ARG_FILENAME, &options.reference,
      "Compare with these logits, f32 [n_tokens, n_vocab] as the command logits writes them", "LOGITS" },
    { "special", 0, 0, G_OPTION_ARG_NONE, &options.special, "Read special tokens that stand in the text", NULL },
    { "add-special", 0, 0, G_OPTION_ARG_NONE, &options.add_special,
      "With --reference: add BOS and EOS where the model wants them", NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &options.json, "Print one JSON object", NULL },
    { NULL },
  };
  g_autoptr (RpEngine) engine = NULL;
  g_autoptr (RpModel) model = NULL;
  g_autoptr (GArray) tokens = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL, *reference = NULL;
  g_auto (Score) score = { .bar = isatty (STDERR_FILENO) };
  gsize length;
  guint64 n_rows = 0;
  int status = cli_parse (
    &argc, &argv, "MODEL FILE",
    "How well a model predicts a text (- is standard input).\n\nThe text is cut into chunks of --ctx tokens (default: "
    "512), and the second half of each is scored.\nWith --reference it is one timeline, as long as the reference, and "
    "every position is compared:\nthe KL divergence of the model's probabilities from the reference's, and whether "
    "the likeliest token is the same.",
    entries, cli_model_options (&model_options), 2, 2);

  if (status)
    return status;
  reference = options.reference;
  score.divergence = g_array_new (FALSE, FALSE, sizeof (double));
  if (!cli_read_all (argv[2], &text, &length, &error)
      || !cli_load (argv[1], &model_options, 0, &engine, &model, NULL, &error))
    return cli_fail (error);
  score.n_vocab = rp_model_get_n_vocab (model);
  if (reference && !open_reference (&score, reference, &n_rows, &error))
    return cli_fail (error);
  tokens = rp_model_tokenize (model, text, (gssize)length, options.add_special && reference, options.special, &error);
  if (!tokens)
    return cli_fail (error);
  gboolean done
    = run (model, tokens, &options, n_rows, cli_session_options (&model_options, DEFAULT_CHUNK), &score, &error);
  if (score.bar)
    cli_clear_bar ();
  if (!done)
    return cli_fail (error);
  Figures figures = figures_of (&score);
  if (options.json)
    print_json (model, &score, &figures);
  else
    print_text (&score, &figures);
  return cli_flush_output (&error) ? 0 : cli_fail (error);
}
