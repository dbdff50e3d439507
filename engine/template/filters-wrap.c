/* Filters that lay text out: wordwrap, as Python's textwrap breaks lines, and striptags. */
#include "template-private.h"

#include <string.h>

#define FILTER TPL_BUILTIN

/* ---- wordwrap ---- */

typedef struct
{
  const gunichar *text;
  gsize n;
  gint64 width;
  gboolean break_words, break_hyphens;
} Wrap;

static gboolean
is_word (gunichar c)
{
  return c == '_' || g_unichar_isalnum (c);
}

static gboolean
is_letter (gunichar c)
{
  return is_word (c) && g_unichar_type (c) != G_UNICODE_DECIMAL_NUMBER;
}

static gboolean
is_break (gunichar c)
{
  return c == ' ' || (c >= '\t' && c <= '\r');
}

static gboolean
letter_at (const Wrap *wrap, gsize at)
{
  return at < wrap->n && is_letter (wrap->text[at]);
}

/* The end of two or more hyphens between a word and another; 0: there are none. */
static gsize
dash_end (const Wrap *wrap, gsize at)
{
  gsize end = at;

  if (at == 0
      || !(is_word (wrap->text[at - 1]) || (wrap->text[at - 1] < 128 && strchr ("!\"'&.,?", wrap->text[at - 1]))))
    return 0;
  while (end < wrap->n && wrap->text[end] == '-')
    end++;
  return end - at >= 2 && end < wrap->n && is_word (wrap->text[end]) ? end : 0;
}

/* A word may end behind its hyphen where letters stand around it. */
static gboolean
hyphen_at (const Wrap *wrap, gsize at)
{
  const gunichar *c = wrap->text + at;

  if (*c != '-' || !letter_at (wrap, at - 1))
    return FALSE;
  if (!(at >= 2 && is_letter (c[-2])) && !(at >= 3 && c[-2] == '-' && is_letter (c[-3])))
    return FALSE;
  return letter_at (wrap, at + 1) && letter_at (wrap, at + 2 + (at + 2 < wrap->n && c[2] == '-'));
}

/* Where the blanks, or the part of a word, that begin at a place end. */
static gsize
chunk_end (const Wrap *wrap, gsize at)
{
  gboolean blanks = is_break (wrap->text[at]);
  gsize end = wrap->break_hyphens && !blanks ? dash_end (wrap, at) : 0;

  if (end)
    return end;
  for (end = at + 1; end < wrap->n && is_break (wrap->text[end]) == blanks; end++)
    {
      if (blanks || !wrap->break_hyphens)
        continue;
      if (hyphen_at (wrap, end))
        return end + 1;
      if (dash_end (wrap, end))
        return end;
    }
  return end;
}

/* How much of a chunk that is longer than a line goes into what is left of one. */
static gsize
split_long (const Wrap *wrap, gsize at, gsize space)
{
  gboolean other = FALSE;
  gsize hyphen = 0;

  for (gsize i = 0; i < space && wrap->break_hyphens; i++)
    {
      if (wrap->text[at + i] == '-' && other)
        hyphen = i;
      other |= wrap->text[at + i] != '-';
    }
  return hyphen ? hyphen + 1 : space;
}

static gboolean
all_blank (const Wrap *wrap, gsize from, gsize to)
{
  while (from < to && tpl_is_blank (wrap->text[from]))
    from++;
  return from == to;
}

