/* Random sizes and operands. Sizes are small, and odd as often as a type allows; values are such that rounding to f32 and
 * the quantization of activations are all that tells two right implementations apart. */
#include "operations-random.h"

#include <string.h>

const RpDType operation_types[]
  = { RP_DTYPE_F32,  RP_DTYPE_F16,  RP_DTYPE_BF16,   RP_DTYPE_Q4_0,  RP_DTYPE_Q4_1, RP_DTYPE_Q5_0,
      RP_DTYPE_Q5_1, RP_DTYPE_Q8_0, RP_DTYPE_IQ4_NL, RP_DTYPE_MXFP4, RP_DTYPE_Q2_K, RP_DTYPE_Q3_K,
      RP_DTYPE_Q4_K, RP_DTYPE_Q5_K, RP_DTYPE_Q6_K,   RP_DTYPE_IQ4_XS };
const RpDType operation_cache_types[4] = { RP_DTYPE_F32, RP_DTYPE_F16, RP_DTYPE_Q8_0, RP_DTYPE_Q4_0 };
const guint n_operation_types = G_N_ELEMENTS (operation_types);

guint
random_between (guint low, guint high)
{
  return (guint)g_test_rand_int_range ((gint32)low, (gint32)high + 1);
}

GRand *
random_generator (void)
{
  return g_rand_new_with_seed ((guint32)g_test_rand_int ());
}

static float *
fill_floats (RpView view, gsize n, double low, double high)
{
  float *to = (float *)operand_of (view)->data;
  GRand *random = random_generator ();

  for (gsize i = 0; i < n; i++)
    to[i] = (float)g_rand_double_range (random, low, high);
  g_rand_free (random);
  return to;
}

RpView
case_floats (OperationCase *c, OperandUse use, const char *name, gsize n, double low, double high)
{
  RpView view = operation_case_operand (c, use, OPERAND_F32, name, n * sizeof (float));

  if (use != OPERAND_OUTPUT)
    fill_floats (view, n, low, high);
  return view;
}

RpView
case_maybe_floats (OperationCase *c, const char *name, gsize n, double low, double high)
{
  return g_test_rand_bit () ? case_floats (c, OPERAND_INPUT, name, n, low, high) : (RpView){ 0 };
}

RpView
case_output (OperationCase *c, const char *name, gsize n)
{
  return case_floats (c, OPERAND_OUTPUT, name, n, 0, 0);
}

static void
put_half (guint8 *at, double value)
{
  RpHalf half = rp_float_to_half ((float)value);

  memcpy (at, &half, 2);
}

/* Where the scales of a block are, and how large they may be for weights of a sensible size. */
typedef struct
{
  RpDType type;
  guint d, dmin; /* offsets; dmin 0: there is none */
  double largest, low, high;
} ScaleRow;

static const ScaleRow scale_rows[] = {
  { RP_DTYPE_Q4_0, 0, 0, 0.01, 0, 0 },
  { RP_DTYPE_Q4_1, 0, 2, 0.01, -0.1, 0.02 },
  { RP_DTYPE_Q5_0, 0, 0, 0.01, 0, 0 },
  { RP_DTYPE_Q5_1, 0, 2, 0.01, -0.2, 0.02 },
  { RP_DTYPE_Q8_0, 0, 0, 0.01, 0, 0 },
  { RP_DTYPE_IQ4_NL, 0, 0, 0.002, 0, 0 },
  { RP_DTYPE_Q2_K, G_STRUCT_OFFSET (RpBlockQ2_K, d), G_STRUCT_OFFSET (RpBlockQ2_K, dmin), 0.02, -0.01, 0.02 },
  { RP_DTYPE_Q3_K, G_STRUCT_OFFSET (RpBlockQ3_K, d), 0, 0.01, 0, 0 },
  { RP_DTYPE_Q4_K, 0, 2, 0.01, -0.02, 0.1 },
  { RP_DTYPE_Q5_K, 0, 2, 0.01, -0.02, 0.1 },
  { RP_DTYPE_Q6_K, G_STRUCT_OFFSET (RpBlockQ6_K, d), 0, 0.01, 0, 0 },
  { RP_DTYPE_IQ4_XS, 0, 0, 0.002, 0, 0 },
};

static void
random_block (RpDType type, guint8 *block, guint bytes, GRand *random)
{
  for (guint j = 0; j < bytes; j++)
    block[j] = (guint8)g_rand_int (random);
  if (type == RP_DTYPE_MXFP4)
    block[0] = (guint8)g_rand_int_range (random, 118, 124);
  for (guint i = 0; i < G_N_ELEMENTS (scale_rows); i++)
    {
      const ScaleRow *row = &scale_rows[i];
      if (row->type != type)
        continue;
      put_half (block + row->d, g_rand_double_range (random, 0.2, 1) * row->largest);
      if (row->dmin)
        put_half (block + row->dmin, g_rand_double_range (random, row->low, row->high));
    }
}

void
random_weights (RpDType type, guint8 *data, gsize size)
{
  const RpDTypeInfo *info = rp_dtype_info (type);
  GRand *random = random_generator ();

  for (gsize i = 0; i < size; i += info->block_bytes)
    if (info->block_elements == 1)
      {
        float value = (float)g_rand_double_range (random, -1, 1);
        info->quantize (&value, data + i, 1);
      }
    else
      random_block (type, data + i, info->block_bytes, random);
  g_rand_free (random);
}

RpWeight
case_weight (OperationCase *c, RpDType type, guint n_in, guint n_out, guint n_expert)
{
  gsize size = rp_dtype_row_size (type, n_in) * n_out * n_expert;
  RpView view = operation_case_operand (c, OPERAND_INPUT, OPERAND_WEIGHT, "weight", size);

  random_weights (type, operand_of (view)->data, size);
  return (RpWeight){ view, type, n_in, n_out, n_expert };
}

gboolean
is_float_type (RpDType type)
{
  return rp_dtype_info (type)->block_elements == 1;
}

guint
random_row_length (RpDType type)
{
  guint block = rp_dtype_info (type)->block_elements;

  return block == 1 ? PICK (1, 3, 5, 31, 32, 64, 100, 128, 257, 576, 896)
                    : block * random_between (1, block == 256 ? 4 : 33);
}

guint
random_token_count (void)
{
  return PICK (1, 1, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 65, 100);
}

RpView
case_expert_ids (OperationCase *c, guint n_tokens, guint n_used, guint n_expert)
{
  RpView view = operation_case_operand (c, OPERAND_INPUT, OPERAND_I32, "ids", (gsize)n_tokens * n_used * 4);
  gint32 *ids = (gint32 *)operand_of (view)->data;
  g_autofree gint32 *deck = g_new (gint32, n_expert);
  gboolean same = random_between (0, 3) == 0;

  for (guint e = 0; e < n_expert; e++)
    deck[e] = (gint32)e;
  for (guint t = 0; t < n_tokens; t++)
    for (guint j = 0; j < n_used; j++)
      {
        if (t == 0 || !same)
          {
            guint other = random_between (j, n_expert - 1);
            gint32 swap = deck[j];
            deck[j] = deck[other];
            deck[other] = swap;
          }
        ids[t * n_used + j] = deck[j];
      }
  return view;
}
