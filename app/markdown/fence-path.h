/* Which file the code of an answer is for, where the answer says it. Pure functions. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * riposte_fence_path:
 * @info: the fence's info string: "python title=src/a.py", "c:main.c", "src/a.py"
 * @code: (nullable): what is in the fence; its first line may be a comment that is a path
 * @before: (nullable): Pango markup of the paragraph before it: "In <tt>src/a.py</tt>:"
 *
 * Returns: (nullable): a path, relative mostly; without control characters, and without “..”
 */
char *riposte_fence_path (const char *info, const char *code, const char *before);

G_END_DECLS
