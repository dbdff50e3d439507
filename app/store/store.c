#include "store/store.h"

#define RETRY_US   (2 * G_USEC_PER_SEC)
#define CLOSING_US (10 * G_USEC_PER_SEC) /* for another program to let the file go, before what waits is lost */

typedef struct
{
  char *key;
  RiposteStoreWrite write;
  RiposteStoreRead read; /* or this */
  gpointer data;
  GDestroyNotify destroy_data, destroy_result;
  GTask *task; /* nullable */
} Job;

struct _RiposteStore
{
  GObject parent;

  char *path;
  GThread *thread;
  GError *problem; /* the main thread's copy */

  GMutex lock;
  GCond changed;
  GQueue writes, reads; /* of Job */
  GError *blocked;      /* why the first of the writes waits */
  gint64 retry_at, give_up_at;
  gboolean closing, report_pending, aside_wanted;

  /* the thread's own */
  RiposteDatabase *db;
  RiposteDatabase *reader; /* while the one above cannot be opened */
};

G_DEFINE_FINAL_TYPE (RiposteStore, riposte_store, G_TYPE_OBJECT)

static guint problem_signal;

static void
job_free (gpointer data)
{
  Job *job = data;

  if (job->destroy_data)
    job->destroy_data (job->data);
  g_clear_object (&job->task);
  g_free (job->key);
  g_free (job);
}

/* ---- what the main thread hears ---- */

static gboolean
report (gpointer data)
{
  RiposteStore *self = data;
  g_autoptr (GError) old = g_steal_pointer (&self->problem);

  g_mutex_lock (&self->lock);
  self->report_pending = FALSE;
  self->problem = self->blocked ? g_error_copy (self->blocked) : NULL;
  g_mutex_unlock (&self->lock);
  if (g_strcmp0 (old ? old->message : NULL, self->problem ? self->problem->message : NULL) != 0)
    g_signal_emit (self, problem_signal, 0);
  return G_SOURCE_REMOVE;
}

/* With the lock held; takes @error. */
static void
set_blocked (RiposteStore *self, GError *error)
{
  gint64 now = g_get_monotonic_time ();
  gboolean urgent
    = self->closing && now < self->give_up_at && g_error_matches (error, RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_BUSY);

  if (!error && !self->blocked)
    return;
  g_clear_error (&self->blocked);
  self->blocked = error;
  self->retry_at = urgent ? now : now + RETRY_US;
  if (!self->report_pending && !self->closing)
    g_idle_add_full (G_PRIORITY_DEFAULT, report, g_object_ref (self), g_object_unref);
  self->report_pending = TRUE;
}

static void
fail_task (Job *job, const GError *error)
{
  if (job->task)
    g_task_return_error (job->task, g_error_copy (error));
  g_clear_object (&job->task);
}

/* ---- the thread ---- */

static gboolean
take_aside_wanted (RiposteStore *self)
{
  gboolean wanted;

  g_mutex_lock (&self->lock);
  wanted = self->aside_wanted;
  self->aside_wanted = FALSE;
  g_mutex_unlock (&self->lock);
  return wanted;
}

static gboolean
is_open (RiposteStore *self, GError **error)
{
  if (take_aside_wanted (self))
    {
      g_clear_pointer (&self->db, riposte_database_close);
      g_clear_pointer (&self->reader, riposte_database_close);
      if (!riposte_database_set_aside (self->path, error))
        return FALSE;
    }
  if (!self->db)
    self->db = riposte_database_open (self->path, error);
  if (self->db)
    g_clear_pointer (&self->reader, riposte_database_close);
  return self->db != NULL;
}

/* Opening, which may take its time to fail, is tried again with the writes that wait. */
static gboolean
waits_to_open (RiposteStore *self, GError **error)
{
  gboolean waits;

  g_mutex_lock (&self->lock);
  waits = self->blocked && !self->db;
  if (waits)
    *error = g_error_copy (self->blocked);
  g_mutex_unlock (&self->lock);
  return waits;
}

/* Also where nothing can be written. */
static RiposteDatabase *
get_reader (RiposteStore *self, GError **error)
{
  if (!waits_to_open (self, error) && is_open (self, error))
    return self->db;
  if (!self->reader)
    self->reader = riposte_database_open_to_read (self->path, NULL);
  if (self->reader)
    g_clear_error (error);
  return self->reader;
}

static void
run_read (RiposteStore *self, Job *job)
{
  GError *error = NULL;
  gpointer result = NULL;
  RiposteDatabase *db;

  if (g_task_return_error_if_cancelled (job->task))
    return;
  db = get_reader (self, &error);
  if (db)
    result = job->read (db, job->data, &error);
  if (result)
    g_task_return_pointer (job->task, result, job->destroy_result);
  else
    g_task_return_error (job->task, error);
}

/* One that is refused will be refused again, so those behind it need not wait. */
static void
end_write (RiposteStore *self, Job *job, gboolean done, GError *error)
{
  gboolean refused = g_error_matches (error, RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_REFUSED);

  if (done && job->task)
    g_task_return_boolean (job->task, TRUE);
  else if (!done)
    fail_task (job, error);
  g_mutex_lock (&self->lock);
  if (done || refused)
    job_free (job);
  else
    g_queue_push_head (&self->writes, job);
  set_blocked (self, done || refused ? NULL : g_error_copy (error));
  for (GList *link = self->blocked ? self->writes.head : NULL; link; link = link->next)
    fail_task (link->data, self->blocked);
  g_mutex_unlock (&self->lock);
  g_clear_error (&error);
}

