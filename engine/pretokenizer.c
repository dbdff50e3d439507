#include "pretokenizer.h"

#include <string.h>

#include "printable.h"
#include "riposte-engine.h"

#define MAX_STAGES 4

/* White space as Unicode defines it; PCRE's \s has U+180E on top. S is for use within brackets. */
#define S              "\\t-\\r \\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}"
#define TRAILING_SPACE "[" S "]+(?![^" S "])"
#define SPACE          "[" S "]+"

/* 's, 't, 're, … of English, in any case. */
#define CONTRACTION "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"

/* Radford et al. 2019 */
#define GPT2 "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^" S "\\p{L}\\p{N}]+|" TRAILING_SPACE "|" SPACE

/* The family that began with cl100k: what differs is the contraction, letters, numbers and what follows signs. */
#define WORD_LIKE(contraction, letters, not_signs, numbers, after, lines)                                              \
  contraction "[^\\r\\n\\p{L}\\p{N}]?" letters "+|" numbers "| ?[^" S not_signs "]+" after "|[" S "]*" lines           \
              "|" TRAILING_SPACE "|" SPACE
#define LLAMA3 WORD_LIKE (CONTRACTION "|", "\\p{L}", "\\p{L}\\p{N}", "\\p{N}{1,3}", "[\\r\\n]*", "[\\r\\n]+")
#define QWEN2  WORD_LIKE (CONTRACTION "|", "\\p{L}", "\\p{L}\\p{N}", "\\p{N}", "[\\r\\n]*", "[\\r\\n]+")
#define QWEN35 WORD_LIKE (CONTRACTION "|", "[\\p{L}\\p{M}]", "\\p{L}\\p{M}\\p{N}", "\\p{N}", "[\\r\\n]*", "[\\r\\n]+")

/* o200k: words end where lower case meets upper case. */
#define CAPITALS "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define SMALLS   "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define CASED(suffix, numbers)                                                                                         \
  "[^\\r\\n\\p{L}\\p{N}]?" CAPITALS "*" SMALLS "+" suffix "|[^\\r\\n\\p{L}\\p{N}]?" CAPITALS "+" SMALLS "*" suffix     \
  "|" numbers "| ?[^" S "\\p{L}\\p{N}]+[\\r\\n/]*|[" S "]*[\\r\\n]+|" TRAILING_SPACE "|" SPACE

/* DeepSeek V3: signs may lead a word of ASCII letters. */
#define DEEPSEEK3                                                                                                      \
  "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"                  \
  "| ?[\\p{P}\\p{S}]+[\\r\\n]*|[" S "]*[\\r\\n]+|" TRAILING_SPACE "|" SPACE

/* clang-format breaks these strings anew each time that it sees them. */
/* clang-format off */
/* Letters that have a case, of the scripts and the Unicode version that DeepSeek's first tokenizer was made with. */
#define CASED_LETTERS \
  "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿ\\x{386}\\x{388}-\\x{38a}\\x{38c}\\x{38e}-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-" \
  "ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-\\x{1f15}" \
  "\\x{1f18}-\\x{1f1d}\\x{1f20}-\\x{1f45}\\x{1f48}-\\x{1f4d}\\x{1f50}-\\x{1f57}\\x{1f59}\\x{1f5b}\\x{1f5d}\\x{1f5f}-" \
  "\\x{1f7d}" \
  "\\x{1f80}-\\x{1fb4}\\x{1fb6}-\\x{1fbc}\\x{1fbe}\\x{1fc2}-\\x{1fc4}\\x{1fc6}-\\x{1fcc}\\x{1fd0}-\\x{1fd3}\\x{1fd6}-" \
  "\\x{1fdb}" \
  "\\x{1fe0}-\\x{1fec}\\x{1ff2}-\\x{1ff4}\\x{1ff6}-\\x{1ffc}ℂℇℊ-ℓℕℙ-ℝℤ\\x{2126}ℨ\\x{212a}-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳ" \
  "Ꙁ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-" \
  "𞥃"
/* clang-format on */

#define BLOOM " ?[^(" S "|.,!?…。，、।۔،)]+"

typedef struct
{
  const char *names; /* of tokenizer.ggml.pre, separated by blanks */
  RpPretokenizerFlags flags;
  const char *stages[MAX_STAGES]; /* each splits what the one before left, into its matches and what is between */
} Family;

