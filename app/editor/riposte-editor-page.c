#include "riposte-editor-page.h"

#include "riposte-indenter.h"

#include <glib/gi18n.h>
#include <string.h>

struct _RiposteEditorPage
{
  AdwBin parent_instance;

  GtkStack *stack;
  AdwStatusPage *failed;
  GtkInfoBar *disk_bar, *encoding_bar;
  GtkLabel *disk_label, *encoding_label;
  GtkButton *reload;
  RiposteSearchBar *search_bar;
  GtkSourceView *view;
  GtkProgressBar *progress;
  GtkLabel *language_label, *indentation_label, *position_label;
  GtkMenuButton *position_button;
  GtkPopover *line_popover;
  GtkEntry *line_entry;

  RiposteDocument *document;
  GCancellable *load;
  guint progress_delay;
  gboolean has_failed;
};

G_DEFINE_FINAL_TYPE (RiposteEditorPage, riposte_editor_page, ADW_TYPE_BIN)

static guint settled_signal;

enum
{
  /* Shorter waits show no progress: it would only flicker. */
  PROGRESS_DELAY_MS = 250,
};

char *
riposte_file_error_describe (const GError *error)
{
  static const struct
  {
    GIOErrorEnum code;
    const char *text;
  } rows[] = {
    { G_IO_ERROR_NOT_FOUND, N_ ("The file does not exist.") },
    { G_IO_ERROR_PERMISSION_DENIED, N_ ("You are not allowed to do that with this file.") },
    { G_IO_ERROR_READ_ONLY, N_ ("It is on a medium that cannot be written to.") },
    { G_IO_ERROR_NO_SPACE, N_ ("There is no space left.") },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_error_matches (error, G_IO_ERROR, rows[i].code))
      return g_strdup (_ (rows[i].text));
  return g_strdup (error->message);
}

/* ---- the status line ---- */

static void
update_position (RiposteEditorPage *self)
{
  GtkTextBuffer *buffer = GTK_TEXT_BUFFER (self->document);
  GtkTextIter caret;

  gtk_text_buffer_get_iter_at_mark (buffer, &caret, gtk_text_buffer_get_insert (buffer));
  /* Translators: line and column of the caret, as short as can be */
  g_autofree char *text = g_strdup_printf (_ ("Ln %d, Col %u"), gtk_text_iter_get_line (&caret) + 1,
                                           gtk_source_view_get_visual_column (self->view, &caret) + 1);
  gtk_label_set_text (self->position_label, text);
}

static void
update_language (RiposteEditorPage *self)
{
  GtkSourceLanguage *language = gtk_source_buffer_get_language (GTK_SOURCE_BUFFER (self->document));
  const GtkSourceEncoding *encoding = riposte_document_get_encoding (self->document);
  const char *name = language ? gtk_source_language_get_name (language) : _ ("Plain Text");
  g_autofree char *text = NULL;

  if (encoding && encoding != gtk_source_encoding_get_utf8 ())
    text = g_strdup_printf ("%s · %s", name, gtk_source_encoding_get_charset (encoding));
  gtk_label_set_text (self->language_label, text ? text : name);
}

static void
update_indentation (RiposteEditorPage *self)
{
  RiposteIndentation indentation = riposte_document_get_indentation (self->document);
  g_autofree char *text = indentation.tabs ? g_strdup_printf (_ ("Tabs: %u"), indentation.tab_width)
                                           : g_strdup_printf (_ ("Spaces: %u"), indentation.width);

  gtk_source_view_set_tab_width (self->view, indentation.tab_width);
  gtk_source_view_set_indent_width (self->view, (int)indentation.width);
  gtk_source_view_set_insert_spaces_instead_of_tabs (self->view, !indentation.tabs);
  gtk_label_set_text (self->indentation_label, text);
  update_position (self);
}

/* ---- going to a line ---- */

