/* Models come, go, and come back: loading and cancelling, switching, giving back memory and waking up. */
#include "generate/local-generator.h"
#include "tiny-model.h"
#include "wait-for.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

typedef struct
{
  RiposteLocalGenerator *generator;
  char *first, *second; /* files */
} Fixture;

static char *
make_model (guint seed)
{
  TinyModel model = { .arch = "llama", TINY_MODEL, .vocabulary = TRUE, .seed = seed };

  model.n_vocab = TINY_VOCABULARY;
  return tiny_model_write (&model);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->first = make_model (1);
  fixture->second = make_model (2);
  fixture->generator = riposte_local_generator_new ();
  riposte_local_generator_set_device (fixture->generator, "cpu");
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  riposte_local_generator_shut_down (fixture->generator);
  g_clear_object (&fixture->generator);
  g_unlink (fixture->first);
  g_unlink (fixture->second);
  g_free (fixture->first);
  g_free (fixture->second);
}

static RiposteGeneratorState
state_of (Fixture *fixture)
{
  return riposte_generator_get_state (RIPOSTE_GENERATOR (fixture->generator));
}

static void
load (Fixture *fixture, const char *path)
{
  riposte_local_generator_load (fixture->generator, path);
  wait_for (state_of (fixture) != RIPOSTE_GENERATOR_LOADING);
  g_assert_cmpint (state_of (fixture), ==, RIPOSTE_GENERATOR_READY);
}

static void
on_text (RiposteGeneration *generation, const char *text, GString *answer)
{
  g_string_append (answer, text);
}

static RiposteGeneration *
ask (Fixture *fixture, GString *answer)
{
  RiposteGeneration *generation = riposte_generation_new ();

  riposte_generation_add_turn (generation, "user", "Hello");
  if (answer)
    g_signal_connect (generation, "text", G_CALLBACK (on_text), answer);
  riposte_generator_generate (RIPOSTE_GENERATOR (fixture->generator), generation);
  return generation;
}

static gboolean
has_ended (RiposteGeneration *generation)
{
  return riposte_generation_get_info (generation)->phase == RIPOSTE_PHASE_ENDED;
}

static char *
answer_of (Fixture *fixture)
{
  g_autoptr (GString) answer = g_string_new (NULL);
  g_autoptr (RiposteGeneration) generation = ask (fixture, answer);

  wait_for (has_ended (generation));
  g_assert_no_error ((GError *)riposte_generation_get_error (generation));
  return g_strdup (answer->str);
}

static void
test_wake (Fixture *fixture, gconstpointer data)
{
  g_autofree char *before = NULL, *after = NULL;
  RiposteGenerator *generator = RIPOSTE_GENERATOR (fixture->generator);

  load (fixture, fixture->first);
  before = answer_of (fixture);
  g_assert_cmpstr (before, !=, "");
  g_assert_false (riposte_local_generator_is_released (fixture->generator));
  riposte_local_generator_release (fixture->generator);
  g_assert_true (riposte_local_generator_is_released (fixture->generator));
  /* all that is said of the model is still true */
  g_assert_cmpint (state_of (fixture), ==, RIPOSTE_GENERATOR_READY);
  g_assert_nonnull (riposte_generator_get_name (generator));
  g_assert_cmpuint (riposte_generator_get_n_context (generator), ==, 256);
  after = answer_of (fixture);
  g_assert_cmpstr (after, ==, before);
  g_assert_false (riposte_local_generator_is_released (fixture->generator));
  g_assert_cmpint (state_of (fixture), ==, RIPOSTE_GENERATOR_READY);
}

static void
test_idle (Fixture *fixture, gconstpointer data)
{
  g_autofree char *answer = NULL;

  riposte_local_generator_set_idle_seconds (fixture->generator, 1);
  load (fixture, fixture->first);
  wait_for (riposte_local_generator_is_released (fixture->generator));
  answer = answer_of (fixture);
  wait_for (riposte_local_generator_is_released (fixture->generator));
  /* and never where that is wished */
  g_free (answer_of (fixture));
  riposte_local_generator_set_idle_seconds (fixture->generator, 0);
  for (gint64 end = g_get_monotonic_time () + 2 * G_USEC_PER_SEC; g_get_monotonic_time () < end;)
    g_main_context_iteration (NULL, FALSE);
  g_assert_false (riposte_local_generator_is_released (fixture->generator));
}

static void
test_memory_warning (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GMemoryMonitor) monitor = g_memory_monitor_dup_default ();
  g_autoptr (RiposteGeneration) generation = NULL;

  load (fixture, fixture->first);
  /* an answer that is being written is not torn off */
  generation = ask (fixture, NULL);
  g_signal_emit_by_name (monitor, "low-memory-warning", G_MEMORY_MONITOR_WARNING_LEVEL_LOW);
  g_assert_false (riposte_local_generator_is_released (fixture->generator));
  wait_for (has_ended (generation));
  g_assert_no_error ((GError *)riposte_generation_get_error (generation));
  g_assert_cmpuint (riposte_generation_get_info (generation)->n_written, >, 0);
  wait_for (riposte_local_generator_is_released (fixture->generator));
  g_free (answer_of (fixture));
  g_signal_emit_by_name (monitor, "low-memory-warning", G_MEMORY_MONITOR_WARNING_LEVEL_CRITICAL);
  g_assert_true (riposte_local_generator_is_released (fixture->generator));
}

