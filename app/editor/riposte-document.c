#include "riposte-document.h"

#include "file-probe.h"
#include "source-style.h"

#include <glib/gi18n.h>
#include <string.h>

struct _RiposteDocument
{
  GtkSourceBuffer parent_instance;

  GFile *file;                /* as the user named it */
  GtkSourceFile *source_file; /* where it leads, and its encoding and line ends */
  char *etag;                 /* of the content that was loaded or saved */
  GFileMonitor *monitor;
  GCancellable *lifetime; /* of looks at the disk that nobody waits for */
  guint number;
  guint generation; /* of loads and saves; a look at the disk from before one says nothing any more */
  double progress;
  RiposteDiskState disk_state;
  RiposteIndentation indentation;
  gboolean indentation_known; /* from the text, not only from its language */
  gboolean busy;
};

G_DEFINE_FINAL_TYPE (RiposteDocument, riposte_document, GTK_SOURCE_TYPE_BUFFER)
G_DEFINE_ENUM_TYPE (RiposteDiskState,
                    riposte_disk_state,
                    G_DEFINE_ENUM_VALUE (RIPOSTE_DISK_SAME, "same"),
                    G_DEFINE_ENUM_VALUE (RIPOSTE_DISK_CHANGED, "changed"),
                    G_DEFINE_ENUM_VALUE (RIPOSTE_DISK_DELETED, "deleted"))

enum
{
  PROP_0,
  PROP_BUSY,
  PROP_DISK_STATE,
  PROP_FILE,
  PROP_PROGRESS,
  PROP_TITLE,
  N_PROPS
};

enum
{
  INDENTATION_CHANGED,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

/* ---- small state ---- */

static void
set_busy (RiposteDocument *self, gboolean busy)
{
  self->busy = busy;
  if (busy)
    {
      self->generation++;
      self->progress = 0;
    }
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PROGRESS]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BUSY]);
}

static void
on_progress (goffset current, goffset total, gpointer user_data)
{
  RiposteDocument *self = user_data;

  self->progress = total > 0 ? CLAMP ((double)current / (double)total, 0, 1) : 0;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PROGRESS]);
}

static void
set_file (RiposteDocument *self, GFile *file)
{
  if (file == self->file || !g_set_object (&self->file, file))
    return;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FILE]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TITLE]);
}

static void
set_disk_state (RiposteDocument *self, RiposteDiskState state)
{
  if (self->disk_state == state)
    return;
  self->disk_state = state;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DISK_STATE]);
}

static char *
dup_start (RiposteDocument *self, int n_lines)
{
  GtkTextIter start, end;

  gtk_text_buffer_get_start_iter (GTK_TEXT_BUFFER (self), &start);
  end = start;
  gtk_text_iter_forward_lines (&end, n_lines);
  return gtk_text_buffer_get_text (GTK_TEXT_BUFFER (self), &start, &end, TRUE);
}

static const char *
language_id (RiposteDocument *self)
{
  GtkSourceLanguage *language = gtk_source_buffer_get_language (GTK_SOURCE_BUFFER (self));
  return language ? gtk_source_language_get_id (language) : NULL;
}

/* From the text where it is indented, else from the language. */
static void
guess_indentation (RiposteDocument *self)
{
  g_autofree char *start = dup_start (self, 2000);

  self->indentation = riposte_indentation_of_language (language_id (self));
  self->indentation_known = riposte_indentation_guess (start, &self->indentation);
  g_signal_emit (self, signals[INDENTATION_CHANGED], 0);
}

void
riposte_document_update_indentation (RiposteDocument *self)
{
  g_return_if_fail (RIPOSTE_IS_DOCUMENT (self));
  if (!self->indentation_known)
    guess_indentation (self);
}

/* "#!/usr/bin/env python3.11 -u" -> "python" */
static char *
dup_interpreter (RiposteDocument *self)
{
  g_autofree char *line = dup_start (self, 1);

  if (!g_str_has_prefix (line, "#!"))
    return NULL;
  g_auto (GStrv) words = g_strsplit_set (line + 2, " \t\r\n", -1);
  for (gsize i = 0; words[i]; i++)
    {
      g_autofree char *name = g_path_get_basename (words[i]);
      if (words[i][0] == '\0' || words[i][0] == '-' || strchr (name, '=') || strcmp (name, "env") == 0)
        continue;
      name[strcspn (name, "0123456789.")] = '\0';
      return g_steal_pointer (&name);
    }
  return NULL;
}