/* Appends one line of the text from *at on, and moves *at behind it. FALSE where the line has nothing on it. */
static gboolean
append_line (const Wrap *wrap, gsize *at, gsize *chunk, gboolean first, GString *out, const char *separator)
{
  gsize start, last, end;

  if (!first && all_blank (wrap, *at, *chunk))
    {
      *at = *chunk;
      *chunk = *at < wrap->n ? chunk_end (wrap, *at) : *at;
    }
  for (start = last = end = *at; *at < wrap->n && *chunk - start <= (gsize)wrap->width;
       *chunk = *at < wrap->n ? chunk_end (wrap, *at) : *at)
    {
      last = *at;
      end = *at = *chunk;
    }
  if (*at<wrap->n && * chunk - *at> (gsize) wrap->width)
    {
      if (wrap->break_words && *at - start < (gsize)wrap->width)
        {
          last = *at;
          end = *at += split_long (wrap, *at, wrap->width - (*at - start));
        }
      else if (end == start)
        {
          last = *at;
          end = *at = *chunk;
          *chunk = *at < wrap->n ? chunk_end (wrap, *at) : *at;
        }
    }
  if (all_blank (wrap, last, end))
    end = last;
  if (end == start)
    return FALSE;
  g_string_append (out, first ? "" : separator);
  for (gsize i = start; i < end; i++)
    g_string_append_unichar (out, wrap->text[i]);
  return TRUE;
}

FILTER (filter_wordwrap)
{
  Wrap wrap = { .width = tpl_int_arg (ARG (0), 79),
                .break_words = tpl_bool_arg (ARG (1), TRUE),
                .break_hyphens = tpl_bool_arg (ARG (3), TRUE) };
  const char *separator = tpl_is_text (ARG (2)) ? ARG (2)->text : "\n";
  const TplValue *lines;
  GString *out;

  if (!tpl_is_text (self))
    return self->type == TPL_UNDEFINED ? tpl_undefined_read (run, self) : tpl_fail (run, "wordwrap needs a text");
  lines = tpl_split_lines (run, self, FALSE);
  if (wrap.width <= 0 && self->length)
    return tpl_fail (run, "invalid width %" G_GINT64_FORMAT " (must be > 0)", wrap.width);
  out = g_string_new (NULL);
  for (gsize i = 0; lines && i < lines->n && out->len <= TPL_MAX_TEXT; i++)
    {
      const TplValue *line = lines->items[i];
      g_autofree gunichar *text = g_new (gunichar, line->length + 1);
      gsize at = 0, chunk;
      gboolean first = TRUE;

      wrap.text = text;
      wrap.n = 0;
      for (const char *c = line->text; c < line->text + line->length; c = g_utf8_next_char (c))
        text[wrap.n++] = g_utf8_get_char (c);
      g_string_append (out, i ? separator : "");
      chunk = wrap.n ? chunk_end (&wrap, 0) : 0;
      while (at < wrap.n && tpl_tick (run))
        first &= !append_line (&wrap, &at, &chunk, first, out, separator);
    }
  return tpl_take (run, out);
}

/* ---- striptags ---- */

/* Takes out what stands from a mark to an end, again and again, also where parts come together. */
static void
strip_between (TplRun *run, GString *text, const char *mark, const char *end)
{
  gsize kept = 0, at = 0, n_mark = strlen (mark), n_end = strlen (end);

  /* The text is read once: what is kept moves to its front, and a mark may have begun there. */
  while (at < text->len && tpl_tick (run))
    {
      const char *stop;

      text->str[kept++] = text->str[at++];
      if (kept < n_mark || memcmp (text->str + kept - n_mark, mark, n_mark) != 0)
        continue;
      /* the end may begin within the mark, but not before its first byte */
      memmove (text->str + at - n_mark, mark, n_mark);
      stop = memmem (text->str + at - n_mark, text->len - at + n_mark, end, n_end);
      if (!stop)
        {
          memcpy (text->str + kept - n_mark, mark, n_mark);
          break;
        }
      kept -= n_mark;
      at = stop - text->str + n_end;
    }
  memmove (text->str + kept, text->str + at, text->len - at);
  g_string_truncate (text, kept + text->len - at);
}

