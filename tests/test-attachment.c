/* What is attached to a question: in its text and back, and what is refused. */
#include "chat/attachment.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

static GListModel *
make_list (const char *const (*texts)[2], guint n)
{
  GListStore *list = g_list_store_new (RIPOSTE_TYPE_ATTACHMENT);

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (RiposteAttachment) attachment = riposte_attachment_new (texts[i][0], texts[i][1], -1);
      g_list_store_append (list, attachment);
    }
  return G_LIST_MODEL (list);
}

static void
check (const char *question, const char *const (*texts)[2], guint n)
{
  g_autoptr (GListModel) list = make_list (texts, n);
  g_autofree char *text = riposte_attachments_join (question, list);
  g_autoptr (GPtrArray) found = NULL;
  gsize length = riposte_attachments_split (text, &found);

  g_test_message ("%s", text);
  g_assert_cmpmem (text, length, question, strlen (question));
  g_assert_cmpuint (found->len, ==, n);
  for (guint i = 0; i < n; i++)
    {
      const char *expected = texts[i][1];
      const char *newline = *expected && !g_str_has_suffix (expected, "\n") ? "\n" : "";
      g_autofree char *whole = g_strconcat (expected, newline, NULL);

      g_assert_cmpstr (riposte_attachment_get_name (found->pdata[i]), ==, texts[i][0]);
      g_assert_cmpstr (riposte_attachment_get_text (found->pdata[i]), ==, whole);
    }
}

static const char *const samples[][2] = {
  { "a.py", "print(1)\n" },
  { "no newline.c", "int x;" },
  { "empty", "" },
  { "notes.md", "```py\nprint(1)\n```\n\nAttached: b.c\n````c\nint y;\n````\n" },
  { "Größe.日本", "\n\n`````\n\n" },
};

static void
test_round_trip (void)
{
  const char *const questions[]
    = { "What is this?", "", "Two\n\nparagraphs", "Attached: nothing", "x\n\nAttached: a\n```\nbroken" };

  for (guint q = 0; q < G_N_ELEMENTS (questions); q++)
    for (guint n = 0; n <= G_N_ELEMENTS (samples); n++)
      check (questions[q], samples, n);
}

/* Thousands of beginnings that break off are read in one go. */
static void
test_hostile (void)
{
  g_autoptr (GString) text = g_string_new ("q");
  g_autoptr (GPtrArray) found = NULL;

  for (int i = 0; i < 20000; i++)
    g_string_append (text, "\n\nAttached: a\n```\nx\n```");
  g_string_append (text, " and more");
  g_assert_cmpuint (riposte_attachments_split (text->str, &found), ==, text->len);
  g_assert_cmpuint (found->len, ==, 0);
}

static void
test_name (void)
{
  g_autoptr (RiposteAttachment) attachment = riposte_attachment_new ("a\n`b`\x1b.c", "x", 1);

  g_assert_cmpstr (riposte_attachment_get_name (attachment), ==, "a__b__.c");
}

static void
on_loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **)user_data = g_object_ref (result);
}

static RiposteAttachment *
load (const char *path, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GAsyncResult) result = NULL;

  riposte_attachment_load_async (file, NULL, on_loaded, &result);
  while (!result)
    g_main_context_iteration (NULL, TRUE);
  return riposte_attachment_load_finish (result, error);
}

static void
test_load (void)
{
  static const struct
  {
    const char *bytes;
    gssize length;
    int code;         /* -1: it is taken */
    const char *text; /* as it is taken; NULL: as it is */
  } cases[] = {
    { "text\n", 5, -1 },
    { "", 0, -1 },
    { "Gr\xc3\xb6\xc3\x9f"
      "e",
      7, -1 },
    { "\x7f"
      "ELF\0\1",
      6, G_IO_ERROR_INVALID_DATA },
    { "Gr\xf6\xdf"
      "e",
      5, -1,
      "Gr\xc3\xb6\xc3\x9f"
      "e" },
    { "\xff\xfeG\0r\0\xf6\0", 8, -1, "Gr\xc3\xb6" },
    { "\xfe\xff\0G\0r\0\xf6", 8, -1, "Gr\xc3\xb6" },
    { "\xef\xbb\xbf#!", 5, -1, "#!" },
  };
  g_autofree char *folder = g_dir_make_tmp (NULL, NULL);
  g_autofree char *path = g_build_filename (folder, "file.txt", NULL);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RiposteAttachment) attachment = NULL;

      g_assert_true (g_file_set_contents (path, cases[i].bytes, cases[i].length, NULL));
      attachment = load (path, &error);
      if (cases[i].code < 0)
        {
          g_assert_no_error (error);
          g_assert_cmpstr (riposte_attachment_get_name (attachment), ==, "file.txt");
          g_assert_cmpstr (riposte_attachment_get_text (attachment), ==,
                           cases[i].text ? cases[i].text : cases[i].bytes);
        }
      else
        g_assert_error (error, G_IO_ERROR, cases[i].code);
      g_clear_error (&error);
    }
  g_assert_null (load (folder, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY);
  g_clear_error (&error);
  g_assert_cmpint (truncate (path, RIPOSTE_ATTACHMENT_MAX_SIZE + 1), ==, 0);
  g_assert_null (load (path, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE);
  g_clear_error (&error);
  g_assert_null (load ("/dev/zero", &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE);
  g_clear_error (&error);
  g_unlink (path);
  /* who reads it would wait until somebody writes */
  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  g_assert_null (load (path, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE);
  g_clear_error (&error);
  g_unlink (path);
  g_assert_null (load (path, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/attachment/round-trip", test_round_trip);
  g_test_add_func ("/attachment/hostile", test_hostile);
  g_test_add_func ("/attachment/name", test_name);
  g_test_add_func ("/attachment/load", test_load);
  return g_test_run ();
}
