/* fetch-file URL FILE [SIZE [SHA256 [BACK-OFF-MS [STALL-SECONDS]]]]: a download without a window, for test-download.py,
 * which kills it. Prints what happens; the last line is "done" or the error's code and words. */
#include "models/transfer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static void
on_report (const RiposteTransferInfo *info, const GError *problem, gpointer user_data)
{
  static const char *const names[] = { "connecting", "checking", "receiving", "waiting", "verifying" };

  printf ("%s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %d %s\n", names[info->step], info->done, info->total,
          info->has_checksum, problem ? problem->message : "");
  fflush (stdout);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  RiposteTransferRequest request = { 0 };

  if (argc < 3)
    return 2;
  /* a file beyond its limit shall be an error like a full disk */
  signal (SIGXFSZ, SIG_IGN);
  request.url = argv[1];
  request.path = argv[2];
  request.size = argc > 3 ? g_ascii_strtoull (argv[3], NULL, 10) : 0;
  request.sha256 = argc > 4 && *argv[4] ? argv[4] : NULL;
  request.back_off_ms = argc > 5 ? atoi (argv[5]) : 1;
  request.stall_seconds = argc > 6 ? atoi (argv[6]) : 0;
  if (riposte_transfer_run (&request, on_report, NULL, NULL, &error))
    {
      printf ("done\n");
      return 0;
    }
  printf ("%s %d %s\n", g_quark_to_string (error->domain), error->code, error->message);
  return 1;
}
