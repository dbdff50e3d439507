/* Delimiters, accents and arrows: what grows with what it belongs to. */
#include "math/math-layout-private.h"

#include <string.h>

/* ---- delimiters ---- */

static gboolean
is_stroked (const char *text)
{
  static const char *const shapes[]
    = { "(", ")", "[", "]", "{", "}", "|", "‖", "⌊", "⌋", "⌈", "⌉", "⟨", "⟩", "/", NULL };

  return g_strv_contains (shapes, text);
}

static const char *
get_shape (const char *text)
{
  return g_intern_string (text);
}

double
riposte_math_get_half (const RiposteMathBox *inner, RiposteMathStyle style)
{
  double axis = RIPOSTE_MATH_AXIS * style.size;

  return MAX (inner->ascent - axis, inner->descent + axis) + 0.08 * style.size;
}

RiposteMathBox *
riposte_math_delimiter_box (const char *text, double half, RiposteMathStyle style)
{
  RiposteMathBox *box;

  if (!*text)
    return riposte_math_box_new ();
  if (half < 0.62 * style.size || !is_stroked (text))
    return riposte_math_text_box (text, RIPOSTE_MATH_UPRIGHT, style, 1);
  box = riposte_math_box_new ();
  riposte_math_box_stroke (box, get_shape (text), 0.06 * style.size, -RIPOSTE_MATH_AXIS * style.size - half,
                           MIN (0.55, 0.28 + half / style.size * 0.05) * style.size, 2 * half, style);
  box->width += 0.06 * style.size;
  return box;
}

RiposteMathBox *
riposte_math_fenced (RiposteMathBox *inner, const char *open, const char *close, RiposteMathStyle style)
{
  RiposteMathBox *box = riposte_math_box_new ();
  double half = riposte_math_get_half (inner, style);
  RiposteMathBox *left = riposte_math_delimiter_box (open, half, style);
  RiposteMathBox *right = riposte_math_delimiter_box (close, half, style);

  double gap = half < 0.62 * style.size ? 0 : 0.08 * style.size;

  riposte_math_box_place (box, left, 0, 0);
  riposte_math_box_place (box, inner, box->width + (*open ? gap : 0), 0);
  riposte_math_box_place (box, right, box->width + (*close ? gap : 0), 0);
  return box;
}

/* ---- accents ---- */

/* Over all of what they mark, or under it, or through it. In em: how high they are, and how far away. */
static const struct
{
  const char *text, *shape;
  double height, gap;
} strokes[] = {
  { "line", "line", RIPOSTE_MATH_LINE, 0.08 },
  { "⏞", "⏞", 0.3, 0.08 },
  { "⏟", "⏟", 0.3, 0.08 },
  { "wide ˆ", "wide ˆ", 0.18, 0.06 },
  { "wide ˜", "wide ˜", 0.16, 0.06 },
  { "wide →", "→", 0.3, 0 },
  { "wide ←", "←", 0.3, 0 },
  { "wide ↔", "↔", 0.3, 0 },
};

/* Returns: FALSE where it is none of these */
static gboolean
add_strokes (RiposteMathBox *box, const RiposteMath *node, RiposteMathStyle style)
{
  double width = box->width, ascent = box->ascent, descent = box->descent;

  for (gsize i = 0; i < G_N_ELEMENTS (strokes); i++)
    if (strcmp (strokes[i].text, node->text) == 0)
      {
        double height = MAX (1, strokes[i].height * style.size), gap = strokes[i].gap * style.size;

        riposte_math_box_stroke (box, strokes[i].shape, 0, node->below ? descent + gap : -ascent - gap - height, width,
                                 height, style);
        return TRUE;
      }
  return FALSE;
}

/* Around it or through it. */
static RiposteMathBox *
enclosed (RiposteMathBox *inner, const char *shape, RiposteMathStyle style)
{
  double padding = (strcmp (shape, "box") == 0 ? 0.3 : 0.05) * style.size;
  double width = inner->width + 2 * padding, height = inner->ascent + inner->descent + 2 * padding;
  double top = -inner->ascent - padding;
  RiposteMathBox *box = riposte_math_box_new ();

  riposte_math_box_place (box, inner, padding, 0);
  riposte_math_box_stroke (box, get_shape (shape), 0, top, width, height, style);
  return box;
}

/* The mark's ink ends just above what it marks. */
static void
place_mark (RiposteMathBox *box, RiposteMathBox *mark, double x, RiposteMathStyle style)
{
  const RiposteMathItem *item = &g_array_index (mark->items, RiposteMathItem, 0);
  PangoRectangle ink;
  double bottom, width = mark->width;

  pango_layout_get_extents (item->layout, &ink, NULL);
  bottom = item->y + (double)(ink.y + ink.height) / PANGO_SCALE;
  mark->ascent = MAX (0, -item->y - (double)ink.y / PANGO_SCALE);
  mark->descent = mark->width = 0;
  riposte_math_box_place (box, mark, x - width / 2, -box->ascent - 0.08 * style.size - bottom);
}

RiposteMathBox *
riposte_math_accent_box (const RiposteMath *node, RiposteMathStyle style)
{
  static const char *const around[] = { "box", "cancel", "bcancel", "xcancel", "sout", NULL };
  RiposteMathBox *inner = riposte_math_box_of (node->children->pdata[0], style), *box, *mark;
  double width = inner->width;

  if (g_strv_contains (around, node->text))
    return enclosed (inner, node->text, style);
  box = riposte_math_box_new ();
  riposte_math_box_place (box, inner, 0, 0);
  if (add_strokes (box, node, style))
    return box;
  mark = riposte_math_text_box (node->text, RIPOSTE_MATH_UPRIGHT, style, strcmp (node->text, "→") == 0 ? 0.6 : 0.9);
  place_mark (box, mark, MAX (width, mark->width) / 2 + 0.05 * style.size, style);
  return box;
}

/* ---- arrows ---- */

RiposteMathBox *
riposte_math_arrow_box (const RiposteMath *node, RiposteMathStyle style)
{
  const RiposteMath *below_node = node->children->pdata[0];
  RiposteMathBox *below = below_node ? riposte_math_box_of (below_node, riposte_math_smaller (style)) : NULL;
  RiposteMathBox *above = riposte_math_box_of (node->children->pdata[1], riposte_math_smaller (style)),
                 *box = riposte_math_box_new ();
  double width = MAX (above->width, below ? below->width : 0) + 0.9 * style.size, height = 0.36 * style.size;
  double top = -RIPOSTE_MATH_AXIS * style.size - height / 2, bottom = top + height, gap = 0.04 * style.size;

  riposte_math_box_stroke (box, get_shape (node->text), 0.05 * style.size, top, width, height, style);
  riposte_math_box_place (box, above, 0.05 * style.size + (width - above->width) / 2, top - gap - above->descent);
  if (below)
    riposte_math_box_place (box, below, 0.05 * style.size + (width - below->width) / 2, bottom + gap + below->ascent);
  box->width += 0.05 * style.size;
  return box;
}
