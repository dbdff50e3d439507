/* Commands: what each takes, and makes of it. */
#include "math/math-parse-private.h"

#include <string.h>

typedef struct _Command Command;
typedef RiposteMath *(*Parse) (RiposteMathParser *parser, const Command *command);

struct _Command
{
  const char *names; /* with blanks between */
  Parse parse;
  int number; /* what it is, is said at what takes it */
  const char *text, *close;
};

static RiposteMath *
space_new (int width)
{
  RiposteMath *node = riposte_math_node_new (RIPOSTE_MATH_SPACE, NULL);

  node->width = width;
  return node;
}

/* ---- fractions, roots, fences ---- */

/* number: a RiposteMathSize */
static RiposteMath *
parse_fraction (RiposteMathParser *parser, const Command *command)
{
  RiposteMath *node = riposte_math_node_new (RIPOSTE_MATH_FRACTION, NULL);

  node->width = 1;
  node->size = command->number;
  if (command->text)
    g_free (riposte_math_take_option (parser)); /* where a continued fraction stands */
  return riposte_math_parse_children (parser, node, 2);
}

static RiposteMath *
parse_binomial (RiposteMathParser *parser, const Command *command)
{
  RiposteMath *inner = riposte_math_node_new (RIPOSTE_MATH_FRACTION, NULL);

  inner->size = command->number;
  inner = riposte_math_parse_children (parser, inner, 2);
  return inner ? riposte_math_fence_new (inner, "(", ")") : NULL;
}

static RiposteMath *
parse_root (RiposteMathParser *parser, const Command *command)
{
  RiposteMath *index = riposte_math_parse_optional (parser);
  RiposteMath *node = riposte_math_parse_children (parser, riposte_math_node_new (RIPOSTE_MATH_ROOT, NULL), 1);

  if (node && index)
    riposte_math_add (node, index);
  else
    riposte_math_free (index);
  return node;
}

static RiposteMath *
parse_fence (RiposteMathParser *parser, const Command *command)
{
  static const char *const ends[] = { "\\right", NULL };
  g_autofree char *open = riposte_math_take_delimiter (parser), *close = NULL;
  RiposteMath *body = open ? riposte_math_parse_row (parser, ends) : NULL;

  if (body && riposte_math_take (parser, "\\right"))
    close = riposte_math_take_delimiter (parser);
  if (close)
    return riposte_math_fence_new (body, open, close);
  riposte_math_free (body);
  return NULL;
}

/* text and close: what is put around the argument */
static RiposteMath *
parse_between (RiposteMathParser *parser, const Command *command)
{
  RiposteMath *child;

  if (*parser->at == '*') /* of \abs*{…}: that it grows */
    parser->at++;
  child = riposte_math_parse_argument (parser);
  return child ? riposte_math_fence_new (child, command->text, command->close) : NULL;
}

/* number: hundredths of an em, 0 for \middle; text: "l", "r", "m" or "" of its name */
static RiposteMath *
parse_delimiter (RiposteMathParser *parser, const Command *command)
{
  g_autofree char *text = riposte_math_take_delimiter (parser);
  RiposteMath *node;

  if (!text)
    return space_new (0);
  node = riposte_math_node_new (RIPOSTE_MATH_DELIMITER, text);
  node->width = command->number;
  node->class = *command->text == 'l'   ? RIPOSTE_MATH_OPENING
                : *command->text == 'r' ? RIPOSTE_MATH_CLOSING
                : *command->text == 'm' ? RIPOSTE_MATH_RELATION
                                        : RIPOSTE_MATH_ORDINARY;
  return node;
}

/* ---- words and fonts ---- */

static void
append_text_command (GString *out, RiposteMathParser *text)
{
  g_autofree char *name = riposte_math_take_command (text);
  const RiposteMathSymbol *symbol = name ? riposte_math_find_symbol (name) : NULL;

  if (!name)
    text->at++;
  else if (symbol)
    g_string_append (out, symbol->text);
  else if (!g_ascii_isalpha (*name))
    g_string_append (out, strchr (" \\,;:", *name) ? " " : *name == '!' ? "" : name);
  if (name && g_ascii_isalpha (*name) && *text->at == ' ')
    text->at++;
}

