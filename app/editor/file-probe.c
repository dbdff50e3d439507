#include "file-probe.h"

#include "text-encoding.h"

#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>

void
riposte_file_probe_free (RiposteFileProbe *probe)
{
  g_clear_object (&probe->real);
  g_free (probe->etag);
  g_free (probe->text);
  g_free (probe);
}

char *
riposte_file_dup_name (GFile *file)
{
  g_autofree char *base = g_file_get_basename (file);
  return base ? g_filename_display_name (base) : g_strdup ("");
}

static GFile *
resolve (GFile *file)
{
  const char *path = g_file_peek_path (file);
  char *real = path ? realpath (path, NULL) : NULL;
  GFile *result = real ? g_file_new_for_path (real) : g_object_ref (file);

  free (real);
  return result;
}

/* Whether it may be opened at all: a pipe would wait for ever, a device may never end. */
static gboolean
check_info (GFileInfo *info, GError **error)
{
  const char *problem = NULL;
  GIOErrorEnum code = G_IO_ERROR_NOT_REGULAR_FILE;

  if (g_file_info_get_file_type (info) == G_FILE_TYPE_DIRECTORY)
    {
      code = G_IO_ERROR_IS_DIRECTORY;
      problem = _ ("It is a folder.");
    }
  else if (g_file_info_get_file_type (info) != G_FILE_TYPE_REGULAR)
    problem = _ ("It is not a regular file.");
  else if (g_file_info_get_size (info) > RIPOSTE_FILE_MAX_SIZE)
    {
      g_autofree char *size = g_format_size (g_file_info_get_size (info));
      g_autofree char *most = g_format_size (RIPOSTE_FILE_MAX_SIZE);
      /* Translators: both %s are sizes, such as “2.1 GB” */
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
                   _ ("It has %s, and the editor opens files of up to %s."), size, most);
      return FALSE;
    }
  if (problem)
    g_set_error_literal (error, G_IO_ERROR, code, problem);
  return problem == NULL;
}

typedef struct
{
  GFile *file;
  RiposteEncodings *encodings;
} Request;

static void
request_free (Request *request)
{
  g_object_unref (request->file);
  riposte_encodings_free (request->encodings);
  g_free (request);
}

static Request *
request_new (GFile *file)
{
  Request *request = g_new (Request, 1);

  request->file = g_object_ref (file);
  request->encodings = riposte_encodings_new ();
  return request;
}

/* What a buffer holds has no newline at its end; one without a letter is left alone, since none is added to it. Where
 * lines end in several ways, only a line feed would come back as it was. */
static gboolean
cut_newline (char *text)
{
  gsize length = strlen (text);

  if (length == 0)
    return TRUE;
  if (text[length - 1] != '\n' || g_str_has_suffix (text, "\r\n") || strspn (text, "\r\n") == length)
    return FALSE;
  text[length - 1] = '\0';
  return TRUE;
}

/* Takes @bytes, and the terminating zero byte with them. */
static void
read_text (RiposteFileProbe *probe, char *bytes, gsize length)
{
  char *text = bytes;

  if (probe->encoding != gtk_source_encoding_get_utf8 ())
    {
      text = riposte_encoding_to_utf8 (bytes, length, probe->encoding);
      g_free (bytes);
    }
  probe->newlines = riposte_newlines_of (text);
  probe->text = riposte_newlines_to_lf (text, probe->newlines);
  probe->ends_in_newline = cut_newline (probe->text);
}

static void
probe_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Request *request = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RiposteFileProbe) probe = g_new0 (RiposteFileProbe, 1);
  g_autofree char *bytes = NULL;
  gsize length = 0;

  probe->real = resolve (request->file);
  g_autoptr (GFileInfo) info
    = g_file_query_info (probe->real, G_FILE_ATTRIBUTE_STANDARD_TYPE "," G_FILE_ATTRIBUTE_STANDARD_SIZE,
                         G_FILE_QUERY_INFO_NONE, cancellable, &error);
  if (!info || !check_info (info, &error)
      || !g_file_load_contents (probe->real, cancellable, &bytes, &length, &probe->etag, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  probe->encoding = riposte_encodings_find (request->encodings, bytes, length);
  if (probe->encoding)
    read_text (probe, g_steal_pointer (&bytes), length);
  if (probe->encoding)
    g_task_return_pointer (task, g_steal_pointer (&probe), (GDestroyNotify)riposte_file_probe_free);
  else
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s", _ ("It is not a text file."));
}

void
riposte_file_probe_async (GFile *file, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, riposte_file_probe_async);
  g_task_set_task_data (task, request_new (file), (GDestroyNotify)request_free);
  g_task_run_in_thread (task, probe_in_thread);
}

RiposteFileProbe *
riposte_file_probe_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
resolve_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_task_return_pointer (task, resolve (data), g_object_unref);
}

void
riposte_file_resolve_async (GFile *file, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, riposte_file_resolve_async);
  g_task_set_task_data (task, g_object_ref (file), g_object_unref);
  g_task_run_in_thread (task, resolve_in_thread);
}

GFile *
riposte_file_resolve_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
