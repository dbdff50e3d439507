#include "stand-in-generator.h"

static void test_generator_iface_init (RiposteGeneratorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TestGenerator,
                               test_generator,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RIPOSTE_TYPE_GENERATOR, test_generator_iface_init))

static void
generate (RiposteGenerator *generator, RiposteGeneration *generation)
{
  TestGenerator *self = TEST_GENERATOR (generator);

  g_set_object (&self->asked, generation);
  g_ptr_array_add (self->all, g_object_ref (generation));
}

static const char *
get_name (RiposteGenerator *generator)
{
  return "Stand-in";
}

static RiposteGeneratorState
get_state (RiposteGenerator *generator)
{
  return RIPOSTE_GENERATOR_READY;
}

static gboolean
is_local (RiposteGenerator *generator)
{
  return TEST_GENERATOR (generator)->local;
}

static void
test_generator_iface_init (RiposteGeneratorInterface *iface)
{
  iface->generate = generate;
  iface->get_name = get_name;
  iface->get_state = get_state;
  iface->is_local = is_local;
}

static void
test_generator_init (TestGenerator *self)
{
  self->all = g_ptr_array_new_with_free_func (g_object_unref);
  self->local = TRUE;
}

static void
test_generator_dispose (GObject *object)
{
  TestGenerator *self = TEST_GENERATOR (object);

  g_clear_object (&self->asked);
  g_clear_pointer (&self->all, g_ptr_array_unref);
  G_OBJECT_CLASS (test_generator_parent_class)->dispose (object);
}

static void
test_generator_class_init (TestGeneratorClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = test_generator_dispose;
}
