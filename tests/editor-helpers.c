#include "editor-helpers.h"

#include <glib/gstdio.h>
#include <string.h>

void
fixture_set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("riposte-editor-XXXXXX", NULL);
  g_assert_nonnull (fixture->folder);
}

void
fixture_tear_down (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GDir) dir = g_dir_open (fixture->folder, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (fixture->folder, name, NULL);
      g_remove (path);
    }
  g_rmdir (fixture->folder);
  g_free (fixture->folder);
}

GFile *
file_of (Fixture *fixture, const char *name)
{
  return g_file_new_build_filename (fixture->folder, name, NULL);
}

GFile *
write_file (Fixture *fixture, const char *name, const char *content, gssize length)
{
  GFile *file = file_of (fixture, name);

  g_assert_true (g_file_set_contents (g_file_peek_path (file), content, length, NULL));
  return file;
}

GBytes *
read_file (GFile *file)
{
  g_autoptr (GError) error = NULL;
  GBytes *bytes = g_file_load_bytes (file, NULL, NULL, &error);

  g_assert_no_error (error);
  return bytes;
}

static char *
escape (gconstpointer data, gsize length)
{
  GString *text = g_string_new (NULL);
  const guchar *bytes = data;

  for (gsize i = 0; i < length; i++)
    g_string_append_printf (text, bytes[i] >= 32 && bytes[i] < 127 ? "%c" : "\\x%02x", bytes[i]);
  return g_string_free (text, FALSE);
}

void
assert_file_is (GFile *file, const char *content, gssize length)
{
  g_autoptr (GBytes) bytes = read_file (file);
  g_autofree char *is = escape (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_autofree char *ought = escape (content, length < 0 ? strlen (content) : (gsize)length);

  g_assert_cmpstr (is, ==, ought);
}

void
wait_until (gboolean (*done) (gpointer), gpointer data)
{
  gint64 end = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;

  while (!done (data))
    {
      if (!g_main_context_iteration (NULL, FALSE))
        g_usleep (1000);
      g_assert_cmpint (g_get_monotonic_time (), <, end);
    }
}

static void
on_ready (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **)user_data = g_object_ref (result);
}

static gboolean
is_set (gpointer data)
{
  return *(gpointer *)data != NULL;
}

gboolean
load (RiposteDocument *document, GFile *file, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  riposte_document_load_async (document, file, NULL, on_ready, &result);
  g_assert_true (riposte_document_get_busy (document));
  wait_until (is_set, &result);
  g_assert_false (riposte_document_get_busy (document));
  return riposte_document_load_finish (document, result, error);
}

gboolean
save (RiposteDocument *document, GFile *file, RiposteSaveFlags flags, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  riposte_document_save_async (document, file, flags, NULL, on_ready, &result);
  wait_until (is_set, &result);
  g_assert_false (riposte_document_get_busy (document));
  return riposte_document_save_finish (document, result, error);
}

char *
text_of (gpointer buffer)
{
  GtkTextIter start, end;

  gtk_text_buffer_get_bounds (buffer, &start, &end);
  return gtk_text_buffer_get_text (buffer, &start, &end, TRUE);
}

void
assert_text_is (gpointer buffer, const char *text)
{
  g_autofree char *is = text_of (buffer);
  g_assert_cmpstr (is, ==, text);
}
