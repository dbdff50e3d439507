/* What goes with a question: files, documents of the editor, and what is selected there. */
#include "chat/composer-private.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <string.h>

/* What takes more of the context than this share, or has more bytes where nobody can tell, is asked about first. */
#define BIG_SHARE 4
#define BIG_BYTES (128 * 1024)

void
riposte_composer_show_problem (RiposteComposer *self, const char *problem)
{
  gtk_label_set_label (self->problem, problem ? problem : "");
  gtk_widget_set_visible (GTK_WIDGET (self->problem), problem != NULL);
}

/* ---- its cost first ---- */

typedef struct
{
  RiposteComposer *self;
  RiposteAttachment *attachment;
  char *question; /* (nullable) to send with it */
  guint n_tokens;
} Adding;

static void
adding_free (gpointer data)
{
  Adding *adding = data;

  g_object_unref (adding->self);
  g_object_unref (adding->attachment);
  g_free (adding->question);
  g_free (adding);
}

static char *
join (const char *question, RiposteAttachment *attachment)
{
  g_autoptr (GListStore) alone = g_list_store_new (RIPOSTE_TYPE_ATTACHMENT);

  g_list_store_append (alone, attachment);
  return riposte_attachments_join (question, G_LIST_MODEL (alone));
}

static gboolean
send_now (Adding *adding)
{
  g_autofree char *text = join (adding->question, adding->attachment);

  return riposte_composer_send (adding->self, text);
}

static void
add (Adding *adding)
{
  if (!adding->question || !send_now (adding))
    {
      riposte_attachment_bar_add (adding->self->attachments, adding->attachment, adding->n_tokens);
      if (adding->question && gtk_text_buffer_get_char_count (adding->self->buffer) == 0)
        riposte_composer_set_text (adding->self, adding->question);
    }
  adding_free (adding);
}

static void
on_response (AdwMessageDialog *dialog, const char *response, gpointer user_data)
{
  if (g_str_equal (response, "attach"))
    add (user_data);
  else
    adding_free (user_data);
}

static void
ask_first (Adding *adding, guint n_context)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (adding->self));
  g_autofree char *size = g_format_size (strlen (riposte_attachment_get_text (adding->attachment)));
  g_autofree char *heading = g_strdup_printf (_ ("Attach “%s”?"), riposte_attachment_get_name (adding->attachment));
  g_autofree char *body
    = n_context
        ? g_strdup_printf (_ ("It takes %'u tokens, and the model has room for %'u."), adding->n_tokens, n_context)
        : g_strdup_printf (_ ("It has %s, and nobody can tell yet whether the model has room for it."), size);
  GtkWidget *dialog = adw_message_dialog_new (GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL, heading, body);

  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "cancel", _ ("_Cancel"), "attach", _ ("_Attach"),
                                    NULL);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "attach", ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "attach");
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "cancel");
  g_signal_connect (dialog, "response", G_CALLBACK (on_response), adding);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
on_measured (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Adding *adding = user_data;
  RiposteMeasure measure = { 0 };
  gboolean known = riposte_generator_measure_finish (RIPOSTE_GENERATOR (source), result, &measure, NULL);

  adding->n_tokens = measure.n_tokens;
  if (known ? measure.n_tokens > measure.n_context / BIG_SHARE
            : strlen (riposte_attachment_get_text (adding->attachment)) > BIG_BYTES)
    ask_first (adding, measure.n_context);
  else
    add (adding);
}

static void
attach (RiposteComposer *self, RiposteAttachment *attachment, const char *question)
{
  g_autoptr (RiposteGeneration) prompt = riposte_generation_new ();
  g_autofree char *text = join (question ? question : "", attachment);
  Adding *adding = g_new0 (Adding, 1);

  riposte_composer_show_problem (self, NULL);
  adding->self = g_object_ref (self);
  adding->attachment = g_object_ref (attachment);
  adding->question = g_strdup (question);
  riposte_generation_add_turn (prompt, "user", text);
  riposte_generator_measure_async (self->generator, prompt, NULL, on_measured, adding);
}

void
riposte_composer_attach (RiposteComposer *self, RiposteAttachment *attachment)
{
  attach (self, attachment, NULL);
}

/* ---- files ---- */

typedef struct
{
  RiposteComposer *self;
  GFile *file;
} Loading;

static void
on_loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Loading *loading = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RiposteAttachment) attachment = riposte_attachment_load_finish (result, &error);

  if (attachment)
    riposte_composer_attach (loading->self, attachment);
  else
    {
      g_autofree char *base = g_file_get_basename (loading->file);
      g_autofree char *name = base ? g_filename_display_name (base) : g_strdup ("");
      /* Translators: the name of a file, and a sentence that says why */
      g_autofree char *text = g_strdup_printf (_ ("“%s” cannot be attached: %s"), name, error->message);
      riposte_composer_show_problem (loading->self, text);
    }
  g_object_unref (loading->self);
  g_object_unref (loading->file);
  g_free (loading);
}

void
riposte_composer_attach_file (RiposteComposer *self, GFile *file)
{
  Loading *loading = g_new (Loading, 1);

  loading->self = g_object_ref (self);
  loading->file = g_object_ref (file);
  riposte_attachment_load_async (file, NULL, on_loaded, loading);
}

