/* Mathematics in TeX's notation: what is read, what is refused, how large it is laid out and where it is divided. */
#include "math/math-layout.h"

#include <pango/pangocairo.h>
#include <string.h>

static const char *const good[] = {
  "x",
  "x^2",
  "x_i^2",
  "x^{n+1}",
  "f'",
  "f''(x)",
  "\\frac{1}{2}",
  "\\frac12",
  "\\sqrt{x}",
  "\\sqrt[3]{x}",
  "\\left( \\frac{a}{b} \\right)",
  "\\left\\{ x \\right.",
  "\\sum_{i=1}^n i",
  "\\int\\limits_0^1 x\\,dx",
  "\\begin{matrix} a & b \\\\ c & d \\end{matrix}",
  "\\begin{cases} 1 & x > 0 \\\\ 0 & \\text{otherwise} \\end{cases}",
  "\\begin{array}{lr} a & b \\end{array}",
  "\\begin{align*} a &= b \\\\ &= c \\end{align*}",
  "\\mathbb{R}^n",
  "\\mathcal{O}(n)",
  "\\hat{x}",
  "\\overline{AB}",
  "\\vec v",
  "\\lim_{x \\to 0} \\sin x",
  "a \\bmod b",
  "a \\equiv b \\pmod n",
  "\\operatorname{tr} A",
  "\\binom{n}{k}",
  "\\alpha\\beta\\Gamma",
  "x \\in \\{1, 2\\}",
  "a % comment\n+ b",
  "\\foo",
  "\\foo{x} + \\bar y",
  "\\operatorname*{arg\\,min}_{\\theta} L(\\theta)",
  "A \\xrightarrow[g]{f} B \\xleftarrow{} C \\xRightarrow{x} D",
  "\\boxed{E = mc^2} \\tag{1}",
  "\\tag*{a} \\cancel{x}",
  "\\bigl( \\Big| \\frac{a}{b} \\Big|_0 \\bigr)",
  "\\left\\{ x \\;\\middle|\\; \\frac{x}{2} > 0 \\right\\}",
  "\\sum_{\\substack{i \\le n \\\\ i \\text{ odd}}} i",
  "\\sum\\nolimits_i^n",
  "{a \\over b} + {n \\choose k}",
  "\\begin{array}{c|cc} & A & B \\\\ \\hline 0 & 1 & 0 \\\\ \\hline \\end{array}",
  "\\begin{pmatrix} a \\\\[2ex] b \\\\ \\end{pmatrix}",
  "\\begin{alignat*}{2} a &= b \\end{alignat*}",
  "\\begin{eqnarray} a &=& b \\end{eqnarray}",
  "\\begin{bmatrix}[c] x \\end{bmatrix}",
  "a = b \\\\ c = d",
  "a &= b \\\\ &= d",
  "x \\not= y \\not\\in z",
  "\\text{if $x > 0$ and \\textbf{50\\%} of \\$5}",
  "\\ce{SO4^2- + 2H+ <=> H2SO4 -> X}",
  "\\color{red} x \\textcolor{blue}{y}",
  "\\hspace{1cm} \\phantom{x} \\displaystyle \\sum_i \\textstyle \\sum_i",
  "{\\bf x} y \\mathop{\\rm argmax}_x",
  "\\ket{\\psi} \\braket{a|b} \\norm{x} \\abs*{x}",
  "\\widehat{abc} \\overrightarrow{AB} \\overbrace{a}^{n} \\underbrace{b}_{m}",
  "{}^{14}_{6}C",
  "\\cfrac{1}{1 + \\cfrac{1}{x}}",
};

static const char *const bad[] = {
  "",
  "\\frac{a}",
  "{x",
  "x}",
  "x^",
  "x^2^3",
  "\\left( x",
  "\\text{$x}",
  "\\right)",
  "\\substack{a",
  "\\xrightarrow[x",
  "{a \\over",
  "\\ce",
  "\\begin{matrix} a",
  "\\begin{foo} a \\end{foo}",
  "\\",
  "a & b",
  "\\end{matrix}",
  "\\text{a",
  "_",
  "$",
  "\\begin{matrix} a \\end{cases}",
  "\\sqrt[3",
  "\\mathbb",
  "#1",
};

static void
test_reading (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (RiposteMath) math = riposte_math_parse (good[i]);

      if (!math)
        g_error ("“%s” was not read", good[i]);
      /* no beginning of it does harm */
      for (gsize n = 0; n < strlen (good[i]); n++)
        {
          g_autofree char *head = g_strndup (good[i], n);
          g_autoptr (RiposteMath) part = riposte_math_parse (head);
        }
    }
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (RiposteMath) math = riposte_math_parse (bad[i]);

      if (math)
        g_error ("“%s” was read", bad[i]);
    }
}

/* Neither the stack nor time without end. */
static void
test_limits (void)
{
  static const char *const pieces[]
    = { "{",      "\\sqrt{",          "\\frac{",  "x^{",         "\\left(",   "\\begin{matrix}",
        "\\hat",  "\\sqrt",           "\\text{$", "\\substack{", "{a\\over ", "\\xrightarrow[",
        "\\ket{", "\\left(\\middle|", "\\not" };

  for (gsize i = 0; i < G_N_ELEMENTS (pieces); i++)
    for (int n = 10; n <= 1000; n *= 10)
      {
        g_autoptr (GString) text = g_string_new (NULL);
        g_autoptr (RiposteMath) math = NULL;

        for (int j = 0; j < n; j++)
          g_string_append (text, pieces[i]);
        g_string_append (text, "x");
        for (int j = 0; j < n; j++)
          g_string_append (text, "}");
        math = riposte_math_parse (text->str);
        if (n >= 100)
          g_assert_null (math);
      }
}

