/* Indentation while one types: lines after an opening bracket go inwards, closing brackets go back. */
#pragma once

#include "riposte-document.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_INDENTER (riposte_indenter_get_type ())
G_DECLARE_FINAL_TYPE (RiposteIndenter, riposte_indenter, RIPOSTE, INDENTER, GObject)

/* For views of a RiposteDocument, whose levels it writes. */
GtkSourceIndenter *riposte_indenter_new (void);

G_END_DECLS
