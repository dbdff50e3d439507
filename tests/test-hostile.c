/* Damaged and malicious model files: whatever a file says, it is refused with one line, or it runs. Thousands of
 * mutations of tiny models; run it under the sanitizers too. Repeat a failure with --seed. */
#include "riposte-engine.h"
#include "tiny-model.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED TRUE
#else
#define SANITIZED FALSE
#endif

static const TinyModel models[] = {
  { TINY_MODEL, .arch = "llama", .vocabulary = TRUE, .seed = 1 },
  { TINY_MODEL, .arch = "qwen3moe", .n_expert = 4, .n_used = 2, .vocabulary = TRUE, .seed = 2 },
};

typedef struct
{
  GByteArray *bytes;
  gsize header; /* up to the first tensor's data */
} File;

static void
make_file (File *file, const TinyModel *model)
{
  TinyModel tiny = *model;
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  char *data;
  gsize size;

  tiny.n_vocab = TINY_VOCABULARY;
  tiny.n_layers = 1;
  path = tiny_model_write (&tiny);
  g_file_get_contents (path, &data, &size, &error);
  g_assert_no_error (error);
  g_unlink (path);
  file->bytes = g_byte_array_new_take ((guint8 *)data, size);
  g_autoptr (RpGguf) gguf = rp_gguf_open_memory (data, size, &error);
  g_assert_no_error (error);
  file->header = (const char *)rp_gguf_get_tensor (gguf, 0)->data - data;
}

/* ---- mutations ---- */

static guint64
nasty_number (void)
{
  static const guint64 numbers[] = { 0,          1,          2,          3,           7,
                                     31,         255,        256,        4096,        65535,
                                     1 << 20,    G_MAXINT32, 1ull << 31, G_MAXUINT32, 1ull << 32,
                                     1ull << 40, 1ull << 61, G_MAXINT64, 1ull << 63,  G_MAXUINT64 - 31,
                                     G_MAXUINT64 };
  guint64 number = numbers[g_test_rand_int_range (0, G_N_ELEMENTS (numbers))];

  return number + (g_test_rand_int_range (0, 4) == 0 ? g_test_rand_int_range (-2, 3) : 0);
}

static gsize
position (gsize end)
{
  return g_test_rand_int_range (0, (gint32)end);
}

static void
flip_bytes (GByteArray *b, gsize header)
{
  for (gint n = g_test_rand_int_range (1, 9); n > 0; n--)
    b->data[position (header)] = (guint8)g_test_rand_int_range (0, 256);
}

/* What would make two lines of a message, or colour a terminal. */
static void
put_controls (GByteArray *b, gsize header)
{
  static const char *const names[] = { "llama", "qwen3moe", "gpt2", "qwen2", "messages", "token_embd" };
  const char *name = names[g_test_rand_int_range (0, G_N_ELEMENTS (names))];
  guint8 *found = memmem (b->data, header, name, strlen (name));

  if (found)
    found[g_test_rand_int_range (0, (gint)strlen (name))] = "\n\r\033\b\177\200"[g_test_rand_int_range (0, 6)];
}

static void
put_number (GByteArray *b, gsize header)
{
  guint64 number = nasty_number ();

  memcpy (b->data + position (header - 8), &number, g_test_rand_bit () ? 4 : 8);
}

/* The value behind a key, or the length, type or place of a tensor. */
static void
change_value (GByteArray *b, gsize header)
{
  static const char *const names[] = {
    "block_count",
    "embedding_length",
    "context_length",
    "feed_forward_length",
    "head_count",
    "head_count_kv",
    "key_length",
    "value_length",
    "rope.dimension_count",
    "expert_count",
    "expert_used_count",
    "expert_feed_forward_length",
    "layer_norm_rms_epsilon",
    "ggml.model",
    "ggml.pre",
    "ggml.tokens",
    "ggml.token_type",
    "ggml.merges",
    "eos_token_id",
    "chat_template",
    "token_embd.weight",
    "output.weight",
    "attn_q.weight",
    "attn_norm.weight",
    "ffn_down.weight",
    "ffn_down_exps.weight",
    "ffn_gate_inp.weight",
  };
  const char *name = names[g_test_rand_int_range (0, G_N_ELEMENTS (names))];
  const guint8 *found = memmem (b->data, header, name, strlen (name));
  guint64 number = nasty_number ();
  gsize at;

  if (!found)
    return;
  /* type (or number of dimensions), value (or dimensions, type, offset) */
  at = found - b->data + strlen (name) + 4 * g_test_rand_int_range (0, 8);
  memcpy (b->data + MIN (at, header - 8), &number, g_test_rand_bit () ? 4 : 8);
}

static void
truncate_file (GByteArray *b, gsize header)
{
  g_byte_array_set_size (b, position (g_test_rand_bit () ? header : b->len));
}

static void
copy_piece (GByteArray *b, gsize header)
{
  gsize n = MIN (header / 2, (gsize)g_test_rand_int_range (1, 400)), from = position (header - n);

  memmove (b->data + position (header - n), b->data + from, n);
}

/* Numbers that are none, in the weights. */
static void
spoil_weights (GByteArray *b, gsize header)
{
  guint32 nan = g_test_rand_bit () ? 0x7fc00000 : 0xff800000;

  for (gint n = g_test_rand_int_range (1, 99); n > 0; n--)
    memcpy (b->data + header + position (b->len - header - 4) / 4 * 4, &nan, 4);
}

