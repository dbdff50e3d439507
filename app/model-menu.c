#include "model-menu.h"

#include "plain-text.h"
#include "models/found.h"
#include "network/network.h"
#include "remote/service.h"

#include <glib/gi18n.h>
#include <string.h>

#define MAX_MODELS 20 /* of a section; the window that manages them has them all */
#define MIN_CHARS  12 /* of a name */
#define MAX_CHARS  36
#define MARGINS    100 /* pixels of a menu beside its names */

/* What the models of a menu do: load, or answer the message @id once more. */
typedef struct
{
  GMenu *menu;
  char *id; /* nullable */
  guint n_sections;
} Filling;

static guint n_chars = MAX_CHARS; /* of a name: those that the window has room for which a menu was opened in last */
static GPtrArray *found;          /* (nullable) of RiposteFoundModel: as it was when it was looked for last */

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

/* The labels of a menu do not ellipsize, and a narrow window has room for few letters where text is large. */
static void
count_chars (GtkWidget *opener)
{
  GtkWidget *window = GTK_WIDGET (gtk_widget_get_root (opener));
  PangoFontMetrics *metrics = pango_context_get_metrics (gtk_widget_get_pango_context (window), NULL, NULL);
  int room = (gtk_widget_get_width (window) - MARGINS) * PANGO_SCALE;
  int n = room / MAX (1, pango_font_metrics_get_approximate_char_width (metrics));

  n_chars = (guint)CLAMP (n, MIN_CHARS, MAX_CHARS);
  pango_font_metrics_unref (metrics);
}

/* Both ends of a name tell it from others. */
static char *
shorten (const char *name)
{
  glong n = g_utf8_strlen (name, -1), n_end = n_chars / 2;
  const char *end = n > n_chars ? g_utf8_offset_to_pointer (name, n - n_end) : NULL;

  if (!end)
    return g_strdup (name);
  return g_strdup_printf ("%.*s…%s", (int)(g_utf8_offset_to_pointer (name, n_chars - 1 - n_end) - name), name, end);
}

static void
append_target (GMenu *menu, const char *name, const char *action, GVariant *target)
{
  g_autofree char *tidy = riposte_plain_text (name, -1);
  g_autofree char *shown = shorten (tidy);
  g_auto (GStrv) parts = g_strsplit (shown, "_", -1);
  /* an underscore in a menu is a mnemonic */
  g_autofree char *label = g_strjoinv ("__", parts);
  g_autoptr (GMenuItem) item = g_menu_item_new (label, NULL);

  g_menu_item_set_action_and_target_value (item, action, target);
  g_menu_append_item (menu, item);
}

/* @id (nullable): of the message that it answers. */
static void
append_model (GMenu *section, const char *name, const char *path, const char *id)
{
  if (id)
    append_target (section, name, "answer.again-with", g_variant_new ("(s^ay)", id, path));
  else
    append_target (section, name, "win.model", g_variant_new_bytestring (path));
}

static void
append_file (GMenu *section, const char *path, const char *id)
{
  g_autofree char *name = g_filename_display_basename (path);

  if (g_str_has_suffix (name, ".gguf"))
    name[strlen (name) - strlen (".gguf")] = '\0';
  append_model (section, name, path, id);
}

/* Those of the folder, and the one in use. */
static GMenuModel *
models_section (RiposteLocalGenerator *generator, const char *models_dir, const char *id)
{
  g_autoptr (GPtrArray) names = list_models (models_dir);
  const char *in_use = generator ? riposte_local_generator_get_path (generator) : NULL;
  GMenu *section = g_menu_new ();

  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = g_build_filename (models_dir, names->pdata[i], NULL);

      append_file (section, path, id);
      if (g_strcmp0 (path, in_use) == 0)
        in_use = NULL;
    }
  for (guint i = 0; found && i < found->len; i++)
    if (g_strcmp0 (((RiposteFoundModel *)found->pdata[i])->path, in_use) == 0)
      in_use = NULL;
  if (in_use)
    append_file (section, in_use, id);
  return G_MENU_MODEL (section);
}

/* ---- what other programs have ---- */

/* A section a program, behind the first of the menu, in place of those that were there. */
static void
fill_found (Filling *filling)
{
  for (; filling->n_sections; filling->n_sections--)
    g_menu_remove (filling->menu, (int)filling->n_sections);
  for (guint i = 0; found && i < found->len;)
    {
      RiposteModelSource source = ((RiposteFoundModel *)found->pdata[i])->source;
      g_autoptr (GMenu) section = g_menu_new ();

      for (; i < found->len && ((RiposteFoundModel *)found->pdata[i])->source == source; i++)
        {
          const RiposteFoundModel *model = found->pdata[i];
          gboolean wanted = source != RIPOSTE_SOURCE_OWN && !model->problem;

          if (wanted && g_menu_model_get_n_items (G_MENU_MODEL (section)) < MAX_MODELS)
            append_model (section, model->name, model->path, filling->id);
        }
      if (g_menu_model_get_n_items (G_MENU_MODEL (section)))
        g_menu_insert_section (filling->menu, (int)++filling->n_sections, riposte_model_source_get_name (source),
                               G_MENU_MODEL (section));
    }
}

