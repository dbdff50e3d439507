/* Finding and replacing in the text of a GtkSourceView. */
#pragma once

#include <adwaita.h>
#include <gtksourceview/gtksource.h>

G_BEGIN_DECLS

#define RIPOSTE_TYPE_SEARCH_BAR (riposte_search_bar_get_type ())
G_DECLARE_FINAL_TYPE (RiposteSearchBar, riposte_search_bar, RIPOSTE, SEARCH_BAR, AdwBin)

/* The view whose text is searched; not owned, and outlives the bar. */
void riposte_search_bar_attach (RiposteSearchBar *self, GtkSourceView *view);
/* Shows it, with the selection of one line as what is searched. */
void riposte_search_bar_open (RiposteSearchBar *self, gboolean replace);
void riposte_search_bar_close (RiposteSearchBar *self);
void riposte_search_bar_move (RiposteSearchBar *self, gboolean forward);

G_END_DECLS
