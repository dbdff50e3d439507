/* How the lines of a file end. Pure functions. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * RiposteNewlines:
 * @RIPOSTE_NEWLINES_LF: all lines end so, or there is one line alone
 * @RIPOSTE_NEWLINES_CRLF: all do
 * @RIPOSTE_NEWLINES_CR: all do
 * @RIPOSTE_NEWLINES_MIXED: some end in one way and some in another, or a carriage return is no end of a line at all
 */
typedef enum
{
  RIPOSTE_NEWLINES_LF,
  RIPOSTE_NEWLINES_CRLF,
  RIPOSTE_NEWLINES_CR,
  RIPOSTE_NEWLINES_MIXED,
} RiposteNewlines;

RiposteNewlines riposte_newlines_of (const char *text);
/* @text with line feeds alone; takes it, and leaves it as it is where its lines end in several ways. */
char *riposte_newlines_to_lf (char *text, RiposteNewlines newlines);
/* @text as it is saved: each line ends in the way of @newlines, whatever it ended in; as it is where that is no one
 * way. With @ends another line end follows. */
GString *riposte_newlines_from (const char *text, RiposteNewlines newlines, gboolean ends);

G_END_DECLS
