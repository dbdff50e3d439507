/* The database in a thread of its own: writes are made in the order of their coming, and reads after the writes that
 * came before them. A write that fails, for lack of space or of permission, waits with those behind it and is tried
 * again: nothing that was handed over is lost while the process lives. All calls are for the main thread, and none
 * waits for the disk but riposte_store_close(). */
#pragma once

#include <gio/gio.h>

#include "store/database.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_STORE (riposte_store_get_type ())
G_DECLARE_FINAL_TYPE (RiposteStore, riposte_store, RIPOSTE, STORE, GObject)

/* Signal "problem": what riposte_store_get_problem() says has changed. */

RiposteStore *riposte_store_new (const char *path);
/* Ends the thread, after all that was handed over was tried once more, and for some seconds again while another program
 * holds the file. To be called before the last reference goes. */
void riposte_store_close (RiposteStore *self);

/* Why writes wait; NULL where all is well. */
const GError *riposte_store_get_problem (RiposteStore *self);
/* Whether there are writes that are not on the disk. */
gboolean riposte_store_is_behind (RiposteStore *self);
/* Tries now what would be tried again in some seconds. */
void riposte_store_retry (RiposteStore *self);
/* Puts a damaged file out of the way, and goes on with a new one. */
void riposte_store_set_aside (RiposteStore *self);

/* In the store's thread. */
typedef gboolean (*RiposteStoreWrite) (RiposteDatabase *db, gpointer data, GError **error);
typedef gpointer (*RiposteStoreRead) (RiposteDatabase *db, gpointer data, GError **error);

/* @callback (nullable) learns how the first attempt went. A write with a @key (nullable) replaces one that waits with
 * the same key and without a callback. */
void riposte_store_write_async (RiposteStore *self,
                                const char *key,
                                RiposteStoreWrite write,
                                gpointer data,
                                GDestroyNotify destroy_data,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
gboolean riposte_store_write_finish (RiposteStore *self, GAsyncResult *result, GError **error);

/* What @read returns is not NULL where it did not fail, and is freed by @destroy_result where nobody takes it. */
void riposte_store_read_async (RiposteStore *self,
                               RiposteStoreRead read,
                               gpointer data,
                               GDestroyNotify destroy_data,
                               GDestroyNotify destroy_result,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
gpointer riposte_store_read_finish (RiposteStore *self, GAsyncResult *result, GError **error);

/* ---- riposte_database_…() of the same name; for the results, riposte_store_{write,read}_finish() ---- */

/* Takes @records, of RiposteRecord. */
void riposte_store_put_async (RiposteStore *self, GPtrArray *records, GAsyncReadyCallback callback, gpointer user_data);
void riposte_store_set (RiposteStore *self, const char *conversation, RiposteChatField field, const char *value);
void riposte_store_purge (RiposteStore *self, const char *conversation);
void riposte_store_delete_message (RiposteStore *self, const char *id, gboolean hide);
void riposte_store_set_left_out (RiposteStore *self, const char *const *ids, gboolean left_out);
/* Of RiposteChatRecord. */
void riposte_store_list_chats_async (RiposteStore *self,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
/* Of RiposteRecord. */
void riposte_store_list_async (RiposteStore *self,
                               const char *conversation,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
/* Once all that was handed over before was tried. */
void riposte_store_flush_async (RiposteStore *self, GAsyncReadyCallback callback, gpointer user_data);

G_END_DECLS
