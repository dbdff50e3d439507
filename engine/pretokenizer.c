#include "pretokenizer.h"

#include <string.h>

#include "printable.h"
#include "regex.h"
#include "riposte-engine.h"
#include "unicode.h"

#define MAX_STAGES 6

/* The row of a file that names none. */
#define UNNAMED "gpt-neox"

/* A stage that begins so cuts each of its matches into threes from the right, as thousands are written. */
#define IN_THREES   "3:"
/* So, and does not part the match from what is around it. */
#define INTO_THREES "3/"

/* 's, 't, 're, … of English; s|t|… in any case. */
#define ENDINGS     "'s|'t|'re|'ve|'m|'ll|'d"
#define CONTRACTION "(?i:" ENDINGS ")"

/* What blanks become: all but the last before a word, all at the end. */
#define BLANKS "\\s+(?!\\S)|\\s+"

/* Radford et al. 2019 */
#define GPT2 ENDINGS "| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|" BLANKS

/* The family that began with cl100k: what differs is the contraction, letters, numbers and what follows signs. */
#define WORD_LIKE(contraction, letters, not_signs, numbers, after, lines)                                              \
  contraction "[^\\r\\n\\p{L}\\p{N}]?" letters "+|" numbers "| ?[^\\s" not_signs "]+" after "|\\s*" lines "|" BLANKS
#define CL100K(contraction, numbers)                                                                                   \
  WORD_LIKE (contraction, "\\p{L}", "\\p{L}\\p{N}", numbers, "[\\r\\n]*", "[\\r\\n]+")
#define LLAMA3 CL100K (CONTRACTION "|", "\\p{N}{1,3}")
#define QWEN2  CL100K (CONTRACTION "|", "\\p{N}")
#define QWEN35 WORD_LIKE (CONTRACTION "|", "[\\p{L}\\p{M}]", "\\p{L}\\p{M}\\p{N}", "\\p{N}", "[\\r\\n]*", "[\\r\\n]+")

/* o200k: words end where lower case meets upper case. */
#define CASED(but, suffix, numbers, after)                                                                             \
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}" but "]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}" but "]+" suffix     \
  "|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}" but "]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}" but "]*" suffix    \
  "|" numbers "| ?[^\\s\\p{L}\\p{N}]+" after "|\\s*[\\r\\n]+|" BLANKS
#define O200K(suffix, numbers) CASED ("", suffix, numbers, "[\\r\\n/]*")

/* What Oniguruma's \b takes for characters of words */
#define WORD                                                                                                           \
  "\\p{L}\\p{M}\\p{Nd}\\p{Nl}\\p{Pc}\\x{b2}\\x{b3}\\x{b9}\\x{bc}-\\x{be}\\x{24b6}-\\x{24e9}"                           \
  "\\x{1f130}-\\x{1f149}\\x{1f150}-\\x{1f169}\\x{1f170}-\\x{1f189}"

/* DeepSeek V3: signs may lead a word of ASCII letters. */
#define DEEPSEEK3(after, lines)                                                                                        \
  "[!-/:-@\\[-`{-~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"                                              \
  "| ?[\\p{P}\\p{S}]+" after "|" lines "|" BLANKS
#define DEEPSEEK3_CJK "[\\x{4e00}-\\x{9fa5}\\x{3040}-\\x{30ff}]+"

/* DeepSeek's first tokenizers */
#define DEEPSEEK_CJK   "[\\x{4e00}-\\x{9fa5}\\x{800}-\\x{4e00}\\x{ac00}-\\x{d7ff}]+"
#define DEEPSEEK_SIGNS "\\s?[!-/:-~\\x{ff01}-\\x{ff0f}\\x{ff1a}-\\x{ff5e}\\x{2018}-\\x{201f}\\x{3000}-\\x{3002}]+"

