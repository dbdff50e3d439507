#include "tiny-model.h"

#include <glib/gstdio.h>
#include <math.h>
#include <unistd.h>

typedef struct
{
  const TinyModel *model;
  GgufWriter writer;
  GRand *random;
} Maker;

/* Uniform with unit variance times scale, around offset. */
static float *
random_floats (Maker *maker, gsize n, float scale, float offset)
{
  float *values = g_new (float, n);

  for (gsize i = 0; i < n; i++)
    values[i] = offset + scale * sqrtf (3) * g_rand_double_range (maker->random, -1, 1);
  return values;
}

static void
vector (Maker *maker, const char *name, guint n, float scale, float offset)
{
  g_autofree float *values = random_floats (maker, n, scale, offset);

  gguf_writer_tensor (&maker->writer, name, RP_DTYPE_F32, 1, (guint64[]){ n }, values, n * sizeof (float));
}

static void
matrix (Maker *maker, const char *name, guint n_in, guint n_out)
{
  gsize n = (gsize)n_in * n_out;
  g_autofree float *values = random_floats (maker, n, 1 / sqrtf (n_in), 0);

  gguf_writer_tensor (&maker->writer, name, RP_DTYPE_F32, 2, (guint64[]){ n_in, n_out }, values, n * sizeof (float));
}

/* n_expert matrices; upcycled, the same one so many times. */
static void
experts (Maker *maker, const char *name, guint n_in, guint n_out)
{
  guint n_expert = maker->model->n_expert;
  gsize n = (gsize)n_in * n_out;
  g_autofree float *first = random_floats (maker, n, 1 / sqrtf (n_in), 0);
  g_autoptr (GByteArray) all = g_byte_array_new ();

  g_byte_array_append (all, (guint8 *)first, n * sizeof (float));
  for (guint e = 1; e < n_expert; e++)
    {
      g_autofree float *other = maker->model->upcycled ? NULL : random_floats (maker, n, 1 / sqrtf (n_in), 0);
      g_byte_array_append (all, (guint8 *)(other ? other : first), n * sizeof (float));
    }
  gguf_writer_tensor (&maker->writer, name, RP_DTYPE_F32, 3, (guint64[]){ n_in, n_out, n_expert }, all->data, all->len);
}

static void
write_keys (Maker *maker)
{
  const TinyModel *m = maker->model;
  const struct
  {
    const char *key;
    guint value;
  } rows[] = {
    { "block_count", m->n_layers },          { "embedding_length", m->n_embd },
    { "context_length", m->n_context },      { "feed_forward_length", m->n_ff },
    { "attention.head_count", m->n_heads },  { "attention.head_count_kv", m->n_kv_heads },
    { "attention.key_length", m->head_dim }, { "attention.value_length", m->head_dim },
    { "rope.dimension_count", m->head_dim }, { "expert_count", m->n_expert },
    { "expert_used_count", m->n_used },      { "expert_feed_forward_length", m->n_expert ? m->n_ff : 0 },
  };
  g_autofree char *eps = g_strdup_printf ("%s.attention.layer_norm_rms_epsilon", m->arch);

  gguf_writer_string (&maker->writer, "general.architecture", m->arch);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *key = g_strdup_printf ("%s.%s", m->arch, rows[i].key);
      gguf_writer_uint (&maker->writer, key, rows[i].value);
    }
  gguf_writer_float (&maker->writer, eps, 1e-6f);
}

/* As byte-level BPE writes bytes: printable ones as themselves, the others from U+0100 on. */
static void
name_bytes (char names[256][8])
{
  guint extra = 0;

  for (guint byte = 0; byte < 256; byte++)
    {
      gboolean printable = (byte > 32 && byte < 127) || (byte > 160 && byte != 173);
      names[byte][g_unichar_to_utf8 (printable ? byte : 256 + extra++, names[byte])] = '\0';
    }
}

