#include "presets/preset-dialog.h"

#include "presets/layer-editor.h"

#include <glib/gi18n.h>

struct _RipostePresetDialog
{
  AdwWindow parent;

  RipostePresets *presets;
  RiposteConversation *conversation; /* NULL: the presets themselves are edited */

  GtkStringList *names;
  AdwComboRow *preset;
  GtkEditable *name;     /* of presets: nullable */
  GtkSwitch *is_default; /* of presets: nullable */
  GtkWidget *remove;     /* of presets: nullable */
  RiposteLayerEditor *editor;
  gboolean updating;
};

G_DEFINE_FINAL_TYPE (RipostePresetDialog, riposte_preset_dialog, ADW_TYPE_WINDOW)

static guint
get_index (RipostePresetDialog *self)
{
  return MIN (adw_combo_row_get_selected (self->preset), riposte_presets_get_n (self->presets) - 1);
}

/* ---- showing ---- */

static void
show_names (RipostePresetDialog *self, guint selected)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->names));
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) names = NULL;

  for (guint i = 0; i < riposte_presets_get_n (self->presets); i++)
    g_strv_builder_add (builder, riposte_presets_get (self->presets, i)->name);
  names = g_strv_builder_end (builder);
  self->updating = TRUE;
  gtk_string_list_splice (self->names, 0, n, (const char *const *)names);
  adw_combo_row_set_selected (self->preset, selected);
  self->updating = FALSE;
}

static void
show_preset (RipostePresetDialog *self)
{
  const RipostePreset *preset = riposte_presets_get (self->presets, get_index (self));

  if (self->conversation)
    return;
  self->updating = TRUE;
  gtk_editable_set_text (self->name, preset->name);
  gtk_switch_set_active (self->is_default, get_index (self) == riposte_presets_get_default (self->presets));
  gtk_widget_set_sensitive (GTK_WIDGET (self->is_default), !gtk_switch_get_active (self->is_default));
  gtk_widget_set_sensitive (self->remove, riposte_presets_get_n (self->presets) > 1);
  riposte_layer_editor_set_layer (self->editor, preset->layer);
  self->updating = FALSE;
}

/* ---- changing ---- */

static void
keep_chat (RipostePresetDialog *self)
{
  g_autoptr (RiposteLayer) layer = riposte_layer_editor_dup_layer (self->editor);
  guint index = get_index (self);
  const char *preset
    = index == riposte_presets_get_default (self->presets) ? NULL : riposte_presets_get (self->presets, index)->id;
  g_autofree char *settings = riposte_chat_settings_write (layer, preset);

  riposte_conversation_set_settings (self->conversation, settings);
}

static void
on_selected (RipostePresetDialog *self)
{
  if (self->updating)
    return;
  if (self->conversation)
    keep_chat (self);
  else
    show_preset (self);
}

static void
on_layer_changed (RipostePresetDialog *self)
{
  g_autoptr (RiposteLayer) layer = NULL;

  if (self->updating)
    return;
  if (self->conversation)
    {
      keep_chat (self);
      return;
    }
  layer = riposte_layer_editor_dup_layer (self->editor);
  riposte_presets_change (self->presets, get_index (self), NULL, layer);
}

static void
on_name_changed (RipostePresetDialog *self)
{
  const char *name = gtk_editable_get_text (self->name);
  guint index = get_index (self);

  if (self->updating || !*name)
    return;
  riposte_presets_change (self->presets, index, name, NULL);
  show_names (self, index);
}

static void
on_default (RipostePresetDialog *self)
{
  if (self->updating || !gtk_switch_get_active (self->is_default))
    return;
  riposte_presets_set_default (self->presets, get_index (self));
  show_preset (self);
}

static void
on_add (RipostePresetDialog *self)
{
  g_autoptr (RiposteLayer) layer = riposte_layer_editor_dup_layer (self->editor);
  guint index = riposte_presets_add (self->presets, _ ("New Preset"), layer);

  show_names (self, index);
  show_preset (self);
  gtk_widget_grab_focus (GTK_WIDGET (self->name));
}

static void
on_remove (RipostePresetDialog *self)
{
  riposte_presets_remove (self->presets, get_index (self));
  show_names (self, riposte_presets_get_default (self->presets));
  show_preset (self);
}

/* ---- parts ---- */

static GtkWidget *
make_button (RipostePresetDialog *self, const char *icon, const char *name, GCallback callback)
{
  GtkWidget *button = gtk_button_new_from_icon_name (icon);

  gtk_widget_set_tooltip_text (button, name);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  g_signal_connect_swapped (button, "clicked", callback, self);
  return button;
}

