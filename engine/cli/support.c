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
