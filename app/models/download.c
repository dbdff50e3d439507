#include "models/download.h"

#include <glib/gi18n.h>

#include "models/part-file.h"
#include "network/network.h"

struct _RiposteDownload
{
  GObject parent;

  char *url, *path, *name, *sha256;
  guint64 size;

  RiposteDownloadState state;
  RiposteTransferInfo info;
  GError *error;
  GThread *thread;
  GCancellable *cancellable;      /* of the thread that runs */
  RiposteNetworkRequest *request; /* that is under way */
  gint discard;                   /* atomic: nothing shall be left */
  gboolean start_again;

  /* what the main thread will be told next, at most one source on its way */
  GMutex lock;
  RiposteTransferInfo posted;
  GError *posted_error;
  gboolean posted_end;
  gboolean source_pending;
};

G_DEFINE_FINAL_TYPE (RiposteDownload, riposte_download, G_TYPE_OBJECT)

static guint changed_signal;

static void
set_state (RiposteDownload *self, RiposteDownloadState state)
{
  self->state = state;
  g_signal_emit (self, changed_signal, 0);
}

/* ---- from the thread to the window ---- */

/* In any thread but the main one: a large file takes its time to go. */
static gpointer
discard_part (gpointer data)
{
  g_autofree char *path = data;
  RipostePartFile *part = riposte_part_file_open (path, NULL);

  if (part)
    riposte_part_file_discard (part);
  return NULL;
}

static void
on_end (RiposteDownload *self, GError *error)
{
  g_clear_pointer (&self->thread, g_thread_join);
  g_clear_object (&self->cancellable);
  g_clear_error (&self->error);
  if (g_atomic_int_get (&self->discard))
    {
      g_clear_error (&error);
      set_state (self, RIPOSTE_DOWNLOAD_CANCELLED);
    }
  else if (!error)
    set_state (self, RIPOSTE_DOWNLOAD_DONE);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      self->error = error;
      set_state (self, RIPOSTE_DOWNLOAD_FAILED);
    }
  else if (!riposte_network_check (&self->error))
    {
      g_error_free (error);
      set_state (self, RIPOSTE_DOWNLOAD_FAILED);
    }
  else
    {
      g_error_free (error);
      set_state (self, RIPOSTE_DOWNLOAD_PAUSED);
    }
  if (self->start_again && self->state == RIPOSTE_DOWNLOAD_PAUSED)
    riposte_download_start (self);
}

static gboolean
deliver (gpointer data)
{
  RiposteDownload *self = data;
  GError *error;
  gboolean end;

  g_mutex_lock (&self->lock);
  self->source_pending = FALSE;
  self->info = self->posted;
  error = g_steal_pointer (&self->posted_error);
  end = self->posted_end;
  g_mutex_unlock (&self->lock);
  if (!self->thread) /* shut down */
    g_clear_error (&error);
  else if (end)
    on_end (self, error);
  else
    {
      g_clear_error (&self->error);
      self->error = error;
      g_signal_emit (self, changed_signal, 0);
    }
  return G_SOURCE_REMOVE;
}

/* With the lock held. */
static void
schedule (RiposteDownload *self)
{
  if (self->source_pending)
    return;
  self->source_pending = TRUE;
  g_idle_add_full (G_PRIORITY_DEFAULT, deliver, g_object_ref (self), g_object_unref);
}

static void
on_report (const RiposteTransferInfo *info, const GError *problem, gpointer user_data)
{
  RiposteDownload *self = user_data;

  g_mutex_lock (&self->lock);
  self->posted = *info;
  g_clear_error (&self->posted_error);
  self->posted_error = problem ? g_error_copy (problem) : NULL;
  schedule (self);
  g_mutex_unlock (&self->lock);
}

/* ---- the door to the network ---- */

/* A question of the thread to the main thread, which owns the list of requests. */
typedef struct
{
  RiposteDownload *self;
  GCancellable *cancellable;
  char *url;
  GMutex lock;
  GCond cond;
  gboolean answered;
  GError *error;
} Question;

static void
question_clear (gpointer data)
{
  Question *question = data;

  g_object_unref (question->self);
  g_object_unref (question->cancellable);
  g_free (question->url);
  g_clear_error (&question->error);
  g_mutex_clear (&question->lock);
  g_cond_clear (&question->cond);
}

static void
question_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, question_clear);
}

static gboolean
answer_question (gpointer data)
{
  Question *question = data;
  RiposteDownload *self = question->self;

  g_mutex_lock (&question->lock);
  g_clear_object (&self->request);
  if (!g_cancellable_set_error_if_cancelled (question->cancellable, &question->error))
    self->request
      = riposte_network_begin (RIPOSTE_NETWORK_DOWNLOAD, "GET", question->url, question->cancellable, &question->error);
  question->answered = TRUE;
  g_cond_signal (&question->cond);
  g_mutex_unlock (&question->lock);
  return G_SOURCE_REMOVE;
}

