/* The parts of the client of remote services that take what others send. The whole of it is tested by
 * scripts/test-ask-remote.py. */
#include "remote/address.h"
#include "remote/body.h"
#include "remote/key.h"
#include "remote/model-list.h"
#include "remote/remote-error.h"
#include "remote/reply.h"
#include "remote/sse.h"

#include <string.h>

/* ---- server-sent events ---- */

static gboolean
collect (const char *data, gsize length, gpointer user_data, GError **error)
{
  g_assert_cmpuint (strlen (data), ==, length);
  g_string_append_printf (user_data, "[%s]", data);
  return TRUE;
}

/* What comes out where the text goes in as pieces of random sizes; each is a copy, so that a sanitizer sees who reads
 * beyond it. */
static char *
parse_in_pieces (const char *text, gsize length, guint longest)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (RiposteSse) sse = riposte_sse_new (collect, out);

  for (gsize i = 0; i < length;)
    {
      gsize wished = g_test_rand_int_range (1, longest + 1), n = MIN (length - i, wished);
      g_autofree char *piece = g_memdup2 (text + i, n);

      g_assert_true (riposte_sse_feed (sse, piece, n, NULL));
      i += n;
    }
  g_assert_true (riposte_sse_finish (sse, NULL));
  return g_string_free (g_steal_pointer (&out), FALSE);
}

static void
test_sse (void)
{
  static const struct
  {
    const char *text, *events;
  } cases[] = {
    { "data: a\n\n", "[a]" },
    { "data:a\r\n\r\ndata: b\r\rdata:  c\n\n", "[a][b][ c]" },
    { "\xef\xbb\xbf"
      "data: a\n\n",
      "[a]" },
    { ": comment\n\ndata: a\n: more\ndata: b\n\n", "[a\nb]" },
    { "event: x\nid: 7\nretry: 10\ndata: a\n\n", "[a]" },
    { "data\n\n", "[]" },
    { "data:\ndata:\n\n", "[\n]" },
    { "dat: a\n\ndatax: b\n\nerrors: c\n\n", "" },
    { "data: a\n\nerror: b\n\nerror:c", "[a][b][c]" },
    { "\n\n\n", "" },
    { "data: half", "[half]" },
    { "data: a\ndat", "[a]" },
    { "data: whole line\n", "[whole line]" },
    { "data: \xff\xfe\n\n", "[\357\277\275\357\277\275]" },
    { "data: \xf0\x9f\x8e\x89 \xe6\xbc\xa2\n\n", "[\xf0\x9f\x8e\x89 \xe6\xbc\xa2]" },
    { "data: a\r\n\ndata: b\n\r\n", "[a][b]" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (guint longest = 1; longest < 20; longest++)
      {
        g_autofree char *events = parse_in_pieces (cases[i].text, strlen (cases[i].text), longest);
        g_assert_cmpstr (events, ==, cases[i].events);
      }
}

/* Random bytes of those that mean something: however they are cut, the events are the same. */
static void
test_sse_random (void)
{
  static const char bytes[] = "data:  \n\r\n\r:x{}\xef\xbb\xbf\xe6\xbc";

  for (int i = 0; i < 3000; i++)
    {
      char text[200];
      gsize length = g_test_rand_int_range (0, sizeof text);

      for (gsize k = 0; k < length; k++)
        text[k] = bytes[g_test_rand_int_range (0, sizeof bytes - 1)];
      g_autofree char *whole = parse_in_pieces (text, length, sizeof text);
      g_autofree char *pieces = parse_in_pieces (text, length, 3);
      g_assert_cmpstr (whole, ==, pieces);
    }
}

static void
test_sse_limit (void)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree char *block = g_malloc0 (1 << 20);
  /* one endless line; lines without end of one event */
  for (int kind = 0; kind < 2; kind++)
    {
      g_autoptr (RiposteSse) sse = riposte_sse_new (collect, out);
      g_autoptr (GError) error = NULL;

      memset (block, 'x', 1 << 20);
      if (kind)
        for (gsize i = 0; i + 100 < 1 << 20; i += 100)
          memcpy (block + i, "\ndata:", 6);
      for (int i = 0; i < 20 && !error; i++)
        riposte_sse_feed (sse, block, 1 << 20, &error);
      g_assert_error (error, RIPOSTE_REMOTE_ERROR, RIPOSTE_REMOTE_ERROR_PROTOCOL);
    }
  g_assert_cmpuint (out->len, ==, 0);
}

/* ---- objects ---- */

static void
on_text (RiposteRemoteTextKind kind, const char *text, gpointer user_data)
{
  g_assert_true (g_utf8_validate (text, -1, NULL) && *text);
  g_string_append (user_data, text);
}

/* Each beginning of an object, and each with a byte that is another, is taken or refused, and no more. */
static void
test_reply_broken (void)
{
  static const char json[]
    = "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\\ud83d\\ude00\",\"reasoning\":\"b\"},"
      "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":-4},\"error\":null}";
  gsize n = strlen (json);
  g_autoptr (GString) text = g_string_new (NULL);
  RiposteRemoteReply reply = { .on_text = on_text, .user_data = text };

  g_assert_true (riposte_remote_reply_take (&reply, json, n, NULL, NULL));
  g_assert_true (reply.finished && reply.has_answer && reply.has_reasoning && !reply.has_usage);
  g_assert_true (g_str_equal (text->str, "ba\xf0\x9f\x98\x80"));
  for (gsize i = 0; i < n; i++)
    {
      g_autofree char *cut = g_memdup2 (json, MAX (i, 1));
      g_autoptr (GError) error = NULL;
      g_autofree char *param = NULL, *detail = NULL;

      g_assert_false (riposte_remote_reply_take (&reply, cut, i, NULL, &error));
      g_assert_error (error, RIPOSTE_REMOTE_ERROR, RIPOSTE_REMOTE_ERROR_PROTOCOL);
      detail = riposte_remote_describe_body (cut, i, "secret", &param);
      g_assert_null (detail);
    }
  for (int i = 0; i < 5000; i++)
    {
      g_autofree char *other = g_memdup2 (json, n);
      g_autofree char *param = NULL, *detail = NULL;

      other[g_test_rand_int_range (0, n)] = (char)g_test_rand_int_range (0, 256);
      riposte_remote_reply_take (&reply, other, n, NULL, NULL);
      detail = riposte_remote_describe_body (other, n, "secret", &param);
    }
}

