/* Fetches a file over HTTP into a RipostePartFile, however often the connection breaks. Without a main loop: the call
 * returns at the end, so it is for a thread of its own. */
#pragma once

#include "models/download-error.h"

G_BEGIN_DECLS

typedef struct
{
  const char *url;     /* https, or http of this very machine */
  const char *path;    /* that the file will have */
  const char *sha256;  /* (nullable) that it must have */
  guint64 size;        /* bytes that it must have; 0: what the server says */
  guint stall_seconds; /* without a byte; 0: 30 */
  guint back_off_ms;   /* before the second try, and twice as long before each further one; 0: 1,000 */
  /* Nullable: asked before each connection, of redirections too; FALSE and an error, and it is not opened. */
  gboolean (*begin) (const char *url, gpointer user_data, GError **error);
  /* Nullable: once after each begin() that said TRUE. @status: HTTP's, or 0 where none came. */
  void (*end) (guint64 n_received, guint status, gboolean good, gpointer user_data);
  gpointer user_data;
} RiposteTransferRequest;

typedef enum
{
  RIPOSTE_TRANSFER_CONNECTING,
  RIPOSTE_TRANSFER_CHECKING, /* reading what came before */
  RIPOSTE_TRANSFER_RECEIVING,
  RIPOSTE_TRANSFER_WAITING, /* for the next try */
  RIPOSTE_TRANSFER_VERIFYING,
} RiposteTransferStep;

typedef struct
{
  RiposteTransferStep step;
  guint64 done, total;   /* bytes; total 0: unknown */
  double speed;          /* bytes a second */
  gint64 retry_at;       /* of WAITING, as g_get_monotonic_time() */
  gboolean has_checksum; /* somebody published one, so that more than the size is verified */
} RiposteTransferInfo;

/* @problem: of WAITING, what the last try met */
typedef void (*RiposteTransferFunc) (const RiposteTransferInfo *info, const GError *problem, gpointer user_data);

/* FALSE with an error of RIPOSTE_DOWNLOAD_ERROR, or G_IO_ERROR_CANCELLED. What came so far is kept, and the next call
 * with this request goes on from there, unless it was found wrong. */
gboolean riposte_transfer_run (const RiposteTransferRequest *request,
                               RiposteTransferFunc report,
                               gpointer user_data,
                               GCancellable *cancellable,
                               GError **error);

/* Whether @url may be fetched from: https, or http of this machine. RIPOSTE_DOWNLOAD_ERROR_INSECURE */
gboolean riposte_transfer_check_url (const char *url, GError **error);

G_END_DECLS
