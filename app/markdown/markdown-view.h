/* A Markdown text that may still grow, as widgets. Only the blocks near to what is seen have any; the others have a
 * height that was measured once, or is guessed. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define RIPOSTE_TYPE_MARKDOWN_VIEW (riposte_markdown_view_get_type ())
G_DECLARE_FINAL_TYPE (RiposteMarkdownView, riposte_markdown_view, RIPOSTE, MARKDOWN_VIEW, GtkWidget)

GtkWidget *riposte_markdown_view_new (void);
/* Any text; what a model must not do to the window, it does not. Blocks that are closed keep their widgets. Where much
 * is to be parsed, a thread does it, and the view shows it then. */
void riposte_markdown_view_append (RiposteMarkdownView *self, const char *text);
void riposte_markdown_view_finish (RiposteMarkdownView *self);
gboolean riposte_markdown_view_is_parsing (RiposteMarkdownView *self);
/* From @top to @bottom, in pixels of its own, it is seen. */
void riposte_markdown_view_set_seen (RiposteMarkdownView *self, int top, int bottom);
/* Makes what widgets lack between @top and @bottom, until @deadline in monotonic time. Returns: all are there */
gboolean riposte_markdown_view_build (RiposteMarkdownView *self, int top, int bottom, gint64 deadline);
/* By how many pixels what is above the top of what is seen has grown since the last call. */
int riposte_markdown_view_take_shift (RiposteMarkdownView *self);
/* Returns: about where the first block is that has @words, whatever their case; -1 where none has */
int riposte_markdown_view_seek (RiposteMarkdownView *self, const char *words);

G_END_DECLS