/* Each object of a case is a piece of a stream; "-" before one is reasoning. */
static void
test_halves (void)
{
  static const struct
  {
    const char *pieces[4], *text;
  } cases[] = {
    { { "a\\ud83d", "\\ude00b" }, "a😀b" },
    { { "\\uD83D", "", "\\uDE00" }, "😀" },
    { { "\\ud83d\\ude00" }, "😀" },
    { { "a\\ud83d", "b" }, "a\357\277\275b" },
    { { "a\\ud83d" }, "a\357\277\275" },
    { { "\\ude00a" }, "\357\277\275a" },
    { { "\\ud83d\\ud83d", "\\ude00\\ude00" }, "\357\277\275😀\357\277\275" },
    { { "\\ud83dx\\ude00" }, "\357\277\275x\357\277\275" },
    { { "\\ud83d\\u0041" }, "\357\277\275A" },
    { { "\\\\ud83d" }, "\\ud83d" },
    { { "\\\\\\ud83d", "\\ude00" }, "\\😀" },
    { { "-\\ud83d", "\\ude00" }, "\357\277\275\357\277\275" },
    { { "-\\ud83d", "-\\ude00", "c" }, "😀c" },
    { { "\\ufdd0d83d", "\\ude00" }, "\357\277\275d83d\357\277\275" },
    { { "\357\267\220d83d\\ud83d", "\\ude00" }, "\357\277\275d83d😀" },
    { { "\\u20ac\\udbff", "\\udfff" }, "€\364\217\277\277" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GString) text = g_string_new (NULL);
      RiposteRemoteReply reply = { .on_text = on_text, .user_data = text };
      static const char end[] = "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}";

      for (gsize k = 0; k < G_N_ELEMENTS (cases[i].pieces) && cases[i].pieces[k]; k++)
        {
          const char *piece = cases[i].pieces[k];
          g_autofree char *json = g_strdup_printf ("{\"choices\":[{\"delta\":{\"%s\":\"%s\"}}]}",
                                                   *piece == '-' ? "reasoning" : "content", piece + (*piece == '-'));
          g_autoptr (GError) error = NULL;

          riposte_remote_reply_take (&reply, json, strlen (json), NULL, &error);
          g_assert_no_error (error);
        }
      g_assert_true (riposte_remote_reply_take (&reply, end, strlen (end), NULL, NULL));
      g_assert_cmpstr (text->str, ==, cases[i].text);
    }
}

