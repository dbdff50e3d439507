#include "gguf-writer.h"
#include "riposte-engine.h"

#include <string.h>

/* A file with every kind of key and two tensors. */
static GByteArray *
make_file (guint32 version)
{
  GgufWriter writer;
  GByteArray *file;
  static const char *const words[] = { "alpha", "", "β" };
  static const gint32 numbers[] = { -1, 0, G_MAXINT32 };
  float values[64];

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    values[i] = i / 8.0f;
  gguf_writer_init (&writer);
  gguf_writer_string (&writer, "general.architecture", "llama");
  gguf_writer_uint (&writer, "answer", 42);
  gguf_writer_float (&writer, "pi", 3.25f);
  gguf_writer_bool (&writer, "yes", TRUE);
  gguf_writer_strings (&writer, "words", words, G_N_ELEMENTS (words));
  gguf_writer_ints (&writer, "numbers", numbers, G_N_ELEMENTS (numbers));
  gguf_writer_tensor (&writer, "first", RP_DTYPE_F32, 2, (guint64[]){ 8, 4 }, values, 128);
  gguf_writer_tensor (&writer, "second", RP_DTYPE_Q8_0, 1, (guint64[]){ 32 }, values, 34);
  file = gguf_writer_finish (&writer, version);
  gguf_writer_clear (&writer);
  return file;
}

static void
count_bytes (gsize index, const char *text, gsize length, gpointer user_data)
{
  ((gsize *)user_data)[index] = length;
}

static void
test_read (gconstpointer data)
{
  g_autoptr (GByteArray) file = make_file (GPOINTER_TO_UINT (data));
  g_autoptr (GError) error = NULL;
  g_autoptr (RpGguf) gguf = rp_gguf_open_memory (file->data, file->len, &error);
  const RpGgufTensor *tensor;
  RpGgufType element;
  guint64 natural = 0;
  gint64 integer = 0;
  double number = 0;
  gboolean boolean = FALSE;
  gsize lengths[3] = { 9, 9, 9 };

  g_assert_no_error (error);
  g_assert_cmpuint (rp_gguf_get_version (gguf), ==, GPOINTER_TO_UINT (data));
  g_assert_cmpuint (rp_gguf_get_n_keys (gguf), ==, 6);
  g_assert_cmpstr (rp_gguf_get_string (gguf, "general.architecture", NULL), ==, "llama");
  g_assert_true (rp_gguf_get_uint (gguf, "answer", &natural));
  g_assert_cmpuint (natural, ==, 42);
  g_assert_true (rp_gguf_get_float (gguf, "pi", &number));
  g_assert_cmpfloat (number, ==, 3.25);
  g_assert_true (rp_gguf_get_bool (gguf, "yes", &boolean));
  g_assert_true (boolean);
  g_assert_false (rp_gguf_get_float (gguf, "answer", &number));
  g_assert_false (rp_gguf_get_uint (gguf, "pi", &natural));
  g_assert_null (rp_gguf_get_string (gguf, "answer", NULL));
  g_assert_cmpuint (rp_gguf_get_array_length (gguf, "numbers", &element), ==, 3);
  g_assert_cmpint (element, ==, RP_GGUF_I32);
  g_assert_true (rp_gguf_get_array_int (gguf, "numbers", 0, &integer));
  g_assert_cmpint (integer, ==, -1);
  g_assert_false (rp_gguf_get_array_int (gguf, "numbers", 3, &integer));
  g_assert_true (rp_gguf_foreach_string (gguf, "words", count_bytes, lengths));
  g_assert_cmpuint (lengths[0], ==, 5);
  g_assert_cmpuint (lengths[1], ==, 0);
  g_assert_cmpuint (lengths[2], ==, 2);
  g_assert_cmpuint (rp_gguf_get_n_tensors (gguf), ==, 2);
  tensor = rp_gguf_find_tensor (gguf, "first");
  g_assert_cmpuint (tensor->size, ==, 128);
  g_assert_cmpfloat (((const float *)tensor->data)[3], ==, 3 / 8.0f);
  tensor = rp_gguf_find_tensor (gguf, "second");
  g_assert_cmpuint (tensor->size, ==, 34);
  g_assert_cmpuint ((gsize)tensor->data % 32, ==, (gsize)file->data % 32);
  g_assert_null (rp_gguf_find_tensor (gguf, "third"));
}

/* Every prefix of a good file is refused, and none of them is read beyond its end (ASan sees that: each lies in an
 * allocation of just its size). */
static void
test_truncated (void)
{
  g_autoptr (GByteArray) file = make_file (3);

  for (gsize size = 0; size < file->len; size++)
    {
      g_autofree guint8 *part = g_memdup2 (file->data, size);
      g_autoptr (GError) error = NULL;

      g_assert_null (rp_gguf_open_memory (part, size, &error));
      g_assert_error (error, RP_ERROR, RP_ERROR_FORMAT);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
    }
}

