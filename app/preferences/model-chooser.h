/* A popover that asks a service for its models when it opens, and offers them. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* Signal "chosen" (const char *): a name. */
#define RIPOSTE_TYPE_MODEL_CHOOSER (riposte_model_chooser_get_type ())
G_DECLARE_FINAL_TYPE (RiposteModelChooser, riposte_model_chooser, RIPOSTE, MODEL_CHOOSER, GtkPopover)

/* @address (nullable): one that riposte_service_check_address() takes. */
void riposte_model_chooser_set_address (RiposteModelChooser *self, const char *address);

G_END_DECLS