static void
test_error_bodies (void)
{
  static const char *const cases[][2] = {
    { "{\"error\":{\"message\":\"key secret is wrong\",\"param\":\"seed\"}}", "key … is wrong" },
    { "{\"error\":\"no\"}", "no" },
    { "{\"detail\":\"a\\nb\\u001b[31m\\u202e\"}", "a b␛[31m\357\277\275" },
    { "[{\"error\":{\"message\":\"in a list\"}}]", "in a list" },
    { "{\"error\":\"half \\ud83d\"}", "half \357\277\275" },
    { "{\"error\":{}}", NULL },
    { "{\"detail\":[{\"msg\":\"x\"}]}", "x" },
    { "{\"errors\":[{\"message\":\"y\"}]}", "y" },
    { "{\"errors\":[3]}", NULL },
    { "{\"errors\":[3,\"z\"]}", "z" },
    { "{\"error\":{\"code\":\"insufficient_quota\",\"message\":null}}", "insufficient_quota" },
    { "{\"error\":{\"error\":{\"message\":\"within\"}},\"type\":\"x\"}", "within" },
    { "{\"detail\":{\"error\":\"in a detail\"}}", "in a detail" },
    { "{\"message\":[\"\",\"the first\",\"second\"]}", "the first" },
    { "{\"status\":404,\"error\":\"Not Found\",\"message\":\"\"}", "Not Found" },
    { "{\"title\":\"Bad Request\",\"status\":400,\"detail\":\"of RFC 9457\"}", "of RFC 9457" },
    { "{\"title\":\"Bad Request\",\"type\":\"about:blank\"}", "Bad Request" },
    { "{\"code\":3,\"msg\":\"short\"}", "short" },
    { "\nThe secret model\n is loading\n", "The … model is loading" },
    { "<html>", NULL },
    { "", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *param = NULL;
      g_autofree char *detail = riposte_remote_describe_body (cases[i][0], strlen (cases[i][0]), "secret", &param);

      g_assert_cmpstr (detail, ==, cases[i][1]);
      g_assert_cmpstr (param, ==, i == 0 ? "seed" : NULL);
    }
}

/* However few bytes there are of it, it is not taken for something else than it is. */
static void
test_body (void)
{
  static const struct
  {
    const char *type, *bytes;
    RiposteRemoteBody body;
    gsize start;
  } cases[] = {
    { "text/event-stream", "\xef\xbb\xbf: hello", RIPOSTE_REMOTE_BODY_STREAM, 3 },
    { "text/event-stream", "\r\n data: x", RIPOSTE_REMOTE_BODY_STREAM, 3 },
    { "text/event-stream", " {\"error\": 1}", RIPOSTE_REMOTE_BODY_WHOLE, 1 },
    { "application/json", "\xef\xbb\xbf{}", RIPOSTE_REMOTE_BODY_WHOLE, 3 },
    { "Application/JSON", "data: x", RIPOSTE_REMOTE_BODY_STREAM, 0 },
    { "text/plain", "event: x", RIPOSTE_REMOTE_BODY_STREAM, 0 },
    { "text/plain", "Hello", RIPOSTE_REMOTE_BODY_OTHER, 0 },
    { NULL, "[1]", RIPOSTE_REMOTE_BODY_WHOLE, 0 },
    { NULL, "<html>", RIPOSTE_REMOTE_BODY_OTHER, 0 },
    { "text/html", "{}", RIPOSTE_REMOTE_BODY_OTHER, 0 },
    { "image/png", "data: x", RIPOSTE_REMOTE_BODY_OTHER, 0 },
    { "text/event-stream", " \r\n\t", RIPOSTE_REMOTE_BODY_UNKNOWN, 4 },
  };
  char *param;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize n = 0; n <= strlen (cases[i].bytes); n++)
      {
        gsize start;
        RiposteRemoteBody body
          = riposte_remote_body_of (cases[i].type, n ? (const guint8 *)cases[i].bytes : NULL, n, &start);

        g_assert_cmpuint (start, <=, n);
        if (body != RIPOSTE_REMOTE_BODY_UNKNOWN || n == strlen (cases[i].bytes))
          g_assert_cmpint (body, ==, cases[i].body);
        if (n == strlen (cases[i].bytes) && body != RIPOSTE_REMOTE_BODY_OTHER)
          g_assert_cmpuint (start, ==, cases[i].start);
      }
  g_assert_null (riposte_remote_describe_body (NULL, 0, NULL, &param));
}

