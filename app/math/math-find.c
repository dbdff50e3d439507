#include "math/math-find.h"

#include "math/math-parse.h"

#include <string.h>

static void
formula_clear (gpointer data)
{
  RiposteFormula *formula = data;

  g_free (formula->source);
  g_free (formula->tex);
}

/* ---- where code is ---- */

/* @line begins with at least three of one of ` and ~, after at most three blanks: their number, and which. */
static gsize
fence_at (const char *line, char *sign)
{
  gsize indent = strspn (line, " "), n = 0;

  /* in a list or quote a fence may stand further in */
  line += indent + strspn (line + indent, "> ");
  *sign = *line;
  if (*line != '`' && *line != '~')
    return 0;
  while (line[n] == *sign)
    n++;
  return n >= 3 ? n : 0;
}

/* Behind the fenced block that begins at @line; @line where there is none. */
static const char *
skip_fence (const char *line)
{
  char sign, other;
  gsize n = fence_at (line, &sign);

  if (!n)
    return line;
  for (;;)
    {
      gsize closing;

      line = strchr (line, '\n');
      if (!line)
        return NULL;
      line++;
      closing = fence_at (line, &other);
      if (closing >= n && other == sign)
        {
          line += strcspn (line, "\n");
          return line;
        }
    }
}

/* Behind the code between backticks that begins at @at; else behind these backticks. */
static const char *
skip_code (const char *at)
{
  gsize n = strspn (at, "`");
  const char *p = at + n;

  while (*p && !(p[0] == '\n' && p[1] == '\n'))
    {
      gsize run = strspn (p, "`");

      if (run == n)
        return p + run;
      p += run ? run : 1;
    }
  return at + n;
}

/* ---- where formulas are ---- */

static const struct
{
  const char *begin, *end;
  gboolean display;
} delimiters[] = { { "$$", "$$", TRUE }, { "\\[", "\\]", TRUE }, { "\\(", "\\)", FALSE }, { "$", "$", FALSE } };

static const char *
find_end (const char *start, const char *end)
{
  for (const char *p = start; *p; p++)
    {
      if (strncmp (p, end, strlen (end)) == 0)
        return p;
      if (p[0] == '\n' && p[strspn (p + 1, " \t") + 1] == '\n')
        return NULL; /* not over an empty line */
      if (*p == '`' && *end == '$' && end[1] == '\0')
        return NULL;
      if (*p == '\\' && p[1])
        p++;
    }
  return NULL;
}

/* Has what only TeX has, or at least neither words nor a sum of money. */
static gboolean
is_plainly_tex (const char *start, const char *end)
{
  gboolean command = memchr (start, '\\', end - start) != NULL;

  while (*start == ' ')
    start++;
  for (const char *p = start; !command && p < end; p++)
    if (g_ascii_isalpha (p[0]) && g_ascii_isalpha (p[1]))
      return FALSE;
  return command || !g_ascii_isdigit (*start) || strcspn (start, "^_{") < (gsize)(end - start);
}

/* A single dollar is money as often as not: what it opens begins at once and ends at once, or is TeX beyond doubt, and no
 * digit or letter stands before or after it. */
static gboolean
is_tight (const char *text, const char *at, const char *start, const char *end)
{
  if (end == start || g_ascii_isalnum (end[1]) || (at > text && g_ascii_isalnum (at[-1]))
      || memchr (start, '\n', end - start))
    return FALSE;
  if (*start == ' ' && end[-1] == ' ')
    return is_plainly_tex (start, end);
  return !g_ascii_isspace (*start) && !g_ascii_isspace (end[-1]);
}

/* Words in brackets, or between sums of money, are no formula; nor is the number of a footnote. */
static gboolean
looks_like_tex (const char *start, const char *end, gboolean number)
{
  gboolean spaced_words = FALSE;

  for (const char *p = start; p < end; p++)
    {
      if (strchr ("\\^_{=<>+", *p))
        return TRUE;
      spaced_words |= *p == ' ' && g_ascii_isalpha (p[1]) && g_ascii_isalpha (p[2]);
    }
  return !spaced_words && (number || strspn (start, "0123456789") != (gsize)(end - start));
}

