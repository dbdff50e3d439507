#include "file-probe.h"

#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>

void
riposte_file_probe_free (RiposteFileProbe *probe)
{
  g_clear_object (&probe->real);
  g_free (probe->etag);
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

/* Files and the encodings to try; what asks GtkSourceView is asked in the main thread. */
typedef struct
{
  GFile *file;
  GSList *candidates;
  const GtkSourceEncoding *utf8, *utf16le, *utf16be;
} Request;

static void
request_free (Request *request)
{
  g_object_unref (request->file);
  g_slist_free (request->candidates);
  g_free (request);
}

static Request *
request_new (GFile *file)
{
  Request *request = g_new0 (Request, 1);
  const GtkSourceEncoding *every = gtk_source_encoding_get_from_charset ("ISO-8859-15");

  request->file = g_object_ref (file);
  request->utf8 = gtk_source_encoding_get_utf8 ();
  request->utf16le = gtk_source_encoding_get_from_charset ("UTF-16LE");
  request->utf16be = gtk_source_encoding_get_from_charset ("UTF-16BE");
  request->candidates = gtk_source_encoding_get_default_candidates ();
  /* UTF-16 without a mark fits half of all binary files. */
  request->candidates = g_slist_remove (request->candidates, gtk_source_encoding_get_from_charset ("UTF-16"));
  request->candidates = g_slist_remove (request->candidates, request->utf8);
  if (!g_slist_find (request->candidates, every))
    request->candidates = g_slist_append (request->candidates, (gpointer)every);
  return request;
}

static gboolean
can_convert (const char *bytes, gsize length, const GtkSourceEncoding *encoding)
{
  gsize n_read, n_written;
  g_autofree char *text
    = g_convert (bytes, (gssize)length, "UTF-8", gtk_source_encoding_get_charset (encoding), &n_read, &n_written, NULL);
  return text && n_read == length && !memchr (text, 0, n_written);
}

/* GtkSourceFileLoader guesses from the first block, and takes a wrong byte near its end for a letter that goes on in
 * the next. So all of it is tried here, and the loader is told. A zero byte is in no text, but in UTF-16. */
static const GtkSourceEncoding *
find_encoding (Request *request, const char *bytes, gsize length)
{
  const GtkSourceEncoding *marked = NULL;

  if (length >= 2 && memcmp (bytes, "\xff\xfe", 2) == 0)
    marked = request->utf16le;
  else if (length >= 2 && memcmp (bytes, "\xfe\xff", 2) == 0)
    marked = request->utf16be;
  /* ISO 8859 has these letters too, so a mark alone is none. */
  if (marked && memchr (bytes, 0, length))
    return can_convert (bytes, length, marked) ? marked : NULL;
  if (memchr (bytes, 0, length))
    return NULL;
  if (g_utf8_validate_len (bytes, length, NULL))
    return request->utf8;
  for (GSList *item = request->candidates; item; item = item->next)
    if (can_convert (bytes, length, item->data))
      return item->data;
  return NULL;
}

/* What GtkSourceBuffer's implicit newline writes back: it adds none to a buffer without a letter. */
static gboolean
ends_in_newline (const char *bytes, gsize length)
{
  return length == 0 || ((bytes[length - 1] == '\n' || bytes[length - 1] == '\r') && strspn (bytes, "\r\n") < length);
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
  probe->ends_in_newline = ends_in_newline (bytes, length);
  probe->encoding = find_encoding (request, bytes, length);
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