/* The script Han */
#define HAN                                                                                                            \
  "\\x{2e80}-\\x{2e99}\\x{2e9b}-\\x{2ef3}\\x{2f00}-\\x{2fd5}\\x{3005}\\x{3007}\\x{3021}-\\x{3029}\\x{3038}-\\x{303b}"  \
  "\\x{3400}-\\x{4dbf}\\x{4e00}-\\x{9fff}\\x{f900}-\\x{fa6d}\\x{fa70}-\\x{fad9}\\x{16fe2}\\x{16fe3}\\x{16ff0}"         \
  "\\x{16ff1}\\x{20000}-\\x{2a6df}\\x{2a700}-\\x{2b739}\\x{2b740}-\\x{2b81d}\\x{2b820}-\\x{2cea1}"                     \
  "\\x{2ceb0}-\\x{2ebe0}\\x{2ebf0}-\\x{2ee5d}\\x{2f800}-\\x{2fa1d}\\x{30000}-\\x{3134a}\\x{31350}-\\x{323af}"

/* East Asian scripts as AFMoE has them */
#define AFMOE_EAST                                                                                                     \
  "[\\x{4e00}-\\x{9fff}\\x{3400}-\\x{4dbf}\\x{f900}-\\x{faff}\\x{3040}-\\x{30ff}\\x{ff65}-\\x{ff9f}"                   \
  "\\x{2f00}-\\x{2fdf}\\x{e40}-\\x{eff}\\x{1780}-\\x{17ff}\\x{1000}-\\x{109f}\\x{aa60}-\\x{aa7f}"                      \
  "\\x{a9e0}-\\x{a9ff}\\x{ac00}-\\x{d7af}\\x{1100}-\\x{11ff}]+"

/* and Youtu */
#define YOUTU_EAST                                                                                                     \
  "[\\x{ac00}-\\x{d7a3}\\x{3131}-\\x{318e}]+|[\\x{ff01}\\x{2026}\\x{201c}\\x{201d}\\x{2018}\\x{2019}"                  \
  "\\x{2014}\\x{ff1a}\\x{ff1b}\\x{ff0c}\\x{3001}-\\x{303f}\\x{fe30}-\\x{fe4f}]+|[\\x{3105}-\\x{312f}]+|" DEEPSEEK3_CJK

/* Punctuation of Unicode 7, which Falcon's tokenizer has stayed at, and what ASCII has of signs */
#define FALCON_SIGNS                                                                                                   \
  "[\\p{P}$+<=>^~|`\\x{166d}\\x{111c9}&&[^\\x{61d}\\x{9fd}-\\x{a76}\\x{c77}-\\x{c84}\\x{1b4e}\\x{1b4f}"                \
  "\\x{1b7d}-\\x{1b7f}\\x{2e43}-\\x{2e5d}\\x{10d6e}-\\x{10f89}\\x{113d4}-\\x{1145d}\\x{11660}-\\x{116b9}"              \
  "\\x{1183b}-\\x{11fff}\\x{12ff1}\\x{12ff2}\\x{16d6d}-\\x{16fe2}\\x{1e5ff}-\\x{1e95f}]]+"

#define BLOOM " ?[^(\\s|.,!?\\x{2026}\\x{3002}\\x{ff0c}\\x{3001}\\x{964}\\x{6d4}\\x{60c})]+"

