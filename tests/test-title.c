/* Titles that a model finds: what of its words is one, and when it is asked. */
#include "chat/title-maker.h"
#include "chat/title-request.h"
#include "stand-in-generator.h"

typedef struct
{
  TestGenerator *generator;
  RiposteTitleMaker *titles;
  RiposteConversation *chat;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->generator = g_object_new (TEST_TYPE_GENERATOR, NULL);
  fixture->titles = riposte_title_maker_new (RIPOSTE_GENERATOR (fixture->generator));
  fixture->chat = riposte_conversation_new (NULL);
  riposte_title_maker_watch (fixture->titles, fixture->chat);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_finalize_object (fixture->titles);
  g_assert_finalize_object (fixture->chat);
  g_object_unref (fixture->generator);
}

static void
settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
ask (Fixture *fixture, RiposteConversation *chat, const char *question)
{
  riposte_conversation_ask (chat, question, RIPOSTE_GENERATOR (fixture->generator), &RP_SAMPLER_GREEDY);
}

static RiposteGeneration *
nth (Fixture *fixture, guint n)
{
  g_assert_cmpuint (n, <, fixture->generator->all->len);
  return fixture->generator->all->pdata[n];
}

static void
say (RiposteGeneration *generation, const char *text)
{
  const RiposteGenerationInfo info = { .phase = RIPOSTE_PHASE_WRITING, .n_written = 1 };

  riposte_generation_post_text (generation, text, strlen (text));
  riposte_generation_post_info (generation, &info);
  settle ();
}

static void
end (RiposteGeneration *generation, RpStopReason stop)
{
  const RiposteGenerationInfo info = { .stop = stop, .n_written = 1 };

  riposte_generation_post_end (generation, &info, NULL);
  settle ();
}

/* Asks, and has the answer end; the next generation is then the one for the title. */
static void
ask_and_answer (Fixture *fixture)
{
  ask (fixture, fixture->chat, "How do I reverse a string?");
  g_assert_cmpstr (riposte_conversation_get_title (fixture->chat), ==, "How do I reverse a string?");
  say (nth (fixture, 0), "By slicing.");
  g_assert_cmpuint (fixture->generator->all->len, ==, 1);
  end (nth (fixture, 0), RP_STOP_END);
}

static void
test_title (Fixture *fixture, gconstpointer data)
{
  RiposteGeneration *title;

  ask_and_answer (fixture);
  title = nth (fixture, 1);
  g_assert_cmpuint (riposte_generation_get_n_turns (title), ==, 3);
  g_assert_cmpstr (riposte_generation_get_turn (title, 0).content, ==, "How do I reverse a string?");
  g_assert_cmpstr (riposte_generation_get_turn (title, 1).content, ==, "By slicing.");
  g_assert_cmpstr (riposte_generation_get_turn (title, 2).role, ==, "user");
  g_assert_cmpstr (riposte_generation_get_begun (title), ==, "Title:");
  g_assert_false (riposte_conversation_get_busy (fixture->chat));
  say (title, "\"Reversing");
  g_assert_cmpstr (riposte_conversation_get_title (fixture->chat), ==, "How do I reverse a string?");
  say (title, " strings\"");
  end (title, RP_STOP_END);
  g_assert_cmpstr (riposte_conversation_get_title (fixture->chat), ==, "Reversing strings");
  /* none of it is in the conversation, and the next question is as if it had not been */
  g_assert_cmpuint (riposte_conversation_get_messages (fixture->chat)->len, ==, 2);
  ask (fixture, fixture->chat, "And in C?");
  g_assert_cmpuint (riposte_generation_get_n_turns (nth (fixture, 2)), ==, 3);
  g_assert_cmpstr (riposte_generation_get_turn (nth (fixture, 2), 2).content, ==, "And in C?");
  end (nth (fixture, 2), RP_STOP_END);
  g_assert_cmpuint (fixture->generator->all->len, ==, 3); /* there is one title a conversation */
}

static void
test_ends_itself (Fixture *fixture, gconstpointer data)
{
  ask_and_answer (fixture);
  say (nth (fixture, 1), "Reversing strings\nAnd");
  g_assert_cmpstr (riposte_conversation_get_title (fixture->chat), ==, "Reversing strings");
  g_assert_true (rp_cancel_is_set (riposte_generation_get_cancel_flag (nth (fixture, 1))));
}

static void
test_rambles (Fixture *fixture, gconstpointer data)
{
  ask_and_answer (fixture);
  for (int i = 0; i < 100; i++)
    say (nth (fixture, 1), "on and on ");
  g_assert_true (rp_cancel_is_set (riposte_generation_get_cancel_flag (nth (fixture, 1))));
  g_assert_cmpstr (riposte_conversation_get_title (fixture->chat), ==, "How do I reverse a string?");
  g_assert_cmpuint (fixture->generator->all->len, ==, 2);
}

