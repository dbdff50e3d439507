#include "upcycle.h"

#include <string.h>

#include "engine/gguf-writer.h"

typedef struct
{
  const UpcycleRecipe *recipe;
  RpGguf *source;
  RpGgufWriter *writer;
  guint64 n_layers, n_embd;
} Maker;

static guint
copies_of (const Maker *maker, const RpGgufTensor *tensor)
{
  gboolean feed_forward = g_str_has_suffix (tensor->name, ".ffn_gate.weight")
                          || g_str_has_suffix (tensor->name, ".ffn_up.weight")
                          || g_str_has_suffix (tensor->name, ".ffn_down.weight");

  return feed_forward ? maker->recipe->n_expert : 0;
}

/* Of a layer that is not wanted? */
static gboolean
is_beyond (const Maker *maker, const RpGgufTensor *tensor)
{
  return g_str_has_prefix (tensor->name, "blk.") && g_ascii_strtoull (tensor->name + 4, NULL, 10) >= maker->n_layers;
}

static void
declare (const Maker *maker)
{
  RpGgufWriter *writer = maker->writer;

  for (gsize i = 0; i < rp_gguf_get_n_keys (maker->source); i++)
    {
      gsize size;
      const char *key = rp_gguf_get_key (maker->source, i, NULL, NULL, NULL);
      const void *value = rp_gguf_get_raw (maker->source, i, &size);

      if (strcmp (key, "llama.block_count") != 0)
        rp_gguf_writer_put_raw (writer, key, value, size);
    }
  rp_gguf_writer_put_u32 (writer, "llama.block_count", (guint32)maker->n_layers);
  if (maker->recipe->n_expert)
    {
      rp_gguf_writer_put_u32 (writer, "llama.expert_count", maker->recipe->n_expert);
      rp_gguf_writer_put_u32 (writer, "llama.expert_used_count", UPCYCLED_N_USED);
    }
  for (gsize i = 0; i < rp_gguf_get_n_tensors (maker->source); i++)
    {
      const RpGgufTensor *t = rp_gguf_get_tensor (maker->source, i);
      guint copies = copies_of (maker, t);
      /* "blk.0.ffn_up.weight" → "blk.0.ffn_up_exps.weight" */
      g_autofree char *name
        = g_strdup_printf ("%.*s%s.weight", (int)(strlen (t->name) - 7), t->name, copies ? "_exps" : "");

      if (!is_beyond (maker, t))
        rp_gguf_writer_add_tensor (writer, name, maker->recipe->floats ? RP_DTYPE_F32 : t->type, copies ? 3 : t->n_dims,
                                   (guint64[]){ t->dims[0], t->dims[1], copies });
    }
  for (guint i = 0; maker->recipe->n_expert && i < maker->n_layers; i++)
    {
      g_autofree char *name = g_strdup_printf ("blk.%u.ffn_gate_inp.weight", i);
      rp_gguf_writer_add_tensor (writer, name, RP_DTYPE_F32, 2, (guint64[]){ maker->n_embd, maker->recipe->n_expert });
    }
}

static void
write_tensor (const Maker *maker, const RpGgufTensor *t)
{
  gsize n = t->dims[0], row_size = rp_dtype_row_size (t->type, n);
  g_autofree float *row = g_new (float, n);
  g_autoptr (GError) error = NULL;

  if (!maker->recipe->floats)
    {
      g_assert_true (rp_gguf_writer_write (maker->writer, t->data, t->size, &error));
      return;
    }
  for (gsize at = 0; at < t->size; at += row_size)
    {
      rp_dtype_info (t->type)->dequantize ((const guint8 *)t->data + at, row, n);
      g_assert_true (rp_gguf_writer_write (maker->writer, row, n * sizeof *row, &error));
    }
}

void
upcycle (const char *from, const char *to, const UpcycleRecipe *recipe)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RpGguf) source = rp_gguf_open (from, &error);
  g_autoptr (RpGgufWriter) writer = rp_gguf_writer_new (to, 32, &error);
  Maker maker = { recipe, source, writer, 0, 0 };

  g_assert_no_error (error);
  g_assert_true (rp_gguf_get_uint (source, "llama.block_count", &maker.n_layers));
  g_assert_true (rp_gguf_get_uint (source, "llama.embedding_length", &maker.n_embd));
  if (recipe->n_layers)
    maker.n_layers = recipe->n_layers;
  declare (&maker);
  rp_gguf_writer_begin (writer, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < rp_gguf_get_n_tensors (source); i++)
    {
      const RpGgufTensor *t = rp_gguf_get_tensor (source, i);

      for (guint copy = 0; !is_beyond (&maker, t) && copy < MAX (1, copies_of (&maker, t)); copy++)
        write_tensor (&maker, t);
    }
  for (gsize i = 0; i < maker.n_layers * maker.n_embd * recipe->n_expert; i++)
    {
      float router = (float)g_test_rand_double_range (-0.1, 0.1);
      g_assert_true (rp_gguf_writer_write (writer, &router, sizeof router, &error));
    }
  g_assert_true (rp_gguf_writer_finish (writer, &error));
}
