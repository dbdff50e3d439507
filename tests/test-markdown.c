/* Markdown of answers: what becomes of it, that it comes to the same in pieces, and that it does no harm. */
#include "markdown/block-text.h"
#include "markdown/fence-path.h"
#include "markdown/markdown.h"
#include "markdown/text-direction.h"
#include "plain-text.h"

#include <pango/pango.h>
#include <string.h>

static void
describe (GString *out, const RiposteBlock *block)
{
  static const char *const names[]
    = { "p", "h", "code", "list", "item", "quote", "table", "row", "cell", "rule", "formula", "group" };

  g_string_append (out, names[block->kind]);
  if (block->level)
    g_string_append_printf (out, "%d", block->level);
  if (block->kind == RIPOSTE_BLOCK_ITEM)
    g_string_append_printf (out, "#%d", block->number);
  if (block->align)
    g_string_append_printf (out, "@%d", block->align);
  if (block->markup)
    g_string_append_printf (out, "'%s'", block->markup);
  if (block->code)
    g_string_append_printf (out, "[%s]'%s'", block->info, block->code);
  if (!block->children)
    return;
  g_string_append_c (out, '(');
  for (guint i = 0; i < block->children->len; i++)
    {
      if (i)
        g_string_append_c (out, ' ');
      describe (out, block->children->pdata[i]);
    }
  g_string_append_c (out, ')');
}

static char *
describe_all (RiposteMarkdown *markdown)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < riposte_markdown_get_n_blocks (markdown); i++)
    {
      if (i)
        g_string_append_c (out, ' ');
      describe (out, riposte_markdown_get_block (markdown, i));
    }
  return g_string_free (out, FALSE);
}

