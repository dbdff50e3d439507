#include "replace-file.h"

#include <stdlib.h>

typedef struct
{
  GBytes *bytes;
  GFileCreateFlags flags;
} Content;

static void
content_free (gpointer data)
{
  Content *content = data;

  g_bytes_unref (content->bytes);
  g_free (content);
}

/* GIO writes through links, in place. */
static GFile *
follow_links (GFile *file)
{
  const char *path = g_file_peek_path (file);
  char *real = path ? realpath (path, NULL) : NULL;
  GFile *followed = real ? g_file_new_for_path (real) : g_object_ref (file);

  free (real);
  return followed;
}

/* Closing a stream is what puts the new file in the place of the old one, unless that is cancelled. GIO's own
 * g_file_replace_contents_async() closes after a failed write as well. */
static gboolean
write_and_close (GOutputStream *stream, GBytes *bytes, GError **error)
{
  g_autoptr (GCancellable) give_up = g_cancellable_new ();
  gsize length;
  gconstpointer data = g_bytes_get_data (bytes, &length);

  if (g_output_stream_write_all (stream, data, length, NULL, NULL, error))
    return g_output_stream_close (stream, NULL, error);
  g_cancellable_cancel (give_up);
  g_output_stream_close (stream, give_up, NULL);
  return FALSE;
}

static void
replace_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Content *content = data;
  g_autoptr (GFile) file = follow_links (source);
  gboolean was_there = g_file_query_exists (file, NULL);
  GError *error = NULL;
  g_autoptr (GFileOutputStream) stream = g_file_replace (file, NULL, FALSE, content->flags, NULL, &error);

  if (stream && write_and_close (G_OUTPUT_STREAM (stream), content->bytes, &error))
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  if (stream && !was_there)
    g_file_delete (file, NULL, NULL);
  g_task_return_error (task, error);
}

void
riposte_replace_file_async (GFile *file,
                            GBytes *bytes,
                            GFileCreateFlags flags,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (file, NULL, callback, user_data);
  Content *content = g_new (Content, 1);

  content->bytes = g_bytes_ref (bytes);
  content->flags = flags;
  g_task_set_source_tag (task, riposte_replace_file_async);
  g_task_set_task_data (task, content, content_free);
  g_task_run_in_thread (task, replace_in_thread);
}

gboolean
riposte_replace_file_finish (GFile *file, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
