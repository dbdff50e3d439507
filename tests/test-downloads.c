/* Downloads as the window has them: pause, go on, cancel, the switch of the network, and what an earlier run left. */
#include "models/downloads.h"
#include "network/network.h"
#include "wait-for.h"

#include <glib/gstdio.h>
#include <libsoup/soup.h>
#include <string.h>

#define SIZE (4u << 20)

typedef struct
{
  SoupServer *server;
  GMainContext *context; /* of the server's thread */
  GMainLoop *loop;
  GThread *thread;
  guint8 *content;
  gint stall;    /* atomic: stop after half of it */
  gint requests; /* atomic */
  char *folder, *url;
  RiposteDownloads *downloads;
  GPtrArray *finished; /* names */
} Fixture;

static void
on_request (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer user_data)
{
  Fixture *fixture = user_data;
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  const char *range = soup_message_headers_get_one (soup_server_message_get_request_headers (message), "Range");
  guint64 offset = range ? g_ascii_strtoull (range + strlen ("bytes="), NULL, 10) : 0;

  g_atomic_int_inc (&fixture->requests);
  if (g_str_equal (path, "/moved.gguf"))
    {
      soup_server_message_set_redirect (message, SOUP_STATUS_FOUND, "/file.gguf");
      return;
    }
  soup_message_headers_append (headers, "ETag", "\"one\"");
  if (offset)
    soup_message_headers_set_content_range (headers, offset, SIZE - 1, SIZE);
  soup_server_message_set_status (message, offset ? SOUP_STATUS_PARTIAL_CONTENT : SOUP_STATUS_OK, NULL);
  if (g_atomic_int_get (&fixture->stall))
    {
      /* half of what was promised, and then silence */
      soup_message_headers_set_content_length (headers, SIZE - offset);
      soup_message_body_set_accumulate (soup_server_message_get_response_body (message), FALSE);
      soup_message_body_append (soup_server_message_get_response_body (message), SOUP_MEMORY_COPY,
                                fixture->content + offset, (SIZE - offset) / 2);
      return;
    }
  soup_server_message_set_response (message, "application/octet-stream", SOUP_MEMORY_COPY,
                                    (char *)fixture->content + offset, SIZE - offset);
}

static gpointer
serve (gpointer data)
{
  Fixture *fixture = data;

  g_main_context_push_thread_default (fixture->context);
  fixture->server = soup_server_new (NULL, NULL);
  soup_server_add_handler (fixture->server, NULL, on_request, fixture, NULL);
  g_assert_true (soup_server_listen_local (fixture->server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY, NULL));
  g_main_loop_run (fixture->loop);
  g_clear_object (&fixture->server);
  g_main_context_pop_thread_default (fixture->context);
  return NULL;
}

static void
on_finished (RiposteDownloads *downloads, RiposteDownload *download, GPtrArray *finished)
{
  g_ptr_array_add (finished, g_strdup (riposte_download_get_name (download)));
}

static void
open_list (Fixture *fixture)
{
  fixture->downloads = riposte_downloads_new (fixture->folder);
  g_signal_connect (fixture->downloads, "finished", G_CALLBACK (on_finished), fixture->finished);
}

