/* What the parts of the template interpreter share. Everything a parse or a render makes lives in an arena that goes
 * with it; nothing is freed before. A function that returns a value returns NULL when the render has failed. */
#pragma once

#include "../riposte-engine.h"
#include "../template.h"

#include <wchar.h>

G_BEGIN_DECLS

#define TPL_MAX_TEXT   (4 << 20) /* bytes of one string */
#define TPL_MAX_ITEMS  (1 << 20) /* of one list */
#define TPL_MAX_DEPTH  100       /* of nested values that are read or written, and of calls */
#define TPL_MAX_LEVELS 500       /* of nested values */
#define TPL_MAX_WEIGHT (1 << 22)

/* ---- memory ---- */

typedef struct
{
  GPtrArray *blocks;
  char *at;
  gsize left, total, limit;
  gboolean full; /* the limit was met: the render stops at its next step */
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
  TPL_RANGE,     /* its numbers are there as items */
  TPL_VIEW,      /* of a dict: dict_keys, dict_values or dict_items */
  TPL_ITERATOR,  /* what map() and its likes give: made when it is first read, and read once */
  TPL_LOOP,
  TPL_FUNCTION, /* a builtin without object */
  TPL_METHOD,
  TPL_MACRO,
  TPL_CYCLER,
  TPL_JOINER,
} TplType;

typedef struct _TplValue TplValue;
typedef struct _TplRun TplRun;
typedef struct _TplNode TplNode;
typedef struct _TplScope TplScope;
typedef struct _TplLoop TplLoop;
typedef struct _TplIterator TplIterator;
typedef struct _TplBuiltin TplBuiltin;

typedef struct
{
  TplValue **positional;
  guint n_positional;
  const char **names;
  TplValue **named;
  guint n_named;
} TplArgs;

typedef TplValue *(*TplFunction) (TplRun *run, TplValue *self, const TplArgs *args);

/* One row of a table of filters, tests, methods or functions. */
struct _TplBuiltin
{
  const char *name;
  TplFunction function;
  /* Names of its parameters, with blanks between; a / in front: by position only. args->positional then has one place a
   * parameter, NULL where nothing was given. NULL: the function takes its arguments as they come. */
  const char *parameters;
  guint n_required;
};

/* An integer beyond 64 bits: limbs of nine decimal digits, the lowest first. */
typedef struct
{
  guint32 *limbs;
  guint n;
  gboolean negative;
} TplBig;

struct _TplValue
{
  TplType type;
  guint32 weight, levels; /* of a list or dict: of all that is reached from it, counted each time it is reached */
  gboolean
    flag; /* of an int: it is big; of a string: it is markup, as |safe makes it; of a tuple: a group; of a joiner: it
                  was used */
  union
  {
    gint64 integer; /* of a bool, too */
    TplBig big;
    double number;
    struct
    {
      const char *text; /* UTF-8, terminated; of undefined: why it is, or NULL */
      gsize length;
    };
    struct
    {
      TplValue **items; /* of a dict: its values */
      TplValue **keys;
      gsize n;
      guint capacity, at; /* at: of a cycler */
      union
      {
        guint *index;     /* of a large dict: open addressing, position + 1 */
        const char *kind; /* of a view */
        gint64 *range;    /* start, stop, step */
      };
    };
    struct
    {
      const TplBuiltin *builtin;
      TplValue *object;
    };
    struct
    {
      const TplNode *macro;
      TplScope *scope;
    };
    TplLoop *loop;
    TplIterator *iterator;
  };
};

struct _TplLoop
{
  TplValue *items; /* a list of all of them */
  gsize i;
  guint depth;
  const TplNode *node;
  TplScope *scope; /* around the loop */
  TplValue *changed;
};

struct _TplIterator
{
  const char *kind;
  TplFunction make; /* the list of all items */
  TplValue *source;
  TplArgs args;
  TplValue *items; /* NULL: not made yet */
  gsize at;
};

