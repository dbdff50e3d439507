/* Filters of addresses and attributes: urlencode, xmlattr, urlize. */
#include "template-private.h"

#include <string.h>

#define FILTER TPL_BUILTIN

/* ---- urlencode ---- */

static void
append_quoted (GString *out, const TplValue *text, const char *safe, gboolean plus)
{
  for (gsize i = 0; i < text->length; i++)
    if (g_ascii_isalnum (text->text[i]) || (text->text[i] && strchr (safe, text->text[i])))
      g_string_append_c (out, text->text[i]);
    else if (plus && text->text[i] == ' ')
      g_string_append_c (out, '+');
    else
      g_string_append_printf (out, "%%%02X", (guchar)text->text[i]);
}

static gboolean
append_field (TplRun *run, GString *out, TplValue *key, TplValue *value)
{
  key = tpl_to_string (run, key);
  value = key ? tpl_to_string (run, value) : NULL;
  if (!value)
    return FALSE;
  if (out->len)
    g_string_append_c (out, '&');
  append_quoted (out, key, "_.-~", TRUE);
  g_string_append_c (out, '=');
  append_quoted (out, value, "_.-~", TRUE);
  return out->len <= TPL_MAX_TEXT && tpl_tick (run);
}

/* A text, or the fields of a query: those of a dict, or pairs. */
FILTER (filter_urlencode)
{
  gboolean plain = self->type == TPL_STRING || !tpl_is_iterable (self);
  const TplValue *items = plain ? tpl_to_string (run, self) : tpl_items (run, self);
  GString *out;

  if (!items)
    return NULL;
  out = g_string_new (NULL);
  if (plain)
    append_quoted (out, items, "_.-~/", FALSE);
  for (gsize i = 0; !plain && i < items->n; i++)
    {
      const TplValue *pair = self->type == TPL_DICT ? NULL : tpl_items (run, items->items[i]);

      if (self->type != TPL_DICT && (!pair || pair->n != 2))
        {
          tpl_fail (run, "urlencode needs a text, a dict, or pairs");
          break;
        }
      if (!append_field (run, out, pair ? pair->items[0] : self->keys[i], pair ? pair->items[1] : self->items[i]))
        break;
    }
  return tpl_take (run, out);
}

/* ---- xmlattr ---- */

FILTER (filter_xmlattr)
{
  GString *out;

  if (self->type != TPL_DICT)
    return self->type == TPL_UNDEFINED ? tpl_undefined_read (run, self) : tpl_fail (run, "xmlattr needs a dict");
  out = g_string_new (NULL);
  for (gsize i = 0; i < self->n && out->len <= TPL_MAX_TEXT && tpl_tick (run); i++)
    {
      TplValue *key = self->keys[i], *value = self->items[i];

      if (value->type == TPL_NONE || value->type == TPL_UNDEFINED)
        continue;
      if (key->type != TPL_STRING)
        tpl_fail (run, "expected string, got '%s'", tpl_type_name (key));
      for (gsize c = 0; c < key->length && key->type == TPL_STRING; c++)
        if (g_ascii_isspace (key->text[c]) || key->text[c] == '\v' || (key->text[c] && strchr ("/>=", key->text[c])))
          tpl_fail (run, "Invalid character in attribute name: '%s'", key->text);
      value = run->failed ? NULL : tpl_to_string (run, value);
      value = value ? tpl_escape (run, value) : NULL;
      key = value ? tpl_escape (run, key) : NULL;
      if (!key)
        break;
      g_string_append (out, out->len || tpl_bool_arg (ARG (0), TRUE) ? " " : "");
      g_string_append_len (out, key->text, key->length);
      g_string_append (out, "=\"");
      g_string_append_len (out, value->text, value->length);
      g_string_append_c (out, '"');
    }
  return tpl_take (run, out);
}

/* ---- urlize: what looks like an address becomes a link ---- */

static gboolean
is_word (gunichar c)
{
  return c == '_' || g_unichar_isalnum (c);
}

/* Are there so many characters, each one of words or among @others? */
static gboolean
are_words (const char *at, const char *end, const char *others, gsize least, gsize most)
{
  gsize n = 0;

  for (; at < end; at = g_utf8_next_char (at), n++)
    if (!is_word (g_utf8_get_char (at)) && !(*at > 0 && strchr (others, *at)))
      return FALSE;
  return n >= least && n <= most;
}

static gboolean
is_top_domain (const char *at, const char *end)
{
  const char *letter = at;

  if (g_ascii_strncasecmp (at, "xn--", 4) == 0)
    return are_words (at + 4, end, "%", 2, 59);
  while (letter < end && g_ascii_isalpha (*letter))
    letter++;
  return letter == end && end - at >= 2 && end - at <= 63;
}

