/* Conversations as they are kept and restored: when an answer begins, what is on the disk, and what another window
 * sees of it. */
#include "chat/conversation.h"
#include "stand-in-generator.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

static char *folder;

typedef struct
{
  char *folder, *path;
  RiposteStore *store;
  TestGenerator *generator;
  RiposteConversation *chat;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  static int n;

  fixture->folder = g_strdup_printf ("%s/%d", folder, n++);
  fixture->path = g_build_filename (fixture->folder, "conversations.db", NULL);
  fixture->generator = g_object_new (TEST_TYPE_GENERATOR, NULL);
  if (data)
    g_assert_true (g_file_set_contents (fixture->folder, "a file where a folder should be", -1, NULL));
  fixture->store = riposte_store_new (fixture->path);
  fixture->chat = riposte_conversation_new (fixture->store);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_object (&fixture->chat);
  riposte_store_close (fixture->store);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (fixture->store);
  g_object_unref (fixture->generator);
  g_free (fixture->folder);
  g_free (fixture->path);
}

/* Until the answer has begun. */
static void
wait_for_start (Fixture *fixture)
{
  while (!fixture->generator->asked)
    g_main_context_iteration (NULL, TRUE);
}

static void
ask (Fixture *fixture, const char *question)
{
  g_clear_object (&fixture->generator->asked);
  riposte_conversation_ask (fixture->chat, question, RIPOSTE_GENERATOR (fixture->generator), &RP_SAMPLER_GREEDY);
}

static void
say (Fixture *fixture, const char *text)
{
  const RiposteGenerationInfo info = { .phase = RIPOSTE_PHASE_WRITING };

  riposte_generation_post_text (fixture->generator->asked, text, strlen (text));
  riposte_generation_post_info (fixture->generator->asked, &info);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
end (Fixture *fixture)
{
  const RiposteGenerationInfo info = { .stop = RP_STOP_END, .n_written = 3, .n_context_used = 10 };

  riposte_generation_post_end (fixture->generator->asked, &info, NULL);
  while (riposte_conversation_get_busy (fixture->chat))
    g_main_context_iteration (NULL, TRUE);
}

static void
talk (Fixture *fixture, const char *question, const char *text)
{
  ask (fixture, question);
  wait_for_start (fixture);
  say (fixture, text);
  end (fixture);
}

static void
try_again (Fixture *fixture, const char *text)
{
  g_clear_object (&fixture->generator->asked);
  riposte_conversation_try_again (fixture->chat, RIPOSTE_GENERATOR (fixture->generator), &RP_SAMPLER_GREEDY);
  wait_for_start (fixture);
  say (fixture, text);
  end (fixture);
}

/* "text state;" of each message on the disk, as another process finds it. */
static char *
read_file (Fixture *fixture)
{
  g_autoptr (RiposteDatabase) db = riposte_database_open (fixture->path, NULL);
  g_autoptr (GPtrArray) records
    = db ? riposte_database_list (db, riposte_conversation_get_id (fixture->chat), NULL) : NULL;
  GString *out = g_string_new (NULL);

  for (guint i = 0; records && i < records->len; i++)
    {
      const RiposteRecord *record = records->pdata[i];
      g_string_append_printf (out, "%s %d;", record->text, record->state);
    }
  return g_string_free (out, FALSE);
}

static void
on_flushed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  riposte_store_write_finish (RIPOSTE_STORE (source), result, NULL);
  *(gboolean *)user_data = TRUE;
}

static void
flush (RiposteStore *store)
{
  gboolean done = FALSE;

  riposte_store_flush_async (store, on_flushed, &done);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
}

static void
assert_file (Fixture *fixture, const char *expected)
{
  g_autofree char *found = read_file (fixture);

  g_assert_cmpstr (found, ==, expected);
}

/* ---- a second window ---- */

static void
on_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GPtrArray **)user_data = riposte_store_read_finish (RIPOSTE_STORE (source), result, NULL);
}

/* The only conversation, as another process's window would show it. */
static RiposteConversation *
restore (RiposteStore *store)
{
  GPtrArray *records = NULL;
  RiposteConversation *chat;

  riposte_store_list_chats_async (store, NULL, on_listed, &records);
  while (!records)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (records->len, ==, 1);
  chat = riposte_conversation_new_from_record (store, records->pdata[0]);
  g_ptr_array_unref (records);
  g_assert_false (riposte_conversation_is_empty (chat)); /* it is only not there yet */
  riposte_conversation_load (chat);
  while (!riposte_conversation_get_loaded (chat))
    g_main_context_iteration (NULL, TRUE);
  return chat;
}

