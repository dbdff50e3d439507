/* Conversations to JSON and back, to Markdown, and files that are not what they should be. */
#include "store/archive.h"

#include "chat/message.h"

#include <string.h>

static void
add (RiposteArchivedChat *chat,
     const char *id,
     const char *parent,
     int role,
     RiposteRecordState state,
     const char *text)
{
  RiposteRecord *message = g_new0 (RiposteRecord, 1);

  message->id = g_strdup (id);
  message->conversation = g_strdup (chat->chat->id);
  message->parent = g_strdup (parent);
  message->role = role;
  message->state = state;
  message->text = g_strdup (text);
  message->created = 1700000000 + chat->messages->len;
  g_ptr_array_add (chat->messages, message);
}

static RiposteArchivedChat *
chat_new (const char *id, const char *title)
{
  RiposteChatRecord *record = g_new0 (RiposteChatRecord, 1);

  record->id = g_strdup (id);
  record->title = g_strdup (title);
  return riposte_archived_chat_new (record, g_ptr_array_new_with_free_func ((GDestroyNotify)riposte_record_free));
}

/* q ── a ── r ── b
 *  └── c          */
static RiposteArchivedChat *
branched_chat_new (void)
{
  RiposteArchivedChat *chat = chat_new ("chat-1", "Café “日本” \\ \"x\" \u202e");
  RiposteRecord *last;

  add (chat, "q", NULL, RIPOSTE_ROLE_USER, RIPOSTE_RECORD_ENDED, "Line\nanother\t\x01 </script>");
  add (chat, "a", "q", RIPOSTE_ROLE_ASSISTANT, RIPOSTE_RECORD_STOPPED, "```c\nint x;");
  add (chat, "c", "q", RIPOSTE_ROLE_ASSISTANT, RIPOSTE_RECORD_ENDED, "");
  add (chat, "r", "a", RIPOSTE_ROLE_USER, RIPOSTE_RECORD_ENDED, "Again");
  add (chat, "b", "r", RIPOSTE_ROLE_ASSISTANT, RIPOSTE_RECORD_NO_ROOM, "<!-- Half");
  last = chat->messages->pdata[4];
  last->error = g_strdup ("It *broke*");
  last->model = g_strdup ("Model_1");
  last->attachments = g_strdup ("[{\"name\":\"a.c\"}]");
  last->n_read = 7;
  last->n_written = 9;
  last->n_context = 16;
  last->tokens_per_second = 12.25;
  last->seconds = 0.5;
  last->thinking_seconds = 0.25;
  last->left_out = TRUE;
  chat->chat->head = g_strdup ("b");
  chat->chat->settings = g_strdup ("{\"temperature\":0.5}");
  chat->chat->named = chat->chat->pinned = TRUE;
  chat->chat->created = 1600000000;
  chat->chat->updated = 1700000009;
  return chat;
}

static GPtrArray *
chats_new (RiposteArchivedChat *first, RiposteArchivedChat *second)
{
  GPtrArray *chats = g_ptr_array_new_with_free_func ((GDestroyNotify)riposte_archived_chat_free);

  g_ptr_array_add (chats, first);
  if (second)
    g_ptr_array_add (chats, second);
  return chats;
}

static void
assert_same_message (const RiposteRecord *a, const RiposteRecord *b)
{
  g_assert_cmpstr (a->id, ==, b->id);
  g_assert_cmpstr (a->conversation, ==, b->conversation);
  g_assert_cmpstr (a->parent, ==, b->parent);
  g_assert_cmpint (a->role, ==, b->role);
  g_assert_cmpint (a->state, ==, b->state);
  g_assert_cmpstr (a->text, ==, b->text);
  g_assert_cmpstr (a->error, ==, b->error);
  g_assert_cmpstr (a->model, ==, b->model);
  g_assert_cmpstr (a->attachments, ==, b->attachments);
  g_assert_cmpint (a->created, ==, b->created);
  g_assert_cmpuint (a->n_read, ==, b->n_read);
  g_assert_cmpuint (a->n_written, ==, b->n_written);
  g_assert_cmpuint (a->n_context, ==, b->n_context);
  g_assert_cmpfloat (a->tokens_per_second, ==, b->tokens_per_second);
  g_assert_cmpfloat (a->seconds, ==, b->seconds);
  g_assert_cmpfloat (a->thinking_seconds, ==, b->thinking_seconds);
  g_assert_cmpint (a->left_out, ==, b->left_out);
}

