/* Line ends: what was not touched is saved as it was, and what was added ends as the file's lines do. */
#include "apply-merge.h"
#include "editor-helpers.h"
#include "patch.h"

#include <adwaita.h>
#include <string.h>

/* ---- samples ---- */

static const struct
{
  const char *file, *buffer, *saved; /* with "+" put before the last line of the buffer */
} samples[] = {
  { "one\r\ntwo\r\n", "one\ntwo", "one\r\n+\r\ntwo\r\n" },
  { "one\r\ntwo", "one\ntwo", "one\r\n+\r\ntwo" },
  { "one\rtwo\r", "one\ntwo", "one\r+\rtwo\r" },
  { "one\r\r", "one\n", "one\r+\r\r" },
  { "one\r\n\r\n", "one\n", "one\r\n+\r\n\r\n" },
  { "\r\n", "\n", "\r\n+\r\n" },
  { "\r", "\n", "\r+\r" },
  { "one\r\n", "one", "+\r\none\r\n" },
  /* in several ways: each stays */
  { "one\r\ntwo\nthree\r\n", "one\r\ntwo\nthree\r\n", "one\r\ntwo\nthree\r\n+\n" },
  { "one\ntwo\r\nthree\n", "one\ntwo\r\nthree", "one\ntwo\r\n+\nthree\n" },
  { "10%\r20%\n30%\n", "10%\r20%\n30%", "10%\r20%\n+\n30%\n" },
  { "one\r\r\ntwo\r\n", "one\r\r\ntwo\r\n", "one\r\r\ntwo\r\n+\n" },
  /* GtkTextBuffer begins a line behind U+2029 */
  { "a\xe2\x80\xa9z\nb\n", "a\xe2\x80\xa9z\nb", "a\xe2\x80\xa9z\n+\nb\n" },
  { "a\xe2\x80\xa8z\r\nb\r\n", "a\xe2\x80\xa8z\nb", "a\xe2\x80\xa8z\r\n+\r\nb\r\n" },
};

static void
test_samples (Fixture *fixture, gconstpointer data)
{
  for (gsize i = 0; i < G_N_ELEMENTS (samples); i++)
    {
      g_autoptr (GFile) file = write_file (fixture, "file.txt", samples[i].file, -1);
      g_autoptr (RiposteDocument) document = riposte_document_new (1);
      const char *newline = strrchr (samples[i].buffer, '\n');
      glong offset = newline ? g_utf8_pointer_to_offset (samples[i].buffer, newline + 1) : 0;
      GtkTextIter at;

      g_assert_true (load (document, file, NULL));
      assert_text_is (document, samples[i].buffer);
      g_assert_true (save (document, NULL, RIPOSTE_SAVE_NONE, NULL));
      assert_file_is (file, samples[i].file, -1);
      gtk_text_buffer_get_iter_at_offset (GTK_TEXT_BUFFER (document), &at, (int)offset);
      gtk_text_buffer_insert (GTK_TEXT_BUFFER (document), &at, "+\n", -1);
      g_assert_true (save (document, NULL, RIPOSTE_SAVE_NONE, NULL));
      assert_file_is (file, samples[i].saved, -1);
    }
}

/* Larger than the pieces in which it is read, with line ends and letters across their edges. */
static void
test_pieces (Fixture *fixture, gconstpointer data)
{
  static const char *const ends[] = { "\r\n", "\r", "\r\n\r\n", "\n", "\r\r\n", "€" };
  g_autoptr (GString) text = g_string_new ("\n");

  while (text->len < 1024 * 1024)
    for (gsize i = 0; i < 100; i++)
      g_string_append (text, ends[g_test_rand_int_range (0, G_N_ELEMENTS (ends))]);
  g_autoptr (GFile) file = write_file (fixture, "file.txt", text->str, (gssize)text->len);
  g_autoptr (RiposteDocument) document = riposte_document_new (1);
  g_assert_true (load (document, file, NULL));
  g_assert_true (save (document, NULL, RIPOSTE_SAVE_NONE, NULL));
  g_autoptr (GBytes) bytes = read_file (file);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), text->str, text->len);
}

/* ---- random files, edited in all ways ---- */

typedef struct
{
  const char *newline; /* NULL: lines end in several ways */
  gboolean ends;       /* in a newline that the buffer does not have */
  char *text;          /* of the buffer */
  gboolean edited;     /* GTK 4.8 may take what is done next for a part of that */
} Model;

