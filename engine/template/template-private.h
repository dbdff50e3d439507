/* What the parts of the template interpreter share. Everything a parse or a render makes lives in an arena that goes
 * with it; nothing is freed before. */
#pragma once

#include "../riposte-engine.h"
#include "../template.h"

G_BEGIN_DECLS

/* ---- memory ---- */

typedef struct
{
  GPtrArray *blocks;
  char *at;
  gsize left, total, limit;
  gboolean full; /* the limit was met: what is handed out since is scratch that overlaps */
} TplArena;

void tpl_arena_init (TplArena *arena, gsize limit);
void tpl_arena_clear (TplArena *arena);
gpointer tpl_alloc (TplArena *arena, gsize size); /* zeroed; never NULL */

/* ---- values ---- */

typedef enum
{
  TPL_UNDEFINED,
  TPL_NONE,
  TPL_BOOL,
  TPL_INT,
  TPL_FLOAT,
  TPL_STRING,
  TPL_LIST,
  TPL_TUPLE,
  TPL_DICT,
  TPL_NAMESPACE, /* a dict that may be changed */
  TPL_FUNCTION,
  TPL_METHOD,
  TPL_MACRO,
} TplType;

typedef struct _TplValue TplValue;
typedef struct _TplRun TplRun;
typedef struct _TplNode TplNode;
typedef struct _TplScope TplScope;

typedef struct
{
  TplValue **positional;
  guint n_positional;
  const char **names;
  TplValue **named;
  guint n_named;
  TplValue *caller; /* of a call block; nullable */
} TplArgs;

typedef TplValue *(*TplFunction) (TplRun *run, TplValue *self, const TplArgs *args);

struct _TplValue
{
  TplType type;
  union
  {
    gint64 integer; /* of a bool, too */
    double number;
    struct
    {
      const char *text; /* UTF-8, not always terminated; of an int beyond 64 bits: its digits; of undefined: its name */
      gsize length;
    };
    struct
    {
      TplValue **items; /* of a dict: its values */
      TplValue **keys;
      gsize n, capacity;
    };
    struct
    {
      TplFunction function;
      TplValue *object;
      const char *name;
    };
    struct
    {
      const TplNode *macro;
      TplScope *scope;
    };
  };
  gboolean big; /* an int that is kept as its digits */
};

TplValue *tpl_new (TplRun *run, TplType type);
TplValue *tpl_bool (TplRun *run, gboolean value);
TplValue *tpl_int (TplRun *run, gint64 value);
TplValue *tpl_float (TplRun *run, double value);
TplValue *tpl_string (TplRun *run, const char *text, gssize length); /* copied */
TplValue *tpl_list (TplRun *run, TplType type);
void tpl_append (TplRun *run, TplValue *list, TplValue *item);
void tpl_dict_set (TplRun *run, TplValue *dict, TplValue *key, TplValue *value);
TplValue *tpl_dict_get (const TplValue *dict, const TplValue *key);  /* nullable */
TplValue *tpl_dict_get_text (const TplValue *dict, const char *key); /* nullable */
gboolean tpl_is_number (const TplValue *value);
gboolean tpl_is_dict (const TplValue *value);
gboolean tpl_is_sequence (const TplValue *value); /* a list or tuple */
double tpl_to_double (const TplValue *value);
gboolean tpl_true (const TplValue *value);
gboolean tpl_equal (const TplValue *a, const TplValue *b);
/* As Python's <: TRUE and *result, or an error where the types do not compare. */
gboolean tpl_less (TplRun *run, const TplValue *a, const TplValue *b, gboolean *result);
/* A list of what a for loop sees: items, keys of a dict, characters of a string. Fails for what cannot be iterated. */
TplValue *tpl_items (TplRun *run, TplValue *value);
/* Python's str() and repr(), and json.dumps(). */
void tpl_append_str (TplRun *run, GString *out, const TplValue *value);
void tpl_append_repr (TplRun *run, GString *out, const TplValue *value, guint depth);
TplValue *tpl_to_string (TplRun *run, TplValue *value);
void tpl_append_json (TplRun *run, GString *out, const TplValue *value, int indent, guint depth);
const char *tpl_type_name (const TplValue *value);

