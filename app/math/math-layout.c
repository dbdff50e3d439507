#include "math/math-layout-private.h"

#include <string.h>

/* ---- boxes ---- */

static void
item_clear (gpointer data)
{
  g_clear_object (&((RiposteMathItem *)data)->layout);
}

RiposteMathBox *
riposte_math_box_new (void)
{
  RiposteMathBox *box = g_new0 (RiposteMathBox, 1);

  box->items = g_array_new (FALSE, FALSE, sizeof (RiposteMathItem));
  g_array_set_clear_func (box->items, item_clear);
  return box;
}

void
riposte_math_box_free (RiposteMathBox *box)
{
  g_array_unref (box->items);
  g_free (box);
}

void
riposte_math_box_place (RiposteMathBox *box, RiposteMathBox *child, double x, double y)
{
  for (guint i = 0; i < child->items->len; i++)
    {
      RiposteMathItem item = g_array_index (child->items, RiposteMathItem, i);

      if (item.layout)
        g_object_ref (item.layout);
      item.x += x;
      item.y += y;
      g_array_append_val (box->items, item);
    }
  box->width = MAX (box->width, x + child->width);
  box->ascent = MAX (box->ascent, child->ascent - y);
  box->descent = MAX (box->descent, child->descent + y);
  riposte_math_box_free (child);
}

void
riposte_math_box_stroke (RiposteMathBox *box,
                         const char *shape,
                         double x,
                         double y,
                         double width,
                         double height,
                         RiposteMathStyle style)
{
  RiposteMathItem item = { NULL, x, y, width, height, style.size, shape };

  g_array_append_val (box->items, item);
  box->width = MAX (box->width, x + width);
  box->ascent = MAX (box->ascent, -y);
  box->descent = MAX (box->descent, y + height);
}

/* ---- text ---- */

GHashTable *
riposte_math_texts_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
}

