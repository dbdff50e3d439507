#include "models/downloads.h"

#include <string.h>

#include "models/catalogue.h"
#include "models/part-file.h"

struct _RiposteDownloads
{
  GObject parent;

  char *folder;
  GPtrArray *list; /* of RiposteDownload */
};

static void riposte_downloads_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RiposteDownloads,
                               riposte_downloads,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, riposte_downloads_list_model_init))

static guint finished_signal;

static GType
get_item_type (GListModel *model)
{
  return RIPOSTE_TYPE_DOWNLOAD;
}

static guint
get_n_items (GListModel *model)
{
  return RIPOSTE_DOWNLOADS (model)->list->len;
}

static gpointer
get_item (GListModel *model, guint position)
{
  GPtrArray *list = RIPOSTE_DOWNLOADS (model)->list;

  return position < list->len ? g_object_ref (list->pdata[position]) : NULL;
}

static void
riposte_downloads_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

/* ---- the list ---- */

static void
on_changed (RiposteDownloads *self, RiposteDownload *download)
{
  RiposteDownloadState state = riposte_download_get_state (download);
  g_autoptr (RiposteDownload) held = g_object_ref (download);
  guint index;

  if ((state != RIPOSTE_DOWNLOAD_DONE && state != RIPOSTE_DOWNLOAD_CANCELLED)
      || !g_ptr_array_find (self->list, download, &index))
    return;
  g_signal_handlers_disconnect_by_data (download, self);
  g_ptr_array_remove_index (self->list, index);
  g_list_model_items_changed (G_LIST_MODEL (self), index, 1, 0);
  if (state == RIPOSTE_DOWNLOAD_DONE)
    g_signal_emit (self, finished_signal, 0, download);
}

static void
append (RiposteDownloads *self, RiposteDownload *download)
{
  g_ptr_array_add (self->list, download);
  g_signal_connect_object (download, "changed", G_CALLBACK (on_changed), self, G_CONNECT_SWAPPED);
  g_list_model_items_changed (G_LIST_MODEL (self), self->list->len - 1, 0, 1);
}

RiposteDownload *
riposte_downloads_find (RiposteDownloads *self, const char *file)
{
  g_autofree char *path = g_build_filename (self->folder, file, NULL);

  for (guint i = 0; i < self->list->len; i++)
    if (g_str_equal (riposte_download_get_path (self->list->pdata[i]), path))
      return self->list->pdata[i];
  return NULL;
}

RiposteDownload *
riposte_downloads_add (RiposteDownloads *self,
                       const char *url,
                       const char *file,
                       const char *name,
                       guint64 size,
                       const char *sha256)
{
  RiposteDownload *download = riposte_downloads_find (self, file);
  g_autofree char *path = g_build_filename (self->folder, file, NULL);

  if (!download)
    {
      download = riposte_download_new (url, path, name, size, sha256);
      append (self, download);
    }
  riposte_download_start (download);
  return download;
}

void
riposte_downloads_shut_down (RiposteDownloads *self)
{
  for (guint i = 0; i < self->list->len; i++)
    riposte_download_shut_down (self->list->pdata[i]);
}

/* ---- what earlier runs left ---- */

typedef struct
{
  char *file;
  RipostePartSource source;
  guint64 length;
} Left;

static void
left_free (gpointer data)
{
  Left *left = data;

  riposte_part_source_clear (&left->source);
  g_free (left->file);
  g_free (left);
}

static void
look_for_parts (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const char *folder = data;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  GPtrArray *found = g_ptr_array_new_with_free_func (left_free);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      Left *left;
      g_autofree char *file = NULL, *path = NULL;

      if (!g_str_has_suffix (name, RIPOSTE_PART_INFO_SUFFIX))
        continue;
      file = g_strndup (name, strlen (name) - strlen (RIPOSTE_PART_INFO_SUFFIX));
      path = g_build_filename (folder, file, NULL);
      left = g_new0 (Left, 1);
      left->file = g_steal_pointer (&file);
      if (riposte_part_file_peek (path, &left->source, &left->length))
        g_ptr_array_add (found, left);
      else
        left_free (left);
    }
  g_task_return_pointer (task, found, (GDestroyNotify)g_ptr_array_unref);
}

