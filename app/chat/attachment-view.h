/* What is attached to a question that was asked, folded. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* @attachments: of RiposteAttachment. */
GtkWidget *riposte_attachment_view_new (GPtrArray *attachments);
/* The first one that has @words. */
void riposte_attachment_view_unfold (GtkWidget *view, const char *words);

G_END_DECLS
