#include "../quantize.h"
#include "cli.h"

#include <stdio.h>
#include <unistd.h>

static gboolean
show_progress (double fraction, gpointer user_data)
{
  cli_show_bar ("Quantizing", fraction);
  return TRUE;
}

static void
print_stats (const RpQuantizeStats *stats, const RpMixture *mixture)
{
  printf ("%s: %u of %u tensors quantized, %.1f MiB to %.1f MiB\n", rp_mixture_get_name (mixture), stats->n_quantized,
          stats->n_tensors, (double)stats->bytes_in / 1048576, (double)stats->bytes_out / 1048576);
  if (stats->n_requantized)
    fprintf (stderr,
             "%s: %u of them had been quantized before, and their errors add up; from an F16 or BF16 file they would "
             "not\n",
             g_get_prgname (), stats->n_requantized);
}

int
rp_cmd_quantize (int argc, char **argv)
{
  int n_threads = 0;
  const GOptionEntry entries[] = {
    { "threads", 't', 0, G_OPTION_ARG_INT, &n_threads, "Threads (default: one a core)", "N" },
    { NULL },
  };
  RpQuantizeOptions options = { .cancel = cli_catch_signals () };
  RpQuantizeStats stats;
  g_autoptr (GError) error = NULL;
  const RpMixture *mixture;
  int status = cli_parse (&argc, &argv, "IN.gguf OUT.gguf TYPE",
                          "Writes a model with smaller weights. TYPE is Q8_0, Q6_K, Q5_K_M, Q4_K_M, Q4_0 or MXFP4 (of "
                          "the experts; the rest is Q8_0);\nor F32, which gives quantized weights as the numbers that "
                          "they are, to measure against.\nWhat is quantized already may be quantized again, at a "
                          "loss. OUT appears when it is whole.",
                          entries, NULL, 3, 3);

  if (status)
    return status;
  mixture = rp_mixture_find (argv[3], &error);
  if (!mixture || n_threads < 0 || n_threads > 1024)
    {
      cli_fail_text ("%s", mixture ? "--threads is out of range" : error->message);
      return 2;
    }
  options.n_threads = (guint)n_threads;
  if (isatty (STDERR_FILENO))
    options.progress = show_progress;
  gboolean done = rp_quantize_file (argv[1], argv[2], mixture, &options, &stats, &error);
  if (options.progress)
    cli_clear_bar ();
  if (!done)
    return cli_fail (error);
  print_stats (&stats, mixture);
  return cli_flush_output (&error) ? 0 : cli_fail (error);
}