static int
below (int n)
{
  return g_test_rand_int_range (0, n);
}

static char *
replace (const char *text, const char *pattern, const char *by)
{
  g_autoptr (GRegex) regex = g_regex_new (pattern, 0, 0, NULL);
  char *result = g_regex_replace_literal (regex, text, -1, 0, by, 0, NULL);

  g_assert_nonnull (result);
  return result;
}

/* As the comment on riposte_document_save_async() has it, and not as the sources do it. */
static void
model_read (Model *model, const char *file)
{
  gboolean crlf = strstr (file, "\r\n") != NULL;
  gboolean cr = g_regex_match_simple ("\\r(?!\\n)", file, 0, 0), lf = g_regex_match_simple ("(?<!\\r)\\n", file, 0, 0);

  model->newline = crlf + cr + lf > 1 ? NULL : crlf ? "\r\n" : cr ? "\r" : "\n";
  g_free (model->text);
  model->text = model->newline ? replace (file, "\\r\\n|\\r|\\n", "\n") : g_strdup (file);
  model->edited = FALSE;
  model->ends = !*file
                || (g_regex_match_simple ("(?<!\\r)\\n\\z", model->text, 0, 0)
                    && g_regex_match_simple ("[^\\r\\n]", model->text, 0, 0));
  if (model->ends && *file)
    model->text[strlen (model->text) - 1] = '\0';
}

static char *
model_file (const Model *model)
{
  const char *newline = model->newline ? model->newline : "\n";
  g_autofree char *text = model->newline ? replace (model->text, "\\r\\n|\\r|\\n", newline) : g_strdup (model->text);

  return g_strconcat (text, model->ends && *text ? newline : "", NULL);
}

static char *
random_text (int most, const char *const *newlines, int n_newlines)
{
  static const char *const lines[] = { "",          "",          "alpha", "beta ();",        "  gamma = 1",
                                       "    delta", "\tepsilon", "}",     "zeta 日本語 äöü", "a\xe2\x80\xa9z" };
  GString *text = g_string_new (NULL);

  for (int n = below (most + 1); n > 0; n--)
    {
      g_string_append (text, lines[below (G_N_ELEMENTS (lines))]);
      if (n > 1 || below (2))
        g_string_append (text, newlines[below (n_newlines)]);
    }
  return g_string_free (text, FALSE);
}

static char *
random_code (void)
{
  return random_text (5, (const char *const[]){ "\n" }, 1);
}

static char *
random_patch (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint n = g_strv_length (lines), i = n ? (guint)below ((int)n) : 0;

  return n ? g_strdup_printf ("@@ -%u,1 +%u,2 @@\n-%s\n+new ();\n+%s\n", i + 1, i + 1, g_strchomp (lines[i]), lines[i])
           : g_strdup ("@@ -0,0 +1 @@\n+new ();\n");
}

/* What is before and behind an edit, and what comes in between. */
static void
model_replace (Model *model, glong from, glong to, const char *by)
{
  const char *start = g_utf8_offset_to_pointer (model->text, from), *end = g_utf8_offset_to_pointer (model->text, to);
  g_autofree char *head = g_strndup (model->text, (gsize)(start - model->text));
  char *text = g_strconcat (head, by, end, NULL);

  g_free (model->text);
  model->text = text;
}

static void
edit_somewhere (RiposteDocument *document, Model *model, const char *by)
{
  GtkTextBuffer *buffer = GTK_TEXT_BUFFER (document);
  int n = gtk_text_buffer_get_char_count (buffer), from = below (n + 1), to = from + below (2) * below (n - from + 1);
  GtkTextIter start, end;

  gtk_text_buffer_get_iter_at_offset (buffer, &start, from);
  gtk_text_buffer_get_iter_at_offset (buffer, &end, to);
  gtk_text_buffer_begin_user_action (buffer);
  gtk_text_buffer_delete (buffer, &start, &end);
  gtk_text_buffer_insert (buffer, &start, by, -1);
  gtk_text_buffer_end_user_action (buffer);
  model_replace (model, from, to, by);
}

