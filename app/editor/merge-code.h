/* Where the code of an answer belongs in a text, and what it changes there. Pure functions. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Lines of the text from @line on, from 0, that others replace. */
typedef struct
{
  guint line, n_removed;
  char *text; /* whole lines */
} RiposteEdit;

typedef struct
{
  GArray *edits; /* of RiposteEdit, downwards */
  guint n_added, n_removed;
  char *diff; /* unified, without the names of files */
} RiposteMerge;

/**
 * riposte_merge_code:
 * @text: a whole file
 * @code: the new file, or only some part of it, perhaps without the indentation that it has there
 *
 * Lines of @code that are in @text say where it belongs; from the first of these to the last, @text becomes @code.
 *
 * Returns: (nullable): NULL where no line says that
 */
RiposteMerge *riposte_merge_code (const char *text, const char *code);
/* For who adds edits; riposte_merge_finish() then counts lines and makes the diff. */
RiposteMerge *riposte_merge_new (void);
void riposte_merge_finish (RiposteMerge *merge, const char *text);
void riposte_merge_free (RiposteMerge *merge);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RiposteMerge, riposte_merge_free)

G_END_DECLS
