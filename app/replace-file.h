/* Writes files so that what was there stays until all of the new is on the disk. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Takes the place of the file that a link leads to, and not of the link. A file that was not there, and could not be
 * written to its end, is not there afterwards. */
void riposte_replace_file_async (GFile *file,
                                 GBytes *bytes,
                                 GFileCreateFlags flags,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
gboolean riposte_replace_file_finish (GFile *file, GAsyncResult *result, GError **error);

G_END_DECLS