/* Letters beyond which a part of a formula is too wide for a line, and goes on lines of its own, which can scroll. */
#define MAX_INLINE 22

static gboolean
can_set (const char *tex, gboolean *display)
{
  g_autoptr (RiposteMath) math = riposte_math_parse (tex);

  *display = *display || (math && riposte_math_guess_width (math) > MAX_INLINE);
  return math != NULL;
}

/* How many quotes the line that has @at is in. */
static guint
count_quotes (const char *text, const char *at)
{
  guint n = 0;

  while (at > text && at[-1] != '\n')
    at--;
  for (; *at == ' ' || *at == '>'; at++)
    n += *at == '>';
  return n;
}

/* A formula within quotes, without the signs of these that begin its lines. */
static char *
dup_unquoted (const char *start, gsize length, guint n_quotes)
{
  GString *out = g_string_sized_new (length);

  for (const char *p = start; p < start + length;)
    {
      g_string_append_c (out, *p);
      if (*p++ != '\n')
        continue;
      for (guint n = 0; n < n_quotes && p[strspn (p, " ")] == '>' && p + strspn (p, " ") < start + length; n++)
        p += strspn (p, " ") + 1;
    }
  return g_string_free (out, FALSE);
}

static gboolean
begins_line (const char *text, const char *at)
{
  while (at > text && (at[-1] == ' ' || at[-1] == '>'))
    at--;
  return at == text || at[-1] == '\n';
}

/* The end of the paragraph. */
static const char *
find_paragraph_end (const char *at)
{
  for (;; at++)
    {
      at += strcspn (at, "\n");
      if (!*at || !at[1 + strspn (at + 1, " \t")] || at[1 + strspn (at + 1, " \t")] == '\n')
        return at;
    }
}

/* Whether what stands at @at and is delimited by @k is a formula; in @end, where its TeX ends. */
static gboolean
finds_formula (const char *text, const char *at, gsize k, const char **end, gboolean *unclosed)
{
  const char *start = at + strlen (delimiters[k].begin);

  *end = find_end (start, delimiters[k].end);
  *unclosed = !*end && delimiters[k].display && begins_line (text, at);
  if (*unclosed)
    *end = find_paragraph_end (start);
  if (!*end || *unclosed)
    return *unclosed;
  switch (delimiters[k].begin[1])
    {
    case '\0':
      return is_tight (text, at, start, *end) && looks_like_tex (start, *end, TRUE);
    case '(':
      return looks_like_tex (start, *end, TRUE);
    case '[':
      return begins_line (text, at) || looks_like_tex (start, *end, FALSE);
    default:
      return TRUE;
    }
}

/* One of TeX's environments for mathematics, which needs no delimiters. */
static gboolean
take_environment (const char *text, const char *at, RiposteFormula *formula, const char **after)
{
  const char *name_at = at + strlen ("\\begin{"), *end;
  g_autofree char *name = NULL, *closing = NULL;

  if (!g_str_has_prefix (at, "\\begin{") || !begins_line (text, at))
    return FALSE;
  name = g_strndup (name_at, strcspn (name_at, "}"));
  if (!riposte_math_is_environment (name))
    return FALSE;
  closing = g_strdup_printf ("\\end{%s}", name);
  end = find_end (at, closing);
  *after = end ? end + strlen (closing) : find_paragraph_end (at);
  formula->n_quotes = count_quotes (text, at);
  formula->source = g_strndup (at, *after - at);
  formula->tex = g_strchomp (dup_unquoted (at, *after - at, formula->n_quotes));
  formula->display = TRUE;
  formula->unclosed = !end;
  formula->broken = formula->unclosed || !can_set (formula->tex, &formula->display);
  return TRUE;
}

