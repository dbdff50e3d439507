#include "lexer.h"

#include <string.h>

typedef struct
{
  TplArena *arena;
  const char *source, *at, *end;
  guint line;
  GArray *tokens;
  gboolean trim_next;    /* the last tag ended with -: white space goes */
  gboolean drop_newline; /* trim_blocks: a newline right behind a tag goes */
  GError **error;
} Lexer;

static gboolean
fail (Lexer *lexer, const char *what)
{
  g_set_error (lexer->error, RP_ERROR, RP_ERROR_TEMPLATE, "The chat template is wrong at line %u: %s", lexer->line,
               what);
  return FALSE;
}

static void
add (Lexer *lexer, TplTokenType type, const char *text, gsize length)
{
  char *copy = tpl_alloc (lexer->arena, length + 1);
  TplToken token = { type, lexer->line, copy, length };

  memcpy (copy, text, length);
  g_array_append_val (lexer->tokens, token);
}

static gboolean
starts_with (const Lexer *lexer, const char *text)
{
  gsize length = strlen (text);

  return (gsize)(lexer->end - lexer->at) >= length && memcmp (lexer->at, text, length) == 0;
}

static void
count_lines (Lexer *lexer, const char *from, const char *to)
{
  for (; from < to; from++)
    lexer->line += *from == '\n';
}

/* Text up to a tag at stop, after what - and the two trim options take away from it. */
static void
add_text (Lexer *lexer, const char *stop, gboolean is_block, char sign)
{
  const char *start = lexer->at, *last = stop;

  if (lexer->trim_next)
    while (start < stop && g_ascii_isspace (*start))
      start++;
  else if (lexer->drop_newline && start < stop && *start == '\n')
    start++;
  if (sign == '-')
    while (last > start && g_ascii_isspace (last[-1]))
      last--;
  else if (is_block && sign != '+')
    {
      /* lstrip_blocks: blanks between the start of the line and a block go. */
      const char *line = last;
      while (line > start && (line[-1] == ' ' || line[-1] == '\t' || line[-1] == '\v' || line[-1] == '\f'))
        line--;
      if (line == lexer->source || line[-1] == '\n')
        last = line;
    }
  if (last > start)
    add (lexer, TPL_T_TEXT, start, last - start);
  count_lines (lexer, lexer->at, stop);
  lexer->at = stop;
}

static gboolean
lex_string (Lexer *lexer)
{
  g_autoptr (GString) text = g_string_new (NULL);
  char quote = *lexer->at;
  const char *start = lexer->at++;

  for (; lexer->at < lexer->end && *lexer->at != quote; lexer->at++)
    {
      static const char escapes[] = "ntrbfva0\\'\"", values[] = "\n\t\r\b\f\v\a\0\\'\"";
      const char *found;

      if (*lexer->at != '\\' || lexer->at + 1 >= lexer->end)
        {
          g_string_append_c (text, *lexer->at);
          continue;
        }
      lexer->at++;
      found = *lexer->at ? strchr (escapes, *lexer->at) : NULL;
      if (found)
        g_string_append_c (text, values[found - escapes]);
      else if (*lexer->at == '\n')
        continue;
      else if (*lexer->at == 'x' || *lexer->at == 'u' || *lexer->at == 'U')
        {
          int digits = *lexer->at == 'x' ? 2 : *lexer->at == 'u' ? 4 : 8;
          gunichar c = 0;

          for (int i = 0; i < digits; i++)
            {
              int digit = lexer->at + 1 < lexer->end ? g_ascii_xdigit_value (lexer->at[1]) : -1;
              if (digit < 0)
                return fail (lexer, "a wrong escape in a string");
              c = c << 4 | (guint)digit;
              lexer->at++;
            }
          if (!g_unichar_validate (c))
            return fail (lexer, "a wrong escape in a string");
          g_string_append_unichar (text, c);
        }
      else
        {
          g_string_append_c (text, '\\');
          g_string_append_c (text, *lexer->at);
        }
    }
  if (lexer->at == lexer->end)
    return fail (lexer, "a string has no end");
  lexer->at++;
  count_lines (lexer, start, lexer->at);
  add (lexer, TPL_T_STRING, text->str, text->len);
  return TRUE;
}

