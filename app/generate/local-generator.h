/* A model in this process: the main thread's side of RiposteWorker. */
#pragma once

#include "generate/generator.h"
#include "generate/worker.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_LOCAL_GENERATOR (riposte_local_generator_get_type ())
G_DECLARE_FINAL_TYPE (RiposteLocalGenerator, riposte_local_generator, RIPOSTE, LOCAL_GENERATOR, GObject)

RiposteLocalGenerator *riposte_local_generator_new (void);

/* "auto", "cpu", "vulkan", "vulkan:N". A model that is loaded moves there. */
void riposte_local_generator_set_device (RiposteLocalGenerator *self, const char *device);
const char *riposte_local_generator_get_device (RiposteLocalGenerator *self);
/* Tokens; 0: as many as the model was trained for and memory allows. For the next load. */
void riposte_local_generator_set_n_context (RiposteLocalGenerator *self, guint n_context);
/* The most that the model could have, memory allowing; 0 before one was loaded. */
guint riposte_local_generator_get_largest_n_context (RiposteLocalGenerator *self);
/* Loads the model that is ready once more, with room for this many tokens; where that fails, the next load has as many
 * as before. */
void riposte_local_generator_raise_n_context (RiposteLocalGenerator *self, guint n_context);
/* What this machine has, of RiposteDevice; empty until the worker has looked. */
GPtrArray *riposte_local_generator_get_devices (RiposteLocalGenerator *self);

/* Stops what is being answered, and loads another model in place of this one. */
void riposte_local_generator_load (RiposteLocalGenerator *self, const char *path);
void riposte_local_generator_cancel_load (RiposteLocalGenerator *self);
/* What load() was last given, after a failure too; nullable. */
const char *riposte_local_generator_get_path (RiposteLocalGenerator *self);
/* Frees the model's memory where nothing is being answered, or as soon as that has ended. The state stays READY, and the
 * model is loaded again with the next question. */
void riposte_local_generator_release (RiposteLocalGenerator *self);
gboolean riposte_local_generator_is_released (RiposteLocalGenerator *self);
/* Whether what is asked now is begun at once. */
gboolean riposte_local_generator_is_idle (RiposteLocalGenerator *self);
/* Releases the model when it was not asked for so long; 0: never. It is released as well when the system runs out of
 * memory (GMemoryMonitor). */
void riposte_local_generator_set_idle_seconds (RiposteLocalGenerator *self, guint seconds);

/* Has the device measured that models run on, and the processor, unless they were; "changed" tells when that is done. */
void riposte_local_generator_measure (RiposteLocalGenerator *self);
/* Of the device that models run on, and of the processor; NULL until they were measured. */
const RiposteCapacity *riposte_local_generator_get_capacity (RiposteLocalGenerator *self);
const RiposteCapacity *riposte_local_generator_get_processor (RiposteLocalGenerator *self);

/* Who may answer while this one has no model or none that works, or where it is chosen; ready only where the user lets
 * it. May be given anew: what the one before answers, it answers to the end. */
void riposte_local_generator_set_stand_in (RiposteLocalGenerator *self, RiposteGenerator *stand_in);

/* Stops everything and waits for the thread to end, which takes no longer than one operation of the engine. */
void riposte_local_generator_shut_down (RiposteLocalGenerator *self);

G_END_DECLS
