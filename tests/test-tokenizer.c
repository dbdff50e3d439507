/* The vocabularies of real models, against the ids that the reference gives; and what must hold for any text. The files
 * are no part of the project: without them the tests are skipped. */
#include "tokenizer.h"

#include <string.h>

typedef struct
{
  const char *name;
  gboolean nfc; /* the model's own tokenizer composes, the reference does not */
} Vocabulary;

static const Vocabulary vocabularies[] = {
  { "command-r", TRUE }, { "deepseek-coder", FALSE }, { "deepseek-llm", FALSE }, { "falcon", FALSE },
  { "gpt-2", FALSE },    { "llama-bpe", FALSE },      { "llama-spm", FALSE },    { "phi-3", FALSE },
  { "qwen2", TRUE },     { "qwen35", TRUE },          { "refact", FALSE },       { "starcoder", FALSE },
};

static RpTokenizer *
load (const char *name)
{
  const char *folder = g_getenv ("RIPOSTE_SHARED_DATA");
  g_autofree char *path = g_strdup_printf ("%s/vocab/ggml-vocab-%s.gguf", folder ? folder : ".", name);
  g_autoptr (RpGguf) gguf = NULL;
  g_autoptr (GError) error = NULL;
  RpTokenizer *tokenizer;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_test_skip ("the shared vocabularies are not here");
      return NULL;
    }
  gguf = rp_gguf_open (path, &error);
  g_assert_no_error (error);
  tokenizer = rp_tokenizer_new (gguf, &error);
  g_assert_no_error (error);
  return tokenizer;
}

static GArray *
encode (const RpTokenizer *tokenizer, const char *text, gsize length, gboolean special)
{
  GArray *tokens = g_array_new (FALSE, FALSE, sizeof (RpToken));

  rp_tokenizer_encode (tokenizer, text, length, FALSE, special, tokens);
  return tokens;
}

static GString *
decode (const RpTokenizer *tokenizer, const GArray *tokens)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < tokens->len; i++)
    rp_tokenizer_decode (tokenizer, g_array_index (tokens, RpToken, i), TRUE, text);
  return text;
}

static void
test_reference (gconstpointer data)
{
  const Vocabulary *v = data;
  const char *folder = g_getenv ("RIPOSTE_SHARED_DATA");
  g_autoptr (RpTokenizer) tokenizer = load (v->name);
  g_autofree char *in = NULL, *out = NULL;
  g_auto (GStrv) texts = NULL, lines = NULL;
  guint n = 0;

  if (!tokenizer)
    return;
  g_autofree char *in_path = g_strdup_printf ("%s/vocab/ggml-vocab-%s.gguf.inp", folder, v->name);
  g_autofree char *out_path = g_strdup_printf ("%s/vocab/ggml-vocab-%s.gguf.out", folder, v->name);
  g_assert_true (g_file_get_contents (in_path, &in, NULL, NULL));
  g_assert_true (g_file_get_contents (out_path, &out, NULL, NULL));
  texts = g_strsplit (in, "\n__ggml_vocab_test__\n", -1);
  lines = g_strsplit (out, "\n", -1);
  for (; texts[n] && lines[n]; n++)
    {
      g_autofree char *normal = g_utf8_normalize (texts[n], -1, G_NORMALIZE_NFC);
      g_autoptr (GArray) tokens = encode (tokenizer, texts[n], strlen (texts[n]), FALSE);
      g_autoptr (GString) got = g_string_new (NULL);

      if (v->nfc && strcmp (normal, texts[n]) != 0)
        continue;
      for (guint i = 0; i < tokens->len; i++)
        g_string_append_printf (got, " %d", g_array_index (tokens, RpToken, i));
      g_strstrip (lines[n]);
      if (strcmp (lines[n], got->str + (got->len > 0)) != 0)
        g_error ("%s, text %u (“%s”): expected %s, got%s", v->name, n, texts[n], lines[n], got->str);
    }
  g_assert_cmpuint (n, >=, 40);
}

/* Random pieces of text, whole or broken: what comes out is what went in, where the vocabulary has every byte. */
static void
test_round_trip (gconstpointer data)
{
  static const char *const parts[] = { "int main (void)\n{\n",
                                       "\t\treturn 0;",
                                       "   ",
                                       "日本語",
                                       "e\xcc\x81",
                                       "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb",
                                       "\xff\xfe",
                                       "\xe2\x82",
                                       "<|im_start|>",
                                       "3.14159",
                                       "''''",
                                       "\r\n\r\n",
                                       "Ωmega" };
  g_autoptr (RpTokenizer) tokenizer = load (data);

  if (!tokenizer)
    return;
  for (guint round = 0; round < 500; round++)
    {
      g_autoptr (GString) text = g_string_new (NULL), back = NULL;
      g_autoptr (GArray) tokens = NULL;

      for (int n = g_test_rand_int_range (0, 12); n > 0; n--)
        if (g_test_rand_bit ())
          g_string_append (text, parts[g_test_rand_int_range (0, G_N_ELEMENTS (parts))]);
        else
          g_string_append_c (text, g_test_rand_int_range (1, 256));
      tokens = encode (tokenizer, text->str, text->len, FALSE);
      back = decode (tokenizer, tokens);
      g_assert_cmpmem (back->str, back->len, text->str, text->len);
    }
}