void
riposte_editor_page_go_to (RiposteEditorPage *self, int line, int column)
{
  GtkTextBuffer *buffer = GTK_TEXT_BUFFER (self->document);
  GtkTextIter place;

  g_return_if_fail (RIPOSTE_IS_EDITOR_PAGE (self));

  gtk_text_buffer_get_iter_at_line (buffer, &place, CLAMP (line, 1, gtk_text_buffer_get_line_count (buffer)) - 1);
  for (int i = 1; i < column && !gtk_text_iter_ends_line (&place); i++)
    gtk_text_iter_forward_char (&place);
  gtk_text_buffer_place_cursor (buffer, &place);
  gtk_text_view_scroll_to_mark (GTK_TEXT_VIEW (self->view), gtk_text_buffer_get_insert (buffer), 0.25, TRUE, 1, 0.5);
  gtk_widget_grab_focus (GTK_WIDGET (self->view));
}

void
riposte_editor_page_ask_line (RiposteEditorPage *self)
{
  g_return_if_fail (RIPOSTE_IS_EDITOR_PAGE (self));
  if (!self->has_failed)
    gtk_menu_button_popup (self->position_button);
}

static void
on_line_popover_show (RiposteEditorPage *self)
{
  GtkTextBuffer *buffer = GTK_TEXT_BUFFER (self->document);
  GtkTextIter caret;

  gtk_text_buffer_get_iter_at_mark (buffer, &caret, gtk_text_buffer_get_insert (buffer));
  g_autofree char *line = g_strdup_printf ("%d", gtk_text_iter_get_line (&caret) + 1);
  gtk_editable_set_text (GTK_EDITABLE (self->line_entry), line);
  gtk_editable_select_region (GTK_EDITABLE (self->line_entry), 0, -1);
  gtk_widget_grab_focus (GTK_WIDGET (self->line_entry));
}

/* With Escape one goes on where one was. */
static void
on_line_popover_closed (RiposteEditorPage *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self->view));
}

/* "12" or, as compilers print it, "12:5" */
static void
on_line_entered (RiposteEditorPage *self)
{
  char *rest;
  gint64 line = g_ascii_strtoll (gtk_editable_get_text (GTK_EDITABLE (self->line_entry)), &rest, 10);
  gint64 column = *rest == ':' ? g_ascii_strtoll (rest + 1, NULL, 10) : 1;

  gtk_popover_popdown (self->line_popover);
  if (line > 0)
    riposte_editor_page_go_to (self, (int)MIN (line, G_MAXINT), (int)CLAMP (column, 1, G_MAXINT));
}

/* ---- loading ---- */

static gboolean
on_progress_delay (gpointer user_data)
{
  RiposteEditorPage *self = user_data;

  self->progress_delay = 0;
  gtk_widget_set_visible (GTK_WIDGET (self->progress), TRUE);
  return G_SOURCE_REMOVE;
}

static void
on_busy_changed (RiposteEditorPage *self)
{
  gboolean busy = riposte_document_get_busy (self->document);

  g_clear_handle_id (&self->progress_delay, g_source_remove);
  if (busy)
    self->progress_delay = g_timeout_add (PROGRESS_DELAY_MS, on_progress_delay, self);
  else
    gtk_widget_set_visible (GTK_WIDGET (self->progress), FALSE);
  gtk_text_view_set_editable (GTK_TEXT_VIEW (self->view), !busy);
  update_language (self);
}

static void
on_disk_state_changed (RiposteEditorPage *self)
{
  RiposteDiskState state = riposte_document_get_disk_state (self->document);
  gboolean modified = gtk_text_buffer_get_modified (GTK_TEXT_BUFFER (self->document));

  if (state == RIPOSTE_DISK_DELETED)
    gtk_label_set_text (self->disk_label, _ ("The file was deleted or moved. Saving writes it again."));
  else if (state == RIPOSTE_DISK_CHANGED)
    gtk_label_set_text (self->disk_label, modified
                                            ? _ ("Another program changed the file. Reloading discards your changes.")
                                            : _ ("Another program changed the file."));
  gtk_widget_set_visible (GTK_WIDGET (self->reload), state == RIPOSTE_DISK_CHANGED);
  if (modified)
    gtk_widget_add_css_class (GTK_WIDGET (self->reload), "destructive-action");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->reload), "destructive-action");
  gtk_info_bar_set_revealed (self->disk_bar, state != RIPOSTE_DISK_SAME);
}