TplValue *tpl_new (TplRun *run, TplType type);
TplValue *tpl_undefined (TplRun *run, const char *why); /* why: nullable, stays */
TplValue *tpl_bool (TplRun *run, gboolean value);
TplValue *tpl_int (TplRun *run, gint64 value);
TplValue *tpl_float (TplRun *run, double value);
TplValue *tpl_string (TplRun *run, const char *text, gssize length); /* copied */
/* Frees text. Fails where it is longer than TPL_MAX_TEXT. */
TplValue *tpl_take (TplRun *run, GString *text);
TplValue *tpl_list (TplRun *run, TplType type);
void tpl_append (TplRun *run, TplValue *list, TplValue *item);
void tpl_dict_set (TplRun *run, TplValue *dict, TplValue *key, TplValue *value);
TplValue *tpl_dict_get (const TplValue *dict, const TplValue *key);  /* nullable */
TplValue *tpl_dict_get_text (const TplValue *dict, const char *key); /* nullable */
TplValue *tpl_pair (TplRun *run, TplValue *a, TplValue *b);          /* a tuple */
TplValue *tpl_iterator (TplRun *run, const char *kind, TplFunction make, TplValue *source, const TplArgs *args);

gboolean tpl_is_text (const TplValue *value);    /* nullable */
gboolean tpl_is_integer (const TplValue *value); /* nullable; an int or bool within 64 bits */
gboolean tpl_is_number (const TplValue *value);
gboolean tpl_is_list (const TplValue *value); /* a list or tuple */
double tpl_to_double (const TplValue *value);

/* ---- comparing (compare.c) ---- */

gboolean tpl_true (const TplValue *value);
gboolean tpl_equal (const TplValue *a, const TplValue *b);
/* As Python's <: TRUE and *result, or an error where the types do not compare. */
gboolean tpl_less (TplRun *run, const TplValue *a, const TplValue *b, gboolean *result);
gboolean tpl_contains (TplRun *run, TplValue *container, const TplValue *item, gboolean *result);
gboolean tpl_is_hashable (const TplValue *value);
guint tpl_hash (const TplValue *value);
/* What a for loop sees, as something with items: those of a list, keys of a dict, characters of a string, the rest of
 * an iterator. NULL for what cannot be iterated. */
TplValue *tpl_items (TplRun *run, TplValue *value);
gboolean tpl_is_iterable (const TplValue *value);
gint64 tpl_length (const TplValue *value); /* -1: it has none */

/* ---- text forms (repr.c, json.c) ---- */

/* Python's str() and repr(), and json.dumps(). */
void tpl_append_str (TplRun *run, GString *out, TplValue *value);
void tpl_append_repr (TplRun *run, GString *out, const TplValue *value, guint depth);
void tpl_append_float (GString *out, double number);
TplValue *tpl_to_string (TplRun *run, TplValue *value);
const char *tpl_type_name (const TplValue *value);

typedef struct
{
  const char *indent; /* NULL: all in one line */
  const char *item_separator, *key_separator;
  gboolean ascii, sort_keys;
} TplJsonStyle;

void tpl_append_json (TplRun *run, GString *out, const TplValue *value, const TplJsonStyle *style, guint depth);
/* A JSON text as a value; NULL with RP_ERROR_TEMPLATE. */
TplValue *tpl_parse_json (TplRun *run, const char *json, gsize length, GError **error);

/* ---- numbers (number.c, bigint.c) ---- */

TplValue *tpl_arithmetic (TplRun *run, const char *name, TplValue *a, TplValue *b); /* both are numbers */
TplValue *tpl_negative (TplRun *run, const TplValue *number);
/* int() and float() of a text; NULL without an error where it is none. */
TplValue *tpl_parse_int (TplRun *run, const char *text, gsize length, int base);
gboolean tpl_parse_float (const char *text, gsize length, double *number);
TplValue *tpl_int_of_double (TplRun *run, double number); /* towards zero; NULL with an error for nan and inf */

TplValue *tpl_big_parse (TplRun *run, const char *digits, gsize length, gboolean negative);
TplValue *tpl_big_of_double (TplRun *run, double number);
int tpl_big_compare (const TplValue *a, const TplValue *b);
TplValue *
tpl_big_arithmetic (TplRun *run, char operator, const TplValue * a, const TplValue *b); /* + - * / (floor) % */
void tpl_append_big (GString *out, const TplValue *value);
double tpl_big_to_double (const TplValue *value);

/* ---- characters, as Python sees them (characters.c) ---- */

