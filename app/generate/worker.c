#include "generate/worker.h"

#include "chat/reasoning.h"
#include "generate/measure.h"

#include <glib/gi18n.h>
#include <malloc.h>
#include <string.h>
#include <unistd.h>

struct _RiposteWorker
{
  GThread *thread;
  GAsyncQueue *jobs; /* of Job */
  gint serial;       /* atomic: of the newest load; an older one gives up */
  RiposteWorkerFunc report;
  gpointer user_data;

  /* the thread's own; others look at the model's vocabulary with the lock, which the thread has to change it */
  RpEngine *engine;
  RpModel *model;
  RpSession *session;
  RpSession *filler;  /* (nullable) what completions are made in, so that the chat's is not read anew after them */
  GError *load_error; /* why there is none */
  GMutex lock;
  guint n_context; /* of the session; 0 where there is none */
};

typedef enum
{
  JOB_LOAD,
  JOB_GENERATE,
  JOB_MEASURE,
  JOB_QUIT,
} JobKind;

typedef struct
{
  JobKind kind;
  guint serial;
  char *path, *device; /* of a load; without a path, it only frees what there was */
  guint n_context;
  RiposteGeneration *generation;
} Job;

static void
job_free (Job *job)
{
  g_free (job->path);
  g_free (job->device);
  g_clear_object (&job->generation);
  g_free (job);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Job, job_free)

static void
device_free (gpointer data)
{
  RiposteDevice *device = data;

  g_free (device->id);
  g_free (device->name);
  g_free (device);
}

void
riposte_worker_report_free (RiposteWorkerReport *report)
{
  g_clear_error (&report->error);
  g_free (report->name);
  g_free (report->device_name);
  g_clear_pointer (&report->devices, g_ptr_array_unref);
  if (report->capacity)
    g_free (report->capacity->device);
  g_free (report->capacity);
  g_free (report);
}

/* ---- loading ---- */

static gboolean
is_stale (RiposteWorker *self, guint serial)
{
  return (guint)g_atomic_int_get (&self->serial) != serial;
}

static void
free_model (RiposteWorker *self)
{
  g_clear_error (&self->load_error);
  g_mutex_lock (&self->lock);
  self->n_context = 0;
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&self->session, rp_session_free);
  g_clear_pointer (&self->filler, rp_session_free);
  if (!self->model)
    return;
  g_clear_pointer (&self->model, rp_model_free);
  malloc_trim (0); /* a vocabulary is hundreds of thousands of small pieces */
}

static void
report_devices (RiposteWorker *self)
{
  RiposteWorkerReport *report = g_new0 (RiposteWorkerReport, 1);

  report->devices = g_ptr_array_new_with_free_func (device_free);
  for (guint i = 0; i < rp_engine_get_n_devices (self->engine); i++)
    {
      const RpDeviceInfo *info = rp_engine_get_device (self->engine, i);
      RiposteDevice *device = g_new0 (RiposteDevice, 1);

      device->id = g_strdup (info->id);
      device->name = g_strdup (info->name);
      device->kind = info->kind;
      g_ptr_array_add (report->devices, device);
    }
  self->report (report, self->user_data);
}

typedef struct
{
  RiposteWorker *self;
  guint serial;
  int percent;
} Loading;

static gboolean
on_progress (double fraction, gpointer user_data)
{
  Loading *loading = user_data;
  int percent = (int)(fraction * 100);

  if (is_stale (loading->self, loading->serial))
    return FALSE;
  if (percent != loading->percent)
    {
      RiposteWorkerReport *report = g_new0 (RiposteWorkerReport, 1);

      loading->percent = percent;
      report->serial = loading->serial;
      report->progress = fraction;
      loading->self->report (report, loading->self->user_data);
    }
  return TRUE;
}