static void
assert_path (RiposteConversation *chat, const char *expected)
{
  g_autoptr (GString) path = g_string_new (NULL);

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (chat)); i++)
    {
      g_autoptr (RiposteMessage) message = g_list_model_get_item (G_LIST_MODEL (chat), i);
      guint n, index = riposte_message_get_branch (message, &n);

      g_string_append_printf (path, "%s %u/%u;", riposte_message_get_text (message), index + 1, n);
    }
  g_assert_cmpstr (path->str, ==, expected);
}

/* ---- cases ---- */

static void
test_question_first (Fixture *fixture, gconstpointer data)
{
  ask (fixture, "question");
  g_assert_null (fixture->generator->asked);
  wait_for_start (fixture);
  assert_file (fixture, "question 1; 0;");
  say (fixture, "answer");
  end (fixture);
  flush (fixture->store);
  assert_file (fixture, "question 1;answer 1;");
}

/* Within a second, as long as the disk takes its part. */
static void
test_grows (Fixture *fixture, gconstpointer data)
{
  gint64 start;

  ask (fixture, "question");
  wait_for_start (fixture);
  for (int i = 0; i < 3; i++)
    {
      g_autoptr (GString) expected = g_string_new ("question 1;");

      say (fixture, "more");
      start = g_get_monotonic_time ();
      while (g_get_monotonic_time () < start + 700000)
        g_main_context_iteration (NULL, FALSE);
      flush (fixture->store);
      for (int j = 0; j <= i; j++)
        g_string_append (expected, "more");
      g_string_append (expected, " 0;");
      assert_file (fixture, expected->str);
    }
  end (fixture);
}

/* It is answered all the same, and kept when it can be. */
static void
test_not_kept (Fixture *fixture, gconstpointer data)
{
  talk (fixture, "question", "answer");
  talk (fixture, "another", "more");
  g_assert_true (riposte_store_is_behind (fixture->store));
  g_unlink (fixture->folder);
  riposte_store_retry (fixture->store);
  while (riposte_store_is_behind (fixture->store))
    g_usleep (1000);
  flush (fixture->store);
  assert_file (fixture, "question 1;answer 1;another 1;more 1;");
}

static void
test_restored (Fixture *fixture, gconstpointer data)
{
  g_autoptr (RiposteConversation) chat = NULL;

  talk (fixture, "q", "a");
  try_again (fixture, "b");
  talk (fixture, "q2", "a2");
  riposte_conversation_switch_branch (fixture->chat, riposte_conversation_get_messages (fixture->chat)->pdata[2], -1);
  riposte_conversation_rename (fixture->chat, "Name");
  riposte_conversation_set_title (fixture->chat, "Title");
  riposte_conversation_set_pinned (fixture->chat, TRUE);
  riposte_conversation_set_settings (fixture->chat, "{}");
  flush (fixture->store);
  chat = restore (fixture->store);
  assert_path (chat, "q 1/1;a 1/2;");
  g_assert_cmpstr (riposte_conversation_get_title (chat), ==, "Name");
  g_assert_cmpstr (riposte_conversation_get_settings (chat), ==, "{}");
  g_assert_true (riposte_conversation_get_pinned (chat) && riposte_conversation_is_named (chat));
  riposte_conversation_switch_branch (chat, riposte_conversation_get_last (chat), 1);
  assert_path (chat, "q 1/1;b 2/2;q2 1/1;a2 1/1;");
  g_assert_cmpuint (riposte_message_get_info (riposte_conversation_get_last (chat))->n_written, ==, 3);
  g_assert_cmpstr (riposte_message_get_model (riposte_conversation_get_last (chat)), ==, "Stand-in");
}

/* Who comes back sees what the model was not given. */
static void
test_left_out (Fixture *fixture, gconstpointer data)
{
  g_autoptr (RiposteConversation) chat = NULL;

  talk (fixture, "q", "a");
  talk (fixture, "q2", "a2");
  riposte_conversation_leave_out (fixture->chat, 2);
  flush (fixture->store);
  chat = restore (fixture->store);
  assert_path (chat, "q 1/1;a 1/1;q2 1/1;a2 1/1;");
  for (guint i = 0; i < 4; i++)
    g_assert_cmpint (riposte_message_get_left_out (riposte_conversation_get_messages (chat)->pdata[i]), ==, i < 2);
  riposte_conversation_take_back_in (chat);
  flush (fixture->store);
  g_clear_object (&chat);
  chat = restore (fixture->store);
  g_assert_cmpuint (riposte_conversation_count_left_out (chat), ==, 0);
}