static void
guess_language (RiposteDocument *self)
{
  g_autofree char *name = self->file ? g_file_get_basename (self->file) : NULL;
  g_autofree char *interpreter = dup_interpreter (self);
  GtkSourceLanguage *language = riposte_source_guess_language (name, interpreter);

  if (language)
    gtk_source_buffer_set_language (GTK_SOURCE_BUFFER (self), language);
}

/* ---- what happens to the file meanwhile ---- */

typedef struct
{
  RiposteDocument *self;
  guint generation;
} Look;

static void
on_looked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Look *look = user_data;
  g_autoptr (RiposteDocument) self = look->self;
  g_autoptr (GError) error = NULL;
  g_autoptr (GFileInfo) info = g_file_query_info_finish (G_FILE (source), result, &error);

  if (self->busy || look->generation != self->generation)
    return;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    set_disk_state (self, RIPOSTE_DISK_DELETED);
  else if (info && self->etag && g_file_info_get_etag (info))
    set_disk_state (self,
                    strcmp (self->etag, g_file_info_get_etag (info)) == 0 ? RIPOSTE_DISK_SAME : RIPOSTE_DISK_CHANGED);
}

static void
look_at_disk (RiposteDocument *self)
{
  GFile *real = gtk_source_file_get_location (self->source_file);

  if (!real || self->busy)
    return;
  Look *look = g_new (Look, 1);
  look->self = g_object_ref (self);
  look->generation = self->generation;
  g_file_query_info_async (real, G_FILE_ATTRIBUTE_ETAG_VALUE, G_FILE_QUERY_INFO_NONE, G_PRIORITY_DEFAULT,
                           self->lifetime, on_looked, look);
}

static void
watch_disk (RiposteDocument *self)
{
  GFile *real = gtk_source_file_get_location (self->source_file);

  g_clear_object (&self->monitor);
  /* Watching a file of another machine may ask it, and wait. */
  if (!real || !g_file_is_native (real))
    return;
  self->monitor = g_file_monitor_file (real, G_FILE_MONITOR_NONE, NULL, NULL);
  if (self->monitor)
    g_signal_connect_object (self->monitor, "changed", G_CALLBACK (look_at_disk), self, G_CONNECT_SWAPPED);
}

/* ---- loading ---- */

typedef struct
{
  RiposteFileProbe *probe;
  int line, column; /* of the caret, to be there again */
} Load;

static void
load_free (Load *load)
{
  g_clear_pointer (&load->probe, riposte_file_probe_free);
  g_free (load);
}

static void
fail_task (GTask *task, GError *error)
{
  set_busy (g_task_get_source_object (task), FALSE);
  g_task_return_error (task, error);
}

static void
restore_caret (RiposteDocument *self, int line, int column)
{
  GtkTextIter caret;

  gtk_text_buffer_get_iter_at_line (GTK_TEXT_BUFFER (self), &caret, line);
  for (int i = 0; i < column && !gtk_text_iter_ends_line (&caret); i++)
    gtk_text_iter_forward_char (&caret);
  gtk_text_buffer_place_cursor (GTK_TEXT_BUFFER (self), &caret);
}

static void
on_loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  RiposteDocument *self = g_task_get_source_object (task);
  Load *load = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  if (!gtk_source_file_loader_load_finish (GTK_SOURCE_FILE_LOADER (source), result, &error))
    {
      /* What could not be decoded now stands there as escapes, which must never be saved. */
      gtk_text_buffer_set_text (GTK_TEXT_BUFFER (self), "", 0);
      gtk_text_buffer_set_modified (GTK_TEXT_BUFFER (self), FALSE);
      fail_task (task, g_steal_pointer (&error));
      return;
    }
  g_free (self->etag);
  self->etag = g_strdup (load->probe->etag);
  guess_language (self);
  guess_indentation (self);
  restore_caret (self, load->line, load->column);
  gtk_text_buffer_set_modified (GTK_TEXT_BUFFER (self), FALSE);
  set_busy (self, FALSE);
  set_disk_state (self, RIPOSTE_DISK_SAME);
  watch_disk (self);
  /* It may have changed between the probe and the last byte. */
  look_at_disk (self);
  g_task_return_boolean (task, TRUE);
}

