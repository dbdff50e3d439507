/* kill -9 while a conversation is written, along the way that the window takes: conversation, store, database. Nothing
 * acknowledged may be lost (`-m slow`: 1,000 times). */
#include "chat/conversation-private.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define PIECE "0123456789abcde\n"

/* ---- the child: asks, and is answered, until it is killed; says on standard output what was acknowledged ---- */

#define TEST_TYPE_GENERATOR (test_generator_get_type ())
G_DECLARE_FINAL_TYPE (TestGenerator, test_generator, TEST, GENERATOR, GObject)

struct _TestGenerator
{
  GObject parent;
  RiposteConversation *chat;
};

static void test_generator_iface_init (RiposteGeneratorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TestGenerator,
                               test_generator,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RIPOSTE_TYPE_GENERATOR, test_generator_iface_init))

static gpointer
speak (gpointer data)
{
  g_autoptr (RiposteGeneration) generation = data;
  RiposteGenerationInfo info = { .phase = RIPOSTE_PHASE_WRITING };
  int n = g_random_int_range (1, 80);

  for (int i = 0; i < n; i++)
    {
      riposte_generation_post_text (generation, PIECE, strlen (PIECE));
      riposte_generation_post_info (generation, &info);
      g_usleep ((gulong)g_random_int_range (0, 1000));
    }
  riposte_generation_post_end (generation, &info, NULL);
  return NULL;
}

static RiposteMessage *
get_question (RiposteMessage *answer)
{
  return riposte_message_get_parent (answer);
}

static void
generate (RiposteGenerator *generator, RiposteGeneration *generation)
{
  RiposteMessage *question = get_question (TEST_GENERATOR (generator)->chat->answer);

  printf ("q %s %s\n", riposte_message_get_id (question), riposte_message_get_text (question));
  g_thread_unref (g_thread_new ("speaker", speak, g_object_ref (generation)));
}

static const char *
get_name (RiposteGenerator *generator)
{
  return "Stand-in";
}

static void
test_generator_iface_init (RiposteGeneratorInterface *iface)
{
  iface->generate = generate;
  iface->get_name = get_name;
}

static void
test_generator_init (TestGenerator *self)
{
}

static void
test_generator_class_init (TestGeneratorClass *klass)
{
}

typedef struct
{
  char kind;
  char *id;
  gsize length;
} Acknowledgement;

static void
on_flushed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Acknowledgement *ack = user_data;

  if (riposte_store_write_finish (RIPOSTE_STORE (source), result, NULL))
    printf ("%c %s %zu\n", ack->kind, ack->id, ack->length);
  g_free (ack->id);
  g_free (ack);
}

static void
flush (RiposteConversation *chat, char kind)
{
  Acknowledgement *ack = g_new (Acknowledgement, 1);

  ack->kind = kind;
  ack->id = g_strdup (riposte_message_get_id (chat->answer));
  ack->length = strlen (riposte_message_get_text (chat->answer));
  riposte_store_flush_async (chat->store, on_flushed, ack);
}

/* Something new, something else instead, or the same once more. */
static void
go_on (RiposteConversation *chat, TestGenerator *generator)
{
  static int n;
  g_autofree char *question = g_strdup_printf ("Question %d", n++);
  guint length = g_list_model_get_n_items (G_LIST_MODEL (chat));
  guint choice = length ? (guint)g_random_int_range (0, 4) : 0;

  if (choice == 3)
    riposte_conversation_try_again (chat, RIPOSTE_GENERATOR (generator), &RP_SAMPLER_GREEDY);
  else if (choice == 2) /* there is no question without an answer */
    riposte_conversation_edit (chat, get_question (riposte_conversation_get_last (chat)), question,
                               RIPOSTE_GENERATOR (generator), &RP_SAMPLER_GREEDY);
  else
    riposte_conversation_ask (chat, question, RIPOSTE_GENERATOR (generator), &RP_SAMPLER_GREEDY);
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RiposteConversation **chat = user_data;
  GPtrArray *records = riposte_store_read_finish (RIPOSTE_STORE (source), result, NULL);

  *chat = records->len ? riposte_conversation_new_from_record (RIPOSTE_STORE (source), records->pdata[0])
                       : riposte_conversation_new (RIPOSTE_STORE (source));
}

static G_NORETURN void
stream (const char *path)
{
  RiposteStore *store = riposte_store_new (path);
  TestGenerator *generator = g_object_new (TEST_TYPE_GENERATOR, NULL);
  RiposteConversation *chat = NULL;
  gboolean answered = FALSE;

  setvbuf (stdout, NULL, _IOLBF, 0);
  riposte_store_list_chats_async (store, NULL, on_listed, &chat);
  while (!chat)
    g_main_context_iteration (NULL, TRUE);
  chat->keep_ms = 3;
  generator->chat = chat;
  riposte_conversation_load (chat);
  while (!riposte_conversation_get_loaded (chat))
    g_main_context_iteration (NULL, TRUE);
  for (;;)
    {
      if (!riposte_conversation_get_busy (chat))
        {
          if (answered)
            flush (chat, 'e');
          go_on (chat, generator);
          answered = TRUE;
        }
      g_main_context_iteration (NULL, TRUE);
      if (riposte_conversation_get_busy (chat) && !chat->keep_timeout)
        flush (chat, 'a'); /* all of it was handed over */
    }
}

