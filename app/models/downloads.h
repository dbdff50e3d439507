/* All downloads of models: a list of RiposteDownload that outlives the dialog that shows it. Main thread. */
#pragma once

#include "models/download.h"

G_BEGIN_DECLS

/* A list model. What was cancelled leaves the list, and so does what is done, after the signal "finished"
 * (RiposteDownload). */
#define RIPOSTE_TYPE_DOWNLOADS (riposte_downloads_get_type ())
G_DECLARE_FINAL_TYPE (RiposteDownloads, riposte_downloads, RIPOSTE, DOWNLOADS, GObject)

/* Those that an earlier run left in @folder appear, paused, once they are found. */
RiposteDownloads *riposte_downloads_new (const char *folder);
/* Begins a download to @file in the folder, or goes on with the one that is in the list. Owned by @self. */
RiposteDownload *riposte_downloads_add (RiposteDownloads *self,
                                        const char *url,
                                        const char *file,
                                        const char *name,
                                        guint64 size,
                                        const char *sha256);
/* NULL where there is none to @file. */
RiposteDownload *riposte_downloads_find (RiposteDownloads *self, const char *file);
/* Pauses all of them, and waits for their threads. */
void riposte_downloads_shut_down (RiposteDownloads *self);

/* The name that a file from @url gets, always one with .gguf; NULL where the address names none. */
char *riposte_downloads_name_file (const char *url);
/* An address as people copy it from a page, made one that leads to the file. */
char *riposte_downloads_mend_url (const char *text);

G_END_DECLS
