#include "patch.h"

#include <glib/gi18n.h>
#include <string.h>

#define MAX_FUZZ 2

typedef struct
{
  const char *start;
  gsize length; /* without blanks at the end */
} Line;

typedef struct
{
  char sign; /* ' ', '+' or '-' */
  Line line;
} HunkLine;

typedef struct
{
  guint line;    /* from 0, where the file is said to have it; G_MAXUINT where it is not said */
  GArray *lines; /* of HunkLine */
} Hunk;

typedef struct
{
  char *old_path, *new_path; /* nullable */
  GPtrArray *hunks;
} Part; /* of one file */

/* ---- lines ---- */

static Line
line_at (const char *start)
{
  Line line = { start, strcspn (start, "\n") };

  while (line.length && g_ascii_isspace (start[line.length - 1]))
    line.length--;
  return line;
}

static const char *
next_line (const char *at)
{
  at += strcspn (at, "\n");
  return *at ? at + 1 : at;
}

static GArray *
split (const char *text)
{
  GArray *lines = g_array_new (FALSE, FALSE, sizeof (Line));

  for (; *text; text = next_line (text))
    {
      Line line = line_at (text);
      g_array_append_val (lines, line);
    }
  return lines;
}

static gboolean
is_same (const Line *a, const Line *b)
{
  return a->length == b->length && memcmp (a->start, b->start, a->length) == 0;
}

/* ---- reading ---- */

static void
hunk_free (gpointer data)
{
  g_array_unref (((Hunk *)data)->lines);
  g_free (data);
}

static void
part_free (gpointer data)
{
  Part *part = data;

  g_free (part->old_path);
  g_free (part->new_path);
  g_ptr_array_unref (part->hunks);
  g_free (part);
}

/* "--- a/NAME<tab>date"; a removed line "-- x" looks alike, but has no "+++" behind it. */
static gboolean
is_header (const char *at)
{
  return g_str_has_prefix (at, "--- ") && g_str_has_prefix (next_line (at), "+++ ");
}

static gboolean
is_preamble (const char *at)
{
  static const char *const begins[] = { "diff ",     "index ",      "new file mode ", "deleted file mode ", "old mode ",
                                        "new mode ", "similarity ", "rename from ",   "rename to " };

  for (gsize i = 0; i < G_N_ELEMENTS (begins); i++)
    if (g_str_has_prefix (at, begins[i]))
      return TRUE;
  return FALSE;
}

static char *
dup_header_path (const char *at)
{
  char *path = g_strndup (at + 4, strcspn (at + 4, "\t\n"));

  g_strstrip (path);
  if (g_str_has_prefix (path, "a/") || g_str_has_prefix (path, "b/"))
    memmove (path, path + 2, strlen (path + 2) + 1);
  return path;
}

static Hunk *
read_hunk (const char **at)
{
  Hunk *hunk = g_new0 (Hunk, 1);
  const char *number = *at + strcspn (*at, "-\n");

  hunk->lines = g_array_new (FALSE, FALSE, sizeof (HunkLine));
  hunk->line = *number == '-' && g_ascii_isdigit (number[1])
                 ? (guint)CLAMP (g_ascii_strtoull (number + 1, NULL, 10), 1, G_MAXINT) - 1
                 : G_MAXUINT;
  for (*at = next_line (*at); **at; *at = next_line (*at))
    {
      HunkLine line = { **at, line_at (**at && **at != '\n' ? *at + 1 : *at) };

      if (g_str_has_prefix (*at, "@@") || is_header (*at) || is_preamble (*at))
        break;
      if (line.sign == '\\') /* no newline at the end of the file */
        continue;
      if (line.sign == '\n')
        line.sign = ' '; /* an empty line of context, whose blank got lost */
      if (!strchr (" +-", line.sign))
        break;
      g_array_append_val (hunk->lines, line);
    }
  return hunk;
}

static Part *
part_new (GPtrArray *parts)
{
  Part *part = g_new0 (Part, 1);

  part->hunks = g_ptr_array_new_with_free_func (hunk_free);
  g_ptr_array_add (parts, part);
  return part;
}

