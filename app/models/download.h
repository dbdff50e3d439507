/* A download, seen from the window: it runs in a thread of its own, can be paused and gone on with, and asks the switch
 * of the network for each connection. Main thread. */
#pragma once

#include "models/transfer.h"

G_BEGIN_DECLS

typedef enum
{
  RIPOSTE_DOWNLOAD_PAUSED, /* not begun, or to be gone on with */
  RIPOSTE_DOWNLOAD_RUNNING,
  RIPOSTE_DOWNLOAD_FAILED,
  RIPOSTE_DOWNLOAD_DONE,
  RIPOSTE_DOWNLOAD_CANCELLED, /* nothing of it is left */
} RiposteDownloadState;

/* Signal "changed": the state or the info is new. */
#define RIPOSTE_TYPE_DOWNLOAD (riposte_download_get_type ())
G_DECLARE_FINAL_TYPE (RiposteDownload, riposte_download, RIPOSTE, DOWNLOAD, GObject)

/**
 * riposte_download_new:
 * @path: that the file will have
 * @name: as a person would name it
 * @size: bytes, or 0 for what the server says
 * @sha256: (nullable)
 */
RiposteDownload *
riposte_download_new (const char *url, const char *path, const char *name, guint64 size, const char *sha256);

/* Begins, or goes on. */
void riposte_download_start (RiposteDownload *self);
void riposte_download_pause (RiposteDownload *self);
/* Stops, and removes what came. */
void riposte_download_cancel (RiposteDownload *self);
/* Stops, and waits for the thread, which takes no longer than a write to the disk. */
void riposte_download_shut_down (RiposteDownload *self);

RiposteDownloadState riposte_download_get_state (RiposteDownload *self);
const RiposteTransferInfo *riposte_download_get_info (RiposteDownload *self);
const GError *riposte_download_get_error (RiposteDownload *self); /* of FAILED, and of the last try while it waits */
const char *riposte_download_get_name (RiposteDownload *self);
const char *riposte_download_get_path (RiposteDownload *self);
/* How it stands, in a line: "1.2 GB of 4.7 GB, 12 MB/s, 5 minutes left". */
char *riposte_download_describe (RiposteDownload *self);

/* For a download that an earlier run left behind. */
void riposte_download_set_progress (RiposteDownload *self, guint64 done, guint64 total);

G_END_DECLS
