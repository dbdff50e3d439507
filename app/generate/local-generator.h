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
/* What this machine has, of RiposteDevice; empty until the worker has looked. */
GPtrArray *riposte_local_generator_get_devices (RiposteLocalGenerator *self);

/* Stops what is being answered, and loads another model in place of this one. */
void riposte_local_generator_load (RiposteLocalGenerator *self, const char *path);
void riposte_local_generator_cancel_load (RiposteLocalGenerator *self);
/* What load() was last given, after a failure too; nullable. */
const char *riposte_local_generator_get_path (RiposteLocalGenerator *self);
/* Stops everything and waits for the thread to end, which takes no longer than one operation of the engine. */
void riposte_local_generator_shut_down (RiposteLocalGenerator *self);

G_END_DECLS