/* Many cells are no matrix. */
static void
test_many_cells (void)
{
  g_autoptr (GString) text = g_string_new ("\\begin{matrix}");
  g_autoptr (RiposteMath) math = NULL;

  for (int i = 0; i < 3000; i++)
    g_string_append_c (text, '&');
  for (int i = 0; i < 2000; i++)
    g_string_append (text, "\\\\");
  g_string_append (text, "\\end{matrix}");
  math = riposte_math_parse (text->str);
  g_assert_null (math);
}

static RiposteMathBox *
lay_out (const char *tex)
{
  PangoContext *context = pango_font_map_create_context (pango_cairo_font_map_get_default ());
  g_autoptr (RiposteMath) math = riposte_math_parse (tex);
  RiposteMathBox *box;

  g_assert_nonnull (math);
  box = riposte_math_layout (math, context, NULL, 20, TRUE);
  g_object_unref (context);
  return box;
}

/* Each is higher, or wider, than the one before. */
static void
test_layout (void)
{
  static const char *const higher[][2] = {
    { "x", "x^2" },
    { "x", "x_2" },
    { "\\frac{1}{2}", "\\frac{1}{\\frac{2}{3}}" },
    { "a", "\\frac{a}{b}" },
    { "\\sum i", "\\sum_{i=1}^n i" },
    { "x", "\\sqrt{x}" },
    { "x", "\\hat{x}" },
    { "\\begin{matrix} a \\\\ b \\end{matrix}", "\\begin{matrix} a \\\\ b \\\\ c \\end{matrix}" },
    { "(x)", "\\left(\\frac{a}{b}\\right)" },
    { "\\bigl(", "\\Bigl(" },
    { "\\left( x \\middle| x \\right)", "\\left( x \\middle| \\frac{a}{b} \\right)" },
    { "\\tfrac{a}{b}", "\\dfrac{a}{b}" },
    { "\\textstyle\\sum_i^n", "\\sum_i^n" },
    { "f'", "f^{2^2}" },
  };
  static const char *const wider[][2] = {
    { "ab", "a+b" },      { "a+b", "a=b" }, { "a\\,b", "a\\quad b" },
    { "x", "\\sqrt{x}" }, { "a b", "abc" }, { "\\frac{a}{b}", "\\frac{a}{b+c}" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (higher); i++)
    {
      g_autoptr (RiposteMathBox) low = lay_out (higher[i][0]);
      g_autoptr (RiposteMathBox) tall = lay_out (higher[i][1]);

      if (tall->ascent + tall->descent <= low->ascent + low->descent)
        g_error ("“%s” is no higher than “%s”", higher[i][1], higher[i][0]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (wider); i++)
    {
      g_autoptr (RiposteMathBox) narrow = lay_out (wider[i][0]);
      g_autoptr (RiposteMathBox) wide = lay_out (wider[i][1]);

      if (wide->width <= narrow->width)
        g_error ("“%s” is no wider than “%s”", wider[i][1], wider[i][0]);
    }
}

/* Nothing reaches out of its box, which is what the window gives it. */
static void
test_bounds (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (RiposteMathBox) box = lay_out (good[i]);

      for (guint k = 0; k < box->items->len; k++)
        {
          const RiposteMathItem *item = &g_array_index (box->items, RiposteMathItem, k);

          g_assert_cmpfloat (item->x, >=, -1);
          g_assert_cmpfloat (item->x + (item->layout ? 0 : item->width), <=, box->width + 1);
          if (!item->layout)
            {
              g_assert_cmpfloat (-item->y, <=, box->ascent + 1);
              g_assert_cmpfloat (item->y + item->height, <=, box->descent + 1);
            }
        }
    }
}

/* What is too wide for a line is divided behind signs, and nothing of it is lost or said twice. */
static void
test_pieces (void)
{
  static const struct
  {
    const char *tex;
    double max_width;
    guint n;
    guint starts[4];
  } samples[] = {
    { "a=b+c", 1000, 1, { 0 } },   { "a=b+c", 1, 3, { 0, 2, 4 } }, { "\\alpha = \\frac{a+b}{c=d}", 1, 2, { 0, 9 } },
    { "f(x, y)", 1, 2, { 0, 5 } }, { "-x", 1, 1, { 0 } },          { "\\frac{a+b}{c}", 1, 1, { 0 } },
  };
  PangoContext *context = pango_font_map_create_context (pango_cairo_font_map_get_default ());

  for (gsize i = 0; i < G_N_ELEMENTS (samples); i++)
    {
      g_autoptr (RiposteMath) math = riposte_math_parse (samples[i].tex);
      g_autoptr (GHashTable) texts = riposte_math_texts_new ();
      g_autoptr (RiposteMathBox) whole = riposte_math_layout (math, context, texts, 20, FALSE);
      g_autoptr (GPtrArray) pieces = riposte_math_layout_pieces (math, context, texts, 20, FALSE, samples[i].max_width);
      double width = 0;

      g_assert_cmpuint (pieces->len, ==, samples[i].n);
      for (guint k = 0; k < pieces->len; k++)
        {
          const RiposteMathBox *piece = pieces->pdata[k];

          g_assert_cmpuint (piece->start, ==, samples[i].starts[k]);
          width += piece->width;
        }
      g_assert_cmpfloat_with_epsilon (width, whole->width, 0.01);
    }
  g_object_unref (context);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/math/reading", test_reading);
  g_test_add_func ("/math/limits", test_limits);
  g_test_add_func ("/math/many-cells", test_many_cells);
  g_test_add_func ("/math/layout", test_layout);
  g_test_add_func ("/math/bounds", test_bounds);
  g_test_add_func ("/math/pieces", test_pieces);
  return g_test_run ();
}