/* NULL where there is something in it that is no diff. */
static GPtrArray *
read_patch (const char *code)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func (part_free);
  Part *part = NULL;

  for (const char *at = code; *at;)
    {
      if (g_str_has_prefix (at, "@@"))
        {
          part = part ? part : part_new (parts);
          g_ptr_array_add (part->hunks, read_hunk (&at));
          continue;
        }
      if (is_header (at))
        {
          part = part_new (parts);
          part->old_path = dup_header_path (at);
          at = next_line (at);
          part->new_path = dup_header_path (at);
        }
      else if (!is_preamble (at) && line_at (at).length)
        return NULL;
      at = next_line (at);
    }
  return parts->len ? g_steal_pointer (&parts) : NULL;
}

static gboolean
has_hunks (GPtrArray *parts)
{
  for (guint i = 0; i < parts->len; i++)
    if (((Part *)parts->pdata[i])->hunks->len)
      return TRUE;
  return FALSE;
}

gboolean
riposte_patch_is (const char *code)
{
  g_autoptr (GPtrArray) parts = read_patch (code);

  return parts && has_hunks (parts);
}

gboolean
riposte_patch_is_change (const char *code)
{
  g_autofree char *new_file = riposte_patch_dup_new_file (code);

  return !new_file && riposte_patch_is (code);
}

char *
riposte_patch_dup_path (const char *code)
{
  g_autoptr (GPtrArray) parts = read_patch (code);
  const Part *part = parts ? parts->pdata[0] : NULL;
  const char *path = part ? part->new_path : NULL;

  if (path && strcmp (path, "/dev/null") == 0)
    path = part->old_path;
  return g_strdup (path);
}

char *
riposte_patch_dup_new_file (const char *code)
{
  g_autoptr (GPtrArray) parts = read_patch (code);
  const Part *part = parts && parts->len == 1 ? parts->pdata[0] : NULL;
  GString *out;

  if (!part || g_strcmp0 (part->old_path, "/dev/null") != 0)
    return NULL;
  out = g_string_new (NULL);
  for (guint i = 0; i < part->hunks->len; i++)
    {
      GArray *lines = ((Hunk *)part->hunks->pdata[i])->lines;

      for (guint k = 0; k < lines->len; k++)
        if (g_array_index (lines, HunkLine, k).sign == '+')
          g_string_append_printf (out, "%.*s\n", (int)strcspn (g_array_index (lines, HunkLine, k).line.start, "\n"),
                                  g_array_index (lines, HunkLine, k).line.start);
    }
  return g_string_free (out, FALSE);
}

/* ---- where a hunk belongs ---- */

/* How it reads before (@skip '+') or after (@skip '-'), without lines of context at its ends. */
static GArray *
read_side (const Hunk *hunk, char skip, guint n_head, guint n_tail)
{
  GArray *side = g_array_new (FALSE, FALSE, sizeof (Line));

  for (guint i = n_head; i + n_tail < hunk->lines->len; i++)
    if (g_array_index (hunk->lines, HunkLine, i).sign != skip)
      g_array_append_val (side, g_array_index (hunk->lines, HunkLine, i).line);
  return side;
}

static gboolean
is_at (GArray *text, GArray *side, guint at)
{
  for (guint i = 0; i < side->len; i++)
    if (!is_same (&g_array_index (text, Line, at + i), &g_array_index (side, Line, i)))
      return FALSE;
  return TRUE;
}

/* The place of @side nearest to @expected, not before @from. */
static gboolean
find_side (GArray *text, GArray *side, guint from, guint expected, guint *at)
{
  gboolean found = FALSE;

  for (guint i = from; side->len && i + side->len <= text->len; i++)
    if (is_at (text, side, i) && (!found || ABS ((gint64)i - expected) < ABS ((gint64)*at - expected)))
      {
        found = TRUE;
        *at = i;
      }
  return found;
}

static guint
count_context (const Hunk *hunk, gboolean tail)
{
  guint n = 0;

  while (n < hunk->lines->len && g_array_index (hunk->lines, HunkLine, tail ? hunk->lines->len - 1 - n : n).sign == ' ')
    n++;
  return n;
}

/* Empty lines between two hunks belong to neither. */
static void
trim (Hunk *hunk)
{
  while (hunk->lines->len)
    {
      const HunkLine *last = &g_array_index (hunk->lines, HunkLine, hunk->lines->len - 1);

      if (last->sign != ' ' || last->line.length)
        return;
      g_array_set_size (hunk->lines, hunk->lines->len - 1);
    }
}

