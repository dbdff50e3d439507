/* Text from a model is text: what of it must not reach the screen as it is. Pure functions. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * riposte_plain_text:
 * @text: @length bytes, or -1 up to its NUL; invalid UTF-8 becomes U+FFFD
 *
 * Control characters become their visible pictures (U+2400 …), and characters that reorder what is written around them
 * (Unicode's bidirectional controls) or hide (tags, line separators) U+FFFD; line ends become "\n". So what is shown,
 * copied or inserted is what is there. (Boucher and Anderson, “Trojan Source”, 2021)
 */
char *riposte_plain_text (const char *text, gssize length);

/* An address that a link may have: absolute, http or https, and free of white space and controls. */
gboolean riposte_is_web_address (const char *url);

/* A web address as it is to be shown: a host of other letters than ASCII's in the way that the net spells it (xn--…),
 * so that none looks like another; plain text. */
char *riposte_plain_address (const char *url);

/* A question's first line as a title: white space collapsed, cut between words to about @max_chars. */
char *riposte_title_of_text (const char *text, guint max_chars);

G_END_DECLS
