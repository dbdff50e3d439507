#include "../gguf.h"
#include "../template.h"
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A template is a text; that of a model stands in its metadata. */
static RpTemplate *
load (const char *path, GError **error)
{
  g_autoptr (RpGguf) gguf = NULL;
  g_autofree char *text = NULL;
  const char *source;
  gsize length;
  FILE *file = strcmp (path, "-") ? fopen (path, "rb") : NULL;
  char magic[4] = "";
  gboolean is_gguf = file && fread (magic, 1, sizeof magic, file) == sizeof magic && memcmp (magic, "GGUF", 4) == 0;

  if (file)
    fclose (file);
  if (!is_gguf)
    return cli_read_all (path, &text, &length, error) ? rp_template_new (text, length, error) : NULL;
  gguf = rp_gguf_open (path, error);
  if (!gguf)
    return NULL;
  source = rp_gguf_get_string (gguf, "tokenizer.chat_template", &length);
  if (source)
    return rp_template_new (source, length, error);
  g_set_error_literal (error, RP_ERROR, RP_ERROR_TEMPLATE, "This model has no chat template");
  return NULL;
}

/* What a line gives, or why it gives nothing, as one line of JSON. */
static void
answer (const RpTemplate *template, GError *problem, const char *line, gsize length)
{
  g_autoptr (GError) error = problem ? g_error_copy (problem) : NULL;
  gsize n = 0;
  g_autofree char *text = problem ? NULL : rp_template_render_json (template, line, length, &n, &error);
  g_autoptr (GString) out = g_string_new (text ? "{\"output\": " : "{\"error\": ");

  cli_json_string (out, text ? text : error->message, text ? n : strlen (error->message));
  g_string_append_c (out, '}');
  puts (out->str);
}

/* One process for all lines; each answer is flushed, so that a program can talk with it through pipes. A template that
 * cannot be read is told once for each line, too. */
static gboolean
run_lines (const RpTemplate *template, GError *problem, GError **error)
{
  char *line = NULL;
  size_t capacity = 0;
  ssize_t length;
  gboolean ok = TRUE;

  while (ok && (length = getline (&line, &capacity, stdin)) >= 0)
    {
      if (strspn (line, " \t\r\n") == (gsize)length)
        continue;
      answer (template, problem, line, length);
      ok = cli_flush_output (error);
    }
  free (line);
  return ok;
}

static gboolean
run_whole (const RpTemplate *template, GError **error)
{
  g_autofree char *variables = NULL, *text = NULL;
  gsize length, n;

  if (!cli_read_all ("-", &variables, &length, error))
    return FALSE;
  text = rp_template_render_json (template, variables, length, &n, error);
  if (!text)
    return FALSE;
  fwrite (text, 1, n, stdout);
  return cli_flush_output (error);
}

int
rp_cmd_template (int argc, char **argv)
{
  gboolean json = FALSE;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "A JSON object a line in, {\"output\"} or {\"error\"} a line out", NULL },
    { NULL },
  };
  g_autoptr (RpTemplate) template = NULL;
  g_autoptr (GError) problem = NULL, error = NULL;
  int status
    = cli_parse (&argc, &argv, "TEMPLATE.jinja|MODEL.gguf",
                 "A JSON object of variables (messages, tools, add_generation_prompt, …) on standard input, the "
                 "prompt on standard output.",
                 entries, NULL, 1, 1);

  if (status)
    return status;
  template = load (argv[1], &problem);
  if (!template && !(json && g_error_matches (problem, RP_ERROR, RP_ERROR_TEMPLATE)))
    return cli_fail (problem);
  if (json ? run_lines (template, problem, &error) : run_whole (template, &error))
    return 0;
  return cli_fail (error);
}