static const struct
{
  const char *text, *blocks;
} samples[] = {
  { "", "" },
  { "Hello *you* and **me**, `a < b`.", "p'Hello <i>you</i> and <b>me</b>, <tt>a &lt; b</tt>.'" },
  { "# One\n\n## Two\ntext", "h1'One' h2'Two' p'text'" },
  { "```python\ndef f():\n    return 1\n```\nafter", "code[python]'def f():\n    return 1' p'after'" },
  { "```c\nint x;", "code[c]'int x;'" },
  { "    indented\n", "code[]'indented'" },
  { "- a\n- b\n  - c\n", "list(item#-1(p'a') item#-1(p'b' list(item#-1(p'c'))))" },
  { "3. a\n4. b\n", "list(item#3(p'a') item#4(p'b'))" },
  { "- [ ] a\n- [x] b\n", "list(item#-2(p'a') item#-3(p'b'))" },
  { "> quoted\n> more", "quote(p'quoted more')" },
  { "a | b\n:-|-:\n1 | **2**\n", "table(row(cell@1'a' cell@3'b') row(cell@1'1' cell@3'<b>2</b>'))" },
  { "one\n\n---\n\ntwo", "p'one' rule p'two'" },
  { "~~gone~~", "p'<s>gone</s>'" },
  { "[text](https://example.org/a?b=1&c=2)",
    "p'<a href=\"https://example.org/a?b=1&amp;c=2\" title=\"https://example.org/a?b=1&amp;c=2\">text</a>'" },
  /* what is no web address is shown and does nothing */
  { "[text](javascript:alert(1))", "p'text (javascript:alert(1))'" },
  { "[text](file:///etc/passwd)", "p'text (file:///etc/passwd)'" },
  { "[text](http:/odd)", "p'text (http:/odd)'" },
  /* an image is a link to it */
  { "![alt](https://example.org/p.png)",
    "p'<a href=\"https://example.org/p.png\" title=\"https://example.org/p.png\">alt</a>'" },
  { "![alt](file:///p.png)", "p'alt (file:///p.png)'" },
  /* HTML and Pango's markup are text */
  { "a <b>bold</b> <span size='99999'>x</span>",
    "p'a &lt;b&gt;bold&lt;/b&gt; &lt;span size=&apos;99999&apos;&gt;x&lt;/span&gt;'" },
  { "<script>x</script>\n", "p'&lt;script&gt;x&lt;/script&gt;'" },
  { "&lt;i&gt; &amp;", "p'&lt;i&gt; &amp;'" },
  /* mathematics: in a line, on lines of its own, and what is none */
  { "so $x_1^2$ is", "p'so <span lang=\"x-tex\">$x_1^2$</span> is'" },
  { "it costs $5 and $6", "p'it costs $5 and $6'" },
  { "$HOME/$USER, $a$b, 5$-6$", "p'$HOME/$USER, $a$b, 5$-6$'" },
  { "\\$x$ is \\(y\\)", "p'$x$ is <span lang=\"x-tex\">\\(y\\)</span>'" },
  { "$ x + y $, $ \\log n $, $ 2^n $; $ 5 and $ 6, $ 5 = $ 5, $ make all $ or $x $",
    "p'<span lang=\"x-tex\">$x + y$</span>, <span lang=\"x-tex\">$\\log n$</span>, <span lang=\"x-tex\">$2^n$</span>; "
    "$ 5 and $ 6, $ 5 = $ 5, $ make all $ or $x $'" },
  /* what follows on the last of its lines belongs to the paragraph, the list and the quote all the same */
  { "- a \\(x\n  + y\n  + z\\) b\n- c",
    "list(item#-1(p'a <span lang=\"x-tex\">\\(x   + y   + z\\)</span> b') item#-1(p'c'))" },
  { "1. a\n   $$\n   x\n   $$, *b*\n2. c", "list(item#1(group(p'a' formula[(null)]'x' p', <i>b</i>')) item#2(p'c'))" },
  { "> $$\n> x\n> $$.\n> there", "quote(group(formula[(null)]'x' p'.') p'there')" },
  /* an environment needs nothing around it; what is none is text */
  { "so\n\\begin{align*}\na &= b \\\\\n- c\n\\end{align*}\nthere",
    "group(p'so' formula[(null)]'\\begin{align*}\na &= b \\\\\n- c\n\\end{align*}') p'there'" },
  { "> \\begin{cases}\n> _x_ \\\\ y", "quote(p'<tt>\\begin{cases}\n _x_ \\\\ y</tt>')" },
  { "\\begin{itemize} *x* \\end{itemize} or \\begin{matrix} *x* \\end{matrix}",
    "p'\\begin{itemize} <i>x</i> \\end{itemize} or \\begin{matrix} <i>x</i> \\end{matrix}'" },
  { "`$x$` and\n```\n$x$\n```\n", "p'<tt>$x$</tt> and' code[]'$x$'" },
  { "    $x$\n", "code[]'$x$'" },
  { "see\n$$\n\\frac{a}{b}\n$$\nthere", "group(p'see' formula[(null)]'\\frac{a}{b}') p'there'" },
  { "\\[ x \\]", "group(formula[(null)]'x')" },
  { "> so\n> $$\n> x\n> + y\n> $$\n> there\n>\n> more",
    "quote(group(p'so' formula[(null)]'x\n + y') p'there' p'more')" },
  { "> > \\[\n> > a\n> > \\]\n\nb", "quote(quote(group(formula[(null)]'a'))) p'b'" },
  { "**$$x$$**", "p'<b><span lang=\"x-tex\">$$x$$</span></b>'" },
  { "broken $\\frac{a$ stays, $$\\frac{a\\, _x_$$ too",
    "p'broken $\\frac{a$ stays, <tt>$$\\frac{a\\, _x_$$</tt> too'" },
  { "$$\na _b_\nc _d_\n\n_e_", "p'<tt>$$a _b_\nc _d_</tt>' p'<i>e</i>'" },
  { "$a_1+b_2=c_3+d_4+e_5+f_6, -x$", "p'<span lang=\"x-tex\">$a_1+ b_2= c_3+ d_4+ e_5+ f_6, -x$</span>'" },
  { "a<br>b<BR/>c<b>", "p'a\nb\nc&lt;b&gt;'" },
  { "me@example.org, <ftp://x.y/z>, [x](ftp://x.y)", "p'me@example.org, ftp://x.y/z, x (ftp://x.y)'" },
  { "![](https://e.org/y.png)",
    "p'<a href=\"https://e.org/y.png\" title=\"https://e.org/y.png\">https://e.org/y.png</a>'" },
  { "see \\[1\\], \\(or so\\), pid $$ _x_", "p'see [1], (or so), pid $$ <i>x</i>'" },
  { "| $a$ |\n|---|\n", "table(row(cell'<span lang=\"x-tex\">$a$</span>'))" },
  { "[$x$](https://example.org/$a$)",
    "p'<a href=\"https://example.org/$a$\" title=\"https://example.org/$a$\"><span lang=\"x-tex\">$x$</span></a>'" },
  { "$a<b$ &lt;$\\text{<i>}$",
    "p'<span lang=\"x-tex\">$a&lt;b$</span> &lt;<span lang=\"x-tex\">$\\text{&lt;i&gt;}$</span>'" },
  { "&#xFDD0;7&#xFDD1; $x$", "p'\357\277\2757\357\277\275 <span lang=\"x-tex\">$x$</span>'" },
  /* an entity is no way around */
  { "x &#x202e; y", "p'x \357\277\275 y'" },
};

