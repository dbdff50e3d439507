#include "presets/layer-editor.h"

#include "pass-wheel.h"

#include <glib/gi18n.h>

struct _RiposteLayerEditor
{
  GtkBox parent;

  GtkTextView *instructions;
  GtkSwitch *on[RIPOSTE_N_SAMPLING];
  GtkSpinButton *number[RIPOSTE_N_SAMPLING];
  GtkSwitch *has_model; /* nullable */
  AdwActionRow *model_row;
  char *model; /* that the switch sets */
  gboolean setting;
};

G_DEFINE_FINAL_TYPE (RiposteLayerEditor, riposte_layer_editor, GTK_TYPE_BOX)

static guint changed_signal;

static void
changed (RiposteLayerEditor *self)
{
  if (!self->setting)
    g_signal_emit (self, changed_signal, 0);
}

/* ---- rows ---- */

static void
set_name (gpointer widget, const char *name)
{
  gtk_accessible_update_property (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

static GtkWidget *
make_switch (RiposteLayerEditor *self, const char *name)
{
  GtkWidget *widget = gtk_switch_new ();

  gtk_widget_set_valign (widget, GTK_ALIGN_CENTER);
  set_name (widget, name);
  g_signal_connect_swapped (widget, "notify::active", G_CALLBACK (changed), self);
  return widget;
}

static GtkWidget *
make_row (const char *title, const char *subtitle)
{
  GtkWidget *row = adw_action_row_new ();

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), subtitle);
  return row;
}

/* The number is below its switch: beside it, large text would have no room in a narrow window. */
static void
add_number (RiposteLayerEditor *self, AdwPreferencesGroup *group, guint i)
{
  const RiposteSamplingField *field = &riposte_sampling_fields[i];
  /* Translators: names the switch of a number, such as "Temperature" */
  g_autofree char *name = g_strdup_printf (_ ("Set %s"), _ (field->title));
  GtkWidget *expander = adw_expander_row_new (), *row = make_row (_ ("Value"), NULL);
  GtkWidget *number = gtk_spin_button_new_with_range (field->least, field->most, field->step);

  self->number[i] = GTK_SPIN_BUTTON (number);
  self->on[i] = GTK_SWITCH (make_switch (self, name));
  gtk_spin_button_set_digits (self->number[i], field->digits);
  gtk_spin_button_set_value (self->number[i], field->start);
  gtk_widget_set_valign (number, GTK_ALIGN_CENTER);
  set_name (number, _ (field->title));
  g_signal_connect_swapped (number, "value-changed", G_CALLBACK (changed), self);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), number);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (expander), _ (field->title));
  adw_expander_row_set_subtitle (ADW_EXPANDER_ROW (expander), _ (field->subtitle));
  adw_expander_row_add_action (ADW_EXPANDER_ROW (expander), GTK_WIDGET (self->on[i]));
  adw_expander_row_add_row (ADW_EXPANDER_ROW (expander), row);
  g_object_bind_property (self->on[i], "active", expander, "enable-expansion", G_BINDING_SYNC_CREATE);
  g_object_bind_property (self->on[i], "active", expander, "expanded", G_BINDING_SYNC_CREATE);
  adw_preferences_group_add (group, expander);
}

static void
add_instructions (RiposteLayerEditor *self)
{
  GtkWidget *group = adw_preferences_group_new (), *scroller = gtk_scrolled_window_new (), *view = gtk_text_view_new ();

  self->instructions = GTK_TEXT_VIEW (view);
  gtk_text_view_set_wrap_mode (self->instructions, GTK_WRAP_WORD_CHAR);
  gtk_text_view_set_accepts_tab (self->instructions, FALSE);
  g_object_set (view, "left-margin", 9, "right-margin", 9, "top-margin", 9, "bottom-margin", 9, NULL);
  set_name (view, _ ("System Prompt"));
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), view);
  gtk_scrolled_window_set_min_content_height (GTK_SCROLLED_WINDOW (scroller), 96);
  riposte_pass_wheel (GTK_SCROLLED_WINDOW (scroller));
  gtk_widget_add_css_class (scroller, "card");
  gtk_widget_set_overflow (scroller, GTK_OVERFLOW_HIDDEN);
  adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (group), _ ("System Prompt"));
  adw_preferences_group_set_description (ADW_PREFERENCES_GROUP (group),
                                         _ ("What the model is told before the first question"));
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), scroller);
  g_signal_connect_swapped (gtk_text_view_get_buffer (self->instructions), "changed", G_CALLBACK (changed), self);
  gtk_box_append (GTK_BOX (self), group);
}

