#include "math/math-parse-private.h"

#include <string.h>

#define MAX_DEPTH 24
#define MAX_NODES 3000
#define MAX_BYTES 8000

/* ---- nodes ---- */

RiposteMath *
riposte_math_node_new (RiposteMathKind kind, const char *text)
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

void
riposte_math_add (RiposteMath *node, RiposteMath *child)
{
  if (!node->children)
    node->children = g_ptr_array_new_with_free_func ((GDestroyNotify)riposte_math_free);
  g_ptr_array_add (node->children, child);
}

RiposteMath *
riposte_math_symbol_new (const char *text, RiposteMathClass class, RiposteMathFont font)
{
  RiposteMath *node = riposte_math_node_new (RIPOSTE_MATH_SYMBOL, text);

  node->class = class;
  node->font = font;
  return node;
}

RiposteMath *
riposte_math_fence_new (RiposteMath *child, const char *open, const char *close)
{
  RiposteMath *node = riposte_math_node_new (RIPOSTE_MATH_FENCE, open);

  node->close = g_strdup (close);
  riposte_math_add (node, child);
  return node;
}

/* ---- tokens ---- */

static void
skip_space (RiposteMathParser *parser)
{
  for (;;)
    {
      parser->at += strspn (parser->at, " \t\n");
      if (*parser->at != '%')
        return;
      parser->at += strcspn (parser->at, "\n");
    }
}

char *
riposte_math_take_command (RiposteMathParser *parser)
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
looks_at (RiposteMathParser *parser, const char *token)
{
  gsize n = strlen (token);

  return strncmp (parser->at, token, n) == 0
         && !(token[0] == '\\' && g_ascii_isalpha (token[1]) && g_ascii_isalpha (parser->at[n]));
}

gboolean
riposte_math_take (RiposteMathParser *parser, const char *token)
{
  skip_space (parser);
  if (!looks_at (parser, token))
    return FALSE;
  parser->at += strlen (token);
  return TRUE;
}

gboolean
riposte_math_at_end (RiposteMathParser *parser, const char *const *ends)
{
  skip_space (parser);
  if (!*parser->at)
    return TRUE;
  for (; ends && *ends; ends++)
    if (looks_at (parser, *ends))
      return TRUE;
  return FALSE;
}

/* What stands up to the closing bracket that belongs to the one before. */
static char *
take_up_to (RiposteMathParser *parser, char open, char close)
{
  guint depth = 1;
  const char *start = parser->at;

  for (; *parser->at; parser->at++)
    if (*parser->at == '\\' && parser->at[1])
      parser->at++;
    else if (*parser->at == close && --depth == 0)
      return g_strndup (start, parser->at++ - start);
    else if (*parser->at == open)
      depth++;
  parser->at = start;
  return NULL;
}

char *
riposte_math_take_verbatim (RiposteMathParser *parser)
{
  return riposte_math_take (parser, "{") ? take_up_to (parser, '{', '}') : NULL;
}

char *
riposte_math_take_option (RiposteMathParser *parser)
{
  const char *before = parser->at;
  char *option = riposte_math_take (parser, "[") ? take_up_to (parser, '[', ']') : NULL;

  if (!option)
    parser->at = before;
  return option;
}

char *
riposte_math_take_delimiter (RiposteMathParser *parser)
{
  const RiposteMathSymbol *symbol;
  g_autofree char *name = NULL;

  skip_space (parser);
  if (*parser->at && strchr ("()[]|/.<>", *parser->at))
    {
      char c = *parser->at++;
      return c == '.' ? g_strdup ("") : c == '<' ? g_strdup ("⟨") : c == '>' ? g_strdup ("⟩") : g_strndup (&c, 1);
    }
  name = riposte_math_take_command (parser);
  symbol = name ? riposte_math_find_symbol (name) : NULL;
  return symbol ? g_strdup (symbol->text) : NULL;
}

/* ---- atoms ---- */