static void
assert_same_chat (const RiposteArchivedChat *a, const RiposteArchivedChat *b)
{
  g_assert_cmpstr (a->chat->id, ==, b->chat->id);
  g_assert_cmpstr (a->chat->title, ==, b->chat->title);
  g_assert_cmpstr (a->chat->head, ==, b->chat->head);
  g_assert_cmpstr (a->chat->settings, ==, b->chat->settings);
  g_assert_cmpint (a->chat->named, ==, b->chat->named);
  g_assert_cmpint (a->chat->pinned, ==, b->chat->pinned);
  g_assert_cmpint (a->chat->created, ==, b->chat->created);
  g_assert_cmpint (a->chat->updated, ==, b->chat->updated);
  g_assert_cmpuint (a->messages->len, ==, b->messages->len);
  for (guint i = 0; i < a->messages->len; i++)
    assert_same_message (a->messages->pdata[i], b->messages->pdata[i]);
}

static void
test_round_trip (void)
{
  g_autoptr (GPtrArray) chats = chats_new (branched_chat_new (), chat_new ("empty", NULL));
  g_autofree char *json = riposte_archive_to_json (chats);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) read = riposte_archive_from_json (json, strlen (json), &error);

  g_assert_no_error (error);
  g_assert_cmpuint (read->len, ==, 2);
  assert_same_chat (read->pdata[0], chats->pdata[0]);
  assert_same_chat (read->pdata[1], chats->pdata[1]);
}

/* Trees of random shape and text, longer than any stack of frames would bear. */
static void
test_random_trees (void)
{
  for (int n = 1; n <= 20000; n = n * 5 + 3)
    {
      RiposteArchivedChat *chat = chat_new ("random", "Random");
      g_autoptr (GPtrArray) chats = chats_new (chat, NULL);
      g_autoptr (GPtrArray) read = NULL;
      g_autoptr (GError) error = NULL;
      g_autofree char *json = NULL;

      for (int i = 0; i < n; i++)
        {
          g_autofree char *id = g_strdup_printf ("m%d", i);
          const RiposteRecord *parent
            = i ? chat->messages->pdata[g_test_rand_bit () ? i - 1 : g_test_rand_int_range (0, i)] : NULL;
          GString *text = g_string_new (NULL);

          for (int k = g_test_rand_int_range (0, 20); k > 0; k--)
            {
              gunichar c = (gunichar)g_test_rand_int_range (1, g_test_rand_bit () ? 0x80 : 0x10ffff);
              if (g_unichar_validate (c))
                g_string_append_unichar (text, c);
            }
          add (chat, id, parent ? parent->id : NULL, parent ? !parent->role : RIPOSTE_ROLE_USER, RIPOSTE_RECORD_ENDED,
               text->str);
          g_string_free (text, TRUE);
        }
      json = riposte_archive_to_json (chats);
      read = riposte_archive_from_json (json, strlen (json), &error);
      g_assert_no_error (error);
      assert_same_chat (read->pdata[0], chat);
    }
}

static void
test_growing_is_cut_off (void)
{
  RiposteArchivedChat *chat = chat_new ("c", NULL);
  g_autoptr (GPtrArray) chats = chats_new (chat, NULL);
  g_autoptr (GPtrArray) read = NULL;
  g_autofree char *json = NULL;

  add (chat, "q", NULL, RIPOSTE_ROLE_USER, RIPOSTE_RECORD_ENDED, "?");
  add (chat, "a", "q", RIPOSTE_ROLE_ASSISTANT, RIPOSTE_RECORD_GROWING, "Half");
  json = riposte_archive_to_json (chats);
  read = riposte_archive_from_json (json, strlen (json), NULL);
  chat = read->pdata[0];
  g_assert_cmpint (((RiposteRecord *)chat->messages->pdata[1])->state, ==, RIPOSTE_RECORD_CUT_OFF);
}

/* ---- what is refused ---- */