typedef struct
{
  guint at, n_head, n_tail; /* a line of the text; lines of context that were left out */
  gboolean done;            /* the text has it already */
  Line indent;              /* what the hunk's lines lack in front; empty where they lack nothing */
} Place;

/* A brace or an empty line is at too many places. */
static gboolean
says_something (GArray *side)
{
  for (guint i = 0; i < side->len; i++)
    {
      const Line *line = &g_array_index (side, Line, i);
      guint n = 0;

      for (gsize k = 0; k < line->length; k++)
        n += g_ascii_isalnum (line->start[k]) || (guchar)line->start[k] >= 0x80;
      if (n >= 3)
        return TRUE;
    }
  return FALSE;
}

/* As it was, or as it will be. */
static gboolean
find_either (GArray *text, const Hunk *hunk, guint from, guint expected, Place *place)
{
  g_autoptr (GArray) old = read_side (hunk, '+', place->n_head, place->n_tail);
  g_autoptr (GArray) new = read_side (hunk, '-', place->n_head, place->n_tail);
  gboolean only_adds = old->len < new->len &&count_context (hunk, FALSE) + count_context (hunk, TRUE) >= old->len;

  if ((place->n_head || place->n_tail) && !says_something (old))
    return FALSE;
  if (find_side (text, old, from, expected, &place->at))
    {
      place->done = only_adds && place->at + new->len <= text->len &&is_at (text, new, place->at);
      return TRUE;
    }
  place->done = find_side (text, new, from, expected, &place->at);
  return place->done;
}

/* What all lines of the text from @at on have in front of those of @side, if that is the same white space. */
static gboolean
find_indent (GArray *text, GArray *side, guint at, Line *indent)
{
  *indent = (Line){ 0 };
  for (guint i = 0; i < side->len; i++)
    {
      const Line *there = &g_array_index (text, Line, at + i), *here = &g_array_index (side, Line, i);
      Line front = { there->start, there->length - here->length };

      if (!there->length && !here->length)
        continue;
      if (!here->length || there->length <= here->length
          || memcmp (there->start + front.length, here->start, here->length) != 0)
        return FALSE;
      if (indent->start && !is_same (indent, &front))
        return FALSE;
      *indent = front;
    }
  return indent->start && strspn (indent->start, " \t") >= indent->length;
}

/* Models take the indentation away that all lines of a hunk have. Only one place may be meant by it. */
static gboolean
find_indented (GArray *text, const Hunk *hunk, guint from, Place *place)
{
  const char skips[] = { '+', '-' };

  for (gsize k = 0; k < G_N_ELEMENTS (skips); k++)
    {
      g_autoptr (GArray) side = read_side (hunk, skips[k], 0, 0);
      guint n = 0;
      Line indent;

      for (guint i = from; says_something (side) && i + side->len <= text->len; i++)
        if (find_indent (text, side, i, &indent) && n++ == 0)
          *place = (Place){ i, 0, 0, skips[k] == '-', indent };
      if (n)
        return n == 1;
    }
  return FALSE;
}

static gboolean
find_place (GArray *text, const Hunk *hunk, guint from, int shift, Place *place)
{
  guint head = count_context (hunk, FALSE), tail = count_context (hunk, TRUE);
  gint64 expected = hunk->line == G_MAXUINT ? from : MAX (0, (gint64)hunk->line + shift);
  g_autoptr (GArray) old = read_side (hunk, '+', 0, 0);

  if (!old->len) /* the number is all there is */
    {
      *place = (Place){ (guint)CLAMP (expected, from, text->len), 0, 0, FALSE, { 0 } };
      return hunk->line != G_MAXUINT || !text->len;
    }
  for (guint fuzz = 0; fuzz <= MAX_FUZZ; fuzz++)
    {
      *place = (Place){ 0, MIN (fuzz, head), head == hunk->lines->len ? 0 : MIN (fuzz, tail), FALSE, { 0 } };
      if (find_either (text, hunk, from, (guint)expected + place->n_head, place))
        return TRUE;
    }
  return find_indented (text, hunk, from, place);
}

/* ---- what it changes ---- */

