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

static gboolean
blank_before (const char *at)
{
  return tpl_is_blank (g_utf8_get_char (g_utf8_prev_char (at)));
}

/* Text up to a tag at stop, after what - and the two trim options take away from it. */
static void
add_text (Lexer *lexer, const char *stop, gboolean is_block, char sign)
{
  const char *start = lexer->at, *last = stop;

  if (lexer->trim_next)
    while (start < stop && tpl_is_blank (g_utf8_get_char (start)))
      start = g_utf8_next_char (start);
  else if (lexer->drop_newline && start < stop && *start == '\n')
    start++;
  if (sign == '-')
    while (last > start && blank_before (last))
      last = g_utf8_prev_char (last);
  else if (is_block && sign != '+')
    {
      /* lstrip_blocks: blanks between the start of the line and a block go. */
      const char *line = last;
      while (line > start && line[-1] != '\n' && blank_before (line))
        line = g_utf8_prev_char (line);
      if (line == lexer->source || line[-1] == '\n')
        last = line;
    }
  if (last > start)
    add (lexer, TPL_T_TEXT, start, last - start);
  count_lines (lexer, lexer->at, stop);
  lexer->at = stop;
}

/* The digits of \x41, \u1234, \U00012345 or, in base 8, \101. at stands on the character before them. */
static gboolean
lex_code (Lexer *lexer, GString *text, guint least, guint most, guint base)
{
  gunichar c = 0;
  guint n = 0;

  for (; n < most && lexer->at + 1 < lexer->end; n++, lexer->at++)
    {
      int digit = g_ascii_xdigit_value (lexer->at[1]);

      if (digit < 0 || digit >= (int)base)
        break;
      c = c * base + (guint)digit;
    }
  if (n < least || !g_unichar_validate (c))
    return fail (lexer, "a wrong escape in a string");
  g_string_append_unichar (text, c);
  return TRUE;
}

/* What follows a backslash, as in Python; at is left on its last byte. */
static gboolean
lex_escape (Lexer *lexer, GString *text)
{
  static const char escapes[] = "ntrbfva\\'\"", values[] = "\n\t\r\b\f\v\a\\'\"";
  char c = *lexer->at;
  const char *found = c ? strchr (escapes, c) : NULL;

  if (found)
    g_string_append_c (text, values[found - escapes]);
  else if (c == 'x')
    return lex_code (lexer, text, 2, 2, 16);
  else if (c == 'u')
    return lex_code (lexer, text, 4, 4, 16);
  else if (c == 'U')
    return lex_code (lexer, text, 8, 8, 16);
  else if (c >= '0' && c <= '7')
    {
      lexer->at--;
      return lex_code (lexer, text, 1, 3, 8);
    }
  else if (c != '\n')
    {
      g_string_append_c (text, '\\');
      g_string_append_c (text, c);
    }
  return TRUE;
}

static gboolean
lex_string (Lexer *lexer)
{
  g_autoptr (GString) text = g_string_new (NULL);
  char quote = *lexer->at;
  const char *start = lexer->at++;

  for (; lexer->at < lexer->end && *lexer->at != quote; lexer->at++)
    if (*lexer->at != '\\' || lexer->at + 1 >= lexer->end)
      g_string_append_c (text, *lexer->at);
    else
      {
        lexer->at++;
        if (!lex_escape (lexer, text))
          return FALSE;
      }
  if (lexer->at == lexer->end)
    return fail (lexer, "a string has no end");
  lexer->at++;
  count_lines (lexer, start, lexer->at);
  add (lexer, TPL_T_STRING, text->str, text->len);
  return TRUE;
}

static gboolean
digit_at (const Lexer *lexer, gsize offset)
{
  return (gsize)(lexer->end - lexer->at) > offset && g_ascii_isdigit (lexer->at[offset]);
}

/* Appends digits, without the underscores that may stand between them. */
static void
take_digits (Lexer *lexer, GString *text)
{
  while (digit_at (lexer, 0) || (*lexer->at == '_' && digit_at (lexer, 1)))
    {
      if (*lexer->at != '_')
        g_string_append_c (text, *lexer->at);
      lexer->at++;
    }
}

