/* The vocabularies of real models, against the ids that their own tokenizers give; and what must hold for any text. The
 * vocabularies are no part of the project: without them those tests are skipped. */
#include "tokenizer.h"

#include <string.h>

#include "cli/cli.h"
#include "gguf-writer.h"
#include "pretokenizer.h"

#define MEBIBYTE (1 << 20)

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

/* ---- golden values: tests/golden/tokenizer.py writes them and says what they are ---- */

static char *
read_fixture (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "tokenizer", name, NULL);
  char *text;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

static void
free_text (gpointer text)
{
  g_string_free (text, TRUE);
}

static GPtrArray *
read_texts (void)
{
  g_autofree char *file = read_fixture ("texts.jsonl");
  g_auto (GStrv) lines = g_strsplit (file, "\n", -1);
  GPtrArray *texts = g_ptr_array_new_with_free_func (free_text);

  for (guint i = 0; lines[i] && *lines[i]; i++)
    {
      GString *text = g_string_new (NULL);

      g_assert_true (cli_json_parse_string (lines[i], text, NULL));
      g_ptr_array_add (texts, text);
    }
  g_assert_cmpuint (texts->len, >=, 500);
  return texts;
}

/* The column of a table, a value a text. */
static char **
read_column (const char *table, const char *name, guint n)
{
  g_autofree char *file = read_fixture (table);
  g_auto (GStrv) lines = g_strsplit (file, "\n", -1);
  g_auto (GStrv) names = g_strsplit (lines[0], " ", -1);
  char **column = g_new0 (char *, n + 1);
  guint c = 0;

  while (names[c] && strcmp (names[c], name) != 0)
    c++;
  g_assert_nonnull (names[c]);
  for (guint i = 0; i < n; i++)
    {
      g_auto (GStrv) fields = g_strsplit (lines[i + 1], " ", -1);

      g_assert_cmpuint (g_strv_length (fields), ==, g_strv_length (names));
      column[i] = g_strdup (fields[c]);
    }
  return column;
}

static guint32
hash_add (guint32 hash, guint32 number)
{
  for (guint i = 0; i < 4; i++)
    hash = (hash ^ (number >> 8 * i & 0xff)) * 0x01000193u;
  return hash;
}

static void
assert_hash (const char *column, guint row, const GString *text, guint32 hash, const char *expected)
{
  g_autofree char *got = g_strdup_printf ("%08x", hash);
  g_autofree char *shown = NULL;

  if (strcmp (got, expected) == 0)
    return;
  shown = g_strescape (text->str, NULL);
  g_error ("%s: text %u gives %s instead of %s: “%s”", column, row, got, expected, shown);
}

static void
test_golden_ids (gconstpointer data)
{
  g_autoptr (RpTokenizer) tokenizer = load (data);
  g_autoptr (GPtrArray) texts = NULL;

  if (!tokenizer)
    return;
  texts = read_texts ();
  for (int special = 0; special < 2; special++)
    {
      g_autofree char *name = g_strconcat (data, special ? "+special" : "", NULL);
      g_auto (GStrv) expected = read_column ("ids.txt", name, texts->len);

      for (guint i = 0; i < texts->len; i++)
        {
          const GString *text = g_ptr_array_index (texts, i);
          g_autoptr (GArray) tokens = encode (tokenizer, text->str, text->len, special);
          guint32 hash = 0x811c9dc5u;

          for (guint j = 0; j < tokens->len; j++)
            hash = hash_add (hash, g_array_index (tokens, RpToken, j));
          assert_hash (name, i, text, hash, expected[i]);
        }
    }
}

/* These need no vocabulary. */
static void
test_golden_pieces (void)
{
  g_autoptr (GPtrArray) texts = read_texts ();
  g_autofree char *file = read_fixture ("pieces.txt");
  g_auto (GStrv) lines = g_strsplit (file, "\n", 2);
  g_auto (GStrv) names = g_strsplit (lines[0], " ", -1);
  g_autoptr (GArray) ends = g_array_new (FALSE, FALSE, sizeof (gsize));
  g_autoptr (GArray) scratch = g_array_new (FALSE, FALSE, sizeof (gsize));

  for (guint n = 0; names[n]; n++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RpPretokenizer) pretokenizer = rp_pretokenizer_new (names[n], &error);
      g_auto (GStrv) expected = read_column ("pieces.txt", names[n], texts->len);

      g_assert_no_error (error);
      for (guint i = 0; i < texts->len; i++)
        {
          const GString *text = g_ptr_array_index (texts, i);
          guint32 hash = 0x811c9dc5u;

          rp_pretokenizer_split (pretokenizer, text->str, text->len, ends, scratch);
          for (guint j = 0; j < ends->len; j++)
            hash = hash_add (hash, g_array_index (ends, gsize, j));
          assert_hash (names[n], i, text, hash, expected[i]);
        }
    }
}

