/* Asks an OpenAI-compatible service, and streams its answer. In the thread-default main context. */
#pragma once

#include "remote/question.h"
#include "remote/reply.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * riposte_remote_ask_async:
 * @question: (transfer full)
 * @on_text: called with each piece of the answer, before @callback is
 *
 * No connection is opened where the network is turned off. Redirects are followed within the service's origin only.
 */
void riposte_remote_ask_async (RiposteRemoteQuestion *question,
                               RiposteRemoteTextFunc on_text,
                               gpointer text_data,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data);

/* FALSE with an error of RIPOSTE_REMOTE_ERROR, RIPOSTE_NETWORK_ERROR or G_IO_ERROR_CANCELLED; what came before it is
 * part of the answer. *@reply (nullable, no pointer in it is good any more) is set in any case. */
gboolean riposte_remote_ask_finish (GAsyncResult *result, RiposteRemoteReply *reply, GError **error);

G_END_DECLS
