/* Matrices and the like. */
#include "math/math-layout-private.h"

#include <string.h>

/* What is known of one while it is laid out. */
typedef struct
{
  const RiposteMath *node;
  guint n_rows, n_columns;
  RiposteMathBox **cells;              /* by rows; NULL: there is none */
  double *widths, *ascents, *descents; /* of columns, of rows */
  double column_gap, row_gap, height;
  gboolean equations; /* a column's end is the beginning of the next */
} Grid;

static char
get_align (const RiposteMath *node, guint column)
{
  gsize n = strlen (node->aligns);

  if (strcmp (node->aligns, "rl") == 0)
    return column % 2 ? 'l' : 'r';
  return n ? node->aligns[MIN (column, n - 1)] : 'c';
}

static GPtrArray *
get_row (const Grid *grid, guint i)
{
  return ((RiposteMath *)grid->node->children->pdata[i])->children;
}

static void
lay_out_cells (Grid *grid, RiposteMathStyle style)
{
  RiposteMathStyle inner = grid->node->tight ? riposte_math_smaller (style) : style;

  inner.display = grid->node->size == RIPOSTE_MATH_DISPLAY || (grid->equations && style.display);
  for (guint i = 0; i < grid->n_rows; i++)
    {
      GPtrArray *row = get_row (grid, i);

      for (guint j = 0; row && j < row->len; j++)
        {
          RiposteMathBox *cell = riposte_math_box_of (row->pdata[j], inner);

          grid->cells[i * grid->n_columns + j] = cell;
          grid->widths[j] = MAX (grid->widths[j], cell->width);
          grid->ascents[i] = MAX (grid->ascents[i], cell->ascent);
          grid->descents[i] = MAX (grid->descents[i], cell->descent);
        }
      grid->ascents[i] = MAX (grid->ascents[i], 0.6 * inner.size);
      grid->descents[i] = MAX (grid->descents[i], 0.2 * inner.size);
      grid->height += grid->ascents[i] + grid->descents[i] + (i ? grid->row_gap : 0);
    }
}

/* Behind column @j. */
static double
get_gap (const Grid *grid, guint j, RiposteMathStyle style)
{
  if (j + 1 >= grid->n_columns)
    return 0;
  /* between one side of an equation and the other stands its relation */
  return !grid->equations ? grid->column_gap : j % 2 ? style.size : 0.28 * style.size;
}

static double
place_row (Grid *grid, RiposteMathBox *box, guint i, double y, RiposteMathStyle style)
{
  double x = 0;

  for (guint j = 0; j < grid->n_columns; j++)
    {
      RiposteMathBox *cell = grid->cells[i * grid->n_columns + j];
      char align = get_align (grid->node, j);

      if (cell)
        {
          double room = grid->widths[j] - cell->width;

          riposte_math_box_place (box, cell, x + (align == 'l' ? 0 : align == 'r' ? room : room / 2), y);
        }
      x += grid->widths[j] + get_gap (grid, j, style);
    }
  return x;
}

/* Lines that an array has between its columns and rows. */
static void
add_lines (Grid *grid, RiposteMathBox *box, double width, double top, RiposteMathStyle style)
{
  double line = MAX (1, RIPOSTE_MATH_LINE * style.size), x = -grid->column_gap / 2, y = top - grid->row_gap / 2;

  for (guint j = 0; j <= MIN (grid->n_columns, 63); j++)
    {
      if (grid->node->bars >> j & 1)
        riposte_math_box_stroke (box, "line", MAX (0, x), top - grid->row_gap / 2, line, grid->height + grid->row_gap,
                                 style);
      x += j < grid->n_columns ? grid->widths[j] + grid->column_gap : 0;
    }
  for (guint i = 0; i <= MIN (grid->n_rows, 63); i++)
    {
      if (grid->node->rules >> i & 1)
        riposte_math_box_stroke (box, "line", 0, y, width, line, style);
      y += i < grid->n_rows ? grid->ascents[i] + grid->descents[i] + grid->row_gap : 0;
    }
}

RiposteMathBox *
riposte_math_matrix_box (const RiposteMath *node, RiposteMathStyle style)
{
  Grid grid = { .node = node, .n_rows = node->children->len, .equations = strcmp (node->aligns, "rl") == 0 };
  g_autofree double *widths = NULL, *ascents = g_new0 (double, grid.n_rows), *descents = g_new0 (double, grid.n_rows);
  g_autofree RiposteMathBox **cells = NULL;
  RiposteMathBox *box = riposte_math_box_new ();
  double y, width = 0;

  for (guint i = 0; i < grid.n_rows; i++)
    grid.n_columns = MAX (grid.n_columns, get_row (&grid, i) ? get_row (&grid, i)->len : 0);
  grid.column_gap = (grid.equations ? 0 : node->tight ? 0.5 : 0.9) * style.size;
  grid.row_gap = (grid.equations ? 0.55 : node->tight ? 0.1 : 0.35) * style.size;
  grid.widths = widths = g_new0 (double, grid.n_columns + 1);
  grid.ascents = ascents;
  grid.descents = descents;
  grid.cells = cells = g_new0 (RiposteMathBox *, (gsize)grid.n_rows * grid.n_columns + 1);
  lay_out_cells (&grid, style);
  /* the middle stands on the axis */
  y = -grid.height / 2 - RIPOSTE_MATH_AXIS * style.size;
  for (guint i = 0; i < grid.n_rows; i++)
    {
      y += ascents[i];
      width = place_row (&grid, box, i, y, style);
      y += descents[i] + grid.row_gap;
    }
  add_lines (&grid, box, width, -grid.height / 2 - RIPOSTE_MATH_AXIS * style.size, style);
  return riposte_math_fenced (box, node->text, node->close, style);
}
