/* Unified diffs as models write them: right ones, careless ones, and those that must change nothing. */
#include "apply-merge.h"
#include "patch.h"

#include <string.h>

static const char file[] = "#include <stdio.h>\n"
                           "\n"
                           "int\n"
                           "one (void)\n"
                           "{\n"
                           "  return 1;\n"
                           "}\n"
                           "\n"
                           "int\n"
                           "two (void)\n"
                           "{\n"
                           "  return 2;\n"
                           "}\n"
                           "\n"
                           "int\n"
                           "main (void)\n"
                           "{\n"
                           "  return one () + two ();\n"
                           "}\n";

static const struct
{
  const char *name, *text, *patch, *result; /* NULL: it fits nowhere */
} samples[] = {
  { "as diff writes it", "a\nb\nc\nd\n", "--- a/x\n+++ b/x\n@@ -1,4 +1,4 @@\n a\n-b\n+B\n c\n d\n", "a\nB\nc\nd\n" },
  { "wrong number", file, "@@ -100,3 +200,3 @@\n two (void)\n {\n-  return 2;\n+  return 22;\n }\n",
    "#include <stdio.h>\n\nint\none (void)\n{\n  return 1;\n}\n\nint\ntwo (void)\n{\n  return 22;\n}\n\nint\nmain "
    "(void)\n{\n  return one () + two ();\n}\n" },
  { "no number", "a\nb\nc\n", "@@ @@\n a\n-b\n+x\n c\n", "a\nx\nc\n" },
  { "text behind the number", "a\nb\nc\n", "@@ -1,3 +1,3 @@ int main (void)\n a\n-b\n+x\n", "a\nx\nc\n" },
  { "two places: the number decides", "x\nsame\ny\n1\n2\n3\n4\nx\nsame\ny\n",
    "@@ -8,3 +8,3 @@\n x\n-same\n+other\n y\n", "x\nsame\ny\n1\n2\n3\n4\nx\nother\ny\n" },
  { "two hunks, the second moved by the first", "a\nb\nc\nd\ne\nf\ng\n",
    "@@ -1,2 +1,4 @@\n a\n+1\n+2\n b\n@@ -6,2 +8,1 @@\n-f\n g\n", "a\n1\n2\nb\nc\nd\ne\ng\n" },
  { "blanks at the ends", "a  \nb\nc\n", "@@ -1,3 +1,3 @@\n a\n-b \n+B\n c\n", "a  \nB\nc\n" },
  { "an empty line without its blank", "a\n\nb\n", "@@ -1,3 +1,3 @@\n a\n\n-b\n+B\n", "a\n\nB\n" },
  { "empty lines at the end of the patch", "a\nb\n", "@@ -1,2 +1,2 @@\n a\n-b\n+B\n\n\n", "a\nB\n" },
  { "wrong context at its end", "alpha\nbeta\ngamma\n", "@@ -1,3 +1,3 @@\n alpha\n-beta\n+BETA\n delta\n",
    "alpha\nBETA\ngamma\n" },
  { "only additions, by number", "a\nb\n", "@@ -2,0 +2,1 @@\n+x\n", "a\nx\nb\n" },
  { "into an empty file", "", "--- /dev/null\n+++ b/x\n@@ -0,0 +1,2 @@\n+a\n+b\n", "a\nb\n" },
  { "all of it goes", "a\nb\n", "@@ -1,2 +0,0 @@\n-a\n-b\n", "" },
  { "no newline at the end", "a\nb", "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n", "a\nc\n" },
  { "a removed line that looks like a header", "-- x\nb\n", "@@ -1,2 +1,1 @@\n--- x\n b\n", "b\n" },
  { "of several files, that which is named x", "a\n",
    "--- a/y\n+++ b/y\n@@ -1 +1 @@\n-q\n+r\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n", "b\n" },
  { "git's own words", "a\n", "diff --git a/x b/x\nindex 123..456 100644\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n",
    "b\n" },
  { "there already", "a\nB\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n", "a\nB\nc\n" },
  { "added already", "a\nx\nc\n", "@@ -1,2 +1,3 @@\n a\n+x\n c\n", "a\nx\nc\n" },
  { "added at its end already", "a\nx\n", "@@ -1,1 +1,2 @@\n a\n+x\n", "a\nx\n" },
  { "what it removes is not there", "a\nb\n", "@@ -1,2 +1,2 @@\n a\n-zebra\n+x\n", NULL },
  { "the second hunk does not fit", "a\nb\nc\n", "@@ -1 +1 @@\n-a\n+A\n@@ -9 +9 @@\n-zebra\n+x\n", NULL },
  { "without the indentation that all of it has", "class A:\n    def f(self):\n        return 1\n\n    x = 2\n",
    "@@ -1,3 +1,4 @@\n def f(self):\n-    return 1\n+    # two\n+\n+    return 2\n \n x = 2\n",
    "class A:\n    def f(self):\n        # two\n\n        return 2\n\n    x = 2\n" },
  { "the same in tabs, there already", "f {\n\treturn 2;\n}\n", "@@ @@\n-return 1;\n+return 2;\n",
    "f {\n\treturn 2;\n}\n" },
  { "without indentation, at two places", "a {\n  return 1;\n}\nb {\n  return 1;\n}\n",
    "@@ @@\n-return 1;\n+return 2;\n", NULL },
  { "indentation that differs", "if (a)\n  first ();\n    second ();\n", "@@ @@\n first ();\n-second ();\n+third ();\n",
    NULL },
  { "nothing but a brace in common", "f\n{\n}\n", "@@ -1,3 +1,4 @@\n alpha\n beta\n {\n+  new\n }\n", NULL },
  { "a new file where one is", "a\n", "--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+b\n", NULL },
  { "for other files", "a\n", "--- a/y\n+++ b/y\n@@ -1 +1 @@\n-a\n+r\n--- a/z\n+++ b/z\n@@ -1 +1 @@\n-a\n+b\n", NULL },
};

