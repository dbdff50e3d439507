#include "model-menu.h"

#include <glib/gi18n.h>

#define MAX_MODELS 20

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return g_utf8_collate (*(const char *const *)a, *(const char *const *)b);
}

/* Names of the .gguf files in a folder. It is one of ours, with few files in it, so it is read at once. */
static GPtrArray *
list_models (const char *models_dir)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (models_dir, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)) && names->len < MAX_MODELS)
    if (g_str_has_suffix (name, ".gguf"))
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  return names;
}

static void
append_target (GMenu *menu, const char *label, const char *action, GVariant *target)
{
  g_autoptr (GMenuItem) item = g_menu_item_new (label, NULL);

  g_menu_item_set_action_and_target_value (item, action, target);
  g_menu_append_item (menu, item);
}

/* @id (nullable): of the message that each answers. */
static GMenuModel *
models_section (const char *models_dir, const char *id)
{
  g_autoptr (GPtrArray) names = list_models (models_dir);
  GMenu *section = g_menu_new ();

  for (guint i = 0; i < names->len; i++)
    {
      const char *name = names->pdata[i];
      g_autofree char *path = g_build_filename (models_dir, name, NULL);
      g_autofree char *display = g_filename_display_name (name);
      g_auto (GStrv) parts = g_strsplit (display, "_", -1);
      /* an underscore in a menu is a mnemonic */
      g_autofree char *label = g_strjoinv ("__", parts);

      if (id)
        append_target (section, label, "answer.again-with", g_variant_new ("(s^ay)", id, path));
      else
        append_target (section, label, "win.model", g_variant_new_bytestring (path));
    }
  return G_MENU_MODEL (section);
}

static GMenuModel *
devices_section (RiposteLocalGenerator *generator)
{
  GPtrArray *devices = riposte_local_generator_get_devices (generator);
  GMenu *section = g_menu_new ();

  append_target (section, _ ("_Automatic"), "win.device", g_variant_new_string ("auto"));
  for (guint i = 0; i < devices->len; i++)
    {
      const RiposteDevice *device = devices->pdata[i];
      g_autofree char *label = device->kind == RP_DEVICE_CPU
                                 /* Translators: where a model runs; %s is a processor, then a graphics device */
                                 ? g_strdup_printf (_ ("Processor: %s"), device->name)
                                 : g_strdup_printf (_ ("Vulkan: %s"), device->name);

      append_target (section, label, "win.device", g_variant_new_string (device->id));
    }
  return G_MENU_MODEL (section);
}

GMenuModel *
riposte_model_menu_new (RiposteLocalGenerator *generator, const char *models_dir)
{
  GMenu *menu = g_menu_new ();
  g_autoptr (GMenuModel) models = models_section (models_dir, NULL);
  g_autoptr (GMenuModel) devices = devices_section (generator);
  g_autoptr (GMenu) files = g_menu_new ();

  g_menu_append (files, _ ("_Manage Models…"), "win.models");
  g_menu_append (files, _ ("_Choose a Model File…"), "win.choose-model");
  g_menu_append (files, _ ("_Load Again"), "win.reload-model");
  g_menu_append_section (menu, g_menu_model_get_n_items (models) ? _ ("Models") : NULL, models);
  g_menu_append_section (menu, NULL, G_MENU_MODEL (files));
  g_menu_append_section (menu, _ ("Run On"), devices);
  return G_MENU_MODEL (menu);
}

GMenuModel *
riposte_model_menu_new_again (const char *models_dir, const char *id)
{
  GMenu *menu = g_menu_new ();
  g_autoptr (GMenuModel) models = models_section (models_dir, id);

  g_menu_append_section (menu, _ ("Try Again With"), models);
  return G_MENU_MODEL (menu);
}
