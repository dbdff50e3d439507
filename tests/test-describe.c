/* What a file and a device say of themselves: rp_model_describe(), rp_engine_measure(), free memory. */
#include "riposte-engine.h"
#include "tiny-model.h"

#include <glib/gstdio.h>
#include <string.h>

static void
test_dense (void)
{
  g_autofree char *path = tiny_model_write (&(TinyModel){ .arch = "llama", TINY_MODEL, .seed = 1 });
  g_auto (RpModelInfo) info = { 0 };
  g_autoptr (RpEngine) engine = rp_engine_new ();
  g_autoptr (RpModel) model = NULL;
  g_autoptr (GError) error = NULL;
  RpModelOptions options = { .device = "cpu", .n_threads = 1 };
  GStatBuf status;

  g_assert_true (rp_model_describe (path, &info, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (info.architecture, ==, "llama");
  g_assert_cmpuint (info.n_context, ==, 256);
  g_assert_cmpuint (info.n_expert, ==, 0);
  /* layers × KV heads × (key + value) × 2 bytes */
  g_assert_cmpuint (info.context_bytes, ==, 2 * 2 * (16 + 16) * 2);
  g_assert_false (info.has_chat_template);
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpuint (info.weight_bytes, <=, status.st_size);
  model = rp_model_load (engine, path, &options, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (info.n_parameters, ==, rp_model_get_n_parameters (model));
  g_assert_cmpuint (info.weight_bytes, ==, rp_model_get_weight_bytes (model));
  /* all but the embeddings of other tokens */
  g_assert_cmpuint (info.active_bytes, ==, info.weight_bytes - 131 * 64 * 4);
  g_unlink (path);
}

static void
test_experts (void)
{
  g_autofree char *path
    = tiny_model_write (&(TinyModel){ .arch = "qwen3moe", TINY_MODEL, .n_expert = 8, .n_used = 2, .seed = 1 });
  g_auto (RpModelInfo) info = { 0 };
  g_autoptr (GError) error = NULL;
  guint64 expert = 3 * 64 * 96 * 4;

  g_assert_true (rp_model_describe (path, &info, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (info.n_expert, ==, 8);
  g_assert_cmpuint (info.n_expert_used, ==, 2);
  /* in each of the two layers six of the eight experts rest */
  g_assert_cmpuint (info.active_bytes, ==, info.weight_bytes - 131 * 64 * 4 - 2 * 6 * expert);
  g_unlink (path);
}

/* What is wrong with a file that has just these keys. */
static void
check_problem (const char *architecture, const char *type, guint n_parts, int code, const char *words)
{
  g_autofree char *path = NULL;
  g_autoptr (GByteArray) bytes = NULL;
  g_auto (RpModelInfo) info = { 0 };
  g_autoptr (GError) error = NULL;
  GgufWriter writer;
  int fd = g_file_open_tmp ("describe-XXXXXX.gguf", &path, NULL);

  gguf_writer_init (&writer);
  if (architecture)
    gguf_writer_string (&writer, "general.architecture", architecture);
  if (type)
    gguf_writer_string (&writer, "general.type", type);
  gguf_writer_string (&writer, "general.name", "A name");
  gguf_writer_uint (&writer, "split.count", n_parts);
  bytes = gguf_writer_finish (&writer, 3);
  gguf_writer_clear (&writer);
  g_assert_true (g_close (fd, NULL));
  g_assert_true (g_file_set_contents (path, (char *)bytes->data, bytes->len, NULL));
  g_assert_false (rp_model_describe (path, &info, &error));
  g_assert_error (error, RP_ERROR, code);
  g_assert_nonnull (strstr (error->message, words));
  g_assert_cmpstr (info.name, ==, "A name");
  g_unlink (path);
}

static void
test_problems (void)
{
  g_auto (RpModelInfo) info = { 0 };
  g_autoptr (GError) error = NULL;

  check_problem ("llama", NULL, 3, RP_ERROR_UNSUPPORTED, "3 parts");
  check_problem ("clip", NULL, 0, RP_ERROR_UNSUPPORTED, "pictures");
  check_problem ("llama", "mmproj", 1, RP_ERROR_UNSUPPORTED, "pictures");
  check_problem ("llama", "adapter", 0, RP_ERROR_UNSUPPORTED, "adapter");
  check_problem ("bert", NULL, 0, RP_ERROR_UNSUPPORTED, "bert");
  check_problem (NULL, NULL, 0, RP_ERROR_FORMAT, "no architecture");
  check_problem ("llama", NULL, 0, RP_ERROR_FORMAT, "llama.");
  g_assert_false (rp_model_describe ("/nowhere/at/all.gguf", &info, &error));
  g_assert_error (error, RP_ERROR, RP_ERROR_IO);
}

static void
test_devices (void)
{
  g_autoptr (RpEngine) engine = rp_engine_new ();

  for (guint i = 0; i < rp_engine_get_n_devices (engine); i++)
    {
      const RpDeviceInfo *device = rp_engine_get_device (engine, i);
      guint64 free_bytes = rp_engine_get_free_memory (engine, device);
      g_autoptr (GError) error = NULL;
      double speed = 0;

      g_assert_cmpuint (free_bytes, <=, device->memory_bytes);
      g_assert_cmpuint (free_bytes, >, 0);
      if (!rp_engine_measure (engine, device, &speed, &error))
        g_assert_error (error, RP_ERROR, RP_ERROR_MEMORY);
      else
        {
          g_test_message ("%s reads %.2f GB/s of weights, and has %.1f of %.1f GB free", device->id, speed / 1e9,
                          free_bytes / 1e9, device->memory_bytes / 1e9);
          /* from a busy emulator to ten of the fastest GPUs */
          g_assert_cmpfloat (speed, >, 1e7);
          g_assert_cmpfloat (speed, <, 1e14);
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/describe/dense", test_dense);
  g_test_add_func ("/describe/experts", test_experts);
  g_test_add_func ("/describe/problems", test_problems);
  g_test_add_func ("/describe/devices", test_devices);
  return g_test_run ();
}
