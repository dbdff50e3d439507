/* Conversations: what a generator is asked, and what becomes of what it says. */
#include "chat/conversation.h"
#include "stand-in-generator.h"

typedef struct
{
  TestGenerator *generator;
  RiposteConversation *chat;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->generator = g_object_new (TEST_TYPE_GENERATOR, NULL);
  fixture->chat = riposte_conversation_new (NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  RiposteConversation *chat = fixture->chat;

  g_object_add_weak_pointer (G_OBJECT (chat), (gpointer *)&fixture->chat);
  g_object_unref (chat);
  g_object_unref (fixture->generator);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (fixture->chat);
}

static void
iterate (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
ask (Fixture *fixture, const char *question)
{
  riposte_conversation_ask (fixture->chat, question, RIPOSTE_GENERATOR (fixture->generator), &RP_SAMPLER_GREEDY);
}

static RiposteGeneration *
get_asked (Fixture *fixture)
{
  return fixture->generator->asked;
}

static void
end (Fixture *fixture, RpStopReason stop, const char *failure)
{
  RiposteGenerationInfo info = { .stop = stop, .n_written = 3, .n_context_used = 10 };

  riposte_generation_post_end (get_asked (fixture), &info,
                               failure ? g_error_new_literal (RP_ERROR, RP_ERROR_CONTEXT_FULL, failure) : NULL);
  iterate ();
}

static void
say (Fixture *fixture, const char *text)
{
  riposte_generation_post_text (get_asked (fixture), text, strlen (text));
  iterate ();
}

static char *
describe_turns (RiposteGeneration *generation)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < riposte_generation_get_n_turns (generation); i++)
    {
      RpChatMessage turn = riposte_generation_get_turn (generation, i);
      g_string_append_printf (out, "%c:%s;", turn.role[0], turn.content);
    }
  return g_string_free (out, FALSE);
}

static void
assert_turns (Fixture *fixture, const char *expected)
{
  g_autofree char *turns = describe_turns (get_asked (fixture));

  g_assert_cmpstr (turns, ==, expected);
}

/* ---- cases ---- */

static void
test_turns (Fixture *fixture, gconstpointer data)
{
  RiposteMessage *last;

  g_assert_null (riposte_conversation_get_title (fixture->chat));
  ask (fixture, "One?\nMore of it");
  g_assert_cmpstr (riposte_conversation_get_title (fixture->chat), ==, "One?");
  g_assert_true (riposte_conversation_get_busy (fixture->chat));
  assert_turns (fixture, "u:One?\nMore of it;");
  say (fixture, "Fir");
  say (fixture, "st.");
  last = riposte_conversation_get_last (fixture->chat);
  g_assert_cmpstr (riposte_message_get_text (last), ==, "First.");
  end (fixture, RP_STOP_END, NULL);
  g_assert_false (riposte_conversation_get_busy (fixture->chat));
  g_assert_cmpint (riposte_message_get_state (last), ==, RIPOSTE_MESSAGE_DONE);
  ask (fixture, "Two?");
  assert_turns (fixture, "u:One?\nMore of it;a:First.;u:Two?;");
  g_assert_cmpstr (riposte_conversation_get_title (fixture->chat), ==, "One?");
  end (fixture, RP_STOP_CONTEXT, NULL);
  last = riposte_conversation_get_last (fixture->chat);
  g_assert_cmpint (riposte_message_get_state (last), ==, RIPOSTE_MESSAGE_CONTEXT_FULL);
}

static void
test_try_again (Fixture *fixture, gconstpointer data)
{
  const RpSamplerOptions sampler = { .temperature = 1, .top_p = 1, .repeat_penalty = 1, .seed = 7 };

  ask (fixture, "One?");
  g_assert_false (riposte_conversation_can_try_again (fixture->chat));
  say (fixture, "Bad.");
  end (fixture, RP_STOP_END, NULL);
  riposte_conversation_try_again (fixture->chat, RIPOSTE_GENERATOR (fixture->generator), &sampler);
  assert_turns (fixture, "u:One?;");
  g_assert_cmpuint (riposte_generation_get_sampler (get_asked (fixture))->seed, ==, 8); /* not the same answer again */
  say (fixture, "Good.");
  end (fixture, RP_STOP_END, NULL);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (fixture->chat)), ==, 2);
  g_assert_cmpuint (riposte_conversation_get_messages (fixture->chat)->len, ==, 3); /* nothing is overwritten */
  ask (fixture, "Two?");
  assert_turns (fixture, "u:One?;a:Good.;u:Two?;");
  end (fixture, RP_STOP_END, NULL);
}