static gboolean
on_begin (const char *url, gpointer user_data, GError **error)
{
  RiposteDownload *self = user_data;
  Question *question = g_atomic_rc_box_new0 (Question);
  gboolean allowed = FALSE;

  question->self = g_object_ref (self);
  question->cancellable = g_object_ref (self->cancellable);
  question->url = g_strdup (url);
  g_mutex_init (&question->lock);
  g_cond_init (&question->cond);
  g_idle_add_full (G_PRIORITY_DEFAULT, answer_question, g_atomic_rc_box_acquire (question), question_unref);
  g_mutex_lock (&question->lock);
  /* the main thread may be waiting for this one to end */
  while (!question->answered && !g_cancellable_is_cancelled (question->cancellable))
    g_cond_wait_until (&question->cond, &question->lock, g_get_monotonic_time () + G_USEC_PER_SEC / 20);
  if (!question->answered)
    g_cancellable_set_error_if_cancelled (question->cancellable, error);
  else if (question->error)
    g_propagate_error (error, g_steal_pointer (&question->error));
  else
    allowed = TRUE;
  g_mutex_unlock (&question->lock);
  question_unref (question);
  return allowed;
}

typedef struct
{
  RiposteDownload *self;
  guint64 received;
  guint status;
  gboolean good;
} Ending;

static void
ending_free (gpointer data)
{
  Ending *ending = data;

  g_object_unref (ending->self);
  g_free (ending);
}

static gboolean
note_ending (gpointer data)
{
  Ending *ending = data;
  g_autoptr (RiposteNetworkRequest) request = g_steal_pointer (&ending->self->request);

  if (!request)
    return G_SOURCE_REMOVE;
  riposte_network_request_add_received (request, ending->received);
  riposte_network_request_end (request,
                               ending->good                                             ? RIPOSTE_NETWORK_DONE
                               : g_cancellable_is_cancelled (ending->self->cancellable) ? RIPOSTE_NETWORK_CANCELLED
                                                                                        : RIPOSTE_NETWORK_FAILED,
                               ending->status);
  return G_SOURCE_REMOVE;
}

static void
on_response_end (guint64 received, guint status, gboolean good, gpointer user_data)
{
  Ending *ending = g_new (Ending, 1);

  *ending = (Ending){ g_object_ref (user_data), received, status, good };
  g_idle_add_full (G_PRIORITY_DEFAULT, note_ending, ending, ending_free);
}

/* ---- the thread ---- */

static gpointer
run (gpointer data)
{
  g_autoptr (RiposteDownload) self = data;
  RiposteTransferRequest request = {
    .url = self->url,
    .path = self->path,
    .sha256 = self->sha256,
    .size = self->size,
    .begin = on_begin,
    .end = on_response_end,
    .user_data = self,
  };
  GError *error = NULL;

  riposte_transfer_run (&request, on_report, self, self->cancellable, &error);
  if (error && g_atomic_int_get (&self->discard))
    discard_part (g_strdup (self->path));
  g_mutex_lock (&self->lock);
  g_clear_error (&self->posted_error);
  self->posted_error = error;
  self->posted_end = TRUE;
  schedule (self);
  g_mutex_unlock (&self->lock);
  return NULL;
}

void
riposte_download_start (RiposteDownload *self)
{
  self->start_again = self->thread != NULL;
  if (self->thread || self->state == RIPOSTE_DOWNLOAD_DONE || self->state == RIPOSTE_DOWNLOAD_CANCELLED)
    return;
  g_clear_error (&self->error);
  self->posted_end = FALSE;
  self->posted = self->info;
  self->posted.speed = 0;
  self->info.step = RIPOSTE_TRANSFER_CONNECTING;
  self->cancellable = g_cancellable_new ();
  self->thread = g_thread_new ("riposte-download", run, g_object_ref (self));
  set_state (self, RIPOSTE_DOWNLOAD_RUNNING);
}

void
riposte_download_pause (RiposteDownload *self)
{
  self->start_again = FALSE;
  if (!self->thread)
    return;
  g_cancellable_cancel (self->cancellable);
  set_state (self, RIPOSTE_DOWNLOAD_PAUSED);
}

void
riposte_download_cancel (RiposteDownload *self)
{
  g_atomic_int_set (&self->discard, TRUE);
  if (self->thread)
    g_cancellable_cancel (self->cancellable);
  else if (self->state != RIPOSTE_DOWNLOAD_DONE)
    {
      g_thread_unref (g_thread_new ("riposte-discard", discard_part, g_strdup (self->path)));
      set_state (self, RIPOSTE_DOWNLOAD_CANCELLED);
    }
}

void
riposte_download_shut_down (RiposteDownload *self)
{
  if (!self->thread)
    return;
  g_cancellable_cancel (self->cancellable);
  g_clear_pointer (&self->thread, g_thread_join);
  self->state = RIPOSTE_DOWNLOAD_PAUSED;
}

/* ---- object ---- */

static void
riposte_download_init (RiposteDownload *self)
{
  g_mutex_init (&self->lock);
}

