/* What is loaded into a buffer, and what has to be known of it. */
#pragma once

#include "text-newlines.h"

#include <gtksourceview/gtksource.h>

G_BEGIN_DECLS

/* A GtkTextBuffer holds its text several times over; more than this makes the window crawl. */
#define RIPOSTE_FILE_MAX_SIZE (64 * 1024 * 1024)

/**
 * RiposteFileProbe:
 * @real: the file itself, where the name is a symbolic link; saving replaces this, and leaves the link
 * @etag: (nullable): identifies the content on disk
 * @encoding: that all of it can be read in: UTF-8; else UTF-16 where it begins with a mark of that; else the locale's,
 *   or ISO-8859-15, which loses no byte
 * @newlines: of the file
 * @text: in UTF-8, for a buffer: with line feeds alone, unless the lines end in several ways
 * @ends_in_newline: whether one that ended the text is left out at its end; an empty file counts as such
 */
typedef struct
{
  GFile *real;
  char *etag;
  const GtkSourceEncoding *encoding;
  RiposteNewlines newlines;
  char *text;
  gboolean ends_in_newline;
} RiposteFileProbe;

void riposte_file_probe_free (RiposteFileProbe *probe);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RiposteFileProbe, riposte_file_probe_free)

/**
 * riposte_file_probe_async:
 * @file: any file
 *
 * Reads @file in a thread. Fails with a G_IO_ERROR and a sentence to show: what is no regular file, is binary, or
 * too big is G_IO_ERROR_NOT_REGULAR_FILE, G_IO_ERROR_INVALID_DATA or G_IO_ERROR_MESSAGE_TOO_LARGE.
 */
void
riposte_file_probe_async (GFile *file, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
RiposteFileProbe *riposte_file_probe_finish (GAsyncResult *result, GError **error);

/**
 * riposte_file_resolve_async:
 *
 * Follows symbolic links in a thread; a file that does not exist is itself. Never fails but by being cancelled.
 */
void
riposte_file_resolve_async (GFile *file, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
GFile *riposte_file_resolve_finish (GAsyncResult *result, GError **error);

/* The name without its folder, as a person reads it. */
char *riposte_file_dup_name (GFile *file);

G_END_DECLS
