#include "regex-syntax.h"

#include <string.h>

#include "riposte-engine.h"

typedef struct
{
  RpSyntax *syntax;
  const char *pattern, *at;
  gboolean any_case, failed;
} Parser;

static int parse_alternatives (Parser *parser);

/* ---- sets ---- */

/* White space as Unicode defines it: the separators, and some that are controls. */
static const RpSetTerm blanks[] = {
  { 0x09, 0x0d, 0 },
  { 0x85, 0x85, 0 },
  { .categories = 1u << RP_CATEGORY_ZL | 1u << RP_CATEGORY_ZP | 1u << RP_CATEGORY_ZS },
};

static int
add_set (Parser *parser, gboolean negated)
{
  RpSet set = { g_array_new (FALSE, FALSE, sizeof (RpSetTerm)), negated, -1 };

  g_array_append_val (parser->syntax->sets, set);
  return parser->syntax->sets->len - 1;
}

static RpSet *
get_set (const RpSyntax *syntax, int set)
{
  return &g_array_index (syntax->sets, RpSet, set);
}

static void
add_range (Parser *parser, int set, gunichar first, gunichar last)
{
  RpSetTerm term = { first, last, 0 };

  g_array_append_val (get_set (parser->syntax, set)->terms, term);
}

static void
add_categories (Parser *parser, int set, const char *name, gsize length)
{
  RpSetTerm term = { .categories = rp_unicode_category_mask (name, length) };

  parser->failed |= term.categories == 0;
  g_array_append_val (get_set (parser->syntax, set)->terms, term);
}

gboolean
rp_syntax_set_has (const RpSyntax *syntax, int index, gunichar c, RpCategory category)
{
  const RpSet *set = get_set (syntax, index);
  gboolean has = FALSE;

  for (guint i = 0; i < set->terms->len && !has; i++)
    {
      const RpSetTerm *term = &g_array_index (set->terms, RpSetTerm, i);

      has = term->categories ? (term->categories >> category & 1) != 0 : c >= term->first && c <= term->last;
    }
  has = has != set->negated;
  return has && !(set->minus >= 0 && rp_syntax_set_has (syntax, set->minus, c, category));
}

/* ---- characters ---- */

static gboolean
take (Parser *parser, const char *text)
{
  gsize length = strlen (text);

  if (strncmp (parser->at, text, length) != 0)
    return FALSE;
  parser->at += length;
  return TRUE;
}

/* The text up to the brace that closes. */
static gsize
braced (Parser *parser, const char **text)
{
  const char *end = *parser->at == '{' ? strchr (parser->at, '}') : NULL;

  *text = parser->at + 1;
  if (!end)
    {
      parser->failed = TRUE;
      return 0;
    }
  parser->at = end + 1;
  return end - *text;
}

static gunichar
parse_character (Parser *parser)
{
  static const char names[] = "rntvf", values[] = "\r\n\t\v\f";
  const char *name, *digits;
  gunichar c;
  gsize size;

  if (*parser->at == '\0')
    {
      parser->failed = TRUE;
      return 0;
    }
  if (take (parser, "\\x"))
    return braced (parser, &digits) ? g_ascii_strtoull (digits, NULL, 16) : 0;
  if (take (parser, "\\") && (name = strchr (names, *parser->at)) && *name)
    {
      parser->at++;
      return values[name - names];
    }
  c = rp_unicode_read (parser->at, strlen (parser->at), &size);
  parser->at += size;
  return c;
}

/* A class that has a name, into set; FALSE where there is none here. */
static gboolean
parse_named (Parser *parser, int set)
{
  const char *name;

  if (take (parser, "\\s"))
    g_array_append_vals (get_set (parser->syntax, set)->terms, blanks, G_N_ELEMENTS (blanks));
  else if (take (parser, "\\d"))
    add_categories (parser, set, "Nd", 2);
  else if (take (parser, "\\p"))
    {
      gsize length = braced (parser, &name);
      add_categories (parser, set, name, length);
    }
  else
    return FALSE;
  return TRUE;
}

static void
add_character (Parser *parser, int set, gunichar c)
{
  add_range (parser, set, c, c);
  if (parser->any_case)
    {
      gunichar other = g_unichar_islower (c) ? g_unichar_toupper (c) : g_unichar_tolower (c);

      add_range (parser, set, other, other);
      if (c == 's' || c == 'S')
        add_range (parser, set, 0x17f, 0x17f); /* the long s is one, too */
    }
}

/* Behind the bracket that opens. */
static int
parse_class (Parser *parser)
{
  int set = add_set (parser, take (parser, "^"));

  while (!parser->failed && !take (parser, "]"))
    {
      gunichar first;

      if (take (parser, "&&[^"))
        {
          int minus = parse_class (parser);
          get_set (parser->syntax, minus)->negated = FALSE;
          get_set (parser->syntax, set)->minus = minus;
          continue;
        }
      if (parse_named (parser, set))
        continue;
      first = parse_character (parser);
      if (parser->at[0] == '-' && parser->at[1] != ']')
        {
          parser->at++;
          add_range (parser, set, first, parse_character (parser));
        }
      else
        add_character (parser, set, first);
    }
  return set;
}