static void
test_samples (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (samples); i++)
    {
      g_autoptr (RiposteMarkdown) markdown = riposte_markdown_new ();
      g_autofree char *blocks = NULL;

      riposte_markdown_append (markdown, samples[i].text);
      riposte_markdown_finish (markdown);
      blocks = describe_all (markdown);
      g_assert_cmpstr (blocks, ==, samples[i].blocks);
    }
}

static const char document[]
  = "# Title\n\nA paragraph with *emphasis* and `code`,\nand #include in it.\n#include <x>\n\n"
    "1. one\n2. two\n\n   more of two\n\n   ```sh\n   ls -l\n   ```\n\n- other\n\n"
    "> quote\n> - in it\n\nSo $x_1$ and\n$$\nx\n- y\n$$.\n\n\\begin{align}\nx\n- y\n\\end{align}, or "
    "\\[\n\\begin{split}\na\n\\end{split}\n\\]\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
    "```c\nint main (void)\n{\n  return 0;\n}\n```\n\nSetext\n======\n\nA table:\na | b\n--|--\n1 | 2\n\n"
    "A [ref][r] \xc3\xa4\xe2\x82\xac.\n\n"
    "<div>\nhtml\n</div>\n\n***\n\nlast line\nof it\n\n[r]: https://example.org\n";

/* Whatever the pieces, the end is the same, and what is open is what parsing the whole so far gives. */
static void
test_pieces (void)
{
  g_autoptr (RiposteMarkdown) whole = riposte_markdown_new ();
  g_autofree char *expected = NULL;

  riposte_markdown_append (whole, document);
  riposte_markdown_finish (whole);
  expected = describe_all (whole);
  for (int round = 0; round < 60; round++)
    {
      g_autoptr (RiposteMarkdown) markdown = riposte_markdown_new ();
      g_autofree char *blocks = NULL;

      for (const char *p = document; *p;)
        {
          int n = round == 0 ? 1 : g_test_rand_int_range (1, 2 + round);
          const char *end = p;
          g_autofree char *piece = NULL;

          while (n-- > 0 && *end)
            end = g_utf8_next_char (end);
          piece = g_strndup (p, end - p);
          riposte_markdown_append (markdown, piece);
          p = end;
        }
      riposte_markdown_finish (markdown);
      blocks = describe_all (markdown);
      g_assert_cmpstr (blocks, ==, expected);
    }
}

/* At every prefix, the blocks are those of the prefix parsed at once, but for references that came too late. */
static void
test_prefixes (void)
{
  for (int longest = 1; longest < 200; longest *= 3)
    {
      g_autoptr (RiposteMarkdown) growing = riposte_markdown_new ();
      const char *next;

      for (const char *p = document; *p; p = next)
        {
          g_autoptr (RiposteMarkdown) once = riposte_markdown_new ();
          g_autofree char *piece = NULL, *prefix = NULL, *a = NULL, *b = NULL;

          next = p;
          for (int n = g_test_rand_int_range (1, longest + 1); n > 0 && *next; n--)
            next = g_utf8_next_char (next);
          piece = g_strndup (p, next - p);
          prefix = g_strndup (document, next - document);
          riposte_markdown_append (growing, piece);
          riposte_markdown_append (once, prefix);
          riposte_markdown_finish (once);
          a = describe_all (growing);
          b = describe_all (once);
          if (!strstr (prefix, "[r]:"))
            g_assert_cmpstr (a, ==, b);
        }
    }
}

/* Closed blocks keep their identity and are not parsed again. */
static void
test_closed_blocks (void)
{
  g_autoptr (RiposteMarkdown) markdown = riposte_markdown_new ();
  RiposteBlock *first;
  gsize most = 0;

  riposte_markdown_append (markdown, "First.\n\nSecond.\n\n");
  first = riposte_markdown_get_block (markdown, 0);
  for (int i = 0; i < 2000; i++)
    {
      guint changed = riposte_markdown_append (markdown, "word word word.\n\n");

      g_assert_cmpuint (changed, >=, (guint)i + 1);
      most = MAX (most, riposte_markdown_get_n_parsed (markdown));
    }
  g_assert_true (riposte_markdown_get_block (markdown, 0) == first);
  g_assert_cmpuint (riposte_markdown_get_n_blocks (markdown), ==, 2002);
  g_assert_cmpuint (most, <, 200);
  g_assert_cmpuint (riposte_markdown_finish (markdown), ==, 2002);
  g_assert_true (riposte_markdown_get_block (markdown, 0) == first);
}

