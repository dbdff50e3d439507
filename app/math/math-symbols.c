#include "math/math-parse.h"

#include <string.h>

#define ORD RIPOSTE_MATH_ORDINARY
#define BIN RIPOSTE_MATH_BINARY
#define REL RIPOSTE_MATH_RELATION
#define OPN RIPOSTE_MATH_OPENING
#define CLS RIPOSTE_MATH_CLOSING
#define PUN RIPOSTE_MATH_PUNCTUATION

static const RiposteMathSymbol symbols[] = {
  { "alpha", "α", ORD },
  { "beta", "β", ORD },
  { "gamma", "γ", ORD },
  { "delta", "δ", ORD },
  { "epsilon", "ϵ", ORD },
  { "varepsilon", "ε", ORD },
  { "zeta", "ζ", ORD },
  { "eta", "η", ORD },
  { "theta", "θ", ORD },
  { "vartheta", "ϑ", ORD },
  { "iota", "ι", ORD },
  { "kappa", "κ", ORD },
  { "lambda", "λ", ORD },
  { "mu", "μ", ORD },
  { "nu", "ν", ORD },
  { "xi", "ξ", ORD },
  { "omicron", "ο", ORD },
  { "pi", "π", ORD },
  { "varpi", "ϖ", ORD },
  { "rho", "ρ", ORD },
  { "varrho", "ϱ", ORD },
  { "sigma", "σ", ORD },
  { "varsigma", "ς", ORD },
  { "tau", "τ", ORD },
  { "upsilon", "υ", ORD },
  { "phi", "ϕ", ORD },
  { "varphi", "φ", ORD },
  { "chi", "χ", ORD },
  { "psi", "ψ", ORD },
  { "omega", "ω", ORD },
  { "Gamma", "Γ", ORD },
  { "Delta", "Δ", ORD },
  { "Theta", "Θ", ORD },
  { "Lambda", "Λ", ORD },
  { "Xi", "Ξ", ORD },
  { "Pi", "Π", ORD },
  { "Sigma", "Σ", ORD },
  { "Upsilon", "Υ", ORD },
  { "Phi", "Φ", ORD },
  { "Psi", "Ψ", ORD },
  { "Omega", "Ω", ORD },
  { "infty", "∞", ORD },
  { "partial", "∂", ORD },
  { "nabla", "∇", ORD },
  { "forall", "∀", ORD },
  { "exists", "∃", ORD },
  { "nexists", "∄", ORD },
  { "emptyset", "∅", ORD },
  { "varnothing", "∅", ORD },
  { "neg", "¬", ORD },
  { "lnot", "¬", ORD },
  { "ell", "ℓ", ORD },
  { "hbar", "ℏ", ORD },
  { "Re", "ℜ", ORD },
  { "Im", "ℑ", ORD },
  { "aleph", "ℵ", ORD },
  { "wp", "℘", ORD },
  { "angle", "∠", ORD },
  { "triangle", "△", ORD },
  { "top", "⊤", ORD },
  { "bot", "⊥", ORD },
  { "square", "□", ORD },
  { "Box", "□", ORD },
  { "blacksquare", "■", ORD },
  { "degree", "°", ORD },
  { "prime", "′", ORD },
  { "imath", "ı", ORD },
  { "jmath", "ȷ", ORD },
  { "ldots", "…", ORD },
  { "dots", "…", ORD },
  { "cdots", "⋯", ORD },
  { "vdots", "⋮", ORD },
  { "ddots", "⋱", ORD },
  { "dotsc", "…", ORD },
  { "dotsb", "⋯", ORD },
  { "surd", "√", ORD },
  { "dagger", "†", BIN },
  { "checkmark", "✓", ORD },
  { "S", "§", ORD },
  { "%", "%", ORD },
  { "$", "$", ORD },
  { "#", "#", ORD },
  { "&", "&", ORD },
  { "_", "_", ORD },
  { "pm", "±", BIN },
  { "mp", "∓", BIN },
  { "times", "×", BIN },
  { "div", "÷", BIN },
  { "cdot", "⋅", BIN },
  { "ast", "∗", BIN },
  { "star", "⋆", BIN },
  { "circ", "∘", BIN },
  { "bullet", "∙", BIN },
  { "cap", "∩", BIN },
  { "cup", "∪", BIN },
  { "setminus", "∖", BIN },
  { "wedge", "∧", BIN },
  { "land", "∧", BIN },
  { "vee", "∨", BIN },
  { "lor", "∨", BIN },
  { "oplus", "⊕", BIN },
  { "ominus", "⊖", BIN },
  { "otimes", "⊗", BIN },
  { "odot", "⊙", BIN },
  { "sqcup", "⊔", BIN },
  { "sqcap", "⊓", BIN },
  { "uplus", "⊎", BIN },
  { "bmod", "mod", BIN },
  { "ltimes", "⋉", BIN },
  { "rtimes", "⋊", BIN },
  { "wr", "≀", BIN },
  { "leq", "≤", REL },
  { "le", "≤", REL },
  { "geq", "≥", REL },
  { "ge", "≥", REL },
  { "neq", "≠", REL },
  { "ne", "≠", REL },
  { "lt", "<", REL },
  { "gt", ">", REL },
  { "ll", "≪", REL },
  { "gg", "≫", REL },
  { "leqslant", "⩽", REL },
  { "geqslant", "⩾", REL },
  { "equiv", "≡", REL },
  { "approx", "≈", REL },
  { "sim", "∼", REL },
  { "simeq", "≃", REL },
  { "cong", "≅", REL },
  { "propto", "∝", REL },
  { "in", "∈", REL },
  { "notin", "∉", REL },
  { "ni", "∋", REL },
  { "subset", "⊂", REL },
  { "subseteq", "⊆", REL },
  { "subsetneq", "⊊", REL },
  { "supset", "⊃", REL },
  { "supseteq", "⊇", REL },
  { "mid", "∣", REL },
  { "nmid", "∤", REL },
  { "parallel", "∥", REL },
  { "perp", "⊥", REL },
  { "vdash", "⊢", REL },
  { "models", "⊨", REL },
  { "prec", "≺", REL },
  { "succ", "≻", REL },
  { "preceq", "⪯", REL },
  { "succeq", "⪰", REL },
  { "doteq", "≐", REL },
  { "asymp", "≍", REL },
  { "triangleq", "≜", REL },
  { "coloneqq", "≔", REL },
  { "to", "→", REL },
  { "rightarrow", "→", REL },
  { "leftarrow", "←", REL },
  { "gets", "←", REL },
  { "leftrightarrow", "↔", REL },
  { "Rightarrow", "⇒", REL },
  { "Leftarrow", "⇐", REL },
  { "Leftrightarrow", "⇔", REL },
  { "implies", "⟹", REL },
  { "impliedby", "⟸", REL },
  { "iff", "⟺", REL },
  { "longrightarrow", "⟶", REL },
  { "longleftarrow", "⟵", REL },
  { "Longrightarrow", "⟹", REL },
  { "mapsto", "↦", REL },
  { "hookrightarrow", "↪", REL },
  { "uparrow", "↑", REL },
  { "downarrow", "↓", REL },
  { "updownarrow", "↕", REL },
  { "nearrow", "↗", REL },
  { "searrow", "↘", REL },
  { "rightharpoonup", "⇀", REL },
  { "rightleftharpoons", "⇌", REL },
  { "leadsto", "⇝", REL },
  { "colon", ":", PUN },
  { "therefore", "∴", REL },
  { "because", "∵", REL },
  { "{", "{", OPN },
  { "}", "}", CLS },
  { "lbrace", "{", OPN },
  { "rbrace", "}", CLS },
  { "langle", "⟨", OPN },
  { "rangle", "⟩", CLS },
  { "lfloor", "⌊", OPN },
  { "rfloor", "⌋", CLS },
  { "lceil", "⌈", OPN },
  { "rceil", "⌉", CLS },
  { "lvert", "|", OPN },
  { "rvert", "|", CLS },
  { "lVert", "‖", OPN },
  { "rVert", "‖", CLS },
  { "vert", "|", ORD },
  { "Vert", "‖", ORD },
  { "|", "‖", ORD },
  { "lbrack", "[", OPN },
  { "rbrack", "]", CLS },
  { "backslash", "\\", ORD },
  { "sum", "∑", RIPOSTE_MATH_OPERATOR, TRUE, TRUE },
  { "prod", "∏", RIPOSTE_MATH_OPERATOR, TRUE, TRUE },
  { "coprod", "∐", RIPOSTE_MATH_OPERATOR, TRUE, TRUE },
  { "bigcup", "⋃", RIPOSTE_MATH_OPERATOR, TRUE, TRUE },
  { "bigcap", "⋂", RIPOSTE_MATH_OPERATOR, TRUE, TRUE },
  { "bigvee", "⋁", RIPOSTE_MATH_OPERATOR, TRUE, TRUE },
  { "bigwedge", "⋀", RIPOSTE_MATH_OPERATOR, TRUE, TRUE },
  { "bigoplus", "⨁", RIPOSTE_MATH_OPERATOR, TRUE, TRUE },
  { "bigotimes", "⨂", RIPOSTE_MATH_OPERATOR, TRUE, TRUE },
  { "int", "∫", RIPOSTE_MATH_OPERATOR, TRUE, FALSE },
  { "iint", "∬", RIPOSTE_MATH_OPERATOR, TRUE, FALSE },
  { "iiint", "∭", RIPOSTE_MATH_OPERATOR, TRUE, FALSE },
  { "oint", "∮", RIPOSTE_MATH_OPERATOR, TRUE, FALSE },
};

