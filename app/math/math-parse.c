#include "math/math-parse.h"

#include <string.h>

#define MAX_DEPTH 24
#define MAX_NODES 3000
#define MAX_BYTES 8000

typedef struct
{
  const char *tex, *at;
  guint depth, n_nodes;
  RiposteMathFont font;
  const char *alphabet; /* nullable: mathbb and the like */
} Parser;

static RiposteMath *parse_row (Parser *parser, const char *const *ends);

/* ---- nodes ---- */

static RiposteMath *
node_new (RiposteMathKind kind, const char *text)
{
  RiposteMath *node = g_new0 (RiposteMath, 1);

  node->kind = kind;
  node->text = g_strdup (text);
  return node;
}

void
riposte_math_free (RiposteMath *math)
{
  if (!math)
    return;
  g_free (math->text);
  g_free (math->close);
  g_free (math->aligns);
  g_clear_pointer (&math->children, g_ptr_array_unref);
  g_free (math);
}

static void
add_child (RiposteMath *node, RiposteMath *child)
{
  if (!node->children)
    node->children = g_ptr_array_new_with_free_func ((GDestroyNotify)riposte_math_free);
  g_ptr_array_add (node->children, child);
}

static RiposteMath *
symbol_new (const char *text, RiposteMathClass class, RiposteMathFont font)
{
  RiposteMath *node = node_new (RIPOSTE_MATH_SYMBOL, text);

  node->class = class;
  node->font = font;
  return node;
}

/* ---- tokens ---- */

static void
skip_space (Parser *parser)
{
  for (;;)
    {
      parser->at += strspn (parser->at, " \t\n");
      if (*parser->at != '%')
        return;
      parser->at += strcspn (parser->at, "\n");
    }
}

/* "\name", or "\x" of one other character; NULL: there is none. */
static char *
take_command (Parser *parser)
{
  const char *start = parser->at + 1, *end = start;

  if (*parser->at != '\\' || !*start)
    return NULL;
  while (g_ascii_isalpha (*end))
    end++;
  if (end == start)
    end = g_utf8_next_char (start);
  parser->at = end;
  return g_strndup (start, end - start);
}

static gboolean
looks_at (Parser *parser, const char *token)
{
  gsize n = strlen (token);

  return strncmp (parser->at, token, n) == 0
         && !(token[0] == '\\' && g_ascii_isalpha (token[1]) && g_ascii_isalpha (parser->at[n]));
}

static gboolean
take (Parser *parser, const char *token)
{
  skip_space (parser);
  if (!looks_at (parser, token))
    return FALSE;
  parser->at += strlen (token);
  return TRUE;
}

static gboolean
at_end (Parser *parser, const char *const *ends)
{
  skip_space (parser);
  if (!*parser->at)
    return TRUE;
  for (; ends && *ends; ends++)
    if (looks_at (parser, *ends))
      return TRUE;
  return FALSE;
}

/* "{…}" as it stands, without the braces. */
static char *
take_verbatim (Parser *parser)
{
  guint depth = 1;
  const char *start;

  if (!take (parser, "{"))
    return NULL;
  start = parser->at;
  for (; *parser->at; parser->at++)
    if (*parser->at == '\\' && parser->at[1])
      parser->at++;
    else if (*parser->at == '{')
      depth++;
    else if (*parser->at == '}' && --depth == 0)
      return g_strndup (start, parser->at++ - start);
  return NULL;
}

/* ---- atoms ---- */

static RiposteMath *parse_atom (Parser *parser);

/* A group in braces, or one atom. */
static RiposteMath *
parse_argument (Parser *parser)
{
  static const char *const ends[] = { "}", NULL };
  RiposteMath *node;

  if (!take (parser, "{"))
    return parse_atom (parser);
  node = parse_row (parser, ends);
  if (node && !take (parser, "}"))
    g_clear_pointer (&node, riposte_math_free);
  return node;
}

static RiposteMath *
parse_children (Parser *parser, RiposteMath *node, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      RiposteMath *child = parse_argument (parser);

      if (!child)
        {
          riposte_math_free (node);
          return NULL;
        }
      add_child (node, child);
    }
  return node;
}