static guint
count (Fixture *fixture)
{
  return g_list_model_get_n_items (G_LIST_MODEL (fixture->downloads));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  GSList *uris;

  fixture->content = g_malloc (SIZE);
  for (guint i = 0; i < SIZE; i++)
    fixture->content[i] = (guint8)(i * 2654435761u >> 24);
  memcpy (fixture->content, "GGUF", 4);
  fixture->folder = g_dir_make_tmp ("downloads-XXXXXX", NULL);
  fixture->context = g_main_context_new ();
  fixture->loop = g_main_loop_new (fixture->context, FALSE);
  fixture->thread = g_thread_new ("server", serve, fixture);
  while (!g_main_loop_is_running (fixture->loop))
    g_usleep (1000);
  uris = soup_server_get_uris (fixture->server);
  fixture->url = g_uri_to_string (uris->data);
  g_slist_free_full (uris, (GDestroyNotify)g_uri_unref);
  fixture->finished = g_ptr_array_new_with_free_func (g_free);
  open_list (fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GDir) dir = NULL;
  const char *name;

  riposte_downloads_shut_down (fixture->downloads);
  g_clear_object (&fixture->downloads);
  g_main_loop_quit (fixture->loop);
  g_thread_join (fixture->thread);
  g_main_loop_unref (fixture->loop);
  g_main_context_unref (fixture->context);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  dir = g_dir_open (fixture->folder, 0, NULL);
  while ((name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (fixture->folder, name, NULL);
      g_unlink (path);
    }
  g_rmdir (fixture->folder);
  g_ptr_array_unref (fixture->finished);
  g_free (fixture->content);
  g_free (fixture->folder);
  g_free (fixture->url);
}

static RiposteDownload *
add (Fixture *fixture, const char *file)
{
  g_autofree char *url = g_strconcat (fixture->url, file, NULL);

  return riposte_downloads_add (fixture->downloads, url, file, "A model", 0, NULL);
}

static char *
path_of (Fixture *fixture, const char *name)
{
  return g_build_filename (fixture->folder, name, NULL);
}

static gboolean
exists (Fixture *fixture, const char *name)
{
  g_autofree char *path = path_of (fixture, name);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static guint64
size_of (Fixture *fixture, const char *name)
{
  g_autofree char *path = path_of (fixture, name);
  GStatBuf status;

  return g_stat (path, &status) == 0 ? status.st_size : 0;
}

static void
check_file (Fixture *fixture, const char *name)
{
  g_autofree char *path = path_of (fixture, name), *bytes = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  g_assert_cmpmem (bytes, length, fixture->content, SIZE);
}

/* Until half of it has come. */
static RiposteDownload *
begin_slowly (Fixture *fixture)
{
  RiposteDownload *download;

  g_atomic_int_set (&fixture->stall, TRUE);
  download = add (fixture, "file.gguf");
  wait_for (size_of (fixture, "file.gguf.part") >= SIZE / 2 || riposte_download_get_error (download));
  g_assert_no_error ((GError *)riposte_download_get_error (download));
  g_atomic_int_set (&fixture->stall, FALSE);
  return download;
}

static void
test_done (Fixture *fixture, gconstpointer data)
{
  RiposteDownload *download = add (fixture, "file.gguf");

  g_assert_true (riposte_downloads_find (fixture->downloads, "file.gguf") == download);
  g_assert_true (add (fixture, "file.gguf") == download);
  g_assert_cmpuint (count (fixture), ==, 1);
  wait_for (fixture->finished->len == 1);
  g_assert_cmpstr (fixture->finished->pdata[0], ==, "A model");
  g_assert_cmpuint (count (fixture), ==, 0);
  check_file (fixture, "file.gguf");
}

static void
test_pause (Fixture *fixture, gconstpointer data)
{
  RiposteDownload *download = begin_slowly (fixture);
  g_autofree char *words = NULL;

  riposte_download_pause (download);
  g_assert_cmpint (riposte_download_get_state (download), ==, RIPOSTE_DOWNLOAD_PAUSED);
  words = riposte_download_describe (download);
  g_assert_true (g_str_has_prefix (words, "Paused at"));
  /* at once, while the thread is still ending */
  riposte_download_start (download);
  wait_for (fixture->finished->len == 1);
  check_file (fixture, "file.gguf");
}

static void
test_cancel (Fixture *fixture, gconstpointer data)
{
  RiposteDownload *download = begin_slowly (fixture);

  g_assert_true (exists (fixture, "file.gguf.part"));
  riposte_download_cancel (download);
  wait_for (count (fixture) == 0);
  wait_for (!exists (fixture, "file.gguf.part") && !exists (fixture, "file.gguf.part.info"));
  g_assert_false (exists (fixture, "file.gguf"));
  g_assert_cmpuint (fixture->finished->len, ==, 0);
}

static void
test_cancel_paused (Fixture *fixture, gconstpointer data)
{
  RiposteDownload *download = begin_slowly (fixture);

  riposte_download_pause (download);
  for (gint64 end = g_get_monotonic_time () + G_USEC_PER_SEC / 2; g_get_monotonic_time () < end;)
    g_main_context_iteration (NULL, FALSE);
  riposte_download_cancel (download);
  g_assert_cmpuint (count (fixture), ==, 0);
  wait_for (!exists (fixture, "file.gguf.part"));
}

static void
test_network_off (Fixture *fixture, gconstpointer data)
{
  RiposteNetwork *network = riposte_network_get_default ();
  RiposteDownload *download = begin_slowly (fixture);
  int requests;

  g_object_set (network, "allowed", FALSE, NULL);
  wait_for (riposte_download_get_state (download) == RIPOSTE_DOWNLOAD_FAILED);
  g_assert_error (riposte_download_get_error (download), RIPOSTE_NETWORK_ERROR, RIPOSTE_NETWORK_ERROR_OFF);
  /* nothing goes out while it is off */
  requests = g_atomic_int_get (&fixture->requests);
  riposte_download_start (download);
  wait_for (riposte_download_get_state (download) == RIPOSTE_DOWNLOAD_FAILED);
  g_assert_error (riposte_download_get_error (download), RIPOSTE_NETWORK_ERROR, RIPOSTE_NETWORK_ERROR_OFF);
  g_assert_cmpint (g_atomic_int_get (&fixture->requests), ==, requests);
  g_object_set (network, "allowed", TRUE, NULL);
  riposte_download_start (download);
  wait_for (fixture->finished->len == 1);
  check_file (fixture, "file.gguf");
}

/* Each connection is in the list of requests, where redirections lead as well, with all bytes that came. */
static void
test_log (Fixture *fixture, gconstpointer data)
{
  RiposteNetwork *network = riposte_network_get_default ();
  guint before = g_list_model_get_n_items (G_LIST_MODEL (network));
  g_autoptr (RiposteNetworkRequest) file = NULL, moved = NULL;

  add (fixture, "moved.gguf");
  wait_for (fixture->finished->len == 1);
  check_file (fixture, "moved.gguf");
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (network)), ==, before + 2);
  file = g_list_model_get_item (G_LIST_MODEL (network), 0);
  moved = g_list_model_get_item (G_LIST_MODEL (network), 1);
  g_assert_true (g_str_has_suffix (riposte_network_request_get_url (moved), "/moved.gguf"));
  g_assert_true (g_str_has_suffix (riposte_network_request_get_url (file), "/file.gguf"));
  wait_for (riposte_network_request_get_outcome (file) == RIPOSTE_NETWORK_DONE);
  g_assert_cmpuint (riposte_network_request_get_received (file), ==, SIZE);
  g_assert_cmpuint (riposte_network_request_get_status (file), ==, 200);
  g_assert_cmpuint (riposte_network_request_get_status (moved), ==, 302);
  g_assert_cmpstr (riposte_network_request_get_purpose (file), ==, RIPOSTE_NETWORK_DOWNLOAD);
}

