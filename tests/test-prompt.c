/* Prompts of conversations: special tokens typed in a message stay text, whatever a template does with it, and a last
 * message can be left open. */
#include "engine/template.h"
#include "engine/tokenizer.h"
#include "tiny-model.h"

#include <glib/gstdio.h>
#include <string.h>

static gboolean
is_special (const char *text, gsize length, gconstpointer data)
{
  return length >= strlen (data) && strncmp (text, data, strlen (data)) == 0;
}

/* ---- in the template ---- */

static char *
render (const char *source, const char *variables, gboolean leave_open, GArray *seams, GError **error)
{
  g_autoptr (RpTemplate) template = rp_template_new (source, -1, error);
  const RpTemplatePrompt prompt = { is_special, "<|e|>", seams, leave_open };

  return template ? rp_template_render_prompt (template, variables, -1, &prompt, NULL, error) : NULL;
}

/* A seam in the expected text is written ¦. */
static void
test_seams (void)
{
  static const char variables[] = "{\"messages\": [{\"content\": \" a <|e|> b\", \"x<|e|>\": [\"<|e|>\", "
                                  "\"\xf0\x90\x98\x80\"]}], \"eos_token\": \"<|e|>\"}";
  static const struct
  {
    const char *source, *expected;
  } rows[] = {
    { "{{ messages[0].content }}<|e|>{{ eos_token }}", " a <¦|e|> b<|e|><|e|>" },
    { "{{ messages[0].content|trim|upper }}", "A <¦|E|> B" },
    { "{{ messages[0].content.replace('a', '<|e|>') }}", " <|e|> <¦|e|> b" },
    { "{{ messages[0].content.split('<')|join('-') }}", " a -¦|e|> b" },
    { "{{ messages[0].content[3:7] ~ messages[0].content[4:] }}", "<¦|e¦|e|> b" },
    { "{{ messages|tojson }}", "[{\"content\": \" a <¦|e|> b\", \"x<¦|e|>\": [\"<¦|e|>\", \"\xf0\x90\x98\x80\"]}]" },
    { "{% for k in messages[0] %}{{ k }} {% endfor %}", "content x<¦|e|> " },
    { "{% set x = messages[0].content %}{{ x ~ '|' }}{{ '%s' % x }}", " a <¦|e|> b| a <¦|e|> b" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GArray) seams = g_array_new (FALSE, FALSE, sizeof (gsize));
      g_autoptr (GError) error = NULL;
      g_autofree char *text = render (rows[i].source, variables, FALSE, seams, &error);
      g_autoptr (GString) shown = g_string_new (text);

      g_assert_no_error (error);
      for (guint k = seams->len; k-- > 0;)
        g_string_insert (shown, g_array_index (seams, gsize, k), "¦");
      g_assert_cmpstr (shown->str, ==, rows[i].expected);
    }
}

static void
test_open_last (void)
{
  static const char trimming[] = "{% for m in messages %}[{{ m.role }}]{{ m.content|trim }}<|e|>{% endfor %}"
                                 "{% if add_generation_prompt %}[assistant]{% endif %}";
  static const char keeping[] = "{% for m in messages %}[{{ m.role }}]{% if m.content is string %}{{ m.content }}"
                                "{% else %}{{ m.content[0].text }}{% endif %}<|e|>{% endfor %}";
  static const struct
  {
    const char *source, *content, *expected; /* NULL: an error */
  } rows[] = {
    { trimming, "\"def f():\\n  \"", "[user]f?<|e|>[assistant]def f():" },
    { keeping, "\"def f():\\n  \"", "[user]f?<|e|>[assistant]def f():\n  " },
    { keeping, "[{\"type\": \"text\", \"text\": \"f?\"}]", "[user]f?<|e|>[assistant]f?" },
    { trimming, "\"f?<|e|>\"", "[user]f?<|e|>[assistant]f?<|e|>" },
    { trimming, "\"\"", "[user]f?<|e|>[assistant]" },
    { trimming, "null", NULL },
    { "{% for m in messages[:-1] %}{{ m.content }}{% endfor %}", "\"a\"", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GArray) seams = g_array_new (FALSE, FALSE, sizeof (gsize));
      g_autoptr (GError) error = NULL;
      g_autofree char *variables = g_strdup_printf (
        "{\"add_generation_prompt\": true, \"messages\": [{\"role\": \"user\", \"content\": \"f?\"}, "
        "{\"role\": \"assistant\", \"content\": %s}]}",
        rows[i].content);
      g_autofree char *text = render (rows[i].source, variables, TRUE, seams, &error);

      g_assert_cmpstr (text, ==, rows[i].expected);
      if (!text)
        g_assert_error (error, RP_ERROR, RP_ERROR_TEMPLATE);
    }
}

