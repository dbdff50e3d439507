/* A label with formulas in its text: what is there to be selected, copied and read aloud is their source, and drawn in
 * its place is what it means. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define RIPOSTE_TYPE_FORMULA_LABEL (riposte_formula_label_get_type ())
G_DECLARE_FINAL_TYPE (RiposteFormulaLabel, riposte_formula_label, RIPOSTE, FORMULA_LABEL, GtkWidget)

/* Whether it has formulas, as riposte_markdown_inline_markup() writes them. */
gboolean riposte_markup_has_formulas (const char *markup);

/* Takes @label, which wraps, and shows in it what is set here. */
GtkWidget *riposte_formula_label_new (GtkLabel *label);
GtkLabel *riposte_formula_label_get_label (RiposteFormulaLabel *self);
void riposte_formula_label_set_markup (RiposteFormulaLabel *self, const char *markup);

G_END_DECLS