static void
test_yields (Fixture *fixture, gconstpointer data)
{
  RiposteConversation *other = riposte_conversation_new (NULL);

  riposte_title_maker_watch (fixture->titles, other);
  ask_and_answer (fixture);
  say (nth (fixture, 1), "Revers");
  ask (fixture, other, "What is a pointer?");
  g_assert_true (rp_cancel_is_set (riposte_generation_get_cancel_flag (nth (fixture, 1))));
  end (nth (fixture, 1), RP_STOP_CANCELLED);
  g_assert_cmpuint (fixture->generator->all->len, ==, 3);
  say (nth (fixture, 2), "An address.");
  end (nth (fixture, 2), RP_STOP_END);
  /* then both, the older first */
  g_assert_cmpuint (fixture->generator->all->len, ==, 4);
  say (nth (fixture, 3), "Strings\n");
  g_assert_cmpstr (riposte_conversation_get_title (fixture->chat), ==, "Strings");
  say (nth (fixture, 4), "Pointers\n");
  g_assert_cmpstr (riposte_conversation_get_title (other), ==, "Pointers");
  g_assert_finalize_object (other);
}

static void
test_given_by_hand (Fixture *fixture, gconstpointer data)
{
  ask_and_answer (fixture);
  riposte_conversation_rename (fixture->chat, "Mine");
  say (nth (fixture, 1), "Theirs\n");
  g_assert_cmpstr (riposte_conversation_get_title (fixture->chat), ==, "Mine");
}

static void
test_given_before (Fixture *fixture, gconstpointer data)
{
  riposte_conversation_rename (fixture->chat, "Mine");
  ask (fixture, fixture->chat, "How?");
  say (nth (fixture, 0), "So.");
  end (nth (fixture, 0), RP_STOP_END);
  g_assert_cmpuint (fixture->generator->all->len, ==, 1);
}

static void
test_not_elsewhere (Fixture *fixture, gconstpointer data)
{
  fixture->generator->local = FALSE;
  ask_and_answer (fixture);
  g_assert_cmpuint (fixture->generator->all->len, ==, 1);
}

static void
test_no_answer (Fixture *fixture, gconstpointer data)
{
  const RiposteGenerationInfo info = { 0 };

  ask (fixture, fixture->chat, "How?");
  riposte_generation_post_end (nth (fixture, 0), &info, g_error_new_literal (RP_ERROR, RP_ERROR_DEVICE, "Gone"));
  settle ();
  g_assert_cmpuint (fixture->generator->all->len, ==, 1);
}

/* The next answer is one to find a title for. */
static void
test_stopped (Fixture *fixture, gconstpointer data)
{
  ask (fixture, fixture->chat, "How?");
  say (nth (fixture, 0), "So");
  end (nth (fixture, 0), RP_STOP_CANCELLED);
  g_assert_cmpuint (fixture->generator->all->len, ==, 1);
  ask (fixture, fixture->chat, "And then?");
  say (nth (fixture, 1), "So.");
  end (nth (fixture, 1), RP_STOP_END);
  g_assert_cmpuint (riposte_generation_get_n_turns (nth (fixture, 2)), ==, 5);
}

/* Nothing but its own thinking can begin an answer of a model that thinks. */
static void
test_thinks (Fixture *fixture, gconstpointer data)
{
  ask (fixture, fixture->chat, "Wie geht das?");
  say (nth (fixture, 0), "<think>\nHm.\n</think>\n\nSo.");
  end (nth (fixture, 0), RP_STOP_END);
  g_assert_null (riposte_generation_get_begun (nth (fixture, 1)));
  say (nth (fixture, 1), "<think>\nA title, then.\n</think>\n\nTitel: Wie es geht");
  end (nth (fixture, 1), RP_STOP_END);
  g_assert_cmpstr (riposte_conversation_get_title (fixture->chat), ==, "Wie es geht");
}

/* It is asked again, but not for ever. */
static void
test_gives_up (Fixture *fixture, gconstpointer data)
{
  ask_and_answer (fixture);
  end (nth (fixture, 1), RP_STOP_END);
  for (guint i = 0; i < 3; i++)
    {
      ask (fixture, fixture->chat, "And then?");
      say (nth (fixture, fixture->generator->all->len - 1), "So.");
      end (nth (fixture, fixture->generator->all->len - 1), RP_STOP_END);
      if (i == 0)
        end (nth (fixture, 3), RP_STOP_END); /* nothing, again */
    }
  g_assert_cmpuint (fixture->generator->all->len, ==, 6);
}

