#include "chat/attachment.h"

#include "editor/text-encoding.h"

#include <glib/gi18n.h>
#include <string.h>

/* Models read it, and so does riposte_attachments_split(): it is not translated. */
#define HEADING "Attached: "

struct _RiposteAttachment
{
  GObject parent;

  char *name, *text;
};

G_DEFINE_FINAL_TYPE (RiposteAttachment, riposte_attachment, G_TYPE_OBJECT)

static void
riposte_attachment_init (RiposteAttachment *self)
{
}

static void
riposte_attachment_finalize (GObject *object)
{
  RiposteAttachment *self = RIPOSTE_ATTACHMENT (object);

  g_free (self->name);
  g_free (self->text);
  G_OBJECT_CLASS (riposte_attachment_parent_class)->finalize (object);
}

static void
riposte_attachment_class_init (RiposteAttachmentClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = riposte_attachment_finalize;
}

/* One line, whatever a file is called. */
static char *
clean_name (const char *name)
{
  g_autofree char *valid = g_utf8_make_valid (name, -1);
  GString *out = g_string_new (NULL);

  for (const char *p = valid; *p; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);
      g_string_append_unichar (out, g_unichar_isprint (c) && c != '`' ? c : '_');
    }
  if (!out->len)
    g_string_append_c (out, '_');
  return g_string_free (out, FALSE);
}

RiposteAttachment *
riposte_attachment_new (const char *name, const char *text, gssize length)
{
  RiposteAttachment *self = g_object_new (RIPOSTE_TYPE_ATTACHMENT, NULL);

  self->name = clean_name (name);
  self->text = length < 0 ? g_strdup (text) : g_strndup (text, length);
  return self;
}

const char *
riposte_attachment_get_name (RiposteAttachment *self)
{
  return self->name;
}

const char *
riposte_attachment_get_text (RiposteAttachment *self)
{
  return self->text;
}

/* ---- loading ---- */

static void
refuse_size (goffset n, GError **error)
{
  g_autofree char *size = g_format_size (n);
  g_autofree char *most = g_format_size (RIPOSTE_ATTACHMENT_MAX_SIZE);

  /* Translators: both %s are sizes, such as “2.1 GB” */
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE, _ ("It has %s, and files of up to %s can be attached."),
               size, most);
}

/* A pipe would wait for ever, and a device may never end. */
static gboolean
check_info (GFileInfo *info, GError **error)
{
  if (g_file_info_get_file_type (info) == G_FILE_TYPE_DIRECTORY)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY, _ ("It is a folder."));
  else if (g_file_info_get_file_type (info) != G_FILE_TYPE_REGULAR)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE, _ ("It is not a regular file."));
  else if (g_file_info_get_size (info) > RIPOSTE_ATTACHMENT_MAX_SIZE)
    refuse_size (g_file_info_get_size (info), error);
  else
    return TRUE;
  return FALSE;
}

/* No more than may be attached, whatever its size was said to be. */
static char *
read_bytes (GFile *file, gsize *length, GCancellable *cancellable, GError **error)
{
  g_autoptr (GFileInputStream) stream = g_file_read (file, cancellable, error);
  gsize room = RIPOSTE_ATTACHMENT_MAX_SIZE + 1;
  g_autofree char *bytes = g_malloc (room);

  if (!stream || !g_input_stream_read_all (G_INPUT_STREAM (stream), bytes, room, length, cancellable, error))
    return NULL;
  if (*length < room)
    return g_steal_pointer (&bytes);
  refuse_size (*length, error);
  return NULL;
}

typedef struct
{
  GFile *file;
  RiposteEncodings *encodings;
} Load;

static void
load_free (gpointer data)
{
  Load *load = data;

  g_object_unref (load->file);
  riposte_encodings_free (load->encodings);
  g_free (load);
}

static void
load_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Load *load = data;
  GError *error = NULL;
  g_autoptr (GFileInfo) info = NULL;
  g_autofree char *bytes = NULL, *text = NULL;
  gsize length = 0;

  info = g_file_query_info (load->file,
                            G_FILE_ATTRIBUTE_STANDARD_TYPE "," G_FILE_ATTRIBUTE_STANDARD_SIZE
                                                           "," G_FILE_ATTRIBUTE_STANDARD_DISPLAY_NAME,
                            G_FILE_QUERY_INFO_NONE, cancellable, &error);
  if (info && check_info (info, &error))
    bytes = read_bytes (load->file, &length, cancellable, &error);
  text = bytes ? riposte_encodings_decode (load->encodings, bytes, length) : NULL;
  if (text)
    g_task_return_pointer (task, riposte_attachment_new (g_file_info_get_display_name (info), text, -1),
                           g_object_unref);
  else if (error)
    g_task_return_error (task, error);
  else
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s", _ ("It is not a text file."));
}