/* Random damage is refused or read, but never believed: what can be read lies within the file. */
static void
test_damaged (void)
{
  g_autoptr (GByteArray) file = make_file (3);
  guint refused = 0;

  for (guint round = 0; round < 20000; round++)
    {
      g_autofree guint8 *copy = g_memdup2 (file->data, file->len);
      g_autoptr (GError) error = NULL;
      g_autoptr (RpGguf) gguf = NULL;

      for (int n = g_test_rand_int_range (1, 5); n > 0; n--)
        copy[g_test_rand_int_range (4, file->len)] = g_test_rand_bit () ? 0xff : g_test_rand_int_range (0, 256);
      gguf = rp_gguf_open_memory (copy, file->len, &error);
      refused += !gguf;
      g_assert_true (!gguf == !!error);
      for (gsize i = 0; gguf && i < rp_gguf_get_n_tensors (gguf); i++)
        {
          const RpGgufTensor *tensor = rp_gguf_get_tensor (gguf, i);
          g_assert_cmpuint ((const guint8 *)tensor->data - copy + tensor->size, <=, file->len);
        }
    }
  g_assert_cmpuint (refused, >, 1000);
}

static void
test_messages (void)
{
  static const struct
  {
    const char *bytes;
    gsize size;
    RpError code;
    const char *message;
  } rows[] = {
    { "", 0, RP_ERROR_FORMAT, "*empty*" },
    { "PK\3\4 not a model", 16, RP_ERROR_FORMAT, "*not a GGUF*" },
    { "GGUF\1\0\0\0", 8, RP_ERROR_UNSUPPORTED, "*unknown GGUF version*" },
    { "GGUF\0\0\0\3", 8, RP_ERROR_UNSUPPORTED, "*big-endian*" },
    { "GGUF\3\0\0\0", 8, RP_ERROR_FORMAT, "*truncated*" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (rp_gguf_open_memory (rows[i].bytes, rows[i].size, &error));
      g_assert_error (error, RP_ERROR, (int)rows[i].code);
      g_assert_true (g_pattern_match_simple (rows[i].message, error->message));
    }
}

static void
test_paths (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (rp_gguf_open ("/nonexistent/model.gguf", &error));
  g_assert_error (error, RP_ERROR, RP_ERROR_IO);
  g_clear_error (&error);
  g_assert_null (rp_gguf_open ("/", &error));
  g_assert_error (error, RP_ERROR, RP_ERROR_IO);
  g_clear_error (&error);
  g_assert_null (rp_gguf_open ("/dev/null", &error));
  g_assert_error (error, RP_ERROR, RP_ERROR_IO);
}

/* A name, a tensor or a key that stands twice, shapes whose product overflows, and types nobody knows. */
static void
test_inconsistent (void)
{
  static const guint64 shapes[][4] = {
    { 0, 1, 1, 1 },          { G_MAXUINT64, 2, 1, 1 }, { 1 << 30, 1 << 30, 1 << 30, 1 << 30 },
    { 33, 1, 1, 1 }, /* no whole block of Q8_0 */
    { 1024, 1024, 1024, 1 },
  };
  GgufWriter writer;

  for (gsize i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      g_autoptr (GByteArray) file = NULL;
      g_autoptr (GError) error = NULL;

      gguf_writer_init (&writer);
      gguf_writer_tensor (&writer, "t", RP_DTYPE_Q8_0, 4, shapes[i], "data", 4);
      file = gguf_writer_finish (&writer, 3);
      gguf_writer_clear (&writer);
      g_assert_null (rp_gguf_open_memory (file->data, file->len, &error));
      g_assert_error (error, RP_ERROR, RP_ERROR_FORMAT);
    }
  for (guint what = 0; what < 2; what++)
    {
      g_autoptr (GByteArray) file = NULL;
      g_autoptr (GError) error = NULL;

      gguf_writer_init (&writer);
      for (guint twice = 0; twice < 2; twice++)
        if (what)
          gguf_writer_uint (&writer, "key", 1);
        else
          gguf_writer_tensor (&writer, "t", RP_DTYPE_F32, 1, (guint64[]){ 1 }, "data", 4);
      file = gguf_writer_finish (&writer, 3);
      gguf_writer_clear (&writer);
      g_assert_null (rp_gguf_open_memory (file->data, file->len, &error));
      g_assert_error (error, RP_ERROR, RP_ERROR_FORMAT);
      g_assert_nonnull (strstr (error->message, "twice"));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/gguf/read/v2", GUINT_TO_POINTER (2), test_read);
  g_test_add_data_func ("/gguf/read/v3", GUINT_TO_POINTER (3), test_read);
  g_test_add_func ("/gguf/truncated", test_truncated);
  g_test_add_func ("/gguf/damaged", test_damaged);
  g_test_add_func ("/gguf/messages", test_messages);
  g_test_add_func ("/gguf/paths", test_paths);
  g_test_add_func ("/gguf/inconsistent", test_inconsistent);
  return g_test_run ();
}