/* What was thought stays in the message, and is not told to the model again. */
static void
test_thought (Fixture *fixture, gconstpointer data)
{
  ask (fixture, "One?");
  say (fixture, "<think>\nHm.\n</think>\n\nFirst.");
  end (fixture, RP_STOP_END, NULL);
  g_assert_nonnull (strstr (riposte_message_get_text (riposte_conversation_get_last (fixture->chat)), "Hm."));
  ask (fixture, "Two?");
  assert_turns (fixture, "u:One?;a:First.;u:Two?;");
  /* a question that failed once the template had opened a thought is no turn */
  say (fixture, "<think>\n");
  end (fixture, RP_STOP_END, "no room");
  ask (fixture, "Three?");
  assert_turns (fixture, "u:One?;a:First.;u:Three?;");
  end (fixture, RP_STOP_END, NULL);
}

/* Going on with what was stopped leaves that as it is. */
static void
test_continue (Fixture *fixture, gconstpointer data)
{
  RiposteMessage *stopped, *last;

  ask (fixture, "One?");
  stopped = riposte_conversation_get_last (fixture->chat);
  say (fixture, "<think>\nHm.\n</think>\n\nHalf an");
  g_assert_false (riposte_conversation_can_continue (fixture->chat, stopped));
  end (fixture, RP_STOP_CANCELLED, NULL);
  g_assert_true (riposte_conversation_can_continue (fixture->chat, stopped));
  riposte_conversation_continue (fixture->chat, stopped, RIPOSTE_GENERATOR (fixture->generator), &RP_SAMPLER_GREEDY);
  assert_turns (fixture, "u:One?;");
  g_assert_cmpstr (riposte_generation_get_begun (get_asked (fixture)), ==, "<think>\nHm.\n</think>\n\nHalf an");
  last = riposte_conversation_get_last (fixture->chat);
  g_assert_true (last != stopped);
  g_assert_cmpstr (riposte_message_get_said (last), ==, "Half an");
  say (fixture, " answer.");
  end (fixture, RP_STOP_END, NULL);
  g_assert_cmpstr (riposte_message_get_said (last), ==, "Half an answer.");
  g_assert_cmpstr (riposte_message_get_said (stopped), ==, "Half an");
  g_assert_false (riposte_conversation_can_continue (fixture->chat, last));
}

static void
test_failures (Fixture *fixture, gconstpointer data)
{
  RiposteMessage *last;

  ask (fixture, "Too long");
  end (fixture, RP_STOP_END, "no room");
  last = riposte_conversation_get_last (fixture->chat);
  g_assert_cmpint (riposte_message_get_state (last), ==, RIPOSTE_MESSAGE_FAILED);
  g_assert_cmpstr (riposte_message_get_error (last), ==, "no room");
  g_assert_true (riposte_conversation_can_try_again (fixture->chat));
  ask (fixture, "Short"); /* what failed for its length must not fail this too */
  assert_turns (fixture, "u:Short;");
  say (fixture, "Half an");
  end (fixture, RP_STOP_END, "lost");
  ask (fixture, "And?");
  assert_turns (fixture, "u:Short;a:Half an;u:And?;");
  end (fixture, RP_STOP_END, NULL);
}