#define FILE_OF(chats)    "{\"format\":\"riposte-conversations\",\"version\":1,\"conversations\":[" chats "]}"
#define CHAT_OF(messages) FILE_OF ("{\"id\":\"c\",\"messages\":[" messages "]}")
#define Q                 "{\"id\":\"q\",\"role\":\"user\",\"text\":\"?\"}"
#define A                 "{\"id\":\"a\",\"parent\":\"q\",\"role\":\"assistant\",\"text\":\"!\"}"

static void
test_refused (void)
{
  static const struct
  {
    const char *json;
    int code;
    const char *words; /* of the message */
  } rows[] = {
    { "[]", RIPOSTE_ARCHIVE_ERROR_NOT_ONE, "" },
    { "{}", RIPOSTE_ARCHIVE_ERROR_NOT_ONE, "" },
    { "{\"format\":\"other\",\"version\":1,\"conversations\":[]}", RIPOSTE_ARCHIVE_ERROR_NOT_ONE, "" },
    { "{\"format\":\"riposte-conversations\",\"version\":1,\"conversations\":{}}", RIPOSTE_ARCHIVE_ERROR_NOT_ONE, "" },
    { "{\"format\":\"riposte-conversations\",\"version\":\"1\",\"conversations\":[]}", RIPOSTE_ARCHIVE_ERROR_NOT_ONE,
      "" },
    { "{\"format\":\"riposte-conversations\",\"version\":0,\"conversations\":[]}", RIPOSTE_ARCHIVE_ERROR_NOT_ONE, "" },
    { "{\"format\":\"riposte-conversations\",\"version\":2,\"conversations\":[]}", RIPOSTE_ARCHIVE_ERROR_NEWER, "2" },
    { "{\"format\":\"riposte-conversations\",\"version\":9000000000}", RIPOSTE_ARCHIVE_ERROR_NEWER, "" },
    { FILE_OF ("1"), RIPOSTE_ARCHIVE_ERROR_INVALID, "no messages" },
    { FILE_OF ("{\"id\":\"c\"}"), RIPOSTE_ARCHIVE_ERROR_INVALID, "no messages" },
    { FILE_OF ("{\"messages\":[]}"), RIPOSTE_ARCHIVE_ERROR_INVALID, "id" },
    { FILE_OF ("{\"id\":\"../x\",\"messages\":[]}"), RIPOSTE_ARCHIVE_ERROR_INVALID, "id" },
    { FILE_OF ("{\"id\":\"\",\"messages\":[]}"), RIPOSTE_ARCHIVE_ERROR_INVALID, "id" },
    { FILE_OF ("{\"id\":\"c\",\"title\":[],\"messages\":[]}"), RIPOSTE_ARCHIVE_ERROR_INVALID, "title" },
    { FILE_OF ("{\"id\":\"c\",\"messages\":[]},{\"id\":\"c\",\"messages\":[]}"), RIPOSTE_ARCHIVE_ERROR_INVALID, "2" },
    { FILE_OF ("{\"id\":\"c\",\"head\":\"x\",\"messages\":[" Q "]}"), RIPOSTE_ARCHIVE_ERROR_INVALID, "head" },
    { FILE_OF ("{\"id\":\"c\",\"messages\":[" Q "]},{\"id\":\"d\",\"messages\":[" A "]}"),
      RIPOSTE_ARCHIVE_ERROR_INVALID, "follows" },
    { CHAT_OF ("1"), RIPOSTE_ARCHIVE_ERROR_INVALID, "object" },
    { CHAT_OF (Q "," Q), RIPOSTE_ARCHIVE_ERROR_INVALID, "“q”" },
    { CHAT_OF (A "," Q), RIPOSTE_ARCHIVE_ERROR_INVALID, "come before" },
    { CHAT_OF ("{\"id\":\"q\",\"parent\":\"q\",\"role\":\"user\",\"text\":\"\"}"), RIPOSTE_ARCHIVE_ERROR_INVALID,
      "come before" }, /* cycles of one and of two */
    { CHAT_OF ("{\"id\":\"q\",\"parent\":\"a\",\"role\":\"user\",\"text\":\"\"}," A), RIPOSTE_ARCHIVE_ERROR_INVALID,
      "come before" },
    { CHAT_OF ("{\"id\":\"a\",\"role\":\"assistant\",\"text\":\"\"}"), RIPOSTE_ARCHIVE_ERROR_INVALID, "answer" },
    { CHAT_OF (Q "," A ",{\"id\":\"b\",\"parent\":\"a\",\"role\":\"assistant\",\"text\":\"\"}"),
      RIPOSTE_ARCHIVE_ERROR_INVALID, "message 3" },
    { CHAT_OF (Q ",{\"id\":\"r\",\"parent\":\"q\",\"role\":\"user\",\"text\":\"\"}"), RIPOSTE_ARCHIVE_ERROR_INVALID,
      "question" },
    { CHAT_OF ("{\"id\":\"q\",\"role\":\"root\",\"text\":\"\"}"), RIPOSTE_ARCHIVE_ERROR_INVALID, "role" },
    { CHAT_OF ("{\"id\":\"q\",\"text\":\"\"}"), RIPOSTE_ARCHIVE_ERROR_INVALID, "role" },
    { CHAT_OF ("{\"id\":\"q\",\"role\":\"user\"}"), RIPOSTE_ARCHIVE_ERROR_INVALID, "text" },
    { CHAT_OF ("{\"id\":\"q\",\"role\":\"user\",\"text\":5}"), RIPOSTE_ARCHIVE_ERROR_INVALID, "text" },
    { CHAT_OF ("{\"id\":\"q\",\"role\":\"user\",\"text\":\"\",\"state\":\"growing\"}"), RIPOSTE_ARCHIVE_ERROR_INVALID,
      "state" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GPtrArray) read = riposte_archive_from_json (rows[i].json, strlen (rows[i].json), &error);

      g_test_message ("%s: %s", rows[i].json, error ? error->message : "");
      g_assert_null (read);
      g_assert_error (error, RIPOSTE_ARCHIVE_ERROR, rows[i].code);
      g_assert_nonnull (strstr (error->message, rows[i].words));
    }
}