static void
riposte_download_finalize (GObject *object)
{
  RiposteDownload *self = RIPOSTE_DOWNLOAD (object);

  g_free (self->url);
  g_free (self->path);
  g_free (self->name);
  g_free (self->sha256);
  g_clear_error (&self->error);
  g_clear_error (&self->posted_error);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->request);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (riposte_download_parent_class)->finalize (object);
}

static void
riposte_download_class_init (RiposteDownloadClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = riposte_download_finalize;
  changed_signal
    = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

RiposteDownload *
riposte_download_new (const char *url, const char *path, const char *name, guint64 size, const char *sha256)
{
  RiposteDownload *self = g_object_new (RIPOSTE_TYPE_DOWNLOAD, NULL);

  self->url = g_strdup (url);
  self->path = g_strdup (path);
  self->name = g_strdup (name);
  self->size = size;
  self->sha256 = g_strdup (sha256);
  self->info.total = size;
  self->info.has_checksum = sha256 != NULL;
  return self;
}

void
riposte_download_set_progress (RiposteDownload *self, guint64 done, guint64 total)
{
  self->info.done = done;
  self->info.total = total;
}

RiposteDownloadState
riposte_download_get_state (RiposteDownload *self)
{
  return self->state;
}

const RiposteTransferInfo *
riposte_download_get_info (RiposteDownload *self)
{
  return &self->info;
}

const GError *
riposte_download_get_error (RiposteDownload *self)
{
  return self->error;
}

const char *
riposte_download_get_name (RiposteDownload *self)
{
  return self->name;
}

const char *
riposte_download_get_path (RiposteDownload *self)
{
  return self->path;
}

/* ---- in words ---- */

static char *
describe_progress (const RiposteTransferInfo *info)
{
  g_autofree char *done = g_format_size (info->done), *total = g_format_size (info->total);

  if (!info->total)
    return g_steal_pointer (&done);
  /* Translators: sizes, "1.2 GB of 4.7 GB" */
  return g_strdup_printf (_ ("%s of %s"), done, total);
}

static char *
describe_time_left (double seconds)
{
  guint minutes = (guint)(seconds / 60 + 0.5);

  if (minutes < 1)
    return g_strdup (_ ("less than a minute left"));
  if (minutes < 90)
    return g_strdup_printf (ngettext ("%u minute left", "%u minutes left", minutes), minutes);
  minutes = (minutes + 30) / 60;
  return g_strdup_printf (ngettext ("%u hour left", "%u hours left", minutes), minutes);
}

static char *
describe_receiving (const RiposteTransferInfo *info)
{
  g_autofree char *progress = describe_progress (info);
  g_autofree char *speed = g_format_size ((guint64)info->speed);
  g_autofree char *left = NULL;

  if (info->speed < 1 || !info->total)
    return g_steal_pointer (&progress);
  left = describe_time_left ((info->total - MIN (info->total, info->done)) / info->speed);
  /* Translators: progress, a size a second, and the time that is left: "1.2 GB of 4.7 GB, 12 MB/s, 5 minutes left" */
  return g_strdup_printf (_ ("%s, %s/s, %s"), progress, speed, left);
}

static char *
describe_running (RiposteDownload *self)
{
  g_autofree char *progress = describe_progress (&self->info);
  gint64 wait = (self->info.retry_at - g_get_monotonic_time ()) / G_USEC_PER_SEC + 1;

  switch (self->info.step)
    {
    case RIPOSTE_TRANSFER_CHECKING:
      return g_strdup (_ ("Checking what is there already…"));
    case RIPOSTE_TRANSFER_RECEIVING:
      return describe_receiving (&self->info);
    case RIPOSTE_TRANSFER_WAITING:
      /* Translators: what went wrong, then seconds */
      return g_strdup_printf (_ ("%s. Trying again in %u s…"), self->error ? self->error->message : "",
                              (guint)MAX (wait, 1));
    case RIPOSTE_TRANSFER_VERIFYING:
      return g_strdup (_ ("Verifying…"));
    case RIPOSTE_TRANSFER_CONNECTING:
    default:
      return g_strdup (_ ("Connecting…"));
    }
}

char *
riposte_download_describe (RiposteDownload *self)
{
  g_autofree char *progress = NULL;

  switch (self->state)
    {
    case RIPOSTE_DOWNLOAD_RUNNING:
      return describe_running (self);
    case RIPOSTE_DOWNLOAD_FAILED:
      return g_strdup (self->error ? self->error->message : "");
    case RIPOSTE_DOWNLOAD_DONE:
      return g_strdup (_ ("Downloaded"));
    case RIPOSTE_DOWNLOAD_PAUSED:
    case RIPOSTE_DOWNLOAD_CANCELLED:
    default:
      progress = describe_progress (&self->info);
      /* Translators: how far a download came, "1.2 GB of 4.7 GB" */
      return g_strdup_printf (_ ("Paused at %s"), progress);
    }
}