/* Every real template prints what it does without the search for special tokens, wherever that finds some. */
static void
test_real_templates (void)
{
  const char *folder = g_getenv ("RIPOSTE_SHARED_DATA");
  g_autofree char *path = folder ? g_build_filename (folder, "templates", NULL) : NULL;
  g_autofree char *golden = g_test_build_filename (G_TEST_DIST, "golden", "template", "conversations.jsonl", NULL);
  g_autoptr (GDir) dir = path ? g_dir_open (path, 0, NULL) : NULL;
  g_autofree char *lines = NULL;
  g_auto (GStrv) conversations = NULL;
  guint n_seams = 0, n_rendered = 0;
  const char *name;

  if (!dir)
    {
      g_test_skip ("the folder of reference data (RIPOSTE_SHARED_DATA) is not there");
      return;
    }
  g_assert_true (g_file_get_contents (golden, &lines, NULL, NULL));
  conversations = g_strsplit (g_strchomp (lines), "\n", -1);
  while ((name = g_dir_read_name (dir)))
    {
      g_autofree char *file = g_build_filename (path, name, NULL), *source = NULL;
      g_autoptr (RpTemplate) template = NULL;

      if (!g_str_has_suffix (name, ".jinja"))
        continue;
      g_assert_true (g_file_get_contents (file, &source, NULL, NULL));
      template = rp_template_new (source, -1, NULL);
      for (guint i = 0; template && conversations[i]; i++)
        {
          g_autoptr (GArray) seams = g_array_new (FALSE, FALSE, sizeof (gsize));
          const RpTemplatePrompt prompt = { is_special, "<|", seams, FALSE };
          g_autofree char *plain = rp_template_render_json (template, conversations[i], -1, NULL, NULL);
          g_autofree char *text = rp_template_render_prompt (template, conversations[i], -1, &prompt, NULL, NULL);

          if (g_strcmp0 (plain, text) != 0)
            g_test_message ("%s, conversation %u: %s", name, i, text ? text : "an error");
          g_assert_cmpstr (plain, ==, text);
          n_rendered += text != NULL;
          n_seams += seams->len;
        }
    }
  g_test_message ("%u texts with %u seams", n_rendered, n_seams);
  g_assert_cmpuint (n_rendered, >, 1000);
  g_assert_cmpuint (n_seams, >, 100);
}

/* ---- in a model ---- */

#define USER   (TINY_VOCABULARY - 3)
#define ANSWER (TINY_VOCABULARY - 2)
#define END    (TINY_VOCABULARY - 1)

static RpModel *
load_tiny_ending (RpEngine *engine, const char *chat_template, const char *end)
{
  const TinyModel tiny
    = { .arch = "llama", TINY_MODEL, .vocabulary = TRUE, .chat_template = chat_template, .end = end };
  const RpModelOptions options = { .device = "cpu", .n_threads = 1 };
  TinyModel with_words = tiny;
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  RpModel *model;

  with_words.n_vocab = TINY_VOCABULARY;
  path = tiny_model_write (&with_words);
  model = rp_model_load (engine, path, &options, &error);
  g_unlink (path);
  g_assert_no_error (error);
  return model;
}

static RpModel *
load_tiny (RpEngine *engine, const char *chat_template)
{
  return load_tiny_ending (engine, chat_template, NULL);
}

static guint
count (const GArray *tokens, RpToken token)
{
  guint n = 0;

  for (guint i = 0; i < tokens->len; i++)
    n += g_array_index (tokens, RpToken, i) == token;
  return n;
}

static void
test_tokens (void)
{
  static const char *const contents[]
    = { "the <|end|> the", "<|user|><|answer|>", "<|<|end|>", "<|end|", "no token", "☃<|end|>☃", "" };
  RpEngine *engine = rp_engine_new ();
  RpModel *model = load_tiny (engine, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (contents); i++)
    {
      const RpChatMessage message = { "user", contents[i] };
      g_autoptr (GError) error = NULL;
      g_autofree char *text = NULL, *expected = g_strconcat ("<|user|>", contents[i], "<|end|><|answer|>", NULL);
      g_autoptr (GArray) tokens = rp_model_chat_tokens (model, &message, 1, 0, &text, &error);
      g_autoptr (GArray) plain = rp_model_tokenize (model, contents[i], -1, FALSE, FALSE, NULL);
      g_autoptr (GString) joined = NULL;

      g_assert_no_error (error);
      g_assert_cmpstr (text, ==, expected);
      joined = rp_model_detokenize (model, (RpToken *)tokens->data, tokens->len, TRUE);
      g_assert_cmpstr (joined->str, ==, expected);
      g_assert_cmpuint (count (tokens, USER), ==, 1);
      g_assert_cmpuint (count (tokens, END), ==, 1);
      g_assert_cmpuint (count (tokens, ANSWER), ==, 1);
      /* In between, what the message alone would be. */
      g_assert_cmpmem (&g_array_index (tokens, RpToken, 1), (tokens->len - 3) * sizeof (RpToken), plain->data,
                       plain->len * sizeof (RpToken));
    }
  rp_model_free (model);
  rp_engine_free (engine);
}

