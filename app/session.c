#include "session.h"

#define DELAY_SECONDS 1
#define VERSION       1

/* What threads share. */
typedef struct
{
  GMutex lock;
  char *path;
  guint written; /* serial number of the newest that is on the disk */
} File;

struct _RiposteSession
{
  GObject parent;

  RiposteEditor *editor;
  RiposteChatPane *chat;
  File *file;
  guint serial; /* of what was handed over last */
  guint timeout;
  gboolean closed;
};

G_DEFINE_FINAL_TYPE (RiposteSession, riposte_session, G_TYPE_OBJECT)

static void
file_clear (gpointer data)
{
  File *file = data;

  g_mutex_clear (&file->lock);
  g_free (file->path);
}

static void
file_unref (gpointer file)
{
  g_atomic_rc_box_release_full (file, file_clear);
}

/* ---- to the disk ---- */

typedef struct
{
  File *file;
  GBytes *bytes;
  guint serial;
} Write;

static void
write_free (Write *write)
{
  file_unref (write->file);
  g_bytes_unref (write->bytes);
  g_free (write);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Write, write_free)

/* What cannot be written now is tried again with the next change. */
static gpointer
write_in_thread (gpointer data)
{
  g_autoptr (Write) write = data;
  File *file = write->file;
  g_autofree char *folder = g_path_get_dirname (file->path);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&file->lock);
  gsize size;
  const char *content = g_bytes_get_data (write->bytes, &size);

  if (write->serial < file->written) /* a newer one was faster */
    return NULL;
  file->written = write->serial;
  g_mkdir_with_parents (folder, 0700);
  g_file_set_contents_full (file->path, content, (gssize)size, G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL);
  return NULL;
}

static Write *
write_new (RiposteSession *self)
{
  Write *write = g_new (Write, 1);
  g_autoptr (GVariant) editor = riposte_editor_dup_state (self->editor);
  g_autoptr (GVariant) drafts = riposte_chat_pane_dup_drafts (self->chat);
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GVariant) all = NULL;

  g_variant_dict_insert (&dict, "version", "u", VERSION);
  g_variant_dict_insert_value (&dict, "editor", editor);
  g_variant_dict_insert_value (&dict, "drafts", drafts);
  all = g_variant_ref_sink (g_variant_dict_end (&dict));
  write->file = g_atomic_rc_box_acquire (self->file);
  write->bytes = g_variant_get_data_as_bytes (all);
  write->serial = ++self->serial;
  return write;
}

static gboolean
on_timeout (gpointer data)
{
  RiposteSession *self = data;

  self->timeout = 0;
  g_thread_unref (g_thread_new ("riposte-session", write_in_thread, write_new (self)));
  return G_SOURCE_REMOVE;
}

/* Whoever goes on typing is not waited for. */
static void
on_changed (RiposteSession *self)
{
  self->closed = FALSE;
  if (!self->timeout)
    self->timeout = g_timeout_add_seconds (DELAY_SECONDS, on_timeout, self);
}

void
riposte_session_close (RiposteSession *self)
{
  g_clear_handle_id (&self->timeout, g_source_remove);
  if (!self->closed && self->file)
    write_in_thread (write_new (self));
  self->closed = TRUE;
}

/* ---- from the disk ---- */

static void
watch (RiposteSession *self)
{
  g_signal_connect_object (self->editor, "state-changed", G_CALLBACK (on_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->editor, "closing", G_CALLBACK (riposte_session_close), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->chat, "drafts-changed", G_CALLBACK (on_changed), self, G_CONNECT_SWAPPED);
}

static void
restore (RiposteSession *self, GBytes *bytes)
{
  g_autoptr (GVariant) all = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE_VARDICT, bytes, FALSE));
  g_autoptr (GVariant) normal = g_variant_get_normal_form (all);
  g_autoptr (GVariant) editor = g_variant_lookup_value (normal, "editor", NULL);
  g_autoptr (GVariant) drafts = g_variant_lookup_value (normal, "drafts", G_VARIANT_TYPE ("a{ss}"));
  guint version;

  if (!g_variant_lookup (normal, "version", "u", &version) || version != VERSION)
    return;
  riposte_editor_restore_state (self->editor, editor);
  if (drafts)
    riposte_chat_pane_restore_drafts (self->chat, drafts);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RiposteSession) self = user_data;
  g_autoptr (GBytes) bytes = g_file_load_bytes_finish (G_FILE (source), result, NULL, NULL);

  if (!self->editor) /* closed meanwhile */
    return;
  if (bytes)
    restore (self, bytes);
  riposte_editor_restore_state (self->editor, NULL);
  watch (self);
}

/* ---- object ---- */

static void
riposte_session_init (RiposteSession *self)
{
}

static void
riposte_session_dispose (GObject *object)
{
  RiposteSession *self = RIPOSTE_SESSION (object);

  g_clear_handle_id (&self->timeout, g_source_remove);
  g_clear_weak_pointer (&self->editor);
  g_clear_weak_pointer (&self->chat);
  g_clear_pointer (&self->file, file_unref);
  G_OBJECT_CLASS (riposte_session_parent_class)->dispose (object);
}

static void
riposte_session_class_init (RiposteSessionClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = riposte_session_dispose;
}

RiposteSession *
riposte_session_new (const char *path, RiposteEditor *editor, RiposteChatPane *chat)
{
  RiposteSession *self = g_object_new (RIPOSTE_TYPE_SESSION, NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);

  g_set_weak_pointer (&self->editor, editor);
  g_set_weak_pointer (&self->chat, chat);
  self->file = g_atomic_rc_box_new0 (File);
  self->file->path = g_strdup (path);
  g_mutex_init (&self->file->lock);
  riposte_editor_hold (editor);
  g_file_load_bytes_async (file, NULL, on_read, g_object_ref (self));
  return self;
}
