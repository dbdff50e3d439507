/* Code of an answer into a file: found, shown as a diff, and only then changed; or into a file of its own. */
#include "merge-code.h"
#include "patch.h"
#include "replace-file.h"
#include "riposte-editor-private.h"
#include "source-style.h"

#include <glib/gi18n.h>
#include <string.h>

/* ---- which document ---- */

/* Whether the last parts of @file's name are those of @path. */
static gboolean
ends_with (GFile *file, const char *path)
{
  g_autofree char *name = file ? g_file_get_path (file) : NULL;
  g_autofree char *end = g_str_has_prefix (path, "/") ? g_strdup (path) : g_strconcat ("/", path, NULL);

  return name && g_str_has_suffix (name, end);
}

static RiposteEditorPage *
find_page (RiposteEditor *self, const char *path)
{
  AdwTabView *view = riposte_editor_get_tab_view (self);
  RiposteEditorPage *current = riposte_editor_get_page (self);

  if (!path || (current && ends_with (riposte_document_get_file (riposte_editor_page_get_document (current)), path)))
    return current;
  for (int i = 0; i < adw_tab_view_get_n_pages (view); i++)
    {
      RiposteEditorPage *page = RIPOSTE_EDITOR_PAGE (adw_tab_page_get_child (adw_tab_view_get_nth_page (view, i)));

      if (ends_with (riposte_document_get_file (riposte_editor_page_get_document (page)), path))
        return page;
    }
  return NULL;
}

/* ---- showing and applying ---- */

typedef struct
{
  RiposteEditor *editor;
  RiposteEditorPage *page;
  RiposteMerge *merge; /* nullable */
  char *text;          /* that the merge is for */
  char *code;
} Applying;

static void
applying_free (gpointer data)
{
  Applying *applying = data;

  g_object_unref (applying->editor);
  g_object_unref (applying->page);
  g_clear_pointer (&applying->merge, riposte_merge_free);
  g_free (applying->text);
  g_free (applying->code);
  g_free (applying);
}

static char *
dup_text (RiposteEditorPage *page)
{
  GtkTextBuffer *buffer = GTK_TEXT_BUFFER (riposte_editor_page_get_document (page));
  GtkTextIter start, end;

  gtk_text_buffer_get_bounds (buffer, &start, &end);
  return gtk_text_buffer_get_text (buffer, &start, &end, TRUE);
}

static void
show_page (RiposteEditor *editor, RiposteEditorPage *page)
{
  AdwTabView *view = riposte_editor_get_tab_view (editor);

  adw_tab_view_set_selected_page (view, adw_tab_view_get_page (view, GTK_WIDGET (page)));
  gtk_widget_grab_focus (GTK_WIDGET (riposte_editor_page_get_view (page)));
}

static void
on_response (AdwMessageDialog *dialog, const char *response, Applying *applying)
{
  RiposteEditorPage *page = applying->page;
  g_autofree char *now = NULL;
  GtkTextView *view = GTK_TEXT_VIEW (riposte_editor_page_get_view (page));

  if (g_str_equal (response, "cancel") || !gtk_widget_get_root (GTK_WIDGET (page))
      || !riposte_editor_page_is_ready (page))
    return;
  if (g_str_equal (response, "insert"))
    {
      riposte_editor_insert_code (applying->editor, applying->code, NULL);
      return;
    }
  now = dup_text (page);
  if (!g_str_equal (now, applying->text)) /* read anew meanwhile */
    {
      gtk_widget_error_bell (GTK_WIDGET (page));
      return;
    }
  riposte_document_apply_merge (riposte_editor_page_get_document (page), applying->merge);
  show_page (applying->editor, page);
  gtk_text_view_scroll_mark_onscreen (view, gtk_text_buffer_get_insert (gtk_text_view_get_buffer (view)));
}

