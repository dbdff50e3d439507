/* The quantizer: its errors and its mixtures against the reference's (golden/quantize.txt, made by
 * golden/make-quantize.py), and what it writes. */
#include "quantize.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "gguf-writer.h"

#define N 16384

static const char *const mixtures[] = { "Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q4_0", "MXFP4" };

static guint
type_of_name (const char *name)
{
  for (guint i = 0; i < RP_DTYPE_LAST; i++)
    if (rp_dtype_info (i) && strcmp (rp_dtype_info (i)->name, name) == 0)
      return i;
  g_error ("no type %s", name);
}

static char **
golden_lines (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "quantize.txt", NULL), *text = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return g_strsplit (text, "\n", 0);
}

/* ---- errors ---- */

/* As make-quantize.py makes them. */
static void
make_values (const char *kind, float *x)
{
  gboolean uniform = strcmp (kind, "uniform") == 0;
  guint32 state = 12345;

  for (guint i = 0; i < N; i++)
    {
      guint total = 0;
      for (guint j = 0; j < (uniform ? 1 : 4); j++)
        {
          state = state * 1664525u + 1013904223u;
          total += state >> 24;
        }
      x[i] = ((float)total - (uniform ? 127.5f : 510)) / 4096;
      if (strcmp (kind, "outliers") == 0 && i % 97 == 0)
        x[i] *= 16;
      if (strcmp (kind, "offset") == 0)
        x[i] += 0.0625f;
    }
}

static double
error_of (RpDType type, const float *x, gsize n)
{
  g_autofree guint8 *row = g_malloc (rp_dtype_row_size (type, n));
  g_autofree float *back = g_new (float, n);
  double error = 0;

  rp_quantize_row (type, x, row, n);
  rp_dtype_info (type)->dequantize (row, back, n);
  for (gsize i = 0; i < n; i++)
    error += ((double)back[i] - x[i]) * ((double)back[i] - x[i]);
  return error;
}

static void
test_errors (void)
{
  g_auto (GStrv) lines = golden_lines ();
  g_autofree float *x = g_new (float, N);
  guint n = 0;

  for (guint i = 0; g_str_has_prefix (lines[i], "error "); i++, n++)
    {
      g_auto (GStrv) fields = g_strsplit (lines[i], " ", 4);
      double theirs = g_ascii_strtod (fields[3], NULL), ours;

      make_values (fields[2], x);
      ours = error_of (type_of_name (fields[1]), x, N);
      g_test_message ("%s %s: %.4f of the reference's error", fields[1], fields[2], ours / theirs);
      g_assert_cmpfloat (ours, <=, theirs);
      g_assert_cmpfloat (ours, >, 0.3 * theirs); /* nobody is that much better: the values would be others */
    }
  g_assert_cmpuint (n, ==, 32);
}

/* Rows that leave nothing to divide by, and the ends of the scales. */
static void
test_strange_rows (void)
{
  for (guint type = 0; type < RP_DTYPE_LAST; type++)
    {
      static const float sizes[] = { 0, 1e-40f, 1e-30f, 1e-7f, 1, 60000, 1e7f, 1e30f };

      if (!rp_quantize_has (type) || rp_dtype_info (type)->block_elements == 1)
        continue;
      for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
        for (guint kind = 0; kind < 3; kind++)
          {
            float x[256], back[256];
            guint8 row[512];
            for (guint j = 0; j < 256; j++)
              x[j] = sizes[i] * (kind == 0 ? 1 : kind == 1 ? -1 : (float)g_test_rand_double_range (-1, 1));
            rp_quantize_row (type, x, row, 256);
            rp_dtype_info (type)->dequantize (row, back, 256);
            for (guint j = 0; j < 256; j++)
              {
                g_assert_true (isfinite (back[j]));
                if (sizes[i] == 0)
                  g_assert_cmpfloat (back[j], ==, 0);
                if (sizes[i] == 1 && kind < 2)
                  g_assert_cmpfloat (fabsf (back[j] - x[j]), <=, 0.01f);
              }
          }
    }
}

/* ---- mixtures ---- */

typedef struct
{
  GgufWriter writer;
  GPtrArray *expected; /* GStrv: the fields of each tensor's line */
} Listing;

