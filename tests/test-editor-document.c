/* Documents of the editor: what is loaded is saved as it was, and what another program does to a file is seen. */
#include "editor-helpers.h"

#include "file-probe.h"
#include "source-style.h"

#include <adwaita.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
append (RiposteDocument *document, const char *text)
{
  GtkTextIter end;

  gtk_text_buffer_get_end_iter (GTK_TEXT_BUFFER (document), &end);
  gtk_text_buffer_insert (GTK_TEXT_BUFFER (document), &end, text, -1);
}

/* ---- what comes back as it was ---- */

typedef struct
{
  const char *name;
  const char *content;
  gssize length;
  const char *text;    /* in the buffer */
  const char *charset; /* NULL: UTF-8 */
} RoundTrip;

static const RoundTrip round_trips[] = {
  { "plain", "one\ntwo\n", -1, "one\ntwo", NULL },
  { "no-newline-at-end", "one\ntwo", -1, "one\ntwo", NULL },
  { "two-newlines-at-end", "one\n\n", -1, "one\n", NULL },
  { "empty", "", 0, "", NULL },
  { "only-newline", "\n", -1, "\n", NULL },
  { "only-newlines", "\n\n\n", -1, "\n\n\n", NULL },
  { "crlf", "one\r\ntwo\r\n", -1, NULL, NULL },
  { "crlf-no-newline-at-end", "one\r\ntwo", -1, NULL, NULL },
  { "cr", "one\rtwo\r", -1, NULL, NULL },
  { "utf-8", "a = \"äöü €\xe6\x97\xa5\xf0\x9f\x98\x80\"\n", -1, "a = \"äöü €\xe6\x97\xa5\xf0\x9f\x98\x80\"", NULL },
  { "utf-8-mark", "\xef\xbb\xbfone\n", -1, NULL, NULL },
  { "latin", "caf\xe9\n", -1, "café", "ISO-8859-15" },
  { "one-bad-byte", "abc \xff\xfe def\n", -1, "abc ÿþ def", "ISO-8859-15" },
  { "utf-16le", "\xff\xfeo\0n\0e\0\n\0", 10, NULL, "UTF-16LE" },
  { "utf-16be", "\xfe\xff\0o\0n\0e\0\n", 10, NULL, "UTF-16BE" },
};

static void
test_round_trip (Fixture *fixture, gconstpointer data)
{
  const RoundTrip *row = data;
  g_autoptr (GFile) file = write_file (fixture, "file.txt", row->content, row->length);
  g_autoptr (GFile) copy = file_of (fixture, "copy.txt");
  g_autoptr (RiposteDocument) document = riposte_document_new (1);
  g_autoptr (GError) error = NULL;

  load (document, file, &error);
  g_assert_no_error (error);
  g_assert_false (gtk_text_buffer_get_modified (GTK_TEXT_BUFFER (document)));
  g_assert_false (gtk_text_buffer_get_can_undo (GTK_TEXT_BUFFER (document)));
  if (row->text)
    assert_text_is (document, row->text);
  g_assert_cmpstr (gtk_source_encoding_get_charset (riposte_document_get_encoding (document)), ==,
                   row->charset ? row->charset : "UTF-8");
  save (document, file, RIPOSTE_SAVE_NONE, &error);
  g_assert_no_error (error);
  assert_file_is (file, row->content, row->length);
  save (document, copy, RIPOSTE_SAVE_NONE, &error);
  g_assert_no_error (error);
  assert_file_is (copy, row->content, row->length);
  g_assert_true (g_file_equal (riposte_document_get_file (document), copy));
}

/* What is typed or inserted ends its lines as the file does. */
static void
test_foreign_newlines (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) file = write_file (fixture, "file.txt", "one\r\ntwo\r\n\r\nthree\r\n", -1);
  g_autoptr (RiposteDocument) document = riposte_document_new (1);
  g_autoptr (GError) error = NULL;
  GtkTextIter at;

  load (document, file, &error);
  g_assert_no_error (error);
  gtk_text_buffer_get_iter_at_line (GTK_TEXT_BUFFER (document), &at, 1);
  gtk_text_buffer_insert (GTK_TEXT_BUFFER (document), &at, "a\nb\n", -1);
  gtk_text_buffer_get_iter_at_line (GTK_TEXT_BUFFER (document), &at, 4);
  gtk_text_buffer_insert (GTK_TEXT_BUFFER (document), &at, "c\n", -1);
  save (document, NULL, RIPOSTE_SAVE_NONE, &error);
  g_assert_no_error (error);
  assert_file_is (file, "one\r\na\r\nb\r\ntwo\r\nc\r\n\r\nthree\r\n", -1);
}