static RiposteMath *
parse_root (Parser *parser)
{
  static const char *const ends[] = { "]", NULL };
  RiposteMath *node = node_new (RIPOSTE_MATH_ROOT, NULL), *index = NULL;

  if (take (parser, "["))
    {
      index = parse_row (parser, ends);
      if (!index || !take (parser, "]"))
        {
          riposte_math_free (index);
          riposte_math_free (node);
          return NULL;
        }
    }
  node = parse_children (parser, node, 1);
  if (node && index)
    add_child (node, index);
  else
    riposte_math_free (index);
  return node;
}

/* A delimiter's text, "" for ".", NULL where there is none. */
static char *
take_delimiter (Parser *parser)
{
  const RiposteMathSymbol *symbol;
  g_autofree char *name = NULL;

  skip_space (parser);
  if (*parser->at && strchr ("()[]|/.<>", *parser->at))
    {
      char c = *parser->at++;
      return c == '.' ? g_strdup ("") : c == '<' ? g_strdup ("⟨") : c == '>' ? g_strdup ("⟩") : g_strndup (&c, 1);
    }
  name = take_command (parser);
  symbol = name ? riposte_math_find_symbol (name) : NULL;
  return symbol ? g_strdup (symbol->text) : NULL;
}

static RiposteMath *
parse_fence (Parser *parser)
{
  static const char *const ends[] = { "\\right", NULL };
  RiposteMath *node = node_new (RIPOSTE_MATH_FENCE, NULL), *body = NULL;

  node->text = take_delimiter (parser);
  body = node->text ? parse_row (parser, ends) : NULL;
  if (body && take (parser, "\\right"))
    node->close = take_delimiter (parser);
  if (body)
    add_child (node, body);
  if (!node->close)
    g_clear_pointer (&node, riposte_math_free);
  return node;
}

static RiposteMath *
parse_words (Parser *parser, RiposteMathFont font)
{
  g_autofree char *words = take_verbatim (parser);
  RiposteMath *node;

  if (!words || strchr (words, '\\') || strchr (words, '$'))
    return NULL;
  node = node_new (RIPOSTE_MATH_TEXT, words);
  node->font = font;
  return node;
}

static RiposteMath *
parse_in_font (Parser *parser, RiposteMathFont font, const char *alphabet)
{
  Parser before = *parser;
  RiposteMath *node;

  parser->font = font;
  parser->alphabet = alphabet;
  node = parse_argument (parser);
  parser->font = before.font;
  parser->alphabet = before.alphabet;
  return node;
}

/* ---- environments ---- */

static const struct
{
  const char *name, *open, *close, *aligns; /* the last of aligns goes for all further columns */
} environments[] = {
  { "matrix", "", "", "c" },      { "pmatrix", "(", ")", "c" }, { "bmatrix", "[", "]", "c" },
  { "Bmatrix", "{", "}", "c" },   { "vmatrix", "|", "|", "c" }, { "Vmatrix", "‖", "‖", "c" },
  { "smallmatrix", "", "", "c" }, { "cases", "{", "", "l" },    { "aligned", "", "", "rl" },
  { "align", "", "", "rl" },      { "align*", "", "", "rl" },   { "split", "", "", "rl" },
  { "gathered", "", "", "c" },    { "gather", "", "", "c" },    { "gather*", "", "", "c" },
  { "equation", "", "", "c" },    { "equation*", "", "", "c" }, { "array", "", "", "c" },
};

static RiposteMath *
parse_environment (Parser *parser)
{
  static const char *const ends[] = { "&", "\\\\", "\\end", NULL };
  g_autofree char *name = take_verbatim (parser), *end = NULL, *columns = NULL;
  RiposteMath *node = NULL, *row;
  gsize k = 0;

  while (name && k < G_N_ELEMENTS (environments) && strcmp (environments[k].name, name) != 0)
    k++;
  if (!name || k == G_N_ELEMENTS (environments))
    return NULL;
  if (strcmp (name, "array") == 0 && !(columns = take_verbatim (parser)))
    return NULL;
  node = node_new (RIPOSTE_MATH_MATRIX, environments[k].open);
  node->close = g_strdup (environments[k].close);
  node->aligns = g_strdup (columns ? columns : environments[k].aligns);
  row = node_new (RIPOSTE_MATH_ROW, NULL);
  add_child (node, row);
  for (;;)
    {
      RiposteMath *cell = parse_row (parser, ends);

      if (!cell)
        break;
      add_child (row, cell);
      if (take (parser, "&"))
        continue;
      if (take (parser, "\\\\"))
        {
          add_child (node, row = node_new (RIPOSTE_MATH_ROW, NULL));
          continue;
        }
      if (take (parser, "\\end") && (end = take_verbatim (parser)) && strcmp (end, name) == 0)
        return node;
      break;
    }
  riposte_math_free (node);
  return NULL;
}

