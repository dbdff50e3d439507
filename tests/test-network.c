/* The switch of the network and the list of requests. */
#include "network/network-private.h"

#include <glib/gstdio.h>
#include <string.h>

static char *
log_path (void)
{
  return g_build_filename (g_get_user_state_dir (), "riposte", "requests.log", NULL);
}

static char *
read_log (void)
{
  g_autofree char *path = log_path ();
  char *text = NULL;

  riposte_network_flush ();
  return g_file_get_contents (path, &text, NULL, NULL) ? text : g_strdup ("");
}

static RiposteNetworkRequest *
begin (const char *url, GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  RiposteNetworkRequest *request = riposte_network_begin (RIPOSTE_NETWORK_CHAT, "POST", url, cancellable, &error);

  g_assert_no_error (error);
  return request;
}

static void
forget (void)
{
  riposte_network_forget (riposte_network_get_default ());
  riposte_network_flush (); /* before this case's folders go */
}

static void
test_switch (void)
{
  RiposteNetwork *network = riposte_network_get_default ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GCancellable) ended = g_cancellable_new ();
  g_autoptr (RiposteNetworkRequest) running = begin ("https://one.example/v1", cancellable);
  g_autoptr (RiposteNetworkRequest) done = begin ("https://two.example/v1", ended);
  g_autoptr (GError) error = NULL;

  riposte_network_request_end (done, RIPOSTE_NETWORK_DONE, 200);
  g_assert_true (riposte_network_is_allowed ());
  g_object_set (network, "allowed", FALSE, NULL);
  g_assert_false (riposte_network_is_allowed ());
  g_assert_true (g_cancellable_is_cancelled (cancellable));
  g_assert_false (g_cancellable_is_cancelled (ended));

  guint n = g_list_model_get_n_items (G_LIST_MODEL (network));
  g_assert_null (riposte_network_begin (RIPOSTE_NETWORK_CHAT, "GET", "https://a.example/", NULL, &error));
  g_assert_error (error, RIPOSTE_NETWORK_ERROR, RIPOSTE_NETWORK_ERROR_OFF);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (network)), ==, n);
  g_object_set (network, "allowed", TRUE, NULL);
  g_assert_true (riposte_network_check (NULL));
  riposte_network_request_end (running, RIPOSTE_NETWORK_CANCELLED, 0);
  forget ();
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (network)), ==, 0);
}

/* What only who asks should know stays out of the list and of the log. */
static void
test_url (void)
{
  static const char *const cases[][2] = {
    { "https://user:canary@host.example:8443/v1/chat?key=canary#canary", "https://host.example:8443/v1/chat" },
    { "http://[::1]:80/v1", "http://[::1]:80/v1" },
    { "https://host.example/a%09b%0Aend?x=canary", "https://host.example/a%09b%0Aend" },
    { "no address canary", "?" },
    { "https://host.example/\tx\n", "https://host.example/%09x%0A" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RiposteNetworkRequest) request = begin (cases[i][0], NULL);

      g_assert_cmpstr (riposte_network_request_get_url (request), ==, cases[i][1]);
      riposte_network_request_end (request, RIPOSTE_NETWORK_DONE, 200);
    }
  g_autofree char *log = read_log ();
  g_assert_nonnull (strstr (log, "host.example"));
  g_assert_null (strstr (log, "canary"));
  forget ();
}

static void
test_list (void)
{
  GListModel *list = G_LIST_MODEL (riposte_network_get_default ());
  g_autoptr (RiposteNetworkRequest) first = begin ("https://one.example/", NULL);
  g_autoptr (RiposteNetworkRequest) second = begin ("https://two.example/", NULL);
  g_autoptr (RiposteNetworkRequest) top = g_list_model_get_item (list, 0);

  g_assert_true (top == second);
  riposte_network_request_add_sent (first, 10);
  riposte_network_request_add_received (first, 20);
  riposte_network_request_add_received (first, 5);
  riposte_network_request_end (first, RIPOSTE_NETWORK_FAILED, 429);
  riposte_network_request_end (first, RIPOSTE_NETWORK_DONE, 200); /* too late */
  g_assert_cmpuint (riposte_network_request_get_received (first), ==, 25);
  g_assert_cmpint (riposte_network_request_get_outcome (first), ==, RIPOSTE_NETWORK_FAILED);
  forget ();
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 1); /* what runs stays */

  for (guint i = 0; i < 2100; i++)
    {
      g_autoptr (RiposteNetworkRequest) request = begin ("https://many.example/", NULL);
      riposte_network_request_end (request, RIPOSTE_NETWORK_DONE, 200);
    }
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 2000);
  g_autoptr (RiposteNetworkRequest) last = g_list_model_get_item (list, 1999);
  g_assert_true (last == second);
  riposte_network_request_end (second, RIPOSTE_NETWORK_DONE, 200);
  forget ();
}

