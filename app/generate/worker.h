/* The thread that owns the engine, its model and its session, and takes jobs one after the other. */
#pragma once

#include "generate/generator.h"

G_BEGIN_DECLS

typedef struct _RiposteWorker RiposteWorker;

/* One row of the list of devices. */
typedef struct
{
  char *id;   /* "cpu", "vulkan:0" */
  char *name; /* "AMD EPYC" */
  RpDeviceKind kind;
} RiposteDevice;

/* What a device can take, and how fast it is. */
typedef struct
{
  char *device; /* as it was asked for */
  guint64 memory_bytes;
  guint64 memory_free; /* once the model that is loaded has gone */
  double bandwidth;    /* as rp_engine_measure() finds; 0: it could not */
  RpDeviceKind kind;
} RiposteCapacity;

/* What the worker has to say about the model. Owned by who receives it. */
typedef struct
{
  guint serial; /* of the load that it answers */
  double progress;
  gboolean done; /* loaded, or failed with error */
  GError *error;
  char *name, *device_name;
  RpDeviceKind device_kind;
  guint n_context;
  guint n_context_trained;   /* what the model could have at most */
  GPtrArray *devices;        /* (nullable) of RiposteDevice, once: what this machine has */
  RiposteCapacity *capacity; /* nullable */
} RiposteWorkerReport;

void riposte_worker_report_free (RiposteWorkerReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RiposteWorkerReport, riposte_worker_report_free)

/* Called in the worker's thread. */
typedef void (*RiposteWorkerFunc) (RiposteWorkerReport *report, gpointer user_data);

RiposteWorker *riposte_worker_new (RiposteWorkerFunc report, gpointer user_data);
/* Cancels everything and waits for the thread, which ends within one operation of the engine. What others have a
 * reference to then knows no model any more. */
void riposte_worker_free (RiposteWorker *self);

/* Frees the model that is loaded, gives up a load that is under way, and loads @path.
 * Returns: the serial number that its reports have */
guint riposte_worker_load (RiposteWorker *self, const char *path, const char *device, guint n_context);
/* Gives up a load that is under way, and frees the model. */
void riposte_worker_unload (RiposteWorker *self);
/* Measures a device, as rp_engine_find_device() takes it, for a quarter of a second. The report is all zeros for one that
 * is not there. */
void riposte_worker_measure (RiposteWorker *self, const char *device);
/* Takes a reference. */
void riposte_worker_generate (RiposteWorker *self, RiposteGeneration *generation);

/* For who measures in a thread. */
RiposteWorker *riposte_worker_ref (RiposteWorker *self);
void riposte_worker_unref (RiposteWorker *self);
/* In any thread, also while the worker's own answers. G_IO_ERROR_NOT_SUPPORTED: there is no model. */
gboolean
riposte_worker_measure_prompt (RiposteWorker *self, RiposteGeneration *prompt, RiposteMeasure *measure, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RiposteWorker, riposte_worker_free)

G_END_DECLS
