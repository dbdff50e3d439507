#include "riposte-document-private.h"

#include "file-probe.h"
#include "source-style.h"

#include <glib/gi18n.h>
#include <string.h>

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

void
riposte_document_set_busy (RiposteDocument *self, gboolean busy)
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

void
riposte_document_set_progress (RiposteDocument *self, double progress)
{
  self->progress = progress;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PROGRESS]);
}

void
riposte_document_set_file (RiposteDocument *self, GFile *file)
{
  if (file == self->file || !g_set_object (&self->file, file))
    return;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FILE]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TITLE]);
}

void
riposte_document_set_disk_state (RiposteDocument *self, RiposteDiskState state)
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
void
riposte_document_guess_indentation (RiposteDocument *self)
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
    riposte_document_guess_indentation (self);
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

void
riposte_document_guess_language (RiposteDocument *self)
{
  g_autofree char *name = self->file ? g_file_get_basename (self->file) : NULL;
  g_autofree char *interpreter = dup_interpreter (self);
  GtkSourceLanguage *language = riposte_source_guess_language (name, interpreter);

  if (language)
    gtk_source_buffer_set_language (GTK_SOURCE_BUFFER (self), language);
}

void
riposte_document_fail_task (GTask *task, GError *error)
{
  riposte_document_set_busy (g_task_get_source_object (task), FALSE);
  g_task_return_error (task, error);
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
    riposte_document_set_disk_state (self, RIPOSTE_DISK_DELETED);
  else if (info && self->etag && g_file_info_get_etag (info))
    riposte_document_set_disk_state (
      self, strcmp (self->etag, g_file_info_get_etag (info)) == 0 ? RIPOSTE_DISK_SAME : RIPOSTE_DISK_CHANGED);
}

void
riposte_document_look_at_disk (RiposteDocument *self)
{
  if (!self->real || self->busy)
    return;
  Look *look = g_new (Look, 1);
  look->self = g_object_ref (self);
  look->generation = self->generation;
  g_file_query_info_async (self->real, G_FILE_ATTRIBUTE_ETAG_VALUE, G_FILE_QUERY_INFO_NONE, G_PRIORITY_DEFAULT,
                           self->lifetime, on_looked, look);
}

void
riposte_document_watch_disk (RiposteDocument *self)
{
  g_clear_object (&self->monitor);
  /* Watching a file of another machine may ask it, and wait. */
  if (!self->real || !g_file_is_native (self->real))
    return;
  self->monitor = g_file_monitor_file (self->real, G_FILE_MONITOR_NONE, NULL, NULL);
  if (self->monitor)
    g_signal_connect_object (self->monitor, "changed", G_CALLBACK (riposte_document_look_at_disk), self,
                             G_CONNECT_SWAPPED);
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
  return (self->file && g_file_equal (self->file, file)) || (self->real && g_file_equal (self->real, file));
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

const char *
riposte_document_get_etag (RiposteDocument *self)
{
  return self->etag;
}

void
riposte_document_put_unsaved (RiposteDocument *self, const char *text, const char *etag)
{
  GtkTextBuffer *buffer = GTK_TEXT_BUFFER (self);
  GtkTextIter start, end;

  g_return_if_fail (RIPOSTE_IS_DOCUMENT (self));
  g_return_if_fail (!self->busy);
  gtk_text_buffer_begin_user_action (buffer);
  gtk_text_buffer_get_bounds (buffer, &start, &end);
  gtk_text_buffer_delete (buffer, &start, &end);
  gtk_text_buffer_insert (buffer, &start, text, -1);
  gtk_text_buffer_end_user_action (buffer);
  gtk_text_buffer_set_modified (buffer, TRUE);
  if (!etag)
    return;
  g_free (self->etag);
  self->etag = g_strdup (etag);
  riposte_document_look_at_disk (self);
}

RiposteDiskState
riposte_document_get_disk_state (RiposteDocument *self)
{
  return self->disk_state;
}

const GtkSourceEncoding *
riposte_document_get_encoding (RiposteDocument *self)
{
  return self->encoding;
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
  g_clear_object (&self->real);
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
  self->lifetime = g_cancellable_new ();
  self->number = 1;
  self->indentation = riposte_indentation_of_language (NULL);
  gtk_source_buffer_set_highlight_matching_brackets (GTK_SOURCE_BUFFER (self), TRUE);
  riposte_source_buffer_follow_style (GTK_SOURCE_BUFFER (self));
  g_signal_connect (self, "notify::language", G_CALLBACK (riposte_document_update_indentation), NULL);
}