/* What is left out stays where it is, and is given to no model; the instructions always are. */
static void
test_left_out (Fixture *fixture, gconstpointer data)
{
  g_autoptr (RiposteGeneration) prompt = NULL;
  g_autoptr (RiposteConversation) other = riposte_conversation_new (NULL);
  g_autofree char *turns = NULL;

  riposte_conversation_set_instructions (fixture->chat, "Be brief.");
  ask (fixture, "One?");
  say (fixture, "First.");
  end (fixture, RP_STOP_END, NULL);
  ask (fixture, "Nothing comes of this");
  end (fixture, RP_STOP_END, "no room");
  ask (fixture, "Two?");
  say (fixture, "Second.");
  end (fixture, RP_STOP_END, NULL);
  ask (fixture, "Three?");
  assert_turns (fixture, "s:Be brief.;u:One?;a:First.;u:Two?;a:Second.;u:Three?;");
  end (fixture, RP_STOP_END, "no room");
  g_assert_true (riposte_message_lacked_room (riposte_conversation_get_last (fixture->chat)));

  riposte_conversation_leave_out (fixture->chat, 2);
  g_assert_cmpuint (riposte_conversation_count_left_out (fixture->chat), ==, 2);
  prompt = riposte_conversation_make_prompt (fixture->chat, NULL);
  turns = describe_turns (prompt);
  g_assert_cmpstr (turns, ==, "s:Be brief.;u:Two?;a:Second.;u:Three?;");
  riposte_generation_drop_turns (prompt, 2);
  g_free (turns);
  turns = describe_turns (prompt);
  g_assert_cmpstr (turns, ==, "s:Be brief.;u:Three?;");
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (fixture->chat)), ==, 8);
  riposte_conversation_take_back_in (fixture->chat);
  g_assert_cmpuint (riposte_conversation_count_left_out (fixture->chat), ==, 0);
  riposte_conversation_try_again (fixture->chat, RIPOSTE_GENERATOR (fixture->generator), &RP_SAMPLER_GREEDY);
  assert_turns (fixture, "s:Be brief.;u:One?;a:First.;u:Two?;a:Second.;u:Three?;");
  end (fixture, RP_STOP_END, "no room");

  riposte_conversation_copy_turns (other, fixture->chat, 2,
                                   riposte_message_get_parent (riposte_conversation_get_last (fixture->chat)));
  g_clear_object (&prompt);
  prompt = riposte_conversation_make_prompt (other, "Four?");
  g_free (turns);
  turns = describe_turns (prompt);
  g_assert_cmpstr (turns, ==, "u:Two?;a:Second.;u:Four?;");
}

/* What is measured is what would be asked: an edited question, with nothing that followed the old one. */
static void
test_prompt_of_edited (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    int edited; /* -1: none */
    const char *turns;
  } rows[] = { { -1, "u:One?;a:First.;u:Two?;a:Second.;u:New?;" }, { 2, "u:One?;a:First.;u:New?;" }, { 0, "u:New?;" } };

  for (int i = 0; i < 2; i++)
    {
      ask (fixture, i ? "Two?" : "One?");
      say (fixture, i ? "Second." : "First.");
      end (fixture, RP_STOP_END, NULL);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      GPtrArray *messages = riposte_conversation_get_messages (fixture->chat);
      RiposteMessage *edited = rows[i].edited < 0 ? NULL : messages->pdata[rows[i].edited];
      g_autoptr (RiposteGeneration) prompt = riposte_conversation_make_prompt_for (fixture->chat, edited, "New?");
      g_autofree char *turns = describe_turns (prompt);

      g_assert_cmpstr (turns, ==, rows[i].turns);
    }
}

/* One that waits for its turn ends at once; what the worker says of it later is not heard. */
static void
test_stop (Fixture *fixture, gconstpointer data)
{
  const RiposteGenerationInfo late = { .phase = RIPOSTE_PHASE_WRITING, .n_written = 9 };

  ask (fixture, "One?");
  riposte_conversation_stop (fixture->chat);
  iterate ();
  g_assert_false (riposte_conversation_get_busy (fixture->chat));
  g_assert_true (rp_cancel_is_set (riposte_generation_get_cancel_flag (get_asked (fixture))));
  g_assert_cmpint (riposte_message_get_state (riposte_conversation_get_last (fixture->chat)), ==,
                   RIPOSTE_MESSAGE_STOPPED);
  riposte_generation_post_info (get_asked (fixture), &late);
  say (fixture, "late");
  g_assert_cmpstr (riposte_message_get_text (riposte_conversation_get_last (fixture->chat)), ==, "");
}

