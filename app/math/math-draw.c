/* A formula's strokes: fraction lines, roots and delimiters as high as what they hold. */
#include "math/math-layout.h"

#include <string.h>

/* Each within the unit square, drawn with a line of constant width: M, L and C as in SVG. */
static const struct
{
  const char *shape, *path;
} paths[] = {
  { "(", "M 1 0 C 0.1 0.25 0.1 0.75 1 1" },
  { ")", "M 0 0 C 0.9 0.25 0.9 0.75 0 1" },
  { "[", "M 1 0 L 0.2 0 L 0.2 1 L 1 1" },
  { "]", "M 0 0 L 0.8 0 L 0.8 1 L 0 1" },
  { "⌊", "M 0.2 0 L 0.2 1 L 1 1" },
  { "⌋", "M 0.8 0 L 0.8 1 L 0 1" },
  { "⌈", "M 1 0 L 0.2 0 L 0.2 1" },
  { "⌉", "M 0 0 L 0.8 0 L 0.8 1" },
  { "{", "M 1 0 C 0.2 0.01 0.6 0.2 0.55 0.36 C 0.52 0.46 0.35 0.5 0.05 0.5 C 0.35 0.5 0.52 0.54 0.55 0.64 "
         "C 0.6 0.8 0.2 0.99 1 1" },
  { "}", "M 0 0 C 0.8 0.01 0.4 0.2 0.45 0.36 C 0.48 0.46 0.65 0.5 0.95 0.5 C 0.65 0.5 0.48 0.54 0.45 0.64 "
         "C 0.4 0.8 0.8 0.99 0 1" },
  { "|", "M 0.5 0 L 0.5 1" },
  { "‖", "M 0.25 0 L 0.25 1 M 0.75 0 L 0.75 1" },
  { "⟨", "M 1 0 L 0.15 0.5 L 1 1" },
  { "⟩", "M 0 0 L 0.85 0.5 L 0 1" },
  { "/", "M 1 0 L 0 1" },
  { "\\", "M 0 0 L 1 1" },
  { "⟦", "M 1 0 L 0.1 0 L 0.1 1 L 1 1 M 0.5 0 L 0.5 1" },
  { "⟧", "M 0 0 L 0.9 0 L 0.9 1 L 0 1 M 0.5 0 L 0.5 1" },
  { "↑", "M 0.5 1 L 0.5 0 M 0 0.15 L 0.5 0 L 1 0.15" },
  { "↓", "M 0.5 0 L 0.5 1 M 0 0.85 L 0.5 1 L 1 0.85" },
  { "box", "M 0 0 L 1 0 L 1 1 L 0 1 L 0 0" },
  { "cancel", "M 0 1 L 1 0" },
  { "bcancel", "M 0 0 L 1 1" },
  { "xcancel", "M 0 1 L 1 0 M 0 0 L 1 1" },
  { "sout", "M 0 0.6 L 1 0.6" },
  { "wide ˆ", "M 0.04 1 L 0.5 0 L 0.96 1" },
  { "wide ˜", "M 0.04 0.9 C 0.3 -0.9 0.7 1.9 0.96 0.1" },
  { "⏞", "M 0 1 C 0.01 0.2 0.2 0.6 0.36 0.55 C 0.46 0.52 0.5 0.35 0.5 0.05 C 0.5 0.35 0.54 0.52 0.64 0.55 "
         "C 0.8 0.6 0.99 0.2 1 1" },
  { "⏟", "M 0 0 C 0.01 0.8 0.2 0.4 0.36 0.45 C 0.46 0.48 0.5 0.65 0.5 0.95 C 0.5 0.65 0.54 0.48 0.64 0.45 "
         "C 0.8 0.4 0.99 0.8 1 0" },
};

static void
trace_path (cairo_t *cr, const char *path, const RiposteMathItem *item)
{
  double p[6];
  g_auto (GStrv) words = g_strsplit (path, " ", -1);

  for (char **word = words; *word;)
    {
      char command = **word++;
      guint n = command == 'C' ? 6 : 2;

      for (guint i = 0; i < n; i++)
        p[i] = g_ascii_strtod (*word++, NULL) * (i % 2 ? item->height : item->width);
      if (command == 'M')
        cairo_move_to (cr, p[0], p[1]);
      else if (command == 'L')
        cairo_line_to (cr, p[0], p[1]);
      else
        cairo_curve_to (cr, p[0], p[1], p[2], p[3], p[4], p[5]);
    }
}

