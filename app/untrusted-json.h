/* JSON from elsewhere, and its members where they are what is expected. */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

#define RIPOSTE_JSON_ERROR (riposte_json_error_quark ())
GQuark riposte_json_error_quark (void);

typedef enum
{
  RIPOSTE_JSON_ERROR_SYNTAX,
  RIPOSTE_JSON_ERROR_TOO_LARGE, /* nested too deeply, or of too many values */
} RiposteJsonError;

/**
 * riposte_json_parse:
 * @max_values: json-glib takes some 100 bytes for each
 *
 * Pure, and good in any thread. The text is UTF-8 and has no NUL and no half of a surrogate pair, escaped
 * or not.
 *
 * Returns: (transfer full): an object or array
 */
JsonNode *riposte_json_parse (const char *text, gsize length, guint max_values, GError **error);

#define RIPOSTE_JSON_ESCAPE_LENGTH 6
/* The unit of UTF-16 that an escape such as "\u00e9" at @p stands for; -1 where there is none, or less of it, before @end. */
int riposte_json_read_escape (const char *p, const char *end);

/* NULL, or @fallback, where there is no such member or it is of another type. */
const char *riposte_json_get_string (JsonObject *object, const char *name);
gint64 riposte_json_get_int (JsonObject *object, const char *name, gint64 fallback);
double riposte_json_get_number (JsonObject *object, const char *name, double fallback);
gboolean riposte_json_get_boolean (JsonObject *object, const char *name);
JsonObject *riposte_json_get_object (JsonObject *object, const char *name);
JsonArray *riposte_json_get_array (JsonObject *object, const char *name);
/* NULL where that element is no object. */
JsonObject *riposte_json_get_object_element (JsonArray *array, guint index);

G_END_DECLS