/* Letters that have a case, of the scripts and the Unicode version that DeepSeek's first tokenizer was made with. */
#define CASED_LETTERS                                                                                                  \
  "A-Za-z\\x{b5}\\x{c0}-\\x{d6}\\x{d8}-\\x{f6}\\x{f8}-\\x{1ba}\\x{1bc}-\\x{1bf}\\x{1c4}-\\x{293}"                      \
  "\\x{295}-\\x{2af}\\x{370}-\\x{373}\\x{376}\\x{377}\\x{37b}-\\x{37d}\\x{37f}\\x{386}\\x{388}-\\x{38a}\\x{38c}"       \
  "\\x{38e}-\\x{3a1}\\x{3a3}-\\x{3f5}\\x{3f7}-\\x{481}\\x{48a}-\\x{52f}\\x{531}-\\x{556}\\x{10a0}-\\x{10c5}"           \
  "\\x{13a0}-\\x{13f5}\\x{13f8}-\\x{13fd}\\x{1c90}-\\x{1cba}\\x{1cbd}-\\x{1cbf}\\x{1d00}-\\x{1d2b}"                    \
  "\\x{1d6b}-\\x{1d77}\\x{1d79}-\\x{1d9a}\\x{1e00}-\\x{1f15}\\x{1f18}-\\x{1f1d}\\x{1f20}-\\x{1f45}"                    \
  "\\x{1f48}-\\x{1f4d}\\x{1f50}-\\x{1f57}\\x{1f59}\\x{1f5b}\\x{1f5d}\\x{1f5f}-\\x{1f7d}\\x{1f80}-\\x{1fb4}"            \
  "\\x{1fb6}-\\x{1fbc}\\x{1fbe}\\x{1fc2}-\\x{1fc4}\\x{1fc6}-\\x{1fcc}\\x{1fd0}-\\x{1fd3}\\x{1fd6}-\\x{1fdb}"           \
  "\\x{1fe0}-\\x{1fec}\\x{1ff2}-\\x{1ff4}\\x{1ff6}-\\x{1ffc}\\x{2102}\\x{2107}\\x{210a}-\\x{2113}\\x{2115}"            \
  "\\x{2119}-\\x{211d}\\x{2124}\\x{2126}\\x{2128}\\x{212a}-\\x{212d}\\x{212f}-\\x{2134}\\x{2139}"                      \
  "\\x{213c}-\\x{213f}\\x{2145}-\\x{2149}\\x{214e}\\x{2183}\\x{2184}\\x{2c00}-\\x{2c7b}\\x{2c7e}-\\x{2ce4}"            \
  "\\x{2ceb}-\\x{2cee}\\x{2cf2}\\x{2cf3}\\x{a640}-\\x{a66d}\\x{a680}-\\x{a69b}\\x{a722}-\\x{a76f}"                     \
  "\\x{a771}-\\x{a787}\\x{a78b}-\\x{a78e}\\x{ab70}-\\x{abbf}\\x{fb00}-\\x{fb06}\\x{fb13}-\\x{fb17}"                    \
  "\\x{ff21}-\\x{ff3a}\\x{ff41}-\\x{ff5a}\\x{10400}-\\x{1044f}\\x{104b0}-\\x{104d3}\\x{104d8}-\\x{104fb}"              \
  "\\x{10c80}-\\x{10cb2}\\x{10cc0}-\\x{10cf2}\\x{118a0}-\\x{118df}\\x{1e900}-\\x{1e943}"

typedef struct
{
  const char *names; /* of tokenizer.ggml.pre, separated by blanks */
  RpPretokenizerFlags flags;
  const char *stages[MAX_STAGES]; /* each splits what the one before left, into its matches and what is between */
} Family;