/* ---- commands ---- */

static int
find_space (const char *name)
{
  static const struct
  {
    const char *name;
    int width;
  } spaces[] = { { ",", 17 },        { ":", 22 },          { ";", 28 },      { "!", -17 },
                 { " ", 33 },        { "quad", 100 },      { "qquad", 200 }, { "thinspace", 17 },
                 { "medspace", 22 }, { "thickspace", 28 }, { "enspace", 50 } };

  for (gsize i = 0; i < G_N_ELEMENTS (spaces); i++)
    if (strcmp (spaces[i].name, name) == 0)
      return spaces[i].width;
  return 0;
}

static RiposteMath *
fraction_new (Parser *parser, gboolean line)
{
  RiposteMath *node = node_new (RIPOSTE_MATH_FRACTION, NULL);

  node->width = line;
  return parse_children (parser, node, 2);
}

static RiposteMath *
parse_binomial (Parser *parser)
{
  RiposteMath *inner = fraction_new (parser, FALSE), *node;

  if (!inner)
    return NULL;
  node = node_new (RIPOSTE_MATH_FENCE, "(");
  node->close = g_strdup (")");
  add_child (node, inner);
  return node;
}

static gboolean
is_one_of (const char *name, const char *names)
{
  g_auto (GStrv) list = g_strsplit (names, " ", -1);

  return g_strv_contains ((const char *const *)list, name);
}

/* What only changes how large things are set, which the layout knows better. */
static gboolean
is_ignored (const char *name)
{
  return is_one_of (name, "displaystyle textstyle scriptstyle limits nolimits nonumber notag big Big bigg Bigg bigl "
                          "bigr Bigl Bigr biggl biggr left. hfill ");
}

static RiposteMath *
parse_word_command (Parser *parser, const char *name)
{
  if (is_one_of (name, "frac dfrac tfrac cfrac"))
    return fraction_new (parser, TRUE);
  if (is_one_of (name, "binom dbinom tbinom"))
    return parse_binomial (parser);
  if (strcmp (name, "sqrt") == 0)
    return parse_root (parser);
  if (strcmp (name, "left") == 0)
    return parse_fence (parser);
  if (strcmp (name, "begin") == 0)
    return parse_environment (parser);
  if (is_one_of (name, "text textrm mbox textnormal textsf"))
    return parse_words (parser, RIPOSTE_MATH_UPRIGHT);
  if (strcmp (name, "textbf") == 0)
    return parse_words (parser, RIPOSTE_MATH_BOLD);
  if (strcmp (name, "textit") == 0)
    return parse_words (parser, RIPOSTE_MATH_ITALIC);
  if (strcmp (name, "texttt") == 0)
    return parse_words (parser, RIPOSTE_MATH_MONOSPACE);
  if (is_one_of (name, "mathrm mathsf"))
    return parse_in_font (parser, RIPOSTE_MATH_UPRIGHT, NULL);
  if (is_one_of (name, "mathbf boldsymbol bm pmb"))
    return parse_in_font (parser, RIPOSTE_MATH_BOLD, NULL);
  if (strcmp (name, "mathit") == 0)
    return parse_in_font (parser, RIPOSTE_MATH_ITALIC, NULL);
  if (strcmp (name, "mathtt") == 0)
    return parse_in_font (parser, RIPOSTE_MATH_MONOSPACE, NULL);
  if (is_one_of (name, "mathbb mathcal mathscr mathfrak"))
    return parse_in_font (parser, RIPOSTE_MATH_UPRIGHT, g_intern_string (name));
  return NULL;
}

static RiposteMath *
parse_operator_name (Parser *parser)
{
  g_autofree char *words = NULL;
  gboolean limits = take (parser, "*");
  RiposteMath *node;

  words = take_verbatim (parser);
  if (!words || strchr (words, '\\'))
    return NULL;
  node = symbol_new (words, RIPOSTE_MATH_OPERATOR, RIPOSTE_MATH_UPRIGHT);
  node->limits = limits;
  return node;
}

