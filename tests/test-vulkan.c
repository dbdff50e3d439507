/* What is Vulkan's own about the Vulkan back end: silence of the validation layer, the pipeline cache on disk, running
 * out of memory, cancelling, losing the device. Skipped where there is none. */
#include "operations.h"
#include "vulkan/vulkan-private.h"

#include <glib/gstdio.h>
#include <string.h>

static RpVulkan *vulkan;

#define BOUNDS                                                                                                         \
  {                                                                                                                    \
    .matmul = 1e-6, .matmul_float = 1e-8, .attention = 1e-6, .other = 1e-6                                             \
  }

static RpVkBackend *
open_device (RpVulkan *instance)
{
  g_autoptr (GError) error = NULL;
  RpBackend *backend = rp_vulkan_backend_new (instance, 0, &error);

  g_assert_no_error (error);
  return (RpVkBackend *)backend;
}

/* ---- validation ---- */

static guint n_messages;

static void
on_message (const char *message, gpointer data)
{
  n_messages++;
  g_test_message ("%s", message);
}

static RpVulkan *
open_validated (void)
{
  g_autoptr (GError) error = NULL;
  RpVulkan *validated = rp_vulkan_new_validated (on_message, NULL, &error);

  n_messages = 0;
  if (!validated)
    g_test_skip (error->message);
  return validated;
}

/* Every kind of operation, each weight type once, and a layer; any word of the layer is a failure. */
static void
test_silence (void)
{
  const OperationBounds bounds = BOUNDS;
  g_autoptr (RpVulkan) validated = open_validated ();
  g_autoptr (RpBackend) reference = rp_reference_backend_new ();

  for (guint device = 0; validated && device < rp_vulkan_get_n_devices (validated); device++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RpBackend) backend = rp_vulkan_backend_new (validated, device, &error);

      g_assert_no_error (error);
      for (RpOpKind kind = 0; kind < RP_N_OPS; kind++)
        for (guint i = 0; i < 3; i++)
          {
            gboolean is_cache = kind == RP_OP_STORE_KV || kind == RP_OP_ATTENTION;
            RpDType type = is_cache ? operation_cache_types[(kind + i) % 4]
                                    : operation_types[(kind * 5 + i * 4) % n_operation_types];
            g_autoptr (OperationCase) c = operation_case_random (kind, type, &bounds);

            g_assert_true (operation_case_compare (c, reference, backend, TRUE));
          }
      for (guint n_tokens = 40; n_tokens; n_tokens /= 6)
        {
          g_autoptr (OperationCase) c = operation_case_layer (RP_DTYPE_F32, n_tokens, 40, &bounds);
          g_assert_true (operation_case_compare (c, reference, backend, TRUE));
        }
    }
  g_assert_cmpuint (n_messages, ==, 0);
}

/* Would it have said something? */
static void
test_speech (void)
{
  g_autoptr (RpVulkan) validated = open_validated ();
  const VkBufferCreateInfo nothing = {
    .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
    .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT,
  };
  VkBuffer buffer = VK_NULL_HANDLE;
  RpVkBackend *backend;

  if (!validated)
    return;
  backend = open_device (validated);
  g_assert_cmpuint (n_messages, ==, 0);
  if (backend->vk.CreateBuffer (backend->device, &nothing, NULL, &buffer) == VK_SUCCESS)
    backend->vk.DestroyBuffer (backend->device, buffer, NULL);
  g_assert_cmpuint (n_messages, >, 0);
  rp_backend_free (&backend->parent);
}

/* ---- the pipeline cache ---- */

static gboolean
run_something (RpVkBackend *backend)
{
  const OperationBounds bounds = BOUNDS;
  g_autoptr (RpBackend) reference = rp_reference_backend_new ();
  g_autoptr (OperationCase) c = operation_case_random (RP_OP_MATMUL, RP_DTYPE_Q8_0, &bounds);

  return operation_case_compare (c, reference, &backend->parent, TRUE);
}