static gboolean
is_common_domain (const char *at, const char *end)
{
  static const char *const known[] = { "com", "net", "int", "edu", "gov", "org", "info", "mil" };

  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if ((gsize)(end - at) == strlen (known[i]) && g_ascii_strncasecmp (at, known[i], end - at) == 0)
      return TRUE;
  return FALSE;
}

/* Names with dots between, the last of which is a top domain: any where a scheme stood before, else a common one. */
static gboolean
is_host (const char *at, const char *end, gboolean any)
{
  const char *dot;
  gboolean more = FALSE;

  for (; (dot = memchr (at, '.', end - at)); at = dot + 1, more = TRUE)
    if (!are_words (at, dot, "%-", any ? 1 : 2, any ? G_MAXINT : 63))
      return FALSE;
  return any ? is_top_domain (at, end) : more && is_common_domain (at, end);
}

/* 127.0.0.1 or [::1] */
static gboolean
is_number_address (const char *at, const char *end)
{
  guint digits = 0, parts = 1;

  if (at < end && *at == '[')
    {
      guint n = 0;

      parts = 0;
      for (at++; at < end && (g_ascii_isxdigit (*at) || *at == ':'); at++)
        {
          n = *at == ':' ? 0 : n + 1;
          parts += *at == ':';
          if (n > 4)
            return FALSE;
        }
      return at + 1 == end && *at == ']' && parts >= 2 && parts <= 8;
    }
  for (; at < end; at++)
    if (g_ascii_isdigit (*at) && digits < 3)
      digits++;
    else if (*at == '.' && digits)
      {
        parts++;
        digits = 0;
      }
    else
      return FALSE;
  return parts == 4 && digits;
}

static gsize
scheme_length (const char *at)
{
  return g_ascii_strncasecmp (at, "https://", 8) == 0 ? 8 : g_ascii_strncasecmp (at, "http://", 7) == 0 ? 7 : 0;
}

static gboolean
is_address (const char *word, const char *end)
{
  gsize length = end - word, scheme = length > 8 ? scheme_length (word) : 0;
  gsize www = length > 4 && g_ascii_strncasecmp (word, "www.", 4) == 0 ? 4 : 0;
  const char *host = word + scheme, *stop = host + strcspn (host, *host == '[' ? "]/?#" : ":/?#");
  const char *port;

  stop = MIN (stop, end);
  stop += stop < end && *host == '[' && *stop == ']';
  port = stop;
  if (port < end && *port == ':')
    {
      for (stop++; stop < end && g_ascii_isdigit (*stop); stop++)
        ;
      if (stop - port < 2 || stop - port > 6)
        return FALSE;
    }
  if (stop < end && !strchr ("/?#", *stop))
    return FALSE;
  return (scheme && (is_host (host, port, TRUE) || is_number_address (host, port)))
         || (www && is_host (word + www, port, TRUE)) || (!scheme && is_host (word, port, FALSE));
}

static gboolean
is_mail_address (const char *word, const char *end)
{
  const char *at = g_strrstr_len (word, end - word, "@"), *dot = g_strrstr_len (word, end - word, ".");

  return at && at > word && dot && dot > at + 1 && is_word (g_utf8_get_char (at + 1))
         && are_words (at + 1, end, ".-", 3, G_MAXINT) && are_words (dot + 1, end, "", 1, G_MAXINT);
}

/* What opens or closes a bracket, as it stands in escaped text. */
static gsize
bracket_length (const char *at, const char *end, const char *signs, const char *entity)
{
  gsize n = strlen (entity);

  if (at < end && strchr (signs, *at))
    return 1;
  return (gsize)(end - at) >= n && memcmp (at, entity, n) == 0 ? n : 0;
}

static guint
count (const char *at, const char *end, const char *what)
{
  guint n = 0;

  for (; (at = memmem (at, end - at, what, strlen (what))); at += strlen (what))
    n++;
  return n;
}

/* Closing signs behind a word belong to it as far as it opened as many. */
static const char *
balance (const char *word, const char *stop, const char *end)
{
  static const char *const pairs[][2] = { { "(", ")" }, { "<", ">" }, { "&lt;", "&gt;" } };

  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      guint opened = count (word, stop, pairs[i][0]), n = count (stop, end, pairs[i][1]);

      if (opened <= count (word, stop, pairs[i][1]))
        continue;
      for (n = MIN (n, opened); n; n--)
        stop = (const char *)memmem (stop, end - stop, pairs[i][1], strlen (pairs[i][1])) + strlen (pairs[i][1]);
    }
  return stop;
}

typedef struct
{
  const char *attributes;
  gint64 limit; /* of characters shown; -1: none */
} Link;

