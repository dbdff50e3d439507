/* A dense model in experts: each feed-forward is copied, and a random router chooses among the copies. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define UPCYCLED_N_USED 2 /* experts */

typedef struct
{
  guint n_layers;  /* the first ones; 0: all */
  gboolean floats; /* in F32, else in the types of the file */
  guint n_expert;  /* copies of a feed-forward; 0: dense, as it was */
} UpcycleRecipe;

/* @from: a dense model of architecture llama. */
void upcycle (const char *from, const char *to, const UpcycleRecipe *recipe);

G_END_DECLS
