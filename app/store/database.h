/* Conversations in an SQLite file: trees of messages that several processes may write at once. These calls wait for the
 * disk, so they are for a thread of their own. What returned TRUE is on the disk. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define RIPOSTE_STORE_ERROR (riposte_store_error_quark ())
GQuark riposte_store_error_quark (void);

typedef enum
{
  RIPOSTE_STORE_ERROR_FAILED,  /* for now: the disk is full, the folder cannot be written, … */
  RIPOSTE_STORE_ERROR_NEWER,   /* than this program knows to read */
  RIPOSTE_STORE_ERROR_DAMAGED, /* or no such file at all */
  RIPOSTE_STORE_ERROR_BUSY,    /* another program holds it, for longer than one waits */
  RIPOSTE_STORE_ERROR_REFUSED, /* does not fit what is kept, and never will: its parent is gone */
} RiposteStoreError;

/* The numbers stand in files. */
typedef enum
{
  RIPOSTE_RECORD_GROWING, /* its writer has not ended it */
  RIPOSTE_RECORD_ENDED,
  RIPOSTE_RECORD_CUT_OFF, /* its writer went away */
  RIPOSTE_RECORD_STOPPED,
  RIPOSTE_RECORD_CONTEXT_FULL,
  RIPOSTE_RECORD_FAILED,
  RIPOSTE_RECORD_NO_ROOM, /* failed, since what was asked is longer than the context */
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
  char *error;       /* (nullable) why it failed */
  char *model;       /* (nullable) its name */
  char *attachments; /* (nullable) JSON */
  gint64 created;    /* seconds since 1970; 0: now */
  guint n_read, n_written, n_context;
  double tokens_per_second;
  double seconds; /* from the question to the end */
  double thinking_seconds;
  gboolean left_out; /* the model is not given it any more */
} RiposteRecord;

RiposteRecord *riposte_record_copy (const RiposteRecord *record);
void riposte_record_free (RiposteRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RiposteRecord, riposte_record_free)

/* A conversation, without its messages. */
typedef struct
{
  char *id;
  char *title;            /* nullable */
  char *head;             /* (nullable) the message that ends the path that is shown; may be gone */
  char *settings;         /* (nullable) JSON */
  gboolean named, pinned; /* named: by the user, not by a model */
  gint64 created, updated;
} RiposteChatRecord;

void riposte_chat_record_free (RiposteChatRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RiposteChatRecord, riposte_chat_record_free)

typedef struct _RiposteDatabase RiposteDatabase;

/* Makes the file and its folder where there are none. A file that is not understood is left as it is. */
RiposteDatabase *riposte_database_open (const char *path, GError **error);
/* For reading alone, where nothing can be written. */
RiposteDatabase *riposte_database_open_to_read (const char *path, GError **error);
void riposte_database_close (RiposteDatabase *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RiposteDatabase, riposte_database_close)
/* Gives a damaged file, which is not open, another name: that of which it was, and the time. */
gboolean riposte_database_set_aside (const char *path, GError **error);
/* Whether SQLite finds the whole file sound. */
gboolean riposte_database_check (RiposteDatabase *self, GError **error);

/* ---- messages ---- */

/* Adds the message, and its conversation where that is new, and shows it there; or brings one that grows up to date.
 * One that ended is never overwritten. */
gboolean riposte_database_put (RiposteDatabase *self, const RiposteRecord *record, GError **error);
/* Of RiposteRecord: all or none. */
gboolean riposte_database_put_all (RiposteDatabase *self, GPtrArray *records, GError **error);
/* Of RiposteRecord, in the order of their making. What grows is another living process's, or this one's own. */
GPtrArray *riposte_database_list (RiposteDatabase *self, const char *conversation, GError **error);
/* Hides the message with all that follows it, or brings back what was hidden with it. What is hidden goes away for good
 * a day later. */
gboolean riposte_database_delete_message (RiposteDatabase *self, const char *id, gboolean hide, GError **error);
/* Whether the model is given these messages, of ids: the one thing about a message that changes after it ended. */
gboolean
riposte_database_set_left_out (RiposteDatabase *self, const char *const *ids, gboolean left_out, GError **error);

/* ---- conversations ---- */

/* Of RiposteChatRecord: those that have messages, the one that was changed last first. */
GPtrArray *riposte_database_list_chats (RiposteDatabase *self, GError **error);

typedef enum
{
  RIPOSTE_CHAT_TITLE,  /* by a program; a title that the user gave stays */
  RIPOSTE_CHAT_NAME,   /* by the user */
  RIPOSTE_CHAT_PINNED, /* "1" or "0" */
  RIPOSTE_CHAT_HEAD,
  RIPOSTE_CHAT_SETTINGS,
  RIPOSTE_CHAT_DELETED, /* "1" hides it, "0" brings it back; what is hidden goes away for good a day later */
} RiposteChatField;

/* Makes the conversation where there is none. @value is nullable where the field is. */
gboolean riposte_database_set (RiposteDatabase *self,
                               const char *conversation,
                               RiposteChatField field,
                               const char *value,
                               GError **error);
/* Deletes it with all its messages, for good. */
gboolean riposte_database_purge (RiposteDatabase *self, const char *conversation, GError **error);

G_END_DECLS
