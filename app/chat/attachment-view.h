/* What is attached to a question that was asked, folded. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* @attachments: of RiposteAttachment. */
GtkWidget *riposte_attachment_view_new (GPtrArray *attachments);

G_END_DECLS
