#include "math/math-layout.h"

#include <string.h>

/* In em. */
#define AXIS 0.25 /* height of a fraction's line above the baseline */
#define LINE 0.045
#define GAP  0.12

typedef struct
{
  PangoContext *context;
  GHashTable *texts; /* (nullable) of PangoLayout */
  double size;       /* pixels of an em */
  gboolean display;  /* there is room: limits stand above and below */
  guint script;      /* 0: full size, 1, 2 */
} Style;

static RiposteMathBox *layout (const RiposteMath *node, Style style);

/* ---- boxes ---- */

static void
item_clear (gpointer data)
{
  g_clear_object (&((RiposteMathItem *)data)->layout);
}

static RiposteMathBox *
box_new (void)
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

/* Takes @child, with its baseline's beginning at (@x, @y) in @box, which grows as far as it reaches. */
static void
place (RiposteMathBox *box, RiposteMathBox *child, double x, double y)
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

static void
stroke (RiposteMathBox *box, const char *shape, double x, double y, double width, double height, Style style)
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
get_layout (const char *text, RiposteMathFont font, Style style, double size)
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

static RiposteMathBox *
text_box (const char *text, RiposteMathFont font, Style style, double scale)
{
  RiposteMathBox *box = box_new ();
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
    box->width = MAX (box->width, (double)(ink.x + ink.width) / PANGO_SCALE);
  g_array_append_val (box->items, item);
  return box;
}

/* A sign in the middle of the axis, larger than the text. */
static RiposteMathBox *
large_box (const char *text, Style style)
{
  RiposteMathBox *box = box_new (), *sign = text_box (text, RIPOSTE_MATH_UPRIGHT, style, style.display ? 1.6 : 1.15);

  place (box, sign, 0, (sign->ascent - sign->descent) / 2 - AXIS * style.size);
  return box;
}

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

/* As high as @inner, around the axis; a character where that is high enough. */
static RiposteMathBox *
delimiter_box (const char *text, const RiposteMathBox *inner, Style style)
{
  double axis = AXIS * style.size;
  double half = MAX (inner->ascent - axis, inner->descent + axis) + 0.08 * style.size;
  RiposteMathBox *box;

  if (!*text)
    return box_new ();
  if (half < 0.62 * style.size || !is_stroked (text))
    return text_box (text, RIPOSTE_MATH_UPRIGHT, style, 1);
  box = box_new ();
  stroke (box, get_shape (text), 0.06 * style.size, -axis - half,
          MIN (0.55, 0.28 + half / style.size * 0.05) * style.size, 2 * half, style);
  box->width += 0.06 * style.size;
  return box;
}