static void
on_bar_response (GtkInfoBar *bar, int response, gpointer user_data)
{
  if (response == GTK_RESPONSE_CLOSE)
    gtk_info_bar_set_revealed (bar, FALSE);
}

static void
show_encoding (RiposteEditorPage *self)
{
  const GtkSourceEncoding *encoding = riposte_document_get_encoding (self->document);
  gboolean expected = !encoding || encoding == gtk_source_encoding_get_utf8 ()
                      || g_str_has_prefix (gtk_source_encoding_get_charset (encoding), "UTF-16");

  if (!expected)
    {
      g_autofree char *name = gtk_source_encoding_to_string (encoding);
      /* Translators: %s is such as “Western (ISO-8859-15)” */
      g_autofree char *text
        = g_strdup_printf (_ ("The file is not valid UTF-8. It was opened as %s, and will be saved so."), name);
      gtk_label_set_text (self->encoding_label, text);
    }
  gtk_info_bar_set_revealed (self->encoding_bar, !expected);
}

static void
show_failure (RiposteEditorPage *self, const GError *error)
{
  g_autofree char *title = riposte_document_dup_title (self->document);
  g_autofree char *heading = g_strdup_printf (_ ("Could Not Open “%s”"), title);
  g_autofree char *text = riposte_file_error_describe (error);
  g_autofree char *escaped_heading = g_markup_escape_text (heading, -1);
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  self->has_failed = TRUE;
  adw_status_page_set_title (self->failed, escaped_heading);
  adw_status_page_set_description (self->failed, escaped);
  gtk_stack_set_visible_child_name (self->stack, "failed");
}

/* To load again failed: the text of before is still there. */
static void
show_reload_failure (RiposteEditorPage *self, const GError *error)
{
  g_autofree char *text = riposte_file_error_describe (error);
  g_autofree char *whole = g_strdup_printf (_ ("Could not reload the file: %s"), text);

  gtk_label_set_text (self->disk_label, whole);
  gtk_info_bar_set_revealed (self->disk_bar, TRUE);
}

/* A view that has no size yet would scroll further than it has to. */
static gboolean
scroll_to_caret (GtkWidget *view, GdkFrameClock *clock, gpointer user_data)
{
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (view));

  if (gtk_widget_get_height (view) == 0)
    return G_SOURCE_CONTINUE;
  gtk_text_view_scroll_to_mark (GTK_TEXT_VIEW (view), gtk_text_buffer_get_insert (buffer), 0.1, FALSE, 0, 0);
  return G_SOURCE_REMOVE;
}

void
riposte_editor_page_show_caret (RiposteEditorPage *self)
{
  gtk_widget_add_tick_callback (GTK_WIDGET (self->view), scroll_to_caret, NULL, NULL);
}

static void
on_loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RiposteEditorPage) self = user_data;
  g_autoptr (GError) error = NULL;
  gboolean was_shown = gtk_text_buffer_get_char_count (GTK_TEXT_BUFFER (source)) > 0;

  if (riposte_document_load_finish (RIPOSTE_DOCUMENT (source), result, &error))
    {
      self->has_failed = FALSE;
      gtk_stack_set_visible_child_name (self->stack, "text");
      show_encoding (self);
      riposte_editor_page_show_caret (self);
    }
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  else if (was_shown && !self->has_failed)
    show_reload_failure (self, error);
  else
    show_failure (self, error);
  g_signal_emit (self, settled_signal, 0);
}

