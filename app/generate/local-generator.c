#include "generate/local-generator.h"

#include <glib/gi18n.h>

struct _RiposteLocalGenerator
{
  GObject parent;

  RiposteWorker *worker;
  GPtrArray *running; /* of RiposteGeneration: queued or being answered */
  GPtrArray *devices;
  char *device, *path;
  guint n_context_wanted;
  RiposteGenerator *stand_in; /* nullable */

  RiposteGeneratorState state;
  guint serial;            /* of the load that is wanted */
  gboolean released;       /* it is READY, but its memory was given back */
  gboolean release_wanted; /* once nothing is being answered */
  guint idle_seconds, idle_source;
  GMemoryMonitor *monitor;
  GHashTable *capacities; /* device → RiposteCapacity, NULL while it is measured */
  double progress;
  GError *error;
  char *name, *place;
  guint n_context, n_context_trained;
  guint n_context_before; /* that worked, while a larger one is tried; else 0 */
};

static void riposte_local_generator_iface_init (RiposteGeneratorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RiposteLocalGenerator,
                               riposte_local_generator,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RIPOSTE_TYPE_GENERATOR, riposte_local_generator_iface_init))

static void watch_idleness (RiposteLocalGenerator *self);

/* ---- reports of the worker ---- */

typedef struct
{
  RiposteLocalGenerator *self;
  RiposteWorkerReport *report;
} Delivery;

static void
delivery_free (gpointer data)
{
  Delivery *delivery = data;

  g_object_unref (delivery->self);
  riposte_worker_report_free (delivery->report);
  g_free (delivery);
}

static void
take_result (RiposteLocalGenerator *self, RiposteWorkerReport *report)
{
  if (report->error)
    {
      /* what has no room for the larger context had some for the one before */
      if (self->n_context_before)
        self->n_context_wanted = self->n_context_before;
      self->n_context_before = 0;
      self->state = RIPOSTE_GENERATOR_FAILED;
      self->error = g_steal_pointer (&report->error);
      g_clear_pointer (&self->name, g_free);
      g_clear_pointer (&self->place, g_free);
      self->n_context = 0;
      return;
    }
  self->state = RIPOSTE_GENERATOR_READY;
  g_free (self->name);
  g_free (self->place);
  self->name = g_steal_pointer (&report->name);
  if (report->device_kind == RP_DEVICE_CPU)
    /* Translators: where the model runs; the name of a processor */
    self->place = g_strdup_printf (_ ("Processor: %s"), report->device_name);
  else
    /* Translators: where the model runs; the name of a graphics device */
    self->place = g_strdup_printf (_ ("Vulkan: %s"), report->device_name);
  self->n_context = report->n_context;
  self->n_context_trained = report->n_context_trained;
  self->n_context_before = 0;
  watch_idleness (self);
}

static void
capacity_free (gpointer data)
{
  RiposteCapacity *capacity = data;

  if (capacity)
    g_free (capacity->device);
  g_free (capacity);
}

static void
take_capacity (RiposteLocalGenerator *self, RiposteCapacity *capacity)
{
  g_hash_table_insert (self->capacities, g_strdup (capacity->device), capacity);
}

static gboolean
deliver (gpointer data)
{
  Delivery *delivery = data;
  RiposteLocalGenerator *self = delivery->self;
  RiposteWorkerReport *report = delivery->report;

  if (report->devices)
    {
      g_clear_pointer (&self->devices, g_ptr_array_unref);
      self->devices = g_steal_pointer (&report->devices);
    }
  else if (report->capacity)
    take_capacity (self, g_steal_pointer (&report->capacity));
  else if (report->serial != self->serial || self->state != RIPOSTE_GENERATOR_LOADING)
    return G_SOURCE_REMOVE; /* of a load that nobody waits for any more */
  else if (report->done)
    take_result (self, report);
  else
    self->progress = report->progress;
  riposte_generator_emit_changed (RIPOSTE_GENERATOR (self));
  return G_SOURCE_REMOVE;
}

/* In the worker's thread. */
static void
on_report (RiposteWorkerReport *report, gpointer user_data)
{
  Delivery *delivery = g_new (Delivery, 1);

  delivery->self = g_object_ref (user_data);
  delivery->report = report;
  g_idle_add_full (G_PRIORITY_DEFAULT, deliver, delivery, delivery_free);
}

/* ---- object ---- */

