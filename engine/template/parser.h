/* What the two halves of the parser share: statements (parser.c) and expressions (expression.c). */
#pragma once

#include "lexer.h"

G_BEGIN_DECLS

#define TPL_MAX_PARSE 150  /* levels that the parser recurses */
#define TPL_MAX_TREE  1500 /* levels of the tree: a chain of operators is as deep as it is long */

typedef struct
{
  TplArena *arena;
  TplRun constants; /* only its arena is used */
  const TplToken *token;
  guint nesting, loops;
  guint uses; /* TPL_USES_…, of the names read since it was cleared */
  GError **error;
  gboolean failed;
} TplParser;

TplNode *tpl_parse_fail (TplParser *parser, const char *what);
gboolean tpl_enter (TplParser *parser); /* FALSE after a failure: too deep */
TplNode *tpl_node (TplParser *parser, TplNodeType type);
TplNode *tpl_named_node (TplParser *parser, TplNodeType type, const char *name);
void tpl_add_child (TplParser *parser, TplNode *node, TplNode *child);
void tpl_add_name (TplParser *parser, TplNode *node, const char *name);
/* Appends to a list whose room grows in powers of two. */
void tpl_push (TplParser *parser, gconstpointer **list, guint *n, gconstpointer item);

gboolean tpl_at_operator (const TplParser *parser, const char *text);
gboolean tpl_at_name (const TplParser *parser, const char *text);
gboolean tpl_accept_operator (TplParser *parser, const char *text);
gboolean tpl_accept_name (TplParser *parser, const char *text);
gboolean tpl_expect_operator (TplParser *parser, const char *text);
const char *tpl_expect_any_name (TplParser *parser);

TplNode *tpl_parse_expression (TplParser *parser);
/* a, b, c without parentheses is a tuple; x if y else z only with_condition. */
TplNode *tpl_parse_tuple (TplParser *parser, gboolean with_condition);
/* What a statement assigns to: names, and tuples of them; ns.name where with_namespace. */
TplNode *tpl_parse_target (TplParser *parser, gboolean with_namespace);
TplNode *tpl_parse_filters (TplParser *parser, TplNode *node); /* | and is, behind node */
TplNode *tpl_parse_filter (TplParser *parser, TplNode *value); /* behind | */

G_END_DECLS