static void
test_samples (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (samples); i++)
    {
      g_autofree char *problem = NULL, *result = NULL;
      g_autoptr (RiposteMerge) merge = NULL;

      g_test_message ("%s", samples[i].name);
      g_assert_true (riposte_patch_is (samples[i].patch));
      merge = riposte_patch_apply (samples[i].text, "x", samples[i].patch, &problem);
      if (merge && problem)
        g_error ("%s", problem);
      g_assert_true ((merge == NULL) == (problem != NULL));
      result = merge ? apply_merge (samples[i].text, merge) : NULL;
      g_assert_cmpstr (result, ==, samples[i].result);
    }
}

static void
test_is (void)
{
  g_assert_false (riposte_patch_is ("int x;\n"));
  g_assert_false (riposte_patch_is (""));
  g_assert_false (riposte_patch_is ("--- a\n+++ b\n"));
  g_assert_false (riposte_patch_is ("@property\ndef x(self):\n    pass\n"));
  g_assert_false (riposte_patch_is ("Here:\n@@ -1 +1 @@\n-a\n+b\n"));
  g_assert_false (riposte_patch_is ("@@ -1 +1 @@\n-a\n+b\nand then\n"));
}

static void
test_names (void)
{
  static const char new_file[] = "--- /dev/null\n+++ b/src/new.py\n@@ -0,0 +1,2 @@\n+import os\n+\n";
  g_autofree char *path = riposte_patch_dup_path (new_file), *content = riposte_patch_dup_new_file (new_file);
  g_autofree char *changed = riposte_patch_dup_path ("--- a/x.c\t2024\n+++ b/x.c\t2025\n@@ -1 +1 @@\n-a\n+b\n");
  g_autofree char *gone = riposte_patch_dup_path ("--- a/x.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n");

  g_assert_cmpstr (path, ==, "src/new.py");
  g_assert_cmpstr (content, ==, "import os\n\n");
  g_assert_cmpstr (changed, ==, "x.c");
  g_assert_cmpstr (gone, ==, "x.c");
  g_assert_null (riposte_patch_dup_new_file ("@@ -1 +1 @@\n-a\n+b\n"));
  g_assert_false (riposte_patch_is_change (new_file));
}

