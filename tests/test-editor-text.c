/* Languages, indentation, and code put into a text. */
#include "indentation.h"
#include "riposte-document.h"
#include "riposte-indenter.h"
#include "source-style.h"

#include <adwaita.h>
#include <string.h>

/* ---- languages ---- */

static const char *
id_of (GtkSourceLanguage *language)
{
  return language ? gtk_source_language_get_id (language) : NULL;
}

static void
test_language_of_hint (void)
{
  static const char *const rows[][2] = {
    { "py", "python3" },
    { "python", "python3" },
    { "Python3", "python3" },
    { "PYTHON", "python3" },
    { "python title=\"a.py\"", "python3" },
    { "python,ignore", "python3" },
    { "{.python .numberLines}", "python3" },
    { "language-js", "js" },
    { "c", "c" },
    { "c++", "cpp" },
    { "cpp", "cpp" },
    { "C++", "cpp" },
    { "cc", "cpp" },
    { "h", "chdr" },
    { "c#", "c-sharp" },
    { "csharp", "c-sharp" },
    { "js", "js" },
    { "javascript", "js" },
    { "jsx", "jsx" },
    { "ts", "typescript" },
    { "tsx", "typescript-jsx" },
    { "typescript", "typescript" },
    { "sh", "sh" },
    { "bash", "sh" },
    { "shell", "sh" },
    { "zsh", "sh" },
    { "console", "sh" },
    { "rust", "rust" },
    { "rs", "rust" },
    { "rust,no_run", "rust" },
    { "go", "go" },
    { "golang", "go" },
    { "java", "java" },
    { "kotlin", "kotlin" },
    { "kt", "kotlin" },
    { "rb", "ruby" },
    { "ruby", "ruby" },
    { "php", "php" },
    { "swift", "swift" },
    { "scala", "scala" },
    { "haskell", "haskell" },
    { "hs", "haskell" },
    { "lua", "lua" },
    { "perl", "perl" },
    { "pl", "perl" },
    { "r", "r" },
    { "sql", "sql" },
    { "json", "json" },
    { "yaml", "yaml" },
    { "yml", "yaml" },
    { "toml", "toml" },
    { "xml", "xml" },
    { "html", "html" },
    { "css", "css" },
    { "scss", "scss" },
    { "diff", "diff" },
    { "patch", "diff" },
    { "make", "makefile" },
    { "makefile", "makefile" },
    { "Makefile", "makefile" },
    { "cmake", "cmake" },
    { "meson", "meson" },
    { "dockerfile", "docker" },
    { "Dockerfile", "docker" },
    { "glsl", "glsl" },
    { "vala", "vala" },
    { "markdown", "markdown" },
    { "md", "markdown" },
    { "latex", "latex" },
    { "tex", "latex" },
    { "powershell", "powershell" },
    { "ps1", "powershell" },
    { "objective-c", "objc" },
    { "objc", "objc" },
    { "f#", "fsharp" },
    { "ini", "ini" },
    { "main.rs", "rust" },
    { "text", NULL },
    { "txt", NULL },
    { "plaintext", NULL },
    { "", NULL },
    { " ", NULL },
    { "nosuchlanguage", NULL },
    { "\xff\xfe", NULL },
    { "../../etc/passwd", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const char *id = id_of (riposte_source_guess_language (NULL, rows[i][0]));
      if (g_strcmp0 (id, rows[i][1]) != 0)
        g_test_message ("hint “%s”", rows[i][0]);
      g_assert_cmpstr (id, ==, rows[i][1]);
    }
  g_assert_null (riposte_source_guess_language (NULL, NULL));
}

static void
test_language_of_name (void)
{
  static const char *const rows[][3] = {
    { "a.py", NULL, "python3" },
    { "/x/y/a.c", NULL, "c" },
    { "a.c", "python", "c" },
    { "Makefile", NULL, "makefile" },
    { "a.unknown", "js", "js" },
    { "noending", NULL, NULL },
    { "a.tsx", NULL, "typescript-jsx" },
    { "CMakeLists.txt", NULL, "cmake" },
    { "meson.build", NULL, "meson" },
    { "\xff.rs", NULL, "rust" },
    { "", "c", "c" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpstr (id_of (riposte_source_guess_language (rows[i][0], rows[i][1])), ==, rows[i][2]);
}

/* ---- indentation ---- */

static void
test_indentation_guess (void)
{
  static const struct
  {
    const char *text;
    gboolean found, tabs;
    guint width;
  } rows[] = {
    { "", FALSE, FALSE, 0 },
    { "a\nb\n", FALSE, FALSE, 0 },
    { "a\n    b\n    c\n        d\n", TRUE, FALSE, 4 },
    { "a\n  b\n    c\n  d\n    e", TRUE, FALSE, 2 },
    { "a\n   b\n      c\n", TRUE, FALSE, 3 },
    { "a\n        b\na\n        b\n", TRUE, FALSE, 8 },
    { "a\n\tb\n\t\tc\n", TRUE, TRUE, 8 },
    /* stars of comments say nothing */
    { "/*\n * a\n * b\n */\n", FALSE, FALSE, 0 },
    { "/*\n * a\n */\nf {\n    b\n}\n", TRUE, FALSE, 4 },
    /* blank lines neither */
    { "a\n  \n      \nb\n", FALSE, FALSE, 0 },
    /* alignment is rarer than levels */
    { "f (\n    a,\n    b)\n  x\n    y\n      z\n  x\n    y\n", TRUE, FALSE, 2 },
    { "    only\n    deep\n", TRUE, FALSE, 4 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      RiposteIndentation indentation = { .tabs = FALSE, .tab_width = 8, .width = 0 };
      g_test_message ("row %zu", i);
      g_assert_cmpint (riposte_indentation_guess (rows[i].text, &indentation), ==, rows[i].found);
      g_assert_cmpint (indentation.tabs, ==, rows[i].tabs);
      g_assert_cmpuint (indentation.width, ==, rows[i].width);
    }
}

static void
test_indentation_fit (void)
{
  static const RiposteIndentation tabs = { TRUE, 8, 8 }, spaces = { FALSE, 8, 4 };
  static const struct
  {
    const char *code, *prefix;
    const RiposteIndentation *target;
    const char *result;
  } rows[] = {
    { "a\n    b\n", "", NULL, "a\n    b" },
    { "a\n    b\n", "  ", NULL, "a\n      b" },
    { "    a\n        b\n", "", NULL, "a\n    b" },
    { "\n\n  a\n\n  b\n\n", "\t", NULL, "a\n\n\tb" },
    { "a\r\n  b\r\n", "", NULL, "a\n  b" },
    { "a\n    b\n      c\n", "", &tabs, "a\n\tb\n\t  c" },
    { "a\n\tb\n\t\tc\n", "", &spaces, "a\n    b\n        c" },
    /* the number of spaces is the author's */
    { "a\n  b\n    c\n", "", &spaces, "a\n  b\n    c" },
    { "", "  ", &spaces, "" },
    { "\n \n", "  ", &spaces, "" },
    /* less indented than the first */
    { "  a\nb\n", "", NULL, "  a\nb" },
    { "  a\n\tb\n", "", NULL, "  a\n\tb" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *result = riposte_indentation_fit (rows[i].code, rows[i].prefix, rows[i].target);
      g_test_message ("row %zu", i);
      g_assert_cmpstr (result, ==, rows[i].result);
    }
}

/* ---- code into a text ---- */

/* "|" is the caret; two of them are the ends of a selection. */
static void
set_text (GtkTextBuffer *buffer, const char *marked)
{
  g_auto (GStrv) parts = g_strsplit (marked, "|", 3);
  g_autofree char *text = g_strjoinv ("", parts);
  GtkTextIter first, second;
  glong start = g_utf8_strlen (parts[0], -1);
  glong length = parts[1] && parts[2] ? g_utf8_strlen (parts[1], -1) : 0;

  gtk_text_buffer_set_text (buffer, text, -1);
  gtk_text_buffer_get_iter_at_offset (buffer, &first, (int)start);
  gtk_text_buffer_get_iter_at_offset (buffer, &second, (int)(start + length));
  gtk_text_buffer_select_range (buffer, &second, &first);
}

static char *
marked_text (GtkTextBuffer *buffer)
{
  GtkTextIter start, caret, end;

  gtk_text_buffer_get_bounds (buffer, &start, &end);
  gtk_text_buffer_get_iter_at_mark (buffer, &caret, gtk_text_buffer_get_insert (buffer));
  g_autofree char *before = gtk_text_buffer_get_text (buffer, &start, &caret, TRUE);
  g_autofree char *after = gtk_text_buffer_get_text (buffer, &caret, &end, TRUE);
  return g_strconcat (before, "|", after, NULL);
}

static void
test_insert_code (void)
{
  static const struct
  {
    const char *before, *code, *after;
  } rows[] = {
    { "|", "a\n", "a|" },
    { "|", "def f():\n    return 1\n", "def f():\n    return 1|" },
    /* an empty line takes the lines */
    { "x\n|\ny", "a\nb\n", "x\na\nb|\ny" },
    /* the caret's line gives the indentation */
    { "if x:\n    |", "a\n    b\n", "if x:\n    a\n        b|" },
    { "if x:\n    |\ny", "    a\n    b\n", "if x:\n    a\n    b|\ny" },
    { "if x:\n|    \ny", "a\nb", "if x:\n    a\n    b|\ny" },
    /* before a line: the line stays one */
    { "|x\ny", "a\nb\n", "a\nb\n|x\ny" },
    { "|    x", "a\nb\n", "    a\n    b\n    |x" },
    { "  |  x", "a", "    a\n    |x" },
    { "    |x", "a", "    a\n    |x" },
    /* behind a text: lines of their own, or a part of the line */
    { "  x = 1|\ny", "a\nb\n", "  x = 1\n  a\n  b|\ny" },
    { "x = |", "f(1)", "x = f(1)|" },
    { "f(|)", "1 + 2", "f(1 + 2|)" },
    { "f(|)", "a\nb", "f(\na\nb\n|)" },
    /* instead of a selection */
    { "a |b| c", "x", "a x| c" },
    { "f(|x|)", "1,\n  2", "f(1,\n  2|)" },
    { "|one\ntwo\n|three", "a\nb\n", "a\nb\n|three" },
    { "|one\ntwo\n|\nthree", "a\nb\n", "a\nb\n|\nthree" },
    { "  |x\n  y\n|  z", "a\n", "  a\n|  z" },
    { "|  x\n  y|\n  z", "a\nb\n", "  a\n  b|\n  z" },
    { "|all|", "new\n", "new|" },
    /* tabs into spaces and back, where the text has its own */
    { "if x:\n    y\n    |", "a\n\tb", "if x:\n    y\n    a\n        b|" },
    { "if x:\n\ty\n\t|", "a\n    b", "if x:\n\ty\n\ta\n\t\tb|" },
    { "x\n|", "a\n\tb", "x\na\n\tb|" },
    { "|", "\xc3\xa4 \xf0\x9f\x98\x80", "\xc3\xa4 \xf0\x9f\x98\x80|" },
    { "|", "", "|" },
    { "x|y", "\n", "x|y" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (RiposteDocument) document = riposte_document_new (1);
      GtkTextBuffer *buffer = GTK_TEXT_BUFFER (document);
      set_text (buffer, rows[i].before);
      riposte_document_insert_code (document, rows[i].code, NULL);
      g_autofree char *result = marked_text (buffer);
      if (strcmp (result, rows[i].after) != 0)
        g_test_message ("row %zu: “%s” into “%s”", i, rows[i].code, rows[i].before);
      g_assert_cmpstr (result, ==, rows[i].after);
    }
}

/* One step to undo, whatever was replaced. */
static void
test_insert_code_is_one_step (void)
{
  g_autoptr (RiposteDocument) document = riposte_document_new (1);
  GtkTextBuffer *buffer = GTK_TEXT_BUFFER (document);
  GtkTextIter start, end;

  gtk_text_buffer_begin_irreversible_action (buffer);
  set_text (buffer, "one\n|two|\nthree");
  gtk_text_buffer_end_irreversible_action (buffer);
  riposte_document_insert_code (document, "a\nb\n", "python");
  g_assert_true (gtk_text_buffer_get_can_undo (buffer));
  gtk_text_buffer_undo (buffer);
  g_assert_false (gtk_text_buffer_get_can_undo (buffer));
  gtk_text_buffer_get_bounds (buffer, &start, &end);
  g_autofree char *text = gtk_text_buffer_get_text (buffer, &start, &end, TRUE);
  g_assert_cmpstr (text, ==, "one\ntwo\nthree");
  gtk_text_buffer_redo (buffer);
  gtk_text_buffer_get_bounds (buffer, &start, &end);
  g_autofree char *again = gtk_text_buffer_get_text (buffer, &start, &end, TRUE);
  g_assert_cmpstr (again, ==, "one\na\nb\nthree");
}

static void
test_insert_code_language (void)
{
  g_autoptr (RiposteDocument) document = riposte_document_new (1);

  riposte_document_insert_code (document, "x\n", NULL);
  g_assert_null (gtk_source_buffer_get_language (GTK_SOURCE_BUFFER (document)));
  riposte_document_insert_code (document, "if x:\n\ty\n", "py");
  g_assert_cmpstr (id_of (gtk_source_buffer_get_language (GTK_SOURCE_BUFFER (document))), ==, "python3");
  /* as the code is, where the text said nothing */
  g_assert_true (riposte_document_get_indentation (document).tabs);
  riposte_document_insert_code (document, "x\n", "rust");
  g_assert_cmpstr (id_of (gtk_source_buffer_get_language (GTK_SOURCE_BUFFER (document))), ==, "python3");
  g_autofree char *name = riposte_document_dup_suggested_name (document);
  g_assert_cmpstr (name, ==, "Untitled.py");
}

/* ---- while one types ---- */

/* What GtkSourceView does for a key: the letter, then the indenter. */
static void
test_indent_while_typing (void)
{
  static const struct
  {
    const char *language, *before, *key, *after;
  } rows[] = {
    { "c", "if (x) {|", "\n", "if (x) {\n    |" },
    { "c", "    x;|", "\n", "    x;\n    |" },
    { "c", "    if (x) {|}", "\n", "    if (x) {\n        |\n    }" },
    { "c", "f (a,\n  b);|", "\n", "f (a,\n  b);\n  |" },
    { "c", "{\n    x;\n    |", "}", "{\n    x;\n}|" },
    { "c", "  {\n    { y }\n      |", "}", "  {\n    { y }\n  }|" },
    { "c", "|", "}", "}|" },
    { "c", "x = y|", "}", "x = y}|" },
    { "c", "a: |", "\n", "a: \n|" },
    { "c", "|", "\n", "\n|" },
    { "python3", "def f():|", "\n", "def f():\n    |" },
    { "python3", "x = [|]", "\n", "x = [\n    |\n]" },
    { "python3", "x  |  y", "\n", "x  \n|y" },
    { "go", "func f() {|", "\n", "func f() {\n\t|" },
    { NULL, "\ta {|", "\n", "\ta {\n            |" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (RiposteDocument) document = riposte_document_new (1);
      g_autoptr (GtkSourceIndenter) indenter = riposte_indenter_new ();
      GtkTextBuffer *buffer = GTK_TEXT_BUFFER (document);
      GtkTextIter caret;
      g_autoptr (GtkWidget) view = g_object_ref_sink (gtk_source_view_new_with_buffer (GTK_SOURCE_BUFFER (buffer)));

      gtk_source_buffer_set_language (GTK_SOURCE_BUFFER (buffer),
                                      rows[i].language ? riposte_source_guess_language (NULL, rows[i].language) : NULL);
      set_text (buffer, rows[i].before);
      gtk_text_buffer_insert_at_cursor (buffer, rows[i].key, -1);
      gtk_text_buffer_get_iter_at_mark (buffer, &caret, gtk_text_buffer_get_insert (buffer));
      gtk_source_indenter_indent (indenter, GTK_SOURCE_VIEW (view), &caret);
      gtk_text_buffer_place_cursor (buffer, &caret);
      g_autofree char *result = marked_text (buffer);
      g_test_message ("row %zu", i);
      g_assert_cmpstr (result, ==, rows[i].after);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  adw_init ();
  gtk_source_init ();
  g_test_add_func ("/language/of-hint", test_language_of_hint);
  g_test_add_func ("/language/of-name", test_language_of_name);
  g_test_add_func ("/indentation/guess", test_indentation_guess);
  g_test_add_func ("/indentation/fit", test_indentation_fit);
  g_test_add_func ("/insert-code/places", test_insert_code);
  g_test_add_func ("/insert-code/one-step", test_insert_code_is_one_step);
  g_test_add_func ("/insert-code/language", test_insert_code_language);
  g_test_add_func ("/indentation/while-typing", test_indent_while_typing);
  return g_test_run ();
}