/* Up to a formula or the end. */
static RiposteMath *
parse_text (RiposteMathParser *text, RiposteMathFont font)
{
  g_autoptr (GString) out = g_string_new (NULL);
  RiposteMath *node;

  while (*text->at && *text->at != '$')
    if (*text->at == '\\')
      append_text_command (out, text);
    else if (*text->at == '{' || *text->at == '}')
      text->at++;
    else
      {
        g_string_append_c (out, *text->at == '~' || *text->at == '\n' ? ' ' : *text->at);
        text->at++;
      }
  node = riposte_math_node_new (RIPOSTE_MATH_TEXT, out->str);
  node->font = font;
  return node;
}

/* number: the font. Formulas may stand in it, between dollars. */
static RiposteMath *
parse_words (RiposteMathParser *parser, const Command *command)
{
  static const char *const ends[] = { "$", NULL };
  g_autofree char *words = riposte_math_take_verbatim (parser);
  RiposteMathParser text = *parser;
  RiposteMath *row;

  if (!words)
    return NULL;
  text.tex = text.at = words;
  text.font = RIPOSTE_MATH_ITALIC;
  row = riposte_math_node_new (RIPOSTE_MATH_ROW, NULL);
  riposte_math_add (row, parse_text (&text, command->number));
  while (*text.at == '$')
    {
      RiposteMath *formula;

      text.at++;
      formula = riposte_math_parse_row (&text, ends);
      if (!formula || *text.at != '$')
        {
          riposte_math_free (formula);
          riposte_math_free (row);
          return NULL;
        }
      text.at++;
      riposte_math_add (row, formula);
      riposte_math_add (row, parse_text (&text, command->number));
    }
  parser->n_nodes = text.n_nodes;
  return row;
}

/* number: the font; text: an alphabet */
static RiposteMath *
parse_in_font (RiposteMathParser *parser, const Command *command)
{
  return riposte_math_parse_in_font (parser, command->number, command->text);
}

/* The same for the rest of the group. */
static RiposteMath *
switch_font (RiposteMathParser *parser, const Command *command)
{
  parser->font = command->number;
  parser->alphabet = command->text;
  return space_new (0);
}

static RiposteMath *
parse_operator_name (RiposteMathParser *parser, const Command *command)
{
  RiposteMathLimits limits = riposte_math_take (parser, "*") ? RIPOSTE_MATH_LIMITS : RIPOSTE_MATH_NO_LIMITS;
  const char *before = parser->at;
  g_autofree char *words = riposte_math_take_verbatim (parser);
  RiposteMath *node;

  if (words && !strpbrk (words, "\\^_{$"))
    node = riposte_math_symbol_new (words, RIPOSTE_MATH_OPERATOR, RIPOSTE_MATH_UPRIGHT);
  else
    {
      parser->at = before;
      node = riposte_math_parse_in_font (parser, RIPOSTE_MATH_UPRIGHT, NULL);
    }
  if (!node)
    return NULL;
  node->class = RIPOSTE_MATH_OPERATOR;
  node->limits = limits;
  return node;
}

/* number: a RiposteMathClass, which the argument gets */
static RiposteMath *
parse_class (RiposteMathParser *parser, const Command *command)
{
  RiposteMath *node = riposte_math_parse_argument (parser);

  if (!node)
    return NULL;
  node->class = command->number;
  node->limits = node->class == RIPOSTE_MATH_OPERATOR ? RIPOSTE_MATH_LIMITS : RIPOSTE_MATH_NO_LIMITS;
  return node;
}

/* ---- stacks ---- */

static RiposteMathClass
class_of_content (const RiposteMath *node)
{
  while (node->kind == RIPOSTE_MATH_ROW && node->children && node->children->len == 1)
    node = node->children->pdata[0];
  return node->class;
}

/* number: below, and not above */
static RiposteMath *
parse_stack (RiposteMathParser *parser, const Command *command)
{
  RiposteMath *mark = riposte_math_parse_argument (parser);
  RiposteMath *base = mark ? riposte_math_parse_argument (parser) : NULL, *node;

  if (!base)
    {
      riposte_math_free (mark);
      return NULL;
    }
  node = riposte_math_node_new (RIPOSTE_MATH_SCRIPTS, NULL);
  node->limits = RIPOSTE_MATH_ALWAYS_LIMITS;
  node->class = class_of_content (base);
  riposte_math_add (node, base);
  riposte_math_add (node, command->number ? mark : NULL);
  riposte_math_add (node, command->number ? NULL : mark);
  return node;
}

