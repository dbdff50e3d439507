#include "untrusted-json.h"

#include "plain-text.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

/* json-glib 1.6 recurses into each level, however deep, until the stack ends. */
#define MAX_DEPTH 64

#define MAX_DETAIL_CHARS 160

#define MARK "\xef\xbb\xbf" /* of the byte order, which some write before it */

G_DEFINE_QUARK (riposte - json - error - quark, riposte_json_error)

static gboolean
refuse_size (GError **error)
{
  g_set_error_literal (error, RIPOSTE_JSON_ERROR, RIPOSTE_JSON_ERROR_TOO_LARGE,
                       _ ("This JSON is nested too deeply, or has too many values"));
  return FALSE;
}

/* The parser repeats strings of the text, however long. */
static gboolean
refuse_syntax (const char *detail, GError **error)
{
  g_autofree char *line = riposte_title_of_text (detail, MAX_DETAIL_CHARS);

  /* Translators: %s is what the parser found, in English */
  g_set_error (error, RIPOSTE_JSON_ERROR, RIPOSTE_JSON_ERROR_SYNTAX, _ ("This is no valid JSON: %s"), line);
  return FALSE;
}

int
riposte_json_read_escape (const char *p, const char *end)
{
  int unit = 0;

  if (end - p < RIPOSTE_JSON_ESCAPE_LENGTH || p[0] != '\\' || p[1] != 'u')
    return -1;
  for (int i = 2; i < RIPOSTE_JSON_ESCAPE_LENGTH; i++)
    {
      if (!g_ascii_isxdigit (p[i]))
        return -1;
      unit = unit * 16 + g_ascii_xdigit_value (p[i]);
    }
  return unit;
}

/* Bytes of the escape at @p, both halves of a character. @sound is cleared for what is no character in a C string: NUL,
 * and half of a pair, of which json-glib makes what is no UTF-8. */
static gsize
escape_at (const char *p, const char *end, gboolean *sound)
{
  int unit = riposte_json_read_escape (p, end);
  int next = unit < 0 ? -1 : riposte_json_read_escape (p + RIPOSTE_JSON_ESCAPE_LENGTH, end);

  if (unit < 0)
    return MIN (2, end - p);
  if (unit >= 0xd800 && unit < 0xdc00 && next >= 0xdc00 && next < 0xe000)
    return 2 * RIPOSTE_JSON_ESCAPE_LENGTH;
  *sound = unit != 0 && (unit < 0xd800 || unit >= 0xe000);
  return RIPOSTE_JSON_ESCAPE_LENGTH;
}

/* One past the string whose opening quote is before @p. In @bad, if nothing is there yet, an escape that is refused. */
static const char *
skip_string (const char *p, const char *end, char **bad)
{
  while (p < end && *p != '"')
    {
      gboolean sound = TRUE;
      gsize n = *p == '\\' ? escape_at (p, end, &sound) : 1;

      if (!sound && !*bad)
        *bad = g_strndup (p, n);
      p += n;
    }
  return p < end ? p + 1 : end;
}

/* Counts what the parser will build, before it does. */
static gboolean
check_size (const char *text, gsize length, guint max_values, GError **error)
{
  const char *end = text + length;
  guint depth = 0, n = 0;
  g_autofree char *bad = NULL;

  for (const char *p = text; p < end;)
    {
      char c = *p++;

      if (c == '"')
        p = skip_string (p, end, &bad);
      else if (c == '[' || c == '{')
        depth++, n++;
      else if (c == ']' || c == '}')
        depth -= depth > 0;
      else if (c == ',')
        n++;
      else if (!g_ascii_isalnum (c) && !strchr (" \t\r\n:+-.", c))
        { /* json-glib takes 'x' and comments, unseen by this count */
          g_autofree char *other = g_strndup (p - 1, g_utf8_next_char (p - 1) - (p - 1));
          return refuse_syntax (other, error);
        }
      if (depth > MAX_DEPTH || n > max_values)
        return refuse_size (error);
    }
  return !bad || refuse_syntax (bad, error);
}

JsonNode *
riposte_json_parse (const char *text, gsize length, guint max_values, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GError) problem = NULL;
  JsonNode *root;

  /* a length of -1 is the end of the string to json-glib, and a NUL the end of the text */
  if (length > G_MAXSSIZE || memchr (text, '\0', length) || !g_utf8_validate (text, length, NULL))
    {
      refuse_syntax ("UTF-8", error);
      return NULL;
    }
  if (length >= strlen (MARK) && memcmp (text, MARK, strlen (MARK)) == 0)
    {
      text += strlen (MARK);
      length -= strlen (MARK);
    }
  if (!check_size (text, length, max_values, error))
    return NULL;
  if (!json_parser_load_from_data (parser, text, length, &problem))
    {
      refuse_syntax (problem->message, error);
      return NULL;
    }
  root = json_parser_get_root (parser);
  if (root && (JSON_NODE_HOLDS_OBJECT (root) || JSON_NODE_HOLDS_ARRAY (root)))
    return json_node_ref (root);
  refuse_syntax ("{", error);
  return NULL;
}

/* ---- members ---- */

static JsonNode *
get_value (JsonObject *object, const char *name, GType type)
{
  JsonNode *node = json_object_get_member (object, name);

  return node && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == type ? node : NULL;
}

const char *
riposte_json_get_string (JsonObject *object, const char *name)
{
  JsonNode *node = get_value (object, name, G_TYPE_STRING);

  return node ? json_node_get_string (node) : NULL;
}

gint64
riposte_json_get_int (JsonObject *object, const char *name, gint64 fallback)
{
  JsonNode *node = get_value (object, name, G_TYPE_INT64);

  return node ? json_node_get_int (node) : fallback;
}

double
riposte_json_get_number (JsonObject *object, const char *name, double fallback)
{
  JsonNode *node = get_value (object, name, G_TYPE_DOUBLE);
  double value = node ? json_node_get_double (node) : (double)riposte_json_get_int (object, name, 0);

  if (!node && !get_value (object, name, G_TYPE_INT64))
    return fallback;
  return isfinite (value) ? value : fallback;
}

gboolean
riposte_json_get_boolean (JsonObject *object, const char *name)
{
  JsonNode *node = get_value (object, name, G_TYPE_BOOLEAN);

  return node && json_node_get_boolean (node);
}

JsonObject *
riposte_json_get_object (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

JsonArray *
riposte_json_get_array (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

JsonObject *
riposte_json_get_object_element (JsonArray *array, guint index)
{
  JsonNode *node = json_array_get_element (array, index);

  return node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}
