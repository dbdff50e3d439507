/* Named ways to answer, kept in a file. There is always one. Main thread; the file is read and written in others. */
#pragma once

#include "presets/layer.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_PRESETS (riposte_presets_get_type ())
G_DECLARE_FINAL_TYPE (RipostePresets, riposte_presets, RIPOSTE, PRESETS, GObject)

/* Signals: "changed". "problem": what riposte_presets_get_problem() says is new. */

typedef struct
{
  char *id, *name;
  RiposteLayer *layer;
} RipostePreset;

/* The file at @path is read meanwhile. One that is not understood, or not as a whole, stays as it is, and is given
 * another name before another one is written. */
RipostePresets *riposte_presets_new (const char *path);
gboolean riposte_presets_get_loaded (RipostePresets *self);
/* (nullable) The last thing that went wrong with the file, and what became of it: a sentence. */
const char *riposte_presets_get_problem (RipostePresets *self);
guint riposte_presets_get_n (RipostePresets *self);
const RipostePreset *riposte_presets_get (RipostePresets *self, guint index);
/* Nullable @id, or one that is gone: the default one. */
guint riposte_presets_find (RipostePresets *self, const char *id);
guint riposte_presets_get_default (RipostePresets *self);
void riposte_presets_set_default (RipostePresets *self, guint index);
/* Returns: where it is */
guint riposte_presets_add (RipostePresets *self, const char *name, const RiposteLayer *layer);
/* @name or @layer may be NULL: it stays. */
void riposte_presets_change (RipostePresets *self, guint index, const char *name, const RiposteLayer *layer);
/* Not the last one. */
void riposte_presets_remove (RipostePresets *self, guint index);
/* Waits until all is on the disk. */
void riposte_presets_flush (RipostePresets *self);

/* What a chat with these @settings (JSON, nullable) has set itself, and (out) (optional) which preset it stands on. */
RiposteLayer *riposte_chat_settings_read (const char *settings, char **preset);
/* NULL where nothing is set. */
char *riposte_chat_settings_write (const RiposteLayer *layer, const char *preset);

G_END_DECLS