/* More than a read, and letters across the edges of reads. */
static void
test_large (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (RiposteDocument) document = riposte_document_new (1);
  g_autoptr (GError) error = NULL;

  while (text->len < 3 * 1024 * 1024 / 2)
    g_string_append_printf (text, "zeile %zu äöü €\n", text->len);
  g_string_truncate (text, text->len - 1);
  g_autoptr (GFile) file = write_file (fixture, "large.txt", text->str, (gssize)text->len);
  load (document, file, &error);
  g_assert_no_error (error);
  save (document, NULL, RIPOSTE_SAVE_NONE, &error);
  g_assert_no_error (error);
  g_autoptr (GBytes) bytes = read_file (file);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), text->str, text->len);
}

/* ---- what cannot be opened ---- */

static void
assert_fails (Fixture *fixture, GFile *file, int code)
{
  g_autoptr (RiposteDocument) document = riposte_document_new (1);
  g_autoptr (GError) error = NULL;

  g_assert_false (load (document, file, &error));
  g_assert_error (error, G_IO_ERROR, code);
  g_assert_cmpint (gtk_text_buffer_get_char_count (GTK_TEXT_BUFFER (document)), ==, 0);
  g_assert_false (gtk_text_buffer_get_modified (GTK_TEXT_BUFFER (document)));
}

static void
test_missing (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) file = file_of (fixture, "none");
  assert_fails (fixture, file, G_IO_ERROR_NOT_FOUND);
}

static void
test_folder (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) file = g_file_new_for_path (fixture->folder);
  assert_fails (fixture, file, G_IO_ERROR_IS_DIRECTORY);
}

/* Reading it would wait for ever. */
static void
test_pipe (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) file = file_of (fixture, "pipe");

  g_assert_cmpint (mkfifo (g_file_peek_path (file), 0600), ==, 0);
  assert_fails (fixture, file, G_IO_ERROR_NOT_REGULAR_FILE);
}

static void
test_binary (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) file = write_file (fixture, "program",
                                       "\x7f"
                                       "ELF\2\1\1\0\0\0\0\0\0\0\0\0",
                                       16);
  g_autoptr (GFile) wide = write_file (fixture, "wide", "\xff\xfe\0\0a\0\0\0", 8);

  assert_fails (fixture, file, G_IO_ERROR_INVALID_DATA);
  assert_fails (fixture, wide, G_IO_ERROR_INVALID_DATA);
}

/* A hole, which takes no room. */
static void
test_too_big (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) file = write_file (fixture, "big", "", 0);

  g_assert_cmpint (truncate (g_file_peek_path (file), (off_t)RIPOSTE_FILE_MAX_SIZE + 1), ==, 0);
  assert_fails (fixture, file, G_IO_ERROR_MESSAGE_TOO_LARGE);
}

static void
test_no_permission (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) file = write_file (fixture, "secret", "x", 1);

  if (geteuid () == 0)
    {
      g_test_skip ("root may read everything");
      return;
    }
  g_assert_cmpint (g_chmod (g_file_peek_path (file), 0), ==, 0);
  assert_fails (fixture, file, G_IO_ERROR_PERMISSION_DENIED);
}

static void
on_cancelled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (riposte_document_load_finish (RIPOSTE_DOCUMENT (source), result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  *(gboolean *)user_data = TRUE;
}

static gboolean
is_true (gpointer data)
{
  return *(gboolean *)data;
}

static void
test_cancel (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) file = write_file (fixture, "file", "text\n", -1);
  g_autoptr (RiposteDocument) document = riposte_document_new (1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  gboolean done = FALSE;

  riposte_document_load_async (document, file, cancellable, on_cancelled, &done);
  g_cancellable_cancel (cancellable);
  wait_until (is_true, &done);
  g_assert_false (riposte_document_get_busy (document));
}

/* ---- saving ---- */

static guint64
inode_of (GFile *file)
{
  GStatBuf buf;

  g_assert_cmpint (g_stat (g_file_peek_path (file), &buf), ==, 0);
  return buf.st_ino;
}

/* Replaced, not written over: another program never sees half a file, and a crash leaves the old one. */
static void
test_save_replaces (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) file = write_file (fixture, "file.sh", "old\n", -1);
  g_autoptr (RiposteDocument) document = riposte_document_new (1);
  g_autoptr (GError) error = NULL;
  GStatBuf buf;

  g_assert_cmpint (g_chmod (g_file_peek_path (file), 0750), ==, 0);
  guint64 inode = inode_of (file);
  load (document, file, &error);
  g_assert_no_error (error);
  append (document, " and new");
  g_assert_true (gtk_text_buffer_get_modified (GTK_TEXT_BUFFER (document)));
  save (document, NULL, RIPOSTE_SAVE_NONE, &error);
  g_assert_no_error (error);
  g_assert_false (gtk_text_buffer_get_modified (GTK_TEXT_BUFFER (document)));
  assert_file_is (file, "old and new\n", -1);
  g_assert_cmpuint (inode_of (file), !=, inode);
  g_assert_cmpint (g_stat (g_file_peek_path (file), &buf), ==, 0);
  g_assert_cmpint (buf.st_mode & 0777, ==, 0750);
}

