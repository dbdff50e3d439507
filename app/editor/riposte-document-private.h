/* Between riposte-document.c and the files that load and save. */
#pragma once

#include "riposte-document.h"
#include "text-newlines.h"

G_BEGIN_DECLS

struct _RiposteDocument
{
  GtkSourceBuffer parent_instance;

  GFile *file; /* as the user named it */
  GFile *real; /* where it leads */
  char *etag;  /* of the content that was loaded or saved */
  const GtkSourceEncoding *encoding;
  RiposteNewlines newlines;
  GFileMonitor *monitor;
  GCancellable *lifetime; /* of looks at the disk that nobody waits for */
  guint number;
  guint generation; /* of loads and saves; a look at the disk from before one says nothing any more */
  double progress;
  RiposteDiskState disk_state;
  RiposteIndentation indentation;
  gboolean indentation_known; /* from the text, not only from its language */
  gboolean busy;
};

/* While it is busy nothing else loads or saves, and what is seen on the disk says nothing. */
void riposte_document_set_busy (RiposteDocument *self, gboolean busy);
void riposte_document_set_progress (RiposteDocument *self, double progress);
/* Ends the work of @task's document, and @task with @error, which it takes. */
void riposte_document_fail_task (GTask *task, GError *error);

void riposte_document_set_file (RiposteDocument *self, GFile *file);
void riposte_document_set_disk_state (RiposteDocument *self, RiposteDiskState state);
/* From the name of the file, else from the first line. */
void riposte_document_guess_language (RiposteDocument *self);
void riposte_document_guess_indentation (RiposteDocument *self);

void riposte_document_watch_disk (RiposteDocument *self);
void riposte_document_look_at_disk (RiposteDocument *self);

G_END_DECLS