static GtkWidget *
diff_view_new (const char *diff)
{
  GtkWidget *scroller = gtk_scrolled_window_new ();
  GtkWidget *view = gtk_source_view_new ();
  GtkSourceBuffer *buffer = GTK_SOURCE_BUFFER (gtk_text_view_get_buffer (GTK_TEXT_VIEW (view)));

  gtk_source_buffer_set_language (buffer, riposte_source_guess_language (NULL, "diff"));
  riposte_source_buffer_follow_style (buffer);
  gtk_text_buffer_set_text (GTK_TEXT_BUFFER (buffer), diff, -1);
  gtk_text_view_set_editable (GTK_TEXT_VIEW (view), FALSE);
  gtk_text_view_set_monospace (GTK_TEXT_VIEW (view), TRUE);
  gtk_text_view_set_left_margin (GTK_TEXT_VIEW (view), 6);
  gtk_accessible_update_property (GTK_ACCESSIBLE (view), GTK_ACCESSIBLE_PROPERTY_LABEL, _ ("Changes"), -1);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), view);
  gtk_scrolled_window_set_has_frame (GTK_SCROLLED_WINDOW (scroller), TRUE);
  gtk_scrolled_window_set_propagate_natural_height (GTK_SCROLLED_WINDOW (scroller), TRUE);
  gtk_scrolled_window_set_min_content_height (GTK_SCROLLED_WINDOW (scroller), 120);
  gtk_scrolled_window_set_max_content_height (GTK_SCROLLED_WINDOW (scroller), 420);
  gtk_widget_set_size_request (scroller, 280, -1);
  return scroller;
}

static char *
describe (const RiposteMerge *merge)
{
  g_autofree char *added
    = g_strdup_printf (g_dngettext (NULL, "%u line added", "%u lines added", merge->n_added), merge->n_added);
  g_autofree char *removed
    = g_strdup_printf (g_dngettext (NULL, "%u line removed", "%u lines removed", merge->n_removed), merge->n_removed);

  return g_strdup_printf ("%s, %s", added, removed);
}

static GtkWidget *
dialog_new (RiposteEditor *self, RiposteDocument *document, const RiposteMerge *merge, const char *problem)
{
  g_autofree char *title = riposte_document_dup_title (document);
  /* Translators: %s is the name of a file */
  g_autofree char *heading = g_strdup_printf (_ ("Apply to “%s”?"), title);
  g_autofree char *body = NULL;
  GtkWidget *dialog;

  if (problem)
    body = g_strdup (problem);
  else if (!merge)
    body = g_strdup (_ ("No line of this code is in the file, so it does not say where it belongs. It can be inserted "
                        "where the caret is."));
  else
    body = merge->edits->len ? describe (merge) : g_strdup (_ ("The file has this code already."));
  dialog = adw_message_dialog_new (GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), heading, body);
  adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), "cancel", _ ("_Cancel"));
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "cancel");
  if (!merge && !problem)
    {
      adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), "insert", _ ("_Insert"));
      adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "insert");
    }
  else if (merge && merge->edits->len)
    {
      adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), "apply", _ ("_Apply"));
      adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "apply", ADW_RESPONSE_SUGGESTED);
      adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "apply");
      adw_message_dialog_set_extra_child (ADW_MESSAGE_DIALOG (dialog), diff_view_new (merge->diff));
    }
  return dialog;
}

/* A diff is a patch for the file, and anything else some of the file as it shall be. */
static RiposteMerge *
merge_code (const char *text, RiposteDocument *document, const char *code, char **problem)
{
  GFile *file = riposte_document_get_file (document);
  g_autofree char *name = file ? g_file_get_basename (file) : NULL;

  if (riposte_patch_is (code))
    return riposte_patch_apply (text, name, code, problem);
  return riposte_merge_code (text, code);
}

