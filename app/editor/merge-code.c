#include "merge-code.h"

#include <string.h>

/* Larger tables than this are not made: a file of 20,000 lines against 1,000 of code. */
#define MAX_CELLS (20 * 1000 * 1000)
#define CONTEXT   3

/* What a line in common is worth, and a line of the text that goes costs. A brace or an empty line says little of where
 * code belongs, and 16 lines that would go for one more in common are too many. */
#define WORTH_LINE   16
#define WORTH_BRACE  1
#define COST_REMOVED 1

typedef struct
{
  const char *start;
  gsize length, indent;
} Line;

typedef enum
{
  OP_KEEP,
  OP_REMOVE,
  OP_ADD,
} Op;

typedef struct
{
  Op op;
  guint line; /* of the text, or of the code where it is added */
} Step;

static GArray *
split (const char *text)
{
  GArray *lines = g_array_new (FALSE, FALSE, sizeof (Line));

  while (*text)
    {
      gsize length = strcspn (text, "\n");
      Line line = { text, length, strspn (text, " \t") };

      while (line.length > line.indent && g_ascii_isspace (text[line.length - 1]))
        line.length--;
      line.indent = MIN (line.indent, line.length);
      g_array_append_val (lines, line);
      text += length + (text[length] == '\n');
    }
  return lines;
}

#define LINE(lines, i) (&g_array_index (lines, Line, i))

static gboolean
is_same (const Line *a, const Line *b)
{
  gsize n = a->length - a->indent;

  return n == b->length - b->indent && memcmp (a->start + a->indent, b->start + b->indent, n) == 0;
}

static int
get_worth (const Line *line)
{
  guint n = 0;

  for (gsize i = line->indent; i < line->length; i++)
    n += g_ascii_isalnum (line->start[i]) || (guchar)line->start[i] >= 0x80;
  return n >= 3 ? WORTH_LINE : WORTH_BRACE;
}

/* ---- alignment: all of the code with some stretch of the text ---- */

typedef struct
{
  GArray *text, *code; /* of Line */
  guint8 *ops;         /* [text + 1][code + 1]: how the best alignment that ends there does */
  guint end;           /* line of the text that the best of all ends before */
} Table;

/* Row by row of the text. Adding a line costs nothing: all of the code has to go somewhere. */
static gboolean
fill (Table *table)
{
  guint n = table->text->len, m = table->code->len;
  g_autofree int *above = g_new0 (int, m + 1), *row = g_new0 (int, m + 1);
  int best = 0;

  memset (table->ops, OP_ADD, m + 1);
  for (guint i = 1; i <= n; i++)
    {
      guint8 *ops = table->ops + (gsize)i * (m + 1);

      row[0] = 0;
      ops[0] = OP_ADD; /* the end of the way back */
      for (guint j = 1; j <= m; j++)
        {
          const Line *line = LINE (table->code, j - 1);

          row[j] = row[j - 1];
          ops[j] = OP_ADD;
          if (above[j] - COST_REMOVED > row[j])
            {
              row[j] = above[j] - COST_REMOVED;
              ops[j] = OP_REMOVE;
            }
          if (is_same (LINE (table->text, i - 1), line) && above[j - 1] + get_worth (line) >= row[j])
            {
              row[j] = above[j - 1] + get_worth (line);
              ops[j] = OP_KEEP;
            }
        }
      if (row[m] > best)
        {
          best = row[m];
          table->end = i;
        }
      memcpy (above, row, (m + 1) * sizeof *row);
    }
  return best >= WORTH_LINE - COST_REMOVED;
}

/* The way back from the end, and then forwards. */
static GArray *
trace (const Table *table)
{
  GArray *steps = g_array_new (FALSE, FALSE, sizeof (Step));
  guint i = table->end, j = table->code->len;

  while (j > 0)
    {
      Op op = table->ops[(gsize)i * (table->code->len + 1) + j];
      Step step = { op, op == OP_ADD ? j - 1 : i - 1 };

      g_array_append_val (steps, step);
      i -= op != OP_ADD;
      j -= op != OP_REMOVE;
    }
  for (guint k = 0; k < steps->len / 2; k++)
    {
      Step *a = &g_array_index (steps, Step, k), *b = &g_array_index (steps, Step, steps->len - 1 - k), swap = *a;

      *a = *b;
      *b = swap;
    }
  return steps;
}

