/* What every source buffer of the window shares: a style that follows light and dark, and the language of a text. */
#pragma once

#include <gtksourceview/gtksource.h>

G_BEGIN_DECLS

/**
 * riposte_source_buffer_follow_style:
 * @buffer: a source buffer
 *
 * Gives @buffer the style scheme of libadwaita's light or dark appearance, now and whenever that changes, for as long
 * as @buffer lives. Main thread.
 */
void riposte_source_buffer_follow_style (GtkSourceBuffer *buffer);

/**
 * riposte_source_guess_language:
 * @filename: (nullable): the name of a file, with or without its folder
 * @hint: (nullable): the info string of a Markdown fence: "py", "c++", "language-js", "{.rust}", "python title=…"
 *
 * The name decides where it says something, else the hint. Main thread.
 *
 * Returns: (transfer none) (nullable): the language, or NULL for plain text
 */
GtkSourceLanguage *riposte_source_guess_language (const char *filename, const char *hint);

G_END_DECLS