static RiposteMath *
parse_arrow (RiposteMathParser *parser, const Command *command)
{
  RiposteMath *below = riposte_math_parse_optional (parser), *above = riposte_math_parse_argument (parser), *node;

  if (!above)
    {
      riposte_math_free (below);
      return NULL;
    }
  node = riposte_math_node_new (RIPOSTE_MATH_ARROW, command->text);
  node->class = RIPOSTE_MATH_RELATION;
  riposte_math_add (node, below);
  riposte_math_add (node, above);
  return node;
}

static RiposteMath *
parse_substack (RiposteMathParser *parser, const Command *command)
{
  return riposte_math_take (parser, "{") ? riposte_math_parse_lines (parser, "}", "c") : NULL;
}

static RiposteMath *
parse_accent (RiposteMathParser *parser, const char *text, gboolean below)
{
  RiposteMath *node = riposte_math_node_new (RIPOSTE_MATH_ACCENT, text);

  node->below = below;
  node->limits
    = strcmp (text, "⏞") == 0 || strcmp (text, "⏟") == 0 ? RIPOSTE_MATH_ALWAYS_LIMITS : RIPOSTE_MATH_NO_LIMITS;
  return riposte_math_parse_children (parser, node, 1);
}

/* ---- others ---- */

/* A sign that is struck through; Unicode has many as one character. */
static RiposteMath *
parse_not (RiposteMathParser *parser, const Command *command)
{
  RiposteMath *node = riposte_math_parse_argument (parser);

  if (node && node->kind == RIPOSTE_MATH_SYMBOL)
    {
      g_autofree char *struck = g_strconcat (node->text, "\xcc\xb8", NULL);

      g_free (node->text);
      node->text = g_utf8_normalize (struck, -1, G_NORMALIZE_DEFAULT_COMPOSE);
    }
  return node;
}

/* text and close: around the argument, with a space in front */
static RiposteMath *
parse_modulus (RiposteMathParser *parser, const Command *command)
{
  RiposteMath *node = riposte_math_node_new (RIPOSTE_MATH_ROW, NULL);

  riposte_math_add (node, space_new (100));
  riposte_math_add (node, riposte_math_symbol_new (command->text, RIPOSTE_MATH_OPENING, RIPOSTE_MATH_UPRIGHT));
  if (!(node = riposte_math_parse_children (parser, node, 1)) || !command->close)
    return node;
  riposte_math_add (node, riposte_math_symbol_new (command->close, RIPOSTE_MATH_CLOSING, RIPOSTE_MATH_UPRIGHT));
  return node;
}

static RiposteMath *
parse_tag (RiposteMathParser *parser, const Command *command)
{
  gboolean bare = riposte_math_take (parser, "*");
  RiposteMath *node = riposte_math_node_new (RIPOSTE_MATH_ROW, NULL);
  RiposteMath *words = parse_words (parser, &(Command){ .number = RIPOSTE_MATH_UPRIGHT });

  riposte_math_add (node, space_new (200));
  if (!words)
    {
      riposte_math_free (node);
      return NULL;
    }
  riposte_math_add (node, bare ? words : riposte_math_fence_new (words, "(", ")"));
  return node;
}

/* "1.5em" and the like. */
static RiposteMath *
parse_space (RiposteMathParser *parser, const Command *command)
{
  static const struct
  {
    const char *unit;
    int width; /* in hundredths of an em */
  } units[] = { { "em", 100 }, { "ex", 45 }, { "mu", 6 }, { "pt", 10 }, { "cm", 285 }, { "mm", 28 }, { "in", 723 } };
  g_autofree char *length = NULL;
  double number;
  char *unit;

  riposte_math_take (parser, "*");
  length = riposte_math_take_verbatim (parser);
  if (!length)
    return space_new (0);
  number = g_ascii_strtod (length, &unit);
  unit += strspn (unit, " ");
  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    if (g_str_has_prefix (unit, units[i].unit))
      return space_new ((int)CLAMP (number * units[i].width, -200, 1000));
  return space_new (0);
}

