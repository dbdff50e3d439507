/* What can be told of a block without making its widgets. */
#pragma once

#include "markdown/markdown.h"

G_BEGIN_DECLS

/* Code that takes more lines than this scrolls within itself: a text view draws all that it shows. */
#define RIPOSTE_MAX_CODE_LINES 200

/* The words that a reader sees, of a cell or paragraph a line. */
char *riposte_block_dup_text (const RiposteBlock *block);
/* Newlines within lines that are longer than a view lays out in a frame; NULL where none is. */
char *riposte_break_lines (const char *text);
/* In pixels, at a usual size of text, where @width is the block's. */
int riposte_block_guess_height (const RiposteBlock *block, int width);

G_END_DECLS
