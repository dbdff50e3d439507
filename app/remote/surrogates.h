/* Halves of surrogate pairs in JSON. Services cut a text into pieces between two units of UTF-16, so that "\ud83d" ends one
 * object and "\ude00" begins the next; each by itself is no text, and no JSON to most parsers. Pure. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * riposte_surrogates_mark:
 * @json: UTF-8
 *
 * Writes each escape of a half without its other half as what a parser takes for text: U+FDD0, which no text has, and
 * the escape itself. Where @json has U+FDD0, it becomes U+FFFD.
 *
 * Returns: (transfer full) (nullable): NULL where there is nothing to change
 */
char *riposte_surrogates_mark (const char *json, gsize length, gsize *length_marked);

/**
 * riposte_surrogates_join:
 * @text: a string of what a parser made of marked JSON
 * @half: the half that the text before ended with, or 0; set to the one that this ends with
 *
 * Returns: (transfer full): @text, whole characters where halves meet, and U+FFFD for each half that finds no other
 */
char *riposte_surrogates_join (const char *text, gunichar *half);

G_END_DECLS