static void
filling_free (gpointer data)
{
  Filling *filling = data;

  g_object_unref (filling->menu);
  g_free (filling->id);
  g_free (filling);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Filling, filling_free)

static gboolean
is_same (GPtrArray *one, GPtrArray *two)
{
  gboolean same = one && one->len == two->len;

  for (guint i = 0; same && i < two->len; i++)
    {
      const RiposteFoundModel *a = one->pdata[i], *b = two->pdata[i];
      same = g_str_equal (a->path, b->path) && g_str_equal (a->name, b->name) && !a->problem == !b->problem;
    }
  return same;
}

/* A menu that is open is changed under the pointer only where there is something new. */
static void
on_scanned (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Filling) filling = user_data;
  g_autoptr (GPtrArray) now = riposte_found_scan_finish (result, NULL);

  if (!now || is_same (found, now))
    return;
  g_clear_pointer (&found, g_ptr_array_unref);
  found = g_steal_pointer (&now);
  fill_found (filling);
}

/* What was found last at once, and what there is now when the disk has been looked at. */
static void
add_found (GMenu *menu, const char *models_dir, const char *id)
{
  Filling *filling = g_new0 (Filling, 1);

  filling->menu = g_object_ref (menu);
  filling->id = g_strdup (id);
  fill_found (filling);
  riposte_found_scan_async (models_dir, NULL, on_scanned, filling);
}

/* ---- the rest ---- */

/* Those that may answer; @id as above. */
static GMenu *
services_section (const char *id)
{
  GMenu *section = g_menu_new ();
  g_autoptr (GPtrArray) services = riposte_service_list_usable ();

  if (riposte_service_get_fallback () == RIPOSTE_FALLBACK_NEVER || !riposte_network_is_allowed ())
    return section;
  for (guint i = 0; i < services->len; i++)
    {
      const RiposteService *service = services->pdata[i];
      g_autofree char *name = riposte_service_dup_name (service);

      if (id)
        append_target (section, name, "answer.again-elsewhere", g_variant_new ("(ss)", id, service->id));
      else
        append_target (section, name, "win.service", g_variant_new_string (service->id));
    }
  return section;
}

static GMenuModel *
devices_section (RiposteLocalGenerator *generator)
{
  GPtrArray *devices = riposte_local_generator_get_devices (generator);
  GMenu *section = g_menu_new ();
  g_autoptr (GMenuItem) automatic = g_menu_item_new (_ ("_Automatic"), NULL);

  g_menu_item_set_action_and_target_value (automatic, "win.device", g_variant_new_string ("auto"));
  g_menu_append_item (section, automatic);
  for (guint i = 0; i < devices->len; i++)
    {
      const RiposteDevice *device = devices->pdata[i];
      g_autofree char *name = device->kind == RP_DEVICE_CPU
                                /* Translators: where a model runs; %s is a processor, then a graphics device */
                                ? g_strdup_printf (_ ("Processor: %s"), device->name)
                                : g_strdup_printf (_ ("Vulkan: %s"), device->name);

      append_target (section, name, "win.device", g_variant_new_string (device->id));
    }
  return G_MENU_MODEL (section);
}

GMenuModel *
riposte_model_menu_new (GtkWidget *opener, RiposteLocalGenerator *generator, const char *models_dir)
{
  GMenu *menu = g_menu_new ();
  g_autoptr (GMenuModel) models = NULL;
  g_autoptr (GMenuModel) devices = NULL;
  g_autoptr (GMenu) files = g_menu_new ();
  g_autoptr (GMenu) services = NULL;

  count_chars (opener);
  models = models_section (generator, models_dir, NULL);
  devices = devices_section (generator);
  services = services_section (NULL);
  g_menu_append (files, _ ("_Manage Models…"), "win.models");
  g_menu_append (files, _ ("_Choose a Model File…"), "win.choose-model");
  g_menu_append (files, _ ("_Load Again"), "win.reload-model");
  g_menu_append_section (menu, g_menu_model_get_n_items (models) ? _ ("Models") : NULL, models);
  add_found (menu, models_dir, NULL);
  g_menu_append_section (menu, NULL, G_MENU_MODEL (files));
  /* with none, it leads to where it says why */
  g_menu_append (services, _ ("_Remote Services…"), "app.services");
  g_menu_append_section (menu, _ ("Run On"), devices);
  g_menu_append_section (menu, _ ("Elsewhere"), G_MENU_MODEL (services));
  return G_MENU_MODEL (menu);
}

GMenuModel *
riposte_model_menu_new_again (GtkWidget *opener,
                              RiposteLocalGenerator *generator,
                              const char *models_dir,
                              const char *id)
{
  GMenu *menu = g_menu_new ();
  g_autoptr (GMenuModel) models = NULL;
  g_autoptr (GMenu) services = NULL;

  count_chars (opener);
  models = models_section (generator, models_dir, id);
  services = services_section (id);
  g_menu_append_section (menu, _ ("Try Again With"), models);
  add_found (menu, models_dir, id);
  if (g_menu_model_get_n_items (G_MENU_MODEL (services)))
    g_menu_append_section (menu, _ ("Elsewhere"), G_MENU_MODEL (services));
  return G_MENU_MODEL (menu);
}