/* Broken TeX stays as it was written, and is kept from Markdown, but for what may be no TeX at all. */
static gboolean
take_formula (const char *text, const char *at, RiposteFormula *formula, const char **after)
{
  for (gsize k = 0; k < G_N_ELEMENTS (delimiters); k++)
    {
      const char *start = at + strlen (delimiters[k].begin), *end;
      g_autofree char *tex = NULL;

      if (!g_str_has_prefix (at, delimiters[k].begin))
        continue;
      if (!finds_formula (text, at, k, &end, &formula->unclosed))
        return FALSE;
      formula->n_quotes = count_quotes (text, at);
      tex = dup_unquoted (start, end - start, formula->n_quotes);
      formula->display = delimiters[k].display;
      formula->broken = formula->unclosed || !can_set (tex, &formula->display);
      if (formula->broken && *delimiters[k].begin == '$' && !delimiters[k].display)
        return FALSE;
      *after = end + (formula->unclosed ? 0 : strlen (delimiters[k].end));
      formula->source = g_strndup (at, *after - at);
      formula->tex = g_strstrip (g_steal_pointer (&tex));
      return TRUE;
    }
  return take_environment (text, at, formula, after);
}

/* @lines: that the formula takes beyond its first, for the end of its last, so that what follows there goes on with the
 * paragraph. */
static void
append_formula (GString *out, GString *lines, GArray *formulas, const RiposteFormula *formula)
{
  g_array_append_val (formulas, *formula);
  g_string_append_printf (out, RIPOSTE_FORMULA_BEGIN "%u" RIPOSTE_FORMULA_END, formulas->len - 1);
  for (const char *p = formula->source; (p = strchr (p, '\n')); p++)
    {
      g_string_append_c (lines, '\n');
      for (guint i = 0; i < formula->n_quotes; i++) /* which go on behind it */
        g_string_append_c (lines, '>');
    }
}

char *
riposte_formulas_hide (const char *text, gsize length, GArray **formulas)
{
  g_autofree char *copy = g_strndup (text, length);
  GString *out = g_string_sized_new (length);
  g_autoptr (GString) lines = g_string_new (NULL);
  const char *p = copy;

  *formulas = g_array_new (FALSE, FALSE, sizeof (RiposteFormula));
  g_array_set_clear_func (*formulas, formula_clear);
  while (p && *p)
    {
      RiposteFormula formula;
      const char *after = p;

      if (p == copy || p[-1] == '\n')
        {
          after = skip_fence (p);
          if (!after)
            break;
        }
      if (after == p && *p == '`')
        after = skip_code (p);
      if (after != p)
        {
          g_string_append_len (out, p, after - p);
          p = after;
          continue;
        }
      if ((*p == '$' || *p == '\\') && take_formula (copy, p, &formula, &after))
        {
          append_formula (out, lines, *formulas, &formula);
          p = after;
          continue;
        }
      if (*p == '\\' && p[1] && p[1] != '\n')
        g_string_append_c (out, *p++);
      else if (*p == '$') /* of what did not open, the rest opens nothing either */
        while (p[1] == '$')
          g_string_append_c (out, *p++);
      else if (*p == '\n')
        {
          g_string_append (out, lines->str);
          g_string_truncate (lines, 0);
        }
      g_string_append_c (out, *p++);
    }
  g_string_append (out, lines->str);
  if (p)
    g_string_append (out, p);
  return g_string_free (out, FALSE);
}

const RiposteFormula *
riposte_formulas_at (const char *text, GArray *formulas, const char **end)
{
  char *after;
  guint64 number;

  if (!g_str_has_prefix (text, RIPOSTE_FORMULA_BEGIN))
    return NULL;
  number = g_ascii_strtoull (text + strlen (RIPOSTE_FORMULA_BEGIN), &after, 10);
  if (!g_str_has_prefix (after, RIPOSTE_FORMULA_END) || number >= formulas->len)
    return NULL;
  *end = after + strlen (RIPOSTE_FORMULA_END);
  return &g_array_index (formulas, RiposteFormula, number);
}