static void
write_vocabulary (Maker *maker)
{
  const char *end = maker->model->end ? maker->model->end : "<|end|>";
  const char *words[] = { "Ġt", "he", "Ġthe", "<|user|>", "<|answer|>", end };
  static const char *const merges[] = { "Ġ t", "h e", "Ġt he" };
  char bytes[256][8];
  const char *tokens[TINY_VOCABULARY];
  gint32 types[TINY_VOCABULARY];

  g_assert_cmpuint (maker->model->n_vocab, ==, TINY_VOCABULARY);
  name_bytes (bytes);
  for (guint i = 0; i < TINY_VOCABULARY; i++)
    {
      tokens[i] = i < 256 ? bytes[i] : words[i - 256];
      types[i] = i < TINY_VOCABULARY - 3 ? 1 : 3;
    }
  gguf_writer_string (&maker->writer, "tokenizer.ggml.model", "gpt2");
  gguf_writer_string (&maker->writer, "tokenizer.ggml.pre", "qwen2");
  gguf_writer_strings (&maker->writer, "tokenizer.ggml.tokens", tokens, TINY_VOCABULARY);
  gguf_writer_ints (&maker->writer, "tokenizer.ggml.token_type", types, TINY_VOCABULARY);
  gguf_writer_strings (&maker->writer, "tokenizer.ggml.merges", merges, G_N_ELEMENTS (merges));
  gguf_writer_uint (&maker->writer, "tokenizer.ggml.eos_token_id", TINY_VOCABULARY - 1);
  gguf_writer_string (&maker->writer, "tokenizer.chat_template",
                      maker->model->chat_template
                        ? maker->model->chat_template
                        : "{% for m in messages %}<|user|>{{ m['content'] }}<|end|>{% endfor %}"
                          "{% if add_generation_prompt %}<|answer|>{% endif %}");
}

static void
write_layer (Maker *maker, guint i)
{
  const TinyModel *m = maker->model;
  gboolean qk_norm = g_str_has_prefix (m->arch, "qwen3");
  guint n_q = m->n_heads * m->head_dim, n_kv = m->n_kv_heads * m->head_dim;
#define NAME(suffix) (g_snprintf (name, sizeof name, "blk.%u." suffix, i), name)
  char name[64];

  vector (maker, NAME ("attn_norm.weight"), m->n_embd, 0.1f, 1);
  matrix (maker, NAME ("attn_q.weight"), m->n_embd, n_q);
  matrix (maker, NAME ("attn_k.weight"), m->n_embd, n_kv);
  matrix (maker, NAME ("attn_v.weight"), m->n_embd, n_kv);
  matrix (maker, NAME ("attn_output.weight"), n_q, m->n_embd);
  if (m->biases)
    {
      vector (maker, NAME ("attn_q.bias"), n_q, 0.1f, 0);
      vector (maker, NAME ("attn_k.bias"), n_kv, 0.1f, 0);
      vector (maker, NAME ("attn_v.bias"), n_kv, 0.1f, 0);
    }
  if (qk_norm)
    {
      vector (maker, NAME ("attn_q_norm.weight"), m->head_dim, 0.1f, 1);
      vector (maker, NAME ("attn_k_norm.weight"), m->head_dim, 0.1f, 1);
    }
  vector (maker, NAME ("ffn_norm.weight"), m->n_embd, 0.1f, 1);
  if (m->n_expert)
    {
      experts (maker, NAME ("ffn_gate_exps.weight"), m->n_embd, m->n_ff);
      experts (maker, NAME ("ffn_up_exps.weight"), m->n_embd, m->n_ff);
      experts (maker, NAME ("ffn_down_exps.weight"), m->n_ff, m->n_embd);
    }
  else
    {
      matrix (maker, NAME ("ffn_gate.weight"), m->n_embd, m->n_ff);
      matrix (maker, NAME ("ffn_up.weight"), m->n_embd, m->n_ff);
      matrix (maker, NAME ("ffn_down.weight"), m->n_ff, m->n_embd);
    }
}

char *
tiny_model_write (const TinyModel *model)
{
  Maker maker = { .model = model, .random = g_rand_new_with_seed (model->seed) };
  g_autoptr (GByteArray) file = NULL;
  g_autoptr (GError) error = NULL;
  char *path = NULL;
  char name[64];
  int fd = g_file_open_tmp ("riposte-XXXXXX.gguf", &path, &error);

  g_assert_no_error (error);
  close (fd);
  gguf_writer_init (&maker.writer);
  write_keys (&maker);
  if (model->vocabulary)
    write_vocabulary (&maker);
  matrix (&maker, "token_embd.weight", model->n_embd, model->n_vocab);
  for (guint i = 0; i < model->n_layers; i++)
    write_layer (&maker, i);
  vector (&maker, "output_norm.weight", model->n_embd, 0.1f, 1);
  matrix (&maker, "output.weight", model->n_embd, model->n_vocab);
  /* Last, so that a dense model and its upcycled one draw the same numbers before. */
  for (guint i = 0; i < model->n_layers && model->n_expert; i++)
    matrix (&maker, NAME ("ffn_gate_inp.weight"), model->n_embd, model->n_expert);
  file = gguf_writer_finish (&maker.writer, 3);
  gguf_writer_clear (&maker.writer);
  g_rand_free (maker.random);
  g_file_set_contents (path, (const char *)file->data, file->len, &error);
  g_assert_no_error (error);
  return path;
}
