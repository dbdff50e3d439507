#include "chat/select-dialog.h"

#include "editor/source-style.h"
#include "markdown/block-text.h"
#include "markdown/gradual-text.h"
#include "plain-text.h"

struct _RiposteSelectDialog
{
  AdwWindow parent;

  GtkTextView *view;
};

G_DEFINE_FINAL_TYPE (RiposteSelectDialog, riposte_select_dialog, ADW_TYPE_WINDOW)

static void
riposte_select_dialog_init (RiposteSelectDialog *self)
{
  GtkSourceBuffer *buffer;

  gtk_widget_init_template (GTK_WIDGET (self));
  buffer = GTK_SOURCE_BUFFER (gtk_text_view_get_buffer (self->view));
  gtk_source_buffer_set_language (buffer, riposte_source_guess_language (NULL, "markdown"));
  riposte_source_buffer_follow_style (buffer);
  gtk_text_buffer_set_enable_undo (GTK_TEXT_BUFFER (buffer), FALSE);
}

static void
riposte_select_dialog_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), RIPOSTE_TYPE_SELECT_DIALOG);
  G_OBJECT_CLASS (riposte_select_dialog_parent_class)->dispose (object);
}

static void
riposte_select_dialog_class_init (RiposteSelectDialogClass *klass)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = riposte_select_dialog_dispose;
  g_type_ensure (GTK_SOURCE_TYPE_VIEW);
  gtk_widget_class_set_template_from_resource (widget, "/dev/riposte/Riposte/chat/select-dialog.ui");
  gtk_widget_class_bind_template_child (widget, RiposteSelectDialog, view);
  gtk_widget_class_add_binding_action (widget, GDK_KEY_Escape, 0, "window.close", NULL);
}

void
riposte_select_dialog_present (GtkWidget *parent, const char *text)
{
  RiposteSelectDialog *self
    = g_object_new (RIPOSTE_TYPE_SELECT_DIALOG, "transient-for", gtk_widget_get_root (parent), NULL);
  g_autofree char *plain = riposte_plain_text (text, -1);
  g_autofree char *broken = riposte_break_lines (plain);
  GtkTextIter start;

  riposte_gradual_text_add (self->view, broken ? broken : plain);
  gtk_text_buffer_get_start_iter (gtk_text_view_get_buffer (self->view), &start);
  gtk_text_buffer_place_cursor (gtk_text_view_get_buffer (self->view), &start);
  gtk_window_present (GTK_WINDOW (self));
}
