/* The parser of formulas: math-parse.c has its tokens, rows and atoms, math-command.c the commands, and
 * math-environment.c what has rows and columns. Nodes that are taken are freed where NULL is returned. */
#pragma once

#include "math/math-parse.h"

G_BEGIN_DECLS

typedef struct
{
  const char *tex, *at;
  guint depth, n_nodes;
  RiposteMathFont font;
  const char *alphabet; /* nullable: mathbb and the like */
} RiposteMathParser;

RiposteMath *riposte_math_node_new (RiposteMathKind kind, const char *text);
RiposteMath *riposte_math_symbol_new (const char *text, RiposteMathClass class, RiposteMathFont font);
RiposteMath *riposte_math_fence_new (RiposteMath *child, const char *open, const char *close);
void riposte_math_add (RiposteMath *node, RiposteMath *child);

/* Tokens: white space and comments before one are skipped. */
gboolean riposte_math_take (RiposteMathParser *parser, const char *token);
gboolean riposte_math_at_end (RiposteMathParser *parser, const char *const *ends);
char *riposte_math_take_command (RiposteMathParser *parser);   /* "\name" without its backslash */
char *riposte_math_take_verbatim (RiposteMathParser *parser);  /* what is in braces */
char *riposte_math_take_option (RiposteMathParser *parser);    /* what is in brackets */
char *riposte_math_take_delimiter (RiposteMathParser *parser); /* "" for "." */

RiposteMath *riposte_math_parse_row (RiposteMathParser *parser, const char *const *ends);
RiposteMath *riposte_math_parse_argument (RiposteMathParser *parser); /* a group in braces, or one atom */
RiposteMath *riposte_math_parse_optional (RiposteMathParser *parser); /* in brackets, if there are any */
RiposteMath *riposte_math_parse_children (RiposteMathParser *parser, RiposteMath *node, guint n);
RiposteMath *riposte_math_parse_words (RiposteMathParser *parser, RiposteMathFont font);
RiposteMath *riposte_math_parse_in_font (RiposteMathParser *parser, RiposteMathFont font, const char *alphabet);
/* From the command's backslash on. */
RiposteMath *riposte_math_parse_command (RiposteMathParser *parser);
/* From behind \begin on. */
RiposteMath *riposte_math_parse_environment (RiposteMathParser *parser);
/* Rows and cells up to @end: "}" or, where it is NULL, the end of all. */
RiposteMath *riposte_math_parse_lines (RiposteMathParser *parser, const char *end, const char *aligns);

G_END_DECLS