static void
on_files_chosen (GtkNativeDialog *dialog, int response, gpointer user_data)
{
  g_autoptr (RiposteComposer) self = user_data;
  g_autoptr (GListModel) files
    = response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_files (GTK_FILE_CHOOSER (dialog)) : NULL;

  for (guint i = 0; files && i < g_list_model_get_n_items (files); i++)
    {
      g_autoptr (GFile) file = g_list_model_get_item (files, i);
      riposte_composer_attach_file (self, file);
    }
  g_object_unref (dialog);
}

static void
on_attach_files (GtkWidget *widget, const char *name, GVariant *parameter)
{
  GtkRoot *root = gtk_widget_get_root (widget);
  GtkFileChooserNative *dialog
    = gtk_file_chooser_native_new (_ ("Attach Files"), GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL,
                                   GTK_FILE_CHOOSER_ACTION_OPEN, _ ("_Attach"), NULL);

  gtk_file_chooser_set_select_multiple (GTK_FILE_CHOOSER (dialog), TRUE);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  g_signal_connect (dialog, "response", G_CALLBACK (on_files_chosen), g_object_ref (widget));
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

/* ---- the editor ---- */

static void
attach_text (RiposteComposer *self, const char *title, const char *text)
{
  g_autoptr (RiposteAttachment) attachment = riposte_attachment_new (title, text, -1);

  riposte_composer_attach (self, attachment);
}

/* As it stands in the editor, saved or not. */
static void
attach_document (RiposteComposer *self, RiposteDocument *document)
{
  GtkTextIter start, end;
  g_autofree char *title = riposte_document_dup_title (document);
  g_autofree char *text = NULL;

  gtk_text_buffer_get_bounds (GTK_TEXT_BUFFER (document), &start, &end);
  text = gtk_text_buffer_get_text (GTK_TEXT_BUFFER (document), &start, &end, TRUE);
  attach_text (self, title, text);
}

gboolean
riposte_composer_attach_selection (RiposteComposer *self)
{
  g_autofree char *text = self->editor ? riposte_editor_dup_selection (self->editor) : NULL;
  g_autofree char *title = text ? riposte_editor_dup_title (self->editor) : NULL;

  if (text)
    attach_text (self, title, text);
  return text != NULL;
}

gboolean
riposte_composer_ask_about_code (RiposteComposer *self, const char *question)
{
  g_autofree char *title = self->editor ? riposte_editor_dup_title (self->editor) : NULL;
  g_autofree char *selection = title ? riposte_editor_dup_selection (self->editor) : NULL;
  g_autofree char *text = title && !selection ? riposte_editor_dup_text (self->editor) : g_steal_pointer (&selection);
  g_autoptr (RiposteAttachment) attachment = text && *text ? riposte_attachment_new (title, text, -1) : NULL;

  if (attachment)
    attach (self, attachment, question);
  return attachment != NULL;
}

static void
on_attach_selection (GtkWidget *widget, const char *name, GVariant *parameter)
{
  riposte_composer_attach_selection (RIPOSTE_COMPOSER (widget));
}

static void
on_attach_document (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RiposteComposer *self = RIPOSTE_COMPOSER (widget);
  g_autofree char *title = self->editor ? riposte_editor_dup_title (self->editor) : NULL;
  g_autofree char *text = title ? riposte_editor_dup_text (self->editor) : NULL;

  if (text)
    attach_text (self, title, text);
}

/* When the menu opens: what there is to attach. */
static void
update_menu (GtkMenuButton *button, gpointer user_data)
{
  RiposteComposer *self = user_data;
  g_autofree char *selection = self->editor ? riposte_editor_dup_selection (self->editor) : NULL;
  gboolean open = self->editor && riposte_editor_get_n_pages (self->editor) > 0;

  gtk_widget_action_set_enabled (GTK_WIDGET (self), "composer.attach-selection", selection != NULL);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "composer.attach-document", open);
}

/* ---- dropping ---- */

gboolean
riposte_composer_drop_text (RiposteComposer *self, GdkDrop *drop, const char *text)
{
  g_autofree char *selection = self->editor ? riposte_editor_dup_selection (self->editor) : NULL;

  if (gdk_drop_get_drag (drop) && g_strcmp0 (text, selection) == 0)
    return riposte_composer_attach_selection (self);
  gtk_text_buffer_insert_at_cursor (self->buffer, text, -1);
  return TRUE;
}

void
riposte_composer_install_attach_actions (GtkWidgetClass *klass)
{
  gtk_widget_class_install_action (klass, "composer.attach-files", NULL, on_attach_files);
  gtk_widget_class_install_action (klass, "composer.attach-selection", NULL, on_attach_selection);
  gtk_widget_class_install_action (klass, "composer.attach-document", NULL, on_attach_document);
}

void
riposte_composer_set_up_attaching (RiposteComposer *self)
{
  self->mention = riposte_mention_new (self->view, GTK_WIDGET (self));
  g_signal_connect_object (self->mention, "document", G_CALLBACK (attach_document), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->mention, "file", G_CALLBACK (riposte_composer_attach_file), self, G_CONNECT_SWAPPED);
  gtk_menu_button_set_create_popup_func (self->attach, update_menu, self, NULL);
}
