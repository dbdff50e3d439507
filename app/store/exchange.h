/* Conversations out of the database and into it, whole. These calls wait for the disk, as those of database.h do. */
#pragma once

#include "store/archive.h"
#include "store/store.h"

G_BEGIN_DECLS

/* @conversation (nullable): this one, or all. Of RiposteArchivedChat; an unknown one gives none. */
GPtrArray *riposte_database_export (RiposteDatabase *self, const char *conversation, GError **error);

/* How many conversations of a file … */
typedef struct
{
  guint n_added;    /* were not there, or are another version of one that is, which then is kept beside it */
  guint n_extended; /* were there and have got messages */
  guint n_known;    /* were there with all their messages */
  char **ids;       /* of all of them, as they are now here, in the order of the file */
} RiposteImported;

void riposte_imported_free (RiposteImported *imported);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RiposteImported, riposte_imported_free)

/**
 * riposte_database_import:
 * @chats: as riposte_archive_from_json() gave them; ids may be changed
 *
 * In one transaction. Only adds: what is there keeps its text, title and place, and what was deleted a short time ago
 * and is in the file comes back. So the same file twice is the same as once.
 */
RiposteImported *riposte_database_import (RiposteDatabase *self, GPtrArray *chats, GError **error);

void riposte_store_export_async (RiposteStore *self,
                                 const char *conversation,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
/* Takes a reference to @chats, which nobody else may use until it ends; for the results of both,
 * riposte_store_read_finish(). */
void
riposte_store_import_async (RiposteStore *self, GPtrArray *chats, GAsyncReadyCallback callback, gpointer user_data);

G_END_DECLS
