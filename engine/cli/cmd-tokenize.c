#include "../tokenizer.h"
#include "cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct
{
  gboolean detokenize, json, special, add_special;
} Options;

static void
print_tokens (GArray *tokens, gboolean json)
{
  if (json)
    putchar ('[');
  for (guint i = 0; i < tokens->len; i++)
    printf ("%s%d", i ? (json ? ", " : " ") : "", g_array_index (tokens, RpToken, i));
  puts (json ? "]" : "");
}

static void
encode (const RpTokenizer *tokenizer, const Options *options, const char *text, gsize length)
{
  g_autoptr (GArray) tokens = g_array_new (FALSE, FALSE, sizeof (RpToken));

  rp_tokenizer_encode (tokenizer, text, length, options->add_special, options->special, tokens);
  print_tokens (tokens, options->json);
}

static gboolean
decode (const RpTokenizer *tokenizer, const Options *options, const char *text, GError **error)
{
  g_autoptr (GArray) tokens = cli_parse_tokens (text, error);
  g_autoptr (GString) out = g_string_new (NULL);

  if (!tokens)
    return FALSE;
  for (guint i = 0; i < tokens->len; i++)
    {
      RpToken token = g_array_index (tokens, RpToken, i);

      if (token < 0 || (guint)token >= rp_tokenizer_get_n_tokens (tokenizer))
        {
          g_set_error (error, RP_ERROR, RP_ERROR_ARGUMENT, "Token %d is not within the vocabulary of %u", token,
                       rp_tokenizer_get_n_tokens (tokenizer));
          return FALSE;
        }
      rp_tokenizer_decode (tokenizer, token, TRUE, out);
    }
  if (options->json)
    {
      g_autoptr (GString) quoted = g_string_new (NULL);
      cli_json_string (quoted, out->str, out->len);
      puts (quoted->str);
    }
  else
    fwrite (out->str, 1, out->len, stdout);
  return TRUE;
}

/* One process for all lines; each answer is flushed, so that a program can talk with it through pipes. */
static gboolean
run_lines (const RpTokenizer *tokenizer, const Options *options, GError **error)
{
  char *line = NULL;
  size_t capacity = 0;
  ssize_t length;
  gboolean ok = TRUE;

  while (ok && (length = getline (&line, &capacity, stdin)) >= 0)
    {
      g_autoptr (GString) text = g_string_new (NULL);

      if (options->detokenize)
        ok = decode (tokenizer, options, line, error);
      else if ((ok = cli_json_parse_string (line, text, error)))
        encode (tokenizer, options, text->str, text->len);
      ok = ok && cli_flush_output (error);
    }
  free (line);
  return ok;
}

static gboolean
run (const RpTokenizer *tokenizer, const Options *options, GError **error)
{
  g_autofree char *text = NULL;
  gsize length;

  if (options->json)
    return run_lines (tokenizer, options, error);
  if (!cli_read_all ("-", &text, &length, error))
    return FALSE;
  if (options->detokenize)
    return decode (tokenizer, options, text, error) && cli_flush_output (error);
  encode (tokenizer, options, text, length);
  return cli_flush_output (error);
}

int
rp_cmd_tokenize (int argc, char **argv)
{
  Options options = { 0 };
  const GOptionEntry entries[] = {
    { "detokenize", 0, 0, G_OPTION_ARG_NONE, &options.detokenize, "Turn ids into text", NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &options.json, "A JSON string a line in, an array of ids a line out", NULL },
    { "special", 0, 0, G_OPTION_ARG_NONE, &options.special, "Read special tokens that stand in the text", NULL },
    { "add-special", 0, 0, G_OPTION_ARG_NONE, &options.add_special, "Add BOS and EOS where the model wants them",
      NULL },
    { NULL },
  };
  g_autoptr (RpGguf) gguf = NULL;
  g_autoptr (RpTokenizer) tokenizer = NULL;
  g_autoptr (GError) error = NULL;
  int status
    = cli_parse (&argc, &argv, "MODEL", "Text on standard input, token ids on standard output.", entries, NULL, 1, 1);

  if (status)
    return status;
  gguf = rp_gguf_open (argv[1], &error);
  if (!gguf)
    return cli_fail (error);
  if (!rp_gguf_has (gguf, "tokenizer.ggml.model"))
    return cli_fail_text ("This model has no vocabulary");
  tokenizer = rp_tokenizer_new (gguf, &error);
  if (!tokenizer || !run (tokenizer, &options, &error))
    return cli_fail (error);
  return 0;
}
