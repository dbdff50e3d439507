#include "models/model-manager.h"

#include <glib/gi18n.h>

#include "models/catalogue.h"
#include "models/download-row.h"
#include "models/found.h"
#include "models/manager-dialogs.h"
#include "network/network.h"

#define MAX_ROWS 200

struct _RiposteModelManager
{
  AdwWindow parent;

  RiposteLocalGenerator *generator;
  RiposteDownloads *downloads;
  char *folder;
  GPtrArray *catalogue;                        /* of RiposteCatalogueModel */
  GPtrArray *found;                            /* of RiposteFoundModel; NULL until they were looked for */
  GPtrArray *found_rows, *catalogue_rows;      /* of AdwActionRow, owned by their groups */
  GPtrArray *download_rows;                    /* of RiposteDownloadRow, as the list has them */
  GCancellable *cancellable;                   /* of the search */
  const RiposteCapacity *capacity, *processor; /* that the rows were made with */
  char *in_use;                                /* path of the model that the rows show as loaded */

  AdwToastOverlay *toasts;
  AdwPreferencesGroup *offline_group, *downloads_group, *found_group, *catalogue_group;
  GtkSpinner *spinner;
};

G_DEFINE_FINAL_TYPE (RiposteModelManager, riposte_model_manager, ADW_TYPE_WINDOW)

enum
{
  CHOSEN,
  CHOOSE_FILE,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void look (RiposteModelManager *self);

/* ---- rows ---- */

static RiposteMachine
machine_of (const RiposteCapacity *capacity)
{
  if (!capacity)
    return (RiposteMachine){ 0 };
  return (RiposteMachine){ capacity->memory_bytes, capacity->memory_free, capacity->bandwidth,
                           capacity->kind == RP_DEVICE_GPU };
}

static char *
describe_fit (RiposteModelManager *self, const RiposteNeeds *needs)
{
  RiposteMachine device = machine_of (self->capacity), processor = machine_of (self->processor);

  return riposte_fit_describe_on (needs, &device, self->processor ? &processor : NULL);
}

static GtkWidget *
row_new (const char *name, const char *subtitle)
{
  GtkWidget *row = adw_action_row_new ();

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), name);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), subtitle);
  return row;
}

/* @label: what it does, for who cannot see the icon; said of @name */
static GtkWidget *
button_new (const char *icon, const char *label, const char *name)
{
  GtkWidget *button = gtk_button_new_from_icon_name (icon);
  g_autofree char *full = g_strdup_printf ("%s: %s", label, name);

  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_add_css_class (button, "circular");
  gtk_widget_set_tooltip_text (button, label);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, full, -1);
  return button;
}

static void
clear_rows (AdwPreferencesGroup *group, GPtrArray *rows)
{
  for (guint i = 0; i < rows->len; i++)
    adw_preferences_group_remove (group, rows->pdata[i]);
  g_ptr_array_set_size (rows, 0);
}

static void
add_row (AdwPreferencesGroup *group, GPtrArray *rows, GtkWidget *row)
{
  adw_preferences_group_add (group, row);
  g_ptr_array_add (rows, row);
}

/* ---- on this machine ---- */

static void
on_deleted (const char *name, const GError *error, gpointer user_data)
{
  RiposteModelManager *self = user_data;
  g_autofree char *text = error ? g_strdup (error->message)
                                /* Translators: the name of a model */
                                : g_strdup_printf (_ ("“%s” deleted"), name);
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  if (!self->generator) /* closed meanwhile */
    return;
  adw_toast_overlay_add_toast (self->toasts, adw_toast_new (escaped));
  look (self);
}

static const RiposteFoundModel *
model_of (GtkWidget *widget)
{
  return g_object_get_data (G_OBJECT (widget), "model");
}

static void
on_delete (GtkButton *button, RiposteModelManager *self)
{
  const RiposteFoundModel *model = model_of (GTK_WIDGET (button));

  riposte_ask_delete (GTK_WINDOW (self), model->name, model->path, on_deleted, self);
}

static void
on_use (GtkButton *button, RiposteModelManager *self)
{
  g_autofree char *path = g_strdup (model_of (GTK_WIDGET (button))->path);

  g_signal_emit (self, signals[CHOSEN], 0, path);
  gtk_window_close (GTK_WINDOW (self));
}

static char *
describe_found (RiposteModelManager *self, const RiposteFoundModel *model)
{
  const char *source = riposte_model_source_get_name (model->source);
  g_autofree char *size = g_format_size (model->needs.file_bytes);
  g_autofree char *fit = model->problem ? g_strdup (model->problem) : describe_fit (self, &model->needs);

  return source ? g_strdup_printf ("%s · %s\n%s", source, size, fit) : g_strdup_printf ("%s\n%s", size, fit);
}