/* Returns: the line of the text behind the hunk */
static guint
add_edits (RiposteMerge *merge, const Hunk *hunk, const Place *place)
{
  guint at = place->at, end = hunk->lines->len - place->n_tail;

  for (guint i = place->n_head; i < end;)
    {
      g_autoptr (GString) added = g_string_new (NULL);
      RiposteEdit edit = { at, 0, NULL };

      for (; i < end && g_array_index (hunk->lines, HunkLine, i).sign != ' '; i++)
        {
          const HunkLine *line = &g_array_index (hunk->lines, HunkLine, i);

          if (line->sign == '-')
            edit.n_removed++;
          else
            g_string_append_printf (added, "%.*s%.*s\n", line->line.length ? (int)place->indent.length : 0,
                                    place->indent.start ? place->indent.start : "",
                                    (int)strcspn (line->line.start, "\n"), line->line.start);
        }
      if (edit.n_removed || added->len)
        {
          edit.text = g_string_free (g_steal_pointer (&added), FALSE);
          g_array_append_val (merge->edits, edit);
          at += edit.n_removed;
        }
      else
        {
          i++;
          at++;
        }
    }
  return at;
}

static guint
count_side (const Hunk *hunk, char skip)
{
  g_autoptr (GArray) side = read_side (hunk, skip, 0, 0);

  return side->len;
}

static char *
describe_misfit (const Hunk *hunk, guint number)
{
  for (guint i = 0; i < hunk->lines->len; i++)
    {
      const HunkLine *line = &g_array_index (hunk->lines, HunkLine, i);
      g_autofree char *text = NULL;

      if (line->sign == '+' || !line->line.length)
        continue;
      text = g_utf8_make_valid (line->line.start, (gssize)line->line.length);
      g_strstrip (text);
      if (g_utf8_strlen (text, -1) > 60)
        *g_utf8_offset_to_pointer (text, 60) = '\0';
      /* Translators: %u is the number of a part of a patch, %s the first line of that part */
      return g_strdup_printf (_ ("Part %u of this patch, from “%s” on, fits nowhere in the file. Nothing was changed."),
                              number, text);
    }
  /* Translators: %u is the number of a part of a patch */
  return g_strdup_printf (_ ("Part %u of this patch does not say where it belongs. Nothing was changed."), number);
}

/* The part for the file that is named; the only one will do whatever its name. */
static const Part *
find_part (GPtrArray *parts, const char *path)
{
  g_autofree char *name = path ? g_path_get_basename (path) : NULL;

  for (guint i = 0; name && i < parts->len; i++)
    {
      const Part *part = parts->pdata[i];
      g_autofree char *other = part->new_path ? g_path_get_basename (part->new_path) : NULL;

      if (g_strcmp0 (name, other) == 0)
        return part;
    }
  return parts->len == 1 ? parts->pdata[0] : NULL;
}

RiposteMerge *
riposte_patch_apply (const char *text, const char *path, const char *code, char **problem)
{
  g_autoptr (GPtrArray) parts = read_patch (code);
  g_autoptr (GArray) lines = split (text);
  g_autoptr (RiposteMerge) merge = riposte_merge_new ();
  const Part *part = parts ? find_part (parts, path) : NULL;
  guint from = 0;
  int shift = 0;

  *problem = NULL;
  if (!part || !part->hunks->len)
    {
      *problem = g_strdup (_ ("Nothing in this patch is for the file."));
      return NULL;
    }
  if (g_strcmp0 (part->old_path, "/dev/null") == 0 && lines->len)
    {
      *problem = g_strdup (_ ("This patch makes a new file, but there is something in this one."));
      return NULL;
    }
  for (guint i = 0; i < part->hunks->len; i++)
    {
      Hunk *hunk = part->hunks->pdata[i];
      Place place;

      trim (hunk);
      if (!find_place (lines, hunk, from, shift, &place))
        {
          *problem = describe_misfit (hunk, i + 1);
          return NULL;
        }
      if (hunk->line != G_MAXUINT)
        shift = (int)((gint64)place.at - place.n_head - hunk->line);
      from = place.done ? place.at + count_side (hunk, '-') - place.n_head - place.n_tail
                        : add_edits (merge, hunk, &place);
    }
  riposte_merge_finish (merge, text);
  return g_steal_pointer (&merge);
}