void
riposte_editor_page_load (RiposteEditorPage *self, GFile *file)
{
  g_return_if_fail (RIPOSTE_IS_EDITOR_PAGE (self));
  riposte_document_load_async (self->document, file, self->load, on_loaded, g_object_ref (self));
}

static void
reload (GtkWidget *widget, const char *action, GVariant *parameter)
{
  RiposteEditorPage *self = RIPOSTE_EDITOR_PAGE (widget);

  if (riposte_document_get_file (self->document) && !riposte_document_get_busy (self->document))
    riposte_document_load_async (self->document, NULL, self->load, on_loaded, g_object_ref (self));
}

void
riposte_editor_page_cancel (RiposteEditorPage *self)
{
  g_return_if_fail (RIPOSTE_IS_EDITOR_PAGE (self));
  g_cancellable_cancel (self->load);
}

/* ---- the object ---- */

RiposteDocument *
riposte_editor_page_get_document (RiposteEditorPage *self)
{
  return self->document;
}

GtkSourceView *
riposte_editor_page_get_view (RiposteEditorPage *self)
{
  return self->view;
}

RiposteSearchBar *
riposte_editor_page_get_search_bar (RiposteEditorPage *self)
{
  return self->search_bar;
}

gboolean
riposte_editor_page_has_failed (RiposteEditorPage *self)
{
  return self->has_failed;
}

gboolean
riposte_editor_page_is_ready (RiposteEditorPage *self)
{
  return !self->has_failed && !riposte_document_get_busy (self->document);
}

void
riposte_editor_page_set_wrap_lines (RiposteEditorPage *self, gboolean wrap)
{
  gtk_text_view_set_wrap_mode (GTK_TEXT_VIEW (self->view), wrap ? GTK_WRAP_WORD_CHAR : GTK_WRAP_NONE);
}

/* Above what the text has in its menu already. */
void
riposte_editor_page_add_menu (RiposteEditorPage *self, GMenuModel *menu)
{
  GMenuModel *before = gtk_text_view_get_extra_menu (GTK_TEXT_VIEW (self->view));
  g_autoptr (GMenu) all = g_menu_new ();

  g_menu_append_section (all, NULL, menu);
  if (before)
    g_menu_append_section (all, NULL, before);
  gtk_text_view_set_extra_menu (GTK_TEXT_VIEW (self->view), G_MENU_MODEL (all));
}

/* A number stands beside the first row of a line, however high the line is. */
static void
align_numbers (RiposteEditorPage *self)
{
  GtkSourceGutter *gutter = gtk_source_view_get_gutter (self->view, GTK_TEXT_WINDOW_LEFT);

  for (GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (gutter)); child;
       child = gtk_widget_get_next_sibling (child))
    if (GTK_SOURCE_IS_GUTTER_RENDERER (child))
      {
        gtk_source_gutter_renderer_set_alignment_mode (GTK_SOURCE_GUTTER_RENDERER (child),
                                                       GTK_SOURCE_GUTTER_RENDERER_ALIGNMENT_MODE_FIRST);
        gtk_source_gutter_renderer_set_yalign (GTK_SOURCE_GUTTER_RENDERER (child), 0);
      }
}

RiposteEditorPage *
riposte_editor_page_new (guint number)
{
  RiposteEditorPage *self = g_object_new (RIPOSTE_TYPE_EDITOR_PAGE, NULL);
  static const struct
  {
    const char *signal;
    void (*update) (RiposteEditorPage *);
  } rows[] = {
    { "notify::busy", on_busy_changed },           { "notify::disk-state", on_disk_state_changed },
    { "modified-changed", on_disk_state_changed }, { "notify::language", update_language },
    { "indentation-changed", update_indentation }, { "notify::cursor-position", update_position },
  };

  self->document = riposte_document_new (number);
  gtk_text_view_set_buffer (GTK_TEXT_VIEW (self->view), GTK_TEXT_BUFFER (self->document));
  g_autoptr (GtkSourceIndenter) indenter = riposte_indenter_new ();
  gtk_source_view_set_indenter (self->view, indenter);
  riposte_search_bar_attach (self->search_bar, self->view);
  align_numbers (self);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_signal_connect_object (self->document, rows[i].signal, G_CALLBACK (rows[i].update), self, G_CONNECT_SWAPPED);
  g_object_bind_property (self->document, "progress", self->progress, "fraction", G_BINDING_SYNC_CREATE);
  update_language (self);
  update_indentation (self);
  return self;
}

