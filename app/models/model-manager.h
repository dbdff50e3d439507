/* The window that lists models: those that are there, those that can be downloaded, and the downloads under way. */
#pragma once

#include <adwaita.h>

#include "generate/local-generator.h"
#include "models/downloads.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_MODEL_MANAGER (riposte_model_manager_get_type ())
G_DECLARE_FINAL_TYPE (RiposteModelManager, riposte_model_manager, RIPOSTE, MODEL_MANAGER, AdwWindow)

/* Signals: "chosen" (const char *): the path of a model to be loaded; "choose-file": one is to be chosen from the disk. */

/* @folder: where Riposte's own models are */
GtkWindow *riposte_model_manager_new (GtkWindow *parent,
                                      RiposteLocalGenerator *generator,
                                      RiposteDownloads *downloads,
                                      const char *folder);

G_END_DECLS
