/* Unified diffs as models write them: what they change in a text. Pure functions. */
#pragma once

#include "merge-code.h"

G_BEGIN_DECLS

/* Whether @code is one: it has a hunk, and nothing that a diff does not have. */
gboolean riposte_patch_is (const char *code);
/* Whether it is one for a file that is there. */
gboolean riposte_patch_is_change (const char *code);
/* The file that the first part of it changes or makes, without "a/" or "b/"; NULL where it names none. */
char *riposte_patch_dup_path (const char *code);
/* What a file holds that the patch makes; NULL where it changes a file that is there. */
char *riposte_patch_dup_new_file (const char *code);

/**
 * riposte_patch_apply:
 * @text: a whole file
 * @path: (nullable): its name; of a patch of several files, the part that is for it is taken
 * @problem: (out): for a person, why the patch does not fit
 *
 * A hunk belongs where its context and what it removes stand; its line numbers, which models get wrong, only say which
 * of several such places is meant. Blanks at the ends of lines do not matter, and where a hunk fits nowhere, up to two
 * lines of context at its ends do not either.
 *
 * Returns: (nullable): NULL where some hunk does not fit; without edits where all is as the patch has it already
 */
RiposteMerge *riposte_patch_apply (const char *text, const char *path, const char *code, char **problem);

G_END_DECLS