/* As the catalogue has it, where that knows the file. */
static RiposteDownload *
download_of (RiposteDownloads *self, const Left *left)
{
  g_autoptr (GPtrArray) catalogue = riposte_catalogue_load ();
  g_autofree char *path = g_build_filename (self->folder, left->file, NULL);
  g_autofree char *name = g_filename_display_name (left->file);

  for (guint i = 0; i < catalogue->len; i++)
    {
      const RiposteCatalogueModel *model = catalogue->pdata[i];
      if (g_str_equal (model->file, left->file) && g_str_equal (model->url, left->source.url))
        return riposte_download_new (model->url, path, model->name, model->size, model->sha256);
    }
  return riposte_download_new (left->source.url, path, name, 0, NULL);
}

static void
on_parts_found (GObject *object, GAsyncResult *result, gpointer user_data)
{
  RiposteDownloads *self = RIPOSTE_DOWNLOADS (object);
  g_autoptr (GPtrArray) found = g_task_propagate_pointer (G_TASK (result), NULL);

  for (guint i = 0; found && i < found->len; i++)
    {
      const Left *left = found->pdata[i];
      RiposteDownload *download;

      if (riposte_downloads_find (self, left->file))
        continue;
      download = download_of (self, left);
      riposte_download_set_progress (download, left->length, left->source.size);
      append (self, download);
    }
}

/* ---- object ---- */

static void
riposte_downloads_init (RiposteDownloads *self)
{
  self->list = g_ptr_array_new_with_free_func (g_object_unref);
}

static void
riposte_downloads_finalize (GObject *object)
{
  RiposteDownloads *self = RIPOSTE_DOWNLOADS (object);

  g_ptr_array_unref (self->list);
  g_free (self->folder);
  G_OBJECT_CLASS (riposte_downloads_parent_class)->finalize (object);
}

static void
riposte_downloads_class_init (RiposteDownloadsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = riposte_downloads_finalize;
  finished_signal = g_signal_new ("finished", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, RIPOSTE_TYPE_DOWNLOAD);
}

RiposteDownloads *
riposte_downloads_new (const char *folder)
{
  RiposteDownloads *self = g_object_new (RIPOSTE_TYPE_DOWNLOADS, NULL);
  g_autoptr (GTask) task = g_task_new (self, NULL, on_parts_found, NULL);

  self->folder = g_strdup (folder);
  g_task_set_task_data (task, g_strdup (folder), g_free);
  g_task_run_in_thread (task, look_for_parts);
  return self;
}

/* ---- addresses ---- */

char *
riposte_downloads_mend_url (const char *text)
{
  g_autofree char *url = g_strstrip (g_strdup (text));
  const char *blob;

  /* Hugging Face's page of a file, which is what stands in the browser */
  if (g_str_has_prefix (url, "https://huggingface.co/") && (blob = strstr (url, "/blob/")))
    {
      g_autofree char *head = g_strndup (url, blob - url);
      return g_strconcat (head, "/resolve/", blob + strlen ("/blob/"), NULL);
    }
  return g_steal_pointer (&url);
}

char *
riposte_downloads_name_file (const char *url)
{
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  const char *path = uri ? g_uri_get_path (uri) : NULL;
  const char *last = path ? strrchr (path, '/') : NULL;
  g_autofree char *name = last ? g_strdup (last + 1) : NULL;

  if (!name || !*name || strchr (name, '/') || !g_utf8_validate (name, -1, NULL))
    return NULL;
  g_strdelimit (name, "\\:*?\"<>|\n\r\t", '_');
  while (*name == '.')
    memmove (name, name + 1, strlen (name));
  if (!*name || strlen (name) > 200)
    return NULL;
  return g_str_has_suffix (name, ".gguf") ? g_steal_pointer (&name) : g_strconcat (name, ".gguf", NULL);
}