/* "SO4^2- + 2 H+ -> H2SO4" as TeX: numbers behind letters are below, charges above. */
static char *
dup_chemistry (const char *words)
{
  GString *out = g_string_new (NULL);
  gboolean atom = FALSE; /* an atom or group has just ended */

  for (const char *p = words; *p; p++)
    if (g_str_has_prefix (p, "<=>") || g_str_has_prefix (p, "<->"))
      {
        g_string_append (out, *(p + 1) == '=' ? " \\rightleftharpoons " : " \\leftrightarrow ");
        p += 2;
      }
    else if (g_str_has_prefix (p, "->"))
      {
        g_string_append (out, " \\rightarrow ");
        p++;
      }
    else if (atom && (g_ascii_isdigit (*p) || ((*p == '+' || *p == '-') && p[1] != '>')))
      {
        gsize n = g_ascii_isdigit (*p) ? strspn (p, "0123456789") : 1;

        g_string_append_printf (out, "%c{%.*s}", g_ascii_isdigit (*p) ? '_' : '^', (int)n, p);
        p += n - 1;
      }
    else if (*p == '^' && p[1] != '{')
      {
        gsize n = strspn (p + 1, "0123456789+-");

        g_string_append_printf (out, "^{%.*s}", (int)n, p + 1);
        p += n;
      }
    else
      {
        if (*p == ' ')
          g_string_append_c (out, '\\');
        g_string_append_c (out, *p);
        atom = g_ascii_isalpha (*p) || strchr (")]}", *p);
        continue;
      }
  return g_string_free (out, FALSE);
}

static RiposteMath *
parse_chemistry (RiposteMathParser *parser, const Command *command)
{
  g_autofree char *words = riposte_math_take_verbatim (parser), *tex = words ? dup_chemistry (words) : NULL;
  RiposteMathParser inner = *parser;
  RiposteMath *node;

  if (!words)
    return NULL;
  inner.tex = inner.at = tex;
  inner.font = RIPOSTE_MATH_UPRIGHT;
  node = riposte_math_parse_row (&inner, NULL);
  parser->n_nodes = inner.n_nodes;
  return node;
}

static RiposteMath *
parse_phantom (RiposteMathParser *parser, const Command *command)
{
  return riposte_math_parse_children (parser, riposte_math_node_new (RIPOSTE_MATH_PHANTOM, NULL), 1);
}

/* number: a RiposteMathSize for the rest of the row */
static RiposteMath *
parse_size (RiposteMathParser *parser, const Command *command)
{
  RiposteMath *node = riposte_math_node_new (RIPOSTE_MATH_STYLE, NULL);

  node->size = command->number;
  return node;
}

/* number: of arguments that say what nothing is made of */
static RiposteMath *
skip_arguments (RiposteMathParser *parser, const Command *command)
{
  g_free (riposte_math_take_option (parser));
  for (int i = 0; i < command->number; i++)
    g_free (riposte_math_take_verbatim (parser));
  return space_new (0);
}

/* The same before an argument that is set. */
static RiposteMath *
parse_last (RiposteMathParser *parser, const Command *command)
{
  riposte_math_free (skip_arguments (parser, command));
  return riposte_math_parse_argument (parser);
}