static const Family families[] = {
  { "default gpt-2 phi-2 jina-es jina-de jina-v1-en jina-v2-es jina-v2-de jina-v2-code mpt olmo jais trillion "
    "granite-docling roberta-bpe a.x-4.0 mellum",
    0,
    { GPT2 } },
  { "starcoder refact smollm codeshell exaone minerva minerva-7b granite mellum2", 0, { "\\p{N}", GPT2 } },
  { "command-r", RP_PRE_NFC, { "\\p{N}", GPT2 } },
  { "llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano",
    RP_PRE_IGNORE_MERGES | RP_PRE_ADD_BOS,
    { LLAMA3 } },
  { "smaug-bpe dbrx chatglm-bpe glm4 llama4-bpe-cl100k", 0, { LLAMA3 } },
  { "qwen2 deepseek-r1-qwen kormo f2llmv2", RP_PRE_NFC, { QWEN2 } },
  { "stablelm2 megrez hunyuan solar-open grok-2", 0, { QWEN2 } },
  { "qwen35", RP_PRE_NFC, { QWEN35 } },
  { "gpt-4o llama4 kanana2 minimax-m2", 0, { CASED (CONTRACTION "?", "\\p{N}{1,3}") } },
  { "tekken", RP_PRE_IGNORE_MERGES | RP_PRE_ADD_BOS, { CASED ("", "\\p{N}") } },
  { "deepseek-llm",
    0,
    { "[\\r\\n]",
      "[" S "]?[" CASED_LETTERS "]+|[" S
      "]?[!-/:-~\\x{ff01}-\\x{ff0f}\\x{ff1a}-\\x{ff5e}\\x{2018}-\\x{201f}\\x{3000}-\\x{3002}]+|[" S "]+$",
      "[\\x{4e00}-\\x{9fa5}\\x{800}-\\x{4e00}\\x{ac00}-\\x{d7ff}]+", "\\p{N}+" } },
  { "deepseek-coder",
    0,
    { "[\\r\\n]", "[" S "]?\\p{L}+|[" S "]?\\p{P}+", "[\\x{4e00}-\\x{9fa5}\\x{800}-\\x{4e00}\\x{ac00}-\\x{d7ff}]+",
      "\\p{N}" } },
  { "deepseek-v3 hunyuan-dense joyai-llm hy-v4",
    0,
    { "\\p{N}{1,3}", "[\\x{4e00}-\\x{9fa5}\\x{3040}-\\x{30ff}]+", DEEPSEEK3 } },
  { "falcon", 0, { "[\\p{P}\\$\\+<=>\\^~\\|`]+", GPT2, "[0-9][0-9][0-9]" } },
  { "bloom poro-chat gpt3-finnish", 0, { BLOOM } },
  { "viking", 0, { BLOOM, "\\p{N}" } },
  { "bailingmoe bailingmoe2 llada-moe",
    0,
    { WORD_LIKE ("'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|",
                 "\\p{L}",
                 "\\p{L}\\p{N}",
                 "\\p{N}",
                 "[\\r\\n]*",
                 "[\\r\\n]") } },
  { "seed-coder", 0, { WORD_LIKE (CONTRACTION "|", "\\p{L}", "\\p{L}\\p{N}\\r\\n", "\\p{N}", "", "[\\r\\n]+") } },
  { "superbpe", 0, { "\\p{N}+", "(?=(\\d{3})+(?!\\d))" } },
};

struct _RpPretokenizer
{
  RpPretokenizerFlags flags;
  GRegex *stages[MAX_STAGES];
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

  g_set_error (error, RP_ERROR, RP_ERROR_UNSUPPORTED, "The pre-tokenizer “%s” is not supported", shown);
}

RpPretokenizer *
rp_pretokenizer_new (const char *name, GError **error)
{
  const Family *family = find_family (name ? name : "default");
  g_autoptr (RpPretokenizer) self = NULL;

  if (!family)
    {
      unknown_family (name, error);
      return NULL;
    }
  self = g_new0 (RpPretokenizer, 1);
  self->flags = family->flags;
  for (guint i = 0; i < MAX_STAGES && family->stages[i]; i++)
    {
      self->stages[i] = g_regex_new (family->stages[i], G_REGEX_OPTIMIZE, 0, error);
      if (!self->stages[i])
        return NULL;
    }
  return g_steal_pointer (&self);
}

void
rp_pretokenizer_free (RpPretokenizer *self)
{
  if (!self)
    return;
  for (guint i = 0; i < MAX_STAGES; i++)
    g_clear_pointer (&self->stages[i], g_regex_unref);
  g_free (self);
}

RpPretokenizerFlags
rp_pretokenizer_get_flags (const RpPretokenizer *self)
{
  return self->flags;
}

static void
add_end (GArray *ends, gsize end)
{
  if (ends->len == 0 || g_array_index (ends, gsize, ends->len - 1) < end)
    g_array_append_val (ends, end);
}

/* Splits one piece, start … end of text, into the matches of a stage and what lies between them. The piece is matched
 * as a text of its own, so that a look-ahead does not see its neighbours. */
static void
split_piece (const GRegex *regex, const char *text, gsize start, gsize end, GArray *ends)
{
  g_autoptr (GMatchInfo) match = NULL;
  int from, to;

  if (g_regex_match_full (regex, text + start, end - start, 0, 0, &match, NULL))
    do
      {
        g_match_info_fetch_pos (match, 0, &from, &to);
        if (start + from > 0)
          add_end (ends, start + from);
        if (to > from)
          add_end (ends, start + to);
      }
    while (g_match_info_next (match, NULL));
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

          split_piece (self->stages[i], text, start, end, ends);
          start = end;
        }
    }
}