gboolean tpl_is_blank (gunichar c);
gboolean tpl_is_cased (gunichar c);
gboolean tpl_is_printable (gunichar c);
TplValue *tpl_upper (TplRun *run, const TplValue *text);
TplValue *tpl_lower (TplRun *run, const TplValue *text);
TplValue *tpl_capitalize (TplRun *run, const TplValue *text);
TplValue *tpl_title (TplRun *run, const TplValue *text);
TplValue *tpl_swapcase (TplRun *run, const TplValue *text);
TplValue *tpl_strip (TplRun *run, const TplValue *text, const TplValue *chars, gboolean left, gboolean right);
TplValue *tpl_split_lines (TplRun *run, const TplValue *text, gboolean keep_ends);
gsize tpl_n_chars (const TplValue *text);
gboolean tpl_is_utf8 (const char *text, gsize length); /* with or without U+0000, which GLib takes for an end */

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
  TPL_N_SPREAD,    /* *list among the arguments of a call */
  TPL_N_SPREAD_KEYS,
  /* statements */
  TPL_N_TEXT,
  TPL_N_OUTPUT,
  TPL_N_BLOCK,        /* children in order */
  TPL_N_SCOPE,        /* a body with variables of its own */
  TPL_N_IF,           /* children: condition, body, condition, body …, [else body] */
  TPL_N_FOR,          /* children: target, iterable, filter or NULL, body, else or NULL */
  TPL_N_SET,          /* children: target, value */
  TPL_N_SET_BLOCK,    /* children: target, filter chain over the hole, body */
  TPL_N_MACRO,        /* children: body; names and defaults */
  TPL_N_CALL_BLOCK,   /* children: call, macro */
  TPL_N_FILTER_BLOCK, /* children: filter chain over the hole, body */
  TPL_N_WITH,         /* children: target, value, target, value …, body */
  TPL_N_BREAK,
  TPL_N_CONTINUE,
  TPL_N_REFUSED, /* what a chat template cannot do, such as include */
  TPL_N_HOLE,    /* the captured text of a filter block */
} TplNodeType;

/* What a macro's or loop's body mentions. */
enum
{
  TPL_USES_CALLER = 1,
  TPL_USES_KWARGS = 2,
  TPL_USES_VARARGS = 4,
  TPL_USES_LOOP = 8,
};

struct _TplNode
{
  TplNodeType type;
  guint line, height; /* height: levels below it */
  const char *name;   /* of a name, attribute, filter, test, operator, macro, refused tag */
  TplValue *value;    /* of a constant */
  TplNode **children;
  guint n_children;
  const char **names; /* keywords of a call, behind its positional children; parameters of a macro */
  guint n_names;
  TplNode **defaults; /* of a macro's last parameters */
  guint n_defaults;
  const char **operators; /* of a comparison */
  guint uses;             /* of a macro, loop */
  gboolean flag;          /* of a test: negated; of a loop: recursive; of an attribute: ns.name as a target */
};

/* NULL with RP_ERROR_TEMPLATE and the line. Constants and nodes live in arena. */
TplNode *tpl_parse (TplArena *arena, const char *source, gsize length, GError **error);

/* ---- running ---- */

struct _TplRun
{
  TplArena *arena;
  GError **error;
  gboolean failed;
  guint calls, nesting;
  guint steps;
  gint64 deadline; /* of this thread's CPU time, µs; 0: none */
  guint line;
  GString *out;
  gsize captured; /* bytes written to all outputs */
  TplScope *globals;
  const TplValue *now; /* nullable */
};

