#include "golden-model.h"

#include "gguf-writer.h"
#include "quantize.h"

#include <math.h>
#include <string.h>

/* A number that depends on the state alone (Steele et al. 2014, SplitMix64). */
static guint64
next_random (guint64 *state)
{
  guint64 z = *state += 0x9e3779b97f4a7c15;

  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

static void
draw (const char *name, float mean, float deviation, float *out, gsize n)
{
  const float step = deviation * sqrtf (3) / (1 << 23); /* uniform within mean ± √3 deviations */
  guint64 state = 14695981039346656037u;

  for (const char *c = name; *c; c++)
    state = (state ^ (guint8)*c) * 1099511628211u; /* FNV-1a */
  for (gsize i = 0; i < n; i++)
    out[i] = mean + step * ((gint32)(next_random (&state) >> 40) - (1 << 23));
}

RpToken *
golden_model_tokens (const GoldenModel *model)
{
  RpToken *tokens = g_new (RpToken, model->n_tokens);
  guint64 state = model->n_vocab;

  for (guint i = 0; i < model->n_tokens; i++)
    tokens[i] = next_random (&state) % model->n_vocab;
  return tokens;
}

static void
append_number (GByteArray *out, RpGgufType type, const char *word)
{
  gint64 integer = g_ascii_strtoll (word, NULL, 10);
  float f = g_ascii_strtod (word, NULL);
  guint size = type == RP_GGUF_BOOL || type <= RP_GGUF_I8 ? 1 : type <= RP_GGUF_I16 ? 2 : type >= RP_GGUF_U64 ? 8 : 4;

  g_assert_cmpint (type, !=, RP_GGUF_F64);
  g_byte_array_append (out, type == RP_GGUF_F32 ? (guint8 *)&f : (guint8 *)&integer, size);
}

static void
append_value (GByteArray *out, RpGgufType type, const char *word)
{
  guint64 length = strlen (word);

  if (type != RP_GGUF_STRING)
    {
      append_number (out, type, word);
      return;
    }
  g_byte_array_append (out, (guint8 *)&length, 8);
  g_byte_array_append (out, (guint8 *)word, length);
}

static RpGgufType
type_named (const char *name)
{
  static const char *const names[RP_N_GGUF_TYPES]
    = { "u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "str", NULL, "u64", "i64", "f64" };

  for (guint type = 0; type < RP_N_GGUF_TYPES; type++)
    if (names[type] && strcmp (names[type], name) == 0)
      return type;
  g_error ("no type “%s”", name);
}

/* key NAME TYPE VALUE, or key NAME TYPE[] VALUE[*COUNT]… */
static void
write_key (GgufWriter *writer, char **words)
{
  g_autoptr (GByteArray) values = g_byte_array_new (), head = g_byte_array_new ();
  char *brackets = strstr (words[2], "[]");
  guint64 length = 0;
  RpGgufType type;

  if (brackets)
    *brackets = '\0';
  type = type_named (words[2]);
  for (char **word = words + 3; *word; word++)
    {
      char *star = brackets ? strchr (*word, '*') : NULL;
      guint64 count = star ? g_ascii_strtoull (star + 1, NULL, 10) : 1;

      if (star)
        *star = '\0';
      for (length += count; count; count--)
        append_value (values, type, *word);
    }
  if (!brackets)
    {
      g_assert_cmpuint (length, ==, 1);
      gguf_writer_raw (writer, words[1], type, values->data, values->len);
      return;
    }
  g_byte_array_append (head, (guint8 *)&(guint32){ type }, 4);
  g_byte_array_append (head, (guint8 *)&length, 8);
  g_byte_array_append (head, values->data, values->len);
  gguf_writer_raw (writer, words[1], RP_GGUF_ARRAY, head->data, head->len);
}

static RpDType
dtype_named (const char *name)
{
  for (guint type = 0; type < RP_DTYPE_LAST; type++)
    if (rp_dtype_info (type) && strcmp (rp_dtype_info (type)->name, name) == 0)
      return type;
  g_error ("no type of weights “%s”", name);
}

/* tensor[:TYPE] NAME MEAN DEVIATION DIMENSION…; returns the last dimension. */
static guint
write_tensor (GgufWriter *writer, char **words, gboolean exact)
{
  const char *colon = strchr (words[0], ':');
  RpDType type = colon ? dtype_named (colon + 1) : RP_DTYPE_F32;
  const RpDTypeInfo *info = rp_dtype_info (type);
  guint64 dims[4];
  guint n_dims = 0;
  gsize n = 1, size;
  g_autofree float *weights = NULL;
  g_autofree guint8 *data = NULL;

  for (char **word = words + 4; *word; word++)
    {
      g_assert_cmpuint (n_dims, <, G_N_ELEMENTS (dims));
      n *= dims[n_dims++] = g_ascii_strtoull (*word, NULL, 10);
    }
  weights = g_new (float, n);
  draw (words[1], g_ascii_strtod (words[2], NULL), g_ascii_strtod (words[3], NULL), weights, n);
  size = rp_dtype_row_size (type, n);
  data = g_malloc (size);
  if (info->quantize)
    info->quantize (weights, data, n);
  else
    rp_quantize_row (type, weights, data, n);
  if (exact)
    info->dequantize (data, weights, n);
  gguf_writer_tensor (writer, words[1], exact ? RP_DTYPE_F32 : type, n_dims, dims, exact ? (guint8 *)weights : data,
                      exact ? n * sizeof *weights : size);
  return dims[n_dims - 1];
}

GoldenModel
golden_model_write (const char *description, const char *path, gboolean exact)
{
  GoldenModel model = { .n_tokens = 200 };
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  g_autoptr (GByteArray) file = NULL;
  g_autoptr (GError) error = NULL;
  GgufWriter writer;

  g_file_get_contents (description, &text, NULL, &error);
  g_assert_no_error (error);
  lines = g_strsplit (text, "\n", -1);
  gguf_writer_init (&writer);
  for (char **line = lines; *line; line++)
    {
      g_auto (GStrv) words = g_strsplit (*line, " ", -1);
      guint n = g_strv_length (words);

      if (n >= 3 && strcmp (words[0], "key") == 0)
        write_key (&writer, words);
      else if (n >= 5 && g_str_has_prefix (words[0], "tensor"))
        {
          guint last = write_tensor (&writer, words, exact);
          if (strcmp (words[1], "token_embd.weight") == 0)
            model.n_vocab = last;
        }
      else if (n == 2 && strcmp (words[0], "tokens") == 0)
        model.n_tokens = g_ascii_strtoull (words[1], NULL, 10);
      else if (n && words[0][0] != '#')
        g_error ("%s: cannot read “%s”", description, *line);
    }
  file = gguf_writer_finish (&writer, 3);
  gguf_writer_clear (&writer);
  g_file_set_contents (path, (const char *)file->data, file->len, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (model.n_vocab, !=, 0);
  return model;
}