static int
parse_literal (Parser *parser)
{
  int set = add_set (parser, FALSE);

  add_character (parser, set, parse_character (parser));
  return set;
}

/* ---- the tree ---- */

static int
add_node (Parser *parser, RpNode node)
{
  g_array_append_val (parser->syntax->nodes, node);
  return parser->syntax->nodes->len - 1;
}

static int
add_set_node (Parser *parser, RpNodeKind kind, int set)
{
  return add_node (parser, (RpNode){ .kind = kind, .set = set });
}

static int
parse_group (Parser *parser)
{
  gboolean outer = parser->any_case;
  int node;

  if (take (parser, "?i:"))
    parser->any_case = TRUE;
  else if (!take (parser, "?:"))
    parser->failed = TRUE;
  node = parse_alternatives (parser);
  parser->failed |= !take (parser, ")");
  parser->any_case = outer;
  return node;
}

static int
parse_ahead (Parser *parser)
{
  int node = parse_alternatives (parser);
  int set = g_array_index (parser->syntax->nodes, RpNode, node).set;

  parser->failed |= g_array_index (parser->syntax->nodes, RpNode, node).kind != RP_NODE_SET || !take (parser, ")");
  return add_set_node (parser, RP_NODE_AHEAD, set);
}

static int
parse_atom (Parser *parser)
{
  int set;

  if (take (parser, "(?!"))
    return parse_ahead (parser);
  if (take (parser, "("))
    return parse_group (parser);
  if (take (parser, "["))
    return add_set_node (parser, RP_NODE_SET, parse_class (parser));
  if (take (parser, "$"))
    return add_set_node (parser, RP_NODE_AHEAD, add_set (parser, TRUE)); /* no character at all */
  if (take (parser, "\\S"))
    {
      set = add_set (parser, TRUE);
      g_array_append_vals (get_set (parser->syntax, set)->terms, blanks, G_N_ELEMENTS (blanks));
      return add_set_node (parser, RP_NODE_SET, set);
    }
  if (parser->at[0] == '\\' && strchr ("sdp", parser->at[1]))
    {
      set = add_set (parser, FALSE);
      parser->failed |= !parse_named (parser, set);
      return add_set_node (parser, RP_NODE_SET, set);
    }
  if (strchr ("?*+{)", *parser->at))
    parser->failed = TRUE;
  return add_set_node (parser, RP_NODE_SET, parse_literal (parser));
}

static int
parse_repeated (Parser *parser)
{
  RpNode repeat = { .kind = RP_NODE_REPEAT, .a = parse_atom (parser), .min = 0, .max = -1 };
  const char *range;

  if (take (parser, "?"))
    repeat.max = 1;
  else if (take (parser, "+"))
    repeat.min = 1;
  else if (*parser->at == '{')
    {
      char *end;

      if (!braced (parser, &range))
        return repeat.a;
      repeat.min = repeat.max = strtol (range, &end, 10);
      if (*end == ',')
        repeat.max = strtol (end + 1, NULL, 10);
    }
  else if (!take (parser, "*"))
    return repeat.a;
  return add_node (parser, repeat);
}

static int
parse_sequence (Parser *parser)
{
  int node = -1;

  while (!parser->failed && *parser->at && *parser->at != '|' && *parser->at != ')')
    {
      int next = parse_repeated (parser);

      node = node < 0 ? next : add_node (parser, (RpNode){ .kind = RP_NODE_CAT, .a = node, .b = next });
    }
  return node < 0 ? add_node (parser, (RpNode){ .kind = RP_NODE_EMPTY }) : node;
}

static int
parse_alternatives (Parser *parser)
{
  int node = parse_sequence (parser);

  while (!parser->failed && take (parser, "|"))
    node = add_node (parser, (RpNode){ .kind = RP_NODE_ALT, .a = node, .b = parse_sequence (parser) });
  return node;
}

static void
clear_set (gpointer set)
{
  g_array_unref (((RpSet *)set)->terms);
}

gboolean
rp_syntax_parse (RpSyntax *syntax, const char *pattern, GError **error)
{
  Parser parser = { .syntax = syntax, .pattern = pattern, .at = pattern };

  syntax->sets = g_array_new (FALSE, FALSE, sizeof (RpSet));
  g_array_set_clear_func (syntax->sets, clear_set);
  syntax->nodes = g_array_new (FALSE, FALSE, sizeof (RpNode));
  syntax->root = parse_alternatives (&parser);
  if (!parser.failed && *parser.at == '\0')
    return TRUE;
  g_set_error (error, RP_ERROR, RP_ERROR_UNSUPPORTED, "A regular expression is not understood at its byte %d",
               (int)(parser.at - pattern));
  rp_syntax_clear (syntax);
  return FALSE;
}

void
rp_syntax_clear (RpSyntax *syntax)
{
  g_clear_pointer (&syntax->sets, g_array_unref);
  g_clear_pointer (&syntax->nodes, g_array_unref);
}