static void
merge_somewhere (RiposteDocument *document, Model *model, const RiposteMerge *merge)
{
  gboolean open = !g_str_has_suffix (model->text, "\n");
  char *text = apply_merge (model->text, merge);

  riposte_document_apply_merge (document, merge);
  if (open && *text)
    text[strlen (text) - (g_str_has_suffix (text, "\r\n") ? 2 : 1)] = '\0';
  g_free (model->text);
  model->text = text;
}

/* Where it goes is tested elsewhere: here, that nothing else changes. */
static void
insert_code (RiposteDocument *document, Model *model, const char *code)
{
  GtkTextBuffer *buffer = GTK_TEXT_BUFFER (document);
  GtkTextIter caret;
  gsize head = 0, tail = 0;

  gtk_text_buffer_get_iter_at_offset (buffer, &caret, below (gtk_text_buffer_get_char_count (buffer) + 1));
  gtk_text_buffer_place_cursor (buffer, &caret);
  riposte_document_insert_code (document, code, NULL);
  char *text = text_of (document);
  gsize before = strlen (model->text), after = strlen (text);
  while (head < before && text[head] == model->text[head])
    head++;
  while (tail < before && text[after - 1 - tail] == model->text[before - 1 - tail])
    tail++;
  g_assert_cmpuint (head + tail, >=, before);
  g_free (model->text);
  model->text = text;
}

static void
edit (RiposteDocument *document, Model *model)
{
  static const char *const typed[] = { "\n" }, *const pasted[] = { "\n", "\r\n" };
  g_autofree char *before = g_strdup (model->text), *code = random_code (), *problem = NULL;
  g_autofree char *patch = random_patch (model->text), *other = random_text (3, pasted, 2);
  g_autoptr (RiposteMerge) merge = NULL;

  switch (below (6))
    {
    case 0:
      edit_somewhere (document, model, typed[0]);
      break;
    case 1:
      edit_somewhere (document, model, other);
      break;
    case 2:
      insert_code (document, model, code);
      break;
    case 3:
      merge = riposte_patch_apply (model->text, NULL, patch, &problem);
      break;
    default:
      merge = riposte_merge_code (model->text, code);
    }
  /* a carriage return that ends the text may be half of a line end, or not */
  if (merge && !g_str_has_suffix (model->text, "\r"))
    merge_somewhere (document, model, merge);
  assert_text_is (document, model->text);
  if (!model->edited && below (2) && strcmp (before, model->text) != 0)
    {
      gtk_text_buffer_undo (GTK_TEXT_BUFFER (document));
      assert_text_is (document, before);
      gtk_text_buffer_redo (GTK_TEXT_BUFFER (document));
      assert_text_is (document, model->text);
    }
  model->edited |= strcmp (before, model->text) != 0;
}

static void
test_random (Fixture *fixture, gconstpointer data)
{
  static const char *const newlines[] = { "\n", "\r\n", "\r" };

  for (int n = g_test_slow () ? 5000 : 100; n > 0; n--)
    {
      int kind = below (4);
      g_autofree char *content = random_text (8, kind < 3 ? &newlines[kind] : newlines, kind < 3 ? 1 : 3);
      g_autoptr (GFile) file = write_file (fixture, "file.txt", content, -1), copy = file_of (fixture, "copy.txt");
      g_autoptr (RiposteDocument) document = riposte_document_new (1);
      Model model = { NULL, FALSE, NULL, FALSE };

      g_assert_true (load (document, file, NULL));
      model_read (&model, content);
      assert_text_is (document, model.text);
      for (int round = 0; round < 2; round++)
        {
          GFile *other = below (4) ? NULL : copy;

          for (int i = below (4); i > 0; i--)
            edit (document, &model);
          g_autofree char *saved = model_file (&model);
          g_assert_true (save (document, other, RIPOSTE_SAVE_NONE, NULL));
          assert_file_is (riposte_document_get_file (document), saved, -1);
          if (below (2))
            {
              g_assert_true (load (document, NULL, NULL));
              model_read (&model, saved);
              assert_text_is (document, model.text);
            }
        }
      g_free (model.text);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  adw_init ();
  gtk_source_init ();
  g_test_add ("/newlines/samples", Fixture, NULL, fixture_set_up, test_samples, fixture_tear_down);
  g_test_add ("/newlines/pieces", Fixture, NULL, fixture_set_up, test_pieces, fixture_tear_down);
  g_test_add ("/newlines/random", Fixture, NULL, fixture_set_up, test_random, fixture_tear_down);
  return g_test_run ();
}