/* The whole row does what its button does, and adds its title to what that is called. */
static void
add_use_button (RiposteModelManager *self, GtkWidget *row, const RiposteFoundModel *model)
{
  GtkWidget *button = gtk_button_new_with_label (_ ("Use"));

  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, _ ("Use"), -1);
  g_object_set_data (G_OBJECT (button), "model", (gpointer)model);
  g_signal_connect_object (button, "clicked", G_CALLBACK (on_use), self, 0);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), button);
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), button);
}

static void
add_use_mark (GtkWidget *row)
{
  GtkWidget *mark = gtk_image_new_from_icon_name ("object-select-symbolic");

  gtk_widget_set_tooltip_text (mark, _ ("In use"));
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), mark);
}

static GtkWidget *
found_row_new (RiposteModelManager *self, const RiposteFoundModel *model)
{
  g_autofree char *subtitle = describe_found (self, model);
  GtkWidget *row = row_new (model->name, subtitle);
  gboolean in_use = g_strcmp0 (model->path, self->in_use) == 0;

  if (in_use)
    add_use_mark (row);
  else if (model->source == RIPOSTE_SOURCE_OWN)
    {
      GtkWidget *delete = button_new ("user-trash-symbolic", _ ("Delete"), model->name);
      g_object_set_data (G_OBJECT (delete), "model", (gpointer)model);
      g_signal_connect_object (delete, "clicked", G_CALLBACK (on_delete), self, 0);
      adw_action_row_add_suffix (ADW_ACTION_ROW (row), delete);
    }
  if (!model->problem && !in_use)
    add_use_button (self, row, model);
  return row;
}

/* Rows are widgets, so there cannot be thousands. */
static void
add_found_rows (RiposteModelManager *self, gboolean with_problem)
{
  for (guint i = 0; i < self->found->len && self->found_rows->len < MAX_ROWS; i++)
    {
      const RiposteFoundModel *model = self->found->pdata[i];

      if ((model->problem != NULL) == with_problem)
        add_row (self->found_group, self->found_rows, found_row_new (self, model));
    }
}

/* It may be anywhere. */
static void
add_used_elsewhere (RiposteModelManager *self)
{
  g_autofree char *name = self->in_use ? g_filename_display_basename (self->in_use) : NULL;
  g_autofree char *path = self->in_use ? g_filename_display_name (self->in_use) : NULL;
  GtkWidget *row;

  for (guint i = 0; i < self->found->len; i++)
    if (g_strcmp0 (((RiposteFoundModel *)self->found->pdata[i])->path, self->in_use) == 0)
      return;
  if (!name)
    return;
  row = row_new (name, path);
  add_use_mark (row);
  add_row (self->found_group, self->found_rows, row);
}

static void
show_found (RiposteModelManager *self)
{
  guint n_more;

  clear_rows (self->found_group, self->found_rows);
  if (!self->found)
    return;
  add_used_elsewhere (self);
  add_found_rows (self, FALSE);
  add_found_rows (self, TRUE);
  n_more = self->found->len > MAX_ROWS ? self->found->len - MAX_ROWS : 0;
  if (n_more)
    {
      g_autofree char *title = g_strdup_printf (ngettext ("%u more file", "%u more files", n_more), n_more);
      add_row (self->found_group, self->found_rows, row_new (title, _ ("Choose one of them with “From File…”.")));
    }
  if (!self->found_rows->len)
    add_row (self->found_group, self->found_rows,
             row_new (_ ("No models yet"), _ ("Download one below, or add a file that you have.")));
}

static void show_catalogue (RiposteModelManager *self);

static void
on_found (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RiposteModelManager) self = user_data;
  g_autoptr (GPtrArray) found = riposte_found_scan_finish (result, NULL);

  if (!found || !self->generator)
    return;
  clear_rows (self->found_group, self->found_rows); /* they point into the old list */
  g_clear_pointer (&self->found, g_ptr_array_unref);
  self->found = g_steal_pointer (&found);
  gtk_spinner_stop (self->spinner);
  show_found (self);
  show_catalogue (self);
}

static void
look (RiposteModelManager *self)
{
  g_cancellable_cancel (self->cancellable);
  g_set_object (&self->cancellable, g_cancellable_new ());
  g_object_unref (self->cancellable);
  riposte_found_scan_async (self->folder, self->cancellable, on_found, g_object_ref (self));
  gtk_spinner_start (self->spinner);
}

