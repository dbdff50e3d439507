/* What is attached to the question that is being written: a chip each, with its size and what it costs. */
#pragma once

#include <gtk/gtk.h>

#include "chat/attachment.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_ATTACHMENT_BAR (riposte_attachment_bar_get_type ())
G_DECLARE_FINAL_TYPE (RiposteAttachmentBar, riposte_attachment_bar, RIPOSTE, ATTACHMENT_BAR, GtkWidget)

/* Signal "changed": there are more or fewer. */

/* Of RiposteAttachment. */
GListModel *riposte_attachment_bar_get_model (RiposteAttachmentBar *self);
/* Those of @model instead; nullable. */
void riposte_attachment_bar_set_model (RiposteAttachmentBar *self, GListStore *model);
/* @n_tokens: what it takes of the context; 0 where nobody can tell. One of the same name and text is there once. */
void riposte_attachment_bar_add (RiposteAttachmentBar *self, RiposteAttachment *attachment, guint n_tokens);
void riposte_attachment_bar_clear (RiposteAttachmentBar *self);

G_END_DECLS