static void
test_save_through_link (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) file = write_file (fixture, "real.c", "old\n", -1);
  g_autoptr (GFile) link = file_of (fixture, "link.c");
  g_autoptr (RiposteDocument) document = riposte_document_new (1);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (symlink ("real.c", g_file_peek_path (link)), ==, 0);
  guint64 inode = inode_of (file);
  load (document, link, &error);
  g_assert_no_error (error);
  g_assert_true (riposte_document_is_file (document, file));
  g_assert_true (riposte_document_is_file (document, link));
  append (document, "!");
  save (document, NULL, RIPOSTE_SAVE_NONE, &error);
  g_assert_no_error (error);
  assert_file_is (file, "old!\n", -1);
  g_assert_cmpuint (inode_of (file), !=, inode);
  g_assert_true (g_file_test (g_file_peek_path (link), G_FILE_TEST_IS_SYMLINK));
  g_autofree char *title = riposte_document_dup_title (document);
  g_assert_cmpstr (title, ==, "link.c");
}

static void
test_save_untitled (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) file = file_of (fixture, "new.py");
  g_autoptr (RiposteDocument) document = riposte_document_new (3);
  g_autoptr (GError) error = NULL;

  g_autofree char *title = riposte_document_dup_title (document);
  g_assert_cmpstr (title, ==, "Untitled 3");
  g_assert_true (riposte_document_is_pristine (document));
  append (document, "x = 1");
  g_assert_false (riposte_document_is_pristine (document));
  save (document, file, RIPOSTE_SAVE_NONE, &error);
  g_assert_no_error (error);
  assert_file_is (file, "x = 1\n", -1);
  g_autofree char *named = riposte_document_dup_title (document);
  g_assert_cmpstr (named, ==, "new.py");
  GtkSourceLanguage *language = gtk_source_buffer_get_language (GTK_SOURCE_BUFFER (document));
  g_assert_nonnull (language);
  g_assert_cmpstr (gtk_source_language_get_id (language), ==, "python3");
}

static void
test_save_fails (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) file = file_of (fixture, "no/such/folder.txt");
  g_autoptr (RiposteDocument) document = riposte_document_new (1);
  g_autoptr (GError) error = NULL;

  append (document, "kept");
  g_assert_false (save (document, file, RIPOSTE_SAVE_NONE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_null (riposte_document_get_file (document));
  g_assert_true (gtk_text_buffer_get_modified (GTK_TEXT_BUFFER (document)));
  assert_text_is (document, "kept");
}

static void
test_encoding_lacks_character (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) file = write_file (fixture, "latin.txt", "caf\xe9\n", -1);
  g_autoptr (RiposteDocument) document = riposte_document_new (1);
  g_autoptr (GError) error = NULL;

  load (document, file, &error);
  g_assert_no_error (error);
  append (document, " \xe6\x97\xa5");
  g_assert_false (save (document, NULL, RIPOSTE_SAVE_NONE, &error));
  g_assert_error (error, GTK_SOURCE_FILE_SAVER_ERROR, GTK_SOURCE_FILE_SAVER_ERROR_INVALID_CHARS);
  g_clear_error (&error);
  assert_file_is (file, "caf\xe9\n", -1);
  save (document, NULL, RIPOSTE_SAVE_AS_UTF8, &error);
  g_assert_no_error (error);
  assert_file_is (file, "café \xe6\x97\xa5\n", -1);
}

/* ---- what happens to the file meanwhile ---- */

typedef struct
{
  RiposteDocument *document;
  RiposteDiskState state;
} Expected;