static void
add_preset_rows (RipostePresetDialog *self, AdwPreferencesGroup *group)
{
  GtkWidget *name = adw_entry_row_new (), *row = adw_action_row_new ();

  self->name = GTK_EDITABLE (name);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (name), _ ("Name"));
  g_signal_connect_swapped (name, "changed", G_CALLBACK (on_name_changed), self);
  adw_preferences_group_add (group, name);
  self->is_default = GTK_SWITCH (gtk_switch_new ());
  gtk_widget_set_valign (GTK_WIDGET (self->is_default), GTK_ALIGN_CENTER);
  g_signal_connect_swapped (self->is_default, "notify::active", G_CALLBACK (on_default), self);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _ ("Use It Where a Chat Chooses None"));
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), GTK_WIDGET (self->is_default));
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), GTK_WIDGET (self->is_default));
  adw_preferences_group_add (group, row);
}

static GtkWidget *
make_header (RipostePresetDialog *self)
{
  GtkWidget *header = adw_header_bar_new ();

  if (self->conversation)
    return header;
  self->remove = make_button (self, "user-trash-symbolic", _ ("Delete Preset"), G_CALLBACK (on_remove));
  adw_header_bar_pack_start (ADW_HEADER_BAR (header),
                             make_button (self, "list-add-symbolic", _ ("New Preset"), G_CALLBACK (on_add)));
  adw_header_bar_pack_start (ADW_HEADER_BAR (header), self->remove);
  return header;
}

static void
build (RipostePresetDialog *self, const char *model)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0), *content = gtk_box_new (GTK_ORIENTATION_VERTICAL, 18);
  GtkWidget *scroller = gtk_scrolled_window_new (), *clamp = adw_clamp_new (), *group = adw_preferences_group_new ();

  self->names = gtk_string_list_new (NULL);
  self->preset = ADW_COMBO_ROW (adw_combo_row_new ());
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->preset), _ ("Preset"));
  adw_combo_row_set_model (self->preset, G_LIST_MODEL (self->names));
  g_signal_connect_swapped (self->preset, "notify::selected", G_CALLBACK (on_selected), self);
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), GTK_WIDGET (self->preset));
  if (!self->conversation)
    add_preset_rows (self, ADW_PREFERENCES_GROUP (group));
  self->editor = riposte_layer_editor_new (model);
  g_signal_connect_swapped (self->editor, "changed", G_CALLBACK (on_layer_changed), self);
  gtk_box_append (GTK_BOX (content), group);
  gtk_box_append (GTK_BOX (content), GTK_WIDGET (self->editor));
  g_object_set (content, "margin-start", 12, "margin-end", 12, "margin-top", 18, "margin-bottom", 18, NULL);
  adw_clamp_set_child (ADW_CLAMP (clamp), content);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), clamp);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_widget_set_vexpand (scroller, TRUE);
  gtk_box_append (GTK_BOX (box), make_header (self));
  gtk_box_append (GTK_BOX (box), scroller);
  adw_window_set_content (ADW_WINDOW (self), box);
}

/* ---- object ---- */

static void
riposte_preset_dialog_init (RipostePresetDialog *self)
{
  gtk_window_set_modal (GTK_WINDOW (self), TRUE);
  gtk_window_set_default_size (GTK_WINDOW (self), 480, 640);
  gtk_widget_set_size_request (GTK_WIDGET (self), 360, 240);
}

static void
riposte_preset_dialog_dispose (GObject *object)
{
  RipostePresetDialog *self = RIPOSTE_PRESET_DIALOG (object);

  self->updating = TRUE;
  g_clear_object (&self->conversation);
  g_clear_object (&self->presets);
  G_OBJECT_CLASS (riposte_preset_dialog_parent_class)->dispose (object);
}

static void
riposte_preset_dialog_class_init (RipostePresetDialogClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = riposte_preset_dialog_dispose;
  gtk_widget_class_add_binding_action (GTK_WIDGET_CLASS (klass), GDK_KEY_Escape, 0, "window.close", NULL);
}

static RipostePresetDialog *
dialog_new (GtkWindow *parent, RipostePresets *presets, RiposteConversation *conversation, const char *title)
{
  RipostePresetDialog *self = g_object_new (RIPOSTE_TYPE_PRESET_DIALOG, "transient-for", parent, "title", title, NULL);

  self->presets = g_object_ref (presets);
  g_set_object (&self->conversation, conversation);
  return self;
}

RipostePresetDialog *
riposte_preset_dialog_new (GtkWindow *parent, RipostePresets *presets, const char *model)
{
  RipostePresetDialog *self = dialog_new (parent, presets, NULL, _ ("Presets"));

  build (self, model);
  show_names (self, riposte_presets_get_default (presets));
  show_preset (self);
  return self;
}

RipostePresetDialog *
riposte_preset_dialog_new_for_chat (GtkWindow *parent, RipostePresets *presets, RiposteConversation *conversation)
{
  RipostePresetDialog *self = dialog_new (parent, presets, conversation, _ ("Settings of This Chat"));
  g_autofree char *preset = NULL;
  g_autoptr (RiposteLayer) layer
    = riposte_chat_settings_read (riposte_conversation_get_settings (conversation), &preset);

  build (self, NULL);
  show_names (self, riposte_presets_find (presets, preset));
  self->updating = TRUE;
  riposte_layer_editor_set_layer (self->editor, layer);
  self->updating = FALSE;
  return self;
}