static void
lex_number (Lexer *lexer)
{
  g_autoptr (GString) text = g_string_new (NULL);
  gboolean is_float = FALSE;

  while (lexer->at < lexer->end)
    {
      char c = *lexer->at;

      if (c == '_' && lexer->at + 1 < lexer->end && g_ascii_isdigit (lexer->at[1]))
        {
          lexer->at++;
          continue;
        }
      if (c == '.' && !is_float && lexer->at + 1 < lexer->end && g_ascii_isdigit (lexer->at[1]))
        is_float = TRUE;
      else if ((c == 'e' || c == 'E') && lexer->at + 1 < lexer->end
               && (g_ascii_isdigit (lexer->at[1])
                   || (lexer->at + 2 < lexer->end && strchr ("+-", lexer->at[1]) && g_ascii_isdigit (lexer->at[2]))))
        {
          is_float = TRUE;
          g_string_append_c (text, *lexer->at++);
          c = *lexer->at;
        }
      else if (!g_ascii_isdigit (c))
        break;
      g_string_append_c (text, c);
      lexer->at++;
    }
  add (lexer, is_float ? TPL_T_FLOAT : TPL_T_INT, text->str, text->len);
}

static gboolean
is_name_start (const char *at)
{
  return g_ascii_isalpha (*at) || *at == '_' || (*at & 0x80);
}

/* The inside of a tag, up to its end. */
static gboolean
lex_inside (Lexer *lexer, const char *close)
{
  static const char *const operators[] = { "//", "**", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<",
                                           ">",  "=",  ".",  ":",  "|",  ",",  "(", ")", "[", "]", "{", "}", ";" };
  gboolean output = close[0] == '}';
  guint depth = 0;

  for (;;)
    {
      const char *name = lexer->at;
      gsize i;

      while (lexer->at < lexer->end && g_ascii_isspace (*lexer->at))
        lexer->line += *lexer->at++ == '\n';
      if (lexer->at == lexer->end)
        return fail (lexer, "a tag has no end");
      lexer->trim_next = *lexer->at == '-' && lexer->end - lexer->at >= 3 && memcmp (lexer->at + 1, close, 2) == 0;
      if (lexer->trim_next || (depth == 0 && starts_with (lexer, close))
          || (*lexer->at == '+' && lexer->end - lexer->at >= 3 && memcmp (lexer->at + 1, close, 2) == 0))
        {
          lexer->drop_newline = !output && *lexer->at != '+';
          lexer->at += *lexer->at == '-' || *lexer->at == '+' ? 3 : 2;
          add (lexer, output ? TPL_T_OUTPUT_END : TPL_T_TAG_END, "", 0);
          return TRUE;
        }
      if (*lexer->at == '"' || *lexer->at == '\'')
        {
          if (!lex_string (lexer))
            return FALSE;
          continue;
        }
      if (g_ascii_isdigit (*lexer->at))
        {
          lex_number (lexer);
          continue;
        }
      if (is_name_start (lexer->at))
        {
          for (name = lexer->at; lexer->at < lexer->end && (is_name_start (lexer->at) || g_ascii_isdigit (*lexer->at));)
            lexer->at++;
          add (lexer, TPL_T_NAME, name, lexer->at - name);
          continue;
        }
      for (i = 0; i < G_N_ELEMENTS (operators) && !starts_with (lexer, operators[i]); i++)
        ;
      if (i == G_N_ELEMENTS (operators))
        return fail (lexer, "an unexpected character");
      depth += strchr ("([{", operators[i][0]) != NULL;
      if (strchr (")]}", operators[i][0]) && depth)
        depth--;
      add (lexer, TPL_T_OPERATOR, operators[i], strlen (operators[i]));
      lexer->at += strlen (operators[i]);
    }
}

