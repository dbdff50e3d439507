/* The question before pages with unsaved changes are closed. */
#pragma once

#include "riposte-editor-page.h"

G_BEGIN_DECLS

/**
 * riposte_save_changes_async:
 * @parent: (nullable): the window to be modal to
 * @pages: (element-type RiposteEditorPage): those with changes, at least one
 *
 * Asks which to save, and saves them. Fails with G_IO_ERROR_CANCELLED where nothing may be closed.
 */
void riposte_save_changes_async (GtkWindow *parent, GPtrArray *pages, GAsyncReadyCallback callback, gpointer user_data);
gboolean riposte_save_changes_finish (GAsyncResult *result, GError **error);

G_END_DECLS
