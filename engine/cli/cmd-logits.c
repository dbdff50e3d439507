#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_CHUNK 512
/* Of the context, as the reference's tool leaves it: a model with RoPE factors for short and for long contexts chooses
 * by its size, and at the border both should choose alike. */
#define HEADROOM      64

static gboolean
io_error (const char *path, GError **error)
{
  g_set_error (error, RP_ERROR, RP_ERROR_IO, "Cannot write “%s”: %s", path, g_strerror (errno));
  return FALSE;
}

/* Streams chunk after chunk, so that the memory in use does not grow with the text. */
static gboolean
write_logits (RpSession *session,
              guint n_vocab,
              GArray *tokens,
              guint chunk,
              FILE *file,
              const char *path,
              GError **error)
{
  g_autofree float *logits = g_try_new (float, (gsize)MIN (chunk, tokens->len) * n_vocab);

  if (!logits)
    {
      g_set_error_literal (error, RP_ERROR, RP_ERROR_MEMORY, "Out of memory; a smaller --batch takes less");
      return FALSE;
    }
  for (guint at = 0; at < tokens->len;)
    {
      guint n = MIN (chunk, tokens->len - at);

      if (!rp_session_logits (session, &g_array_index (tokens, RpToken, at), n, logits, cli_catch_signals (), error))
        return FALSE;
      if (fwrite (logits, sizeof *logits * n_vocab, n, file) != n)
        return io_error (path, error);
      at += n;
    }
  return TRUE;
}

/* A file that is not whole is removed; a device or a pipe is left alone. */
static gboolean
write_file (RpSession *session, guint n_vocab, GArray *tokens, guint chunk, const char *path, GError **error)
{
  FILE *file = fopen (path, "wbe");
  struct stat status;
  gboolean ok, regular;

  if (!file)
    return io_error (path, error);
  regular = fstat (fileno (file), &status) == 0 && S_ISREG (status.st_mode);
  ok = write_logits (session, n_vocab, tokens, chunk, file, path, error);
  if (fclose (file) != 0 && ok)
    ok = io_error (path, error);
  if (!ok && regular)
    unlink (path);
  return ok;
}

int
rp_cmd_logits (int argc, char **argv)
{
  g_auto (CliModelOptions) model_options = { 0 };
  g_autofree char *list = NULL, *out = NULL;
  const GOptionEntry entries[] = {
    { "tokens", 0, 0, G_OPTION_ARG_STRING, &list, "Token ids", "1,2,3" },
    { "out", 'o', 0, G_OPTION_ARG_FILENAME, &out, "Where the logits go: f32 [n_tokens, n_vocab]", "FILE" },
    { NULL },
  };
  g_autoptr (RpEngine) engine = NULL;
  g_autoptr (RpModel) model = NULL;
  g_autoptr (RpSession) session = NULL;
  g_autoptr (GArray) tokens = NULL;
  g_autoptr (GError) error = NULL;
  int status = cli_parse (&argc, &argv, "MODEL --tokens 1,2,3 --out FILE", "Writes the logits at every position.",
                          entries, cli_model_options (&model_options), 1, 1);
  guint chunk;

  if (status)
    return status;
  if (!list || !out)
    {
      cli_fail_text ("--tokens and --out are needed");
      return 2;
    }
  tokens = cli_parse_tokens (list, &error);
  if (!tokens)
    return cli_fail (error);
  if (tokens->len == 0)
    return cli_fail_text ("--tokens names no token");
  if (!cli_load (argv[1], &model_options, tokens->len + HEADROOM, &engine, &model, &session, &error))
    return cli_fail (error);
  chunk = model_options.n_batch ? model_options.n_batch : DEFAULT_CHUNK;
  if (!write_file (session, rp_model_get_n_vocab (model), tokens, chunk, out, &error))
    return cli_fail (error);
  return 0;
}
