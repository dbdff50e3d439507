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

  return template ? rp_template_render_prompt (template, variables, -1, &prompt, error) : NULL;
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
          g_autofree char *plain = rp_template_render_json (template, conversations[i], -1, NULL);
          g_autofree char *text = rp_template_render_prompt (template, conversations[i], -1, &prompt, NULL);

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
load_tiny (RpEngine *engine)
{
  const TinyModel tiny = { .arch = "llama", TINY_MODEL, .vocabulary = TRUE };
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
  RpModel *model = load_tiny (engine);

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

static void
test_continue (void)
{
  const RpChatMessage messages[] = { { "user", "the?" }, { "assistant", "the <|end|>" } };
  RpEngine *engine = rp_engine_new ();
  RpModel *model = load_tiny (engine);
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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/prompt/seams", test_seams);
  g_test_add_func ("/prompt/open-last", test_open_last);
  g_test_add_func ("/prompt/real-templates", test_real_templates);
  g_test_add_func ("/prompt/tokens", test_tokens);
  g_test_add_func ("/prompt/continue", test_continue);
  return g_test_run ();
}