static gboolean
has_state (gpointer data)
{
  Expected *expected = data;
  return riposte_document_get_disk_state (expected->document) == expected->state;
}

/* Within the same second, but not within the clock's tick. */
static void
change_file (GFile *file, const char *content)
{
  g_usleep (20000);
  g_assert_true (g_file_set_contents (g_file_peek_path (file), content, -1, NULL));
}

static void
test_changed_on_disk (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) file = write_file (fixture, "file.txt", "one\n", -1);
  g_autoptr (RiposteDocument) document = riposte_document_new (1);
  g_autoptr (GError) error = NULL;

  load (document, file, &error);
  g_assert_no_error (error);
  append (document, " mine");
  change_file (file, "theirs\n");
  wait_until (has_state, &(Expected){ document, RIPOSTE_DISK_CHANGED });

  g_assert_false (save (document, NULL, RIPOSTE_SAVE_NONE, &error));
  g_assert_error (error, GTK_SOURCE_FILE_SAVER_ERROR, GTK_SOURCE_FILE_SAVER_ERROR_EXTERNALLY_MODIFIED);
  g_clear_error (&error);
  assert_file_is (file, "theirs\n", -1);

  save (document, NULL, RIPOSTE_SAVE_OVERWRITE, &error);
  g_assert_no_error (error);
  assert_file_is (file, "one mine\n", -1);
  g_assert_cmpint (riposte_document_get_disk_state (document), ==, RIPOSTE_DISK_SAME);
}

static void
test_reload (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) file = write_file (fixture, "file.txt", "one\ntwo\nthree\n", -1);
  g_autoptr (RiposteDocument) document = riposte_document_new (1);
  g_autoptr (GError) error = NULL;
  GtkTextIter caret;

  load (document, file, &error);
  g_assert_no_error (error);
  gtk_text_buffer_get_iter_at_line_offset (GTK_TEXT_BUFFER (document), &caret, 1, 2);
  gtk_text_buffer_place_cursor (GTK_TEXT_BUFFER (document), &caret);
  change_file (file, "uno\ndue\ntre\n");
  wait_until (has_state, &(Expected){ document, RIPOSTE_DISK_CHANGED });
  load (document, NULL, &error);
  g_assert_no_error (error);
  assert_text_is (document, "uno\ndue\ntre");
  g_assert_cmpint (riposte_document_get_disk_state (document), ==, RIPOSTE_DISK_SAME);
  gtk_text_buffer_get_iter_at_mark (GTK_TEXT_BUFFER (document), &caret,
                                    gtk_text_buffer_get_insert (GTK_TEXT_BUFFER (document)));
  g_assert_cmpint (gtk_text_iter_get_line (&caret), ==, 1);
  g_assert_cmpint (gtk_text_iter_get_line_offset (&caret), ==, 2);
  /* to load again is no step to undo */
  g_assert_false (gtk_text_buffer_get_can_undo (GTK_TEXT_BUFFER (document)));

  /* A file that became unreadable leaves the text alone. */
  g_assert_true (g_file_set_contents (g_file_peek_path (file), "a\0b", 3, NULL));
  g_assert_false (load (document, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  assert_text_is (document, "uno\ndue\ntre");
}

static void
test_deleted_on_disk (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) file = write_file (fixture, "file.txt", "one\n", -1);
  g_autoptr (RiposteDocument) document = riposte_document_new (1);
  g_autoptr (GError) error = NULL;

  load (document, file, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_unlink (g_file_peek_path (file)), ==, 0);
  wait_until (has_state, &(Expected){ document, RIPOSTE_DISK_DELETED });
  save (document, NULL, RIPOSTE_SAVE_NONE, &error);
  g_assert_no_error (error);
  assert_file_is (file, "one\n", -1);
  g_assert_cmpint (riposte_document_get_disk_state (document), ==, RIPOSTE_DISK_SAME);
}

static gboolean
is_past (gpointer data)
{
  return g_get_monotonic_time () > *(gint64 *)data;
}

/* What the document itself writes is no change by another. */
static void
test_own_save_is_no_change (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) file = write_file (fixture, "file.txt", "one\n", -1);
  g_autoptr (RiposteDocument) document = riposte_document_new (1);
  g_autoptr (GError) error = NULL;

  load (document, file, &error);
  g_assert_no_error (error);
  for (int i = 0; i < 3; i++)
    {
      append (document, "!");
      save (document, NULL, RIPOSTE_SAVE_NONE, &error);
      g_assert_no_error (error);
      /* GIO tells of changes within a second */
      gint64 end = g_get_monotonic_time () + G_USEC_PER_SEC / 2;
      wait_until (is_past, &end);
      g_assert_cmpint (riposte_document_get_disk_state (document), ==, RIPOSTE_DISK_SAME);
    }
}