static const Family families[] = {
  /* A file that names none is of the time before they were named: GPT-NeoX. */
  { "gpt-neox olmo", RP_PRE_NFC, { GPT2 } },
  { "default", 0, { "[\\p{P}$+<=>^~|]+", GPT2, "\\p{N}+", "[0-9][0-9][0-9]" } },
  { "gpt-2 gpt2 phi-2 jina-es jina-de jina-v1-en jina-v2-es jina-v2-de jina-v2-code roberta-bpe modern-bert mpt jais "
    "trillion granite-docling gigachat a.x-4.0 mellum exaone4",
    0,
    { GPT2 } },
  { "starcoder refact smollm codeshell exaone minerva-7b granite mellum2", 0, { "\\p{N}", GPT2 } },
  { "command-r", RP_PRE_NFC, { "\\p{N}", GPT2 } },
  { "falcon", 0, { FALCON_SIGNS, GPT2, "[0-9][0-9][0-9]" } },
  { "llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano",
    RP_PRE_IGNORE_MERGES | RP_PRE_ADD_BOS,
    { LLAMA3 } },
  { "smaug-bpe dbrx", 0, { LLAMA3 } },
  { "chatglm-bpe glm4", RP_PRE_IGNORE_MERGES, { LLAMA3 } },
  { "minicpm5", RP_PRE_IGNORE_MERGES, { "\\p{N}{1,3}", CL100K (CONTRACTION "|", "\\p{N}+") } },
  { "qwen2 deepseek-r1-qwen kormo f2llmv2", RP_PRE_NFC, { QWEN2 } },
  { "stablelm2 megrez hunyuan solar-open grok-2", 0, { QWEN2 } },
  { "laguna", 0, { "[^\\n]+|[\\n]+", QWEN2 } },
  { "ufakzeka", 0, { CL100K ("", "\\p{N}") } },
  { "qwen35", RP_PRE_NFC, { QWEN35 } },
  { "gpt-4o llama4 kanana2 minimax-m2 talkie", 0, { O200K (CONTRACTION "?", "\\p{N}{1,3}") } },
  { "granite-embed-multi-97m", RP_PRE_IGNORE_MERGES, { O200K (CONTRACTION "?", "\\p{N}{1,3}") } },
  { "tiny_aya cohere2moe", RP_PRE_NFC, { IN_THREES "\\d+(?![" WORD "])", O200K (CONTRACTION "?", "\\p{N}{1,3}") } },
  { "tekken", RP_PRE_IGNORE_MERGES | RP_PRE_ADD_BOS, { O200K ("", "\\p{N}") } },
  { "youtu", RP_PRE_IGNORE_MERGES, { YOUTU_EAST, O200K (CONTRACTION "?", "\\p{N}") } },
  { "kimi-k2", 0, { "[" HAN "]+|" CASED ("&&[^" HAN "]", CONTRACTION "?", "\\p{N}{1,3}", "[\\r\\n]*") } },
  { "deepseek-llm", 0, { "[\\r\\n]", "\\s?[" CASED_LETTERS "]+", DEEPSEEK_SIGNS, "\\s+$", DEEPSEEK_CJK, "\\p{N}" } },
  { "deepseek-coder", 0, { "[\\r\\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", DEEPSEEK_CJK, "\\p{N}" } },
  { "deepseek-v3 hunyuan-dense joyai-llm hy_v4",
    0,
    { "\\p{N}{1,3}", DEEPSEEK3_CJK, DEEPSEEK3 ("[\\r\\n]*", "\\s*[\\r\\n]+") } },
  { "spark2_5", 0, { "\\p{N}{1,3}", DEEPSEEK3_CJK, DEEPSEEK3 ("", "[\\r\\n]"), "\\p{N}" } },
  { "afmoe", 0, { IN_THREES "\\p{N}+", AFMOE_EAST, DEEPSEEK3 ("[\\r\\n]*", "\\s*[\\r\\n]+") } },
  { "bloom poro-chat gpt3-finnish", 0, { BLOOM } },
  { "viking", 0, { BLOOM, "\\p{N}" } },
  { "bailingmoe bailingmoe2 llada-moe",
    0,
    { WORD_LIKE ("'(?i:[sdmt]|ll|ve|re)|", "\\p{L}", "\\p{L}\\p{N}", "\\p{N}", "[\\r\\n]*", "[\\r\\n]") } },
  { "seed-coder", 0, { WORD_LIKE (CONTRACTION "|", "\\p{L}", "\\p{L}\\p{N}\\r\\n", "\\p{N}", "", "[\\r\\n]+") } },
  { "exaone-moe",
    0,
    { CONTRACTION "|[^\\r\\n\\p{L}\\p{N}]?(?:\\p{L}\\p{M}*(?: \\p{L}\\p{M}*)*)+|\\p{N}"
                  "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]?|\\s*[\\r\\n]|" BLANKS } },
  { "jais-2",
    0,
    { CONTRACTION "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+"
                  "|\\s{512}(?!\\S)|\\s{256}(?!\\S)|\\s{128}(?!\\S)|\\s{64}(?!\\S)|\\s{32}(?!\\S)"
                  "|\\s{16}(?!\\S)|\\s{8}(?!\\S)|\\s{4}(?!\\S)|\\s{1,2}(?!\\S)|\\s" } },
  { "superbpe", 0, { "\\p{N}+", INTO_THREES "\\d+" } },
};

struct _RpPretokenizer
{
  RpPretokenizerFlags flags;
  RpRegex *stages[MAX_STAGES];
  gboolean in_threes[MAX_STAGES], joined[MAX_STAGES];
};