static const Command commands[] = {
  { "frac", parse_fraction, RIPOSTE_MATH_AS_IS },
  { "dfrac", parse_fraction, RIPOSTE_MATH_DISPLAY },
  { "tfrac nicefrac sfrac", parse_fraction, RIPOSTE_MATH_INLINE },
  { "cfrac", parse_fraction, RIPOSTE_MATH_DISPLAY, "l" },
  { "binom", parse_binomial, RIPOSTE_MATH_AS_IS },
  { "dbinom", parse_binomial, RIPOSTE_MATH_DISPLAY },
  { "tbinom", parse_binomial, RIPOSTE_MATH_INLINE },
  { "sqrt", parse_root },
  { "left", parse_fence },
  { "middle", parse_delimiter, 0, "m" },
  { "big", parse_delimiter, 120, "" },
  { "bigl", parse_delimiter, 120, "l" },
  { "bigr", parse_delimiter, 120, "r" },
  { "bigm", parse_delimiter, 120, "m" },
  { "Big", parse_delimiter, 180, "" },
  { "Bigl", parse_delimiter, 180, "l" },
  { "Bigr", parse_delimiter, 180, "r" },
  { "Bigm", parse_delimiter, 180, "m" },
  { "bigg", parse_delimiter, 240, "" },
  { "biggl", parse_delimiter, 240, "l" },
  { "biggr", parse_delimiter, 240, "r" },
  { "biggm", parse_delimiter, 240, "m" },
  { "Bigg", parse_delimiter, 300, "" },
  { "Biggl", parse_delimiter, 300, "l" },
  { "Biggr", parse_delimiter, 300, "r" },
  { "Biggm", parse_delimiter, 300, "m" },
  { "abs", parse_between, 0, "|", "|" },
  { "norm", parse_between, 0, "‖", "‖" },
  { "set Set", parse_between, 0, "{", "}" },
  { "ceil", parse_between, 0, "⌈", "⌉" },
  { "floor", parse_between, 0, "⌊", "⌋" },
  { "ket Ket", parse_between, 0, "|", "⟩" },
  { "bra Bra", parse_between, 0, "⟨", "|" },
  { "braket Braket", parse_between, 0, "⟨", "⟩" },
  { "text textrm mbox textnormal textsf textup textsc hbox", parse_words, RIPOSTE_MATH_UPRIGHT },
  { "textbf", parse_words, RIPOSTE_MATH_BOLD },
  { "textit emph textsl", parse_words, RIPOSTE_MATH_ITALIC },
  { "texttt", parse_words, RIPOSTE_MATH_MONOSPACE },
  { "mathrm mathsf mathup", parse_in_font, RIPOSTE_MATH_UPRIGHT },
  { "mathbf boldsymbol bm pmb symbf mathbfit", parse_in_font, RIPOSTE_MATH_BOLD },
  { "mathit mathnormal", parse_in_font, RIPOSTE_MATH_ITALIC },
  { "mathtt", parse_in_font, RIPOSTE_MATH_MONOSPACE },
  { "mathbb", parse_in_font, RIPOSTE_MATH_UPRIGHT, "mathbb" },
  { "mathcal", parse_in_font, RIPOSTE_MATH_UPRIGHT, "mathcal" },
  { "mathscr", parse_in_font, RIPOSTE_MATH_UPRIGHT, "mathscr" },
  { "mathfrak", parse_in_font, RIPOSTE_MATH_UPRIGHT, "mathfrak" },
  { "rm sf", switch_font, RIPOSTE_MATH_UPRIGHT },
  { "bf", switch_font, RIPOSTE_MATH_BOLD },
  { "it", switch_font, RIPOSTE_MATH_ITALIC },
  { "tt", switch_font, RIPOSTE_MATH_MONOSPACE },
  { "cal", switch_font, RIPOSTE_MATH_UPRIGHT, "mathcal" },
  { "operatorname", parse_operator_name },
  { "mathop", parse_class, RIPOSTE_MATH_OPERATOR },
  { "mathbin", parse_class, RIPOSTE_MATH_BINARY },
  { "mathrel", parse_class, RIPOSTE_MATH_RELATION },
  { "mathopen", parse_class, RIPOSTE_MATH_OPENING },
  { "mathclose", parse_class, RIPOSTE_MATH_CLOSING },
  { "mathpunct", parse_class, RIPOSTE_MATH_PUNCTUATION },
  { "mathord mathinner smash", parse_class, RIPOSTE_MATH_ORDINARY },
  { "overset stackrel", parse_stack, FALSE },
  { "underset", parse_stack, TRUE },
  { "xrightarrow xhookrightarrow", parse_arrow, 0, "→" },
  { "xleftarrow", parse_arrow, 0, "←" },
  { "xleftrightarrow xrightleftharpoons", parse_arrow, 0, "↔" },
  { "xRightarrow", parse_arrow, 0, "⇒" },
  { "xLeftarrow", parse_arrow, 0, "⇐" },
  { "xLeftrightarrow", parse_arrow, 0, "⇔" },
  { "xmapsto", parse_arrow, 0, "↦" },
  { "xlongequal", parse_arrow, 0, "=" },
  { "substack", parse_substack },
  { "not", parse_not },
  { "pmod", parse_modulus, 0, "(mod ", ")" },
  { "pod", parse_modulus, 0, "(", ")" },
  { "mod", parse_modulus, 0, "mod " },
  { "tag", parse_tag },
  { "ce", parse_chemistry },
  { "hspace", parse_space },
  { "phantom hphantom vphantom", parse_phantom },
  { "displaystyle", parse_size, RIPOSTE_MATH_DISPLAY },
  { "textstyle scriptstyle scriptscriptstyle", parse_size, RIPOSTE_MATH_INLINE },
  { "nonumber notag hfill mathstrut strut relax allowbreak limits nolimits displaylimits hline", skip_arguments, 0 },
  { "label vspace require color cline", skip_arguments, 1 },
  { "rule", skip_arguments, 2 },
  { "textcolor colorbox href", parse_last, 1 },
  { "fcolorbox", parse_last, 2 },
};

