/* Formulas laid out: math-layout.c has texts, rows, fractions, roots and scripts, math-marks.c delimiters, accents and
 * arrows, math-matrix.c what has rows and columns. */
#pragma once

#include "math/math-layout.h"

G_BEGIN_DECLS

/* In em. */
#define RIPOSTE_MATH_AXIS 0.25 /* height of a fraction's line above the baseline */
#define RIPOSTE_MATH_LINE 0.045
#define RIPOSTE_MATH_GAP  0.12

typedef struct
{
  PangoContext *context;
  GHashTable *texts; /* (nullable) of PangoLayout */
  double size;       /* pixels of an em */
  gboolean display;  /* there is room: limits stand above and below */
  guint script;      /* 0: full size, 1, 2 */
} RiposteMathStyle;

RiposteMathBox *riposte_math_box_new (void);
/* Takes @child, with its baseline's beginning at (@x, @y) in @box, which grows as far as it reaches. */
void riposte_math_box_place (RiposteMathBox *box, RiposteMathBox *child, double x, double y);
void riposte_math_box_stroke (RiposteMathBox *box,
                              const char *shape,
                              double x,
                              double y,
                              double width,
                              double height,
                              RiposteMathStyle style);

RiposteMathStyle riposte_math_smaller (RiposteMathStyle style);
RiposteMathBox *riposte_math_text_box (const char *text, RiposteMathFont font, RiposteMathStyle style, double scale);
RiposteMathBox *riposte_math_box_of (const RiposteMath *node, RiposteMathStyle style);

/* As far up and down from the axis as @half, in pixels; a character where that is high enough. */
RiposteMathBox *riposte_math_delimiter_box (const char *text, double half, RiposteMathStyle style);
/* What it takes to hold @inner. */
double riposte_math_get_half (const RiposteMathBox *inner, RiposteMathStyle style);
/* Takes @inner. */
RiposteMathBox *
riposte_math_fenced (RiposteMathBox *inner, const char *open, const char *close, RiposteMathStyle style);
RiposteMathBox *riposte_math_accent_box (const RiposteMath *node, RiposteMathStyle style);
RiposteMathBox *riposte_math_arrow_box (const RiposteMath *node, RiposteMathStyle style);
RiposteMathBox *riposte_math_matrix_box (const RiposteMath *node, RiposteMathStyle style);

G_END_DECLS