/* ---- to download ---- */

static RiposteNeeds
needs_of (const RiposteCatalogueModel *model)
{
  return (RiposteNeeds){
    .file_bytes = model->size,
    .active_bytes = model->size / MAX (1, model->parameters / 1000) * (model->active_parameters / 1000),
    .context_bytes = model->context_bytes,
    .n_context = model->n_context,
    .has_experts = model->active_parameters < model->parameters,
  };
}

static char *
describe_model (RiposteModelManager *self, const RiposteCatalogueModel *model)
{
  RiposteNeeds needs = needs_of (model);
  g_autofree char *size = g_format_size (model->size);
  g_autofree char *fit = describe_fit (self, &needs);
  /* Translators: publisher, licence, size of the file, tokens that the model can remember */
  g_autofree char *facts = g_strdup_printf (_ ("%s · licence %s · %s · context of %'u tokens"), model->publisher,
                                            model->licence, size, model->n_context);

  return g_strjoin ("\n", _ (model->about), facts, fit,
                    model->sha256 ? NULL : _ ("No checksum was published: only the size will be verified"), NULL);
}

static void
on_download (GtkButton *button, RiposteModelManager *self)
{
  const RiposteCatalogueModel *model = g_object_get_data (G_OBJECT (button), "model");

  riposte_downloads_add (self->downloads, model->url, model->file, model->name, model->size, model->sha256);
}

static gboolean
is_there (RiposteModelManager *self, const char *file)
{
  g_autofree char *path = g_build_filename (self->folder, file, NULL);

  for (guint i = 0; self->found && i < self->found->len; i++)
    if (g_str_equal (((RiposteFoundModel *)self->found->pdata[i])->path, path))
      return TRUE;
  return riposte_downloads_find (self->downloads, file) != NULL;
}

static void
show_catalogue (RiposteModelManager *self)
{
  clear_rows (self->catalogue_group, self->catalogue_rows);
  for (guint i = 0; i < self->catalogue->len; i++)
    {
      const RiposteCatalogueModel *model = self->catalogue->pdata[i];
      g_autofree char *subtitle = NULL;
      GtkWidget *row, *button;

      if (is_there (self, model->file))
        continue;
      subtitle = describe_model (self, model);
      row = row_new (model->name, subtitle);
      button = button_new ("folder-download-symbolic", _ ("Download"), model->name);
      g_object_set_data (G_OBJECT (button), "model", (gpointer)model);
      gtk_widget_set_sensitive (button, riposte_network_is_allowed ());
      g_signal_connect_object (button, "clicked", G_CALLBACK (on_download), self, 0);
      adw_action_row_add_suffix (ADW_ACTION_ROW (row), button);
      add_row (self->catalogue_group, self->catalogue_rows, row);
    }
  gtk_widget_set_visible (GTK_WIDGET (self->catalogue_group), self->catalogue_rows->len > 0);
}

static void
on_network (RiposteModelManager *self)
{
  gtk_widget_set_visible (GTK_WIDGET (self->offline_group), !riposte_network_is_allowed ());
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "manager.add-address", riposte_network_is_allowed ());
  show_catalogue (self);
}

/* ---- downloads ---- */

static void
on_downloads_changed (RiposteModelManager *self, guint position, guint removed, guint added)
{
  for (guint i = 0; i < removed; i++)
    {
      adw_preferences_group_remove (self->downloads_group, self->download_rows->pdata[position]);
      g_ptr_array_remove_index (self->download_rows, position);
    }
  for (guint i = 0; i < added; i++) /* they only come at the end */
    {
      g_autoptr (RiposteDownload) download = g_list_model_get_item (G_LIST_MODEL (self->downloads), position + i);
      add_row (self->downloads_group, self->download_rows, riposte_download_row_new (download));
    }
  gtk_widget_set_visible (GTK_WIDGET (self->downloads_group), self->download_rows->len > 0);
  show_catalogue (self);
}

static void
on_finished (RiposteModelManager *self, RiposteDownload *download)
{
  /* Translators: the name of a model */
  g_autofree char *text = g_strdup_printf (_ ("“%s” is ready"), riposte_download_get_name (download));
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  adw_toast_overlay_add_toast (self->toasts, adw_toast_new (escaped));
  look (self);
}

/* ---- actions ---- */

static void
on_address (const char *url, const char *file, gpointer user_data)
{
  RiposteModelManager *self = user_data;

  if (self->downloads)
    riposte_downloads_add (self->downloads, url, file, file, 0, NULL);
}

static void
on_add_address (GtkWidget *widget, const char *name, GVariant *parameter)
{
  riposte_ask_address (GTK_WINDOW (widget), on_address, widget);
}