static const Command *
find_command (const char *name)
{
  gsize n = strlen (name);

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    for (const char *p = commands[i].names; *p; p += strspn (p, " "))
      {
        gsize length = strcspn (p, " ");

        if (length == n && strncmp (p, name, n) == 0)
          return &commands[i];
        p += length;
      }
  return NULL;
}

/* G_MAXINT: it is none. */
static int
find_space (const char *name)
{
  static const struct
  {
    const char *name;
    int width;
  } spaces[] = { { ",", 17 },
                 { ":", 22 },
                 { ">", 22 },
                 { ";", 28 },
                 { "!", -17 },
                 { " ", 33 },
                 { "quad", 100 },
                 { "qquad", 200 },
                 { "thinspace", 17 },
                 { "medspace", 22 },
                 { "thickspace", 28 },
                 { "enspace", 50 },
                 { "negthinspace", -17 },
                 { "\\", 100 },
                 { "newline", 100 } };

  for (gsize i = 0; i < G_N_ELEMENTS (spaces); i++)
    if (strcmp (spaces[i].name, name) == 0)
      return spaces[i].width;
  return G_MAXINT;
}

static RiposteMath *
parse_symbol (RiposteMathParser *parser, const RiposteMathSymbol *symbol, const char *name)
{
  RiposteMath *node = riposte_math_symbol_new (symbol->text, symbol->class, parser->font);

  if (parser->font == RIPOSTE_MATH_ITALIC && !(g_ascii_islower (*name) && symbol->class == RIPOSTE_MATH_ORDINARY))
    node->font = RIPOSTE_MATH_UPRIGHT; /* capital Greek, and signs */
  node->large = symbol->large;
  node->limits = symbol->limits;
  return node;
}

RiposteMath *
riposte_math_parse_command (RiposteMathParser *parser)
{
  g_autofree char *name = riposte_math_take_command (parser), *shown = NULL;
  const RiposteMathSymbol *symbol;
  const Command *command;
  const char *accent;
  gboolean flag;
  RiposteMath *node;

  if (!name)
    return NULL;
  if (find_space (name) != G_MAXINT)
    return space_new (find_space (name));
  if ((symbol = riposte_math_find_symbol (name)))
    return parse_symbol (parser, symbol, name);
  if (riposte_math_find_function (name, &flag))
    {
      node = riposte_math_symbol_new (name, RIPOSTE_MATH_OPERATOR, RIPOSTE_MATH_UPRIGHT);
      node->limits = flag ? RIPOSTE_MATH_LIMITS : RIPOSTE_MATH_NO_LIMITS;
      return node;
    }
  if ((accent = riposte_math_find_accent (name, &flag)))
    return parse_accent (parser, accent, flag);
  if ((command = find_command (name)))
    return command->parse (parser, command);
  if (strcmp (name, "begin") == 0)
    return riposte_math_parse_environment (parser);
  if (strcmp (name, "end") == 0 || strcmp (name, "right") == 0)
    return NULL;
  shown = g_strconcat ("\\", name, NULL);
  return riposte_math_symbol_new (shown, RIPOSTE_MATH_ORDINARY, RIPOSTE_MATH_UPRIGHT);
}
