/* Formulas within Markdown: found before the Markdown is read, which would take their signs for its own. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  char *source; /* with what stands around it: "$x$"; an environment has nothing around it */
  char *tex;
  gboolean display;  /* on lines of its own */
  gboolean broken;   /* it cannot be set, and is shown as it was written */
  gboolean unclosed; /* so is one that has no end, or has none yet */
  guint n_quotes;    /* that it is in */
} RiposteFormula;

/* A formula is in the text as RIPOSTE_FORMULA_BEGIN, its number, RIPOSTE_FORMULA_END: noncharacters, of which
 * riposte_plain_text() leaves none. */
#define RIPOSTE_FORMULA_BEGIN "\xef\xb7\x90" /* U+FDD0 */
#define RIPOSTE_FORMULA_END   "\xef\xb7\x91"

/**
 * riposte_formulas_hide:
 * @formulas: (out) (element-type RiposteFormula)
 *
 * Takes out what stands in $…$, $$…$$, \(…\) and \[…\] or is an environment, and can be set; not within code, and not
 * money. Lines stay as many as they were.
 */
char *riposte_formulas_hide (const char *text, gsize length, GArray **formulas);
/* Whether the last paragraph may have begun a formula that more text ends, and that Markdown would read otherwise. */
gboolean riposte_formulas_is_open (const char *text, gsize length);
/* Puts the sources back. */
char *riposte_formulas_show (const char *text, GArray *formulas);
/* If @text begins with one: it, and in @end what follows it. */
const RiposteFormula *riposte_formulas_at (const char *text, GArray *formulas, const char **end);

/* Without the signs of quotes. */
char *riposte_formula_dup_source (const RiposteFormula *formula);
/* The same on one line, which has blanks where it may be broken. */
char *riposte_formula_dup_line (const RiposteFormula *formula);
/* The TeX in such a line; in @offset where it begins. */
char *riposte_formula_strip (const char *line, gsize *offset, gboolean *display);

G_END_DECLS