static void
on_add_file (GtkWidget *widget, const char *name, GVariant *parameter)
{
  g_signal_emit (widget, signals[CHOOSE_FILE], 0);
  gtk_window_close (GTK_WINDOW (widget));
}

/* It says more than this window shows, so rows are made anew only where what they show has changed. */
static void
on_generator_changed (RiposteModelManager *self)
{
  const RiposteCapacity *capacity = riposte_local_generator_get_capacity (self->generator);
  const RiposteCapacity *processor = riposte_local_generator_get_processor (self->generator);
  gboolean ready = riposte_generator_get_state (RIPOSTE_GENERATOR (self->generator)) == RIPOSTE_GENERATOR_READY;
  const char *in_use = ready ? riposte_local_generator_get_path (self->generator) : NULL;

  if (capacity == self->capacity && processor == self->processor && g_strcmp0 (in_use, self->in_use) == 0)
    return;
  self->capacity = capacity;
  self->processor = processor;
  g_free (self->in_use);
  self->in_use = g_strdup (in_use);
  riposte_local_generator_measure (self->generator); /* of a device that is new */
  show_found (self);
  show_catalogue (self);
}

/* ---- object ---- */

static void
riposte_model_manager_init (RiposteModelManager *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->found_rows = g_ptr_array_new ();
  self->catalogue_rows = g_ptr_array_new ();
  self->download_rows = g_ptr_array_new ();
  self->catalogue = riposte_catalogue_load ();
}

static void
riposte_model_manager_dispose (GObject *object)
{
  RiposteModelManager *self = RIPOSTE_MODEL_MANAGER (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->generator);
  g_clear_object (&self->downloads);
  G_OBJECT_CLASS (riposte_model_manager_parent_class)->dispose (object);
}

static void
riposte_model_manager_finalize (GObject *object)
{
  RiposteModelManager *self = RIPOSTE_MODEL_MANAGER (object);

  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->found, g_ptr_array_unref);
  g_ptr_array_unref (self->catalogue);
  g_ptr_array_unref (self->found_rows);
  g_ptr_array_unref (self->catalogue_rows);
  g_ptr_array_unref (self->download_rows);
  g_free (self->folder);
  g_free (self->in_use);
  G_OBJECT_CLASS (riposte_model_manager_parent_class)->finalize (object);
}

static void
riposte_model_manager_class_init (RiposteModelManagerClass *klass)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = riposte_model_manager_dispose;
  G_OBJECT_CLASS (klass)->finalize = riposte_model_manager_finalize;
  signals[CHOSEN] = g_signal_new ("chosen", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[CHOOSE_FILE]
    = g_signal_new ("choose-file", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_template_from_resource (widget, "/dev/riposte/Riposte/models/model-manager.ui");
  gtk_widget_class_bind_template_child (widget, RiposteModelManager, toasts);
  gtk_widget_class_bind_template_child (widget, RiposteModelManager, offline_group);
  gtk_widget_class_bind_template_child (widget, RiposteModelManager, downloads_group);
  gtk_widget_class_bind_template_child (widget, RiposteModelManager, found_group);
  gtk_widget_class_bind_template_child (widget, RiposteModelManager, catalogue_group);
  gtk_widget_class_bind_template_child (widget, RiposteModelManager, spinner);
  gtk_widget_class_install_action (widget, "manager.add-address", NULL, on_add_address);
  gtk_widget_class_install_action (widget, "manager.add-file", NULL, on_add_file);
}

GtkWindow *
riposte_model_manager_new (GtkWindow *parent,
                           RiposteLocalGenerator *generator,
                           RiposteDownloads *downloads,
                           const char *folder)
{
  RiposteModelManager *self = g_object_new (RIPOSTE_TYPE_MODEL_MANAGER, "transient-for", parent, NULL);

  self->generator = g_object_ref (generator);
  self->downloads = g_object_ref (downloads);
  self->folder = g_strdup (folder);
  g_signal_connect_object (generator, "changed", G_CALLBACK (on_generator_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (downloads, "items-changed", G_CALLBACK (on_downloads_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (downloads, "finished", G_CALLBACK (on_finished), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (riposte_network_get_default (), "notify::allowed", G_CALLBACK (on_network), self,
                           G_CONNECT_SWAPPED);
  riposte_local_generator_measure (generator);
  on_generator_changed (self);
  on_downloads_changed (self, 0, 0, g_list_model_get_n_items (G_LIST_MODEL (downloads)));
  on_network (self);
  look (self);
  return GTK_WINDOW (self);
}