static void
check_listing (Listing *listing)
{
  g_autoptr (GByteArray) bytes = gguf_writer_finish (&listing->writer, 3);
  g_autoptr (GError) error = NULL;
  g_autoptr (RpGguf) gguf = rp_gguf_open_memory (bytes->data, bytes->len, &error);

  g_assert_no_error (error);
  for (guint m = 0; m < G_N_ELEMENTS (mixtures); m++)
    {
      const RpMixture *mixture = rp_mixture_find (mixtures[m], &error);
      g_assert_no_error (error);
      g_autofree RpDType *types = rp_mixture_choose (mixture, gguf);
      for (guint i = 0; i < listing->expected->len; i++)
        {
          char **fields = listing->expected->pdata[i];
          if (strcmp (rp_dtype_name (types[i]), fields[4 + m]) == 0)
            continue;
          g_test_message ("%s in %s: %s, not %s", fields[1], mixtures[m], rp_dtype_name (types[i]), fields[4 + m]);
          g_test_fail ();
        }
    }
}

static void
open_listing (Listing *listing, char **fields)
{
  g_autofree char *layers = g_strconcat (fields[1], ".block_count", NULL);
  g_autofree char *experts = g_strconcat (fields[1], ".expert_count", NULL);

  gguf_writer_init (&listing->writer);
  listing->expected = g_ptr_array_new_with_free_func ((GDestroyNotify)g_strfreev);
  gguf_writer_string (&listing->writer, "general.architecture", fields[1]);
  gguf_writer_uint (&listing->writer, layers, (guint32)g_ascii_strtoull (fields[2], NULL, 10));
  gguf_writer_uint (&listing->writer, experts, (guint32)g_ascii_strtoull (fields[3], NULL, 10));
}

static void
close_listing (Listing *listing)
{
  gguf_writer_clear (&listing->writer);
  g_ptr_array_unref (listing->expected);
  *listing = (Listing){ 0 };
}

static void
test_mixtures (void)
{
  static const float zeros[1 << 14];
  g_auto (GStrv) lines = golden_lines ();
  Listing listing = { 0 };
  guint n = 0;

  for (guint i = 0; lines[i]; i++)
    {
      g_auto (GStrv) fields = g_strsplit (lines[i], " ", 0);

      if (g_str_has_prefix (lines[i], "model "))
        {
          if (listing.expected)
            {
              check_listing (&listing);
              close_listing (&listing);
            }
          open_listing (&listing, fields);
        }
      else if (g_str_has_prefix (lines[i], "tensor "))
        {
          guint n_dims = (guint)g_ascii_strtoull (fields[2], NULL, 10);
          /* What counts is the length of a row and how many dimensions there are. */
          guint64 dims[4] = { g_ascii_strtoull (fields[3], NULL, 10), 2, 2, 2 };
          gsize size = dims[0] * sizeof (float) << (n_dims - 1);
          g_assert_cmpuint (size, <=, sizeof zeros);
          gguf_writer_tensor (&listing.writer, fields[1], RP_DTYPE_F32, n_dims, dims, zeros, size);
          g_ptr_array_add (listing.expected, g_steal_pointer (&fields));
          n++;
        }
    }
  check_listing (&listing);
  close_listing (&listing);
  g_assert_cmpuint (n, >, 400);
}

static void
test_names (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (rp_mixture_get_name (rp_mixture_find ("q4_k_m", NULL)), ==, "Q4_K_M");
  g_assert_null (rp_mixture_find ("Q3_K_XXL", &error));
  g_assert_error (error, RP_ERROR, RP_ERROR_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "Q5_K_M"));
}

/* ---- files ---- */

typedef struct
{
  char *folder, *in, *out;
} Files;

static float
value_at (guint i)
{
  return sinf ((float)i) * 0.1f;
}

