/* Presets, and what a chat sets for itself. What is changed counts at once. */
#pragma once

#include <adwaita.h>

#include "chat/conversation.h"
#include "presets/presets.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_PRESET_DIALOG (riposte_preset_dialog_get_type ())
G_DECLARE_FINAL_TYPE (RipostePresetDialog, riposte_preset_dialog, RIPOSTE, PRESET_DIALOG, AdwWindow)

/* Edits the presets. @model: path of the one that is loaded; nullable. */
RipostePresetDialog *riposte_preset_dialog_new (GtkWindow *parent, RipostePresets *presets, const char *model);
/* Edits the settings of @conversation, above the preset that it chooses. */
RipostePresetDialog *
riposte_preset_dialog_new_for_chat (GtkWindow *parent, RipostePresets *presets, RiposteConversation *conversation);

G_END_DECLS
