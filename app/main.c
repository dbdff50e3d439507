#include "application.h"
#include "network/network.h"

#include <glib/gi18n.h>
#include <locale.h>

int
main (int argc, char **argv)
{
  g_autoptr (RiposteApplication) app = NULL;
  const char *locale_dir;

  riposte_network_prepare ();
  setlocale (LC_ALL, "");
  /* ./run names what is built, but not installed */
  locale_dir = g_getenv ("RIPOSTE_LOCALE_DIR");
  bindtextdomain (GETTEXT_PACKAGE, locale_dir ? locale_dir : RIPOSTE_LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  app = riposte_application_new ();
  return g_application_run (G_APPLICATION (app), argc, argv);
}