static void
on_probed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  RiposteDocument *self = g_task_get_source_object (task);
  Load *load = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  GError *error = NULL;

  load->probe = riposte_file_probe_finish (result, &error);
  if (!load->probe)
    {
      fail_task (task, error);
      return;
    }
  gtk_source_file_set_location (self->source_file, load->probe->real);
  gtk_source_buffer_set_implicit_trailing_newline (GTK_SOURCE_BUFFER (self), load->probe->ends_in_newline);

  g_autoptr (GtkSourceFileLoader) loader = gtk_source_file_loader_new (GTK_SOURCE_BUFFER (self), self->source_file);
  g_autoptr (GSList) candidates = g_slist_append (NULL, (gpointer)load->probe->encoding);
  gtk_source_file_loader_set_candidate_encodings (loader, candidates);
  gtk_source_file_loader_load_async (loader, G_PRIORITY_DEFAULT, cancellable, on_progress, g_object_ref (self),
                                     g_object_unref, on_loaded, g_steal_pointer (&task));
}

void
riposte_document_load_async (RiposteDocument *self,
                             GFile *file,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GtkTextIter caret;

  g_return_if_fail (RIPOSTE_IS_DOCUMENT (self));
  g_return_if_fail (file || self->file);
  g_return_if_fail (!self->busy);

  Load *load = g_new0 (Load, 1);
  gtk_text_buffer_get_iter_at_mark (GTK_TEXT_BUFFER (self), &caret,
                                    gtk_text_buffer_get_insert (GTK_TEXT_BUFFER (self)));
  load->line = gtk_text_iter_get_line (&caret);
  load->column = gtk_text_iter_get_line_offset (&caret);
  g_task_set_source_tag (task, riposte_document_load_async);
  g_task_set_task_data (task, load, (GDestroyNotify)load_free);
  if (file)
    set_file (self, file);
  set_busy (self, TRUE);
  riposte_file_probe_async (self->file, cancellable, on_probed, g_steal_pointer (&task));
}

gboolean
riposte_document_load_finish (RiposteDocument *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- saving ---- */

typedef struct
{
  GFile *file;
  RiposteSaveFlags flags;
} Save;

static void
save_free (Save *save)
{
  g_object_unref (save->file);
  g_free (save);
}

static void
on_saved_info (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  RiposteDocument *self = g_task_get_source_object (task);
  Save *save = g_task_get_task_data (task);
  g_autoptr (GFileInfo) info = g_file_query_info_finish (G_FILE (source), result, NULL);

  g_free (self->etag);
  self->etag = info ? g_strdup (g_file_info_get_etag (info)) : NULL;
  gboolean renamed = !self->file || !g_file_equal (self->file, save->file);
  set_file (self, save->file);
  if (renamed)
    guess_language (self);
  gtk_text_buffer_set_modified (GTK_TEXT_BUFFER (self), FALSE);
  set_busy (self, FALSE);
  set_disk_state (self, RIPOSTE_DISK_SAME);
  watch_disk (self);
  g_task_return_boolean (task, TRUE);
}

static void
on_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  RiposteDocument *self = g_task_get_source_object (task);
  GError *error = NULL;

  if (!gtk_source_file_saver_save_finish (GTK_SOURCE_FILE_SAVER (source), result, &error))
    {
      /* What the converter says of a letter that the encoding lacks. */
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA))
        {
          error->domain = GTK_SOURCE_FILE_SAVER_ERROR;
          error->code = GTK_SOURCE_FILE_SAVER_ERROR_INVALID_CHARS;
        }
      fail_task (task, error);
      return;
    }
  /* Saved is saved: from here nothing fails, and nothing is cancelled. */
  g_file_query_info_async (gtk_source_file_get_location (self->source_file), G_FILE_ATTRIBUTE_ETAG_VALUE,
                           G_FILE_QUERY_INFO_NONE, G_PRIORITY_DEFAULT, NULL, on_saved_info, g_steal_pointer (&task));
}