/* Every name that is known makes a pre-tokenizer, whose pieces are the text, in time that is in proportion to it. */
static void
test_all_pretokenizers (void)
{
  static const char *const parts[]
    = { "a", "A", " ", "\n", "1", "'", "\xe4\xb8\x96", "\xff", "e\xcc\x81", "\n ", "aB" };
  g_autoptr (GArray) ends = g_array_new (FALSE, FALSE, sizeof (gsize));
  g_autoptr (GArray) scratch = g_array_new (FALSE, FALSE, sizeof (gsize));
  const char *names;

  for (guint row = 0; (names = rp_pretokenizer_get_names (row)); row++)
    {
      g_auto (GStrv) list = g_strsplit (names, " ", -1);
      gint64 start = g_get_monotonic_time ();

      for (guint i = 0; list[i]; i++)
        {
          g_autoptr (RpPretokenizer) pretokenizer = rp_pretokenizer_new (list[i], NULL);

          g_assert_nonnull (pretokenizer);
          for (guint j = 0; i == 0 && j < G_N_ELEMENTS (parts); j++)
            {
              g_autoptr (GString) text = g_string_new (NULL);
              gsize last = 0;

              while (text->len < MEBIBYTE / 8)
                g_string_append (text, parts[j]);
              g_string_append (text, "x");
              rp_pretokenizer_split (pretokenizer, text->str, text->len, ends, scratch);
              for (guint k = 0; k < ends->len; k++)
                {
                  g_assert_cmpuint (g_array_index (ends, gsize, k), >, last);
                  last = g_array_index (ends, gsize, k);
                }
              g_assert_cmpuint (last, ==, text->len);
            }
        }
      g_assert_cmpint (g_get_monotonic_time () - start, <, 60 * G_USEC_PER_SEC); /* one that goes back takes hours */
    }
}

static void
test_unknown_pretokenizer (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (rp_pretokenizer_new ("wombat", &error));
  g_assert_error (error, RP_ERROR, RP_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "wombat"));
  g_assert_nonnull (strstr (error->message, "qwen35"));
  g_clear_error (&error);
  g_assert_null (rp_pretokenizer_new ("gpt-2 phi-2", &error));
  g_assert_null (rp_pretokenizer_new ("", NULL));
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
      gsize length = MEBIBYTE;
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

/* ---- small vocabularies of our own ---- */

typedef struct
{
  const char *what;
  const char *message; /* a part of the error; NULL: the file is well */
  const char *tokens[8], *merges[4];
  gint32 types[8];
  guint n_types; /* 0: no types */
  gint64 bos;    /* -1: none */
} Made;

static const Made made[] = {
  { "right", NULL, { "a", "b", "ab", "<s>" }, { "a b" }, { 1, 1, 1, 3 }, 4, 3 },
  { "no types", NULL, { "a", "b", "ab" }, { "a b" }, { 0 }, 0, -1 },
  { "an empty token", NULL, { "a", "b", "ab", "" }, { "a b" }, { 0 }, 0, -1 },
  { "a merge of what is no token", NULL, { "a", "b", "ab" }, { "a b", "ab c" }, { 0 }, 0, -1 },
  { "a BOS that is none", NULL, { "a", "b", "ab" }, { "a b" }, { 0 }, 0, G_MAXUINT32 },
  { "no tokens", "no tokens", { NULL }, { "a b" }, { 0 }, 0, -1 },
  { "no merges", "no merges", { "a", "b" }, { NULL }, { 0 }, 0, -1 },
  { "a token twice", "twice", { "a", "b", "ab", "a" }, { "a b" }, { 0 }, 0, -1 },
  { "a special token twice", "special", { "a", "b", "<s>", "<s>" }, { "a b" }, { 1, 1, 3, 3 }, 4, -1 },
  { "too few types", "elements", { "a", "b", "ab" }, { "a b" }, { 1, 1 }, 2, -1 },
  { "a type that there is not", "of type 7", { "a", "b", "ab" }, { "a b" }, { 1, 7, 1 }, 3, -1 },
  { "a negative type", "of type -1", { "a", "b", "ab" }, { "a b" }, { 1, 1, -1 }, 3, -1 },
  { "half a merge", "merge 1", { "a", "b", "ab" }, { "a b", "ab" }, { 0 }, 0, -1 },
  { "a merge with nothing", "merge 0", { "a", "b", "ab" }, { "a " }, { 0 }, 0, -1 },
  { "an empty merge", "merge 0", { "a", "b", "ab" }, { "" }, { 0 }, 0, -1 },
  { "a BOS outside", "bos_token_id", { "a", "b", "ab" }, { "a b" }, { 0 }, 0, 3 },
};

