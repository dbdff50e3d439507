/* A regular expression as a tree. Private to regex.c. */
#pragma once

#include "unicode.h"

G_BEGIN_DECLS

typedef struct
{
  gunichar first, last;
  guint32 categories; /* not 0: characters of these categories instead of the range */
} RpSetTerm;

typedef struct
{
  GArray *terms; /* RpSetTerm: any of them */
  gboolean negated;
  int minus; /* a set whose characters are not in this one; -1: none */
} RpSet;

typedef enum
{
  RP_NODE_EMPTY,
  RP_NODE_SET,    /* one character of the set */
  RP_NODE_AHEAD,  /* nothing, where the next character is not of the set */
  RP_NODE_CAT,    /* a, then b */
  RP_NODE_ALT,    /* a, else b */
  RP_NODE_REPEAT, /* a, min to max times, as often as possible; max -1: no limit */
} RpNodeKind;

typedef struct
{
  RpNodeKind kind;
  int a, b, min, max, set;
} RpNode;

typedef struct
{
  GArray *sets;  /* RpSet */
  GArray *nodes; /* RpNode */
  int root;
} RpSyntax;

gboolean rp_syntax_parse (RpSyntax *syntax, const char *pattern, GError **error);
void rp_syntax_clear (RpSyntax *syntax);
gboolean rp_syntax_set_has (const RpSyntax *syntax, int set, gunichar c, RpCategory category);

G_END_DECLS
