/* What is remembered between two starts. Main thread. Without an installed schema nothing is, and nothing fails. */
#pragma once

#include <gtk/gtk.h>

#include "generate/local-generator.h"

G_BEGIN_DECLS

/**
 * riposte_settings_keep_window:
 * @window: not yet shown
 *
 * Gives @window the size it had, and remembers the one it has when it closes.
 */
void riposte_settings_keep_window (GtkWindow *window);

/* The same for where @paned divides. */
void riposte_settings_keep_pane (GtkPaned *paned);

/* The same for whether @editor wraps long lines. */
void riposte_settings_keep_wrap_lines (GObject *editor);

gboolean riposte_settings_get_show_editor (void);
void riposte_settings_set_show_editor (gboolean show);

/* Path of the model that was used last; NULL for the default one. */
char *riposte_settings_dup_model (void);
void riposte_settings_set_model (const char *path);

/* Whether the machine does not suspend while a question is answered. */
gboolean riposte_settings_get_keep_awake (void);

/* Where it runs: "auto", "cpu", "vulkan", "vulkan:1", … */
char *riposte_settings_dup_device (void);
void riposte_settings_set_device (const char *device);

/* Releases the model after the minutes that the setting has, now and whenever it changes. */
void riposte_settings_keep_release (RiposteLocalGenerator *generator);

G_END_DECLS