static void
riposte_local_generator_init (RiposteLocalGenerator *self)
{
  self->running = g_ptr_array_new_with_free_func (g_object_unref);
  self->devices = g_ptr_array_new ();
  self->device = g_strdup ("auto");
  self->capacities = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, capacity_free);
  self->worker = riposte_worker_new (on_report, self);
  self->monitor = g_memory_monitor_dup_default ();
  g_signal_connect_object (self->monitor, "low-memory-warning", G_CALLBACK (riposte_local_generator_release), self,
                           G_CONNECT_SWAPPED);
}

static void
riposte_local_generator_dispose (GObject *object)
{
  riposte_local_generator_shut_down (RIPOSTE_LOCAL_GENERATOR (object));
  g_clear_object (&RIPOSTE_LOCAL_GENERATOR (object)->stand_in);
  G_OBJECT_CLASS (riposte_local_generator_parent_class)->dispose (object);
}

static void
riposte_local_generator_finalize (GObject *object)
{
  RiposteLocalGenerator *self = RIPOSTE_LOCAL_GENERATOR (object);

  g_ptr_array_unref (self->running);
  g_ptr_array_unref (self->devices);
  g_free (self->device);
  g_free (self->path);
  g_clear_error (&self->error);
  g_free (self->name);
  g_free (self->place);
  g_clear_object (&self->monitor);
  g_hash_table_unref (self->capacities);
  G_OBJECT_CLASS (riposte_local_generator_parent_class)->finalize (object);
}

static void
riposte_local_generator_class_init (RiposteLocalGeneratorClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = riposte_local_generator_dispose;
  G_OBJECT_CLASS (klass)->finalize = riposte_local_generator_finalize;
}

RiposteLocalGenerator *
riposte_local_generator_new (void)
{
  return g_object_new (RIPOSTE_TYPE_LOCAL_GENERATOR, NULL);
}

static void
cancel_all (RiposteLocalGenerator *self)
{
  for (guint i = 0; i < self->running->len; i++)
    riposte_generation_cancel (self->running->pdata[i]);
}

static void
forget_model (RiposteLocalGenerator *self)
{
  cancel_all (self);
  self->released = self->release_wanted = FALSE;
  g_clear_handle_id (&self->idle_source, g_source_remove);
  g_clear_error (&self->error);
  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->place, g_free);
  self->n_context = 0;
  self->progress = 0;
}

void
riposte_local_generator_load (RiposteLocalGenerator *self, const char *path)
{
  g_autofree char *wanted = g_strdup (path);

  g_return_if_fail (self->worker);
  forget_model (self);
  g_free (self->path);
  self->path = g_steal_pointer (&wanted);
  self->state = RIPOSTE_GENERATOR_LOADING;
  self->serial = riposte_worker_load (self->worker, self->path, self->device, self->n_context_wanted);
  riposte_generator_emit_changed (RIPOSTE_GENERATOR (self));
}

void
riposte_local_generator_cancel_load (RiposteLocalGenerator *self)
{
  if (self->state != RIPOSTE_GENERATOR_LOADING)
    return;
  riposte_worker_unload (self->worker);
  forget_model (self);
  self->state = RIPOSTE_GENERATOR_EMPTY;
  riposte_generator_emit_changed (RIPOSTE_GENERATOR (self));
}

void
riposte_local_generator_set_device (RiposteLocalGenerator *self, const char *device)
{
  if (g_strcmp0 (self->device, device) == 0)
    return;
  g_free (self->device);
  self->device = g_strdup (device);
  if (self->path && self->state != RIPOSTE_GENERATOR_EMPTY)
    riposte_local_generator_load (self, self->path);
  else
    riposte_generator_emit_changed (RIPOSTE_GENERATOR (self));
}

const char *
riposte_local_generator_get_device (RiposteLocalGenerator *self)
{
  return self->device;
}

void
riposte_local_generator_set_n_context (RiposteLocalGenerator *self, guint n_context)
{
  self->n_context_wanted = n_context;
}

guint
riposte_local_generator_get_largest_n_context (RiposteLocalGenerator *self)
{
  return self->n_context_trained;
}

void
riposte_local_generator_raise_n_context (RiposteLocalGenerator *self, guint n_context)
{
  g_return_if_fail (self->state == RIPOSTE_GENERATOR_READY);
  self->n_context_before = self->n_context;
  self->n_context_wanted = n_context;
  riposte_local_generator_load (self, self->path);
}