/* A conversation that is gone is told nothing, and its answer is given up. */
static void
test_gone (Fixture *fixture, gconstpointer data)
{
  g_autoptr (RiposteConversation) other = riposte_conversation_new (NULL);
  RiposteConversation *gone = fixture->chat;

  ask (fixture, "One?");
  say (fixture, "Fir");
  fixture->chat = g_steal_pointer (&other);
  g_object_unref (gone);
  g_assert_true (rp_cancel_is_set (riposte_generation_get_cancel_flag (get_asked (fixture))));
  say (fixture, "st.");
  end (fixture, RP_STOP_CANCELLED, NULL);
}

static gpointer
flood (gpointer data)
{
  const RiposteGenerationInfo info = { .phase = RIPOSTE_PHASE_WRITING };

  for (int i = 0; i < 20000; i++)
    {
      riposte_generation_post_text (data, "ab", 2);
      riposte_generation_post_info (data, &info);
    }
  return NULL;
}

static void
count (RiposteMessage *message, const char *text, int *calls)
{
  (*calls)++;
}

/* Tokens that come faster than they are read arrive together, all of them and in order. */
static void
test_flood (Fixture *fixture, gconstpointer data)
{
  GThread *thread;
  const char *text;
  int calls = 0;

  ask (fixture, "One?");
  g_signal_connect (riposte_conversation_get_last (fixture->chat), "appended", G_CALLBACK (count), &calls);
  thread = g_thread_new ("flood", flood, get_asked (fixture));
  g_thread_join (thread);
  g_assert_cmpint (calls, ==, 0);
  iterate ();
  g_assert_cmpint (calls, ==, 1);
  text = riposte_message_get_text (riposte_conversation_get_last (fixture->chat));
  g_assert_cmpuint (strlen (text), ==, 40000);
  end (fixture, RP_STOP_END, NULL);
}

/* ---- branches ---- */

static void
answer_with (Fixture *fixture, const char *text)
{
  say (fixture, text);
  end (fixture, RP_STOP_END, NULL);
}

static RiposteMessage *
nth (Fixture *fixture, guint n)
{
  g_autoptr (RiposteMessage) message = g_list_model_get_item (G_LIST_MODEL (fixture->chat), n);

  return message;
}

/* "text 2/3;" of each message of the path. */
static char *
describe_path (RiposteConversation *chat)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (chat)); i++)
    {
      g_autoptr (RiposteMessage) message = g_list_model_get_item (G_LIST_MODEL (chat), i);
      guint n, index = riposte_message_get_branch (message, &n);

      g_string_append (out, riposte_message_get_text (message));
      if (n > 1)
        g_string_append_printf (out, " %u/%u", index + 1, n);
      g_string_append_c (out, ';');
    }
  return g_string_free (out, FALSE);
}

static void
assert_path (Fixture *fixture, const char *expected)
{
  g_autofree char *path = describe_path (fixture->chat);

  g_assert_cmpstr (path, ==, expected);
}

static void
edit (Fixture *fixture, guint position, const char *question)
{
  riposte_conversation_edit (fixture->chat, nth (fixture, position), question, RIPOSTE_GENERATOR (fixture->generator),
                             &RP_SAMPLER_GREEDY);
}

/* Two questions; the first edited, and the edited one answered twice. */
static void
grow_tree (Fixture *fixture)
{
  ask (fixture, "q1");
  answer_with (fixture, "a1");
  ask (fixture, "q2");
  answer_with (fixture, "a2");
  edit (fixture, 0, "Q1");
  assert_turns (fixture, "u:Q1;");
  answer_with (fixture, "A1");
  riposte_conversation_try_again (fixture->chat, RIPOSTE_GENERATOR (fixture->generator), &RP_SAMPLER_GREEDY);
  answer_with (fixture, "B1");
}