const RiposteMathSymbol *
riposte_math_find_symbol (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (symbols); i++)
    if (strcmp (symbols[i].name, name) == 0)
      return &symbols[i];
  return NULL;
}

gboolean
riposte_math_find_function (const char *name, gboolean *limits)
{
  static const char *const plain[]
    = { "sin",  "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh",
        "coth", "log", "ln",  "lg",  "exp", "arg", "deg",    "dim",    "hom",    "ker",  NULL };
  static const char *const with_limits[]
    = { "lim", "max", "min", "sup", "inf", "limsup", "liminf", "argmax", "argmin", "det", "gcd", "Pr", NULL };

  *limits = g_strv_contains (with_limits, name);
  return *limits || g_strv_contains (plain, name);
}

const char *
riposte_math_find_accent (const char *name, gboolean *below)
{
  static const struct
  {
    const char *name, *text;
    gboolean below;
  } accents[] = {
    { "hat", "^" },
    { "widehat", "^" },
    { "bar", "line" },
    { "overline", "line" },
    { "tilde", "~" },
    { "widetilde", "~" },
    { "vec", "→" },
    { "overrightarrow", "→" },
    { "dot", "˙" },
    { "ddot", "¨" },
    { "check", "ˇ" },
    { "breve", "˘" },
    { "acute", "´" },
    { "grave", "`" },
    { "overbrace", "⏞" },
    { "underline", "line", TRUE },
    { "underbar", "line", TRUE },
    { "underbrace", "⏟", TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (accents); i++)
    if (strcmp (accents[i].name, name) == 0)
      {
        *below = accents[i].below;
        return accents[i].text;
      }
  return NULL;
}

/* Unicode has the alphabets in a row, but for letters that were there before. */
gunichar
riposte_math_letter (const char *alphabet, gunichar letter)
{
  static const struct
  {
    const char *name;
    gunichar capital, small; /* of A and a; 0: none */
    const char *holes;       /* capitals that stand elsewhere */
    gunichar elsewhere[8];
  } alphabets[] = {
    { "mathbb", 0x1d538, 0x1d552, "CHNPQRZ", { 0x2102, 0x210d, 0x2115, 0x2119, 0x211a, 0x211d, 0x2124 } },
    { "mathcal", 0x1d49c, 0, "BEFHILMR", { 0x212c, 0x2130, 0x2131, 0x210b, 0x2110, 0x2112, 0x2133, 0x211b } },
    { "mathscr", 0x1d49c, 0, "BEFHILMR", { 0x212c, 0x2130, 0x2131, 0x210b, 0x2110, 0x2112, 0x2133, 0x211b } },
    { "mathfrak", 0x1d504, 0x1d51e, "CHIRZ", { 0x212d, 0x210c, 0x2111, 0x211c, 0x2128 } },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (alphabets); i++)
    {
      const char *hole;

      if (strcmp (alphabets[i].name, alphabet) != 0)
        continue;
      if (letter >= 'a' && letter <= 'z')
        return alphabets[i].small ? alphabets[i].small + letter - 'a' : 0;
      if (letter < 'A' || letter > 'Z')
        return 0;
      hole = strchr (alphabets[i].holes, (int)letter);
      return hole ? alphabets[i].elsewhere[hole - alphabets[i].holes] : alphabets[i].capital + letter - 'A';
    }
  return 0;
}