GPtrArray *
riposte_local_generator_get_devices (RiposteLocalGenerator *self)
{
  return self->devices;
}

const char *
riposte_local_generator_get_path (RiposteLocalGenerator *self)
{
  return self->path;
}

void
riposte_local_generator_set_stand_in (RiposteLocalGenerator *self, RiposteGenerator *stand_in)
{
  if (self->stand_in)
    g_signal_handlers_disconnect_by_data (self->stand_in, self);
  g_set_object (&self->stand_in, stand_in);
  /* who listens to this one shows who answers */
  g_signal_connect_object (stand_in, "changed", G_CALLBACK (riposte_generator_emit_changed), self, G_CONNECT_SWAPPED);
  riposte_generator_emit_changed (RIPOSTE_GENERATOR (self));
}

void
riposte_local_generator_shut_down (RiposteLocalGenerator *self)
{
  cancel_all (self);
  g_clear_handle_id (&self->idle_source, g_source_remove);
  g_clear_pointer (&self->worker, riposte_worker_free);
}

/* ---- giving back memory ---- */

void
riposte_local_generator_release (RiposteLocalGenerator *self)
{
  self->release_wanted = FALSE;
  if (self->released || self->state != RIPOSTE_GENERATOR_READY || !self->worker)
    return;
  if (self->running->len)
    {
      self->release_wanted = TRUE;
      return;
    }
  g_clear_handle_id (&self->idle_source, g_source_remove);
  riposte_worker_unload (self->worker);
  self->released = TRUE;
  riposte_generator_emit_changed (RIPOSTE_GENERATOR (self));
}

gboolean
riposte_local_generator_is_released (RiposteLocalGenerator *self)
{
  return self->released;
}

gboolean
riposte_local_generator_is_idle (RiposteLocalGenerator *self)
{
  return self->state == RIPOSTE_GENERATOR_READY && !self->released && !self->running->len;
}

static gboolean
on_idle (gpointer user_data)
{
  RiposteLocalGenerator *self = user_data;

  self->idle_source = 0;
  riposte_local_generator_release (self);
  return G_SOURCE_REMOVE;
}

/* Begins to wait anew where nothing is being answered. */
static void
watch_idleness (RiposteLocalGenerator *self)
{
  g_clear_handle_id (&self->idle_source, g_source_remove);
  if (self->state != RIPOSTE_GENERATOR_READY || self->released || self->running->len)
    return;
  if (self->release_wanted)
    riposte_local_generator_release (self);
  else if (self->idle_seconds)
    self->idle_source = g_timeout_add_seconds (self->idle_seconds, on_idle, self);
}

void
riposte_local_generator_set_idle_seconds (RiposteLocalGenerator *self, guint seconds)
{
  self->idle_seconds = seconds;
  watch_idleness (self);
}

/* Loads a model that was released; what is asked meanwhile waits. */
static void
wake_up (RiposteLocalGenerator *self)
{
  if (!self->released)
    return;
  self->released = FALSE;
  self->progress = 0;
  self->state = RIPOSTE_GENERATOR_LOADING;
  self->serial = riposte_worker_load (self->worker, self->path, self->device, self->n_context_wanted);
  riposte_generator_emit_changed (RIPOSTE_GENERATOR (self));
}

/* ---- measuring ---- */

static void
measure (RiposteLocalGenerator *self, const char *device)
{
  if (g_hash_table_contains (self->capacities, device))
    return;
  g_hash_table_insert (self->capacities, g_strdup (device), NULL);
  riposte_worker_measure (self->worker, device);
}

void
riposte_local_generator_measure (RiposteLocalGenerator *self)
{
  g_return_if_fail (self->worker);
  measure (self, self->device);
  measure (self, "cpu");
}

const RiposteCapacity *
riposte_local_generator_get_processor (RiposteLocalGenerator *self)
{
  return g_hash_table_lookup (self->capacities, "cpu");
}

const RiposteCapacity *
riposte_local_generator_get_capacity (RiposteLocalGenerator *self)
{
  return g_hash_table_lookup (self->capacities, self->device);
}

/* ---- the interface ---- */

static RiposteGeneratorState
get_state (RiposteGenerator *generator)
{
  return RIPOSTE_LOCAL_GENERATOR (generator)->state;
}

static double
get_progress (RiposteGenerator *generator)
{
  return RIPOSTE_LOCAL_GENERATOR (generator)->progress;
}