static gboolean
load_model (RiposteWorker *self, const Job *job, GError **error)
{
  Loading loading = { self, job->serial, 0 };
  RpModelOptions options = { .device = job->device, .progress = on_progress, .progress_data = &loading };
  RpSessionOptions session = { .n_context = job->n_context };

  self->model = rp_model_load (self->engine, job->path, &options, error);
  if (!self->model)
    return FALSE;
  self->session = rp_session_new (self->model, &session, error);
  if (!self->session)
    return FALSE;
  g_mutex_lock (&self->lock);
  self->n_context = rp_session_get_n_context (self->session);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

static void
run_load (RiposteWorker *self, const Job *job)
{
  RiposteWorkerReport *report;
  g_autoptr (GError) error = NULL;

  free_model (self);
  if (!job->path || is_stale (self, job->serial))
    return;
  if (!load_model (self, job, &error))
    {
      free_model (self);
      self->load_error = g_error_copy (error);
    }
  report = g_new0 (RiposteWorkerReport, 1);
  report->serial = job->serial;
  report->done = TRUE;
  report->error = g_steal_pointer (&error);
  if (self->session)
    {
      const RpDeviceInfo *device = rp_model_get_device (self->model);

      report->name = g_strdup (rp_model_get_name (self->model));
      report->device_name = g_strdup (device->name);
      report->device_kind = device->kind;
      report->n_context = self->n_context;
      report->n_context_trained = rp_model_get_n_context (self->model);
    }
  self->report (report, self->user_data);
}

/* ---- answering ---- */

typedef struct
{
  RiposteGeneration *generation;
  RiposteGenerationInfo info;
  GArray *tokens; /* what was made so far */
  guint n_prompt;
  gint64 first_token_at;
} Answering;

static void
on_prefill (guint n_done, guint n_total, gpointer user_data)
{
  Answering *answering = user_data;

  answering->info.n_read = n_done;
  answering->info.n_to_read = n_total;
  answering->info.n_context_used = n_done;
  riposte_generation_post_info (answering->generation, &answering->info);
}

static gboolean
on_text (const char *text, gsize length, gpointer user_data)
{
  Answering *answering = user_data;
  RiposteGenerationInfo *info = &answering->info;
  gint64 now = g_get_monotonic_time ();

  info->phase = RIPOSTE_PHASE_WRITING;
  info->n_written = answering->tokens->len;
  info->n_context_used = answering->n_prompt + info->n_written;
  if (!answering->first_token_at)
    answering->first_token_at = now;
  else if (now - answering->first_token_at > G_USEC_PER_SEC / 4)
    info->tokens_per_second = (info->n_written - 1) * 1e6 / (now - answering->first_token_at);
  riposte_generation_post_text (answering->generation, text, length);
  riposte_generation_post_info (answering->generation, info);
  return TRUE;
}

/* The tokens of the conversation, and what the window has to know of how they were made. */
static GArray *
make_prompt (RiposteWorker *self, Answering *answering, GError **error)
{
  g_autofree char *opened = NULL;
  GArray *tokens
    = riposte_prompt_tokens (self->model, answering->generation, 0, &answering->info.plain, &opened, error);

  if (tokens && opened) /* the answer is whole only with what the template began of it */
    riposte_generation_post_text (answering->generation, opened, strlen (opened));
  return tokens;
}

/* ---- filling in ---- */

/* Tokens: of the session that completions are made in, and most of one. */
#define FILLER_CONTEXT 4096
#define FILLER_PREDICT 96

static gboolean
fill_in (RiposteWorker *self, Answering *answering, GError **error)
{
  RiposteGeneration *generation = answering->generation;
  g_autoptr (GArray) prompt = rp_model_fim_prompt (self->model, riposte_generation_get_gap (generation), error);
  RpSessionOptions session = { .n_context = FILLER_CONTEXT };
  RpGenerateOptions options = {
    .n_predict = FILLER_PREDICT,
    .sampler = RP_SAMPLER_GREEDY,
    .cancel = riposte_generation_get_cancel_flag (generation),
    .text = on_text,
    .user_data = answering,
    .tokens = answering->tokens,
  };
  RpGenerateStats stats;

  if (!prompt)
    return FALSE;
  if (!self->filler)
    self->filler = rp_session_new (self->model, &session, error);
  answering->n_prompt = prompt->len;
  answering->info.phase = RIPOSTE_PHASE_READING;
  riposte_generation_post_info (generation, &answering->info);
  if (!self->filler
      || !rp_session_generate (self->filler, (RpToken *)prompt->data, prompt->len, &options, &stats, error))
    return FALSE;
  answering->info.n_written = stats.n_decoded;
  answering->info.stop = stats.stop;
  return TRUE;
}

static gboolean
answer (RiposteWorker *self, Answering *answering, GError **error)
{
  RiposteGeneration *generation = answering->generation;
  g_autoptr (GArray) prompt = NULL;
  RpGenerateOptions options = {
    .sampler = *riposte_generation_get_sampler (generation),
    .cancel = riposte_generation_get_cancel_flag (generation),
    .prefill = on_prefill,
    .text = on_text,
    .user_data = answering,
    .tokens = answering->tokens,
    .marks = riposte_reasoning_get_marks (),
  };
  RpGenerateStats stats;

  prompt = make_prompt (self, answering, error);
  if (!prompt)
    return FALSE;
  options.until = answering->info.plain ? RP_CHAT_PLAIN_END : NULL;
  answering->n_prompt = prompt->len;
  answering->info.phase = RIPOSTE_PHASE_READING;
  answering->info.n_to_read = prompt->len;
  riposte_generation_post_info (generation, &answering->info);
  if (!rp_session_generate (self->session, (RpToken *)prompt->data, prompt->len, &options, &stats, error))
    return FALSE;
  answering->info.n_written = stats.n_decoded;
  answering->info.stop = stats.stop;
  if (stats.n_decoded > 1 && stats.decode_seconds > 0)
    answering->info.tokens_per_second = stats.n_decoded / stats.decode_seconds;
  return TRUE;
}

static void
run_generate (RiposteWorker *self, const Job *job)
{
  g_autoptr (GArray) tokens = g_array_new (FALSE, FALSE, sizeof (RpToken));
  Answering answering = { .generation = job->generation, .tokens = tokens };
  GError *error = NULL;

  if (rp_cancel_is_set (riposte_generation_get_cancel_flag (job->generation)))
    answering.info.stop = RP_STOP_CANCELLED;
  else if (!self->session)
    error = self->load_error
              ? g_error_copy (self->load_error)
              : g_error_new_literal (RP_ERROR, RP_ERROR_ARGUMENT, _ ("There is no model to answer with"));
  else if (!(riposte_generation_get_gap (job->generation) ? fill_in : answer) (self, &answering, &error)
           && error->code == RP_ERROR_DEVICE)
    free_model (self); /* nothing more will come from it */
  if (self->session)
    answering.info.n_context_used = rp_session_get_n_tokens (self->session);
  riposte_generation_post_end (job->generation, &answering.info, error);
}

/* ---- measuring ---- */

/* Bytes of this process that are not pages of files. */
static guint64
own_memory (void)
{
  g_autofree char *text = NULL;
  guint64 size, resident, shared;

  if (!g_file_get_contents ("/proc/self/statm", &text, NULL, NULL)
      || sscanf (text, "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, &size, &resident, &shared)
           != 3)
    return 0;
  return (resident - MIN (resident, shared)) * sysconf (_SC_PAGESIZE);
}

/* What the model that is loaded would give back. On the processor, weights that are read from the file count as free. */
static guint64
held_by_model (RiposteWorker *self, const RpDeviceInfo *device)
{
  if (!self->model || rp_model_get_device (self->model) != device)
    return 0;
  if (device->kind == RP_DEVICE_GPU)
    return rp_model_get_weight_bytes (self->model);
  return MIN (rp_model_get_weight_bytes (self->model), own_memory ());
}

static void
measure (RiposteWorker *self, const RpDeviceInfo *device, RiposteCapacity *capacity)
{
  capacity->kind = device->kind;
  capacity->memory_bytes = device->memory_bytes;
  capacity->memory_free
    = MIN (device->memory_bytes, rp_engine_get_free_memory (self->engine, device) + held_by_model (self, device));
  rp_engine_measure (self->engine, device, &capacity->bandwidth, NULL);
}

static void
run_measure (RiposteWorker *self, const Job *job)
{
  const RpDeviceInfo *device = rp_engine_find_device (self->engine, job->device, NULL);
  RiposteWorkerReport *report = g_new0 (RiposteWorkerReport, 1);
  RiposteCapacity *capacity = g_new0 (RiposteCapacity, 1);

  report->capacity = capacity;
  capacity->device = g_strdup (job->device);
  if (device)
    measure (self, device, capacity);
  self->report (report, self->user_data);
}

/* ---- measuring prompts, in any thread ---- */

gboolean
riposte_worker_measure_prompt (RiposteWorker *self, RiposteGeneration *prompt, RiposteMeasure *result, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (!self->n_context)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "There is no model");
      return FALSE;
    }
  return riposte_measure_prompt (self->model, self->n_context, prompt, result, error);
}