/* Nesting without end neither overflows the stack nor the widgets. */
static void
test_depth (void)
{
  static const char *const openings[] = { "> ", "- ", "*a ", "[", "**", "1. " };

  for (gsize i = 0; i < G_N_ELEMENTS (openings); i++)
    {
      g_autoptr (RiposteMarkdown) markdown = riposte_markdown_new ();
      GString *text = g_string_new (NULL);
      g_autofree char *blocks = NULL;

      for (int j = 0; j < 5000; j++)
        g_string_append (text, openings[i]);
      g_string_append (text, "x");
      riposte_markdown_append (markdown, text->str);
      riposte_markdown_finish (markdown);
      blocks = describe_all (markdown);
      g_assert_nonnull (strchr (blocks, 'x'));
      g_string_free (text, TRUE);
    }
}

static void
test_plain_text (void)
{
  static const struct
  {
    const char *from, *to;
  } texts[] = {
    { "a\tb\nc", "a\tb\nc" },
    { "a\r\nb\rc", "a\nb\nc" },
    { "\033[31mred\a", "\342\220\233[31mred\342\220\207" },
    { "a\342\200\256b\342\201\246c", "a\357\277\275b\357\277\275c" },
    { "\302\205\177", "\357\277\275\342\220\241" },
    { "\xff", "\357\277\275" },
    { "\303\244 \360\237\221\251\342\200\215\360\237\222\273",
      "\303\244 \360\237\221\251\342\200\215\360\237\222\273" },
    { "\363\240\201\201", "\357\277\275" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *plain = riposte_plain_text (texts[i].from, -1);
      g_assert_cmpstr (plain, ==, texts[i].to);
    }
}

static void
test_titles (void)
{
  static const struct
  {
    const char *from, *to;
  } titles[] = {
    { "Write a function", "Write a function" },
    { "  one   two\nthree", "one two" },
    { "a word too many here", "a word too…" },
    { "incomprehensibilities", "incomprehen…" },
    { "", "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (titles); i++)
    {
      g_autofree char *title = riposte_title_of_text (titles[i].from, i < 2 ? 40 : 12);
      g_assert_cmpstr (title, ==, titles[i].to);
    }
}

/* What a search of a chat jumps to. */
static void
test_block_text (void)
{
  g_autoptr (GPtrArray) blocks = NULL;
  static const char text[] = "> See [*the* link](https://example.org/?a&b) & `x < y`, $z^2$\n>\n> - one\n> - two";
  g_autofree char *words = NULL;

  blocks = riposte_markdown_parse (text, strlen (text), NULL);
  g_assert_cmpuint (blocks->len, ==, 1);
  words = riposte_block_dup_text (blocks->pdata[0]);
  g_assert_cmpstr (words, ==, "See the link & x < y, $z^2$\none\ntwo\n");
}

static void
test_addresses (void)
{
  g_assert_true (riposte_is_web_address ("https://example.org/x?y#z"));
  g_assert_true (riposte_is_web_address ("HTTP://example.org"));
  g_assert_false (riposte_is_web_address ("https:example.org"));
  g_assert_false (riposte_is_web_address ("ftp://example.org"));
  g_assert_false (riposte_is_web_address ("javascript:1"));
  g_assert_false (riposte_is_web_address ("https://example.org/\nx"));
  g_assert_false (riposte_is_web_address ("/etc/passwd"));
  g_assert_false (riposte_is_web_address (""));
}

/* As it is shown before a link opens: nothing of it looks like another host. */
static void
test_shown_addresses (void)
{
  static const char *const rows[][2] = {
    { "https://example.org/\303\244", "https://example.org/\303\244" },
    { "https://\320\260pple.com/x", "https://xn--pple-43d.com/x" },
    { "https://user@\320\260pple.com:80?q", "https://user@xn--pple-43d.com:80?q" },
    { "https://paypal.com@evil.example/", "https://paypal.com@evil.example/" },
    { "https://a.example\342\200\256/x", "https://a.example\357\277\275/x" },
    { "https://[::1]:80/", "https://[::1]:80/" },
    { "https://", "https://" },
    { "nothing", "nothing" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *shown = riposte_plain_address (rows[i][0]);

      g_assert_cmpstr (shown, ==, rows[i][1]);
    }
}

/* What cannot be seen does not stay unseen, but where a script needs it. */
static void
test_invisible (void)
{
  static const char *const rows[][2] = {
    { "a\342\200\213b", "a\357\277\275b" }, /* zero-width space */
    { "a\342\200\215b", "a\357\277\275b" }, /* joiner between Latin letters */
    { "\331\205\333\214\342\200\214\330\256", "\331\205\333\214\342\200\214\330\256" },                 /* in Persian */
    { "\360\237\221\251\342\200\215\360\237\222\273", "\360\237\221\251\342\200\215\360\237\222\273" }, /* emoji */
    { "\357\273\277a", "\357\277\275a" },                         /* byte order mark */
    { "a\302\255b", "a\357\277\275b" },                           /* soft hyphen */
    { "a\363\240\204\200b", "a\357\277\275b" },                   /* variation selector 17 */
    { "\342\201\246x\342\201\251", "\357\277\275x\357\277\275" }, /* isolates */
    { "\033]0;title\a", "\342\220\233]0;title\342\220\207" },     /* a terminal's title */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *shown = riposte_plain_text (rows[i][0], -1);

      g_assert_cmpstr (shown, ==, rows[i][1]);
    }
}

static void
test_fence_paths (void)
{
  static const struct
  {
    const char *info, *before, *path, *code;
  } rows[] = {
    { "python", NULL, NULL },
    { "python title=src/a.py", NULL, "src/a.py" },
    { "python title=\"src/a.py\"", NULL, "src/a.py" },
    { "c:main.c", NULL, "main.c" },
    { "src/main.c", NULL, "src/main.c" },
    { "c++", NULL, NULL },
    { "{.rust}", NULL, NULL },
    { "ts src/a.ts", NULL, "src/a.ts" },
    { "python", "In <tt>src/a.py</tt>:", "src/a.py" },
    { "python", "Change <tt>x</tt> in <b>b.py</b> as follows:", "b.py" },
    { "python", "src/a.py:", "src/a.py" },
    { "", "File: Makefile", "Makefile" },
    { "python", "Use e.g. this:", NULL },
    { "python", "<tt>os.path</tt> helps, see <tt>https://example.org/a.py</tt>", "os.path" },
    { "python title=../../etc/passwd", NULL, NULL },
    { "sh", "<tt>rm -rf /</tt>", NULL },
    { "python", "<b>filename: a/b.py</b>", NULL },
    { "python", "filename: a/b.py", "a/b.py" },
    { "python", NULL, "src/a.py", "# src/a.py\nimport os" },
    { "c", "<tt>b.c</tt>", "a.c", "/* a.c */" },
    { "js", NULL, "src/App.jsx", "// File: src/App.jsx\n" },
    { "html", NULL, "index.html", "<!-- index.html -->" },
    { "sh", NULL, NULL, "#!/usr/bin/env sh" },
    { "python", NULL, NULL, "# Import the module.\n" },
    { "python title=x.py", NULL, "x.py", "# y.py" },
    { "c", NULL, NULL, "#include <a.h>" },
    { "c", NULL, NULL, "# ../x.c" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = riposte_fence_path (rows[i].info, rows[i].code, rows[i].before);

      g_assert_cmpstr (path, ==, rows[i].path);
    }
}

/* What is too large for one widget comes in several, with nothing lost, and the same in pieces. */
static void
test_large (void)
{
  g_autoptr (GString) words = g_string_new ("**"), list = g_string_new (NULL), table = g_string_new ("|a|b|\n|-|-|\n");

  for (int i = 0; i < 5000; i++)
    g_string_append_printf (words, "w%d &amp; ", i);
  g_string_append (words, "x**");
  for (int i = 0; i < 1000; i++)
    g_string_append_printf (list, "%d. item\n", i + 1);
  for (int i = 0; i < 1000; i++)
    g_string_append_printf (table, "|r%d|x|\n", i);
  {
    g_autoptr (GPtrArray) blocks = riposte_markdown_parse (words->str, words->len, NULL);
    g_autoptr (GString) all = g_string_new (NULL);

    g_assert_cmpuint (blocks->len, >, 5);
    for (guint i = 0; i < blocks->len; i++)
      {
        const RiposteBlock *block = blocks->pdata[i];
        g_autofree char *text = NULL;

        g_assert_cmpuint (strlen (block->markup), <, 9000);
        g_assert_true (g_str_has_prefix (block->markup, "<b>"));
        g_assert_true (pango_parse_markup (block->markup, -1, 0, NULL, &text, NULL, NULL));
        g_string_append (all, text);
      }
    g_assert_nonnull (strstr (all->str, "w0 & w1 & "));
    g_assert_nonnull (strstr (all->str, "w4998 & w4999 & x"));
  }
  {
    g_autoptr (GPtrArray) blocks = riposte_markdown_parse (list->str, list->len, NULL);
    guint n = 0;

    for (guint i = 0; i < blocks->len; i++)
      {
        GPtrArray *items = ((RiposteBlock *)blocks->pdata[i])->children;

        g_assert_cmpuint (items->len, <=, 40);
        for (guint k = 0; k < items->len; k++)
          g_assert_cmpint (((RiposteBlock *)items->pdata[k])->number, ==, (int)++n);
      }
    g_assert_cmpuint (n, ==, 1000);
  }
  {
    g_autoptr (GPtrArray) blocks = riposte_markdown_parse (table->str, table->len, NULL);

    g_assert_cmpuint (blocks->len, ==, 1);
    g_assert_cmpint (((RiposteBlock *)blocks->pdata[0])->kind, ==, RIPOSTE_BLOCK_CODE);
    g_assert_nonnull (strstr (((RiposteBlock *)blocks->pdata[0])->code, "|r999|x|"));
  }
  for (int i = 0; i < 3; i++)
    {
      const GString *source = i == 0 ? words : i == 1 ? list : table;
      g_autoptr (RiposteMarkdown) whole = riposte_markdown_new (), pieces = riposte_markdown_new ();
      g_autofree char *a = NULL, *b = NULL;

      riposte_markdown_append (whole, source->str);
      riposte_markdown_append (whole, "\n\nend");
      for (gsize at = 0; at < source->len; at += 1000)
        {
          g_autofree char *piece = g_strndup (source->str + at, 1000);
          riposte_markdown_append (pieces, piece);
        }
      riposte_markdown_append (pieces, "\n\nend");
      riposte_markdown_finish (pieces);
      a = describe_all (whole);
      b = describe_all (pieces);
      g_assert_cmpstr (a, ==, b);
      g_assert_true (g_str_has_suffix (a, "p'end'"));
    }
}

static void
test_directions (void)
{
  static const struct
  {
    const char *text;
    gboolean markup;
    GtkTextDirection direction;
  } rows[] = {
    { "Hello", TRUE, GTK_TEXT_DIR_LTR },
    { "", TRUE, GTK_TEXT_DIR_NONE },
    { "1. 42 – ✓", TRUE, GTK_TEXT_DIR_NONE },
    { "שלום world", TRUE, GTK_TEXT_DIR_RTL },
    { "hello שלום", TRUE, GTK_TEXT_DIR_LTR },
    { "12: مرحبا", TRUE, GTK_TEXT_DIR_RTL },
    { "<b>مرحبا</b>", TRUE, GTK_TEXT_DIR_RTL },
    { "<b>مرحبا</b>", FALSE, GTK_TEXT_DIR_LTR },
    { "&lt;<a href=\"x\">שלום</a>", TRUE, GTK_TEXT_DIR_RTL },
    { "<b", TRUE, GTK_TEXT_DIR_NONE },
    { "&amp", TRUE, GTK_TEXT_DIR_NONE },
    { "日本語", FALSE, GTK_TEXT_DIR_LTR },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpint (riposte_text_direction (rows[i].text, rows[i].markup), ==, rows[i].direction);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/markdown/samples", test_samples);
  g_test_add_func ("/markdown/pieces", test_pieces);
  g_test_add_func ("/markdown/prefixes", test_prefixes);
  g_test_add_func ("/markdown/closed-blocks", test_closed_blocks);
  g_test_add_func ("/markdown/depth", test_depth);
  g_test_add_func ("/markdown/plain-text", test_plain_text);
  g_test_add_func ("/markdown/titles", test_titles);
  g_test_add_func ("/markdown/block-text", test_block_text);
  g_test_add_func ("/markdown/addresses", test_addresses);
  g_test_add_func ("/markdown/shown-addresses", test_shown_addresses);
  g_test_add_func ("/markdown/invisible", test_invisible);
  g_test_add_func ("/markdown/fence-paths", test_fence_paths);
  g_test_add_func ("/markdown/directions", test_directions);
  g_test_add_func ("/markdown/large", test_large);
  return g_test_run ();
}