static const GError *
get_error (RiposteGenerator *generator)
{
  return RIPOSTE_LOCAL_GENERATOR (generator)->error;
}

static const char *
get_name (RiposteGenerator *generator)
{
  return RIPOSTE_LOCAL_GENERATOR (generator)->name;
}

static const char *
get_place (RiposteGenerator *generator)
{
  return RIPOSTE_LOCAL_GENERATOR (generator)->place;
}

static guint
get_n_context (RiposteGenerator *generator)
{
  return RIPOSTE_LOCAL_GENERATOR (generator)->n_context;
}

static gboolean
is_local (RiposteGenerator *generator)
{
  return TRUE;
}

static void
on_generation_ended (RiposteLocalGenerator *self, RiposteGeneration *generation)
{
  const GError *error = riposte_generation_get_error (generation);

  g_signal_handlers_disconnect_by_data (generation, self);
  if (g_error_matches (error, RP_ERROR, RP_ERROR_DEVICE) && self->state == RIPOSTE_GENERATOR_READY)
    {
      forget_model (self);
      self->state = RIPOSTE_GENERATOR_FAILED;
      self->error = g_error_copy (error);
      riposte_generator_emit_changed (RIPOSTE_GENERATOR (self));
    }
  g_ptr_array_remove (self->running, generation);
  watch_idleness (self);
}

static void
generate (RiposteGenerator *generator, RiposteGeneration *generation)
{
  RiposteLocalGenerator *self = RIPOSTE_LOCAL_GENERATOR (generator);

  g_return_if_fail (self->worker);
  g_ptr_array_add (self->running, g_object_ref (generation));
  watch_idleness (self);
  wake_up (self);
  g_signal_connect_object (generation, "ended", G_CALLBACK (on_generation_ended), self, G_CONNECT_SWAPPED);
  riposte_worker_generate (self->worker, generation);
}

typedef struct
{
  RiposteWorker *worker;
  RiposteGeneration *prompt;
} Measuring;

static void
measuring_free (gpointer data)
{
  Measuring *measuring = data;

  riposte_worker_unref (measuring->worker);
  g_object_unref (measuring->prompt);
  g_free (measuring);
}

static void
measure_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Measuring *measuring = data;
  g_autofree RiposteMeasure *measure = g_new0 (RiposteMeasure, 1);
  GError *error = NULL;

  if (riposte_worker_measure_prompt (measuring->worker, measuring->prompt, measure, &error))
    g_task_return_pointer (task, g_steal_pointer (&measure), g_free);
  else
    g_task_return_error (task, error);
}

static void
measure_async (RiposteGenerator *generator, RiposteGeneration *prompt, GTask *task)
{
  RiposteLocalGenerator *self = RIPOSTE_LOCAL_GENERATOR (generator);
  Measuring *measuring;

  g_return_if_fail (self->worker);
  measuring = g_new (Measuring, 1);
  measuring->worker = riposte_worker_ref (self->worker);
  measuring->prompt = g_object_ref (prompt);
  g_task_set_task_data (task, measuring, measuring_free);
  g_task_run_in_thread (task, measure_in_thread);
}

static RiposteGenerator *
get_elsewhere (RiposteGenerator *generator)
{
  RiposteGenerator *stand_in = RIPOSTE_LOCAL_GENERATOR (generator)->stand_in;

  return stand_in && riposte_generator_get_state (stand_in) == RIPOSTE_GENERATOR_READY ? stand_in : NULL;
}

static RiposteGenerator *
choose (RiposteGenerator *generator)
{
  RiposteLocalGenerator *self = RIPOSTE_LOCAL_GENERATOR (generator);
  gboolean able = self->state == RIPOSTE_GENERATOR_READY || self->state == RIPOSTE_GENERATOR_LOADING;
  RiposteGenerator *elsewhere = able ? NULL : get_elsewhere (generator);

  return elsewhere ? elsewhere : generator;
}

static void
riposte_local_generator_iface_init (RiposteGeneratorInterface *iface)
{
  iface->choose = choose;
  iface->get_elsewhere = get_elsewhere;
  iface->get_state = get_state;
  iface->get_progress = get_progress;
  iface->get_error = get_error;
  iface->get_name = get_name;
  iface->get_place = get_place;
  iface->get_n_context = get_n_context;
  iface->is_local = is_local;
  iface->generate = generate;
  iface->measure_async = measure_async;
}
