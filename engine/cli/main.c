#include "cli.h"
#include "config.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

static const struct
{
  const char *name;
  int (*run) (int argc, char **argv);
  const char *summary;
} commands[] = {
  { "devices", rp_cmd_devices, "List the devices that a model can run on" },
  { "inspect", rp_cmd_inspect, "Show what a model file holds" },
  { "tokenize", rp_cmd_tokenize, "Turn text on standard input into token ids, or back" },
  { "template", rp_cmd_template, "Render conversations in a chat template" },
  { "generate", rp_cmd_generate, "Continue a prompt, or answer it" },
  { "logits", rp_cmd_logits, "Write the logits at every position of given tokens" },
  { "bench", rp_cmd_bench, "Measure the speed of prefill and decode" },
  { "perplexity", rp_cmd_perplexity, "Tell how well a model predicts a text, and compare logits" },
  { "quantize", rp_cmd_quantize, "Write a model with smaller weights" },
};

static int
finish (void)
{
  g_autoptr (GError) error = NULL;

  return cli_flush_output (&error) ? 0 : cli_fail (error);
}

static void
print_help (FILE *out)
{
  fputs ("Usage: riposte-engine COMMAND [OPTION…] [ARGUMENT…]\n\nCommands:\n", out);
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    fprintf (out, "  %-12s%s\n", commands[i].name, commands[i].summary);
  fputs ("\n  --version   Show the version\n  --help      Show this; after a command, show its options\n", out);
}

int
main (int argc, char **argv)
{
  /* Characters of the user's locale, but numbers as programs read them. */
  setlocale (LC_CTYPE, "");
  g_set_prgname ("riposte-engine");
  if (argc < 2)
    {
      print_help (stderr);
      return 2;
    }
  if (strcmp (argv[1], "--version") == 0)
    {
      puts ("riposte-engine " RIPOSTE_VERSION);
      return finish ();
    }
  if (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0 || strcmp (argv[1], "help") == 0)
    {
      print_help (stdout);
      return finish ();
    }
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    if (strcmp (argv[1], commands[i].name) == 0)
      {
        g_autofree char *name = g_strconcat ("riposte-engine ", commands[i].name, NULL);
        g_set_prgname (name);
        return commands[i].run (argc - 1, argv + 1);
      }
  fprintf (stderr, "riposte-engine: there is no command “%s”; see riposte-engine --help\n", argv[1]);
  return 2;
}