static guint
count (const char *const *strings, guint most)
{
  guint n = 0;

  while (n < most && strings[n])
    n++;
  return n;
}

static RpTokenizer *
make (const Made *row, const char *model, GError **error)
{
  GgufWriter writer;
  g_autoptr (GByteArray) file = NULL;
  g_autoptr (RpGguf) gguf = NULL;
  guint n_tokens = count (row->tokens, G_N_ELEMENTS (row->tokens));
  guint n_merges = count (row->merges, G_N_ELEMENTS (row->merges));
  RpTokenizer *tokenizer;

  gguf_writer_init (&writer);
  gguf_writer_string (&writer, "tokenizer.ggml.model", model);
  gguf_writer_string (&writer, "tokenizer.ggml.pre", "gpt-2");
  if (n_tokens)
    gguf_writer_strings (&writer, "tokenizer.ggml.tokens", row->tokens, n_tokens);
  if (n_merges)
    gguf_writer_strings (&writer, "tokenizer.ggml.merges", row->merges, n_merges);
  if (row->n_types)
    gguf_writer_ints (&writer, "tokenizer.ggml.token_type", row->types, row->n_types);
  if (row->bos >= 0)
    gguf_writer_uint (&writer, "tokenizer.ggml.bos_token_id", row->bos);
  file = gguf_writer_finish (&writer, 3);
  gguf_writer_clear (&writer);
  gguf = rp_gguf_open_memory (file->data, file->len, error);
  g_assert_nonnull (gguf);
  tokenizer = rp_tokenizer_new (gguf, error);
  return tokenizer;
}

static void
test_damaged (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (made); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RpTokenizer) tokenizer = make (&made[i], "gpt2", &error);

      g_test_message ("%s: %s", made[i].what, error ? error->message : "read");
      if (made[i].message)
        {
          g_assert_error (error, RP_ERROR, RP_ERROR_FORMAT);
          g_assert_nonnull (strstr (error->message, made[i].message));
          continue;
        }
      g_assert_no_error (error);
      g_autoptr (GArray) tokens = encode (tokenizer, "abba", 4, FALSE);
      g_assert_cmpuint (tokens->len, ==, 3);
      g_assert_cmpint (g_array_index (tokens, RpToken, 0), ==, 2);
    }
}

/* What a vocabulary cannot express is left out, as the models' own tokenizers do; the rest of the text is not. */
static void
test_missing_bytes (void)
{
  g_autoptr (RpTokenizer) tokenizer = make (&made[0], "gpt2", NULL);
  g_autoptr (GArray) tokens = encode (tokenizer,
                                      "a\x01z\xff"
                                      "ab",
                                      6, FALSE);

  g_assert_cmpuint (tokens->len, ==, 2);
  g_assert_cmpint (g_array_index (tokens, RpToken, 0), ==, 0);
  g_assert_cmpint (g_array_index (tokens, RpToken, 1), ==, 2);
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
      g_autofree char *golden = g_strdup_printf ("/tokenizer/golden/%s", vocabularies[i].name);
      g_test_add_data_func (golden, vocabularies[i].name, test_golden_ids);
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
  g_test_add_data_func ("/tokenizer/golden/gpt-neox", "gpt-neox", test_golden_ids);
  g_test_add_func ("/tokenizer/golden/pieces", test_golden_pieces);
  g_test_add_func ("/tokenizer/pre/all", test_all_pretokenizers);
  g_test_add_func ("/tokenizer/pre/unknown", test_unknown_pretokenizer);
  g_test_add_func ("/tokenizer/damaged", test_damaged);
  g_test_add_func ("/tokenizer/missing-bytes", test_missing_bytes);
  g_test_add_func ("/tokenizer/special", test_special);
  g_test_add_func ("/tokenizer/utf8-tail", test_utf8_tail);
  return g_test_run ();
}