gboolean
riposte_formulas_is_open (const char *text, gsize length)
{
  g_autoptr (GArray) formulas = NULL;
  g_autofree char *hidden = riposte_formulas_hide (text, length, &formulas);
  const char *begin = g_strrstr_len (text, (gssize)length, "\n\n"), *paragraph = hidden;

  if (formulas->len && g_array_index (formulas, RiposteFormula, formulas->len - 1).unclosed)
    return TRUE;
  /* a formula that is hidden leaves empty lines, so only their number tells */
  for (; begin && begin >= text; begin--)
    if (*begin == '\n')
      paragraph = strchr (paragraph, '\n') + 1;
  return strstr (paragraph, "$$") || strstr (paragraph, "\\[");
}

char *
riposte_formulas_show (const char *text, GArray *formulas)
{
  GString *out = g_string_new (NULL);

  for (const char *p = text; *p;)
    {
      const RiposteFormula *formula = riposte_formulas_at (p, formulas, &p);

      if (formula)
        g_string_append (out, formula->source);
      else
        g_string_append_c (out, *p++);
    }
  return g_string_free (out, FALSE);
}

char *
riposte_formula_dup_source (const RiposteFormula *formula)
{
  for (gsize k = 0; k < G_N_ELEMENTS (delimiters); k++)
    if (g_str_has_prefix (formula->source, delimiters[k].begin))
      return g_strconcat (delimiters[k].begin, formula->tex, formula->unclosed ? "" : delimiters[k].end, NULL);
  return g_strdup (formula->tex);
}

/* Bytes beyond which a formula may have to be broken. */
#define MAX_UNBROKEN 20

/* With a blank where a line may be broken, which to TeX is nothing. */
static char *
add_breaks (char *line)
{
  gsize offset = 0;
  gboolean display;
  g_autofree char *tex = strlen (line) > MAX_UNBROKEN ? riposte_formula_strip (line, &offset, &display) : NULL;
  g_autoptr (RiposteMath) math = tex ? riposte_math_parse (tex) : NULL;
  GString *out;

  if (!math || math->kind != RIPOSTE_MATH_ROW)
    return line;
  out = g_string_new (line);
  g_free (line);
  for (guint i = math->children->len - 1; i-- > 0;)
    {
      gsize next = offset + ((RiposteMath *)math->children->pdata[i + 1])->start;

      if (riposte_math_can_break (math, i) && out->str[next - 1] != ' ')
        g_string_insert_c (out, (gssize)next, ' ');
    }
  return g_string_free (out, FALSE);
}

/* A comment ends with its line, and so goes with it. */
char *
riposte_formula_dup_line (const RiposteFormula *formula)
{
  g_autofree char *source = riposte_formula_dup_source (formula);
  GString *out = g_string_new (NULL);

  for (const char *p = source; *p; p++)
    {
      if (*p == '%' && (p == source || p[-1] != '\\') && strchr (p, '\n'))
        p = strchr (p, '\n');
      g_string_append_c (out, *p == '\n' ? ' ' : *p);
    }
  return add_breaks (g_string_free (out, FALSE));
}

char *
riposte_formula_strip (const char *line, gsize *offset, gboolean *display)
{
  for (gsize k = 0; k < G_N_ELEMENTS (delimiters); k++)
    {
      gsize begin = strlen (delimiters[k].begin), end = strlen (delimiters[k].end), length = strlen (line);

      if (!g_str_has_prefix (line, delimiters[k].begin) || length < begin + end)
        continue;
      *offset = begin;
      *display = delimiters[k].display;
      return g_strndup (line + begin, length - begin - end);
    }
  *offset = 0;
  *display = TRUE;
  return g_strdup (line); /* an environment */
}