void
riposte_attachment_load_async (GFile *file, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Load *load = g_new (Load, 1);

  load->file = g_object_ref (file);
  load->encodings = riposte_encodings_new ();
  g_task_set_source_tag (task, riposte_attachment_load_async);
  g_task_set_task_data (task, load, load_free);
  g_task_run_in_thread (task, load_in_thread);
}

RiposteAttachment *
riposte_attachment_load_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- in a question ---- */

/* Longer than any run of backticks in @text. */
static gsize
find_fence (const char *text)
{
  gsize longest = 2, run = 0;

  for (const char *p = text; *p; p++)
    {
      run = *p == '`' ? run + 1 : 0;
      longest = MAX (longest, run);
    }
  return longest + 1;
}

/* The ending of a file's name, where it may name a language. */
static const char *
find_ending (const char *name)
{
  const char *dot = strrchr (name, '.');
  const char *ending = dot ? dot + 1 : "";

  return strspn (ending, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+#-") == strlen (ending)
           ? ending
           : "";
}

static void
append (GString *out, RiposteAttachment *self)
{
  g_autofree char *fence = g_strnfill (find_fence (self->text), '`');
  const char *newline = *self->text && !g_str_has_suffix (self->text, "\n") ? "\n" : "";

  g_string_append_printf (out, HEADING "%s\n%s%s\n%s%s%s", self->name, fence, find_ending (self->name), self->text,
                          newline, fence);
}

char *
riposte_attachments_join (const char *question, GListModel *attachments)
{
  GString *out = g_string_new (question);

  for (guint i = 0; i < g_list_model_get_n_items (attachments); i++)
    {
      g_autoptr (RiposteAttachment) attachment = g_list_model_get_item (attachments, i);

      if (out->len)
        g_string_append (out, "\n\n");
      append (out, attachment);
    }
  return g_string_free (out, FALSE);
}

/* Reads an attachment at @p, and returns where it ends; NULL where there is none. */
static const char *
read_one (const char *p, RiposteAttachment **attachment)
{
  const char *name = p + strlen (HEADING), *end_of_name, *text, *end;
  g_autofree char *fence = NULL, *heading = NULL;
  gsize n;

  if (!g_str_has_prefix (p, HEADING) || !(end_of_name = strchr (name, '\n')))
    return NULL;
  n = strspn (end_of_name + 1, "`");
  text = n >= 3 ? strchr (end_of_name + 1, '\n') : NULL;
  if (!text++)
    return NULL;
  /* nothing within has as many */
  fence = g_strndup (end_of_name + 1, n);
  end = strstr (text, fence);
  if (!end || end[-1] != '\n' || strspn (end, "`") != n || !(end[n] == '\0' || g_str_has_prefix (end + n, "\n\n")))
    return NULL;
  heading = g_strndup (name, end_of_name - name);
  *attachment = riposte_attachment_new (heading, text, end - text);
  return end + n;
}

/* All that is attached from @p on. Where something else comes in between, @p is left there. */
static GPtrArray *
read_all (const char **p)
{
  g_autoptr (GPtrArray) attachments = g_ptr_array_new_with_free_func (g_object_unref);

  while (TRUE)
    {
      RiposteAttachment *attachment = NULL;
      const char *end = read_one (*p, &attachment);

      if (!end)
        return NULL;
      g_ptr_array_add (attachments, attachment);
      *p = end;
      if (!*end)
        return g_steal_pointer (&attachments);
      *p = end + 2;
    }
}

gsize
riposte_attachments_split (const char *text, GPtrArray **attachments)
{
  const char *from = text;

  while (from)
    {
      const char *heading = from == text && g_str_has_prefix (text, HEADING) ? text : strstr (from, "\n\n" HEADING);
      const char *p = heading == text ? text : heading ? heading + 2 : NULL;
      g_autoptr (GPtrArray) found = p ? read_all (&p) : NULL;

      if (found)
        {
          gsize length = heading - text;

          if (attachments)
            *attachments = g_steal_pointer (&found);
          return length;
        }
      /* what broke off there does so from every later beginning as well */
      from = heading ? MAX (p, heading + 1) : NULL;
    }
  if (attachments)
    *attachments = g_ptr_array_new_with_free_func (g_object_unref);
  return strlen (text);
}
