/* Categories, UTF-8 and normalization, and the regular expressions on them. */
#include "unicode.h"

#include <string.h>

#include "regex.h"
#include "riposte-engine.h"

static void
test_categories (void)
{
  static const struct
  {
    gunichar c;
    const char *name;
  } rows[] = {
    { 0, "Cc" },      { 'a', "Ll" },    { 'A', "Lu" },      { '1', "Nd" },   { ' ', "Zs" },     { '+', "Sm" },
    { 0x1c5, "Lt" },  { 0x2b0, "Lm" },  { 0x4e16, "Lo" },   { 0x301, "Mn" }, { 0x903, "Mc" },   { 0x20dd, "Me" },
    { 0x2163, "Nl" }, { 0xbd, "No" },   { '_', "Pc" },      { 0xab, "Pi" },  { 0xbb, "Pf" },    { 0x2028, "Zl" },
    { 0x2029, "Zp" }, { 0xe000, "Co" }, { 0x10ffff, "Cn" }, { 0x378, "Cn" }, { 0x1f600, "So" }, { 0x31350, "Lo" },
    { 0x1c89, "Lu" }, /* new in Unicode 16 */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmphex (1u << rp_unicode_category (rows[i].c), ==, rp_unicode_category_mask (rows[i].name, 2));
  g_assert_cmphex (rp_unicode_category_mask ("L", 1), ==,
                   1u << RP_CATEGORY_LL | 1u << RP_CATEGORY_LM | 1u << RP_CATEGORY_LO | 1u << RP_CATEGORY_LT
                     | 1u << RP_CATEGORY_LU);
  g_assert_cmphex (rp_unicode_category_mask ("Xx", 2), ==, 0);
}

/* What GLib composes, composed piece by piece, is what it composes as a whole; and what it stops at goes on here. */
static void
test_nfc (void)
{
  static const gunichar marks[]
    = { 0x300, 0x301, 0x302, 0x303, 0x307, 0x308, 0x323, 0x327, 0x328, 0x331, 0x338, 0x345, 0x5b0, 0x64b, 0x3099 };

  for (guint round = 0; round < 3000; round++)
    {
      g_autoptr (GString) text = g_string_new (NULL), got = NULL;
      g_autofree char *expected = NULL;

      for (int n = g_test_rand_int_range (1, 10); n > 0; n--)
        if (g_test_rand_bit ())
          g_string_append_unichar (text, marks[g_test_rand_int_range (0, G_N_ELEMENTS (marks))]);
        else if (g_test_rand_bit ())
          g_string_append_unichar (text, g_test_rand_int_range ('A', 0x250));
        else
          g_string_append_unichar (text, g_test_rand_bit () ? g_test_rand_int_range (0x1100, 0x11ff)
                                                            : g_test_rand_int_range (0x900, 0x2000));
      expected = g_utf8_normalize (text->str, -1, G_NORMALIZE_NFC);
      got = rp_unicode_nfc (text->str, text->len);
      g_assert_cmpstr (got ? got->str : text->str, ==, expected);
    }
}

static void
test_nfc_bytes (void)
{
  const char text[] = "e\xcc\x81\0e\xcc\x81\xff"
                      "e\xcc\x81\xcc",
             right[] = "\xc3\xa9\0\xc3\xa9\xff\xc3\xa9\xcc";
  g_autoptr (GString) got = rp_unicode_nfc (text, sizeof text - 1), many = g_string_new ("e"), sorted = NULL;

  g_assert_cmpmem (got->str, got->len, right, sizeof right - 1);
  g_assert_null (rp_unicode_nfc ("plain", 5));
  /* A bubble sort of these would take minutes. */
  for (guint i = 0; i < 100000; i++)
    g_string_append (many, "\xcc\x81\xcc\xa3");
  sorted = rp_unicode_nfc (many->str, many->len);
  g_assert_cmpuint (sorted->len, <=, many->len);
  g_assert_true (g_str_has_prefix (sorted->str, "\xe1\xba\xb9\xcc\xa3\xcc\xa3")); /* U+1EB9, and dots below */
}

static void
test_regex (void)
{
  static const struct
  {
    const char *pattern, *text, *match; /* NULL: none */
  } rows[] = {
    { "a|ab", "ab", "a" },
    { "ab|a", "ab", "ab" },
    { "a+?", NULL, NULL },
    { "a*", "aab", "aa" },
    { "a*", "b", NULL },
    { "(?:ab)+", "xababa", "abab" },
    { "a{2}", "aaa", "aa" },
    { "a{2,3}b", "aaaab", "aaab" },
    { "a{1,2}", "aaa", "aa" },
    { "x?a", "xa", "xa" },
    { "\\s+(?!\\S)|\\s+", "   x", "  " },
    { "\\s+(?!\\S)|\\s+", "   ", "   " },
    { "\\s+$", "  x   ", "   " },
    { "\\s*[\\r\\n]+", "  \n \n  x", "  \n \n" },
    { "[^a-c]", "abcd", "d" },
    { "[\\p{L}&&[^a-c]]+", "abcxyz1", "xyz" },
    { "\\p{Lu}*\\p{Ll}+", "ABcD", "ABc" },
    { "\\p{Lo}*[\\p{Lo}\\p{Ll}]+", "\xe4\xb8\x96", "\xe4\xb8\x96" },
    { "(?i:'S)", "x'\xc5\xbf", "'\xc5\xbf" },
    { "(?i:'re)|a", "'RE", "'RE" },
    { "[\\x{4e00}-\\x{9fff}]+",
      "a\xe4\xb8\x96"
      "b",
      "\xe4\xb8\x96" },
    { "[\\]\\-x]+", "a]-x", "]-x" },
    { "\\p{So}", "a\xff", "\xff" },
    { "(a", NULL, NULL },
    { "[a", NULL, NULL },
    { "a)", NULL, NULL },
    { "\\p{Q}", NULL, NULL },
    { "*", NULL, NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RpRegex) regex = rp_regex_new (rows[i].pattern, &error);
      g_autofree char *got = NULL;
      gsize from, to;

      g_test_message ("%s", rows[i].pattern);
      if (!rows[i].text)
        {
          g_assert_error (error, RP_ERROR, RP_ERROR_UNSUPPORTED);
          continue;
        }
      g_assert_no_error (error);
      if (rp_regex_match (regex, rows[i].text, 0, strlen (rows[i].text), &from, &to))
        got = g_strndup (rows[i].text + from, to - from);
      g_assert_cmpstr (got, ==, rows[i].match);
    }
}

/* The same matches as a backtracking matcher finds. */
static void
test_regex_random (void)
{
  static const char *const patterns[] = {
    "'s|'t| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
    "(?:a|ab)(?:c|bcd)(?:d*)",
    "[ab]*a[ab]{2}",
    "(?:a*b){1,3}|a+",
    "x?[A-Z]*[a-z]+|x?[A-Z]+[a-z]*|.x",
  };

  for (gsize p = 0; p < G_N_ELEMENTS (patterns) - 1; p++)
    {
      g_autoptr (RpRegex) regex = rp_regex_new (patterns[p], NULL);
      g_autoptr (GRegex) other = g_regex_new (patterns[p], 0, G_REGEX_MATCH_NOTEMPTY, NULL);

      for (guint round = 0; round < 2000; round++)
        {
          char text[13] = { 0 };
          g_autoptr (GMatchInfo) info = NULL;
          gsize from, to;
          int a, b;
          gboolean found, expected;

          for (int n = g_test_rand_int_range (0, 12); n > 0; n--)
            text[n - 1] = "aabbccdd  \n's1A!"[g_test_rand_int_range (0, 16)];
          found = rp_regex_match (regex, text, 0, strlen (text), &from, &to);
          expected = g_regex_match (other, text, 0, &info);
          g_test_message ("%s on “%s”", patterns[p], text);
          g_assert_cmpint (found, ==, expected);
          if (!found)
            continue;
          g_match_info_fetch_pos (info, 0, &a, &b);
          g_assert_cmpint (from, ==, a);
          g_assert_cmpint (to, ==, b);
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/unicode/categories", test_categories);
  g_test_add_func ("/unicode/nfc", test_nfc);
  g_test_add_func ("/unicode/nfc-bytes", test_nfc_bytes);
  g_test_add_func ("/regex/table", test_regex);
  g_test_add_func ("/regex/random", test_regex_random);
  return g_test_run ();
}