/* ---- what is done with a file ---- */

static void
check_error (GError **error)
{
  if (!*error)
    return;
  g_assert_true ((*error)->domain == RP_ERROR);
  g_assert_true (g_utf8_validate ((*error)->message, -1, NULL));
  g_assert_cmpuint (strlen ((*error)->message), >, 10);
  g_assert_cmpuint (strlen ((*error)->message), <, 1000);
  g_assert_null (strpbrk ((*error)->message, "\n\r\033"));
  g_clear_error (error);
}

static void
use_session (RpModel *model)
{
  const RpSessionOptions options = { .n_context = 16, .n_batch = 4 };
  const RpGenerateOptions generate
    = { .n_predict = 3,
        .sampler = { .temperature = 1, .top_p = 0.9f, .min_p = 0.01f, .repeat_penalty = 1.1f, .repeat_last_n = 4 } };
  const RpToken tokens[] = { 1, 0, 3, 2, 1 };
  g_autoptr (GError) error = NULL;
  g_autoptr (RpSession) session = rp_session_new (model, &options, &error);

  if (session)
    rp_session_generate (session, tokens, G_N_ELEMENTS (tokens), &generate, NULL, &error);
  check_error (&error);
}

static void
use_vocabulary (RpModel *model)
{
  const RpChatMessage message = { "user", "the \xff <|end|> ☃" };
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) tokens = rp_model_tokenize (model, "the <|user|> then\n\xff☃", -1, TRUE, TRUE, &error);
  g_autoptr (GArray) prompt = NULL;

  check_error (&error);
  if (tokens)
    {
      g_autoptr (GString) text = rp_model_detokenize (model, (RpToken *)tokens->data, tokens->len, TRUE);
      g_assert_nonnull (text);
    }
  prompt = rp_model_chat_tokens (model, &message, 1, 0, NULL, &error);
  check_error (&error);
}

static gboolean
use_file (RpEngine *engine, const GByteArray *bytes)
{
  const RpModelOptions options = { .device = "cpu", .n_threads = 1 };
  int fd = memfd_create ("model", MFD_CLOEXEC);
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  g_autoptr (GError) error = NULL;
  g_autoptr (RpModel) model = NULL;

  g_assert_cmpint (write (fd, bytes->data, bytes->len), ==, bytes->len);
  model = rp_model_load (engine, path, &options, &error);
  close (fd);
  if (!model)
    {
      g_assert_nonnull (error);
      check_error (&error);
      return FALSE;
    }
  use_session (model);
  use_vocabulary (model);
  return TRUE;
}

static void
test_mutations (gconstpointer data)
{
  static void (*const mutations[]) (GByteArray * bytes, gsize header)
    = { flip_bytes, put_controls, put_number, change_value, change_value, truncate_file, copy_piece, spoil_weights };
  RpEngine *engine = rp_engine_new ();
  guint n = g_test_slow () ? 100000 : SANITIZED ? 1500 : 4000, loaded = 0;
  File file;

  make_file (&file, data);
  g_assert_true (use_file (engine, file.bytes));
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GByteArray) bytes = g_byte_array_sized_new (file.bytes->len);

      g_byte_array_append (bytes, file.bytes->data, file.bytes->len);
      mutations[g_test_rand_int_range (0, G_N_ELEMENTS (mutations))](bytes, file.header);
      alarm (20); /* a file that takes longer hangs */
      loaded += use_file (engine, bytes);
    }
  alarm (0);
  g_test_message ("%u mutations, of which %u run", n, loaded);
  g_assert_cmpuint (loaded, >, n / 20);
  g_assert_cmpuint (loaded, <, n - n / 20);
  g_byte_array_unref (file.bytes);
  rp_engine_free (engine);
}

/* Cut off anywhere, a file is refused. */
static void
test_truncated (gconstpointer data)
{
  RpEngine *engine = rp_engine_new ();
  File file;

  make_file (&file, data);
  for (gsize length = 0; length + 32 < file.bytes->len; length += length < 200 ? 1 : g_test_rand_int_range (1, 997))
    {
      g_autoptr (GByteArray) bytes = g_byte_array_new ();

      g_byte_array_append (bytes, file.bytes->data, length);
      g_assert_false (use_file (engine, bytes));
    }
  g_byte_array_unref (file.bytes);
  rp_engine_free (engine);
}

int
main (int argc, char **argv)
{
  const struct rlimit limit = { 2ull << 30, 2ull << 30 };

  g_test_init (&argc, &argv, NULL);
  /* An allocation that only a file asks for is seen as what it is: one too many. */
  if (!SANITIZED)
    setrlimit (RLIMIT_AS, &limit);
  for (gsize i = 0; i < G_N_ELEMENTS (models); i++)
    {
      g_autofree char *mutations = g_strdup_printf ("/hostile/mutations/%s", models[i].arch);
      g_autofree char *truncated = g_strdup_printf ("/hostile/truncated/%s", models[i].arch);

      g_test_add_data_func (mutations, &models[i], test_mutations);
      g_test_add_data_func (truncated, &models[i], test_truncated);
    }
  return g_test_run ();
}