static RiposteMathBox *
fenced (RiposteMathBox *inner, const char *open, const char *close, Style style)
{
  RiposteMathBox *box = box_new ();
  RiposteMathBox *left = delimiter_box (open, inner, style), *right = delimiter_box (close, inner, style);

  place (box, left, 0, 0);
  place (box, inner, box->width, 0);
  place (box, right, box->width, 0);
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
get_space_before (const RiposteMath *row, guint i, Style style)
{
  if (i == 0 || i >= row->children->len)
    return 0;
  return get_space (get_class (row->children, i - 1), get_class (row->children, i), style.script) * style.size / 100;
}

static RiposteMathBox *
row_box (const RiposteMath *row, Style style)
{
  RiposteMathBox *box = box_new ();

  for (guint i = 0; row->children && i < row->children->len; i++)
    place (box, layout (row->children->pdata[i], style), box->width + get_space_before (row, i, style), 0);
  return box;
}

/* ---- constructions ---- */

static Style
smaller (Style style)
{
  style.display = FALSE;
  if (style.script < 2)
    style.size *= style.script ? 0.8 : 0.7;
  style.script++;
  return style;
}

static RiposteMathBox *
fraction_box (const RiposteMath *node, Style style)
{
  Style inner = style.display ? style : smaller (style);
  RiposteMathBox *above, *below, *box = box_new ();
  double line = MAX (1, LINE * style.size), axis = AXIS * style.size, gap = GAP * style.size, width;

  inner.display = FALSE;
  above = layout (node->children->pdata[0], inner);
  below = layout (node->children->pdata[1], inner);
  width = MAX (above->width, below->width) + 0.2 * style.size;
  place (box, above, 0.08 * style.size + (width - above->width) / 2, -axis - line / 2 - gap - above->descent);
  place (box, below, 0.08 * style.size + (width - below->width) / 2, -axis + line / 2 + gap + below->ascent);
  if (node->width)
    stroke (box, "line", 0.08 * style.size, -axis - line / 2, width, line, style);
  box->width = width + 0.16 * style.size;
  return box;
}

static RiposteMathBox *
root_box (const RiposteMath *node, Style style)
{
  RiposteMathBox *inner, *box = box_new ();
  double sign = 0.6 * style.size, gap = GAP * style.size, start = 0, top;
  Style own = style;

  own.display = FALSE;
  inner = layout (node->children->pdata[0], own);
  inner->ascent = MAX (inner->ascent, 0.45 * style.size);
  top = inner->ascent + gap;
  if (node->children->len > 1)
    {
      RiposteMathBox *index = layout (node->children->pdata[1], smaller (smaller (style)));

      start = MAX (0, index->width - 0.3 * sign);
      place (box, index, 0, -0.5 * (top + inner->descent) + inner->descent - 0.1 * style.size);
    }
  stroke (box, "√", start, -top, sign + inner->width + 0.1 * style.size, top + inner->descent + 0.05 * style.size,
          style);
  place (box, inner, start + sign, 0);
  box->width += 0.08 * style.size;
  return box;
}

/* Above and below the middle of the base. */
static RiposteMathBox *
limits_box (RiposteMathBox *base, RiposteMathBox *below, RiposteMathBox *above, Style style)
{
  RiposteMathBox *box = box_new ();
  double width = MAX (base->width, MAX (below ? below->width : 0, above ? above->width : 0)), gap = GAP * style.size;
  double ascent = base->ascent, descent = base->descent;

  place (box, base, (width - base->width) / 2, 0);
  if (above)
    place (box, above, (width - above->width) / 2, -ascent - gap - above->descent);
  if (below)
    place (box, below, (width - below->width) / 2, descent + gap + below->ascent);
  return box;
}

static RiposteMathBox *
scripts_box (const RiposteMath *node, Style style)
{
  const RiposteMath *base_node = node->children->pdata[0];
  RiposteMathBox *base = layout (base_node, style), *box;
  RiposteMathBox *below = node->children->pdata[1] ? layout (node->children->pdata[1], smaller (style)) : NULL;
  RiposteMathBox *above = node->children->pdata[2] ? layout (node->children->pdata[2], smaller (style)) : NULL;
  gboolean stacked = node->class == RIPOSTE_MATH_RELATION || base_node->kind == RIPOSTE_MATH_ACCENT;
  double x, up, down;

  if (node->limits && (style.display || stacked))
    return limits_box (base, below, above, style);
  x = base->width + 0.04 * style.size;
  up = MAX (0.36 * style.size, base->ascent - 0.3 * style.size);
  down = MAX (0.18 * style.size, base->descent + 0.05 * style.size);
  if (below && above) /* not into each other */
    down = MAX (down, below->ascent + above->descent + GAP * style.size - up);
  box = box_new ();
  place (box, base, 0, 0);
  if (above)
    place (box, above, x, -MAX (up, above->descent + 0.3 * style.size));
  if (below) /* under the slant of an integral */
    place (box, below, base_node->large && !node->limits ? x - 0.25 * style.size : x, down);
  box->width += 0.05 * style.size;
  return box;
}

static RiposteMathBox *
accent_box (const RiposteMath *node, Style style)
{
  RiposteMathBox *inner = layout (node->children->pdata[0], style), *box = box_new (), *mark;
  double width = inner->width, ascent = inner->ascent, descent = inner->descent, gap = 0.08 * style.size;

  place (box, inner, 0, 0);
  if (strcmp (node->text, "line") == 0)
    {
      stroke (box, "line", 0, node->below ? descent + gap : -ascent - gap, width, MAX (1, LINE * style.size), style);
      return box;
    }
  if (strcmp (node->text, "⏞") == 0 || strcmp (node->text, "⏟") == 0)
    {
      stroke (box, get_shape (node->text), 0, node->below ? descent + gap : -ascent - gap - 0.3 * style.size, width,
              0.3 * style.size, style);
      return box;
    }
  mark = text_box (node->text, RIPOSTE_MATH_UPRIGHT, style, strcmp (node->text, "→") == 0 ? 0.6 : 0.9);
  /* the mark's ink ends just above what it marks */
  {
    const RiposteMathItem *item = &g_array_index (mark->items, RiposteMathItem, 0);
    PangoRectangle ink;
    double bottom;

    pango_layout_get_extents (item->layout, &ink, NULL);
    bottom = item->y + (double)(ink.y + ink.height) / PANGO_SCALE;
    mark->ascent = MAX (0, -item->y - (double)ink.y / PANGO_SCALE);
    mark->descent = 0;
    place (box, mark, (width - mark->width) / 2 + 0.05 * style.size, -ascent - gap - bottom);
  }
  box->width = MAX (width, box->width);
  return box;
}

/* ---- matrices ---- */

static char
get_align (const RiposteMath *node, guint column)
{
  gsize n = strlen (node->aligns);

  if (strcmp (node->aligns, "rl") == 0)
    return column % 2 ? 'l' : 'r';
  return n ? node->aligns[MIN (column, n - 1)] : 'c';
}

static RiposteMathBox *
matrix_box (const RiposteMath *node, Style style)
{
  guint n_rows = node->children->len, n_columns = 0;
  gboolean equations = strcmp (node->aligns, "rl") == 0;
  double column_gap = (equations ? 0 : 0.9) * style.size, row_gap = (equations ? 0.55 : 0.35) * style.size;
  g_autofree double *widths = NULL, *ascents = g_new0 (double, n_rows), *descents = g_new0 (double, n_rows);
  g_autofree RiposteMathBox **cells = NULL;
  RiposteMathBox *box = box_new ();
  double y = 0, total = 0, shift;
  Style inner = style;

  inner.display = equations && style.display;
  for (guint i = 0; i < n_rows; i++)
    {
      GPtrArray *row = ((RiposteMath *)node->children->pdata[i])->children;
      n_columns = MAX (n_columns, row ? row->len : 0);
    }
  widths = g_new0 (double, n_columns + 1);
  cells = g_new0 (RiposteMathBox *, (gsize)n_rows * n_columns + 1);
  for (guint i = 0; i < n_rows; i++)
    {
      GPtrArray *row = ((RiposteMath *)node->children->pdata[i])->children;

      for (guint j = 0; row && j < row->len; j++)
        {
          RiposteMathBox *cell = layout (row->pdata[j], inner);

          cells[i * n_columns + j] = cell;
          widths[j] = MAX (widths[j], cell->width);
          ascents[i] = MAX (ascents[i], cell->ascent);
          descents[i] = MAX (descents[i], cell->descent);
        }
      ascents[i] = MAX (ascents[i], 0.6 * style.size);
      descents[i] = MAX (descents[i], 0.2 * style.size);
      total += ascents[i] + descents[i] + (i ? row_gap : 0);
    }
  /* the middle stands on the axis */
  shift = -total / 2 - AXIS * style.size;
  for (guint i = 0; i < n_rows; i++)
    {
      double x = 0;

      y += ascents[i];
      for (guint j = 0; j < n_columns; j++)
        {
          RiposteMathBox *cell = cells[i * n_columns + j];
          char align = get_align (node, j);

          if (cell)
            {
              double room = widths[j] - cell->width;
              /* between a column of equations and the next side of it stands its relation */
              place (box, cell, x + (align == 'l' ? 0 : align == 'r' ? room : room / 2), shift + y);
            }
          x += widths[j] + (equations && j % 2 ? style.size : equations ? 0.28 * style.size : column_gap);
        }
      y += descents[i] + row_gap;
    }
  return fenced (box, node->text, node->close, style);
}

static RiposteMathBox *
layout (const RiposteMath *node, Style style)
{
  RiposteMathBox *box;

  switch (node->kind)
    {
    case RIPOSTE_MATH_SYMBOL:
      return node->large ? large_box (node->text, style) : text_box (node->text, node->font, style, 1);
    case RIPOSTE_MATH_TEXT:
      return text_box (node->text, node->font, style, 1);
    case RIPOSTE_MATH_SPACE:
      box = box_new ();
      box->width = node->width * style.size / 100;
      return box;
    case RIPOSTE_MATH_FRACTION:
      return fraction_box (node, style);
    case RIPOSTE_MATH_ROOT:
      return root_box (node, style);
    case RIPOSTE_MATH_SCRIPTS:
      return scripts_box (node, style);
    case RIPOSTE_MATH_ACCENT:
      return accent_box (node, style);
    case RIPOSTE_MATH_FENCE:
      return fenced (layout (node->children->pdata[0], style), node->text, node->close, style);
    case RIPOSTE_MATH_MATRIX:
      return matrix_box (node, style);
    case RIPOSTE_MATH_ROW:
    default:
      return row_box (node, style);
    }
}

RiposteMathBox *
riposte_math_layout (const RiposteMath *math, PangoContext *context, GHashTable *texts, double size, gboolean display)
{
  return layout (math, (Style){ context, texts, size, display, 0 });
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
  Style style = { context, texts, size, display, 0 };
  RiposteMathBox *piece = layout (math, style);

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

      if (!piece)
        {
          piece = box_new ();
          piece->start = pieces->len ? child->start : 0;
        }
      place (piece, layout (child, style), piece->width, 0);
      piece->width += get_space_before (math, i + 1, style);
      if (riposte_math_can_break (math, i) || i + 1 == math->children->len)
        g_ptr_array_add (pieces, g_steal_pointer (&piece));
    }
  return pieces;
}