static void
test_branches (Fixture *fixture, gconstpointer data)
{
  grow_tree (fixture);
  assert_path (fixture, "Q1 2/2;B1 2/2;");
  g_assert_false (riposte_conversation_switch_branch (fixture->chat, nth (fixture, 1), 1));
  g_assert_true (riposte_conversation_switch_branch (fixture->chat, nth (fixture, 1), -1));
  assert_path (fixture, "Q1 2/2;A1 1/2;");
  g_assert_true (riposte_conversation_switch_branch (fixture->chat, nth (fixture, 0), -1));
  assert_path (fixture, "q1 1/2;a1;q2;a2;");
  g_assert_true (riposte_conversation_switch_branch (fixture->chat, nth (fixture, 0), 1));
  assert_path (fixture, "Q1 2/2;A1 1/2;"); /* as it was left */
  ask (fixture, "q3");
  assert_turns (fixture, "u:Q1;a:A1;u:q3;");
  answer_with (fixture, "a3");
  riposte_conversation_answer_again (fixture->chat, nth (fixture, 1), RIPOSTE_GENERATOR (fixture->generator),
                                     &RP_SAMPLER_GREEDY);
  assert_turns (fixture, "u:Q1;");
  answer_with (fixture, "C1");
  assert_path (fixture, "Q1 2/2;C1 3/3;");
}

/* What the user has an answer say is what the model is told that it said. */
static void
test_edit_answer (Fixture *fixture, gconstpointer data)
{
  RiposteMessage *version;

  ask (fixture, "q");
  answer_with (fixture, "<think>\nHm.\n</think>\n\nwrong");
  ask (fixture, "q2");
  answer_with (fixture, "a2");
  riposte_conversation_edit_answer (fixture->chat, nth (fixture, 1), "right");
  version = nth (fixture, 1);
  g_assert_cmpstr (riposte_message_get_said (version), ==, "right");
  g_assert_cmpint (riposte_message_get_state (version), ==, RIPOSTE_MESSAGE_DONE);
  g_assert_null (riposte_message_get_model (version));
  g_assert_false (riposte_conversation_get_busy (fixture->chat));
  assert_path (fixture, "q;right 2/2;");
  ask (fixture, "q3");
  assert_turns (fixture, "u:q;a:right;u:q3;");
  answer_with (fixture, "a3");
  g_assert_true (riposte_conversation_switch_branch (fixture->chat, version, -1));
  g_assert_cmpstr (riposte_message_get_said (nth (fixture, 1)), ==, "wrong");
  g_assert_cmpstr (riposte_message_get_said (nth (fixture, 3)), ==, "a2");
}

/* While an answer grows, another branch may be looked at. */
static void
test_branch_while_busy (Fixture *fixture, gconstpointer data)
{
  ask (fixture, "q");
  answer_with (fixture, "a");
  riposte_conversation_try_again (fixture->chat, RIPOSTE_GENERATOR (fixture->generator), &RP_SAMPLER_GREEDY);
  say (fixture, "b");
  riposte_conversation_switch_branch (fixture->chat, nth (fixture, 1), -1);
  say (fixture, "c");
  assert_path (fixture, "q;a 1/2;");
  end (fixture, RP_STOP_END, NULL);
  riposte_conversation_switch_branch (fixture->chat, nth (fixture, 1), 1);
  assert_path (fixture, "q;bc 2/2;");
}