static const struct
{
  const char *name;
  gunichar c;
  gboolean open; /* the semicolon may be missing */
} entities[] = {
  { "amp", '&', TRUE },       { "lt", '<', TRUE },        { "gt", '>', TRUE },        { "quot", '"', TRUE },
  { "AMP", '&', TRUE },       { "LT", '<', TRUE },        { "GT", '>', TRUE },        { "QUOT", '"', TRUE },
  { "nbsp", 0xa0, TRUE },     { "copy", 0xa9, TRUE },     { "reg", 0xae, TRUE },      { "apos", '\'', FALSE },
  { "ndash", 0x2013, FALSE }, { "mdash", 0x2014, FALSE }, { "lsquo", 0x2018, FALSE }, { "rsquo", 0x2019, FALSE },
  { "ldquo", 0x201c, FALSE }, { "rdquo", 0x201d, FALSE }, { "bull", 0x2022, FALSE },  { "hellip", 0x2026, FALSE },
  { "euro", 0x20ac, FALSE },  { "trade", 0x2122, FALSE },
};

/* &#65; or &#x41;, at the #; what HTML has no character for is nothing, or what Windows means by it. */
static const char *
append_numbered (GString *out, const char *at)
{
  static const guint16 windows[32]
    = { 0x20ac, 0x81,   0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021, 0x2c6,  0x2030, 0x160,
        0x2039, 0x152,  0x8d,   0x17d,  0x8f,   0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0x2dc,  0x2122, 0x161,  0x203a, 0x153,  0x9d,   0x17e,  0x178 };
  gboolean hexadecimal = at[1] == 'x' || at[1] == 'X';
  const char *digits = at + 1 + hexadecimal, *end = digits;
  guint64 c = 0;

  for (; hexadecimal ? g_ascii_isxdigit (*end) : g_ascii_isdigit (*end); end++)
    c = MIN (c * (hexadecimal ? 16 : 10) + (guint64)g_ascii_xdigit_value (*end), 0x110000);
  if (end == digits)
    return NULL;
  if (c >= 0x80 && c < 0xa0)
    g_string_append_unichar (out, windows[c - 0x80]);
  else if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
    g_string_append_unichar (out, 0xfffd);
  else if (c == '\r'
           || !(c < 9 || c == 0xb || (c > 0xd && c < 0x20) || c == 0x7f || (c >= 0xfdd0 && c <= 0xfdef)
                || (c & 0xfffe) == 0xfffe))
    g_string_append_unichar (out, c);
  return end + (*end == ';');
}

static TplValue *
unescape (TplRun *run, const GString *text)
{
  GString *out = g_string_new (NULL);

  for (const char *at = text->str, *end = at + text->len, *next; at < end; at = next)
    {
      next = at[0] == '&' && at[1] == '#' ? append_numbered (out, at + 1) : NULL;
      for (gsize i = 0; i < G_N_ELEMENTS (entities) && !next && *at == '&'; i++)
        {
          gsize length = strlen (entities[i].name);

          if (strncmp (at + 1, entities[i].name, length) != 0 || (!entities[i].open && at[1 + length] != ';'))
            continue;
          next = at + 1 + length + (at[1 + length] == ';');
          g_string_append_unichar (out, entities[i].c);
        }
      if (!next)
        g_string_append_len (out, at, (next = at + 1) - at);
    }
  return tpl_take (run, out);
}

/* Comments and tags go, blanks become one, and the common entities what they stand for. */
FILTER (filter_striptags)
{
  const TplValue *text = tpl_to_string (run, self);
  g_autoptr (GString) plain = text ? g_string_new_len (text->text, text->length) : NULL;
  g_autoptr (GString) joined = g_string_new (NULL);
  gboolean blank = FALSE;

  if (!text)
    return NULL;
  strip_between (run, plain, "<!--", "-->");
  strip_between (run, plain, "<", ">");
  for (const char *at = plain->str; at < plain->str + plain->len; at = g_utf8_next_char (at))
    if (tpl_is_blank (g_utf8_get_char (at)))
      blank = joined->len > 0;
    else
      {
        if (blank)
          g_string_append_c (joined, ' ');
        blank = FALSE;
        g_string_append_len (joined, at, g_utf8_next_char (at) - at);
      }
  return unescape (run, joined);
}

const TplBuiltin tpl_wrap_filters[] = {
  { "wordwrap", filter_wordwrap, "width break_long_words wrapstring break_on_hyphens", 0 },
  { "striptags", filter_striptags, "", 0 },
  { NULL },
};