static void
write_file (GTask *task, GFile *real)
{
  RiposteDocument *self = g_task_get_source_object (task);
  Save *save = g_task_get_task_data (task);
  GFile *own = gtk_source_file_get_location (self->source_file);
  GCancellable *cancellable = g_task_get_cancellable (task);
  g_autoptr (GtkSourceFileSaver) saver
    = own && g_file_equal (own, real)
        ? gtk_source_file_saver_new (GTK_SOURCE_BUFFER (self), self->source_file)
        : gtk_source_file_saver_new_with_target (GTK_SOURCE_BUFFER (self), self->source_file, real);

  if (save->flags & RIPOSTE_SAVE_OVERWRITE)
    gtk_source_file_saver_set_flags (saver, GTK_SOURCE_FILE_SAVER_FLAGS_IGNORE_MODIFICATION_TIME);
  if ((save->flags & RIPOSTE_SAVE_AS_UTF8) || !gtk_source_file_get_encoding (self->source_file))
    gtk_source_file_saver_set_encoding (saver, gtk_source_encoding_get_utf8 ());
  gtk_source_file_saver_save_async (saver, G_PRIORITY_DEFAULT, cancellable, on_progress, g_object_ref (self),
                                    g_object_unref, on_saved, task);
}

static void
on_checked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  RiposteDocument *self = g_task_get_source_object (task);
  g_autoptr (GFileInfo) info = g_file_query_info_finish (G_FILE (source), result, NULL);
  const char *etag = info ? g_file_info_get_etag (info) : NULL;

  if (etag && strcmp (etag, self->etag) != 0)
    {
      fail_task (task,
                 g_error_new_literal (GTK_SOURCE_FILE_SAVER_ERROR, GTK_SOURCE_FILE_SAVER_ERROR_EXTERNALLY_MODIFIED,
                                      _ ("Another program changed the file.")));
      set_disk_state (self, RIPOSTE_DISK_CHANGED);
      return;
    }
  write_file (g_steal_pointer (&task), G_FILE (source));
}

/* GtkSourceFileSaver would look at the whole seconds of the time of change alone. */
static void
on_resolved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  RiposteDocument *self = g_task_get_source_object (task);
  Save *save = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  GFile *own = gtk_source_file_get_location (self->source_file);
  GError *error = NULL;
  g_autoptr (GFile) real = riposte_file_resolve_finish (result, &error);

  if (!real)
    fail_task (task, error);
  else if (own && g_file_equal (own, real) && self->etag && !(save->flags & RIPOSTE_SAVE_OVERWRITE))
    g_file_query_info_async (real, G_FILE_ATTRIBUTE_ETAG_VALUE, G_FILE_QUERY_INFO_NONE, G_PRIORITY_DEFAULT, cancellable,
                             on_checked, g_steal_pointer (&task));
  else
    write_file (g_steal_pointer (&task), real);
}

void
riposte_document_save_async (RiposteDocument *self,
                             GFile *file,
                             RiposteSaveFlags flags,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_return_if_fail (RIPOSTE_IS_DOCUMENT (self));
  g_return_if_fail (file || self->file);
  g_return_if_fail (!self->busy);

  Save *save = g_new0 (Save, 1);
  save->file = g_object_ref (file ? file : self->file);
  save->flags = flags;
  g_task_set_source_tag (task, riposte_document_save_async);
  g_task_set_task_data (task, save, (GDestroyNotify)save_free);
  set_busy (self, TRUE);
  riposte_file_resolve_async (save->file, cancellable, on_resolved, g_steal_pointer (&task));
}