/* A JSON text as a value; NULL with RP_ERROR_TEMPLATE. */
TplValue *tpl_parse_json (TplRun *run, const char *json, gsize length, GError **error);

/* ---- syntax ---- */

typedef enum
{
  /* expressions */
  TPL_N_CONST,
  TPL_N_NAME,
  TPL_N_LIST,
  TPL_N_TUPLE,
  TPL_N_DICT, /* children: key, value, key, value … */
  TPL_N_ATTRIBUTE,
  TPL_N_INDEX,
  TPL_N_SLICE, /* children: object, start, stop, step; each of the last three may be NULL */
  TPL_N_CALL,
  TPL_N_FILTER,
  TPL_N_TEST,
  TPL_N_UNARY,
  TPL_N_BINARY,
  TPL_N_COMPARE, /* children: operands; operators one fewer */
  TPL_N_AND,
  TPL_N_OR,
  TPL_N_CONDITION, /* children: value, condition, else or NULL */
  /* statements */
  TPL_N_TEXT,
  TPL_N_OUTPUT,
  TPL_N_BLOCK, /* children in order */
  TPL_N_IF,    /* children: condition, body, condition, body …, [else body] */
  TPL_N_FOR,   /* children: iterable, filter or NULL, body, else or NULL; names: targets */
  TPL_N_SET,   /* children: value; target */
  TPL_N_SET_BLOCK,
  TPL_N_MACRO,        /* children: body; names and defaults */
  TPL_N_CALL_BLOCK,   /* children: call, macro */
  TPL_N_FILTER_BLOCK, /* children: filter chain over the hole, body */
  TPL_N_WITH,         /* children: values …, body; names */
  TPL_N_BREAK,
  TPL_N_CONTINUE,
  TPL_N_HOLE, /* the captured text of a filter block */
} TplNodeType;

struct _TplNode
{
  TplNodeType type;
  guint line;
  const char *name; /* of a name, attribute, filter, test, operator, macro; of a set's namespace */
  TplValue *value;  /* of a constant */
  TplNode **children;
  guint n_children;
  const char **names; /* keywords of a call, behind its positional children; targets; parameters */
  guint n_names;
  TplNode **defaults; /* of a macro's last parameters */
  guint n_defaults;
  const char **operators; /* of a comparison */
  const char *attribute;  /* of a set: ns.attribute */
  gboolean negated;       /* of a test */
};

/* NULL with RP_ERROR_TEMPLATE and the line. Constants and nodes live in arena. */
TplNode *tpl_parse (TplArena *arena, const char *source, gsize length, GError **error);

/* ---- running ---- */

struct _TplRun
{
  TplArena *arena;
  GError **error;
  gboolean failed;
  guint depth; /* of calls */
  guint steps;
  gint64 deadline; /* of this thread's CPU time, µs */
  guint line;
  GString *out;
  gsize captured; /* bytes written to all outputs */
  TplScope *globals;
  const TplValue *now; /* nullable */
};

/* Sets the error, once, and makes everything return; NULL for the caller to return. */
TplValue *tpl_fail (TplRun *run, const char *format, ...) G_GNUC_PRINTF (2, 3);
TplValue *tpl_call (TplRun *run, TplValue *callable, const TplArgs *args);
/* x.name: a method, or a key. Never NULL but on failure; undefined where there is none. */
TplValue *tpl_attribute (TplRun *run, TplValue *object, const char *name);
TplValue *tpl_index (TplRun *run, TplValue *object, TplValue *index);
/* The argument at a position or of a name; NULL where it was not given. */
TplValue *tpl_arg (const TplArgs *args, guint position, const char *name);
gboolean tpl_tick (TplRun *run); /* FALSE when the time is up, or something failed */

typedef struct
{
  const char *name;
  TplFunction function;
} TplBuiltin;

TplFunction tpl_find_filter (const char *name);
TplFunction tpl_find_test (const char *name);
TplFunction tpl_find_method (const TplValue *object, const char *name);
void tpl_define_globals (TplRun *run);
void tpl_define (TplRun *run, TplScope *scope, const char *name, TplValue *value);

G_END_DECLS