/* Runs with what is at the path now; returns what is there then. */
static GBytes *
run_with_cache (char **path)
{
  RpVkBackend *backend = open_device (vulkan);
  char *contents = NULL;
  gsize size = 0;

  g_assert_true (run_something (backend));
  g_assert_nonnull (backend->pipelines.path);
  g_assert_true (g_str_has_prefix (backend->pipelines.path, g_get_user_cache_dir ()));
  g_free (*path);
  *path = g_strdup (backend->pipelines.path);
  rp_backend_free (&backend->parent);
  g_file_get_contents (*path, &contents, &size, NULL);
  return contents ? g_bytes_new_take (contents, size) : NULL;
}

static void
test_cache (void)
{
  g_autofree char *path = NULL;
  g_autoptr (GBytes) first = run_with_cache (&path);
  gsize size;

  g_assert_nonnull (first);
  const guint8 *good = g_bytes_get_data (first, &size);
  for (guint i = 0; i < 4; i++)
    {
      g_autofree guint8 *bad = g_memdup2 (good, size);
      g_autoptr (GBytes) after = NULL;

      bad[i == 1 ? size - 1 : size / 2] ^= 0x40;
      g_assert_true (g_file_set_contents (path, (const char *)bad,
                                          i == 0   ? (gssize)size / 2
                                          : i == 3 ? 0
                                                   : (gssize)size,
                                          NULL));
      after = run_with_cache (&path);
      /* it was not used, and made anew: its own checksum is right again */
      g_assert_nonnull (after);
      g_assert_cmpuint (g_bytes_get_size (after), >, 60);
      const guint8 *data = g_bytes_get_data (after, NULL);
      g_assert_cmpmem (data, 11, good, 11);
      g_assert_false (g_bytes_get_size (after) == size && memcmp (data, bad, size) == 0);
    }
}