gboolean
riposte_editor_apply_code (RiposteEditor *self, const char *code, const char *path)
{
  RiposteEditorPage *page = find_page (self, path);
  RiposteDocument *document = page ? riposte_editor_page_get_document (page) : NULL;
  Applying *applying;
  GtkWidget *dialog;
  g_autofree char *problem = NULL;

  g_return_val_if_fail (RIPOSTE_IS_EDITOR (self), FALSE);
  g_return_val_if_fail (code != NULL, FALSE);
  if (!page || !riposte_editor_page_is_ready (page))
    return FALSE;
  applying = g_new0 (Applying, 1);
  applying->editor = g_object_ref (self);
  applying->page = g_object_ref (page);
  applying->text = dup_text (page);
  applying->code = g_strdup (code);
  applying->merge = merge_code (applying->text, document, code, &problem);
  show_page (self, page);
  dialog = dialog_new (self, document, applying->merge, problem);
  g_signal_connect_data (dialog, "response", G_CALLBACK (on_response), applying,
                         (GClosureNotify)(void (*) (void))applying_free, 0);
  gtk_window_present (GTK_WINDOW (dialog));
  return TRUE;
}

/* ---- into a file of its own ---- */

typedef struct
{
  RiposteEditor *editor;
  char *code;
} Saving;

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Saving *saving = user_data;
  g_autoptr (GError) error = NULL;

  if (riposte_replace_file_finish (G_FILE (source), result, &error))
    riposte_editor_open_file (saving->editor, G_FILE (source));
  else
    {
      g_autofree char *text = riposte_file_error_describe (error);
      GtkWidget *dialog = adw_message_dialog_new (GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (saving->editor))),
                                                  _ ("Could Not Save the Code"), text);

      adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), "close", _ ("_Close"));
      gtk_window_present (GTK_WINDOW (dialog));
    }
  g_object_unref (saving->editor);
  g_free (saving->code);
  g_free (saving);
}

static void
on_file_chosen (GtkNativeDialog *dialog, int response, gpointer user_data)
{
  Saving *saving = user_data;
  g_autoptr (GFile) file
    = response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog)) : NULL;

  g_object_unref (dialog);
  if (file)
    {
      g_autoptr (GBytes) bytes = g_bytes_new (saving->code, strlen (saving->code));

      riposte_replace_file_async (file, bytes, G_FILE_CREATE_NONE, on_written, saving);
      return;
    }
  g_object_unref (saving->editor);
  g_free (saving->code);
  g_free (saving);
}

/* "untitled" with the first ending that the language has. */
static char *
dup_name (const char *path, const char *hint)
{
  GtkSourceLanguage *language = riposte_source_guess_language (path, hint);
  g_auto (GStrv) globs = language ? gtk_source_language_get_globs (language) : NULL;

  if (path)
    return g_path_get_basename (path);
  for (guint i = 0; globs && globs[i]; i++)
    if (g_str_has_prefix (globs[i], "*.") && !strpbrk (globs[i] + 1, "*?["))
      return g_strconcat (_ ("untitled"), globs[i] + 1, NULL);
  return g_strconcat (_ ("untitled"), ".txt", NULL);
}

void
riposte_editor_save_code (RiposteEditor *self, const char *code, const char *path, const char *hint)
{
  GtkFileChooserNative *dialog
    = gtk_file_chooser_native_new (_ ("Save the Code"), GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))),
                                   GTK_FILE_CHOOSER_ACTION_SAVE, _ ("_Save"), _ ("_Cancel"));
  g_autofree char *name = dup_name (path, hint);
  GFile *current = riposte_editor_get_file (self);
  g_autoptr (GFile) folder = current ? g_file_get_parent (current) : NULL;
  g_autofree char *new_file = riposte_patch_dup_new_file (code);
  Saving *saving = g_new (Saving, 1);

  code = new_file ? new_file : code;
  saving->editor = g_object_ref (self);
  saving->code = g_strconcat (code, g_str_has_suffix (code, "\n") ? "" : "\n", NULL);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (dialog), name);
  if (folder)
    gtk_file_chooser_set_current_folder (GTK_FILE_CHOOSER (dialog), folder, NULL);
  g_signal_connect (dialog, "response", G_CALLBACK (on_file_chosen), saving);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}
