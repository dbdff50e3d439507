/* Mathematics in TeX's notation as a tree. Pure functions. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  RIPOSTE_MATH_ROW,      /* children, side by side */
  RIPOSTE_MATH_SYMBOL,   /* text */
  RIPOSTE_MATH_TEXT,     /* text, in words */
  RIPOSTE_MATH_SPACE,    /* width in hundredths of an em */
  RIPOSTE_MATH_FRACTION, /* children: above, below; without a line where width is 0 */
  RIPOSTE_MATH_ROOT,     /* children: the radicand, perhaps the index */
  RIPOSTE_MATH_SCRIPTS,  /* children: base, below (nullable), above (nullable) */
  RIPOSTE_MATH_ACCENT,   /* child; text is put over it, or under it where below */
  RIPOSTE_MATH_FENCE,    /* child, between the delimiters text and close */
  RIPOSTE_MATH_MATRIX,   /* children: rows of cells, between text and close; aligns: a letter a column */
} RiposteMathKind;

/* TeX's classes of symbols (The TeXbook, chapter 17), which say what space is between two. */
typedef enum
{
  RIPOSTE_MATH_ORDINARY,
  RIPOSTE_MATH_OPERATOR, /* a large one, or a function's name */
  RIPOSTE_MATH_BINARY,
  RIPOSTE_MATH_RELATION,
  RIPOSTE_MATH_OPENING,
  RIPOSTE_MATH_CLOSING,
  RIPOSTE_MATH_PUNCTUATION,
} RiposteMathClass;

typedef enum
{
  RIPOSTE_MATH_ITALIC, /* letters of variables */
  RIPOSTE_MATH_UPRIGHT,
  RIPOSTE_MATH_BOLD,
  RIPOSTE_MATH_MONOSPACE,
} RiposteMathFont;

typedef struct _RiposteMath RiposteMath;

struct _RiposteMath
{
  RiposteMathKind kind;
  RiposteMathClass class;
  RiposteMathFont font;
  char *text, *close; /* close: of FENCE and MATRIX */
  char *aligns;       /* 'l', 'c', 'r' */
  int width;
  gboolean large;  /* a symbol that grows where there is room: a sum, an integral */
  gboolean limits; /* scripts stand above and below it there */
  gboolean below;
  guint start;         /* of a child of a row: where in the TeX it begins, in bytes */
  GPtrArray *children; /* of RiposteMath; NULL items where one is nullable */
};

/**
 * riposte_math_parse:
 *
 * Returns: (nullable): NULL for what is no TeX, is not known, nests too deeply or is too long
 */
RiposteMath *riposte_math_parse (const char *tex);
void riposte_math_free (RiposteMath *math);

/* About how many letters wide the widest part of it is that no line can be broken in. */
double riposte_math_guess_width (const RiposteMath *math);
/* Whether a line may be broken behind the child @i of a row: after a relation, a sum's sign or a comma. */
gboolean riposte_math_can_break (const RiposteMath *row, guint i);

/* ---- symbols (math-symbols.c) ---- */

typedef struct
{
  const char *name, *text;
  RiposteMathClass class;
  gboolean large, limits;
} RiposteMathSymbol;

/* Of a command's name, without its backslash; NULL: there is none. */
const RiposteMathSymbol *riposte_math_find_symbol (const char *name);
/* Of a function, as \sin or \lim. */
gboolean riposte_math_find_function (const char *name, gboolean *limits);
const char *riposte_math_find_accent (const char *name, gboolean *below);
/* A letter as \mathbb, \mathcal or \mathfrak has it; 0: there is none. */
gunichar riposte_math_letter (const char *alphabet, gunichar letter);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RiposteMath, riposte_math_free)

G_END_DECLS
