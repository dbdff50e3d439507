/* Matrices, cases, equations below each other: rows of cells. */
#include "math/math-parse-private.h"

#include <string.h>

static const struct
{
  const char *name, *open, *close;
  const char *aligns; /* the last goes for all further columns; "rl" is repeated */
  gboolean tight, argument, display;
} environments[] = {
  { "matrix", "", "", "c" },
  { "pmatrix", "(", ")", "c" },
  { "bmatrix", "[", "]", "c" },
  { "Bmatrix", "{", "}", "c" },
  { "vmatrix", "|", "|", "c" },
  { "Vmatrix", "‖", "‖", "c" },
  { "smallmatrix", "", "", "c", .tight = TRUE },
  { "cases", "{", "", "l" },
  { "dcases", "{", "", "l", .display = TRUE },
  { "rcases", "", "}", "l" },
  { "drcases", "", "}", "l", .display = TRUE },
  { "aligned", "", "", "rl" },
  { "align", "", "", "rl" },
  { "alignat", "", "", "rl", .argument = TRUE },
  { "alignedat", "", "", "rl", .argument = TRUE },
  { "flalign", "", "", "rl" },
  { "split", "", "", "rl" },
  { "eqnarray", "", "", "rcl" },
  { "gathered", "", "", "c", .display = TRUE },
  { "gather", "", "", "c", .display = TRUE },
  { "multline", "", "", "c", .display = TRUE },
  { "equation", "", "", "rl" },
  { "displaymath", "", "", "rl" },
  { "math", "", "", "c" },
  { "array", "", "", "c", .argument = TRUE },
  { "subarray", "", "", "c", .tight = TRUE, .argument = TRUE },
};

/* More is no formula, but an attack on who lays it out. */
#define MAX_ROWS    256
#define MAX_COLUMNS 64

static const char *const rules[] = { "\\hline", "\\toprule", "\\midrule", "\\bottomrule", NULL };

static gboolean
take_rules (RiposteMathParser *parser)
{
  gboolean any = FALSE;

  for (guint i = 0; rules[i];)
    if (riposte_math_take (parser, rules[i]))
      {
        any = TRUE;
        i = 0;
      }
    else
      i++;
  return any;
}

static gboolean
is_empty_row (const RiposteMath *row)
{
  const RiposteMath *cell = row->children && row->children->len == 1 ? row->children->pdata[0] : NULL;

  return !row->children || (cell && !cell->children);
}

/* "[2ex]" behind a row's end is how far away the next is; "[x]" of a cell is not. */
static void
skip_row_gap (RiposteMathParser *parser)
{
  const char *before = parser->at;
  g_autofree char *gap = *parser->at == '[' ? riposte_math_take_option (parser) : NULL;

  if (gap && !(g_ascii_isdigit (*gap) || strchr ("-.", *gap)))
    parser->at = before;
}

/* Fills @matrix up to one of @ends, which is left. Returns: nothing is wrong with it */
static gboolean
parse_rows (RiposteMathParser *parser, RiposteMath *matrix, const char *const *ends)
{
  RiposteMath *row = riposte_math_node_new (RIPOSTE_MATH_ROW, NULL);

  riposte_math_add (matrix, row);
  for (;;)
    {
      RiposteMath *cell;

      if (!row->children && take_rules (parser) && matrix->children->len <= 64)
        matrix->rules |= G_GUINT64_CONSTANT (1) << (matrix->children->len - 1);
      cell = riposte_math_parse_row (parser, ends);
      if (!cell)
        return FALSE;
      riposte_math_add (row, cell);
      if (row->children->len > MAX_COLUMNS || matrix->children->len > MAX_ROWS)
        return FALSE;
      if (riposte_math_take (parser, "&"))
        continue;
      if (!riposte_math_take (parser, "\\\\") && !riposte_math_take (parser, "\\cr"))
        break;
      if (*parser->at == '*')
        parser->at++;
      skip_row_gap (parser);
      riposte_math_add (matrix, row = riposte_math_node_new (RIPOSTE_MATH_ROW, NULL));
    }
  if (matrix->children->len > 1 && is_empty_row (row))
    g_ptr_array_set_size (matrix->children, (int)matrix->children->len - 1);
  return TRUE;
}

/* "c|rl" of an array. */
static void
set_columns (RiposteMath *matrix, const char *columns)
{
  GString *aligns = g_string_new (NULL);

  for (const char *p = columns; *p; p++)
    if (strchr ("lcr", *p))
      g_string_append_c (aligns, *p);
    else if (*p == '|' && aligns->len < 64)
      matrix->bars |= G_GUINT64_CONSTANT (1) << aligns->len;
  if (!aligns->len)
    g_string_append_c (aligns, 'c');
  g_free (matrix->aligns);
  matrix->aligns = g_string_free (aligns, FALSE);
}

/* G_N_ELEMENTS (environments): there is none. */
static gsize
find_environment (const char *name)
{
  gsize length = strlen (name), k = 0;

  if (length && name[length - 1] == '*') /* without numbers, which nothing has here */
    length--;
  while (k < G_N_ELEMENTS (environments)
         && (strlen (environments[k].name) != length || strncmp (environments[k].name, name, length) != 0))
    k++;
  return k;
}

gboolean
riposte_math_is_environment (const char *name)
{
  return find_environment (name) < G_N_ELEMENTS (environments);
}

RiposteMath *
riposte_math_parse_environment (RiposteMathParser *parser)
{
  static const char *const ends[] = { "&", "\\\\", "\\cr", "\\end", NULL };
  g_autofree char *name = riposte_math_take_verbatim (parser), *end = NULL, *columns = NULL, *option = NULL;
  gsize k = name ? find_environment (name) : G_N_ELEMENTS (environments);
  RiposteMath *matrix;

  if (k == G_N_ELEMENTS (environments))
    return NULL;
  option = riposte_math_take_option (parser);
  if (environments[k].argument && !(columns = riposte_math_take_verbatim (parser)))
    return NULL;
  matrix = riposte_math_node_new (RIPOSTE_MATH_MATRIX, environments[k].open);
  matrix->close = g_strdup (environments[k].close);
  matrix->aligns = g_strdup (environments[k].aligns);
  matrix->tight = environments[k].tight;
  matrix->size = environments[k].display ? RIPOSTE_MATH_DISPLAY : RIPOSTE_MATH_AS_IS;
  if (columns && strcmp (environments[k].aligns, "rl") != 0)
    set_columns (matrix, columns);
  if (parse_rows (parser, matrix, ends) && riposte_math_take (parser, "\\end")
      && (end = riposte_math_take_verbatim (parser)) && strcmp (end, name) == 0)
    return matrix;
  riposte_math_free (matrix);
  return NULL;
}

RiposteMath *
riposte_math_parse_lines (RiposteMathParser *parser, const char *end, const char *aligns)
{
  const char *const ends[] = { "&", "\\\\", "\\cr", end, NULL };
  RiposteMath *matrix = riposte_math_node_new (RIPOSTE_MATH_MATRIX, "");

  matrix->close = g_strdup ("");
  matrix->aligns = g_strdup (aligns);
  matrix->tight = end != NULL;
  if (parse_rows (parser, matrix, ends) && (!end || riposte_math_take (parser, end)))
    return matrix;
  riposte_math_free (matrix);
  return NULL;
}
