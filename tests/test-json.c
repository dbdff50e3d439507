/* JSON from elsewhere: what json-glib would take, and what would take json-glib. */
#include "untrusted-json.h"

#include <string.h>

static char *
repeat (const char *text, gsize n)
{
  GString *out = g_string_new (NULL);

  for (gsize i = 0; i < n; i++)
    g_string_append (out, text);
  return g_string_free (out, FALSE);
}

static void
test_parse (void)
{
  g_autofree char *deep = repeat ("[", 5000000);
  g_autofree char *deep_objects = repeat ("{\"a\":", 1000000);
  g_autofree char *many = repeat ("1,", 2000);
  g_autofree char *wide = g_strdup_printf ("[%s1]", many);
  g_autofree char *amid = g_strdup_printf ("{\"a\":\"\\n\\u001b%s\" \"b\"}", many);
  const struct
  {
    const char *text;
    int code; /* -1: good */
  } rows[] = {
    { "{}", -1 },
    { " [1, -2.5e3, true, null, \"[[[[ \\\" , \\u00e9\"] ", -1 },
    { "\xef\xbb\xbf{\"\\ud83d\\ude00\":\"\\\\ud83d \\uDBFF\\uDFFF\"}", -1 },
    { "\xef\xbb\xbf", RIPOSTE_JSON_ERROR_SYNTAX },
    { "[\xc2\xa0]", RIPOSTE_JSON_ERROR_SYNTAX },
    { "[\"\\ud83d half\"]", RIPOSTE_JSON_ERROR_SYNTAX },
    { "[\"\\ude00\"]", RIPOSTE_JSON_ERROR_SYNTAX },
    { "[\"\\ud83d\\ud83d\\ude00\"]", RIPOSTE_JSON_ERROR_SYNTAX },
    { "{\"\\ud83dx\":1}", RIPOSTE_JSON_ERROR_SYNTAX },
    { "", RIPOSTE_JSON_ERROR_SYNTAX },
    { "1", RIPOSTE_JSON_ERROR_SYNTAX },
    { "[", RIPOSTE_JSON_ERROR_SYNTAX },
    { "\"", RIPOSTE_JSON_ERROR_SYNTAX },
    { "[\"\\", RIPOSTE_JSON_ERROR_SYNTAX },
    { "{\"a\":\"\\ud800\"}", RIPOSTE_JSON_ERROR_SYNTAX },
    { "{\"a\":\"\\ud800\\u0041\"}", RIPOSTE_JSON_ERROR_SYNTAX },
    { "{\"a\":\"x\\u0000y\"}", RIPOSTE_JSON_ERROR_SYNTAX },
    { "{\"a\":\"\xff\"}", RIPOSTE_JSON_ERROR_SYNTAX },
    { "['x']", RIPOSTE_JSON_ERROR_SYNTAX },
    { "/* [ */ []", RIPOSTE_JSON_ERROR_SYNTAX },
    { "var a = {};", RIPOSTE_JSON_ERROR_SYNTAX },
    { "[1] 2", RIPOSTE_JSON_ERROR_SYNTAX },
    { amid, RIPOSTE_JSON_ERROR_SYNTAX },
    { deep, RIPOSTE_JSON_ERROR_TOO_LARGE },
    { deep_objects, RIPOSTE_JSON_ERROR_TOO_LARGE },
    { wide, RIPOSTE_JSON_ERROR_TOO_LARGE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) node = riposte_json_parse (rows[i].text, strlen (rows[i].text), 1000, &error);

      g_test_message ("row %u: %s", i, error ? error->message : "");
      g_assert_true ((node != NULL) == (rows[i].code == -1));
      if (rows[i].code >= 0)
        g_assert_error (error, RIPOSTE_JSON_ERROR, rows[i].code);
      g_assert_true (!error || (g_utf8_validate (error->message, -1, NULL) && strlen (error->message) < 400));
      g_assert_true (!error || !strpbrk (error->message, "\n\033"));
    }
}

static void
test_members (void)
{
  const char *text = "{\"s\":\"x\",\"i\":5,\"d\":1.5,\"b\":true,\"n\":null,\"o\":{},\"a\":[{},1],\"huge\":1e999}";
  g_autoptr (JsonNode) node = riposte_json_parse (text, strlen (text), 100, NULL);
  JsonObject *object = json_node_get_object (node);

  g_assert_cmpstr (riposte_json_get_string (object, "s"), ==, "x");
  g_assert_cmpint (riposte_json_get_int (object, "i", 7), ==, 5);
  g_assert_cmpfloat (riposte_json_get_number (object, "i", 7), ==, 5);
  g_assert_cmpfloat (riposte_json_get_number (object, "d", 7), ==, 1.5);
  g_assert_cmpfloat (riposte_json_get_number (object, "huge", 7), ==, 7);
  g_assert_true (riposte_json_get_boolean (object, "b"));
  g_assert_nonnull (riposte_json_get_object (object, "o"));
  g_assert_nonnull (riposte_json_get_object_element (riposte_json_get_array (object, "a"), 0));
  g_assert_null (riposte_json_get_object_element (riposte_json_get_array (object, "a"), 1));
  for (const char *const *name = (const char *const[]){ "s", "i", "d", "b", "n", "o", "a", "missing", NULL }; *name;
       name++)
    {
      g_assert_true (g_str_equal (*name, "s") || !riposte_json_get_string (object, *name));
      g_assert_true (g_str_equal (*name, "i") || riposte_json_get_int (object, *name, 7) == 7);
      g_assert_true (strchr ("id", **name) || riposte_json_get_number (object, *name, 7) == 7);
      g_assert_true (g_str_equal (*name, "b") || !riposte_json_get_boolean (object, *name));
      g_assert_true (g_str_equal (*name, "o") || !riposte_json_get_object (object, *name));
      g_assert_true (g_str_equal (*name, "a") || !riposte_json_get_array (object, *name));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/json/parse", test_parse);
  g_test_add_func ("/json/members", test_members);
  return g_test_run ();
}