/* A matrix to quantize, a router and a norm to keep, keys of every kind; alignment 64. */
static void
files_init (Files *files, float strange)
{
  g_autoptr (GError) error = NULL;
  g_autofree float *x = g_new (float, 256 * 30);
  const guint64 dims[4] = { 256, 30, 1, 1 }, router[4] = { 256, 3, 1, 1 };
  const char *const words[] = { "a", "", "\xff\xfe long enough to be no short string" };
  const gint32 numbers[] = { -1, 0, 7 };
  GgufWriter writer;

  for (guint i = 0; i < 256 * 30; i++)
    x[i] = value_at (i);
  x[256 * 29 + 5] = strange;
  gguf_writer_init (&writer);
  writer.alignment = 64;
  gguf_writer_string (&writer, "general.architecture", "llama");
  gguf_writer_uint (&writer, "general.alignment", 64);
  gguf_writer_uint (&writer, "general.file_type", 0);
  gguf_writer_strings (&writer, "words", words, G_N_ELEMENTS (words));
  gguf_writer_ints (&writer, "numbers", numbers, G_N_ELEMENTS (numbers));
  gguf_writer_float (&writer, "float", 0.1f);
  gguf_writer_bool (&writer, "bool", TRUE);
  gguf_writer_tensor (&writer, "blk.0.attn_norm.weight", RP_DTYPE_F32, 1, dims, x, 256 * 4);
  gguf_writer_tensor (&writer, "blk.0.attn_q.weight", RP_DTYPE_F32, 2, dims, x, 256 * 30 * 4);
  gguf_writer_tensor (&writer, "blk.0.ffn_gate_inp.weight", RP_DTYPE_F32, 2, router, x, 256 * 3 * 4);
  gguf_writer_tensor (&writer, "output.weight", RP_DTYPE_F32, 2, dims, x, 256 * 30 * 4);
  g_autoptr (GByteArray) bytes = gguf_writer_finish (&writer, 3);
  gguf_writer_clear (&writer);

  files->folder = g_dir_make_tmp ("riposte-quantize-XXXXXX", &error);
  g_assert_no_error (error);
  files->in = g_build_filename (files->folder, "in.gguf", NULL);
  files->out = g_build_filename (files->folder, "out.gguf", NULL);
  g_file_set_contents (files->in, (const char *)bytes->data, bytes->len, &error);
  g_assert_no_error (error);
}

static guint
n_files (const Files *files)
{
  g_autoptr (GDir) dir = g_dir_open (files->folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir))
    n++;
  return n;
}

static void
files_clear (Files *files)
{
  g_unlink (files->in);
  g_unlink (files->out);
  g_assert_cmpint (g_rmdir (files->folder), ==, 0); /* nothing else was left */
  g_free (files->folder);
  g_free (files->in);
  g_free (files->out);
}

static void
check_output (const Files *files)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RpGguf) in = rp_gguf_open (files->in, &error), out = rp_gguf_open (files->out, &error);
  guint64 file_type = 0, version = 0;

  g_assert_no_error (error);
  for (gsize i = 0, at = 0; i < rp_gguf_get_n_keys (in); i++)
    {
      gsize size, other;
      const char *key = rp_gguf_get_key (in, i, NULL, NULL, NULL);
      const void *value = rp_gguf_get_raw (in, i, &size), *copy;
      if (strcmp (key, "general.file_type") == 0)
        continue;
      g_assert_cmpstr (rp_gguf_get_key (out, at, NULL, NULL, NULL), ==, key);
      copy = rp_gguf_get_raw (out, at++, &other);
      g_assert_cmpmem (value, size, copy, other);
    }
  g_assert_true (rp_gguf_get_uint (out, "general.file_type", &file_type));
  g_assert_true (rp_gguf_get_uint (out, "general.quantization_version", &version));
  g_assert_cmpuint (file_type, ==, 15);
  g_assert_cmpuint (version, ==, 2);

  g_assert_cmpuint (rp_gguf_get_n_tensors (out), ==, 4);
  static const RpDType types[] = { RP_DTYPE_F32, RP_DTYPE_Q4_K, RP_DTYPE_F32, RP_DTYPE_Q6_K };
  for (guint i = 0; i < 4; i++)
    {
      const RpGgufTensor *tensor = rp_gguf_get_tensor (out, i);
      gsize n = tensor->dims[0] * tensor->dims[1];
      g_autofree float *back = g_new (float, n);

      g_assert_cmpstr (tensor->name, ==, rp_gguf_get_tensor (in, i)->name);
      g_assert_cmpuint (tensor->type, ==, types[i]);
      rp_dtype_info (tensor->type)->dequantize (tensor->data, back, n);
      for (gsize j = 0; j < n; j++)
        g_assert_cmpfloat (fabsf (back[j] - value_at ((guint)j)), <=, types[i] == RP_DTYPE_F32 ? 0 : 0.01f);
    }
}