/* The file may be gone when it is wanted again. */
static void
test_wake_fails (Fixture *fixture, gconstpointer data)
{
  g_autoptr (RiposteGeneration) generation = NULL;

  load (fixture, fixture->first);
  riposte_local_generator_release (fixture->generator);
  g_unlink (fixture->first);
  generation = ask (fixture, NULL);
  wait_for (has_ended (generation));
  g_assert_error (riposte_generation_get_error (generation), RP_ERROR, RP_ERROR_IO);
  wait_for (state_of (fixture) == RIPOSTE_GENERATOR_FAILED);
  g_assert_false (riposte_local_generator_is_released (fixture->generator));
  load (fixture, fixture->second);
  g_free (answer_of (fixture));
}

static void
test_cancel (Fixture *fixture, gconstpointer data)
{
  g_autoptr (RiposteGeneration) generation = NULL;

  riposte_local_generator_load (fixture->generator, fixture->first);
  generation = ask (fixture, NULL);
  riposte_local_generator_cancel_load (fixture->generator);
  g_assert_cmpint (state_of (fixture), ==, RIPOSTE_GENERATOR_EMPTY);
  wait_for (has_ended (generation));
  g_assert_cmpint (riposte_generation_get_info (generation)->stop, ==, RP_STOP_CANCELLED);
  /* and while it wakes up */
  load (fixture, fixture->first);
  riposte_local_generator_release (fixture->generator);
  g_clear_object (&generation);
  generation = ask (fixture, NULL);
  g_assert_cmpint (state_of (fixture), ==, RIPOSTE_GENERATOR_LOADING);
  riposte_local_generator_cancel_load (fixture->generator);
  wait_for (has_ended (generation));
  g_assert_cmpint (state_of (fixture), ==, RIPOSTE_GENERATOR_EMPTY);
}

/* Whatever comes in between, the last one that was asked for is there in the end, and calls only leave notes. */
static void
test_switch (Fixture *fixture, gconstpointer data)
{
  g_autofree char *first = NULL, *second = NULL, *answer = NULL;

  load (fixture, fixture->first);
  first = answer_of (fixture);
  load (fixture, fixture->second);
  second = answer_of (fixture);
  g_assert_cmpstr (first, !=, second);
  for (int i = 0; i < 20; i++)
    {
      g_autoptr (RiposteGeneration) generation = ask (fixture, NULL);
      riposte_local_generator_load (fixture->generator, i % 2 ? fixture->second : fixture->first);
      g_assert_cmpint (state_of (fixture), ==, RIPOSTE_GENERATOR_LOADING);
      if (i % 3 == 0)
        g_main_context_iteration (NULL, FALSE);
    }
  wait_for (state_of (fixture) == RIPOSTE_GENERATOR_READY);
  answer = answer_of (fixture);
  g_assert_cmpstr (answer, ==, second);
}

static void
test_capacity (Fixture *fixture, gconstpointer data)
{
  const RiposteCapacity *capacity;

  g_assert_null (riposte_local_generator_get_capacity (fixture->generator));
  riposte_local_generator_measure (fixture->generator);
  riposte_local_generator_measure (fixture->generator);
  wait_for (riposte_local_generator_get_capacity (fixture->generator));
  capacity = riposte_local_generator_get_capacity (fixture->generator);
  g_assert_cmpuint (capacity->memory_bytes, >, 0);
  g_assert_cmpuint (capacity->memory_free, <=, capacity->memory_bytes);
  g_assert_cmpfloat (capacity->bandwidth, >, 0);
  riposte_local_generator_set_device (fixture->generator, "vulkan:99");
  g_assert_null (riposte_local_generator_get_capacity (fixture->generator));
  riposte_local_generator_measure (fixture->generator);
  wait_for (riposte_local_generator_get_capacity (fixture->generator));
  g_assert_cmpuint (riposte_local_generator_get_capacity (fixture->generator)->memory_bytes, ==, 0);
}

static guint64
resident_memory (void)
{
  g_autofree char *text = NULL;
  guint64 size, resident;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  g_assert_cmpint (sscanf (text, "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, &size, &resident), ==, 2);
  return resident * sysconf (_SC_PAGESIZE);
}

static void
test_memory (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path
    = g_build_filename (g_get_user_data_dir (), "riposte", "models", "smollm2-135m-instruct-q4_1.gguf", NULL);
  guint64 loaded;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_test_skip ("SmolLM2 is not there");
      return;
    }
  load (fixture, path);
  g_free (answer_of (fixture));
  loaded = resident_memory ();
  riposte_local_generator_release (fixture->generator);
  /* its weights alone have 98 MB */
  wait_for (resident_memory () + 90000000 < loaded);
  g_test_message ("%.0f MB with the model, %.0f MB without", loaded / 1e6, resident_memory () / 1e6);
  g_free (answer_of (fixture));
}

#define add(name, test) g_test_add ("/loading/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("wake", test_wake);
  add ("idle", test_idle);
  add ("memory-warning", test_memory_warning);
  add ("wake-fails", test_wake_fails);
  add ("cancel", test_cancel);
  add ("switch", test_switch);
  add ("capacity", test_capacity);
  add ("memory", test_memory);
  return g_test_run ();
}
