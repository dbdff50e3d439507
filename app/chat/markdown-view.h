/* A Markdown text that may still grow, as widgets. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define RIPOSTE_TYPE_MARKDOWN_VIEW (riposte_markdown_view_get_type ())
G_DECLARE_FINAL_TYPE (RiposteMarkdownView, riposte_markdown_view, RIPOSTE, MARKDOWN_VIEW, GtkBox)

GtkWidget *riposte_markdown_view_new (void);
/* Any text; what a model must not do to the window, it does not. Blocks that are closed keep their widgets. */
void riposte_markdown_view_append (RiposteMarkdownView *self, const char *text);
void riposte_markdown_view_finish (RiposteMarkdownView *self);
/* The whole text at once; its widgets are made by riposte_markdown_view_build(). */
void riposte_markdown_view_load (RiposteMarkdownView *self, const char *text);
/* Makes widgets that are not there yet until @deadline, in monotonic time. Returns: all are there */
gboolean riposte_markdown_view_build (RiposteMarkdownView *self, gint64 deadline);

G_END_DECLS