/* ---- what the content says ---- */

static void
test_shebang (Fixture *fixture, gconstpointer data)
{
  static const char *const rows[][2] = {
    { "#!/bin/sh\n", "sh" },
    { "#!/usr/bin/env python3.11\n", "python3" },
    { "#!/usr/bin/env -S FOO=1 node --flag\n", "js" },
    { "#!/usr/bin/perl -w\n", "perl" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GFile) file = write_file (fixture, "script", rows[i][0], -1);
      g_autoptr (RiposteDocument) document = riposte_document_new (1);
      g_assert_true (load (document, file, NULL));
      GtkSourceLanguage *language = gtk_source_buffer_get_language (GTK_SOURCE_BUFFER (document));
      g_assert_cmpstr (language ? gtk_source_language_get_id (language) : NULL, ==, rows[i][1]);
    }
}

static void
test_indentation_of_file (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) file = write_file (fixture, "a.py", "if x:\n  y\n  if z:\n    w\n", -1);
  g_autoptr (GFile) plain = write_file (fixture, "b.js", "x\n", -1);
  g_autoptr (RiposteDocument) document = riposte_document_new (1), other = riposte_document_new (1);

  g_assert_true (load (document, file, NULL));
  g_assert_cmpuint (riposte_document_get_indentation (document).width, ==, 2);
  g_assert_false (riposte_document_get_indentation (document).tabs);
  g_assert_true (load (other, plain, NULL));
  g_assert_cmpuint (riposte_document_get_indentation (other).width, ==, 2);
}

static void
test_style_follows (Fixture *fixture, gconstpointer data)
{
  AdwStyleManager *manager = adw_style_manager_get_default ();
  GtkSourceBuffer *buffer = gtk_source_buffer_new (NULL);

  adw_style_manager_set_color_scheme (manager, ADW_COLOR_SCHEME_FORCE_LIGHT);
  riposte_source_buffer_follow_style (buffer);
  riposte_source_buffer_follow_style (buffer);
  g_assert_cmpstr (gtk_source_style_scheme_get_id (gtk_source_buffer_get_style_scheme (buffer)), ==, "Adwaita");
  adw_style_manager_set_color_scheme (manager, ADW_COLOR_SCHEME_FORCE_DARK);
  g_assert_cmpstr (gtk_source_style_scheme_get_id (gtk_source_buffer_get_style_scheme (buffer)), ==, "Adwaita-dark");
  g_object_add_weak_pointer (G_OBJECT (buffer), (gpointer *)&buffer);
  g_object_unref (buffer);
  g_assert_null (buffer);
  adw_style_manager_set_color_scheme (manager, ADW_COLOR_SCHEME_FORCE_LIGHT);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*run) (Fixture *, gconstpointer);
  } cases[] = {
    { "foreign-newlines", test_foreign_newlines },
    { "large", test_large },
    { "missing", test_missing },
    { "folder", test_folder },
    { "pipe", test_pipe },
    { "binary", test_binary },
    { "too-big", test_too_big },
    { "no-permission", test_no_permission },
    { "cancel", test_cancel },
    { "save-replaces", test_save_replaces },
    { "save-through-link", test_save_through_link },
    { "save-untitled", test_save_untitled },
    { "save-fails", test_save_fails },
    { "encoding-lacks-character", test_encoding_lacks_character },
    { "changed-on-disk", test_changed_on_disk },
    { "reload", test_reload },
    { "deleted-on-disk", test_deleted_on_disk },
    { "own-save-is-no-change", test_own_save_is_no_change },
    { "shebang", test_shebang },
    { "indentation-of-file", test_indentation_of_file },
    { "style-follows", test_style_follows },
  };

  g_test_init (&argc, &argv, NULL);
  adw_init ();
  gtk_source_init ();
  for (gsize i = 0; i < G_N_ELEMENTS (round_trips); i++)
    {
      g_autofree char *path = g_strconcat ("/document/round-trip/", round_trips[i].name, NULL);
      g_test_add (path, Fixture, &round_trips[i], fixture_set_up, test_round_trip, fixture_tear_down);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/document/", cases[i].path, NULL);
      g_test_add (path, Fixture, NULL, fixture_set_up, cases[i].run, fixture_tear_down);
    }
  return g_test_run ();
}