gboolean
riposte_document_save_finish (RiposteDocument *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- the object ---- */

GFile *
riposte_document_get_file (RiposteDocument *self)
{
  return self->file;
}

gboolean
riposte_document_is_file (RiposteDocument *self, GFile *file)
{
  GFile *real = gtk_source_file_get_location (self->source_file);
  return (self->file && g_file_equal (self->file, file)) || (real && g_file_equal (real, file));
}

guint
riposte_document_get_number (RiposteDocument *self)
{
  return self->number;
}

char *
riposte_document_dup_title (RiposteDocument *self)
{
  if (self->file)
    return riposte_file_dup_name (self->file);
  /* Translators: the name of a document that has no file yet; the second is the one with a number */
  return self->number <= 1 ? g_strdup (_ ("Untitled")) : g_strdup_printf (_ ("Untitled %u"), self->number);
}

char *
riposte_document_dup_suggested_name (RiposteDocument *self)
{
  GtkSourceLanguage *language = gtk_source_buffer_get_language (GTK_SOURCE_BUFFER (self));
  g_auto (GStrv) globs = language ? gtk_source_language_get_globs (language) : NULL;
  g_autofree char *title = riposte_document_dup_title (self);

  if (self->file)
    return g_steal_pointer (&title);
  for (gsize i = 0; globs && globs[i]; i++)
    if (g_str_has_prefix (globs[i], "*.") && strcspn (globs[i] + 1, "*?[") == strlen (globs[i] + 1))
      return g_strconcat (title, globs[i] + 1, NULL);
  return g_strconcat (title, ".txt", NULL);
}

gboolean
riposte_document_get_busy (RiposteDocument *self)
{
  return self->busy;
}

RiposteDiskState
riposte_document_get_disk_state (RiposteDocument *self)
{
  return self->disk_state;
}

const GtkSourceEncoding *
riposte_document_get_encoding (RiposteDocument *self)
{
  return gtk_source_file_get_encoding (self->source_file);
}

RiposteIndentation
riposte_document_get_indentation (RiposteDocument *self)
{
  return self->indentation;
}

gboolean
riposte_document_is_pristine (RiposteDocument *self)
{
  return !self->file && !self->busy && !gtk_text_buffer_get_modified (GTK_TEXT_BUFFER (self))
         && gtk_text_buffer_get_char_count (GTK_TEXT_BUFFER (self)) == 0;
}

RiposteDocument *
riposte_document_new (guint number)
{
  RiposteDocument *self = g_object_new (RIPOSTE_TYPE_DOCUMENT, NULL);

  self->number = number;
  return self;
}

static void
riposte_document_dispose (GObject *object)
{
  RiposteDocument *self = RIPOSTE_DOCUMENT (object);

  g_cancellable_cancel (self->lifetime);
  if (self->monitor)
    g_file_monitor_cancel (self->monitor);
  g_clear_object (&self->monitor);
  G_OBJECT_CLASS (riposte_document_parent_class)->dispose (object);
}

static void
riposte_document_finalize (GObject *object)
{
  RiposteDocument *self = RIPOSTE_DOCUMENT (object);

  g_clear_object (&self->lifetime);
  g_clear_object (&self->source_file);
  g_clear_object (&self->file);
  g_free (self->etag);
  G_OBJECT_CLASS (riposte_document_parent_class)->finalize (object);
}

static void
riposte_document_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  RiposteDocument *self = RIPOSTE_DOCUMENT (object);

  switch (id)
    {
    case PROP_BUSY:
      g_value_set_boolean (value, self->busy);
      break;
    case PROP_DISK_STATE:
      g_value_set_enum (value, self->disk_state);
      break;
    case PROP_FILE:
      g_value_set_object (value, self->file);
      break;
    case PROP_PROGRESS:
      g_value_set_double (value, self->progress);
      break;
    case PROP_TITLE:
      g_value_take_string (value, riposte_document_dup_title (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
riposte_document_class_init (RiposteDocumentClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->dispose = riposte_document_dispose;
  object_class->finalize = riposte_document_finalize;
  object_class->get_property = riposte_document_get_property;

  properties[PROP_BUSY] = g_param_spec_boolean ("busy", NULL, NULL, FALSE, flags);
  properties[PROP_DISK_STATE]
    = g_param_spec_enum ("disk-state", NULL, NULL, riposte_disk_state_get_type (), RIPOSTE_DISK_SAME, flags);
  properties[PROP_FILE] = g_param_spec_object ("file", NULL, NULL, G_TYPE_FILE, flags);
  properties[PROP_PROGRESS] = g_param_spec_double ("progress", NULL, NULL, 0, 1, 0, flags);
  properties[PROP_TITLE] = g_param_spec_string ("title", NULL, NULL, NULL, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  signals[INDENTATION_CHANGED] = g_signal_new ("indentation-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                               NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
riposte_document_init (RiposteDocument *self)
{
  self->source_file = gtk_source_file_new ();
  self->lifetime = g_cancellable_new ();
  self->number = 1;
  self->indentation = riposte_indentation_of_language (NULL);
  gtk_source_buffer_set_highlight_matching_brackets (GTK_SOURCE_BUFFER (self), TRUE);
  riposte_source_buffer_follow_style (GTK_SOURCE_BUFFER (self));
  g_signal_connect (self, "notify::language", G_CALLBACK (riposte_document_update_indentation), NULL);
}