RiposteWorker *
riposte_worker_ref (RiposteWorker *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  RiposteWorker *self = data;

  g_async_queue_unref (self->jobs);
  g_mutex_clear (&self->lock);
}

void
riposte_worker_unref (RiposteWorker *self)
{
  g_atomic_rc_box_release_full (self, clear);
}

/* ---- the thread ---- */

static gpointer
run (gpointer data)
{
  RiposteWorker *self = data;
  gboolean quit = FALSE;

  self->engine = rp_engine_new ();
  report_devices (self);
  while (!quit)
    {
      g_autoptr (Job) job = g_async_queue_pop (self->jobs);

      switch (job->kind)
        {
        case JOB_LOAD:
          run_load (self, job);
          break;
        case JOB_GENERATE:
          run_generate (self, job);
          break;
        case JOB_MEASURE:
          run_measure (self, job);
          break;
        case JOB_QUIT:
        default:
          quit = TRUE;
          break;
        }
    }
  free_model (self);
  g_clear_pointer (&self->engine, rp_engine_free);
  return NULL;
}

RiposteWorker *
riposte_worker_new (RiposteWorkerFunc report, gpointer user_data)
{
  RiposteWorker *self = g_atomic_rc_box_new0 (RiposteWorker);

  g_mutex_init (&self->lock);
  self->report = report;
  self->user_data = user_data;
  self->jobs = g_async_queue_new_full ((GDestroyNotify)job_free);
  self->thread = g_thread_new ("riposte-engine", run, self);
  return self;
}

static void
push (RiposteWorker *self, Job job)
{
  g_async_queue_push (self->jobs, g_memdup2 (&job, sizeof job));
}

void
riposte_worker_free (RiposteWorker *self)
{
  g_atomic_int_inc (&self->serial);
  push (self, (Job){ .kind = JOB_QUIT });
  g_thread_join (self->thread);
  riposte_worker_unref (self);
}

guint
riposte_worker_load (RiposteWorker *self, const char *path, const char *device, guint n_context)
{
  guint serial = (guint)g_atomic_int_add (&self->serial, 1) + 1;

  push (self, (Job){ .kind = JOB_LOAD,
                     .serial = serial,
                     .path = g_strdup (path),
                     .device = g_strdup (device),
                     .n_context = n_context });
  return serial;
}

void
riposte_worker_unload (RiposteWorker *self)
{
  riposte_worker_load (self, NULL, NULL, 0);
}

void
riposte_worker_measure (RiposteWorker *self, const char *device)
{
  push (self, (Job){ .kind = JOB_MEASURE, .device = g_strdup (device) });
}

void
riposte_worker_generate (RiposteWorker *self, RiposteGeneration *generation)
{
  push (self, (Job){ .kind = JOB_GENERATE, .generation = g_object_ref (generation) });
}
