/* The menu of models, devices and services. */
#pragma once

#include "generate/local-generator.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* The models that are in @models_dir and those that other programs have, the devices that @generator knows of, and the
 * services that may answer. @opener is in the window that the menu has to have room in. */
GMenuModel *riposte_model_menu_new (GtkWidget *opener, RiposteLocalGenerator *generator, const char *models_dir);
/* The models and services alone, each to answer the message @id once more: "answer.again-with" with a path,
 * "answer.again-elsewhere" with the id of a service. @generator is nullable. */
GMenuModel *riposte_model_menu_new_again (GtkWidget *opener,
                                          RiposteLocalGenerator *generator,
                                          const char *models_dir,
                                          const char *id);

G_END_DECLS