/* {% raw %} … {% endraw %}: at stands behind the opening one. */
static gboolean
lex_raw (Lexer *lexer)
{
  for (const char *stop = lexer->at; (stop = memmem (stop, lexer->end - stop, "{%", 2)); stop += 2)
    {
      const char *at = stop + 2;
      char sign = at < lexer->end && (*at == '-' || *at == '+') ? *at++ : '\0';

      while (at < lexer->end && g_ascii_isspace (*at))
        at++;
      if (lexer->end - at < 6 || memcmp (at, "endraw", 6) != 0)
        continue;
      add_text (lexer, stop, TRUE, sign);
      lexer->at = at + 6;
      if (!lex_inside (lexer, "%}"))
        return FALSE;
      g_array_set_size (lexer->tokens, lexer->tokens->len - 1);
      return TRUE;
    }
  return fail (lexer, "a raw block has no end");
}

static gboolean
lex_comment (Lexer *lexer)
{
  const char *close = memmem (lexer->at, lexer->end - lexer->at, "#}", 2);

  if (!close)
    return fail (lexer, "a comment has no end");
  lexer->trim_next = close > lexer->at && close[-1] == '-';
  lexer->drop_newline = !(close > lexer->at && close[-1] == '+');
  count_lines (lexer, lexer->at, close);
  lexer->at = close + 2;
  return TRUE;
}

static const char *
find_tag (const Lexer *lexer)
{
  for (const char *at = lexer->at; at + 1 < lexer->end; at++)
    if (*at == '{' && (at[1] == '{' || at[1] == '%' || at[1] == '#'))
      return at;
  return NULL;
}

/* The name in the tag just lexed is raw, alone. */
static gboolean
is_raw (const Lexer *lexer)
{
  guint n = lexer->tokens->len;
  const TplToken *tokens = (const TplToken *)lexer->tokens->data;

  return n >= 3 && tokens[n - 3].type == TPL_T_TAG_BEGIN && tokens[n - 2].type == TPL_T_NAME
         && strcmp (tokens[n - 2].text, "raw") == 0;
}

static gboolean
lex_all (Lexer *lexer)
{
  const char *tag;

  while ((tag = find_tag (lexer)))
    {
      char kind = tag[1];
      char sign = tag + 2 < lexer->end && (tag[2] == '-' || tag[2] == '+') ? tag[2] : '\0';

      add_text (lexer, tag, kind != '{', sign);
      lexer->at = tag + 2 + (sign != '\0');
      if (kind == '#')
        {
          if (sign)
            lexer->at--;
          if (!lex_comment (lexer))
            return FALSE;
          continue;
        }
      add (lexer, kind == '{' ? TPL_T_OUTPUT_BEGIN : TPL_T_TAG_BEGIN, "", 0);
      if (!lex_inside (lexer, kind == '{' ? "}}" : "%}"))
        return FALSE;
      if (is_raw (lexer))
        {
          g_array_set_size (lexer->tokens, lexer->tokens->len - 3);
          if (!lex_raw (lexer))
            return FALSE;
        }
    }
  add_text (lexer, lexer->end, FALSE, '\0');
  add (lexer, TPL_T_END, "", 0);
  return TRUE;
}

/* Jinja reads "\r\n" and "\r" as "\n" and drops one newline at the very end. */
static char *
normalize (TplArena *arena, const char *source, gsize length, gsize *out_length)
{
  char *text = tpl_alloc (arena, length + 1);
  gsize n = 0;

  for (gsize i = 0; i < length; i++)
    {
      if (source[i] == '\r' && i + 1 < length && source[i + 1] == '\n')
        continue;
      text[n++] = source[i] == '\r' ? '\n' : source[i];
    }
  if (n && text[n - 1] == '\n')
    n--;
  *out_length = n;
  return text;
}

GArray *
tpl_lex (TplArena *arena, const char *source, gsize length, GError **error)
{
  g_autoptr (GArray) tokens = g_array_new (FALSE, FALSE, sizeof (TplToken));
  char *text = normalize (arena, source, length, &length);
  Lexer lexer
    = { .arena = arena, .source = text, .at = text, .end = text + length, .line = 1, .tokens = tokens, .error = error };

  return lex_all (&lexer) ? g_steal_pointer (&tokens) : NULL;
}