static void
run_write (RiposteStore *self, Job *job)
{
  GError *error = NULL;
  gboolean done = is_open (self, &error) && job->write (self->db, job->data, &error);

  end_write (self, job, done, error);
}

/* The next job, off its queue; NULL once there will be none. Writes that wait do not keep reads from running. */
static Job *
wait_for_job (RiposteStore *self)
{
  Job *job = NULL;

  g_mutex_lock (&self->lock);
  for (;;)
    {
      gboolean wait = self->blocked && g_get_monotonic_time () < self->retry_at;

      if (!wait && (job = g_queue_pop_head (&self->writes)))
        break;
      if ((job = g_queue_pop_head (&self->reads)) || self->closing)
        break;
      if (wait && self->writes.length)
        g_cond_wait_until (&self->changed, &self->lock, self->retry_at);
      else
        g_cond_wait (&self->changed, &self->lock);
    }
  g_mutex_unlock (&self->lock);
  return job;
}

static gpointer
run (gpointer data)
{
  RiposteStore *self = data;
  Job *job;

  while ((job = wait_for_job (self)))
    if (job->write)
      run_write (self, job);
    else
      {
        run_read (self, job);
        job_free (job);
      }
  g_clear_pointer (&self->db, riposte_database_close);
  g_clear_pointer (&self->reader, riposte_database_close);
  return NULL;
}

/* ---- object ---- */

static void
riposte_store_init (RiposteStore *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->writes);
  g_queue_init (&self->reads);
}

static void
riposte_store_finalize (GObject *object)
{
  RiposteStore *self = RIPOSTE_STORE (object);

  g_assert (!self->thread);
  g_queue_clear_full (&self->writes, job_free);
  g_queue_clear_full (&self->reads, job_free);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_clear_error (&self->blocked);
  g_clear_error (&self->problem);
  g_free (self->path);
  G_OBJECT_CLASS (riposte_store_parent_class)->finalize (object);
}

static void
riposte_store_class_init (RiposteStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = riposte_store_finalize;
  problem_signal
    = g_signal_new ("problem", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

RiposteStore *
riposte_store_new (const char *path)
{
  RiposteStore *self = g_object_new (RIPOSTE_TYPE_STORE, NULL);

  self->path = g_strdup (path);
  self->thread = g_thread_new ("riposte-store", run, self);
  riposte_store_flush_async (self, NULL, NULL); /* opens the file, so that a problem shows at once */
  return self;
}

void
riposte_store_close (RiposteStore *self)
{
  if (!self->thread)
    return;
  g_mutex_lock (&self->lock);
  self->closing = TRUE;
  self->retry_at = 0;
  self->give_up_at = g_get_monotonic_time () + CLOSING_US;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
  g_thread_join (g_steal_pointer (&self->thread));
}

const GError *
riposte_store_get_problem (RiposteStore *self)
{
  return self->problem;
}

gboolean
riposte_store_is_behind (RiposteStore *self)
{
  gboolean behind = FALSE;

  g_mutex_lock (&self->lock);
  for (GList *link = self->writes.head; link; link = link->next)
    behind = behind || ((Job *)link->data)->data;
  g_mutex_unlock (&self->lock);
  return behind;
}

void
riposte_store_retry (RiposteStore *self)
{
  g_mutex_lock (&self->lock);
  self->retry_at = 0;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
}

void
riposte_store_set_aside (RiposteStore *self)
{
  g_mutex_lock (&self->lock);
  self->aside_wanted = TRUE;
  g_mutex_unlock (&self->lock);
  riposte_store_flush_async (self, NULL, NULL);
  riposte_store_retry (self);
}

/* ---- handing over ---- */

/* With the lock held: whether @job took the place of one that is out of date. */
static gboolean
replace (RiposteStore *self, Job *job)
{
  for (GList *link = job->key ? self->writes.tail : NULL; link; link = link->prev)
    {
      Job *old = link->data;

      if (old->task || g_strcmp0 (old->key, job->key) != 0)
        continue;
      link->data = job;
      job_free (old);
      return TRUE;
    }
  return FALSE;
}

void
riposte_store_write_async (RiposteStore *self,
                           const char *key,
                           RiposteStoreWrite write,
                           gpointer data,
                           GDestroyNotify destroy_data,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  Job *job = g_new0 (Job, 1);

  job->key = g_strdup (key);
  job->write = write;
  job->data = data;
  job->destroy_data = destroy_data;
  job->task = callback ? g_task_new (self, NULL, callback, user_data) : NULL;
  g_mutex_lock (&self->lock);
  if (self->blocked)
    fail_task (job, self->blocked);
  if (!replace (self, job))
    g_queue_push_tail (&self->writes, job);
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
}

gboolean
riposte_store_write_finish (RiposteStore *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
riposte_store_read_async (RiposteStore *self,
                          RiposteStoreRead read,
                          gpointer data,
                          GDestroyNotify destroy_data,
                          GDestroyNotify destroy_result,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  Job *job = g_new0 (Job, 1);

  job->read = read;
  job->data = data;
  job->destroy_data = destroy_data;
  job->destroy_result = destroy_result;
  job->task = g_task_new (self, cancellable, callback, user_data);
  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->reads, job);
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
}

gpointer
riposte_store_read_finish (RiposteStore *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
