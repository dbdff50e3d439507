/* A generator that answers nothing by itself: it keeps what it was asked, and the test answers in its place. */
#pragma once

#include "generate/generator.h"

G_BEGIN_DECLS

#define TEST_TYPE_GENERATOR (test_generator_get_type ())
G_DECLARE_FINAL_TYPE (TestGenerator, test_generator, TEST, GENERATOR, GObject)

struct _TestGenerator
{
  GObject parent;
  RiposteGeneration *asked; /* the last; a test may clear it */
  GPtrArray *all;           /* of RiposteGeneration, in the order of their coming */
  gboolean local;           /* TRUE at first */
};

G_END_DECLS