/* The same with nothing wrong, so that the rows above fail for what they are about. */
static void
test_accepted (void)
{
  static const char *const rows[] = {
    FILE_OF (""),
    CHAT_OF (""),
    CHAT_OF (Q "," A),
    CHAT_OF ("{\"id\":\"q\",\"parent\":null,\"role\":\"user\",\"text\":\"\",\"new\":{\"member\":[1]}}"),
    CHAT_OF (
      "{\"id\":\"q\",\"role\":\"user\",\"text\":\"\",\"created\":\"yesterday\",\"tokens\":-5,\"seconds\":1e999}"),
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GPtrArray) read = riposte_archive_from_json (rows[i], strlen (rows[i]), &error);

      g_assert_no_error (error);
      g_assert_nonnull (read);
    }
}

static void
test_long_text (void)
{
  g_autofree char *text = g_strnfill (20 << 20, 'x');
  g_autofree char *json = g_strdup_printf (CHAT_OF ("{\"id\":\"q\",\"role\":\"user\",\"text\":\"%s\"}"), text);
  g_autofree char *name
    = g_strdup_printf (CHAT_OF ("{\"id\":\"q\",\"role\":\"user\",\"text\":\"\",\"model\":\"%s\"}"), text);
  g_autoptr (GPtrArray) read = NULL;
  g_autoptr (GError) error = NULL;

  read = riposte_archive_from_json (json, strlen (json), &error);
  g_assert_no_error (error);
  g_assert_nonnull (read);
  g_assert_null (riposte_archive_from_json (name, strlen (name), &error));
  g_assert_error (error, RIPOSTE_ARCHIVE_ERROR, RIPOSTE_ARCHIVE_ERROR_INVALID);
}

/* A good file, cut short and with bytes changed: an answer or an error, never a crash, and never half of it. */
static void
test_damaged (void)
{
  g_autoptr (GPtrArray) chats = chats_new (branched_chat_new (), NULL);
  g_autofree char *json = riposte_archive_to_json (chats);
  gsize length = strlen (json);

  for (gsize n = 0; n < length; n++)
    {
      g_autofree char *head = g_memdup2 (json, n + 1); /* of the exact size, for the sanitizers */
      g_autoptr (GPtrArray) read = riposte_archive_from_json (head, n, NULL);
      g_assert_null (read);
    }
  for (int i = 0; i < 5000; i++)
    {
      g_autofree char *copy = g_memdup2 (json, length);
      g_autoptr (GPtrArray) read = NULL;
      g_autoptr (GError) error = NULL;

      for (int k = g_test_rand_int_range (1, 6); k > 0; k--)
        copy[g_test_rand_int_range (0, (int)length)] = (char)g_test_rand_int_range (0, 256);
      read = riposte_archive_from_json (copy, length, &error);
      g_assert_true ((read != NULL) == (error == NULL));
    }
}

