/* Edits a layer: instructions, and a row for each number that samples, with a switch that sets it. */
#pragma once

#include <adwaita.h>

#include "presets/layer.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_LAYER_EDITOR (riposte_layer_editor_get_type ())
G_DECLARE_FINAL_TYPE (RiposteLayerEditor, riposte_layer_editor, RIPOSTE, LAYER_EDITOR, GtkBox)

/* Signal "changed": by the user. */

/* @model: the path that the switch for the model sets; NULL: there is no such switch. */
RiposteLayerEditor *riposte_layer_editor_new (const char *model);
void riposte_layer_editor_set_layer (RiposteLayerEditor *self, const RiposteLayer *layer);
/* (transfer full) */
RiposteLayer *riposte_layer_editor_dup_layer (RiposteLayerEditor *self);

G_END_DECLS