static void
lex_number (Lexer *lexer)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const TplToken *last = lexer->tokens->len ? &g_array_index (lexer->tokens, TplToken, lexer->tokens->len - 1) : NULL;
  gboolean after_dot = last && last->type == TPL_T_OPERATOR && last->text[0] == '.', is_float = FALSE;
  gsize sign;

  if (*lexer->at == '0' && lexer->end - lexer->at > 2 && strchr ("xXbBoO", lexer->at[1]) && lexer->at[1])
    {
      do
        g_string_append_c (text, *lexer->at++);
      while (lexer->at < lexer->end && (g_ascii_isalnum (*lexer->at) || *lexer->at == '_'));
      add (lexer, TPL_T_INT, text->str, text->len);
      return;
    }
  take_digits (lexer, text);
  if (!after_dot && lexer->at < lexer->end && *lexer->at == '.' && digit_at (lexer, 1))
    {
      is_float = TRUE;
      g_string_append_c (text, *lexer->at++);
      take_digits (lexer, text);
    }
  sign = lexer->end - lexer->at > 1 && (lexer->at[1] == '+' || lexer->at[1] == '-');
  if (!after_dot && lexer->at < lexer->end && g_ascii_tolower (*lexer->at) == 'e' && digit_at (lexer, 1 + sign))
    {
      is_float = TRUE;
      g_string_append_len (text, lexer->at, 1 + sign);
      lexer->at += 1 + sign;
      take_digits (lexer, text);
    }
  add (lexer, is_float ? TPL_T_FLOAT : TPL_T_INT, text->str, text->len);
}

static gboolean
is_name_start (const char *at)
{
  return g_ascii_isalpha (*at) || *at == '_' || (*at & 0x80);
}

/* The end of a tag, if it stands here: "%}", "-%}", "+%}"; "}}", "-}}". */
static gboolean
lex_close (Lexer *lexer, const char *close)
{
  gboolean output = close[0] == '}';
  char sign = *lexer->at == '-' || (*lexer->at == '+' && !output) ? *lexer->at : '\0';

  if ((gsize)(lexer->end - lexer->at) < 2 + (sign != '\0') || memcmp (lexer->at + (sign != '\0'), close, 2) != 0)
    return FALSE;
  lexer->trim_next = sign == '-';
  lexer->drop_newline = !output && !sign;
  lexer->at += 2 + (sign != '\0');
  add (lexer, output ? TPL_T_OUTPUT_END : TPL_T_TAG_END, "", 0);
  return TRUE;
}

static gboolean
lex_operator (Lexer *lexer, guint *depth)
{
  static const char *const operators[] = { "//", "**", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<",
                                           ">",  "=",  ".",  ":",  "|",  ",",  "(", ")", "[", "]", "{", "}", ";" };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (operators) && !starts_with (lexer, operators[i]); i++)
    ;
  if (i == G_N_ELEMENTS (operators))
    return fail (lexer, "an unexpected character");
  *depth += strchr ("([{", operators[i][0]) != NULL;
  if (strchr (")]}", operators[i][0]))
    {
      if (*depth == 0)
        return fail (lexer, "a closing bracket that was not opened");
      --*depth;
    }
  add (lexer, TPL_T_OPERATOR, operators[i], strlen (operators[i]));
  lexer->at += strlen (operators[i]);
  return TRUE;
}

static void
skip_blanks (Lexer *lexer)
{
  for (; lexer->at < lexer->end && tpl_is_blank (g_utf8_get_char (lexer->at)); lexer->at = g_utf8_next_char (lexer->at))
    lexer->line += *lexer->at == '\n';
}

/* The inside of a tag, up to its end. */
static gboolean
lex_inside (Lexer *lexer, const char *close)
{
  guint depth = 0;

  for (;;)
    {
      const char *name;
      gboolean ok = TRUE;

      skip_blanks (lexer);
      if (lexer->at == lexer->end)
        return fail (lexer, "a tag has no end");
      if (depth == 0 && lex_close (lexer, close))
        return TRUE;
      name = lexer->at;
      if (*lexer->at == '"' || *lexer->at == '\'')
        ok = lex_string (lexer);
      else if (g_ascii_isdigit (*lexer->at))
        lex_number (lexer);
      else if (is_name_start (lexer->at))
        {
          while (lexer->at < lexer->end && (is_name_start (lexer->at) || g_ascii_isdigit (*lexer->at)))
            lexer->at++;
          add (lexer, TPL_T_NAME, name, lexer->at - name);
        }
      else
        ok = lex_operator (lexer, &depth);
      if (!ok)
        return FALSE;
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

      while (at < lexer->end && tpl_is_blank (g_utf8_get_char (at)))
        at = g_utf8_next_char (at);
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

  if (lexer->at == lexer->end)
    return TRUE; /* as in Jinja */
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

  /* +%} is no end of it in Jinja. */
  return n >= 3 && !(lexer->at - lexer->source > 2 && lexer->at[-3] == '+') && tokens[n - 3].type == TPL_T_TAG_BEGIN
         && tokens[n - 2].type == TPL_T_NAME && strcmp (tokens[n - 2].text, "raw") == 0;
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
          lexer->drop_newline = FALSE; /* trim_blocks is not for this tag */
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