static void
append_link (GString *out, const Link *link, const char *scheme, const char *word, const char *end)
{
  gboolean cut = link->limit >= 0 && g_utf8_strlen (word, end - word) > link->limit;
  const char *stop = cut ? g_utf8_offset_to_pointer (word, link->limit) : end;

  g_string_append_printf (out, "<a href=\"%s%.*s\"%s>%.*s%s</a>", scheme, (int)(end - word), word, link->attributes,
                          (int)(stop - word), word, cut ? "..." : "");
}

static void
append_linked (GString *out, const Link *link, const char *at, const char *end)
{
  static const Link plain = { "", -1 };
  const char *word = at, *stop = end, *mail;
  gsize n;

  while ((n = bracket_length (word, end, "(<", "&lt;")))
    word += n;
  for (gboolean more = TRUE; more && stop > word;)
    {
      n = strchr (")>.,", stop[-1]) ? 1 : stop - word >= 4 && memcmp (stop - 4, "&gt;", 4) == 0 ? 4 : 0;
      more = n > 0;
      stop -= n;
    }
  stop = balance (word, stop, end);
  g_string_append_len (out, at, word - at);
  mail = stop - word > 7 && memcmp (word, "mailto:", 7) == 0 ? word + 7 : NULL;
  if (stop > word && is_address (word, stop))
    {
      gboolean scheme = g_str_has_prefix (word, "https://") || g_str_has_prefix (word, "http://");
      append_link (out, link, scheme ? "" : "https://", word, stop);
    }
  else if (mail && is_mail_address (mail, stop))
    append_link (out, &plain, "mailto:", mail, stop);
  else if (*word != '@' && !g_str_has_prefix (word, "www.") && !memchr (word, ':', stop - word)
           && is_mail_address (word, stop))
    append_link (out, &plain, "mailto:", word, stop);
  else
    g_string_append_len (out, word, stop - word);
  g_string_append_len (out, stop, end - stop);
}

static int
by_name (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

/* rel="…" with "noopener" and what else is asked for, each once and in order; target="…" */
static char *
link_attributes (TplRun *run, const TplValue *rel, gboolean nofollow, const TplValue *target)
{
  g_auto (GStrv) words = g_strsplit_set (tpl_is_text (rel) ? rel->text : "", " \t\n\r\f\v", -1);
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  g_autoptr (GString) out = g_string_new (" rel=\"");

  g_ptr_array_add (all, "noopener");
  if (nofollow)
    g_ptr_array_add (all, "nofollow");
  for (guint i = 0; words[i]; i++)
    if (*words[i])
      g_ptr_array_add (all, words[i]);
  g_ptr_array_sort (all, by_name);
  for (guint i = 0; i < all->len; i++)
    if (i == 0 || strcmp (all->pdata[i], all->pdata[i - 1]) != 0)
      g_string_append_printf (out, "%s%s", i ? " " : "", tpl_escape (run, tpl_string (run, all->pdata[i], -1))->text);
  g_string_append_c (out, '"');
  if (tpl_is_text (target) && target->length)
    g_string_append_printf (out, " target=\"%s\"", tpl_escape (run, target)->text);
  return g_strdup (out->str);
}

FILTER (filter_urlize)
{
  const TplValue *text = tpl_to_string (run, self);
  g_autofree char *attributes = link_attributes (run, ARG (2 + 1), tpl_bool_arg (ARG (1), FALSE), ARG (2));
  const Link link = { attributes, tpl_is_integer (ARG (0)) ? MAX (0, ARG (0)->integer) : -1 };
  GString *out;

  text = text ? tpl_escape (run, text) : NULL;
  if (!text)
    return NULL;
  if (ARG (4) && tpl_true (ARG (4)))
    return tpl_fail (run, "urlize with extra_schemes is not for chat templates");
  out = g_string_new (NULL);
  for (const char *at = text->text, *end = at + text->length; at < end && out->len <= TPL_MAX_TEXT && tpl_tick (run);)
    {
      g_autofree char *word = NULL;
      const char *stop = at;

      while (stop < end && !tpl_is_blank (g_utf8_get_char (stop)))
        stop = g_utf8_next_char (stop);
      word = g_strndup (at, stop - at);
      if (strlen (word) == (gsize)(stop - at)) /* U+0000 is in no address */
        append_linked (out, &link, word, word + (stop - at));
      else
        g_string_append_len (out, at, stop - at);
      for (at = stop; at < end && tpl_is_blank (g_utf8_get_char (at)); at = g_utf8_next_char (at))
        g_string_append_len (out, at, g_utf8_next_char (at) - at);
    }
  return tpl_take (run, out);
}

const TplBuiltin tpl_web_filters[] = {
  { "urlencode", filter_urlencode, "", 0 },
  { "xmlattr", filter_xmlattr, "autospace", 0 },
  { "urlize", filter_urlize, "trim_url_limit nofollow target rel extra_schemes", 0 },
  { NULL },
};
