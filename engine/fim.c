#include "fim.h"

#include <string.h>

/* A family a row: how the tokens are written, and in which order it was trained. */
static const struct
{
  const char *prefix, *suffix, *middle; /* middle: NULL where nothing marks it */
  const char *repository, *file;
  gboolean suffix_first;
} families[] = {
  { "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|repo_name|>", "<|file_sep|>", FALSE }, /* Qwen, Gemma */
  { "<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<repo_name>", "<file_sep>", FALSE },           /* StarCoder 2 */
  { "<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<reponame>", "<filename>",
    FALSE },                                                                   /* StarCoder, Refact, Granite */
  { "<fim-prefix>", "<fim-suffix>", "<fim-middle>", NULL, NULL, FALSE },       /* SantaCoder */
  { "<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>", NULL, NULL, FALSE }, /* DeepSeek */
  { "▁<PRE>", "▁<SUF>", "▁<MID>", NULL, NULL, FALSE },                         /* Code Llama */
  { "<PRE>", "<SUF>", "<MID>", NULL, NULL, FALSE },
  { "<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>", NULL, NULL, FALSE }, /* GLM */
  { "<[fim-prefix]>", "<[fim-suffix]>", "<[fim-middle]>", NULL, NULL, TRUE },     /* Seed-Coder */
  { "[PREFIX]", "[SUFFIX]", NULL, NULL, NULL, TRUE },                             /* Codestral */
};

static RpToken
find (const RpTokenizer *tokenizer, const char *piece)
{
  return piece ? rp_tokenizer_find (tokenizer, piece) : -1;
}

/* The first of two keys that is there: the newer name, the older name. */
static RpToken
read_key (const RpGguf *gguf, const RpTokenizer *tokenizer, const char *name, const char *older)
{
  const char *const names[] = { name, older };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *key = g_strdup_printf ("tokenizer.ggml.%s_token_id", names[i]);
      guint64 id;

      if (rp_gguf_get_uint (gguf, key, &id) && id < rp_tokenizer_get_n_tokens (tokenizer))
        return id;
    }
  return -1;
}

static void
replace (RpToken *token, RpToken by)
{
  if (by >= 0)
    *token = by;
}

void
rp_fim_read (RpFim *fim, const RpGguf *gguf, const RpTokenizer *tokenizer)
{
  RpToken prefix = read_key (gguf, tokenizer, "fim_pre", "prefix"),
          suffix = read_key (gguf, tokenizer, "fim_suf", "suffix");

  *fim = (RpFim){ .prefix = -1, .suffix = -1, .middle = -1, .repository = -1, .file = -1 };
  for (gsize i = 0; i < G_N_ELEMENTS (families) && !fim->available; i++)
    {
      RpToken found = find (tokenizer, families[i].prefix);

      fim->available
        = found >= 0 && (prefix < 0 || prefix == found) && find (tokenizer, families[i].suffix) >= 0
          && (!families[i].middle || find (tokenizer, families[i].middle) >= 0)
          /* A family that has names for files is told apart by them from one that writes the rest alike. */
          && (i != 1 || find (tokenizer, families[i].file) >= 0);
      if (!fim->available)
        continue;
      fim->prefix = found;
      fim->suffix = find (tokenizer, families[i].suffix);
      fim->middle = find (tokenizer, families[i].middle);
      fim->repository = find (tokenizer, families[i].repository);
      fim->file = find (tokenizer, families[i].file);
      fim->suffix_first = families[i].suffix_first;
    }
  replace (&fim->prefix, prefix);
  replace (&fim->suffix, suffix);
  if (!fim->available || fim->middle >= 0)
    replace (&fim->middle, read_key (gguf, tokenizer, "fim_mid", "middle"));
  replace (&fim->repository, read_key (gguf, tokenizer, "fim_rep", "fim_repo"));
  replace (&fim->file, read_key (gguf, tokenizer, "fim_sep", "file_sep"));
  fim->available |= fim->prefix >= 0 && fim->suffix >= 0 && fim->middle >= 0;
}

static void
append_text (const RpTokenizer *tokenizer, const char *text, gssize length, GArray *tokens)
{
  if (text)
    rp_tokenizer_encode (tokenizer, text, length < 0 ? strlen (text) : (gsize)length, FALSE, FALSE, tokens);
}

static void
append_name (const RpTokenizer *tokenizer, RpToken mark, const char *name, GArray *tokens)
{
  g_autofree char *line = g_strconcat (name, "\n", NULL);

  g_array_append_val (tokens, mark);
  append_text (tokenizer, line, -1, tokens);
}

static void
append_part (const RpTokenizer *tokenizer, RpToken mark, const char *text, gssize length, GArray *tokens)
{
  g_array_append_val (tokens, mark);
  append_text (tokenizer, text, length, tokens);
}

void
rp_fim_append (const RpFim *fim, const RpTokenizer *tokenizer, const RpFimText *text, GArray *tokens)
{
  RpToken bos = rp_tokenizer_get_bos (tokenizer);
  guint start = tokens->len;

  /* What the file puts in front of every text, but not what it puts behind. */
  rp_tokenizer_encode (tokenizer, "", 0, TRUE, FALSE, tokens);
  g_array_set_size (tokens, tokens->len > start && g_array_index (tokens, RpToken, start) == bos ? start + 1 : start);
  if (text->file_name && fim->file >= 0)
    {
      if (text->repository && fim->repository >= 0)
        append_name (tokenizer, fim->repository, text->repository, tokens);
      append_name (tokenizer, fim->file, text->file_name, tokens);
    }
  if (fim->suffix_first)
    append_part (tokenizer, fim->suffix, text->suffix, text->suffix_length, tokens);
  append_part (tokenizer, fim->prefix, text->prefix, text->prefix_length, tokens);
  if (!fim->suffix_first)
    append_part (tokenizer, fim->suffix, text->suffix, text->suffix_length, tokens);
  if (fim->middle >= 0)
    g_array_append_val (tokens, fim->middle);
}
