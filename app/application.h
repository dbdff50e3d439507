/* The program: its options, and the generator that all its windows share. */
#pragma once

#include <adwaita.h>

#include "generate/local-generator.h"
#include "presets/presets.h"
#include "models/downloads.h"
#include "store/store.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_APPLICATION (riposte_application_get_type ())
G_DECLARE_FINAL_TYPE (RiposteApplication, riposte_application, RIPOSTE, APPLICATION, AdwApplication)

RiposteApplication *riposte_application_new (void);
RiposteLocalGenerator *riposte_application_get_generator (RiposteApplication *self);
RiposteDownloads *riposte_application_get_downloads (RiposteApplication *self);
/* Conversations, while the program runs. */
RiposteStore *riposte_application_get_store (RiposteApplication *self);
/* How answers are sampled, as the command line has it. */
RipostePresets *riposte_application_get_presets (RiposteApplication *self);
const RpSamplerOptions *riposte_application_get_sampler (RiposteApplication *self);
/* Where models are kept: riposte/models below the XDG data directory. */
char *riposte_application_dup_models_dir (void);

G_END_DECLS
