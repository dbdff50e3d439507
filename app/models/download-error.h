/* Why a download stops. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define RIPOSTE_DOWNLOAD_ERROR (riposte_download_error_quark ())
GQuark riposte_download_error_quark (void);

typedef enum
{
  RIPOSTE_DOWNLOAD_ERROR_NETWORK,    /* no connection, or one that keeps breaking */
  RIPOSTE_DOWNLOAD_ERROR_SERVER,     /* it is busy or out of order: later may be better */
  RIPOSTE_DOWNLOAD_ERROR_REFUSED,    /* it says no, and will say no again */
  RIPOSTE_DOWNLOAD_ERROR_INSECURE,   /* an address, or where it leads, is not https */
  RIPOSTE_DOWNLOAD_ERROR_WRONG_FILE, /* what came is not what was asked for, and was thrown away */
  RIPOSTE_DOWNLOAD_ERROR_SPACE,      /* the disk is full, or would be */
  RIPOSTE_DOWNLOAD_ERROR_DISK,       /* the folder cannot be read or written */
  RIPOSTE_DOWNLOAD_ERROR_EXISTS,     /* there is a file of that name */
  RIPOSTE_DOWNLOAD_ERROR_BUSY,       /* another process is fetching it */
  RIPOSTE_DOWNLOAD_ERROR_OFFLINE,    /* the user turned the network off */
} RiposteDownloadError;

G_END_DECLS