/* ---- Markdown ---- */

static void
test_markdown (void)
{
  g_autoptr (RiposteArchivedChat) chat = branched_chat_new ();
  g_autofree char *markdown = NULL;

  g_free (chat->chat->title);
  chat->chat->title = g_strdup ("A *title*\nof <b>two</b> lines");
  chat->chat->created = 0;
  markdown = riposte_archive_to_markdown (chat);
  g_assert_cmpstr (markdown, ==,
                   "# A \\*title\\* of \\<b\\>two\\</b\\> lines\n"
                   "\n**You:**\n\n> Line\n> another\t\x01 </script>\n"
                   "\n**Answer:**\n\n```c\nint x;\n```\n\n*Stopped*\n"
                   "\n**You:**\n\n> Again\n"
                   "\n**Model\\_1:**\n\n\\<!-- Half\n\n*Failed: It \\*broke\\**\n");
}

static void
test_markdown_fences (void)
{
  static const char *const rows[][2] = {
    { "~~~~\n```\n~~~", "~~~~\n```\n~~~\n~~~~\n" },
    { "```\n<b>\n```\n<b>", "```\n<b>\n```\n\\<b>\n" },
    { "1. x\n\n   ```\n   <i>", "1. x\n\n   ```\n   <i>\n   ```\n" },
    { "``` a`b\n<p>", "``` a`b\n\\<p>\n" },
    { "    ```\n    <p>", "    ```\n    <p>\n" },
    { "```\n``` x\n```", "```\n``` x\n```\n" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (RiposteArchivedChat) chat = chat_new ("c", "T");
      g_autofree char *markdown = NULL;

      add (chat, "q", NULL, RIPOSTE_ROLE_USER, RIPOSTE_RECORD_ENDED, "?");
      add (chat, "a", "q", RIPOSTE_ROLE_ASSISTANT, RIPOSTE_RECORD_ENDED, rows[i][0]);
      markdown = riposte_archive_to_markdown (chat);
      g_assert_true (g_str_has_suffix (markdown, rows[i][1]));
      g_assert_cmpint (strstr (markdown, "Answer:**\n\n")[11], ==, rows[i][1][0]);
    }
}

static void
test_path (void)
{
  g_autoptr (RiposteArchivedChat) chat = branched_chat_new ();
  g_autoptr (GPtrArray) path = NULL;

  g_free (chat->chat->head);
  chat->chat->head = g_strdup ("c");
  path = riposte_archived_chat_get_path (chat);
  g_assert_cmpuint (path->len, ==, 2);
  g_assert_cmpstr (((RiposteRecord *)path->pdata[1])->id, ==, "c");
}

static void
test_file_names (void)
{
  static const char *const rows[][2] = {
    { "Reverse a string", "Reverse a string" },
    { "a/b\\c: \"d\"?", "a-b-c- -d--" },
    { "../..", "-" },
    { "...", "Chat" },
    { "", "Chat" },
    { "日本 \n", "日本 -" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *name = riposte_archive_file_name (rows[i][0]);
      g_assert_cmpstr (name, ==, rows[i][1]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/archive/round-trip", test_round_trip);
  g_test_add_func ("/archive/random-trees", test_random_trees);
  g_test_add_func ("/archive/growing-is-cut-off", test_growing_is_cut_off);
  g_test_add_func ("/archive/refused", test_refused);
  g_test_add_func ("/archive/accepted", test_accepted);
  g_test_add_func ("/archive/long-text", test_long_text);
  g_test_add_func ("/archive/damaged", test_damaged);
  g_test_add_func ("/archive/markdown", test_markdown);
  g_test_add_func ("/archive/markdown-fences", test_markdown_fences);
  g_test_add_func ("/archive/path", test_path);
  g_test_add_func ("/archive/file-names", test_file_names);
  return g_test_run ();
}
