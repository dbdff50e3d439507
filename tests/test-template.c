/* The interpreter of chat templates against what transformers renders (tests/golden/template.py), its limits, and prompts
 * that fill in the middle. */
#include "engine/fim.h"
#include "engine/template.h"

#include <string.h>

/* ---- golden files ---- */

static char **
read_lines (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "template", name, NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return g_strsplit (g_strchomp (text), "\n", -1);
}

static char *
render (const char *source, const char *variables, GError **error)
{
  g_autoptr (RpTemplate) template = rp_template_new (source, -1, error);

  return template ? rp_template_render_json (template, variables, -1, NULL, error) : NULL;
}

static void
test_features (void)
{
  g_auto (GStrv) variables = read_lines ("features.json"), lines = read_lines ("features.txt");
  guint n_wrong = 0;

  g_assert_cmpuint (g_strv_length (lines), >, 900);
  for (guint i = 0; lines[i]; i++)
    {
      g_auto (GStrv) parts = g_strsplit (lines[i], "\t", 2);
      g_autofree char *source = g_strcompress (parts[0]), *expected = g_strcompress (parts[1] + 1);
      g_autoptr (GError) error = NULL;
      g_autofree char *actual = render (source, variables[0], &error);

      g_assert_true (!actual == !!error);
      if (parts[1][0] == '!' ? !actual : g_strcmp0 (actual, expected) == 0)
        continue;
      g_test_message ("%s gives %s, not %s", parts[0], actual ? actual : error->message,
                      parts[1][0] == '!' ? "an error" : expected);
      n_wrong++;
    }
  g_assert_cmpuint (n_wrong, ==, 0);
}

static const char *
shared_data (void)
{
  const char *folder = g_getenv ("RIPOSTE_SHARED_DATA");

  if (folder && g_file_test (folder, G_FILE_TEST_IS_DIR))
    return folder;
  g_test_skip ("the folder of reference data (RIPOSTE_SHARED_DATA) is not there");
  return NULL;
}

/* hashes: the template's name, and one a conversation. */
static guint
count_wrong (const char *folder, char **hashes, char **conversations)
{
  g_autofree char *path = g_build_filename (folder, "templates", hashes[0], NULL), *source = NULL;
  g_autoptr (RpTemplate) template = NULL;
  g_autoptr (GError) error = NULL;
  guint n_wrong = 0;

  g_file_get_contents (path, &source, NULL, &error);
  g_assert_no_error (error);
  template = rp_template_new (source, -1, &error);
  g_assert_no_error (error);
  for (guint i = 0; conversations[i]; i++)
    {
      g_autofree char *text = rp_template_render_json (template, conversations[i], -1, NULL, NULL);
      g_autofree char *sum = text ? g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1) : g_strdup ("error");

      if (strncmp (sum, hashes[i + 1], strlen (hashes[i + 1])) == 0)
        continue;
      g_test_message ("%s renders conversation %u otherwise: %s", hashes[0], i, text ? text : "an error");
      n_wrong++;
    }
  return n_wrong;
}

static void
test_templates (void)
{
  const char *folder = shared_data ();
  g_auto (GStrv) lines = read_lines ("hashes.txt"), conversations = read_lines ("conversations.jsonl");
  guint n_wrong = 0;

  if (!folder)
    return;
  g_assert_cmpuint (g_strv_length (lines), ==, 47);
  for (guint i = 0; lines[i]; i++)
    {
      g_auto (GStrv) hashes = g_strsplit (lines[i], " ", -1);

      g_assert_cmpuint (g_strv_length (hashes), ==, 1 + g_strv_length (conversations));
      n_wrong += count_wrong (folder, hashes, conversations);
    }
  g_assert_cmpuint (n_wrong, ==, 0);
}

/* U+0000 is a character like another. */
static void
test_nul (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RpTemplate) template = rp_template_new ("{{ s.center(5) }}|{{ '\\x00' ~ s|tojson }}", -1, &error);
  const char expected[] = " a\0b |\0\"a\\u0000b\"";
  gsize length;
  g_autofree char *text = rp_template_render_json (template, "{\"s\": \"a\\u0000b\"}", -1, &length, &error);

  g_assert_no_error (error);
  g_assert_cmpmem (text, length, expected, sizeof expected - 1);
}

/* ---- limits ---- */

/* Two lists that hold a list twice, which holds a list twice … */
#define DOUBLED(start, pair_a, pair_b)                                                                                 \
  "{% set a = namespace(l=" start ") %}{% set b = namespace(l=" start ") %}"                                           \
  "{% for i in range(60) %}{% set a.l = " pair_a " %}{% set b.l = " pair_b " %}{% endfor %}"

