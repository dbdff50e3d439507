/* A download in the list: how it stands, and buttons to pause, go on, try again and cancel. */
#pragma once

#include <adwaita.h>

#include "models/download.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_DOWNLOAD_ROW (riposte_download_row_get_type ())
G_DECLARE_FINAL_TYPE (RiposteDownloadRow, riposte_download_row, RIPOSTE, DOWNLOAD_ROW, AdwPreferencesRow)

GtkWidget *riposte_download_row_new (RiposteDownload *download);
RiposteDownload *riposte_download_row_get_download (RiposteDownloadRow *self);

G_END_DECLS