static gboolean
count_calls (double fraction, gpointer data)
{
  guint *n = data;

  g_assert_cmpfloat (fraction, >=, 0);
  g_assert_cmpfloat (fraction, <=, 1);
  (*n)++;
  return TRUE;
}

static gboolean
stop_at_half (double fraction, gpointer data)
{
  return fraction < 0.5;
}

static void
test_file (void)
{
  Files files;
  RpQuantizeStats stats;
  g_autoptr (GError) error = NULL;
  guint n_calls = 0;
  const RpMixture *mixture = rp_mixture_find ("Q4_K_M", NULL);

  files_init (&files, value_at (256 * 29 + 5));
  for (guint n_threads = 1; n_threads <= 3; n_threads += 2)
    {
      RpQuantizeOptions options = { .n_threads = n_threads, .progress = count_calls, .progress_data = &n_calls };
      g_assert_true (rp_quantize_file (files.in, files.out, mixture, &options, &stats, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (stats.n_tensors, ==, 4);
      g_assert_cmpuint (stats.n_quantized, ==, 2);
      g_assert_cmpuint (stats.n_requantized, ==, 0);
      g_assert_cmpuint (n_calls, >=, 4);
      check_output (&files);
    }
  /* over itself, and what is quantized already again */
  g_assert_true (rp_quantize_file (files.out, files.out, rp_mixture_find ("Q8_0", NULL), NULL, &stats, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (stats.n_requantized, ==, 2);
  g_assert_cmpuint (n_files (&files), ==, 2);
  files_clear (&files);
}

static void
test_failures (void)
{
  Files files, broken;
  g_autoptr (GError) error = NULL;
  const RpMixture *mixture = rp_mixture_find ("Q4_K_M", NULL);
  RpQuantizeOptions options = { .progress = stop_at_half };
  RpCancel cancel = { 0 };

  files_init (&files, 0);
  g_assert_false (rp_quantize_file (files.in, files.out, mixture, &options, NULL, &error));
  g_assert_error (error, RP_ERROR, RP_ERROR_CANCELLED);
  g_assert_cmpuint (n_files (&files), ==, 1);
  g_clear_error (&error);

  rp_cancel_set (&cancel);
  options = (RpQuantizeOptions){ .cancel = &cancel };
  g_assert_false (rp_quantize_file (files.in, files.out, mixture, &options, NULL, &error));
  g_assert_error (error, RP_ERROR, RP_ERROR_CANCELLED);
  g_assert_cmpuint (n_files (&files), ==, 1);
  g_clear_error (&error);

  g_autofree char *nowhere = g_build_filename (files.folder, "no such folder", "out.gguf", NULL);
  g_assert_false (rp_quantize_file (files.in, nowhere, mixture, NULL, NULL, &error));
  g_assert_error (error, RP_ERROR, RP_ERROR_IO);
  g_clear_error (&error);
  g_assert_false (rp_quantize_file (files.in, files.folder, mixture, NULL, NULL, &error));
  g_assert_error (error, RP_ERROR, RP_ERROR_IO);
  g_clear_error (&error);
  files_clear (&files);

  files_init (&broken, NAN);
  g_assert_false (rp_quantize_file (broken.in, broken.out, mixture, NULL, NULL, &error));
  g_assert_error (error, RP_ERROR, RP_ERROR_FORMAT);
  g_assert_nonnull (strstr (error->message, "attn_q"));
  g_assert_cmpuint (n_files (&broken), ==, 1);
  files_clear (&broken);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/quantize/errors", test_errors);
  g_test_add_func ("/quantize/strange-rows", test_strange_rows);
  g_test_add_func ("/quantize/mixtures", test_mixtures);
  g_test_add_func ("/quantize/names", test_names);
  g_test_add_func ("/quantize/file", test_file);
  g_test_add_func ("/quantize/failures", test_failures);
  return g_test_run ();
}
