/* Where the code of an answer belongs in a file, and what becomes of the file. */
#include "apply-merge.h"
#include "merge-code.h"

#include <string.h>

static const char file[] = "import sys\n"
                           "\n"
                           "\n"
                           "class Counter:\n"
                           "    def __init__(self):\n"
                           "        self.words = {}\n"
                           "\n"
                           "    def add(self, word):\n"
                           "        self.words[word] += 1\n"
                           "        return self\n"
                           "\n"
                           "    def top(self):\n"
                           "        return max(self.words)\n";

static const struct
{
  const char *text, *code, *result; /* NULL: no place */
} samples[] = {
  /* a part, with its indentation and without */
  { file, "    def add(self, word):\n        self.words[word] = self.words.get(word, 0) + 1\n        return self\n",
    "import sys\n\n\nclass Counter:\n    def __init__(self):\n        self.words = {}\n\n"
    "    def add(self, word):\n        self.words[word] = self.words.get(word, 0) + 1\n        return self\n\n"
    "    def top(self):\n        return max(self.words)\n" },
  { file, "def add(self, word):\n    self.words[word] = self.words.get(word, 0) + 1\n    return self",
    "import sys\n\n\nclass Counter:\n    def __init__(self):\n        self.words = {}\n\n"
    "    def add(self, word):\n        self.words[word] = self.words.get(word, 0) + 1\n        return self\n\n"
    "    def top(self):\n        return max(self.words)\n" },
  /* the whole */
  { "a = 1\nb = 22\nc = 333\nprint(a)\n", "abc = 1\nbcd = 22\nprint(a)\n",
    "a = 1\nb = 22\nc = 333\nabc = 1\nbcd = 22\nprint(a)\n" },
  { "import a\nimport b\nrun()\n", "import a\nimport c\nrun()\n", "import a\nimport c\nrun()\n" },
  { "import a\nrun()\n", "import a\nrun()\n", "import a\nrun()\n" },
  { "import a\nrun()", "import a\nimport b\nrun()\nend()\n", "import a\nimport b\nrun()\nend()\n" },
  { "", "new\nfile\n", "new\nfile\n" },
  /* its last lines changed, or its first */
  { "def a():\n    return 1\n\ndef b():\n    return 2\n", "def a():\n    return 11\n",
    "def a():\n    return 11\n\ndef b():\n    return 2\n" },
  { "def a():\n    x = 1\n    return x\n\ndef b():\n    return 2\n", "def a():\n    compute(7)\n",
    "def a():\n    compute(7)\n\ndef b():\n    return 2\n" },
  { "one()\ndef fun(a):\n    return same\n", "def fun(a, b):\n    return same\n",
    "one()\ndef fun(a, b):\n    return same\n" },
  /* more after what is there */
  { "def a():\n    return 1\nlast()\n", "def a():\n    return 1\n\ndef new():\n    pass\n",
    "def a():\n    return 1\n\ndef new():\n    pass\nlast()\n" },
  /* nothing in common but braces */
  { "int main (void)\n{\n}\n", "def f():\n{\n}\n", NULL },
  { "alpha\nbeta\n", "gamma\n", NULL },
};

static void
test_samples (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (samples); i++)
    {
      g_autoptr (RiposteMerge) merge = riposte_merge_code (samples[i].text, samples[i].code);
      g_autofree char *result = merge ? apply_merge (samples[i].text, merge) : NULL;

      g_assert_cmpstr (result, ==, samples[i].result);
    }
}

static void
test_diff (void)
{
  g_autoptr (RiposteMerge) merge = riposte_merge_code ("one\ntwo\nthree\nfour\nfive\nsix\n", "two\nthird\nfour\n");

  g_assert_cmpstr (merge->diff, ==, "@@ -1,6 +1,6 @@\n one\n two\n-three\n+third\n four\n five\n six\n");
  g_assert_cmpuint (merge->n_added, ==, 1);
  g_assert_cmpuint (merge->n_removed, ==, 1);
}

/* Whatever the texts, all of the code is in the result, in its order, and nothing outside the stretch is lost. */
static void
test_random (void)
{
  for (int round = 0; round < 500; round++)
    {
      GString *text = g_string_new (NULL), *code = g_string_new (NULL);
      int n = g_test_rand_int_range (0, 30), m = g_test_rand_int_range (1, 12);
      g_autofree char *a = NULL, *b = NULL, *result = NULL;
      g_autoptr (RiposteMerge) merge = NULL;
      g_auto (GStrv) lines = NULL;
      const char *at;

      for (int i = 0; i < n; i++)
        g_string_append_printf (text, "line %d\n", g_test_rand_int_range (0, 40));
      for (int i = 0; i < m; i++)
        g_string_append_printf (code, "line %d\n", g_test_rand_int_range (0, 40));
      a = g_string_free (text, FALSE);
      b = g_string_free (code, FALSE);
      merge = riposte_merge_code (a, b);
      if (!merge)
        continue;
      result = apply_merge (a, merge);
      at = result;
      lines = g_strsplit (b, "\n", -1);
      for (int i = 0; i < m; i++)
        {
          at = strstr (at, lines[i]);
          g_assert_nonnull (at);
          at += strlen (lines[i]);
        }
      if (merge->edits->len)
        {
          guint first = g_array_index (merge->edits, RiposteEdit, 0).line;
          g_auto (GStrv) old = g_strsplit (a, "\n", -1), new = g_strsplit (result, "\n", -1);

          for (guint i = 0; i < first; i++)
            g_assert_cmpstr (old[i], ==, new[i]);
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/merge-code/samples", test_samples);
  g_test_add_func ("/merge-code/diff", test_diff);
  g_test_add_func ("/merge-code/random", test_random);
  return g_test_run ();
}