static RiposteMath *
parse_modulus (Parser *parser)
{
  RiposteMath *node = node_new (RIPOSTE_MATH_ROW, NULL), *space = node_new (RIPOSTE_MATH_SPACE, NULL), *inner;

  space->width = 33;
  add_child (node, space);
  add_child (node, symbol_new ("(mod ", RIPOSTE_MATH_OPENING, RIPOSTE_MATH_UPRIGHT));
  inner = parse_argument (parser);
  if (!inner)
    {
      riposte_math_free (node);
      return NULL;
    }
  add_child (node, inner);
  add_child (node, symbol_new (")", RIPOSTE_MATH_CLOSING, RIPOSTE_MATH_UPRIGHT));
  return node;
}

static RiposteMath *
accent_new (Parser *parser, const char *text, gboolean below)
{
  RiposteMath *node = node_new (RIPOSTE_MATH_ACCENT, text);

  node->below = below;
  node->limits = strcmp (text, "⏞") == 0 || strcmp (text, "⏟") == 0;
  return parse_children (parser, node, 1);
}

static RiposteMath *
parse_stack (Parser *parser, gboolean below)
{
  RiposteMath *mark = parse_argument (parser), *base = mark ? parse_argument (parser) : NULL, *node;

  if (!base)
    {
      riposte_math_free (mark);
      return NULL;
    }
  node = node_new (RIPOSTE_MATH_SCRIPTS, NULL);
  node->limits = TRUE;
  node->class = RIPOSTE_MATH_RELATION;
  add_child (node, base);
  add_child (node, below ? mark : NULL);
  add_child (node, below ? NULL : mark);
  return node;
}

static RiposteMath *
parse_command (Parser *parser)
{
  g_autofree char *name = take_command (parser);
  const RiposteMathSymbol *symbol;
  const char *accent;
  gboolean flag;
  RiposteMath *node;

  if (!name)
    return NULL;
  if (find_space (name))
    {
      node = node_new (RIPOSTE_MATH_SPACE, NULL);
      node->width = find_space (name);
      return node;
    }
  if ((symbol = riposte_math_find_symbol (name)))
    {
      node = symbol_new (symbol->text, symbol->class, parser->font);
      if (parser->font == RIPOSTE_MATH_ITALIC && !(g_ascii_islower (*name) && symbol->class == RIPOSTE_MATH_ORDINARY))
        node->font = RIPOSTE_MATH_UPRIGHT; /* capital Greek, and signs */
      node->large = symbol->large;
      node->limits = symbol->limits;
      return node;
    }
  if (riposte_math_find_function (name, &flag))
    {
      node = symbol_new (name, RIPOSTE_MATH_OPERATOR, RIPOSTE_MATH_UPRIGHT);
      node->limits = flag;
      return node;
    }
  if ((accent = riposte_math_find_accent (name, &flag)))
    return accent_new (parser, accent, flag);
  if (is_ignored (name))
    return node_new (RIPOSTE_MATH_SPACE, NULL);
  if (strcmp (name, "operatorname") == 0)
    return parse_operator_name (parser);
  if (strcmp (name, "pmod") == 0)
    return parse_modulus (parser);
  if (strcmp (name, "overset") == 0 || strcmp (name, "stackrel") == 0)
    return parse_stack (parser, FALSE);
  if (strcmp (name, "underset") == 0)
    return parse_stack (parser, TRUE);
  return parse_word_command (parser, name);
}

static RiposteMathClass
class_of (gunichar c)
{
  return c == '+' || c == 0x2212 || c == '*' || c == '/' ? (c == '/' ? RIPOSTE_MATH_ORDINARY : RIPOSTE_MATH_BINARY)
         : c == '=' || c == '<' || c == '>' || c == ':'  ? RIPOSTE_MATH_RELATION
         : c == '(' || c == '['                          ? RIPOSTE_MATH_OPENING
         : c == ')' || c == ']' || c == '!' || c == '?'  ? RIPOSTE_MATH_CLOSING
         : c == ',' || c == ';'                          ? RIPOSTE_MATH_PUNCTUATION
                                                         : RIPOSTE_MATH_ORDINARY;
}

