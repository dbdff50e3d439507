/* The menu of models and devices. */
#pragma once

#include "generate/local-generator.h"

G_BEGIN_DECLS

/* The models that are in @models_dir, and the devices that @generator knows of. */
GMenuModel *riposte_model_menu_new (RiposteLocalGenerator *generator, const char *models_dir);
/* The models alone, each to answer the message @id once more: "answer.again-with". */
GMenuModel *riposte_model_menu_new_again (const char *models_dir, const char *id);

G_END_DECLS