static gboolean
riposte_editor_page_grab_focus (GtkWidget *widget)
{
  RiposteEditorPage *self = RIPOSTE_EDITOR_PAGE (widget);
  return !self->has_failed && gtk_widget_grab_focus (GTK_WIDGET (self->view));
}

static void
riposte_editor_page_dispose (GObject *object)
{
  RiposteEditorPage *self = RIPOSTE_EDITOR_PAGE (object);

  g_cancellable_cancel (self->load);
  g_clear_handle_id (&self->progress_delay, g_source_remove);
  G_OBJECT_CLASS (riposte_editor_page_parent_class)->dispose (object);
}

static void
riposte_editor_page_finalize (GObject *object)
{
  RiposteEditorPage *self = RIPOSTE_EDITOR_PAGE (object);

  g_clear_object (&self->load);
  g_clear_object (&self->document);
  G_OBJECT_CLASS (riposte_editor_page_parent_class)->finalize (object);
}

static void
riposte_editor_page_class_init (RiposteEditorPageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = riposte_editor_page_dispose;
  object_class->finalize = riposte_editor_page_finalize;
  widget_class->grab_focus = riposte_editor_page_grab_focus;
  settled_signal
    = g_signal_new ("settled", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  g_type_ensure (RIPOSTE_TYPE_SEARCH_BAR);
  g_type_ensure (GTK_SOURCE_TYPE_VIEW);
  gtk_widget_class_install_action (widget_class, "page.reload", NULL, reload);
  gtk_widget_class_set_template_from_resource (widget_class, "/dev/riposte/Riposte/editor/riposte-editor-page.ui");
  gtk_widget_class_bind_template_child (widget_class, RiposteEditorPage, stack);
  gtk_widget_class_bind_template_child (widget_class, RiposteEditorPage, failed);
  gtk_widget_class_bind_template_child (widget_class, RiposteEditorPage, disk_bar);
  gtk_widget_class_bind_template_child (widget_class, RiposteEditorPage, encoding_bar);
  gtk_widget_class_bind_template_child (widget_class, RiposteEditorPage, disk_label);
  gtk_widget_class_bind_template_child (widget_class, RiposteEditorPage, encoding_label);
  gtk_widget_class_bind_template_child (widget_class, RiposteEditorPage, reload);
  gtk_widget_class_bind_template_child (widget_class, RiposteEditorPage, search_bar);
  gtk_widget_class_bind_template_child (widget_class, RiposteEditorPage, view);
  gtk_widget_class_bind_template_child (widget_class, RiposteEditorPage, progress);
  gtk_widget_class_bind_template_child (widget_class, RiposteEditorPage, language_label);
  gtk_widget_class_bind_template_child (widget_class, RiposteEditorPage, indentation_label);
  gtk_widget_class_bind_template_child (widget_class, RiposteEditorPage, position_label);
  gtk_widget_class_bind_template_child (widget_class, RiposteEditorPage, position_button);
  gtk_widget_class_bind_template_child (widget_class, RiposteEditorPage, line_popover);
  gtk_widget_class_bind_template_child (widget_class, RiposteEditorPage, line_entry);
  gtk_widget_class_bind_template_callback (widget_class, on_bar_response);
  gtk_widget_class_bind_template_callback (widget_class, on_line_popover_show);
  gtk_widget_class_bind_template_callback (widget_class, on_line_popover_closed);
  gtk_widget_class_bind_template_callback (widget_class, on_line_entered);
}

static void
riposte_editor_page_init (RiposteEditorPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->load = g_cancellable_new ();
}
