#include "store/chat-file.h"

#include "replace-file.h"

#include <glib/gi18n.h>
#include <string.h>

/* ---- to a file ---- */

typedef struct
{
  GFile *file;
  RiposteFileFormat format;
  GPtrArray *chats;
} Export;

static void
export_free (gpointer data)
{
  Export *export = data;

  g_object_unref (export->file);
  g_clear_pointer (&export->chats, g_ptr_array_unref);
  g_free (export);
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (riposte_replace_file_finish (G_FILE (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* What could not be imported again is no export. */
static void
serialize (GTask *inner, gpointer source, gpointer data, GCancellable *cancellable)
{
  Export *export = data;
  gboolean json = export->format == RIPOSTE_FILE_JSON;
  g_autofree char *text
    = json ? riposte_archive_to_json (export->chats) : riposte_archive_all_to_markdown (export->chats);
  gsize length = strlen (text);

  if (json && length > RIPOSTE_ARCHIVE_MAX_SIZE)
    g_task_return_new_error (inner, RIPOSTE_ARCHIVE_ERROR, RIPOSTE_ARCHIVE_ERROR_TOO_LARGE, "%s",
                             _ ("All of it is too large for one file. Export the chats one by one."));
  else
    g_task_return_pointer (inner, g_bytes_new_take (g_steal_pointer (&text), length), (GDestroyNotify)g_bytes_unref);
}

static void
on_serialized (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Export *export = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GBytes) bytes = g_task_propagate_pointer (G_TASK (result), &error);

  if (bytes)
    riposte_replace_file_async (export->file, bytes, G_FILE_CREATE_PRIVATE, on_written, g_object_ref (task));
  else
    g_task_return_error (task, error);
}

static void
on_exported (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Export *export = g_task_get_task_data (task);
  g_autoptr (GTask) inner = NULL;
  GError *error = NULL;

  export->chats = riposte_store_read_finish (RIPOSTE_STORE (source), result, &error);
  if (!export->chats)
    {
      g_task_return_error (task, error);
      return;
    }
  inner = g_task_new (source, NULL, on_serialized, g_object_ref (task));
  g_task_set_task_data (inner, export, NULL);
  g_task_run_in_thread (inner, serialize);
}

void
riposte_transfer_export_async (RiposteStore *store,
                               const char *conversation,
                               RiposteFileFormat format,
                               GFile *file,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  GTask *task = g_task_new (store, NULL, callback, user_data);
  Export *export = g_new0 (Export, 1);

  export->file = g_object_ref (file);
  export->format = format;
  g_task_set_task_data (task, export, export_free);
  riposte_store_export_async (store, conversation, NULL, on_exported, task);
}

gboolean
riposte_transfer_export_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- from a file ---- */

static void
on_imported (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  RiposteImported *imported = riposte_store_read_finish (RIPOSTE_STORE (source), result, &error);

  if (imported)
    g_task_return_pointer (task, imported, (GDestroyNotify)riposte_imported_free);
  else
    g_task_return_error (task, error);
}

static void
on_parsed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (GPtrArray) chats = g_task_propagate_pointer (G_TASK (result), &error);

  if (chats)
    riposte_store_import_async (RIPOSTE_STORE (source), chats, on_imported, g_object_ref (task));
  else
    g_task_return_error (task, error);
}

/* A pipe or a device would never come to its end. */
static gboolean
check_file (GFile *file, GError **error)
{
  g_autoptr (GFileInfo) info = g_file_query_info (
    file, G_FILE_ATTRIBUTE_STANDARD_TYPE "," G_FILE_ATTRIBUTE_STANDARD_SIZE, G_FILE_QUERY_INFO_NONE, NULL, error);

  if (!info)
    return FALSE;
  if (g_file_info_get_file_type (info) != G_FILE_TYPE_REGULAR)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE, _ ("This is no regular file"));
      return FALSE;
    }
  if (g_file_info_get_size (info) <= RIPOSTE_ARCHIVE_MAX_SIZE)
    return TRUE;
  g_set_error_literal (error, RIPOSTE_ARCHIVE_ERROR, RIPOSTE_ARCHIVE_ERROR_TOO_LARGE,
                       _ ("This file is too large to be read"));
  return FALSE;
}

static void
parse (GTask *inner, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  g_autoptr (GBytes) bytes = check_file (data, &error) ? g_file_load_bytes (data, NULL, NULL, &error) : NULL;
  GPtrArray *chats = NULL;

  if (bytes)
    chats = riposte_archive_from_json (g_bytes_get_size (bytes) ? g_bytes_get_data (bytes, NULL) : "",
                                       g_bytes_get_size (bytes), &error);
  if (chats)
    g_task_return_pointer (inner, chats, (GDestroyNotify)g_ptr_array_unref);
  else
    g_task_return_error (inner, error);
}

void
riposte_transfer_import_async (RiposteStore *store, GFile *file, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (store, NULL, callback, user_data);
  g_autoptr (GTask) inner = g_task_new (store, NULL, on_parsed, task);

  g_task_set_task_data (inner, g_object_ref (file), g_object_unref);
  g_task_run_in_thread (inner, parse);
}

RiposteImported *
riposte_transfer_import_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
