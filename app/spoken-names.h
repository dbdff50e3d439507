#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Mends what GTK 4.8 and libadwaita 1.2 call their own controls to a screen reader: "_Cancel Cancel" for a button with a
 * mnemonic, "GtkImage" for one with an icon, nothing for an item of a list, "GtkListBox" for a list. Once, before the
 * first window. */
void riposte_mend_spoken_names (void);

G_END_DECLS