static GArray *
align (GArray *text, GArray *code)
{
  gsize n_cells = ((gsize)text->len + 1) * (code->len + 1);
  Table table = { text, code, NULL, 0 };
  GArray *steps = NULL;

  if (n_cells > MAX_CELLS)
    return NULL;
  table.ops = g_malloc (n_cells);
  if (fill (&table) || text->len == 0)
    steps = trace (&table);
  g_free (table.ops);
  return steps;
}

/* ---- its ends: lines that changed have nothing in common that would say which they replace ---- */

/* Most of the longer one is what both begin and end with. */
static gboolean
is_similar (const Line *a, const Line *b)
{
  const char *x = a->start + a->indent, *y = b->start + b->indent;
  gsize n = a->length - a->indent, m = b->length - b->indent, shorter = MIN (n, m), head = 0, tail = 0;

  while (head < shorter && x[head] == y[head])
    head++;
  while (tail < shorter - head && x[n - 1 - tail] == y[m - 1 - tail])
    tail++;
  return (head + tail) * 10 >= MAX (n, m) * 6 && head + tail > 2;
}

/* Above the first line in common: as many as are similar, one by one. */
static void
extend_upwards (GArray *steps, GArray *text, GArray *code)
{
  guint n_added = 0, line;

  while (n_added < steps->len && g_array_index (steps, Step, n_added).op == OP_ADD)
    n_added++;
  if (n_added == steps->len)
    return;
  line = g_array_index (steps, Step, n_added).line;
  for (guint k = n_added; k-- > 0 && line > 0 && is_similar (LINE (text, line - 1), LINE (code, k)); line--)
    {
      Step step = { OP_REMOVE, line - 1 };
      g_array_insert_val (steps, 0, step);
    }
}

/* Below the last: those that are similar; and if code follows that is further in, all that was further in there. */
static void
extend_downwards (GArray *steps, GArray *text, GArray *code)
{
  guint last = steps->len, line, j;
  gboolean body;

  while (last > 0 && g_array_index (steps, Step, last - 1).op == OP_ADD)
    last--;
  if (last == 0 || last == steps->len)
    return;
  line = g_array_index (steps, Step, last - 1).line;
  j = g_array_index (steps, Step, last).line;
  /* the line of the code that is in common with that */
  body
    = j > 0 && LINE (code, j)->indent > LINE (code, j - 1)->indent && LINE (code, j)->length > LINE (code, j)->indent;
  for (guint i = line + 1, k = j; i < text->len; i++, k++)
    {
      Step step = { OP_REMOVE, i };
      gboolean inside = body && LINE (text, i)->indent > LINE (text, line)->indent;

      if (!inside && (k >= code->len || !is_similar (LINE (text, i), LINE (code, k))))
        break;
      g_array_insert_val (steps, last, step);
      last++;
    }
}

/* ---- what comes of it ---- */

/* What the code's lines lack of the indentation that they have in the text; "" where it is nothing that can be added. */
static char *
find_indent (GArray *steps, GArray *text, GArray *code)
{
  guint j = 0;

  for (guint k = 0; k < steps->len; k++)
    {
      const Step *step = &g_array_index (steps, Step, k);

      if (step->op == OP_KEEP && get_worth (LINE (text, step->line)) == WORTH_LINE)
        {
          const Line *there = LINE (text, step->line), *here = LINE (code, j);

          if (there->indent < here->indent
              || memcmp (there->start + there->indent - here->indent, here->start, here->indent) != 0)
            return g_strdup ("");
          return g_strndup (there->start, there->indent - here->indent);
        }
      j += step->op != OP_REMOVE;
    }
  return g_strdup ("");
}

static void
append_code (GString *out, const Line *line, const char *indent)
{
  if (line->length > line->indent)
    g_string_append (out, indent);
  g_string_append_len (out, line->start, (gssize)line->length);
  g_string_append_c (out, '\n');
}

static void
edit_clear (gpointer data)
{
  g_free (((RiposteEdit *)data)->text);
}

