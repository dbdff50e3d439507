/* How wide a formula is, without a font to measure it in. */
#include "math/math-parse.h"

#include <math.h>

#define SCRIPT 0.7

gboolean
riposte_math_can_break (const RiposteMath *row, guint i)
{
  const RiposteMath *node = row->children->pdata[i], *before = i ? row->children->pdata[i - 1] : NULL;

  if (!before || i + 1 == row->children->len)
    return FALSE;
  if (node->class == RIPOSTE_MATH_BINARY) /* and no number's sign */
    return before->class == RIPOSTE_MATH_ORDINARY || before->class == RIPOSTE_MATH_CLOSING;
  return node->class == RIPOSTE_MATH_RELATION || node->class == RIPOSTE_MATH_PUNCTUATION;
}

static double get_width (const RiposteMath *node);

static double
get_child_width (const RiposteMath *node, guint i)
{
  const RiposteMath *child = node->children && i < node->children->len ? node->children->pdata[i] : NULL;

  return child ? get_width (child) : 0;
}

static double
sum_children (const RiposteMath *node)
{
  double width = 0;

  for (guint i = 0; node->children && i < node->children->len; i++)
    width += get_child_width (node, i);
  return width;
}

static double
get_matrix_width (const RiposteMath *matrix)
{
  double widest = 0;

  for (guint i = 0; i < matrix->children->len; i++)
    {
      const RiposteMath *row = matrix->children->pdata[i];

      widest = MAX (widest, sum_children (row) + (row->children ? row->children->len : 0) * 1.5);
    }
  return widest + 2;
}

static double
get_width (const RiposteMath *node)
{
  switch (node->kind)
    {
    case RIPOSTE_MATH_SYMBOL:
    case RIPOSTE_MATH_TEXT:
      return (double)g_utf8_strlen (node->text, -1);
    case RIPOSTE_MATH_SPACE:
      return node->width / 50.0;
    case RIPOSTE_MATH_FRACTION:
      return SCRIPT * MAX (get_child_width (node, 0), get_child_width (node, 1)) + 1;
    case RIPOSTE_MATH_SCRIPTS:
      return get_child_width (node, 0) + SCRIPT * MAX (get_child_width (node, 1), get_child_width (node, 2));
    case RIPOSTE_MATH_FENCE:
      return sum_children (node) + 2;
    case RIPOSTE_MATH_MATRIX:
      return get_matrix_width (node);
    case RIPOSTE_MATH_ROOT:
      return sum_children (node) + 1;
    case RIPOSTE_MATH_ARROW:
      return SCRIPT * MAX (get_child_width (node, 0), get_child_width (node, 1)) + 2;
    case RIPOSTE_MATH_DELIMITER:
      return 1;
    default:
      return sum_children (node);
    }
}

double
riposte_math_guess_width (const RiposteMath *math)
{
  double widest = 0, width = 0;

  if (math->kind != RIPOSTE_MATH_ROW)
    return get_width (math);
  for (guint i = 0; math->children && i < math->children->len; i++)
    {
      width += get_child_width (math, i);
      widest = MAX (widest, width);
      if (riposte_math_can_break (math, i))
        width = 0;
    }
  return widest;
}