/* ---- headers, addresses, keys ---- */

static void
test_retry_after (void)
{
  static const struct
  {
    const char *value, *date;
    gint64 seconds;
  } cases[] = {
    { "0", NULL, 0 },
    { "120", NULL, 120 },
    { "99999999999999999999", NULL, -1 },
    { "-5", NULL, -1 },
    { "soon", NULL, -1 },
    { "", NULL, -1 },
    { NULL, NULL, -1 },
    { "9999999999", NULL, 30 * 24 * 3600 },
    { "Wed, 21 Oct 2015 07:28:30 GMT", "Wed, 21 Oct 2015 07:28:00 GMT", 30 },
    { "Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:29:00 GMT", 0 },
    { "Wed, 21 Oct 2015 07:28:00 GMT", NULL, 0 },
    { "Wed, 21 Oct 2015 07:28:30 GMT", "no date", 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (riposte_remote_parse_retry_after (cases[i].value, cases[i].date), ==, cases[i].seconds);
}

static void
test_addresses (void)
{
  static const struct
  {
    const char *text, *base, *origin;
    gboolean plain; /* and allowed to be */
  } cases[] = {
    { "https://api.example.com/v1", "https://api.example.com/v1", "https://api.example.com", FALSE },
    { "  https://API.example.com:443/v1// ", "https://API.example.com:443/v1", "https://api.example.com", FALSE },
    { "https://example.com:8443", "https://example.com:8443", "https://example.com:8443", FALSE },
    { "https://example.com/v1/chat/completions/", "https://example.com/v1", "https://example.com", FALSE },
    { "http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1", "http://127.0.0.1:8080", FALSE },
    { "http://[::1]:8080/v1", "http://[::1]:8080/v1", "http://[::1]:8080", FALSE },
    { "http://localhost/v1", "http://localhost/v1", "http://localhost", FALSE },
    { "http://0.0.0.0:8000/v1", "http://0.0.0.0:8000/v1", "http://0.0.0.0:8000", FALSE },
    { "http://[::]:8000/v1", "http://[::]:8000/v1", "http://[::]:8000", FALSE },
    { "http://192.168.1.5:8000/v1", "http://192.168.1.5:8000/v1", "http://192.168.1.5:8000", TRUE },
    { "http://192.168.1.5:8000/v1", NULL, NULL, FALSE },
    { "http://127.0.0.1.example.com/v1", NULL, NULL, FALSE },
    { "http://user@127.0.0.1/v1", NULL, NULL, FALSE },
    { "https://example.com/v1?x=1", NULL, NULL, FALSE },
    { "https://example.com\\@evil.example/v1", NULL, NULL, FALSE },
    { "example.com/v1", NULL, NULL, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RiposteRemoteAddress) address = riposte_remote_address_new (cases[i].text, cases[i].plain, &error);

      g_assert_cmpstr (address ? address->base : NULL, ==, cases[i].base);
      g_assert_cmpstr (address ? address->origin : NULL, ==, cases[i].origin);
      if (!address)
        g_assert_error (error, RIPOSTE_REMOTE_ERROR, RIPOSTE_REMOTE_ERROR_ADDRESS);
    }
}

static void
test_models (void)
{
  static const struct
  {
    const char *json, *names;
  } cases[] = {
    { "{\"data\":[{\"id\":\"b\"},{\"id\":\"a/c:free\"},{\"id\":\"\"},{\"id\":3},{},7,null]}", "a/c:free,b" },
    { "{\"data\":[{\"id\":\"a\\u202eb\"},{\"id\":\"a\\nb\"},{\"id\":\"\\u001b[31m\"}]}", "" },
    { "{\"data\":[]}", "" },
    { "{\"data\":{}}", NULL },
    { "[]", NULL },
    { "<html>", NULL },
    { "", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (GStrv) names = riposte_remote_parse_models (cases[i].json, strlen (cases[i].json));
      g_autofree char *joined = names ? g_strjoinv (",", names) : NULL;

      g_assert_cmpstr (joined, ==, cases[i].names);
    }
}

static void
test_private_networks (void)
{
  static const struct
  {
    const char *text;
    gboolean plain, is_private;
  } cases[] = {
    { "http://192.168.1.5:8000/v1", TRUE, TRUE },    { "http://10.0.0.1/v1", TRUE, TRUE },
    { "http://172.31.255.1/v1", TRUE, TRUE },        { "http://172.32.0.1/v1", TRUE, FALSE },
    { "http://169.254.3.4/v1", TRUE, TRUE },         { "http://8.8.8.8/v1", TRUE, FALSE },
    { "http://[fd12:3456::1]:8000/v1", TRUE, TRUE }, { "http://[fe80::1]/v1", TRUE, TRUE },
    { "http://[2001:db8::1]/v1", TRUE, FALSE },      { "http://nas:8000/v1", TRUE, TRUE },
    { "http://NAS.local/v1", TRUE, TRUE },           { "http://gpu.home.arpa/v1", TRUE, TRUE },
    { "http://example.com/v1", TRUE, FALSE },        { "http://192.168.1.5.example.com/v1", TRUE, FALSE },
    { "http://134744072/v1", TRUE, FALSE }, /* 8.8.8.8 */
    { "http://0x8080808/v1", TRUE, FALSE },          { "http://notlocal/v1", TRUE, TRUE },
    { "http://evil.notlan/v1", TRUE, FALSE },        { "http://127.0.0.1/v1", FALSE, FALSE },
    { "https://192.168.1.5/v1", FALSE, TRUE },       { "https://example.com/v1", FALSE, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RiposteRemoteAddress) address = riposte_remote_address_new (cases[i].text, TRUE, NULL);

      g_test_message ("%s", cases[i].text);
      g_assert_nonnull (address);
      g_assert_cmpint (address->plain, ==, cases[i].plain);
      g_assert_cmpint (address->is_private, ==, cases[i].is_private);
    }
}

static void
test_keys (void)
{
  static const char *const bad[] = { "", " ", "a b", "a\n", "a\rb", "\x7f", "ä", "a\x01" };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *text = g_strdup (bad[i]);
      g_autoptr (GError) error = NULL;

      g_assert_null (riposte_remote_key_new (text, &error));
      g_assert_error (error, RIPOSTE_REMOTE_ERROR, RIPOSTE_REMOTE_ERROR_KEY);
      g_assert_cmpstr (text, ==, "");
    }
  char text[] = "sk-good";
  g_autoptr (RiposteRemoteKey) key = riposte_remote_key_new (text, NULL);
  g_assert_cmpstr (riposte_remote_key_get_text (key), ==, "sk-good");
  for (gsize i = 0; i < sizeof text; i++)
    g_assert_cmpint (text[i], ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/remote/sse", test_sse);
  g_test_add_func ("/remote/sse-random", test_sse_random);
  g_test_add_func ("/remote/sse-limit", test_sse_limit);
  g_test_add_func ("/remote/reply-broken", test_reply_broken);
  g_test_add_func ("/remote/halves", test_halves);
  g_test_add_func ("/remote/error-bodies", test_error_bodies);
  g_test_add_func ("/remote/body", test_body);
  g_test_add_func ("/remote/retry-after", test_retry_after);
  g_test_add_func ("/remote/addresses", test_addresses);
  g_test_add_func ("/remote/models", test_models);
  g_test_add_func ("/remote/private-networks", test_private_networks);
  g_test_add_func ("/remote/keys", test_keys);
  return g_test_run ();
}