/* A file where the folder should be. */
static void
test_cache_nowhere (void)
{
  g_autofree char *path = NULL, *folder = NULL;
  g_autoptr (GBytes) bytes = run_with_cache (&path), none = NULL;

  folder = g_path_get_dirname (path);
  g_assert_cmpint (g_remove (path), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  g_assert_true (g_file_set_contents (folder, "x", 1, NULL));
  none = run_with_cache (&path);
  g_assert_null (none);
  g_assert_cmpint (g_remove (folder), ==, 0);
}

/* ---- memory ---- */

static void
test_memory (void)
{
  RpVkBackend *backend = open_device (vulkan);
  const gsize sizes[] = { G_MAXSIZE, G_MAXSIZE - 100, G_MAXSIZE / 4, (gsize)1 << 46 };
  guint n_blocks = backend->memory.blocks->len;

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (RpBufferUse use = RP_BUFFER_DEVICE; use <= RP_BUFFER_READ; use++)
      {
        g_autoptr (GError) error = NULL;

        g_assert_null (rp_backend_buffer_new (&backend->parent, sizes[i], use, &error));
        g_assert_error (error, RP_ERROR, RP_ERROR_MEMORY);
      }
  g_assert_cmpuint (backend->memory.blocks->len, ==, n_blocks);
  g_assert_true (run_something (backend));
  rp_backend_free (&backend->parent);
}

/* Buffers come and go in any order, and never overlap. */
static void
test_blocks (void)
{
  RpVkBackend *backend = open_device (vulkan);
  RpBuffer *buffers[24] = { NULL };
  guint n_blocks = backend->memory.blocks->len;

  for (guint i = 0; i < 600; i++)
    {
      guint at = (guint)g_test_rand_int_range (0, G_N_ELEMENTS (buffers));
      gsize size = (gsize)g_test_rand_int_range (1, i % 8 == 0 ? 4 << 20 : 70000);
      g_autoptr (GError) error = NULL;

      rp_backend_buffer_free (&backend->parent, buffers[at]);
      buffers[at] = rp_backend_buffer_new (&backend->parent, size, RP_BUFFER_DEVICE, &error);
      g_assert_no_error (error);
      for (guint j = 0; j < G_N_ELEMENTS (buffers); j++)
        if (buffers[j] && j != at)
          g_assert_true (buffers[j]->address + buffers[j]->allocated <= buffers[at]->address
                         || buffers[at]->address + buffers[at]->allocated <= buffers[j]->address);
      g_assert_cmpuint (buffers[at]->allocated, >=, size);
    }
  for (guint i = 0; i < G_N_ELEMENTS (buffers); i++)
    rp_backend_buffer_free (&backend->parent, buffers[i]);
  g_assert_cmpuint (backend->memory.blocks->len, ==, n_blocks);
  rp_backend_free (&backend->parent);
}

/* ---- runs ---- */

typedef struct
{
  RpCancel cancel;
  gulong delay; /* µs */
} Canceller;

static gpointer
cancel_later (gpointer data)
{
  Canceller *canceller = data;

  g_usleep (canceller->delay);
  rp_cancel_set (&canceller->cancel);
  return NULL;
}

/* A run of many products is cut into slices, and cancelled in between. */
static void
test_slices (void)
{
  enum
  {
    N = 160,
    SIZE = 1024
  };
  RpVkBackend *backend = open_device (vulkan);
  g_autoptr (GError) error = NULL;
  g_autofree RpOp *ops = g_new0 (RpOp, N);
  g_autofree float *data = g_new0 (float, SIZE *SIZE);
  RpBuffer *weights = rp_backend_buffer_new_weights (&backend->parent, data, sizeof (float) * SIZE * SIZE, &error);
  RpBuffer *x = rp_backend_buffer_new (&backend->parent, sizeof (float) * SIZE * 32, RP_BUFFER_DEVICE, &error);
  RpBuffer *out = rp_backend_buffer_new (&backend->parent, sizeof (float) * SIZE * 32, RP_BUFFER_DEVICE, &error);
  Canceller canceller = { { 0 }, 0 };
  gint64 start, whole;

  g_assert_no_error (error);
  for (guint i = 0; i < N; i++)
    {
      ops[i].kind = RP_OP_MATMUL;
      ops[i].matmul = (RpOpMatmul){
        .weight = { { weights, 0 }, RP_DTYPE_F32, SIZE, SIZE, 1 },
        .x = { i % 2 ? out : x, 0 },
        .out = { i % 2 ? x : out, 0 },
        .n_tokens = 32,
      };
    }
  g_assert_true (rp_backend_prepare (&backend->parent, ops, N, &error));
  g_assert_true (rp_backend_run (&backend->parent, ops, 1, NULL, &error));
  backend->commands.counts = (RpVkCounts){ 0 };
  start = g_get_monotonic_time ();
  g_assert_true (rp_backend_run (&backend->parent, ops, N, &canceller.cancel, &error));
  whole = g_get_monotonic_time () - start;
  g_test_message ("%.3f s, %u dispatches, %u submissions", (double)whole / 1e6,
                  (guint)backend->commands.counts.dispatches, (guint)backend->commands.counts.submissions);
  g_assert_cmpuint (backend->commands.counts.dispatches, >=, N);
  if (whole < 200000)
    g_test_skip ("this device is too fast to be stopped");
  else
    {
      gboolean ran = TRUE;

      g_assert_cmpuint (backend->commands.counts.submissions, >, 2);
      canceller.delay = (gulong)whole / 10;
      /* On a busy machine the canceller may come when all is over. */
      for (int attempt = 0; ran && attempt < 10; attempt++)
        {
          GThread *thread = g_thread_new ("cancel", cancel_later, &canceller);
          backend->commands.counts = (RpVkCounts){ 0 };
          ran = rp_backend_run (&backend->parent, ops, N, &canceller.cancel, &error);
          g_thread_join (thread);
          if (ran)
            rp_cancel_reset (&canceller.cancel);
        }
      g_assert_false (ran);
      g_assert_error (error, RP_ERROR, RP_ERROR_CANCELLED);
      g_clear_error (&error);
      g_assert_cmpuint (backend->commands.counts.dispatches, <, N);
    }
  g_assert_true (rp_backend_run (&backend->parent, ops, 1, NULL, &error));
  rp_backend_buffer_free (&backend->parent, weights);
  rp_backend_buffer_free (&backend->parent, x);
  rp_backend_buffer_free (&backend->parent, out);
  rp_backend_free (&backend->parent);
}

/* Without prepare() nothing is made on the way. */
static void
test_unprepared (void)
{
  RpVkBackend *backend = open_device (vulkan);
  g_autoptr (GError) error = NULL;
  RpBuffer *buffer = rp_backend_buffer_new (&backend->parent, 4096, RP_BUFFER_DEVICE, &error);
  RpView view = { buffer, 0 };
  RpOp op = { .kind = RP_OP_ADD, .add = { view, view, view, 1024, 1 } };

  g_assert_false (rp_backend_run (&backend->parent, &op, 1, NULL, &error));
  g_assert_error (error, RP_ERROR, RP_ERROR_ARGUMENT);
  g_assert_cmpuint (g_hash_table_size (backend->pipelines.table), ==, 0);
  rp_backend_buffer_free (&backend->parent, buffer);
  rp_backend_free (&backend->parent);
}

static void
test_lost (void)
{
  RpVkBackend *backend = open_device (vulkan);
  g_autoptr (GError) error = NULL;
  RpBuffer *buffer = rp_backend_buffer_new (&backend->parent, 4096, RP_BUFFER_DEVICE, &error);
  RpView view = { buffer, 0 };
  RpOp op = { .kind = RP_OP_ADD, .add = { view, view, view, 1024, 1 } };
  guint8 byte = 0;

  g_assert_true (rp_backend_prepare (&backend->parent, &op, 1, &error));
  g_assert_false (rp_vk_check (backend, VK_ERROR_DEVICE_LOST, "testing", &error));
  g_assert_error (error, RP_ERROR, RP_ERROR_DEVICE);
  g_clear_error (&error);
  g_assert_false (rp_backend_run (&backend->parent, &op, 1, NULL, &error));
  g_assert_error (error, RP_ERROR, RP_ERROR_DEVICE);
  g_clear_error (&error);
  g_assert_false (rp_backend_upload (&backend->parent, view, &byte, 1, &error));
  g_assert_error (error, RP_ERROR, RP_ERROR_DEVICE);
  rp_backend_buffer_free (&backend->parent, buffer);
  rp_backend_free (&backend->parent);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *cache = g_dir_make_tmp ("riposte-cache-XXXXXX", NULL);
  int status;

  g_setenv ("XDG_CACHE_HOME", cache, TRUE);
  g_test_init (&argc, &argv, NULL);
  vulkan = rp_vulkan_new (&error);
  if (!vulkan)
    {
      g_print ("1..0 # SKIP %s\n", error->message);
      return 0;
    }
  g_test_add_func ("/vulkan/validation/silence", test_silence);
  g_test_add_func ("/vulkan/validation/speech", test_speech);
  g_test_add_func ("/vulkan/cache/damaged", test_cache);
  g_test_add_func ("/vulkan/cache/nowhere", test_cache_nowhere);
  g_test_add_func ("/vulkan/memory/too-much", test_memory);
  g_test_add_func ("/vulkan/memory/blocks", test_blocks);
  g_test_add_func ("/vulkan/run/slices", test_slices);
  g_test_add_func ("/vulkan/run/unprepared", test_unprepared);
  g_test_add_func ("/vulkan/run/lost", test_lost);
  status = g_test_run ();
  rp_vulkan_free (vulkan);
  g_rmdir (cache);
  return status;
}