static PangoLayout *
create_layout (const char *text, RiposteMathFont font, PangoContext *context, double size)
{
  PangoLayout *layout = pango_layout_new (context);
  PangoFontDescription *description = pango_font_description_new ();

  pango_font_description_set_family_static (description, font == RIPOSTE_MATH_MONOSPACE ? "monospace" : "serif");
  pango_font_description_set_absolute_size (description, size * PANGO_SCALE);
  pango_font_description_set_style (description, font == RIPOSTE_MATH_ITALIC ? PANGO_STYLE_ITALIC : PANGO_STYLE_NORMAL);
  pango_font_description_set_weight (description, font == RIPOSTE_MATH_BOLD ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
  pango_layout_set_font_description (layout, description);
  pango_layout_set_text (layout, text, -1);
  pango_font_description_free (description);
  return layout;
}

/* Most letters come many times. */
static PangoLayout *
get_layout (const char *text, RiposteMathFont font, RiposteMathStyle style, double size)
{
  g_autofree char *key = g_strdup_printf ("%d %d %s", font, (int)(size * 16), text);
  PangoLayout *layout = style.texts ? g_hash_table_lookup (style.texts, key) : NULL;

  if (layout)
    return g_object_ref (layout);
  layout = create_layout (text, font, style.context, size);
  if (style.texts)
    g_hash_table_insert (style.texts, g_steal_pointer (&key), g_object_ref (layout));
  return layout;
}

RiposteMathBox *
riposte_math_text_box (const char *text, RiposteMathFont font, RiposteMathStyle style, double scale)
{
  RiposteMathBox *box = riposte_math_box_new ();
  RiposteMathItem item = { get_layout (text, font, style, style.size * scale), 0, 0, 0, 0, 0, NULL };
  PangoRectangle ink, logical;
  double baseline;

  pango_layout_get_extents (item.layout, &ink, &logical);
  baseline = (double)pango_layout_get_baseline (item.layout) / PANGO_SCALE;
  item.y = -baseline;
  /* the ink says how high it is: a line has room for accents that are not there */
  box->ascent = MAX (0, baseline - (double)ink.y / PANGO_SCALE);
  box->descent = MAX (0, (double)(ink.y + ink.height) / PANGO_SCALE - baseline);
  box->width = (double)logical.width / PANGO_SCALE;
  if (font == RIPOSTE_MATH_ITALIC) /* what leans out of its width */
    {
      item.x = MAX (0, (double)-ink.x / PANGO_SCALE);
      box->width = item.x + MAX (box->width, (double)(ink.x + ink.width) / PANGO_SCALE);
    }
  g_array_append_val (box->items, item);
  return box;
}

/* A sign in the middle of the axis, larger than the text. */
static RiposteMathBox *
large_box (const char *text, RiposteMathStyle style)
{
  RiposteMathBox *box = riposte_math_box_new (),
                 *sign = riposte_math_text_box (text, RIPOSTE_MATH_UPRIGHT, style, style.display ? 1.6 : 1.15);

  riposte_math_box_place (box, sign, 0, (sign->ascent - sign->descent) / 2 - RIPOSTE_MATH_AXIS * style.size);
  return box;
}

/* ---- rows ---- */

/* Thin, medium and thick space in hundredths of an em; none in scripts but the thin one beside operators. */
static int
get_space (RiposteMathClass a, RiposteMathClass b, guint script)
{
  if (a == RIPOSTE_MATH_OPERATOR || b == RIPOSTE_MATH_OPERATOR)
    {
      if (a == RIPOSTE_MATH_OPENING || b == RIPOSTE_MATH_CLOSING || b == RIPOSTE_MATH_OPENING
          || b == RIPOSTE_MATH_PUNCTUATION)
        return 0;
      if (a != RIPOSTE_MATH_RELATION && b != RIPOSTE_MATH_RELATION && a != RIPOSTE_MATH_BINARY
          && b != RIPOSTE_MATH_BINARY)
        return 17;
    }
  if (script)
    return 0;
  if (a == RIPOSTE_MATH_RELATION || b == RIPOSTE_MATH_RELATION)
    return a == b || a == RIPOSTE_MATH_OPENING || b == RIPOSTE_MATH_CLOSING || b == RIPOSTE_MATH_PUNCTUATION ? 0 : 28;
  if (a == RIPOSTE_MATH_BINARY || b == RIPOSTE_MATH_BINARY)
    return 22;
  return a == RIPOSTE_MATH_PUNCTUATION ? 17 : 0;
}

/* A binary sign with nothing to bind is an ordinary one (The TeXbook, appendix G, rules 5 and 6). */
static RiposteMathClass
get_class (GPtrArray *nodes, guint i)
{
  const RiposteMath *node = nodes->pdata[i], *before = i ? nodes->pdata[i - 1] : NULL;

  if (node->class != RIPOSTE_MATH_BINARY)
    return node->class;
  if (!before || i + 1 == nodes->len || before->class == RIPOSTE_MATH_BINARY || before->class == RIPOSTE_MATH_OPERATOR
      || before->class == RIPOSTE_MATH_RELATION || before->class == RIPOSTE_MATH_OPENING
      || before->class == RIPOSTE_MATH_PUNCTUATION)
    return RIPOSTE_MATH_ORDINARY;
  return RIPOSTE_MATH_BINARY;
}

static double
get_space_before (const RiposteMath *row, guint i, RiposteMathStyle style)
{
  if (i == 0 || i >= row->children->len)
    return 0;
  return get_space (get_class (row->children, i - 1), get_class (row->children, i), style.script) * style.size / 100;
}

/* What @node says of the style of those behind it in its row. */
static void
follow_style (const RiposteMath *node, RiposteMathStyle *style)
{
  if (node->kind == RIPOSTE_MATH_STYLE && node->size != RIPOSTE_MATH_AS_IS)
    style->display = node->size == RIPOSTE_MATH_DISPLAY;
}

/* As high as what stands around it. */
static gboolean
is_middle (const RiposteMath *node)
{
  return node->kind == RIPOSTE_MATH_DELIMITER && node->width == 0;
}

static RiposteMathBox *
row_box (const RiposteMath *row, RiposteMathStyle style)
{
  RiposteMathBox *box = riposte_math_box_new ();
  guint n = row->children ? row->children->len : 0;
  g_autofree RiposteMathBox **parts = g_new0 (RiposteMathBox *, n + 1);
  RiposteMathBox around = { 0 };
  RiposteMathStyle own = style;

  for (guint i = 0; i < n; i++)
    {
      if (is_middle (row->children->pdata[i]))
        continue;
      follow_style (row->children->pdata[i], &own);
      parts[i] = riposte_math_box_of (row->children->pdata[i], own);
      around.ascent = MAX (around.ascent, parts[i]->ascent);
      around.descent = MAX (around.descent, parts[i]->descent);
    }
  for (guint i = 0; i < n; i++)
    {
      const RiposteMath *node = row->children->pdata[i];

      if (!parts[i])
        parts[i] = riposte_math_delimiter_box (node->text, riposte_math_get_half (&around, style), style);
      riposte_math_box_place (box, parts[i], box->width + get_space_before (row, i, style), 0);
    }
  return box;
}

/* ---- constructions ---- */

RiposteMathStyle
riposte_math_smaller (RiposteMathStyle style)
{
  style.display = FALSE;
  if (style.script < 2)
    style.size *= style.script ? 0.82 : 0.74;
  style.script++;
  return style;
}

static RiposteMathBox *
fraction_box (const RiposteMath *node, RiposteMathStyle style)
{
  RiposteMathStyle inner;
  RiposteMathBox *above, *below, *box = riposte_math_box_new ();
  double line = MAX (1, RIPOSTE_MATH_LINE * style.size), axis = RIPOSTE_MATH_AXIS * style.size,
         gap = RIPOSTE_MATH_GAP * style.size, width;

  if (node->size != RIPOSTE_MATH_AS_IS)
    style.display = node->size == RIPOSTE_MATH_DISPLAY;
  inner = style.display ? style : riposte_math_smaller (style);
  inner.display = FALSE;
  above = riposte_math_box_of (node->children->pdata[0], inner);
  below = riposte_math_box_of (node->children->pdata[1], inner);
  width = MAX (above->width, below->width) + 0.2 * style.size;
  riposte_math_box_place (box, above, 0.08 * style.size + (width - above->width) / 2,
                          -axis - line / 2 - gap - above->descent);
  riposte_math_box_place (box, below, 0.08 * style.size + (width - below->width) / 2,
                          -axis + line / 2 + gap + below->ascent);
  if (node->width)
    riposte_math_box_stroke (box, "line", 0.08 * style.size, -axis - line / 2, width, line, style);
  box->width = width + 0.16 * style.size;
  return box;
}

static RiposteMathBox *
root_box (const RiposteMath *node, RiposteMathStyle style)
{
  RiposteMathBox *inner, *box = riposte_math_box_new ();
  double sign = 0.6 * style.size, gap = 1.3 * RIPOSTE_MATH_GAP * style.size, start = 0, top;
  RiposteMathStyle own = style;

  own.display = FALSE;
  inner = riposte_math_box_of (node->children->pdata[0], own);
  inner->ascent = MAX (inner->ascent, 0.45 * style.size);
  top = inner->ascent + gap;
  if (node->children->len > 1)
    {
      RiposteMathBox *index
        = riposte_math_box_of (node->children->pdata[1], riposte_math_smaller (riposte_math_smaller (style)));

      start = MAX (0, index->width - 0.3 * sign);
      riposte_math_box_place (box, index, 0, -0.5 * (top + inner->descent) + inner->descent - 0.1 * style.size);
    }
  riposte_math_box_stroke (box, "√", start, -top, sign + inner->width + 0.1 * style.size,
                           top + inner->descent + 0.05 * style.size, style);
  riposte_math_box_place (box, inner, start + sign, 0);
  box->width += 0.08 * style.size;
  return box;
}

/* Above and below the middle of the base. */
static RiposteMathBox *
limits_box (RiposteMathBox *base, RiposteMathBox *below, RiposteMathBox *above, RiposteMathStyle style)
{
  RiposteMathBox *box = riposte_math_box_new ();
  double width = MAX (base->width, MAX (below ? below->width : 0, above ? above->width : 0)),
         gap = RIPOSTE_MATH_GAP * style.size;
  double ascent = base->ascent, descent = base->descent;

  riposte_math_box_place (box, base, (width - base->width) / 2, 0);
  if (above)
    riposte_math_box_place (box, above, (width - above->width) / 2, -ascent - gap - above->descent);
  if (below)
    riposte_math_box_place (box, below, (width - below->width) / 2, descent + gap + below->ascent);
  return box;
}

/* Its character stands high up as it is. */
static gboolean
is_prime (const RiposteMath *node)
{
  return node && node->kind == RIPOSTE_MATH_SYMBOL && g_str_has_prefix (node->text, "′");
}

static RiposteMathBox *
script_box (const RiposteMath *node, RiposteMathStyle style)
{
  if (!node)
    return NULL;
  return riposte_math_box_of (node, is_prime (node) ? style : riposte_math_smaller (style));
}

static RiposteMathBox *
scripts_box (const RiposteMath *node, RiposteMathStyle style)
{
  const RiposteMath *base_node = node->children->pdata[0];
  RiposteMathBox *base = riposte_math_box_of (base_node, style), *box;
  RiposteMathBox *below = script_box (node->children->pdata[1], style);
  RiposteMathBox *above = script_box (node->children->pdata[2], style);
  gboolean prime = is_prime (node->children->pdata[2]);
  double x, up, down;

  if (node->limits == RIPOSTE_MATH_ALWAYS_LIMITS || (node->limits && style.display))
    return limits_box (base, below, above, style);
  x = base->width + 0.04 * style.size;
  up = MAX (0.36 * style.size, base->ascent - 0.3 * style.size);
  down = MAX (0.18 * style.size, base->descent + 0.05 * style.size);
  if (below && above && !prime) /* not into each other */
    down = MAX (down, below->ascent + above->descent + RIPOSTE_MATH_GAP * style.size - up);
  box = riposte_math_box_new ();
  riposte_math_box_place (box, base, 0, 0);
  if (above)
    riposte_math_box_place (box, above, x, prime ? 0 : -MAX (up, above->descent + 0.3 * style.size));
  if (below) /* under the slant of an integral */
    riposte_math_box_place (box, below, base_node->large && !node->limits ? x - 0.25 * style.size : x, down);
  box->width += 0.05 * style.size;
  return box;
}

RiposteMathBox *
riposte_math_box_of (const RiposteMath *node, RiposteMathStyle style)
{
  RiposteMathBox *box;

  switch (node->kind)
    {
    case RIPOSTE_MATH_SYMBOL:
      return node->large ? large_box (node->text, style) : riposte_math_text_box (node->text, node->font, style, 1);
    case RIPOSTE_MATH_TEXT:
      return riposte_math_text_box (node->text, node->font, style, 1);
    case RIPOSTE_MATH_SPACE:
      box = riposte_math_box_new ();
      box->width = node->width * style.size / 100;
      return box;
    case RIPOSTE_MATH_FRACTION:
      return fraction_box (node, style);
    case RIPOSTE_MATH_ROOT:
      return root_box (node, style);
    case RIPOSTE_MATH_SCRIPTS:
      return scripts_box (node, style);
    case RIPOSTE_MATH_ACCENT:
      return riposte_math_accent_box (node, style);
    case RIPOSTE_MATH_FENCE:
      return riposte_math_fenced (riposte_math_box_of (node->children->pdata[0], style), node->text, node->close,
                                  style);
    case RIPOSTE_MATH_DELIMITER:
      return riposte_math_delimiter_box (node->text, node->width * style.size / 200, style);
    case RIPOSTE_MATH_ARROW:
      return riposte_math_arrow_box (node, style);
    case RIPOSTE_MATH_PHANTOM:
      box = riposte_math_box_of (node->children->pdata[0], style);
      g_array_set_size (box->items, 0);
      return box;
    case RIPOSTE_MATH_STYLE:
      return riposte_math_box_new ();
    case RIPOSTE_MATH_MATRIX:
      return riposte_math_matrix_box (node, style);
    case RIPOSTE_MATH_ROW:
    default:
      return row_box (node, style);
    }
}

RiposteMathBox *
riposte_math_layout (const RiposteMath *math, PangoContext *context, GHashTable *texts, double size, gboolean display)
{
  return riposte_math_box_of (math, (RiposteMathStyle){ context, texts, size, display, 0 });
}

GPtrArray *
riposte_math_layout_pieces (const RiposteMath *math,
                            PangoContext *context,
                            GHashTable *texts,
                            double size,
                            gboolean display,
                            double max_width)
{
  GPtrArray *pieces = g_ptr_array_new_with_free_func ((GDestroyNotify)riposte_math_box_free);
  RiposteMathStyle style = { context, texts, size, display, 0 };
  RiposteMathBox *piece = riposte_math_box_of (math, style);

  if (piece->width <= max_width || math->kind != RIPOSTE_MATH_ROW)
    {
      g_ptr_array_add (pieces, piece);
      return pieces;
    }
  riposte_math_box_free (piece);
  piece = NULL;
  for (guint i = 0; i < math->children->len; i++)
    {
      const RiposteMath *child = math->children->pdata[i];

      follow_style (child, &style);
      if (!piece)
        {
          piece = riposte_math_box_new ();
          piece->start = pieces->len ? child->start : 0;
        }
      riposte_math_box_place (piece, riposte_math_box_of (child, style), piece->width, 0);
      piece->width += get_space_before (math, i + 1, style);
      if (riposte_math_can_break (math, i) || i + 1 == math->children->len)
        g_ptr_array_add (pieces, g_steal_pointer (&piece));
    }
  return pieces;
}