static void
test_log (void)
{
  g_autoptr (RiposteNetworkRequest) request = begin ("https://one.example/v1", NULL);
  g_autoptr (RiposteNetworkRequest) lost = begin ("https://two.example/v1", NULL);

  riposte_network_request_add_sent (request, 123);
  riposte_network_request_add_received (request, 456);
  riposte_network_request_end (request, RIPOSTE_NETWORK_FAILED, 503);

  g_autofree char *log = read_log ();
  g_autoptr (GPtrArray) entries = riposte_network_log_parse (log, strlen (log));
  g_assert_cmpuint (entries->len, ==, 2);
  const RiposteNetworkEntry *entry = entries->pdata[0];
  g_assert_cmpstr (entry->url, ==, "https://one.example/v1");
  g_assert_cmpstr (entry->purpose, ==, "chat");
  g_assert_cmpint (entry->time, ==, riposte_network_request_get_time (request));
  g_assert_cmpint (entry->outcome, ==, RIPOSTE_NETWORK_FAILED);
  g_assert_cmpuint (entry->status, ==, 503);
  g_assert_cmpuint (entry->sent, ==, 123);
  g_assert_cmpuint (entry->received, ==, 456);
  entry = entries->pdata[1];
  g_assert_cmpint (entry->outcome, ==, RIPOSTE_NETWORK_LOST);

  riposte_network_request_end (lost, RIPOSTE_NETWORK_DONE, 200);
  forget ();
  g_autofree char *empty = read_log ();
  g_assert_cmpstr (empty, ==, "");
}

/* Whatever stands in the file, reading it comes to an end. */
static void
test_broken_log (void)
{
  static const char *const texts[] = {
    "",
    "\n\n",
    "begin",
    "begin\t\t\t\t\t",
    "end\tx\t9\t9\t9\t9\n",
    "begin\ta\t1\tchat\tGET\tu\nend\ta\t77\t1\t1\t1\n",
    "begin\ta\t1\tchat\tGET\tu\nbegin\ta\t1\tchat\tGET\tu\n",
    "\xff\xfe\t\xff\n",
  };
  static const guint n[] = { 0, 0, 0, 1, 0, 1, 1, 0 };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GPtrArray) entries = riposte_network_log_parse (texts[i], strlen (texts[i]));
      g_assert_cmpuint (entries->len, ==, n[i]);
    }
}

/* The older part goes, at a line's end, once the file is too large. */
static void
test_large_log (void)
{
  g_autofree char *path = log_path ();
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; text->len < 600 * 1024; i++)
    g_string_append_printf (text, "begin\told-%u\t1\tchat\tPOST\thttps://old.example/\n", i);
  g_autoptr (RiposteNetworkRequest) request = begin ("https://new.example/", NULL);
  riposte_network_flush ();
  g_assert_true (g_file_set_contents (path, text->str, text->len, NULL));
  riposte_network_request_end (request, RIPOSTE_NETWORK_DONE, 200);

  g_autofree char *log = read_log ();
  g_assert_cmpuint (strlen (log), <, 300 * 1024);
  g_assert_true (g_str_has_prefix (log, "begin\told-"));
  g_assert_nonnull (strstr (log, "\nend\t"));
  forget ();
}

static gboolean
on_timeout (gpointer data)
{
  *(gboolean *)data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
test_past (void)
{
  GListModel *list = G_LIST_MODEL (riposte_network_get_default ());
  g_autofree char *path = log_path ();
  g_autoptr (RiposteNetworkRequest) now = begin ("https://now.example/", NULL);
  g_autofree char *own = read_log ();
  g_autofree char *text = g_strconcat ("begin\tx\t1000000\tdownload\tGET\thttps://past.example/\n", own, NULL);
  gboolean late = FALSE;
  guint timeout = g_timeout_add_seconds (20, on_timeout, &late);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  riposte_network_load_past (RIPOSTE_NETWORK (list));
  while (g_list_model_get_n_items (list) < 2 && !late)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (timeout);
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 2); /* and the own one once */
  g_autoptr (RiposteNetworkRequest) past = g_list_model_get_item (list, 1);
  g_assert_cmpstr (riposte_network_request_get_url (past), ==, "https://past.example/");
  riposte_network_request_end (now, RIPOSTE_NETWORK_DONE, 200);
  riposte_network_flush ();
}

static void
test_forbid (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (RiposteNetworkRequest) running = begin ("https://one.example/v1", cancellable);
  gboolean is_forbidden;

  riposte_network_forbid ();
  g_object_get (riposte_network_get_default (), "forbidden", &is_forbidden, NULL);
  g_assert_true (is_forbidden && riposte_network_is_forbidden ());
  g_assert_true (g_cancellable_is_cancelled (cancellable));
  riposte_network_request_end (running, RIPOSTE_NETWORK_CANCELLED, 0);
  g_object_set (riposte_network_get_default (), "allowed", TRUE, NULL);
  g_assert_false (riposte_network_is_allowed ());
  g_assert_null (riposte_network_begin (RIPOSTE_NETWORK_CHAT, "GET", "https://a.example/", NULL, &error));
  g_assert_error (error, RIPOSTE_NETWORK_ERROR, RIPOSTE_NETWORK_ERROR_OFF);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
  g_test_add_func ("/network/switch", test_switch);
  g_test_add_func ("/network/url", test_url);
  g_test_add_func ("/network/list", test_list);
  g_test_add_func ("/network/log", test_log);
  g_test_add_func ("/network/broken-log", test_broken_log);
  g_test_add_func ("/network/large-log", test_large_log);
  g_test_add_func ("/network/past", test_past);
  g_test_add_func ("/network/forbid", test_forbid); /* for good, so the last */
  return g_test_run ();
}