static RiposteMathClass
class_of (gunichar c)
{
  static const struct
  {
    const char *characters;
    RiposteMathClass class;
  } classes[] = {
    { "+*\u2212", RIPOSTE_MATH_BINARY }, { "=<>:≤≥≠≈→∈", RIPOSTE_MATH_RELATION }, { "([", RIPOSTE_MATH_OPENING },
    { ")]!?", RIPOSTE_MATH_CLOSING },    { ",;", RIPOSTE_MATH_PUNCTUATION },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (classes); i++)
    if (g_utf8_strchr (classes[i].characters, -1, c))
      return classes[i].class;
  return RIPOSTE_MATH_ORDINARY;
}

static RiposteMath *
parse_character (RiposteMathParser *parser)
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
  g_unichar_to_utf8 (c == '~' ? 0xa0 : c, text);
  node = riposte_math_symbol_new (text, c == 0x2217 ? RIPOSTE_MATH_BINARY : class_of (c), parser->font);
  if (parser->font == RIPOSTE_MATH_ITALIC && !g_unichar_isalpha (c))
    node->font = RIPOSTE_MATH_UPRIGHT;
  return node;
}

static RiposteMath *
parse_atom (RiposteMathParser *parser)
{
  skip_space (parser);
  if (!*parser->at || ++parser->n_nodes > MAX_NODES)
    return NULL;
  if (*parser->at == '{')
    return riposte_math_parse_argument (parser);
  return *parser->at == '\\' ? riposte_math_parse_command (parser) : parse_character (parser);
}

RiposteMath *
riposte_math_parse_argument (RiposteMathParser *parser)
{
  static const char *const ends[] = { "}", NULL };
  RiposteMath *node;

  if (!riposte_math_take (parser, "{"))
    return parse_atom (parser);
  node = riposte_math_parse_row (parser, ends);
  if (node && !riposte_math_take (parser, "}"))
    g_clear_pointer (&node, riposte_math_free);
  return node;
}

RiposteMath *
riposte_math_parse_optional (RiposteMathParser *parser)
{
  static const char *const ends[] = { "]", NULL };
  RiposteMath *node;

  if (!riposte_math_take (parser, "["))
    return NULL;
  node = riposte_math_parse_row (parser, ends);
  if (node)
    riposte_math_take (parser, "]");
  return node;
}

RiposteMath *
riposte_math_parse_children (RiposteMathParser *parser, RiposteMath *node, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      RiposteMath *child = riposte_math_parse_argument (parser);

      if (!child)
        {
          riposte_math_free (node);
          return NULL;
        }
      riposte_math_add (node, child);
    }
  return node;
}

RiposteMath *
riposte_math_parse_in_font (RiposteMathParser *parser, RiposteMathFont font, const char *alphabet)
{
  RiposteMathParser before = *parser;
  RiposteMath *node;

  parser->font = font;
  parser->alphabet = alphabet;
  node = riposte_math_parse_argument (parser);
  parser->font = before.font;
  parser->alphabet = before.alphabet;
  return node;
}

/* ---- scripts ---- */

static RiposteMath *
parse_primes (RiposteMathParser *parser)
{
  GString *primes = g_string_new (NULL);
  RiposteMath *node;

  while (riposte_math_take (parser, "'"))
    g_string_append (primes, "′");
  node = riposte_math_symbol_new (primes->str, RIPOSTE_MATH_ORDINARY, RIPOSTE_MATH_UPRIGHT);
  g_string_free (primes, TRUE);
  return node;
}

/* What stands above after primes. Takes @primes. */
static RiposteMath *
parse_primed (RiposteMathParser *parser, RiposteMath *primes)
{
  RiposteMath *row = riposte_math_node_new (RIPOSTE_MATH_ROW, NULL);

  riposte_math_add (row, primes);
  return riposte_math_parse_children (parser, row, 1);
}

static void
take_limits (RiposteMathParser *parser, RiposteMath *base)
{
  for (;;)
    if (riposte_math_take (parser, "\\limits"))
      base->limits = RIPOSTE_MATH_ALWAYS_LIMITS;
    else if (riposte_math_take (parser, "\\nolimits"))
      base->limits = RIPOSTE_MATH_NO_LIMITS;
    else
      return;
}

/* Takes both scripts, of which there may be none. */
static RiposteMath *
scripts_new (RiposteMath *base, RiposteMath *below, RiposteMath *above)
{
  RiposteMath *node;

  if (!below && !above)
    return base;
  node = riposte_math_node_new (RIPOSTE_MATH_SCRIPTS, NULL);
  node->class = base->class;
  node->limits = base->limits;
  riposte_math_add (node, base);
  riposte_math_add (node, below);
  riposte_math_add (node, above);
  return node;
}