static void
test_remove_branch (Fixture *fixture, gconstpointer data)
{
  RiposteRemovedBranch *removed;

  grow_tree (fixture);
  removed = riposte_conversation_remove_branch (fixture->chat, nth (fixture, 0));
  assert_path (fixture, "q1;a1;q2;a2;");
  g_assert_cmpuint (riposte_conversation_get_messages (fixture->chat)->len, ==, 4);
  riposte_removed_branch_restore (removed);
  riposte_removed_branch_free (removed);
  assert_path (fixture, "Q1 2/2;B1 2/2;");
  removed = riposte_conversation_remove_branch (fixture->chat, nth (fixture, 1));
  assert_path (fixture, "Q1 2/2;A1;");
  riposte_removed_branch_free (removed);
  removed = riposte_conversation_remove_branch (fixture->chat, nth (fixture, 1));
  assert_path (fixture, "Q1 2/2;");
  riposte_removed_branch_free (removed);
  riposte_removed_branch_free (riposte_conversation_remove_branch (fixture->chat, nth (fixture, 0)));
  riposte_removed_branch_free (riposte_conversation_remove_branch (fixture->chat, nth (fixture, 0)));
  g_assert_true (riposte_conversation_is_empty (fixture->chat));
  ask (fixture, "new");
  assert_path (fixture, "new;;");
  riposte_removed_branch_free (riposte_conversation_remove_branch (fixture->chat, nth (fixture, 1)));
  g_assert_false (riposte_conversation_get_busy (fixture->chat)); /* before the generator hears of it */
  end (fixture, RP_STOP_CANCELLED, NULL);
  assert_path (fixture, "new;");
}

/* An answer, then the question around it, and then whatever the two ways back are used for. */
static void
remove_two (Fixture *fixture, RiposteRemovedBranch **inner, RiposteRemovedBranch **outer)
{
  ask (fixture, "q1");
  answer_with (fixture, "a1");
  ask (fixture, "q2");
  answer_with (fixture, "a2");
  *inner = riposte_conversation_remove_branch (fixture->chat, nth (fixture, 3));
  *outer = riposte_conversation_remove_branch (fixture->chat, nth (fixture, 0));
  g_assert_true (riposte_conversation_is_empty (fixture->chat));
}

static void
test_remove_around (Fixture *fixture, gconstpointer data)
{
  RiposteRemovedBranch *inner, *outer;

  remove_two (fixture, &inner, &outer);
  riposte_removed_branch_restore (inner); /* which is nowhere without the other */
  assert_path (fixture, "q1;a1;q2;a2;");
  riposte_removed_branch_restore (outer);
  assert_path (fixture, "q1;a1;q2;a2;");
  g_assert_cmpuint (riposte_conversation_get_messages (fixture->chat)->len, ==, 4);
  riposte_removed_branch_free (outer);
  riposte_removed_branch_free (inner);
  assert_path (fixture, "q1;a1;q2;a2;");
}

static void
test_remove_around_for_good (Fixture *fixture, gconstpointer data)
{
  RiposteRemovedBranch *inner, *outer;

  remove_two (fixture, &inner, &outer);
  riposte_removed_branch_free (outer);
  riposte_removed_branch_restore (inner);
  g_assert_true (riposte_conversation_is_empty (fixture->chat));
  riposte_removed_branch_free (inner);
}

static void
test_last_code (void)
{
  g_autoptr (RiposteMessage) message
    = riposte_message_new (RIPOSTE_ROLE_ASSISTANT, NULL, "```c\none\n```\n\n- x\n\n  ```py\n  two\n  ```\n\nend");
  g_autofree char *language = NULL;
  g_autofree char *code = riposte_message_dup_last_code (message, &language);

  g_assert_cmpstr (code, ==, "two");
  g_assert_cmpstr (language, ==, "py");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add ("/conversation/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("turns", test_turns);
  ADD ("try-again", test_try_again);
  ADD ("thought", test_thought);
  ADD ("continue", test_continue);
  ADD ("failures", test_failures);
  ADD ("left-out", test_left_out);
  ADD ("prompt-of-edited", test_prompt_of_edited);
  ADD ("stop", test_stop);
  ADD ("gone", test_gone);
  ADD ("flood", test_flood);
  ADD ("branches", test_branches);
  ADD ("edit-answer", test_edit_answer);
  ADD ("branch-while-busy", test_branch_while_busy);
  ADD ("remove-branch", test_remove_branch);
  ADD ("remove-around", test_remove_around);
  ADD ("remove-around-for-good", test_remove_around_for_good);
#undef ADD
  g_test_add_func ("/conversation/last-code", test_last_code);
  return g_test_run ();
}
