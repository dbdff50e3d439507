/* What Riposte runs, as docs/support.md has it too. */
#include "../arch.h"
#include "cli.h"

static const char head[] = "# What Riposte runs\n"
                           "\n"
                           "This is what `riposte-engine inspect --support` prints; a test compares the two.\n"
                           "\n"
                           "## Architectures\n"
                           "\n"
                           "The name is the file's `general.architecture`. Each was compared at every position of 200 "
                           "tokens, fed at once, in\n"
                           "chunks and token by token, on the CPU and on Vulkan, with the logits that the "
                           "implementation in the last column gives\n"
                           "for tiny random models (`tests/test-architectures.c`, `tests/golden/architectures/`): "
                           "llama.cpp, or, where that departs\n"
                           "from the model's makers, Hugging Face transformers. No row is without such a test.\n"
                           "\n"
                           "| architecture | models, among others | compared with |\n"
                           "| --- | --- | --- |\n";

static const char types[]
  = "\n"
    "Of a model that sees more than text, only the text is run; layers that guess tokens further ahead are left out.\n"
    "\n"
    "What tiny models leave unused (32 experts in groups, windows shorter than the input, RoPE beyond the original "
    "context,\n"
    "MXFP4 experts) was compared in the same way on random models of middling size (`tests/golden/mid-sized/`).\n"
    "\n"
    "### What is not run\n"
    "\n"
    "| architectures | what they would need |\n"
    "| --- | --- |\n"
    "| `bailingmoe3`, `falcon-h1`, `granitehybrid`, `jamba`, `kimi-linear`, `lfm2`, `lfm2moe`, `mamba`, `mamba2`, "
    "`minimax-01`, `nemotron_h`, `nemotron_h_moe`, `plamo2`, `qwen35`, `qwen35moe`, `qwen3next` | recurrent layers, "
    "and "
    "their state in a session |\n"
    "| `llama4` | attention in chunks, experts whose input is weighted and not their output, a norm of queries and "
    "keys "
    "without weights, temperature only in layers that do not turn |\n"
    "| `deepseek32`, `deepseek4`, `glm-dsa` | attention to positions that an indexer chooses |\n"
    "| `baichuan` 13B, `bloom`, `mpt`, `refact` | ALiBi: a term in attention's scores that grows with the distance, a "
    "slope a head |\n"
    "| `gpt2`, `starcoder` | embeddings of positions, added to the tokens' |\n"
    "| `gptneox`, `falcon` | attention and feed-forward side by side with a norm each |\n"
    "| `arctic` | experts that read the layer's input, beside a dense feed-forward that reads what attention gave |\n"
    "| `grovemoe` | a second set of experts, of which neighbours in the first set share one |\n"
    "| `command-r` with 64 layers (Command R+), `stablelm` with 40 (StableLM 2 12B) | norms of queries and keys with "
    "weights of their own for each head |\n"
    "| `dream`, `llada`, `llada-moe`, `rnd1` | attention that sees what comes after, and an answer by diffusion |\n"
    "| `maple`, `nanbeige` | depart from llama's row in something that was not found yet |\n"
    "| `cogvlm`, `deci`, `dots3note`, `glm5-next`, `hrm_text`, `hy_v4`, `jais`, "
    "`k2-horizon`, `kimi-k3`, `maion-coder`, `minicpm3`, `minimax-m3`, "
    "`muse-glimmer`, `openelm`, `plamo3`, `pockettts`, `qwen3tts`, `qwen4exp`, `spark2_5`, `talkie` | not looked into "
    "|\n"
    "\n"
    "## Weight types\n"
    "\n"
    "The values of each were compared, bit by bit, with those that llama.cpp reads (`tests/test-dtype.c`), and "
    "products with\n"
    "it, on every back end, with a scalar reference (`tests/test-operations-*.c`).\n"
    "\n"
    "| type | bits a weight |\n"
    "| --- | --- |\n";

char *
cli_support_table (void)
{
  GString *table = g_string_new (head);
  const RpArch *arch;

  for (gsize i = 0; (arch = rp_arch_get (i)); i++)
    g_string_append_printf (table, "| `%s` | %s | %s |\n", arch->name, arch->models, arch->verified);
  g_string_append (table, types);
  for (guint type = 0; type < RP_DTYPE_LAST; type++)
    {
      const RpDTypeInfo *info = rp_dtype_info (type);
      char bits[G_ASCII_DTOSTR_BUF_SIZE];

      if (info)
        g_string_append_printf (
          table, "| %s | %s |\n", info->name,
          g_ascii_formatd (bits, sizeof bits, "%.4g", 8.0 * info->block_bytes / info->block_elements));
    }
  return g_string_free (table, FALSE);
}