static void
test_limits (void)
{
  static const struct
  {
    const char *source, *says;
  } rows[] = {
    { "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "nested" },
    { "{% for i in range(100000) %}{{ 'x' * 1000 }}{% endfor %}", "mebibyte" },
    { "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", "" },
    { "{{ 'a' * 10 ** 9 }}", "more than" },
    { "{{ range(10 ** 9) }}", "MAX_RANGE" },
    { "{{ 10 ** (10 ** 9) }}", "" },
    { "{{ 'a'.center(10 ** 9) }}", "more than" },
    { "{{ '%999999999d' % 1 }}", "" },
    { "{{ '{:999999999}'.format(1) }}", "" },
    { "{% set ns = namespace(s='ab') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}", "more than" },
    { "{% set ns = namespace(l=[1]) %}{% for i in range(99) %}{% set ns.l = ns.l + ns.l %}{% endfor %}", "more than" },
    { "{% set ns = namespace(l=[]) %}{% for i in range(999) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}",
      "nested" },
    { "{% set ns = namespace(l=[]) %}{% for i in range(999) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l|tojson }}",
      "nested" },
    { DOUBLED ("[]", "[a.l, a.l]", "[b.l, b.l]") "{{ a.l == b.l }}", "too large" },
    { DOUBLED ("[]", "[a.l, a.l]", "[b.l, b.l]") "{{ a.l in [b.l] }}", "too large" },
    { DOUBLED ("(1,)", "(a.l, a.l)", "(b.l, b.l)") "{{ {a.l: 1} }}", "too large" },
    { DOUBLED ("{}", "{1: a.l, 2: a.l}", "{1: b.l, 2: b.l}") "{{ [a.l].count(b.l) }}", "too large" },
    { "{% set l = [1] * 1000000 %}{% for i in range(9999) %}{{ 2 in l }}{% endfor %}", "longer" },
    { "{% set s = 'a' * 4000000 %}{% for i in range(9999) %}{{ s.isalpha() }}{% endfor %}", "longer" },
    { "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}", "nested" },
    { "{{ ('a' * 99999).replace('a', 'b' * 99999)|length }}", "more than" },
    { "{{ raise_exception('no such role') }}", "no such role" },
    { "{{ a.b }}", "'a' is undefined" },
    { "{% if", "line 1" },
    { "\n\n{{ 1 | nope }}", "line 3" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *text = render (rows[i].source, "{}", &error);

      g_test_message ("%s: %s", rows[i].source, text ? "rendered" : error->message);
      g_assert_null (text);
      g_assert_error (error, RP_ERROR, RP_ERROR_TEMPLATE);
      g_assert_nonnull (strstr (error->message, rows[i].says));
    }
}

/* Trees as deep as the source is long, of each kind that nests. */
static void
test_depth (void)
{
  static const char *const pieces[][3]
    = { { "(", "1", ")" },         { "[", "1", "]" },    { "not ", "1", "" },         { "-", "1", "" },
        { "", "1", " + 1" },       { "", "a", "|list" }, { "", "a", ".b" },           { "", "a", "[0]" },
        { "", "a", "()" },         { "{1:", "1", "}" },  { "1 if 1 else ", "1", "" }, { "", "1", " ~ 1" },
        { "", "1", " is defined" } };

  for (gsize i = 0; i < G_N_ELEMENTS (pieces); i++)
    {
      g_autoptr (GString) source = g_string_new ("{{ ");
      g_autofree char *text = NULL;

      for (guint k = 0; k < 50000; k++)
        g_string_append (source, pieces[i][0]);
      g_string_append (source, pieces[i][1]);
      for (guint k = 0; k < 50000; k++)
        g_string_append (source, pieces[i][2]);
      g_string_append (source, " }}");
      text = render (source->str, "{\"a\": []}", NULL);
      g_assert_null (text);
    }
}

/* Pieces of real templates put together at random: whatever comes of it, it ends, and says why it gave nothing. */
static void
test_shreds (void)
{
  g_auto (GStrv) variables = read_lines ("features.json"), lines = read_lines ("features.txt");
  guint n = g_strv_length (lines), seed = g_test_rand_int ();
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);

  g_test_message ("seed %u", seed);
  for (guint i = 0; i < (g_test_slow () ? 200000 : 4000); i++)
    {
      g_autoptr (GString) source = g_string_new (NULL);
      g_autoptr (GError) error = NULL;
      g_autofree char *text = NULL;

      for (gint k = g_rand_int_range (random, 1, 4); k > 0; k--)
        {
          g_auto (GStrv) parts = g_strsplit (lines[g_rand_int_range (random, 0, n)], "\t", 2);
          g_autofree char *piece = g_strcompress (parts[0]);
          gsize length = strlen (piece), from = g_rand_boolean (random) ? 0 : g_rand_int_range (random, 0, length + 1);
          gsize to = g_rand_boolean (random) ? length : (gsize)g_rand_int_range (random, from, length + 1);

          g_string_append_len (source, piece + from, to - from);
        }
      text = render (source->str, variables[0], &error);
      if (!text && !error)
        g_error ("seed %u: nothing, and no reason: %s", seed, source->str);
    }
}

/* ---- filling in the middle ---- */

static void
check_fim (const char *path, const char *const parts[3])
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RpGguf) gguf = rp_gguf_open (path, &error);
  g_autoptr (RpTokenizer) tokenizer = gguf ? rp_tokenizer_new (gguf, &error) : NULL;
  g_autoptr (GArray) tokens = g_array_new (FALSE, FALSE, sizeof (RpToken));
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *expected = NULL, *mark = NULL;
  guint n_marks = 0, n_plain = 0;
  RpFim fim;

  g_test_message ("%s", path);
  g_assert_no_error (error);
  rp_fim_read (&fim, gguf, tokenizer);
  g_assert_cmpint (fim.available, ==, parts[0] != NULL);
  if (!fim.available)
    return;
  mark = g_strconcat ("a = ", parts[0], NULL);
  rp_fim_append (&fim, tokenizer, &(RpFimText){ mark, "\nb = 2", -1, -1, NULL, NULL }, tokens);
  for (guint i = 0; i < tokens->len; i++)
    {
      rp_tokenizer_decode (tokenizer, g_array_index (tokens, RpToken, i), TRUE, text);
      n_marks += g_array_index (tokens, RpToken, i) == fim.prefix;
    }
  expected = g_strconcat (parts[0], mark, parts[1], "\nb = 2", parts[2], NULL);
  g_assert_true (g_str_has_suffix (text->str, expected));
  g_assert_cmpint (g_array_index (tokens, RpToken, tokens->len - 1), ==, fim.middle);
  /* A mark in the text is text, unless it is a token of plain text as well, which user-defined ones are. */
  g_array_set_size (tokens, 0);
  rp_tokenizer_encode (tokenizer, mark, strlen (mark), FALSE, FALSE, tokens);
  for (guint i = 0; i < tokens->len; i++)
    n_plain += g_array_index (tokens, RpToken, i) == fim.prefix;
  g_assert_cmpuint (n_marks, ==, 1 + n_plain);
}