/* Steps to edits: a run of lines that go and come is one. */
static void
collect_edits (RiposteMerge *merge, GArray *steps, GArray *code, const char *indent)
{
  guint line = steps->len ? g_array_index (steps, Step, 0).line : 0;

  for (guint k = 0; k < steps->len; k++) /* where the stretch begins */
    if (g_array_index (steps, Step, k).op != OP_ADD)
      {
        line = g_array_index (steps, Step, k).line;
        break;
      }
  for (guint k = 0; k < steps->len;)
    {
      g_autoptr (GString) added = g_string_new (NULL);
      RiposteEdit edit = { line, 0, NULL };
      const Step *step = &g_array_index (steps, Step, k);

      if (step->op == OP_KEEP)
        {
          line = step->line + 1;
          k++;
          continue;
        }
      for (; k < steps->len && (step = &g_array_index (steps, Step, k))->op != OP_KEEP; k++)
        if (step->op == OP_REMOVE)
          edit.n_removed++;
        else
          append_code (added, LINE (code, step->line), indent);
      line += edit.n_removed;
      edit.text = g_string_free (g_steal_pointer (&added), FALSE);
      g_array_append_val (merge->edits, edit);
    }
}

static void
append_lines (GString *out, char sign, GArray *text, guint from, guint to)
{
  for (guint i = from; i < to; i++)
    {
      const Line *line = LINE (text, i);
      gsize length = strcspn (line->start, "\n");

      g_string_append_c (out, sign);
      g_string_append_len (out, line->start, (gssize)length);
      g_string_append_c (out, '\n');
    }
}

static guint
count_lines (const char *text)
{
  guint n = 0;

  for (; *text; text++)
    n += *text == '\n';
  return n;
}

static char *
make_diff (const RiposteMerge *merge, GArray *text)
{
  GString *out = g_string_new (NULL);
  int shift = 0;

  for (guint k = 0; k < merge->edits->len;)
    {
      const RiposteEdit *edit = &g_array_index (merge->edits, RiposteEdit, k);
      guint start = edit->line > CONTEXT ? edit->line - CONTEXT : 0, at = start;
      g_autoptr (GString) body = g_string_new (NULL);
      int added = 0, removed = 0;

      /* edits whose surroundings touch are one hunk */
      for (; k < merge->edits->len; k++)
        {
          edit = &g_array_index (merge->edits, RiposteEdit, k);
          if (at > start && edit->line > at + 2 * CONTEXT)
            break;
          append_lines (body, ' ', text, at, edit->line);
          append_lines (body, '-', text, edit->line, edit->line + edit->n_removed);
          for (const char *p = edit->text; *p; p = strchr (p, '\n') + 1)
            g_string_append_printf (body, "+%.*s\n", (int)strcspn (p, "\n"), p);
          at = edit->line + edit->n_removed;
          added += (int)count_lines (edit->text);
          removed += (int)edit->n_removed;
          if (at == start) /* an addition at the very beginning */
            start = at;
        }
      append_lines (body, ' ', text, at, MIN (at + CONTEXT, text->len));
      at = MIN (at + CONTEXT, text->len);
      g_string_append_printf (out, "@@ -%u,%u +%d,%d @@\n%s", start + 1, at - start, (int)start + 1 + shift,
                              (int)(at - start) + added - removed, body->str);
      shift += added - removed;
    }
  return g_string_free (out, FALSE);
}

RiposteMerge *
riposte_merge_new (void)
{
  RiposteMerge *merge = g_new0 (RiposteMerge, 1);

  merge->edits = g_array_new (FALSE, FALSE, sizeof (RiposteEdit));
  g_array_set_clear_func (merge->edits, edit_clear);
  return merge;
}

void
riposte_merge_finish (RiposteMerge *merge, const char *text)
{
  g_autoptr (GArray) lines = split (text);

  for (guint i = 0; i < merge->edits->len; i++)
    {
      merge->n_added += count_lines (g_array_index (merge->edits, RiposteEdit, i).text);
      merge->n_removed += g_array_index (merge->edits, RiposteEdit, i).n_removed;
    }
  merge->diff = make_diff (merge, lines);
}

RiposteMerge *
riposte_merge_code (const char *text, const char *code)
{
  g_autoptr (GArray) text_lines = split (text), code_lines = split (code);
  g_autoptr (GArray) steps = align (text_lines, code_lines);
  g_autofree char *indent = NULL;
  RiposteMerge *merge;

  if (!steps)
    return NULL;
  merge = riposte_merge_new ();
  extend_upwards (steps, text_lines, code_lines);
  extend_downwards (steps, text_lines, code_lines);
  indent = find_indent (steps, text_lines, code_lines);
  collect_edits (merge, steps, code_lines, indent);
  riposte_merge_finish (merge, text);
  return merge;
}

void
riposte_merge_free (RiposteMerge *merge)
{
  g_array_unref (merge->edits);
  g_free (merge->diff);
  g_free (merge);
}
