/* What the files that read and write the database share. database.c opens it, records.c knows messages and
 * conversations. */
#pragma once

#include "store/database.h"

#include <sqlite3.h>

G_BEGIN_DECLS

struct _RiposteDatabase
{
  sqlite3 *db;
  char *writer;    /* this process's name among those that write */
  char *lock_path; /* locked for as long as it lives */
  int lock;
};

/* Sets @error to what SQLite says, and returns FALSE. */
gboolean riposte_database_fail (RiposteDatabase *self, GError **error);
/* Statements without rows or parameters. */
gboolean riposte_database_execute (RiposteDatabase *self, const char *sql, GError **error);
/* A statement with its parameters as text, which may be NULL; to be finalized. NULL after a failure. */
sqlite3_stmt *
riposte_database_prepare (RiposteDatabase *self, const char *sql, const char *const *texts, int n, GError **error);
/* Prepares and steps through a statement without rows. */
gboolean riposte_database_run (RiposteDatabase *self, const char *sql, const char *const *texts, int n, GError **error);

/* Whether a statement with one parameter has a row; FALSE only where that cannot be known. */
gboolean
riposte_database_find (RiposteDatabase *self, const char *sql, const char *text, gboolean *found, GError **error);

typedef gpointer (*RiposteReadRow) (sqlite3_stmt *row);
/* What @read makes of each row. */
GPtrArray *riposte_database_query (RiposteDatabase *self,
                                   const char *sql,
                                   const char *const *texts,
                                   int n,
                                   RiposteReadRow read,
                                   GDestroyNotify destroy,
                                   GError **error);
char *riposte_dup_column (sqlite3_stmt *row, int column);
/* All or nothing: riposte_database_end() commits where all went well until then, and says whether it did. */
gboolean riposte_database_begin (RiposteDatabase *self, GError **error);
gboolean riposte_database_end (RiposteDatabase *self, gboolean good, GError **error);
/* A message alone, to a conversation that is there. */
gboolean riposte_database_add_message (RiposteDatabase *self, const RiposteRecord *record, GError **error);
/* Answers whose writer is gone are cut off. */
gboolean riposte_database_mark_cut_off (RiposteDatabase *self, GError **error);

G_END_DECLS