/* A token may be a single character, or come together where a message meets another text. */
static void
test_token_edges (void)
{
  static const struct
  {
    const char *end, *source, *content;
    guint n_ends; /* those that the template writes */
  } rows[] = {
    { "$", "{% for m in messages %}{{ m.content }}${% endfor %}", "5$ $$", 1 },
    { "é", "é{{ messages[0].content }}é", "é", 2 },
    { "<|end|>", "{{ messages[0].content }}d|><|end|>", "<|en", 1 },
    { "<|end|>", "{{ messages[0].content }}{{ messages[0].content[1:] }}<|end|>", "<|end|>", 1 },
    { "<|end|>", "<{{ messages[0].content }}<|end|>", "<", 1 },
    { "<|end|>", "<|{{ messages[0].content }}|>", "end", 1 },
  };
  RpEngine *engine = rp_engine_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const RpChatMessage message = { "user", rows[i].content };
      RpModel *model = load_tiny_ending (engine, rows[i].source, rows[i].end);
      g_autoptr (GError) error = NULL;
      g_autofree char *text = NULL;
      g_autoptr (GArray) tokens = rp_model_chat_tokens (model, &message, 1, 0, &text, &error);
      g_autoptr (GString) joined = NULL;

      g_assert_no_error (error);
      joined = rp_model_detokenize (model, (RpToken *)tokens->data, tokens->len, TRUE);
      g_assert_cmpstr (joined->str, ==, text);
      g_assert_cmpuint (count (tokens, END), ==, rows[i].n_ends);
      rp_model_free (model);
    }
  rp_engine_free (engine);
}

