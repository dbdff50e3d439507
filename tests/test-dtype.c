/* Weight types: dequantized values are the reference's to the bit (golden/dtype.txt, made by golden/make-dtype.py). */
#include "dtype.h"

#include <math.h>
#include <string.h>

static guint8 *
bytes_of_hex (const char *hex, gsize *n)
{
  guint8 *bytes = g_malloc (strlen (hex) / 2 + 1);

  *n = strlen (hex) / 2;
  for (gsize i = 0; i < *n; i++)
    bytes[i] = (guint8)(g_ascii_xdigit_value (hex[2 * i]) << 4 | g_ascii_xdigit_value (hex[2 * i + 1]));
  return bytes;
}

static const RpDTypeInfo *
info_of_name (const char *name)
{
  for (guint i = 0; i < RP_DTYPE_LAST; i++)
    if (rp_dtype_info (i) && strcmp (rp_dtype_info (i)->name, name) == 0)
      return rp_dtype_info (i);
  return NULL;
}

static void
check_line (const char *line)
{
  g_auto (GStrv) fields = g_strsplit (line, " ", 4);
  gsize size, first_size;
  g_autofree guint8 *blocks = bytes_of_hex (fields[1], &size), *first = bytes_of_hex (fields[2], &first_size);
  const RpDTypeInfo *info = info_of_name (fields[0]);

  g_assert_nonnull (info);
  g_assert_cmpuint (size % info->block_bytes, ==, 0);
  gsize n = size / info->block_bytes * info->block_elements;
  g_autofree float *values = g_new (float, n);
  g_autofree char *hash = NULL;

  info->dequantize (blocks, values, n);
  g_test_message ("%s", fields[0]);
  g_assert_cmpmem (values, info->block_elements * sizeof (float), first, first_size);
  hash = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *)values, n * sizeof (float));
  g_assert_cmpstr (hash, ==, fields[3]);
}

static void
test_golden (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "dtype.txt", NULL), *text = NULL;
  g_autoptr (GError) error = NULL;
  guint n_checked = 0, n_quantized = 0;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  g_auto (GStrv) lines = g_strsplit (text, "\n", 0);
  for (guint i = 0; lines[i]; i++)
    if (*lines[i])
      {
        check_line (lines[i]);
        n_checked++;
      }
  for (guint i = 0; i < RP_DTYPE_LAST; i++)
    n_quantized += rp_dtype_info (i) && rp_dtype_info (i)->block_elements > 1;
  g_assert_cmpuint (n_checked, ==, n_quantized); /* no type without its golden line */
}

/* Every number that 16 bits can hold survives; what lies between two is rounded to the nearer, to even at a tie. */
static void
test_floats (void)
{
  for (guint i = 0; i < 0x10000; i++)
    {
      float half = rp_half_to_float ((RpHalf)i), bf16 = rp_bf16_to_float ((guint16)i);

      if (!isnan (half))
        g_assert_cmpuint (rp_float_to_half (half), ==, i);
      if (!isnan (bf16))
        g_assert_cmpuint (rp_float_to_bf16 (bf16), ==, i);
      if (i % 0x8000 >= 0x7bff)
        continue;
      float next = rp_half_to_float ((RpHalf)(i + 1)), middle = (half + next) / 2;
      g_assert_cmpuint (rp_float_to_half (middle), ==, i + i % 2);
      g_assert_cmpuint (rp_float_to_half (nextafterf (middle, half)), ==, i);
      g_assert_cmpuint (rp_float_to_half (nextafterf (middle, next)), ==, i + 1);
    }
  g_assert_true (isnan (rp_half_to_float (rp_float_to_half (NAN))));
  g_assert_true (isnan (rp_bf16_to_float (rp_float_to_bf16 (NAN))));
  g_assert_cmpuint (rp_float_to_half (1e6f), ==, 0x7c00);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dtype/golden", test_golden);
  g_test_add_func ("/dtype/floats", test_floats);
  return g_test_run ();
}
