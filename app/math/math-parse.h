/* Mathematics in TeX's notation as a tree. Pure functions. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  RIPOSTE_MATH_ROW,       /* children, side by side */
  RIPOSTE_MATH_SYMBOL,    /* text */
  RIPOSTE_MATH_TEXT,      /* text, in words */
  RIPOSTE_MATH_SPACE,     /* width in hundredths of an em */
  RIPOSTE_MATH_FRACTION,  /* children: above, below; without a line where width is 0 */
  RIPOSTE_MATH_ROOT,      /* children: the radicand, perhaps the index */
  RIPOSTE_MATH_SCRIPTS,   /* children: base, below (nullable), above (nullable) */
  RIPOSTE_MATH_ACCENT,    /* child; text is put over it, or under it where below */
  RIPOSTE_MATH_FENCE,     /* child, between the delimiters text and close */
  RIPOSTE_MATH_MATRIX,    /* children: rows of cells, between text and close; aligns: a letter a column */
  RIPOSTE_MATH_DELIMITER, /* text, as high as width hundredths of an em; 0: as the row that it stands in */
  RIPOSTE_MATH_ARROW,     /* text, as wide as its children below and above (both nullable) want it */
  RIPOSTE_MATH_STYLE,     /* what follows in the row is set as size says */
  RIPOSTE_MATH_PHANTOM,   /* child, which is not drawn */
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

typedef enum
{
  RIPOSTE_MATH_AS_IS,
  RIPOSTE_MATH_DISPLAY,
  RIPOSTE_MATH_INLINE,
} RiposteMathSize;

/* Whether scripts stand above and below, and not beside. */
typedef enum
{
  RIPOSTE_MATH_NO_LIMITS,
  RIPOSTE_MATH_LIMITS, /* where there is room */
  RIPOSTE_MATH_ALWAYS_LIMITS,
} RiposteMathLimits;

typedef struct _RiposteMath RiposteMath;

struct _RiposteMath
{
  RiposteMathKind kind;
  RiposteMathClass class;
  RiposteMathFont font;
  char *text, *close;  /* close: of FENCE and MATRIX */
  char *aligns;        /* 'l', 'c', 'r' */
  guint64 bars, rules; /* of MATRIX: a bit for a line left of the column, above the row */
  int width;
  gboolean large; /* a symbol that grows where there is room: a sum, an integral */
  RiposteMathLimits limits;
  RiposteMathSize size; /* of FRACTION, MATRIX and STYLE */
  gboolean below;
  gboolean tight;      /* of MATRIX: as a script is */
  guint start;         /* of a child of a row: where in the TeX it begins, in bytes */
  GPtrArray *children; /* of RiposteMath; NULL items where one is nullable */
};

/**
 * riposte_math_parse:
 *
 * A command that is not known stands for itself.
 *
 * Returns: (nullable): NULL for what is no TeX, nests too deeply or is too long
 */
RiposteMath *riposte_math_parse (const char *tex);
void riposte_math_free (RiposteMath *math);

/* About how many letters wide the widest part of it is that no line can be broken in. */
double riposte_math_guess_width (const RiposteMath *math);
/* Whether a line may be broken behind the child @i of a row: after a relation, a sum's sign or a comma. */
gboolean riposte_math_can_break (const RiposteMath *row, guint i);

/* Whether \begin{@name} is known. */
gboolean riposte_math_is_environment (const char *name);

/* ---- symbols (math-symbols.c) ---- */

typedef struct
{
  const char *name, *text;
  RiposteMathClass class;
  gboolean large;
  RiposteMathLimits limits;
} RiposteMathSymbol;

/* Of a command's name, without its backslash; NULL: there is none. */
const RiposteMathSymbol *riposte_math_find_symbol (const char *name);
/* Of a function, as \sin or \lim. */
gboolean riposte_math_find_function (const char *name, gboolean *limits);
/* What is put over something or under it: a sign, or the name of strokes that are as wide. */
const char *riposte_math_find_accent (const char *name, gboolean *below);
/* A letter as \mathbb, \mathcal or \mathfrak has it; 0: there is none. */
gunichar riposte_math_letter (const char *alphabet, gunichar letter);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RiposteMath, riposte_math_free)

G_END_DECLS