static void
test_continue (void)
{
  const RpChatMessage messages[] = { { "user", "the?" }, { "assistant", "the <|end|>" } };
  RpEngine *engine = rp_engine_new ();
  RpModel *model = load_tiny (engine, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL, *plain = rp_chat_plain_prompt (messages, 2, RP_CHAT_CONTINUE);
  g_autoptr (GArray) tokens = rp_model_chat_tokens (model, messages, 2, RP_CHAT_CONTINUE, &text, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, "<|user|>the?<|end|><|user|>the <|end|>"); /* its template knows no roles */
  g_assert_cmpuint (count (tokens, END), ==, 1);
  g_assert_cmpuint (count (tokens, ANSWER), ==, 0);
  g_assert_cmpstr (plain, ==, "User: the?\n\nAssistant: the <|end|>");
  rp_model_free (model);
  rp_engine_free (engine);
}

/* ---- templates that do not take every conversation ---- */

#define TAKING_TURNS                                                                                                   \
  "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('turns') }}"         \
  "{% endif %}[{{ m.role }}]{{ m.content }}{% endfor %}{% if add_generation_prompt %}[answer]{% endif %}"

/* Conversations as role letters and contents; NULL: refused for good. */
static void
test_merged (void)
{
  static const char refusing[]
    = "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}" TAKING_TURNS;
  static const char optional[] = "{% if messages[0].role == 'system' %}[system]{{ messages[0].content }}"
                                 "{% set messages = messages[1:] %}{% endif %}" TAKING_TURNS;
  static const char skipping[] = "{% for m in messages %}{% if m.role in ['user', 'assistant'] %}[{{ m.role }}]"
                                 "{{ m.content }}{% endif %}{% endfor %}";
  static const struct
  {
    const char *source;
    const char *turns[6]; /* s: system, u: user, a: assistant */
    const char *expected;
  } rows[] = {
    { refusing, { "uq" }, "[user]q[answer]" },
    { refusing, { "sbe <|end|>", "uq" }, "[user]be <|end|>\n\nq[answer]" },
    { refusing, { "sbe", "uq", "aa", "ur" }, "[user]be\n\nq[assistant]a[user]r[answer]" },
    { refusing, { "s", "uq" }, "[user]q[answer]" },
    { refusing, { "uq", "ur", "aa", "ab", "us" }, "[user]q\n\nr[assistant]a\n\nb[user]s[answer]" },
    { refusing, { "sbe", "aa", "uq" }, "[user]be[assistant]a[user]q[answer]" },
    { refusing, { "aa", "uq" }, NULL },
    { optional, { "sbe", "uq" }, "[system]be[user]q[answer]" },
    { optional, { "sbe", "uq", "ur" }, "[user]be\n\nq\n\nr[answer]" },
    { skipping, { "sbe", "uq" }, "[user]be\n\nq" },
    { skipping, { "uq", "ur" }, "[user]q[user]r" },
    { "{{ raise_exception('never') }}", { "sbe", "uq" }, NULL },
    { "{% if", { "sbe", "uq" }, NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      RpEngine *engine = rp_engine_new ();
      RpModel *model = load_tiny (engine, rows[i].source);
      RpChatMessage messages[6];
      gsize n = 0;
      g_autoptr (GError) error = NULL;
      g_autofree char *text = NULL;
      g_autoptr (GArray) tokens = NULL;

      for (; n < G_N_ELEMENTS (messages) && rows[i].turns[n]; n++)
        messages[n] = (RpChatMessage){ *rows[i].turns[n] == 's'   ? "system"
                                       : *rows[i].turns[n] == 'u' ? "user"
                                                                  : "assistant",
                                       rows[i].turns[n] + 1 };
      tokens = rp_model_chat_tokens (model, messages, n, 0, &text, &error);
      g_assert_cmpstr (text, ==, rows[i].expected);
      if (text)
        {
          g_assert_no_error (error);
          g_assert_cmpuint (count (tokens, END), ==, 0); /* the text of the system turn is text there, too */
        }
      else
        g_assert_error (error, RP_ERROR, RP_ERROR_TEMPLATE);
      g_assert_true (!tokens == !text);
      rp_model_free (model);
      rp_engine_free (engine);
    }
}

/* None of these loses the instructions, nor a question after one that was not answered. */
static void
test_merged_real (void)
{
  static const RpChatMessage messages[] = { { "system", "Answer in riddles." },
                                            { "user", "first" },
                                            { "user", "second" },
                                            { "assistant", "third" },
                                            { "user", "fourth" } };
  const char *folder = g_getenv ("RIPOSTE_SHARED_DATA");
  g_autofree char *path = folder ? g_build_filename (folder, "templates", NULL) : NULL;
  g_autoptr (GDir) dir = path ? g_dir_open (path, 0, NULL) : NULL;
  RpEngine *engine;
  guint n_rendered = 0;
  const char *name;

  if (!dir)
    {
      g_test_skip ("the folder of reference data (RIPOSTE_SHARED_DATA) is not there");
      return;
    }
  engine = rp_engine_new ();
  while ((name = g_dir_read_name (dir)))
    {
      g_autofree char *file = g_build_filename (path, name, NULL), *source = NULL, *text = NULL, *with_bos = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (GArray) tokens = NULL, question = NULL;
      RpModel *model;

      if (!g_str_has_suffix (name, ".jinja"))
        continue;
      g_assert_true (g_file_get_contents (file, &source, NULL, NULL));
      with_bos = g_strconcat ("{% set bos_token = '' %}", source, NULL); /* which the tiny vocabulary does not have */
      model = load_tiny (engine, with_bos);
      question = rp_model_chat_tokens (model, messages + 1, 1, 0, NULL, &error);
      if (!question) /* not even that: it wants tools */
        {
          g_test_message ("%s: %s", name, error->message);
          rp_model_free (model);
          continue;
        }
      n_rendered++;
      tokens = rp_model_chat_tokens (model, messages, G_N_ELEMENTS (messages), 0, &text, &error);
      if (!tokens)
        g_error ("%s: %s", name, error->message);
      for (gsize i = 0; i < G_N_ELEMENTS (messages); i++)
        if (!strstr (text, messages[i].content))
          g_error ("%s lost “%s”: %s", name, messages[i].content, text);
      rp_model_free (model);
    }
  rp_engine_free (engine);
  g_assert_cmpuint (n_rendered, >, 40);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/prompt/seams", test_seams);
  g_test_add_func ("/prompt/open-last", test_open_last);
  g_test_add_func ("/prompt/real-templates", test_real_templates);
  g_test_add_func ("/prompt/tokens", test_tokens);
  g_test_add_func ("/prompt/token-edges", test_token_edges);
  g_test_add_func ("/prompt/continue", test_continue);
  g_test_add_func ("/prompt/merged", test_merged);
  g_test_add_func ("/prompt/merged-real", test_merged_real);
  return g_test_run ();
}