/* ---- the parent ---- */

typedef struct
{
  char *text;   /* of a question */
  gsize length; /* of an answer */
  gboolean ended;
} Expected;

static void
expected_free (gpointer data)
{
  g_free (((Expected *)data)->text);
  g_free (data);
}

static Expected *
get_expected (GHashTable *messages, const char *id)
{
  Expected *expected = g_hash_table_lookup (messages, id);

  if (!expected)
    {
      expected = g_new0 (Expected, 1);
      g_hash_table_insert (messages, g_strdup (id), expected);
    }
  return expected;
}

static void
take_line (GHashTable *messages, const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", 3);
  Expected *expected;

  if (!strchr (line, '\n')) /* cut through by the kill */
    return;
  g_assert_cmpuint (g_strv_length (words), ==, 3);
  expected = get_expected (messages, words[1]);
  if (*words[0] == 'q')
    {
      g_free (expected->text);
      expected->text = g_strchomp (g_strdup (words[2]));
    }
  else
    expected->length = strtoul (words[2], NULL, 10);
  expected->ended = *words[0] == 'e';
}

static void
stream_and_kill (const char *path, GHashTable *messages, int lines, gulong more_us)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  const char *argv[] = { self, "--stream", path, NULL };
  char line[256];
  GPid pid;
  int out;
  FILE *file;

  g_assert_true (g_spawn_async_with_pipes (NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, NULL,
                                           &out, NULL, NULL));
  file = fdopen (out, "r");
  for (int i = 0; i < lines && fgets (line, sizeof line, file); i++)
    take_line (messages, line);
  g_usleep (more_us);
  kill (pid, SIGKILL);
  while (fgets (line, sizeof line, file))
    take_line (messages, line);
  fclose (file);
  waitpid (pid, NULL, 0);
}

static void
assert_text (const char *text)
{
  for (gsize i = 0; text[i]; i++)
    g_assert_cmpint (text[i], ==, PIECE[i % strlen (PIECE)]);
}

/* Returns how many answers were cut off. */
static guint
verify (const char *path, GHashTable *messages)
{
  GError *error = NULL;
  g_autoptr (RiposteDatabase) db = riposte_database_open (path, &error);
  g_autoptr (GPtrArray) chats = NULL;
  g_autoptr (GPtrArray) records = NULL;
  guint found = 0, cut_off = 0;

  g_assert_no_error (error);
  g_assert_true (riposte_database_check (db, &error));
  chats = riposte_database_list_chats (db, NULL);
  g_assert_cmpuint (chats->len, ==, 1);
  records = riposte_database_list (db, ((RiposteChatRecord *)chats->pdata[0])->id, NULL);
  for (guint i = 0; i < records->len; i++)
    {
      const RiposteRecord *record = records->pdata[i];
      const Expected *expected = g_hash_table_lookup (messages, record->id);
      gboolean ended = record->state == RIPOSTE_RECORD_ENDED;

      found += expected != NULL;
      cut_off += record->state == RIPOSTE_RECORD_CUT_OFF;
      g_assert_true (ended || record->state == RIPOSTE_RECORD_CUT_OFF);
      if (record->role == RIPOSTE_ROLE_ASSISTANT)
        assert_text (record->text);
      if (expected && expected->text)
        g_assert_cmpstr (record->text, ==, expected->text);
      else if (expected && expected->ended)
        g_assert_true (ended && strlen (record->text) == expected->length);
      else if (expected)
        g_assert_cmpuint (strlen (record->text), >=, expected->length);
    }
  g_assert_cmpuint (found, ==, g_hash_table_size (messages));
  return cut_off;
}

static guint
count_files (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir))
    n++;
  return n;
}

static void
test_kill (void)
{
  g_autofree char *folder = g_dir_make_tmp ("riposte-kill-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "conversations.db", NULL);
  g_autofree char *remove = g_strdup_printf ("rm -r '%s'", folder);
  g_autoptr (GHashTable) messages = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, expected_free);
  int cycles = g_test_slow () ? 1000 : 15;
  guint cut_off = 0;

  for (int i = 0; i < cycles; i++)
    {
      stream_and_kill (path, messages, g_test_rand_int_range (1, 40), (gulong)g_test_rand_int_range (0, 5000));
      cut_off = verify (path, messages);
    }
  g_test_message ("%d kills: %u acknowledged messages, %u answers cut off", cycles, g_hash_table_size (messages),
                  cut_off);
  g_assert_cmpuint (cut_off, >, 0);
  g_assert_cmpuint (count_files (folder), ==, 1); /* no locks of the dead */
  g_assert_cmpint (system (remove), ==, 0);
}

int
main (int argc, char **argv)
{
  if (argc == 3 && g_str_equal (argv[1], "--stream"))
    stream (argv[2]);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/kill/streaming", test_kill);
  return g_test_run ();
}
