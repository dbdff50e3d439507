/* Conversations in an SQLite file: trees of messages that several processes may write at once. These calls wait for the
 * disk, so they are for a thread of their own. What returned TRUE is on the disk. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define RIPOSTE_STORE_ERROR (riposte_store_error_quark ())
GQuark riposte_store_error_quark (void);

typedef enum
{
  RIPOSTE_STORE_ERROR_FAILED,
  RIPOSTE_STORE_ERROR_NEWER,   /* than this program knows to read */
  RIPOSTE_STORE_ERROR_DAMAGED, /* or no such file at all */
} RiposteStoreError;

typedef enum
{
  RIPOSTE_RECORD_GROWING, /* its writer has not ended it */
  RIPOSTE_RECORD_ENDED,
  RIPOSTE_RECORD_CUT_OFF, /* its writer went away */
} RiposteRecordState;

/* A message; ids are chosen by who writes. */
typedef struct
{
  char *id;
  char *conversation;
  char *parent; /* nullable; kept before */
  int role;
  RiposteRecordState state;
  char *text;
} RiposteRecord;

RiposteRecord *riposte_record_copy (const RiposteRecord *record);
void riposte_record_free (RiposteRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RiposteRecord, riposte_record_free)

typedef struct _RiposteDatabase RiposteDatabase;

/* Makes the file and its folder where there are none. A file that is not understood is left as it is. */
RiposteDatabase *riposte_database_open (const char *path, GError **error);
void riposte_database_close (RiposteDatabase *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RiposteDatabase, riposte_database_close)

/* Adds the message, and its conversation where that is new, or brings one that grows up to date. One that ended is
 * never overwritten. */
gboolean riposte_database_put (RiposteDatabase *self, const RiposteRecord *record, GError **error);
/* Of RiposteRecord, in the order of their making. */
GPtrArray *riposte_database_list (RiposteDatabase *self, const char *conversation, GError **error);
/* Whether SQLite finds the whole file sound. */
gboolean riposte_database_check (RiposteDatabase *self, GError **error);

G_END_DECLS