/* A mebibyte of one character takes time in proportion to its length. */
static void
test_long_runs (gconstpointer data)
{
  g_autoptr (RpTokenizer) tokenizer = load (data);
  static const char runs[] = "a \n.\xff";

  if (!tokenizer)
    return;
  for (const char *run = runs; *run; run++)
    {
      gsize length = 1 << 20;
      g_autofree char *text = g_malloc (length);
      g_autoptr (GArray) tokens = NULL;
      gint64 start = g_get_monotonic_time ();
      double seconds;

      memset (text, *run, length);
      tokens = encode (tokenizer, text, length, FALSE);
      seconds = (g_get_monotonic_time () - start) / 1e6;
      g_test_message ("%s, 0x%02x: %u tokens in %.2f s", (const char *)data, (guint8)*run, tokens->len, seconds);
      g_assert_cmpuint (tokens->len, >, 0);
      g_assert_cmpfloat (seconds, <, 30); /* a quadratic one takes hours; sanitizers are slow */
    }
}

static void
test_special (void)
{
  g_autoptr (RpTokenizer) tokenizer = load ("qwen2");
  const char *text = "<|im_start|>user\nhi<|im_end|>";
  g_autoptr (GArray) parsed = NULL, plain = NULL;
  g_autoptr (GString) hidden = g_string_new (NULL);
  RpToken start;

  if (!tokenizer)
    return;
  start = rp_tokenizer_find (tokenizer, "<|im_start|>");
  parsed = encode (tokenizer, text, strlen (text), TRUE);
  plain = encode (tokenizer, text, strlen (text), FALSE);
  g_assert_cmpint (g_array_index (parsed, RpToken, 0), ==, start);
  g_assert_cmpuint (parsed->len, ==, 5);
  g_assert_cmpuint (plain->len, >, 10);
  for (guint i = 0; i < plain->len; i++)
    g_assert_cmpint (g_array_index (plain, RpToken, i), !=, start);
  g_assert_true (rp_tokenizer_is_end (tokenizer, g_array_index (parsed, RpToken, 4)));
  g_assert_false (rp_tokenizer_is_end (tokenizer, start));
  rp_tokenizer_decode (tokenizer, start, FALSE, hidden);
  rp_tokenizer_decode (tokenizer, -1, TRUE, hidden);
  rp_tokenizer_decode (tokenizer, 1 << 30, TRUE, hidden);
  g_assert_cmpstr (hidden->str, ==, "");
}

static void
test_utf8_tail (void)
{
  static const struct
  {
    const char *text;
    gsize complete;
  } rows[] = {
    { "", 0 },
    { "abc", 3 },
    { "ab\xc3", 2 },
    { "\xe2\x82", 0 },
    { "\xe2\x82\xac", 3 },
    { "x\xf0\x9f\x91", 1 },
    { "\xf0\x9f\x91\xa9", 4 },
    { "a\x80", 2 },
    { "\xff", 1 },
    { "\xc3\x41", 2 },
    { "\x80\x80\x80\x80", 4 },
    { "a\xf5", 2 },

  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpuint (rp_utf8_complete (rows[i].text, strlen (rows[i].text)), ==, rows[i].complete);
}

int
main (int argc, char **argv)
{
  static const char *const all_bytes[] = { "gpt-2", "llama-bpe" };

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (vocabularies); i++)
    {
      g_autofree char *path = g_strdup_printf ("/tokenizer/reference/%s", vocabularies[i].name);
      g_test_add_data_func (path, &vocabularies[i], test_reference);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (all_bytes); i++)
    {
      g_autofree char *round = g_strdup_printf ("/tokenizer/round-trip/%s", all_bytes[i]);
      g_autofree char *runs = g_strdup_printf ("/tokenizer/long-runs/%s", all_bytes[i]);
      g_test_add_data_func (round, all_bytes[i], test_round_trip);
      g_test_add_data_func (runs, all_bytes[i], test_long_runs);
    }
  g_test_add_data_func ("/tokenizer/long-runs/llama-spm", "llama-spm", test_long_runs);
  g_test_add_func ("/tokenizer/special", test_special);
  g_test_add_func ("/tokenizer/utf8-tail", test_utf8_tail);
  return g_test_run ();
}
