#include "generate/generator.h"

G_DEFINE_INTERFACE (RiposteGenerator, riposte_generator, G_TYPE_OBJECT)

static guint changed_signal;

static void
riposte_generator_default_init (RiposteGeneratorInterface *iface)
{
  changed_signal
    = g_signal_new ("changed", G_TYPE_FROM_INTERFACE (iface), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

RiposteGeneratorState
riposte_generator_get_state (RiposteGenerator *self)
{
  return RIPOSTE_GENERATOR_GET_IFACE (self)->get_state (self);
}

double
riposte_generator_get_progress (RiposteGenerator *self)
{
  return RIPOSTE_GENERATOR_GET_IFACE (self)->get_progress (self);
}

const GError *
riposte_generator_get_error (RiposteGenerator *self)
{
  return RIPOSTE_GENERATOR_GET_IFACE (self)->get_error (self);
}

const char *
riposte_generator_get_name (RiposteGenerator *self)
{
  return RIPOSTE_GENERATOR_GET_IFACE (self)->get_name (self);
}

const char *
riposte_generator_get_place (RiposteGenerator *self)
{
  return RIPOSTE_GENERATOR_GET_IFACE (self)->get_place (self);
}

guint
riposte_generator_get_n_context (RiposteGenerator *self)
{
  return RIPOSTE_GENERATOR_GET_IFACE (self)->get_n_context (self);
}

gboolean
riposte_generator_is_local (RiposteGenerator *self)
{
  return RIPOSTE_GENERATOR_GET_IFACE (self)->is_local (self);
}

RiposteGenerator *
riposte_generator_choose (RiposteGenerator *self)
{
  RiposteGeneratorInterface *iface = RIPOSTE_GENERATOR_GET_IFACE (self);

  return iface->choose ? iface->choose (self) : self;
}

RiposteGenerator *
riposte_generator_get_elsewhere (RiposteGenerator *self)
{
  RiposteGeneratorInterface *iface = RIPOSTE_GENERATOR_GET_IFACE (self);

  return iface->get_elsewhere ? iface->get_elsewhere (self) : NULL;
}

void
riposte_generator_generate (RiposteGenerator *self, RiposteGeneration *generation)
{
  RIPOSTE_GENERATOR_GET_IFACE (self)->generate (self, generation);
}

void
riposte_generator_measure_async (RiposteGenerator *self,
                                 RiposteGeneration *prompt,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, riposte_generator_measure_async);
  if (RIPOSTE_GENERATOR_GET_IFACE (self)->measure_async)
    RIPOSTE_GENERATOR_GET_IFACE (self)->measure_async (self, prompt, task);
  else
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "Nobody can tell");
}

gboolean
riposte_generator_measure_finish (RiposteGenerator *self, GAsyncResult *result, RiposteMeasure *measure, GError **error)
{
  g_autofree RiposteMeasure *found = g_task_propagate_pointer (G_TASK (result), error);

  if (found)
    *measure = *found;
  return found != NULL;
}

void
riposte_generator_emit_changed (RiposteGenerator *self)
{
  g_signal_emit (self, changed_signal, 0);
}