static RiposteMath *
parse_character (Parser *parser)
{
  gunichar c = g_utf8_get_char (parser->at), letter;
  char text[8] = { 0 };
  RiposteMath *node;

  if (strchr ("{}&#^_$\\", *parser->at))
    return NULL;
  parser->at = g_utf8_next_char (parser->at);
  if (parser->alphabet && (letter = riposte_math_letter (parser->alphabet, c)))
    c = letter;
  if (c == '-')
    c = 0x2212;
  if (c == '*')
    c = 0x2217;
  g_unichar_to_utf8 (c == '~' ? ' ' : c, text);
  node = symbol_new (text, c == 0x2217 ? RIPOSTE_MATH_BINARY : class_of (c), parser->font);
  if (parser->font == RIPOSTE_MATH_ITALIC && !g_unichar_isalpha (c))
    node->font = RIPOSTE_MATH_UPRIGHT;
  return node;
}

static RiposteMath *
parse_atom (Parser *parser)
{
  skip_space (parser);
  if (!*parser->at || ++parser->n_nodes > MAX_NODES)
    return NULL;
  if (*parser->at == '{')
    return parse_argument (parser);
  return *parser->at == '\\' ? parse_command (parser) : parse_character (parser);
}

/* ---- scripts ---- */

static RiposteMath *
parse_primes (Parser *parser)
{
  GString *primes = g_string_new (NULL);
  RiposteMath *node;

  while (take (parser, "'"))
    g_string_append (primes, "′");
  node = symbol_new (primes->str, RIPOSTE_MATH_ORDINARY, RIPOSTE_MATH_UPRIGHT);
  g_string_free (primes, TRUE);
  return node;
}

/* Takes @base. */
static RiposteMath *
parse_scripts (Parser *parser, RiposteMath *base)
{
  RiposteMath *below = NULL, *above = NULL, *node;

  for (;;)
    {
      RiposteMath **which;

      while (take (parser, "\\limits") || take (parser, "\\nolimits"))
        ;
      skip_space (parser);
      if (*parser->at == '\'' && !above)
        {
          above = parse_primes (parser);
          if (take (parser, "^"))
            {
              RiposteMath *row = node_new (RIPOSTE_MATH_ROW, NULL), *more = parse_argument (parser);

              add_child (row, above);
              above = row;
              if (!more)
                break;
              add_child (row, more);
            }
          continue;
        }
      if (*parser->at != '_' && *parser->at != '^')
        {
          if (!below && !above)
            return base;
          node = node_new (RIPOSTE_MATH_SCRIPTS, NULL);
          node->class = base->class;
          node->limits = base->limits;
          add_child (node, base);
          add_child (node, below);
          add_child (node, above);
          return node;
        }
      which = *parser->at++ == '_' ? &below : &above;
      if (*which || !(*which = parse_argument (parser)))
        break;
    }
  riposte_math_free (base);
  riposte_math_free (below);
  riposte_math_free (above);
  return NULL;
}

static RiposteMath *
parse_row (Parser *parser, const char *const *ends)
{
  RiposteMath *row = node_new (RIPOSTE_MATH_ROW, NULL);

  if (++parser->depth > MAX_DEPTH)
    g_clear_pointer (&row, riposte_math_free);
  while (row && !at_end (parser, ends))
    {
      gboolean script = *parser->at == '_' || *parser->at == '^';
      guint start = parser->at - parser->tex;
      RiposteMath *base = script ? node_new (RIPOSTE_MATH_ROW, NULL) : parse_atom (parser);
      RiposteMath *node = base ? parse_scripts (parser, base) : NULL;

      if (node)
        {
          node->start = start;
          add_child (row, node);
        }
      else
        g_clear_pointer (&row, riposte_math_free);
    }
  parser->depth--;
  return row;
}

RiposteMath *
riposte_math_parse (const char *tex)
{
  Parser parser = { .tex = tex, .at = tex, .font = RIPOSTE_MATH_ITALIC };
  RiposteMath *row;

  if (strlen (tex) > MAX_BYTES || !g_utf8_validate (tex, -1, NULL))
    return NULL;
  row = parse_row (&parser, NULL);
  if (row && (*parser.at || !row->children))
    g_clear_pointer (&row, riposte_math_free);
  return row;
}