/* Who comes back can still make room for what had none. */
static void
test_no_room (Fixture *fixture, gconstpointer data)
{
  const RiposteGenerationInfo info = { .stop = RP_STOP_END };
  g_autoptr (RiposteConversation) chat = NULL;

  ask (fixture, "q");
  wait_for_start (fixture);
  riposte_generation_post_end (fixture->generator->asked, &info,
                               g_error_new_literal (RP_ERROR, RP_ERROR_CONTEXT_FULL, "no room"));
  flush (fixture->store);
  chat = restore (fixture->store);
  assert_path (chat, "q 1/1; 1/1;");
  g_assert_cmpint (riposte_message_get_state (riposte_conversation_get_last (chat)), ==, RIPOSTE_MESSAGE_FAILED);
  g_assert_cmpstr (riposte_message_get_error (riposte_conversation_get_last (chat)), ==, "no room");
  g_assert_true (riposte_message_lacked_room (riposte_conversation_get_last (chat)));
}

static void
test_deleted (Fixture *fixture, gconstpointer data)
{
  g_autoptr (RiposteConversation) chat = NULL;
  RiposteRemovedBranch *removed;

  talk (fixture, "q", "a");
  try_again (fixture, "b");
  removed = riposte_conversation_remove_branch (fixture->chat, riposte_conversation_get_last (fixture->chat));
  flush (fixture->store);
  chat = restore (fixture->store);
  assert_path (chat, "q 1/1;a 1/1;");
  riposte_removed_branch_restore (removed);
  riposte_removed_branch_free (removed);
  flush (fixture->store);
  g_clear_object (&chat);
  chat = restore (fixture->store);
  assert_path (chat, "q 1/1;b 2/2;");
}

static void
wait_for_state (RiposteConversation *chat, RiposteMessageState state)
{
  while (riposte_message_get_state (riposte_conversation_get_last (chat)) != state)
    g_main_context_iteration (NULL, TRUE);
}

/* What a living process writes is not cut off; another sees it grow and end. */
static void
test_elsewhere (Fixture *fixture, gconstpointer data)
{
  RiposteStore *store = riposte_store_new (fixture->path);
  g_autoptr (RiposteConversation) chat = NULL;

  ask (fixture, "q");
  wait_for_start (fixture);
  chat = restore (store);
  wait_for_state (chat, RIPOSTE_MESSAGE_ELSEWHERE);
  say (fixture, "answer");
  end (fixture);
  wait_for_state (chat, RIPOSTE_MESSAGE_DONE);
  assert_path (chat, "q 1/1;answer 1/1;");
  g_clear_object (&chat);
  riposte_store_close (store);
  g_object_unref (store);
}

/* Another window deleted for good what goes on here. */
static void
test_purged (Fixture *fixture, gconstpointer data)
{
  talk (fixture, "q", "a");
  riposte_store_purge (fixture->store, riposte_conversation_get_id (fixture->chat));
  flush (fixture->store);
  assert_file (fixture, "");
  talk (fixture, "q2", "a2");
  flush (fixture->store);
  assert_file (fixture, "q 1;a 1;q2 1;a2 1;");
}

/* A window that closes stops what it writes. */
static void
test_closed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (RiposteConversation) chat = NULL;

  ask (fixture, "q");
  wait_for_start (fixture);
  say (fixture, "half");
  g_clear_object (&fixture->chat);
  flush (fixture->store);
  chat = restore (fixture->store);
  assert_path (chat, "q 1/1;half 1/1;");
  g_assert_cmpint (riposte_message_get_state (riposte_conversation_get_last (chat)), ==, RIPOSTE_MESSAGE_STOPPED);
}

int
main (int argc, char **argv)
{
  g_autofree char *remove = NULL;
  int result;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("riposte-kept-XXXXXX", NULL);
#define ADD(name, function, blocked)                                                                                   \
  g_test_add ("/kept/" name, Fixture, GINT_TO_POINTER (blocked), set_up, function, tear_down)
  ADD ("question-first", test_question_first, FALSE);
  ADD ("grows", test_grows, FALSE);
  ADD ("not-kept", test_not_kept, TRUE);
  ADD ("restored", test_restored, FALSE);
  ADD ("left-out", test_left_out, FALSE);
  ADD ("no-room", test_no_room, FALSE);
  ADD ("deleted", test_deleted, FALSE);
  ADD ("elsewhere", test_elsewhere, FALSE);
  ADD ("purged", test_purged, FALSE);
  ADD ("closed", test_closed, FALSE);
#undef ADD
  result = g_test_run ();
  remove = g_strdup_printf ("rm -rf '%s'", folder);
  return system (remove) ? 1 : result;
}