/* The hook is as wide as it was laid out, whatever the height. */
static void
trace_root (cairo_t *cr, const RiposteMathItem *item)
{
  double em = item->em, w = 0.55 * em, h = item->height;

  cairo_move_to (cr, 0.02 * em, h - 0.42 * MIN (h, em));
  cairo_line_to (cr, 0.16 * em, h - 0.5 * MIN (h, em));
  cairo_line_to (cr, 0.32 * em, h - 0.03 * em);
  cairo_line_to (cr, w, 0.02 * em);
  cairo_line_to (cr, item->width, 0.02 * em);
}

/* Heads are as long as they are high, however long the line is. */
static void
trace_arrow (cairo_t *cr, const RiposteMathItem *item)
{
  static const struct
  {
    const char *shape;
    gboolean left, right, twice, foot;
  } arrows[] = { { "→", .right = TRUE },
                 { "←", .left = TRUE },
                 { "↔", .left = TRUE, .right = TRUE },
                 { "⇒", .right = TRUE, .twice = TRUE },
                 { "⇐", .left = TRUE, .twice = TRUE },
                 { "⇔", .left = TRUE, .right = TRUE, .twice = TRUE },
                 { "↦", .right = TRUE, .foot = TRUE },
                 { "=", .twice = TRUE } };
  double w = item->width, h = item->height, head = MIN (h * 0.7, w / 2);
  gsize k = 0;

  while (k < G_N_ELEMENTS (arrows) && strcmp (arrows[k].shape, item->shape) != 0)
    k++;
  if (k == G_N_ELEMENTS (arrows))
    return;
  for (int i = 0; i < (arrows[k].twice ? 2 : 1); i++)
    {
      double y = arrows[k].twice ? h * (0.35 + 0.3 * i) : h / 2, inset = arrows[k].twice ? head * 0.4 : 0;

      cairo_move_to (cr, arrows[k].left ? inset : 0, y);
      cairo_line_to (cr, w - (arrows[k].right ? inset : 0), y);
    }
  for (int side = 0; side < 2; side++)
    if (side ? arrows[k].right : arrows[k].left)
      {
        cairo_move_to (cr, side ? w - head : head, 0);
        cairo_line_to (cr, side ? w : 0, h / 2);
        cairo_line_to (cr, side ? w - head : head, h);
      }
  if (arrows[k].foot)
    {
      cairo_move_to (cr, 0, 0);
      cairo_line_to (cr, 0, h);
    }
}

static void
draw_strokes (const RiposteMathItem *item, GtkSnapshot *snapshot, const GdkRGBA *color)
{
  graphene_rect_t bounds
    = GRAPHENE_RECT_INIT ((float)item->x - 2, (float)item->y - 2, (float)item->width + 4, (float)item->height + 4);
  cairo_t *cr;

  if (strcmp (item->shape, "line") == 0)
    {
      bounds = GRAPHENE_RECT_INIT ((float)item->x, (float)item->y, (float)item->width, (float)item->height);
      gtk_snapshot_append_color (snapshot, color, &bounds);
      return;
    }
  cr = gtk_snapshot_append_cairo (snapshot, &bounds);
  gdk_cairo_set_source_rgba (cr, color);
  cairo_translate (cr, item->x, item->y);
  cairo_set_line_width (cr, CLAMP (MIN (item->height, 4 * item->em) * 0.022, 0.06 * item->em, 2.2));
  cairo_set_line_join (cr, CAIRO_LINE_JOIN_ROUND);
  cairo_set_line_cap (cr, CAIRO_LINE_CAP_ROUND);
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    if (strcmp (paths[i].shape, item->shape) == 0)
      trace_path (cr, paths[i].path, item);
  if (strcmp (item->shape, "√") == 0)
    trace_root (cr, item);
  trace_arrow (cr, item);
  cairo_stroke (cr);
  cairo_destroy (cr);
}

void
riposte_math_box_snapshot (const RiposteMathBox *box, GtkSnapshot *snapshot, double x, double y, const GdkRGBA *color)
{
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT ((float)x, (float)y));
  for (guint i = 0; i < box->items->len; i++)
    {
      const RiposteMathItem *item = &g_array_index (box->items, RiposteMathItem, i);

      if (item->layout)
        {
          gtk_snapshot_save (snapshot);
          gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT ((float)item->x, (float)item->y));
          gtk_snapshot_append_layout (snapshot, item->layout, color);
          gtk_snapshot_restore (snapshot);
        }
      else
        draw_strokes (item, snapshot, color);
    }
  gtk_snapshot_restore (snapshot);
}
