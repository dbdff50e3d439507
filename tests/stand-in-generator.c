#include "stand-in-generator.h"

static void test_generator_iface_init (RiposteGeneratorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TestGenerator,
                               test_generator,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RIPOSTE_TYPE_GENERATOR, test_generator_iface_init))

static void
generate (RiposteGenerator *generator, RiposteGeneration *generation)
{
  g_set_object (&TEST_GENERATOR (generator)->asked, generation);
}

static const char *
get_name (RiposteGenerator *generator)
{
  return "Stand-in";
}

static void
test_generator_iface_init (RiposteGeneratorInterface *iface)
{
  iface->generate = generate;
  iface->get_name = get_name;
}

static void
test_generator_init (TestGenerator *self)
{
}

static void
test_generator_dispose (GObject *object)
{
  g_clear_object (&TEST_GENERATOR (object)->asked);
  G_OBJECT_CLASS (test_generator_parent_class)->dispose (object);
}

static void
test_generator_class_init (TestGeneratorClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = test_generator_dispose;
}