/* The diff of a random change fits again, whatever its numbers say and whatever was added above. */
static void
test_random (void)
{
  for (int round = 0; round < 300; round++)
    {
      g_autoptr (GString) old = g_string_new (NULL), moved = g_string_new (NULL), patch = g_string_new (NULL);
      g_autofree char *problem = NULL, *result = NULL, *wanted = NULL;
      g_autoptr (RiposteMerge) merge = NULL;
      GString *new = g_string_new (NULL);
      int n = g_test_rand_int_range (6, 40), at = g_test_rand_int_range (2, n - 2);

      for (int i = g_test_rand_int_range (0, 5); i > 0; i--)
        g_string_append_printf (moved, "above %d\n", i);
      g_string_append (new, moved->str);
      g_string_append_printf (patch, "@@ -%d,5 +1,5 @@\n", g_test_rand_int_range (1, 99));
      for (int i = 0; i < n; i++)
        {
          g_string_append_printf (old, "line %d\n", i);
          g_string_append_printf (new, i == at ? "changed %d\n" : "line %d\n", i);
          if (i == at)
            g_string_append_printf (patch, "-line %d\n+changed %d\n", i, i);
          else if (ABS (i - at) <= 2)
            g_string_append_printf (patch, " line %d\n", i);
        }
      g_string_append (moved, old->str);
      wanted = g_string_free (new, FALSE);
      merge = riposte_patch_apply (moved->str, NULL, patch->str, &problem);
      g_assert_nonnull (merge);
      result = apply_merge (moved->str, merge);
      g_assert_cmpstr (result, ==, wanted);
    }
}

/* Anything at all. */
static void
test_hostile (void)
{
  static const char *const pieces[] = { "@@ -1,2 +3 @@\n",
                                        "@@\n",
                                        "@@ -99999999999999999999 @@\n",
                                        "--- a/x\n",
                                        "+++ b/x\n",
                                        " a\n",
                                        "-b\n",
                                        "+c\n",
                                        "\n",
                                        "\\\n",
                                        "@@ -0,0 +1 @@",
                                        "--- /dev/null\n",
                                        "b",
                                        "\n" };

  for (int round = 0; round < 3000; round++)
    {
      g_autoptr (GString) patch = g_string_new (NULL), text = g_string_new (NULL);
      g_autofree char *problem = NULL, *path = NULL, *new_file = NULL;
      g_autoptr (RiposteMerge) merge = NULL;

      for (int i = g_test_rand_int_range (0, 12); i > 0; i--)
        g_string_append (patch, pieces[g_test_rand_int_range (0, G_N_ELEMENTS (pieces))]);
      for (int i = g_test_rand_int_range (0, 6); i > 0; i--)
        g_string_append (text, pieces[g_test_rand_int_range (5, G_N_ELEMENTS (pieces))]);
      merge = riposte_patch_apply (text->str, "x", patch->str, &problem);
      g_assert_true ((merge == NULL) == (problem != NULL));
      path = riposte_patch_dup_path (patch->str);
      new_file = riposte_patch_dup_new_file (patch->str);
      if (merge)
        for (guint i = 0; i < merge->edits->len; i++)
          {
            const RiposteEdit *edit = &g_array_index (merge->edits, RiposteEdit, i);
            guint n_lines = 1;

            for (const char *p = text->str; *p; p++)
              n_lines += *p == '\n';
            g_assert_cmpuint (edit->line + edit->n_removed, <=, n_lines);
          }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/patch/samples", test_samples);
  g_test_add_func ("/patch/is", test_is);
  g_test_add_func ("/patch/names", test_names);
  g_test_add_func ("/patch/random", test_random);
  g_test_add_func ("/patch/hostile", test_hostile);
  return g_test_run ();
}
