#include "untrusted-json.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

/* json-glib 1.6 recurses into each level, however deep, until the stack ends. */
#define MAX_DEPTH 64

G_DEFINE_QUARK (riposte - json - error - quark, riposte_json_error)

static gboolean
refuse_size (GError **error)
{
  g_set_error_literal (error, RIPOSTE_JSON_ERROR, RIPOSTE_JSON_ERROR_TOO_LARGE,
                       _ ("This JSON is nested too deeply, or has too many values"));
  return FALSE;
}

static gboolean
refuse_syntax (const char *detail, GError **error)
{
  /* Translators: %s is what the parser found, in English */
  g_set_error (error, RIPOSTE_JSON_ERROR, RIPOSTE_JSON_ERROR_SYNTAX, _ ("This is no valid JSON: %s"), detail);
  return FALSE;
}

/* One past the string whose opening quote is before @p. */
static const char *
skip_string (const char *p, const char *end, gboolean *has_nul)
{
  for (; p < end && *p != '"'; p++)
    if (*p == '\\' && ++p < end && end - p >= 5 && strncmp (p, "u0000", 5) == 0)
      *has_nul = TRUE;
  return p < end ? p + 1 : end;
}

/* Counts what the parser will build, before it does. */
static gboolean
check_size (const char *text, gsize length, guint max_values, GError **error)
{
  const char *end = text + length;
  guint depth = 0, n = 0;
  gboolean has_nul = FALSE;

  for (const char *p = text; p < end;)
    {
      char c = *p++;

      if (c == '"')
        p = skip_string (p, end, &has_nul);
      else if (c == '[' || c == '{')
        depth++, n++;
      else if (c == ']' || c == '}')
        depth -= depth > 0;
      else if (c == ',')
        n++;
      else if (!g_ascii_isalnum (c) && !strchr (" \t\r\n:+-.", c))
        return refuse_syntax ((char[]){ c, '\0' }, error); /* json-glib takes 'x' and comments, unseen by this count */
      if (depth > MAX_DEPTH || n > max_values)
        return refuse_size (error);
    }
  return !has_nul || refuse_syntax ("\\u0000", error);
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
