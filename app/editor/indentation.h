/* How a text is indented, and code brought into it. Pure functions of strings. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * RiposteIndentation:
 * @tabs: a level, or as much of it as fits, is written as tabs
 * @tab_width: columns of a tab
 * @width: columns of a level
 */
typedef struct
{
  gboolean tabs;
  guint tab_width;
  guint width;
} RiposteIndentation;

/**
 * riposte_indentation_guess:
 * @text: UTF-8; the first 2,000 lines are looked at
 * @indentation: (inout): what holds where @text says nothing; left alone where nothing in it is indented
 *
 * Returns: whether @text is indented at all
 */
gboolean riposte_indentation_guess (const char *text, RiposteIndentation *indentation);

/**
 * riposte_indentation_of_language:
 * @language_id: (nullable): an identifier of GtkSourceView
 *
 * Returns: what people who write that language use
 */
RiposteIndentation riposte_indentation_of_language (const char *language_id);

/**
 * riposte_indentation_fit:
 * @code: lines, indented by whatever they stood in
 * @prefix: white space to put before every line but the first
 * @target: (nullable): write levels so; NULL leaves them
 *
 * Takes away what all lines of @code are indented by, and the empty lines around it. Between spaces and tabs, levels
 * are rewritten (mixed, they are errors to Python and make); the number of spaces is left to the author.
 *
 * Returns: (transfer full): the lines joined with "\n", the last without one
 */
char *riposte_indentation_fit (const char *code, const char *prefix, const RiposteIndentation *target);

G_END_DECLS