static void
test_failure (Fixture *fixture, gconstpointer data)
{
  const RiposteGenerationInfo info = { 0 };

  ask_and_answer (fixture);
  say (nth (fixture, 1), "Half");
  riposte_generation_post_end (nth (fixture, 1), &info, g_error_new_literal (RP_ERROR, RP_ERROR_DEVICE, "Gone"));
  settle ();
  g_assert_cmpstr (riposte_conversation_get_title (fixture->chat), ==, "How do I reverse a string?");
}

/* ---- the title in an answer ---- */

static void
test_in_answer (void)
{
  static const struct
  {
    const char *text, *title;
    gboolean done;
  } rows[] = {
    { "Reversing Strings", "Reversing Strings", TRUE },
    { "Reversing Strings", NULL, FALSE },
    { "Reversing Strings\n", "Reversing Strings", FALSE },
    { "\n\n  Reversing Strings \nMore", "Reversing Strings", FALSE },
    { "\"Reversing Strings\"", "Reversing Strings", TRUE },
    { "“Reversing Strings”.", "Reversing Strings", TRUE },
    { "**Title: \"Reversing Strings\"**", "Reversing Strings", TRUE },
    { "Title: Reversing", "Reversing", TRUE },
    { "# Reversing", "Reversing", TRUE },
    { "Sure! Here is a title:\n\nReversing", "Reversing", TRUE },
    { "Sure! Here is a title:\n\nReversing", NULL, FALSE },
    { "```\nReversing\n```", "Reversing", TRUE },
    { "「文字列の反転」", "文字列の反転", TRUE },
    { "Don't \"quote\" me", "Don't \"quote\" me", TRUE },
    { "<think>\nThe user wants a title.\n</think>\n\nReversing", "Reversing", TRUE },
    { "<think>\nThe user wants a title.\nIt", NULL, FALSE },
    { "<think>\nThe user wants a title.", NULL, TRUE },
    { "In the language of your question.", NULL, TRUE },
    { "\"A short title for this conversation\"", NULL, TRUE },
    { "Title: short conversation\nReversing", "Reversing", TRUE },
    { "Titel:\"Gib dieser Unterhaltung einen kurzen Titel\"", NULL, TRUE },
    { "タイトル：文字列の反転", "文字列の反転", TRUE },
    { "Titre : Les chaînes", "Les chaînes", TRUE },
    { "", NULL, TRUE },
    { "\"\"", NULL, TRUE },
    { "...", NULL, TRUE },
    { "**", NULL, TRUE },
    { "A sentence that is so long that nobody would take it for a title, or want to", NULL, TRUE },
    { "Bell\x07 and \u202eback", "Bell␇ and \uFFFDback", TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *title = riposte_title_in_answer (rows[i].text, rows[i].done);

      g_test_message ("row %u", i);
      g_assert_cmpstr (title, ==, rows[i].title);
    }
}

static void
test_language (void)
{
  static const char *const rows[][2] = {
    { "How do I reverse a string in Python?", "en" },
    { "segfault", "en" },
    { "", "en" },
    { "Wie kehre ich eine Zeichenkette in Python um?", "de" },
    { "Warum ist das langsam?", "de" },
    { "Comment inverser une chaîne en Python ?", "fr" },
    { "¿Cómo ordeno una lista en Python?", "es" },
    { "Qual è la differenza tra un processo e un thread?", "it" },
    { "Como faço para inverter uma string em Python?", "pt" },
    { "Hoe keer ik een string om in Python?", "nl" },
    { "Hur vänder jag på en sträng i Python?", "sv" },
    { "Jak odwrócić napis w Pythonie i dlaczego to nie działa?", "pl" },
    { "Почему мой код падает с ошибкой сегментации?", "ru" },
    { "Чому мій код на Python такий повільний?", "uk" },
    { "Pythonで文字列を反転するにはどうすればいいですか？", "ja" },
    { "如何在 C 语言中反转字符串？", "zh" },
    { "파이썬에서 리스트를 정렬하는 방법은?", "ko" },
    { "What does 文字列 mean in this Java code?", "en" },
    { "Was ist das?\n\nAttached: a.txt\n```txt\nthe what of how is this not a can of it\n```", "de" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpstr (riposte_title_request_for (rows[i][0])->language, ==, rows[i][1]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add ("/title/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("title", test_title);
  ADD ("ends-itself", test_ends_itself);
  ADD ("rambles", test_rambles);
  ADD ("yields", test_yields);
  ADD ("given-by-hand", test_given_by_hand);
  ADD ("given-before", test_given_before);
  ADD ("not-elsewhere", test_not_elsewhere);
  ADD ("no-answer", test_no_answer);
  ADD ("stopped", test_stopped);
  ADD ("thinks", test_thinks);
  ADD ("gives-up", test_gives_up);
  ADD ("failure", test_failure);
  g_test_add_func ("/title/in-answer", test_in_answer);
  g_test_add_func ("/title/language", test_language);
  return g_test_run ();
}