/* Takes @base. */
static RiposteMath *
parse_scripts (RiposteMathParser *parser, RiposteMath *base)
{
  RiposteMath *below = NULL, *above = NULL;
  gboolean ok = TRUE;

  while (ok)
    {
      take_limits (parser, base);
      skip_space (parser);
      if (*parser->at == '\'' && !above)
        {
          above = parse_primes (parser);
          if (riposte_math_take (parser, "^"))
            ok = (above = parse_primed (parser, above)) != NULL;
        }
      else if (*parser->at == '_' || *parser->at == '^')
        {
          RiposteMath **which = *parser->at++ == '_' ? &below : &above;

          ok = !*which && (*which = riposte_math_parse_argument (parser));
        }
      else
        return scripts_new (base, below, above);
    }
  riposte_math_free (base);
  riposte_math_free (below);
  riposte_math_free (above);
  return NULL;
}

/* ---- rows ---- */

/* "{a \over b}": takes what stands before, and parses what stands behind. */
static RiposteMath *
parse_infix (RiposteMathParser *parser, RiposteMath *above, const char *const *ends, const char *command)
{
  gboolean line = strcmp (command, "\\over") == 0;
  RiposteMath *below = riposte_math_parse_row (parser, ends), *node;

  if (!below)
    {
      riposte_math_free (above);
      return NULL;
    }
  node = riposte_math_node_new (RIPOSTE_MATH_FRACTION, NULL);
  node->width = line;
  riposte_math_add (node, above);
  riposte_math_add (node, below);
  if (strcmp (command, "\\choose") == 0)
    node = riposte_math_fence_new (node, "(", ")");
  above = riposte_math_node_new (RIPOSTE_MATH_ROW, NULL);
  riposte_math_add (above, node);
  return above;
}

static RiposteMath *
parse_items (RiposteMathParser *parser, const char *const *ends)
{
  static const char *const infixes[] = { "\\over", "\\choose", "\\atop" };
  RiposteMath *row = riposte_math_node_new (RIPOSTE_MATH_ROW, NULL);

  while (!riposte_math_at_end (parser, ends))
    {
      gboolean script = *parser->at == '_' || *parser->at == '^';
      guint start = parser->at - parser->tex;
      RiposteMath *base, *node;

      for (gsize i = 0; i < G_N_ELEMENTS (infixes); i++)
        if (riposte_math_take (parser, infixes[i]))
          return parse_infix (parser, row, ends, infixes[i]);
      base = script ? riposte_math_node_new (RIPOSTE_MATH_ROW, NULL) : parse_atom (parser);
      node = base ? parse_scripts (parser, base) : NULL;
      if (!node)
        {
          riposte_math_free (row);
          return NULL;
        }
      node->start = start;
      riposte_math_add (row, node);
    }
  return row;
}

/* A change of font within lasts as long as it. */
RiposteMath *
riposte_math_parse_row (RiposteMathParser *parser, const char *const *ends)
{
  RiposteMathFont font = parser->font;
  const char *alphabet = parser->alphabet;
  RiposteMath *row = NULL;

  if (++parser->depth <= MAX_DEPTH)
    row = parse_items (parser, ends);
  parser->depth--;
  parser->font = font;
  parser->alphabet = alphabet;
  return row;
}

RiposteMath *
riposte_math_parse (const char *tex)
{
  static const char *const ends[] = { "\\\\", "&", NULL };
  RiposteMathParser start = { .tex = tex, .at = tex, .font = RIPOSTE_MATH_ITALIC }, parser = start;
  RiposteMath *math;

  if (strlen (tex) > MAX_BYTES || !g_utf8_validate (tex, -1, NULL))
    return NULL;
  math = riposte_math_parse_row (&parser, ends);
  if (math && *parser.at && strstr (tex, "\\\\")) /* several lines, though nothing says so */
    {
      riposte_math_free (math);
      parser = start;
      math = riposte_math_parse_lines (&parser, NULL, "rl");
    }
  if (math && (*parser.at || !math->children))
    g_clear_pointer (&math, riposte_math_free);
  return math;
}