static void
test_restore (Fixture *fixture, gconstpointer data)
{
  g_autoptr (RiposteDownload) download = NULL;

  begin_slowly (fixture);
  riposte_downloads_shut_down (fixture->downloads);
  g_clear_object (&fixture->downloads);
  open_list (fixture);
  wait_for (count (fixture) == 1);
  download = g_list_model_get_item (G_LIST_MODEL (fixture->downloads), 0);
  g_assert_cmpint (riposte_download_get_state (download), ==, RIPOSTE_DOWNLOAD_PAUSED);
  g_assert_cmpuint (riposte_download_get_info (download)->done, >, 0);
  g_assert_cmpuint (riposte_download_get_info (download)->total, ==, SIZE);
  riposte_download_start (download);
  wait_for (fixture->finished->len == 1);
  check_file (fixture, "file.gguf");
}

static void
test_addresses (void)
{
  static const struct
  {
    const char *text, *url, *file;
  } rows[] = {
    { " https://huggingface.co/a/b/blob/main/c.gguf\n", "https://huggingface.co/a/b/resolve/main/c.gguf", "c.gguf" },
    { "https://huggingface.co/a/b/resolve/main/c.gguf?download=true",
      "https://huggingface.co/a/b/resolve/main/c.gguf?download=true", "c.gguf" },
    { "https://example.org/d", "https://example.org/d", "d.gguf" },
    { "https://example.org/a%2Fb.gguf", "https://example.org/a%2Fb.gguf", "b.gguf" },
    { "https://example.org/..gguf", "https://example.org/..gguf", "gguf.gguf" },
    { "https://example.org/", "https://example.org/", NULL },
    { "https://example.org", "https://example.org", NULL },
    { "https://example.org/..", "https://example.org/..", NULL },
    { "", "", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *url = riposte_downloads_mend_url (rows[i].text), *file = riposte_downloads_name_file (url);
      g_assert_cmpstr (url, ==, rows[i].url);
      g_assert_cmpstr (file, ==, rows[i].file);
    }
}

#define add_test(name, test) g_test_add ("/downloads/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_autofree char *home = g_dir_make_tmp ("downloads-home-XXXXXX", NULL);

  /* the list of requests is not to be the user's */
  g_setenv ("XDG_STATE_HOME", home, TRUE);
  g_test_init (&argc, &argv, NULL);
  add_test ("done", test_done);
  add_test ("pause", test_pause);
  add_test ("cancel", test_cancel);
  add_test ("cancel-paused", test_cancel_paused);
  add_test ("network-off", test_network_off);
  add_test ("log", test_log);
  add_test ("restore", test_restore);
  g_test_add_func ("/downloads/addresses", test_addresses);
  return g_test_run ();
}
