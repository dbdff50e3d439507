/* A crew of threads that walks through one job together.
 *
 * All threads of a pool, the caller's among them, run the same function; inside it they meet at barriers. A thread that
 * waits spins for some ten microseconds, since the next stage of a forward pass is usually that near, and then sleeps:
 * an idle pool takes no processor time, and a machine with more work than cores gets its cores back.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _RpPool RpPool;

typedef void (*RpPoolFunc) (gpointer data, guint thread); /* thread in 0 … n_threads - 1; the caller's is 0 */
typedef void (*RpPoolSerialFunc) (gpointer data);

/* Processor cores that this process may use: its affinity mask and its cgroup's quota, a core's hyperthreads counted
 * once. At least 1. */
guint rp_pool_default_n_threads (void);

/* Starts @n_threads - 1 threads. NULL with RP_ERROR_MEMORY where the system gives no more, with
 * RP_ERROR_ARGUMENT where they are more than any machine has cores. */
RpPool *rp_pool_new (guint n_threads, GError **error);
/* Joins the threads. NULL is fine. Not while rp_pool_run() runs. */
void rp_pool_free (RpPool *pool);
guint rp_pool_get_n_threads (const RpPool *pool);

/* Runs @func on every thread; returns when all have returned from it. One caller at a time. */
void rp_pool_run (RpPool *pool, RpPoolFunc func, gpointer data);

/* Only inside a pool's function, by every thread: waits for all of them. The last one to come calls @serial (nullable)
 * before any goes on; what it writes, all see. */
void rp_pool_barrier (RpPool *pool, RpPoolSerialFunc serial, gpointer data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RpPool, rp_pool_free)

G_END_DECLS
