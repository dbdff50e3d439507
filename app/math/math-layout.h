/* A formula laid out: pieces of text, lines and strokes, each at its place. After The TeXbook, appendix G, with fewer
 * parameters. */
#pragma once

#include "math/math-parse.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

typedef struct
{
  PangoLayout *layout;  /* NULL: strokes */
  double x, y;          /* of the layout's top left corner, or the first point; y grows downwards from the baseline */
  double width, height; /* of strokes: what they fill */
  double em;            /* of strokes: the font's size */
  const char *shape;    /* "line", or a delimiter that has grown: "(", "{", "√", … */
} RiposteMathItem;

typedef struct
{
  double width, ascent, descent;
  guint start;   /* of a piece: where in the TeX it begins */
  GArray *items; /* of RiposteMathItem */
} RiposteMathBox;

/* Texts that were laid out before, which formulas of one context share. */
GHashTable *riposte_math_texts_new (void);

/* @texts: (nullable): for @context
 * @size: of the font, in pixels
 * @display: with room above and below */
RiposteMathBox *
riposte_math_layout (const RiposteMath *math, PangoContext *context, GHashTable *texts, double size, gboolean display);
/* In pieces no wider than @max_width, as far as it can be divided, for lines to be broken between.
 * Returns: (element-type RiposteMathBox) */
GPtrArray *riposte_math_layout_pieces (const RiposteMath *math,
                                       PangoContext *context,
                                       GHashTable *texts,
                                       double size,
                                       gboolean display,
                                       double max_width);
void riposte_math_box_free (RiposteMathBox *box);
/* @x, @y: where the baseline begins. */
void
riposte_math_box_snapshot (const RiposteMathBox *box, GtkSnapshot *snapshot, double x, double y, const GdkRGBA *color);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RiposteMathBox, riposte_math_box_free)

G_END_DECLS
