/* A text that goes with a question: a file, or a part of one. It stands at the question's end, fenced, under its name. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* More than any context has room for. */
#define RIPOSTE_ATTACHMENT_MAX_SIZE (4 * 1024 * 1024)

#define RIPOSTE_TYPE_ATTACHMENT (riposte_attachment_get_type ())
G_DECLARE_FINAL_TYPE (RiposteAttachment, riposte_attachment, RIPOSTE, ATTACHMENT, GObject)

/* @name: as it is shown, with its ending, which tells the language. @text: UTF-8. */
RiposteAttachment *riposte_attachment_new (const char *name, const char *text, gssize length);
const char *riposte_attachment_get_name (RiposteAttachment *self);
const char *riposte_attachment_get_text (RiposteAttachment *self);

/**
 * riposte_attachment_load_async:
 *
 * Reads @file in a thread, in whatever encoding the editor would. What is no regular file, too big, or no text is refused
 * with a sentence to show.
 */
void riposte_attachment_load_async (GFile *file,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
RiposteAttachment *riposte_attachment_load_finish (GAsyncResult *result, GError **error);

/* ---- in a question ---- */

/* @question with @attachments (of RiposteAttachment) at its end. */
char *riposte_attachments_join (const char *question, GListModel *attachments);
/* The reverse: the bytes of @text that are the question, and (out) (optional) what is attached to it. */
gsize riposte_attachments_split (const char *text, GPtrArray **attachments);

G_END_DECLS