/* Sets the error, once, and makes everything return; NULL for the caller to return. */
TplValue *tpl_fail (TplRun *run, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* The same without the line in front: what a template itself says. */
TplValue *tpl_raise (TplRun *run, const char *message);
gboolean tpl_tick (TplRun *run); /* FALSE when the time is up, or something failed */
/* The same before something that looks at all of a value. */
gboolean tpl_tick_for (TplRun *run, const TplValue *value);

/* lookup.c */
TplValue *tpl_attribute (TplRun *run, TplValue *object, const char *name);
TplValue *tpl_index (TplRun *run, TplValue *object, TplValue *index);
TplValue *tpl_slice (TplRun *run, TplValue *object, TplValue *const bounds[3]); /* each nullable */
/* x["a"]["b"] for "a.b"; a part of digits, or an integer, is an index. */
TplValue *tpl_get_path (TplRun *run, TplValue *object, const TplValue *path);
TplValue *tpl_undefined_read (TplRun *run, const TplValue *value);

/* operators.c */
TplValue *tpl_binary (TplRun *run, const char *name, TplValue *a, TplValue *b);
TplValue *tpl_unary (TplRun *run, const char *name, TplValue *value);
gboolean tpl_compare (TplRun *run, const char *name, TplValue *a, TplValue *b, gboolean *result);
TplValue *tpl_concatenate (TplRun *run, const TplValue *a, const TplValue *b);
TplValue *tpl_repeat (TplRun *run, const TplValue *object, gint64 times);
TplValue *tpl_escape (TplRun *run, const TplValue *text); /* for HTML; the result is markup */

/* scope.c */
TplScope *tpl_scope_new (TplRun *run, TplScope *parent);
void tpl_define (TplRun *run, TplScope *scope, const char *name, TplValue *value); /* name stays */
TplValue *tpl_look_up (const TplScope *scope, const char *name);                   /* nullable */

/* eval.c */
TplValue *tpl_eval (TplRun *run, const TplNode *node, TplScope *scope);
TplValue *tpl_call (TplRun *run, TplValue *callable, const TplArgs *args);
/* The arguments in the order of the row's parameters, checked. */
TplValue *tpl_apply (TplRun *run, const TplBuiltin *row, TplValue *self, const TplArgs *args);

/* execute.c */
typedef enum
{
  TPL_FLOW_ON,
  TPL_FLOW_BREAK,
  TPL_FLOW_CONTINUE,
} TplFlow;

TplFlow tpl_execute (TplRun *run, const TplNode *node, TplScope *scope);
TplValue *tpl_capture (TplRun *run, const TplNode *body, TplScope *scope); /* what a body writes */
/* macro.c */
TplValue *tpl_macro (TplRun *run, const TplNode *node, TplScope *scope);
TplValue *tpl_call_macro (TplRun *run, TplValue *macro, const TplArgs *args);
/* loop.c */
TplFlow tpl_execute_for (TplRun *run, const TplNode *node, TplScope *scope);
TplValue *tpl_call_loop (TplRun *run, TplValue *loop, const TplArgs *args);
TplValue *tpl_loop_attribute (TplRun *run, TplValue *loop, const char *name); /* nullable */
gboolean tpl_assign (TplRun *run, const TplNode *target, TplValue *value, TplScope *scope);

/* format.c: % and str.format() */
TplValue *tpl_printf (TplRun *run, const TplValue *format, TplValue *value);
TplValue *tpl_format (TplRun *run, const TplValue *format, const TplArgs *args);

/* ---- where a text came from (seams.c) ---- */

typedef struct
{
  const RpTemplatePrompt *prompt;
  char cut[5], end[5]; /* characters that stand nowhere in the variables */
} TplMarks;

/* Before a render: marks the variables' texts. After it: turns the marks in run->out into seams. */
gboolean tpl_put_marks (TplRun *run, TplMarks *marks, TplValue *variables);
gboolean tpl_take_marks (TplRun *run, const TplMarks *marks);

/* ---- the tables of builtins ---- */

extern const TplBuiltin tpl_string_methods[], tpl_dict_methods[], tpl_list_methods[], tpl_number_methods[];
extern const TplBuiltin tpl_cycler_methods[], tpl_loop_methods[];
extern const TplBuiltin tpl_text_filters[], tpl_list_filters[], tpl_pick_filters[], tpl_value_filters[];
extern const TplBuiltin tpl_wrap_filters[], tpl_web_filters[], tpl_pprint_filters[];
extern const TplBuiltin tpl_tests[], tpl_functions[];

const TplBuiltin *tpl_find_row (const TplBuiltin *table, const char *name); /* nullable, as the next */
const TplBuiltin *tpl_find_filter (const char *name);
gboolean tpl_is_filter_name (const char *name); /* of Jinja's too, that are no part of this interpreter */
const TplBuiltin *tpl_find_test (const char *name);

#define TPL_BUILTIN(name) static TplValue *name (TplRun *run, TplValue *self, const TplArgs *args)
#define ARG(i)            (args->positional[i])

gint64 tpl_int_arg (const TplValue *value, gint64 fallback);
gboolean tpl_bool_arg (const TplValue *value, gboolean fallback);

G_END_DECLS