static void
test_fim (void)
{
  static const struct
  {
    const char *file, *parts[3];
  } rows[] = {
    { "deepseek-coder", { "<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>" } },
    { "starcoder", { "<fim_prefix>", "<fim_suffix>", "<fim_middle>" } },
    { "refact", { "<fim_prefix>", "<fim_suffix>", "<fim_middle>" } },
    { "qwen35", { NULL } },
    { "gpt-2", { NULL } },
    { "llama-bpe", { NULL } },
    { "phi-3", { NULL } },
  };
  const char *folder = shared_data ();

  for (gsize i = 0; folder && i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *name = g_strdup_printf ("ggml-vocab-%s.gguf", rows[i].file);
      g_autofree char *path = g_build_filename (folder, "vocab", name, NULL);

      check_fim (path, rows[i].parts);
    }
}

static void
test_fim_default_model (void)
{
  static const char *const parts[] = { "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>" };
  g_autofree char *path
    = g_build_filename (g_get_user_data_dir (), "riposte", "models", "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf", NULL);

  if (g_file_test (path, G_FILE_TEST_EXISTS))
    check_fim (path, parts);
  else
    g_test_skip ("the default model is not there");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/template/features", test_features);
  g_test_add_func ("/template/templates", test_templates);
  g_test_add_func ("/template/nul", test_nul);
  g_test_add_func ("/template/limits", test_limits);
  g_test_add_func ("/template/depth", test_depth);
  g_test_add_func ("/template/shreds", test_shreds);
  g_test_add_func ("/template/fim", test_fim);
  g_test_add_func ("/template/fim/default-model", test_fim_default_model);
  return g_test_run ();
}
