/* Conversations to files and from them: the store, the disk and the parsing each in their own threads. */
#pragma once

#include "store/exchange.h"

G_BEGIN_DECLS

typedef enum
{
  RIPOSTE_FILE_JSON,
  RIPOSTE_FILE_MARKDOWN,
} RiposteFileFormat;

/* @conversation (nullable): this one, or all. */
void riposte_transfer_export_async (RiposteStore *store,
                                    const char *conversation,
                                    RiposteFileFormat format,
                                    GFile *file,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
gboolean riposte_transfer_export_finish (GAsyncResult *result, GError **error);

void riposte_transfer_import_async (RiposteStore *store, GFile *file, GAsyncReadyCallback callback, gpointer user_data);
RiposteImported *riposte_transfer_import_finish (GAsyncResult *result, GError **error);

G_END_DECLS