static void
add_model (RiposteLayerEditor *self)
{
  GtkWidget *group = adw_preferences_group_new ();

  self->model_row = ADW_ACTION_ROW (make_row (_ ("Answer with This Model"), NULL));
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (self->model_row), FALSE);
  self->has_model = GTK_SWITCH (make_switch (self, _ ("Answer with This Model")));
  adw_action_row_add_suffix (self->model_row, GTK_WIDGET (self->has_model));
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), GTK_WIDGET (self->model_row));
  gtk_box_append (GTK_BOX (self), group);
}

/* ---- the layer ---- */

static void
show_model (RiposteLayerEditor *self)
{
  g_autofree char *base = g_path_get_basename (self->model ? self->model : "");
  g_autofree char *name = g_filename_display_name (base);

  adw_action_row_set_subtitle (self->model_row, self->model ? name : "");
  gtk_widget_set_sensitive (GTK_WIDGET (self->model_row), self->model != NULL);
}

void
riposte_layer_editor_set_layer (RiposteLayerEditor *self, const RiposteLayer *layer)
{
  self->setting = TRUE;
  gtk_text_buffer_set_text (gtk_text_view_get_buffer (self->instructions),
                            layer->instructions ? layer->instructions : "", -1);
  for (guint i = 0; i < RIPOSTE_N_SAMPLING; i++)
    {
      gtk_switch_set_active (self->on[i], layer->has[i]);
      gtk_spin_button_set_value (self->number[i], layer->has[i] ? layer->value[i] : riposte_sampling_fields[i].start);
    }
  if (self->has_model)
    {
      if (layer->model)
        {
          g_free (self->model);
          self->model = g_strdup (layer->model);
        }
      gtk_switch_set_active (self->has_model, layer->model != NULL);
      show_model (self);
    }
  self->setting = FALSE;
}

RiposteLayer *
riposte_layer_editor_dup_layer (RiposteLayerEditor *self)
{
  RiposteLayer *layer = riposte_layer_new ();
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (self->instructions);
  g_autofree char *text = NULL;
  GtkTextIter start, end;

  gtk_text_buffer_get_bounds (buffer, &start, &end);
  text = gtk_text_buffer_get_text (buffer, &start, &end, FALSE);
  if (*text)
    layer->instructions = g_steal_pointer (&text);
  for (guint i = 0; i < RIPOSTE_N_SAMPLING; i++)
    {
      layer->has[i] = gtk_switch_get_active (self->on[i]);
      layer->value[i] = gtk_spin_button_get_value (self->number[i]);
    }
  if (self->has_model && gtk_switch_get_active (self->has_model))
    layer->model = g_strdup (self->model);
  return layer;
}

/* ---- object ---- */

static void
riposte_layer_editor_init (RiposteLayerEditor *self)
{
  GtkWidget *group = adw_preferences_group_new ();

  gtk_orientable_set_orientation (GTK_ORIENTABLE (self), GTK_ORIENTATION_VERTICAL);
  gtk_box_set_spacing (GTK_BOX (self), 18);
  add_instructions (self);
  adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (group), _ ("Sampling"));
  for (guint i = 0; i < RIPOSTE_N_SAMPLING; i++)
    add_number (self, ADW_PREFERENCES_GROUP (group), i);
  gtk_box_append (GTK_BOX (self), group);
}

static void
riposte_layer_editor_finalize (GObject *object)
{
  g_free (RIPOSTE_LAYER_EDITOR (object)->model);
  G_OBJECT_CLASS (riposte_layer_editor_parent_class)->finalize (object);
}

static void
riposte_layer_editor_class_init (RiposteLayerEditorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = riposte_layer_editor_finalize;
  changed_signal
    = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

RiposteLayerEditor *
riposte_layer_editor_new (const char *model)
{
  RiposteLayerEditor *self = g_object_new (RIPOSTE_TYPE_LAYER_EDITOR, NULL);

  self->model = g_strdup (model);
  if (model)
    {
      add_model (self);
      show_model (self);
    }
  return self;
}