static gboolean
names_contain (const char *names, const char *name)
{
  gsize length = strlen (name);

  for (const char *at = names; length && (at = strstr (at, name)); at += length)
    if ((at == names || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
      return TRUE;
  return FALSE;
}

static const Family *
find_family (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (families); i++)
    if (names_contain (families[i].names, name))
      return &families[i];
  return NULL;
}

static void
unknown_family (const char *name, GError **error)
{
  g_autofree char *shown = rp_printable (name, -1, 64);
  g_autoptr (GString) known = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (families); i++)
    {
      const char *name_end = strchrnul (families[i].names, ' ');

      g_string_append_printf (known, "%s%.*s", i ? ", " : "", (int)(name_end - families[i].names), families[i].names);
    }
  g_set_error (error, RP_ERROR, RP_ERROR_UNSUPPORTED,
               "The pre-tokenizer “%s” is not supported; Riposte knows %s, and what is equal to one of them", shown,
               known->str);
}

static gboolean
compile (RpPretokenizer *self, const Family *family, GError **error)
{
  for (guint i = 0; i < MAX_STAGES && family->stages[i]; i++)
    {
      const char *pattern = family->stages[i];

      self->joined[i] = g_str_has_prefix (pattern, INTO_THREES);
      self->in_threes[i] = self->joined[i] || g_str_has_prefix (pattern, IN_THREES);
      self->stages[i] = rp_regex_new (pattern + (self->in_threes[i] ? strlen (IN_THREES) : 0), error);
      if (!self->stages[i])
        return FALSE;
    }
  return TRUE;
}

RpPretokenizer *
rp_pretokenizer_new (const char *name, GError **error)
{
  const Family *family = find_family (name ? name : UNNAMED);
  g_autoptr (RpPretokenizer) self = NULL;

  if (!family)
    {
      unknown_family (name, error);
      return NULL;
    }
  self = g_new0 (RpPretokenizer, 1);
  self->flags = family->flags;
  return compile (self, family, error) ? g_steal_pointer (&self) : NULL;
}

void
rp_pretokenizer_free (RpPretokenizer *self)
{
  if (!self)
    return;
  for (guint i = 0; i < MAX_STAGES; i++)
    g_clear_pointer (&self->stages[i], rp_regex_free);
  g_free (self);
}

RpPretokenizerFlags
rp_pretokenizer_get_flags (const RpPretokenizer *self)
{
  return self->flags;
}

const char *
rp_pretokenizer_get_names (guint row)
{
  return row < G_N_ELEMENTS (families) ? families[row].names : NULL;
}

static void
add_end (GArray *ends, gsize end)
{
  if (end > (ends->len ? g_array_index (ends, gsize, ends->len - 1) : 0))
    g_array_append_val (ends, end);
}

/* Ends of a match cut into threes from the right: the first part has what is left over. */
static void
add_threes (const char *text, gsize from, gsize to, GArray *ends)
{
  gsize n = 0, size;

  for (gsize at = from; at < to; at += size, n++)
    rp_unicode_read (text + at, to - at, &size);
  for (gsize at = from; at < to; at += size, n--)
    {
      rp_unicode_read (text + at, to - at, &size);
      if (n % 3 == 0)
        add_end (ends, at);
    }
}

/* Splits one piece, start … end of text, into the matches of a stage and what lies between them. The piece is matched
 * as a text of its own, so that a look-ahead does not see its neighbours. */
static void
split_piece (const RpPretokenizer *self, guint stage, const char *text, gsize start, gsize end, GArray *ends)
{
  gsize from, to;

  while (rp_regex_match (self->stages[stage], text, start, end, &from, &to))
    {
      if (!self->joined[stage])
        add_end (ends, from);
      if (self->in_threes[stage])
        add_threes (text, from, to, ends);
      if (!self->joined[stage])
        add_end (ends, to);
      start = to;
    }
  add_end (ends, end);
}

void
rp_pretokenizer_split (const RpPretokenizer *self, const char *text, gsize length, GArray *ends, GArray *scratch)
{
  g_array_set_size (ends, 0);
  if (length == 0)
    return;
  g_array_append_val (ends, length);
  for (guint i = 0; i < MAX_STAGES && self->stages[i]; i++)
    {
      gsize start = 0;

      g_array_set_size (scratch, 0);
      g_array_append_vals (scratch, ends->data, ends->len);
      g_array_set_size (ends, 0);
      for (guint p = 0; p < scratch->len; p++)
        {
          gsize end = g_array_index (scratch, gsize, p);

          split_piece (self, i, text, start, end, ends);
          start = end;
        }
    }
}
